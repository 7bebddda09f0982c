// Reconciliation runs: over a file in the request, or one that the service fetches itself.
#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/case_answer.h"
#include "api/v1/long_call.h"
#include "api/v1/routes.h"
#include "ledger/base/digest.h"
#include "reconcile/fund_flow_check.h"
#include "reconcile/reconcile_service.h"

namespace suanpan::api::v1 {
namespace {

using reconcile::RunSummary;

std::string file_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

void write_run(JsonWriter& out, const RunSummary& run) {
  out.begin_object()
      .field("number", run.number)
      .field("channel", run.channel)
      .field("subject", run.subject)
      .field("day", run.day.iso())
      .field("outside_rows", run.outside_rows)
      .field("book_rows", run.book_rows)
      .field("matched", run.matched)
      .field("repeated", run.repeated);
  out.key("reports").begin_array();
  for (const std::string& report : {run.report_html, run.report_csv, run.report_xlsx})
    if (!report.empty()) out.string(file_name(report));
  out.end_array().key("breaks").begin_array();
  for (const reconcile::Case& c : run.breaks) write_case(out, c);
  out.end_array().end_object();
}

void list(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services](Call& on) {
    JsonWriter out;
    out.begin_object().key("runs").begin_array();
    for (const RunSummary& run : services.reconcile->runs()) write_run(out, run);
    out.end_array().end_object();
    on.reply(json_response(200, out.take()));
  });
}

void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services](Call& on) {
    const auto run = services.reconcile->find_run(on.path.at("number"));
    if (!run) return refuse_call(on, refuse(RefusalCode::kDocumentNotFound, on.path.at("number")));
    JsonWriter out;
    write_run(out, *run);
    on.reply(json_response(200, out.take()));
  });
}

/// Whose file of which day; the file itself, or nothing: then it is fetched.
struct Source {
  std::string subject;
  Date day;
  std::optional<std::string> file;
};

Source read_source(Fields& in, const Services& services) {
  Source source;
  source.subject = in.text("subject");
  if (source.subject.empty() || source.subject.size() > 64)
    in.fail_at("subject", "must be 1 to 64 bytes");
  source.day = in.date("day");
  if (const auto encoded = in.maybe_text("file")) {
    source.file = from_base64(*encoded);
    if (!source.file) in.fail_at("file", "must be base64");
  } else if (!services.fetch_file) {
    in.fail_at("file", "is missing, and no outside to fetch it from is configured");
  }
  return source;
}

/// "bill of 1900000109, 2026-03-04"
std::string what_of(std::string_view kind, const Source& source) {
  return fmt::format("{} of {}, {}", kind, source.subject, source.day.iso());
}

/// The file, given or fetched; a channel's fault is not the caller's (problem.h).
Result<std::string, Problem> bytes_of(Services& services, const std::string& kind,
                                      const Source& source) {
  if (source.file) return *source.file;
  auto fetched = services.fetch_file(kind, source.subject, source.day);
  if (!fetched) return channel_problem(fetched.error(), what_of(kind, source));
  return std::move(fetched.value());
}

/// Why the file was not taken.
Problem refusal_of(const Error& error, const std::string& kind, const Source& source) {
  if (source.file || !is_about_bytes(error)) return problem_of(error);
  return channel_problem(error, what_of(kind, source));
}

void check_flow(Services& services, Call call) {
  Body body(call);
  const Source source = read_source(body.root(), services);
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services, source](Call& on) {
    const auto bytes = bytes_of(services, "fund_flow", source);
    if (!bytes) return refuse_call(on, bytes.error());
    const auto check =
        reconcile::check_fund_flow(services.book, bytes.value(), source.subject, source.day);
    if (!check) return refuse_call(on, refusal_of(check.error(), "fund_flow", source));
    const reconcile::FundFlowCheck& c = check.value();
    JsonWriter out;
    out.begin_object()
        .field("subject", source.subject)
        .field("day", source.day.iso())
        .field("rows", c.rows)
        .field("income", c.income)
        .field("expense", c.expense)
        .field("withdrawn", c.withdrawn)
        .field("net", c.net)
        .field("promised", c.promised)
        .field("difference", c.difference)
        .end_object();
    on.reply(json_response(200, out.take()));
  });
}

Result<RunSummary, Problem> hold(Services& services, const std::string& kind, const Source& source,
                                 const ClaimNow& claim) {
  TRY(const std::string bytes, bytes_of(services, kind, source));
  reconcile::ReconcileService& service = *services.reconcile;
  auto run = kind == "bill" ? service.run_trade_bill(bytes, source.subject, source.day, claim)
                            : service.run_bank_statement(bytes, source.subject, source.day, claim);
  if (!run) return refusal_of(run.error(), kind, source);
  return std::move(run.value());
}

void start(Services& services, Call call) {
  Body body(call);
  Fields& in = body.root();
  const std::string kind = in.text("kind");
  if (kind != "bill" && kind != "statement") in.fail_at("kind", "must be bill or statement");
  const Source source = read_source(in, services);
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  LongCall what{"reconcile",
                {{"kind", kind},
                 {"subject", source.subject},
                 {"day", source.day.iso()},
                 {"file", source.file ? hex_lower(sha256(*source.file)) : "fetched"}}};
  run_long_here(services, std::move(call), std::move(what),
                [&services, kind, source](Call&, const ClaimNow& claim) {
                  const auto run = hold(services, kind, source, claim);
                  if (!run) return LongOutcome::failed(run.error());
                  JsonWriter out;
                  write_run(out, run.value());
                  return LongOutcome::accepted(out.take());
                });
}

}  // namespace

void add_reconcile_routes(Router& router, Services& services) {
  router.describe("Case", std::string(kCase));
  router.describe("Run",
                  "number:string channel:string subject:string day:date outside_rows:integer "
                  "book_rows:integer matched:integer repeated:boolean reports:[string] "
                  "breaks:[Case]");
  router.describe("RunList", "runs:[Run]");
  router.describe("RunRequest", "kind:=bill|statement subject:string day:date file?:string");
  router.describe("FundFlowRequest", "subject:string day:date file?:string");
  router.describe("FundFlowCheck",
                  "subject:string day:date rows:integer income:integer expense:integer "
                  "withdrawn:integer net:integer promised:integer difference:integer");
  router.add(
      {.method = "POST",
       .pattern = "/v1/fund-flow-checks",
       .allowed = {Role::kMaker, Role::kOperator},
       .writes = true,
       .summary = "Holds WeChat's fund-flow bill of a day against its trade bill; keeps nothing",
       .handle = [&services](Call call) { check_flow(services, std::move(call)); },
       .doc = {.request = "FundFlowRequest", .answer = "FundFlowCheck"}});
  router.add({.method = "GET",
              .pattern = "/v1/reconciliation-runs",
              .allowed = kHouse,
              .summary = "Reconciliation runs",
              .handle = [&services](Call call) { list(services, std::move(call)); },
              .doc = {.answer = "RunList"}});
  router.add({.method = "POST",
              .pattern = "/v1/reconciliation-runs",
              .allowed = {Role::kMaker, Role::kOperator},
              .writes = true,
              .summary = "Holds a bill or statement against the books; twice changes nothing",
              .handle = [&services](Call call) { start(services, std::move(call)); },
              .doc = {.request = "RunRequest", .answer = "Run"}});
  router.add({.method = "GET",
              .pattern = "/v1/reconciliation-runs/{number}",
              .allowed = kHouse,
              .summary = "A run with its breaks",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.answer = "Run"}});
}

}  // namespace suanpan::api::v1
