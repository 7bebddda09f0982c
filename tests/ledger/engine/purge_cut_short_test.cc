// A purge that is cut short, by a kill at any write: the book holds, and the purge goes on.
#include <unistd.h>

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>

#include "tests/ledger/engine/purged_years.h"
#include "tests/support/killed.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

using Fixture = test::PurgedYears;
using test::require_same;
using test::rows_of;

/// Ends the process at the given write since it was armed.
class KillingStore final : public KeyValueStore {
 public:
  KillingStore(std::unique_ptr<KeyValueStore> store, std::atomic<int>& left)
      : store_(std::move(store)), left_(left) {}
  Result<std::optional<std::string>> get(Table table, std::string_view key) const override {
    return store_->get(table, key);
  }
  Result<void> write(const WriteSet& writes, Durability durability) override {
    step();
    return store_->write(writes, durability);
  }
  Result<void> put_synced(Table table, std::string_view key, std::string_view value) override {
    step();
    return store_->put_synced(table, key, value);
  }
  std::unique_ptr<BulkLoad> bulk_load() override { return store_->bulk_load(); }
  std::unique_ptr<Cursor> cursor(Table table) const override { return store_->cursor(table); }
  Result<void> flush() override {
    step();
    return store_->flush();
  }
  Result<void> compact(Table table, const std::string& until) override {
    step();
    return store_->compact(table, until);
  }
  std::uint64_t disk_bytes() const override { return store_->disk_bytes(); }

 private:
  void step() {
    if (left_ > 0 && --left_ == 0) ::kill(::getpid(), SIGKILL);
  }
  std::unique_ptr<KeyValueStore> store_;
  std::atomic<int>& left_;
};

}  // namespace

TEST_CASE("purge: cut short anywhere, the book holds and goes on") {
  Fixture f;
  f.year_2025();
  for (int i = 0; i < 3; ++i) {
    f.book->store_projections();
    f.post(f.bank, f.owner, 1);
  }
  f.year_2026();
  f.cut_to(*Date::of(2027, 1, 12));
  f.archive(2026);
  f.book.reset();
  Fixture whole;
  whole.book.reset();
  fs::remove_all(whole.folder);
  fs::copy(f.folder, whole.folder, fs::copy_options::recursive);
  f.open();
  f.purge(2026);
  // What a finished purge left, which is put back in part.
  std::vector<Write> purged_blocks, purged_meta;
  f.change([&](KeyValueStore& store) {
    purged_blocks = rows_of(store, Table::kJournal);
    purged_meta = rows_of(store, Table::kMeta);
    return WriteSet{{Table::kMeta, "nothing", std::nullopt}};
  });
  std::vector<Write> blocks, entries;
  whole.change([&](KeyValueStore& store) {
    blocks = rows_of(store, Table::kJournal);
    entries = rows_of(store, Table::kEntries);
    return WriteSet{{Table::kMeta, "nothing", std::nullopt}};
  });
  const std::size_t whole_part = static_cast<std::size_t>(GENERATE(0, 1, 5, 100));
  f.change([&](KeyValueStore& store) {
    WriteSet writes;
    for (const Write& row : purged_meta)
      if (row.key == "archived") {
        Write begun = row;
        (*begun.value)[8] = 0;  // not done
        writes.push_back(begun);
      }
    REQUIRE(writes.size() == 1);
    // Deletions go from the lowest: of the blocks from some on, of the rows from some on.
    for (std::size_t i = whole_part; i < blocks.size(); ++i) {
      if (*blocks[i].value != *purged_blocks[i].value) writes.push_back(blocks[i]);
    }
    for (std::size_t i = whole_part; i < entries.size(); ++i) writes.push_back(entries[i]);
    static_cast<void>(store);
    return writes;
  });
  CHECK(f.book_fault() == "");
  CHECK(f.whole_fault() == "");
  f.open();  // goes on
  CHECK(f.book->archived().done);
  for (const auto& [request, first] : f.sent) require_same(f.book->run(request), first);
  f.book.reset();
  f.change([&](KeyValueStore& store) {
    CHECK(rows_of(store, Table::kJournal).front().value == purged_blocks.front().value);
    return WriteSet{{Table::kMeta, "nothing", std::nullopt}};
  });
  CHECK(f.book_fault() == "");
  CHECK(f.whole_fault() == "");
}

constexpr const char* kKilled = "purge: the one that is killed";

// Does nothing but for the test below.
TEST_CASE("purge: the one that is killed", "[.]") {
  const char* const folder = std::getenv("SUANPAN_PURGE_BOOK");
  if (!folder) return;
  std::atomic<int> left{0};
  BookOptions options;
  options.folder = folder;
  options.open_store = [&left](const fs::path& path) -> Result<std::unique_ptr<KeyValueStore>> {
    TRY(auto store, open_rocks(path, RocksOptions{}));
    return std::unique_ptr<KeyValueStore>(std::make_unique<KillingStore>(std::move(store), left));
  };
  const ManualClock clock{Timestamp::of_cn(*Date::of(2026, 2, 1), 9, 0, 0)};
  auto book = Book::open(options, clock);
  REQUIRE(book);
  PurgeRequest request;
  request.archive = std::getenv("SUANPAN_PURGE_ARCHIVE");
  request.year = 2025;
  request.roots = options.folder / "roots";
  left = std::atoi(std::getenv("SUANPAN_PURGE_WRITES"));
  const auto purged = purge_book(*book.value(), request);
  left = 0;
  REQUIRE(purged);
}

TEST_CASE("purge: killed at any write, the book holds, and the same call ends it", "[fork]") {
  Fixture f;
  f.year_2025();
  f.archive();
  f.let_a_week_go();
  f.book.reset();
  const fs::path whole = f.temp.path() / "whole";
  fs::copy(f.folder, whole, fs::copy_options::recursive);
  int begun = 0;
  const int kills = test::kill_at_every_step(
      1,
      [&] {
        f.book.reset();
        fs::remove_all(f.folder);
        fs::copy(whole, f.folder, fs::copy_options::recursive);
      },
      [&](int at) {
        // A program of its own: of the parent's, RocksDB's threads would be missing.
        ::setenv("SUANPAN_PURGE_BOOK", f.folder.c_str(), 1);
        ::setenv("SUANPAN_PURGE_ARCHIVE", f.to.c_str(), 1);
        ::setenv("SUANPAN_PURGE_WRITES", std::to_string(at).c_str(), 1);
        ::execl("/proc/self/exe", "test_ledger", kKilled, nullptr);
        ::_exit(2);
      },
      [&] {
        REQUIRE(f.book_fault() == "");
        REQUIRE(f.whole_fault() == "");
        f.open();
        begun += f.book->archived().until != 0 ? 1 : 0;
        for (const auto& [request, first] : f.sent) require_same(f.book->run(request), first);
        f.purge();
        REQUIRE(f.book->archived().done);
        REQUIRE(f.book_fault() == "");
      });
  // The record, the state, the row; blocks, entries, flush, older states, two tables, the row.
  CHECK(kills >= 9);
  CHECK(begun >= 6);
}
