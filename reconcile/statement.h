// Channel-neutral rows: what the outside says and what our books say, in the same words, so that
// matching knows neither WeChat nor any bank.
//
// Signs: an amount is signed by the direction of the money, seen from us. Money that comes in
// (payment, deposit, channel arrival, returned payout) is positive, money that goes out (refund,
// payout) is negative, on both sides. A fee is positive when the channel takes it and negative when
// it gives it back.
//
// Plain values; thread-safe as such. `Money` never leaves minor units.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/date.h"
#include "ledger/base/money.h"
#include "ledger/base/result.h"

namespace suanpan::reconcile {

enum class RowKind : std::uint8_t {
  kPayment = 1,       ///< 支付: an order paid through a channel
  kRefund = 2,        ///< 退款
  kPayout = 3,        ///< 付款: money that we sent through a bank
  kPayoutReturn = 4,  ///< 退票: a payout that came back
  kDeposit = 5,       ///< 入金: a bank transfer into an account of ours
  kArrival = 6,       ///< 渠道到账: the channel's own settlement arriving at our bank
  kOther = 7,         ///< 其他: a row that the importer could not place; never dropped
};

/// What one side says has become of the money. Only kDone moves money; kOpen and kFailed are equal
/// for a balance and differ for people.
enum class RowStatus : std::uint8_t {
  kOpen = 1,    ///< 处理中: on its way, or unknown
  kDone = 2,    ///< 成功
  kFailed = 3,  ///< 失败或关闭
};

std::string_view name_of(RowKind kind);      ///< "payout_return"
std::string_view name_zh(RowKind kind);      ///< "退票"
std::string_view name_of(RowStatus status);  ///< "done"
std::string_view name_zh(RowStatus status);  ///< "成功"
std::optional<RowKind> row_kind_of(std::string_view name);

/// Fees in thousandths of a minor unit: WeChat bills state them in yuan with five decimals, which
/// this holds exactly (parse_decimal(text, 5) is the value for a currency of two decimals).
inline constexpr std::int64_t kMilliPerMinor = 1000;
/// To minor units, a half away from zero: for display and for a voucher's amount.
std::int64_t round_milli(std::int64_t milli);

/// Where an outside fact stands: the file as archived and the row as a person finds it, counted
/// from 1 with the header row included. `row` 0 means "no such row".
struct SourceRef {
  std::string file;
  std::uint32_t row = 0;
  friend auto operator<=>(const SourceRef&, const SourceRef&) = default;
};

/// One row of a bill or a statement.
struct OutsideRow {
  SourceRef source;
  RowKind kind = RowKind::kPayment;
  RowStatus status = RowStatus::kDone;
  std::string our_number;      ///< our number as the outside repeats it; empty if it does not
  std::string channel_number;  ///< the outside's own number; empty if there is none
  Money amount;
  std::int64_t fee_milli = 0;
  Timestamp at;
  Date
      date;  ///< the outside's booking date; before the run's period if carried from an earlier run
};

/// One movement as our books have it. The voucher is the proof; an order that is not posted yet has
/// none (`voucher_id` empty) and is never kDone.
struct BookRow {
  std::string voucher_id;
  std::string voucher_number;  ///< 凭证字号, for people
  std::string order_id;
  std::string merchant;
  RowKind kind = RowKind::kPayment;
  RowStatus status = RowStatus::kDone;
  /// Posted to suspense (挂账) because the order was paid before: the books hold the money and
  /// recognise it as nobody's, so for a break it counts as not booked.
  bool in_suspense = false;
  std::string our_number;
  std::string channel_number;  ///< once the channel has told it
  Money amount;
  std::int64_t fee_milli = 0;
  Timestamp at;
  Date date;  ///< accounting date
};

/// Names a run: period + channel + sequence, "20260304-wechat-001" (批次号).
struct BatchNumber {
  Date period;
  std::string channel;         ///< 1-16 of a-z 0-9 _
  std::uint32_t sequence = 1;  ///< 1-999; a bill that is issued anew gets the next one
  friend auto operator<=>(const BatchNumber&, const BatchNumber&) = default;

  std::string text() const;
  /// Reads exactly what text() writes. Errors: kMalformed.
  static Result<BatchNumber> parse(std::string_view text);
  /// Errors: kMalformed for a channel or a sequence outside the limits above.
  Result<void> check() const;
};

}  // namespace suanpan::reconcile
