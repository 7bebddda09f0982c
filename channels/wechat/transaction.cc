#include "channels/wechat/transaction.h"

#include <array>
#include <utility>

#include "ledger/base/limits.h"

namespace suanpan::channels::wechat {
namespace {

constexpr std::array<std::pair<std::string_view, PayStatus>, 8> kTradeStates{{
    {"SUCCESS", PayStatus::kPaid},
    {"REFUND", PayStatus::kRefunding},
    {"NOTPAY", PayStatus::kWaiting},
    {"USERPAYING", PayStatus::kWaiting},
    {"ACCEPT", PayStatus::kWaiting},
    {"CLOSED", PayStatus::kClosed},
    {"REVOKED", PayStatus::kClosed},
    {"PAYERROR", PayStatus::kFailed},
}};

constexpr std::array<std::pair<std::string_view, RefundStatus>, 4> kRefundStates{{
    {"SUCCESS", RefundStatus::kSucceeded},
    {"CLOSED", RefundStatus::kClosed},
    {"PROCESSING", RefundStatus::kProcessing},
    {"ABNORMAL", RefundStatus::kAbnormal},
}};

template <class Table>
auto find_in(const Table& table, std::string_view key)
    -> std::optional<typename Table::value_type::second_type> {
  for (const auto& [name, value] : table)
    if (name == key) return value;
  return std::nullopt;
}

Result<Timestamp> moment(const JsonValue& object, std::string_view key) {
  TRY(const auto text, object.get_string(key));
  const auto parsed = Timestamp::parse(text);
  if (!parsed) return fail(Errc::kMalformed, "\"{}\" is not a time", key);
  return *parsed;
}

/// An amount in fen, more than zero.
Result<Money> amount_of(const JsonValue& amount, std::string_view key) {
  TRY(const auto fen, amount.get_int64(key));
  if (fen <= 0 || fen > kMaxAmountMinor)
    return fail(Errc::kMalformed, "\"amount.{}\" is out of range", key);
  return Money{fen, Currency::kCNY};
}

enum class Presence : std::uint8_t { kRequired, kOptional };

Result<void> expect_cny(const JsonValue& amount, Presence presence) {
  TRY(const auto currency, optional_string(amount, "currency"));
  if (currency == "CNY" || (currency.empty() && presence == Presence::kOptional)) return success();
  return fail(Errc::kMismatch, "the currency is not CNY");
}

}  // namespace

Result<std::string> optional_string(const JsonValue& object, std::string_view key) {
  const auto member = object.find(key);
  if (!member || member->is_null()) return std::string();
  return object.get_string(key);
}

Result<Transaction> read_transaction(const Credentials& credentials, const JsonValue& object) {
  TRY(const auto mchid, object.get_string("mchid"));
  TRY(const auto appid, object.get_string("appid"));
  if (mchid != credentials.mchid) return fail(Errc::kMismatch, "it is another merchant's order");
  if (appid != credentials.appid) return fail(Errc::kMismatch, "it is another app's order");
  Transaction transaction;
  TRY(transaction.order_no, object.get_string("out_trade_no"));
  TRY(transaction.trade_state, object.get_string("trade_state"));
  const auto status = find_in(kTradeStates, transaction.trade_state);
  if (!status) return fail(Errc::kUnsupported, "a trade_state that we do not know");

  auto& outcome = transaction.outcome;
  outcome.knowledge = Knowledge::kKnown;
  outcome.status = *status;
  TRY(outcome.channel_order_no, optional_string(object, "transaction_id"));
  const bool paid = *status == PayStatus::kPaid || *status == PayStatus::kRefunding;
  if (!paid) {
    // An order that nobody has paid may come without an amount; if it has one it must fit.
    if (const auto amount = object.find("amount"); amount && !amount->is_null()) {
      TRY(expect_cny(*amount, Presence::kOptional));
    }
    return transaction;
  }
  if (outcome.channel_order_no.empty())
    return fail(Errc::kMalformed, "\"transaction_id\" is missing from a paid order");
  TRY(const auto amount, object.get("amount"));
  TRY(expect_cny(amount, Presence::kRequired));
  TRY(outcome.paid, amount_of(amount, "total"));
  TRY(outcome.paid_at, moment(object, "success_time"));
  return transaction;
}

Result<Refund> read_refund(const JsonValue& object, RefundForm form) {
  const bool answer = form == RefundForm::kAnswer;
  Refund refund;
  TRY(refund.order_no, object.get_string("out_trade_no"));
  TRY(refund.refund_no, object.get_string("out_refund_no"));
  TRY(refund.state, object.get_string(answer ? "status" : "refund_status"));
  const auto status = find_in(kRefundStates, refund.state);
  if (!status) return fail(Errc::kUnsupported, "a refund status that we do not know");

  TRY(const auto amount, object.get("amount"));
  TRY(expect_cny(amount, answer ? Presence::kRequired : Presence::kOptional));
  TRY(refund.total, amount_of(amount, "total"));
  auto& outcome = refund.outcome;
  outcome.knowledge = Knowledge::kKnown;
  outcome.status = *status;
  TRY(outcome.refunded, amount_of(amount, "refund"));
  if (outcome.refunded.minor > refund.total.minor)
    return fail(Errc::kMismatch, "the refund is larger than its order");
  TRY(outcome.channel_refund_no, object.get_string("refund_id"));
  if (*status == RefundStatus::kSucceeded) {
    TRY(outcome.refunded_at, moment(object, "success_time"));
  }
  return refund;
}

}  // namespace suanpan::channels::wechat
