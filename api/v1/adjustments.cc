// Adjustments (调整凭证): vouchers into a day that is cut and not closed, by two people (制单,
// 复核).
//
//   requested ──approve (checker, not the maker)──▶ approved: the voucher is posted
//       └──────reject (checker, or the maker)─────▶ rejected
//
// The approval and its voucher are one change set, claimed under the checker's Idempotency-Key, and
// the voucher's id is that claim. What is asked for is judged when it is asked, so that a maker
// hears at once of a closed period or a missing account, and again when it is approved: balances
// may have moved. A refused approval leaves the request as it is.
#include "api/v1/approval.h"
#include "api/v1/routes.h"
#include "api/v1/voucher_body.h"
#include "ledger/base/check.h"
#include "ledger/base/limits.h"
#include "ledger/core/plan_voucher.h"

namespace suanpan::api::v1 {
namespace {

constexpr DocumentKind kKind = DocumentKind::kAdjustmentRequest;
/// What a decision may add to a stored request: who, when, why, the voucher's id.
constexpr std::size_t kDecisionBytes = 1024;

/// The body of the stored request: what was asked for, word for word, and what became of it.
std::string pack(std::string_view asked, const std::string& voucher_id) {
  JsonWriter out;
  out.begin_object().key("asked").raw(asked);
  if (!voucher_id.empty()) out.field("voucher_id", voucher_id);
  return out.end_object().take();
}

struct Unpacked {
  std::string asked, voucher_id;
};

Unpacked unpack(const ApprovalRequest& request) {
  const auto json = JsonDocument::parse(request.body);
  const auto asked = json ? json.value().root().find("asked") : std::nullopt;
  CHECK_OR_DIE(asked, "adjustment {} does not decode", request.id);
  Unpacked out{std::string(asked->raw()), ""};
  if (const auto id = json.value().root().find("voucher_id"))
    out.voucher_id = std::string(id->as_string().value());
  return out;
}

VoucherDraft read_adjustment(Fields& in) {
  VoucherDraft draft = read_voucher(in, false);
  draft.request.adjustment = true;
  if (!draft.request.date) in.fail_at("date", "is missing: the day that is to be adjusted");
  return draft;
}

/// What was asked for, as it was when it was read first.
VoucherDraft draft_of(const ApprovalRequest& request) {
  Call stored;
  stored.request.body = unpack(request).asked;
  Body body(stored);
  VoucherDraft draft = read_adjustment(body.root());
  const auto error = body.finish();
  CHECK_OR_DIE(!error, "adjustment {} does not read: {}", request.id, error->message);
  return draft;
}

Planned<ChangeSet> plan_adjustment(const View& view, VoucherDraft draft, const ClaimKey& key,
                                   const std::string& maker, const std::string& checker,
                                   const Moment& moment) {
  VoucherRequest& request = draft.request;
  request.key = key;
  VoucherText text = request.text ? *request.text : VoucherText{};
  text.maker = maker;
  text.checker = checker;
  request.text = std::make_shared<const VoucherText>(std::move(text));
  if (const auto missing = resolve(view, draft)) return *missing;
  TRY(check_voucher(request));
  // Of the open day it is no adjustment, and needs no second person.
  if (*request.date == view.book().accounting_date)
    return refuse(RefusalCode::kValueInvalid, "date");
  return plan_voucher(view, request, moment);
}

std::string words_of(const AccountRef& ref) {
  return ref.code.empty() ? std::to_string(ref.id) : ref.code;
}

Content content_of(const VoucherDraft& draft) {
  const VoucherRequest& request = draft.request;
  Content content{{"call", "adjustment"}, {"date", request.date->iso()}};
  for (std::size_t i = 0; i < request.legs.size(); ++i)
    content.emplace_back("legs",
                         fmt::format("{}|{}|{}", words_of(draft.accounts[i].first),
                                     words_of(draft.accounts[i].second), request.legs[i].amount));
  content.emplace_back("code", std::to_string(request.code));
  content.emplace_back("type", std::string(name_of(request.type)));
  if (request.effective) content.emplace_back("effective_date", request.effective->iso());
  if (request.text) {
    content.emplace_back("summary", request.text->summary);
    content.emplace_back("business_key", request.text->business_key);
    content.emplace_back("metadata", request.text->metadata);
  }
  return content;
}

Document stored(const ApprovalRequest& request, std::uint32_t version) {
  return Document{kKind, request.id, version, request.state == RequestState::kRequested,
                  encode(request)};
}

/// The request as it stands for a decision, and the version that the decision makes.
struct Pending {
  ApprovalRequest request;
  std::uint32_t next_version = 0;
};

Planned<Pending> find_pending(const View& view, const std::string& id) {
  const DocumentPtr document = view.document(kKind, id);
  if (!document) return refuse(RefusalCode::kDocumentNotFound, id);
  auto request = decode_approval(document->bytes);
  CHECK_OR_DIE(request, "adjustment {} does not decode", id);
  if (request.value().state != RequestState::kRequested)
    return refuse(RefusalCode::kDocumentStateFinal, id);
  return Pending{std::move(request.value()), document->version + 1};
}

void write_adjustment(JsonWriter& out, const ApprovalRequest& request) {
  const Unpacked body = unpack(request);
  out.begin_object()
      .field("id", request.id)
      .field("state", name_of(request.state))
      .field("maker", request.maker)
      .field("made_at", request.made_at.iso_cn());
  if (request.state != RequestState::kRequested)
    out.field("checker", request.checker).field("decided_at", request.decided_at.iso_cn());
  if (!request.note.empty()) out.field("note", request.note);
  if (!body.voucher_id.empty()) out.field("voucher_id", body.voucher_id);
  out.key("voucher").raw(body.asked).end_object();
}

void ask(Services& services, Call call) {
  Body body(call);
  const VoucherDraft draft = read_adjustment(body.root());
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  const ClaimKey key = claim_of(call);
  ApprovalRequest request;
  request.id = fmt::format("A{:08x}{}", key.caller.value, key.id.hex().substr(0, 20));
  request.maker = call.principal.key_id;
  request.body = pack(call.request.body, "");
  // Kept two levels deeper than it came, and with what a decision adds.
  const std::string kept = encode(request);
  if (kept.size() + kDecisionBytes > kMaxDocumentBytes || !decode_approval(kept))
    return refuse_call(call, fail(Errc::kMalformed, "too large or too deeply nested to be kept"));
  Command command{
      key, CommandKind::kSetting, content_of(draft),
      [key, request, draft](const View& view, const Moment& moment) -> Planned<ChangeSet> {
        // Whoever checks it will be somebody else; who, is not known yet.
        TRY(plan_adjustment(view, draft, key, request.maker, "*", moment));
        ApprovalRequest made = request;
        made.made_at = moment.now;
        ChangeSet changes;
        changes.date = view.book().accounting_date;
        changes.documents.push_back(stored(made, 1));
        changes.answer = made.id;
        return changes;
      }};
  run(services, std::move(call), std::move(command), [](const Answer& answer) {
    JsonWriter out;
    out.begin_object();
    write_receipt(out, answer);
    out.field("id", answer.answer).field("state", "requested").end_object();
    return json_response(201, out.take());
  });
}

void approve(Services& services, Call call) {
  if (!call.request.body.empty()) {
    Body body(call);
    if (const auto& error = body.finish()) return refuse_call(call, *error);
  }
  const ClaimKey key = claim_of(call);
  const std::string id = call.path.at("id");
  Command command{key,
                  CommandKind::kVoucher,
                  {{"request", id}, {"decision", "approve"}},
                  [key, id, by = call.principal.key_id](
                      const View& view, const Moment& moment) -> Planned<ChangeSet> {
                    TRY(Pending pending, find_pending(view, id));
                    ApprovalRequest& request = pending.request;
                    if (request.maker == by) return refuse(RefusalCode::kSamePerson, id);
                    TRY(ChangeSet changes,
                        plan_adjustment(view, draft_of(request), key, request.maker, by, moment));
                    request.state = RequestState::kApproved;
                    request.checker = by;
                    request.decided_at = moment.now;
                    request.body = pack(unpack(request).asked, key.hex());
                    changes.documents.push_back(stored(request, pending.next_version));
                    changes.answer = id;
                    return changes;
                  }};
  run(services, std::move(call), std::move(command), [key](const Answer& answer) {
    JsonWriter out;
    out.begin_object();
    write_receipt(out, answer);
    out.field("id", answer.answer)
        .field("state", "approved")
        .field("voucher_id", key.hex())
        .field("voucher_no", answer.voucher_no)
        .end_object();
    return json_response(200, out.take());
  });
}

void reject(Services& services, Call call) {
  Body body(call);
  const std::string note = body.root().maybe_text("note").value_or("");
  if (note.size() > 512) body.root().fail_at("note", "is longer than 512 bytes");
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  const std::string id = call.path.at("id");
  const bool checker = call.principal.roles.has(Role::kChecker);
  Command command{claim_of(call),
                  CommandKind::kSetting,
                  {{"request", id}, {"decision", "reject"}, {"note", note}},
                  [id, note, checker, by = call.principal.key_id](
                      const View& view, const Moment& moment) -> Planned<ChangeSet> {
                    TRY(Pending pending, find_pending(view, id));
                    ApprovalRequest& request = pending.request;
                    if (!checker && request.maker != by)
                      return refuse(RefusalCode::kNotAuthorised, id);
                    request.state = RequestState::kRejected;
                    request.checker = by;
                    request.decided_at = moment.now;
                    request.note = note;
                    ChangeSet changes;
                    changes.date = view.book().accounting_date;
                    changes.documents.push_back(stored(request, pending.next_version));
                    changes.answer = id;
                    return changes;
                  }};
  run(services, std::move(call), std::move(command), [](const Answer& answer) {
    JsonWriter out;
    out.begin_object();
    write_receipt(out, answer);
    out.field("id", answer.answer).field("state", "rejected").end_object();
    return json_response(200, out.take());
  });
}

void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services](Call& on) {
    const auto request = find_approval(services.book, kKind, on.path.at("id"));
    if (!request) return refuse_call(on, refuse(RefusalCode::kDocumentNotFound, on.path.at("id")));
    JsonWriter out;
    write_adjustment(out, *request);
    on.reply(json_response(200, out.take()));
  });
}

void list(Services& services, Call call) {
  Query query(call);
  const std::string state = query.maybe_text("state").value_or("requested");
  if (state != "requested" && state != "approved" && state != "rejected")
    query.fail_at("state", "must be requested, approved or rejected");
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services, state](Call& on) {
    JsonWriter out;
    out.begin_object().key("adjustments").begin_array();
    const auto read = services.book.for_each_document(kKind, [&](const DocumentPtr& document) {
      const auto request = decode_approval(document->bytes);
      CHECK_OR_DIE(request, "adjustment {} does not decode", document->key);
      if (name_of(request.value().state) == state) write_adjustment(out, request.value());
      return true;
    });
    if (!read) return refuse_call(on, read.error());
    out.end_array().end_object();
    on.reply(json_response(200, out.take()));
  });
}

void describe(Router& router) {
  router.describe("LegRequest", std::string(kLegRequest));
  router.describe("VoucherRequest", std::string(kVoucherMembers));
  router.describe("Adjustment",
                  "id:string state:=requested|approved|rejected maker:string made_at:date-time "
                  "checker?:string decided_at?:date-time note?:string voucher_id?:string "
                  "voucher:VoucherRequest");
  router.describe("AdjustmentList", "adjustments:[Adjustment]");
  router.describe("AdjustmentAsked", std::string(kReceipt) + "id:string state:=requested");
  router.describe("AdjustmentPosted", std::string(kReceipt) +
                                          "id:string state:=approved voucher_id:string "
                                          "voucher_no:integer");
  router.describe("AdjustmentRejected", std::string(kReceipt) + "id:string state:=rejected");
  router.describe("AdjustmentRejectRequest", "note?:string");
  router.describe("Empty", "");
}

}  // namespace

void add_adjustment_routes(Router& router, Services& services) {
  describe(router);
  router.add({.method = "POST",
              .pattern = "/v1/adjustments",
              .allowed = {Role::kMaker},
              .writes = true,
              .summary = "Asks for a voucher into a day that is cut and not closed",
              .handle = [&services](Call call) { ask(services, std::move(call)); },
              .doc = {.request = "VoucherRequest", .answer = "AdjustmentAsked", .status = 201}});
  router.add({.method = "GET",
              .pattern = "/v1/adjustments",
              .allowed = kHouse,
              .summary = "Adjustments that wait for a checker, or that were decided",
              .handle = [&services](Call call) { list(services, std::move(call)); },
              .doc = {.answer = "AdjustmentList", .query = "state?:=requested|approved|rejected"}});
  router.add({.method = "GET",
              .pattern = "/v1/adjustments/{id}",
              .allowed = kHouse,
              .summary = "An adjustment as it stands",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "Adjustment"}});
  router.add({.method = "POST",
              .pattern = "/v1/adjustments/{id}/approve",
              .allowed = {Role::kChecker},
              .writes = true,
              .summary = "Posts an adjustment that somebody else asked for",
              .handle = [&services](Call call) { approve(services, std::move(call)); },
              .doc = {.request = "Empty", .answer = "AdjustmentPosted"}});
  router.add({.method = "POST",
              .pattern = "/v1/adjustments/{id}/reject",
              .allowed = {Role::kMaker, Role::kChecker},
              .writes = true,
              .summary = "Rejects an adjustment, or takes one's own back",
              .handle = [&services](Call call) { reject(services, std::move(call)); },
              .doc = {.request = "AdjustmentRejectRequest", .answer = "AdjustmentRejected"}});
}

}  // namespace suanpan::api::v1
