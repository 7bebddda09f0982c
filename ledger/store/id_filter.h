// A resident filter over every id ever claimed and spilled to disk: a blocked Bloom filter, 16 bits
// an id, one cache line a look-up, in segments that double. It answers "never seen" for certain;
// anything else is confirmed on disk.
//
// One thread adds, any thread asks: bits are atomic, segments only ever appear. An id must stay
// findable elsewhere (recent ids) until the add has happened before the asker looks.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

#include "ledger/base/check.h"
#include "ledger/core/voucher.h"

namespace suanpan {

class IdFilter {
 public:
  void add(const ClaimKey& key) {
    if (count_ == capacity_) grow();
    ++count_;
    const Probe p = probe(key);
    Line& line = segments_[used_ - 1]->lines[p.line & (segments_[used_ - 1]->size - 1)];
    for (std::size_t word = 0; word < 8; ++word)
      line[word].fetch_or(std::uint64_t{1} << bit(p.bits, word), std::memory_order_relaxed);
  }

  bool may_contain(const ClaimKey& key) const {
    const Probe p = probe(key);
    const std::size_t used = visible_.load(std::memory_order_acquire);
    for (std::size_t i = used; i-- > 0;) {
      const Line& line = segments_[i]->lines[p.line & (segments_[i]->size - 1)];
      bool all = true;
      for (std::size_t word = 0; word < 8 && all; ++word)
        all = line[word].load(std::memory_order_relaxed) >> bit(p.bits, word) & 1;
      if (all) return true;
    }
    return false;
  }

 private:
  using Line = std::array<std::atomic<std::uint64_t>, 8>;
  struct Segment {
    explicit Segment(std::size_t n) : size(n), lines(new Line[n]()) {}
    std::size_t size;  // lines of 512 bits, a power of two
    std::unique_ptr<Line[]> lines;
  };
  struct Probe {
    std::uint64_t line, bits;
  };
  static Probe probe(const ClaimKey& key) {
    const std::uint64_t h = std::hash<ClaimKey>{}(key);
    return {h, mix64(h ^ 0x9e3779b97f4a7c15)};
  }
  // One bit in each of the line's eight words, six hash bits each.
  static unsigned bit(std::uint64_t bits, std::size_t word) { return bits >> (word * 6) & 63; }

  void grow() {
    CHECK_OR_DIE(used_ < segments_.size(), "the id filter is full");
    const std::size_t lines = std::size_t{1}
                              << (15 + used_);  // 2^15 lines: a million ids at 16 bits
    segments_[used_++] = std::make_unique<Segment>(lines);
    capacity_ += lines * 32;
    visible_.store(used_, std::memory_order_release);
  }

  std::array<std::unique_ptr<Segment>, 24> segments_;
  std::size_t used_ = 0;
  std::atomic<std::size_t> visible_{0};
  std::uint64_t count_ = 0, capacity_ = 0;
};

}  // namespace suanpan
