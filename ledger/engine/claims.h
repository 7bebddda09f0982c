// Idempotency claims of a whole book: every command is claimed by its key before it is routed to a
// shard, so that the same id in two shards, or twice under way, is planned once.
//
//   claim() ─▶ under way ─ settle(seq) ─▶ durable (kept until the id projection answers for it)
//                        └ release()   ─▶ free again: it left nothing in the journal
//
// Whoever comes second while the first is under way becomes a waiter and hears the first durable
// answer; if the first leaves nothing, the oldest waiter owns the claim.
//
// Thread-safe: keys are spread over stripes, each with a lock that is held for one table look-up.
#pragma once
#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

#include "ledger/core/voucher.h"

namespace suanpan {

struct Request;

/// An item of a request that waits for what another command with its key is told.
struct Waiter {
  std::shared_ptr<Request> request;
  std::uint32_t item = 0;
};

class Claims {
 public:
  /// `generation`: ids remembered before old ones that are projected may be forgotten.
  explicit Claims(std::size_t generation);

  enum class Outcome { kMine, kDurable, kWaits, kUnderWay };
  struct Claimed {
    Outcome outcome;
    std::uint64_t seq = 0;  ///< of the first command, when durable
  };
  /// Claims a key. kMine: whoever called must settle() or release() it, after looking for it in the
  /// id projection, which this table does not know. kWaits: `waiter` is kept.
  Claimed claim(const ClaimKey& key, const Waiter& waiter) { return claim_or_wait(key, &waiter); }
  /// The same, but nobody waits: kUnderWay, another command has the key and nothing is kept.
  Claimed try_claim(const ClaimKey& key) { return claim_or_wait(key, nullptr); }
  /// The command is durable under `seq`. `projected`: what the id projection answers for. Waiters
  /// are added to `woken`.
  void settle(const ClaimKey& key, std::uint64_t seq, std::uint64_t projected,
              std::vector<Waiter>& woken);
  /// The command left nothing: the next waiter, if any, owns the claim now.
  std::optional<Waiter> release(const ClaimKey& key);
  /// The sequence of a durable command that is remembered here.
  std::optional<std::uint64_t> find(const ClaimKey& key) const;

 private:
  static constexpr std::size_t kStripes = 64;
  // Sequences that no journal reaches mark what has none.
  static constexpr std::uint64_t kFree = 0, kUnderWay = ~std::uint64_t{0},
                                 kReleased = kUnderWay - 1;
  struct Slot {
    ClaimKey key;
    std::uint64_t seq = kFree;
  };
  /// An open-addressing table that only grows; forgotten as a whole.
  struct Generation {
    std::vector<Slot> slots;
    std::size_t size = 0, under_way = 0;
    std::uint64_t max_seq = 0;
    Slot* find(const ClaimKey& key, std::size_t hash);
    Slot& add(const ClaimKey& key, std::size_t hash);
    void clear();
  };
  struct alignas(64) Stripe {
    std::mutex mutex;
    Generation current, older;
    std::unordered_map<ClaimKey, std::vector<Waiter>> waiters;
    Slot* find(const ClaimKey& key, std::size_t hash);
    /// Forgets the older generation once the current one is full and the older one is projected.
    void turn_over(std::size_t limit, std::uint64_t projected);
  };
  Claimed claim_or_wait(const ClaimKey& key, const Waiter* waiter);
  static std::size_t hash_of(const ClaimKey& key) { return std::hash<ClaimKey>{}(key); }
  Stripe& stripe_of(std::size_t hash) const { return stripes_[hash >> 58]; }

  std::size_t limit_;                             // of one stripe's generation
  mutable std::array<Stripe, kStripes> stripes_;  // each under its own mutex
};

}  // namespace suanpan
