// What binds a signature to its endpoint: fields that belong elsewhere, and the memory of what was
// accepted where.
#include "api/jeepay/signed_bodies.h"

#include <catch2/catch.hpp>

#include "api/jeepay/ahead_marks.h"
#include "tests/support/temp_folder.h"

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
    return bodies.accept(at, {app, sign, after(req_ms), kWindow_ms, {}}, after(now_ms));
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
  CHECK(bodies.size() == 1);  // B's is forgotten too, though B calls no more
}

TEST_CASE("jeepay bodies: a close that an earlier process may have accepted is not believed") {
  SignedBodies bodies(kStart);
  const auto accept = [&](Endpoint at, std::int64_t req_ms, std::int64_t mark_ms) {
    return bodies.accept(
        at, {"A", std::to_string(req_ms), after(req_ms), kWindow_ms, after(mark_ms)}, after(5));
  };
  CHECK(accept(Endpoint::kPayClose, -1, -9999) == Verdict::kTooOld);
  CHECK(accept(Endpoint::kPayClose, 0, -9999) == Verdict::kFresh);
  CHECK(accept(Endpoint::kPayQuery, -1, -9999) == Verdict::kFresh);
  // The app's clock ran ahead before the start, up to the mark.
  CHECK(accept(Endpoint::kPayClose, 30'000, 30'000) == Verdict::kTooOld);
  CHECK(accept(Endpoint::kPayQuery, 30'000, 30'000) == Verdict::kFresh);
  CHECK(accept(Endpoint::kPayClose, 30'001, 30'000) == Verdict::kFresh);
  CHECK(accept(Endpoint::kPayClose, 30'001, 60'000) == Verdict::kAgain);
}

TEST_CASE("jeepay bodies: a full app forgets its own oldest minute, and no other app's") {
  SignedBodies bodies(kStart, 3);
  const auto accept = [&](const char* app, const char* sign, std::int64_t req_ms) {
    return bodies.accept(Endpoint::kPayQuery, {app, sign, after(req_ms), kWindow_ms, {}},
                         after(300'000));
  };
  CHECK(accept("B", "1", 0) == Verdict::kFresh);
  CHECK(accept("A", "1", 0) == Verdict::kFresh);
  CHECK(accept("A", "2", 1) == Verdict::kFresh);
  CHECK(accept("A", "3", 120'000) == Verdict::kFresh);
  CHECK(bodies.size() == 4);
  CHECK(accept("A", "4", 240'000) == Verdict::kFresh);
  CHECK(bodies.size() == 3);
  CHECK(accept("A", "3", 120'000) == Verdict::kAgain);
  CHECK(accept("A", "1", 0) == Verdict::kFresh);  // forgotten
  for (int i = 0; i < 100; ++i) accept("A", std::to_string(100 + i).c_str(), 240'000);
  CHECK(bodies.size() <= 4);
  CHECK(accept("B", "1", 0) == Verdict::kAgain);
}

TEST_CASE("jeepay bodies: what came ahead of its reqTime leaves a mark that outlives the process") {
  suanpan::test::TempFolder folder;
  ManualClock clock{kStart};
  BookOptions options;
  options.folder = folder.path();
  options.create = true;
  options.first_date = kStart.date_cn();
  const auto entries = [](const Book& book) { return book.statistics().last_seq; };
  {
    auto book = Book::open(options, clock);
    REQUIRE(book);
    AheadMarks marks(*book.value());
    const auto before = entries(*book.value());
    // Not ahead: nothing is written.
    REQUIRE(marks.cover("A", after(0), after(0)));
    REQUIRE(marks.cover("A", after(-9000), after(0)));
    CHECK(entries(*book.value()) == before);
    REQUIRE(marks.cover("A", after(1), after(0)));
    CHECK(entries(*book.value()) == before + 1);
    REQUIRE(marks.cover("A", after(5001), after(0)));  // covered: five seconds beyond
    CHECK(entries(*book.value()) == before + 1);
    REQUIRE(marks.cover("A", after(400'000), after(0)));
    CHECK(entries(*book.value()) == before + 2);
    REQUIRE(marks.cover("A", after(200'000), after(0)));
    CHECK(entries(*book.value()) == before + 2);
    CHECK(marks.at_start("A") == Timestamp{});  // this process knows its own
  }
  auto book = Book::open(options, clock);
  REQUIRE(book);
  AheadMarks marks(*book.value());
  CHECK(marks.at_start("A") == after(405'000));
  CHECK(marks.at_start("B") == Timestamp{});
  // A mark is never lowered.
  REQUIRE(marks.cover("A", after(1000), after(0)));
  AheadMarks again(*book.value());
  CHECK(again.at_start("A") == after(405'000));
}
