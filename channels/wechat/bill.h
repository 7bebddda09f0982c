// The trade bill (交易账单) of a day, variants ALL, SUCCESS and REFUND: rows with exact amounts,
// and totals that were held against the rows.
//
// Columns are bound by name, so all variants parse, and columns that we do not know are ignored.
// Rows stream out before the totals are known: they are provisional until finish() has succeeded.
// Whoever acts on rows (reconciliation) reads the file twice or stages the rows.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "channels/wechat/bill_file.h"

namespace suanpan::channels::wechat {

enum class TradeState : std::uint8_t { kSuccess, kRefund, kRevoked };
std::string_view name_of(TradeState state);  ///< "SUCCESS"

/// One row. Amounts in fen, fees in 10^-5 yuan; a column that the variant lacks is 0 or empty, and
/// so is a refund number that the file writes as "0".
struct TradeBillRow {
  std::uint64_t line = 0;                   ///< in the file, from 1: the row's address in a report
  Timestamp traded_at;                      ///< 交易时间
  std::string app_id;                       ///< 公众账号ID
  std::string mchid;                        ///< 商户号
  std::string channel_order_no;             ///< 微信订单号 (transaction_id)
  std::string order_no;                     ///< 商户订单号 (out_trade_no)
  std::string payer_openid;                 ///< 用户标识: personal data
  std::string trade_type;                   ///< 交易类型: JSAPI, NATIVE, MWEB, APP …
  TradeState state = TradeState::kSuccess;  ///< 交易状态
  std::string bank;                         ///< 付款银行
  std::int64_t settled_fen = 0;             ///< 应结订单金额
  std::int64_t coupon_fen = 0;              ///< 代金券金额
  std::string channel_refund_no;            ///< 微信退款单号
  std::string refund_no;                    ///< 商户退款单号
  std::int64_t refund_fen = 0;              ///< 退款金额
  std::int64_t coupon_refund_fen = 0;       ///< 充值券退款金额
  std::string refund_type;                  ///< 退款类型: ORIGINAL, BALANCE …
  std::string refund_status;                ///< 退款状态: SUCCESS, FAIL, PROCESSING
  std::string description;                  ///< 商品名称
  std::string attach;                       ///< 商户数据包
  std::int64_t fee_e5_yuan = 0;             ///< 手续费; negative when a refund returns it
  std::string rate;                         ///< 费率 as written: "0.60%"
  std::int64_t order_fen = 0;               ///< 订单金额
  std::int64_t refund_requested_fen = 0;    ///< 申请退款金额
  std::optional<Timestamp> refund_requested_at;  ///< 退款申请时间 (variant REFUND)
  std::optional<Timestamp> refunded_at;          ///< 退款成功时间 (variant REFUND)
};

struct TradeBillTotals {
  std::int64_t rows = 0;                  ///< 总交易单数
  std::int64_t settled_fen = 0;           ///< 应结订单总金额
  std::int64_t refund_fen = 0;            ///< 退款总金额
  std::int64_t coupon_refund_fen = 0;     ///< 充值券退款总金额
  std::int64_t fee_e5_yuan = 0;           ///< 手续费总金额
  std::int64_t order_fen = 0;             ///< 订单总金额
  std::int64_t refund_requested_fen = 0;  ///< 申请退款总金额
  friend bool operator==(const TradeBillTotals&, const TradeBillTotals&) = default;
};

using TradeRowSink = std::function<Result<void>(TradeBillRow)>;

/// The streaming reader. Not thread-safe. An error is final.
class TradeBillReader {
 public:
  TradeBillReader(BillExpectation expectation, TradeRowSink sink);
  ~TradeBillReader();
  TradeBillReader(const TradeBillReader&) = delete;
  TradeBillReader& operator=(const TradeBillReader&) = delete;
  /// The next bytes, cut anywhere. Errors: kMalformed (form, encoding, a cell), kMismatch (another
  /// merchant or day), kUnsupported (currency, state), kTooLarge; the sink's.
  Result<void> feed(std::string_view chunk);
  /// The totals, once they agree with the rows. Errors: kMalformed (truncated), kMismatch (totals).
  Result<TradeBillTotals> finish();

 private:
  class Handler;
  std::unique_ptr<Handler> handler_;
  BillReader reader_;
};

struct TradeBill {
  std::vector<TradeBillRow> rows;
  TradeBillTotals totals;
};

/// The bill of a day without any trade. The platform makes none for such a day; this is what it
/// would say.
std::string empty_trade_bill();

/// A whole file at once. Errors: as TradeBillReader.
Result<TradeBill> parse_trade_bill(std::string_view file, const BillExpectation& expectation);

}  // namespace suanpan::channels::wechat
