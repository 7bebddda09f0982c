// A report as an XLSX workbook: a cover sheet, then one sheet a table. Amounts are real numbers
// with two decimals, so that a clerk can add them up; this is display only, and an amount of 2^53
// minor units or more, which a spreadsheet's number cannot hold exactly, is written as text. Text
// cells are written as strings, never as formulas.
//
// libxlsxwriter writes to a temporary file, which is gone when the call returns.
#pragma once
#include <string>

#include "reconcile/report/model.h"

namespace suanpan::report {

/// The bytes of the file. Deterministic for equal reports. Errors: kIo (no temporary file, full
/// disk); kTooLarge for a table of more rows than a sheet has (1,048,576). CHECKs check(report).
Result<std::string> to_xlsx(const Report& report);

}  // namespace suanpan::report
