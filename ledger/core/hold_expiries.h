// Open holds by the time at which they expire. Not thread-safe.
#pragma once
#include <limits>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "ledger/core/document.h"
#include "ledger/core/voucher.h"

namespace suanpan {

class HoldExpiries {
 public:
  using Expiry = std::pair<Timestamp, ClaimKey>;

  /// Of a hold that expires; nothing of other documents and holds. CHECKs that a hold decodes.
  static std::optional<Expiry> of(const Document& document);

  /// Takes a hold as its newest version is: it waits for its time while it is open.
  void put(const Expiry& expiry, bool open) {
    if (open)
      holds_.insert(expiry);
    else
      holds_.erase(expiry);
  }
  /// Those whose time has come, earliest first; at most `limit`.
  std::vector<ClaimKey> due(Timestamp now, std::size_t limit) const;
  /// Nanoseconds; the largest number when none expires.
  std::int64_t next_ns() const {
    return holds_.empty() ? std::numeric_limits<std::int64_t>::max() : holds_.begin()->first.ns;
  }

 private:
  std::set<Expiry> holds_;
};

}  // namespace suanpan
