// Report files. A name is served only if the folder's own listing has it: no path is ever built
// from what a caller sent.
#include <filesystem>

#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/routes.h"
#include "ledger/base/file.h"
#include "reconcile/statement.h"

namespace suanpan::api::v1 {
namespace {

namespace fs = std::filesystem;

struct Report {
  std::string name;  ///< below the folder, with '/': "2026-03-06/settlement-20260306-M1002-01.html"
  std::string kind;
  fs::path path;
  std::uint64_t bytes = 0;
};

std::string_view media_of(const fs::path& path) {
  const std::string ending = path.extension().string();
  if (ending == ".html") return "text/html; charset=utf-8";
  if (ending == ".csv") return "text/csv; charset=utf-8";
  if (ending == ".xlsx") return "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
  return {};
}

// By the names that their writers give them; what nobody here wrote is "other".
std::string kind_of(const fs::path& path) {
  const std::string stem = path.stem().string();
  constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
      {"settlement-", "settlement"},      {"account-", "account"},
      {"trial-balance", "trial_balance"}, {"daily-summary", "daily_summary"},
      {"open-cases", "open_cases"},
  };
  for (const auto& [prefix, kind] : kKinds)
    if (stem.starts_with(prefix)) return std::string(kind);
  return reconcile::BatchNumber::parse(stem) ? "reconciliation" : "other";
}

/// Regular files of the known kinds, by name; symbolic links are not followed.
std::vector<Report> reports_in(const std::string& folder) {
  std::vector<Report> reports;
  std::error_code failed;
  for (fs::recursive_directory_iterator it(folder, failed), end; !failed && it != end;
       it.increment(failed)) {
    std::error_code ignored;
    if (!it->is_regular_file(ignored) || it->is_symlink(ignored)) continue;
    if (media_of(it->path()).empty()) continue;
    reports.push_back({it->path().lexically_relative(folder).generic_string(), kind_of(it->path()),
                       it->path(), it->file_size(ignored)});
  }
  std::sort(reports.begin(), reports.end(),
            [](const Report& a, const Report& b) { return a.name < b.name; });
  return reports;
}

/// What a list is narrowed to.
struct Filter {
  std::optional<std::string> kind, merchant;
  std::optional<Date> day;

  bool takes(const Report& report) const {
    if (kind && report.kind != *kind) return false;
    if (day && !report.name.starts_with(day->iso() + "/")) return false;
    // A batch's number names its merchant: 20260306-M1002-01.
    return !merchant || (report.kind == "settlement" &&
                         report.name.find("-" + *merchant + "-") != std::string::npos);
  }
};

void list(Services& services, Call call) {
  Query query(call);
  Filter filter;
  filter.kind = query.maybe_text("kind");
  filter.merchant = query.maybe_text("merchant");
  filter.day = query.maybe_date("day");
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services, filter](Call& on) {
    JsonWriter out;
    out.begin_object().key("reports").begin_array();
    for (const Report& report : reports_in(services.reports_folder)) {
      if (!filter.takes(report)) continue;
      out.begin_object()
          .field("name", report.name)
          .field("kind", report.kind)
          .field("bytes", report.bytes)
          .end_object();
    }
    out.end_array().end_object();
    on.reply(json_response(200, out.take()));
  });
}

void get(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services](Call& on) {
    const std::string& name = on.path.at("name");
    for (const Report& report : reports_in(services.reports_folder)) {
      if (report.name != name) continue;
      auto bytes = read_file(report.path);
      if (!bytes) return refuse_call(on, fail(Errc::kIo, "report {} cannot be read", name));
      HttpResponse response;
      response.headers.set("Content-Type", media_of(report.path));
      response.headers.set("Cache-Control", "no-store");
      // What a report quotes came from outside: a browser must not run any of it.
      response.headers.set("X-Content-Type-Options", "nosniff");
      response.headers.set("Content-Security-Policy",
                           "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox");
      response.body = std::move(bytes.value());
      return on.reply(std::move(response));
    }
    refuse_call(on, refuse(RefusalCode::kDocumentNotFound, name));
  });
}

}  // namespace

void add_report_routes(Router& router, Services& services) {
  router.describe("Report", "name:string kind:string bytes:integer");
  router.describe("ReportList", "reports:[Report]");
  router.add(
      {.method = "GET",
       .pattern = "/v1/reports",
       .allowed = kHouse,
       .summary = "The report files that there are: of a kind, a day, a merchant's settlements",
       .handle = [&services](Call call) { list(services, std::move(call)); },
       .doc = {.answer = "ReportList", .query = "kind?:string day?:date merchant?:string"}});
  router.add({.method = "GET",
              .pattern = "/v1/reports/{name...}",
              .allowed = kHouse,
              .summary = "A report file",
              .handle = [&services](Call call) { get(services, std::move(call)); },
              .doc = {.media = "application/octet-stream"}});
}

}  // namespace suanpan::api::v1
