#include "channels/sandbox/wechat_book.h"

#include <algorithm>

#include "ledger/base/check.h"

namespace suanpan::sandbox {
namespace {

constexpr std::int64_t kOrderLifeSeconds = 7 * 86400;
constexpr std::int64_t kCodeLifeSeconds = 2 * 3600;
constexpr std::int64_t kH5LifeSeconds = 5 * 60;
constexpr std::int64_t kRefundWindowSeconds = 365LL * 86400;
constexpr int kMaxRefunds = 50;

ApiError order_not_exist() { return {404, "ORDER_NOT_EXIST", "there is no such order"}; }
ApiError order_paid() { return {400, "ORDERPAID", "the order is paid"}; }
ApiError order_closed() { return {400, "ORDER_CLOSED", "the order is closed"}; }

/// The fee of an amount; amounts are bounded by the order's total, so it cannot overflow.
std::int64_t fee_of(Rate rate, std::int64_t amount_fen) {
  const auto fee = apply(rate, amount_fen, Rounding::kHalfUp);
  CHECK_OR_DIE(fee.has_value(), "the fee of {} fen overflows", amount_fen);
  return fee.value();
}

}  // namespace

std::string_view code_of(TradeType type) {
  switch (type) {
    case TradeType::kNative:
      return "NATIVE";
    case TradeType::kJsapi:
      return "JSAPI";
    case TradeType::kH5:
      return "MWEB";
    case TradeType::kApp:
      return "APP";
  }
  CHECK_OR_DIE(false, "trade type {}", static_cast<int>(type));
}

std::string_view code_of(RefundState state) {
  switch (state) {
    case RefundState::kProcessing:
      return "PROCESSING";
    case RefundState::kSuccess:
      return "SUCCESS";
    case RefundState::kClosed:
      return "CLOSED";
    case RefundState::kAbnormal:
      return "ABNORMAL";
  }
  CHECK_OR_DIE(false, "refund state {}", static_cast<int>(state));
}

WechatBook::WechatBook(BookSettings settings, SeededRandom& random)
    : settings_(std::move(settings)), random_(random) {
  for (const MerchantSettings& merchant : settings_.merchants)
    merchants_[merchant.mchid] = {merchant, merchant.opening_fen, {}};
}

std::string WechatBook::next_number(std::string_view prefix, Timestamp now) {
  // As WeChat's look: a prefix, the date, ten digits. The counter keeps them apart; the three
  // random digits make numbers of two runs differ.
  return fmt::format("{}{}{}{:07}", prefix, now.date_cn().compact(), random_.digits(3), ++counter_);
}

void WechatBook::renew_token(Order& order, Timestamp now) {
  order.token = random_.hex(20);
  const auto life = order.terms.type == TradeType::kH5 ? kH5LifeSeconds : kCodeLifeSeconds;
  order.token_expires_at = now.plus_seconds(life);
  tokens_[order.token] = {order.terms.mchid, order.terms.out_trade_no};
}

ApiResult<const Order*> WechatBook::place(const OrderTerms& terms, Timestamp now) {
  const auto merchant = merchants_.find(terms.mchid);
  if (merchant == merchants_.end())
    return ApiError{400, "MCH_NOT_EXISTS", "there is no such merchant"};
  const auto& appids = merchant->second.settings.appids;
  if (std::find(appids.begin(), appids.end(), terms.appid) == appids.end())
    return ApiError{400, "APPID_MCHID_NOT_MATCH", "the appid is not bound to the merchant"};

  const OrderKey key{terms.mchid, terms.out_trade_no};
  if (const auto found = orders_.find(key); found != orders_.end()) {
    Order& order = found->second;
    if (!(order.terms == terms))
      return ApiError{403, "OUT_TRADE_NO_USED", "the number was used with other parameters"};
    if (!order.payments.empty()) return order_paid();
    if (order.is_shut(now)) return order_closed();
    if (now >= order.token_expires_at) renew_token(order, now);
    return &order;
  }
  if (terms.time_expire && *terms.time_expire <= now)
    return param_error("time_expire lies in the past");

  Order order{terms, now, terms.time_expire.value_or(now.plus_seconds(kOrderLifeSeconds))};
  renew_token(order, now);
  mchids_of_number_[terms.out_trade_no].push_back(terms.mchid);
  return &orders_.emplace(key, std::move(order)).first->second;
}

ApiResult<const Order*> WechatBook::find(const std::string& mchid,
                                         const std::string& out_trade_no) const {
  const auto found = orders_.find({mchid, out_trade_no});
  if (found == orders_.end()) return order_not_exist();
  return &found->second;
}

ApiResult<std::pair<const Order*, const Payment*>> WechatBook::find_transaction(
    const std::string& mchid, const std::string& transaction_id) const {
  const auto found = transactions_.find(transaction_id);
  if (found == transactions_.end() || found->second.first != mchid) return order_not_exist();
  const Order& order = orders_.at(found->second);
  for (const Payment& payment : order.payments) {
    if (payment.transaction_id == transaction_id) return std::pair(&order, &payment);
  }
  CHECK_OR_DIE(false, "a transaction is indexed under an order that lacks it");
}

ApiResult<void> WechatBook::close(const std::string& mchid, const std::string& out_trade_no,
                                  Timestamp) {
  const auto found = orders_.find({mchid, out_trade_no});
  if (found == orders_.end()) return order_not_exist();
  if (!found->second.payments.empty()) return order_paid();
  found->second.closed = true;
  return success();
}

ApiResult<Order*> WechatBook::order_of(const PayAction& action) {
  if (!action.code.empty()) {
    // The token ends a code_url ("…?pr=TOKEN") and a prepay_id ("wx<time>TOKEN"); in an h5_url a
    // parameter follows it.
    std::string_view code = action.code;
    if (const auto end = code.find('&'); end != std::string_view::npos) code = code.substr(0, end);
    const std::string token(code.size() > 20 ? code.substr(code.size() - 20) : code);
    const auto found = tokens_.find(token);
    if (found == tokens_.end()) return order_not_exist();
    return &orders_.at(found->second);
  }
  const auto mchids = mchids_of_number_.find(action.out_trade_no);
  if (mchids == mchids_of_number_.end()) return order_not_exist();
  if (action.mchid.empty() && mchids->second.size() > 1)
    return param_error("several merchants have that number: say which by \"mchid\"");
  const auto found = orders_.find(
      {action.mchid.empty() ? mchids->second.front() : action.mchid, action.out_trade_no});
  if (found == orders_.end()) return order_not_exist();
  return &found->second;
}

ApiResult<std::pair<const Order*, const Payment*>> WechatBook::pay(const PayAction& action,
                                                                   Timestamp now) {
  TRY(auto order, order_of(action));
  if (!order->payments.empty() && !action.again) return order_paid();
  if (order->is_shut(now) && !action.late) return order_closed();
  const bool stale = !action.code.empty() && now >= order->token_expires_at;
  if (stale && !action.late && !action.again) return invalid_request("the code has expired");

  Merchant& merchant = merchants_.at(order->terms.mchid);
  Payment payment;
  payment.transaction_id = next_number("4200002026", now);
  payment.openid = !action.openid.empty()         ? action.openid
                   : !order->terms.openid.empty() ? order->terms.openid
                                                  : "oSandbox" + random_.letters(20);
  payment.bank_type = action.bank_type.empty() ? "OTHERS" : action.bank_type;
  payment.paid_at = now;
  payment.total_fen = order->terms.total_fen;
  payment.fee_fen = fee_of(merchant.settings.fee_rate, payment.total_fen);
  payment.fee_kept_fen = payment.fee_fen;
  order->payments.push_back(payment);
  transactions_[payment.transaction_id] = {order->terms.mchid, order->terms.out_trade_no};

  move(merchant, now, "交易", payment.total_fen, {payment.transaction_id, ""});
  if (payment.fee_fen > 0)
    move(merchant, now, "扣除交易手续费", -payment.fee_fen, {payment.transaction_id, ""});
  return std::pair<const Order*, const Payment*>(order, &order->payments.back());
}

void WechatBook::move(Merchant& merchant, Timestamp now, std::string kind, std::int64_t amount_fen,
                      std::pair<std::string, std::string> number_and_note) {
  merchant.balance_fen += amount_fen;
  auto& [number, note] = number_and_note;
  merchant.flows.push_back({now, std::move(number), next_number("50", now), std::move(kind),
                            amount_fen, merchant.balance_fen, std::move(note)});
}

ApiResult<std::pair<Order*, Payment*>> WechatBook::payment_of(const RefundTerms& terms) {
  OrderKey key{terms.mchid, terms.out_trade_no};
  if (!terms.transaction_id.empty()) {
    const auto found = transactions_.find(terms.transaction_id);
    if (found == transactions_.end() || found->second.first != terms.mchid)
      return order_not_exist();
    key = found->second;
  }
  const auto found = orders_.find(key);
  if (found == orders_.end()) return order_not_exist();
  Order& order = found->second;
  if (order.payments.empty()) return invalid_request("the order is not paid");
  for (Payment& payment : order.payments) {
    if (terms.transaction_id.empty() || payment.transaction_id == terms.transaction_id)
      return std::pair(&order, &payment);
  }
  return order_not_exist();
}

ApiResult<const Refund*> WechatBook::refund(const RefundTerms& terms, RefundState fate,
                                            Timestamp now) {
  const RefundKey key{terms.mchid, terms.out_refund_no};
  if (const auto found = refunds_.find(key); found != refunds_.end()) {
    if (!(found->second.terms == terms))
      return invalid_request("the out_refund_no was used with other parameters");
    return &found->second;
  }
  TRY(auto target, payment_of(terms));
  auto [order, payment] = target;
  if (terms.total_fen != payment->total_fen)
    return param_error("amount.total is not the order's total");
  if (now >= payment->paid_at.plus_seconds(kRefundWindowSeconds))
    return invalid_request("the order was paid over a year ago");
  if (payment->refunds >= kMaxRefunds)
    return invalid_request("the order has been refunded 50 times");
  if (terms.refund_fen > payment->total_fen - payment->refunded_fen)
    return invalid_request("the refund is more than is left of the order");

  Merchant& merchant = merchants_.at(terms.mchid);
  const std::int64_t left = payment->total_fen - payment->refunded_fen - terms.refund_fen;
  const std::int64_t kept = fee_of(merchant.settings.fee_rate, left);
  const std::int64_t fee_back = payment->fee_kept_fen - kept;
  if (merchant.balance_fen < terms.refund_fen - fee_back)
    return ApiError{403, "NOT_ENOUGH", "the merchant's balance is not enough"};

  payment->refunded_fen += terms.refund_fen;
  payment->fee_kept_fen = kept;
  ++payment->refunds;
  Refund refund{terms, next_number("50300002026", now), payment->transaction_id,
                order->terms.out_trade_no, now};
  refund.finishes_at = now.plus_seconds(settings_.refund_delay_s);
  refund.fate = fate;
  refund.fee_back_fen = fee_back;
  move(merchant, now, "退款", fee_back - terms.refund_fen,
       {refund.refund_id, fmt::format("退款总金额{}元;含手续费{}元",
                                      format_major({terms.refund_fen}), format_major({fee_back}))});
  finishing_.emplace(refund.finishes_at, key);
  return &refunds_.emplace(key, std::move(refund)).first->second;
}

bool WechatBook::knows_refund(const std::string& mchid, const std::string& out_refund_no) const {
  return refunds_.contains({mchid, out_refund_no});
}

ApiResult<const Refund*> WechatBook::find_refund(const std::string& mchid,
                                                 const std::string& out_refund_no) const {
  const auto found = refunds_.find({mchid, out_refund_no});
  if (found == refunds_.end())
    return ApiError{404, "RESOURCE_NOT_EXISTS", "there is no such refund"};
  return &found->second;
}

void WechatBook::finish(Refund& refund) {
  refund.state = refund.fate;
  if (refund.fate != RefundState::kClosed) return;
  // CLOSED: the payer gets nothing, the merchant has its money again. (ABNORMAL keeps the money
  // out: someone has to tell WeChat where to send it.)
  Order& order = orders_.at({refund.terms.mchid, refund.out_trade_no});
  for (Payment& payment : order.payments) {
    if (payment.transaction_id != refund.transaction_id) continue;
    payment.refunded_fen -= refund.terms.refund_fen;
    Merchant& merchant = merchants_.at(refund.terms.mchid);
    // Computed anew, not added back: other refunds may have been rounded in between.
    const std::int64_t kept =
        fee_of(merchant.settings.fee_rate, payment.total_fen - payment.refunded_fen);
    const std::int64_t fee_again = kept - payment.fee_kept_fen;
    payment.fee_kept_fen = kept;
    move(merchant, refund.finishes_at, "退款失败", refund.terms.refund_fen - fee_again,
         {refund.refund_id, ""});
  }
}

std::vector<const Refund*> WechatBook::advance(Timestamp now) {
  std::vector<const Refund*> finished;
  while (!finishing_.empty() && finishing_.begin()->first <= now) {
    Refund& refund = refunds_.at(finishing_.begin()->second);
    finishing_.erase(finishing_.begin());
    finish(refund);
    finished.push_back(&refund);
  }
  return finished;
}

void WechatBook::withdraw(const std::string& mchid, std::int64_t amount_fen, std::string number,
                          Timestamp now) {
  const auto merchant = merchants_.find(mchid);
  CHECK_OR_DIE(merchant != merchants_.end(), "a settlement for an unknown merchant");
  move(merchant->second, now, "提现", -amount_fen, {std::move(number), "自动结算到银行账户"});
}

}  // namespace suanpan::sandbox
