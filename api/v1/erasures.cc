// Erasing a subject's personal data (个人信息删除), by two people.
//
//   requested ──approve (checker, not the maker)──▶ approved: journalled, then the key is deleted
//       └──────reject (checker, or the maker)─────▶ rejected
//
// The maker names the subject by what identifies it, and the checker names it once more, from the
// papers and not from the request: so nobody alone chooses whose data goes. What is kept of an
// account number or openid is the index, a digest and the names of the keys. An approval that is
// sent again deletes again: a crash between record and deletion leaves nothing to anybody.
#include <algorithm>
#include <set>

#include "api/erase_keys.h"
#include "api/v1/approval.h"
#include "api/v1/routes.h"
#include "ledger/base/check.h"
#include "ledger/base/sealed_text.h"
#include "ledger/core/erasure.h"

namespace suanpan::api::v1 {
namespace {

constexpr DocumentKind kKind = DocumentKind::kErasureRequest;

struct By {
  std::string_view what;
  DocumentKind document{};  ///< kinds whose documents say their keys; else an identifier
};
constexpr By kBy[] = {{"account"},
                      {"openid"},
                      {"order", DocumentKind::kOrder},
                      {"refund", DocumentKind::kRefund},
                      {"payout", DocumentKind::kPayout},
                      {"sub_account", DocumentKind::kSubAccount}};

const By* by_of(std::string_view what) {
  const auto by =
      std::find_if(std::begin(kBy), std::end(kBy), [&](const By& one) { return one.what == what; });
  return by == std::end(kBy) ? nullptr : by;
}

struct Asked {
  std::string by, subject, reason, reference;
  std::string document;    ///< the id of the order, refund or payout, the number of the sub-account
  std::string identifier;  ///< a keyed digest of what the maker named
  std::vector<std::string> keys;
};

std::string encode_asked(const Asked& asked) {
  JsonWriter out;
  out.begin_object()
      .field("by", asked.by)
      .field("subject", asked.subject)
      .field("reason", asked.reason)
      .field("reference", asked.reference)
      .field("document", asked.document)
      .field("identifier", asked.identifier)
      .key("keys")
      .begin_array();
  for (const std::string& key : asked.keys) out.string(key);
  return out.end_array().end_object().take();
}

Result<Asked> decode_asked(std::string_view bytes) {
  TRY(auto document, JsonDocument::parse(bytes));
  const JsonValue root = document.root();
  Asked asked;
  TRY(asked.by, root.get_string("by"));
  TRY(asked.subject, root.get_string("subject"));
  TRY(asked.reason, root.get_string("reason"));
  TRY(asked.reference, root.get_string("reference"));
  TRY(asked.document, root.get_string("document"));
  TRY(asked.identifier, root.get_string("identifier"));
  TRY(auto keys, root.get("keys"));
  for (const JsonValue& element : keys.elements()) {
    TRY(auto name, element.as_string());
    asked.keys.emplace_back(name);
  }
  return asked;
}

Asked asked_in(const ApprovalRequest& request) {
  auto asked = decode_asked(request.body);
  CHECK_OR_DIE(asked, "erasure request {} does not decode", request.id);
  return std::move(asked.value());
}

/// The keys that a document's sealed members name, each once.
std::vector<std::string> keys_in(std::string_view bytes) {
  const std::size_t before = kSealedMember.size() - kSealedPrefix.size();
  std::set<std::string> names;
  for (std::size_t at = bytes.find(kSealedMember); at != std::string_view::npos;
       at = bytes.find(kSealedMember, at + 1))
    if (const auto name = sealed_key_name(bytes.substr(at + before))) names.emplace(*name);
  return {names.begin(), names.end()};
}

/// An account's digits as a payee has them; people write them in groups.
std::string normalised(const By& by, std::string text) {
  if (by.what == "account")
    text.erase(
        std::remove_if(text.begin(), text.end(), [](char c) { return c == ' ' || c == '-'; }),
        text.end());
  return text;
}

// It outlives the key, so it is a digest under the book's.
std::string digest_of(const Vault& vault, const By& by, const std::string& identifier) {
  return vault.blind("erasure", std::string(by.what) + "|" + identifier);
}

/// What the subject's keys are. None: nothing is kept of it, or no more.
Asked resolve(const Services& services, const By& by, const std::string& identifier) {
  Asked asked;
  asked.by = by.what;
  const SubjectKeys& subjects = services.vault.subjects();
  if (by.document == DocumentKind{}) {
    const Id128 index = services.vault.subject_index(by.what, identifier);
    asked.subject = index.hex();
    if (const auto key = subjects.find(index)) asked.keys.push_back(*key);
  } else if (const DocumentPtr document = services.book.document(by.document, identifier)) {
    asked.keys = keys_in(document->bytes);
    asked.document = identifier;
  }
  asked.identifier = digest_of(services.vault, by, identifier);
  return asked;
}

Result<void> write_erasure(JsonWriter& out, const ApprovalRequest& request) {
  TRY(const Asked asked, decode_asked(request.body));
  out.begin_object();
  write_request(out, request);
  out.field("by", asked.by);
  if (!asked.subject.empty()) out.field("subject", asked.subject);
  if (!asked.document.empty()) out.field("document", asked.document);
  out.field("reason", asked.reason);
  if (!asked.reference.empty()) out.field("reference", asked.reference);
  out.field("keys", static_cast<std::int64_t>(asked.keys.size())).end_object();
  return success();
}

void ask(Services& services, Call call) {
  Body body(call);
  Fields& in = body.root();
  const std::string what = in.text("by");
  const By* const by = by_of(what);
  if (!by) in.fail_at("by", "must be account, openid, order, refund, payout or sub_account");
  std::string identifier = in.text("identifier");
  if (identifier.empty() || identifier.size() > 128)
    in.fail_at("identifier", "must have 1 to 128 bytes");
  const std::string reason = in.text("reason");
  if (!is_erasure_reason(reason)) in.fail_at("reason", "has no such choice");
  const std::string reference = in.maybe_text("reference").value_or("");
  if (reference.size() > 64 || std::any_of(reference.begin(), reference.end(), [](char c) {
        return c != '-' && !std::isalnum(static_cast<unsigned char>(c));
      }))
    in.fail_at("reference", "must be at most 64 letters, digits and '-'");
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  identifier = normalised(*by, std::move(identifier));
  Content content{{"by", what},
                  {"identifier", digest_of(services.vault, *by, identifier)},
                  {"reason", reason},
                  {"reference", reference}};
  on_worker(
      services, std::move(call), [&services, by, identifier, reason, reference, content](Call& on) {
        Asked asked = resolve(services, *by, identifier);
        asked.reason = reason;
        asked.reference = reference;
        const auto check = [keys = asked.keys](const View& view, const Moment&) -> Planned<void> {
          if (keys.empty()) return refuse(RefusalCode::kDocumentNotFound, "identifier");
          return check_erasure(view, keys);
        };
        std::string id = request_id(on, 'E');
        ask_for(services, on, kKind, std::move(id), {encode_asked(asked), content, check});
      });
}

/// Of a request that was decided, the decision says what there is to say.
Planned<void> check_named(const Services& services, const std::string& id,
                          const std::string& identifier) {
  const auto request = find_approval(services.book, kKind, id);
  if (!request || request->state != RequestState::kRequested) return success();
  const Asked asked = asked_in(*request);
  const By* const by = by_of(asked.by);
  if (by && digest_of(services.vault, *by, normalised(*by, identifier)) == asked.identifier)
    return success();
  return refuse(RefusalCode::kValueInvalid, "identifier: not the one that the request names");
}

void approve(Services& services, Call call) {
  Body body(call);
  const std::string named = body.root().text("identifier");
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  const auto erase = [](const View& view, ApprovalRequest& request,
                        const Moment& moment) -> Planned<ChangeSet> {
    const Asked asked = asked_in(request);
    return plan_erasure(view,
                        {asked.keys, Erasure{asked.subject,
                                             request.id,
                                             asked.reason,
                                             asked.reference,
                                             request.maker,
                                             request.checker,
                                             {}}},
                        moment);
  };
  on_worker(services, std::move(call), [&services, erase, named](Call& on) {
    if (const auto same = check_named(services, on.path.at("id"), named); !same)
      return refuse_call(on, same.error());
    const Answer decided = services.book.run(
        approve_request(on, kKind, CommandKind::kErasure, erase, Again::kRefused));
    on.reply(respond(on, decided, [&services](const Answer& answer) {
      const auto request = find_approval(services.book, kKind, answer.answer);
      CHECK_OR_DIE(request, "erasure request {} is not there", answer.answer);
      const bool deleted =
          delete_erased_keys(services.book, services.vault, asked_in(*request).keys);
      JsonWriter out;
      out.begin_object();
      write_receipt(out, answer);
      out.field("id", answer.answer)
          .field("state", "approved")
          .field("deleted", deleted)
          .end_object();
      return json_response(200, out.take());
    }));
  });
}

void describe(Router& router) {
  router.describe("ErasureBody",
                  "by:=account|openid|order|refund|payout|sub_account identifier:string "
                  "reason:=subject_request|retention_over|consent_withdrawn|authority_order "
                  "reference?:string");
  router.describe("Erasure",
                  std::string(kRequestMembers) +
                      "by:=account|openid|order|refund|payout|sub_account subject?:string "
                      "document?:string reason:string reference?:string keys:integer");
  router.describe("ApproveErasure", "identifier:string");
  router.describe("ErasureList", "erasures:[Erasure]");
  router.describe("Erased", std::string(kReceipt) + "id:string state:=approved deleted:boolean");
  describe_requested(router);
  describe_decisions(router);
}

}  // namespace

void add_erasure_routes(Router& router, Services& services) {
  describe(router);
  router.add({.method = "POST",
              .pattern = "/v1/erasures",
              .allowed = {Role::kMaker},
              .writes = true,
              .summary = "Asks for the erasure of a subject's personal data",
              .handle = [&services](Call call) { ask(services, std::move(call)); },
              .doc = {.request = "ErasureBody", .answer = "Requested", .status = 201}});
  router.add({.method = "GET",
              .pattern = "/v1/erasures",
              .allowed = kHouse,
              .summary = "Erasures that wait for a checker, or that were decided",
              .handle =
                  [&services](Call call) {
                    list_requests(services, std::move(call), kKind, "erasures", write_erasure);
                  },
              .doc = {.answer = "ErasureList", .query = std::string(kListQuery)}});
  router.add(
      {.method = "GET",
       .pattern = "/v1/erasures/{id}",
       .allowed = kHouse,
       .summary = "An erasure as it stands",
       .handle =
           [&services](Call call) { get_request(services, std::move(call), kKind, write_erasure); },
       .doc = {.answer = "Erasure"}});
  router.add({.method = "POST",
              .pattern = "/v1/erasures/{id}/approve",
              .allowed = {Role::kChecker},
              .writes = true,
              .summary = "Erases what somebody else asked for: its key is deleted, for ever",
              .handle = [&services](Call call) { approve(services, std::move(call)); },
              .doc = {.request = "ApproveErasure", .answer = "Erased"}});
  router.add(
      {.method = "POST",
       .pattern = "/v1/erasures/{id}/reject",
       .allowed = {Role::kMaker, Role::kChecker},
       .writes = true,
       .summary = "Rejects an erasure, or takes one's own back",
       .handle = [&services](Call call) { reject_request(services, std::move(call), kKind); },
       .doc = {.request = "RejectRequest", .answer = "Rejected"}});
}

}  // namespace suanpan::api::v1
