// A book with two merchants and the settlement service on it, by a clock that is set; both are
// reopened where a test says so. What is sent to the bank is kept.
#pragma once
#include "channels/bank_channel.h"
#include "channels/payee.h"
#include "ledger/engine/verify.h"
#include "settlement/plan_settlement.h"
#include "settlement/settlement_service.h"
#include "tests/settlement/world.h"
#include "tests/support/temp_folder.h"

namespace suanpan::settlement {

inline std::string sealed_payee(const Vault& vault, const std::string& mch_no) {
  const channels::Payee payee{"物业公司", "6217000000000013", "308584000013"};
  return channels::seal_payee(channels::payee_key(vault, payee).value(), mch_no, payee);
}

struct ServiceWorld {
  test::TempFolder folder;
  ManualClock clock{Timestamp::of_cn(day("2026-02-13"), 9, 0, 0)};
  Vault vault;
  std::vector<std::string> sent;
  std::unique_ptr<Book> book;
  std::unique_ptr<SettlementService> service;

  ServiceWorld() : vault(Vault::open(folder.path() / "key", true).value()) {
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

}  // namespace suanpan::settlement
