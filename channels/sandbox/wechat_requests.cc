#include "channels/sandbox/wechat_requests.h"

#include "ledger/base/limits.h"

namespace suanpan::sandbox {
namespace {

struct Length {
  std::size_t least;  ///< 0: the field may be absent
  std::size_t most;
};

std::size_t characters(std::string_view utf8) {
  std::size_t count = 0;
  for (const char c : utf8)
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++count;
  return count;
}

ApiResult<std::string> text(const JsonValue& object, std::string_view key, Length length) {
  const auto value = object.find(key);
  if (!value) {
    if (length.least == 0) return std::string();
    return param_error(fmt::format("{} is missing", key));
  }
  const auto string = value->as_string();
  if (!string) return param_error(fmt::format("{} is not a string", key));
  const std::size_t count = characters(string.value());
  if (count < length.least || count > length.most)
    return param_error(
        fmt::format("{} must have {} to {} characters", key, length.least, length.most));
  return std::string(string.value());
}

ApiResult<JsonValue> object(const JsonValue& parent, std::string_view key) {
  const auto value = parent.find(key);
  if (!value || !value->is_object())
    return param_error(fmt::format("{} is missing or not an object", key));
  return *value;
}

ApiResult<std::int64_t> fen(const JsonValue& amount, std::string_view key) {
  const auto value = amount.find(key);
  if (!value) return param_error(fmt::format("amount.{} is missing", key));
  const auto number = value->as_int64();
  if (!number) return param_error(fmt::format("amount.{} is not an integer", key));
  if (number.value() < 1 || number.value() > kMaxAmountMinor)
    return param_error(fmt::format("amount.{} is out of range", key));
  return number.value();
}

ApiResult<void> check_currency(const JsonValue& amount, bool required) {
  TRY(auto currency, text(amount, "currency", {required ? std::size_t{1} : 0, 16}));
  if (!currency.empty() && currency != "CNY") return param_error("amount.currency must be CNY");
  return success();
}

ApiResult<void> check_number(std::string_view number, std::string_view key) {
  for (const char c : number) {
    const bool fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      std::string_view("_-|*@").find(c) != std::string_view::npos;
    if (!fine) return param_error(fmt::format("{} has a character that is not allowed", key));
  }
  return success();
}

/// WeChat wants https; plain http is allowed here, for a sandbox calls back on one machine.
ApiResult<std::string> notify_url(const JsonValue& body, std::size_t least) {
  TRY(auto url, text(body, "notify_url", {least, 255}));
  if (url.empty()) return url;
  const bool web = url.starts_with("http://") || url.starts_with("https://");
  if (!web || url.find('?') != std::string::npos)
    return param_error("notify_url must be an http(s) address without parameters");
  return url;
}

ApiResult<void> check_h5(const JsonValue& body) {
  TRY(auto scene, object(body, "scene_info"));
  TRY(text(scene, "payer_client_ip", {1, 45}));
  TRY(auto info, object(scene, "h5_info"));
  TRY(text(info, "type", {1, 32}));
  return success();
}

}  // namespace

ApiResult<void> check_mchid(const JsonValue& body, const std::string& mchid) {
  TRY(auto given, text(body, "mchid", {1, 32}));
  if (given != mchid) return param_error("mchid is not the merchant that signed");
  return success();
}

ApiResult<OrderTerms> parse_order(const JsonValue& body, TradeType type, const std::string& mchid) {
  if (!body.is_object()) return param_error("the body is not a JSON object");
  OrderTerms terms;
  terms.type = type;
  terms.mchid = mchid;
  TRY(check_mchid(body, mchid));
  TRY(auto appid, text(body, "appid", {1, 32}));
  TRY(auto description, text(body, "description", {1, 127}));
  TRY(auto number, text(body, "out_trade_no", {6, 32}));
  TRY(check_number(number, "out_trade_no"));
  TRY(auto attach, text(body, "attach", {0, 128}));
  TRY(auto url, notify_url(body, 1));
  TRY(auto expire, text(body, "time_expire", {0, 64}));
  if (!expire.empty()) {
    terms.time_expire = Timestamp::parse(expire);
    if (!terms.time_expire || expire.find('T') == std::string::npos)
      return param_error("time_expire is not an RFC 3339 time");
  }
  TRY(auto amount, object(body, "amount"));
  TRY(auto total, fen(amount, "total"));
  TRY(check_currency(amount, false));
  if (type == TradeType::kJsapi) {
    TRY(auto payer, object(body, "payer"));
    TRY(auto openid, text(payer, "openid", {1, 128}));
    terms.openid = openid;
  }
  if (type == TradeType::kH5) {
    TRY(check_h5(body));
  }
  terms.appid = appid;
  terms.description = description;
  terms.out_trade_no = number;
  terms.attach = attach;
  terms.notify_url = url;
  terms.total_fen = total;
  return terms;
}

ApiResult<RefundTerms> parse_refund(const JsonValue& body, const std::string& mchid) {
  if (!body.is_object()) return param_error("the body is not a JSON object");
  RefundTerms terms;
  terms.mchid = mchid;
  TRY(auto transaction, text(body, "transaction_id", {0, 32}));
  TRY(auto number, text(body, "out_trade_no", {0, 32}));
  if (transaction.empty() == number.empty())
    return param_error("exactly one of transaction_id and out_trade_no is needed");
  TRY(auto refund_number, text(body, "out_refund_no", {1, 64}));
  TRY(check_number(refund_number, "out_refund_no"));
  TRY(auto reason, text(body, "reason", {0, 80}));
  TRY(auto url, notify_url(body, 0));
  TRY(auto amount, object(body, "amount"));
  TRY(auto refund, fen(amount, "refund"));
  TRY(auto total, fen(amount, "total"));
  TRY(check_currency(amount, true));
  if (refund > total) return param_error("amount.refund is more than amount.total");
  terms.transaction_id = transaction;
  terms.out_trade_no = number;
  terms.out_refund_no = refund_number;
  terms.reason = reason;
  terms.notify_url = url;
  terms.refund_fen = refund;
  terms.total_fen = total;
  return terms;
}

}  // namespace suanpan::sandbox
