// Orders: placed, asked for, closed.
#include <algorithm>

#include "api/jeepay/call.h"
#include "api/jeepay/cashier_link.h"
#include "api/jeepay/instructions.h"
#include "api/jeepay/views.h"
#include "channels/personal_texts.h"
#include "ledger/base/log.h"

namespace suanpan::api::jeepay {
namespace {

using channels::Way;

constexpr std::string_view kOrderMissing = "订单不存在";
constexpr std::string_view kPayUrl = "payurl";

/// An order as it goes to the payment service, with what only the channel needs.
struct Prepared {
  ClaimKey claim;
  Content content;
  Order order;
  channels::PayerDetails payer;
  bool cashier = false;
};

/// Whether the schedule names that very product.
bool is_scheduled(const Desk& desk, const std::string& mch_no, const std::string& product) {
  const auto schedule = desk.settlement.schedule(mch_no);
  if (!schedule || product.empty()) return false;
  return std::any_of(schedule->entries.begin(), schedule->entries.end(),
                     [&](const settlement::FeeEntry& entry) { return entry.product == product; });
}

/// Supervised funds (监管资金) are not the platform's to take from: without a fee of their own they
/// go in whole, whatever the merchant's other business costs.
Result<settlement::FeeTerms> fee_of(const Desk& desk, const std::string& mch_no,
                                    const Instructions& instructions,
                                    const UnifiedOrderRequest& request) {
  const bool supervised = !instructions.account.empty();
  if (supervised && !is_scheduled(desk, mch_no, instructions.product))
    return settlement::FeeTerms{Money{0, request.amount.currency}};
  const std::string& product =
      instructions.product.empty() ? request.way_code : instructions.product;
  const auto fee = desk.settlement.fee_for(mch_no, product, request.amount);
  if (fee) return fee.value();
  if (fee.error().code == Errc::kNotFound || fee.error().code == Errc::kMismatch)
    return fail(Errc::kMismatch, "产品 {} 没有可用的费率", product);
  return fee.error();
}

Result<Way> way_for(const std::string& way_code) {
  const auto way = channels::way_of(way_code);
  if (!way) return fail(Errc::kMalformed, "不支持的 wayCode");
  return *way;
}

Result<Prepared> prepare(const Desk& desk, const JeepayCall& call) {
  TRY(UnifiedOrderRequest request, parse_unified_order(call.bag));
  TRY(const Way way, way_for(request.way_code));
  TRY(desk.check_currency(request.amount));
  TRY(check_notify_url(request.notify_url));
  TRY(const Instructions instructions, read_instructions(request.channel_extra, request.ext_param));

  const channels::Merchant& merchant = call.caller->merchant;
  Prepared out;
  Order& order = out.order;
  TRY(order.lines, order_lines(merchant, instructions, request.amount));
  TRY(const settlement::FeeTerms terms, fee_of(desk, merchant.mch_no, instructions, request));
  order.fee = terms.fee.minor;
  order.fee_kept = terms.on_refund == settlement::FeeReturn::kKept;
  out.claim = claim_of("order", merchant.mch_no, request.mch_order_no);
  out.content = content_of(desk.services.vault, content_fields(request));
  out.payer = {request.payer_openid, request.client_ip.empty() ? call.peer : request.client_ip};
  out.cashier = way == Way::kQrCashier;
  order.created_at = desk.services.business.now();
  order.expires_at = order.created_at.plus_seconds(request.expires_in_s);
  order.order_id = document_id('P', order.created_at, out.claim);
  order.mch_no = merchant.mch_no;
  order.app_id = call.caller->app.app_id;
  order.direct = merchant.mode == channels::MerchantMode::kDirect;
  order.amount = request.amount;
  order.mch_order_no = std::move(request.mch_order_no);
  order.way = std::move(request.way_code);
  order.notify_url = std::move(request.notify_url);
  order.return_url = std::move(request.return_url);
  channels::PersonalTexts texts{std::move(request.subject), std::move(request.body),
                                std::move(request.ext_param)};
  if (!instructions.lines.empty()) channels::take_labels(order.lines, texts);
  TRY(const SubjectKey payer, channels::payer_key(desk.services.vault, desk.services.book,
                                                  out.claim, request.payer_openid));
  order.texts_sealed = channels::seal_texts(payer, order.mch_no, texts);
  return out;
}

/// What an order needs to be found and answered for.
struct Numbers {
  std::string order_id;
  bool paying = false;
};

Result<std::optional<Numbers>> find_asked(const Desk& desk, const JeepayCall& call) {
  TRY(const PayOrderRequest request, parse_pay_order(call.bag));
  TRY(const auto order, find_own_order(desk.services.book, call.mch_no(), request.pay_order_id,
                                       request.mch_order_no));
  if (!order) return std::optional<Numbers>{};
  return std::optional(Numbers{order->order_id, order->state == OrderState::kPaying});
}

/// Runs `then` with the order that the call names, on a worker; refuses the call if there is none.
void with_order(const DeskPtr& desk, const CallPtr& call,
                std::function<void(const Numbers&)> then) {
  desk->on_worker(call, [desk, call, then = std::move(then)] {
    const auto found = find_asked(*desk, *call);
    if (!found) {
      if (found.error().code == Errc::kCorrupt) log_error("order: {}", found.error().message);
      return call->refuse(found.error());
    }
    if (!found.value()) return call->refuse(ApiCode::kBusiness, kOrderMissing);
    then(*found.value());
  });
}

// A payer who was never seen is given a key, and that is synced first; so is a new stock of keys
// for orders without one.
bool waits_for_a_key(const Desk& desk, const JeepayCall& call) {
  const Vault& vault = desk.services.vault;
  if (call.bag.text("channelExtra").empty()) return !vault.subjects().has_stock();
  const auto request = parse_unified_order(call.bag);
  if (!request) return false;
  if (request.value().payer_openid.empty()) return !vault.subjects().has_stock();
  return !vault.subjects().has(vault.subject_index("openid", request.value().payer_openid));
}

void place_prepared(const DeskPtr& desk, const CallPtr& call) {
  auto prepared = prepare(*desk, *call);
  if (!prepared) return call->refuse(prepared.error());
  Prepared& p = prepared.value();
  const std::string number = p.order.mch_order_no;
  desk->payments.place(
      p.claim, std::move(p.content), std::move(p.order), std::move(p.payer),
      [desk, call, number, cashier = p.cashier](const channels::Outcome<Order>& outcome) {
        if (!outcome.accepted())
          return refuse_outcome(*call, outcome, order_exists_message(number));
        UnifiedOrderData data = unified_order_data(outcome.value);
        // The link is no part of the order: what the payer chooses there is.
        if (cashier) {
          data.pay_data_type = kPayUrl;
          data.pay_data =
              cashier_url(desk->services.public_url, desk->services.vault, outcome.value.order_id);
        }
        call->succeed(fields_of(data));
      });
}

}  // namespace

void place_order(const DeskPtr& desk, const CallPtr& call) {
  if (!waits_for_a_key(*desk, *call)) return place_prepared(desk, call);
  desk->on_worker(call, [desk, call] { place_prepared(desk, call); });
}

void query_order(const DeskPtr& desk, const CallPtr& call) {
  with_order(desk, call, [desk, call](const Numbers& order) {
    desk->payments.query(order.order_id, order.paying,
                         [desk, call](const channels::Outcome<Order>& outcome) {
                           if (!outcome.accepted())
                             return refuse_outcome(*call, outcome, std::string(kOrderMissing));
                           const auto data = pay_order_data(desk->services.vault, outcome.value);
                           if (!data) return call->refuse(data.error());
                           call->succeed(fields_of(data.value()));
                         });
  });
}

void close_order(const DeskPtr& desk, const CallPtr& call) {
  with_order(desk, call, [desk, call](const Numbers& order) {
    desk->payments.close(order.order_id, [call](const channels::Outcome<Order>& outcome) {
      if (!outcome.accepted()) return refuse_outcome(*call, outcome, std::string(kOrderMissing));
      switch (outcome.value.state) {
        case OrderState::kClosed:
          return call->succeed(FieldBag{});
        case OrderState::kPaid:
        case OrderState::kRefunded:
          return call->refuse(ApiCode::kBusiness, "订单已支付, 不能关闭");
        case OrderState::kCreated:
        case OrderState::kPaying:
        case OrderState::kFailed:
          return call->refuse(ApiCode::kBusiness, "关单未得到渠道确认, 请稍后查询");
      }
    });
  });
}

}  // namespace suanpan::api::jeepay
