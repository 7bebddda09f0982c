#include "ledger/engine/roll_up.h"

#include <map>

namespace suanpan {

Result<RollUpOn> roll_up_on(const Book& book, std::string_view path, Date date) {
  RollUpOn result;
  std::vector<std::pair<AccountId, Currency>> below;
  book.read([&](const State& state, std::uint64_t seq) {
    result.seq = seq;
    for (const Account& a : state.accounts())
      if (a.code.starts_with(path) && (a.code.size() == path.size() || a.code[path.size()] == '/'))
        below.emplace_back(a.id, a.currency);
  });
  std::map<Currency, RollUp> by_currency;
  for (const auto& [account, currency] : below) {
    TRY(auto balance, book.balance_on(account, date, result.seq));
    RollUp& row =
        by_currency.try_emplace(currency, RollUp{std::string(path), currency, {}, 0}).first->second;
    row.totals.add(balance);
    ++row.accounts;
  }
  for (auto& [currency, row] : by_currency) result.totals.push_back(std::move(row));
  return result;
}

}  // namespace suanpan
