// Report files on disk: each appears whole or not at all (temporary file, then rename).
#pragma once
#include <filesystem>

#include "reconcile/report/model.h"

namespace suanpan::reconcile {

/// Errors: kIo.
Result<void> write_file(const std::filesystem::path& path, std::string_view bytes);

struct ReportPaths {
  std::string html, csv, xlsx;
};
/// Where the files of a report lie: <folder>/<name>.html and so on.
ReportPaths report_paths(const std::filesystem::path& folder, const std::string& name);
/// Writes them. The CSV holds the section `csv_section`, which must have a table. Errors: kIo,
/// kTooLarge, kMalformed for a report that cannot be rendered.
Result<ReportPaths> write_report(const report::Report& report, const std::string& csv_section,
                                 const std::filesystem::path& folder, const std::string& name);

}  // namespace suanpan::reconcile
