// The settlement statement (结算单) that a merchant gets with its payout: orders, refunds, fees,
// net.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "reconcile/report/model.h"
#include "reconcile/run_report.h"

namespace suanpan::reconcile {

/// A settled order, what was refunded of it before taken off; or a refund of an order that an
/// earlier batch has paid, whose gross, fee and net are negative or zero.
struct SettlementLine {
  Date date;         ///< of the business, not of the settlement
  std::string kind;  ///< 支付 or 退款
  std::string order_no;
  std::string merchant_order_no;
  std::string product;
  std::int64_t sold = 0;      ///< as paid; 0 of a refund that stands alone
  std::int64_t refunded = 0;  ///< of it, positive
  std::int64_t gross = 0;     ///< sold - refunded
  std::int64_t fee = 0;
  std::int64_t net = 0;
  std::string voucher_number;
  std::string reconciled_in;  ///< batch number of the run that matched it
};

struct SettlementStatement {
  std::string batch;
  std::string merchant_no;
  std::string merchant_name;
  Date settled_on;
  Currency currency = Currency::kCNY;
  std::string payee_account;  ///< masked by the caller
  std::string payout_no;
  std::string payout_state;  ///< 待复核, 已付款, 退票 …
  std::int64_t payout = 0;   ///< what is paid to the merchant
  std::vector<SettlementLine> lines;
};

/// Errors: kMismatch if a line's sold - refunded is not its gross, its gross - fee not its net, or
/// the lines do not sum to the payout; kTooLarge.
Result<report::Report> build_settlement_report(const SettlementStatement& statement,
                                               const ReportHead& head);

}  // namespace suanpan::reconcile
