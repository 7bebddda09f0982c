#include "reconcile/report/xlsx.h"

#include <unistd.h>
#include <xlsxwriter.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <set>

#include "ledger/base/check.h"

namespace suanpan::report {
namespace {

constexpr std::size_t kMaxSheetRows = 1'048'576;
constexpr std::int64_t kExactLimit = std::int64_t{1} << 53;

// A file of our own for libxlsxwriter to write to; removed when this goes.
class TemporaryFile {
 public:
  static Result<TemporaryFile> make() {
    std::error_code error;
    std::string path =
        (std::filesystem::temp_directory_path(error) / "suanpan-report-XXXXXX").string();
    const int fd = error ? -1 : ::mkstemp(path.data());
    if (fd < 0) return fail(Errc::kIo, "no temporary file for a spreadsheet");
    ::close(fd);
    return TemporaryFile(std::move(path));
  }
  TemporaryFile(TemporaryFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFile& operator=(TemporaryFile&&) = delete;
  ~TemporaryFile() {
    if (!path_.empty()) std::remove(path_.c_str());
  }
  const std::string& path() const { return path_; }

  Result<std::string> read() const {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path_.c_str(), "rb"),
                                                               &std::fclose);
    std::string bytes;
    std::array<char, 64 << 10> buffer;
    while (const std::size_t n =
               file ? std::fread(buffer.data(), 1, buffer.size(), file.get()) : 0) {
      bytes.append(buffer.data(), n);
    }
    if (!file || std::ferror(file.get()) || bytes.empty()) {
      return fail(Errc::kIo, "a spreadsheet's temporary file cannot be read");
    }
    return bytes;
  }

 private:
  explicit TemporaryFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

// At most `bytes` of it, cut between characters.
std::string clipped(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  while (bytes > 0 && (static_cast<unsigned char>(text[bytes]) & 0xC0) == 0x80) --bytes;
  return std::string(text.substr(0, bytes));
}

struct Formats {
  lxw_format* title;
  lxw_format* note;
  lxw_format* label;
  lxw_format* heading;
  lxw_format* text;
  lxw_format* text_right;  // an amount that cannot be a number
  lxw_format* trace;
  lxw_format* integer;
  lxw_format* date;
  lxw_format* amount;    // two decimals
  lxw_format* amount_0;  // currencies without decimals
  lxw_format* decimal;
  lxw_format* total;
  lxw_format* total_text;
};

constexpr const char* kFont = "Microsoft YaHei";
constexpr const char* kTwoDecimals = "#,##0.00;[Red]-#,##0.00";

lxw_format* new_format(lxw_workbook* book) {
  lxw_format* f = workbook_add_format(book);
  format_set_font_name(f, kFont);
  format_set_font_size(f, 10);
  format_set_align(f, LXW_ALIGN_VERTICAL_CENTER);
  return f;
}

lxw_format* new_cell(lxw_workbook* book, const char* number_format) {
  lxw_format* f = new_format(book);
  format_set_border(f, LXW_BORDER_THIN);
  format_set_border_color(f, 0xD0D5DD);
  if (number_format) format_set_num_format(f, number_format);
  return f;
}

Formats make_formats(lxw_workbook* book) {
  Formats f{};
  f.title = new_format(book);
  format_set_font_size(f.title, 16);
  format_set_bold(f.title);
  f.note = new_format(book);
  format_set_text_wrap(f.note);
  format_set_font_color(f.note, 0x475467);
  f.label = new_format(book);
  format_set_font_color(f.label, 0x475467);
  f.heading = new_cell(book, nullptr);
  format_set_bold(f.heading);
  format_set_bg_color(f.heading, 0xEAF0F6);
  format_set_align(f.heading, LXW_ALIGN_CENTER);
  format_set_text_wrap(f.heading);
  f.text = new_cell(book, "@");
  f.text_right = new_cell(book, "@");
  format_set_align(f.text_right, LXW_ALIGN_RIGHT);
  f.trace = new_cell(book, "@");
  format_set_font_color(f.trace, 0x667085);
  format_set_font_size(f.trace, 9);
  f.integer = new_cell(book, "0");
  f.date = new_cell(book, "yyyy-mm-dd");
  format_set_align(f.date, LXW_ALIGN_CENTER);
  f.amount = new_cell(book, kTwoDecimals);
  f.amount_0 = new_cell(book, "#,##0;[Red]-#,##0");
  f.decimal = new_cell(book, "0.00000;[Red]-0.00000");
  f.total = new_cell(book, kTwoDecimals);
  format_set_bold(f.total);
  format_set_top(f.total, LXW_BORDER_MEDIUM);
  f.total_text = new_cell(book, nullptr);
  format_set_bold(f.total_text);
  format_set_top(f.total_text, LXW_BORDER_MEDIUM);
  return f;
}

// A sheet's cells are doubles by the format's nature. Below 2^53 minor units the nearest double
// prints as the very decimal that it stands for.
double scaled(std::int64_t value, unsigned decimals) {
  double divisor = 1;
  for (; decimals > 0; --decimals) divisor *= 10;
  return static_cast<double>(value) / divisor;
}

bool is_exact(std::int64_t value) { return value > -kExactLimit && value < kExactLimit; }

class Sheet {
 public:
  Sheet(lxw_worksheet* sheet, const Formats& formats, Currency currency)
      : sheet_(sheet), formats_(formats), currency_(currency) {}

  void text(lxw_row_t row, lxw_col_t col, const std::string& value, lxw_format* format) {
    if (value.empty()) {
      worksheet_write_blank(sheet_, row, col, format);
    } else {
      // A cell holds 32,767 characters and would stay empty for more.
      worksheet_write_string(sheet_, row, col, clipped(value, 32'000).c_str(), format);
    }
  }

  void cell(lxw_row_t row, lxw_col_t col, const Cell& value, const Column& column, bool total) {
    if (const auto* money = std::get_if<Money>(&value);
        money && is_exact(money->minor) && money->currency == currency_) {
      lxw_format* plain = exponent_of(currency_) == 0 ? formats_.amount_0 : formats_.amount;
      worksheet_write_number(sheet_, row, col, scaled(money->minor, exponent_of(currency_)),
                             total ? formats_.total : plain);
    } else if (const auto* number = std::get_if<std::int64_t>(&value);
               number && is_exact(*number)) {
      worksheet_write_number(sheet_, row, col, static_cast<double>(*number),
                             total ? formats_.total_text : formats_.integer);
    } else if (const auto* decimal = std::get_if<Decimal>(&value);
               decimal && is_exact(decimal->value)) {
      worksheet_write_number(sheet_, row, col, scaled(decimal->value, decimal->decimals),
                             formats_.decimal);
    } else if (const auto* date = std::get_if<Date>(&value)) {
      lxw_datetime when{
          date->year(), static_cast<int>(date->month()), static_cast<int>(date->day()), 0, 0, 0};
      worksheet_write_datetime(sheet_, row, col, &when, formats_.date);
    } else {
      lxw_format* plain = column.is_trace ? formats_.trace : formats_.text;
      if (std::holds_alternative<Money>(value)) plain = formats_.text_right;
      text(row, col, display(value, currency_), total ? formats_.total_text : plain);
    }
  }

  // Chinese headings in the first row, English keys in the second; both stay when one scrolls.
  void table(const Table& table) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const auto col = static_cast<lxw_col_t>(c);
      const Column& column = table.columns[c];
      // Room for the key, and for an id in full.
      const unsigned width =
          std::max(column.show > 0 ? 34 : column.width, static_cast<unsigned>(column.key.size()));
      worksheet_set_column(sheet_, col, col, width + 2.0, nullptr);
      text(0, col, column.heading, formats_.heading);
      text(1, col, column.key, formats_.heading);
    }
    lxw_row_t row = 2;
    const auto write = [&](const auto& rows, bool total) {
      for (const auto& cells : rows) {
        for (std::size_t c = 0; c < cells.size(); ++c) {
          cell(row, static_cast<lxw_col_t>(c), cells[c], table.columns[c], total);
        }
        ++row;
      }
    };
    write(table.rows, false);
    write(table.footers, true);
    worksheet_freeze_panes(sheet_, 2, 0);
    worksheet_repeat_rows(sheet_, 0, 0);
    if (!table.rows.empty()) {
      worksheet_autofilter(sheet_, 1, 0, static_cast<lxw_row_t>(1 + table.rows.size()),
                           static_cast<lxw_col_t>(table.columns.size() - 1));
    }
  }

  void print_set_up(const Report& report, std::string_view title) {
    worksheet_set_paper(sheet_, 9);  // A4
    worksheet_set_landscape(sheet_);
    worksheet_fit_to_pages(sheet_, 1, 0);
    worksheet_set_margins(sheet_, 0.5, 0.5, 0.7, 0.7);
    // & is a control character there, and the whole must stay below 255 characters.
    std::string header = fmt::format("{}  {}", report.title, title);
    std::erase(header, '&');
    worksheet_set_header(sheet_, clipped("&L" + header, 200).c_str());
    worksheet_set_footer(sheet_, "&C第 &P 页 共 &N 页");
  }

 private:
  lxw_worksheet* sheet_;
  const Formats& formats_;
  Currency currency_;
};

void write_cover(lxw_worksheet* worksheet, const Formats& f, const Report& report) {
  Sheet sheet(worksheet, f, report.currency);
  worksheet_set_column(worksheet, 0, 0, 22, nullptr);
  worksheet_set_column(worksheet, 1, 1, 60, nullptr);
  sheet.text(0, 0, report.title, f.title);
  lxw_row_t row = 1;
  const auto line = [&](const char* label, const std::string& value) {
    if (value.empty()) return;
    sheet.text(row, 0, label, f.label);
    sheet.text(row++, 1, value, f.text);
  };
  line("编制单位", report.organisation);
  line("期间", report.period);
  line(report.batch_label.c_str(), report.batch);
  line("金额单位", report.currency_note);
  line("编制时间", report.made_at.plain_cn());
  if (!report.how_to_read.empty()) {
    sheet.text(row, 0, "阅读说明", f.label);
    worksheet_set_row(worksheet, row, 60, nullptr);
    sheet.text(row++, 1, report.how_to_read, f.note);
  }
  for (const auto& section : report.sections) {
    if (section.facts.empty()) continue;
    ++row;
    sheet.text(row++, 0, section.title, f.label);
    for (const auto& fact : section.facts) {
      sheet.text(row, 0, fact.label, f.label);
      sheet.cell(row++, 1, fact.value, {}, false);
    }
  }
  sheet.print_set_up(report, "说明");
}

// A sheet's name: at most 31 characters, none of []:*?/\, unique.
std::string sheet_name(const Section& section, std::set<std::string>& used) {
  std::string name;
  std::size_t characters = 0;
  for (const char c : section.title) {
    const bool starts_character = (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    if (starts_character && ++characters > 20) break;
    if (std::string_view("[]:*?/\\'").find(c) == std::string_view::npos) name += c;
  }
  if (name.empty()) name = section.key.substr(0, 20);
  std::string unique = name;
  for (int n = 2; !used.insert(unique).second; ++n) unique = fmt::format("{} {}", name, n);
  return unique;
}

}  // namespace

Result<std::string> to_xlsx(const Report& report) {
  const auto checked = check(report);
  CHECK_OR_DIE(checked, "report {}: {}", report.key, checked.error().message);
  for (const auto& section : report.sections) {
    if (section.table.rows.size() + section.table.footers.size() + 2 > kMaxSheetRows) {
      return fail(Errc::kTooLarge, "table {} has more rows than a sheet: take the CSV",
                  section.key);
    }
  }
  TRY(auto file, TemporaryFile::make());
  lxw_workbook* book = workbook_new(file.path().c_str());
  if (!book) return fail(Errc::kIo, "no memory for a spreadsheet");
  lxw_doc_properties properties{};
  std::string title = clipped(report.title, 240), company = clipped(report.organisation, 240);
  properties.title = title.data();
  properties.company = company.data();
  properties.created = static_cast<std::time_t>(report.made_at.seconds());
  workbook_set_properties(book, &properties);
  const Formats formats = make_formats(book);
  std::set<std::string> names{"说明"};
  write_cover(workbook_add_worksheet(book, "说明"), formats, report);
  for (const auto& section : report.sections) {
    if (section.table.columns.empty()) continue;
    lxw_worksheet* worksheet = workbook_add_worksheet(book, sheet_name(section, names).c_str());
    CHECK_OR_DIE(worksheet, "a sheet's name is not taken: {}", section.key);
    Sheet sheet(worksheet, formats, report.currency);
    sheet.table(section.table);
    sheet.print_set_up(report, section.title);
  }
  if (const lxw_error error = workbook_close(book); error != LXW_NO_ERROR) {
    return fail(Errc::kIo, "a spreadsheet cannot be written: {}", lxw_strerror(error));
  }
  return file.read();
}

}  // namespace suanpan::report
