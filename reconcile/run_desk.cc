#include "reconcile/run_desk.h"

#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "reconcile/report_files.h"
#include "reconcile/run_report.h"

namespace suanpan::reconcile {
namespace {

constexpr std::uint32_t kMaxSequence = 999;
constexpr int kMaxAttempts = 100;

std::string about_marks(const Marks& marks) {
  std::string about = "marks|" + marks.reconciled + "|" + marks.arrived;
  for (const auto* ids : {&marks.orders, &marks.refunds, &marks.payouts}) {
    about += "|";
    for (const auto& id : *ids) about += id + ",";
  }
  return about;
}

std::string about_steps(const BatchNumber& batch, const std::vector<CaseStep>& steps) {
  std::string about = "cases|" + batch.text();
  for (const auto& step : steps) {
    if (const auto* found = std::get_if<Found>(&step)) {
      about += fmt::format("|{} {} {}", found->found.id, info_of(found->found.break_class).code,
                           found->found.amount.minor);
    } else {
      about += fmt::format("|{} cleared", std::get<Cleared>(step).break_id);
    }
  }
  return about;
}

// Moves ids from `from` into `to` until that is full; false when there are none left.
bool refill(Marks& to, Marks& from) {
  const auto move = [&](std::vector<std::string>& out, std::vector<std::string>& in) {
    while (!in.empty() && to.size() < kMaxMarks) {
      out.push_back(std::move(in.back()));
      in.pop_back();
    }
  };
  to.orders.clear();
  to.refunds.clear();
  to.payouts.clear();
  move(to.orders, from.orders);
  move(to.refunds, from.refunds);
  move(to.payouts, from.payouts);
  return to.size() > 0;
}

VoucherRef trace_of(const Book& book, const Trace& trace, const BookRow& row) {
  const auto in = [](const std::map<std::string, VoucherRef>& refs, const std::string& key) {
    const auto found = refs.find(key);
    return found == refs.end() ? VoucherRef{} : found->second;
  };
  if (!row.voucher_id.empty()) return find_voucher(book, row.voucher_id);
  if (row.in_suspense)
    return in(trace.suspense, fmt::format("suspense/{}/{}", row.order_id, row.channel_number));
  if (row.kind == RowKind::kRefund) return in(trace.refunds, row.our_number);
  if (row.kind == RowKind::kPayout) return in(trace.payouts, row.our_number);
  return {};
}

}  // namespace

std::vector<CaseStep> case_steps(const Book& book, const Trace& trace, const MoneyBySource& money,
                                 RunResult& result) {
  std::vector<CaseStep> steps;
  for (auto& found : result.breaks) {
    if (found.book) {
      const VoucherRef voucher = trace_of(book, trace, *found.book);
      found.book->voucher_id = voucher.id;
      found.book->voucher_number = voucher.number;
    }
    VoucherRef stands;
    if (found.outside && !found.book) {
      const auto at = money.find(found.outside->source);
      if (at != money.end()) stands = at->second;
    }
    steps.push_back(Found{found, stands.id, stands.number});
  }
  for (const auto& cleared : result.cleared) steps.push_back(cleared);
  return steps;
}

Result<Answer> RunDesk::apply(CommandKind kind, const std::string& about, Plan plan) {
  Answer answer;
  for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
    const std::string text = fmt::format("reconcile|{}|{}", attempt, about);
    const ClaimKey key{id_of(text), kSystemCaller};
    answer = book_.run(Command{
        key, kind, Content{{"about", hex_lower(sha256(text))}},
        [plan, key](const View& view, const Moment& moment) { return plan(view, moment, key); }});
    if (answer.accepted()) return answer;
    // A refusal of an earlier time is kept under its id: what stood in the way may be gone.
    if (!answer.replayed) break;
  }
  return fail(Errc::kMismatch, "a step of the run is refused: {} {}", name_of(answer.refusal.code),
              answer.refusal.detail);
}

std::optional<TakenFile> RunDesk::find(TakenFile file, std::string_view bytes) const {
  file.sha256 = hex_lower(sha256(bytes));
  const auto stands = book_.document(DocumentKind::kStatement, file_key(file));
  if (!stands) return std::nullopt;
  auto taken = decode_taken_file(stands->bytes);
  CHECK_OR_DIE(taken, "document {} does not decode", stands->key);
  return std::move(taken.value());
}

Result<TakenFile> RunDesk::take(TakenFile file, std::string_view bytes) {
  if (auto stands = find(file, bytes)) return std::move(*stands);
  file.sha256 = hex_lower(sha256(bytes));
  BatchNumber number{file.day, file.channel, 1};
  while (stored_run(book_, number.text())) {
    if (++number.sequence > kMaxSequence)
      return fail(Errc::kTooLarge, "{} has {} runs already", file.day.iso(), kMaxSequence);
  }
  file.run = number.text();
  TRY(apply(CommandKind::kStatement, "take|" + file_key(file) + "|" + file.run,
            [file](const View& view, const Moment&, const ClaimKey&) {
              return plan_take_file(view, file);
            }));
  return file;
}

Result<void> RunDesk::mark(const Marks& marks, const std::string& run) {
  Marks rest = marks;
  Marks part = marks;
  while (refill(part, rest)) {
    TRY(apply(CommandKind::kReconcile, run + "|" + about_marks(part),
              [part](const View& view, const Moment&, const ClaimKey&) {
                return plan_marks(view, part);
              }));
  }
  return success();
}

Result<void> RunDesk::keep_cases(const BatchNumber& batch, const std::vector<CaseStep>& steps) {
  for (std::size_t from = 0; from < steps.size(); from += kMaxCaseSteps) {
    const std::size_t to = std::min(steps.size(), from + kMaxCaseSteps);
    const std::vector<CaseStep> part(steps.begin() + static_cast<std::ptrdiff_t>(from),
                                     steps.begin() + static_cast<std::ptrdiff_t>(to));
    TRY(apply(CommandKind::kCase, about_steps(batch, part),
              [batch, part](const View& view, const Moment& moment, const ClaimKey&) {
                return plan_cases(view, batch, part, moment);
              }));
  }
  return success();
}

Result<RunSummary> RunDesk::finish(const TakenFile& file, const RunResult& result,
                                   std::optional<Expected> expected) {
  RunRecord run{file.run, file.channel, file.subject, file.day, file.sha256};
  run.outside_rows = result.summary.outside_rows;
  run.book_rows = result.summary.book_rows;
  run.matched = result.matched.size();
  run.break_count = result.breaks.size();
  for (const auto& found : result.breaks) run.breaks.push_back(found.id);
  const ReportHead head{settings_.organisation, business_.now()};
  TRY(write_report(build_run_report(result, cases_of(run.breaks), head), "breaks",
                   settings_.reports / file.day.iso(), run.number));
  const Finish finish{run, file, std::move(expected)};
  TRY(apply(CommandKind::kReconcile, "finish|" + run.number + "|" + encode(run),
            [finish](const View& view, const Moment&, const ClaimKey&) {
              return plan_finish(view, finish);
            }));
  return summary_of(run);
}

std::vector<Case> RunDesk::cases_of(const std::vector<Id128>& ids) const {
  std::vector<Case> cases;
  for (const auto& id : ids)
    if (auto c = stored_case(book_, id)) cases.push_back(std::move(*c));
  return cases;
}

RunSummary RunDesk::summary_of(const RunRecord& run) const {
  RunSummary summary{run.number, run.channel, run.subject, run.day};
  summary.outside_rows = run.outside_rows;
  summary.book_rows = run.book_rows;
  summary.matched = run.matched;
  summary.breaks = cases_of(run.breaks);
  const ReportPaths paths = report_paths(settings_.reports / run.day.iso(), run.number);
  summary.report_html = paths.html;
  summary.report_csv = paths.csv;
  summary.report_xlsx = paths.xlsx;
  return summary;
}

}  // namespace suanpan::reconcile
