// Every claimed id of a journal as a 64-bit fingerprint, by sequence: eight bytes an id, appended.
// Who knows the sequence asks for it directly; whether an id was claimed twice is found for all of
// them at once, by sorting; the rare look-up of an id alone (what does a reversal reverse) makes an
// index when the first one comes, of four bytes an id. Equal fingerprints are settled by the
// journal itself, so a hit is never taken on trust.
//
// They are taken under a key (base/keyed_hash.h): ids chosen to share one would each be read from
// the journal, and hide among more than kMostPairs pairs.
//
// Why not a table: of a hundred million random ids every look misses all caches and most of the
// page table.
//
// One owner; is() and prefetch() may be called by several threads while nothing is added.
#pragma once
#include <algorithm>
#include <memory>
#include <span>
#include <vector>

#include "ledger/core/voucher.h"

namespace suanpan {

class IdPrints {
 public:
  IdPrints() : IdPrints(kHashKey) {}
  /// For what another process began.
  explicit IdPrints(const HashKey& key) : key_(key) {}
  const HashKey& key() const { return key_; }
  /// Of the next sequence, counted from 1.
  void add(const ClaimKey& key);
  void append(std::span<const std::uint64_t> prints);
  std::uint64_t size() const { return size_; }
  /// Calls `each` with spans of fingerprints, those of the sequences after `from`.
  template <class Each>
  void for_each_piece(std::uint64_t from, Each&& each) const {
    while (from < size_) {
      const std::uint64_t count = std::min(kChunk - from % kChunk, size_ - from);
      each(std::span<const std::uint64_t>(&chunks_[from / kChunk][from % kChunk], count));
      from += count;
    }
  }
  /// Whether the id of `seq` has this id's fingerprint.
  bool is(const ClaimKey& key, std::uint64_t seq) const {
    return seq != 0 && seq <= size_ && at(seq - 1) == fingerprint(key);
  }
  void prefetch(std::uint64_t seq) const {
    if (seq != 0 && seq <= size_)
      __builtin_prefetch(&chunks_[(seq - 1) / kChunk][(seq - 1) % kChunk]);
  }
  /// Every sequence whose id has this fingerprint, latest chunk first.
  std::vector<std::uint64_t> find(const ClaimKey& key) const;

  struct Pair {
    std::uint64_t first, second;  ///< sequences, first < second
  };
  /// Sequences of equal fingerprints, by the second; at most kMostPairs, those of the lowest
  /// seconds.
  std::vector<Pair> pairs() const;
  static constexpr std::size_t kMostPairs = 4096;

 private:
  static constexpr std::uint64_t kChunk = 1 << 18;
  std::uint64_t fingerprint(const ClaimKey& key) const {
    return keyed_hash(key_, key.id.lo, key.id.hi, key.caller.value);
  }
  std::uint64_t at(std::uint64_t index) const { return chunks_[index / kChunk][index % kChunk]; }
  void index_chunk(std::size_t chunk) const;
  void find_in_tail(std::uint64_t print, std::vector<std::uint64_t>& seqs) const;

  HashKey key_;
  std::vector<std::unique_ptr<std::uint64_t[]>> chunks_;
  std::uint64_t size_ = 0;
  // Made by find(). Of a full chunk: its places, sorted by fingerprint. Of the one that grows: an
  // open-addressing table of places + 1.
  mutable std::vector<std::vector<std::uint32_t>> sorted_;
  mutable std::vector<std::uint32_t> tail_;
  mutable std::uint64_t in_tail_ = 0;
};

}  // namespace suanpan
