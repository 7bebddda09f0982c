// The settlement service on a real book, reopened between the steps where that matters.
#include "settlement/settlement_service.h"

#include <atomic>
#include <mutex>
#include <thread>

#include "channels/bank_channel.h"
#include "channels/payee.h"
#include "ledger/base/log.h"
#include "ledger/engine/verify.h"
#include "settlement/plan_settlement.h"
#include "tests/settlement/world.h"
#include "tests/support/temp_folder.h"

namespace suanpan::settlement {
namespace {

std::string sealed_payee(const Vault& vault, const std::string& mch_no) {
  const channels::Payee payee{"物业公司", "6217000000000013", "308584000013"};
  return channels::seal_payee(channels::payee_key(vault, payee).value(), mch_no, payee);
}

struct World {
  test::TempFolder folder;
  ManualClock clock{Timestamp::of_cn(day("2026-02-13"), 9, 0, 0)};
  Vault vault;
  std::vector<std::string> sent;
  std::unique_ptr<Book> book;
  std::unique_ptr<SettlementService> service;

  World() : vault(Vault::open(folder.path() / "key", true).value()) {
    open(true);
    channels::Merchant direct = merchant("M3", "");
    direct.mode = channels::MerchantMode::kDirect;
    run(platform({merchant("M1", sealed_payee(vault, "M1")),
                  merchant("M2", sealed_payee(vault, "M2")), direct}));
  }
  void open(bool create = false) {
    service.reset();
    book.reset();
    BookOptions options;
    options.folder = folder.path() / "book";
    options.create = create;
    options.first_date = day("2026-02-13");
    auto opened = Book::open(options, clock);
    REQUIRE(opened);
    book = std::move(opened.value());
    service = std::make_unique<SettlementService>(
        *book, vault, [this](const std::string& id) { sent.push_back(id); }, clock);
  }
  void run(std::vector<Command> commands) {
    for (Command& c : commands) {
      const Answer answer = book->run(std::move(c));
      if (!answer.accepted()) FAIL(name_of(answer.refusal.code) << " " << answer.refusal.detail);
    }
  }
  void run(Command c) {
    const Answer answer = book->run(std::move(c));
    if (!answer.accepted()) FAIL(name_of(answer.refusal.code) << " " << answer.refusal.detail);
  }
  void sold(const Order& o, bool reconciled = true, bool arrived = true) {
    run(sell(o));
    run(mark(o.order_id, reconciled, arrived));
  }
  void go_to(const char* iso) {
    clock.set(Timestamp::of_cn(day(iso), 9, 0, 0));
    run(next_day(iso));
  }
  ComputeSummary compute(const char* iso) {
    auto summary = service->compute(day(iso), "maker");
    if (!summary) FAIL(summary.error().message);
    return summary.value();
  }
  BatchView approved(const std::string& number) {
    REQUIRE(service->review(number, "maker"));
    auto view = service->approve(number, "checker");
    if (!view) FAIL(name_of(view.error().code) << " " << view.error().detail);
    return view.value();
  }
  std::int64_t posted_of(const std::string& code) const {
    return book->read([&](const State& s, std::uint64_t) { return posted(s, code); });
  }
  std::int64_t available_of(const std::string& code) const {
    return book->read([&](const State& s, std::uint64_t) { return available(s, code); });
  }
  Order order_of(const std::string& id) const {
    return decode_order(book->document(DocumentKind::kOrder, id)->bytes).value();
  }
  BatchState state(const std::string& number) const {
    return state_of(service->find(number)->batch);
  }
  /// Every invariant held, debits equal credits over all accounts, and the journal agrees when it
  /// is recomputed from its first entry. Closes the book.
  void check_books() {
    CHECK(book->statistics().invariant_violations == 0);
    book->read([](const State& state, std::uint64_t) {
      std::int64_t difference = 0;
      for (const Account& account : state.accounts()) {
        const Balance& b = state.balance(account.id);
        difference += b.debits_posted - b.credits_posted;
      }
      CHECK(difference == 0);
    });
    service.reset();
    book.reset();
    const auto report = verify(folder.path() / "book");
    REQUIRE(report);
    INFO(report.value().first_fault);
    CHECK(report.value().ok);
  }

  /// Two merchants on Friday the 13th; only what is due of M1 is 595.70, of M2 88.00.
  void friday() {
    sold(split(order("P1", "M1", 35'000, 1'050),
               {{"材料", pending("M1"), 12'000}, {"人工", pending("M1"), 23'000}}));
    sold(split(order("P2", "M1", 100'000, 200),
               {{"服务费", pending("M1"), 20'000}, {"维修资金", kFund, 80'000}}));
    sold(order("P3", "M1", 10'000, 300), false, true);
    sold(order("P4", "M1", 6'000, 180), true, false);
    const Order p5 = order("P5", "M1", 10'000, 300);
    sold(p5);
    run(ask_refund(p5, "R5", 4'000));
    run(end_refund(p5, "R5", true));
    sold(order("P6", "M2", 8'800, 0));
    Order p7 = order("P7", "M3", 5'000, 30);
    p7.direct = true;
    p7.lines.clear();
    sold(p7);
  }
};

}  // namespace

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
                  fails ? PayoutFact::Kind::kFailed : PayoutFact::Kind::kSucceeded, "户名不符"));
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

TEST_CASE("settlement_service: a payout that fails or comes back frees orders and money") {
  using K = PayoutFact::Kind;
  struct Row {
    const char* what;
    std::vector<K> bank;
    bool follow_each;
    BatchState ends;
    bool returned_on;
  };
  const Row rows[] = {
      {"failed", {K::kSubmitted, K::kFailed}, false, BatchState::kFailed, false},
      {"returned", {K::kSucceeded, K::kReturned}, false, BatchState::kReturned, false},
      {"returned days after", {K::kSucceeded, K::kReturned}, true, BatchState::kConfirmed, true},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    World w;
    w.friday();
    w.compute("2026-02-14");
    const std::string number = "20260214-M1-01";
    const std::string payout = w.approved(number).payout_id;
    for (const K kind : row.bank) {
      w.run(payout_is(payout, kind, "户名不符"));
      w.open();
      if (row.follow_each) CHECK(w.service->follow() == 1);
      w.open();
    }
    CHECK(w.service->follow() == (row.follow_each ? 0 : 1));
    const BatchView view = w.service->find(number).value();
    CHECK(state_of(view.batch) == row.ends);
    CHECK(view.returned_on.has_value() == row.returned_on);
    CHECK(w.available_of(pending("M1")) == 75'090);
    CHECK(w.posted_of("2103") == 0);
    CHECK(w.posted_of(kOurBank) == 0);
    const ComputeSummary again = w.compute("2026-02-14");
    REQUIRE(again.made.size() == 1);
    CHECK(again.made[0].number == "20260214-M1-02");
    CHECK(again.made[0].totals.net_minor == 59'570);
    CHECK(w.approved("20260214-M1-02").payout_id != payout);
    w.check_books();
  }
}

TEST_CASE("settlement_service: a restart between any two steps changes nothing") {
  World w;
  w.friday();
  w.open();
  REQUIRE(w.compute("2026-02-14").made.size() == 2);
  w.open();
  const std::string number = "20260214-M1-01";
  CHECK(w.state(number) == BatchState::kComputed);
  CHECK(w.compute("2026-02-14").made.empty());
  REQUIRE(w.service->review(number, "maker"));
  w.open();
  CHECK(w.state(number) == BatchState::kReviewed);
  const auto same = w.service->approve(number, "maker");
  REQUIRE_FALSE(same);
  CHECK(same.error().code == RefusalCode::kSamePerson);
  const auto approved = w.service->approve(number, "checker");
  REQUIRE(approved);
  const std::string payout = approved.value().payout_id;
  w.open();
  CHECK(w.state(number) == BatchState::kApproved);
  CHECK(w.service->find(number)->payout_id == payout);
  // Whoever sends finds what was accepted and not sent.
  const auto waiting = w.book->read([](const State& state, std::uint64_t) {
    return state.open_documents(DocumentKind::kPayout);
  });
  REQUIRE(waiting.size() == 1);
  CHECK(waiting[0]->key == payout);
  CHECK(decode_payout(waiting[0]->bytes).value().state == PayoutState::kCreated);
  CHECK(w.service->follow() == 0);
  w.run(payout_is(payout, PayoutFact::Kind::kSubmitted));
  w.open();
  CHECK(w.service->follow() == 1);
  w.open();
  CHECK(w.state(number) == BatchState::kSent);
  w.run(payout_is(payout, PayoutFact::Kind::kSucceeded));
  w.open();
  CHECK(w.service->follow() == 1);
  w.open();
  CHECK(w.state(number) == BatchState::kConfirmed);
  CHECK(w.service->follow() == 0);
  CHECK(w.posted_of(kOurBank) == -59'570);
  w.check_books();
}

TEST_CASE("settlement_service: an approved payout reaches the bank, also after a crash") {
  set_log_level(LogLevel::kOff);
  World w;
  w.friday();
  w.compute("2026-02-14");
  auto bank = channels::BankChannel::make(
      "https://bank.test", {"示例公司", {{"BA01", "示例监管户", "102100099996"}}, Secret("key")});
  REQUIRE(bank);
  std::mutex mutex;
  std::vector<std::string> posts;
  const auto payment_service = [&] {
    channels::PaymentParts parts;
    parts.book = w.book.get();
    parts.vault = &w.vault;
    parts.business = &w.clock;
    parts.real = &w.clock;
    parts.bank = bank.value().get();
    parts.send = [&](const std::string&, HttpRequest request, int, auto done) {
      if (request.method == "POST") {
        const std::lock_guard lock(mutex);
        posts.push_back(request.body);
      }
      done(fail(Errc::kTimeout, "no answer"));
    };
    return std::make_unique<channels::PaymentService>(parts);
  };
  const std::string m1 = "20260214-M1-01", m2 = "20260214-M2-01";
  const auto processing = [&](const std::string& number) {
    const std::string id = payout_no(w.service->find(number)->batch);
    for (int i = 0; i < 500; ++i) {
      const Payout now = decode_payout(w.book->document(DocumentKind::kPayout, id)->bytes).value();
      if (now.state == PayoutState::kProcessing) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  };
  auto payments = payment_service();
  {
    SettlementService service(*w.book, w.vault, *payments, w.clock);
    REQUIRE(service.review(m1, "maker"));
    REQUIRE(service.approve(m1, "checker"));
    CHECK(processing(m1));
    CHECK(service.follow() == 1);
    CHECK(w.state(m1) == BatchState::kSent);
  }
  payments.reset();
  REQUIRE(posts.size() == 1);
  CHECK(posts[0].find(payout_no(w.service->find(m1)->batch)) != std::string::npos);
  CHECK(posts[0].find(">595.70<") != std::string::npos);
  CHECK(posts[0].find("2026-02-14") != std::string::npos);

  // Approved, and the process ends before anything is sent.
  w.approved(m2);
  w.open();
  payments = payment_service();
  SettlementService service(*w.book, w.vault, *payments, w.clock);
  CHECK(service.follow() == 0);
  CHECK(posts.size() == 1);
  w.clock.advance_seconds(30);
  CHECK(service.follow() == 0);
  CHECK(processing(m2));
  CHECK(service.follow() == 1);
  payments.reset();
  REQUIRE(posts.size() == 2);
  CHECK(posts.back().find(">88.00<") != std::string::npos);
  CHECK(w.state(m2) == BatchState::kSent);
  w.check_books();
}

TEST_CASE("settlement_service: a confirmed payout is watched for its time and no longer") {
  World w;
  w.friday();
  w.compute("2026-02-14");
  const std::string payout = w.approved("20260214-M1-01").payout_id;
  w.run(payout_is(payout, PayoutFact::Kind::kSucceeded));
  CHECK(w.service->follow() == 1);
  const auto watched = [&] {
    return w.book->read([](const State& state, std::uint64_t) {
      return state.open_documents(DocumentKind::kSettlementLine).size();
    });
  };
  w.clock.set(Timestamp::of_cn(day("2026-02-13").plus_days(kWatchDays), 9, 0, 0));
  CHECK(w.service->follow() == 0);
  CHECK(watched() == 1);
  w.clock.set(Timestamp::of_cn(day("2026-02-13").plus_days(kWatchDays + 1), 9, 0, 0));
  CHECK(w.service->follow() == 0);
  CHECK(watched() == 0);
}

TEST_CASE("settlement_service: a merchant of more orders than a batch takes gets two batches") {
  World w;
  constexpr int kOrders = static_cast<int>(kMaxBatchLines) + 2;
  for (int from = 0; from < kOrders; from += 1000) {
    const int to = std::min(kOrders, from + 1000);
    w.run(command(CommandKind::kReconcile, [=](const View& view, const Moment&) {
      ChangeSet changes;
      changes.date = view.book().accounting_date;
      for (int i = from; i < to; ++i) {
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
  VoucherRequest money;
  money.key = {id_of("money"), kSystemCaller};
  w.book->read([&](const State& state, std::uint64_t) {
    money.legs.push_back(Leg{state.account("1122/wxpay/1900000109")->id,
                             state.account(pending("M1"))->id, 99 * kOrders});
  });
  REQUIRE(w.book->run(money).accepted());
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
