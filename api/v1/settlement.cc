// Settlement batches: computed, reviewed, approved by a second person, withdrawn.
//
// A step is one change set and carries the call's claim itself. Computing a day makes a batch per
// merchant, each a change set: its key is claimed before and its answer kept after (long_call.h).
#include "settlement/settlement_service.h"

#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/long_call.h"
#include "api/v1/routes.h"
#include "settlement/calendar.h"

namespace suanpan::api::v1 {
namespace {

using settlement::BatchView;

void write_batch(JsonWriter& out, const BatchView& view, bool with_lines) {
  const settlement::Batch& batch = view.batch;
  out.begin_object()
      .field("number", view.number)
      .field("merchant_no", batch.merchant_no)
      .field("currency", code_of(batch.currency))
      .field("settle_on", batch.settle_on.iso())
      .field("run", batch.run)
      .field("state", name_of(state_of(batch)))
      .field("gross", view.totals.gross_minor)
      .field("fee", view.totals.fee_minor)
      .field("net", view.totals.net_minor);
  if (!view.payout_id.empty()) out.field("payout_id", view.payout_id);
  if (view.returned_on) out.field("returned_on", view.returned_on->iso());
  out.key("history").begin_array();
  for (const settlement::BatchStep& step : batch.history) {
    out.begin_object()
        .field("state", name_of(step.state))
        .field("by", step.by)
        .field("at", step.at.iso_cn());
    if (!step.note.empty()) out.field("note", step.note);
    out.end_object();
  }
  out.end_array();
  if (with_lines) {
    out.key("lines").begin_array();
    for (const settlement::BatchLine& line : batch.lines)
      out.begin_object()
          .field("item_no", line.item_no)
          .field("gross", line.gross_minor)
          .field("fee", line.fee_minor)
          .end_object();
    out.end_array();
  }
  out.end_object();
}

void answer_batch(Call& call, const CallerClaim& claim, const Planned<BatchView>& view) {
  if (!view) return answer_claimed(call, claim, view.error());
  JsonWriter out;
  write_batch(out, view.value(), true);
  answer_claimed(call, claim, out.take());
}

void list(Services& services, Call call) {
  Query query(call);
  const auto settle_on = query.maybe_date("settle_on");
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services, settle_on](Call& on) {
    JsonWriter out;
    out.begin_object().key("batches").begin_array();
    for (const BatchView& view : services.settlement->list(settle_on))
      write_batch(out, view, false);
    out.end_array().end_object();
    on.reply(json_response(200, out.take()));
  });
}

void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services](Call& on) {
    const auto view = services.settlement->find(on.path.at("number"));
    if (!view) return refuse_call(on, refuse(RefusalCode::kDocumentNotFound, on.path.at("number")));
    JsonWriter out;
    write_batch(out, *view, true);
    on.reply(json_response(200, out.take()));
  });
}

std::string write_summary(const settlement::ComputeSummary& summary) {
  JsonWriter out;
  out.begin_object().field("settle_on", summary.settle_on.iso()).key("made").begin_array();
  for (const BatchView& view : summary.made) write_batch(out, view, false);
  out.end_array().key("not_made").begin_array();
  for (const settlement::NotMade& left : summary.not_made)
    out.begin_object()
        .field("merchant_no", left.merchant_no)
        .field("refusal", name_of(left.refusal.code))
        .field("detail", left.refusal.detail)
        .end_object();
  out.end_array()
      .field("not_reconciled", summary.not_reconciled)
      .field("not_arrived", summary.not_arrived)
      .field("not_due", summary.not_due)
      .end_object();
  return out.take();
}

void compute(Services& services, Call call) {
  Body body(call);
  const Date settle_on = body.root().date("settle_on");
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  run_long_here(services, std::move(call), {"compute", {{"settle_on", settle_on.iso()}}},
                [&services, settle_on](Call& on, const ClaimNow& claim) {
                  // A day that nothing is settled on leaves nothing.
                  const auto works = settlement::is_workday(settle_on);
                  if (works && works.value() && !claim()) return LongOutcome{};
                  const auto summary = services.settlement->compute(settle_on, on.principal.key_id);
                  if (!summary) return LongOutcome::failed(summary.error());
                  return LongOutcome::accepted(write_summary(summary.value()));
                });
}

using Step =
    std::function<Planned<BatchView>(settlement::SettlementService&, const Call&, CallerClaim&)>;

void take(Services& services, Call call, Step step) {
  on_worker(services, std::move(call), [&services, step = std::move(step)](Call& on) {
    CallerClaim claim{claim_of(on)};
    const auto after = step(*services.settlement, on, claim);
    answer_batch(on, claim, after);
  });
}

/// A step that has nothing to say but itself.
void take_bare(Services& services, Call call, Step step) {
  if (!call.request.body.empty()) {
    Body body(call);
    if (const auto& error = body.finish()) return refuse_call(call, *error);
  }
  take(services, std::move(call), std::move(step));
}

void review(Services& services, Call call) {
  take_bare(services, std::move(call),
            [](settlement::SettlementService& service, const Call& by, CallerClaim& claim) {
              return service.review(by.path.at("number"), by.principal.key_id, &claim);
            });
}

void approve(Services& services, Call call) {
  take_bare(services, std::move(call),
            [](settlement::SettlementService& service, const Call& by, CallerClaim& claim) {
              return service.approve(by.path.at("number"), by.principal.key_id, &claim);
            });
}

void withdraw(Services& services, Call call) {
  Body body(call);
  const std::string reason = body.root().text("reason");
  if (reason.empty() || reason.size() > 256)
    body.root().fail_at("reason", "must be 1 to 256 bytes");
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  take(services, std::move(call),
       [reason](settlement::SettlementService& service, const Call& by, CallerClaim& claim) {
         return service.withdraw(by.path.at("number"), by.principal.key_id, reason, &claim);
       });
}

}  // namespace

void add_settlement_routes(Router& router, Services& services) {
  const std::string header =
      "number:string merchant_no:string currency:string settle_on:date run:integer "
      "state:=computed|reviewed|approved|sent|confirmed|returned|failed|withdrawn gross:integer "
      "fee:integer net:integer payout_id?:string returned_on?:date history:[BatchStep] ";
  router.describe("BatchStep", "state:string by:string at:date-time note?:string");
  router.describe("BatchLine", "item_no:string gross:integer fee:integer");
  router.describe("SettlementBatchHeader", header);
  router.describe("SettlementBatch", header + "lines:[BatchLine]");
  router.describe("SettlementBatchList", "batches:[SettlementBatchHeader]");
  router.describe("ComputeRequest", "settle_on:date");
  router.describe("NotMade", "merchant_no:string refusal:string detail:string");
  router.describe("ComputeAnswer",
                  "settle_on:date made:[SettlementBatchHeader] not_made:[NotMade] "
                  "not_reconciled:integer not_arrived:integer not_due:integer");
  router.describe("WithdrawRequest", "reason:string");
  router.describe("Empty", "");
  router.add({.method = "GET",
              .pattern = "/v1/settlement-batches",
              .allowed = kHouse,
              .summary = "Settlement batches, of one day or of all",
              .handle = [&services](Call call) { list(services, std::move(call)); },
              .doc = {.answer = "SettlementBatchList", .query = "settle_on?:date"}});
  router.add({.method = "POST",
              .pattern = "/v1/settlement-batches",
              .allowed = {Role::kMaker},
              .writes = true,
              .summary = "Computes the batches of a settlement day; twice computes nothing new",
              .handle = [&services](Call call) { compute(services, std::move(call)); },
              .doc = {.request = "ComputeRequest", .answer = "ComputeAnswer"}});
  router.add({.method = "GET",
              .pattern = "/v1/settlement-batches/{number}",
              .allowed = kHouse,
              .summary = "A batch with its lines and history",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "SettlementBatch"}});
  router.add({.method = "POST",
              .pattern = "/v1/settlement-batches/{number}/review",
              .allowed = {Role::kMaker, Role::kChecker},
              .writes = true,
              .summary = "Marks a batch as reviewed",
              .handle = [&services](Call call) { review(services, std::move(call)); },
              .doc = {.request = "Empty", .answer = "SettlementBatch"}});
  router.add({.method = "POST",
              .pattern = "/v1/settlement-batches/{number}/approve",
              .allowed = {Role::kChecker},
              .writes = true,
              .summary = "Approves a batch that others computed and reviewed: it is paid out",
              .handle = [&services](Call call) { approve(services, std::move(call)); },
              .doc = {.request = "Empty", .answer = "SettlementBatch"}});
  router.add({.method = "POST",
              .pattern = "/v1/settlement-batches/{number}/withdraw",
              .allowed = {Role::kMaker, Role::kChecker},
              .writes = true,
              .summary = "Withdraws a batch that is not approved: its orders are free again",
              .handle = [&services](Call call) { withdraw(services, std::move(call)); },
              .doc = {.request = "WithdrawRequest", .answer = "SettlementBatch"}});
}

}  // namespace suanpan::api::v1
