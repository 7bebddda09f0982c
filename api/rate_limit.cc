#include "api/rate_limit.h"

#include <algorithm>

#include "ledger/base/check.h"

namespace suanpan::api {
namespace {

constexpr std::int64_t kNano = 1'000'000'000;
constexpr std::int64_t kMaxLimit = 1'000'000;  // so that a full bucket fits 64 bits

}  // namespace

RateLimiter::RateLimiter(RateLimit limit, std::size_t max_keys)
    : limit_(limit), max_keys_(max_keys) {
  CHECK_OR_DIE(limit.per_second >= 1 && limit.per_second <= kMaxLimit, "{}", limit.per_second);
  CHECK_OR_DIE(limit.burst >= 1 && limit.burst <= kMaxLimit, "{}", limit.burst);
  shared_.nano_tokens = full();
}

void RateLimiter::refill(Bucket& bucket, Timestamp now) const {
  if (now <= bucket.seen) return;
  // Nanoseconds times tokens a second are billionths of a token. A gap that fills the bucket is not
  // multiplied out: it might not fit.
  const std::int64_t elapsed_ns = now.ns - bucket.seen.ns;
  const std::int64_t missing = full() - bucket.nano_tokens;
  bucket.nano_tokens = elapsed_ns > missing / limit_.per_second
                           ? full()
                           : bucket.nano_tokens + elapsed_ns * limit_.per_second;
  bucket.seen = now;
}

RateLimiter::Bucket& RateLimiter::bucket_of(std::string_view key, Timestamp now) {
  if (const auto known = index_.find(key); known != index_.end()) {
    buckets_.splice(buckets_.begin(), buckets_, known->second);
    refill(buckets_.front(), now);
    return buckets_.front();
  }
  if (buckets_.size() >= max_keys_) {
    if (buckets_.empty()) return refill(shared_, now), shared_;
    // The one unused for longest is the one most likely to be full again.
    refill(buckets_.back(), now);
    if (buckets_.back().nano_tokens < full()) return refill(shared_, now), shared_;
    index_.erase(buckets_.back().key);
    buckets_.pop_back();
  }
  buckets_.push_front({std::string(key), full(), now});
  index_.emplace(buckets_.front().key, buckets_.begin());
  return buckets_.front();
}

std::int64_t RateLimiter::take(std::string_view key, Timestamp now) {
  const std::lock_guard lock(mutex_);
  Bucket& bucket = bucket_of(key, now);
  if (bucket.nano_tokens >= kNano) {
    bucket.nano_tokens -= kNano;
    return 0;
  }
  const std::int64_t missing = kNano - bucket.nano_tokens;
  const std::int64_t wait_ns = (missing + limit_.per_second - 1) / limit_.per_second;
  return std::max<std::int64_t>(1, (wait_ns + 999'999) / 1'000'000);
}

std::size_t RateLimiter::keys() const {
  const std::lock_guard lock(mutex_);
  return buckets_.size();
}

}  // namespace suanpan::api
