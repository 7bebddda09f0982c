#include "reconcile/breaks.h"

#include <algorithm>

#include "ledger/base/check.h"
#include "ledger/base/digest.h"

namespace suanpan::reconcile {
namespace {

constexpr std::array<BreakClassInfo, 10> kClasses{{
    {BreakClass::kMatched, "matched", "平账", "released to settlement", "释放至结算"},
    {BreakClass::kMissingLocal, "missing_local", "渠道有本端无", "book it; else suspense or refund",
     "补单入账；查无此单的挂账或退款"},
    {BreakClass::kMissingChannel, "missing_channel", "本端有渠道无",
     "query the channel, then reverse or claim", "查询渠道后冲正或向渠道追索"},
    {BreakClass::kStatusMismatchChannelPaid, "status_mismatch_channel_paid", "状态不符（渠道已付）",
     "force success", "核实后强制成功并补记凭证"},
    {BreakClass::kStatusMismatchLocalPaid, "status_mismatch_local_paid", "状态不符（本端已付）",
     "reverse", "核实后红字冲销"},
    {BreakClass::kAmountMismatch, "amount_mismatch", "金额不符",
     "suspense and an adjustment voucher", "差额挂账，填制调整凭证"},
    {BreakClass::kFeeMismatch, "fee_mismatch", "手续费不符", "fee adjustment voucher",
     "填制手续费调整凭证"},
    {BreakClass::kCurrencyMismatch, "currency_mismatch", "币种不符", "by hand", "人工核实处理"},
    {BreakClass::kDuplicatePayment, "duplicate_payment", "重复支付", "refund", "原路退款"},
    {BreakClass::kTiming, "timing", "存疑（日切）", "carried to the next day",
     "结转次日对账，仍无则转差错"},
}};

// Appends one field so that no two lists of fields give the same bytes.
void append(std::string& out, std::string_view field) {
  out += fmt::format("{}:", field.size());
  out += field;
}

Break start(const Pairing& p, const BatchNumber& batch, BreakClass break_class, Money amount) {
  Break b;
  b.id = break_id(batch.channel, p.outside, p.book, break_class == BreakClass::kFeeMismatch);
  b.break_class = break_class;
  b.amount = amount;
  if (p.outside) b.outside = *p.outside;
  if (p.book) b.book = *p.book;
  b.kind = p.outside ? p.outside->kind : p.book->kind;
  return b;
}

Result<std::vector<Break>> classify_outside_only(const Pairing& p, const BatchNumber& batch) {
  std::vector<Break> breaks;
  if (p.outside->status != RowStatus::kDone) return breaks;
  breaks.push_back(start(p, batch,
                         p.surplus ? BreakClass::kDuplicatePayment : BreakClass::kMissingLocal,
                         p.outside->amount));
  breaks.back().fee_milli = p.outside->fee_milli;
  return breaks;
}

// 存疑: near the cut-off the outside may show it under the next day; one day later it should.
bool is_timing(const BookRow& row, Date period, const Policy& policy) {
  if (row.date < period) return period.days - row.date.days < policy.carry_days;
  const Timestamp day_end = Timestamp::of_cn(period.plus_days(1), 0, 0, 0);
  return policy.carry_days > 0 && row.at >= day_end.plus_seconds(-policy.cut_off_window_s);
}

Result<std::vector<Break>> classify_book_only(const Pairing& p, const BatchNumber& batch,
                                              const Policy& policy) {
  std::vector<Break> breaks;
  const BookRow& row = *p.book;
  if (row.status != RowStatus::kDone || row.date > batch.period) return breaks;
  TRY(auto amount, subtract(Money{0, row.amount.currency}, recognised(row)));
  // In suspense and unknown outside: the books say someone paid twice and the channel knows of no
  // such money. Not recognised, so the amount is 0, but somebody has to look.
  breaks.push_back(start(
      p, batch,
      is_timing(row, batch.period, policy) ? BreakClass::kTiming : BreakClass::kMissingChannel,
      amount));
  TRY(breaks.back().fee_milli, [&]() -> Result<std::int64_t> {
    const auto fee = checked_sub(0, recognised_fee(row));
    if (!fee) return fail(Errc::kTooLarge, "a fee does not fit 64 bits");
    return *fee;
  }());
  return breaks;
}

Result<std::int64_t> fee_difference(const Pairing& p) {
  const auto fee = checked_sub(recognised_fee(*p.outside), recognised_fee(*p.book));
  if (!fee) return fail(Errc::kTooLarge, "a fee difference does not fit 64 bits");
  return *fee;
}

// Both sides done and in one currency: the money may differ, and the fee.
Result<std::vector<Break>> classify_done_pair(const Pairing& p, const BatchNumber& batch,
                                              const Policy& policy) {
  std::vector<Break> breaks;
  TRY(auto amount, subtract(p.outside->amount, p.book->amount));
  TRY(auto fee, fee_difference(p));
  if (amount.minor != 0) breaks.push_back(start(p, batch, BreakClass::kAmountMismatch, amount));
  if (fee > policy.fee_tolerance_milli || fee < -policy.fee_tolerance_milli) {
    breaks.push_back(
        start(p, batch, BreakClass::kFeeMismatch, {round_milli(fee), p.outside->amount.currency}));
    breaks.back().fee_milli = fee;
  }
  return breaks;
}

// The channel says paid, the books do not, or hold it for nobody.
Result<std::vector<Break>> classify_unbooked_pair(const Pairing& p, const BatchNumber& batch) {
  std::vector<Break> breaks;
  BreakClass break_class = BreakClass::kStatusMismatchChannelPaid;
  if (p.book->in_suspense && p.book->status == RowStatus::kDone) {
    break_class = BreakClass::kDuplicatePayment;
  } else if (p.outside->amount != p.book->amount) {
    // Forcing success would post an amount that nobody agreed to.
    break_class = BreakClass::kAmountMismatch;
  }
  breaks.push_back(start(p, batch, break_class, p.outside->amount));
  TRY(breaks.back().fee_milli, fee_difference(p));
  return breaks;
}

Result<std::vector<Break>> classify_pair(const Pairing& p, const BatchNumber& batch,
                                         const Policy& policy) {
  const bool outside_done = p.outside->status == RowStatus::kDone;
  const bool book_done = p.book->status == RowStatus::kDone;
  std::vector<Break> breaks;
  if (!outside_done && !book_done) return breaks;
  if (!outside_done) {
    TRY(auto amount, subtract(Money{0, p.book->amount.currency}, recognised(*p.book)));
    breaks.push_back(start(p, batch, BreakClass::kStatusMismatchLocalPaid, amount));
    TRY(breaks.back().fee_milli, fee_difference(p));
    return breaks;
  }
  if (p.outside->amount.currency != p.book->amount.currency) {
    const Money booked = recognised(*p.book);
    TRY(auto counter, subtract(Money{0, booked.currency}, booked));
    breaks.push_back(start(p, batch, BreakClass::kCurrencyMismatch, p.outside->amount));
    breaks.back().counter_amount = counter;
    breaks.back().fee_milli = p.outside->fee_milli;
    return breaks;
  }
  if (!book_done || p.book->in_suspense) return classify_unbooked_pair(p, batch);
  return classify_done_pair(p, batch, policy);
}

}  // namespace

std::span<const BreakClassInfo> break_classes() { return kClasses; }

const BreakClassInfo& info_of(BreakClass value) {
  const auto index = static_cast<std::size_t>(value);
  CHECK_OR_DIE(index < kClasses.size(), "no break class {}", index);
  return kClasses[index];
}

std::optional<BreakClass> break_class_of(std::string_view code) {
  for (const auto& info : kClasses) {
    if (info.code == code) return info.value;
  }
  return std::nullopt;
}

const std::string& Break::our_number() const {
  return outside && !outside->our_number.empty() ? outside->our_number
         : book                                  ? book->our_number
                                                 : outside->our_number;
}

const std::string& Break::channel_number() const {
  return outside && !outside->channel_number.empty() ? outside->channel_number
         : book                                      ? book->channel_number
                                                     : outside->channel_number;
}

Money recognised(const OutsideRow& row) {
  return {row.status == RowStatus::kDone ? row.amount.minor : 0, row.amount.currency};
}

Money recognised(const BookRow& row) {
  const bool counts = row.status == RowStatus::kDone && !row.in_suspense;
  return {counts ? row.amount.minor : 0, row.amount.currency};
}

std::int64_t recognised_fee(const OutsideRow& row) {
  return row.status == RowStatus::kDone ? row.fee_milli : 0;
}
std::int64_t recognised_fee(const BookRow& row) {
  return row.status == RowStatus::kDone && !row.in_suspense ? row.fee_milli : 0;
}

Id128 break_id(std::string_view channel, const OutsideRow* outside, const BookRow* book, bool fee) {
  CHECK_OR_DIE(outside || book, "a break is about at least one row");
  std::string about = fee ? "fee;" : "amount;";
  append(about, channel);
  if (book) {
    append(about, "book");
    append(about, name_of(book->kind));
    append(about, book->voucher_id);
    append(about, book->order_id);
    append(about, book->our_number);
  } else {
    append(about, "outside");
    append(about, name_of(outside->kind));
    append(about, outside->our_number);
    append(about, outside->channel_number);
    append(about, fmt::format("{} {}", outside->amount.minor, code_of(outside->amount.currency)));
    // Without any number only the place tells two rows apart.
    if (outside->our_number.empty() && outside->channel_number.empty()) {
      append(about, fmt::format("{} {}", outside->source.file, outside->source.row));
    }
  }
  return id_of(about);
}

Result<std::vector<Break>> classify(const Pairing& pairing, const BatchNumber& batch,
                                    const Policy& policy) {
  CHECK_OR_DIE(pairing.outside || pairing.book, "a pairing has at least one row");
  if (!pairing.book) return classify_outside_only(pairing, batch);
  if (!pairing.outside) return classify_book_only(pairing, batch, policy);
  return classify_pair(pairing, batch, policy);
}

}  // namespace suanpan::reconcile
