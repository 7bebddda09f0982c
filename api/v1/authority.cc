#include "api/v1/authority.h"

#include "api/v1/order_id.h"
#include "api/v1/routes.h"
#include "ledger/base/digest.h"

namespace suanpan::api::v1 {
namespace {

/// One kind of authority.
struct Kind {
  std::string_view what;
  MakeEffect effect;
  void (*write)(JsonWriter&, const JsonValue&);
};
constexpr std::array kKinds{Kind{"key", key_effect, write_key_proposal},
                            Kind{"merchant", merchant_effect, write_merchant_proposal},
                            Kind{"app", app_effect, write_app_proposal}};

/// A request whose body has been read.
struct Asked {
  ApprovalRequest request;
  JsonDocument document;
  const Kind* kind;
  std::string subject;
};

Result<Asked> read_asked(ApprovalRequest request) {
  TRY(auto document, JsonDocument::parse(request.body));
  TRY(auto what, document.root().get_string("what"));
  TRY(auto subject, document.root().get_string("subject"));
  for (const Kind& kind : kKinds)
    if (kind.what == what) return Asked{std::move(request), std::move(document), &kind, subject};
  return fail(Errc::kCorrupt, "authority request {}", request.id);
}

// 128 bits in each part, 256 in the whole.
Secret new_part() {
  const Sha256 digest = sha256(random_bytes(32));
  return Secret(hex_lower(std::span(digest).first(16)));
}

std::string part_context(std::string_view what, std::string_view subject) {
  return fmt::format("authority-part|{}|{}", what, subject);
}

constexpr std::string_view kRequestMembers =
    "id:string state:=requested|approved|rejected maker:string made_at:date-time checker?:string "
    "decided_at?:date-time note?:string ";

void write(JsonWriter& out, const Asked& asked) {
  const ApprovalRequest& request = asked.request;
  out.begin_object()
      .field("id", request.id)
      .field("state", name_of(request.state))
      .field("maker", request.maker)
      .field("made_at", request.made_at.iso_cn());
  if (request.state != RequestState::kRequested)
    out.field("checker", request.checker).field("decided_at", request.decided_at.iso_cn());
  if (!request.note.empty()) out.field("note", request.note);
  out.field("what", asked.kind->what).field("subject", asked.subject).key(asked.kind->what);
  asked.kind->write(out, asked.document.root());
  out.end_object();
}

void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  const std::string& id = call.path.at("id");
  auto request = find_approval(services.book, kAuthority, id);
  if (!request) return refuse_call(call, refuse(RefusalCode::kDocumentNotFound, id));
  const auto asked = read_asked(std::move(*request));
  if (!asked) return refuse_call(call, asked.error());
  JsonWriter out;
  write(out, asked.value());
  call.reply(json_response(200, out.take()));
}

void list(Services& services, Call call) {
  Query query(call);
  const std::string state = query.maybe_text("state").value_or("requested");
  if (state != "requested" && state != "approved" && state != "rejected" && state != "all")
    query.fail_at("state", "must be requested, approved, rejected or all");
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services, state](Call& on) {
    JsonWriter out;
    out.begin_object().key("requests").begin_array();
    std::optional<Error> failed;
    const auto walked =
        services.book.for_each_document(kAuthority, [&](const DocumentPtr& document) {
          auto request = decode_approval(document->bytes);
          if (request && state != "all" && name_of(request.value().state) != state) return true;
          auto asked = request ? read_asked(std::move(request.value())) : request.error();
          if (!asked)
            failed = asked.error();
          else
            write(out, asked.value());
          return !failed;
        });
    if (!walked) return refuse_call(on, walked.error());
    if (failed) return refuse_call(on, *failed);
    out.end_array().end_object();
    on.reply(json_response(200, out.take()));
  });
}

/// The approval and what it makes so, in one change set.
Command approval(const Call& call, const std::string& id, Effect effect) {
  RequestKind kind;
  kind.requests = kAuthority;
  kind.command = CommandKind::kSetting;
  kind.accept = [apply = std::move(effect.plan)](const View& view, const ApprovalRequest&,
                                                 const Moment&) -> Planned<ChangeSet> {
    ChangeSet changes;
    changes.date = view.book().accounting_date;
    TRY(apply(view, changes));
    return changes;
  };
  Command command = approve_request(claim_of(call), kind, id, call.principal.key_id);
  // Approved before, under another Idempotency-Key: nothing is made, so no part may be shown.
  command.plan = [approve = std::move(command.plan), id](
                     const View& view, const Moment& moment) -> Planned<ChangeSet> {
    TRY(auto changes, approve(view, moment));
    if (changes.documents.empty()) return refuse(RefusalCode::kDocumentStateFinal, id);
    return changes;
  };
  return command;
}

void approve(Services& services, Call& call, const std::string& payee_account) {
  const std::string id = call.path.at("id");
  auto request = find_approval(services.book, kAuthority, id);
  if (!request) return refuse_call(call, refuse(RefusalCode::kDocumentNotFound, id));
  if (request->maker == call.principal.key_id)
    return refuse_call(call, refuse(RefusalCode::kSamePerson, id));
  const auto read = read_asked(std::move(*request));
  if (!read) return refuse_call(call, read.error());
  const Asked& asked = read.value();
  auto effect = asked.kind->effect(services, asked.request, asked.document.root(), payee_account);
  if (!effect) return refuse_call(call, effect.error());
  const std::optional<Secret> part = effect.value().part;
  Command command = approval(call, id, std::move(effect.value()));
  run(services, std::move(call), std::move(command),
      [id, part, what = std::string(asked.kind->what),
       subject = asked.subject](const Answer& answer) {
        JsonWriter out;
        out.begin_object();
        write_receipt(out, answer);
        out.field("id", id).field("state", "approved").field("what", what);
        out.field("subject", subject);
        // A replay's part was drawn anew and is part of nothing.
        if (part && !answer.replayed) out.field("secret_part", part->reveal());
        out.end_object();
        return json_response(200, out.take());
      });
}

void reject(Services& services, Call call) {
  std::string note;
  if (!call.request.body.empty()) {
    Body body(call);
    note = body.root().maybe_text("note").value_or("");
    if (note.size() > 512) body.root().fail_at("note", "is longer than 512 bytes");
    if (const auto& error = body.finish()) return refuse_call(call, *error);
  }
  Command command =
      reject_request(claim_of(call), kAuthority, call.path.at("id"), call.principal, note);
  run(services, std::move(call), std::move(command), [](const Answer& answer) {
    JsonWriter out;
    out.begin_object();
    write_receipt(out, answer);
    out.field("id", answer.answer).field("state", "rejected").end_object();
    return json_response(200, out.take());
  });
}

}  // namespace

FirstPart first_part(const Vault& vault, std::string_view what, std::string_view subject) {
  Secret part = new_part();
  std::string sealed = vault.seal(part_context(what, subject), part.reveal());
  return {std::move(part), std::move(sealed)};
}

Result<WholeSecret> complete_secret(const Vault& vault, std::string_view what,
                                    std::string_view subject, std::string_view sealed) {
  TRY(const Secret first, vault.unseal(part_context(what, subject), sealed));
  Secret second = new_part();
  Secret whole(std::string(first.reveal()) + std::string(second.reveal()));
  return WholeSecret{std::move(second), std::move(whole)};
}

void ask_authority(Services& services, Call call, Proposal proposal) {
  const ClaimKey key = claim_of(call);
  ApprovalRequest request;
  request.id = order_id_of('A', key);
  request.maker = call.principal.key_id;
  request.body = std::move(proposal.body);
  Content content{{"what", proposal.what}, {"subject", proposal.subject}};
  for (auto& field : proposal.content) content.push_back(std::move(field));
  run(services, std::move(call),
      make_request(key, kAuthority, std::move(request), std::move(content),
                   std::move(proposal.check)),
      [part = proposal.part](const Answer& answer) {
        JsonWriter out;
        out.begin_object();
        write_receipt(out, answer);
        out.field("id", answer.answer).field("state", "requested");
        if (part && !answer.replayed) out.field("secret_part", part->reveal());
        out.end_object();
        return json_response(201, out.take());
      });
}

void describe_authority(Router& router) {
  router.describe("KeyRequest", "key_id:string roles:string");
  router.describe("AppRequest",
                  "app_id:string mch_no:string md5_allowed?:boolean window_s?:integer");
  router.describe("MerchantProposal",
                  "mch_no:string name:string mode:=direct|collected enabled:boolean "
                  "wx_mchid?:string bank_account?:string payee?:string supervised_path?:string "
                  "replaces:boolean payee_changes:boolean");
  router.describe("AuthorityAsked",
                  std::string(kReceipt) + "id:string state:=requested secret_part?:string");
  router.describe("AuthorityRequest", std::string(kRequestMembers) +
                                          "what:=key|merchant|app subject:string key?:KeyRequest "
                                          "merchant?:MerchantProposal app?:AppRequest");
  router.describe("Disabled", std::string(kReceipt) + "id:string enabled:boolean");
}

void add_authority_routes(Router& router, Services& services) {
  describe_authority(router);
  router.describe("AuthorityList", "requests:[AuthorityRequest]");
  router.describe("RejectRequest", "note?:string");
  router.describe("Rejected", std::string(kReceipt) + "id:string state:=rejected");
  router.describe("ApproveAuthority", "payee_account?:string");
  router.describe("AuthorityApproved", std::string(kReceipt) +
                                           "id:string state:=approved what:=key|merchant|app "
                                           "subject:string secret_part?:string");
  router.add({.method = "GET",
              .pattern = "/v1/authority-requests",
              .allowed = kHouse,
              .summary = "Keys, merchants and apps that wait for a second person",
              .handle = [&services](Call call) { list(services, std::move(call)); },
              .doc = {.answer = "AuthorityList", .query = "state?:string"}});
  router.add({.method = "GET",
              .pattern = "/v1/authority-requests/{id}",
              .allowed = kHouse,
              .summary = "One such request; a payee is masked",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "AuthorityRequest"}});
  const auto approving = [&services](Call call) {
    std::string payee_account;
    if (!call.request.body.empty()) {
      Body body(call);
      payee_account = body.root().maybe_text("payee_account").value_or("");
      if (const auto& error = body.finish()) return refuse_call(call, *error);
    }
    on_worker(services, std::move(call),
              [&services, payee_account](Call& on) { approve(services, on, payee_account); });
  };
  router.add({.method = "POST",
              .pattern = "/v1/authority-requests/{id}/approve",
              .allowed = {Role::kChecker},
              .writes = true,
              .summary = "Approves what somebody else asked for: it is so from now on",
              .handle = approving,
              .doc = {.request = "ApproveAuthority", .answer = "AuthorityApproved"}});
  router.add({.method = "POST",
              .pattern = "/v1/authority-requests/{id}/reject",
              .allowed = {Role::kOperator, Role::kChecker},
              .writes = true,
              .summary = "Rejects a request, or takes one's own back",
              .handle = [&services](Call call) { reject(services, std::move(call)); },
              .doc = {.request = "RejectRequest", .answer = "Rejected"}});
}

}  // namespace suanpan::api::v1
