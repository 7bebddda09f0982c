// What a change set does to its accounts, summed for the invariants: in 128 bits, and with nothing
// that the planners use.
//
// Work grows with the legs, not with their square: a few accounts are looked through, many are
// found by a keyed hash, on which no order depends. One owner.
#pragma once
#include <boost/container/small_vector.hpp>
#include <utility>
#include <vector>

#include "ledger/base/money.h"
#include "ledger/core/account.h"

namespace suanpan {

struct Delta {
  Int128 debit_posted = 0, credit_posted = 0, debit_pending = 0, credit_pending = 0;
};

/// By account, in the order in which they were first asked for with of().
class Deltas {
 public:
  /// All zeros the first time. The reference stays good until another account is asked for.
  Delta& of(AccountId id) {
    Delta* known = find(id);
    return known ? *known : add(id);
  }
  /// Null if it was never asked for.
  Delta* find(AccountId id) {
    if (!table_.empty()) return find_in_table(id);
    for (auto& [account, delta] : sums_)
      if (account == id) return &delta;
    return nullptr;
  }
  auto begin() const { return sums_.begin(); }
  auto end() const { return sums_.end(); }

 private:
  Delta& add(AccountId id);
  Delta* find_in_table(AccountId id);
  std::uint32_t& place_of(AccountId id);

  boost::container::small_vector<std::pair<AccountId, Delta>, 4> sums_;
  // Of many: where in sums_, from 1; 0: free. A power of two, and half of it free.
  std::vector<std::uint32_t> table_;
};

}  // namespace suanpan
