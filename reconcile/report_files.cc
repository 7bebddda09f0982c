#include "reconcile/report_files.h"

#include <algorithm>
#include <fstream>

#include "reconcile/report/csv.h"
#include "reconcile/report/html.h"
#include "reconcile/report/xlsx.h"

namespace suanpan::reconcile {

namespace fs = std::filesystem;

Result<void> write_file(const fs::path& path, std::string_view bytes) {
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  if (error) return fail(Errc::kIo, "cannot make the folder of {}", path.filename().string());
  fs::path temporary = path;
  temporary += ".part";
  {
    std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    out.flush();
    if (!out) return fail(Errc::kIo, "cannot write {}", temporary.filename().string());
  }
  fs::rename(temporary, path, error);
  if (error) return fail(Errc::kIo, "cannot put {} in its place", path.filename().string());
  return success();
}

ReportPaths report_paths(const fs::path& folder, const std::string& name) {
  return {(folder / (name + ".html")).string(), (folder / (name + ".csv")).string(),
          (folder / (name + ".xlsx")).string()};
}

Result<ReportPaths> write_report(const report::Report& report, const std::string& csv_section,
                                 const fs::path& folder, const std::string& name) {
  TRY(report::check(report));
  const ReportPaths paths = report_paths(folder, name);
  const auto section = std::find_if(report.sections.begin(), report.sections.end(),
                                    [&](const report::Section& s) { return s.key == csv_section; });
  TRY(write_file(paths.html, report::to_html(report)));
  if (section != report.sections.end()) {
    TRY(write_file(paths.csv, report::to_csv(report, *section)));
  }
  TRY(auto workbook, report::to_xlsx(report));
  TRY(write_file(paths.xlsx, workbook));
  return paths;
}

}  // namespace suanpan::reconcile
