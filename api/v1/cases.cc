// Cases (差错单): what becomes of a break; proposed by a maker, resolved by a checker.
#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/case_answer.h"
#include "api/v1/routes.h"
#include "reconcile/reconcile_service.h"

namespace suanpan::api::v1 {
namespace {

void list(Services& services, Call call) {
  Query query(call);
  const std::string open = query.maybe_text("open").value_or("false");
  if (open != "true" && open != "false") query.fail_at("open", "must be true or false");
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services, open](Call& on) {
    JsonWriter out;
    out.begin_object().key("breaks").begin_array();
    for (const reconcile::Case& c : services.reconcile->cases(open == "true")) write_case(out, c);
    out.end_array().end_object();
    on.reply(json_response(200, out.take()));
  });
}

void answer_case(Call& call, const CallerClaim& claim, const Planned<reconcile::Case>& c) {
  if (!c) return answer_claimed(call, claim, c.error());
  JsonWriter out;
  write_case(out, c.value());
  answer_claimed(call, claim, out.take());
}

void propose(Services& services, Call call) {
  Body body(call);
  const std::string resolution = body.root().text("resolution");
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services, resolution](Call& on) {
    CallerClaim claim{claim_of(on)};
    const auto after =
        services.reconcile->propose(on.path.at("id"), on.principal.key_id, resolution, &claim);
    answer_case(on, claim, after);
  });
}

using Step = Planned<reconcile::Case> (reconcile::ReconcileService::*)(const std::string&,
                                                                       const std::string&,
                                                                       CallerClaim*);

void take(Services& services, Call call, Step step) {
  if (!call.request.body.empty()) {
    Body body(call);
    if (const auto& error = body.finish()) return refuse_call(call, *error);
  }
  on_worker(services, std::move(call), [&services, step](Call& on) {
    CallerClaim claim{claim_of(on)};
    const auto after = (services.reconcile->*step)(on.path.at("id"), on.principal.key_id, &claim);
    answer_case(on, claim, after);
  });
}

}  // namespace

void add_case_routes(Router& router, Services& services) {
  router.describe("Case", std::string(kCase));
  router.describe("BreakList", "breaks:[Case]");
  router.describe("ProposeRequest", "resolution:string");
  router.describe("Empty", "");
  router.add({.method = "GET",
              .pattern = "/v1/breaks",
              .allowed = kHouse,
              .summary = "Breaks and what becomes of them",
              .handle = [&services](Call call) { list(services, std::move(call)); },
              .doc = {.answer = "BreakList", .query = "open?:=true|false"}});
  router.add({.method = "POST",
              .pattern = "/v1/breaks/{id}/propose",
              .allowed = {Role::kMaker},
              .writes = true,
              .summary = "Proposes how a break is put right",
              .handle = [&services](Call call) { propose(services, std::move(call)); },
              .doc = {.request = "ProposeRequest", .answer = "Case"}});
  router.add({.method = "POST",
              .pattern = "/v1/breaks/{id}/resolve",
              .allowed = {Role::kChecker},
              .writes = true,
              .summary = "Carries out what somebody else proposed",
              .handle =
                  [&services](Call call) {
                    take(services, std::move(call), &reconcile::ReconcileService::resolve);
                  },
              .doc = {.request = "Empty", .answer = "Case"}});
  router.add({.method = "POST",
              .pattern = "/v1/breaks/{id}/reject",
              .allowed = {Role::kMaker, Role::kChecker},
              .writes = true,
              .summary = "Sends a proposal back",
              .handle =
                  [&services](Call call) {
                    take(services, std::move(call), &reconcile::ReconcileService::reject);
                  },
              .doc = {.request = "Empty", .answer = "Case"}});
}

}  // namespace suanpan::api::v1
