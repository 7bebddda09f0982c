#include "reconcile/trial_balance.h"

#include <limits>
#include <map>

namespace suanpan::reconcile {
namespace {

struct Wide {
  Int128 opening_debit = 0, opening_credit = 0, debit = 0, credit = 0;
  Int128 closing_debit = 0, closing_credit = 0;
};

Result<std::int64_t> narrow(Int128 value) {
  if (value > std::numeric_limits<std::int64_t>::max() ||
      value < std::numeric_limits<std::int64_t>::min()) {
    return fail(Errc::kTooLarge, "a total of the trial balance does not fit 64 bits");
  }
  return static_cast<std::int64_t>(value);
}

void add_side(std::int64_t balance, Int128& debit, Int128& credit) {
  if (balance > 0) {
    debit += balance;
  } else {
    credit -= Int128{balance};
  }
}

Result<void> must_balance(Currency currency, std::string_view what, Int128 debit, Int128 credit) {
  if (debit == credit) return success();
  TRY(auto difference, narrow(debit - credit));
  return fail(Errc::kMismatch, "the {} does not balance in {}: debit minus credit is {}", what,
              code_of(currency), format_major({difference, currency}));
}

}  // namespace

Result<std::vector<TrialBalanceTotals>> check_trial_balance(
    const std::vector<TrialBalanceRow>& rows) {
  std::map<Currency, Wide> sums;
  for (const auto& row : rows) {
    if (Int128{row.opening} + row.debit - row.credit != row.closing) {
      return fail(Errc::kMismatch, "account {}: opening, turnover and closing do not add up",
                  row.code);
    }
    // The one balance without an opposite: it could not be shown on its other side.
    constexpr auto kLowest = std::numeric_limits<std::int64_t>::min();
    if (row.opening == kLowest || row.closing == kLowest) {
      return fail(Errc::kTooLarge, "account {}: the balance does not fit 64 bits", row.code);
    }
    if (!row.is_leaf) continue;
    Wide& sum = sums[row.currency];
    add_side(row.opening, sum.opening_debit, sum.opening_credit);
    add_side(row.closing, sum.closing_debit, sum.closing_credit);
    sum.debit += row.debit;
    sum.credit += row.credit;
  }
  std::vector<TrialBalanceTotals> totals;
  for (const auto& [currency, sum] : sums) {
    TRY(must_balance(currency, "opening", sum.opening_debit, sum.opening_credit));
    TRY(must_balance(currency, "turnover", sum.debit, sum.credit));
    TRY(must_balance(currency, "closing", sum.closing_debit, sum.closing_credit));
    TrialBalanceTotals out{currency};
    TRY(out.opening_debit, narrow(sum.opening_debit));
    TRY(out.opening_credit, narrow(sum.opening_credit));
    TRY(out.debit, narrow(sum.debit));
    TRY(out.credit, narrow(sum.credit));
    TRY(out.closing_debit, narrow(sum.closing_debit));
    TRY(out.closing_credit, narrow(sum.closing_credit));
    totals.push_back(out);
  }
  return totals;
}

}  // namespace suanpan::reconcile
