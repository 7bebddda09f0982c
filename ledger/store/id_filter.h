// A resident filter over every id ever claimed: a blocked Bloom filter, 16 bits an id, one cache
// line a look-up, in segments by order of arrival. It answers "never seen" for certain; anything
// else is confirmed, and the segment says where.
//
// Full segments are stored, so the hash that says where an id's bits are is part of the format, and
// anybody can compute it. Ids chosen by it make false guesses, no more: each costs its own caller a
// look at one row of each run that spans it, and they fill one line of the filter, which other ids
// hit once in `lines` times. Nothing is searched by this hash.
//
// A segment that is full knows its least and greatest id: rising ids never ask it.
//
// One thread adds, any thread asks: bits are atomic, segments only ever appear. An id must stay
// findable elsewhere (the engine's claims) until the add has happened before the asker looks.
#pragma once
#include <array>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>

#include "ledger/base/check.h"
#include "ledger/core/voucher.h"

namespace suanpan {

class IdFilter {
 public:
  static constexpr std::size_t kMaxSegments = 64;
  using Line = std::array<std::atomic<std::uint64_t>, 8>;
  static_assert(sizeof(Line) == 64 && std::atomic<std::uint64_t>::is_always_lock_free);

  /// Ids that a segment takes: a million, doubling to 16 million; the later ones grow further.
  static constexpr std::uint64_t capacity(std::size_t segment) {
    const std::uint64_t million = 1 << 20;
    return segment < 4    ? million << segment
           : segment < 20 ? million << 4
           : segment < 36 ? million << 6
                          : million << 8;
  }
  static constexpr std::size_t lines(std::size_t segment) { return capacity(segment) / 32; }

  /// The stored hash: not to be changed without a new format.
  static constexpr std::uint64_t stored_hash(const ClaimKey& key) {
    return mix64(key.id.hi ^ mix64(key.id.lo)) ^ mix64(key.caller.value + 0x9e3779b97f4a7c15);
  }

  void add(const ClaimKey& key) {
    if (used_ == 0 || segments_[used_ - 1]->count == capacity(used_ - 1)) grow();
    Segment& segment = *segments_[used_ - 1];
    if (segment.count++ == 0) segment.least = segment.greatest = key;
    if (key < segment.least) segment.least = key;
    if (segment.greatest < key) segment.greatest = key;
    const Probe p = probe(key);
    Line& line = segment.lines.get()[p.line & segment.mask];
    // One thread adds, so reading and writing apart loses nothing.
    for (std::size_t word = 0; word < 8; ++word)
      line[word].store(line[word].load(std::memory_order_relaxed) | bit(p.bits, word),
                       std::memory_order_relaxed);
  }
  /// Fetches the line that an add() of this id will change.
  void prefetch_add(const ClaimKey& key) const {
    if (used_ == 0) return;
    const Segment& segment = *segments_[used_ - 1];
    __builtin_prefetch(&segment.lines.get()[probe(key).line & segment.mask], 1);
  }

  /// Bit i: the id may have been added to segment i.
  std::uint64_t segments_of(const ClaimKey& key) const {
    const std::size_t used = visible_.load(std::memory_order_acquire);
    if (used == 0) return 0;
    const Probe p = probe(key);
    std::uint64_t found = 0;
    for (std::size_t i = used; i-- > 0;) {
      const Segment& segment = *segments_[i];
      if (i + 1 < used && (key < segment.least || segment.greatest < key)) continue;
      if (holds(segment.lines.get()[p.line & segment.mask], p.bits)) found |= std::uint64_t{1} << i;
    }
    return found;
  }
  bool may_contain(const ClaimKey& key) const { return segments_of(key) != 0; }
  /// Fetches what segments_of() will look at.
  void prefetch(const ClaimKey& key) const {
    const std::size_t used = visible_.load(std::memory_order_acquire);
    const Probe p = probe(key);
    for (std::size_t i = used; i-- > 0;) {
      const Segment& segment = *segments_[i];
      if (i + 1 < used && (key < segment.least || segment.greatest < key)) continue;
      __builtin_prefetch(&segment.lines.get()[p.line & segment.mask]);
    }
  }

  /// A full segment's bits, which do not change any more.
  std::span<const std::uint64_t> words(std::size_t segment) const {
    return {reinterpret_cast<const std::uint64_t*>(segments_[segment]->lines.get()),
            lines(segment) * 8};
  }
  /// Begins the next segment, full, for its bits to be filled in; then its bounds are to be set.
  /// Both only before anyone asks.
  std::span<std::uint64_t> restore() {
    grow();
    segments_[used_ - 1]->count = capacity(used_ - 1);
    return {reinterpret_cast<std::uint64_t*>(segments_[used_ - 1]->lines.get()),
            lines(used_ - 1) * 8};
  }
  void bound(std::size_t segment, const ClaimKey& least, const ClaimKey& greatest) {
    segments_[segment]->least = least;
    segments_[segment]->greatest = greatest;
  }
  /// Whether a line of eight words would hold the id: how verify reads a stored segment.
  static std::size_t line_of(const ClaimKey& key, std::size_t segment) {
    return probe(key).line & (lines(segment) - 1);
  }
  static bool line_holds(std::span<const std::uint64_t, 8> line, const ClaimKey& key) {
    const std::uint64_t bits = probe(key).bits;
    for (std::size_t word = 0; word < 8; ++word)
      if ((line[word] & bit(bits, word)) == 0) return false;
    return true;
  }

 private:
  struct Free {
    void operator()(Line* lines) const { std::free(lines); }
  };
  struct Segment {
    std::size_t mask = 0;
    std::unique_ptr<Line, Free> lines;
    ClaimKey least, greatest;  // read by others once a later segment is visible
    std::uint64_t count = 0;
  };
  struct Probe {
    std::uint64_t line, bits;
  };
  static Probe probe(const ClaimKey& key) {
    const std::uint64_t h = stored_hash(key);
    return {h, mix64(h ^ 0x9e3779b97f4a7c15)};
  }
  // One bit in each of the line's eight words, six hash bits each.
  static std::uint64_t bit(std::uint64_t bits, std::size_t word) {
    return std::uint64_t{1} << (bits >> (word * 6) & 63);
  }
  static bool holds(const Line& line, std::uint64_t bits) {
    const auto half = [&](std::size_t from) {
      std::uint64_t all = 1;
      for (std::size_t word = from; word < from + 4; ++word)
        all &= line[word].load(std::memory_order_relaxed) >> (bits >> (word * 6) & 63);
      return (all & 1) != 0;
    };
    return half(0) && half(4);
  }
  void grow();

  std::array<std::unique_ptr<Segment>, kMaxSegments> segments_;
  std::size_t used_ = 0;
  std::atomic<std::size_t> visible_{0};
};

}  // namespace suanpan
