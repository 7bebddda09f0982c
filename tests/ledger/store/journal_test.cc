// The journal over both stores: append, read, replay, and every way in which it must not open.
#include "ledger/store/journal.h"

#include <catch2/catch.hpp>
#include <limits>

#include "ledger/store/rocks_store.h"
#include "tests/support/journal_maker.h"
#include "tests/support/memory_store.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;

namespace {

struct Place {
  test::TempFolder folder;
  std::unique_ptr<KeyValueStore> store;
  std::filesystem::path head() const { return folder.path() / "head"; }
  explicit Place(bool rocks) {
    if (!rocks) {
      store = std::make_unique<MemoryStore>();
      return;
    }
    auto opened = open_rocks(folder.path() / "db", RocksOptions{true, false});
    REQUIRE(opened);
    store = std::move(opened.value());
  }
  Result<std::unique_ptr<Journal>> open(bool reset = false) {
    return Journal::open(*store, head(), reset);
  }
  std::unique_ptr<Journal> must_open() {
    auto journal = open();
    if (!journal) FAIL(journal.error().message);
    return std::move(journal.value());
  }
  void put(std::uint64_t first_seq, std::optional<std::string> bytes) {
    REQUIRE(store->write({{Table::kJournal, big_endian(first_seq), std::move(bytes)}},
                         Durability::kSynced));
  }
};

Result<std::vector<std::uint64_t>> replayed(const Journal& journal, std::uint64_t from) {
  std::vector<std::uint64_t> firsts;
  TRY(journal.replay(from, [&](const BlockPtr& block) -> Result<void> {
    firsts.push_back(block->first_seq());
    return success();
  }));
  return firsts;
}

}  // namespace

TEST_CASE("journal: blocks are appended, found by any sequence, and replayed from any") {
  for (const bool rocks : {false, true}) {
    Place place(rocks);
    test::JournalMaker maker;
    {
      const auto journal = place.must_open();
      CHECK(journal->last_seq() == 0);
      CHECK(journal->last_hash() == Sha256{});
      CHECK(journal->block_of(1).value() == nullptr);
      CHECK(replayed(*journal, 1).value().empty());
      CHECK(journal->seq_at(Timestamp{std::numeric_limits<std::int64_t>::max()}, 99).value() == 0);
      for (const int commands : {3, 1, 5}) REQUIRE(journal->append(maker.block(commands)));
      CHECK(journal->last_seq() == 9);
    }
    const auto journal = place.must_open();
    CHECK(journal->last_seq() == 9);
    const std::uint64_t first_of[] = {0, 1, 1, 1, 4, 5, 5, 5, 5, 5};
    for (std::uint64_t seq = 1; seq <= 9; ++seq) {
      const auto block = journal->block_of(seq);
      REQUIRE(block);
      REQUIRE(block.value());
      CHECK(block.value()->first_seq() == first_of[seq]);
      CHECK(block.value()->command(seq).front().seq == seq);
      std::vector<std::uint64_t> expected;
      for (const std::uint64_t first : {1, 4, 5})
        if (first >= first_of[seq]) expected.push_back(first);
      CHECK(replayed(*journal, seq).value() == expected);
    }
    CHECK(journal->block_of(0).value() == nullptr);
    CHECK(journal->block_of(10).value() == nullptr);
    CHECK(replayed(*journal, 10).value().empty());
    // The first second of the maker's clock is 1 s; a command each millisecond.
    const auto at = [&](std::int64_t ms, std::uint64_t until = 99) {
      return journal->seq_at(Timestamp::from_ms(ms), until).value();
    };
    CHECK(at(999) == 0);
    for (std::uint64_t seq = 1; seq <= 9; ++seq)
      CHECK(at(static_cast<std::int64_t>(999 + seq)) == seq);
    CHECK(at(5000) == 9);
    CHECK(at(5000, 4) == 4);
    CHECK(at(1006, 3) == 3);
    CHECK(at(1001, 3) == 2);
  }
}

TEST_CASE("journal: damaged, missing and misplaced blocks are named, not passed over") {
  for (const bool rocks : {false, true}) {
    test::JournalMaker maker, stranger;
    const std::string first = maker.block(2), second = maker.block(2), third = maker.block(2);
    stranger.block(1);
    stranger.block(1);
    const std::string alien = stranger.block(2);  // 3-4, after another past
    const auto built = [&](const std::function<void(Place&)>& damage) {
      auto place = std::make_unique<Place>(rocks);
      {
        const auto journal = place->must_open();
        for (const std::string& block : {first, second, third}) REQUIRE(journal->append(block));
      }
      damage(*place);
      return place;
    };
    const auto fails = [&](std::uint64_t from, const std::function<void(Place&)>& damage) {
      const auto place = built(damage);
      const auto journal = place->open();
      REQUIRE(journal);
      const auto result = replayed(*journal.value(), from);
      REQUIRE_FALSE(result);
      CHECK(result.error().code == Errc::kCorrupt);
    };
    fails(1, [&](Place& p) { p.put(1, std::nullopt); });
    fails(2, [&](Place& p) { p.put(1, std::nullopt); });
    fails(1, [&](Place& p) { p.put(3, std::nullopt); });
    // The gap lies where recovery begins.
    fails(3, [&](Place& p) { p.put(3, std::nullopt); });
    fails(1, [&](Place& p) { p.put(3, alien); });
    fails(1, [&](Place& p) { p.put(1, alien); });
    fails(1, [&](Place& p) { p.put(3, second.substr(0, second.size() - 1)); });
    fails(1, [&](Place& p) { p.put(3, ""); });
    // A journal whose first block follows something.
    fails(1, [&](Place& p) {
      test::JournalMaker other;
      std::string block = other.block(2);
      block[48] = 1;
      block.resize(block.size() - 4);
      const std::uint32_t crc = crc32c(block);
      block.append(reinterpret_cast<const char*>(&crc), 4);
      p.put(1, block);
    });
    const auto place = built([&](Place& p) { p.put(3, second.substr(1)); });
    const auto journal = place->must_open();
    CHECK(journal->block_of(3).error().code == Errc::kCorrupt);
    CHECK(journal->block_of(5).value()->first_seq() == 5);
  }
}

TEST_CASE("journal: one that ends before its head, or has another block there, does not open") {
  const bool rocks = GENERATE(false, true);
  {
    test::JournalMaker maker;
    const std::string first = maker.block(2), second = maker.block(2);
    Place place(rocks);
    {
      const auto journal = place.must_open();
      REQUIRE(journal->append(first));
      REQUIRE(journal->append(second));
      REQUIRE(journal->sync_head());
    }
    const auto refused = [&] {
      const auto journal = place.open();
      REQUIRE_FALSE(journal);
      CHECK(journal.error().code == Errc::kCorrupt);
    };
    SECTION("the last block is gone") {
      place.put(3, std::nullopt);
      refused();
      // Accepted on purpose, it opens, also the next time, and goes on from there.
      {
        const auto journal = place.open(true);
        REQUIRE(journal);
        CHECK(journal.value()->last_seq() == 2);
      }
      {
        const auto journal = place.must_open();
        CHECK(journal->last_seq() == 2);
        REQUIRE(journal->append(second));
      }
      CHECK(place.must_open()->last_seq() == 4);
    }
    SECTION("everything is gone") {
      place.put(1, std::nullopt);
      place.put(3, std::nullopt);
      refused();
      REQUIRE(place.open(true));
      CHECK(place.must_open()->last_seq() == 0);
    }
    SECTION("another block stands at the head") {
      test::JournalMaker other;
      other.block(2);
      ChangeSet changes;
      changes.date = Date{1};
      other.add(changes);
      other.add(changes);
      place.put(3, other.seal());
      refused();
      REQUIRE(place.open(true));
      CHECK(place.must_open()->last_seq() == 4);
    }
    SECTION("the last block is damaged") {
      std::string damaged = second;
      damaged[100] = static_cast<char>(damaged[100] ^ 1);
      place.put(3, damaged);
      refused();
      // Not even on purpose: a damaged block is no journal end.
      CHECK(place.open(true).has_error());
    }
    SECTION("the head file is gone") {
      std::filesystem::remove(place.head());
      refused();
      REQUIRE(place.open(true));
      CHECK(place.must_open()->last_seq() == 4);
    }
    SECTION("the head file is damaged") {
      std::filesystem::resize_file(place.head(), 20);
      refused();
      REQUIRE(place.open(true));
      CHECK(place.must_open()->last_seq() == 4);
    }
    SECTION("the head lags by some blocks: that is no loss") {
      REQUIRE(HeadFile::reset(place.head(), Head{2, Block::parse(first).value()->hash()}));
      CHECK(place.must_open()->last_seq() == 4);
    }
    SECTION("the head names the middle of a block") {
      REQUIRE(HeadFile::reset(place.head(), Head{3, Block::parse(second).value()->hash()}));
      refused();
    }
  }
}

TEST_CASE("journal: a crash between the first block and its head is no loss") {
  Place place(false);
  test::JournalMaker maker;
  place.must_open();
  // The block became durable, the head was not written any more.
  place.put(1, maker.block(2));
  CHECK(place.must_open()->last_seq() == 2);
}
