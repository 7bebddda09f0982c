// Every claimed id of a journal as a 64-bit fingerprint with its sequence: 16 bytes an id at a load
// of at most three quarters. Equal fingerprints are settled by the journal itself, so a hit is
// never taken on trust.
//
// One owner.
#pragma once
#include <cstdint>
#include <vector>

#include "ledger/core/voucher.h"

namespace suanpan {

class IdSet {
 public:
  IdSet() : slots_(1024) {}

  /// Calls `each(seq)` with every sequence whose id has this fingerprint, until it returns false.
  template <class Each>
  void candidates(const ClaimKey& key, Each&& each) const {
    const std::uint64_t print = fingerprint(key);
    for (std::size_t at = print & mask(); slots_[at].seq != 0; at = (at + 1) & mask())
      if (slots_[at].print == print && !each(slots_[at].seq)) return;
  }
  /// Fetches what candidates() and add() will look at: the table is far larger than any cache.
  void prefetch(const ClaimKey& key) const {
    __builtin_prefetch(&slots_[fingerprint(key) & mask()], 1);
  }
  void add(const ClaimKey& key, std::uint64_t seq) {
    if ((size_ + 1) * 4 > slots_.size() * 3) grow();
    put({fingerprint(key), seq});
    ++size_;
  }
  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::uint64_t print = 0;
    std::uint64_t seq = 0;  // 0: free
  };
  static std::uint64_t fingerprint(const ClaimKey& key) {
    return mix64(key.id.lo + mix64(key.id.hi + mix64(key.caller.value + 0x5851f42d4c957f2dULL)));
  }
  std::size_t mask() const { return slots_.size() - 1; }
  void put(const Slot& slot) {
    std::size_t at = slot.print & mask();
    while (slots_[at].seq != 0) at = (at + 1) & mask();
    slots_[at] = slot;
  }
  void grow() {
    std::vector<Slot> before(slots_.size() * 2);
    before.swap(slots_);
    for (const Slot& slot : before)
      if (slot.seq != 0) put(slot);
  }

  std::vector<Slot> slots_;  // a power of two
  std::size_t size_ = 0;
};

}  // namespace suanpan
