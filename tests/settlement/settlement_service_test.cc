// The settlement service on a real book: which days it settles, what it computes, who agrees.
#include "settlement/settlement_service.h"

#include <atomic>
#include <thread>

#include "tests/settlement/service_world.h"
#include "tests/support/round_trip.h"

namespace suanpan::settlement {

using World = ServiceWorld;

TEST_CASE("settlement_service: two merchants are settled on the Saturday that is worked") {
  World w;
  w.friday();
  w.go_to("2026-02-14");
  w.sold(order("P8", "M1", 700, 0));  // paid today, due after the festival
  const ComputeSummary summary = w.compute("2026-02-14");
  REQUIRE(summary.made.size() == 2);
  CHECK(summary.not_made.empty());
  CHECK(summary.not_reconciled == 1);
  CHECK(summary.not_arrived == 1);
  CHECK(summary.not_due == 1);
  const BatchView& m1 = summary.made[0];
  CHECK(m1.number == "20260214-M1-01");
  CHECK(m1.batch.lines ==
        std::vector<BatchLine>{{"P1", 35'000, 1'050}, {"P2", 20'000, 200}, {"P5", 6'000, 180}});
  CHECK(m1.totals.gross_minor == 61'000);
  CHECK(m1.totals.fee_minor == 1'430);
  CHECK(m1.totals.net_minor == 59'570);
  CHECK(m1.payout_id.empty());
  CHECK(summary.made[1].number == "20260214-M2-01");
  CHECK(summary.made[1].totals.net_minor == 8'800);
  // Left to M1: P3 97.00, P4 58.20, P8 7.00.
  CHECK(w.available_of(pending("M1")) == 16'220);
  CHECK(w.posted_of(pending("M1")) == 75'790);

  const BatchView paid = w.approved(m1.number);
  CHECK(w.sent == std::vector<std::string>{paid.payout_id});
  CHECK(paid.payout_id == payout_no(m1.batch));
  CHECK(w.posted_of(pending("M1")) == 16'220);
  CHECK(w.posted_of(payable("M1")) == 0);
  CHECK(w.posted_of("2103") == 59'570);
  w.run(payout_is(paid.payout_id, PayoutFact::Kind::kSucceeded));
  CHECK(w.service->follow() == 1);
  CHECK(w.service->follow() == 0);
  CHECK(w.state(m1.number) == BatchState::kConfirmed);
  CHECK(w.posted_of("2103") == 0);
  CHECK(w.posted_of(kOurBank) == -59'570);
  CHECK(w.posted_of(kFund) == 80'000);

  w.run(mark("P3", true, true));
  w.go_to("2026-02-24");
  const ComputeSummary next = w.compute("2026-02-24");
  REQUIRE(next.made.size() == 1);
  CHECK(next.made[0].batch.lines == std::vector<BatchLine>{{"P3", 10'000, 300}, {"P8", 700, 0}});
  CHECK(w.service->list(std::nullopt).size() == 3);
  CHECK(w.service->list(day("2026-02-14")).size() == 2);
  CHECK(w.service->list(day("2026-02-25")).empty());
  w.check_books();
}

TEST_CASE("settlement_service: a day that cannot be settled is refused as a whole") {
  World w;
  w.friday();
  const std::uint64_t before = w.book->statistics().last_seq;
  struct Row {
    const char* date;
    const char* by;
    Errc code;
    const char* says;
  };
  const Row rows[] = {{"2027-01-04", "maker", Errc::kNotFound, "2027"},
                      {"2023-12-29", "maker", Errc::kNotFound, "2023"},
                      {"2026-02-15", "maker", Errc::kMismatch, "2026-02-15"},
                      {"2026-03-01", "maker", Errc::kMismatch, "2026-03-01"},
                      {"2026-02-14", "", Errc::kMalformed, "person"}};
  for (const Row& row : rows) {
    INFO(row.date);
    const auto summary = w.service->compute(day(row.date), row.by);
    REQUIRE_FALSE(summary);
    CHECK(summary.error().code == row.code);
    CHECK(summary.error().message.find(row.says) != std::string::npos);
  }
  CHECK(w.book->statistics().last_seq == before);
}

TEST_CASE("settlement_service: a day run twice pays once") {
  World w;
  w.friday();
  CHECK(w.compute("2026-02-14").made.size() == 2);
  CHECK(w.compute("2026-02-14").made.empty());
  const std::uint64_t seq = w.book->statistics().last_seq;
  w.compute("2026-02-14");
  CHECK(w.book->statistics().last_seq == seq);
  w.approved("20260214-M1-01");
  const auto twice = w.service->approve("20260214-M1-01", "checker");
  REQUIRE_FALSE(twice);
  CHECK(twice.error().code == RefusalCode::kBatchStateWrong);
  CHECK(w.sent.size() == 1);
  CHECK(w.posted_of("2103") == 59'570);
  // An order that is reconciled later the same day goes into a second run.
  w.run(mark("P3", true, true));
  const ComputeSummary later = w.compute("2026-02-14");
  REQUIRE(later.made.size() == 1);
  CHECK(later.made[0].number == "20260214-M1-02");
  CHECK(later.made[0].totals.net_minor == 9'700);
  w.check_books();
}

TEST_CASE("settlement_service: threads that settle one day at once pay once") {
  World w;
  w.friday();
  std::atomic<std::size_t> made{0}, approvals{0};
  std::vector<std::thread> threads;
  std::atomic<int> sends{0};
  SettlementService service(
      *w.book, w.vault, [&](const std::string&) { ++sends; }, w.clock);
  const auto all = [&](auto&& work) {
    for (int i = 0; i < 4; ++i) threads.emplace_back(work, i);
    for (std::thread& thread : threads) thread.join();
    threads.clear();
  };
  all([&](int i) {
    const auto summary = service.compute(day("2026-02-14"), i % 2 ? "maker" : "other");
    if (summary) made += summary.value().made.size();
  });
  CHECK(made == 2);
  CHECK(w.available_of(pending("M1")) == 15'520);  // 750.90 − 595.70
  REQUIRE(service.review("20260214-M1-01", "maker"));
  all([&](int i) {
    if (service.approve("20260214-M1-01", fmt::format("checker{}", i))) ++approvals;
  });
  CHECK(approvals == 1);
  CHECK(sends == 1);
  CHECK(w.posted_of("2103") == 59'570);
  w.check_books();
}

/// Computes, reviews, approves and pays what there is; the bank sends every third payout back.
/// Returns how many batches it made, and adds what the bank has paid.
std::size_t settle_round(World& w, int& payouts, std::int64_t& paid) {
  const auto summary = w.service->compute(day("2026-02-14"), "maker");
  if (!summary) return 0;
  for (const BatchView& made : summary.value().made) {
    if (!w.service->review(made.number, "maker")) continue;
    const auto approved = w.service->approve(made.number, "checker");
    if (!approved) continue;
    const bool fails = ++payouts % 3 == 0;
    const Answer told = w.book->run(
        payout_is(approved.value().payout_id,
                  fails ? PayoutFact::Kind::kFailed : PayoutFact::Kind::kSucceeded, "AC01"));
    if (told.accepted() && !fails) paid += made.totals.net_minor;
  }
  w.service->follow();
  return summary.value().made.size();
}

TEST_CASE(
    "settlement_service: refunds that come while batches are made and paid cost nobody a fen") {
  World w;
  constexpr int kOrders = 60;
  constexpr std::size_t kUnderWay = 3;  // orders whose refunds wait for their end
  // A thread each: an order is sold, refunds of it are asked for, those of an earlier one end.
  std::vector<std::vector<Command>> work(2);
  std::vector<std::vector<std::vector<Command>>> ends(2);
  for (int i = 0; i < kOrders; ++i) {
    auto& mine = work[i % 2];
    const Order o = order(fmt::format("P{:02}", i), "M1", 10'000, 300);
    for (Command& command : sell(o)) mine.push_back(std::move(command));
    mine.push_back(mark(o.order_id, true, true));
    // Every third order goes back whole in three parts, others by a quarter, which fails at first.
    const bool whole = i % 3 == 0;
    const std::vector<std::int64_t> parts = whole ? std::vector<std::int64_t>{3'333, 3'333, 3'334}
                                                  : std::vector<std::int64_t>{2'500, 2'500};
    auto& mine_end = ends[i % 2].emplace_back();
    for (std::size_t part = 0; part < parts.size(); ++part) {
      const std::string id = fmt::format("R{:02}-{}", i, part);
      mine.push_back(ask_refund(o, id, parts[part]));
      mine_end.push_back(end_refund(o, id, whole || part == 1));
    }
    if (ends[i % 2].size() > kUnderWay)
      for (Command& command : ends[i % 2][ends[i % 2].size() - 1 - kUnderWay])
        mine.push_back(std::move(command));
  }
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t k = ends[i].size() - kUnderWay; k < ends[i].size(); ++k)
      for (Command& command : ends[i][k]) work[i].push_back(std::move(command));
  std::atomic<int> at_work{2}, refunds{0};
  std::vector<std::thread> threads;
  for (auto& mine : work)
    threads.emplace_back([&w, &mine, &at_work, &refunds] {
      // A refund of money that is held or gone is refused, and so is what would follow from it.
      for (Command& step : mine) {
        const bool asks = step.kind == CommandKind::kRefund;
        if (w.book->run(std::move(step)).accepted() && asks) ++refunds;
      }
      --at_work;
    });
  int payouts = 0;
  std::int64_t paid = 0;
  while (at_work > 0) settle_round(w, payouts, paid);
  for (std::thread& thread : threads) thread.join();
  for (int i = 0; i < 20; ++i) settle_round(w, payouts, paid);

  INFO(refunds << " refunds, " << payouts << " payouts");
  CHECK(refunds > 0);
  CHECK(payouts > 2);  // so that one came back
  std::int64_t settled = 0, due = 0;
  for (int i = 0; i < kOrders; ++i) {
    const Order o = w.order_of(fmt::format("P{:02}", i));
    INFO(o.order_id << " refunded " << o.refunded << " in " << o.batch);
    CHECK(o.refunding == 0);
    CHECK(o.fee_returning == 0);
    CHECK(o.fee_returned == 300 * o.refunded / 10'000);
    CHECK(o.lines[0].taken == o.refunded);
    CHECK(o.settled_gross == 10'000 - o.refunded);
    CHECK(o.settled_fee == 300 - o.fee_returned);
    settled += o.settled_gross - o.settled_fee;
    due += 10'000 - o.refunded - (300 - o.fee_returned);
  }
  // What batches have taken is what the bank has paid, and all that was due.
  CHECK(settled == paid);
  CHECK(due == paid);
  CHECK(w.posted_of("2103") == 0);
  CHECK(w.posted_of(payable("M1")) == 0);
  CHECK(w.posted_of(pending("M1")) == 0);
  CHECK(w.available_of(pending("M1")) == 0);
  test::require_round_trip(*w.book);
  w.check_books();
}

TEST_CASE("settlement_service: an approval needs a second person") {
  World w;
  w.friday();
  w.compute("2026-02-14");
  const std::string number = "20260214-M2-01";
  const auto code = [](const Planned<BatchView>& view) {
    return view ? RefusalCode::kNone : view.error().code;
  };
  CHECK(code(w.service->approve("20260214-M9-01", "checker")) == RefusalCode::kDocumentNotFound);
  CHECK(code(w.service->review("20260214-M9-01", "checker")) == RefusalCode::kDocumentNotFound);
  CHECK(code(w.service->approve(number, "checker")) == RefusalCode::kBatchStateWrong);
  CHECK(code(w.service->review(number, "reviewer")) == RefusalCode::kNone);
  CHECK(code(w.service->approve(number, "maker")) == RefusalCode::kSamePerson);
  CHECK(code(w.service->approve(number, "reviewer")) == RefusalCode::kSamePerson);
  CHECK(w.sent.empty());
  CHECK(code(w.service->approve(number, "checker")) == RefusalCode::kNone);
  CHECK(w.sent.size() == 1);
}

TEST_CASE("settlement_service: what was refused once may be possible later") {
  World w;
  w.friday();
  SetTermsRequest terms;
  terms.key = {id_of("freeze"), kSystemCaller};
  terms.code = payable("M2");
  terms.terms.limit = LimitKind::kNotBelowZero;
  terms.terms.frozen_in = true;
  w.run(set_terms(terms));
  const ComputeSummary frozen = w.compute("2026-02-14");
  REQUIRE(frozen.not_made.size() == 1);
  CHECK(frozen.not_made[0].merchant_no == "M2");
  CHECK(frozen.not_made[0].refusal.code == RefusalCode::kCreditAccountFrozen);
  CHECK(frozen.made.size() == 1);
  terms.key = {id_of("thaw"), kSystemCaller};
  terms.terms.frozen_in = false;
  w.run(set_terms(terms));
  CHECK(w.compute("2026-02-14").made.size() == 1);
}

TEST_CASE("settlement_service: a payee that cannot be read is refused before money moves") {
  World w;
  w.friday();
  w.compute("2026-02-14");
  REQUIRE(w.service->review("20260214-M2-01", "maker"));
  for (const std::string& sealed : {std::string("v1:garbage"), sealed_payee(w.vault, "M1")}) {
    w.run(channels::add_merchant(merchant("M2", sealed)).back());
    const auto refused = w.service->approve("20260214-M2-01", "checker");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == RefusalCode::kValueInvalid);
    CHECK(refused.error().detail == "payee");
  }
  CHECK(w.posted_of("2103") == 0);
  CHECK(w.sent.empty());
}

TEST_CASE("settlement_service: a withdrawn batch is computed again") {
  World w;
  w.friday();
  w.compute("2026-02-14");
  const auto view = w.service->withdraw("20260214-M1-01", "maker", "金额有疑问");
  REQUIRE(view);
  CHECK(state_of(view.value().batch) == BatchState::kWithdrawn);
  CHECK(w.available_of(pending("M1")) == 75'090);
  CHECK(w.order_of("P1").batch.empty());
  const ComputeSummary again = w.compute("2026-02-14");
  REQUIRE(again.made.size() == 1);
  CHECK(again.made[0].number == "20260214-M1-02");
  CHECK(again.made[0].totals.net_minor == 59'570);
  w.check_books();
}

TEST_CASE("settlement_service: a merchant of more orders than a batch takes gets two batches") {
  World w;
  constexpr int kOrders = static_cast<int>(kMaxBatchLines) + 2;
  for (int from = 0; from < kOrders; from += 1000) {
    const int to = std::min(kOrders, from + 1000);
    w.run(command(CommandKind::kReconcile, [=](const View& view, const Moment&) {
      ChangeSet changes;
      changes.date = view.book().accounting_date;
      const AccountId owed = view.account(pending("M1"))->id;
      for (int i = from; i < to; ++i) {
        changes.transfers.push_back(
            {view.account("1122/wxpay/1900000109")->id, owed, 100, TransferKind::kPosted});
        changes.transfers.push_back({owed,
                                     view.account(std::string(channels::chart::kFeeIncome))->id, 1,
                                     TransferKind::kPosted});
        Order o = order(fmt::format("P{:05}", i), "M1", 100, 1);
        o.state = OrderState::kPaid;
        o.paid_on = changes.date;
        o.reconciled = "R1";
        o.arrived = "S1";
        changes.documents.push_back(
            Document{DocumentKind::kOrder, o.order_id, 1, is_open(o), encode(o)});
      }
      return Planned<ChangeSet>(changes);
    }));
  }
  const ComputeSummary summary = w.compute("2026-02-14");
  REQUIRE(summary.made.size() == 2);
  CHECK(summary.made[0].batch.lines.size() == kMaxBatchLines);
  CHECK(summary.made[0].totals.net_minor == 792'000);
  CHECK(summary.made[1].number == "20260214-M1-02");
  CHECK(summary.made[1].totals.net_minor == 198);
  CHECK(w.available_of(pending("M1")) == 0);
  REQUIRE(w.service->withdraw("20260214-M1-01", "maker", "重算"));
  CHECK(w.available_of(pending("M1")) == 792'000);
  w.check_books();
}

TEST_CASE("settlement_service: fees by the schedule of the day, and what a refund does to them") {
  World w;
  CHECK(w.service->fee_for("M1", "WX_NATIVE", Money{10'000}).value() ==
        FeeTerms{Money{0}, FeeReturn::kProportional});
  FeeSchedule schedule = flat_schedule("M1", Rate::parse("0.03").value(), day("2026-01-01"));
  int n = 0;
  const auto put = [&](const FeeSchedule& given) {
    return w.book->run(put_schedule({id_of("fees" + std::to_string(++n)), kSystemCaller}, given))
        .refusal.code;
  };
  REQUIRE(put(schedule) == RefusalCode::kNone);
  REQUIRE(put(schedule) == RefusalCode::kNone);
  CHECK(w.service->schedule("M1") == schedule);
  CHECK_FALSE(w.service->schedule("M2"));
  CHECK(w.service->fee_for("M1", "WX_NATIVE", Money{35'000}).value() ==
        FeeTerms{Money{1'050}, FeeReturn::kProportional});
  FeeSchedule broken = schedule;
  broken.entries.push_back(broken.entries.front());
  CHECK(put(broken) == RefusalCode::kValueInvalid);
  FeeSchedule stranger = flat_schedule("M9", Rate::parse("0.03").value(), day("2026-01-01"));
  CHECK(put(stranger) == RefusalCode::kMerchantNotFound);
  // A rule that begins later is no rule yet.
  FeeSchedule later = flat_schedule("M2", Rate::parse("0.03").value(), day("2026-03-01"));
  REQUIRE(put(later) == RefusalCode::kNone);
  const auto none = w.service->fee_for("M2", "WX_NATIVE", Money{100});
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Errc::kNotFound);
  w.open();
  CHECK(w.service->schedule("M1") == schedule);

  // A rule that keeps the fee.
  FeeSchedule keeps = flat_schedule("M4", Rate::parse("0.03").value(), day("2026-01-01"));
  keeps.entries.front().rule.on_refund = FeeReturn::kKept;
  w.run(channels::add_merchant(merchant("M4", "")).back());
  REQUIRE(put(keeps) == RefusalCode::kNone);
  CHECK(w.service->fee_for("M4", "WX_NATIVE", Money{10'000}).value() ==
        FeeTerms{Money{300}, FeeReturn::kKept});
}

}  // namespace suanpan::settlement
