// The planners of settlement on a plain state, without a book or a thread.
#include "settlement/plan_settlement.h"

#include <set>

#include "ledger/core/plan_voucher.h"
#include "settlement/calendar.h"
#include "tests/settlement/world.h"

namespace suanpan::settlement {
namespace {

struct World {
  State state{BookState{day("2026-03-05"), day("2026-03-04")}};
  Timestamp now = Timestamp::of_cn(day("2026-03-05"), 9, 0, 0);
  std::set<ClaimKey> known;

  World() {
    channels::Merchant direct = merchant("M3", "v1:sealed");
    direct.mode = channels::MerchantMode::kDirect;
    run(platform({merchant("M1", "v1:sealed"), merchant("M2", "v1:sealed"), direct}));
  }
  Moment tick() {
    now = now.plus_seconds(1);
    return Moment{now};
  }
  /// Takes an accepted change set over, after the ledger's own judges agreed.
  Planned<ChangeSet> take(Planned<ChangeSet> planned, CommandKind kind = CommandKind::kSettlement,
                          ClaimKey key = {Id128{1, 1}, kSystemCaller}) {
    if (!planned) return planned;
    const auto violated = violated_invariant(state, key, kind, planned.value());
    INFO(violated.value_or(""));
    REQUIRE_FALSE(violated);
    state.apply(planned.value());
    return planned;
  }
  void run(const std::vector<Command>& commands) {
    for (const Command& c : commands) {
      if (!known.insert(c.key).second) continue;  // a replay
      const auto planned = take(c.plan(state, tick()), c.kind);
      if (!planned) FAIL(name_of(planned.error().code) << " " << planned.error().detail);
    }
  }
  void run(const Command& c) { run(std::vector<Command>{c}); }
  void sold(const Order& o, bool reconciled = true, bool arrived = true) {
    run(sell(o));
    run(mark(o.order_id, reconciled, arrived));
  }
  std::string compute(const std::string& mch, std::vector<std::string> orders,
                      const char* settle_on = "2026-03-06") {
    const auto made = take(plan_compute(state, {mch, day(settle_on), "maker", orders}, tick()));
    if (!made) FAIL(name_of(made.error().code) << " " << made.error().detail);
    return made.value().answer;
  }
  RefusalCode refused(const std::string& mch, std::vector<std::string> orders,
                      const char* settle_on = "2026-03-06") {
    const auto made = plan_compute(state, {mch, day(settle_on), "maker", orders}, tick());
    return made ? RefusalCode::kNone : made.error().code;
  }
  std::string approved(const std::string& number) {
    REQUIRE(take(plan_review(state, number, "maker", tick())));
    const auto planned = take(plan_approve(state, number, "checker", tick()));
    if (!planned) FAIL(name_of(planned.error().code) << " " << planned.error().detail);
    return planned.value().answer;
  }
  RefusalCode follow(const std::string& number) {
    const auto planned = take(plan_follow(state, number, tick()));
    return planned ? RefusalCode::kNone : planned.error().code;
  }
  Order at(const std::string& id) const { return find_order(state, id).value(); }
  bool is_open_document(const std::string& id) const {
    return state.document(DocumentKind::kOrder, id)->open;
  }
  Batch batch(const std::string& number) const { return find_batch(state, number).value(); }
};

}  // namespace

TEST_CASE("plan_settlement: only what was credited to the merchant is due to him") {
  struct Row {
    const char* what;
    std::vector<OrderLine> lines;  // label, account, amount, taken by refunds
    std::int64_t fee, fee_returned;
    Due due;
  };
  const std::string mine = pending("M1");
  const Row rows[] = {
      {"one line", {{"order", mine, 10'000}}, 60, 0, {10'000, 60}},
      {"two lines", {{"材料", mine, 12'000}, {"人工", mine, 23'000}}, 1'050, 0, {35'000, 1'050}},
      {"a supervised line beside his",
       {{"服务费", mine, 20'000}, {"维修资金", kFund, 80'000}},
       200,
       0,
       {20'000, 200}},
      {"the fee was taken from the supervised line",
       {{"维修资金", kFund, 80'000}, {"服务费", mine, 20'000}},
       200,
       0,
       {20'000, 0}},
      {"supervised only", {{"维修资金", kFund, 80'000}}, 0, 0, {0, 0}},
      {"a label that lies counts for nothing", {{"结算", kFund, 80'000}}, 0, 0, {0, 0}},
      {"refunded in part", {{"order", mine, 10'000, 4'000}}, 300, 120, {6'000, 180}},
      {"half refunded, half of it supervised",
       {{"服务费", mine, 20'000, 10'000}, {"维修资金", kFund, 20'000, 10'000}},
       0,
       0,
       {10'000, 0}},
      {"refunded in full, fee kept", {{"order", mine, 10'000, 10'000}}, 300, 0, {0, 300}},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    std::int64_t amount = 0;
    for (const OrderLine& line : row.lines) amount += line.amount;
    Order o = split(order("P1", "M1", amount, row.fee), row.lines);
    o.fee_returned = row.fee_returned;
    CHECK(due_of(o) == row.due);
  }
}

TEST_CASE("plan_settlement: an order waits for the workday after it, its bill and its money") {
  struct Row {
    const char* what;
    const char* paid_on;
    const char* settle_on;
    bool reconciled, arrived;
    std::optional<LeftOut> why;
  };
  const Row rows[] = {
      {"Friday before the Saturday that is worked", "2026-02-13", "2026-02-14", true, true, {}},
      {"that Saturday, before the festival", "2026-02-14", "2026-02-14", true, true,
       LeftOut::kNotDue},
      {"that Saturday, after the festival", "2026-02-14", "2026-02-24", true, true, {}},
      {"Friday before the second worked Saturday", "2026-02-27", "2026-02-28", true, true, {}},
      {"a Saturday on the Monday", "2026-03-07", "2026-03-09", true, true, {}},
      {"paid later than the day", "2026-03-10", "2026-03-09", true, true, LeftOut::kNotDue},
      {"not reconciled", "2026-03-04", "2026-03-05", false, true, LeftOut::kNotReconciled},
      {"not arrived", "2026-03-04", "2026-03-05", true, false, LeftOut::kNotArrived},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    REQUIRE(is_workday(day(row.settle_on)).value());
    Order o = order("P1", "M1", 10'000, 0);
    o.paid_on = day(row.paid_on);
    if (row.reconciled) o.reconciled = "R1";
    if (row.arrived) o.arrived = "S1";
    CHECK(why_waiting(o, day(row.settle_on)) == row.why);
  }
}

TEST_CASE("plan_settlement: what settlement does not look at") {
  struct Row {
    const char* what;
    void (*change)(Order&);
    bool candidate;
  };
  const Row rows[] = {
      {"paid", [](Order&) {}, true},
      {"paying", [](Order& o) { o.state = OrderState::kPaying; }, false},
      {"closed", [](Order& o) { o.state = OrderState::kClosed; }, false},
      {"direct", [](Order& o) { o.direct = true; }, false},
      {"a refund under way", [](Order& o) { o.refunding = 1; }, false},
      {"in a batch", [](Order& o) { o.batch = "20260306-M1-01"; }, false},
      {"in a batch, refunded since",
       [](Order& o) {
         o.batch = "20260306-M1-01";
         o.owes = true;
       },
       true},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Order o = order("P1", "M1", 10'000, 0);
    o.state = OrderState::kPaid;
    row.change(o);
    CHECK(is_candidate(o) == row.candidate);
  }
}

TEST_CASE("plan_settlement: a batch holds the net amount and marks its orders") {
  World w;
  w.sold(split(order("P1", "M1", 35'000, 1'050),
               {{"材料", pending("M1"), 12'000}, {"人工", pending("M1"), 23'000}}));
  w.sold(split(order("P2", "M1", 100'000, 200),
               {{"服务费", pending("M1"), 20'000}, {"维修资金", kFund, 80'000}}));
  w.sold(order("P3", "M1", 10'000, 300), false, true);
  w.sold(order("P4", "M2", 8'800, 0));
  const std::string number = w.compute("M1", {"P1", "P2", "P3", "P4", "P5"});
  CHECK(number == "20260306-M1-01");
  const Batch batch = w.batch(number);
  REQUIRE(batch.lines.size() == 2);
  CHECK(batch.lines[0] == BatchLine{"P1", 35'000, 1'050});
  CHECK(batch.lines[1] == BatchLine{"P2", 20'000, 200});
  CHECK(totals_of(batch).net_minor == 53'750);
  // 350.00 − 10.50 + 200.00 − 2.00 + 100.00 − 3.00 are there, 537.50 are held.
  CHECK(posted(w.state, pending("M1")) == 63'450);
  CHECK(available(w.state, pending("M1")) == 9'700);
  CHECK(posted(w.state, kFund) == 80'000);
  CHECK(w.at("P1").batch == number);
  CHECK(w.at("P2").settled_gross == 20'000);
  CHECK(w.at("P2").settled_fee == 200);
  CHECK_FALSE(w.is_open_document("P1"));
  CHECK(w.at("P3").batch.empty());
  CHECK(w.at("P4").batch.empty());
  CHECK(w.refused("M1", {"P1", "P2", "P3"}) == RefusalCode::kNothingToSettle);
}

TEST_CASE("plan_settlement: computing refuses what it must") {
  World w;
  w.sold(order("P1", "M1", 10'000, 0));
  w.run(next_day("2026-12-31"));
  w.sold(order("P2", "M1", 10'000, 0));
  CHECK(w.refused("M9", {"P1"}) == RefusalCode::kMerchantNotFound);
  CHECK(w.refused("M3", {"P1"}) == RefusalCode::kWayNotAllowed);
  CHECK(w.refused("M1", {"P1"}, "2026-03-08") == RefusalCode::kValueInvalid);
  CHECK(w.refused("M1", {"P2"}, "2026-12-31") == RefusalCode::kNothingToSettle);
  const auto beyond = plan_compute(w.state, {"M1", day("2027-01-04"), "maker", {"P2"}}, w.tick());
  REQUIRE_FALSE(beyond);
  CHECK(beyond.error().code == RefusalCode::kCalendarYearUnknown);
  CHECK(beyond.error().detail.find("2027") != std::string::npos);
  // An order of the year's last day does not hinder those that are due on it.
  CHECK(w.compute("M1", {"P1", "P2"}, "2026-12-31") == "20261231-M1-01");
}

TEST_CASE("plan_settlement: an approval needs a second person, once") {
  World w;
  w.sold(order("P1", "M1", 10'000, 60));
  const std::string number = w.compute("M1", {"P1"});
  const auto code = [&](const Planned<ChangeSet>& planned) {
    return planned ? RefusalCode::kNone : planned.error().code;
  };
  CHECK(code(plan_approve(w.state, "20260306-M9-01", "checker", w.tick())) ==
        RefusalCode::kDocumentNotFound);
  CHECK(code(plan_approve(w.state, number, "checker", w.tick())) == RefusalCode::kBatchStateWrong);
  CHECK(code(plan_review(w.state, number, "", w.tick())) == RefusalCode::kValueInvalid);
  REQUIRE(w.take(plan_review(w.state, number, "reviewer", w.tick())));
  CHECK(code(plan_review(w.state, number, "other", w.tick())) == RefusalCode::kBatchStateWrong);
  CHECK(code(plan_approve(w.state, number, "maker", w.tick())) == RefusalCode::kSamePerson);
  CHECK(code(plan_approve(w.state, number, "reviewer", w.tick())) == RefusalCode::kSamePerson);
  REQUIRE(w.take(plan_approve(w.state, number, "checker", w.tick())));
  CHECK(code(plan_approve(w.state, number, "checker", w.tick())) == RefusalCode::kBatchStateWrong);
  CHECK(code(plan_withdraw(w.state, number, "maker", "late", w.tick())) ==
        RefusalCode::kBatchStateWrong);
  CHECK(posted(w.state, pending("M1")) == 0);
  CHECK(posted(w.state, payable("M1")) == 0);
  CHECK(posted(w.state, "2103") == 9'940);
}

TEST_CASE("plan_settlement: an approval makes the payout that the bank is told") {
  World w;
  w.sold(order("P1", "M1", 10'000, 60));
  const std::string number = w.compute("M1", {"P1"});
  const std::string id = w.approved(number);
  const Payout payout = find_payout(w.state, id).value();
  CHECK(id == payout_no(w.batch(number)));
  CHECK(payout.state == PayoutState::kCreated);
  CHECK(payout.amount == Money{9'940});
  CHECK(payout.source_account == "2102/M1");
  CHECK(payout.transit_account == "2103");
  CHECK(payout.bank_account == kOurBank);
  CHECK(payout.payer_number == "BA01");
  CHECK(payout.payee_sealed == "v1:sealed");
  CHECK(payout.batch == number);
  CHECK(payout.execute_on == day("2026-03-06"));
}

TEST_CASE("plan_settlement: an approval after the settlement day is executed on its own day") {
  World w;
  w.sold(order("P1", "M1", 10'000, 60));
  const std::string number = w.compute("M1", {"P1"});
  w.now = Timestamp::of_cn(day("2026-03-09"), 10, 0, 0);
  CHECK(find_payout(w.state, w.approved(number)).value().execute_on == day("2026-03-09"));
}

TEST_CASE("plan_settlement: a merchant without a payee or a bank account is not paid") {
  for (const char* missing : {"payee", "bank_account"}) {
    INFO(missing);
    World w;
    channels::Merchant m = merchant("M4", "v1:sealed");
    (missing == std::string("payee") ? m.payee_sealed : m.bank_account).clear();
    w.run(channels::add_merchant(m).back());
    for (OpenAccountRequest& a : channels::merchant_accounts("M4", "x", false, "wxpay", ""))
      w.run(open_account(std::move(a)));
    w.sold(order("P1", "M4", 10'000, 60));
    const std::string number = w.compute("M4", {"P1"});
    REQUIRE(w.take(plan_review(w.state, number, "maker", w.tick())));
    const auto planned = plan_approve(w.state, number, "checker", w.tick());
    REQUIRE_FALSE(planned);
    CHECK(planned.error().code == RefusalCode::kValueInvalid);
    CHECK(planned.error().detail == missing);
  }
}

TEST_CASE("plan_settlement: a withdrawn batch gives money and orders free") {
  World w;
  w.sold(order("P1", "M1", 10'000, 60));
  const std::string number = w.compute("M1", {"P1"});
  const auto silent = plan_withdraw(w.state, number, "maker", "", w.tick());
  REQUIRE_FALSE(silent);
  CHECK(silent.error().code == RefusalCode::kValueInvalid);
  REQUIRE(w.take(plan_withdraw(w.state, number, "maker", "算错了", w.tick())));
  CHECK(state_of(w.batch(number)) == BatchState::kWithdrawn);
  CHECK(available(w.state, pending("M1")) == 9'940);
  CHECK(w.at("P1").batch.empty());
  CHECK(w.at("P1").settled_gross == 0);
  CHECK(w.is_open_document("P1"));
  const auto again = plan_withdraw(w.state, number, "maker", "again", w.tick());
  REQUIRE_FALSE(again);
  CHECK(again.error().code == RefusalCode::kBatchStateWrong);
  CHECK(w.compute("M1", {"P1"}) == "20260306-M1-02");
}

TEST_CASE("plan_settlement: a batch follows its payout") {
  struct Row {
    const char* what;
    std::vector<PayoutFact::Kind> bank;
    bool follow_each;
    BatchState ends;
    std::int64_t pending, bank_paid;
    bool free;
  };
  using K = PayoutFact::Kind;
  const Row rows[] = {
      {"not sent yet", {}, true, BatchState::kApproved, 0, 0, false},
      {"sent, no answer", {K::kSubmitted, K::kUnknown}, true, BatchState::kSent, 0, 0, false},
      {"paid", {K::kSubmitted, K::kSucceeded}, true, BatchState::kConfirmed, 0, 9'940, false},
      {"paid, looked at late",
       {K::kSubmitted, K::kSucceeded},
       false,
       BatchState::kConfirmed,
       0,
       9'940,
       false},
      {"refused", {K::kSubmitted, K::kFailed}, true, BatchState::kFailed, 9'940, 0, true},
      {"refused at once", {K::kFailed}, false, BatchState::kFailed, 9'940, 0, true},
      {"returned before anybody looked",
       {K::kSubmitted, K::kSucceeded, K::kReturned},
       false,
       BatchState::kReturned,
       9'940,
       0,
       true},
      {"returned after it was confirmed",
       {K::kSubmitted, K::kSucceeded, K::kReturned},
       true,
       BatchState::kConfirmed,
       9'940,
       0,
       true},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    World w;
    w.sold(order("P1", "M1", 10'000, 60));
    const std::string number = w.compute("M1", {"P1"});
    const std::string payout = w.approved(number);
    for (const K kind : row.bank) {
      w.run(payout_is(payout, kind, "AC01"));
      if (row.follow_each) w.follow(number);
    }
    w.follow(number);
    CHECK(w.follow(number) == RefusalCode::kBatchStateWrong);
    CHECK(state_of(w.batch(number)) == row.ends);
    CHECK(posted(w.state, pending("M1")) == row.pending);
    CHECK(posted(w.state, payable("M1")) == 0);
    CHECK(posted(w.state, kOurBank) == -row.bank_paid);
    CHECK(w.at("P1").batch.empty() == row.free);
    CHECK(w.is_open_document("P1") == row.free);
    // What is free is paid by the next run, and only that.
    if (row.free)
      CHECK(totals_of(w.batch(w.compute("M1", {"P1"}))).net_minor == 9'940);
    else
      CHECK(w.refused("M1", {"P1"}) == RefusalCode::kNothingToSettle);
  }
}

TEST_CASE("plan_settlement: the bank's code is kept, if it can be") {
  struct Row {
    std::string code, note;
  };
  const Row rows[] = {{"AC01", "AC01"}, {"", "付款失败"}, {"bad\nline", "付款失败"}};
  for (const Row& row : rows) {
    World w;
    w.sold(order("P1", "M1", 10'000, 60));
    const std::string number = w.compute("M1", {"P1"});
    w.run(payout_is(w.approved(number), PayoutFact::Kind::kFailed, row.code));
    CHECK(w.follow(number) == RefusalCode::kNone);
    CHECK(w.batch(number).history.back().note == row.note);
  }
}

TEST_CASE("plan_settlement: a refund before the batch is deducted, one under way waits") {
  World w;
  const Order o = order("P1", "M1", 10'000, 300);
  w.sold(o);
  w.run(ask_refund(o, "R1", 4'000));
  CHECK(w.refused("M1", {"P1"}) == RefusalCode::kNothingToSettle);
  w.run(end_refund(o, "R1", true));
  const std::string number = w.compute("M1", {"P1"});
  // 100.00 − 40.00 less 3.00 − 1.20.
  CHECK(w.batch(number).lines == std::vector<BatchLine>{{"P1", 6'000, 180}});
  CHECK(available(w.state, pending("M1")) == 0);
}

TEST_CASE("plan_settlement: a refund of both kinds of line leaves the merchant his to the fen") {
  World w;
  const Order o = split(order("P1", "M1", 30'003, 0),
                        {{"服务费", pending("M1"), 10'001}, {"维修资金", kFund, 20'002}});
  w.sold(o);
  w.run(ask_refund(o, "R1", 5'000));
  w.run(end_refund(o, "R1", true));
  // A third of 50.00 is 16.67, two thirds are 33.33.
  CHECK(w.batch(w.compute("M1", {"P1"})).lines == std::vector<BatchLine>{{"P1", 8'334, 0}});
  CHECK(available(w.state, pending("M1")) == 0);
  CHECK(posted(w.state, kFund) == 16'669);
}

TEST_CASE("plan_settlement: where money is short by a fen, the latest order waits") {
  World w;
  w.sold(order("P1", "M1", 10'000, 0));
  w.sold(order("P2", "M1", 10'000, 0));
  w.run(command(CommandKind::kVoucher, [](const View& view, const Moment& moment) {
    VoucherRequest taken;
    taken.legs.push_back(Leg{view.account(pending("M1"))->id, view.account("2241")->id, 1});
    return plan_voucher(view, taken, moment);
  }));
  CHECK(w.batch(w.compute("M1", {"P2", "P1"})).lines == std::vector<BatchLine>{{"P1", 10'000, 0}});
  CHECK(w.at("P2").batch.empty());
}

TEST_CASE("plan_settlement: a refund after the batch is taken off the next one, and only once") {
  World w;
  const Order p1 = order("P1", "M1", 10'000, 300);
  w.sold(p1);
  const std::string first = w.compute("M1", {"P1"});
  const std::string paid = w.approved(first);
  w.run(payout_is(paid, PayoutFact::Kind::kSucceeded));
  CHECK(w.follow(first) == RefusalCode::kNone);
  w.sold(order("P2", "M1", 10'000, 300));
  w.run(ask_refund(p1, "R1", 4'000));
  // 97.00 of P2 are there, 38.80 of them on the way back to P1's payer: P2 cannot be paid in full.
  CHECK(available(w.state, pending("M1")) == 5'820);
  CHECK(w.refused("M1", {"P1", "P2"}) == RefusalCode::kNothingToSettle);
  w.run(end_refund(p1, "R1", true));
  CHECK(w.at("P1").owes);
  CHECK(w.is_open_document("P1"));
  const std::string second = w.compute("M1", {"P1", "P2"});
  CHECK(w.batch(second).lines == std::vector<BatchLine>{{"P1", -4'000, -120}, {"P2", 10'000, 300}});
  CHECK(totals_of(w.batch(second)).net_minor == 5'820);
  CHECK(w.at("P1").batch == first);
  CHECK_FALSE(w.at("P1").owes);
  CHECK_FALSE(w.is_open_document("P1"));
  CHECK(available(w.state, pending("M1")) == 0);

  SECTION("a second batch that lets go makes it owed again") {
    REQUIRE(w.take(plan_withdraw(w.state, second, "maker", "late", w.tick())));
    CHECK(w.at("P1").owes);
    CHECK(w.at("P1").batch == first);
    CHECK(totals_of(w.batch(w.compute("M1", {"P1", "P2"}))).net_minor == 5'820);
  }
  SECTION("the first payout comes back: the whole sale is due, its refund was paid already") {
    w.run(payout_is(paid, PayoutFact::Kind::kReturned));
    CHECK(w.follow(first) == RefusalCode::kNone);
    CHECK(w.batch(w.compute("M1", {"P1"})).lines == std::vector<BatchLine>{{"P1", 10'000, 300}});
    CHECK(available(w.state, pending("M1")) == 0);
  }
}

TEST_CASE("plan_settlement: a refund that fails after the batch leaves nothing owed") {
  World w;
  const Order p1 = order("P1", "M1", 10'000, 300);
  w.sold(p1);
  w.sold(order("P2", "M1", 10'000, 300), false, false);
  w.approved(w.compute("M1", {"P1"}));
  w.run(ask_refund(p1, "R1", 4'000));
  w.run(end_refund(p1, "R1", false));
  CHECK_FALSE(w.at("P1").owes);
  CHECK_FALSE(w.is_open_document("P1"));
  CHECK(w.refused("M1", {"P1"}) == RefusalCode::kNothingToSettle);
}

TEST_CASE("plan_settlement: a merchant who owes more than he sold waits") {
  World w;
  const Order p1 = order("P1", "M1", 10'000, 0);
  w.sold(p1);
  w.approved(w.compute("M1", {"P1"}));
  w.sold(order("P2", "M1", 10'000, 0), false, false);
  w.sold(order("P3", "M1", 1'000, 0));
  w.run(ask_refund(p1, "R1", 4'000));
  w.run(end_refund(p1, "R1", true));
  CHECK(w.refused("M1", {"P1", "P3"}) == RefusalCode::kNothingToSettle);
  w.run(mark("P2", true, true));
  CHECK(totals_of(w.batch(w.compute("M1", {"P1", "P2", "P3"}))).net_minor == 7'000);
}

TEST_CASE("plan_settlement: a fee kept on a full refund is taken off later sales") {
  World w;
  Order p1 = order("P1", "M1", 10'000, 300);
  p1.fee_kept = true;
  w.sold(p1);
  w.sold(order("P2", "M1", 5'000, 0));
  w.run(ask_refund(p1, "R1", 10'000));
  w.run(end_refund(p1, "R1", true));
  CHECK(w.is_open_document("P1"));
  const std::string number = w.compute("M1", {"P1", "P2"});
  CHECK(w.batch(number).lines == std::vector<BatchLine>{{"P1", 0, 300}, {"P2", 5'000, 0}});
  CHECK(available(w.state, pending("M1")) == 0);
  CHECK_FALSE(w.is_open_document("P1"));
}

TEST_CASE("plan_settlement: an order of supervised funds alone is marked, not paid") {
  World w;
  w.sold(split(order("P1", "M1", 80'000, 0), {{"维修资金", kFund, 80'000}}));
  CHECK(w.is_open_document("P1"));
  CHECK(w.compute("M1", {"P1"}).empty());
  CHECK(w.at("P1").batch == kNoBatch);
  CHECK_FALSE(w.is_open_document("P1"));
  CHECK(posted(w.state, kFund) == 80'000);
}

TEST_CASE("plan_settlement: a frozen account is refused by name") {
  World w;
  w.sold(order("P1", "M1", 10'000, 0));
  SetTermsRequest freeze;
  freeze.code = payable("M1");
  freeze.terms = w.state.account(freeze.code)->terms;
  freeze.terms.frozen_in = true;
  freeze.key = {id_of("freeze"), kSystemCaller};
  const auto frozen =
      w.take(plan_set_terms(w.state, freeze, w.tick()), CommandKind::kSetTerms, freeze.key);
  REQUIRE(frozen);
  CHECK(w.refused("M1", {"P1"}) == RefusalCode::kCreditAccountFrozen);
}

TEST_CASE("plan_settlement: fee rules that have begun stay") {
  World w;  // accounting date 2026-03-05
  const auto put = [&](FeeSchedule schedule) {
    const auto planned = w.take(plan_put_schedule(w.state, schedule, w.tick()));
    return planned ? RefusalCode::kNone : planned.error().code;
  };
  const auto stored = [&] {
    return decode_fee_schedule(w.state.document(DocumentKind::kFeeSchedule, "M1")->bytes).value();
  };
  const auto rule = [](const char* rate, const char* from) {
    return flat_schedule("M1", Rate::parse(rate).value(), day(from)).entries.front();
  };
  const FeeEntry old = rule("0.006", "2026-01-01"), later = rule("0.01", "2026-04-01");
  CHECK(put({"M9", {old}}) == RefusalCode::kMerchantNotFound);
  CHECK(put({"M1", {old, old}}) == RefusalCode::kValueInvalid);
  CHECK(put({"M1", {old}}) == RefusalCode::kNone);
  CHECK(put({"M1", {old}}) == RefusalCode::kNone);
  CHECK(put({"M1", {later}}) == RefusalCode::kNone);
  CHECK(stored().entries.size() == 2);
  CHECK(put({"M1", {rule("0.02", "2026-01-01")}}) == RefusalCode::kValueInvalid);
  CHECK(put({"M1", {rule("0.02", "2026-02-01")}}) == RefusalCode::kValueInvalid);
  // A rule that has not begun may be replaced, or dropped.
  CHECK(put({"M1", {rule("0.02", "2026-04-01")}}) == RefusalCode::kNone);
  CHECK(rule_for(stored(), "WX_NATIVE", day("2026-04-01")).value().rate ==
        Rate::parse("0.02").value());
  CHECK(rule_for(stored(), "WX_NATIVE", day("2026-03-31")).value().rate ==
        Rate::parse("0.006").value());
}

TEST_CASE("plan_settlement: a watch that was given up takes no return any more") {
  World w;
  w.sold(order("P1", "M1", 10'000, 60));
  const std::string number = w.compute("M1", {"P1"});
  CHECK_FALSE(plan_stop_watching(w.state, number));
  const std::string payout = w.approved(number);
  w.run(payout_is(payout, PayoutFact::Kind::kSucceeded));
  CHECK(w.follow(number) == RefusalCode::kNone);
  REQUIRE(w.take(plan_stop_watching(w.state, number)));
  CHECK_FALSE(plan_stop_watching(w.state, number));
  w.run(payout_is(payout, PayoutFact::Kind::kReturned));
  CHECK(w.follow(number) == RefusalCode::kBatchStateWrong);
}

}  // namespace suanpan::settlement
