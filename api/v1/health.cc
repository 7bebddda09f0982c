// For those who watch: alive, ready, figures. Open: these say nothing of the business.
#include "api/metric_sources.h"
#include "api/v1/answer.h"
#include "api/v1/routes.h"

namespace suanpan::api::v1 {
namespace {

void ready(Services& services, Call call) {
  const BookStatistics statistics = services.book.statistics();
  const bool sound = statistics.invariant_violations == 0;
  JsonWriter out;
  out.begin_object()
      .field("status", sound ? "ready" : "degraded")
      .field("last_seq", statistics.last_seq)
      .field("queued", statistics.queued)
      .end_object();
  call.reply(json_response(sound ? 200 : 503, out.take()));
}

}  // namespace

void add_health_routes(Router& router, Services& services) {
  watch_book(services.metrics, services.book, services.business);
  watch_workers(services.metrics, services.workers);
  router.describe("Health", "status:string");
  router.describe("Readiness", "status:=ready|degraded last_seq:integer queued:integer");
  router.add({.method = "GET",
              .pattern = "/healthz",
              .access = Access::kOpen,
              .summary = "Whether the process answers",
              .handle = [](Call call) { call.reply(json_response(200, R"({"status":"alive"})")); },
              .doc = {.answer = "Health"}});
  router.add({.method = "GET",
              .pattern = "/readyz",
              .access = Access::kOpen,
              .summary = "Whether it should be given work",
              .handle = [&services](Call call) { ready(services, std::move(call)); },
              .doc = {.answer = "Readiness"}});
  router.add({.method = "GET",
              .pattern = "/metrics",
              .access = Access::kOpen,
              .summary = "Figures for Prometheus",
              .handle =
                  [&services](Call call) {
                    on_worker(services, std::move(call), [&services](Call& on) {
                      HttpResponse response;
                      response.headers.set("Content-Type", "text/plain; version=0.0.4");
                      response.body = services.metrics.render();
                      on.reply(std::move(response));
                    });
                  },
              .doc = {.media = "text/plain"}});
}

}  // namespace suanpan::api::v1
