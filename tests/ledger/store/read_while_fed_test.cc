// Readers beside the feeding thread: blocks of 8,192 are fed, frozen and stored while several
// threads read accounts. What a reader is told is a prefix of the journal, to the fen; what it
// should be told was added up beforehand.
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <random>
#include <thread>

#include "ledger/store/account_projection.h"
#include "tests/support/journal_maker.h"
#include "tests/support/memory_store.h"

using namespace suanpan;

namespace {

constexpr std::size_t kBatch = 8192;
constexpr std::uint32_t kAccounts = 7;  // 1: the bank, debited by every record; 2..7: merchants
constexpr std::size_t kBlocks = 30;
constexpr int kReaders = 4;
constexpr std::int32_t kFirstDay = 20'516;
constexpr int kEnough = 10;  // readings that met a block that was fed in part

using Totals = std::array<EntryTotals, kAccounts + 1>;  // by account; [0]: of all

// The blocks, and what is posted once each of them is in.
struct Paper {
  std::vector<BlockPtr> blocks;
  std::vector<Totals> after;  // after[b]: with blocks[0..b]

  static Date day(std::size_t block) { return Date{kFirstDay + static_cast<int>(block / 2)}; }
  std::uint64_t end(std::size_t block) const { return blocks[block]->last_seq(); }

  Paper() {
    test::JournalMaker maker;
    std::mt19937_64 random(20261121);
    Totals totals{};
    for (std::size_t b = 0; b < kBlocks; ++b) {
      std::size_t records = 0;
      if (b == 0)
        for (; records < kAccounts; ++records) open(maker, static_cast<std::uint32_t>(records + 1));
      for (; records < kBatch; ++records) {
        const auto merchant = static_cast<std::uint32_t>(2 + random() % (kAccounts - 1));
        const auto amount = static_cast<std::int64_t>(1 + random() % 100'000);
        const bool red = random() % 50 == 0;
        ChangeSet changes;
        changes.date = day(b);
        changes.transfers.push_back(Transfer{AccountId{1}, AccountId{merchant},
                                             red ? -amount : amount,
                                             red ? TransferKind::kRed : TransferKind::kPosted});
        maker.add(changes, CommandKind::kPayout);
        const std::int64_t moved = red ? -amount : amount;
        totals[1].debits += moved;
        totals[merchant].credits += moved;
        totals[0].debits += moved;
        totals[0].credits += moved;
        if (!red) continue;
        totals[1].debits_red += moved;
        totals[merchant].credits_red += moved;
        totals[0].debits_red += moved;
        totals[0].credits_red += moved;
      }
      blocks.push_back(std::move(Block::parse(maker.seal()).value()));
      after.push_back(totals);
    }
  }
  static void open(test::JournalMaker& maker, std::uint32_t id) {
    ChangeSet changes;
    changes.date = day(0);
    Account account;
    account.id = AccountId{id};
    account.code = id == 1 ? "1002/1" : "2101/" + std::to_string(id);
    account.normal = id == 1 ? Side::kDebit : Side::kCredit;
    account.version = 1;
    changes.accounts.push_back(account);
    maker.add(changes, CommandKind::kOpenAccount);
  }
};

Side normal(std::uint32_t account) { return account == 1 ? Side::kDebit : Side::kCredit; }

// What an entry adds to the balance on its account's normal side.
std::int64_t delta(const Entry& e, std::uint32_t account) {
  return e.side == static_cast<std::uint8_t>(normal(account)) ? e.amount : -e.amount;
}

// Odd while a block is fed: (steps + 1) / 2 is the block, from 1.
std::atomic<unsigned> steps{0};

struct Reader {
  const Paper& paper;
  const AccountProjection& accounts;
  std::mt19937_64 random;
  std::string fault;  // the first that was found
  int inside = 0;     // readings that met a block that was fed in part
  int whole = 0;      // roll-ups asked for in the middle of a block

  void expect(bool holds, const char* what) {
    if (!holds && fault.empty()) fault = what;
  }

  // Everything of one block, and what went before, account by account.
  void one_block(std::size_t b) {
    const std::uint64_t from = b == 0 ? 0 : paper.end(b - 1), until = paper.end(b);
    EntryTotals sum, of_all;
    std::size_t count = 0;
    for (std::uint32_t id = 1; id <= kAccounts; ++id) {
      const EntryTotals before = b == 0 ? EntryTotals{} : paper.after[b - 1][id];
      const auto page =
          accounts.entries(AccountId{id}, {from, ~std::uint32_t{0}}, until, 2 * kBatch);
      if (!page) return expect(false, "entries: an error");
      EntryTotals running = before;
      for (const Entry& e : page.value()) {
        running.add(e);
        sum.add(e);
        expect(e.seq > from && e.seq <= until, "entries: outside of what was asked for");
        expect(e.balance_after == running.balance(normal(id)), "entries: a balance is not the sum");
      }
      count += page.value().size();
      expect(running == paper.after[b][id], "entries: some are missing or doubled");
      const auto at = accounts.totals_at(AccountId{id}, until);
      if (!at) return expect(false, "totals_at: an error");
      expect(at.value() == paper.after[b][id], "totals_at: another moment");
      of_all.debits += at.value().debits;
      of_all.credits += at.value().credits;
    }
    expect(count == 2 * (kBatch - (b == 0 ? kAccounts : 0)), "entries: not two for each record");
    expect(sum.debits == sum.credits, "entries: debits and credits of a block differ");
    expect(of_all.debits == of_all.credits && of_all.debits == paper.after[b][0].debits,
           "totals_at: the whole does not sum to zero");
  }

  void by_date(std::uint32_t id, std::size_t b) {
    const std::size_t day = random() % (b + 1);  // the day of that block, whose last is odd
    const auto on = accounts.totals_on(AccountId{id}, Paper::day(day), paper.end(b));
    if (!on) return expect(false, "totals_on: an error");
    expect(on.value() == paper.after[std::min(b, day | 1)][id], "totals_on: another sum");
  }

  /// kBlocks if none does.
  std::size_t block_that_ends(std::uint64_t seq) const {
    const auto at = std::find_if(paper.blocks.begin(), paper.blocks.end(),
                                 [&](const BlockPtr& b) { return b->last_seq() == seq; });
    return static_cast<std::size_t>(at - paper.blocks.begin());
  }

  // The newest first, whatever is being fed.
  void newest(std::uint32_t id) {
    const auto page =
        accounts.entries_before(AccountId{id}, {~std::uint64_t{0}, ~std::uint32_t{0}}, 0, 20);
    if (!page) return expect(false, "entries_before: an error");
    const auto& found = page.value();
    // Every record that moves money is an entry of the bank.
    if (id == 1 && !found.empty()) inside += block_that_ends(found[0].seq) == kBlocks;
    for (std::size_t i = 0; i + 1 < found.size(); ++i) {
      expect(found[i].seq > found[i + 1].seq, "entries_before: out of order");
      expect(found[i].balance_after - delta(found[i], id) == found[i + 1].balance_after,
             "entries_before: a balance does not follow from the one before");
    }
  }

  // Totals have no sequence of their own: they are of the end of a block, never of its middle.
  void roll_up() {
    const bool feeding = steps.load() % 2 == 1;
    std::uint64_t seq = 0;
    const auto rows = accounts.roll_up("2101", std::nullopt, seq);
    whole += feeding;
    const std::size_t block = block_that_ends(seq);
    if (block == kBlocks) return expect(seq == 0, "roll_up: inside a block");
    const Totals& after = paper.after[block];
    expect(rows.size() == 1 && rows[0].totals.credits_posted == after[0].credits &&
               rows[0].totals.credits_red == after[0].credits_red && rows[0].accounts == 6,
           "roll_up: not the sum of its sequence");
  }

  void run(const std::atomic<bool>& stop) {
    while (!stop && fault.empty()) {
      const auto id = static_cast<std::uint32_t>(1 + random() % kAccounts);
      const std::size_t fed = steps.load() / 2;  // blocks that are in, whole
      for (int i = 0; i < 16; ++i) newest(i % 2 == 0 ? id : 1);
      roll_up();
      if (fed == 0) continue;
      by_date(id, random() % fed);
      one_block(random() % 4 == 0 ? random() % fed : fed - 1);
    }
  }
};

// Stores what is frozen, beside the feeder, as the engine does.
class Storer {
 public:
  Storer(KeyValueStore& store, AccountProjection& accounts)
      : store_(store), accounts_(accounts), thread_([this] { loop(); }) {}
  ~Storer() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  bool idle() const {
    const std::lock_guard lock(mutex_);
    return !frozen_;
  }
  void take() {
    const std::lock_guard lock(mutex_);
    frozen_ = true;
    changed_.notify_all();
  }
  int stored() const {
    const std::lock_guard lock(mutex_);
    return stored_;
  }
  bool failed() const {
    const std::lock_guard lock(mutex_);
    return failed_;
  }

 private:
  void loop() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return frozen_ || stop_; });
      if (!frozen_) return;
      lock.unlock();
      const bool good = static_cast<bool>(store_frozen(store_, {&accounts_}));
      lock.lock();
      failed_ = failed_ || !good;
      frozen_ = false;
      ++stored_;
    }
  }
  KeyValueStore& store_;
  AccountProjection& accounts_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool frozen_ = false, stop_ = false, failed_ = false;
  int stored_ = 0;
  std::thread thread_;
};

}  // namespace

TEST_CASE("account projection: what is read while long blocks are fed is a prefix to the fen") {
  const Paper paper;
  MemoryStore store;
  AccountProjection accounts(store);
  REQUIRE(accounts.load());
  steps = 0;
  std::vector<Reader> readers;
  for (std::uint64_t i = 0; i < kReaders; ++i)
    readers.push_back(Reader{paper, accounts, std::mt19937_64(i), {}});
  std::atomic<bool> stop{false};
  int stores = 0;
  {
    Storer storer(store, accounts);
    std::vector<std::thread> threads;
    for (Reader& reader : readers) threads.emplace_back([&] { reader.run(stop); });
    for (std::size_t b = 0; b < kBlocks; ++b) {
      ++steps;
      accounts.feed(paper.blocks[b]);
      ++steps;
      if (b % 3 != 2 || !storer.idle()) continue;
      accounts.freeze();
      storer.take();
    }
    stop = true;
    for (std::thread& thread : threads) thread.join();
    while (!storer.idle()) std::this_thread::yield();
    stores = storer.stored();
    CHECK_FALSE(storer.failed());
  }
  int inside = 0, whole = 0;
  for (Reader& reader : readers) {
    CHECK(reader.fault.empty());
    if (!reader.fault.empty()) WARN(reader.fault);
    inside += reader.inside;
    whole += reader.whole;
  }
  // Else nothing was shown.
  INFO(inside << " readings inside a block, " << whole << " roll-ups, " << stores << " stores");
  CHECK(stores > 0);
  CHECK(inside >= kEnough);
  CHECK(whole > 0);
  // And once everything is in, alone.
  Reader last{paper, accounts, std::mt19937_64(99), {}};
  for (std::size_t b = 0; b < kBlocks; ++b) last.one_block(b);
  last.roll_up();
  CHECK(last.fault.empty());
  for (const auto& row : accounts.rows())
    CHECK(row.balance.posted(row.account.normal) ==
          paper.after.back()[row.account.id.value].balance(row.account.normal));
}
