// The id filter: nothing claimed is ever forgotten, and what is stored of it stays readable.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <thread>

#include "ledger/store/id_filter.h"

using namespace suanpan;

namespace {

ClaimKey key(std::uint64_t n) {
  return {Id128{mix64(n + 0x5eed), n}, CallerId{static_cast<std::uint32_t>(n % 7)}};
}

}  // namespace

TEST_CASE("id filter: never misses an id, across segments, and rarely guesses wrong") {
  IdFilter filter;
  CHECK_FALSE(filter.may_contain(key(1)));
  constexpr std::uint64_t kIds = 2'500'000;  // into the second segment
  for (std::uint64_t n = 0; n < kIds; ++n) filter.add(key(n));
  std::uint64_t missed = 0, wrong = 0;
  for (std::uint64_t n = 0; n < kIds; ++n) missed += !filter.may_contain(key(n));
  for (std::uint64_t n = kIds; n < kIds + 200'000; ++n) wrong += filter.may_contain(key(n));
  CHECK(missed == 0);
  CHECK(wrong < 200'000 / 100);
}

TEST_CASE("id filter: readers see every id whose add happened before they looked") {
  IdFilter filter;
  std::atomic<std::uint64_t> added{0};
  std::atomic<bool> stop{false};
  std::uint64_t missed = 0;
  std::thread reader([&] {
    std::mt19937_64 random(1);
    while (!stop) {
      const std::uint64_t up_to = added.load(std::memory_order_acquire);
      if (up_to > 0) missed += !filter.may_contain(key(random() % up_to));
    }
  });
  for (std::uint64_t n = 0; n < 1'200'000; ++n) {
    filter.add(key(n));
    added.store(n + 1, std::memory_order_release);
  }
  stop = true;
  reader.join();
  CHECK(missed == 0);
}

// The finaliser of splitmix64 was computed apart, from its published constants: mix64 of the golden
// ratio's 64 bits is 0xe220a8397b1dcdaf, the first number that splitmix64 gives for the seed 0.
TEST_CASE("id filter: where an id's bits are stored does not change") {
  struct Row {
    ClaimKey key;
    std::uint64_t hash;
    std::size_t line;  // of the 32,768 of the first segment
    unsigned bits[8];  // one in each of its words
  };
  constexpr std::uint64_t kAll = ~std::uint64_t{0};
  const Row rows[] = {
      {{{0, 0}, CallerId{0}}, 0xe220a8397b1dcdaf, 19'887, {25, 7, 40, 1, 52, 37, 50, 42}},
      {{{0, 0}, CallerId{1}}, 0x910a2dec89025cc1, 23'745, {36, 53, 17, 11, 40, 20, 16, 59}},
      {{{0, 1}, CallerId{1}}, 0xebbe23e5863466bc, 26'300, {30, 26, 1, 2, 30, 12, 23, 53}},
      {{{1, 0}, CallerId{1}}, 0xc7983bf199095924, 22'820, {9, 44, 26, 37, 46, 5, 18, 5}},
      {{{0x0123456789abcdef, 0xfedcba9876543210}, CallerId{100}},
       0x5840c670809a9751,
       5'969,
       {29, 62, 6, 53, 18, 8, 38, 12}},
      {{{kAll, kAll}, CallerId{~0u}}, 0xa50cccf6ea85480b, 18'443, {3, 47, 1, 22, 5, 18, 4, 30}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.key.hex());
    CHECK(IdFilter::stored_hash(row.key) == row.hash);
    CHECK(IdFilter::line_of(row.key, 0) == row.line);
    IdFilter filter;
    filter.add(row.key);
    const auto words = filter.words(0);
    REQUIRE(words.size() == 32'768 * 8);
    CHECK(std::count(words.begin(), words.end(), 0u) == 32'767 * 8);
    for (std::size_t word = 0; word < 8; ++word)
      CHECK(words[row.line * 8 + word] == std::uint64_t{1} << row.bits[word]);
    CHECK(IdFilter::line_holds(words.subspan(row.line * 8).first<8>(), row.key));
  }
}
