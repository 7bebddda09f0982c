// Payouts: every state with every fact, and the postings by hand.
#include "ledger/core/plan_order.h"

#include <catch2/catch.hpp>

#include "tests/ledger/core/order_world.h"

using namespace suanpan;

namespace {

using Kind = OrderFact::Kind;
using World = test::OrderWorld;
using test::kOk;
using test::order_of;

}  // namespace

TEST_CASE("payout: every fact in every state, with its postings") {
  using K = PayoutFact::Kind;
  const K facts[] = {K::kSubmitted, K::kUnknown, K::kProcessing,
                     K::kSucceeded, K::kFailed,  K::kReturned};
  const char *final = "order_state_final", *wrong = "order_state_wrong";
  struct Row {
    PayoutState from;
    const char* expected[6];
  };
  const Row rows[] = {
      {PayoutState::kCreated,
       {"processing", "processing", "processing", "succeeded", "failed", wrong}},
      {PayoutState::kProcessing,
       {"processing", "processing", "processing", "succeeded", "failed", wrong}},
      {PayoutState::kSucceeded, {final, final, final, final, final, "returned"}},
      {PayoutState::kFailed, {final, final, final, final, final, final}},
      {PayoutState::kReturned, {final, final, final, final, final, final}},
  };
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < 6; ++i) {
      CAPTURE(name_of(row.from), i);
      World w;
      w.run("voucher 1 bank>payable:100 ok");
      REQUIRE(w.pay_out("T1", 80) == kOk);
      w.run("balance payable debits=80 credits=100\n balance sent credits=80");
      if (row.from == PayoutState::kProcessing) REQUIRE(w.tell(K::kSubmitted, "T1") == kOk);
      if (row.from == PayoutState::kFailed) REQUIRE(w.tell(K::kFailed, "T1") == kOk);
      if (row.from == PayoutState::kSucceeded || row.from == PayoutState::kReturned)
        REQUIRE(w.tell(K::kSucceeded, "T1") == kOk);
      if (row.from == PayoutState::kReturned) REQUIRE(w.tell(K::kReturned, "T1") == kOk);
      const std::string answer = w.tell(facts[i], "T1");
      const Payout after = *find_payout(w.state(), "T1");
      if (answer != kOk) {
        CHECK(answer == row.expected[i]);
        CHECK(after.state == row.from);
      } else {
        CHECK(name_of(after.state) == row.expected[i]);
      }
      switch (after.state) {
        case PayoutState::kCreated:
        case PayoutState::kProcessing:
          w.run("balance payable debits=80 credits=100\n balance sent credits=80");
          w.run("balance bank debits=100");
          break;
        case PayoutState::kSucceeded:
          w.run("balance payable debits=80 credits=100\n balance sent debits=80 credits=80");
          w.run("balance bank debits=100 credits=80");
          break;
        case PayoutState::kFailed:
          w.run("balance payable debits=80 credits=180\n balance sent debits=80 credits=80");
          w.run("balance bank debits=100");
          break;
        case PayoutState::kReturned:
          w.run("balance payable debits=80 credits=180\n balance sent debits=80 credits=80");
          w.run("balance bank debits=180 credits=80");
          CHECK(w.has(DocumentKind::kNotification, "payout_returned/T1"));
          break;
      }
      CHECK(w.has(DocumentKind::kNotification, "payout/T1") ==
            (after.state != PayoutState::kCreated && after.state != PayoutState::kProcessing));
    }
  }
}

TEST_CASE("payout: what is refused") {
  using K = PayoutFact::Kind;
  World w;
  w.run("voucher 1 bank>payable:100 ok");
  CHECK(w.pay_out("T1", 0) == "amount_not_positive");
  CHECK(w.pay_out("T1", 1'000'000'000'000'001) == "amount_too_large");
  CHECK(w.pay_out("T1", 101) == "below_limit");
  CHECK(w.pay_out("T1", 10, "2202/M9") == "debit_account_not_found");
  CHECK(w.pay_out("T1", 10, "2202/M1", "1009") == "account_not_found");
  CHECK(w.pay_out("T1", 10, "2202/M1", "1122/usd") == "currency_mismatch");
  CHECK(w.pay_out("T1", 60) == kOk);
  CHECK(w.pay_out("T1", 10) == "order_exists");
  CHECK(w.pay_out("T2", 41) == "below_limit");
  CHECK(w.pay_out("T2", 40) == kOk);
  CHECK(w.tell(K::kSucceeded, "T9") == "order_not_found");
}

TEST_CASE("payout: a number that is taken is refused, and the channel's own number is kept") {
  World w;
  REQUIRE(w.place(order_of("P1", 100, {{"全部", "2202/M1", 100}})) == kOk);
  REQUIRE(w.tell(Kind::kPaid, "P1", 100, "C1") == kOk);
  REQUIRE(w.pay_out("T1", 10) == kOk);
  Payout again;
  again.payout_id = "T1";
  again.mch_no = "M1";
  again.mch_order_no = "another";
  again.amount = Money{5, Currency::kCNY};
  again.source_account = "2202/M1";
  again.transit_account = "2105";
  again.bank_account = "1002";
  const auto planned = plan_payout(w.state(), again, w.moment());
  REQUIRE_FALSE(planned);
  CHECK(planned.error().code == RefusalCode::kOrderExists);
  PayoutFact fact;
  fact.kind = PayoutFact::Kind::kProcessing;
  fact.payout_id = "T1";
  fact.channel_payout_no = "CP1";
  REQUIRE(w.take(w.next(), CommandKind::kPayoutEvent,
                 plan_payout_fact(w.state(), fact, w.moment())) == kOk);
  CHECK(find_payout(w.state(), "T1")->channel_payout_no == "CP1");
}
