// The report of a reconciliation run (对账报告): summary per currency and class, every difference
// with its signed amount, what happens next, and its way back to source row and voucher.
#pragma once
#include <string>
#include <vector>

#include "reconcile/cases.h"
#include "reconcile/report/model.h"
#include "reconcile/run.h"

namespace suanpan::reconcile {

/// What a report needs beside the figures.
struct ReportHead {
  std::string organisation;  ///< 编制单位
  Timestamp made_at;
  std::vector<report::Signature> signatures = {{"制表", ""}, {"复核", ""}, {"审批", ""}};
};

/// `cases` tells the state of each break's case, in any order; a break without one shows none.
report::Report build_run_report(const RunResult& run, const std::vector<Case>& cases,
                                const ReportHead& head);

}  // namespace suanpan::reconcile
