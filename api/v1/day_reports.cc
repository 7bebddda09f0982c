// Writing the reports of a day.
#include <filesystem>

#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/routes.h"
#include "reconcile/reconcile_service.h"

namespace suanpan::api::v1 {
namespace {

namespace fs = std::filesystem;

void write(Services& services, Call call) {
  Body body(call);
  const Date day = body.root().date("day");
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services, day](Call& on) {
    const auto written = services.reconcile->write_day_reports(day);
    if (!written) return refuse_call(on, written.error());
    JsonWriter out;
    out.begin_object().field("day", day.iso()).key("files").begin_array();
    for (const std::string& path : written.value())
      out.string(fs::path(path).lexically_relative(services.reports_folder).generic_string());
    out.end_array().end_object();
    on.reply(json_response(200, out.take()));
  });
}

}  // namespace

void add_day_report_routes(Router& router, Services& services) {
  router.describe("DayReportRequest", "day:date");
  router.describe("DayReports", "day:date files:[string]");
  router.add({.method = "POST",
              .pattern = "/v1/reports",
              .allowed = {Role::kMaker, Role::kOperator},
              .writes = true,
              .summary = "Writes the reports of a day; again writes the same",
              .handle = [&services](Call call) { write(services, std::move(call)); },
              .doc = {.request = "DayReportRequest", .answer = "DayReports"}});
}

}  // namespace suanpan::api::v1
