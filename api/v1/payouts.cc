// Payouts through the bank: asked for by a maker, accepted and sent when a checker approves. The
// payee is sealed before anything is journalled.
#include "api/v1/approval.h"
#include "api/v1/order_answer.h"
#include "api/v1/order_id.h"
#include "api/v1/outcome.h"
#include "api/v1/routes.h"
#include "channels/chart.h"
#include "channels/merchant.h"
#include "channels/payee.h"
#include "ledger/base/limits.h"

namespace suanpan::api::v1 {
namespace {

constexpr DocumentKind kKind = DocumentKind::kPayoutRequest;

struct Asked {
  std::string mch_no, mch_order_no, source_account, payee_sealed, payee_masked, remark;
  std::int64_t amount = 0;
};

std::string encode_asked(const Asked& asked) {
  return JsonWriter()
      .begin_object()
      .field("mch_no", asked.mch_no)
      .field("mch_order_no", asked.mch_order_no)
      .field("source_account", asked.source_account)
      .field("payee_sealed", asked.payee_sealed)
      .field("payee_masked", asked.payee_masked)
      .field("remark", asked.remark)
      .field("amount", asked.amount)
      .end_object()
      .take();
}

Result<Asked> decode_asked(std::string_view bytes) {
  TRY(auto document, JsonDocument::parse(bytes));
  const JsonValue root = document.root();
  Asked asked;
  TRY(asked.mch_no, root.get_string("mch_no"));
  TRY(asked.mch_order_no, root.get_string("mch_order_no"));
  TRY(asked.source_account, root.get_string("source_account"));
  TRY(asked.payee_sealed, root.get_string("payee_sealed"));
  TRY(asked.payee_masked, root.get_string("payee_masked"));
  TRY(asked.remark, root.get_string("remark"));
  TRY(asked.amount, root.get_int64("amount"));
  return asked;
}

channels::Payee read_payee(Fields& in) {
  Fields payee = in.object("payee");
  channels::Payee read{payee.text("name"), payee.text("account"), payee.text("bank")};
  if (read.name.empty() || read.name.size() > 140) payee.fail_at("name", "must be 1 to 140 bytes");
  if (read.account.empty() || read.account.size() > 34)
    payee.fail_at("account", "must be 1 to 34 characters");
  if (read.bank.size() != 12 || read.bank.find_first_not_of("0123456789") != std::string::npos)
    payee.fail_at("bank", "must be a CNAPS code of 12 digits");
  payee.close();
  return read;
}

/// Money is taken from what the merchant is owed, or from where it may direct.
Planned<void> check_source(const Services& services, Asked& asked) {
  const auto merchant = channels::find_merchant(services.book, asked.mch_no);
  if (!merchant) return refuse(RefusalCode::kMerchantNotFound, asked.mch_no);
  if (!merchant->enabled) return refuse(RefusalCode::kMerchantDisabled, asked.mch_no);
  const std::string payable = channels::chart::merchant_payable(asked.mch_no);
  if (asked.source_account.empty()) asked.source_account = payable;
  const std::string& path = merchant->supervised_path;
  const bool supervised = !path.empty() && (asked.source_account == path ||
                                            asked.source_account.starts_with(path + "/"));
  if (asked.source_account != payable && !supervised)
    return refuse(RefusalCode::kNotAuthorised, asked.source_account);
  return success();
}

void ask(Services& services, Call call) {
  Body body(call);
  Fields& in = body.root();
  Asked asked;
  asked.mch_no = in.text("mch_no");
  asked.mch_order_no = in.maybe_text("mch_order_no").value_or("");
  asked.amount = in.integer("amount");
  asked.source_account = in.maybe_text("source_account").value_or("");
  asked.remark = in.maybe_text("remark").value_or("");
  const channels::Payee payee = read_payee(in);
  if (asked.remark.size() > 140) in.fail_at("remark", "is longer than 140 bytes");
  if (asked.mch_order_no.size() > 64) in.fail_at("mch_order_no", "is longer than 64 bytes");
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  if (asked.amount <= 0)
    return refuse_call(call, refuse(RefusalCode::kAmountNotPositive, "amount"));
  if (asked.amount > kMaxAmountMinor)
    return refuse_call(call, refuse(RefusalCode::kAmountTooLarge, "amount"));
  const auto checked = check_source(services, asked);
  if (!checked) return refuse_call(call, checked.error());
  const ClaimKey key = claim_of(call);
  ApprovalRequest request;
  request.id = order_id_of('T', key);
  request.maker = call.principal.key_id;
  if (asked.mch_order_no.empty()) asked.mch_order_no = request.id;
  asked.payee_sealed = channels::seal_payee(services.vault, asked.mch_no, payee);
  asked.payee_masked = channels::mask_payee(payee);
  request.body = encode_asked(asked);
  // Sealing is different every time; a resend is told by a digest that only we can make.
  const std::string blinded = services.vault.blind(
      "payee", fmt::format("{}\n{}\n{}", payee.name, payee.account, payee.bank));
  Content content{{"mch_no", asked.mch_no},
                  {"mch_order_no", asked.mch_order_no},
                  {"amount", std::to_string(asked.amount)},
                  {"source_account", asked.source_account},
                  {"payee", blinded},
                  {"remark", asked.remark}};
  const auto check = [source = asked.source_account](const View& view) -> Planned<void> {
    if (!view.account(source)) return refuse(RefusalCode::kAccountNotFound, source);
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

void make_payout(Services& services, Call& call, const std::string& id) {
  const auto request = find_approval(services.book, kKind, id);
  const auto asked = request ? decode_asked(request->body) : fail(Errc::kCorrupt, "request {}", id);
  if (!asked) return refuse_call(call, asked.error());
  const auto merchant = channels::find_merchant(services.book, asked.value().mch_no);
  if (!merchant) return refuse_call(call, refuse(RefusalCode::kMerchantNotFound, id));
  const std::string bank =
      merchant->bank_account.empty() ? services.default_bank_account : merchant->bank_account;
  Payout payout;
  payout.payout_id = id;
  payout.mch_no = asked.value().mch_no;
  payout.mch_order_no = asked.value().mch_order_no;
  payout.amount.minor = asked.value().amount;
  payout.amount.currency =
      services.book.read([](const State& state, std::uint64_t) { return state.book().currency; });
  payout.source_account = asked.value().source_account;
  payout.transit_account = std::string(channels::chart::kPayoutTransit);
  payout.bank_account = channels::chart::bank_deposit(bank);
  payout.payer_number = bank;
  payout.payee_sealed = asked.value().payee_sealed;
  payout.payee_masked = asked.value().payee_masked;
  payout.remark = asked.value().remark;
  payout.created_at = services.business.now();
  services.payments->payout(outcome_claim(id), {{"request", id}}, std::move(payout),
                            answer_with<Payout>(call, 200, write_payout));
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
        on_worker(services, *shared, [&services, id](Call& on) { make_payout(services, on, id); });
      });
  if (!accepted) refuse_call(*shared, overloaded(1));
}

void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services](Call& on) {
    const std::string& id = on.path.at("id");
    const auto request = find_approval(services.book, kKind, id);
    const DocumentPtr payout = services.book.document(DocumentKind::kPayout, id);
    if (!request && !payout) return refuse_call(on, refuse(RefusalCode::kDocumentNotFound, id));
    JsonWriter out;
    out.begin_object();
    if (request) {
      out.key("request").begin_object();
      write_request(out, *request);
      const auto asked = decode_asked(request->body);
      if (!asked) return refuse_call(on, asked.error());
      out.field("mch_no", asked.value().mch_no)
          .field("amount", asked.value().amount)
          .field("source_account", asked.value().source_account)
          .field("payee", asked.value().payee_masked)
          .end_object();
    }
    if (payout) {
      const auto decoded = decode_payout(payout->bytes);
      if (!decoded) return refuse_call(on, decoded.error());
      out.key("payout");
      write_payout(out, decoded.value());
    }
    out.end_object();
    on.reply(json_response(200, out.take()));
  });
}

}  // namespace

void add_payout_routes(Router& router, Services& services) {
  router.describe("Empty", "");
  router.describe("Payout", std::string(kPayout));
  router.describe("PayeeRequest", "name:string account:string bank:string");
  router.describe("PayoutRequestBody",
                  "mch_no:string mch_order_no?:string amount:amount source_account?:string "
                  "remark?:string payee:PayeeRequest");
  router.describe("Requested", std::string(kReceipt) + "id:string state:=requested");
  router.describe("PayoutRequest", std::string(kRequestMembers) +
                                       "mch_no:string amount:integer source_account:string "
                                       "payee:string");
  router.describe("PayoutView", "request?:PayoutRequest payout?:Payout");
  router.add({.method = "POST",
              .pattern = "/v1/payouts",
              .allowed = {Role::kMaker},
              .writes = true,
              .summary = "Asks for a payout; no money moves yet",
              .handle = [&services](Call call) { ask(services, std::move(call)); },
              .doc = {.request = "PayoutRequestBody", .answer = "Requested", .status = 201}});
  router.add({.method = "GET",
              .pattern = "/v1/payouts/{id}",
              .allowed = kHouse,
              .summary = "A payout and the request that it came from",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "PayoutView"}});
  router.add({.method = "POST",
              .pattern = "/v1/payouts/{id}/approve",
              .allowed = {Role::kChecker},
              .writes = true,
              .summary = "Approves a request of somebody else: the payout is sent",
              .handle = [&services](Call call) { approve(services, std::move(call)); },
              .doc = {.request = "Empty", .answer = "Payout"}});
  add_reject_route(router, services, "/v1/payouts/{id}/reject", kKind);
}

}  // namespace suanpan::api::v1
