// Orders: placing, looking up, closing.
#include "api/v1/body.h"
#include "api/v1/long_call.h"
#include "api/v1/order_answer.h"
#include "api/v1/order_id.h"
#include "api/v1/outcome.h"
#include "api/v1/ownership.h"
#include "api/v1/routes.h"
#include "channels/chart.h"
#include "channels/merchant.h"
#include "channels/personal_texts.h"
#include "settlement/document_fields.h"
#include "settlement/settlement_service.h"

namespace suanpan::api::v1 {
namespace {

constexpr std::int64_t kMaxLines = 32;
constexpr std::int64_t kDefaultExpiry_s = 2 * 3600;
constexpr std::int64_t kMaxExpiry_s = 7 * 86'400;

struct OrderDraft {
  Order order;
  channels::PayerDetails payer;
  channels::PersonalTexts texts;
  std::string product;
  std::int64_t expires_in_s = 0;
};

std::string short_text(Fields& in, std::string_view name, std::size_t limit) {
  std::string value = in.maybe_text(name).value_or("");
  if (value.size() > limit) in.fail_at(name, fmt::format("is longer than {} bytes", limit));
  for (const char c : value)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      in.fail_at(name, "holds a control character");
  return value;
}

std::string url(Fields& in, std::string_view name) {
  std::string value = short_text(in, name, 512);
  if (!value.empty() && !value.starts_with("https://") && !value.starts_with("http://"))
    in.fail_at(name, "must be a http or https address");
  return value;
}

std::string number(Fields& in, std::string_view name) {
  std::string value = in.text(name);
  if (!settlement::is_number(value)) in.fail_at(name, "must be 1 to 64 of A-Z a-z 0-9 - _ * | .");
  return value;
}

OrderDraft read_order(Fields& in) {
  OrderDraft draft;
  Order& order = draft.order;
  order.mch_no = number(in, "mch_no");
  order.app_id = short_text(in, "app_id", 64);
  order.mch_order_no = number(in, "mch_order_no");
  order.way = in.maybe_text("way").value_or("QR_CASHIER");
  order.amount.minor = in.integer("amount");
  order.amount.currency = in.maybe_currency("currency").value_or(Currency::kCNY);
  draft.texts.title = short_text(in, "subject", 256);
  draft.texts.detail = short_text(in, "body", 256);
  order.notify_url = url(in, "notify_url");
  order.return_url = url(in, "return_url");
  draft.texts.own = short_text(in, "ext_param", 512);
  draft.expires_in_s = in.integer_in("expires_in_s", 60, kMaxExpiry_s, kDefaultExpiry_s);
  draft.product = in.maybe_text("product").value_or(order.way);
  in.each("lines", kMaxLines, [&](Fields& line) {
    OrderLine made;
    made.label = short_text(line, "label", 64);
    made.account = line.text("account");
    made.amount = line.integer("amount");
    order.lines.push_back(std::move(made));
  });
  draft.payer.openid = short_text(in, "openid", 128);
  draft.payer.client_ip = short_text(in, "client_ip", 45);
  return draft;
}

std::string blinded(const Vault& vault, std::string_view name, const std::string& text) {
  return text.empty() ? std::string() : vault.blind(fmt::format("v1|{}", name), text);
}

// The payer's own details are not content: they must not be journalled, and a resend from another
// address is still the same order.
Content content_of(const Vault& vault, const OrderDraft& draft) {
  const Order& order = draft.order;
  Content content{{"mch_no", order.mch_no},
                  {"mch_order_no", order.mch_order_no},
                  {"app_id", order.app_id},
                  {"way", order.way},
                  {"amount", std::to_string(order.amount.minor)},
                  {"currency", std::string(code_of(order.amount.currency))},
                  {"subject", blinded(vault, "subject", draft.texts.title)},
                  {"body", blinded(vault, "body", draft.texts.detail)},
                  {"notify_url", order.notify_url},
                  {"return_url", order.return_url},
                  {"ext_param", blinded(vault, "ext_param", draft.texts.own)},
                  {"product", draft.product},
                  {"expires_in_s", std::to_string(draft.expires_in_s)}};
  for (const OrderLine& line : order.lines)
    content.emplace_back("line", fmt::format("{}|{}|{}", blinded(vault, "label", line.label),
                                             line.account, line.amount));
  return content;
}

/// Writes orders with what is sealed in them.
auto order_writer(const Services& services) {
  return [vault = &services.vault](JsonWriter& out, const Order& order) {
    write_order(out, order, *vault);
  };
}

/// Money goes to the merchant, or where the merchant may direct it: below its supervised account.
Planned<void> check_lines(const channels::Merchant& merchant, Order& order) {
  if (order.direct) {
    if (!order.lines.empty()) return refuse(RefusalCode::kValueInvalid, "lines");
    return success();
  }
  const std::string pending = channels::chart::merchant_pending(merchant.mch_no);
  if (order.lines.empty()) order.lines.push_back(OrderLine{"", pending, order.amount.minor});
  for (const OrderLine& line : order.lines) {
    const bool supervised = !merchant.supervised_path.empty() &&
                            line.account.starts_with(merchant.supervised_path + "/");
    if (line.account != pending && line.account != merchant.supervised_path && !supervised)
      return refuse(RefusalCode::kNotAuthorised, line.account);
    if (line.account.empty()) return refuse(RefusalCode::kAccountMissing, "lines");
  }
  return success();
}

Planned<void> complete(const Services& services, OrderDraft& draft) {
  Order& order = draft.order;
  if (order.amount.minor <= 0) return refuse(RefusalCode::kAmountNotPositive, "amount");
  const auto merchant = channels::find_merchant(services.book, order.mch_no);
  if (!merchant) return refuse(RefusalCode::kMerchantNotFound, order.mch_no);
  if (!merchant->enabled) return refuse(RefusalCode::kMerchantDisabled, order.mch_no);
  if (!order.app_id.empty()) {
    const auto app = channels::find_app(services.book, order.app_id);
    if (!app || app->mch_no != order.mch_no)
      return refuse(RefusalCode::kDocumentNotFound, order.app_id);
  }
  order.direct = merchant->mode == channels::MerchantMode::kDirect;
  TRY(check_lines(*merchant, order));
  if (services.settlement) {
    const auto fee = services.settlement->fee_for(order.mch_no, draft.product, order.amount);
    if (!fee) return refuse(RefusalCode::kValueInvalid, "product: " + fee.error().message);
    order.fee = fee.value().fee.minor;
    order.fee_kept = fee.value().on_refund == settlement::FeeReturn::kKept;
  }
  order.created_at = services.business.now();
  order.expires_at = order.created_at.plus_seconds(draft.expires_in_s);
  return success();
}

void place_draft(Services& services, Call& call, OrderDraft draft) {
  const ClaimKey key = claim_of(call);
  draft.order.order_id = order_id_of('N', key);
  Content content = content_of(services.vault, draft);
  const auto payer = channels::payer_key(services.vault, services.book, key, draft.payer.openid);
  if (!payer) return refuse_call(call, payer.error());
  channels::take_labels(draft.order.lines, draft.texts);
  draft.order.texts_sealed = channels::seal_texts(payer.value(), draft.order.mch_no, draft.texts);
  // An order that stands is owed its first answer, whatever its merchant may do by now.
  const auto completed = complete(services, draft);
  if (!completed && !services.book.document(DocumentKind::kOrder, draft.order.order_id))
    return refuse_call(call, completed.error());
  // Written on the committing thread where no channel is called: there what came in is at hand. An
  // order that stands was sealed otherwise.
  const auto write = [vault = &services.vault, sealed = draft.order.texts_sealed,
                      texts = std::move(draft.texts)](JsonWriter& out, const Order& order) {
    if (order.texts_sealed == sealed) return write_order(out, order, texts);
    write_order(out, order, *vault);
  };
  services.payments->place(key, std::move(content), std::move(draft.order), std::move(draft.payer),
                           answer_with<Order>(std::move(call), 201, write));
}

void place(Services& services, Call call) {
  Body body(call);
  OrderDraft draft = read_order(body.root());
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  if (const auto ours = check_merchant(call.principal, draft.order.mch_no); !ours)
    return refuse_call(call, ours.error());
  const std::string& openid = draft.payer.openid;
  const Vault& vault = services.vault;
  const bool at_hand = openid.empty() ? vault.subjects().has_stock()
                                      : vault.subjects().has(vault.subject_index("openid", openid));
  if (at_hand) return place_draft(services, call, std::move(draft));
  // A payer who was never seen is given a key, and that is synced first; so is a new stock of keys
  // for orders without one.
  on_worker(services, std::move(call),
            [&services, draft = std::move(draft)](Call& on) { place_draft(services, on, draft); });
}

/// Whether the call may see the order; else it is refused as if it were not there.
bool visible(const Call& call, const std::string& order_id) {
  return call.principal.roles.has_any(kHouse) || owns_order(call.principal, order_id);
}

void get(Services& services, Call call) {
  Query query(call);
  const bool ask = query.maybe_text("ask").value_or("") == "true";
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  const std::string id = call.path.at("id");
  if (!visible(call, id)) return refuse_call(call, refuse(RefusalCode::kOrderNotFound, id));
  on_worker(services, std::move(call), [&services, id, ask](Call& on) {
    services.payments->query(id, ask, answer_with<Order>(on, 200, order_writer(services)));
  });
}

void find(Services& services, Call call) {
  Query query(call);
  const std::string mch_no = query.text("mch_no");
  const std::string mch_order_no = query.text("mch_order_no");
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services, mch_no, mch_order_no](Call& on) {
    const DocumentPtr index =
        services.book.document(DocumentKind::kIndex, index_key("order", mch_no, mch_order_no));
    if (!index || !visible(on, index->bytes))
      return refuse_call(on, refuse(RefusalCode::kOrderNotFound, mch_order_no));
    services.payments->query(index->bytes, false,
                             answer_with<Order>(on, 200, order_writer(services)));
  });
}

/// The answer is kept in the journal, so what is sealed stays out of it.
LongOutcome outcome_of_close(const Services& services, const channels::Outcome<Order>& how) {
  if (how.overloaded) return LongOutcome::failed(fail(Errc::kUnavailable, "queue"));
  if (!how.accepted()) return LongOutcome::refused(how.refusal);
  Order order = how.value;
  order.texts_sealed.clear();
  for (OrderLine& line : order.lines) line.label.clear();
  JsonWriter out;
  write_order(out, order, services.vault);
  const bool under_way =
      how.value.state == OrderState::kCreated || how.value.state == OrderState::kPaying;
  return under_way ? LongOutcome::open(out.take()) : LongOutcome::accepted(out.take());
}

void close(Services& services, Call call) {
  if (!call.request.body.empty()) {
    Body body(call);
    if (const auto& error = body.finish()) return refuse_call(call, *error);
  }
  const std::string id = call.path.at("id");
  if (!call.principal.roles.has(Role::kMaker) && !owns_order(call.principal, id))
    return refuse_call(call, refuse(RefusalCode::kOrderNotFound, id));
  run_long(services, std::move(call), {"close", {{"order", id}}},
           [&services, id](Call&, const LongDone& done) {
             services.payments->close(id, [&services, done](const channels::Outcome<Order>& how) {
               done(outcome_of_close(services, how));
             });
           });
}

}  // namespace

void add_order_routes(Router& router, Services& services) {
  router.describe("OrderLine", std::string(kOrderLine));
  router.describe("Order", std::string(kOrder));
  router.describe("OrderLineRequest", "label?:string account:string amount:amount");
  router.describe("OrderRequest",
                  "mch_no:string app_id?:string mch_order_no:string way?:string amount:amount "
                  "currency?:string subject?:string body?:string notify_url?:string "
                  "return_url?:string ext_param?:string expires_in_s?:integer product?:string "
                  "lines?:[OrderLineRequest] openid?:string client_ip?:string");
  router.describe("Empty", "");
  router.add({.method = "POST",
              .pattern = "/v1/orders",
              .allowed = {Role::kUpstream},
              .writes = true,
              .summary = "Places a payment order",
              .handle = [&services](Call call) { place(services, std::move(call)); },
              .doc = {.request = "OrderRequest", .answer = "Order", .status = 201}});
  router.add({.method = "GET",
              .pattern = "/v1/orders",
              .allowed = kReaders,
              .summary = "The order of a merchant's own number",
              .handle = [&services](Call call) { find(services, std::move(call)); },
              .doc = {.answer = "Order", .query = "mch_no:string mch_order_no:string"}});
  router.add({.method = "GET",
              .pattern = "/v1/orders/{id}",
              .allowed = kReaders,
              .summary = "An order; with ask=true the channel is asked first",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "Order", .query = "ask?:=true|false"}});
  router.add({.method = "POST",
              .pattern = "/v1/orders/{id}/close",
              .allowed = {Role::kUpstream, Role::kMaker},
              .writes = true,
              .summary = "Closes an order that is not paid, upstream first",
              .handle = [&services](Call call) { close(services, std::move(call)); },
              .doc = {.request = "Empty", .answer = "Order"}});
}

}  // namespace suanpan::api::v1
