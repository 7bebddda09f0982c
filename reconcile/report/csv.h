// CSV for spreadsheets: one file a table, data rows only (no titles, no totals), so that a sum over
// a column is right. UTF-8, CRLF, RFC 4180 quoting.
//
// A BOM, so that Excel reads Chinese; two header rows, the English keys first and the Chinese
// headings below; a text of digits alone that Excel would turn into a rounded number (12 digits or
// more, or a leading zero) gets a TAB in front, which Excel takes as text.
//
// A text that begins with = + - @ TAB or CR gets an apostrophe in front, because a
// spreadsheet would run it as a formula and such texts come from outside. Amounts are plain
// decimals ("-1234.50", no grouping) and never touched; a currency that is not the report's is text
// ("USD 1.00"), so that no sum mixes currencies.
#pragma once
#include <string>
#include <vector>

#include "reconcile/report/model.h"

namespace suanpan::report {

struct CsvFile {
  std::string name;  ///< "reconciliation_run-breaks.csv"
  std::string bytes;
};

/// Every section with a table. CHECKs check(report).
std::vector<CsvFile> to_csv(const Report& report);
/// One table of it.
std::string to_csv(const Report& report, const Section& section);

}  // namespace suanpan::report
