// Holds the tables of the projections against what the audit made of the journal. Each table is
// judged at its own stamp: a book that was killed left its tables behind the journal, and that is
// no fault.
//
// Errors are those of reading; a fault names the table and the row.
#pragma once
#include <fmt/format.h>

#include "ledger/engine/audit.h"

namespace suanpan {

/// What the accounts below a path hold together: posted, reserved and red, debits first.
struct AuditedRollUp {
  Int128 totals[6] = {};
  std::uint32_t accounts = 0;
};
/// By path, then currency: the order of the rows. Summed up anew from the audit's accounts.
using AuditedRollUps = std::map<std::pair<std::string, Currency>, AuditedRollUp>;
AuditedRollUps roll_ups_of(const Audit& audit);

/// Where the histories of a purged book's accounts begin: what the audit had of each account, by
/// number, at the end of the archived part. Of the rows there, the last may stay.
struct ArchivedHistories {
  struct Account {
    EntryDigest entries;
    EntryTotals totals;
    std::int32_t latest = kNoDate;
  };
  ArchivedHistories() = default;
  explicit ArchivedHistories(const Audit& audit);
  Account of(std::size_t index) const {
    return index < accounts.size() ? accounts[index] : Account{};
  }

  std::uint64_t until = 0;
  std::vector<Account> accounts;
};

/// What is wrong with a table: "table ids: …".
template <class... Args>
Fault fault(Table table, fmt::format_string<Args...> format, Args&&... args) {
  return fmt::format("table {}: ", name_of(table)) +
         fmt::format(format, std::forward<Args>(args)...);
}

/// The audit must have taken exactly the entries up to the table's stamp.
Result<Fault> compare_accounts(const KeyValueStore& store, const Audit& audit);
/// `archived`: what the histories begin with, where the book was purged.
Result<Fault> compare_entries(const KeyValueStore& store, const Audit& audit,
                              const ArchivedHistories& archived = {});
Result<Fault> compare_roll_ups(const KeyValueStore& store, const Audit& audit);
Result<Fault> compare_documents(const KeyValueStore& store, const Audit& audit);
Result<Fault> compare_ids(const KeyValueStore& store, const Audit& audit);
Result<Fault> compare_business_keys(const KeyValueStore& store, const Audit& audit);
/// A table without a stamp must be empty.
Result<Fault> compare_empty(const KeyValueStore& store, Table table);

}  // namespace suanpan
