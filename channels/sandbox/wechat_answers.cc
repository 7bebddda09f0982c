#include "channels/sandbox/wechat_answers.h"

#include "ledger/base/check.h"
#include "ledger/base/json.h"

namespace suanpan::sandbox {
namespace {

std::string_view description_of(std::string_view state) {
  if (state == "SUCCESS") return "支付成功";
  if (state == "REFUND") return "转入退款";
  if (state == "CLOSED") return "已关闭";
  return "订单未支付";
}

std::string write_transaction(const Order& order, const Payment* payment, std::string_view state,
                              std::int64_t total_fen) {
  JsonWriter json;
  json.begin_object().field("appid", order.terms.appid).field("mchid", order.terms.mchid);
  json.field("out_trade_no", order.terms.out_trade_no).field("attach", order.terms.attach);
  json.field("trade_state", state).field("trade_state_desc", description_of(state));
  json.key("amount").begin_object().field("total", total_fen).field("currency", "CNY");
  if (payment) json.field("payer_total", total_fen).field("payer_currency", "CNY");
  json.end_object();
  if (payment) {
    json.field("transaction_id", payment->transaction_id);
    json.field("trade_type", code_of(order.terms.type)).field("bank_type", payment->bank_type);
    json.field("success_time", payment->paid_at.iso_cn());
    json.key("payer").begin_object().field("openid", payment->openid).end_object();
  }
  json.end_object();
  return json.take();
}

void write_refund_numbers(JsonWriter& json, const Refund& refund) {
  json.field("refund_id", refund.refund_id).field("out_refund_no", refund.terms.out_refund_no);
  json.field("transaction_id", refund.transaction_id).field("out_trade_no", refund.out_trade_no);
  json.field("user_received_account", "支付用户零钱");
  if (refund.state == RefundState::kSuccess)
    json.field("success_time", refund.finishes_at.iso_cn());
}

}  // namespace

std::string error_json(const ApiError& error) {
  JsonWriter json;
  json.begin_object().field("code", error.code).field("message", error.message).end_object();
  return json.take();
}

std::string placed_json(const Order& order) {
  const std::string prepay_id = "wx00" + order.token;
  JsonWriter json;
  json.begin_object();
  switch (order.terms.type) {
    case TradeType::kNative:
      json.field("code_url", "weixin://wxpay/bizpayurl?pr=" + order.token);
      break;
    case TradeType::kH5:
      json.field("h5_url", "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=" +
                               prepay_id + "&package=1");
      break;
    case TradeType::kJsapi:
    case TradeType::kApp:
      json.field("prepay_id", prepay_id);
      break;
  }
  json.end_object();
  return json.take();
}

std::string transaction_json(const Order& order, const Payment* payment, Timestamp now) {
  const std::string_view state = payment ? payment->refunded_fen > 0 ? "REFUND" : "SUCCESS"
                                 : order.is_shut(now) ? "CLOSED"
                                                      : "NOTPAY";
  return write_transaction(order, payment, state,
                           payment ? payment->total_fen : order.terms.total_fen);
}

std::string transaction_event_json(const Order& order, const Payment& payment,
                                   std::optional<std::int64_t> total_fen) {
  return write_transaction(order, &payment, "SUCCESS", total_fen.value_or(payment.total_fen));
}

std::string refund_json(const Refund& refund) {
  JsonWriter json;
  json.begin_object();
  write_refund_numbers(json, refund);
  json.field("channel", "ORIGINAL").field("create_time", refund.created_at.iso_cn());
  json.field("status", code_of(refund.state)).field("funds_account", "UNSETTLED");
  json.key("amount").begin_object();
  json.field("total", refund.terms.total_fen).field("refund", refund.terms.refund_fen);
  json.field("payer_total", refund.terms.total_fen);
  json.field("payer_refund", refund.terms.refund_fen);
  json.field("settlement_refund", refund.terms.refund_fen);
  json.field("settlement_total", refund.terms.total_fen);
  json.field("discount_refund", std::int64_t{0}).field("currency", "CNY");
  json.end_object().end_object();
  return json.take();
}

std::string refund_event_json(const Refund& refund, std::optional<std::int64_t> refund_fen) {
  const std::int64_t amount = refund_fen.value_or(refund.terms.refund_fen);
  JsonWriter json;
  json.begin_object().field("mchid", refund.terms.mchid);
  write_refund_numbers(json, refund);
  json.field("refund_status", code_of(refund.state));
  json.key("amount").begin_object();
  json.field("total", refund.terms.total_fen).field("refund", amount);
  json.field("payer_total", refund.terms.total_fen).field("payer_refund", amount);
  json.end_object().end_object();
  return json.take();
}

}  // namespace suanpan::sandbox
