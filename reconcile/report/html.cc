#include "reconcile/report/html.h"

#include "ledger/base/check.h"
#include "ledger/base/html.h"

namespace suanpan::report {
namespace {

// Wider tables go on landscape paper; measured in Column::width.
constexpr unsigned kPortraitWidth = 96;

constexpr std::string_view kStyle = R"css(
:root{--ink:#1d2939;--soft:#667085;--line:#d0d5dd;--head:#eef2f7;--accent:#1f4e79;--red:#c0261c}
*{box-sizing:border-box}
html{-webkit-print-color-adjust:exact;print-color-adjust:exact}
body{margin:0;background:#f2f4f7;color:var(--ink);font:14px/1.55 "PingFang SC","Microsoft YaHei",
"Noto Sans CJK SC","Noto Sans SC","Source Han Sans SC","WenQuanYi Micro Hei","Heiti SC",sans-serif}
main{max-width:1480px;margin:24px auto;background:#fff;padding:36px 44px 44px;
box-shadow:0 1px 4px rgba(16,24,40,.12)}
main.portrait{max-width:900px}
header{border-bottom:2px solid var(--accent);padding-bottom:12px}
h1{font-size:25px;line-height:1.3;margin:0;color:var(--accent);letter-spacing:2px}
h1 small{font-size:13px;font-weight:400;color:var(--soft);letter-spacing:.3px;margin-left:12px}
dl.meta{display:flex;flex-wrap:wrap;gap:2px 30px;margin:10px 0 0}
dl.meta div{display:flex;gap:8px}
dl.meta dt{color:var(--soft)}
dl.meta dd{margin:0;font-variant-numeric:tabular-nums}
p.read{background:#f5f8fc;border-left:3px solid var(--accent);padding:9px 14px;margin:16px 0 0}
p.read b{color:var(--accent);margin-right:8px}
section{margin-top:26px}
h2{font-size:16px;margin:0 0 8px;padding-left:9px;border-left:4px solid var(--accent);line-height:1.3}
h2 .n{font-weight:400;font-size:12.5px;color:var(--soft);margin-left:8px}
p.note{margin:0 0 8px;color:var(--soft);font-size:13px}
p.none{margin:0;padding:9px 14px;border:1px dashed var(--line);color:var(--soft)}
ul.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(165px,1fr));gap:10px;
list-style:none;padding:0;margin:0 0 14px}
ul.facts li{border:1px solid var(--line);border-radius:4px;padding:8px 12px 7px}
ul.facts span{display:block;color:var(--soft);font-size:12.5px}
ul.facts b{font-size:18px;font-weight:600;font-variant-numeric:tabular-nums;white-space:nowrap}
ul.facts b.words{font-size:15px;white-space:normal;overflow-wrap:anywhere}
ul.facts li.wide{grid-column:span 2}
ul.facts li.alarm{border-color:var(--red)}
ul.facts li.alarm b{color:var(--red)}
table{border-collapse:collapse;width:100%;font-size:12.5px}
th,td{border:1px solid var(--line);padding:5px 7px;vertical-align:middle}
th{background:var(--head);font-weight:600;text-align:center;line-height:1.35}
tbody tr:nth-child(even):not(.total) td{background:#fafbfc}
td.num{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td.date{text-align:center;white-space:nowrap;font-variant-numeric:tabular-nums}
td.text{overflow-wrap:anywhere}
td.short,th{white-space:nowrap}
td.trace{color:var(--soft);font-size:11.5px}
.neg{color:var(--red)}
tr.total td{font-weight:600;border-top:2px solid var(--accent);background:#f5f8fc}
tr.total+tr.total td{border-top-width:1px}
footer{margin-top:34px;font-size:13px;break-inside:avoid}
footer .sign{display:flex;gap:36px}
footer .sign div{flex:1;border-bottom:1px solid var(--ink);padding-bottom:3px;min-height:26px}
footer p{color:var(--soft);font-size:12px;margin:14px 0 0}
@media print{
body{background:#fff;font-size:9pt;line-height:1.4}
main,main.portrait{max-width:none;margin:0;padding:0;box-shadow:none}
h1{font-size:16pt}h2{font-size:11.5pt;break-after:avoid}
p.note,ul.facts{break-after:avoid}
section{margin-top:11pt}
p.read{margin-top:8pt;padding:5pt 9pt}
footer{margin-top:18pt;break-before:avoid}
header{padding-bottom:6pt}
section.keep{break-inside:avoid}
table{font-size:8pt}
thead{display:table-header-group}
tr{break-inside:avoid}
th,td{padding:1.8pt 4pt}
td.trace{font-size:7pt}
table.dense{font-size:7.2pt}
table.dense th,table.dense td{padding:2pt 3pt}
table.dense td.trace{font-size:6.5pt}
ul.facts{gap:6pt;margin-bottom:8pt}ul.facts li{break-inside:avoid;padding:4pt 8pt}
ul.facts b{font-size:11pt}ul.facts b.words{font-size:9.5pt}
tr.total{break-before:avoid}
}
)css";

// Whatever a name holds, it can neither end the string nor the style sheet.
std::string css_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = byte >= 0x20 && byte != 0x7F &&
                       std::string_view("\"'\\<>&").find(c) == std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("\\{:x} ", static_cast<unsigned char>(c));
  }
  return out + "\"";
}

// From the second page on every sheet says what it belongs to: sheets get separated.
std::string page_rule(const Report& report, bool landscape) {
  const std::string belongs_to =
      fmt::format("{}  {}  {}", report.title, report.period, report.batch);
  constexpr std::string_view kFont = "font:8pt sans-serif;color:#667085";
  return fmt::format(
      "@page{{size:A4 {};margin:14mm 12mm 16mm;"
      "@top-left{{content:{};{}}}@top-right{{content:{};{}}}"
      "@bottom-center{{content:\"第 \" counter(page) \" 页，共 \" counter(pages) \" 页\";{}}}}}\n"
      "@page:first{{@top-left{{content:none}}@top-right{{content:none}}}}\n",
      landscape ? "landscape" : "portrait", css_string(belongs_to), kFont,
      css_string("金额单位：" + report.currency_note), kFont, kFont);
}

bool is_negative(const Cell& cell) {
  if (const auto* value = std::get_if<Money>(&cell)) return value->minor < 0;
  if (const auto* value = std::get_if<Decimal>(&cell)) return value->value < 0;
  const auto* count = std::get_if<std::int64_t>(&cell);
  return count && *count < 0;
}

unsigned width_of(const Table& table) {
  unsigned width = 0;
  for (const auto& column : table.columns) width += column.width;
  return width;
}

// A narrow column keeps its text on one line; a short table keeps together on paper.
constexpr unsigned kShortWidth = 12;
constexpr std::size_t kShortTable = 15;
constexpr std::size_t kShortFactBytes = 24;  // fits the narrowest box
constexpr unsigned kDenseWidth = 170;        // more than fits a landscape page at the usual size

class Page {
 public:
  explicit Page(const Report& report) : report_(report) {}

  std::string render() {
    unsigned width = 0;
    for (const auto& section : report_.sections) width = std::max(width, width_of(section.table));
    const bool landscape = width > kPortraitWidth;
    out_ += "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n";
    out_ += "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n";
    add("<title>{} {}</title>\n<style>\n", escape_html(report_.title), escape_html(report_.period));
    out_ += page_rule(report_, landscape);
    out_ += kStyle.substr(1);
    add("</style>\n</head>\n<body>\n<main class=\"{}\" data-report=\"{}\">\n",
        landscape ? "landscape" : "portrait", report_.key);
    head();
    for (const auto& section : report_.sections) this->section(section);
    foot();
    out_ += "</main>\n</body>\n</html>\n";
    return std::move(out_);
  }

 private:
  template <class... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Args>(args)...);
  }

  void meta(std::string_view label, std::string_view value) {
    if (!value.empty()) {
      add("<div><dt>{}</dt><dd>{}</dd></div>\n", escape_html(label), escape_html(value));
    }
  }

  void head() {
    add("<header>\n<h1>{}<small>{}</small></h1>\n<dl class=\"meta\">\n", escape_html(report_.title),
        escape_html(report_.title_en));
    meta("编制单位", report_.organisation);
    meta("期间", report_.period);
    meta(report_.batch_label, report_.batch);
    meta("金额单位", report_.currency_note);
    meta("编制时间", report_.made_at.plain_cn());
    out_ += "</dl>\n</header>\n";
    if (!report_.how_to_read.empty()) {
      add("<p class=\"read\"><b>阅读说明</b>{}</p>\n", escape_html(report_.how_to_read));
    }
  }

  void section(const Section& section) {
    const bool keep = section.table.rows.size() <= kShortTable;
    add("<section id=\"{}\"{}>\n<h2>{}", section.key, keep ? " class=\"keep\"" : "",
        escape_html(section.title));
    if (!section.table.rows.empty())
      add("<span class=\"n\">{} 行</span>", section.table.rows.size());
    out_ += "</h2>\n";
    if (!section.note.empty()) add("<p class=\"note\">{}</p>\n", escape_html(section.note));
    if (!section.facts.empty()) facts(section);
    if (section.table.columns.empty()) {
    } else if (section.table.rows.empty()) {
      add("<p class=\"none\">{}</p>\n", escape_html(section.empty_note));
    } else {
      table(section.table);
    }
    out_ += "</section>\n";
  }

  void facts(const Section& section) {
    out_ += "<ul class=\"facts\">\n";
    for (const auto& fact : section.facts) {
      const auto* words = std::get_if<std::string>(&fact.value);
      const bool is_text = words != nullptr;
      add("<li{}><span>{}</span><b{}>{}</b></li>\n",
          fact.is_alarm                              ? " class=\"alarm\""
          : words && words->size() > kShortFactBytes ? " class=\"wide\""
                                                     : "",
          escape_html(fact.label),
          is_negative(fact.value) ? " class=\"neg\""
          : is_text               ? " class=\"words\""
                                  : "",
          escape_html(display(fact.value, report_.currency)));
    }
    out_ += "</ul>\n";
  }

  void table(const Table& table) {
    const unsigned width = width_of(table);
    add("<table{}>\n<colgroup>", width > kDenseWidth ? " class=\"dense\"" : "");
    for (const auto& column : table.columns) {
      add("<col style=\"width:{:.1f}%\">", column.width * 100.0 / width);
    }
    out_ += "</colgroup>\n<thead>\n<tr>";
    for (const auto& column : table.columns) {
      add("<th data-key=\"{0}\" title=\"{0}\">{1}</th>", column.key, escape_html(column.heading));
    }
    out_ += "</tr>\n</thead>\n<tbody>\n";
    for (const auto& cells : table.rows) row(table, cells, false);
    // Not a tfoot: browsers repeat that on every page, and a total belongs at the end.
    for (const auto& cells : table.footers) row(table, cells, true);
    out_ += "</tbody>\n</table>\n";
  }

  void row(const Table& table, const std::vector<Cell>& cells, bool total) {
    out_ += total ? "<tr class=\"total\">" : "<tr>";
    for (std::size_t i = 0; i < cells.size(); ++i) cell(table.columns[i], cells[i]);
    out_ += "</tr>\n";
  }

  void cell(const Column& column, const Cell& cell) {
    const bool label = std::holds_alternative<std::string>(cell);
    const bool number = column.type != CellType::kText && column.type != CellType::kDate;
    std::string_view kind = column.width <= kShortWidth ? "text short" : "text";
    if (number && !label) kind = "num";
    if (column.type == CellType::kDate) kind = "date";
    const std::string shown = display(cell, report_.currency);
    const bool cut = column.show > 0 && shown.size() > column.show;
    add("<td class=\"{}{}{}\"{}>{}</td>", kind, column.is_trace ? " trace" : "",
        is_negative(cell) ? " neg" : "",
        cut ? fmt::format(" title=\"{}\"", escape_html(shown)) : std::string{},
        cut ? "…" + escape_html(std::string_view(shown).substr(shown.size() - column.show))
            : escape_html(shown));
  }

  void foot() {
    out_ += "<footer>\n";
    if (!report_.signatures.empty()) {
      out_ += "<div class=\"sign\">";
      for (const auto& signature : report_.signatures) {
        add("<div>{}：{}</div>", escape_html(signature.role), escape_html(signature.name));
      }
      out_ += "</div>\n";
    }
    out_ += "<p>本报表由算盘（Suanpan）根据已记账凭证生成；负数以红字和负号表示。</p>\n</footer>\n";
  }

  const Report& report_;
  std::string out_;
};

}  // namespace

std::string to_html(const Report& report) {
  const auto checked = check(report);
  CHECK_OR_DIE(checked, "report {}: {}", report.key, checked.error().message);
  return Page(report).render();
}

}  // namespace suanpan::report
