// What binds a signature to its endpoint: fields that belong elsewhere, and the memory of what was
// accepted where.
#include "api/jeepay/signed_bodies.h"

#include <catch2/catch.hpp>

using namespace suanpan;
using namespace suanpan::api::jeepay;
using Verdict = SignedBodies::Verdict;

namespace {

const Timestamp kStart = Timestamp::from_ms(1'700'000'000'000);
constexpr std::int64_t kWindow_ms = 600'000;

Timestamp after(std::int64_t ms) { return Timestamp::from_ms(1'700'000'000'000 + ms); }

FieldBag with(std::initializer_list<std::string_view> names) {
  FieldBag bag;
  for (const char* common : {"mchNo", "appId", "version", "signType", "reqTime", "sign"})
    bag.set_text(common, "x");
  for (const std::string_view name : names) bag.set_text(name, "1");
  return bag;
}

}  // namespace

TEST_CASE("jeepay bodies: a field of another endpoint is foreign, one that nobody knows is not") {
  const FieldBag order = with({"mchOrderNo", "amount", "currency", "wayCode", "subject", "body"});
  const FieldBag refund = with({"payOrderId", "mchRefundNo", "refundAmount", "refundReason"});
  const FieldBag transfer = with({"mchOrderNo", "ifCode", "entryType", "amount", "accountNo"});
  struct Row {
    const char* what;
    Endpoint at;
    const FieldBag& body;
    std::string foreign;
  };
  const Row rows[] = {
      {"an order where it belongs", Endpoint::kUnifiedOrder, order, ""},
      {"an order sent to close", Endpoint::kPayClose, order, "amount"},
      {"an order sent to query", Endpoint::kPayQuery, order, "amount"},
      {"an order sent as a transfer", Endpoint::kTransferOrder, order, "wayCode"},
      {"an order sent as a refund", Endpoint::kRefundOrder, order, "amount"},
      {"an order sent to the transfer query", Endpoint::kTransferQuery, order, "amount"},
      {"a refund where it belongs", Endpoint::kRefundOrder, refund, ""},
      {"a refund sent to close", Endpoint::kPayClose, refund, "mchRefundNo"},
      {"a refund sent as an order", Endpoint::kUnifiedOrder, refund, "payOrderId"},
      {"a refund sent to its query", Endpoint::kRefundQuery, refund, "payOrderId"},
      {"a transfer where it belongs", Endpoint::kTransferOrder, transfer, ""},
      {"a transfer sent as an order", Endpoint::kUnifiedOrder, transfer, "ifCode"},
      {"a transfer sent to close", Endpoint::kPayClose, transfer, "ifCode"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(std::string(foreign_field(row.at, row.body).value_or("")) == row.foreign);
  }
  CHECK_FALSE(foreign_field(Endpoint::kPayClose, with({"mchOrderNo", "traceId", "nonce"})));
  FieldBag blank = with({"mchOrderNo"});
  REQUIRE(blank.add({"amount", "", FieldKind::kString}));
  REQUIRE(blank.add({"wayCode", "null", FieldKind::kNull}));
  CHECK_FALSE(foreign_field(Endpoint::kPayClose, blank));
}

TEST_CASE("jeepay bodies: only what names an order and nothing else fits elsewhere") {
  CHECK_FALSE(fits_elsewhere(Endpoint::kUnifiedOrder, with({"mchOrderNo", "wayCode", "amount"})));
  CHECK_FALSE(fits_elsewhere(Endpoint::kRefundOrder, with({"payOrderId", "refundAmount"})));
  CHECK_FALSE(fits_elsewhere(Endpoint::kTransferOrder, with({"mchOrderNo", "ifCode"})));
  CHECK(fits_elsewhere(Endpoint::kPayQuery, with({"mchOrderNo"})));
  CHECK(fits_elsewhere(Endpoint::kPayQuery, with({"payOrderId"})));
  CHECK(fits_elsewhere(Endpoint::kPayClose, with({"payOrderId"})));
  CHECK(fits_elsewhere(Endpoint::kTransferQuery, with({"mchOrderNo"})));
  CHECK_FALSE(fits_elsewhere(Endpoint::kTransferQuery, with({"transferId"})));
}

TEST_CASE("jeepay bodies: accepted here is a retry here and refused elsewhere") {
  SignedBodies bodies(kStart);
  const auto accept = [&](Endpoint at, const char* app, const char* sign, std::int64_t req_ms,
                          std::int64_t now_ms) {
    return bodies.accept(at, app, sign, after(req_ms), kWindow_ms, after(now_ms));
  };
  CHECK(accept(Endpoint::kPayQuery, "A", "AB12", 1000, 1000) == Verdict::kFresh);
  CHECK(accept(Endpoint::kPayQuery, "A", "AB12", 1000, 2000) == Verdict::kAgain);
  CHECK(accept(Endpoint::kPayClose, "A", "AB12", 1000, 3000) == Verdict::kElsewhere);
  CHECK(accept(Endpoint::kPayClose, "A", "ab12", 1000, 3000) == Verdict::kElsewhere);
  CHECK(accept(Endpoint::kTransferQuery, "A", "AB12", 1000, 3000) == Verdict::kElsewhere);
  // A refusal makes it nobody else's.
  CHECK(accept(Endpoint::kPayQuery, "A", "AB12", 1000, 4000) == Verdict::kAgain);
  CHECK(accept(Endpoint::kPayClose, "B", "AB12", 1000, 4000) == Verdict::kFresh);
  CHECK(accept(Endpoint::kPayClose, "A", "CD34", 1000, 4000) == Verdict::kFresh);
  // To the end of the window and not beyond: there reqTime itself is refused.
  CHECK(accept(Endpoint::kPayClose, "A", "AB12", 1000, 601'000) == Verdict::kElsewhere);
  CHECK(bodies.size() == 3);
  CHECK(accept(Endpoint::kPayQuery, "A", "EF", 600'000, 700'000) == Verdict::kFresh);
  CHECK(bodies.size() == 1);
}

TEST_CASE("jeepay bodies: a close signed before the process started is not believed, a query is") {
  SignedBodies bodies(kStart);
  const auto accept = [&](Endpoint at, std::int64_t req_ms) {
    return bodies.accept(at, "A", std::to_string(req_ms), after(req_ms), kWindow_ms, after(5));
  };
  CHECK(accept(Endpoint::kPayClose, -1) == Verdict::kTooOld);
  CHECK(accept(Endpoint::kPayClose, 0) == Verdict::kFresh);
  CHECK(accept(Endpoint::kPayQuery, -1) == Verdict::kFresh);
}

TEST_CASE("jeepay bodies: memory is bounded, and the oldest minute goes first") {
  SignedBodies bodies(kStart, 3);
  const auto accept = [&](const char* sign, std::int64_t req_ms) {
    return bodies.accept(Endpoint::kPayQuery, "A", sign, after(req_ms), kWindow_ms, after(300'000));
  };
  CHECK(accept("1", 0) == Verdict::kFresh);
  CHECK(accept("2", 1) == Verdict::kFresh);
  CHECK(accept("3", 120'000) == Verdict::kFresh);
  CHECK(bodies.size() == 3);
  CHECK(accept("4", 240'000) == Verdict::kFresh);
  CHECK(bodies.size() == 2);
  CHECK(accept("3", 120'000) == Verdict::kAgain);
  CHECK(accept("1", 0) == Verdict::kFresh);  // forgotten
}
