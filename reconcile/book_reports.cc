#include "reconcile/book_reports.h"

#include <algorithm>

namespace suanpan::reconcile {
namespace {

using report::Cell;
using report::CellType;
using report::Section;

report::Report start(std::string key, std::string title, std::string title_en,
                     const ReportHead& head) {
  report::Report r;
  r.key = std::move(key);
  r.title = std::move(title);
  r.title_en = std::move(title_en);
  r.organisation = head.organisation;
  r.made_at = head.made_at;
  r.signatures = head.signatures;
  return r;
}

void use_currency(report::Report& r, Currency currency) {
  r.currency = currency;
  if (currency != Currency::kCNY) r.currency_note = code_of(currency);
}

Result<std::int64_t> sum(std::int64_t a, std::int64_t b) {
  const auto total = checked_add(a, b);
  if (!total) return fail(Errc::kTooLarge, "a total of the report does not fit 64 bits");
  return *total;
}

// The debit or the credit column of a balance; the other stays empty, and both for zero.
Cell debit_side(std::int64_t balance, Currency currency) {
  if (balance <= 0) return std::monostate{};
  return Money{balance, currency};
}
Cell credit_side(std::int64_t balance, Currency currency) {
  if (balance >= 0) return std::monostate{};
  return Money{-balance, currency};
}
Cell turnover(std::int64_t minor, Currency currency) {
  if (minor == 0) return std::monostate{};
  return Money{minor, currency};
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Section trial_balance_section(const std::vector<TrialBalanceRow>& rows,
                              const TrialBalanceTotals& totals) {
  const Currency currency = totals.currency;
  Section s{lower(code_of(currency)), fmt::format("科目余额（{}）", code_of(currency)), ""};
  s.facts = {{"本期借方发生额", Money{totals.debit, currency}},
             {"本期贷方发生额", Money{totals.credit, currency}},
             {"借贷差额", Money{totals.debit - totals.credit, currency}}};
  s.table.columns = {{"code", "科目编码", CellType::kText, 26},
                     {"name", "科目名称", CellType::kText, 24},
                     {"leaf", "末级", CellType::kText, 5},
                     {"opening_debit", "期初借方", CellType::kMoney, 15},
                     {"opening_credit", "期初贷方", CellType::kMoney, 15},
                     {"debit", "本期借方", CellType::kMoney, 15},
                     {"credit", "本期贷方", CellType::kMoney, 15},
                     {"closing_debit", "期末借方", CellType::kMoney, 15},
                     {"closing_credit", "期末贷方", CellType::kMoney, 15}};
  for (const auto& row : rows) {
    if (row.currency != currency) continue;
    std::string indent;
    for (std::uint32_t i = 0; i < row.depth; ++i) indent += "　";
    s.table.rows.push_back({row.code, indent + row.name, std::string(row.is_leaf ? "是" : "否"),
                            debit_side(row.opening, currency), credit_side(row.opening, currency),
                            turnover(row.debit, currency), turnover(row.credit, currency),
                            debit_side(row.closing, currency), credit_side(row.closing, currency)});
  }
  s.table.footers = {{std::string("合计"), std::monostate{}, std::monostate{},
                      Money{totals.opening_debit, currency}, Money{totals.opening_credit, currency},
                      Money{totals.debit, currency}, Money{totals.credit, currency},
                      Money{totals.closing_debit, currency},
                      Money{totals.closing_credit, currency}}};
  return s;
}

std::vector<report::Column> account_columns() {
  return {{"date", "日期", CellType::kDate, 11},
          {"summary", "摘要", CellType::kText, 28},
          {"counter_account", "对方科目", CellType::kText, 24},
          {"debit", "借方", CellType::kMoney, 15},
          {"credit", "贷方", CellType::kMoney, 15},
          {"side", "方向", CellType::kText, 5},
          {"balance", "余额", CellType::kMoney, 16},
          {"voucher_number", "凭证号", CellType::kText, 12, true},
          {"business_key", "业务单号", CellType::kText, 22, true},
          {"voucher_id", "凭证编号", CellType::kText, 10, true, 8}};
}

std::string side_of(std::int64_t balance) { return balance > 0 ? "借" : balance < 0 ? "贷" : "平"; }

Result<Cell> size_of(std::int64_t balance, Currency currency) {
  if (balance >= 0) return Cell(Money{balance, currency});
  const auto size = checked_sub(0, balance);
  if (!size) return fail(Errc::kTooLarge, "a balance does not fit 64 bits");
  return Cell(Money{*size, currency});
}

Result<Section> account_section(const AccountStatement& st) {
  Section s{"lines", "明细",
            "方向「借」「贷」指余额所在一方；红字为红冲，记在原方向，以负数表示。"};
  s.table.columns = account_columns();
  const auto edge = [&](const char* label, Date date, std::int64_t balance) -> Result<void> {
    TRY(auto size, size_of(balance, st.currency));
    std::vector<Cell> row(s.table.columns.size());
    row[0] = date;
    row[1] = std::string(label);
    row[5] = side_of(balance);
    row[6] = std::move(size);
    s.table.rows.push_back(std::move(row));
    return success();
  };
  TRY(edge("期初余额", st.from, st.opening));
  std::int64_t balance = st.opening, debit = 0, credit = 0;
  Date last = st.from;
  for (const auto& line : st.lines) {
    if (line.date < last || line.date > st.to) {
      return fail(Errc::kMismatch, "account {}: voucher {} is dated out of order", st.code,
                  line.voucher_number);
    }
    last = line.date;
    TRY(balance, sum(balance, line.debit));
    const auto after = checked_sub(balance, line.credit);
    if (!after || *after != line.balance) {
      return fail(Errc::kMismatch, "account {}: the balance after voucher {} does not follow",
                  st.code, line.voucher_number);
    }
    balance = *after;
    TRY(debit, sum(debit, line.debit));
    TRY(credit, sum(credit, line.credit));
    TRY(auto size, size_of(balance, st.currency));
    s.table.rows.push_back({line.date, line.summary, line.counter_account,
                            turnover(line.debit, st.currency), turnover(line.credit, st.currency),
                            side_of(balance), std::move(size), line.voucher_number,
                            line.business_key, line.voucher_id});
  }
  if (balance != st.closing) {
    return fail(Errc::kMismatch, "account {}: the closing balance does not follow", st.code);
  }
  TRY(auto size, size_of(st.closing, st.currency));
  std::vector<Cell> footer(s.table.columns.size());
  footer[0] = std::string("本期合计");
  footer[3] = Money{debit, st.currency};
  footer[4] = Money{credit, st.currency};
  footer[5] = side_of(st.closing);
  footer[6] = std::move(size);
  s.table.footers.push_back(std::move(footer));
  return s;
}

struct DailyTotals {
  std::int64_t paid_count = 0, paid = 0, refund_count = 0, refunded = 0, fee = 0;
  friend bool operator==(const DailyTotals&, const DailyTotals&) = default;
};

Result<DailyTotals> add_up(const std::vector<DailyLine>& lines) {
  DailyTotals t;
  for (const auto& line : lines) {
    TRY(t.paid_count, sum(t.paid_count, static_cast<std::int64_t>(line.paid_count)));
    TRY(t.refund_count, sum(t.refund_count, static_cast<std::int64_t>(line.refund_count)));
    TRY(t.paid, sum(t.paid, line.paid));
    TRY(t.refunded, sum(t.refunded, line.refunded));
    TRY(t.fee, sum(t.fee, line.fee));
  }
  return t;
}

Result<std::int64_t> net(std::int64_t paid, std::int64_t refunded, std::int64_t fee) {
  const auto after_refunds = checked_sub(paid, refunded);
  const auto value = after_refunds ? checked_sub(*after_refunds, fee) : std::nullopt;
  if (!value) return fail(Errc::kTooLarge, "a net amount does not fit 64 bits");
  return *value;
}

Result<Section> daily_section(std::string key, std::string title,
                              const std::vector<DailyLine>& lines, Currency currency) {
  Section s{std::move(key), std::move(title), ""};
  s.empty_note = "当日无交易";
  s.table.columns = {{"code", "编号", CellType::kText, 18},
                     {"name", "名称", CellType::kText, 24},
                     {"paid_count", "支付笔数", CellType::kInteger, 9},
                     {"paid", "支付金额", CellType::kMoney, 16},
                     {"refund_count", "退款笔数", CellType::kInteger, 9},
                     {"refunded", "退款金额", CellType::kMoney, 16},
                     {"fee", "手续费", CellType::kMoney, 13},
                     {"net", "净额", CellType::kMoney, 16}};
  for (const auto& l : lines) {
    TRY(auto line_net, net(l.paid, l.refunded, l.fee));
    s.table.rows.push_back({l.code, l.name, report::count(l.paid_count), Money{l.paid, currency},
                            report::count(l.refund_count), Money{l.refunded, currency},
                            Money{l.fee, currency}, Money{line_net, currency}});
  }
  TRY(auto t, add_up(lines));
  TRY(auto total_net, net(t.paid, t.refunded, t.fee));
  if (!lines.empty()) {
    s.table.footers = {{std::string("合计"), std::monostate{}, t.paid_count,
                        Money{t.paid, currency}, t.refund_count, Money{t.refunded, currency},
                        Money{t.fee, currency}, Money{total_net, currency}}};
  }
  return s;
}

Section checks_section(const DailySummary& d) {
  Section s{"checks", "日终检查", ""};
  s.table.columns = {{"check", "检查项", CellType::kText, 30},
                     {"result", "结果", CellType::kText, 8},
                     {"detail", "说明", CellType::kText, 50}};
  for (const auto& c : d.checks) {
    s.table.rows.push_back({c.name, std::string(c.held ? "通过" : "未通过"), c.detail});
  }
  return s;
}

}  // namespace

Result<report::Report> build_trial_balance_report(const std::vector<TrialBalanceRow>& rows,
                                                  const std::string& period,
                                                  const ReportHead& head) {
  TRY(auto totals, check_trial_balance(rows));
  report::Report r = start("trial_balance", "科目余额表", "Trial balance", head);
  r.period = period;
  r.how_to_read =
      "期初、本期发生额、期末三组的借方合计与贷方合计必须分别相等。红字（红冲）记在原方向并以负数"
      "表示，不虚增发生额。非末级科目的金额为其下级之和，不重复计入合计。";
  for (const auto& total : totals) r.sections.push_back(trial_balance_section(rows, total));
  if (!totals.empty()) use_currency(r, totals.front().currency);
  return r;
}

Result<report::Report> build_account_report(const AccountStatement& st, const ReportHead& head) {
  report::Report r = start("account_statement", "明细账", "Statement of account", head);
  r.period = fmt::format("{} 至 {}", st.from.iso(), st.to.iso());
  r.batch = fmt::format("{} {}", st.code, st.name);
  r.batch_label = "科目";
  use_currency(r, st.currency);
  r.how_to_read =
      "余额在借方：本行余额 = 上行余额 + 借方 − 贷方；余额在贷方：本行余额 = 上行余额 + 贷方 − "
      "借方。"
      "凭「凭证号」可调出原始凭证，凭「业务单号」可查上游业务。";
  TRY(auto section, account_section(st));
  r.sections.push_back(std::move(section));
  return r;
}

Result<report::Report> build_daily_report(const DailySummary& d, const ReportHead& head) {
  TRY(auto by_channel, add_up(d.channels));
  TRY(auto by_merchant, add_up(d.merchants));
  if (!d.channels.empty() && !d.merchants.empty() && by_channel != by_merchant) {
    return fail(Errc::kMismatch, "{}: channels and merchants do not tell the same totals",
                d.date.iso());
  }
  report::Report r = start("daily_summary", "日报", "Daily summary", head);
  r.period = d.date.iso();
  use_currency(r, d.currency);
  r.how_to_read =
      "净额 = 支付 − 退款 − 手续费。按渠道与按商户的合计相等。差错需在「对账报告」中逐笔处理，"
      "存疑结转次日自动再对。";
  const DailyTotals& t = d.channels.empty() ? by_merchant : by_channel;
  const bool all_held =
      std::all_of(d.checks.begin(), d.checks.end(), [](const DailyCheck& c) { return c.held; });
  Section overview{"overview", "当日概况", ""};
  overview.facts = {{"支付金额", Money{t.paid, d.currency}},
                    {"退款金额", Money{t.refunded, d.currency}},
                    {"手续费", Money{t.fee, d.currency}},
                    {"付款笔数", report::count(d.payout_count)},
                    {"付款金额", Money{d.payout, d.currency}},
                    {"凭证张数", report::count(d.vouchers)},
                    {"差错", report::count(d.breaks), d.breaks > 0},
                    {"存疑（结转）", report::count(d.carried)},
                    {"日终检查", std::string(all_held ? "全部通过" : "有未通过项"), !all_held}};
  r.sections.push_back(std::move(overview));
  TRY(auto channels, daily_section("channels", "按渠道", d.channels, d.currency));
  TRY(auto merchants, daily_section("merchants", "按商户", d.merchants, d.currency));
  r.sections.push_back(std::move(channels));
  r.sections.push_back(std::move(merchants));
  r.sections.push_back(checks_section(d));
  return r;
}

}  // namespace suanpan::reconcile
