#include "reconcile/settlement_report.h"

namespace suanpan::reconcile {
namespace {

using report::Cell;
using report::CellType;
using report::Section;

struct Totals {
  std::int64_t sold = 0, refunded = 0, gross = 0, fee = 0, net = 0;
};

Result<Totals> add_up(const SettlementStatement& st) {
  const auto too_large = [] {
    return fail(Errc::kTooLarge, "a total of the settlement does not fit 64 bits");
  };
  Totals t;
  for (const auto& line : st.lines) {
    const auto left = checked_sub(line.sold, line.refunded);
    const auto net = checked_sub(line.gross, line.fee);
    if (!left || !net) return too_large();
    if (*left != line.gross) {
      return fail(Errc::kMismatch, "settlement {}: order {}: sold less refunded is not gross",
                  st.batch, line.order_no);
    }
    if (*net != line.net) {
      return fail(Errc::kMismatch, "settlement {}: order {}: gross less fee is not net", st.batch,
                  line.order_no);
    }
    const auto sold = checked_add(t.sold, line.sold);
    const auto refunded = checked_add(t.refunded, line.refunded);
    const auto gross = checked_add(t.gross, line.gross), fee = checked_add(t.fee, line.fee);
    const auto sum = checked_add(t.net, line.net);
    if (!sold || !refunded || !gross || !fee || !sum) return too_large();
    t = {*sold, *refunded, *gross, *fee, *sum};
  }
  if (t.net != st.payout) {
    return fail(Errc::kMismatch, "settlement {}: the lines do not sum to the payout", st.batch);
  }
  return t;
}

Section lines_section(const SettlementStatement& st, const Totals& t) {
  Section s{"orders", "结算明细", ""};
  s.empty_note = "本批无可结算订单";
  s.table.columns = {{"date", "日期", CellType::kDate, 11},
                     {"kind", "类型", CellType::kText, 6},
                     {"order_no", "平台订单号", CellType::kText, 24},
                     {"merchant_order_no", "商户订单号", CellType::kText, 24},
                     {"product", "产品", CellType::kText, 14},
                     {"sold", "订单金额", CellType::kMoney, 14},
                     {"refunded", "退款金额", CellType::kMoney, 12},
                     {"gross", "结算金额", CellType::kMoney, 14},
                     {"fee", "手续费", CellType::kMoney, 12},
                     {"net", "结算净额", CellType::kMoney, 14},
                     {"voucher", "凭证号", CellType::kText, 12, true},
                     {"reconciled_in", "对账批次", CellType::kText, 22, true}};
  for (const auto& line : st.lines) {
    s.table.rows.push_back({line.date, line.kind, line.order_no, line.merchant_order_no,
                            line.product, Money{line.sold, st.currency},
                            Money{line.refunded, st.currency}, Money{line.gross, st.currency},
                            Money{line.fee, st.currency}, Money{line.net, st.currency},
                            line.voucher_number, line.reconciled_in});
  }
  std::vector<Cell> footer(s.table.columns.size());
  footer[0] = std::string("合计");
  footer[5] = Money{t.sold, st.currency};
  footer[6] = Money{t.refunded, st.currency};
  footer[7] = Money{t.gross, st.currency};
  footer[8] = Money{t.fee, st.currency};
  footer[9] = Money{t.net, st.currency};
  s.table.footers.push_back(std::move(footer));
  return s;
}

}  // namespace

Result<report::Report> build_settlement_report(const SettlementStatement& st,
                                               const ReportHead& head) {
  TRY(auto totals, add_up(st));
  report::Report r;
  r.key = "settlement";
  r.title = "结算单";
  r.title_en = "Settlement statement";
  r.organisation = head.organisation;
  r.period = st.settled_on.iso();
  r.batch = st.batch;
  r.currency = st.currency;
  if (st.currency != Currency::kCNY) r.currency_note = code_of(st.currency);
  r.made_at = head.made_at;
  r.signatures = head.signatures;
  r.how_to_read =
      "结算金额 = 订单金额 − 退款金额；结算净额 = 结算金额 − 手续费。前批已结算订单的退款以负数"
      "冲减本批，随退款返还的手续费亦为负数。"
      "只有已对账且渠道款已到账的订单才进入结算，「对账批次」可查其对账报告。";
  Section overview{"overview", "结算概况", ""};
  overview.facts = {{"商户", fmt::format("{} {}", st.merchant_no, st.merchant_name)},
                    {"订单金额", Money{totals.sold, st.currency}},
                    {"退款金额", Money{totals.refunded, st.currency}},
                    {"手续费", Money{totals.fee, st.currency}},
                    {"应付商户", Money{st.payout, st.currency}},
                    {"付款状态", st.payout_state},
                    {"收款账户", st.payee_account},
                    {"付款单号", st.payout_no}};
  r.sections.push_back(std::move(overview));
  r.sections.push_back(lines_section(st, totals));
  return r;
}

}  // namespace suanpan::reconcile
