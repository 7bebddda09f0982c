// A second witness for a day's trade bill: WeChat's fund-flow bill (资金账单), every movement of
// the merchant's account there. What trades, refunds and fees moved must be what the trade bill
// promises to arrive; withdrawals to the bank (提现) are told apart. Nothing is written: the file
// says which bill to doubt, it is no ground to post anything.
//
// Reads the published book; any thread; blocks.
#pragma once
#include <string_view>

#include "ledger/engine/book.h"

namespace suanpan::reconcile {

/// Minor units of CNY.
struct FundFlowCheck {
  std::uint64_t rows = 0;
  std::int64_t income = 0;
  std::int64_t expense = 0;
  std::int64_t withdrawn = 0;   ///< of the expense, what went to the bank
  std::int64_t net = 0;         ///< income - expense + withdrawn: of the day's business
  std::int64_t promised = 0;    ///< gross - fee of the day's trade bill
  std::int64_t difference = 0;  ///< net - promised
  friend bool operator==(const FundFlowCheck&, const FundFlowCheck&) = default;
};

/// Errors: the reader's (a file whose totals are not its rows' is refused, with the reason);
/// kNotFound while the trade bill of that merchant and day is not reconciled; kTooLarge.
Result<FundFlowCheck> check_fund_flow(const Book& book, std::string_view file,
                                      const std::string& mchid, Date day);

}  // namespace suanpan::reconcile
