// How fast the machine itself is, sampled beside a long run: on a machine that is shared, a rate
// that falls may be a neighbour's doing. Additions to cells of memory in random order, far more
// cells than the second cache holds, timed by the thread's own CPU clock, so that waiting for a
// core does not count.
#pragma once
#include <time.h>

#include <cstdint>
#include <vector>

#include "ledger/base/ids.h"

namespace suanpan::bench {

class MachineProbe {
 public:
  /// Some two milliseconds of work; the nanoseconds that an addition took.
  double sample() {
    const double begin = cpu_ns();
    for (int i = 0; i < kAdditions; ++i, ++next_) cells_[mix64(next_) % kCells] += next_;
    return (cpu_ns() - begin) / kAdditions;
  }

 private:
  static constexpr std::size_t kCells = std::size_t{8} << 20;  // 64 MiB
  static constexpr int kAdditions = 100'000;
  static double cpu_ns() {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
  }
  std::vector<std::uint64_t> cells_ = std::vector<std::uint64_t>(kCells);
  std::uint64_t next_ = 0;
};

}  // namespace suanpan::bench
