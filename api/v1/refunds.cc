// Refunds by operators: of any order, asked for by a maker, made when a checker approves.
#include "api/v1/approval.h"
#include "api/v1/order_answer.h"
#include "api/v1/order_id.h"
#include "api/v1/outcome.h"
#include "api/v1/routes.h"
#include "settlement/settlement_service.h"

namespace suanpan::api::v1 {
namespace {

constexpr DocumentKind kKind = DocumentKind::kRefundRequest;

struct Asked {
  std::string order_id, reason, mch_refund_no;
  std::int64_t amount = 0;
};

std::string encode_asked(const Asked& asked) {
  return JsonWriter()
      .begin_object()
      .field("order_id", asked.order_id)
      .field("amount", asked.amount)
      .field("reason", asked.reason)
      .field("mch_refund_no", asked.mch_refund_no)
      .end_object()
      .take();
}

Result<Asked> decode_asked(std::string_view bytes) {
  TRY(auto document, JsonDocument::parse(bytes));
  const JsonValue root = document.root();
  Asked asked;
  TRY(asked.order_id, root.get_string("order_id"));
  TRY(asked.amount, root.get_int64("amount"));
  TRY(asked.reason, root.get_string("reason"));
  TRY(asked.mch_refund_no, root.get_string("mch_refund_no"));
  return asked;
}

void ask(Services& services, Call call) {
  Body body(call);
  Fields& in = body.root();
  Asked asked;
  asked.order_id = in.text("order_id");
  asked.amount = in.integer("amount");
  asked.reason = in.maybe_text("reason").value_or("");
  asked.mch_refund_no = in.maybe_text("mch_refund_no").value_or("");
  if (asked.reason.size() > 256) in.fail_at("reason", "is longer than 256 bytes");
  if (asked.mch_refund_no.size() > 64) in.fail_at("mch_refund_no", "is longer than 64 bytes");
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  if (asked.amount <= 0)
    return refuse_call(call, refuse(RefusalCode::kAmountNotPositive, "amount"));
  const ClaimKey key = claim_of(call);
  ApprovalRequest request;
  request.id = order_id_of('F', key);
  request.maker = call.principal.key_id;
  if (asked.mch_refund_no.empty()) asked.mch_refund_no = request.id;
  request.body = encode_asked(asked);
  Content content{{"order_id", asked.order_id},
                  {"amount", std::to_string(asked.amount)},
                  {"reason", asked.reason},
                  {"mch_refund_no", asked.mch_refund_no}};
  const auto check = [asked](const View& view) -> Planned<void> {
    const auto order = find_order(view, asked.order_id);
    if (!order) return refuse(RefusalCode::kOrderNotFound, asked.order_id);
    // A first look; the cap is held again when the money moves.
    if (asked.amount > order->amount.minor - order->refunded - order->refunding)
      return refuse(RefusalCode::kRefundExceedsPaid, asked.order_id);
    return success();
  };
  run(services, std::move(call), make_request(key, kKind, request, std::move(content), check),
      [](const Answer& answer) {
        JsonWriter out;
        out.begin_object();
        write_receipt(out, answer);
        out.field("id", answer.answer).field("state", "requested").end_object();
        return json_response(201, out.take());
      });
}

/// The approval is durable: now the money moves, once, whoever comes here how often.
void make_refund(Services& services, Call& call, const std::string& id) {
  const auto request = find_approval(services.book, kKind, id);
  const auto asked = request ? decode_asked(request->body) : fail(Errc::kCorrupt, "request {}", id);
  if (!asked) return refuse_call(call, asked.error());
  const DocumentPtr stored = services.book.document(DocumentKind::kOrder, asked.value().order_id);
  if (!stored) return refuse_call(call, refuse(RefusalCode::kOrderNotFound, id));
  const auto order = decode_order(stored->bytes);
  if (!order) return refuse_call(call, order.error());
  Refund refund;
  refund.refund_id = id;
  refund.order_id = asked.value().order_id;
  refund.mch_no = order.value().mch_no;
  refund.app_id = order.value().app_id;
  refund.mch_refund_no = asked.value().mch_refund_no;
  refund.amount = Money{asked.value().amount, order.value().amount.currency};
  refund.reason = asked.value().reason;
  refund.notify_url = order.value().notify_url;
  refund.maker = request->maker;
  refund.checker = request->checker;
  refund.created_at = services.business.now();
  services.payments->refund(outcome_claim(id), {{"request", id}}, std::move(refund),
                            answer_with<Refund>(call, 200, write_refund));
}

void approve(Services& services, Call call) {
  if (!call.request.body.empty()) {
    Body body(call);
    if (const auto& error = body.finish()) return refuse_call(call, *error);
  }
  const std::string id = call.path.at("id");
  auto shared = std::make_shared<Call>(std::move(call));
  std::vector<Command> commands{
      approve_request(claim_of(*shared), kKind, id, shared->principal.key_id)};
  const bool accepted =
      services.book.submit(std::move(commands), [&services, shared, id](Book::Answers answers) {
        if (!answers.at(0).accepted()) return shared->reply(respond(*shared, answers.at(0), {}));
        on_worker(services, *shared, [&services, id](Call& on) { make_refund(services, on, id); });
      });
  if (!accepted) refuse_call(*shared, overloaded(1));
}

void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services](Call& on) {
    const std::string& id = on.path.at("id");
    const auto request = find_approval(services.book, kKind, id);
    const DocumentPtr refund = services.book.document(DocumentKind::kRefund, id);
    if (!request && !refund) return refuse_call(on, refuse(RefusalCode::kDocumentNotFound, id));
    JsonWriter out;
    out.begin_object();
    if (request) {
      out.key("request").begin_object();
      write_request(out, *request);
      const auto asked = decode_asked(request->body);
      if (!asked) return refuse_call(on, asked.error());
      out.field("order_id", asked.value().order_id).field("amount", asked.value().amount);
      out.end_object();
    }
    if (refund) {
      const auto decoded = decode_refund(refund->bytes);
      if (!decoded) return refuse_call(on, decoded.error());
      out.key("refund");
      write_refund(out, decoded.value());
    }
    out.end_object();
    on.reply(json_response(200, out.take()));
  });
}

}  // namespace

void add_refund_routes(Router& router, Services& services) {
  router.describe("Empty", "");
  router.describe("Refund", std::string(kRefund));
  router.describe("RefundRequestBody",
                  "order_id:string amount:amount reason?:string mch_refund_no?:string");
  router.describe("Requested", std::string(kReceipt) + "id:string state:=requested");
  router.describe("RefundRequest", std::string(kRequestMembers) + "order_id:string amount:integer");
  router.describe("RefundView", "request?:RefundRequest refund?:Refund");
  router.add({.method = "POST",
              .pattern = "/v1/refunds",
              .allowed = {Role::kMaker},
              .writes = true,
              .summary = "Asks for a refund of any order; no money moves yet",
              .handle = [&services](Call call) { ask(services, std::move(call)); },
              .doc = {.request = "RefundRequestBody", .answer = "Requested", .status = 201}});
  router.add({.method = "GET",
              .pattern = "/v1/refunds/{id}",
              .allowed = kHouse,
              .summary = "A refund and the request that it came from",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "RefundView"}});
  router.add({.method = "POST",
              .pattern = "/v1/refunds/{id}/approve",
              .allowed = {Role::kChecker},
              .writes = true,
              .summary = "Approves a request of somebody else: the refund is made",
              .handle = [&services](Call call) { approve(services, std::move(call)); },
              .doc = {.request = "Empty", .answer = "Refund"}});
  add_reject_route(router, services, "/v1/refunds/{id}/reject", kKind);
}

}  // namespace suanpan::api::v1
