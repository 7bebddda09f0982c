// Giving back room: how much it asks the disk for first, that it comes back, and that it is broken
// off.
#include <rocksdb/file_system.h>

#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "ledger/store/rocks_store.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;

namespace {

/// The machine's files on a disk with this many bytes left.
class NearlyFull final : public rocksdb::FileSystemWrapper {
 public:
  NearlyFull() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "nearly full"; }
  rocksdb::IOStatus GetFreeSpace(const std::string&, const rocksdb::IOOptions&, std::uint64_t* left,
                                 rocksdb::IODebugContext*) override {
    *left = left_;
    return rocksdb::IOStatus::OK();
  }
  std::uint64_t left_ = 0;
};

constexpr std::size_t kRowBytes = 1 << 16;
constexpr std::uint64_t kMiB = 1 << 20;
constexpr std::uint64_t kRowsOfMiB = 16;

/// 16 MiB of rows in 16 files or fewer, each written as a whole mebibyte.
struct Fixture {
  test::TempFolder temp;
  std::shared_ptr<NearlyFull> files = std::make_shared<NearlyFull>();
  std::unique_ptr<KeyValueStore> store;
  std::mt19937_64 random{1};

  Fixture() {
    RocksOptions options;
    options.create = true;
    options.files = files;
    auto opened = open_rocks(temp.path() / "db", options);
    REQUIRE(opened);
    store = std::move(opened.value());
  }
  std::string noise(std::size_t bytes) {
    std::string text;
    while (text.size() < bytes) text += big_endian(random());
    return text;
  }
  void fill(Table table, std::uint64_t from_mib, std::uint64_t to_mib, std::size_t row_bytes) {
    for (std::uint64_t mib = from_mib; mib < to_mib; ++mib) {
      for (std::uint64_t row = 0; row < kRowsOfMiB; ++row)
        REQUIRE(store->write({{table, big_endian(mib * kRowsOfMiB + row), noise(row_bytes)}},
                             Durability::kBackground));
      REQUIRE(store->flush());
    }
  }
  Errc compact(Table table, const std::string& until) {
    const auto done = store->compact(table, until);
    return done ? Errc{} : done.error().code;
  }
  static std::string end_of(std::uint64_t mib) { return big_endian(mib * kRowsOfMiB - 1); }
};

}  // namespace

TEST_CASE("compact: it asks for the room of what lies up to the key, not of the whole table") {
  Fixture f;
  f.fill(Table::kJournal, 0, 16, kRowBytes);
  // The first two mebibytes lie in files of their own or with a few behind them.
  f.files->left_ = 10 * kMiB;
  CHECK(f.compact(Table::kJournal, f.end_of(2)) == Errc{});
  CHECK(f.compact(Table::kJournal, {}) == Errc::kUnavailable);
  CHECK(f.compact(Table::kJournal, f.end_of(16)) == Errc::kUnavailable);
  // By hand: 16 MiB of rows and a quarter more.
  f.files->left_ = 20 * kMiB;
  CHECK(f.compact(Table::kJournal, f.end_of(16)) == Errc::kUnavailable);  // and what files add
  f.files->left_ = 21 * kMiB;
  CHECK(f.compact(Table::kJournal, f.end_of(16)) == Errc{});
  f.files->left_ = 2 * kMiB;
  CHECK(f.compact(Table::kJournal, f.end_of(2)) == Errc::kUnavailable);
}

TEST_CASE("compact: a table that is merged by size asks for the room of all of it") {
  Fixture f;
  f.fill(Table::kEntries, 0, 4, kRowBytes);
  f.files->left_ = 5 * kMiB;
  CHECK(f.compact(Table::kEntries, f.end_of(1)) == Errc::kUnavailable);
  CHECK(f.compact(Table::kEntries, {}) == Errc::kUnavailable);
  f.files->left_ = 6 * kMiB;
  CHECK(f.compact(Table::kEntries, {}) == Errc{});
  CHECK(f.compact(Table::kEntries, f.end_of(1)) == Errc{});
}

TEST_CASE("compact: the room of rows that were replaced comes back") {
  Fixture f;
  f.fill(Table::kJournal, 0, 8, kRowBytes);
  f.fill(Table::kJournal, 0, 6, 16);
  f.files->left_ = 100 * kMiB;
  REQUIRE(f.compact(Table::kJournal, f.end_of(6)) == Errc{});
  // Two mebibytes are left, and what else lies there; files may go a moment later.
  for (int tenth = 0; f.store->disk_bytes() >= 4 * kMiB; ++tenth) {
    REQUIRE(tenth < 100);
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  const auto row = f.store->get(Table::kJournal, big_endian(0));
  REQUIRE(row);
  CHECK(row.value()->size() == 16);
}

TEST_CASE("compact: once it was stopped none begins") {
  Fixture f;
  f.fill(Table::kJournal, 0, 2, kRowBytes);
  f.files->left_ = 100 * kMiB;
  REQUIRE(f.compact(Table::kJournal, {}) == Errc{});
  f.store->stop_compacting();
  CHECK(f.compact(Table::kJournal, {}) == Errc::kUnavailable);
  CHECK(f.store->get(Table::kJournal, big_endian(0)).value());
  REQUIRE(f.store->write({{Table::kJournal, "x", "y"}}, Durability::kSynced));
}
