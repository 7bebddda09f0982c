// The steps that every run has in common, over a book: take the file in, mark, keep cases, report,
// finish. Each step is durable before the next begins and may be done again, so a run that was
// interrupted is resumed by giving the same file again.
//
// Blocks; not from a `done`. One run at a time.
#pragma once
#include <filesystem>

#include "ledger/base/clock.h"
#include "ledger/base/rate.h"
#include "ledger/engine/book.h"
#include "reconcile/book_rows.h"
#include "reconcile/plan_reconcile.h"

namespace suanpan::reconcile {

/// One run over one outside file.
struct RunSummary {
  std::string number;   ///< period + channel + sequence
  std::string channel;  ///< "wxpay", "bank"
  std::string subject;  ///< WeChat merchant number or bank account
  Date day;
  std::size_t outside_rows = 0, book_rows = 0, matched = 0;
  std::vector<Case> breaks;  ///< those of this run, traced to source row and voucher
  bool repeated = false;     ///< this file had been taken in before: nothing changed
  std::string report_html, report_csv, report_xlsx;  ///< paths
};

struct ReconcileSettings {
  std::filesystem::path reports;  ///< folder of the report files
  std::string organisation = "";  ///< 编制单位
  /// The channel's fee by contract, by merchant number. Where none is given, the rate that a bill's
  /// row states itself is what its fee is held to.
  std::map<std::string, Rate> channel_rates = {};
  Policy policy = {};
};

class RunDesk {
 public:
  RunDesk(Book& book, const Clock& business, const ReconcileSettings& settings)
      : book_(book), business_(business), settings_(settings) {}

  /// The file as it stands, if it was ever taken in; its run number and hash are not looked at.
  std::optional<TakenFile> find(TakenFile file, std::string_view bytes) const;
  /// The file as it stands: finished, to be resumed, or taken in now under a new run number.
  /// `file` comes without run number. Errors: as apply.
  Result<TakenFile> take(TakenFile file, std::string_view bytes);
  Result<void> mark(const Marks& marks, const std::string& run);
  Result<void> keep_cases(const BatchNumber& batch, const std::vector<CaseStep>& steps);
  /// Report files first, then the end of the run: a finished run has its reports.
  Result<RunSummary> finish(const TakenFile& file, const RunResult& result,
                            std::optional<Expected> expected);

  /// The summary of a run that is on record.
  RunSummary summary_of(const RunRecord& run) const;

  using Plan = std::function<Planned<ChangeSet>(const View&, const Moment&, const ClaimKey&)>;
  /// Submits one command whose id is derived from `about`; its durable answer. Errors: kMismatch
  /// when it is refused, naming why.
  Result<Answer> apply(CommandKind kind, const std::string& about, Plan plan);

 private:
  std::vector<Case> cases_of(const std::vector<Id128>& ids) const;
  Book& book_;
  const Clock& business_;
  const ReconcileSettings& settings_;
};

/// The steps that a result asks for; `money` tells where the money of a break stands that has no
/// row in the books, by source row. Fills in what people trace a break by: the vouchers of rows
/// that do not carry theirs.
using MoneyBySource = std::map<SourceRef, VoucherRef>;
std::vector<CaseStep> case_steps(const Book& book, const Trace& trace, const MoneyBySource& money,
                                 RunResult& result);

}  // namespace suanpan::reconcile
