// What verify makes of a purged book: what is kept in the place of what is gone is judged.
#include <catch2/catch.hpp>
#include <cstring>

#include "ledger/base/digest.h"
#include "ledger/store/entry_rows.h"
#include "tests/ledger/engine/purged_years.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

using Catch::Matchers::Contains;
using Fixture = test::PurgedYears;
using test::rows_of;
using test::text_of;
using test::write_text;

}  // namespace

TEST_CASE("verify: what is kept of a purged book's archived part is judged") {
  Fixture f;
  f.year_2025();
  f.archive();
  f.let_a_week_go();
  const std::uint64_t until = f.purge().until;
  REQUIRE(f.book_fault() == "");
  std::string what, with_archive;
  const auto meta = [](const KeyValueStore& store, std::string_view begin) {
    for (const Write& row : rows_of(store, Table::kMeta))
      if (row.key.starts_with(begin)) return row;
    FAIL("no such row");
    return Write{};
  };
  const auto change_block = [&](const auto& change) {
    f.change([&](KeyValueStore& store) {
      WriteSet writes;
      for (Write& row : rows_of(store, Table::kJournal))
        if (writes.empty() && change(row)) writes.push_back(row);
      return writes;
    });
  };
  SECTION("a block that is gone") {
    change_block([&](Write& row) {
      row.value.reset();
      return from_big_endian(row.key) > 3;
    });
    what = "has a gap";
    with_archive = "is missing";
  }
  SECTION("a block with another answer, whole by itself") {
    change_block([&](Write& row) {
      auto block = Block::parse(*row.value);
      REQUIRE(block);
      if (block.value()->first_seq() < 4) return false;
      std::string bytes = *row.value;
      // Another id in the first record would not unpack: the header's time is enough.
      bytes[40] = static_cast<char>(bytes[40] ^ 1);
      const std::uint32_t crc = crc32c(std::string_view(bytes).substr(0, bytes.size() - 4));
      std::memcpy(bytes.data() + bytes.size() - 4, &crc, 4);
      row.value = bytes;
      return true;
    });
    what = "journal block at";
    with_archive = "it is not what the archive's block leaves";
  }
  SECTION("a whole block of another book in its place") {
    Fixture other;
    other.post(other.bank, other.fund, 5);
    other.year_2025();
    other.archive();
    other.let_a_week_go();
    other.purge();
    std::vector<Write> rows;
    other.change([&](KeyValueStore& store) {
      rows = rows_of(store, Table::kJournal);
      return WriteSet{{Table::kMeta, "nothing", std::nullopt}};
    });
    change_block([&](Write& row) {
      for (const Write& another : rows) {
        if (another.key != row.key || another.value == row.value) continue;
        row.value = another.value;
        return true;
      }
      return false;
    });
    what = "has a gap";
    with_archive = "it is not what the archive's block leaves";
  }
  SECTION("the state that is gone on with") {
    f.change([&](KeyValueStore& store) {
      Write row = meta(store, "archived.base");
      const std::size_t at = row.value->find("1002/6228");
      REQUIRE(at != std::string::npos);
      (*row.value)[at] = '2';
      return WriteSet{row};
    });
    what = "checkpoint-";
  }
  SECTION("the state, where the checkpoint does not tell") {
    f.change([&](KeyValueStore& store) {
      Write row = meta(store, "archived.base");
      row.value->back() ^= 1;  // the digest of the blocks
      return WriteSet{row};
    });
    what = "is not what was archived";
  }
  SECTION("no state") {
    f.change([&](KeyValueStore& store) {
      Write row = meta(store, "archived.base");
      row.value.reset();
      return WriteSet{row};
    });
    what = "not judged: this program does not read what is kept of the archived part";
  }
  SECTION("the row that says up to where") {
    f.change([&](KeyValueStore& store) {
      Write row = meta(store, "archived");
      row.value.reset();
      return WriteSet{row};
    });
    what = "only its archived form is there";
    with_archive = "-";
  }
  SECTION("the row, naming another day") {
    f.change([&](KeyValueStore& store) {
      Write row = meta(store, "archived");
      (*row.value)[12] ^= 1;
      return WriteSet{row};
    });
    what = "does not agree with what is kept of it";
  }
  SECTION("the last row of a history") {
    f.change([&](KeyValueStore& store) {
      for (Write& row : rows_of(store, Table::kEntries))
        if (first_position(row.key).seq <= until) {
          row.value.reset();
          return WriteSet{row};
        }
      return WriteSet{};
    });
    what = "its history does not go on from the archived part's totals";
    with_archive = what;
  }
  SECTION("the last row of a history, with other totals") {
    f.change([&](KeyValueStore& store) {
      for (Write& row : rows_of(store, Table::kEntries)) {
        const EntryPosition first = first_position(row.key);
        if (first.seq > until) continue;
        std::vector<Entry> entries;
        EntryReader reader(first, *row.value, Side::kDebit);
        for (Entry entry; reader.next(entry);) entries.push_back(entry);
        row.value = encode_entry_row({5, 5, 0, 0}, reader.latest_before(), entries);
        return WriteSet{row};
      }
      return WriteSet{};
    });
    what = "table entries";
    with_archive = "table entries";
  }
  SECTION("a daily root of before") {
    f.book.reset();
    std::string text = text_of(f.folder / "roots");
    write_text(f.folder / "roots", text.substr(text.find('\n') + 1));
    what = "it was not signed for what is kept of the archived part and its daily roots";
    with_archive = "the root of 2025-12-30";
  }
  CHECK_THAT(f.book_fault(), Contains(what));
  if (with_archive == "")
    CHECK(f.whole_fault() == "");
  else if (with_archive != "-")
    CHECK_THAT(f.whole_fault(), Contains(with_archive));
}

TEST_CASE("verify: a purge that the journal does not know is named") {
  Fixture f;
  f.year_2025();
  f.archive();
  f.let_a_week_go();
  f.book.reset();
  // The book as it was, with the rows of a purge of its copy, but for the journal's record.
  Fixture purged;
  purged.book.reset();
  fs::remove_all(purged.folder);
  fs::copy(f.folder, purged.folder, fs::copy_options::recursive);
  purged.to = f.to;
  purged.open();
  const std::uint64_t until = purged.purge().until;
  WriteSet rows;
  purged.change([&](KeyValueStore& store) {
    for (const Write& row : rows_of(store, Table::kMeta))
      if (row.key.starts_with("archived")) rows.push_back(row);
    for (const Write& row : rows_of(store, Table::kJournal))
      if (from_big_endian(row.key) <= until) rows.push_back(row);
    return WriteSet{{Table::kMeta, "nothing", std::nullopt}};
  });
  f.change([&](KeyValueStore&) { return rows; });
  CHECK_THAT(f.book_fault(), Contains("its journal has no record of it"));
  CHECK_THAT(f.whole_fault(), Contains("its journal has no record of it"));
}

TEST_CASE("verify: a run over a purged book goes on where it was broken off") {
  Fixture f;
  f.year_2025();
  f.archive();
  f.let_a_week_go();
  const std::uint64_t until = f.purge().until;
  for (int i = 0; i < 50; ++i) f.post(f.bank, f.owner, 1);
  const std::uint64_t last = f.book->statistics().last_seq;
  f.book.reset();
  // Tables stand behind the journal, so that there are blocks after them to be broken off in.
  const fs::path state = f.temp.path() / "state", kept = f.temp.path() / "kept";
  VerifyOptions options;
  options.checkpoint = state;
  options.checkpoint_blocks = 1;
  options.progress = [&](std::uint64_t seq, std::uint64_t) {
    if (seq != last - 10 || !fs::exists(state)) return;
    for (const char* end : {"", ".ids"})
      fs::copy_file(state.string() + end, kept.string() + end,
                    fs::copy_options::overwrite_existing);
  };
  const auto whole = verify(f.folder, options);
  REQUIRE(whole);
  CHECK(whole.value().first_fault == "");
  REQUIRE(fs::exists(kept));
  VerifyOptions again;
  again.checkpoint = kept;
  again.resume = true;
  const auto resumed = verify(f.folder, again);
  REQUIRE(resumed);
  CHECK(resumed.value().first_fault == "");
  CHECK(resumed.value().resumed_after > until);
  CHECK(resumed.value().counters.commands == whole.value().counters.commands);
}
