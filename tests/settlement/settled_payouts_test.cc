// What becomes of the payouts that the settlement service asks for: those that fail or come back,
// and restarts between any two steps.
#include <mutex>
#include <thread>

#include "ledger/base/log.h"
#include "tests/settlement/service_world.h"

namespace suanpan::settlement {

using World = ServiceWorld;

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
      w.run(payout_is(payout, kind, "AC01"));
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

}  // namespace suanpan::settlement
