// Balances as of a date that statements have told lately: the pages of one walk all tell the same.
//
// What an account had at the end of a date, by entries up to a sequence, never changes, so nothing
// is taken out but to make room for what comes. A cursor could not carry it: a cursor has a
// checksum, no signature (query_cursor.h), and a balance out of it would be whatever the caller
// wrote there. Thread-safe.
#pragma once
#include <array>
#include <mutex>
#include <optional>

#include "ledger/base/date.h"
#include "ledger/base/result.h"
#include "ledger/core/account.h"

namespace suanpan::api::v1 {

class DatedBalances {
 public:
  static constexpr std::size_t kKept = 256;

  struct Asked {
    AccountId account;
    Date date;
    std::uint64_t until = 0;
    friend bool operator==(const Asked&, const Asked&) = default;
  };

  /// What is kept, or what `compute()` says, a Result<Balance>; an error is not kept.
  template <class Compute>
  Result<Balance> of(const Asked& asked, Compute&& compute) {
    if (const auto known = find(asked)) return *known;
    TRY(const Balance balance, compute());
    keep(asked, balance);
    return balance;
  }

 private:
  struct Told {
    Asked asked;  // of account 0: none
    Balance balance;
  };
  std::optional<Balance> find(const Asked& asked) const {
    const std::lock_guard lock(mutex_);
    for (const Told& told : told_)
      if (told.asked == asked) return told.balance;
    return std::nullopt;
  }
  void keep(const Asked& asked, const Balance& balance) {
    const std::lock_guard lock(mutex_);
    told_[next_] = {asked, balance};
    next_ = (next_ + 1) % kKept;
  }

  mutable std::mutex mutex_;
  std::array<Told, kKept> told_;
  std::size_t next_ = 0;  // the oldest
};

}  // namespace suanpan::api::v1
