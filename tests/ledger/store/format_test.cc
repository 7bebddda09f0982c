// The number of a data directory's format, and the way from an older one.
#include "ledger/store/format.h"

#include <catch2/catch.hpp>

#include "ledger/store/rocks_store.h"
#include "tests/support/kept_book.h"
#include "tests/support/memory_store.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

std::uint64_t format_of(const KeyValueStore& store) {
  return from_big_endian(store.get(Table::kMeta, "format").value().value_or("\xff"));
}

}  // namespace

TEST_CASE("format: a book of format 3 gets its identity from its first block, and goes on") {
  test::TempFolder folder;
  const fs::path path = folder.path() / "book";
  test::KeptBook kept(path, false);
  kept.open();
  kept.post(10);
  kept.close();
  Sha256 first_hash{};
  {
    // Format 3 made by hand: no identity, nothing else is different.
    auto store = open_rocks(path / "db", RocksOptions{});
    REQUIRE(store);
    REQUIRE(store.value()->write(
        {{Table::kMeta, "format", big_endian(3)}, {Table::kMeta, "book", std::nullopt}},
        Durability::kSynced));
    const auto cursor = store.value()->cursor(Table::kJournal);
    cursor->seek("");
    first_hash = Block::parse(std::string(cursor->value())).value()->hash();
  }
  {
    // A copy says before the step what the step will say.
    RocksOptions as_it_is;
    as_it_is.keep_format = true;
    const auto store = open_rocks(path / "db", as_it_is);
    REQUIRE(store);
    CHECK(book_identity(*store.value()).value().hex() ==
          hex_lower(std::span(first_hash).first(16)));
    CHECK(format_of(*store.value()) == 3);
    CHECK_FALSE(store.value()->get(Table::kMeta, "book").value());
  }
  // Who only reads changes nothing, and says what is to be done.
  const auto looked = kept.try_open(true);
  REQUIRE_FALSE(looked);
  CHECK(looked.error().code == Errc::kUnsupported);
  CHECK_THAT(looked.error().message, Catch::Matchers::Contains("format 3, older"));
  kept.open();
  kept.post(5);
  REQUIRE(kept.book().back_up(folder.path() / "backups"));
  kept.close();
  const auto store = open_rocks(path / "db", RocksOptions{false, true});
  REQUIRE(store);
  CHECK(format_of(*store.value()) == 5);
  const auto identity = book_identity(*store.value());
  REQUIRE(identity);
  CHECK(identity.value().hex() == hex_lower(std::span(first_hash).first(16)));
  CHECK(test::fault_in(path) == "");
}

TEST_CASE("format: two new books are not one") {
  MemoryStore a, b;
  REQUIRE(bring_to_format(a, true));
  REQUIRE(bring_to_format(b, true));
  CHECK(format_of(a) == 5);
  CHECK(book_identity(a).value() != book_identity(b).value());
  const Id128 before = book_identity(a).value();
  REQUIRE(bring_to_format(a, true));
  CHECK(book_identity(a).value() == before);
}

TEST_CASE("format: steps are taken one after the other, each as one write") {
  static int runs;
  runs = 0;
  const FormatStep steps[] = {{2,
                               [](const KeyValueStore&) -> Result<WriteSet> {
                                 ++runs;
                                 return WriteSet{{Table::kMeta, "two", "done"}};
                               }},
                              {3,
                               [](const KeyValueStore& store) -> Result<WriteSet> {
                                 if (!store.get(Table::kMeta, "two").value())
                                   return fail(Errc::kCorrupt, "out of order");
                                 ++runs;
                                 return WriteSet{{Table::kMeta, "three", "done"}};
                               }},
                              {4, [](const KeyValueStore&) -> Result<WriteSet> {
                                 return fail(Errc::kIo, "the disk failed");
                               }}};
  MemoryStore store;
  REQUIRE(store.put_synced(Table::kMeta, "format", big_endian(2)));
  REQUIRE(bring_to_format(store, true, steps, 4));
  CHECK(format_of(store) == 4);
  CHECK(store.get(Table::kMeta, "three").value());
  CHECK(runs == 2);
  REQUIRE(bring_to_format(store, true, steps, 4));
  CHECK(runs == 2);
  // A step that fails leaves the number where it was.
  CHECK(bring_to_format(store, true, steps, 5).error().code == Errc::kIo);
  CHECK(format_of(store) == 4);
}

TEST_CASE("format: bad input: newer, without a way, older and only read") {
  struct {
    std::uint64_t stored;
    bool may_write;
    const char* says;
  } const rows[] = {{6, true, "format 6, newer than this program's 5"},
                    {6, false, "format 6, newer than this program's 5"},
                    {2, true, "format 2, from which no step leads"},
                    {2, false, "format 2, from which no step leads"},
                    {3, false, "format 3, older than this program's 5"}};
  for (const auto& row : rows) {
    MemoryStore store;
    REQUIRE(store.put_synced(Table::kMeta, "format", big_endian(row.stored)));
    const auto brought = bring_to_format(store, row.may_write);
    REQUIRE_FALSE(brought);
    CHECK(brought.error().code == Errc::kUnsupported);
    CHECK_THAT(brought.error().message, Catch::Matchers::Contains(row.says));
    CHECK(format_of(store) == row.stored);
  }
  MemoryStore nameless;
  CHECK(bring_to_format(nameless, false).error().code == Errc::kCorrupt);
  CHECK(book_identity(nameless).error().code == Errc::kCorrupt);
  CHECK(known_format(nameless).error().code == Errc::kCorrupt);
  // Of before identities, and without a first block to know it by.
  MemoryStore empty;
  REQUIRE(empty.put_synced(Table::kMeta, "format", big_endian(3)));
  CHECK(book_identity(empty).error().code == Errc::kUnsupported);
  CHECK(rows_of_copy(empty).error().code == Errc::kUnsupported);
  REQUIRE(empty.put_synced(Table::kMeta, "format", big_endian(4)));
  CHECK(book_identity(empty).error().code == Errc::kCorrupt);
}
