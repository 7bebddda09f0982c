// Refunds: asked for, and followed.
#include "api/jeepay/call.h"
#include "api/jeepay/views.h"
#include "channels/personal_texts.h"
#include "ledger/base/log.h"

namespace suanpan::api::jeepay {
namespace {

constexpr std::string_view kOrderMissing = "订单不存在";
constexpr std::string_view kRefundMissing = "退款单不存在";

std::string refund_exists_message(std::string_view mch_refund_no) {
  return fmt::format("商户退款单[{}]已存在", mch_refund_no);
}

/// Found later, when the refund is told: its order is there for ever.
Result<Order> order_of(const Desk& desk, const Refund& refund) {
  TRY(auto order, find_own_order(desk.services.book, refund.mch_no, refund.order_id, ""));
  if (!order) return fail(Errc::kCorrupt, "refund {} has no order", refund.refund_id);
  return std::move(*order);
}

struct Prepared {
  ClaimKey claim;
  Content content;
  Refund refund;
  Order order;
};

Result<Prepared> prepare(const Desk& desk, const JeepayCall& call) {
  TRY(RefundOrderRequest request, parse_refund_order(call.bag));
  TRY(desk.check_currency(request.refund));
  TRY(check_notify_url(request.notify_url));
  TRY(auto order, find_own_order(desk.services.book, call.mch_no(), request.pay_order_id,
                                 request.mch_order_no));
  if (!order) return fail(Errc::kNotFound, "{}", kOrderMissing);
  Prepared out;
  out.order = std::move(*order);
  out.claim = claim_of("refund", call.mch_no(), request.mch_refund_no);
  out.content = content_of(desk.services.vault, content_fields(request));
  Refund& refund = out.refund;
  refund.created_at = desk.services.business.now();
  refund.refund_id = document_id('R', refund.created_at, out.claim);
  refund.order_id = out.order.order_id;
  refund.mch_no = call.mch_no();
  refund.app_id = call.caller->app.app_id;
  refund.amount = request.refund;
  refund.mch_refund_no = std::move(request.mch_refund_no);
  refund.notify_url = std::move(request.notify_url);
  TRY(const SubjectKey key, channels::same_key(desk.services.vault, out.order.texts_sealed));
  refund.texts_sealed = channels::seal_texts(
      key, refund.mch_no, {std::move(request.reason), {}, std::move(request.ext_param)});
  return out;
}

void refuse_error(const JeepayCall& call, const Error& error) {
  if (error.code == Errc::kCorrupt) log_error("refund: {}", error.message);
  call.refuse(error);
}

}  // namespace

void place_refund(const DeskPtr& desk, const CallPtr& call) {
  desk->on_worker(call, [desk, call] {
    auto prepared = prepare(*desk, *call);
    if (!prepared) return refuse_error(*call, prepared.error());
    Prepared& p = prepared.value();
    const std::string number = p.refund.mch_refund_no;
    desk->payments.refund(
        p.claim, std::move(p.content), std::move(p.refund),
        [call, number, order = std::move(p.order)](const channels::Outcome<Refund>& outcome) {
          if (!outcome.accepted())
            return refuse_outcome(*call, outcome, refund_exists_message(number));
          call->succeed(fields_of(refund_order_data(outcome.value, order)));
        });
  });
}

void query_refund(const DeskPtr& desk, const CallPtr& call) {
  desk->on_worker(call, [desk, call] {
    const auto request = parse_refund_query(call->bag);
    if (!request) return call->refuse(request.error());
    const auto found =
        find_own_refund(desk->services.book, call->mch_no(), request.value().refund_order_id,
                        request.value().mch_refund_no);
    if (!found) return refuse_error(*call, found.error());
    if (!found.value()) return call->refuse(ApiCode::kBusiness, kRefundMissing);
    auto order = order_of(*desk, *found.value());
    if (!order) return refuse_error(*call, order.error());
    desk->payments.query_refund(
        found.value()->refund_id, true,
        [desk, call, order = std::move(order.value())](const channels::Outcome<Refund>& outcome) {
          if (!outcome.accepted())
            return refuse_outcome(*call, outcome, std::string(kRefundMissing));
          const auto data = refund_query_data(desk->services.vault, outcome.value, order);
          if (!data) return refuse_error(*call, data.error());
          call->succeed(fields_of(data.value()));
        });
  });
}

}  // namespace suanpan::api::jeepay
