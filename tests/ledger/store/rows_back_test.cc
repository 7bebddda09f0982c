// Reads that go back in time from an account's newest row: they copy what they need, a few rows
// under one lock, whether rows are gathered, frozen or stored.
#include <catch2/catch.hpp>

#include "ledger/store/account_projection.h"
#include "tests/support/journal_maker.h"
#include "tests/support/memory_store.h"

using namespace suanpan;

namespace {

constexpr AccountId kHot{1}, kOther{2};
constexpr std::int32_t kFirstDay = 20'516;
constexpr std::size_t kRows = 40, kRowsADay = 4;
constexpr std::size_t kInOpenRow = 100;
constexpr std::uint64_t kMostAtOnce = 8;

Date day(std::size_t n) { return Date{kFirstDay + static_cast<std::int32_t>(n)}; }

// One fen an entry: 40 full rows, four a day, and a row that is not full, of the tenth day. The
// first entry of the seventh day is dated back to the third.
struct World {
  MemoryStore store;
  AccountProjection accounts{store};
  test::JournalMaker maker;
  std::uint64_t last = 0;

  World() {
    REQUIRE(accounts.load());
    ChangeSet changes;
    changes.date = day(0);
    for (const AccountId id : {kHot, kOther}) {
      Account account;
      account.id = id;
      account.code = "1002/" + std::to_string(id.value);
      account.version = 1;
      changes.accounts.push_back(account);
    }
    maker.add(changes, CommandKind::kOpenAccount);
    feed();
  }
  void feed() {
    const auto block = Block::parse(maker.seal()).value();
    last = block->last_seq();
    accounts.feed(block);
  }
  void feed_rows(std::size_t from, std::size_t to) {
    for (std::size_t row = from; row < to; ++row)
      for (std::size_t i = 0; i < (row == kRows ? kInOpenRow : kEntriesPerRow); ++i) {
        const bool late = row == 6 * kRowsADay && i == 0;
        ChangeSet changes;
        changes.date = day(late ? 2 : std::min<std::size_t>(row / kRowsADay, 9));
        changes.transfers.push_back(Transfer{kHot, kOther, 1});
        maker.add(changes, CommandKind::kVoucher);
      }
    feed();
  }
  // What the account has on a day, and how many rows were copied for it under how many locks.
  struct Read {
    std::int64_t debits;
    AccountProjection::Copied copied;
  };
  Read on(std::size_t n) {
    const auto before = accounts.copied();
    const auto totals = accounts.totals_on(kHot, day(n), last);
    const auto after = accounts.copied();
    REQUIRE(totals);
    return {totals.value().debits, {after.rows - before.rows, after.locks - before.locks}};
  }
};

// `in_memory`: rows that are not stored.
void check_days(World& world, std::size_t in_memory) {
  for (std::size_t n = 0; n < 10; ++n) {
    CAPTURE(n);
    const auto [debits, copied] = world.on(n);
    // The days up to it; the late one is of the third, and not of the seventh.
    const std::size_t entries = n == 9   ? kRows * kEntriesPerRow + kInOpenRow
                                : n >= 6 ? (n + 1) * kRowsADay * kEntriesPerRow
                                : n >= 2 ? (n + 1) * kRowsADay * kEntriesPerRow + 1
                                         : (n + 1) * kRowsADay * kEntriesPerRow;
    CHECK(debits == static_cast<std::int64_t>(entries));
    // The open row and those of later days; of the last day nothing is later.
    const std::size_t needed = n == 9 ? 1 : kRows + 1 - (n + 1) * kRowsADay;
    CHECK(copied.rows >= std::min(needed, in_memory));
    CHECK(copied.rows < std::min(needed, in_memory) + kMostAtOnce);
    CHECK(copied.rows <= kMostAtOnce * copied.locks);
  }
  CHECK(world.on(9).copied.rows == std::min<std::size_t>(1, in_memory));
  CHECK(world.on(9).copied.locks == 1);
}

}  // namespace

TEST_CASE("account projection: as of a date, the rows since then are copied, a few at a time") {
  World world;
  SECTION("gathered") {
    world.feed_rows(0, kRows + 1);
    check_days(world, kRows + 1);
  }
  SECTION("gathered on top of frozen") {
    world.feed_rows(0, 25);
    world.accounts.freeze();
    world.feed_rows(25, kRows + 1);
    check_days(world, kRows + 1);
  }
  SECTION("frozen to the last entry") {
    world.feed_rows(0, kRows + 1);
    world.accounts.freeze();
    check_days(world, kRows + 1);
  }
  SECTION("gathered on top of stored") {
    world.feed_rows(0, 25);
    world.accounts.freeze();
    REQUIRE(store_frozen(world.store, {&world.accounts}));
    world.feed_rows(25, kRows + 1);
    check_days(world, kRows + 1 - 25);
  }
  SECTION("stored") {
    world.feed_rows(0, kRows + 1);
    world.accounts.freeze();
    REQUIRE(store_frozen(world.store, {&world.accounts}));
    check_days(world, 0);
  }
}

TEST_CASE("account projection: the newest entries, and a balance as of now, are of one row") {
  World world;
  world.feed_rows(0, kRows + 1);
  const auto copied = [&](auto&& read) {
    const auto before = world.accounts.copied();
    REQUIRE(read());
    return world.accounts.copied().rows - before.rows;
  };
  CHECK(copied([&] {
          const auto totals = world.accounts.totals_at(kHot, world.last);
          return totals && totals.value().debits == kRows * kEntriesPerRow + kInOpenRow;
        }) == 1);
  CHECK(copied([&] {
          const auto totals = world.accounts.totals_at(kHot, world.last - kInOpenRow - 1);
          return totals && totals.value().debits == kRows * kEntriesPerRow - 1;
        }) == 1);
  CHECK(copied([&] {
          const auto page = world.accounts.entries_before(kHot, {world.last + 1, 0}, 0, kInOpenRow);
          return page && page.value().size() == kInOpenRow;
        }) == 1);
}
