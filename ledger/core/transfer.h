// A transfer: one debit, one credit, one amount, immutable.
#pragma once
#include <cstdint>

#include "ledger/core/account.h"

namespace suanpan {

enum class TransferKind : std::uint8_t {
  kPosted = 0,       ///< moves money
  kPending = 1,      ///< reserves it: a leg of a hold (冻结)
  kPostPending = 2,  ///< turns reserved money, or a part, into posted
  kVoidPending = 3,  ///< gives reserved money back
  kRed = 4,          ///< 红冲: on the original sides, with a negative amount
  kNone = 255,       ///< a journal record without a movement (refusals, settings, documents)
};

struct Transfer {
  AccountId debit;
  AccountId credit;
  std::int64_t amount = 0;  ///< minor units of both accounts' currency; > 0, but < 0 when kRed
  TransferKind kind = TransferKind::kPosted;
  friend bool operator==(const Transfer&, const Transfer&) = default;
};

/// Adds one side of a transfer to an account's totals. Returns false, changing nothing, on
/// overflow.
inline bool apply_side(Balance& balance, const Transfer& t, Side side) {
  Balance next = balance;
  const bool debit = side == Side::kDebit;
  std::int64_t& posted = debit ? next.debits_posted : next.credits_posted;
  std::int64_t& pending = debit ? next.debits_pending : next.credits_pending;
  std::int64_t& red = debit ? next.debits_red : next.credits_red;
  bool overflow = false;
  switch (t.kind) {
    case TransferKind::kPosted:
      overflow = __builtin_add_overflow(posted, t.amount, &posted);
      break;
    case TransferKind::kPending:
      overflow = __builtin_add_overflow(pending, t.amount, &pending);
      break;
    case TransferKind::kPostPending:
      overflow = __builtin_sub_overflow(pending, t.amount, &pending) ||
                 __builtin_add_overflow(posted, t.amount, &posted);
      break;
    case TransferKind::kVoidPending:
      overflow = __builtin_sub_overflow(pending, t.amount, &pending);
      break;
    case TransferKind::kRed:
      overflow = __builtin_add_overflow(posted, t.amount, &posted) ||
                 __builtin_add_overflow(red, t.amount, &red);
      break;
    case TransferKind::kNone:
      return true;
  }
  // Differences of two totals must fit as well: balances are read on every path.
  std::int64_t ignored;
  if (overflow || __builtin_sub_overflow(next.debits_posted, next.credits_posted, &ignored) ||
      __builtin_sub_overflow(ignored, next.credits_pending, &ignored) ||
      __builtin_sub_overflow(next.credits_posted, next.debits_posted, &ignored) ||
      __builtin_sub_overflow(ignored, next.debits_pending, &ignored))
    return false;
  balance = next;
  return true;
}

}  // namespace suanpan
