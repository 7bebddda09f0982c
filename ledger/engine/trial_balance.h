// The trial balance (科目余额表) of a span of accounting dates: per account what it opened with,
// what moved, what it closed with, and the same rolled up along the path of the code.
//
// Amounts are minor units. Balances are debit-positive whatever the account's side, so that a
// column of them sums to zero. Red amounts reduce the turnover (发生额) of their own side.
//
// Reads one sequence; any number may run at once.
#pragma once
#include <string>
#include <vector>

#include "ledger/engine/book.h"

namespace suanpan {

struct TrialBalanceAmounts {
  std::int64_t opening = 0;          ///< debit-positive, at the start of the first day
  std::int64_t debit_turnover = 0;   ///< of the span
  std::int64_t credit_turnover = 0;  ///< of the span
  std::int64_t closing = 0;          ///< opening + debits - credits
  friend bool operator==(const TrialBalanceAmounts&, const TrialBalanceAmounts&) = default;
};

/// One code in one currency. Its amounts take in every account at and below the code.
struct TrialBalanceRow {
  std::string code;
  std::string name;   ///< the account's, else the subject's; empty where the chart has neither
  AccountId account;  ///< 0: a roll-up without an account of its own
  Currency currency = Currency::kCNY;
  AccountType type =
      AccountType::kAsset;     ///< a roll-up's: its subject's, else that of the first account below
  Side normal = Side::kDebit;  ///< likewise
  unsigned level = 1;          ///< segments of the code
  bool leaf = true;            ///< nothing below it
  TrialBalanceAmounts amounts;
};

struct TrialBalance {
  Date from, through;
  std::uint64_t seq = 0;              ///< the journal entry it reflects
  std::vector<TrialBalanceRow> rows;  ///< by code, a code before those below it
  std::vector<std::pair<Currency, TrialBalanceAmounts>> totals;  ///< each account once

  /// Per currency balances sum to zero and debits equal credits.
  bool balanced() const;
};

/// Of the days from `from` to `through`, both included. Errors: kMalformed when they are the wrong
/// way round, kTooLarge when a sum overflows, kCorrupt, kIo.
Result<TrialBalance> trial_balance(const Book& book, Date from, Date through);

}  // namespace suanpan
