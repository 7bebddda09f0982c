// Drives a year's end (core/plan_close.h) to its finish: begins it, reads what
// every account of income and expense holds as of the last day, and carries it
// where the chart says, in vouchers of the book itself; then the equity that
// closes into other equity; then closes the year.
//
// Resumable: what is left is read again each time, so after a crash or a
// refusal (a frozen account, say) the same call goes on. Two at once do no
// harm: a voucher names the version of the document that it was read at.
// Blocks; not from a `done`.
#pragma once
#include "ledger/core/plan_close.h"
#include "ledger/engine/book.h"

namespace suanpan {

struct YearCloseOutcome {
  Refusal refusal;             ///< kNone: the year is closed
  std::uint32_t vouchers = 0;  ///< of the whole year's end, earlier calls included
  std::uint32_t carried = 0;   ///< accounts carried by this call
};

/// The request to close a year, for another person to begin.
Command request_year_close(RequestYearClose request);
/// Turns the request down, or takes it back; it may be asked for anew.
Command reject_year_close(RejectYearClose request);

/// The steps of close_year(), for who gives them again.
Command begin_year_close(BeginYearClose request);
Command carry_forward(CarryForward request);
Command finish_year_close(FinishYearClose request);

/// The codes of accounts that a year's end has still to carry, as of what is durable. Errors: those
/// of reading.
Result<std::vector<std::string>> left_to_carry(const Book& book, std::int32_t year);

/// Refusals: those of the planners; kCurrencyMismatch where an account closes
/// into one of another currency. Errors: kTooLarge, those of reading.
Result<YearCloseOutcome> close_year(Book& book, std::int32_t year, const std::string& checker);

}  // namespace suanpan
