// The business clock, where an operator may advance it: tests and demonstrations.
#include "api/open_book.h"
#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/routes.h"

namespace suanpan::api::v1 {
namespace {

void advance(Services& services, Call call) {
  Body body(call);
  const auto to = body.root().maybe_time("to");
  if (!to) body.root().fail_at("to", "is missing");
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  // Going to a moment, not by a span: saying it twice is saying it once. Never back: what was
  // journalled must not lie ahead. Journalled before the clock moves, so that a restart finds it
  // where it stood.
  Command command = move_clock(claim_of(call), services.business.now(), *to);
  // Set when it is durable, on the committing thread, one after the other: a repetition that finds
  // the clock behind sets it again, one that finds it ahead leaves it.
  run(services, std::move(call), std::move(command), [&services, to = *to](const Answer&) {
    if (services.business.now() < to) services.manual_business->set(to);
    JsonWriter out;
    out.begin_object().field("now", to.iso_cn()).end_object();
    return json_response(200, out.take());
  });
}

}  // namespace

void add_clock_routes(Router& router, Services& services) {
  if (!services.manual_business) return;
  router.describe("ClockRequest", "to:date-time");
  router.describe("ClockAnswer", "now:date-time");
  router.add({.method = "POST",
              .pattern = "/v1/clock/advance",
              .allowed = {Role::kOperator},
              .writes = true,
              .summary = "Moves the business clock forward to a moment",
              .handle = [&services](Call call) { advance(services, std::move(call)); },
              .doc = {.request = "ClockRequest", .answer = "ClockAnswer"}});
}

}  // namespace suanpan::api::v1
