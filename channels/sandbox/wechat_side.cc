#include "channels/sandbox/wechat_side.h"

#include <algorithm>

#include "channels/sandbox/wechat_answers.h"
#include "channels/sandbox/wechat_requests.h"
#include "channels/sandbox/wire.h"

namespace suanpan::sandbox {
namespace {

constexpr std::string_view kPayPrefix = "/v3/pay/transactions/";
constexpr std::string_view kRefundPath = "/v3/refund/domestic/refunds";
constexpr std::string_view kDownloadPath = "/v3/billdownload/file";

ApiError no_such_route() { return {404, "RESOURCE_NOT_EXISTS", "there is no such interface"}; }

std::optional<TradeType> trade_type_of(std::string_view name) {
  if (name == "native") return TradeType::kNative;
  if (name == "jsapi") return TradeType::kJsapi;
  if (name == "h5") return TradeType::kH5;
  if (name == "app") return TradeType::kApp;
  return std::nullopt;
}

std::string member_text(const JsonDocument& document, std::string_view key) {
  const auto value = document.root().find(key);
  if (!value) return {};
  const auto text = value->as_string();
  return text ? std::string(text.value()) : std::string();
}

std::string value_of(const BillDesk::Query& query, std::string_view key) {
  for (const auto& [name, value] : query)
    if (name == key) return value;
  return {};
}

/// "http://host:port/path" → "host:port", "/path".
std::pair<std::string, std::string> split_url(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  const auto slash = url.find('/');
  if (slash == std::string_view::npos) return {std::string(url), "/"};
  return {std::string(url.substr(0, slash)), std::string(url.substr(slash))};
}

}  // namespace

/// A request understood: what it wants and which number it speaks of.
struct WechatSide::Call {
  Operation operation = Operation::kAny;
  TradeType type = TradeType::kNative;
  bool by_transaction = false;
  std::string number;
  BillDesk::Query query;
  std::optional<JsonDocument> body;
};

WechatSide::WechatSide(const Keys& keys, WechatSettings settings, FaultScript& faults,
                       SeededRandom& random)
    : keys_(keys),
      signing_(settings.signing),
      faults_(faults),
      random_(random),
      book_(std::move(settings.book), random),
      bills_(std::move(settings.bills), book_, faults, random),
      queue_(settings.probe_every) {}

ApiResult<WechatSide::Call> WechatSide::route(const HttpRequest& request) const {
  Call call;
  const auto path = percent_decode(request.path(), false);
  const auto query = parse_form(request.query());
  if (!path || !query) return param_error("the address is malformed");
  call.query = *query;
  std::string_view rest = *path;
  const bool is_get = request.method == "GET";
  if (!is_get) {
    if (request.method != "POST") return no_such_route();
    auto body = JsonDocument::parse(request.body);
    if (!body) return param_error("the body is not valid JSON");
    call.body.emplace(std::move(body.value()));
  }

  if (is_get && rest == "/v3/certificates") {
    call.operation = Operation::kCertificates;
  } else if (is_get && (rest == "/v3/bill/tradebill" || rest == "/v3/bill/fundflowbill")) {
    call.operation =
        rest == "/v3/bill/tradebill" ? Operation::kTradeBill : Operation::kFundFlowBill;
    call.number = value_of(call.query, "bill_date");
  } else if (!is_get && rest == kRefundPath) {
    call.operation = Operation::kRefund;
    call.number = member_text(*call.body, "out_refund_no");
  } else if (is_get && rest.starts_with(kRefundPath) && rest.size() > kRefundPath.size() + 1) {
    call.operation = Operation::kQueryRefund;
    call.number = rest.substr(kRefundPath.size() + 1);
  } else if (rest.starts_with(kPayPrefix)) {
    rest.remove_prefix(kPayPrefix.size());
    const auto slash = rest.find('/');
    const std::string_view first = rest.substr(0, slash);
    const std::string_view after = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
    constexpr std::string_view kClose = "/close";
    if (const auto type = trade_type_of(first); type && !is_get && after.empty()) {
      call.operation = Operation::kPlace;
      call.type = *type;
      call.number = member_text(*call.body, "out_trade_no");
    } else if (is_get && !after.empty() && (first == "id" || first == "out-trade-no")) {
      call.operation = Operation::kQuery;
      call.by_transaction = first == "id";
      call.number = after;
    } else if (!is_get && first == "out-trade-no" && after.ends_with(kClose)) {
      call.operation = Operation::kClose;
      call.number = after.substr(0, after.size() - kClose.size());
    }
  }
  if (call.operation == Operation::kAny) return no_such_route();
  return call;
}

std::optional<WechatSide::Answer> WechatSide::refuse_by_fault(const Call& call,
                                                              const std::string& mchid,
                                                              bool& dropped) {
  const auto fires = [&](FaultKind kind) {
    return faults_.take(kind, call.operation, call.number, mchid).has_value();
  };
  dropped = fires(FaultKind::kDropBefore);
  if (dropped) return std::nullopt;
  if (fires(FaultKind::kError500))
    return Answer{500, error_json({500, "SYSTEM_ERROR", "system error, try again"})};
  if (fires(FaultKind::kError429))
    return Answer{429, error_json({429, "FREQUENCY_LIMITED", "too many requests"})};
  return std::nullopt;
}

std::optional<HttpResponse> WechatSide::handle(const HttpRequest& request, Moment now) {
  advance(now.business);
  if (request.path() == kDownloadPath) return download(request, now);

  const auto refused = [&](const ApiError& error) {
    return sign(request, {error.status, error_json(error)}, now.wire, SignatureKind::kTrue);
  };
  const auto mchid = authenticate(request, keys_, now.wire);
  if (!mchid) return refused(mchid.error());
  auto call = route(request);
  if (!call) return refused(call.error());

  bool dropped = false;
  if (auto answer = refuse_by_fault(call.value(), mchid.value(), dropped))
    return sign(request, std::move(*answer), now.wire, SignatureKind::kTrue);
  if (dropped) return std::nullopt;

  auto result = perform(call.value(), mchid.value(), now.business);
  Answer answer = result ? std::move(result.value())
                         : Answer{result.error().status, error_json(result.error())};
  const auto fires = [&](FaultKind kind) {
    return faults_.take(kind, call.value().operation, call.value().number, mchid.value())
        .has_value();
  };
  if (fires(FaultKind::kDropAfter)) return std::nullopt;
  const bool forged = fires(FaultKind::kForgedResponse);
  const Timestamp signed_at =
      fires(FaultKind::kStaleResponse) ? now.wire.plus_seconds(-400) : now.wire;
  return sign(request, std::move(answer), signed_at,
              forged ? SignatureKind::kForged : SignatureKind::kTrue);
}

ApiResult<WechatSide::Answer> WechatSide::perform(const Call& call, const std::string& mchid,
                                                  Timestamp now) {
  switch (call.operation) {
    case Operation::kPlace:
      return place(call, mchid, now);
    case Operation::kRefund:
      return refund(call, mchid, now);
    case Operation::kCertificates:
      return certificates(call, mchid);
    case Operation::kQuery: {
      if (value_of(call.query, "mchid") != mchid)
        return param_error("mchid is not the merchant that signed");
      if (call.by_transaction) {
        TRY(auto found, book_.find_transaction(mchid, call.number));
        return Answer{200, transaction_json(*found.first, found.second, now)};
      }
      TRY(auto order, book_.find(mchid, call.number));
      const Payment* first = order->payments.empty() ? nullptr : &order->payments.front();
      return Answer{200, transaction_json(*order, first, now)};
    }
    case Operation::kClose: {
      TRY(check_mchid(call.body->root(), mchid));
      TRY(book_.close(mchid, call.number, now));
      return Answer{204, ""};
    }
    case Operation::kQueryRefund: {
      TRY(auto refund, book_.find_refund(mchid, call.number));
      return Answer{200, refund_json(*refund)};
    }
    case Operation::kTradeBill: {
      TRY(auto body, bills_.trade_bill(mchid, call.query, now));
      return Answer{200, std::move(body)};
    }
    case Operation::kFundFlowBill: {
      TRY(auto body, bills_.fund_flow_bill(mchid, call.query, now));
      return Answer{200, std::move(body)};
    }
    default:
      return no_such_route();
  }
}

ApiResult<WechatSide::Answer> WechatSide::place(const Call& call, const std::string& mchid,
                                                Timestamp now) {
  TRY(auto terms, parse_order(call.body->root(), call.type, mchid));
  TRY(auto order, book_.place(terms, now));
  return Answer{200, placed_json(*order)};
}

ApiResult<WechatSide::Answer> WechatSide::refund(const Call& call, const std::string& mchid,
                                                 Timestamp now) {
  TRY(auto terms, parse_refund(call.body->root(), mchid));
  RefundState fate = RefundState::kSuccess;
  // A fault belongs to the refund that is accepted, not to a resend of one.
  if (!book_.knows_refund(mchid, terms.out_refund_no)) {
    if (faults_.take(FaultKind::kRefundAbnormal, call.operation, call.number, mchid))
      fate = RefundState::kAbnormal;
    else if (faults_.take(FaultKind::kRefundClosed, call.operation, call.number, mchid))
      fate = RefundState::kClosed;
  }
  TRY(auto refund, book_.refund(terms, fate, now));
  return Answer{200, refund_json(*refund)};
}

ApiResult<WechatSide::Answer> WechatSide::certificates(const Call& call, const std::string& mchid) {
  if (signing_ == SigningMode::kPublicKey)
    return ApiError{404, "RESOURCE_NOT_EXISTS", "无可用的平台证书，请使用微信支付公钥"};
  const std::string algorithm = value_of(call.query, "algorithm_type");
  if (!algorithm.empty() && algorithm != "RSA" && algorithm != "ALL")
    return ApiError{404, "RESOURCE_NOT_EXISTS", "there is no certificate of that algorithm"};
  const auto certificate = Certificate::from_pem(keys_.platform_certificate_pem);
  if (!certificate) return ApiError{500, "SYSTEM_ERROR", "the platform certificate is unreadable"};

  JsonWriter json;
  json.begin_object().key("data").begin_array().begin_object();
  json.field("serial_no", keys_.platform_serial);
  json.field("effective_time", certificate.value().not_before().iso_cn());
  json.field("expire_time", certificate.value().not_after().iso_cn());
  json.key("encrypt_certificate")
      .raw(encrypted_json(keys_.merchants.find(mchid)->second.api_v3_key, random_.letters(12),
                          "certificate", keys_.platform_certificate_pem, ""));
  json.end_object().end_array().end_object();
  return Answer{200, json.take()};
}

std::optional<HttpResponse> WechatSide::download(const HttpRequest& request, Moment now) {
  const auto refused = [&](const ApiError& error) {
    return sign(request, {error.status, error_json(error)}, now.wire, SignatureKind::kTrue);
  };
  const auto mchid = authenticate(request, keys_, now.wire);
  if (!mchid) return refused(mchid.error());
  const auto query = parse_form(request.query());
  if (!query || request.method != "GET") return refused(no_such_route());

  const Call call{Operation::kDownload};
  bool dropped = false;
  if (auto answer = refuse_by_fault(call, mchid.value(), dropped))
    return sign(request, std::move(*answer), now.wire, SignatureKind::kTrue);
  if (dropped || faults_.take(FaultKind::kDropAfter, Operation::kDownload, "", mchid.value()))
    return std::nullopt;
  auto file = bills_.download(mchid.value(), *query, now.business);
  if (!file) return refused(file.error());
  return std::move(file.value());  // a bill is not signed: its hash was
}

Signer WechatSide::signer(bool public_key) const {
  if (public_key) return {keys_.public_key_mode_key, keys_.public_key_id};
  return {keys_.platform_key, keys_.platform_serial};
}

HttpResponse WechatSide::sign(const HttpRequest& request, Answer answer, Timestamp wire,
                              SignatureKind kind) {
  bool public_key = signing_ == SigningMode::kPublicKey;
  if (signing_ == SigningMode::kSwitching) {
    const auto asked = request.headers.find("Wechatpay-Serial");
    public_key = asked && *asked == keys_.public_key_id;
  }
  HttpResponse response;
  response.status = answer.status;
  response.body = std::move(answer.body);
  if (!response.body.empty())
    response.headers.set("Content-Type", "application/json; charset=utf-8");
  response.headers.set("Request-ID", random_.hex(32));
  sign_headers(response.headers, response.body, signer(public_key), wire, random_.letters(32),
               kind);
  return response;
}

void WechatSide::advance(Timestamp now) {
  for (const Refund* refund : book_.advance(now)) {
    if (refund->terms.notify_url.empty()) continue;
    const std::string& number = refund->terms.out_refund_no;
    const auto fault = faults_.take(FaultKind::kNotifyWrongAmount, Operation::kNotify, number,
                                    refund->terms.mchid);
    notify(refund->terms.mchid, number, refund->terms.notify_url,
           fmt::format("REFUND.{}", code_of(refund->state)),
           refund_event_json(*refund, fault ? std::optional(fault->amount_fen) : std::nullopt),
           refund->finishes_at);
  }
}

ApiResult<std::pair<const Order*, const Payment*>> WechatSide::pay(
    const WechatBook::PayAction& action, Timestamp now) {
  advance(now);
  TRY(auto paid, book_.pay(action, now));
  const auto [order, payment] = paid;
  const auto fault = faults_.take(FaultKind::kNotifyWrongAmount, Operation::kNotify,
                                  order->terms.out_trade_no, order->terms.mchid);
  notify(order->terms.mchid, order->terms.out_trade_no, order->terms.notify_url,
         "TRANSACTION.SUCCESS",
         transaction_event_json(*order, *payment,
                                fault ? std::optional(fault->amount_fen) : std::nullopt),
         now);
  return paid;
}

void WechatSide::notify(const std::string& mchid, const std::string& number, const std::string& url,
                        std::string_view event_type, const std::string& plaintext, Timestamp now) {
  const auto fires = [&](FaultKind kind) {
    return faults_.take(kind, Operation::kNotify, number, mchid).has_value();
  };
  if (fires(FaultKind::kNotifyLost)) return;
  const bool is_refund = event_type.starts_with("REFUND");
  const std::string_view type = is_refund ? "refund" : "transaction";
  Notification notification;
  notification.id = fmt::format("{}-{}", random_.hex(8), random_.hex(24));
  notification.mchid = mchid;
  notification.number = number;
  notification.url = url;
  JsonWriter json;
  json.begin_object().field("id", notification.id).field("create_time", now.iso_cn());
  json.field("event_type", event_type).field("resource_type", "encrypt-resource");
  json.field("summary", is_refund ? "退款结果" : "支付成功");
  json.key("resource")
      .raw(encrypted_json(keys_.merchants.find(mchid)->second.api_v3_key, random_.letters(12), type,
                          plaintext, type));
  notification.body = json.end_object().take();

  using Manner = NotificationQueue::Manner;
  const Manner manner = fires(FaultKind::kNotifyForged)      ? Manner::kForgedFirst
                        : fires(FaultKind::kNotifyReordered) ? Manner::kHeldBack
                                                             : Manner::kPlain;
  const bool twice = fires(FaultKind::kNotifyDuplicate);
  queue_.add(notification, now, manner);
  if (twice) queue_.add(std::move(notification), now, Manner::kPlain);
}

std::vector<OutgoingNotification> WechatSide::take_due(Moment now) {
  advance(now.business);
  std::vector<OutgoingNotification> out;
  for (Delivery& delivery : queue_.take_due(now.business)) {
    const bool public_key =
        signing_ == SigningMode::kPublicKey ||
        (signing_ == SigningMode::kSwitching && ++notifications_signed_ % 2 == 0);
    const auto [host, target] = split_url(delivery.notification.url);
    OutgoingNotification one{delivery.delivery_id, delivery.notification.url, {}, delivery.due};
    one.request.method = "POST";
    one.request.target = target;
    one.request.headers.set("Host", host);
    one.request.headers.set("Content-Type", "application/json");
    one.request.body = std::move(delivery.notification.body);
    sign_headers(one.request.headers, one.request.body, signer(public_key), now.wire,
                 random_.letters(32), delivery.signature);
    out.push_back(std::move(one));
  }
  return out;
}

}  // namespace suanpan::sandbox
