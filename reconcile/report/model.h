// A report as data: what it says, not how it looks. One report is rendered to HTML (for paper and
// browsers), CSV (one file a table) and XLSX (one sheet a table), all from here.
//
// Texts for people are Chinese; keys of reports, tables and columns are English and stable, for
// machines. Amounts stay Money to the last step. Every table that states a difference has trace
// columns that lead to the source row and the voucher.
//
// Plain values.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ledger/base/date.h"
#include "ledger/base/money.h"
#include "ledger/base/result.h"

namespace suanpan::report {

enum class CellType : std::uint8_t { kText, kMoney, kInteger, kDate, kDecimal };

/// An exact decimal that is finer than a minor unit: value × 10^-decimals (fees have five
/// decimals).
struct Decimal {
  std::int64_t value = 0;
  unsigned decimals = 0;
  friend bool operator==(const Decimal&, const Decimal&) = default;
};
/// "-0.00500": all decimals, no grouping.
std::string format_decimal(Decimal decimal);

/// Empty, text, amount, count, date or decimal. An empty cell fits every column.
using Cell = std::variant<std::monostate, std::string, Money, std::int64_t, Date, Decimal>;

struct Column {
  std::string key;      ///< "our_number": a-z 0-9 _, unique in its table
  std::string heading;  ///< "商户订单号"
  CellType type = CellType::kText;
  unsigned width = 12;    ///< in characters of a spreadsheet; a Chinese one counts two
  bool is_trace = false;  ///< leads back to a source row or a voucher: printed small and grey
  unsigned show = 0;  ///< on paper only the last so many bytes of a long id (ASCII); 0: all. Files
                      ///< have it whole.
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
  std::vector<std::vector<Cell>> footers;  ///< 合计: not part of the data, so not in CSV
};

/// A labelled figure above a table.
struct Fact {
  std::string label;
  Cell value;
  bool is_alarm = false;  ///< shown in red if the figure is not what it should be
};

struct Section {
  std::string key;    ///< "breaks": names the CSV file and, with the title, the sheet
  std::string title;  ///< "差异明细"
  std::string note;   ///< one sentence, may be empty
  std::vector<Fact> facts;
  Table table;                    ///< without columns: no table
  std::string empty_note = "无";  ///< what stands in place of a table without rows
};

struct Signature {
  std::string role;  ///< 制表, 复核, 审批
  std::string name;  ///< empty: a line to sign on
};

struct Report {
  std::string key;           ///< "reconciliation_run"
  std::string title;         ///< "对账报告"
  std::string title_en;      ///< "Reconciliation run"
  std::string organisation;  ///< 编制单位
  std::string period;        ///< "2026-03-04" or "2026-03"
  std::string batch;         ///< what it is about: a batch number, an account; may be empty
  std::string batch_label = "批次号";
  std::string currency_note = "人民币元";
  Currency currency = Currency::kCNY;  ///< of amounts that are shown without a code
  Timestamp made_at;        ///< given, never the machine's clock: equal data, equal bytes
  std::string how_to_read;  ///< for a finance clerk: what to look at first
  std::vector<Section> sections;
  std::vector<Signature> signatures;
};

/// What a renderer takes for granted: keys well formed and unique, every row as wide as its
/// columns, every cell of its column's type. Errors: kMalformed, naming the section.
Result<void> check(const Report& report);

/// How a cell reads for people: "-1,234.50", "USD 1.00" where the currency is not the report's,
/// "2026-03-04".
std::string display(const Cell& cell, Currency currency);

/// An amount in `currency` as a cell; a zero stays a zero.
inline Cell money(std::int64_t minor, Currency currency = Currency::kCNY) {
  return Money{minor, currency};
}
inline Cell text(std::string_view value) { return std::string(value); }
inline Cell count(std::uint64_t value) { return static_cast<std::int64_t>(value); }

}  // namespace suanpan::report
