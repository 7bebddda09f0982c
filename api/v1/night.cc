// How the night stands: per day and step what is done, waits or failed, and why.
#include "api/night/night.h"

#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/routes.h"

namespace suanpan::api::v1 {
namespace {

using night::StepView;

void write_texts(JsonWriter& out, std::string_view name, const std::vector<std::string>& texts) {
  out.key(name).begin_array();
  for (const std::string& text : texts) out.string(text);
  out.end_array();
}

void write_step(JsonWriter& out, const StepView& step) {
  out.begin_object().field("day", step.id.day.iso()).field("step", name_of(step.id.kind));
  if (!step.id.subject.empty()) out.field("subject", step.id.subject);
  out.field("state", name_of(step.state));
  if (!step.reason.empty()) out.field("reason", step.reason);
  out.field("attempts", static_cast<std::int64_t>(step.attempts));
  if (step.due_at.ns != 0) out.field("due_at", step.due_at.iso_cn());
  if (step.attempts > 0) out.field("tried_at", step.at.iso_cn());
  if (step.will_retry) out.field("retry_at", step.retry_at.iso_cn());
  if (!step.exceptions.empty()) write_texts(out, "exceptions", step.exceptions);
  out.end_object();
}

void get(Services& services, Call call) {
  Query query(call);
  const auto day = query.maybe_date("day");
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services, day](Call& on) {
    const night::NightStatus status = services.night->status();
    std::vector<StepView> steps = status.steps;
    if (day) {
      std::erase_if(steps, [&](const StepView& step) { return step.id.day != *day; });
      // A night that is over is read from its record.
      if (steps.empty()) steps = services.night->night_of(*day).value_or(std::vector<StepView>{});
    }
    JsonWriter out;
    out.begin_object().field("enabled", status.enabled).field("now", status.now.iso_cn());
    if (status.first) out.field("first_day", status.first->iso());
    if (status.complete_through) out.field("complete_through", status.complete_through->iso());
    write_texts(out, "exceptions", status.exceptions);
    out.key("steps").begin_array();
    for (const StepView& step : steps) write_step(out, step);
    out.end_array().end_object();
    on.reply(json_response(200, out.take()));
  });
}

}  // namespace

void add_night_routes(Router& router, Services& services) {
  router.describe(
      "NightStep",
      "day:date step:=day_cut|fetch_statement|reconcile_statement|fetch_bill|"
      "reconcile_bill|settle|reports subject?:string state:=done|due|waiting|failed|"
      "done_with_exceptions reason?:string attempts:integer due_at?:date-time tried_at?:date-time "
      "retry_at?:date-time exceptions?:[string]");
  router.describe("Night",
                  "enabled:boolean now:date-time first_day?:date complete_through?:date "
                  "exceptions:[string] steps:[NightStep]");
  router.add({.method = "GET",
              .pattern = "/v1/night",
              .allowed = kHouse,
              .summary = "The steps of the nights that are not over, or of one night",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "Night", .query = "day?:date"}});
}

}  // namespace suanpan::api::v1
