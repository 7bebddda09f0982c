#include "reconcile/day_reports.h"

#include <algorithm>

#include "ledger/core/order.h"
#include "ledger/engine/trial_balance.h"
#include "reconcile/book_rows.h"

namespace suanpan::reconcile {
namespace {

using report::CellType;

TrialBalanceRow row_of(const suanpan::TrialBalanceRow& row, const TrialBalanceAmounts& amounts,
                       bool is_leaf) {
  return {row.code,       row.name,        row.level - 1,          is_leaf,
          row.currency,   amounts.opening, amounts.debit_turnover, amounts.credit_turnover,
          amounts.closing};
}

bool is_zero(const TrialBalanceAmounts& amounts) { return amounts == TrialBalanceAmounts{}; }

// What an account holds itself: its roll-up less the roll-ups directly below it.
Result<TrialBalanceAmounts> own_amounts(const std::vector<suanpan::TrialBalanceRow>& rows,
                                        std::size_t at) {
  const auto& own = rows[at];
  Int128 opening = own.amounts.opening, debit = own.amounts.debit_turnover;
  Int128 credit = own.amounts.credit_turnover;
  for (std::size_t i = at + 1; i < rows.size() && rows[i].code.starts_with(own.code + "/"); ++i) {
    const auto& below = rows[i];
    if (below.level != own.level + 1 || below.currency != own.currency) continue;
    opening -= below.amounts.opening;
    debit -= below.amounts.debit_turnover;
    credit -= below.amounts.credit_turnover;
  }
  const Int128 closing = opening + debit - credit;
  for (const Int128 value : {opening, debit, credit, closing})
    if (value > INT64_MAX || value < -Int128{INT64_MAX})
      return fail(Errc::kTooLarge, "the amounts of {} do not fit 64 bits", own.code);
  return TrialBalanceAmounts{static_cast<std::int64_t>(opening), static_cast<std::int64_t>(debit),
                             static_cast<std::int64_t>(credit), static_cast<std::int64_t>(closing)};
}

// Sums that refuse to wrap; the first failure is kept.
class DayGatherer {
 public:
  explicit DayGatherer(Date day) : day_(day) {}

  void take(const Order& order) {
    if (order.amount.currency != Currency::kCNY) return;
    if (order.state != OrderState::kPaid && order.state != OrderState::kRefunded) return;
    if (order.paid_at.date_cn() != day_) return;
    for (DailyLine* line : {&channel(order), &merchant(order.mch_no)}) {
      ++line->paid_count;
      add(line->paid, order.amount.minor);
      add(line->fee, order.fee);
    }
  }
  void take(const Refund& refund, const Order& order) {
    for (DailyLine* line : {&channel(order), &merchant(order.mch_no)}) {
      ++line->refund_count;
      add(line->refunded, refund.amount.minor);
      add(line->fee, -refund.fee_return);
    }
  }
  bool is_of_day(const Refund& refund) const {
    return refund.state == RefundState::kSucceeded && refund.succeeded_at.date_cn() == day_ &&
           refund.amount.currency == Currency::kCNY;
  }
  void take(const Payout& payout) {
    if (payout.state != PayoutState::kSucceeded && payout.state != PayoutState::kReturned) return;
    if (payout.settled_at.date_cn() != day_ || payout.amount.currency != Currency::kCNY) return;
    ++summary_.payout_count;
    add(summary_.payout, payout.amount.minor);
  }
  void take_vouchers(std::uint64_t count) { summary_.vouchers = count; }

  Result<DailySummary> finish() {
    if (overflow_) return fail(Errc::kTooLarge, "{}: a total does not fit 64 bits", day_.iso());
    summary_.date = day_;
    for (auto& [code, line] : channels_) summary_.channels.push_back(std::move(line));
    for (auto& [code, line] : merchants_) summary_.merchants.push_back(std::move(line));
    return std::move(summary_);
  }

 private:
  DailyLine& channel(const Order& order) {
    auto& line = channels_[order.channel + "/" + order.channel_mch];
    line.code = order.channel + "/" + order.channel_mch;
    line.name = order.channel == kWechatChannel ? "微信支付" : order.channel;
    if (order.channel == kBankChannel) line.name = "银行转账";
    return line;
  }
  DailyLine& merchant(const std::string& mch_no) {
    auto& line = merchants_[mch_no];
    line.code = mch_no;
    return line;
  }
  void add(std::int64_t& sum, std::int64_t value) {
    const auto next = checked_add(sum, value);
    if (next) sum = *next;
    overflow_ = overflow_ || !next;
  }

  Date day_;
  bool overflow_ = false;
  DailySummary summary_;
  std::map<std::string, DailyLine> channels_, merchants_;
};

// Calls `take` with every document of a kind, decoded.
template <class T, class Take>
Result<void> each_of(const Book& book, DocumentKind kind, Result<T> (*decode)(std::string_view),
                     Take take) {
  std::optional<Error> failed;
  TRY(book.for_each_document(kind, [&](const DocumentPtr& document) {
    auto value = decode(document->bytes);
    if (!value) failed = value.error();
    if (value) take(value.value());
    return !failed;
  }));
  if (failed) return *failed;
  return success();
}

Result<std::uint64_t> count_vouchers(const Book& book, Date day) {
  std::uint64_t count = 0;
  // A voucher is never made before its accounting date begins.
  TRY(auto seq, book.seq_at(Timestamp::of_cn(day, 0, 0, 0)));
  TRY(book.for_each_command_after(seq, [&](const StoredCommand& command) {
    count += command.voucher_no != 0 && command.effects.date == day;
    return true;
  }));
  return count;
}

std::string place(const SourceRef& source) {
  return source.row == 0 ? std::string{} : fmt::format("{} 第{}行", source.file, source.row);
}

}  // namespace

Result<std::vector<TrialBalanceRow>> trial_balance_rows(const Book& book, Date from, Date through) {
  TRY(auto balance, trial_balance(book, from, through));
  std::vector<TrialBalanceRow> rows;
  for (std::size_t i = 0; i < balance.rows.size(); ++i) {
    const auto& row = balance.rows[i];
    if (row.leaf) {
      if (!is_zero(row.amounts)) rows.push_back(row_of(row, row.amounts, true));
      continue;
    }
    if (!is_zero(row.amounts)) rows.push_back(row_of(row, row.amounts, false));
    TRY(auto own, own_amounts(balance.rows, i));
    if (!is_zero(own)) rows.push_back(row_of(row, own, true));
  }
  return rows;
}

Result<DailySummary> daily_summary(const Book& book, Date day,
                                   const std::vector<Case>& open_cases) {
  DayGatherer gatherer(day);
  TRY(each_of(book, DocumentKind::kOrder, decode_order,
              [&](const Order& order) { gatherer.take(order); }));
  TRY(each_of(book, DocumentKind::kRefund, decode_refund, [&](const Refund& refund) {
    if (!gatherer.is_of_day(refund)) return;
    if (const auto order = stored_order(book, refund.order_id)) gatherer.take(refund, *order);
  }));
  TRY(each_of(book, DocumentKind::kPayout, decode_payout,
              [&](const Payout& payout) { gatherer.take(payout); }));
  TRY(const std::uint64_t vouchers, count_vouchers(book, day));
  gatherer.take_vouchers(vouchers);
  TRY(auto summary, gatherer.finish());
  for (const auto& c : open_cases)
    ++(c.break_class == BreakClass::kTiming ? summary.carried : summary.breaks);
  return summary;
}

report::Report build_case_report(const std::vector<Case>& open_cases, Date day,
                                 const ReportHead& head) {
  report::Report r;
  r.key = "open_cases";
  r.title = "未结差错";
  r.title_en = "Open cases";
  r.organisation = head.organisation;
  r.period = day.iso();
  r.made_at = head.made_at;
  r.signatures = head.signatures;
  r.how_to_read =
      "每笔差错须由制单提出处理、复核另一人通过，以凭证了结。存疑由次日对账自动核销或转为差错。";
  report::Section s{"cases", "未结差错", "差异金额 = 渠道 − 账面。"};
  s.empty_note = "无未结差错";
  s.table.columns = {{"batch", "发现批次", CellType::kText, 20},
                     {"class", "类别", CellType::kText, 20},
                     {"kind", "业务", CellType::kText, 8},
                     {"our_number", "商户订单号", CellType::kText, 22},
                     {"channel_number", "渠道流水号", CellType::kText, 24},
                     {"amount", "差异金额", CellType::kMoney, 13},
                     {"state", "处理状态", CellType::kText, 9},
                     {"maker", "制单", CellType::kText, 12},
                     {"source", "来源文件与行号", CellType::kText, 24, true},
                     {"voucher", "凭证号", CellType::kText, 10, true},
                     {"case_no", "差异编号", CellType::kText, 34, true}};
  std::vector<Case> sorted = open_cases;
  std::sort(sorted.begin(), sorted.end(), [](const Case& a, const Case& b) {
    return std::tie(a.batch, a.id) < std::tie(b.batch, b.id);
  });
  for (const auto& c : sorted)
    s.table.rows.push_back({c.batch, report::text(info_of(c.break_class).name_zh),
                            report::text(name_zh(c.kind)), c.our_number, c.channel_number, c.amount,
                            report::text(name_zh(c.state)), c.maker, place(c.source),
                            c.voucher_number, c.id.hex()});
  r.sections.push_back(std::move(s));
  return r;
}

}  // namespace suanpan::reconcile
