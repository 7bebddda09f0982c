// Token buckets (令牌桶), one a key, in a bounded table.
//
// A key may spend `burst` at once and `per_second` in the long run. Memory is bounded whoever
// calls: a bucket that is full again says nothing and makes room; where none is, newcomers share
// one bucket, so that a flood of invented keys limits itself and not those already known.
//
// Time is an argument; a step back earns nothing. Integers only: a bucket counts billionths of a
// token, so nothing is lost to rounding. Thread-safe.
#pragma once
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ledger/base/date.h"

namespace suanpan::api {

struct RateLimit {
  std::int64_t per_second = 1000;  ///< 1 to 1,000,000
  std::int64_t burst = 2000;       ///< 1 to 1,000,000
};

class RateLimiter {
 public:
  RateLimiter(RateLimit limit, std::size_t max_keys);

  /// Takes one token of `key`. Returns 0 if there was one, else the milliseconds (at least 1) after
  /// which there will be: for Retry-After.
  std::int64_t take(std::string_view key, Timestamp now);

  std::size_t keys() const;

 private:
  struct Bucket {
    std::string key;
    std::int64_t nano_tokens = 0;
    Timestamp seen;
  };
  using Buckets = std::list<Bucket>;

  std::int64_t full() const { return limit_.burst * 1'000'000'000; }
  void refill(Bucket& bucket, Timestamp now) const;
  Bucket& bucket_of(std::string_view key, Timestamp now);

  const RateLimit limit_;
  const std::size_t max_keys_;
  mutable std::mutex mutex_;
  Buckets buckets_;                                                ///< most recently used first
  std::unordered_map<std::string_view, Buckets::iterator> index_;  ///< views into buckets_
  Bucket shared_;
};

}  // namespace suanpan::api
