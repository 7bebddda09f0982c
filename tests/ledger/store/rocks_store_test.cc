// The store on RocksDB: the same as the reference store, and what it says of a bad directory.
#include "ledger/store/rocks_store.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <random>

#include "ledger/store/format.h"
#include "ledger/store/projection.h"
#include "tests/support/live_copy.h"
#include "tests/support/memory_store.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

Result<std::unique_ptr<KeyValueStore>> open(const fs::path& folder, bool create,
                                            bool read_only = false) {
  return open_rocks(folder, RocksOptions{create, read_only});
}

void fill(const fs::path& folder) {
  auto store = open(folder, true);
  REQUIRE(store);
  for (int i = 0; i < 100; ++i) {
    REQUIRE(store.value()->write({{Table::kJournal, big_endian(i), std::string(1000, 'j')}},
                                 Durability::kSynced));
    REQUIRE(store.value()->write({{Table::kEntries, big_endian(i), std::string(1000, 'e')}},
                                 Durability::kBackground));
  }
  REQUIRE(store.value()->flush());
}

// Everything that can be read is read; the first error, if any.
Errc first_error(const fs::path& folder) {
  const auto store = open(folder, false);
  if (!store) return store.error().code;
  for (const Table table : kTables) {
    const auto cursor = store.value()->cursor(table);
    for (cursor->seek(""); cursor->valid(); cursor->next()) {
    }
    if (const auto status = cursor->status(); !status) return status.error().code;
  }
  return Errc{};
}

void flip(const fs::path& path, std::uintmax_t at) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(at));
  const char c = static_cast<char>(file.get() ^ 0x40);
  file.seekp(static_cast<std::streamoff>(at));
  file.put(c);
}

std::vector<fs::path> files(const fs::path& folder, const std::string& part) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().filename().string().find(part) != std::string::npos)
      found.push_back(entry.path());
  return found;
}

}  // namespace

TEST_CASE("rocks: answers like the reference store, reopened at random") {
  test::TempFolder folder;
  MemoryStore reference;
  std::unique_ptr<KeyValueStore> store = std::move(open(folder.path() / "db", true).value());
  std::mt19937_64 random(7);
  const auto random_key = [&] { return big_endian(random() % 300, 2); };
  for (int round = 0; round < 400; ++round) {
    WriteSet writes;
    for (std::uint64_t n = random() % 8; n-- > 0;) {
      const Table table = kTables[1 + random() % 5];
      writes.push_back(
          Write{table, random_key(),
                random() % 4 ? std::optional(std::string(random() % 50, 'v')) : std::nullopt});
    }
    const auto durability = random() % 2 ? Durability::kSynced : Durability::kBackground;
    REQUIRE(reference.write(writes, durability));
    REQUIRE(store->write(writes, durability));
    if (round % 100 == 99) {
      REQUIRE(store->flush());
      store.reset();
      store = std::move(open(folder.path() / "db", false).value());
    }
    for (const Table table : kTables) {
      if (table == Table::kMeta) continue;
      const std::string key = random_key();
      CHECK(store->get(table, key).value() == reference.get(table, key).value());
      const auto a = store->cursor(table), b = reference.cursor(table);
      const auto same = [&] {
        REQUIRE(a->valid() == b->valid());
        if (!a->valid()) return;
        CHECK(a->key() == b->key());
        CHECK(a->value() == b->value());
      };
      a->seek(key), b->seek(key), same();
      if (a->valid()) a->next(), b->next(), same();
      a->seek_for_prev(key), b->seek_for_prev(key), same();
      if (a->valid()) a->prev(), b->prev(), same();
      a->seek_to_last(), b->seek_to_last(), same();
    }
  }
}

TEST_CASE("rocks: a cursor stands still while others write") {
  test::TempFolder folder;
  const auto store = std::move(open(folder.path() / "db", true).value());
  REQUIRE(store->write({{Table::kIds, "a", "1"}}, Durability::kSynced));
  const auto cursor = store->cursor(Table::kIds);
  REQUIRE(store->write({{Table::kIds, "a", "2"}, {Table::kIds, "b", "3"}}, Durability::kSynced));
  cursor->seek("");
  REQUIRE(cursor->valid());
  CHECK(cursor->value() == "1");
  cursor->next();
  CHECK_FALSE(cursor->valid());
  CHECK(cursor->status());
}

TEST_CASE("rocks: bad input: a data directory that is locked") {
  test::TempFolder folder;
  const auto store = open(folder.path() / "db", true);
  REQUIRE(store);
  const auto second = open(folder.path() / "db", false);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::kLocked);
  // Looking without writing is allowed.
  CHECK(open(folder.path() / "db", false, true));
}

TEST_CASE("rocks: bad input: a directory called lock is not therefore locked") {
  test::TempFolder folder;
  fs::create_directories(folder.path() / "clock");
  std::ofstream(folder.path() / "clock" / "lock") << "a file where a folder should be";
  const auto store = open(folder.path() / "clock" / "lock" / "db", false);
  REQUIRE_FALSE(store);
  CHECK(store.error().code != Errc::kLocked);
}

TEST_CASE("rocks: bad input: a data directory that is missing") {
  test::TempFolder folder;
  for (const bool read_only : {false, true}) {
    const auto store = open(folder.path() / "nothing", false, read_only);
    REQUIRE_FALSE(store);
    CHECK(store.error().code == Errc::kNotFound);
  }
  CHECK_FALSE(fs::exists(folder.path() / "nothing"));
}

TEST_CASE("rocks: bad input: a data directory from a newer version, or from one too old") {
  const std::uint64_t format = GENERATE(2, kFormat + 1);
  test::TempFolder folder;
  {
    const auto store = open(folder.path() / "db", true);
    REQUIRE(store);
    REQUIRE(
        store.value()->write({{Table::kMeta, "format", big_endian(format)}}, Durability::kSynced));
  }
  for (const bool read_only : {false, true}) {
    const auto store = open(folder.path() / "db", false, read_only);
    REQUIRE_FALSE(store);
    CHECK(store.error().code == Errc::kUnsupported);
  }
}

TEST_CASE("rocks: bad input: a data directory that is damaged") {
  struct Row {
    const char* what;
    std::function<void(const fs::path&)> damage;
  };
  const Row rows[] = {
      {"no CURRENT", [](const fs::path& db) { fs::remove(db / "CURRENT"); }},
      {"CURRENT names nothing",
       [](const fs::path& db) { std::ofstream(db / "CURRENT") << "MANIFEST-999999\n"; }},
      {"CURRENT is garbage", [](const fs::path& db) { std::ofstream(db / "CURRENT") << "x"; }},
      {"the manifest is gone", [](const fs::path& db) { fs::remove(files(db, "MANIFEST").at(0)); }},
      {"the manifest is damaged",
       [](const fs::path& db) {
         const auto path = files(db, "MANIFEST").at(0);
         flip(path, fs::file_size(path) / 2);
       }},
      {"a table is gone", [](const fs::path& db) { fs::remove(files(db, ".sst").at(0)); }},
      {"a table is cut off",
       [](const fs::path& db) {
         const auto path = files(db, ".sst").at(0);
         fs::resize_file(path, fs::file_size(path) / 2);
       }},
      {"a table is damaged",
       [](const fs::path& db) {
         for (const auto& path : files(db, ".sst")) flip(path, 30);
       }},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    test::TempFolder folder;
    fill(folder.path() / "db");
    REQUIRE(first_error(folder.path() / "db") == Errc{});
    row.damage(folder.path() / "db");
    // Asked to make a database, it does not begin anew over the damaged one.
    if (const auto made = open(folder.path() / "db", true); !made)
      CHECK(made.error().code == Errc::kCorrupt);
    CHECK(name_of(first_error(folder.path() / "db")) == std::string(name_of(Errc::kCorrupt)));
  }
}

TEST_CASE("rocks: a database whose making was cut short is made again") {
  test::TempFolder folder;
  const fs::path db = folder.path() / "db";
  REQUIRE(open(db, true));
  for (const auto& entry : fs::directory_iterator(db))
    if (entry.path().filename().string().find("MANIFEST") == std::string::npos)
      fs::remove(entry.path());
  CHECK(open(db, false).error().code == Errc::kNotFound);
  CHECK(open(db, true));
}

TEST_CASE("rocks: bad input: a cursor that walks into a damaged file says so, both ways") {
  test::TempFolder folder;
  const fs::path db = folder.path() / "db";
  {
    // Loads that do not overlap: files of one level, one row each.
    const auto store = open(db, true);
    REQUIRE(store);
    for (int i = 0; i < 5; ++i) {
      const auto load = store.value()->bulk_load();
      REQUIRE(load->add(Table::kIds, big_endian(i), "row"));
      REQUIRE(load->finish());
    }
  }
  const auto tables = files(db, ".sst");
  REQUIRE(tables.size() == 5);
  for (const auto& path : tables) {
    flip(path, 0);
    const auto store = open(db, false, true);
    REQUIRE(store);
    const auto cursor = store.value()->cursor(Table::kIds);
    int rows = 0;
    for (cursor->seek(""); cursor->valid(); cursor->next()) ++rows;
    CHECK(rows < 5);
    CHECK_FALSE(cursor->status());
    for (cursor->seek_to_last(); cursor->valid(); cursor->prev()) {
    }
    CHECK_FALSE(cursor->status());
    flip(path, 0);
  }
}

// A log without the zeros that stand ahead of its end: every record here ends in a letter.
std::string written_of(const fs::path& log) {
  std::string bytes(fs::file_size(log), '\0');
  std::ifstream(log, std::ios::binary)
      .read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(bytes.find_last_not_of('\0') + 1);
  return bytes;
}

TEST_CASE("rocks: a log cut at its end opens, and holds a prefix") {
  test::TempFolder folder;
  const fs::path db = folder.path() / "db", copy = folder.path() / "copy";
  {
    auto store = open(db, true);
    REQUIRE(store);
    for (int i = 0; i < 50; ++i)
      REQUIRE(store.value()->write({{Table::kJournal, big_endian(i), std::string(100, 'j')}},
                                   Durability::kSynced));
    // As a crash leaves it: the log was never folded into tables.
    test::copy_live(db, copy);
  }
  fs::path log;
  for (const auto& path : files(copy, ".log"))
    if (log.empty() || fs::file_size(path) > fs::file_size(log)) log = path;
  const std::uintmax_t whole = written_of(log).size();
  for (const std::uintmax_t cut : {std::uintmax_t{1}, std::uintmax_t{60}, whole / 3, whole / 2}) {
    const fs::path torn = folder.path() / ("torn" + std::to_string(cut));
    fs::copy(copy, torn);
    fs::resize_file(torn / log.filename(), whole - cut);
    const auto store = open(torn, false);
    REQUIRE(store);
    std::uint64_t rows = 0;
    const auto cursor = store.value()->cursor(Table::kJournal);
    for (cursor->seek(""); cursor->valid(); cursor->next())
      CHECK(from_big_endian(cursor->key()) == rows++);
    CHECK(rows < 50);
  }
  // Damage in the middle is no torn tail.
  flip(copy / log.filename(), whole / 2);
  const auto store = open(copy, false);
  REQUIRE_FALSE(store);
  CHECK(store.error().code == Errc::kCorrupt);
}

TEST_CASE("rocks: a last record that the power left in part is dropped, whatever its size") {
  struct Row {
    const char* what;
    std::size_t last_bytes;  // of the last of ten records
    std::function<void(std::string&, std::size_t begin, std::size_t before)> tear;
    bool opens;
  };
  const auto zero = [](std::string& log, std::size_t from, std::size_t to) {
    std::fill(log.begin() + static_cast<std::ptrdiff_t>(from),
              log.begin() + static_cast<std::ptrdiff_t>(to), '\0');
  };
  const Row rows[] = {
      {"its end is not written", 900,
       [&](auto& log, auto begin, auto) { zero(log, begin + 600, log.size()); }, true},
      {"its beginning is not", 900,
       [&](auto& log, auto begin, auto) { zero(log, begin, begin + 200); }, true},
      {"nothing of it is, and the file is as long", 900,
       [&](auto& log, auto begin, auto) { zero(log, begin, log.size()); }, true},
      {"a sector within a large one is not", 200'000,
       [&](auto& log, auto begin, auto) { zero(log, begin + 100'000, begin + 100'512); }, true},
      {"only the last sector of a large one is", 200'000,
       [&](auto& log, auto begin, auto) { zero(log, begin, log.size() - 512); }, true},
      {"a small one is up to a block's border", 30'000,
       [&](auto& log, auto, auto) { zero(log, 32'768, log.size()); }, true},
      {"a large one is up to the first block's border", 200'000,
       [&](auto& log, auto, auto) { zero(log, 32'768, log.size()); }, true},
      {"a large one is up to a later block's border", 200'000,
       [&](auto& log, auto, auto) { zero(log, 3 * 32'768, log.size()); }, true},
      {"the record before it is damaged", 900,
       [&](auto& log, auto begin, auto) {
         log[begin - 300] = static_cast<char>(log[begin - 300] ^ 1);
       },
       false},
      {"the first is", 200'000,
       [&](auto& log, auto, auto) { log[50] = static_cast<char>(log[50] ^ 1); }, false},
      {"the length of the record before it is", 200'000,
       [&](auto& log, auto, auto before) { log[before + 4] = '\x7f'; }, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    test::TempFolder folder;
    const fs::path db = folder.path() / "db", copy = folder.path() / "copy";
    std::size_t begin = 0, before = 0;  // of the last record and the one before it
    fs::path log;
    {
      auto store = open(db, true);
      REQUIRE(store);
      for (int i = 0; i < 10; ++i) {
        if (i >= 8) {
          for (const auto& path : files(db, ".log"))
            if (log.empty() || fs::file_size(path) > fs::file_size(log)) log = path;
          (i == 8 ? before : begin) = written_of(log).size();
        }
        REQUIRE(store.value()->put_synced(Table::kJournal, big_endian(i),
                                          std::string(i < 9 ? 1000 : row.last_bytes, 'j')));
      }
      test::copy_live(db, copy);  // as a crash leaves it
    }
    std::string bytes = written_of(copy / log.filename());
    row.tear(bytes, begin, before);
    // The zeros ahead of the end may have been there, or not yet.
    for (const std::size_t ahead : {0, 700, 1 << 20})
      for (const bool read_only : {true, false}) {
        CAPTURE(ahead, read_only);
        const fs::path torn = folder.path() / fmt::format("torn-{}-{}", ahead, read_only);
        fs::copy(copy, torn);
        std::ofstream(torn / log.filename(), std::ios::binary) << bytes << std::string(ahead, '\0');
        const auto store = open(torn, false, read_only);
        REQUIRE(store.has_value() == row.opens);
        if (!row.opens) {
          CHECK(store.error().code == Errc::kCorrupt);
          continue;
        }
        const auto cursor = store.value()->cursor(Table::kJournal);
        std::uint64_t found = 0;
        for (cursor->seek(""); cursor->valid(); cursor->next())
          CHECK(from_big_endian(cursor->key()) == found++);
        CHECK(cursor->status());
        CHECK(found == 9);
      }
  }
}
