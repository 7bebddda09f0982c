#include "ledger/engine/trial_balance.h"

#include <algorithm>
#include <limits>
#include <map>

namespace suanpan {
namespace {

// In 128 bits until everything is summed.
struct Sums {
  Int128 opening = 0, debits = 0, credits = 0;
  void add(const Sums& other) {
    opening += other.opening;
    debits += other.debits;
    credits += other.credits;
  }
};

Result<std::int64_t> narrowed(Int128 value) {
  if (value < std::numeric_limits<std::int64_t>::min() ||
      value > std::numeric_limits<std::int64_t>::max())
    return fail(Errc::kTooLarge, "a sum of the trial balance overflows");
  return static_cast<std::int64_t>(value);
}

Result<TrialBalanceAmounts> amounts_of(const Sums& sums) {
  TRY(auto opening, narrowed(sums.opening));
  TRY(auto debits, narrowed(sums.debits));
  TRY(auto credits, narrowed(sums.credits));
  TRY(auto closing, narrowed(sums.opening + sums.debits - sums.credits));
  return TrialBalanceAmounts{opening, debits, credits, closing};
}

// From the totals at both ends: only the rows of an account's history since `from` are read.
Result<Sums> sums_of(const Book& book, AccountId account, std::uint64_t until, Date from,
                     Date through) {
  TRY(auto before, book.balance_on(account, from.plus_days(-1), until));
  TRY(auto after, book.balance_on(account, through, until));
  Sums sums;
  sums.opening = Int128{before.debits_posted} - before.credits_posted;
  sums.debits = Int128{after.debits_posted} - before.debits_posted;
  sums.credits = Int128{after.credits_posted} - before.credits_posted;
  return sums;
}

/// Sorts a code before those below it: '/' before every other character.
struct ByPath {
  bool operator()(const std::pair<std::string, Currency>& a,
                  const std::pair<std::string, Currency>& b) const {
    if (a.first == b.first) return a.second < b.second;
    return std::lexicographical_compare(a.first.begin(), a.first.end(), b.first.begin(),
                                        b.first.end(), [](char x, char y) {
                                          return (x == '/' ? -1 : static_cast<unsigned char>(x)) <
                                                 (y == '/' ? -1 : static_cast<unsigned char>(y));
                                        });
  }
};

struct Gathered {
  TrialBalanceRow row;
  Sums sums;
};
using Subjects = std::map<std::string, Subject>;
using Rows = std::map<std::pair<std::string, Currency>, Gathered, ByPath>;

void roll_up(Rows& rows, const Account& account, const Sums& sums) {
  unsigned level = 1;
  for (std::size_t end = account.code.find('/');; end = account.code.find('/', end + 1), ++level) {
    const std::string code = account.code.substr(0, end);
    auto [it, fresh] = rows.try_emplace({code, account.currency});
    TrialBalanceRow& row = it->second.row;
    const bool itself = end == std::string::npos;
    if (fresh || itself) {
      row.type = account.type;
      row.normal = account.normal;
    }
    if (fresh) {
      row.code = code;
      row.currency = account.currency;
      row.level = level;
    }
    if (itself) {
      row.name = account.name;
      row.account = account.id;
    } else {
      row.leaf = false;
    }
    it->second.sums.add(sums);
    if (itself) return;
  }
}

// A roll-up without an account of its own is called what the chart calls it.
void name_by_chart(TrialBalanceRow& row, const Subjects& subjects) {
  const auto subject = subjects.find(row.code);
  if (row.account.value != 0 || subject == subjects.end()) return;
  row.name = subject->second.name;
  row.type = subject->second.type;
  row.normal = subject->second.normal;
}

}  // namespace

bool TrialBalance::balanced() const {
  return std::all_of(totals.begin(), totals.end(), [](const auto& total) {
    const TrialBalanceAmounts& a = total.second;
    return a.opening == 0 && a.closing == 0 && a.debit_turnover == a.credit_turnover;
  });
}

Result<TrialBalance> trial_balance(const Book& book, Date from, Date through) {
  if (through < from)
    return fail(Errc::kMalformed, "a trial balance from {} through {}", from.iso(), through.iso());
  TrialBalance result;
  result.from = from;
  result.through = through;
  std::vector<Account> accounts;
  Subjects subjects;
  book.read([&](const State& state, std::uint64_t seq) {
    result.seq = seq;
    accounts = state.accounts();
    for (const DocumentPtr& document : state.open_documents(DocumentKind::kSubject))
      if (const auto subject = decode_subject(document->bytes))
        subjects.emplace(document->key, *subject);
  });
  Rows rows;
  std::map<Currency, Sums> totals;
  for (const Account& account : accounts) {
    TRY(auto sums, sums_of(book, account.id, result.seq, from, through));
    roll_up(rows, account, sums);
    totals[account.currency].add(sums);
  }
  for (auto& [key, gathered] : rows) {
    name_by_chart(gathered.row, subjects);
    TRY(auto amounts, amounts_of(gathered.sums));
    gathered.row.amounts = amounts;
    result.rows.push_back(std::move(gathered.row));
  }
  for (const auto& [currency, sums] : totals) {
    TRY(auto amounts, amounts_of(sums));
    result.totals.emplace_back(currency, amounts);
  }
  return result;
}

}  // namespace suanpan
