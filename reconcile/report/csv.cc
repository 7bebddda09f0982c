#include "reconcile/report/csv.h"

#include <algorithm>

#include "ledger/base/check.h"

namespace suanpan::report {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";
constexpr std::size_t kExactDigits = 12;  // Excel shows more in scientific form and keeps 15

bool is_formula(std::string_view text) {
  return !text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos;
}

bool is_number_in_disguise(std::string_view text) {
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(),
                                                   [](char c) { return c >= '0' && c <= '9'; });
  return digits && (text.size() >= kExactDigits || (text.size() > 1 && text[0] == '0'));
}

void append_field(std::string& out, std::string_view field) {
  if (field.find_first_of(",\"\r\n") == std::string_view::npos) {
    out += field;
    return;
  }
  out += '"';
  for (const char c : field) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

std::string guarded(std::string_view text) {
  if (is_formula(text)) return fmt::format("'{}", text);
  if (is_number_in_disguise(text)) return fmt::format("\t{}", text);
  return std::string(text);
}

std::string field_of(const Cell& cell, const Report& report) {
  if (const auto* value = std::get_if<std::string>(&cell)) return guarded(*value);
  if (const auto* value = std::get_if<Money>(&cell)) {
    const std::string amount = format_major(*value);
    return value->currency == report.currency
               ? amount
               : fmt::format("{} {}", code_of(value->currency), amount);
  }
  return display(cell, report.currency);
}

}  // namespace

std::string to_csv(const Report& report, const Section& section) {
  std::string out;
  const auto row = [&](const auto& items, auto field) {
    bool first = true;
    for (const auto& item : items) {
      if (!first) out += ',';
      first = false;
      append_field(out, field(item));
    }
    out += "\r\n";
  };
  out += kBom;
  const Table& table = section.table;
  row(table.columns, [](const Column& c) -> const std::string& { return c.key; });
  row(table.columns, [](const Column& c) { return guarded(c.heading); });
  for (const auto& cells : table.rows) {
    row(cells, [&](const Cell& cell) { return field_of(cell, report); });
  }
  return out;
}

std::vector<CsvFile> to_csv(const Report& report) {
  const auto checked = check(report);
  CHECK_OR_DIE(checked, "report {}: {}", report.key, checked.error().message);
  std::vector<CsvFile> files;
  for (const auto& section : report.sections) {
    if (section.table.columns.empty()) continue;
    files.push_back({fmt::format("{}-{}.csv", report.key, section.key), to_csv(report, section)});
  }
  return files;
}

}  // namespace suanpan::report
