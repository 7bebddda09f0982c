// The statement of an account (明细账) over accounting dates, read from a book.
//
// Entries are in the order of their dates: one that was posted later for an earlier day stands
// where it belongs, and every balance is that of this order. Any thread; blocks.
#pragma once
#include <string_view>

#include "ledger/engine/book.h"
#include "reconcile/book_reports.h"

namespace suanpan::reconcile {

inline constexpr std::size_t kMaxStatementLines = 50'000;

/// Errors: kNotFound (no such account), kMalformed (`from` after `to`), kTooLarge (more lines than
/// kMaxStatementLines); kMismatch if the entries do not lead from the balance before to the balance
/// after, which the ledger keeps apart.
Result<AccountStatement> account_statement(const Book& book, std::string_view code, Date from,
                                           Date to);

/// The house's own accounts that moved on a day, by code: bank deposits, channel receivables,
/// transit, suspense, fee income and cost. Merchants' and households' are asked for one by one.
Result<std::vector<std::string>> house_accounts_moved(const Book& book, Date day);

}  // namespace suanpan::reconcile
