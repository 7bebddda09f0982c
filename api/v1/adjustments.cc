// Adjustments (调整凭证): vouchers into a day that is cut and not closed, by two people (制单,
// 复核).
//
//   requested ──approve (checker, not the maker)──▶ approved: the voucher is posted
//       └──────reject (checker, or the maker)─────▶ rejected
//
// approval.h has the requests. The approval's voucher is claimed with it under the checker's
// Idempotency-Key, and the voucher's id is that claim. What is asked for is judged when it is
// asked, so that a maker hears at once of a closed period or a missing account, and again when it
// is approved: balances may have moved. A refused approval leaves the request as it is.
#include "api/v1/approval.h"
#include "api/v1/routes.h"
#include "api/v1/voucher_body.h"
#include "ledger/base/check.h"
#include "ledger/core/plan_voucher.h"

namespace suanpan::api::v1 {
namespace {

constexpr DocumentKind kKind = DocumentKind::kAdjustmentRequest;

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
  // Asked for and approved by the house.
  if (const auto missing = resolve(*Reach::whole_book(), view, draft)) return *missing;
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

Result<void> write_adjustment(JsonWriter& out, const ApprovalRequest& request) {
  const Unpacked body = unpack(request);
  out.begin_object();
  write_request(out, request);
  if (!body.voucher_id.empty()) out.field("voucher_id", body.voucher_id);
  out.key("voucher").raw(body.asked).end_object();
  return success();
}

void ask(Services& services, Call call) {
  Body body(call);
  const VoucherDraft draft = read_adjustment(body.root());
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  Asking asking{pack(call.request.body, ""), content_of(draft),
                [key = claim_of(call), maker = call.principal.key_id, draft](
                    const View& view, const Moment& moment) -> Planned<void> {
                  // Whoever checks it will be somebody else; who, is not known yet.
                  TRY(plan_adjustment(view, draft, key, maker, "*", moment));
                  return success();
                }};
  std::string id = request_id(call, 'A');
  ask_for(services, std::move(call), kKind, std::move(id), std::move(asking));
}

void approve(Services& services, Call call) {
  if (!call.request.body.empty()) {
    Body body(call);
    if (const auto& error = body.finish()) return refuse_call(call, *error);
  }
  const ClaimKey key = claim_of(call);
  const auto post = [key](const View& view, ApprovalRequest& request,
                          const Moment& moment) -> Planned<ChangeSet> {
    TRY(ChangeSet changes,
        plan_adjustment(view, draft_of(request), key, request.maker, request.checker, moment));
    request.body = pack(unpack(request).asked, key.hex());
    return changes;
  };
  Command command = approve_request(call, kKind, CommandKind::kVoucher, post, Again::kRefused);
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

void describe(Router& router) {
  router.describe("LegRequest", std::string(kLegRequest));
  router.describe("VoucherRequest", std::string(kVoucherMembers));
  router.describe("Adjustment",
                  std::string(kRequestMembers) + "voucher_id?:string voucher:VoucherRequest");
  router.describe("AdjustmentList", "adjustments:[Adjustment]");
  router.describe("AdjustmentPosted", std::string(kReceipt) +
                                          "id:string state:=approved voucher_id:string "
                                          "voucher_no:integer");
  describe_requested(router);
  describe_decisions(router);
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
              .doc = {.request = "VoucherRequest", .answer = "Requested", .status = 201}});
  router.add({.method = "GET",
              .pattern = "/v1/adjustments",
              .allowed = kHouse,
              .summary = "Adjustments that wait for a checker, or that were decided",
              .handle =
                  [&services](Call call) {
                    list_requests(services, std::move(call), kKind, "adjustments",
                                  write_adjustment);
                  },
              .doc = {.answer = "AdjustmentList", .query = std::string(kListQuery)}});
  router.add({.method = "GET",
              .pattern = "/v1/adjustments/{id}",
              .allowed = kHouse,
              .summary = "An adjustment as it stands",
              .handle =
                  [&services](Call call) {
                    get_request(services, std::move(call), kKind, write_adjustment);
                  },
              .doc = {.answer = "Adjustment"}});
  router.add({.method = "POST",
              .pattern = "/v1/adjustments/{id}/approve",
              .allowed = {Role::kChecker},
              .writes = true,
              .summary = "Posts an adjustment that somebody else asked for",
              .handle = [&services](Call call) { approve(services, std::move(call)); },
              .doc = {.request = "Empty", .answer = "AdjustmentPosted"}});
  router.add(
      {.method = "POST",
       .pattern = "/v1/adjustments/{id}/reject",
       .allowed = {Role::kMaker, Role::kChecker},
       .writes = true,
       .summary = "Rejects an adjustment, or takes one's own back",
       .handle = [&services](Call call) { reject_request(services, std::move(call), kKind); },
       .doc = {.request = "RejectRequest", .answer = "Rejected"}});
}

}  // namespace suanpan::api::v1
