// Refunds: every state with every fact, the postings by hand, and the fee to the fen.
#include "ledger/core/plan_order.h"

#include <catch2/catch.hpp>
#include <random>

#include "tests/ledger/core/order_world.h"

using namespace suanpan;

namespace {

using Kind = OrderFact::Kind;
using World = test::OrderWorld;
using test::kAccounts;
using test::kOk;
using test::order_of;

}  // namespace

TEST_CASE("refund: every fact in every state") {
  using K = RefundFact::Kind;
  const K facts[] = {K::kSubmitted, K::kUnknown, K::kProcessing, K::kSucceeded, K::kFailed};
  const char* open[] = {"processing", "processing", "processing", "succeeded", "failed"};
  for (const RefundState from : {RefundState::kCreated, RefundState::kProcessing,
                                 RefundState::kSucceeded, RefundState::kFailed}) {
    for (std::size_t i = 0; i < 5; ++i) {
      CAPTURE(name_of(from), i);
      World w;
      REQUIRE(w.place(order_of("P1", 100, {{"全部", "2101/M1", 100}})) == kOk);
      REQUIRE(w.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
      REQUIRE(w.refund("R1", "P1", 40) == kOk);
      if (from == RefundState::kProcessing) REQUIRE(w.tell(K::kSubmitted, "R1") == kOk);
      if (from == RefundState::kSucceeded) REQUIRE(w.tell(K::kSucceeded, "R1") == kOk);
      if (from == RefundState::kFailed) REQUIRE(w.tell(K::kFailed, "R1") == kOk);
      const std::string answer = w.tell(facts[i], "R1");
      if (from == RefundState::kSucceeded || from == RefundState::kFailed) {
        CHECK(answer == "order_state_final");
        continue;
      }
      CHECK(answer == kOk);
      const Refund after = *find_refund(w.state(), "R1");
      CHECK(name_of(after.state) == open[i]);
      CHECK(after.unknown == (i < 2));
      const Order order = w.order("P1");
      CHECK(order.refunding == (i < 3 ? 40 : 0));
      CHECK(order.refunded == (i == 3 ? 40 : 0));
      CHECK(order.lines[0].taken == (i == 4 ? 0 : 40));
    }
  }
  World w;
  CHECK(w.tell(K::kSucceeded, "R9") == "order_not_found");
}

TEST_CASE("refund: refused before any money leaves") {
  World w;
  REQUIRE(w.place(order_of("P1", 100, {{"全部", "2101/M1", 100}}, 6)) == kOk);
  CHECK(w.refund("R1", "P1", 10) == "order_state_wrong");
  REQUIRE(w.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
  CHECK(w.refund("R1", "P1", 0) == "amount_not_positive");
  CHECK(w.refund("R1", "P9", 10) == "order_not_found");
  CHECK(w.refund("R1", "P1", 101) == "refund_exceeds_paid");
  CHECK(w.refund("R1", "P1", 60) == kOk);
  CHECK(w.refund("R1", "P1", 1) == "order_exists");
  // Those under way count, also in the fee.
  CHECK(w.refund("R2", "P1", 41) == "refund_exceeds_paid");
  CHECK(w.refund("R2", "P1", 40) == kOk);
  CHECK(w.refund("R3", "P1", 1) == "refund_exceeds_paid");
  REQUIRE(w.tell(RefundFact::Kind::kFailed, "R2") == kOk);
  CHECK(w.refund("R4", "P1", 40) == kOk);
  REQUIRE(w.tell(RefundFact::Kind::kSucceeded, "R1") == kOk);
  REQUIRE(w.tell(RefundFact::Kind::kSucceeded, "R4") == kOk);
  CHECK(w.order("P1").state == OrderState::kRefunded);
  CHECK(w.refund("R5", "P1", 1) == "order_state_wrong");
  // Of the fee of 6: 3 with R1, 3 with R2 and back again, 3 with R4.
  w.run(R"(
    balance material   debits=149 credits=149
    balance fee        debits=9 credits=9
    balance transit    debits=140 credits=140
    balance receivable debits=100 credits=100
  )");
  // The merchant has 94 left after a fee that is kept.
  World poor;
  Order kept = order_of("P1", 100, {{"全部", "2101/M1", 100}}, 6);
  kept.fee_kept = true;
  REQUIRE(poor.place(kept) == kOk);
  REQUIRE(poor.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
  CHECK(poor.refund("R1", "P1", 95) == "below_limit");
  CHECK(poor.refund("R1", "P1", 94) == kOk);
}

TEST_CASE("refund: the parts of the fee add up to what the whole refund returns, to the fen") {
  enum class Ends { kWell, kFailing, kFailingAfterNext };
  struct Step {
    std::int64_t amount, fee_return;
    Ends ends = Ends::kWell;
  };
  struct Row {
    const char* what;
    std::int64_t amount, fee;
    bool kept;
    std::vector<Step> steps;
  };
  const Row rows[] = {
      // ⌊2.31⌋, ⌊4.62⌋ − 2, 7 − 4
      {"three parts", 100, 7, false, {{33, 2}, {33, 2}, {34, 3}}},
      // ⌊0.66⌋, ⌊1.33⌋ − 0, 2 − 1
      {"parts below a fen", 3, 2, false, {{1, 0}, {1, 1}, {1, 1}}},
      {"one part", 100, 7, false, {{100, 7}}},
      {"parts that never reach a fen", 10'000, 1, false, {{5'000, 0}, {4'999, 0}, {1, 1}}},
      {"the whole amount is fee", 5, 5, false, {{2, 2}, {3, 3}}},
      {"a fee that is kept", 100, 7, true, {{33, 0}, {67, 0}}},
      {"no fee", 100, 0, false, {{33, 0}, {67, 0}}},
      // After the first has failed, the second is ahead by one: ⌊1.8⌋ − 2 is nothing, 3 − 2.
      {"one that fails",
       100,
       3,
       false,
       {{50, 1, Ends::kFailingAfterNext}, {50, 2}, {10, 0}, {40, 1}}},
      {"one that fails last", 100, 7, false, {{33, 2}, {34, 2}, {33, 3, Ends::kFailing}, {33, 3}}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    for (const bool direct : {false, true}) {
      World w;
      std::vector<OrderLine> lines;
      if (!direct) lines.push_back({"全部", "2101/M1", row.amount});
      Order order = order_of("P1", row.amount, lines, row.fee);
      order.fee_kept = row.kept;
      REQUIRE(w.place(order) == kOk);
      REQUIRE(w.tell(Kind::kPaid, "P1", row.amount, "C1") == kOk);
      // A fee that is kept must come from somewhere else.
      if (row.kept && !direct) w.run("voucher 1 receivable>material:7 ok");
      std::string failing;
      std::int64_t returned = 0;
      for (std::size_t i = 0; i < row.steps.size(); ++i) {
        const Step& step = row.steps[i];
        const std::string id = "R" + std::to_string(i);
        REQUIRE(w.refund(id, "P1", step.amount) == kOk);
        CHECK(w.refund_of(id).fee_return == step.fee_return);
        if (!failing.empty()) REQUIRE(w.tell(RefundFact::Kind::kFailed, failing) == kOk);
        failing = step.ends == Ends::kFailingAfterNext ? id : "";
        if (step.ends == Ends::kFailing) REQUIRE(w.tell(RefundFact::Kind::kFailed, id) == kOk);
        if (step.ends != Ends::kWell) continue;
        returned += step.fee_return;
        REQUIRE(w.tell(RefundFact::Kind::kSucceeded, id) == kOk);
      }
      CHECK(w.order("P1").state == OrderState::kRefunded);
      CHECK(w.order("P1").fee_returned == (row.kept ? 0 : row.fee));
      CHECK(w.order("P1").fee_returned == returned);
      CHECK(w.order("P1").fee_returning == 0);
      const AccountId fee = w.state().account("6001")->id;
      CHECK(w.state().balance(fee).posted(Side::kCredit) == (row.kept ? row.fee : 0));
    }
  }
}

TEST_CASE("refund: a failed one gives every line and the fee back") {
  World w;
  REQUIRE(w.place(order_of("P1", 100, {{"材料", "2101/M1", 70}, {"人工", "2101/M2", 30}}, 10)) ==
          kOk);
  REQUIRE(w.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
  REQUIRE(w.refund("R1", "P1", 50) == kOk);
  w.run(R"(
    balance material debits=45 credits=75
    balance labour   debits=15 credits=30
    balance fee      debits=5 credits=10
    balance transit  credits=50
  )");
  REQUIRE(w.tell(RefundFact::Kind::kFailed, "R1") == kOk);
  w.run(R"(
    balance material debits=50 credits=110
    balance labour   debits=15 credits=45
    balance fee      debits=5 credits=15
    balance transit  debits=50 credits=50
  )");
  const Order order = w.order("P1");
  CHECK(order.refunding == 0);
  CHECK(order.fee_returning == 0);
  CHECK(order.fee_returned == 0);
}

TEST_CASE("refund: partial refunds give each line back exactly what it got, in any steps") {
  // Weights 6, 6, 2 are those for which shares by largest remainder shrink as the total grows.
  {
    World w;
    REQUIRE(w.place(order_of("P1", 14,
                             {{"一", "2101/M1", 6}, {"二", "2101/M2", 6}, {"三", "2101/M3", 2}})) ==
            kOk);
    REQUIRE(w.tell(Kind::kPaid, "P1", 14, "C1") == kOk);
    CHECK(w.refund("R1", "P1", 10) == kOk);
    CHECK(w.refund("R2", "P1", 1) == kOk);
    CHECK(w.refund("R3", "P1", 3) == kOk);
    w.run(R"(
      balance material debits=6 credits=6
      balance labour   debits=6 credits=6
      balance third    debits=2 credits=2
    )");
  }
  std::mt19937_64 random(20260304);
  for (int round = 0; round < 300; ++round) {
    CAPTURE(round);
    World w;
    const char* accounts[] = {"2101/M1", "2101/M2", "2101/M3"};
    std::vector<OrderLine> lines;
    std::int64_t total = 0;
    for (int i = 0; i < 3; ++i) {
      const auto amount = static_cast<std::int64_t>(1 + random() % 20);
      // Two lines of one name share an account now and then.
      lines.push_back({"行", accounts[round % 3 == 0 ? 0 : i], amount});
      total += amount;
    }
    REQUIRE(w.place(order_of("P1", total, lines)) == kOk);
    REQUIRE(w.tell(Kind::kPaid, "P1", total, "C1") == kOk);
    std::int64_t left = total;
    for (int step = 0; left > 0; ++step) {
      const auto amount = static_cast<std::int64_t>(1 + random() % static_cast<unsigned>(left));
      const std::string id = "R" + std::to_string(step);
      REQUIRE(w.refund(id, "P1", amount) == kOk);
      std::int64_t sum = 0;
      const Refund refund = *find_refund(w.state(), id);
      for (const OrderLine& line : refund.lines) sum += line.amount;
      CHECK(sum == amount);
      const Order order = w.order("P1");
      for (const OrderLine& line : order.lines) CHECK(line.taken <= line.amount);
      if (random() % 3 == 0) {
        REQUIRE(w.tell(RefundFact::Kind::kFailed, id) == kOk);
      } else {
        REQUIRE(w.tell(RefundFact::Kind::kSucceeded, id) == kOk);
        left -= amount;
      }
    }
    CHECK(w.order("P1").state == OrderState::kRefunded);
    for (const char* code : accounts) {
      const AccountId id = w.state().account(code)->id;
      CHECK(w.state().balance(id).posted(Side::kCredit) == 0);
    }
  }
}

TEST_CASE("refund: another merchant's order, a number that is taken, another currency") {
  World w;
  Order paid = order_of("P1", 100, {{"全部", "2101/M1", 100}});
  REQUIRE(w.place(paid) == kOk);
  REQUIRE(w.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
  REQUIRE(w.refund("R1", "P1", 10) == kOk);
  const auto asked = [&](auto change) {
    Refund request;
    request.refund_id = "R2";
    request.order_id = "P1";
    request.mch_no = "M1";
    request.mch_refund_no = "UR-R2";
    request.amount = Money{5, Currency::kCNY};
    change(request);
    const auto planned = plan_refund(w.state(), request, kAccounts, w.moment());
    return std::string(planned ? "ok" : name_of(planned.error().code));
  };
  CHECK(asked([](Refund&) {}) == "ok");
  CHECK(asked([](Refund& r) { r.mch_no = "M2"; }) == "order_not_found");
  CHECK(asked([](Refund& r) { r.refund_id = "R1"; }) == "order_exists");
  CHECK(asked([](Refund& r) { r.amount.currency = Currency::kUSD; }) == "currency_mismatch");
}

TEST_CASE("refund: of an order that is settled already the merchant owes it") {
  World w;
  Order settled = order_of("P1", 100, {{"全部", "2101/M1", 100}});
  REQUIRE(w.place(settled) == kOk);
  REQUIRE(w.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
  Order marked = w.order("P1");
  marked.batch = "20260304-M1-01";
  const std::uint32_t version = w.state().document(DocumentKind::kOrder, "P1")->version;
  w.state().apply_document(std::make_shared<const Document>(
      Document{DocumentKind::kOrder, "P1", version + 1, true, encode(marked)}));
  const auto succeeded = [&](const char* id, std::string channel_no) {
    RefundFact fact;
    fact.kind = RefundFact::Kind::kSucceeded;
    fact.refund_id = id;
    fact.channel_refund_no = std::move(channel_no);
    return w.take(w.next(), CommandKind::kRefundEvent,
                  plan_refund_fact(w.state(), fact, kAccounts, w.moment()));
  };
  REQUIRE(w.refund("R1", "P1", 10) == kOk);
  CHECK_FALSE(w.order("P1").owes);
  REQUIRE(succeeded("R1", "CR1") == kOk);
  CHECK(w.order("P1").owes);
  CHECK(w.refund_of("R1").channel_refund_no == "CR1");
  REQUIRE(w.refund("R2", "P1", 10) == kOk);
  REQUIRE(succeeded("R2", "") == kOk);
  CHECK(w.order("P1").owes);
}
