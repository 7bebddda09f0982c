#include "channels/wechat/bill.h"

#include <fmt/format.h>

#include <array>

namespace suanpan::channels::wechat {
namespace {

constexpr std::string_view kTradedAt = "交易时间";
constexpr std::string_view kMchid = "商户号";
constexpr std::string_view kState = "交易状态";
constexpr std::string_view kCurrency = "货币种类";
constexpr std::string_view kFee = "手续费";
constexpr std::string_view kSettled = "应结订单金额";
constexpr std::string_view kRefund = "退款金额";
constexpr std::string_view kRefundRequestedAt = "退款申请时间";
constexpr std::string_view kRefundedAt = "退款成功时间";
constexpr std::string_view kRowCount = "总交易单数";

constexpr std::array<std::string_view, 8> kRequired{
    kTradedAt, "公众账号ID", kMchid, "微信订单号", "商户订单号", kState, kCurrency, kFee};
constexpr std::array<std::string_view, 3> kRefundColumns{"微信退款单号", "商户退款单号", kRefund};

/// A text column and where it goes.
struct TextColumn {
  std::string_view name;
  std::string TradeBillRow::*to;
};
constexpr std::array<TextColumn, 14> kTexts{{
    {"公众账号ID", &TradeBillRow::app_id},
    {kMchid, &TradeBillRow::mchid},
    {"微信订单号", &TradeBillRow::channel_order_no},
    {"商户订单号", &TradeBillRow::order_no},
    {"用户标识", &TradeBillRow::payer_openid},
    {"交易类型", &TradeBillRow::trade_type},
    {"付款银行", &TradeBillRow::bank},
    {"微信退款单号", &TradeBillRow::channel_refund_no},
    {"商户退款单号", &TradeBillRow::refund_no},
    {"退款类型", &TradeBillRow::refund_type},
    {"退款状态", &TradeBillRow::refund_status},
    {"商品名称", &TradeBillRow::description},
    {"商户数据包", &TradeBillRow::attach},
    {"费率", &TradeBillRow::rate},
}};

/// An amount column in yuan, where it goes, and the total that must agree with it.
struct AmountColumn {
  std::string_view name;
  std::int64_t TradeBillRow::*to;
  std::string_view total_name;  ///< empty: the bill has no total of it
  std::int64_t TradeBillTotals::*total;
};
constexpr std::array<AmountColumn, 6> kAmounts{{
    {kSettled, &TradeBillRow::settled_fen, "应结订单总金额", &TradeBillTotals::settled_fen},
    {"代金券金额", &TradeBillRow::coupon_fen, "", nullptr},
    {kRefund, &TradeBillRow::refund_fen, "退款总金额", &TradeBillTotals::refund_fen},
    {"充值券退款金额", &TradeBillRow::coupon_refund_fen, "充值券退款总金额",
     &TradeBillTotals::coupon_refund_fen},
    {"订单金额", &TradeBillRow::order_fen, "订单总金额", &TradeBillTotals::order_fen},
    {"申请退款金额", &TradeBillRow::refund_requested_fen, "申请退款总金额",
     &TradeBillTotals::refund_requested_fen},
}};
constexpr std::string_view kFeeTotal = "手续费总金额";

std::optional<TradeState> state_of(std::string_view text) {
  for (const auto state : {TradeState::kSuccess, TradeState::kRefund, TradeState::kRevoked})
    if (text == name_of(state)) return state;
  return std::nullopt;
}

Result<void> accumulate(std::int64_t& sum, std::int64_t value) {
  const auto next = checked_add(sum, value);
  if (!next) return fail(Errc::kTooLarge, "a total of the bill overflows");
  sum = *next;
  return success();
}

/// A total that the summary announces must be the rows'. One whose column the rows have must be
/// announced; one whose column they lack must be zero, which is what they sum to.
Result<void> hold_total(const BillCells& summary, std::string_view name, bool column_bound,
                        const Result<std::int64_t>& announced, std::int64_t of_rows) {
  if (!summary.has(name)) {
    if (!column_bound) return success();
    return fail(Errc::kMalformed, "bill line {}: the total {} is missing", summary.line(), name);
  }
  TRY(const auto value, announced);
  if (value != of_rows)
    return fail(Errc::kMismatch, "the bill's {} is {}, which its rows do not make", name,
                summary.text(name));
  return success();
}

}  // namespace

std::string_view name_of(TradeState state) {
  switch (state) {
    case TradeState::kSuccess:
      return "SUCCESS";
    case TradeState::kRefund:
      return "REFUND";
    case TradeState::kRevoked:
      return "REVOKED";
  }
  return "";
}

class TradeBillReader::Handler : public BillHandler {
 public:
  Handler(BillExpectation expectation, TradeRowSink sink)
      : expectation_(std::move(expectation)), sink_(std::move(sink)) {}

  const std::optional<TradeBillTotals>& believed() const { return believed_; }

  Result<void> on_header(const BillCells& header) override {
    for (const auto name : kRequired)
      if (!header.has(name)) return fail(Errc::kMalformed, "the bill has no column {}", name);
    std::size_t refund_columns = 0;
    for (const auto name : kRefundColumns) refund_columns += header.has(name) ? 1 : 0;
    has_refunds_ = refund_columns == kRefundColumns.size();
    if (refund_columns != 0 && !has_refunds_)
      return fail(Errc::kMalformed, "the bill has some of the refund columns only");
    has_orders_ = header.has(kSettled);
    if (!has_orders_ && !has_refunds_)
      return fail(Errc::kMalformed, "the bill has neither orders' nor refunds' amounts");
    for (std::size_t i = 0; i < kAmounts.size(); ++i) bound_[i] = header.has(kAmounts[i].name);
    return success();
  }

  Result<void> on_row(const BillCells& cells) override {
    TRY(auto row, read(cells));
    TRY(hold_expectation(row));
    ++sums_.rows;
    for (const auto& column : kAmounts)
      if (column.total != nullptr) {
        TRY(accumulate(sums_.*column.total, row.*column.to));
      }
    TRY(accumulate(sums_.fee_e5_yuan, row.fee_e5_yuan));
    return sink_(std::move(row));
  }

  Result<void> on_summary(const BillCells& summary) override {
    TRY(hold_total(summary, kRowCount, true, summary.count(kRowCount), sums_.rows));
    TRY(hold_total(summary, kFeeTotal, true, summary.e5_yuan(kFeeTotal), sums_.fee_e5_yuan));
    for (std::size_t i = 0; i < kAmounts.size(); ++i) {
      const auto& column = kAmounts[i];
      if (column.total == nullptr) continue;
      TRY(hold_total(summary, column.total_name, bound_[i], summary.fen(column.total_name),
                     sums_.*column.total));
    }
    believed_ = sums_;
    return success();
  }

 private:
  Result<TradeBillRow> read(const BillCells& cells) const {
    TradeBillRow row;
    row.line = cells.line();
    TRY(row.traded_at, cells.moment(kTradedAt));
    for (const auto& column : kTexts) row.*column.to = cells.text(column.name);
    for (const auto& column : kAmounts) {
      TRY(row.*column.to, cells.fen(column.name));
    }
    TRY(row.fee_e5_yuan, cells.e5_yuan(kFee));
    if (row.channel_refund_no == "0") row.channel_refund_no.clear();
    if (row.refund_no == "0") row.refund_no.clear();
    if (!cells.text(kRefundRequestedAt).empty()) {
      TRY(row.refund_requested_at, cells.moment(kRefundRequestedAt));
    }
    if (!cells.text(kRefundedAt).empty()) {
      TRY(row.refunded_at, cells.moment(kRefundedAt));
    }
    const auto state = state_of(cells.text(kState));
    if (!state) return fail(Errc::kUnsupported, "bill line {}: an unknown {}", row.line, kState);
    row.state = *state;
    if (cells.text(kCurrency) != "CNY")
      return fail(Errc::kUnsupported, "bill line {}: {} is not CNY", row.line, kCurrency);
    return row;
  }

  Result<void> hold_expectation(const TradeBillRow& row) const {
    if (row.mchid != expectation_.mchid)
      return fail(Errc::kMismatch, "bill line {}: another merchant's row", row.line);
    // Variant REFUND has two more times; which of them puts a row into the day is the platform's
    // to choose.
    const auto on_day = [this](const std::optional<Timestamp>& at) {
      return at && at->date_cn() == expectation_.day;
    };
    if (!on_day(row.traded_at) && !on_day(row.refund_requested_at) && !on_day(row.refunded_at))
      return fail(Errc::kMismatch, "bill line {}: a row of another day", row.line);
    const bool is_refund = row.state != TradeState::kSuccess;
    if (is_refund ? !has_refunds_ : !has_orders_)
      return fail(Errc::kMalformed, "bill line {}: a row whose columns the bill lacks", row.line);
    if (is_refund == row.refund_no.empty() && row.state != TradeState::kRevoked)
      return fail(Errc::kMalformed, "bill line {}: refund number and state disagree", row.line);
    return success();
  }

  BillExpectation expectation_;
  TradeRowSink sink_;
  bool has_orders_ = false;
  bool has_refunds_ = false;
  std::array<bool, kAmounts.size()> bound_{};
  TradeBillTotals sums_;
  std::optional<TradeBillTotals> believed_;
};

TradeBillReader::TradeBillReader(BillExpectation expectation, TradeRowSink sink)
    : handler_(std::make_unique<Handler>(std::move(expectation), std::move(sink))),
      reader_(*handler_) {}

TradeBillReader::~TradeBillReader() = default;

Result<void> TradeBillReader::feed(std::string_view chunk) { return reader_.feed(chunk); }

Result<TradeBillTotals> TradeBillReader::finish() {
  TRY(reader_.finish());
  return *handler_->believed();
}

std::string empty_trade_bill() {
  std::string columns, names, zeros;
  for (const auto name : kRequired) columns += fmt::format("{},", name);
  for (const auto name : kRefundColumns) columns += fmt::format("{},", name);
  columns += kSettled;
  for (const auto name :
       {kRowCount, std::string_view("应结订单总金额"), std::string_view("退款总金额"), kFeeTotal}) {
    names += fmt::format("{}{}", names.empty() ? "" : ",", name);
    zeros += zeros.empty() ? "`0" : ",`0.00";
  }
  return fmt::format("{}\r\n{}\r\n{}\r\n", columns, names, zeros);
}

Result<TradeBill> parse_trade_bill(std::string_view file, const BillExpectation& expectation) {
  TradeBill bill;
  TradeBillReader reader(expectation, [&bill](TradeBillRow row) -> Result<void> {
    bill.rows.push_back(std::move(row));
    return success();
  });
  TRY(reader.feed(file));
  TRY(bill.totals, reader.finish());
  return bill;
}

}  // namespace suanpan::channels::wechat
