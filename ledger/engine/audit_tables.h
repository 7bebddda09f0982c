// Holds the tables of the projections against what the audit made of the journal. Each table is
// judged at its own stamp: a book that was killed left its tables behind the journal, and that is
// no fault.
//
// Errors are those of reading; a fault names the table and the row.
#pragma once
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

/// The audit must have taken exactly the entries up to the table's stamp.
Result<Fault> compare_accounts(const KeyValueStore& store, const Audit& audit);
Result<Fault> compare_entries(const KeyValueStore& store, const Audit& audit);
Result<Fault> compare_roll_ups(const KeyValueStore& store, const Audit& audit);
Result<Fault> compare_documents(const KeyValueStore& store, const Audit& audit);
Result<Fault> compare_ids(const KeyValueStore& store, const Audit& audit);
Result<Fault> compare_business_keys(const KeyValueStore& store, const Audit& audit);
/// A table without a stamp must be empty.
Result<Fault> compare_empty(const KeyValueStore& store, Table table);

}  // namespace suanpan
