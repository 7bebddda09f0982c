// The room of what was purged: given back after the purge, or owed and given back by whoever opens
// the book next.
#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>

#include "ledger/engine/purge_book.h"
#include "ledger/store/rocks_store.h"
#include "tests/ledger/engine/closed_years.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

/// What the stores of a test are asked for, and how they answer.
struct Disk {
  bool full = false;  // there is no room to compact
  bool slow = false;  // compacting takes until it is broken off
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Table> asked;
  bool stopped = false;

  void wait_for(std::size_t count) {
    std::unique_lock lock(mutex);
    REQUIRE(
        changed.wait_for(lock, std::chrono::seconds(60), [&] { return asked.size() >= count; }));
  }
  std::vector<Table> taken() {
    const std::lock_guard lock(mutex);
    return std::exchange(asked, {});
  }
};

class DiskStore final : public KeyValueStore {
 public:
  DiskStore(std::unique_ptr<KeyValueStore> store, Disk& disk)
      : store_(std::move(store)), disk_(disk) {
    disk_.stopped = false;
  }
  Result<std::optional<std::string>> get(Table table, std::string_view key) const override {
    return store_->get(table, key);
  }
  Result<void> write(const WriteSet& writes, Durability durability) override {
    return store_->write(writes, durability);
  }
  Result<void> put_synced(Table table, std::string_view key, std::string_view value) override {
    return store_->put_synced(table, key, value);
  }
  std::unique_ptr<BulkLoad> bulk_load() override { return store_->bulk_load(); }
  std::unique_ptr<Cursor> cursor(Table table) const override { return store_->cursor(table); }
  Result<void> flush() override { return store_->flush(); }
  Result<void> compact(Table table, const std::string& until) override {
    std::unique_lock lock(disk_.mutex);
    disk_.asked.push_back(table);
    disk_.changed.notify_all();
    if (disk_.slow) disk_.changed.wait(lock, [&] { return disk_.stopped; });
    if (disk_.full || disk_.stopped) return fail(Errc::kUnavailable, "there is no room");
    lock.unlock();
    return store_->compact(table, until);
  }
  void stop_compacting() override {
    const std::lock_guard lock(disk_.mutex);
    disk_.stopped = true;
    disk_.changed.notify_all();
  }
  std::uint64_t disk_bytes() const override { return store_->disk_bytes(); }

 private:
  std::unique_ptr<KeyValueStore> store_;
  Disk& disk_;
};

const std::vector<Table> kBothTables{Table::kEntries, Table::kJournal};

struct Fixture : test::ClosedYears {
  Disk disk;

  Fixture() {
    year_2025();
    archive();
    cut_to(*Date::of(2026, 1, 20));
    reopen();
  }
  void reopen(bool read_only = false) {
    book.reset();
    BookOptions options;
    options.folder = folder;
    options.sign_days = !read_only;
    options.read_only = read_only;
    options.open_store =
        [this, read_only](const fs::path& path) -> Result<std::unique_ptr<KeyValueStore>> {
      RocksOptions rocks;
      rocks.read_only = read_only;
      TRY(auto store, open_rocks(path, rocks));
      return std::unique_ptr<KeyValueStore>(std::make_unique<DiskStore>(std::move(store), disk));
    };
    auto opened = Book::open(options, clock);
    if (!opened) FAIL(opened.error().message);
    book = std::move(opened.value());
  }
  void purge() {
    PurgeRequest request;
    request.archive = to;
    request.year = 2025;
    request.roots = folder / "roots";
    const auto purged = purge_book(*book, request);
    if (!purged) FAIL(purged.error().message);
    REQUIRE_FALSE(purged.value().was_done);
    REQUIRE(book->archived().done);
  }
  /// Of the closed book.
  bool owes() {
    book.reset();
    const auto store = open_rocks(folder / "db", RocksOptions{});
    REQUIRE(store);
    const auto owed = owes_room(*store.value());
    REQUIRE(owed);
    return owed.value();
  }
  /// As kill -9 leaves it before the purge has said that it is done.
  void forget_the_end() {
    book.reset();
    const auto store = open_rocks(folder / "db", RocksOptions{});
    REQUIRE(store);
    WriteSet writes;
    const auto cursor = store.value()->cursor(Table::kMeta);
    for (cursor->seek("archived"); cursor->valid() && cursor->key().starts_with("archived");
         cursor->next()) {
      if (cursor->key() == "archived") {
        std::string begun(cursor->value());
        begun[8] = 0;
        writes.push_back({Table::kMeta, "archived", begun});
      } else if (cursor->key().starts_with("archived.room")) {
        writes.push_back({Table::kMeta, std::string(cursor->key()), std::nullopt});
      }
    }
    REQUIRE(store.value()->write(writes, Durability::kSynced));
  }
};

}  // namespace

TEST_CASE("purge room: it is given back at once, and not again") {
  Fixture f;
  CHECK(f.disk.taken().empty());
  f.purge();
  CHECK(f.disk.taken() == kBothTables);
  CHECK_FALSE(f.owes());
  f.reopen();
  f.post(f.bank, f.owner, 5);
  CHECK_FALSE(f.owes());
  CHECK(f.disk.taken().empty());
}

TEST_CASE("purge room: what a full disk did not let go is owed, over starts, until it is given") {
  Fixture f;
  f.disk.full = true;
  f.purge();
  CHECK(f.disk.taken() == kBothTables);
  for (int start = 0; start < 2; ++start) {
    CHECK(f.owes());
    f.reopen();
    f.disk.wait_for(2);
    f.post(f.bank, f.owner, 5);  // the book is open meanwhile
    CHECK(f.disk.taken() == kBothTables);
  }
  CHECK(f.owes());
  f.disk.full = false;
  f.reopen();
  f.disk.wait_for(2);
  f.book.reset();  // which may break it off: then it is owed still
  for (int start = 0; f.owes(); ++start) {
    REQUIRE(start < 100);
    f.reopen();
    std::this_thread::sleep_for(std::chrono::milliseconds(50 + 50 * start));
  }
  f.disk.taken();
  f.reopen();
  CHECK_FALSE(f.owes());
  CHECK(f.disk.taken().empty());
  CHECK(verify(f.folder).value().first_fault == "");
}

TEST_CASE("purge room: a purge that was killed ends at the next start, and gives it back then") {
  Fixture f;
  f.purge();
  f.forget_the_end();
  f.disk.taken();
  f.reopen();
  CHECK(f.book->archived().done);
  f.disk.wait_for(2);
  CHECK(f.disk.taken() == kBothTables);
}

TEST_CASE("purge room: closing does not wait for it, and it is owed still") {
  Fixture f;
  f.disk.full = true;
  f.purge();
  f.disk.full = false;
  f.disk.slow = true;
  f.disk.taken();
  f.reopen();
  f.disk.wait_for(1);  // it would never end by itself
  f.post(f.bank, f.owner, 5);
  CHECK(f.owes());
  CHECK(verify(f.folder).value().first_fault == "");
}

TEST_CASE("purge room: who only reads a book gives back nothing") {
  Fixture f;
  f.disk.full = true;
  f.purge();
  f.disk.taken();
  f.reopen(true);
  CHECK(f.book->archived().done);
  CHECK(f.owes());
  CHECK(f.disk.taken().empty());
}
