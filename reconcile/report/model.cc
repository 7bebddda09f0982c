#include "reconcile/report/model.h"

#include <algorithm>
#include <set>

namespace suanpan::report {
namespace {

bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= 40 && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

bool fits(const Cell& cell, CellType type) {
  if (std::holds_alternative<std::monostate>(cell)) return true;
  switch (type) {
    case CellType::kText:
      return std::holds_alternative<std::string>(cell);
    case CellType::kMoney:
      return std::holds_alternative<Money>(cell);
    case CellType::kInteger:
      return std::holds_alternative<std::int64_t>(cell);
    case CellType::kDate:
      return std::holds_alternative<Date>(cell);
    case CellType::kDecimal:
      return std::holds_alternative<Decimal>(cell);
  }
  return false;
}

// A footer may put a label ("合计") into any column.
Result<void> check_row(const Section& section, const std::vector<Cell>& row, bool is_footer) {
  const auto& columns = section.table.columns;
  if (row.size() != columns.size()) {
    return fail(Errc::kMalformed, "section {}: a row of {} cells in a table of {} columns",
                section.key, row.size(), columns.size());
  }
  for (std::size_t i = 0; i < row.size(); ++i) {
    const bool label = is_footer && std::holds_alternative<std::string>(row[i]);
    if (!label && !fits(row[i], columns[i].type)) {
      return fail(Errc::kMalformed, "section {}: a cell of column {} is not of its type",
                  section.key, columns[i].key);
    }
  }
  return success();
}

Result<void> check_section(const Section& section) {
  if (!is_key(section.key)) return fail(Errc::kMalformed, "section key \"{}\"", section.key);
  std::set<std::string_view> keys;
  for (const auto& column : section.table.columns) {
    if (!is_key(column.key) || !keys.insert(column.key).second) {
      return fail(Errc::kMalformed, "section {}: column key \"{}\"", section.key, column.key);
    }
  }
  for (const auto& row : section.table.rows) {
    TRY(check_row(section, row, false));
  }
  for (const auto& row : section.table.footers) {
    TRY(check_row(section, row, true));
  }
  return success();
}

}  // namespace

Result<void> check(const Report& report) {
  if (!is_key(report.key)) return fail(Errc::kMalformed, "report key \"{}\"", report.key);
  std::set<std::string_view> keys;
  for (const auto& section : report.sections) {
    TRY(check_section(section));
    if (!keys.insert(section.key).second) {
      return fail(Errc::kMalformed, "section {} is there twice", section.key);
    }
  }
  return success();
}

std::string format_decimal(Decimal decimal) {
  const bool negative = decimal.value < 0;
  std::uint64_t size = static_cast<std::uint64_t>(decimal.value);
  if (negative) size = 0 - size;
  const std::string digits = fmt::format("{:0{}}", size, decimal.decimals + 1);
  const std::string_view whole =
      std::string_view(digits).substr(0, digits.size() - decimal.decimals);
  const std::string_view rest = std::string_view(digits).substr(whole.size());
  return fmt::format("{}{}{}{}", negative ? "-" : "", whole, rest.empty() ? "" : ".", rest);
}

std::string display(const Cell& cell, Currency currency) {
  if (const auto* value = std::get_if<std::string>(&cell)) return *value;
  if (const auto* value = std::get_if<std::int64_t>(&cell)) return std::to_string(*value);
  if (const auto* value = std::get_if<Date>(&cell)) return value->iso();
  if (const auto* value = std::get_if<Decimal>(&cell)) return format_decimal(*value);
  if (const auto* value = std::get_if<Money>(&cell)) {
    const std::string amount = format_grouped(*value);
    return value->currency == currency ? amount
                                       : fmt::format("{} {}", code_of(value->currency), amount);
  }
  return {};
}

}  // namespace suanpan::report
