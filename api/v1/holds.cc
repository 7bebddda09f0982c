// Holds (冻结): reserving, posting in whole or part, voiding.
#include "api/v1/routes.h"
#include "api/v1/voucher_body.h"
#include "ledger/base/limits.h"
#include "ledger/core/hold.h"
#include "ledger/engine/expecting.h"

namespace suanpan::api::v1 {
namespace {

std::string_view name_of_state(HoldState state) {
  switch (state) {
    case HoldState::kOpen:
      return "open";
    case HoldState::kPosted:
      return "posted";
    case HoldState::kVoided:
      return "voided";
    case HoldState::kExpired:
      break;
  }
  return "expired";
}

HttpResponse receipt(int status, const ClaimKey& id, const ClaimKey& hold, const Answer& answer) {
  JsonWriter out;
  out.begin_object().field("id", id.hex()).field("hold", hold.hex());
  write_receipt(out, answer);
  out.field("voucher_no", answer.voucher_no);
  write_amounts(out, answer);
  out.end_object();
  return json_response(status, out.take());
}

void make(Services& services, Call call) {
  Body body(call);
  VoucherDraft draft = read_ruled_voucher(body.root(), true);
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  const ClaimKey key = draft.request.key = claim_of(call);
  if (!may_hold(services, call.principal, key)) return refuse_call(call, too_many_holds());
  const auto refusal = services.book.read([&](const State& state, std::uint64_t) {
    return resolve(*call.principal.reach, state, draft);
  });
  if (refusal) return refuse_call(call, *refusal);
  run(services, std::move(call), std::move(draft.request),
      [key](const Answer& answer) { return receipt(201, key, key, answer); });
}

/// The hold that the path names, or nothing after the refusal was given. Whoever may not touch it
/// learns nothing of it.
std::optional<ClaimKey> hold_of(const Call& call, bool reads) {
  const std::string& id = call.path.at("id");
  const auto key = ClaimKey::from_hex(id);
  if (!key) {
    refuse_call(call, refuse(RefusalCode::kHoldNotFound, id));
    return std::nullopt;
  }
  if (!(reads ? may_read : may_change)(call.principal, key->caller)) {
    refuse_call(call, refuse(RefusalCode::kNotAuthorised, id));
    return std::nullopt;
  }
  return key;
}

/// The command under what its caller expects, run for a hold.
void run_expecting(Services& services, Call call, Command command, ExpectsDraft expected,
                   const ClaimKey& hold) {
  const auto resolved = services.book.read([&](const State& state, std::uint64_t) {
    return resolve(*call.principal.reach, state, expected);
  });
  if (!resolved) return refuse_call(call, resolved.error());
  const ClaimKey key = command.key;
  run(services, std::move(call), expecting(std::move(command), std::move(expected.expects)),
      [key, hold](const Answer& answer) { return receipt(200, key, hold, answer); });
}

void post(Services& services, Call call) {
  const auto hold = hold_of(call, false);
  if (!hold) return;
  Body body(call);
  Fields& in = body.root();
  PostHoldRequest request;
  request.key = claim_of(call);
  request.hold = *hold;
  request.amounts = in.maybe_integers("amounts", kMaxVoucherLegs);
  VoucherText text;
  text.summary = in.maybe_text("summary").value_or("");
  text.business_key = in.maybe_text("business_key").value_or("");
  if (text != VoucherText{}) request.text = std::make_shared<const VoucherText>(text);
  ExpectsDraft expected = read_expects(in);
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  run_expecting(services, std::move(call), post_hold(request), std::move(expected), *hold);
}

void void_it(Services& services, Call call) {
  const auto hold = hold_of(call, false);
  if (!hold) return;
  ExpectsDraft expected;
  if (!call.request.body.empty()) {
    Body body(call);
    expected = read_expects(body.root());
    if (const auto& error = body.finish()) return refuse_call(call, *error);
  }
  Command command = void_hold({claim_of(call), *hold});
  run_expecting(services, std::move(call), std::move(command), std::move(expected), *hold);
}

void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  const auto key = hold_of(call, true);
  if (!key) return;
  on_worker(services, std::move(call), [&book = services.book, key = *key](Call& to) {
    const DocumentPtr document = book.document(DocumentKind::kHold, key.bytes());
    if (!document) return refuse_call(to, refuse(RefusalCode::kHoldNotFound, key.hex()));
    const auto hold = decode_hold(document->bytes);
    if (!hold) return refuse_call(to, fail(Errc::kCorrupt, "hold {}", key.hex()));
    JsonWriter out;
    out.begin_object().field("id", key.hex()).field("state", name_of_state(hold->state));
    if (hold->expires_at.ns != 0) out.field("expires_at", hold->expires_at.iso_cn());
    out.field("version", document->version).key("legs").begin_array();
    book.read([&](const State& state, std::uint64_t) {
      for (const HoldLeg& leg : hold->legs)
        out.begin_object()
            .field("debit", state.account(leg.debit)->code)
            .field("credit", state.account(leg.credit)->code)
            .field("amount", leg.amount)
            .field("remaining", leg.remaining)
            .end_object();
    });
    out.end_array().end_object();
    to.reply(json_response(200, out.take()));
  });
}

}  // namespace

void add_hold_routes(Router& router, Services& services) {
  describe_rules(router);
  router.describe("HoldRequest", std::string(kRuledVoucherMembers) + "expires_at?:date-time");
  router.describe("HoldReceipt", "id:string hold:string " + std::string(kReceipt) +
                                     "voucher_no:integer amounts?:[integer]");
  router.describe("PostHoldRequest",
                  "amounts?:[integer] summary?:string business_key?:string expects?:[Expectation]");
  router.describe("VoidHoldRequest", "expects?:[Expectation]");
  router.describe("HoldLeg", "debit:string credit:string amount:integer remaining:integer");
  router.describe("Hold",
                  "id:string state:=open|posted|voided|expired expires_at?:date-time "
                  "version:integer legs:[HoldLeg]");
  const Roles writers{Role::kUpstream, Role::kMaker};
  router.add({.method = "POST",
              .pattern = "/v1/holds",
              .allowed = writers,
              .writes = true,
              .summary = "Reserves the amounts of a voucher",
              .handle = [&services](Call call) { make(services, std::move(call)); },
              .doc = {.request = "HoldRequest", .answer = "HoldReceipt", .status = 201}});
  router.add({.method = "GET",
              .pattern = "/v1/holds/{id}",
              .allowed = kReaders,
              .summary = "A hold as it stands",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "Hold"}});
  router.add({.method = "POST",
              .pattern = "/v1/holds/{id}/post",
              .allowed = writers,
              .writes = true,
              .summary = "Posts what is named of each leg, or all that remains",
              .handle = [&services](Call call) { post(services, std::move(call)); },
              .doc = {.request = "PostHoldRequest", .answer = "HoldReceipt"}});
  router.add({.method = "POST",
              .pattern = "/v1/holds/{id}/void",
              .allowed = writers,
              .writes = true,
              .summary = "Gives back what remains",
              .handle = [&services](Call call) { void_it(services, std::move(call)); },
              .doc = {.request = "VoidHoldRequest", .answer = "HoldReceipt"}});
}

}  // namespace suanpan::api::v1
