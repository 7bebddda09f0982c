// The resident documents of a book that several shards plan over.
//
// A document that a shard reads or makes is leased to it until the next barrier (a new epoch): what
// another shard then wants of it is decided at a barrier, so a document never carries an effect
// from one shard to another but through one. A document that is not here may be stored; a shard
// does not decide by such a document, nor by one that does not exist unless it makes it.
//
// Thread-safe: stripes, each with a lock that is held for one look-up.
#pragma once
#include <array>
#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "ledger/core/state.h"

namespace suanpan {

class LeasedDocuments {
 public:
  explicit LeasedDocuments(State::ColdDocuments cold) : cold_(std::move(cold)) {}

  /// The document, resident or stored; null if there is none. For a barrier and for routing.
  DocumentPtr find(DocumentKind kind, std::string_view key) const;

  /// Every open document of a kind. Only while every shard is parked.
  void for_each_open(DocumentKind kind, const std::function<void(const DocumentPtr&)>& each) const;

  enum class Lease { kHeld, kAbsent, kElsewhere };
  struct Leased {
    Lease lease;
    DocumentPtr document;
  };
  /// Leases a resident document to a shard. kElsewhere: another shard holds it, or it is stored.
  Leased lease(DocumentKind kind, std::string_view key, unsigned shard);
  /// Makes documents that lease() found absent, or replaces held ones; false if another shard made
  /// one of them first, and then nothing is changed.
  bool put_leased(const DocumentChanges& changes, unsigned shard);
  /// Replaces without asking: at a barrier and at recovery.
  void put(DocumentPtr document);
  /// Ends all leases. Only while every shard is parked.
  void new_epoch() { ++epoch_; }

  /// Forgets a finished document that is stored elsewhere by now, if it is still at that version.
  void evict(const Document& document);
  /// Open holds whose time has come, earliest first; at most `limit`.
  std::vector<ClaimKey> due_holds(Timestamp now, std::size_t limit) const;
  /// Nanoseconds; the largest number when no open hold expires.
  std::int64_t next_expiry_ns() const { return next_expiry_ns_.load(); }

 private:
  static constexpr std::size_t kStripes = 64;
  struct Entry {
    DocumentPtr document;
    std::uint64_t epoch = 0;  // of the lease
    unsigned shard = 0;
  };
  struct alignas(64) Stripe {
    std::mutex mutex;
    std::unordered_map<std::string, Entry, KeyedHash> entries;  // by kind and key
  };
  static std::string name_of(DocumentKind kind, std::string_view key);
  Stripe& stripe_of(const std::string& name) const { return stripes_[KeyedHash{}(name) >> 58]; }
  void note_expiry(const Document& document);

  State::ColdDocuments cold_;
  std::uint64_t epoch_ = 1;
  mutable std::array<Stripe, kStripes> stripes_;  // each under its own mutex
  mutable std::mutex expiries_mutex_;
  HoldExpiries expiries_;
  std::atomic<std::int64_t> next_expiry_ns_{HoldExpiries{}.next_ns()};
};

}  // namespace suanpan
