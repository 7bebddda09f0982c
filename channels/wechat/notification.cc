#include "channels/wechat/notification.h"

#include "channels/wechat/transaction.h"

namespace suanpan::channels::wechat {
namespace {

constexpr std::string_view kPaymentEvent = "TRANSACTION.SUCCESS";
constexpr std::string_view kRefundEvents = "REFUND.";

Result<PayEvent> payment_event(const Credentials& credentials, const JsonValue& object) {
  TRY(auto transaction, read_transaction(credentials, object));
  if (transaction.trade_state != "SUCCESS")
    return fail(Errc::kMismatch, "the event says paid, its content does not");
  PayEvent event;
  event.kind = PayEvent::Kind::kPayment;
  event.merchant_id = credentials.mchid;
  event.app_id = credentials.appid;
  event.order_no = std::move(transaction.order_no);
  event.total = transaction.outcome.paid;
  event.pay = std::move(transaction.outcome);
  return event;
}

Result<PayEvent> refund_event(const Credentials& credentials, std::string_view state,
                              const JsonValue& object) {
  TRY(const auto mchid, object.get_string("mchid"));
  if (mchid != credentials.mchid) return fail(Errc::kMismatch, "it is another merchant's refund");
  TRY(auto refund, read_refund(object, RefundForm::kNotification));
  if (refund.state != state)
    return fail(Errc::kMismatch, "the event and its content name different states");
  PayEvent event;
  event.kind = PayEvent::Kind::kRefund;
  event.merchant_id = credentials.mchid;
  event.order_no = std::move(refund.order_no);
  event.refund_no = std::move(refund.refund_no);
  event.total = refund.total;
  event.refund = std::move(refund.outcome);
  return event;
}

}  // namespace

Result<PayEvent> verify_notification(const Credentials& credentials, const HttpRequest& request,
                                     Timestamp now) {
  TRY(credentials.platform_keys.verify(request.headers, request.body, now));
  TRY(const auto envelope, JsonDocument::parse(request.body));
  TRY(auto id, envelope.root().get_string("id"));
  TRY(const auto type, envelope.root().get_string("event_type"));
  const bool payment = type == kPaymentEvent;
  if (!payment && type != "REFUND.SUCCESS" && type != "REFUND.CLOSED" && type != "REFUND.ABNORMAL")
    return fail(Errc::kUnsupported, "a kind of notification that we do not handle");

  TRY(const auto resource, envelope.root().get("resource"));
  TRY(const auto original_type, resource.get_string("original_type"));
  if (original_type != (payment ? "transaction" : "refund"))
    return fail(Errc::kMismatch, "the event and its resource are of different types");
  TRY(const auto plain, decrypt_resource(credentials.api_v3_key, resource));
  TRY(const auto document, JsonDocument::parse(plain));
  auto event = payment
                   ? payment_event(credentials, document.root())
                   : refund_event(credentials, std::string_view(type).substr(kRefundEvents.size()),
                                  document.root());
  if (event) event.value().notification_id = std::move(id);
  return event;
}

HttpResponse notification_success() {
  HttpResponse response;
  response.status = 204;
  return response;
}

HttpResponse notification_failure(const Error& error) {
  HttpResponse response;
  switch (error.code) {
    case Errc::kBadSignature:
      response.status = 401;
      break;
    case Errc::kIo:
    case Errc::kTimeout:
    case Errc::kUnavailable:
    case Errc::kLocked:
    case Errc::kCorrupt:
    case Errc::kConfig:
    case Errc::kArchived:
      response.status = 500;
      break;
    case Errc::kMalformed:
    case Errc::kTooLarge:
    case Errc::kMismatch:
    case Errc::kNotFound:
    case Errc::kUnsupported:
      response.status = 400;
      break;
  }
  response.headers.set("Content-Type", "application/json");
  JsonWriter body;
  body.begin_object().field("code", "FAIL").field("message", error.message).end_object();
  response.body = body.take();
  return response;
}

}  // namespace suanpan::channels::wechat
