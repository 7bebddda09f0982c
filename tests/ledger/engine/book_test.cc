// The book end to end, on a real RocksDB: answers, replays, refusals, restart, history.
#include "ledger/engine/book.h"

#include <catch2/catch.hpp>
#include <thread>

#include "tests/support/temp_folder.h"

using namespace suanpan;

namespace {

constexpr CallerId kAlice{100};

ClaimKey key(std::uint64_t n, CallerId caller = kAlice) { return {Id128{7, n}, caller}; }

struct Fixture {
  test::TempFolder folder;
  ManualClock clock{Timestamp::of_cn(*Date::of(2026, 3, 4), 9, 0, 0)};
  std::unique_ptr<Book> book;
  std::size_t projection_batch = 1'000'000;

  Fixture() { open(true); }
  void open(bool create = false) {
    book.reset();
    BookOptions options;
    options.folder = folder.path();
    options.create = create;
    options.first_date = *Date::of(2026, 3, 4);
    options.projection_batch = projection_batch;
    auto opened = Book::open(options, clock);
    REQUIRE(opened);
    book = std::move(opened.value());
  }
  AccountId account(std::uint64_t n, std::string code, AccountType type, AccountTerms terms = {}) {
    OpenAccountRequest request;
    request.key = key(1'000'000 + n);
    request.code = std::move(code);
    request.type = type;
    request.terms = terms;
    const Answer answer = book->run(open_account(request));
    REQUIRE(answer.accepted());
    return AccountId{static_cast<std::uint32_t>(std::stoul(answer.answer))};
  }
  Answer post(std::uint64_t n, AccountId debit, AccountId credit, std::int64_t amount) {
    return book->run(voucher(n, debit, credit, amount));
  }
  static VoucherRequest voucher(std::uint64_t n, AccountId debit, AccountId credit,
                                std::int64_t amount) {
    VoucherRequest request;
    request.key = key(n);
    request.legs.push_back(Leg{debit, credit, amount});
    return request;
  }
  std::int64_t balance(AccountId id) const {
    return book->read([&](const State& state, std::uint64_t) {
      return state.balance(id).posted(state.account(id)->normal);
    });
  }
  /// Bank and owner, who has 100, 70 of them reserved under key 2 for a minute.
  std::pair<AccountId, AccountId> held() {
    const AccountId bank = account(1, "1002", AccountType::kAsset);
    const AccountId owner =
        account(2, "2101/a", AccountType::kLiability, AccountTerms{LimitKind::kNotBelowZero});
    REQUIRE(post(1, bank, owner, 100).accepted());
    VoucherRequest hold = voucher(2, owner, bank, 70);
    hold.hold = true;
    hold.expires_at = clock.now().plus_seconds(60);
    REQUIRE(book->run(hold).accepted());
    return {bank, owner};
  }
  /// Expiries are planned by the book itself, a moment after their time.
  void wait_until_nothing_is_reserved(AccountId id) const {
    for (int wait = 0; wait < 6'000; ++wait) {
      if (book->read([&](const State& s, std::uint64_t) { return s.balance(id).debits_pending; }) ==
          0)
        return;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    FAIL("still reserved after a minute");
  }
};

}  // namespace

TEST_CASE("book: a voucher moves money once, however often it is sent") {
  Fixture f;
  const AccountId bank = f.account(1, "1002/bank", AccountType::kAsset);
  const AccountId owner = f.account(2, "2101/owner", AccountType::kLiability);
  const Answer first = f.post(1, bank, owner, 12'345);
  REQUIRE(first.accepted());
  CHECK_FALSE(first.replayed);
  CHECK(first.voucher_no == 1);
  const Answer again = f.post(1, bank, owner, 12'345);
  CHECK(again.accepted());
  CHECK(again.replayed);
  CHECK(again.seq == first.seq);
  CHECK(again.timestamp == first.timestamp);
  CHECK(f.balance(bank) == 12'345);
  CHECK(f.balance(owner) == 12'345);
  f.open();
  CHECK(f.balance(bank) == 12'345);
  const Answer after_restart = f.post(1, bank, owner, 12'345);
  CHECK(after_restart.replayed);
  CHECK(after_restart.seq == first.seq);
  CHECK(f.balance(bank) == 12'345);
}

TEST_CASE("book: the same id with other content is refused and names the field") {
  Fixture f;
  const AccountId bank = f.account(1, "1002", AccountType::kAsset);
  const AccountId owner = f.account(2, "2101/a", AccountType::kLiability);
  const AccountId other = f.account(3, "2101/b", AccountType::kLiability);
  REQUIRE(f.post(1, bank, owner, 100).accepted());
  const auto refused = [&](VoucherRequest request, const char* field) {
    const Answer answer = f.book->run(std::move(request));
    CHECK(answer.refusal.code == RefusalCode::kIdReusedWithOtherContent);
    CHECK(answer.refusal.detail == field);
  };
  refused(Fixture::voucher(1, bank, owner, 101), "amount");
  refused(Fixture::voucher(1, bank, other, 100), "credit_account");
  refused(Fixture::voucher(1, other, owner, 100), "debit_account");
  VoucherRequest request = Fixture::voucher(1, bank, owner, 100);
  request.code = 9;
  refused(request, "code");
  request = Fixture::voucher(1, bank, owner, 100);
  request.text = std::make_shared<VoucherText>(VoucherText{"物业费", "", "", "", ""});
  refused(request, "summary");
  CHECK(f.balance(bank) == 100);
  // Another caller's id is another id.
  request = Fixture::voucher(1, bank, owner, 5);
  request.key.caller = CallerId{101};
  CHECK(f.book->run(request).accepted());
  CHECK(f.balance(bank) == 105);
}

TEST_CASE("book: a refusal is kept under its id for ever and changes nothing else") {
  Fixture f;
  const AccountId bank = f.account(1, "1002", AccountType::kAsset);
  const AccountId owner =
      f.account(2, "2101/a", AccountType::kLiability, AccountTerms{LimitKind::kNotBelowZero});
  const Answer refused = f.post(1, owner, bank, 50);
  CHECK(refused.refusal.code == RefusalCode::kBelowLimit);
  CHECK(refused.refusal.detail == "2101/a");
  CHECK(refused.seq != 0);
  REQUIRE(f.post(2, bank, owner, 80).accepted());
  // There is money now, and still the same id gets the same refusal.
  const Answer again = f.post(1, owner, bank, 50);
  CHECK(again.refusal.code == RefusalCode::kBelowLimit);
  CHECK(again.replayed);
  CHECK(again.seq == refused.seq);
  CHECK(f.post(3, owner, bank, 50).accepted());
  CHECK(f.balance(owner) == 30);
  f.open();
  CHECK(f.post(1, owner, bank, 50).refusal.code == RefusalCode::kBelowLimit);
  CHECK(f.balance(owner) == 30);
}

TEST_CASE("book: holds reserve, post in parts, and expire by the business clock") {
  Fixture f;
  const auto [bank, owner] = f.held();
  CHECK(f.post(3, owner, bank, 31).refusal.code == RefusalCode::kBelowLimit);
  CHECK(f.book->run(post_hold({key(4), key(2), {20}, nullptr})).accepted());
  CHECK(f.balance(owner) == 80);
  CHECK(f.book->run(post_hold({key(5), key(2), {51}, nullptr})).refusal.code ==
        RefusalCode::kHoldAmountExceeded);
  f.open();
  f.clock.advance_seconds(61);
  CHECK(f.book->run(void_hold({key(6), key(2)})).refusal.code == RefusalCode::kHoldExpired);
  f.wait_until_nothing_is_reserved(owner);
  CHECK(f.post(7, owner, bank, 80).accepted());
  CHECK(f.balance(owner) == 0);
}

TEST_CASE("book: a hold that came due while the book was closed ends once it is open, and once") {
  Fixture f;
  const auto [bank, owner] = f.held();
  f.book.reset();
  f.clock.advance_seconds(61);
  f.open();
  f.wait_until_nothing_is_reserved(owner);
  f.open();
  CHECK(f.post(3, owner, bank, 100).accepted());
  CHECK(f.balance(owner) == 0);
  int expiries = 0;
  REQUIRE(f.book->for_each_command_after(0, [&](const StoredCommand& command) {
    expiries += command.kind == CommandKind::kExpireHold;
    return true;
  }));
  CHECK(expiries == 1);
}

TEST_CASE("book: a reversal is red, partial, and capped") {
  Fixture f;
  const AccountId bank = f.account(1, "1002", AccountType::kAsset);
  const AccountId owner = f.account(2, "2101/a", AccountType::kLiability);
  REQUIRE(f.post(1, bank, owner, 100).accepted());
  const auto reverse = [&](std::uint64_t n, std::vector<std::int64_t> amounts) {
    ReversalRequest request;
    request.key = key(n);
    request.original = key(1);
    request.amounts = std::move(amounts);
    auto command = reversal(*f.book, request);
    REQUIRE(command);
    return f.book->run(command.value());
  };
  CHECK(reverse(2, {30}).accepted());
  CHECK(reverse(3, {71}).refusal.code == RefusalCode::kReversalExceedsOriginal);
  CHECK(reverse(4, {}).accepted());
  CHECK(reverse(5, {}).refusal.code == RefusalCode::kReversalExceedsOriginal);
  f.book->read([&](const State& s, std::uint64_t) {
    CHECK(s.balance(bank) == Balance{0, 0, 0, 0, -100, 0});
    CHECK(s.balance(owner) == Balance{0, 0, 0, 0, 0, -100});
  });
}

TEST_CASE("book: history carries the balance after each entry, across stores and restarts") {
  Fixture f;
  f.projection_batch = 7;  // store often, so that history lies in memory and on disk
  f.open();
  const AccountId bank = f.account(1, "1002", AccountType::kAsset);
  const AccountId owner = f.account(2, "2101/a", AccountType::kLiability);
  std::int64_t sum = 0;
  std::vector<std::int64_t> expected;
  for (std::uint64_t n = 1; n <= 50; ++n) {
    REQUIRE(f.post(n, bank, owner, static_cast<std::int64_t>(n)).accepted());
    sum += static_cast<std::int64_t>(n);
    expected.push_back(sum);
    if (n == 25) f.open();
  }
  std::vector<std::int64_t> seen;
  EntryPosition at;
  for (;;) {
    const auto page = f.book->entries(bank, at, 8);
    REQUIRE(page);
    if (page.value().empty()) break;
    for (const Entry& entry : page.value()) {
      seen.push_back(entry.balance_after);
      at = EntryPosition{entry.seq, entry.sub};
    }
  }
  CHECK(seen == expected);
}

TEST_CASE("book: whoever was answered reads the entries, from every side, and older pages too") {
  Fixture f;
  const AccountId bank = f.account(1, "1002/bank", AccountType::kAsset);
  const AccountId owner = f.account(2, "2101/a", AccountType::kLiability);
  constexpr std::uint64_t kBatch = 4000;
  for (std::uint64_t round = 1; round <= 20; ++round) {
    std::vector<VoucherRequest> batch;
    for (std::uint64_t n = 1; n <= kBatch; ++n)
      batch.push_back(Fixture::voucher(round * kBatch + n, bank, owner, 1));
    const std::uint64_t last = f.book->run(std::move(batch)).back().seq;
    // Asked at once, while the block is being taken in. A unit was moved with each entry, so the
    // balance after it says which one it is.
    const auto count = static_cast<std::int64_t>(round * kBatch);
    INFO(round);
    switch (round % 4) {
      case 0: {
        const auto page = f.book->entries(bank, EntryPosition{last - 10, 0}, 1000);
        REQUIRE(page);
        REQUIRE(page.value().size() == 10);
        CHECK(page.value().back().balance_after == count);
        break;
      }
      case 1: {
        const auto page = f.book->entries_before(owner, EntryPosition{last + 1, 0}, 1, 3);
        REQUIRE(page);
        REQUIRE(page.value().size() == 3);
        CHECK(page.value().front().balance_after == count);
        break;
      }
      case 2:
        CHECK(f.book->balance_at(bank, last).value().debits_posted == count);
        break;
      default:
        CHECK(f.book->balance_on(owner, *Date::of(2026, 3, 4)).value().credits_posted == count);
    }
    // A page that is full long before the newest block, and one as of a moment in between.
    const auto oldest = f.book->entries(bank, {}, 100);
    REQUIRE(oldest);
    REQUIRE(oldest.value().size() == 100);
    CHECK(oldest.value().front().balance_after == 1);
    CHECK(oldest.value().back().balance_after == 100);
    const auto then = f.book->entries(bank, EntryPosition{last - 300, 0}, 1000, last - 200);
    REQUIRE(then);
    REQUIRE(then.value().size() == 100);
    CHECK(then.value().back().balance_after == count - 200);
  }
}

TEST_CASE("book: a batch answers item by item") {
  Fixture f;
  const AccountId bank = f.account(1, "1002", AccountType::kAsset);
  const AccountId owner = f.account(2, "2101/a", AccountType::kLiability);
  std::vector<VoucherRequest> batch;
  for (std::uint64_t n = 0; n < 8192; ++n)
    batch.push_back(Fixture::voucher(n + 1, bank, owner, n == 5 ? -1 : 1));
  const auto answers = f.book->run(batch);
  REQUIRE(answers.size() == 8192);
  CHECK(answers[5].refusal.code == RefusalCode::kAmountNotPositive);
  CHECK(answers[5].seq == 0);
  CHECK(f.balance(bank) == 8191);
  const auto again = f.book->run(batch);
  CHECK(again[8191].replayed);
  CHECK(again[8191].seq == answers[8191].seq);
  CHECK(f.balance(bank) == 8191);
}
