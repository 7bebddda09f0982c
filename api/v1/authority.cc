#include "api/v1/authority.h"

#include "api/v1/routes.h"
#include "ledger/base/digest.h"

namespace suanpan::api::v1 {
namespace {

/// One kind of authority.
struct Kind {
  std::string_view what;
  MakeEffect effect;
  void (*write)(JsonWriter&, const Vault&, const JsonValue&);
  bool has_payee = false;  ///< whose account number an approval may have to give
};
constexpr std::array kKinds{Kind{"key", key_effect, write_key_proposal},
                            Kind{"merchant", merchant_effect, write_merchant_proposal, true},
                            Kind{"app", app_effect, write_app_proposal},
                            Kind{"fees", fees_effect, write_fees_proposal},
                            Kind{"terms", terms_effect, write_terms_proposal},
                            Kind{"chart", subject_effect, write_subject_proposal}};
constexpr std::string_view kWhat = "what:=key|merchant|app|fees|terms|chart subject:string ";

/// A request's body that has been read.
struct Asked {
  JsonDocument document;
  const Kind* kind;
  std::string subject;
};

Result<Asked> read_asked(const ApprovalRequest& request) {
  TRY(auto document, JsonDocument::parse(request.body));
  TRY(auto what, document.root().get_string("what"));
  TRY(auto subject, document.root().get_string("subject"));
  for (const Kind& kind : kKinds)
    if (kind.what == what) return Asked{std::move(document), &kind, subject};
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

Result<void> write_asked(JsonWriter& out, const Vault& vault, const ApprovalRequest& request) {
  TRY(const Asked asked, read_asked(request));
  out.begin_object();
  write_request(out, request);
  out.field("what", asked.kind->what).field("subject", asked.subject).key(asked.kind->what);
  asked.kind->write(out, vault, asked.document.root());
  out.end_object();
  return success();
}

/// The approval and what it makes so. Once only: a second approval would show another part of a
/// secret, and that one would open nothing.
Command approval(const Call& call, Effect effect) {
  return approve_request(
      call, kAuthority, CommandKind::kSetting,
      [apply = std::move(effect.plan), by = claim_of(call)](
          const View& view, ApprovalRequest&, const Moment& moment) -> Planned<ChangeSet> {
        ChangeSet changes;
        changes.date = view.book().accounting_date;
        TRY(apply(view, moment, by, changes));
        return changes;
      },
      Again::kRefused);
}

Planned<Effect> effect_of(Services& services, const Asked& asked,
                          const std::string& payee_account) {
  if (!payee_account.empty() && !asked.kind->has_payee)
    return refuse(RefusalCode::kValueInvalid, "payee_account: the request names no payee");
  return asked.kind->effect(services, asked.document.root(), payee_account);
}

void approve(Services& services, Call& call, const std::string& payee_account) {
  const std::string id = call.path.at("id");
  auto request = find_approval(services.book, kAuthority, id);
  if (!request) return refuse_call(call, refuse(RefusalCode::kDocumentNotFound, id));
  if (request->maker == call.principal.key_id)
    return refuse_call(call, refuse(RefusalCode::kSamePerson, id));
  const auto read = read_asked(*request);
  if (!read) return refuse_call(call, read.error());
  const Asked& asked = read.value();
  auto effect = effect_of(services, asked, payee_account);
  if (!effect) return refuse_call(call, effect.error());
  const std::optional<Secret> part = effect.value().part;
  Command command = approval(call, std::move(effect.value()));
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
  Content content{{"what", proposal.what}, {"subject", proposal.subject}};
  for (auto& field : proposal.asking.content) content.push_back(std::move(field));
  proposal.asking.content = std::move(content);
  std::string id = request_id(call, 'A');
  ask_for(services, std::move(call), kAuthority, std::move(id), std::move(proposal.asking),
          std::move(proposal.part));
}

void describe_authority(Router& router) {
  describe_requested(router);
  describe_fees(router);
  describe_terms(router);
  describe_subject(router);
  router.describe("KeyRequest",
                  "key_id:string roles:string accounts?:[string] merchants?:[string] scope?:=none");
  router.describe("KeyProposal", "key_id:string roles:string accounts:[string] merchants:[string]");
  router.describe("AppRequest",
                  "app_id:string mch_no:string md5_allowed?:boolean window_s?:integer");
  router.describe("MerchantProposal",
                  "mch_no:string name:string mode:=direct|collected enabled:boolean "
                  "wx_mchid?:string bank_account?:string payee?:string payee_bank?:string "
                  "supervised_path?:string replaces:boolean payee_changes:boolean");
  router.describe("AuthorityRequest", std::string(kRequestMembers) + std::string(kWhat) +
                                          "key?:KeyProposal merchant?:MerchantProposal "
                                          "app?:AppRequest fees?:FeesProposal "
                                          "terms?:TermsProposal chart?:Subject");
  router.describe("Disabled", std::string(kReceipt) + "id:string enabled:boolean");
}

void add_authority_routes(Router& router, Services& services) {
  describe_authority(router);
  describe_decisions(router);
  router.describe("AuthorityList", "requests:[AuthorityRequest]");
  router.describe("ApproveAuthority", "payee_account?:string");
  router.describe("AuthorityApproved", std::string(kReceipt) + "id:string state:=approved " +
                                           std::string(kWhat) + "secret_part?:string");
  const auto write = [&vault = services.vault](JsonWriter& out, const ApprovalRequest& request) {
    return write_asked(out, vault, request);
  };
  router.add(
      {.method = "GET",
       .pattern = "/v1/authority-requests",
       .allowed = kHouse,
       .summary = "Keys, merchants, apps, fees, terms and subjects that wait for a second person",
       .handle =
           [&services, write](Call call) {
             list_requests(services, std::move(call), kAuthority, "requests", write);
           },
       .doc = {.answer = "AuthorityList", .query = std::string(kListQuery)}});
  router.add(
      {.method = "GET",
       .pattern = "/v1/authority-requests/{id}",
       .allowed = kHouse,
       .summary = "One such request; a payee's name and account are masked",
       .handle = [&services,
                  write](Call call) { get_request(services, std::move(call), kAuthority, write); },
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
  router.add(
      {.method = "POST",
       .pattern = "/v1/authority-requests/{id}/reject",
       .allowed = {Role::kOperator, Role::kChecker},
       .writes = true,
       .summary = "Rejects a request, or takes one's own back",
       .handle = [&services](Call call) { reject_request(services, std::move(call), kAuthority); },
       .doc = {.request = "RejectRequest", .answer = "Rejected"}});
}

}  // namespace suanpan::api::v1
