#include "reconcile/run_report.h"

#include <map>

namespace suanpan::reconcile {
namespace {

using report::Cell;
using report::CellType;
using report::Section;

// Eight digits of an id are enough to find it among a day's on paper.
constexpr unsigned kShownOfId = 8;

std::string place(const SourceRef& source) {
  return source.row == 0 ? std::string{} : fmt::format("{} 第{}行", source.file, source.row);
}

// The currency that the report's amounts are in: the one with the most rows, CNY where equal.
Currency main_currency(const Summary& summary) {
  Currency best = Currency::kCNY;
  std::uint64_t most = 0;
  for (const auto& [currency, sums] : summary.currencies) {
    const std::uint64_t rows = sums.outside.count + sums.book.count;
    if (rows > most) best = currency, most = rows;
  }
  return best;
}

Section totals_section(const RunResult& run, Currency main) {
  Section s{"totals", "对账总览", "渠道 − 账面 = 差额；差额必等于各类差异之和，否则对账不会出具。"};
  std::uint64_t matched = 0, breaks = 0, timing = 0;
  for (const auto& line : run.summary.classes) {
    if (line.break_class == BreakClass::kMatched) {
      matched += line.tally.count;
    } else if (line.break_class == BreakClass::kTiming) {
      timing += line.tally.count;
    } else {
      breaks += line.tally.count;
    }
  }
  s.facts = {{"平账笔数", report::count(matched)},
             {"差错笔数", report::count(breaks), breaks > 0},
             {"存疑笔数（结转次日）", report::count(timing)}};
  if (const auto it = run.summary.currencies.find(main); it != run.summary.currencies.end()) {
    s.facts.push_back({"渠道 − 账面", Money{it->second.difference_minor, main},
                       it->second.difference_minor != 0});
  }
  s.table.columns = {{"currency", "币种", CellType::kText, 6},
                     {"outside_count", "渠道笔数", CellType::kInteger, 9},
                     {"outside_amount", "渠道金额", CellType::kMoney, 16},
                     {"book_count", "账面笔数", CellType::kInteger, 9},
                     {"book_amount", "账面金额", CellType::kMoney, 16},
                     {"matched_count", "平账笔数", CellType::kInteger, 9},
                     {"matched_amount", "平账金额", CellType::kMoney, 16},
                     {"difference", "差额", CellType::kMoney, 14},
                     {"fee_difference", "手续费差额", CellType::kDecimal, 13}};
  for (const auto& [currency, c] : run.summary.currencies) {
    s.table.rows.push_back({report::text(code_of(currency)), report::count(c.outside.count),
                            Money{c.outside.minor, currency}, report::count(c.book.count),
                            Money{c.book.minor, currency}, report::count(c.matched.count),
                            Money{c.matched.minor, currency}, Money{c.difference_minor, currency},
                            report::Decimal{c.fee_difference_milli, exponent_of(currency) + 3}});
  }
  s.empty_note = "本期渠道与账面均无往来";
  return s;
}

Section classes_section(const RunResult& run) {
  Section s{"classes", "差异分类汇总", ""};
  s.table.columns = {{"class", "代码", CellType::kText, 22, true},
                     {"class_name", "类别", CellType::kText, 20},
                     {"currency", "币种", CellType::kText, 6},
                     {"count", "笔数", CellType::kInteger, 8},
                     {"amount", "金额（渠道 − 账面）", CellType::kMoney, 18},
                     {"next", "后续处理", CellType::kText, 30}};
  for (const auto& line : run.summary.classes) {
    const auto& info = info_of(line.break_class);
    s.table.rows.push_back({report::text(info.code), report::text(info.name_zh),
                            report::text(code_of(line.currency)), report::count(line.tally.count),
                            Money{line.tally.minor, line.currency}, report::text(info.next_zh)});
  }
  if (!s.table.rows.empty()) {
    s.note = "平账一行为渠道金额，不计入差额；其余各行为渠道减账面，正数表示渠道多于账面。";
  }
  return s;
}

std::vector<report::Column> break_columns() {
  return {{"class", "类别", CellType::kText, 20},
          {"kind", "业务", CellType::kText, 8},
          {"our_number", "商户订单号", CellType::kText, 22},
          {"channel_number", "渠道流水号", CellType::kText, 24},
          {"merchant", "商户", CellType::kText, 20},
          {"outside_amount", "渠道金额", CellType::kMoney, 13},
          {"book_amount", "账面金额", CellType::kMoney, 13},
          {"amount", "差异金额", CellType::kMoney, 13},
          {"next", "后续处理", CellType::kText, 26},
          {"case_state", "处理状态", CellType::kText, 9},
          {"source", "来源文件与行号", CellType::kText, 24, true},
          {"voucher", "凭证号", CellType::kText, 10, true},
          {"break_id", "差异编号", CellType::kText, 10, true, kShownOfId}};
}

std::vector<Cell> break_row(const Break& b, const std::map<Id128, const Case*>& cases) {
  const auto& info = info_of(b.break_class);
  const auto found = cases.find(b.id);
  const bool is_fee = b.break_class == BreakClass::kFeeMismatch;
  // A fee break compares fees: its two sides are the fees, not the payments.
  const auto side = [&](const auto& row) -> Cell {
    if (!row) return std::monostate{};
    return is_fee ? Money{round_milli(row->fee_milli), row->amount.currency} : row->amount;
  };
  return {report::text(info.name_zh),
          report::text(name_zh(b.kind)),
          b.our_number(),
          b.channel_number(),
          b.book ? b.book->merchant : std::string{},
          side(b.outside),
          side(b.book),
          b.amount,
          report::text(info.next_zh),
          found == cases.end() ? std::string{} : std::string(name_zh(found->second->state)),
          b.outside ? place(b.outside->source) : std::string{},
          b.book ? b.book->voucher_number : std::string{},
          b.id.hex()};
}

Section breaks_section(const RunResult& run, const std::vector<Case>& cases) {
  Section s{
      "breaks", "差异明细",
      "差异金额 = 渠道 − 账面；账面金额为订单登记金额，未入账或挂账的订单不计入差额的账面方。"};
  s.empty_note = "本期无差异";
  s.table.columns = break_columns();
  std::map<Id128, const Case*> by_id;
  for (const auto& c : cases) by_id[c.id] = &c;
  for (const auto& b : run.breaks) s.table.rows.push_back(break_row(b, by_id));
  // The run has proved these sums: they are its differences.
  for (const auto& [currency, c] : run.summary.currencies) {
    if (run.breaks.empty()) break;
    std::vector<Cell> footer(s.table.columns.size());
    footer[0] = std::string("合计（不含手续费不符）");
    footer[7] = Money{c.difference_minor, currency};
    s.table.footers.push_back(std::move(footer));
  }
  return s;
}

Section cleared_section(const RunResult& run) {
  Section s{"cleared", "往期存疑本期核销", ""};
  s.empty_note = "无";
  s.table.columns = {{"break_id", "差异编号", CellType::kText, 34, true},
                     {"voucher_id", "凭证编号", CellType::kText, 34, true},
                     {"source", "来源文件与行号", CellType::kText, 30, true}};
  for (const auto& c : run.cleared) {
    s.table.rows.push_back({c.break_id.hex(), c.voucher_id, place(c.source)});
  }
  return s;
}

Section repeats_section(const RunResult& run) {
  Section s{"repeats", "重复下载的行", "内容完全相同的行只计一次，不是差异。"};
  s.table.columns = {{"first", "计入的行", CellType::kText, 40, true},
                     {"again", "重复的行", CellType::kText, 40, true}};
  for (const auto& r : run.repeats) s.table.rows.push_back({place(r.first), place(r.again)});
  return s;
}

}  // namespace

report::Report build_run_report(const RunResult& run, const std::vector<Case>& cases,
                                const ReportHead& head) {
  report::Report r;
  r.key = "reconciliation_run";
  r.title = "对账报告";
  r.title_en = "Reconciliation run";
  r.organisation = head.organisation;
  r.period = run.batch.period.iso();
  r.batch = run.batch.text();
  r.currency = main_currency(run.summary);
  if (r.currency != Currency::kCNY) r.currency_note = code_of(r.currency);
  r.made_at = head.made_at;
  r.how_to_read =
      "先看「差错笔数」与「渠道 − 账面」：两者均为零即可结账。有差异时按「差异明细」逐笔处理："
      "正数为渠道多于账面，负数为账面多于渠道；凭「来源文件与行号」查渠道账单，凭「凭证号」查本方"
      "凭证。处理须由制单、复核两人通过凭证完成，不得直接改余额。";
  r.sections = {totals_section(run, r.currency), classes_section(run), breaks_section(run, cases),
                cleared_section(run)};
  if (!run.repeats.empty()) r.sections.push_back(repeats_section(run));
  r.signatures = head.signatures;
  return r;
}

}  // namespace suanpan::reconcile
