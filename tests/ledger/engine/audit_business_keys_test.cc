// The index of business keys: what is stored decodes to what was fed, is found again, and a wrong,
// missing or extra row is told by verify.
#include "ledger/store/business_key_projection.h"
#include "tests/ledger/engine/paper_book.h"

using namespace suanpan;
using test::Paper;

namespace {

using Catch::Matchers::Contains;

const char* const kShort = "PO-1";
const char* const kLong = "物业费 2026-03 3幢0402";

// Entries 9 to 12: two of one key, one of another that is too long for its record, one without.
struct Keyed : Paper {
  Keyed() {
    bear(kShort, 5);
    bear(kLong, 6);
    bear(kShort, 7);
    post(bank, owner, 8);
    seal();
    project();
    REQUIRE(fault() == "none");
  }
  void bear(const char* key, std::int64_t amount) {
    ChangeSet changes = moving(bank, owner, amount);
    changes.text = std::make_shared<VoucherText>(VoucherText{"", key, "", "", ""});
    accept(CommandKind::kVoucher, changes);
  }
  static std::string row_key(const char* key, std::uint64_t first) {
    return key_row_key(KeyPlace::of(key).bucket, first);
  }
  void edit(const char* key, std::uint64_t first,
            const std::function<void(std::vector<KeyMark>&)>& change) {
    auto marks =
        decode_key_row(row_key(key, first), get(Table::kBusinessKeys, row_key(key, first)));
    REQUIRE(marks);
    change(*marks);
    put(Table::kBusinessKeys, row_key(key, marks->empty() ? first : marks->front().seq),
        encode_key_row(*marks));
  }
};

std::vector<std::uint64_t> found(const BusinessKeyProjection& keys, const char* key,
                                 std::uint64_t low = 1, std::uint64_t high = 100,
                                 bool newest = false, std::size_t limit = 10) {
  auto seqs = keys.find(key, low, high, newest, limit);
  if (!seqs) FAIL(seqs.error().message);
  return seqs.value();
}

}  // namespace

TEST_CASE("business keys: what is stored is found, in both orders, within bounds") {
  using Seqs = std::vector<std::uint64_t>;
  Keyed p;
  BusinessKeyProjection keys(p.store);
  REQUIRE(keys.load());
  CHECK(keys.stamp() == 12);
  CHECK(found(keys, kShort) == Seqs{9, 11});
  CHECK(found(keys, kShort, 1, 100, true) == Seqs{11, 9});
  CHECK(found(keys, kShort, 10) == Seqs{11});
  CHECK(found(keys, kShort, 1, 10, true) == Seqs{9});
  CHECK(found(keys, kShort, 1, 100, true, 1) == Seqs{11});
  CHECK(found(keys, kLong) == Seqs{10});
  CHECK(found(keys, "PO-2").empty());
}

TEST_CASE("business keys: rows split, stored in parts, frozen and fed are one row of answers") {
  Paper p;
  MemoryStore store;
  BusinessKeyProjection keys(store);
  std::vector<BlockPtr> blocks;
  std::vector<std::uint64_t> expected;
  BlockBuilder builder;
  Stamper stamper;
  Sha256 last{};
  const auto feed = [&](int count) {
    for (int i = 0; i < count; ++i) {
      ChangeSet changes = Paper::moving(p.bank, p.owner, 1);
      if (i % 3 != 0) {
        changes.text =
            std::make_shared<VoucherText>(VoucherText{"", i % 3 == 1 ? "A" : "B", "", "", ""});
        if (i % 3 == 1) expected.push_back(stamper.next_seq);
      }
      const Content content;
      builder.accept({Paper::key(stamper.next_seq), CommandKind::kVoucher, &content, nullptr,
                      Timestamp{static_cast<std::int64_t>(stamper.next_seq)}},
                     changes, stamper);
    }
    auto block = Block::parse(builder.seal(last));
    REQUIRE(block);
    last = block.value()->hash();
    builder = BlockBuilder();
    keys.feed(block.value());
  };
  const auto check = [&] {
    CHECK(found(keys, "A", 1, ~std::uint64_t{0}, false, 5'000) == expected);
    std::vector<std::uint64_t> reversed(expected.rbegin(), expected.rend());
    CHECK(found(keys, "A", 1, ~std::uint64_t{0}, true, 5'000) == reversed);
    const std::uint64_t middle = expected[expected.size() / 2];
    CHECK(found(keys, "A", middle, middle) == std::vector{middle});
  };
  feed(3'000);
  check();
  keys.freeze();
  feed(3'000);
  check();
  const auto load = store.bulk_load();
  REQUIRE(keys.collect(*load));
  REQUIRE(load->finish());
  check();  // stored, and in memory still
  keys.stored();
  check();
  keys.freeze();
  REQUIRE(store_frozen(store, {&keys}));
  check();
  BusinessKeyProjection reopened(store);
  REQUIRE(reopened.load());
  CHECK(reopened.stamp() == 6'000);
  CHECK(found(reopened, "A", 1, 6'000, false, 5'000) == expected);
}

TEST_CASE("business keys: a refused command and one that moves nothing are not in the index") {
  Paper p;
  ChangeSet nothing = Paper::on(Paper::kToday);
  nothing.text = std::make_shared<VoucherText>(VoucherText{"", "K", "", "", ""});
  p.accept(CommandKind::kSetting, nothing);
  p.seal();
  p.project();
  CHECK(p.fault() == "none");
  BusinessKeyProjection keys(p.store);
  REQUIRE(keys.load());
  CHECK(found(keys, "K").empty());
}

TEST_CASE("verify: a wrong row of business keys is found") {
  const struct {
    const char* what;
    std::function<void(Keyed&)> plant;
    const char* fault;
  } rows[] = {
      {"a missing mark", [](Keyed& p) { p.edit(kShort, 9, [](auto& m) { m.pop_back(); }); },
       "the business key \"PO-1\" of journal entry 11 is not in its place"},
      {"a missing row",
       [](Keyed& p) { p.put(Table::kBusinessKeys, Keyed::row_key(kLong, 10), std::nullopt); },
       "of journal entry 10 is not in its place"},
      {"an extra mark",
       [](Keyed& p) { p.edit(kShort, 9, [](auto& m) {
                        m.push_back({12, m[0].tag});
                      }); },
       "names journal entry 12, which bears no such key"},
      {"a mark that leads elsewhere",
       [](Keyed& p) { p.edit(kShort, 9, [](auto& m) { m[1].seq = 12; }); },
       "of journal entry 11 is not in its place"},
      {"a wrong tag", [](Keyed& p) { p.edit(kShort, 9, [](auto& m) { m[0].tag ^= 1; }); },
       "of journal entry 9 is not in its place"},
      {"a row twice",
       [](Keyed& p) {
         p.put(Table::kBusinessKeys, Keyed::row_key(kShort, 11),
               encode_key_row({{11, KeyPlace::of(kShort).tag}}));
       },
       "has journal entry 11 out of order"},
      {"a bucket that is none",
       [](Keyed& p) { p.put(Table::kBusinessKeys, key_row_key(kKeyBuckets, 9), "abcd"); },
       "a row of another shape"},
      {"a row that is cut off",
       [](Keyed& p) { p.put(Table::kBusinessKeys, Keyed::row_key(kLong, 10), "abc"); },
       "does not decode"},
      {"a stamp that is gone",
       [](Keyed& p) { p.put(Table::kMeta, stamp_key(Table::kBusinessKeys), std::nullopt); },
       "table business_keys: it holds rows and has no stamp"},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    Keyed p;
    row.plant(p);
    CHECK_THAT(p.fault(), Contains(row.fault));
  }
}

TEST_CASE("verify: any flipped bit in a row of business keys is found") {
  Keyed p;
  for (const auto& [key, first] : {std::pair(kShort, 9), std::pair(kLong, 10)}) {
    const std::string row = Keyed::row_key(key, static_cast<std::uint64_t>(first));
    const std::string value = p.get(Table::kBusinessKeys, row);
    for (std::size_t bit = 0; bit < value.size() * 8; ++bit) {
      std::string damaged = value;
      damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
      p.put(Table::kBusinessKeys, row, damaged);
      INFO("bit " << bit);
      CHECK(p.fault() != "none");
    }
    p.put(Table::kBusinessKeys, row, value);
  }
  CHECK(p.fault() == "none");
}
