// Writing reports: of a day, of a settlement batch (结算单), of an account over dates (明细账).
#include <filesystem>

#include "api/night/papers.h"
#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/long_call.h"
#include "api/v1/routes.h"
#include "reconcile/reconcile_service.h"

namespace suanpan::api::v1 {
namespace {

namespace fs = std::filesystem;

/// What is asked for: exactly one of the three.
struct Wanted {
  std::optional<Date> day;
  std::optional<std::string> batch, account;
  Date from, to;
};

Wanted read(Fields& in) {
  Wanted wanted;
  wanted.day = in.maybe_date("day");
  wanted.batch = in.maybe_text("batch");
  wanted.account = in.maybe_text("account");
  if (wanted.day.has_value() + wanted.batch.has_value() + wanted.account.has_value() != 1)
    in.fail_at("day", "or batch or account must be given, and one of them only");
  if (wanted.account) {
    wanted.from = in.date("from");
    wanted.to = in.date("to");
    if (wanted.from > wanted.to) in.fail_at("to", "must not lie before from");
  }
  return wanted;
}

Result<night::Paths> write_files(Services& services, const Wanted& wanted) {
  reconcile::ReconcileService& reconcile = *services.reconcile;
  if (wanted.account) {
    TRY(const auto written,
        reconcile.write_account_statement(*wanted.account, wanted.from, wanted.to));
    return night::Paths{written.html, written.csv, written.xlsx};
  }
  if (!services.settlement && wanted.batch)
    return fail(Errc::kNotFound, "there is no settlement batch {}", *wanted.batch);
  if (!services.settlement) return reconcile.write_day_reports(*wanted.day);
  const night::PaperSources sources{services.book, services.vault, reconcile, *services.settlement};
  if (wanted.batch) return night::write_settlement_statement(sources, *wanted.batch);
  return night::write_papers_of_day(sources, *wanted.day);
}

LongOutcome failed(const Wanted& wanted, const Error& error) {
  LongOutcome outcome = LongOutcome::failed(error);
  if (error.code != Errc::kNotFound || wanted.day) return outcome;
  outcome.problem.reset();
  outcome.refusal = wanted.batch ? refuse(RefusalCode::kDocumentNotFound, *wanted.batch)
                                 : refuse(RefusalCode::kAccountNotFound, *wanted.account);
  return outcome;
}

void write(Services& services, Call call) {
  Body body(call);
  const Wanted wanted = read(body.root());
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  LongCall what{"reports", {}};
  if (wanted.day) what.content.emplace_back("day", wanted.day->iso());
  if (wanted.batch) what.content.emplace_back("batch", *wanted.batch);
  if (wanted.account) {
    what.content.emplace_back("account", *wanted.account);
    what.content.emplace_back("from", wanted.from.iso());
    what.content.emplace_back("to", wanted.to.iso());
  }
  run_long_here(
      services, std::move(call), std::move(what),
      [&services, wanted](Call&, const ClaimNow& claim) {
        // Files are no state: what could not be written leaves its key free.
        const auto written = write_files(services, wanted);
        if (!written) return failed(wanted, written.error());
        if (!claim()) return LongOutcome{};
        JsonWriter out;
        out.begin_object().key("files").begin_array();
        for (const std::string& path : written.value())
          out.string(fs::path(path).lexically_relative(services.reports_folder).generic_string());
        out.end_array().end_object();
        return LongOutcome::accepted(out.take());
      });
}

}  // namespace

void add_day_report_routes(Router& router, Services& services) {
  router.describe("ReportRequest", "day?:date batch?:string account?:string from?:date to?:date");
  router.describe("WrittenReports", "files:[string]");
  router.add({.method = "POST",
              .pattern = "/v1/reports",
              .allowed = {Role::kMaker, Role::kOperator},
              .writes = true,
              .summary = "Writes the reports of a day, the settlement statement of a batch, or the "
                         "statement of an account from one day to another; again writes the same",
              .handle = [&services](Call call) { write(services, std::move(call)); },
              .doc = {.request = "ReportRequest", .answer = "WrittenReports"}});
}

}  // namespace suanpan::api::v1
