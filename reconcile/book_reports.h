// Reports of the books: trial balance (科目余额表), statement of an account (明细账, 对账单) and
// daily summary (日报). Builders take plain structs, check that they add up, and refuse what does
// not: a report that contradicts itself is worse than none.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "reconcile/report/model.h"
#include "reconcile/run_report.h"
#include "reconcile/trial_balance.h"

namespace suanpan::reconcile {

/// One section a currency. `period` is as printed: "2026-03" or "2026-03-01 至 2026-03-04".
/// Errors: as check_trial_balance.
Result<report::Report> build_trial_balance_report(const std::vector<TrialBalanceRow>& rows,
                                                  const std::string& period,
                                                  const ReportHead& head);

struct AccountLine {
  Date date;  ///< accounting date
  std::string voucher_number;
  std::string voucher_id;
  std::string summary;
  std::string counter_account;  ///< 对方科目
  std::string business_key;
  std::int64_t debit = 0;  ///< red entries are negative
  std::int64_t credit = 0;
  std::int64_t balance = 0;  ///< after the line, signed on the debit side
};

struct AccountStatement {
  std::string code;
  std::string name;
  Currency currency = Currency::kCNY;
  Date from;
  Date to;
  std::int64_t opening = 0;  ///< signed on the debit side
  std::int64_t closing = 0;
  std::vector<AccountLine> lines;
};

/// Errors: kMismatch if a line's balance, the closing balance or the dates do not follow;
/// kTooLarge.
Result<report::Report> build_account_report(const AccountStatement& statement,
                                            const ReportHead& head);

/// A day's business of one channel or one merchant; amounts in the summary's currency, refunds
/// positive.
struct DailyLine {
  std::string code;
  std::string name;
  std::uint64_t paid_count = 0;
  std::int64_t paid = 0;
  std::uint64_t refund_count = 0;
  std::int64_t refunded = 0;
  std::int64_t fee = 0;
};

/// Something that the day end has checked.
struct DailyCheck {
  std::string name;
  bool held = false;
  std::string detail;
};

struct DailySummary {
  Date date;
  Currency currency = Currency::kCNY;
  std::vector<DailyLine> channels;
  std::vector<DailyLine> merchants;
  std::uint64_t payout_count = 0;
  std::int64_t payout = 0;
  std::uint64_t vouchers = 0;
  std::uint64_t breaks = 0;
  std::uint64_t carried = 0;  ///< timing differences carried to the next day
  std::vector<DailyCheck> checks;
};

/// Errors: kMismatch if channels and merchants do not tell the same totals (both given); kTooLarge.
Result<report::Report> build_daily_report(const DailySummary& summary, const ReportHead& head);

}  // namespace suanpan::reconcile
