#include "api/rate_limit.h"

#include <catch2/catch.hpp>

using namespace suanpan;
using namespace suanpan::api;

namespace {

constexpr Timestamp kStart = Timestamp::from_seconds(1700000000);

}  // namespace

TEST_CASE("rate limit: a key spends its burst at once, then its rate") {
  RateLimiter limiter({10, 3}, 8);
  for (int i = 0; i < 3; ++i) CHECK(limiter.take("a", kStart) == 0);
  CHECK(limiter.take("a", kStart) == 100);
  CHECK(limiter.take("a", kStart.plus_ms(99)) == 1);
  CHECK(limiter.take("a", kStart.plus_ms(100)) == 0);
  CHECK(limiter.take("a", kStart.plus_ms(100)) == 100);
  // Idle time fills the bucket and no more.
  int spent = 0;
  while (limiter.take("a", kStart.plus_seconds(3600)) == 0) ++spent;
  CHECK(spent == 3);
  CHECK(limiter.take("b", kStart) == 0);
}

TEST_CASE("rate limit: over any stretch of time a key gets burst plus rate, exactly") {
  RateLimiter limiter({7, 5}, 8);
  int granted = 0;
  for (int ms = 0; ms <= 10'000; ++ms) granted += limiter.take("a", kStart.plus_ms(ms)) == 0;
  CHECK(granted == 5 + 7 * 10);
}

TEST_CASE("rate limit: a clock that steps back earns nothing and breaks nothing") {
  RateLimiter limiter({1, 1}, 8);
  CHECK(limiter.take("a", kStart) == 0);
  CHECK(limiter.take("a", kStart.plus_seconds(-3600)) == 1000);
  CHECK(limiter.take("a", kStart) == 1000);
  CHECK(limiter.take("a", kStart.plus_seconds(1)) == 0);
  CHECK(limiter.take("a", Timestamp{INT64_MAX}) == 0);
  CHECK(limiter.take("a", Timestamp{INT64_MAX}) == 1000);
}

TEST_CASE("rate limit: a flood of keys stays in bounded memory and limits only itself") {
  RateLimiter limiter({1, 2}, 4);
  for (const char* key : {"a", "b", "c", "d"}) CHECK(limiter.take(key, kStart) == 0);
  int granted = 0;
  for (int i = 0; i < 1000; ++i) granted += limiter.take("flood" + std::to_string(i), kStart) == 0;
  CHECK(granted == 2);  // one shared bucket
  CHECK(limiter.keys() == 4);
  CHECK(limiter.take("a", kStart) == 0);
  CHECK(limiter.take("a", kStart) != 0);
  // Buckets that are full again make room.
  const Timestamp later = kStart.plus_seconds(10);
  CHECK(limiter.take("new", later) == 0);
  CHECK(limiter.take("new", later) == 0);
  CHECK(limiter.take("new", later) != 0);
  CHECK(limiter.keys() == 4);
  // One that was spent is not forgotten by being pushed out.
  for (const char* key : {"p", "q", "r"}) CHECK(limiter.take(key, later) == 0);
  CHECK(limiter.take("new", later) != 0);
}
