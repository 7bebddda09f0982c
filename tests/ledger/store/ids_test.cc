// Recent ids and the filter: nothing claimed is ever forgotten, small generations included.
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <thread>

#include "ledger/store/id_filter.h"
#include "ledger/store/recent_ids.h"

using namespace suanpan;

namespace {

ClaimKey key(std::uint64_t n) {
  return {Id128{mix64(n + 0x5eed), n}, CallerId{static_cast<std::uint32_t>(n % 7)}};
}

}  // namespace

TEST_CASE(
    "recent ids: an id is found until the projection answers for it, whatever the generation") {
  for (const std::size_t generation : {1, 2, 3, 16, 1000}) {
    CAPTURE(generation);
    RecentIds recent(generation);
    std::mt19937_64 random(generation);
    std::uint64_t projected = 0;
    for (std::uint64_t seq = 1; seq <= 5000; ++seq) {
      recent.add(key(seq), seq, projected);
      // Whatever the projection does not answer for must be here.
      const std::uint64_t probe = projected + 1 + random() % (seq - projected);
      REQUIRE(recent.find(key(probe)) == probe);
      REQUIRE(recent.find(key(seq)) == seq);
      CHECK_FALSE(recent.find(key(seq + 1)));
      // The projection stores now and then, after a long lag as well.
      if (random() % (generation * 4) == 0) projected = seq - random() % (seq - projected + 1);
    }
    for (std::uint64_t seq = projected + 1; seq <= 5000; ++seq)
      REQUIRE(recent.find(key(seq)) == seq);
  }
}

TEST_CASE("recent ids: they are forgotten once the projection has them, so memory is bounded") {
  RecentIds recent(16);
  for (std::uint64_t seq = 1; seq <= 10'000; ++seq) {
    recent.add(key(seq), seq, seq - 1);
    REQUIRE(recent.size() <= 32);
  }
  // And kept as long as it lags.
  RecentIds lagging(16);
  for (std::uint64_t seq = 1; seq <= 10'000; ++seq) lagging.add(key(seq), seq, 0);
  CHECK(lagging.size() == 10'000);
  for (std::uint64_t seq = 1; seq <= 10'000; ++seq) REQUIRE(lagging.find(key(seq)) == seq);
}

TEST_CASE("recent ids: caller and both halves of the id tell keys apart") {
  RecentIds recent(4);
  const ClaimKey a{Id128{1, 2}, CallerId{3}};
  recent.add(a, 1, 0);
  for (const ClaimKey& other :
       {ClaimKey{Id128{1, 2}, CallerId{4}}, ClaimKey{Id128{1, 3}, CallerId{3}},
        ClaimKey{Id128{2, 2}, CallerId{3}}, ClaimKey{Id128{2, 1}, CallerId{3}}})
    CHECK_FALSE(recent.find(other));
  CHECK(recent.find(a) == 1);
}

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
