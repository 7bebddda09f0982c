// What verify begins with where a journal was purged: written around its largest part, read back;
// and the form in which tables are saved.
#include "ledger/engine/purge_base.h"

#include <catch2/catch.hpp>
#include <map>
#include <unordered_map>

#include "ledger/base/keyed_hash.h"
#include "ledger/engine/saved_state.h"

using namespace suanpan;

namespace {

PurgeBase example(std::string audit) {
  PurgeBase base;
  base.book = Id128{1, 2};
  base.head.seq = 77;
  base.blocks = 5;
  base.roots_judged = 3;
  base.root_keys = "keys";
  base.signature = "a line";
  base.files.resize(2);
  base.audit = std::move(audit);
  base.archived_blocks.fill(9);
  return base;
}

}  // namespace

TEST_CASE("purge base: whatever the size of the auditor's state, it is read as it was written") {
  for (const std::size_t size : {0, 1, 15, 16, 1000, 1 << 20}) {
    CAPTURE(size);
    std::string audit(size, 'a');
    if (size > 1) audit.back() = 'z';
    const std::string bytes = example(audit).bytes();
    const auto read = PurgeBase::parse(bytes);
    REQUIRE(read);
    const PurgeBase& base = read.value();
    CHECK(base.book == Id128{1, 2});
    CHECK(base.head.seq == 77);
    CHECK(base.blocks == 5);
    CHECK(base.roots_judged == 3);
    CHECK(base.root_keys == "keys");
    CHECK(base.signature == "a line");
    CHECK(base.files.size() == 2);
    CHECK(base.audit == audit);
    CHECK(base.archived_blocks == example("").archived_blocks);
    // By hand: magic, then the book's id; at the end the state, after its length, and the digest.
    CHECK(bytes.substr(0, 8) == "SPBASE03");
    CHECK(bytes.substr(bytes.size() - 32) == std::string(32, 9));
    const std::string tail = bytes.substr(bytes.size() - 32 - size - 8);
    std::uint64_t length = 0;
    std::memcpy(&length, tail.data(), 8);
    CHECK(length == size);
    CHECK(tail.substr(8, size) == audit);
    // Nothing is missing and nothing is left over.
    CHECK_FALSE(PurgeBase::parse(std::string_view(bytes).substr(0, bytes.size() - 1)));
    CHECK_FALSE(PurgeBase::parse(bytes + "x"));
  }
}

TEST_CASE("saved state: a table has one form, in whatever order it is kept") {
  std::unordered_map<std::string, std::uint32_t, KeyedHash> table, other(4096);
  std::map<std::string, std::uint32_t> sorted;
  for (std::uint32_t n = 0; n < 1000; ++n) table["key " + std::to_string(n)] = n;
  for (std::uint32_t n = 1000; n-- > 0;) other["key " + std::to_string(n)] = n;
  sorted.insert(table.begin(), table.end());
  const auto saved = [](auto& what) {
    Saver saver;
    walk(saver, what);
    return saver.take();
  };
  const std::string bytes = saved(sorted);
  CHECK(saved(table) == bytes);
  CHECK(saved(other) == bytes);
  Loader loader(bytes);
  std::unordered_map<std::string, std::uint32_t, KeyedHash> read;
  walk(loader, read);
  CHECK(loader.done());
  CHECK(read == table);
}
