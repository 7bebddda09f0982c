#include "reconcile/reconcile_service.h"

#include <algorithm>

#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "reconcile/account_statement.h"
#include "reconcile/day_reports.h"
#include "reconcile/plan_case.h"

namespace suanpan::reconcile {

ReconcileService::ReconcileService(Book& book, channels::PaymentService& payments,
                                   const Clock& business, ReconcileSettings settings)
    : book_(book),
      payments_(payments),
      business_(business),
      settings_(std::move(settings)),
      desk_(book_, business_, settings_) {}

std::optional<RunSummary> ReconcileService::find_run(const std::string& number) const {
  const auto run = stored_run(book_, number);
  if (!run || !run->finished) return std::nullopt;
  return desk_.summary_of(*run);
}

std::vector<RunSummary> ReconcileService::runs() const {
  std::vector<RunSummary> out;
  const auto read =
      book_.for_each_document(DocumentKind::kReconcileRun, [&](const DocumentPtr& document) {
        const auto run = decode_run_record(document->bytes);
        CHECK_OR_DIE(run, "document {} does not decode", document->key);
        if (run.value().finished) out.push_back(desk_.summary_of(run.value()));
        return true;
      });
  CHECK_OR_DIE(read, "runs cannot be listed: {}", read.error().message);
  return out;
}

std::vector<Case> ReconcileService::cases(bool open_only) const {
  std::vector<Case> out;
  const auto take = [&](const DocumentPtr& document) {
    auto c = decode_case(document->bytes);
    CHECK_OR_DIE(c, "document {} does not decode", document->key);
    out.push_back(std::move(c.value()));
    return true;
  };
  if (open_only) {
    for (const auto& document : open_documents(book_, DocumentKind::kBreakCase)) take(document);
    return out;
  }
  const auto read = book_.for_each_document(DocumentKind::kBreakCase, take);
  CHECK_OR_DIE(read, "cases cannot be listed: {}", read.error().message);
  return out;
}

// Without a caller's claim the id of the command is that of the attempt: who, what, at which
// version of the case and when, so that one that was refused may be tried again once what stood in
// the way is gone.
Planned<Case> ReconcileService::change_case(
    const std::string& case_no, Content what,
    std::function<Planned<ChangeSet>(const View&, const Id128&, const ClaimKey&, const Moment&)>
        plan,
    CallerClaim* claim) {
  const auto id = Id128::from_hex(case_no);
  const auto stands = id ? stored_case(book_, *id) : std::nullopt;
  if (!stands) return refuse(RefusalCode::kDocumentNotFound, "case");
  what.insert(what.begin(), {"case", case_no});
  ClaimKey key;
  if (claim) {
    key = claim->key;
  } else {
    std::string about = fmt::format("case|{}|{}", stands->version, business_.now().ns);
    for (const auto& [name, value] : what) about += fmt::format("|{}={}", name, value);
    key = {id_of(about), kSystemCaller};
  }
  const Answer answer = book_.run(
      Command{key, CommandKind::kCase, std::move(what),
              [plan = std::move(plan), id = *id, key](const View& view, const Moment& moment) {
                return plan(view, id, key, moment);
              }});
  if (claim) claim->replayed = answer.replayed;
  if (!answer.accepted()) return answer.refusal;
  if (answer.replayed) {
    // The case may have moved on since; the journal has it as it was.
    const auto first = book_.find(key);
    CHECK_OR_DIE(first && first.value(), "a replayed step is not in the journal");
    for (const Document& document : first.value()->effects.documents) {
      if (document.kind != DocumentKind::kBreakCase) continue;
      auto c = decode_case(document.bytes);
      CHECK_OR_DIE(c, "document {} does not decode", document.key);
      if (c.value().id == *id) return std::move(c.value());
    }
  }
  return stored_case(book_, *id).value();
}

Planned<Case> ReconcileService::propose(const std::string& case_no, const std::string& by,
                                        const std::string& resolution, CallerClaim* claim) {
  TRY(const auto parsed, parse_resolution(resolution));
  if (!parsed.voucher_id.empty()) {
    // A voucher is no document: it is looked up here, where reading may fail.
    const auto command = book_.find(*ClaimKey::from_hex(parsed.voucher_id));
    const bool posted = command && command.value() && command.value()->voucher_no != 0 &&
                        command.value()->refusal.code == RefusalCode::kNone;
    if (!posted) return refuse(RefusalCode::kVoucherNotFound, parsed.voucher_id);
  }
  return change_case(
      case_no, {{"step", "propose"}, {"by", by}, {"resolution", resolution}},
      [by, resolution](const View& view, const Id128& id, const ClaimKey&, const Moment& moment) {
        return plan_propose(view, id, by, resolution, moment);
      },
      claim);
}

Planned<Case> ReconcileService::resolve(const std::string& case_no, const std::string& by,
                                        CallerClaim* claim) {
  return change_case(
      case_no, {{"step", "resolve"}, {"by", by}},
      [by](const View& view, const Id128& id, const ClaimKey& key, const Moment& moment) {
        return plan_resolve(view, id, by, key, moment);
      },
      claim);
}

Planned<Case> ReconcileService::reject(const std::string& case_no, const std::string& by,
                                       CallerClaim* claim) {
  return change_case(
      case_no, {{"step", "reject"}, {"by", by}},
      [by](const View& view, const Id128& id, const ClaimKey&, const Moment& moment) {
        return plan_reject(view, id, by, moment);
      },
      claim);
}

Result<std::vector<std::string>> ReconcileService::write_day_reports(Date day) {
  const ReportHead head{settings_.organisation, business_.now()};
  const auto folder = settings_.reports / day.iso();
  std::vector<std::string> paths;
  const auto keep = [&](const ReportPaths& written) {
    paths.insert(paths.end(), {written.html, written.csv, written.xlsx});
  };
  const std::vector<Case> open_cases = cases(true);
  TRY(const auto rows, trial_balance_rows(book_, day, day));
  TRY(const auto totals, check_trial_balance(rows));
  TRY(const auto balance, build_trial_balance_report(rows, day.iso(), head));
  // The sections are one a currency; the first is the book's own.
  const std::string section = balance.sections.empty() ? "" : balance.sections.front().key;
  TRY(const auto balance_paths, write_report(balance, section, folder, "trial-balance"));
  keep(balance_paths);

  TRY(auto summary, daily_summary(book_, day, open_cases));
  summary.checks.push_back({"借贷平衡", true, fmt::format("{} 个币种", totals.size())});
  summary.checks.push_back(
      {"无未结差错", summary.breaks == 0, fmt::format("{} 笔", summary.breaks)});
  TRY(const auto daily, build_daily_report(summary, head));
  TRY(const auto daily_paths, write_report(daily, "channels", folder, "daily-summary"));
  keep(daily_paths);

  TRY(const auto case_paths,
      write_report(build_case_report(open_cases, day, head), "cases", folder, "open-cases"));
  keep(case_paths);
  return paths;
}

// Two codes may differ in a '/' alone; the account's number keeps their files apart.
Result<ReportPaths> ReconcileService::write_account_statement(const std::string& code, Date from,
                                                              Date to) {
  TRY(const auto statement, account_statement(book_, code, from, to));
  TRY(const auto report,
      build_account_report(statement, ReportHead{settings_.organisation, business_.now()}));
  const std::uint32_t id =
      book_.read([&](const State& state, std::uint64_t) { return state.account(code)->id.value; });
  std::string name = code;
  std::ranges::replace(name, '/', '.');
  return write_report(report, "lines", settings_.reports / to.iso(),
                      fmt::format("account-{}-{}-{}-{}", id, name, from.compact(), to.compact()));
}

Result<ReportPaths> ReconcileService::write_settlement_statement(
    const SettlementStatement& statement) {
  TRY(const auto report,
      build_settlement_report(statement, ReportHead{settings_.organisation, business_.now()}));
  return write_report(report, "orders", settings_.reports / statement.settled_on.iso(),
                      "settlement-" + statement.batch);
}

}  // namespace suanpan::reconcile
