#include "channels/wechat/adapter.h"

#include <fmt/format.h>

#include "channels/wechat/answer.h"
#include "channels/wechat/order_body.h"
#include "channels/wechat/transaction.h"

namespace suanpan::channels::wechat {
namespace {

constexpr std::string_view kOrders = "/v3/pay/transactions/out-trade-no/";
constexpr std::string_view kRefunds = "/v3/refund/domestic/refunds";

/// PayOutcome or RefundOutcome with what an answer that is no success lets us know.
template <class Outcome>
Outcome without_success(Answer answer) {
  Outcome outcome;
  outcome.knowledge = answer.knowledge;
  outcome.error_code = std::move(answer.code);
  outcome.error_message = std::move(answer.message);
  return outcome;
}

template <class Outcome>
Outcome disbelieved(const Error& error) {
  const auto code = error.code == Errc::kMismatch ? kCodeMismatch : kCodeMalformed;
  return without_success<Outcome>(disbelieve(code, error.message));
}

}  // namespace

Result<Adapter> Adapter::make(Credentials credentials) {
  TRY(check(credentials));
  return Adapter(std::move(credentials));
}

Adapter Adapter::with_platform_keys(PlatformKeys keys) const {
  Adapter other(*this);
  other.credentials_.platform_keys = std::move(keys);
  return other;
}

HttpRequest Adapter::get(std::string target, const Stamp& stamp) const {
  HttpRequest request{"GET", std::move(target), {}, {}, {}};
  sign(request, credentials_, stamp);
  return request;
}

HttpRequest Adapter::post(std::string target, std::string body, const Stamp& stamp) const {
  HttpRequest request{"POST", std::move(target), {}, std::move(body), {}};
  sign(request, credentials_, stamp);
  return request;
}

Result<HttpRequest> Adapter::encode_place(const PayRequest& request, const Stamp& stamp) const {
  TRY(const auto product, product_of(request.way));
  TRY(auto body, order_body(credentials_, request));
  return post(fmt::format("/v3/pay/transactions/{}", product), std::move(body), stamp);
}

PayOutcome Adapter::decode_place(const PayRequest& request, const HttpResponse& response,
                                 const Stamp& stamp) const {
  auto answer = read_answer(Operation::kPlace, credentials_.platform_keys, response, stamp.now);
  if (!answer.document) return without_success<PayOutcome>(std::move(answer));
  auto data = payment_data(credentials_, request.way, answer.document->root(), stamp);
  if (!data) return disbelieved<PayOutcome>(data.error());
  PayOutcome outcome;
  outcome.knowledge = Knowledge::kKnown;
  outcome.status = PayStatus::kWaiting;
  outcome.pay_data_type = std::move(data.value().type);
  outcome.pay_data = std::move(data.value().data);
  return outcome;
}

HttpRequest Adapter::encode_query(std::string_view order_no, const Stamp& stamp) const {
  return get(fmt::format("{}{}?mchid={}", kOrders, percent_encode(order_no), credentials_.mchid),
             stamp);
}

PayOutcome Adapter::decode_query(std::string_view order_no, const HttpResponse& response,
                                 Timestamp now) const {
  auto answer = read_answer(Operation::kQuery, credentials_.platform_keys, response, now);
  if (!answer.document) return without_success<PayOutcome>(std::move(answer));
  auto transaction = read_transaction(credentials_, answer.document->root());
  if (!transaction) return disbelieved<PayOutcome>(transaction.error());
  if (transaction.value().order_no != order_no)
    return disbelieved<PayOutcome>(fail(Errc::kMismatch, "the answer is about another order"));
  return std::move(transaction).value().outcome;
}

HttpRequest Adapter::encode_close(std::string_view order_no, const Stamp& stamp) const {
  JsonWriter body;
  body.begin_object().field("mchid", credentials_.mchid).end_object();
  return post(fmt::format("{}{}/close", kOrders, percent_encode(order_no)), body.take(), stamp);
}

PayOutcome Adapter::decode_close(const HttpResponse& response, Timestamp now) const {
  if (response.status != 204) {
    auto answer = read_answer(Operation::kClose, credentials_.platform_keys, response, now);
    if (!answer.document) return without_success<PayOutcome>(std::move(answer));
    return disbelieved<PayOutcome>(fail(Errc::kMalformed, "a close is answered with 204"));
  }
  if (const auto held = credentials_.platform_keys.verify(response.headers, response.body, now);
      !held)
    return without_success<PayOutcome>(disbelieve(kCodeBadSignature, held.error().message));
  PayOutcome outcome;
  outcome.knowledge = Knowledge::kKnown;
  outcome.status = PayStatus::kClosed;
  return outcome;
}

Result<HttpRequest> Adapter::encode_refund(const RefundRequest& request, const Stamp& stamp) const {
  TRY(auto body, refund_body(request));
  return post(std::string(kRefunds), std::move(body), stamp);
}

HttpRequest Adapter::encode_refund_query(std::string_view refund_no, const Stamp& stamp) const {
  return get(fmt::format("{}/{}", kRefunds, percent_encode(refund_no)), stamp);
}

RefundOutcome Adapter::decode_refund(const RefundRequest& request, const HttpResponse& response,
                                     Timestamp now) const {
  return decode_refund_answer(Operation::kRefund, request, response, now);
}

RefundOutcome Adapter::decode_refund_query(const RefundRequest& request,
                                           const HttpResponse& response, Timestamp now) const {
  return decode_refund_answer(Operation::kRefundQuery, request, response, now);
}

RefundOutcome Adapter::decode_refund_answer(Operation operation, const RefundRequest& request,
                                            const HttpResponse& response, Timestamp now) const {
  auto answer = read_answer(operation, credentials_.platform_keys, response, now);
  if (!answer.document) return without_success<RefundOutcome>(std::move(answer));
  auto refund = read_refund(answer.document->root(), RefundForm::kAnswer);
  if (!refund) return disbelieved<RefundOutcome>(refund.error());
  const auto& told = refund.value();
  if (told.order_no != request.order_no || told.refund_no != request.refund_no)
    return disbelieved<RefundOutcome>(fail(Errc::kMismatch, "the answer is about another refund"));
  if (told.outcome.refunded != request.refund || told.total != request.total)
    return disbelieved<RefundOutcome>(fail(Errc::kMismatch, "the answer has other amounts"));
  return told.outcome;
}

HttpRequest Adapter::encode_trade_bill(Date day, bool gzip, const Stamp& stamp) const {
  return get(fmt::format("/v3/bill/tradebill?bill_date={}&bill_type=ALL{}", day.iso(),
                         gzip ? "&tar_type=GZIP" : ""),
             stamp);
}

HttpRequest Adapter::encode_fund_flow_bill(Date day, bool gzip, const Stamp& stamp) const {
  return get(fmt::format("/v3/bill/fundflowbill?bill_date={}&account_type=BASIC{}", day.iso(),
                         gzip ? "&tar_type=GZIP" : ""),
             stamp);
}

namespace {

constexpr std::string_view kPlatformDomain = ".mch.weixin.qq.com";

/// The download goes to the host we talk to anyway, or to a sibling of it (api2…): an answer must
/// not send our signed request anywhere else.
Result<BillTicket> ticket_of(std::string_view base_host, std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == std::string_view::npos ||
      (url.substr(0, scheme) != "https" && url.substr(0, scheme) != "http"))
    return fail(Errc::kMalformed, "the download URL has no scheme");
  url.remove_prefix(scheme + 3);
  const auto slash = url.find('/');
  if (slash == std::string_view::npos || url.find_first_of("# \r\n\t") != std::string_view::npos)
    return fail(Errc::kMalformed, "the download URL has no path");
  const auto host = url.substr(0, slash);
  const bool sibling = base_host.ends_with(kPlatformDomain) && host.ends_with(kPlatformDomain) &&
                       host.find_first_of("@\\?") == std::string_view::npos;
  if (host != base_host && !sibling)
    return fail(Errc::kMismatch, "the download URL leaves the platform");
  return BillTicket{{}, std::string(url.substr(slash)), std::string(host)};
}

Error bill_refusal(int status, const ErrorBody& body) {
  if (body.code == "NO_STATEMENT_EXIST") return fail(Errc::kNotFound, "the day has no bill");
  if (body.code == "STATEMENT_CREATING")
    return fail(Errc::kUnavailable, "the bill is not made yet: ask again after 10:00");
  if (status == 429 || status >= 500 || status < 400 || body.code.empty())
    return fail(Errc::kUnavailable, "the bill was not answered: HTTP {}", status);
  return fail(Errc::kConfig, "the bill is refused: {} {}", body.code, body.message);
}

}  // namespace

Result<BillTicket> Adapter::decode_bill_ticket(const HttpResponse& response, Timestamp now) const {
  if (response.status < 200 || response.status > 299) {
    const bool is_signed = has_signature(response.headers);
    if (is_signed) {
      TRY(credentials_.platform_keys.verify(response.headers, response.body, now));
    }
    Error refusal = bill_refusal(response.status, read_error_body(response.body));
    // An empty day is a statement about money: the books are held against it.
    if (!is_signed && refusal.code == Errc::kNotFound)
      return fail(Errc::kUnavailable,
                  "the day has no bill, says an answer without a signature: "
                  "whether it has is not known yet");
    return refusal;
  }
  TRY(credentials_.platform_keys.verify(response.headers, response.body, now));
  TRY(const auto document, JsonDocument::parse(response.body));
  TRY(const auto hash_type, document.root().get_string("hash_type"));
  if (hash_type != "SHA1") return fail(Errc::kUnsupported, "the bill's hash is not SHA1");
  TRY(const auto url, document.root().get_string("download_url"));
  TRY(auto ticket, ticket_of(credentials_.base_host, url));
  TRY(ticket.sha1_hex, document.root().get_string("hash_value"));
  return ticket;
}

HttpRequest Adapter::encode_bill_download(const BillTicket& ticket, const Stamp& stamp) const {
  auto request = get(ticket.target, stamp);
  request.headers.set("Host", ticket.host);  // not part of what is signed
  return request;
}

HttpRequest Adapter::encode_certificates(const Stamp& stamp) const {
  return get("/v3/certificates?algorithm_type=RSA", stamp);
}

Result<PlatformKeys> Adapter::decode_certificates(const HttpResponse& response,
                                                  Timestamp now) const {
  if (response.status != 200) {
    const auto body = read_error_body(response.body);
    return fail(Errc::kUnavailable, "certificates were not answered: HTTP {} {}", response.status,
                body.code);
  }
  return wechat::decode_certificates(credentials_.api_v3_key, credentials_.platform_keys, response,
                                     now);
}

}  // namespace suanpan::channels::wechat
