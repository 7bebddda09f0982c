#include "ledger/store/id_filter.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

namespace suanpan {

void IdFilter::grow() {
  CHECK_OR_DIE(used_ < kMaxSegments, "the id filter is full");
  constexpr std::size_t kHugePage = 2 << 20;
  auto segment = std::make_unique<Segment>();
  const std::size_t bytes = lines(used_) * sizeof(Line);
  segment->mask = lines(used_) - 1;
  void* memory = std::aligned_alloc(kHugePage, bytes);
  CHECK_OR_DIE(memory != nullptr, "no memory for an id filter of {} bytes", bytes);
  // Look-ups go everywhere: with huge pages they miss the cache only, not the page tables too. The
  // advice may be ignored.
  ::madvise(memory, bytes, MADV_HUGEPAGE);
  std::memset(memory, 0, bytes);
  segment->lines.reset(static_cast<Line*>(memory));
  segments_[used_++] = std::move(segment);
  visible_.store(used_, std::memory_order_release);
}

}  // namespace suanpan
