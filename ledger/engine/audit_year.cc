// A year's end, as the auditor keeps it: income and expense by the day, until the day is closed.
#include "ledger/engine/audit.h"

namespace suanpan {
namespace {

std::optional<YearClose> year_close_in(const VariablePart* part) {
  if (!part) return std::nullopt;
  for (const DocumentPtr& document : part->documents)
    if (document->kind == DocumentKind::kYearClose) return decode_year_close(document->bytes);
  return std::nullopt;
}

Date end_of(std::int32_t year) { return *Date::of(year, 12, 31); }

}  // namespace

void Audit::note_profit(const AuditedAccount& account, const Record& leg, Side side) {
  const AccountType type = account.account.type;
  if (type != AccountType::kIncome && type != AccountType::kExpense) return;
  Profit& profit = profits_[account.account.id.value];
  const Int128 amount = side == Side::kDebit ? Int128{leg.amount} : -Int128{leg.amount};
  if (days_ && leg.date_days <= days_->closed_through.days)
    profit.closed += amount;
  else
    profit.open[leg.date_days] += amount;
}

// Closed days are not told apart any more: nothing but a year's end comes to them.
void Audit::close_profit() {
  for (auto& [account, profit] : profits_) {
    auto it = profit.open.begin();
    for (; it != profit.open.end() && it->first <= days_->closed_through.days; ++it)
      profit.closed += it->second;
    profit.open.erase(profit.open.begin(), it);
  }
}

// Judged before the documents are taken: the year carries already, and goes on carrying.
bool Audit::carries_forward(const Command& command) const {
  const auto after = year_close_in(command.part);
  if (!after || after->state != YearCloseState::kCarrying) return false;
  const auto before = years_.find(after->year);
  return before != years_.end() && before->second.state == YearCloseState::kCarrying &&
         Date{command.first.date_days} == end_of(after->year) &&
         days_->closed_through == end_of(after->year);
}

Fault Audit::take_year_close(const Command& command, const Document& document) {
  const auto after = decode_year_close(document.bytes);
  if (!after || document.key != std::to_string(after->year))
    return fmt::format("the end of year {} does not decode", document.key);
  if (command.kind != CommandKind::kYearClose)
    return fmt::format("year {} ends by another command", after->year);
  const auto known = years_.find(after->year);
  const int from = known == years_.end() ? 0 : static_cast<int>(known->second.state);
  const int to = static_cast<int>(after->state);
  bool allowed = false;
  switch (after->state) {
    case YearCloseState::kRequested:
      allowed = from == 0 || from == static_cast<int>(YearCloseState::kRejected);
      break;
    case YearCloseState::kRejected:
      allowed = from == static_cast<int>(YearCloseState::kRequested);
      break;
    case YearCloseState::kCarrying:
    case YearCloseState::kClosed:
      allowed = from + (command.moves_money() ? 0 : 1) == to;
      break;
  }
  if (!allowed || (command.moves_money() && after->state != YearCloseState::kCarrying))
    return fmt::format("the end of year {} goes from state {} to {}", after->year, from, to);
  if (after->state == YearCloseState::kRejected &&
      (after->checker.empty() || after->maker != known->second.maker))
    return fmt::format("year {} is rejected by nobody, or in another's name", after->year);
  if ((after->state == YearCloseState::kCarrying || after->state == YearCloseState::kClosed) &&
      (after->maker.empty() || after->checker.empty() || after->maker == after->checker))
    return fmt::format("year {} is not closed by two", after->year);
  if (after->state == YearCloseState::kClosed) {
    if (!days_ || days_->closed_through != end_of(after->year))
      return fmt::format("year {} is closed while its days are not", after->year);
    for (const auto& [id, profit] : profits_)
      if (profit.closed != 0)
        return fmt::format("year {} is closed while {} holds {}", after->year,
                           described(accounts_[id - 1].account), decimal(profit.closed));
  }
  years_[after->year] = *after;
  return {};
}

}  // namespace suanpan
