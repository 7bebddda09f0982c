// Fee schedules: one per merchant, replaced as a whole; rules that have begun stay.
#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/routes.h"
#include "settlement/settlement_service.h"

namespace suanpan::api::v1 {
namespace {

void put(Services& services, Call call) {
  auto schedule = settlement::decode_fee_schedule(call.request.body);
  if (!schedule) return refuse_call(call, schedule.error());
  if (schedule.value().merchant_no != call.path.at("mch_no"))
    return refuse_call(call, fail(Errc::kMalformed, "\"merchant_no\" is not that of the path"));
  on_worker(
      services, std::move(call), [&services, schedule = std::move(schedule.value())](Call& on) {
        CallerClaim claim{claim_of(on)};
        const auto done = services.settlement->put_schedule(schedule, on.principal.key_id, &claim);
        if (!done) return answer_claimed(on, claim, done.error());
        answer_claimed(on, claim, encode(schedule));
      });
}

void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services](Call& on) {
    const auto schedule = services.settlement->schedule(on.path.at("mch_no"));
    if (!schedule)
      return refuse_call(on, refuse(RefusalCode::kDocumentNotFound, on.path.at("mch_no")));
    on.reply(json_response(200, encode(*schedule)));
  });
}

}  // namespace

void add_fee_schedule_routes(Router& router, Services& services) {
  router.describe("FeeTier", "from:integer rate:string");
  router.describe("FeeRule",
                  "product:string effective_from:date currency:string rate:string "
                  "rounding:=half_up|half_even|down|up "
                  "on_refund:=proportional|kept fixed?:integer minimum?:integer "
                  "maximum?:integer tiers?:[FeeTier]");
  router.describe("FeeSchedule", "format:integer merchant_no:string rules:[FeeRule]");
  router.add({.method = "PUT",
              .pattern = "/v1/fee-schedules/{mch_no}",
              .allowed = {Role::kOperator},
              .writes = true,
              .summary = "Sets what a merchant pays; rules that have begun must stay",
              .handle = [&services](Call call) { put(services, std::move(call)); },
              .doc = {.request = "FeeSchedule", .answer = "FeeSchedule"}});
  router.add({.method = "GET",
              .pattern = "/v1/fee-schedules/{mch_no}",
              .allowed = kHouse,
              .summary = "What a merchant pays",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "FeeSchedule"}});
}

}  // namespace suanpan::api::v1
