#include "api/jeepay/routes.h"

#include "api/jeepay/call.h"
#include "ledger/base/log.h"

namespace suanpan::api {
namespace jeepay {
namespace {

using Handler = void (*)(const DeskPtr&, const CallPtr&);

/// Whether the body was made for this endpoint. Asked when the signature has held, so that only the
/// app itself learns the answer. Errors: kMalformed, kMismatch.
Result<void> check_bound(Desk& desk, Endpoint endpoint, const JeepayCall& call,
                         std::int64_t window_ms) {
  if (const auto foreign = foreign_field(endpoint, call.bag))
    return fail(Errc::kMalformed, "字段 {} 不属于本接口", *foreign);
  if (!fits_elsewhere(endpoint, call.bag)) return success();
  const Envelope& envelope = call.envelope;
  const Timestamp now = desk.services.real.now();
  TRY(desk.marks.cover(envelope.app_id, envelope.req_time, now));
  switch (desk.bodies.accept(endpoint,
                             {envelope.app_id, call.bag.text("sign"), envelope.req_time, window_ms,
                              desk.marks.at_start(envelope.app_id)},
                             now)) {
    case SignedBodies::Verdict::kFresh:
    case SignedBodies::Verdict::kAgain:
      break;
    case SignedBodies::Verdict::kElsewhere:
      return fail(Errc::kMismatch, "该签名已用于其他接口, 请用新的 reqTime 重新签名");
    case SignedBodies::Verdict::kTooOld:
      return fail(Errc::kMismatch, "该签名可能在本次服务启动前已被受理, 请用新的 reqTime 重新签名");
  }
  return success();
}

/// The call if it may be believed. Errors: as the merchant is told them.
Result<CallPtr> authenticate(Desk& desk, Endpoint endpoint, HttpServer::Reply reply,
                             const HttpRequest& request) {
  auto call = std::make_shared<JeepayCall>();
  TRY(call->bag, FieldBag::from_request(request));
  TRY(call->envelope, parse_envelope(call->bag));
  TRY(call->caller, desk.callers.find(call->envelope.mch_no, call->envelope.app_id));
  const channels::App& app = call->caller->app;
  TRY(verify_sign(call->bag, known_fields(endpoint), {call->caller->secret, app.md5_allowed}));
  TRY(check_req_time(call->envelope, desk.services.real.now(), std::int64_t{app.window_s} * 1000));
  TRY(check_bound(desk, endpoint, *call, std::int64_t{app.window_s} * 1000));
  call->peer = request.peer;
  call->reply = std::move(reply);
  return CallPtr(std::move(call));
}

void add(Router& router, const DeskPtr& desk, std::string method, std::string path,
         std::string summary, Handler handler) {
  const auto endpoint = endpoint_of(path);
  Route route;
  route.method = std::move(method);
  route.pattern = std::move(path);
  route.access = Access::kJeepay;
  route.summary = std::move(summary);
  route.handle = [desk, endpoint = endpoint.value(), handler](Call call) {
    auto believed = authenticate(*desk, endpoint, call.reply, call.request);
    if (believed) return handler(desk, believed.value());
    const Error& error = believed.error();
    if (error.code == Errc::kCorrupt)
      log_error("a merchant or app cannot be read: {}", error.message);
    call.reply(refusal(render_error(error), name_of(error.code)));
  };
  router.add(std::move(route));
}

}  // namespace
}  // namespace jeepay

void add_jeepay_routes(Router& router, Services& services) {
  using namespace jeepay;
  if (!services.payments || !services.settlement) return;
  const auto desk = std::make_shared<Desk>(services);
  add(router, desk, "POST", "/api/pay/unifiedOrder", "统一下单", place_order);
  add(router, desk, "*", "/api/pay/query", "查询订单", query_order);
  add(router, desk, "*", "/api/pay/close", "关闭订单", close_order);
  add(router, desk, "POST", "/api/refund/refundOrder", "发起退款", place_refund);
  add(router, desk, "*", "/api/refund/query", "查询退款", query_refund);
  add(router, desk, "POST", "/api/transferOrder", "发起转账", place_transfer);
  add(router, desk, "*", "/api/transfer/query", "查询转账", query_transfer);
}

}  // namespace suanpan::api
