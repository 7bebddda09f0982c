// The id index beyond its first full segment: its bits are stored, its runs merged, what is left of
// them erased, and verify holds all of it against the journal.
#include <catch2/catch.hpp>

#include "ledger/engine/verify.h"
#include "ledger/store/id_projection.h"
#include "tests/support/memory_store.h"

using namespace suanpan;
using Catch::Matchers::Contains;

namespace {

constexpr std::uint64_t kFull = 1 << 20;  // ids of the first segment
constexpr std::uint64_t kBlock = 8192;

// A journal of settings without effects.
struct Ids {
  explicit Ids(bool random_order, bool in_turns = false)
      : random(random_order), turns(in_turns), ids(store) {
    REQUIRE(ids.load());
  }
  ClaimKey key(std::uint64_t n) const {
    // Two counters that take turns, the later one first now and then.
    if (turns) return {Id128{1, n % 3 == 0 ? n : std::uint64_t{1} << 40 | n}, CallerId{7}};
    return {random ? Id128{mix64(n + 0x5eed), n} : Id128{1, n}, CallerId{7}};
  }
  void block(std::uint64_t commands) {
    static const Content kNothing;
    BlockBuilder builder;
    ChangeSet changes;
    changes.date = Date{20'516};
    for (std::uint64_t i = 0; i < commands; ++i)
      builder.accept(
          CommandEnvelope{key(++count), CommandKind::kSetting, &kNothing, nullptr, Timestamp{1}},
          changes, stamper);
    auto sealed = Block::sealed(builder, builder.seal(hash));
    REQUIRE(sealed);
    hash = sealed.value()->hash();
    REQUIRE(store.put_synced(Table::kJournal, big_endian(sealed.value()->first_seq()),
                             sealed.value()->bytes()));
    ids.feed(sealed.value());
  }
  void save() {
    ids.freeze();
    REQUIRE(store_frozen(store, {&ids}));
  }
  std::vector<std::uint32_t> runs(Table table, std::string_view prefix) const {
    std::vector<std::uint32_t> found;
    const auto cursor = store.cursor(table);
    for (cursor->seek(prefix); cursor->valid() && cursor->key().starts_with(prefix);
         cursor->next()) {
      const auto run =
          static_cast<std::uint32_t>(from_big_endian(cursor->key().substr(prefix.size(), 4)));
      if (found.empty() || found.back() != run) found.push_back(run);
    }
    return found;
  }
  void check_found(const IdProjection& in) const {
    for (std::uint64_t n = 1; n <= count; n += 49'999) {
      const auto seq = in.find(key(n));
      REQUIRE(seq);
      CHECK(seq.value() == n);
    }
    for (std::uint64_t n = count + 1; n < count + 1000; ++n) CHECK_FALSE(in.find(key(n)).value());
  }
  std::string fault() const {
    const auto report = verify(store, Outside{Head{count, hash}, {}});
    REQUIRE(report);
    return report.value().first_fault;
  }

  bool random, turns;
  MemoryStore store;
  IdProjection ids;
  Stamper stamper;
  Sha256 hash{};
  std::uint64_t count = 0;
};

}  // namespace

TEST_CASE("id index: a full segment is stored, its runs merged, and both judged by verify") {
  Ids book(true);
  while (book.count < kFull - kBlock) {
    book.block(kBlock);
    if (book.count == 40 * kBlock || book.count == 90 * kBlock) book.save();
  }
  CHECK(book.runs(Table::kIdFilter, "r") == std::vector<std::uint32_t>{0, 1});
  // Over the edge: one run ends the segment, another begins the next.
  book.block(kBlock + 100);
  book.save();
  CHECK(book.runs(Table::kIdFilter, "r") == std::vector<std::uint32_t>{0, 1, 2, 3});
  CHECK(book.runs(Table::kIdFilter, "s") == std::vector<std::uint32_t>{0});
  book.check_found(book.ids);
  CHECK(book.fault() == "");
  // The next store merges, the one after it erases what was merged.
  book.block(10);
  book.save();
  CHECK(book.runs(Table::kIdFilter, "r") == std::vector<std::uint32_t>{3, 4, 5});
  CHECK(book.runs(Table::kIds, "") == std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5});
  book.check_found(book.ids);
  CHECK(book.fault() == "");
  {
    // Left over by a crash: found at the next opening, and erased by its first store.
    IdProjection reopened(book.store);
    REQUIRE(reopened.load());
    book.check_found(reopened);
    reopened.freeze();
    REQUIRE(store_frozen(book.store, {&reopened}));
  }
  CHECK(book.runs(Table::kIds, "") == std::vector<std::uint32_t>{3, 4, 5});
  book.check_found(book.ids);
  CHECK(book.fault() == "");

  SECTION("a bit that is missing") {
    const std::string key = id_segment_key(0, 0);
    std::string part = *book.store.get(Table::kIdFilter, key).value();
    std::fill(part.begin(), part.begin() + 64, '\0');
    REQUIRE(book.store.write({{Table::kIdFilter, key, part}}, Durability::kSynced));
    CHECK_THAT(book.fault(), Contains("table id_filter: segment 0 denies id"));
  }
  SECTION("a part that is missing") {
    REQUIRE(book.store.write({{Table::kIdFilter, id_segment_key(0, 1), std::nullopt}},
                             Durability::kSynced));
    CHECK_THAT(book.fault(), Contains("table id_filter: segment 0 is not whole"));
    IdProjection reopened(book.store);
    const auto loaded = reopened.load();
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().code == Errc::kCorrupt);
  }
}

TEST_CASE("id index: runs of rising ids are not merged, they do not overlap") {
  Ids book(false);
  while (book.count < kFull) {
    book.block(kBlock);
    if (book.count == 40 * kBlock) book.save();
  }
  book.save();
  book.block(10);
  book.save();
  CHECK(book.runs(Table::kIdFilter, "r") == std::vector<std::uint32_t>{0, 1, 2});
  CHECK(book.runs(Table::kIdFilter, "s") == std::vector<std::uint32_t>{0});
  book.check_found(book.ids);
  CHECK(book.fault() == "");
}

TEST_CASE("id index: ids that are counted by two hands in turns are each found") {
  Ids book(false, true);
  for (int round = 0; round < 4; ++round) {
    book.block(kBlock);
    book.block(5);
    book.save();
  }
  IdProjection reopened(book.store);
  REQUIRE(reopened.load());
  for (std::uint64_t n = 1; n <= book.count; ++n) REQUIRE(reopened.find(book.key(n)).value() == n);
  CHECK(book.fault() == "");
}
