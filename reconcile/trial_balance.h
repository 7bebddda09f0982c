// The trial balance (科目余额表) as rows, and what must hold of it. Pure: whoever reads the ledger
// fills the rows, the checks here are independent of how.
//
// Amounts are signed on the account's debit side: a credit balance is negative in `opening` and
// `closing`. Turnovers are not netted: red entries (红字) are negative amounts inside the turnover
// of their own side.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "ledger/base/money.h"
#include "ledger/base/result.h"

namespace suanpan::reconcile {

struct TrialBalanceRow {
  std::string code;  ///< account path; a roll-up is the code of its subject
  std::string name;
  std::uint32_t depth = 0;  ///< 0 for a subject, 1 and more below it
  bool is_leaf = true;      ///< roll-ups repeat what their leaves say and are left out of totals
  Currency currency = Currency::kCNY;
  std::int64_t opening = 0;
  std::int64_t debit = 0;
  std::int64_t credit = 0;
  std::int64_t closing = 0;
};

/// Totals over the leaves of one currency, as the two columns of each pair that a clerk adds up.
struct TrialBalanceTotals {
  Currency currency = Currency::kCNY;
  std::int64_t opening_debit = 0;
  std::int64_t opening_credit = 0;
  std::int64_t debit = 0;
  std::int64_t credit = 0;
  std::int64_t closing_debit = 0;
  std::int64_t closing_credit = 0;
};

/// Adds up and checks: every row's opening + debit - credit = closing; over all leaves of a
/// currency, opening, turnover and closing each balance (借贷平衡). Currencies in order.
/// Errors: kMismatch, naming the account or the total; kTooLarge.
Result<std::vector<TrialBalanceTotals>> check_trial_balance(
    const std::vector<TrialBalanceRow>& rows);

}  // namespace suanpan::reconcile
