// The id filter: nothing claimed is ever forgotten.
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
