// Roll-ups, summed up again from what the audit knows of the accounts.
#include "ledger/engine/audit_tables.h"
#include "ledger/store/roll_up.h"

namespace suanpan {

AuditedRollUps roll_ups_of(const Audit& audit) {
  AuditedRollUps expected;
  for (const AuditedAccount& a : audit.accounts()) {
    std::string path = a.account.code;
    for (auto slash = path.rfind('/'); slash != std::string::npos; slash = path.rfind('/')) {
      path.resize(slash);
      AuditedRollUp& sums = expected[{path, a.account.currency}];
      const Int128 totals[] = {a.debit_posted,   a.credit_posted, a.debit_pending,
                               a.credit_pending, a.debit_red,     a.credit_red};
      for (std::size_t i = 0; i < std::size(totals); ++i) sums.totals[i] += totals[i];
      ++sums.accounts;
    }
  }
  return expected;
}

namespace {

Fault difference(const RollUp& row, const AuditedRollUp& sums) {
  static constexpr const char* kNames[] = {"debits posted",   "credits posted", "debits pending",
                                           "credits pending", "red debits",     "red credits"};
  const RollUpTotals& t = row.totals;
  const Int128 stored[] = {t.debits_posted,   t.credits_posted, t.debits_pending,
                           t.credits_pending, t.debits_red,     t.credits_red};
  for (std::size_t i = 0; i < std::size(stored); ++i)
    if (stored[i] != sums.totals[i])
      return fmt::format("{} are {}, those of the accounts below are {}", kNames[i],
                         decimal(stored[i]), decimal(sums.totals[i]));
  if (row.accounts != sums.accounts)
    return fmt::format("it counts {} accounts, there are {}", row.accounts, sums.accounts);
  return {};
}

}  // namespace

Result<Fault> compare_roll_ups(const KeyValueStore& store, const Audit& audit) {
  const AuditedRollUps expected = roll_ups_of(audit);
  auto next = expected.begin();
  const auto cursor = store.cursor(Table::kRollUps);
  for (cursor->seek(""); cursor->valid(); cursor->next(), ++next) {
    const auto row = decode_roll_up(cursor->key(), cursor->value());
    if (!row) return fault(Table::kRollUps, "a row of another shape");
    if (next == expected.end() || std::pair(row->path, row->currency) < next->first)
      return fault(Table::kRollUps, "a row of {} in {}, below which there is no account", row->path,
                   code_of(row->currency));
    const auto& [path, currency] = next->first;
    if (std::pair(row->path, row->currency) != next->first)
      return fault(Table::kRollUps, "the row of {} in {} is missing", path, code_of(currency));
    if (const Fault what = difference(*row, next->second))
      return fault(Table::kRollUps, "{} in {}: {}", path, code_of(currency), *what);
  }
  TRY(cursor->status());
  if (next != expected.end())
    return fault(Table::kRollUps, "the row of {} in {} is missing", next->first.first,
                 code_of(next->first.second));
  return Fault{};
}

}  // namespace suanpan
