// A book with many known ids, each in a journal block of its own, on a disk whose reads and syncs
// can be held up: what goes on meanwhile, and what is told in the end. Closing it verifies it.
#pragma once
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "ledger/engine/book.h"
#include "ledger/engine/verify.h"
#include "ledger/store/rocks_store.h"
#include "tests/support/temp_folder.h"

namespace suanpan::test {

using namespace std::chrono_literals;

inline const Date kFirst = *Date::of(2026, 3, 4);
inline constexpr std::uint64_t kBlocks = 300;  // entries, each of a block of its own

/// A disk that is slow to give journal blocks, or stops at one of its doors, and remembers who
/// asked.
class Disk {
 public:
  enum Door { kBlocks, kIds, kSync };  // reads of journal blocks, of the id index; journal writes

  void shut_up(bool now = true) { shut(kBlocks, now); }
  void shut(Door door, bool now = true) {
    {
      std::lock_guard lock(mutex_);
      if (now)
        shut_.insert(door);
      else
        shut_.erase(door);
    }
    opened_.notify_all();
  }
  void open_all() {
    for (const Door door : {kBlocks, kIds, kSync}) shut(door, false);
  }
  void read(Table table) {
    {
      std::lock_guard lock(mutex_);
      ++reads_[{std::this_thread::get_id(), table}];
    }
    if (table == Table::kIds) pass(kIds);
    if (table != Table::kJournal) return;
    pass(kBlocks);
    std::this_thread::sleep_for(std::chrono::milliseconds(read_ms.load()));
  }
  void pass(Door door) {
    std::unique_lock lock(mutex_);
    ++waiting_[door];
    opened_.notify_all();
    opened_.wait(lock, [&] { return !shut_.contains(door); });
    --waiting_[door];
  }
  /// Until somebody stands before a door that is shut.
  void wait_for_one_at(Door door) {
    std::unique_lock lock(mutex_);
    REQUIRE(opened_.wait_for(lock, 300s, [&] { return waiting_[door] > 0; }));
  }
  int reads_here(Table table) {
    std::lock_guard lock(mutex_);
    return reads_[{std::this_thread::get_id(), table}];
  }
  std::atomic<int> read_ms{0};

 private:
  std::mutex mutex_;
  std::condition_variable opened_;
  std::set<Door> shut_;
  std::map<Door, int> waiting_;
  std::map<std::pair<std::thread::id, Table>, int> reads_;
};

class SlowCursor final : public Cursor {
 public:
  SlowCursor(std::unique_ptr<Cursor> of, Table table, Disk& disk)
      : of_(std::move(of)), table_(table), disk_(disk) {}
  bool valid() const override { return of_->valid(); }
  void seek(std::string_view key) override { of_->seek(key); }
  void seek_for_prev(std::string_view key) override {
    disk_.read(table_);
    of_->seek_for_prev(key);
  }
  void seek_to_last() override { of_->seek_to_last(); }
  void next() override { of_->next(); }
  void prev() override { of_->prev(); }
  std::string_view key() const override { return of_->key(); }
  std::string_view value() const override { return of_->value(); }
  Result<void> status() const override { return of_->status(); }

 private:
  std::unique_ptr<Cursor> of_;
  Table table_;
  Disk& disk_;
};

class SlowStore final : public KeyValueStore {
 public:
  SlowStore(std::unique_ptr<KeyValueStore> of, Disk& disk) : of_(std::move(of)), disk_(disk) {}
  Result<std::optional<std::string>> get(Table table, std::string_view key) const override {
    return of_->get(table, key);
  }
  Result<void> write(const WriteSet& writes, Durability durability) override {
    return of_->write(writes, durability);
  }
  Result<void> put_synced(Table table, std::string_view key, std::string_view value) override {
    disk_.pass(Disk::kSync);
    return of_->put_synced(table, key, value);
  }
  std::unique_ptr<BulkLoad> bulk_load() override { return of_->bulk_load(); }
  std::unique_ptr<Cursor> cursor(Table table) const override {
    return std::make_unique<SlowCursor>(of_->cursor(table), table, disk_);
  }
  Result<void> flush() override { return of_->flush(); }
  std::uint64_t disk_bytes() const override { return of_->disk_bytes(); }

 private:
  std::unique_ptr<KeyValueStore> of_;
  Disk& disk_;
};

struct ResendBook {
  explicit ResendBook(unsigned shards = 1) {
    options.folder = folder.path();
    options.create = true;
    options.first_date = kFirst;
    options.shards = shards;
    options.open_store = [this](const std::filesystem::path& at) {
      Result<std::unique_ptr<KeyValueStore>> opened = open_rocks(at, RocksOptions{true});
      if (opened) opened = std::make_unique<SlowStore>(std::move(opened.value()), disk);
      return opened;
    };
    open();
    for (const char* code : {"1002", "2101"}) {
      OpenAccountRequest request;
      request.key = ClaimKey{id_of(code), CallerId{1}};
      request.code = code;
      request.type = code[0] == '1' ? AccountType::kAsset : AccountType::kLiability;
      REQUIRE(book->run(open_account(request)).accepted());
    }
    for (std::uint64_t n = 1; n <= kBlocks; ++n) first.push_back(book->run(voucher(n)).seq);
    // Reopened, so that ids are known by the index alone, and no block is at hand.
    book->wait_projected();
    book->store_projections();
    open();
  }
  ~ResendBook() {
    disk.open_all();
    book.reset();
    const auto report = verify(folder.path());
    REQUIRE(report);
    CHECK(report.value().first_fault == "");
  }
  void open() {
    book.reset();
    auto opened = Book::open(options, clock);
    if (!opened) FAIL(opened.error().message);
    book = std::move(opened.value());
  }
  static VoucherRequest voucher(std::uint64_t n, std::int64_t amount = 1) {
    VoucherRequest request;
    request.key = ClaimKey{Id128{mix64(n + 0x5eed), n}, CallerId{100}};
    request.legs.push_back(Leg{AccountId{1}, AccountId{2}, amount});
    return request;
  }
  static std::vector<VoucherRequest> vouchers(std::uint64_t from, std::uint64_t to) {
    std::vector<VoucherRequest> all;
    for (std::uint64_t n = from; n <= to; ++n) all.push_back(voucher(n));
    return all;
  }
  std::future<Book::Answers> submit(std::vector<VoucherRequest> items, Groups groups = {}) {
    const auto promise = std::make_shared<std::promise<Book::Answers>>();
    const auto done = [promise](Book::Answers answers) { promise->set_value(std::move(answers)); };
    REQUIRE(book->submit(std::move(items), done, std::move(groups)));
    return promise->get_future();
  }
  bool told_again(const Answer& answer, std::uint64_t n) const {
    return answer.accepted() && answer.replayed && answer.seq == first[n - 1];
  }
  std::int64_t posted() const {
    return book->read(
        [](const State& s, std::uint64_t) { return s.balance(AccountId{2}).credits_posted; });
  }

  Disk disk;
  TempFolder folder;
  ManualClock clock{Timestamp::of_cn(kFirst, 9, 0, 0)};
  BookOptions options;
  std::vector<std::uint64_t> first;  ///< sequences of the vouchers 1, 2, …
  std::unique_ptr<Book> book;
};

/// What must go on while no block can be read: it is given long, and never waits for the disk.
template <class Work>
bool goes_on(ResendBook& f, Work work) {
  auto ended = std::async(std::launch::async, work);
  const bool in_time = ended.wait_for(300s) == std::future_status::ready;
  if (!in_time) f.disk.open_all();
  ended.get();
  return in_time;
}

}  // namespace suanpan::test
