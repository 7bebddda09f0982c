// The reports of a day that need a whole book: trial balance (科目余额表), daily summary (日报) and
// the open cases (未结差错). Reads the published book; any thread; blocks.
#pragma once
#include "ledger/engine/book.h"
#include "reconcile/book_reports.h"
#include "reconcile/cases.h"

namespace suanpan::reconcile {

/// The ledger's own trial balance of the day as report rows: accounts that are part of a total are
/// leaves, codes that only gather others are not. An account that has others below it stands twice,
/// once as itself. Rows without any amount are left out. Errors: as trial_balance.
Result<std::vector<TrialBalanceRow>> trial_balance_rows(const Book& book, Date from, Date through);

/// Orders paid, refunds and payouts that succeeded on the day (by the channel's time, UTC+8), and
/// vouchers of that accounting date. `breaks` and `carried` count the open cases given. Errors: the
/// store's; kTooLarge.
Result<DailySummary> daily_summary(const Book& book, Date day, const std::vector<Case>& open_cases);

/// Open cases, oldest run first.
report::Report build_case_report(const std::vector<Case>& open_cases, Date day,
                                 const ReportHead& head);

}  // namespace suanpan::reconcile
