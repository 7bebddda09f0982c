// WeChat's bills as text. Rows come from the book; the text is exactly what WeChat writes:
//
//   trade bill   UTF-8 BOM, header of 27 names (ALL), then CRLF-ended rows whose cells begin with a
//                backtick and are parted by commas; a header of seven totals and one row of them.
//                Counts print as "45.0", fees with five decimals, amounts in yuan with two.
//   fund flow    the same with 11 columns and five totals; counts are plain.
// The SUCCESS and REFUND variants have other columns (20 and 29).
//
// Pure functions; amounts in fen.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "channels/sandbox/wechat_book.h"
#include "ledger/base/date.h"

namespace suanpan::sandbox {

struct BillRow {
  Timestamp at;
  std::string appid, mchid, transaction_id, out_trade_no, openid, trade_type, bank_type;
  std::string description, attach, rate_text;
  std::int64_t order_fen = 0;  ///< of a payment row; 0 in a refund row
  std::int64_t fee_fen = 0;    ///< negative in a refund row: the fee that came back
  // a refund row
  bool is_refund = false;
  std::string refund_id, out_refund_no;
  std::int64_t refund_fen = 0;
  Timestamp refund_asked_at;
};

enum class BillType : std::uint8_t { kAll, kSuccess, kRefund };

/// Payments made and refunds completed on that date (UTC+8), by time.
std::vector<BillRow> bill_rows(const WechatBook& book, const std::string& mchid, Date date);

/// What the rows come to after fees: the money of that day's settlement; may be negative.
std::int64_t net_of(const std::vector<BillRow>& rows);

/// The whole file. `totals_off_fen` is added to the order total (a fault).
std::string trade_bill_text(const std::vector<BillRow>& rows, BillType type,
                            std::int64_t totals_off_fen = 0);

/// The fund flows of that date, in order of booking. Empty if there are none.
std::string fund_flow_text(const Merchant& merchant, Date date);

}  // namespace suanpan::sandbox
