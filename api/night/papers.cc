#include "api/night/papers.h"

#include <algorithm>

#include "channels/chart.h"
#include "channels/merchant.h"
#include "channels/payee.h"
#include "reconcile/account_statement.h"
#include "reconcile/book_rows.h"
#include "reconcile/reconcile_service.h"
#include "settlement/settlement_service.h"

namespace suanpan::api::night {
namespace {

using settlement::BatchState;

std::string_view state_zh(const settlement::BatchView& view) {
  switch (state_of(view.batch)) {
    case BatchState::kComputed:
      return "待审核";
    case BatchState::kReviewed:
      return "待复核";
    case BatchState::kApproved:
      return "已复核，待发送";
    case BatchState::kSent:
      return "付款中";
    case BatchState::kConfirmed:
      return view.returned_on ? "已退汇" : "已付款";
    case BatchState::kReturned:
      return "已退汇";
    case BatchState::kFailed:
      return "付款失败";
    case BatchState::kWithdrawn:
      return "已撤回";
  }
  return "";
}

// What the order brought to the merchant's own account when it was paid.
std::int64_t own_amount(const Order& order) {
  const std::string pending = channels::chart::merchant_pending(order.mch_no);
  std::int64_t amount = 0;
  for (const OrderLine& line : order.lines)
    if (line.account == pending) amount += line.amount;
  return amount;
}

reconcile::SettlementLine line_of(const Book& book, const settlement::BatchLine& taken) {
  reconcile::SettlementLine line;
  line.order_no = taken.item_no;
  line.gross = taken.gross_minor;
  line.fee = taken.fee_minor;
  line.net = taken.gross_minor - taken.fee_minor;
  line.kind = taken.gross_minor < 0 ? "退款" : "支付";
  const auto order = reconcile::stored_order(book, taken.item_no);
  if (!order) return line;
  line.date = order->paid_on;
  line.merchant_order_no = order->mch_order_no;
  line.product = order->way;
  line.voucher_number = reconcile::find_voucher(book, order->voucher).number;
  line.reconciled_in = order->reconciled;
  // A refund of an order that an earlier batch has paid stands alone.
  if (taken.gross_minor >= 0) line.sold = own_amount(*order);
  line.refunded = line.sold - taken.gross_minor;
  return line;
}

void append(Paths& to, const reconcile::ReportPaths& paths) {
  to.insert(to.end(), {paths.html, paths.csv, paths.xlsx});
}

}  // namespace

reconcile::SettlementStatement settlement_statement(const Book& book, const Vault& vault,
                                                    const settlement::BatchView& view) {
  reconcile::SettlementStatement st;
  st.batch = view.number;
  st.merchant_no = view.batch.merchant_no;
  st.settled_on = view.batch.settle_on;
  st.currency = view.batch.currency;
  st.payout = view.totals.net_minor;
  st.payout_no = view.payout_id;
  st.payout_state = state_zh(view);
  if (const auto merchant = channels::find_merchant(book, st.merchant_no)) {
    st.merchant_name = merchant->name;
    st.payee_account = channels::masked_payee(vault, st.merchant_no, merchant->payee_sealed);
  }
  // The payee of then: the merchant may have another one by now.
  if (const auto payout = reconcile::stored_payout(book, view.payout_id))
    st.payee_account = channels::masked_payee(vault, st.merchant_no, payout->payee_sealed);
  for (const settlement::BatchLine& line : view.batch.lines)
    st.lines.push_back(line_of(book, line));
  std::ranges::stable_sort(st.lines, {}, [](const reconcile::SettlementLine& line) {
    return std::tuple(line.date, line.order_no);
  });
  return st;
}

Result<Paths> write_settlement_statement(const PaperSources& from, const std::string& batch) {
  const auto view = from.settlement.find(batch);
  if (!view) return fail(Errc::kNotFound, "there is no settlement batch {}", batch);
  TRY(const auto written, from.reconcile.write_settlement_statement(
                              settlement_statement(from.book, from.vault, *view)));
  Paths paths;
  append(paths, written);
  return paths;
}

Result<Paths> write_papers_of_day(const PaperSources& from, Date day) {
  TRY(Paths paths, from.reconcile.write_day_reports(day));
  TRY(const auto accounts, reconcile::house_accounts_moved(from.book, day));
  for (const std::string& code : accounts) {
    TRY(const auto written, from.reconcile.write_account_statement(code, day, day));
    append(paths, written);
  }
  for (const Date settled_on : {day, day.plus_days(1)})
    for (const settlement::BatchView& view : from.settlement.list(settled_on)) {
      TRY(const Paths written, write_settlement_statement(from, view.number));
      paths.insert(paths.end(), written.begin(), written.end());
    }
  return paths;
}

}  // namespace suanpan::api::night
