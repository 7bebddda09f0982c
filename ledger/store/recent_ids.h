// The ids claimed most recently, exactly, with their sequence: two generations of an
// open-addressing table. The older one is dropped when everything in it has reached the id
// projection.
//
// One owner: the planning thread.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "ledger/core/voucher.h"

namespace suanpan {

class RecentIds {
 public:
  /// A generation takes this many ids before the next one is begun.
  explicit RecentIds(std::size_t generation) : limit_(generation) { current_.reserve(limit_); }

  std::optional<std::uint64_t> find(const ClaimKey& key) const {
    if (const auto seq = current_.find(key)) return seq;
    return older_.find(key);
  }

  /// `projected`: the highest sequence that the id projection answers for.
  void add(const ClaimKey& key, std::uint64_t seq, std::uint64_t projected) {
    if (current_.size >= limit_ && older_.max_seq <= projected) {
      std::swap(older_, current_);
      current_.clear();
    }
    current_.add(key, seq);
  }
  std::size_t size() const { return current_.size + older_.size; }

 private:
  struct Slot {
    ClaimKey key;
    std::uint64_t seq = 0;  // 0: free
  };
  struct Generation {
    std::vector<Slot> slots;
    std::size_t size = 0;
    std::uint64_t max_seq = 0;

    void reserve(std::size_t ids) {
      std::size_t n = 1024;
      while (n < std::min<std::size_t>(ids, 1 << 16) * 2) n *= 2;
      slots.assign(n, Slot{});
    }
    void clear() {
      if (slots.empty()) reserve(0);
      std::fill(slots.begin(), slots.end(), Slot{});
      size = 0;
      max_seq = 0;
    }
    std::optional<std::uint64_t> find(const ClaimKey& key) const {
      if (size == 0) return std::nullopt;
      for (std::size_t i = std::hash<ClaimKey>{}(key) & (slots.size() - 1);;
           i = (i + 1) & (slots.size() - 1)) {
        if (slots[i].seq == 0) return std::nullopt;
        if (slots[i].key == key) return slots[i].seq;
      }
    }
    void add(const ClaimKey& key, std::uint64_t seq) {
      if ((size + 1) * 2 > slots.size()) grow();
      place(Slot{key, seq});
      ++size;
      max_seq = std::max(max_seq, seq);
    }
    void place(const Slot& slot) {
      std::size_t i = std::hash<ClaimKey>{}(slot.key) & (slots.size() - 1);
      while (slots[i].seq != 0) i = (i + 1) & (slots.size() - 1);
      slots[i] = slot;
    }
    void grow() {
      std::vector<Slot> before = std::move(slots);
      slots.assign(std::max<std::size_t>(before.size() * 2, 1024), Slot{});
      for (const Slot& slot : before)
        if (slot.seq != 0) place(slot);
    }
  };
  std::size_t limit_;
  Generation current_, older_;
};

}  // namespace suanpan
