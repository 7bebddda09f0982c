#include "channels/sandbox/wechat_bill.h"

#include <algorithm>

namespace suanpan::sandbox {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";
constexpr std::string_view kHead =
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,"
    "交易状态,付款银行,货币种类,应结订单金额,代金券金额,";
constexpr std::string_view kRefundNames =
    "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,";
constexpr std::string_view kTotals =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,"
    "申请退款总金额\r\n";
constexpr std::string_view kFlowHead =
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),"
    "账户结余(元),资金变更提交申请人,备注,业务凭证号\r\n";

std::string yuan(std::int64_t fen) { return format_major({fen}); }
std::string fee_text(std::int64_t fen) { return yuan(fen) + "000"; }  // five decimals

/// A cell may hold anything but what ends it: the separators become blanks.
std::string cell(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c == ',' || c == '`' || c == '"' || static_cast<unsigned char>(c) < 0x20) c = ' ';
  return out;
}

/// Cells with a backtick each, CRLF at the end.
std::string line_of(const std::vector<std::string>& cells) {
  std::string out;
  for (const std::string& text : cells) {
    if (!out.empty()) out += ',';
    out += '`';
    out += cell(text);
  }
  return out + "\r\n";
}

std::string header_of(BillType type) {
  std::string out(kHead);
  if (type == BillType::kRefund) out += "退款申请时间,退款成功时间,";
  if (type != BillType::kSuccess) out += kRefundNames;
  out += "商品名称,商户数据包,手续费,费率,订单金额,";
  if (type != BillType::kSuccess) out += "申请退款金额,";
  return out + "费率备注\r\n";
}

std::string row_line(const BillRow& row, BillType type) {
  std::vector<std::string> cells = {row.at.plain_cn(),
                                    row.appid,
                                    row.mchid,
                                    "0",
                                    "",
                                    row.transaction_id,
                                    row.out_trade_no,
                                    row.openid,
                                    row.trade_type,
                                    row.is_refund ? "REFUND" : "SUCCESS",
                                    row.bank_type,
                                    "CNY",
                                    yuan(row.order_fen),
                                    "0.00"};
  if (type == BillType::kRefund) {
    cells.push_back(row.refund_asked_at.plain_cn());
    cells.push_back(row.at.plain_cn());
  }
  if (type != BillType::kSuccess) {
    cells.push_back(row.is_refund ? row.refund_id : "0");
    cells.push_back(row.is_refund ? row.out_refund_no : "0");
    cells.push_back(yuan(row.refund_fen));
    cells.push_back("0.00");
    cells.push_back(row.is_refund ? "ORIGINAL" : "");
    cells.push_back(row.is_refund ? "SUCCESS" : "");
  }
  cells.insert(cells.end(), {row.description, row.attach, fee_text(row.fee_fen), row.rate_text,
                             yuan(row.order_fen)});
  if (type != BillType::kSuccess) cells.push_back(yuan(row.refund_fen));
  cells.push_back("");
  return line_of(cells);
}

/// "0.60%": WeChat prints a rate in per cent with two decimals.
std::string rate_text(Rate rate) { return yuan(rate.nano / 100'000) + "%"; }

BillRow payment_row(const Order& order, const Payment& payment, Rate rate) {
  BillRow row;
  row.at = payment.paid_at;
  row.appid = order.terms.appid;
  row.mchid = order.terms.mchid;
  row.transaction_id = payment.transaction_id;
  row.out_trade_no = order.terms.out_trade_no;
  row.openid = payment.openid;
  row.trade_type = code_of(order.terms.type);
  row.bank_type = payment.bank_type;
  row.description = order.terms.description;
  row.attach = order.terms.attach;
  row.rate_text = rate_text(rate);
  row.order_fen = payment.total_fen;
  row.fee_fen = payment.fee_fen;
  return row;
}

BillRow refund_row(const Order& order, const Refund& refund, Rate rate) {
  const auto payment =
      std::find_if(order.payments.begin(), order.payments.end(),
                   [&](const Payment& one) { return one.transaction_id == refund.transaction_id; });
  BillRow row = payment_row(order, *payment, rate);
  row.at = refund.finishes_at;
  row.is_refund = true;
  row.refund_id = refund.refund_id;
  row.out_refund_no = refund.terms.out_refund_no;
  row.refund_fen = refund.terms.refund_fen;
  row.refund_asked_at = refund.created_at;
  row.order_fen = 0;
  row.fee_fen = -refund.fee_back_fen;
  return row;
}

}  // namespace

std::vector<BillRow> bill_rows(const WechatBook& book, const std::string& mchid, Date date) {
  std::vector<BillRow> rows;
  const auto merchant = book.merchants().find(mchid);
  if (merchant == book.merchants().end()) return rows;
  const Rate rate = merchant->second.settings.fee_rate;
  for (auto at = book.orders().lower_bound({mchid, ""});
       at != book.orders().end() && at->first.first == mchid; ++at) {
    for (const Payment& payment : at->second.payments)
      if (payment.paid_at.date_cn() == date) rows.push_back(payment_row(at->second, payment, rate));
  }
  for (auto at = book.refunds().lower_bound({mchid, ""});
       at != book.refunds().end() && at->first.first == mchid; ++at) {
    const Refund& refund = at->second;
    if (refund.state != RefundState::kSuccess || refund.finishes_at.date_cn() != date) continue;
    rows.push_back(refund_row(book.orders().at({mchid, refund.out_trade_no}), refund, rate));
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const BillRow& a, const BillRow& b) { return a.at < b.at; });
  return rows;
}

std::int64_t net_of(const std::vector<BillRow>& rows) {
  std::int64_t net = 0;
  for (const BillRow& row : rows) net += row.order_fen - row.refund_fen - row.fee_fen;
  return net;
}

std::string trade_bill_text(const std::vector<BillRow>& rows, BillType type,
                            std::int64_t totals_off_fen) {
  std::string out(kBom);
  out += header_of(type);
  std::int64_t count = 0, orders = totals_off_fen, refunds = 0, fees = 0;
  for (const BillRow& row : rows) {
    if (type == BillType::kSuccess && row.is_refund) continue;
    if (type == BillType::kRefund && !row.is_refund) continue;
    out += row_line(row, type);
    ++count;
    orders += row.order_fen;
    refunds += row.refund_fen;
    fees += row.fee_fen;
  }
  out += kTotals;
  out += line_of({fmt::format("{}.0", count), yuan(orders), yuan(refunds), "0.0", yuan(fees),
                  yuan(orders), yuan(refunds)});
  return out;
}

std::string fund_flow_text(const Merchant& merchant, Date date) {
  std::string out(kBom);
  out += kFlowHead;
  std::int64_t in_count = 0, in_fen = 0, out_count = 0, out_fen = 0;
  for (const Flow& flow : merchant.flows) {
    if (flow.at.date_cn() != date) continue;
    const bool in = flow.amount_fen >= 0;
    const std::int64_t amount = in ? flow.amount_fen : -flow.amount_fen;
    (in ? in_count : out_count) += 1;
    (in ? in_fen : out_fen) += amount;
    out += line_of({flow.at.plain_cn(), flow.business_no, flow.flow_no, flow.kind, flow.kind,
                    in ? "收入" : "支出", yuan(amount), yuan(flow.balance_fen),
                    merchant.settings.mchid + "API", flow.note, flow.business_no});
  }
  if (in_count + out_count == 0) return {};
  out += "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n";
  out += line_of({std::to_string(in_count + out_count), std::to_string(in_count), yuan(in_fen),
                  std::to_string(out_count), yuan(out_fen)});
  return out;
}

}  // namespace suanpan::sandbox
