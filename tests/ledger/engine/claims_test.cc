// Claims: an id is claimed once, whoever comes while it is under way hears the first answer, and
// nothing durable is forgotten before the id projection answers for it.
#include <atomic>
#include <catch2/catch.hpp>
#include <random>
#include <thread>

#include "ledger/engine/claims.h"

using namespace suanpan;
using Outcome = Claims::Outcome;

namespace {

ClaimKey key(std::uint64_t n) {
  return {Id128{mix64(n + 0x5eed), n}, CallerId{static_cast<std::uint32_t>(n % 7)}};
}

std::vector<Waiter> settle(Claims& claims, std::uint64_t n, std::uint64_t seq,
                           std::uint64_t projected = 0) {
  std::vector<Waiter> woken;
  claims.settle(key(n), seq, projected, woken);
  return woken;
}

}  // namespace

TEST_CASE("claims: the first owns the id, the others wait and are woken in their order") {
  Claims claims(1 << 10);
  CHECK(claims.claim(key(1), {nullptr, 10}).outcome == Outcome::kMine);
  CHECK(claims.claim(key(1), {nullptr, 11}).outcome == Outcome::kWaits);
  CHECK(claims.claim(key(1), {nullptr, 12}).outcome == Outcome::kWaits);
  CHECK(claims.claim(key(2), {nullptr, 20}).outcome == Outcome::kMine);
  CHECK_FALSE(claims.find(key(1)));
  const auto woken = settle(claims, 1, 77);
  REQUIRE(woken.size() == 2);
  CHECK(woken[0].item == 11);
  CHECK(woken[1].item == 12);
  CHECK(claims.find(key(1)) == 77);
  const auto again = claims.claim(key(1), {nullptr, 13});
  CHECK(again.outcome == Outcome::kDurable);
  CHECK(again.seq == 77);
  CHECK(settle(claims, 2, 78).empty());
}

TEST_CASE("claims: who only tries waits for nothing") {
  Claims claims(1 << 10);
  CHECK(claims.try_claim(key(1)).outcome == Outcome::kMine);
  CHECK(claims.try_claim(key(1)).outcome == Outcome::kUnderWay);
  CHECK(settle(claims, 1, 77).empty());
  CHECK(claims.try_claim(key(1)).outcome == Outcome::kDurable);
}

TEST_CASE("claims: what left nothing is owned by the oldest waiter, then free again") {
  Claims claims(1 << 10);
  CHECK(claims.claim(key(1), {nullptr, 10}).outcome == Outcome::kMine);
  CHECK(claims.claim(key(1), {nullptr, 11}).outcome == Outcome::kWaits);
  CHECK(claims.claim(key(1), {nullptr, 12}).outcome == Outcome::kWaits);
  const auto next = claims.release(key(1));
  REQUIRE(next);
  CHECK(next->item == 11);
  // It is the owner now: others still wait.
  CHECK(claims.claim(key(1), {nullptr, 13}).outcome == Outcome::kWaits);
  CHECK(claims.release(key(1))->item == 12);
  CHECK(claims.release(key(1))->item == 13);
  CHECK_FALSE(claims.release(key(1)));
  CHECK_FALSE(claims.find(key(1)));
  CHECK(claims.claim(key(1), {nullptr, 14}).outcome == Outcome::kMine);
  CHECK(settle(claims, 1, 5).empty());
  CHECK(claims.find(key(1)) == 5);
}

TEST_CASE("claims: an id is found until the projection answers for it, however old") {
  for (const std::size_t generation : {1, 64, 5000}) {
    CAPTURE(generation);
    Claims claims(generation);
    std::mt19937_64 random(generation);
    std::uint64_t projected = 0;
    // A claim that stays under way through all generations.
    REQUIRE(claims.claim(key(900'000), {}).outcome == Outcome::kMine);
    for (std::uint64_t seq = 1; seq <= 40'000; ++seq) {
      REQUIRE(claims.claim(key(seq), {}).outcome == Outcome::kMine);
      REQUIRE(settle(claims, seq, seq, projected).empty());
      const std::uint64_t probe = projected + 1 + random() % (seq - projected);
      REQUIRE(claims.find(key(probe)) == probe);
      if (random() % 3000 == 0) projected = seq - random() % (seq - projected + 1);
    }
    for (std::uint64_t seq = projected + 1; seq <= 40'000; ++seq)
      REQUIRE(claims.find(key(seq)) == seq);
    CHECK(claims.claim(key(900'000), {nullptr, 3}).outcome == Outcome::kWaits);
    CHECK(settle(claims, 900'000, 40'001).size() == 1);
    CHECK(claims.find(key(900'000)) == 40'001);
  }
}

TEST_CASE("claims: caller and both halves of the id tell keys apart") {
  Claims claims(1 << 10);
  const ClaimKey a{Id128{1, 2}, CallerId{3}};
  CHECK(claims.claim(a, {}).outcome == Outcome::kMine);
  for (const ClaimKey& other :
       {ClaimKey{Id128{1, 2}, CallerId{4}}, ClaimKey{Id128{1, 3}, CallerId{3}},
        ClaimKey{Id128{2, 2}, CallerId{3}}, ClaimKey{Id128{2, 1}, CallerId{3}}})
    CHECK(claims.claim(other, {}).outcome == Outcome::kMine);
}

TEST_CASE("claims: of many threads that want an id, one gets it") {
  Claims claims(1 << 10);
  constexpr std::uint64_t kIds = 20'000;
  std::atomic<std::uint64_t> mine{0}, waits{0}, durable{0}, woken{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (std::uint64_t n = 1; n <= kIds; ++n) {
        const auto claimed = claims.claim(key(n), {});
        mine += claimed.outcome == Outcome::kMine;
        waits += claimed.outcome == Outcome::kWaits;
        durable += claimed.outcome == Outcome::kDurable && claimed.seq == n;
        if (claimed.outcome == Outcome::kMine) woken += settle(claims, n, n).size();
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(mine == kIds);
  CHECK(mine + waits + durable == 4 * kIds);
  CHECK(woken == waits);
}
