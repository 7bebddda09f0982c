// Refunds by operators: of any order, asked for by a maker, made when a checker approves.
#include "api/v1/approval.h"
#include "api/v1/order_answer.h"
#include "api/v1/outcome.h"
#include "api/v1/routes.h"
#include "channels/payment_commands.h"
#include "channels/personal_texts.h"
#include "ledger/base/check.h"
#include "ledger/core/text.h"
#include "settlement/document_fields.h"

namespace suanpan::api::v1 {
namespace {

struct Asked {
  std::string order_id, texts_sealed, mch_refund_no;
  std::int64_t amount = 0;
};

std::string encode_asked(const Asked& asked) {
  return JsonWriter()
      .begin_object()
      .field("order_id", asked.order_id)
      .field("amount", asked.amount)
      .field("texts_sealed", asked.texts_sealed)
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
  if (root.find("reason")) {  // of a book of before format 5
    TRY(const auto reason, root.get_string("reason"));
    asked.texts_sealed = clear_texts(reason, "", "");
  } else {
    TRY(asked.texts_sealed, root.get_string("texts_sealed"));
  }
  TRY(asked.mch_refund_no, root.get_string("mch_refund_no"));
  return asked;
}

Asked asked_in(const ApprovalRequest& request) {
  auto asked = decode_asked(request.body);
  CHECK_OR_DIE(asked, "request {} does not decode", request.id);
  return std::move(asked.value());
}

/// The refund that an approved request becomes.
Planned<ChangeSet> accept(const View& view, const ApprovalRequest& request, const Moment& moment) {
  const Asked asked = asked_in(request);
  const auto order = find_order(view, asked.order_id);
  if (!order) return refuse(RefusalCode::kOrderNotFound, asked.order_id);
  Refund refund;
  refund.refund_id = request.id;
  refund.order_id = order->order_id;
  refund.mch_no = order->mch_no;
  refund.app_id = order->app_id;
  refund.mch_refund_no = asked.mch_refund_no;
  refund.amount = Money{asked.amount, order->amount.currency};
  refund.texts_sealed = asked.texts_sealed;
  refund.notify_url = order->notify_url;
  refund.maker = request.maker;
  refund.checker = request.checker;
  refund.created_at = moment.now;
  return channels::plan_ask_refund(view, refund, moment);
}

Planned<void> check_order(const View& view, const Asked& asked) {
  const auto order = find_order(view, asked.order_id);
  if (!order) return refuse(RefusalCode::kOrderNotFound, asked.order_id);
  // A first look; the cap is held again when the money moves.
  if (asked.amount > order->amount.minor - order->refunded - order->refunding)
    return refuse(RefusalCode::kRefundExceedsPaid, asked.order_id);
  return success();
}

/// Sealed with the order's own key. Of an order that is not there nothing is kept.
Result<std::string> seal_reason(const Services& services, const std::string& order_id,
                                const std::string& reason) {
  const DocumentPtr document = services.book.document(DocumentKind::kOrder, order_id);
  const auto order = document ? decode_order(document->bytes) : fail(Errc::kNotFound, "");
  if (!order) return std::string();
  TRY(const SubjectKey key, channels::same_key(services.vault, order.value().texts_sealed));
  return channels::seal_texts(key, order.value().mch_no, {reason, "", ""});
}

Result<Asking> read(const Services& services, Fields& in, const std::string& id) {
  Asked asked;
  asked.order_id = in.text("order_id");
  asked.amount = in.integer("amount");
  const std::string reason = in.maybe_text("reason").value_or("");
  asked.mch_refund_no = in.maybe_text("mch_refund_no").value_or("");
  if (reason.size() > 256 || !is_plain_text(reason))
    in.fail_at("reason", "must be text of at most 256 bytes");
  if (!asked.mch_refund_no.empty() && !settlement::is_number(asked.mch_refund_no))
    in.fail_at("mch_refund_no", "must be 1 to 64 of A-Z a-z 0-9 - _ * | .");
  if (asked.mch_refund_no.empty()) asked.mch_refund_no = id;
  Content content{{"order_id", asked.order_id},
                  {"amount", std::to_string(asked.amount)},
                  {"reason", reason.empty() ? reason : services.vault.blind("v1|reason", reason)},
                  {"mch_refund_no", asked.mch_refund_no}};
  TRY(asked.texts_sealed, seal_reason(services, asked.order_id, reason));
  return Asking{encode_asked(asked), std::move(content),
                [asked](const View& view, const Moment&) { return check_order(view, asked); }};
}

std::string reason_of(const Services& services, const Asked& asked) {
  const DocumentPtr document = services.book.document(DocumentKind::kOrder, asked.order_id);
  const auto order = document ? decode_order(document->bytes) : fail(Errc::kNotFound, "");
  if (!order) return {};
  auto texts = channels::open_texts(services.vault, order.value().mch_no, asked.texts_sealed);
  return texts ? std::move(texts.value().title) : std::string();
}

RequestKind kind_of(Services& services) {
  RequestKind kind;
  kind.path = "/v1/refunds";
  kind.noun = "refund";
  kind.schema = "Refund";
  kind.filter = "order_id";
  kind.states = "created|processing|succeeded|failed";
  kind.asked = "order_id:string amount:amount reason?:string mch_refund_no?:string";
  kind.shown = "order_id:string amount:integer reason?:string";
  kind.letter = 'F';
  kind.requests = DocumentKind::kRefundRequest;
  kind.outcomes = DocumentKind::kRefund;
  kind.command = CommandKind::kRefund;
  kind.read = [&services](Fields& in, const std::string& id, const ClaimKey&) {
    return read(services, in, id);
  };
  kind.accept = accept;
  kind.check = [&services](const ApprovalRequest& request) -> Planned<void> {
    const Asked asked = asked_in(request);
    if (asked.amount <= 0) return refuse(RefusalCode::kAmountNotPositive, "amount");
    return services.payments->check_refund(asked.order_id);
  };
  const auto writer = [&vault = services.vault](JsonWriter& out, const Refund& refund) {
    write_refund(out, refund, vault);
  };
  kind.carry_out = [&services, writer](Command command, const Call& call) {
    services.payments->refund(std::move(command), answer_with<Refund>(call, 200, writer));
  };
  kind.show_asked = [&services](const ApprovalRequest& request) -> Result<Shown> {
    TRY(const Asked asked, decode_asked(request.body));
    return Shown{asked.order_id, "", [asked, reason = reason_of(services, asked)](JsonWriter& out) {
                   out.field("order_id", asked.order_id).field("amount", asked.amount);
                   if (!reason.empty()) out.field("reason", reason);
                 }};
  };
  kind.show_outcome = [writer](const Document& document) -> Result<Shown> {
    TRY(const Refund refund, decode_refund(document.bytes));
    return Shown{refund.order_id, std::string(name_of(refund.state)),
                 [refund, writer](JsonWriter& out) { writer(out, refund); }};
  };
  return kind;
}

}  // namespace

void add_refund_routes(Router& router, Services& services) {
  router.describe("Refund", std::string(kRefund));
  add_approval_routes(router, services, kind_of(services));
}

}  // namespace suanpan::api::v1
