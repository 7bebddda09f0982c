#include "api/cashier/routes.h"

#include "api/cashier/page.h"
#include "api/cashier/qr_code.h"
#include "api/jeepay/cashier_link.h"
#include "api/jeepay/notification_body.h"
#include "channels/fair_workers.h"
#include "channels/merchant.h"
#include "channels/payment_service.h"
#include "channels/personal_texts.h"
#include "ledger/base/digest.h"
#include "ledger/base/log.h"

namespace suanpan::api::cashier {
namespace {

using CallPtr = std::shared_ptr<const Call>;

constexpr std::string_view kCodeUrl = "codeUrl";
constexpr std::string_view kTokenName = "t";

HttpResponse page(int status, std::string html) {
  HttpResponse response;
  response.status = status;
  response.headers = {{"Content-Type", "text/html; charset=utf-8"},
                      {"Content-Security-Policy", cashier_policy()},
                      {"Cache-Control", "no-store"},
                      {"Referrer-Policy", "no-referrer"},
                      {"X-Content-Type-Options", "nosniff"}};
  response.body = std::move(html);
  return response;
}

HttpResponse invalid_link() {
  return page(404, render_cashier_notice("链接无效", "请回到商户处重新打开付款页面"));
}
HttpResponse busy() {
  HttpResponse response = page(503, render_cashier_notice("系统繁忙", "请稍后刷新页面"));
  response.headers.set("Retry-After", "1");
  return response;
}

std::string own_path(const Services& services, const std::string& order_id,
                     std::string_view ending) {
  return fmt::format("/cashier/{}{}?t={}", percent_encode(order_id), ending,
                     jeepay::cashier_token(services.vault, order_id));
}

/// The order whose link this is; nothing for any other.
std::optional<Order> order_of(const Services& services, const Call& call) {
  const std::string& order_id = call.path.at("order_id");
  const auto token = call.query.find(kTokenName);
  if (token == call.query.end()) return std::nullopt;
  // The token first: who does not hold it shall not make us read.
  if (!equal_constant_time(token->second, jeepay::cashier_token(services.vault, order_id)))
    return std::nullopt;
  const DocumentPtr document = services.book.document(DocumentKind::kOrder, order_id);
  if (!document) return std::nullopt;
  auto order = decode_order(document->bytes);
  if (!order) {
    log_error("order {} does not decode: {}", order_id, order.error().message);
    return std::nullopt;
  }
  return std::move(order.value());
}

CashierState state_of(const Order& order, Timestamp now) {
  const bool over = order.expires_at.ns != 0 && order.expires_at <= now;
  switch (order.state) {
    case OrderState::kCreated:
      return over ? CashierState::kExpired : CashierState::kChoosing;
    case OrderState::kPaying:
      if (over) return CashierState::kConfirming;
      return order.pay_data_type == kCodeUrl ? CashierState::kScanning : CashierState::kPreparing;
    case OrderState::kPaid:
      return CashierState::kPaid;
    case OrderState::kFailed:
      return CashierState::kFailed;
    case OrderState::kRefunded:
      return CashierState::kRefunded;
    case OrderState::kClosed:
      return over ? CashierState::kExpired : CashierState::kClosed;
  }
  return CashierState::kConfirming;
}

/// `notice`: what the payer must know of a choice that came to nothing.
HttpResponse show(const Services& services, const Order& order, int status, std::string notice) {
  const Timestamp now = services.business.now();
  CashierView view;
  view.state = state_of(order, now);
  const auto merchant = channels::find_merchant(services.book, order.mch_no);
  view.merchant = merchant ? merchant->name : order.mch_no;
  auto texts = channels::open_texts(services.vault, order.mch_no, order.texts_sealed);
  if (!texts)
    log_error("order {}: {}", order.order_id, texts.error().message);
  else
    view.subject = std::move(texts.value().title);
  view.amount = order.amount;
  view.order_id = order.order_id;
  view.expires_at = order.expires_at;
  view.left_s = std::max<std::int64_t>(0, order.expires_at.seconds() - now.seconds());
  view.paid_at = order.paid_at;
  view.notice = std::move(notice);
  if (view.state == CashierState::kChoosing)
    view.pay_action = own_path(services, order.order_id, "/pay");
  if (view.state == CashierState::kScanning) {
    auto svg = qr_svg(order.pay_data, "微信付款码");
    if (!svg) {
      log_error("order {}: no QR code: {}", order.order_id, svg.error().message);
      view.state = CashierState::kPreparing;
    } else {
      view.code_svg = std::move(svg.value());
    }
  }
  if (view.state == CashierState::kPaid) {
    const auto link =
        jeepay::signed_return_url(services.book, services.vault, order, services.real.now());
    if (link && link.value()) view.return_link = *link.value();
    if (!link) log_error("order {}: no return link: {}", order.order_id, link.error().message);
  }
  return page(status, render_cashier(view));
}

/// A choice was made: the page by its own address, so that reloading chooses nothing again.
HttpResponse see_page(const Services& services, const std::string& order_id) {
  HttpResponse response = page(303, "");
  response.headers.set("Location", own_path(services, order_id, ""));
  return response;
}

/// The form's choice; nothing if it is not one that the page offers.
std::optional<channels::Way> chosen_way(const Call& call) {
  const auto fields = parse_form(call.request.body);
  if (!fields || fields->size() != 1 || fields->front().first != "way") return std::nullopt;
  const auto way = channels::way_of(fields->front().second);
  return way == channels::Way::kWxNative ? way : std::nullopt;
}

std::string notice_of(const channels::Outcome<Order>& outcome) {
  if (outcome.overloaded) return "系统繁忙，请稍后再试";
  if (outcome.refusal.code == RefusalCode::kWayNotAllowed) return "商户未开通该支付方式";
  return "暂时不能付款，请稍后再试";
}

void pay(Services& services, const CallPtr& call) {
  const auto order = order_of(services, *call);
  if (!order) return call->reply(invalid_link());
  const auto way = chosen_way(*call);
  if (!way) return call->reply(show(services, *order, 400, "请选择页面上的支付方式"));
  const CashierState state = state_of(*order, services.business.now());
  // Whatever else it is, the page tells it better than a refusal.
  if (state != CashierState::kChoosing && state != CashierState::kPreparing)
    return call->reply(see_page(services, order->order_id));
  services.payments->choose_way(
      order->order_id, *way, {{}, call->request.peer},
      [&services, call, order = *order](const channels::Outcome<Order>& outcome) {
        const bool chosen = outcome.accepted() ||
                            outcome.refusal.code == RefusalCode::kOrderStateWrong ||
                            outcome.refusal.code == RefusalCode::kOrderExpired;
        if (chosen) return call->reply(see_page(services, order.order_id));
        call->reply(show(services, order, outcome.overloaded ? 503 : 409, notice_of(outcome)));
      });
}

void add(Router& router, Services& services, std::string method, std::string pattern, int status,
         std::string summary, void (*handle)(Services&, const CallPtr&)) {
  Route route;
  route.method = std::move(method);
  route.pattern = std::move(pattern);
  route.access = Access::kOpen;
  route.doc.status = status;
  route.doc.media = "text/html";
  route.summary = std::move(summary);
  route.handle = [&services, handle](Call given) {
    const auto call = std::make_shared<const Call>(std::move(given));
    // On a worker: an old order is read from the disk. Addresses take turns.
    if (!services.workers.submit("@" + call->request.peer,
                                 [&services, handle, call] { handle(services, call); }))
      call->reply(busy());
  };
  router.add(std::move(route));
}

}  // namespace

void add_cashier_routes(Router& router, Services& services) {
  if (!services.payments) return;
  add(router, services, "GET", "/cashier/{order_id}", 200, "收银台页面",
      [](Services& s, const CallPtr& call) {
        const auto order = order_of(s, *call);
        call->reply(order ? show(s, *order, 200, "") : invalid_link());
      });
  add(router, services, "POST", "/cashier/{order_id}/pay", 303, "收银台选择支付方式", pay);
}

}  // namespace suanpan::api::cashier
