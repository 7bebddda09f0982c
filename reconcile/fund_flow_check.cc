#include "reconcile/fund_flow_check.h"

#include "channels/wechat/fund_flow_bill.h"
#include "ledger/base/check.h"
#include "reconcile/run_record.h"

namespace suanpan::reconcile {
namespace {

using channels::wechat::FlowDirection;
using channels::wechat::FundFlowRow;

constexpr std::string_view kWithdrawal = "提现";

bool is_withdrawal(const FundFlowRow& row) {
  return row.direction == FlowDirection::kExpense &&
         (row.business_type.find(kWithdrawal) != std::string::npos ||
          row.business_name.find(kWithdrawal) != std::string::npos);
}

}  // namespace

Result<FundFlowCheck> check_fund_flow(const Book& book, std::string_view file,
                                      const std::string& mchid, Date day) {
  TRY(const auto bill, channels::wechat::parse_fund_flow_bill(file, day));
  const auto stored = book.document(DocumentKind::kChannelArrival, expected_key(mchid, day));
  if (!stored)
    return fail(Errc::kNotFound,
                "the trade bill of {} of {} is not reconciled, or promises nothing", mchid,
                day.iso());
  const auto promised = decode_expected(stored->bytes);
  CHECK_OR_DIE(promised, "document {} does not decode", stored->key);
  FundFlowCheck check;
  check.rows = bill.rows.size();
  check.income = bill.totals.income_fen;
  check.expense = bill.totals.expense_fen;
  for (const FundFlowRow& row : bill.rows)
    if (is_withdrawal(row)) check.withdrawn += row.amount_fen;
  check.promised = promised.value().net();
  // The totals were checked to fit; a part of one does too.
  const auto net = checked_sub(check.income, check.expense - check.withdrawn);
  const auto difference = net ? checked_sub(*net, check.promised) : std::nullopt;
  if (!difference) return fail(Errc::kTooLarge, "a sum of the fund-flow bill does not fit 64 bits");
  check.net = *net;
  check.difference = *difference;
  return check;
}

}  // namespace suanpan::reconcile
