#include "channels/wechat/order_body.h"

#include <fmt/format.h>

#include <algorithm>

#include "ledger/base/limits.h"

namespace suanpan::channels::wechat {
namespace {

constexpr std::string_view kNumberAlphabet =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-|*";

bool is_number(std::string_view text, std::size_t least, std::size_t most) {
  return text.size() >= least && text.size() <= most &&
         text.find_first_not_of(kNumberAlphabet) == std::string_view::npos;
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

Result<void> check_amount(Money amount) {
  if (amount.currency != Currency::kCNY)
    return fail(Errc::kUnsupported, "wechat: a direct merchant is paid in CNY");
  if (amount.minor <= 0 || amount.minor > kMaxAmountMinor)
    return fail(Errc::kMalformed, "wechat: the amount is out of range");
  return success();
}

Result<void> check_order_no(std::string_view order_no) {
  if (!is_number(order_no, 6, 32))
    return fail(Errc::kMalformed, "wechat: the order number must be 6-32 of 0-9 A-Z a-z _ - | *");
  return success();
}

Result<void> check_notify_url(std::string_view url) {
  const bool scheme = url.starts_with("https://") || url.starts_with("http://");
  if (!scheme || url.size() > 255 || url.find_first_of("?# \r\n\t") != std::string_view::npos)
    return fail(Errc::kMalformed, "wechat: the notify URL must be absolute, without a query");
  return success();
}

Result<void> check_order(const PayRequest& request) {
  TRY(check_order_no(request.order_no));
  TRY(check_amount(request.amount));
  TRY(check_notify_url(request.notify_url));
  if (request.description.empty() || characters(request.description) > 127)
    return fail(Errc::kMalformed, "wechat: the description must have 1-127 characters");
  // errors.h: only the expiry makes "no such order" final.
  if (request.expires_at.ns <= 0)
    return fail(Errc::kMalformed, "wechat: an order must carry its expiry");
  if (request.way == Way::kWxJsapi &&
      (request.payer_openid.empty() || request.payer_openid.size() > 128))
    return fail(Errc::kMalformed, "wechat: WX_JSAPI needs the payer's openid");
  if (request.way == Way::kWxH5 && request.client_ip.empty())
    return fail(Errc::kMalformed, "wechat: WX_H5 needs the payer's address");
  return success();
}

/// What WeixinJSBridge and wx.requestPayment take.
std::string jsapi_parameters(const Credentials& credentials, std::string_view prepay_id,
                             const Stamp& stamp) {
  JsonWriter out;
  out.begin_object()
      .field("appId", credentials.appid)
      .field("timeStamp", fmt::format("{}", stamp.now.seconds()))
      .field("nonceStr", stamp.nonce)
      .field("package", fmt::format("prepay_id={}", prepay_id))
      .field("signType", "RSA")
      .field("paySign", jsapi_pay_sign(credentials, prepay_id, stamp))
      .end_object();
  return out.take();
}

/// What the app SDK's PayReq takes.
std::string app_parameters(const Credentials& credentials, std::string_view prepay_id,
                           const Stamp& stamp) {
  JsonWriter out;
  out.begin_object()
      .field("appid", credentials.appid)
      .field("partnerid", credentials.mchid)
      .field("prepayid", prepay_id)
      .field("package", "Sign=WXPay")
      .field("noncestr", stamp.nonce)
      .field("timestamp", fmt::format("{}", stamp.now.seconds()))
      .field("sign", app_pay_sign(credentials, prepay_id, stamp))
      .end_object();
  return out.take();
}

}  // namespace

Result<std::string_view> product_of(Way way) {
  switch (way) {
    case Way::kWxNative:
      return std::string_view("native");
    case Way::kWxJsapi:
      return std::string_view("jsapi");
    case Way::kWxH5:
      return std::string_view("h5");
    case Way::kWxApp:
      return std::string_view("app");
    case Way::kBankTransfer:
    case Way::kQrCashier:
      break;
  }
  return fail(Errc::kUnsupported, "wechat: not a way of WeChat Pay");
}

Result<std::string> order_body(const Credentials& credentials, const PayRequest& request) {
  TRY(check_order(request));
  JsonWriter out;
  out.begin_object()
      .field("appid", credentials.appid)
      .field("mchid", credentials.mchid)
      .field("description", request.description)
      .field("out_trade_no", request.order_no)
      .field("time_expire", request.expires_at.iso_cn())
      .field("notify_url", request.notify_url);
  out.key("amount").begin_object().field("total", request.amount.minor).field("currency", "CNY");
  out.end_object();
  if (request.way == Way::kWxJsapi)
    out.key("payer").begin_object().field("openid", request.payer_openid).end_object();
  if (!request.client_ip.empty()) {
    out.key("scene_info").begin_object().field("payer_client_ip", request.client_ip);
    if (request.way == Way::kWxH5)
      out.key("h5_info").begin_object().field("type", "Wap").end_object();
    out.end_object();
  }
  out.end_object();
  return out.take();
}

Result<std::string> refund_body(const RefundRequest& request) {
  TRY(check_order_no(request.order_no));
  if (!is_number(request.refund_no, 1, 64))
    return fail(Errc::kMalformed, "wechat: the refund number must be 1-64 of 0-9 A-Z a-z _ - | *");
  TRY(check_amount(request.total));
  TRY(check_amount(request.refund));
  if (request.refund.minor > request.total.minor)
    return fail(Errc::kMalformed, "wechat: the refund is larger than its order");
  if (characters(request.reason) > 80)
    return fail(Errc::kMalformed, "wechat: the reason must have at most 80 characters");
  JsonWriter out;
  out.begin_object()
      .field("out_trade_no", request.order_no)
      .field("out_refund_no", request.refund_no);
  if (!request.reason.empty()) out.field("reason", request.reason);
  if (!request.notify_url.empty()) {
    TRY(check_notify_url(request.notify_url));
    out.field("notify_url", request.notify_url);
  }
  out.key("amount")
      .begin_object()
      .field("refund", request.refund.minor)
      .field("total", request.total.minor)
      .field("currency", "CNY")
      .end_object();
  out.end_object();
  return out.take();
}

Result<PaymentData> payment_data(const Credentials& credentials, Way way, const JsonValue& answer,
                                 const Stamp& stamp) {
  const auto member = way == Way::kWxNative ? "code_url"
                      : way == Way::kWxH5   ? "h5_url"
                                            : "prepay_id";
  TRY(auto value, answer.get_string(member));
  if (value.empty() || value.find_first_of("\r\n") != std::string::npos)
    return fail(Errc::kMalformed, "\"{}\" is empty or broken", member);
  switch (way) {
    case Way::kWxNative:
      return PaymentData{"codeUrl", std::move(value)};
    case Way::kWxH5:
      return PaymentData{"payurl", std::move(value)};
    case Way::kWxJsapi:
      return PaymentData{"wxapp", jsapi_parameters(credentials, value, stamp)};
    case Way::kWxApp:
      return PaymentData{"wxapp", app_parameters(credentials, value, stamp)};
    case Way::kBankTransfer:
    case Way::kQrCashier:
      break;
  }
  return fail(Errc::kUnsupported, "wechat: not a way of WeChat Pay");
}

}  // namespace suanpan::channels::wechat
