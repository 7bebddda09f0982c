// Two clocks, injected. The business clock dates vouchers, cuts days and expires holds; an operator
// may advance it in tests and demonstrations. The real clock serves signatures, nonces and
// timeouts.
#pragma once
#include <atomic>
#include <chrono>

#include "ledger/base/date.h"

namespace suanpan {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Now. Thread-safe. May step back: whoever needs rising timestamps makes them so.
  virtual Timestamp now() const = 0;
};

/// The machine's clock.
class SystemClock final : public Clock {
 public:
  Timestamp now() const override {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(since).count()};
  }
};

/// A clock that stands still until it is set: the business clock of demonstrations and tests.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp start) : ns_(start.ns) {}
  Timestamp now() const override { return {ns_.load()}; }
  void set(Timestamp to) { ns_.store(to.ns); }
  void advance_seconds(std::int64_t s) { ns_.fetch_add(s * 1'000'000'000); }

 private:
  std::atomic<std::int64_t> ns_;
};

}  // namespace suanpan
