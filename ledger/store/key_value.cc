#include "ledger/store/key_value.h"

namespace suanpan {

const char* name_of(Table table) {
  switch (table) {
    case Table::kMeta:
      return "meta";
    case Table::kJournal:
      return "journal";
    case Table::kAccounts:
      return "accounts";
    case Table::kEntries:
      return "entries";
    case Table::kDocuments:
      return "documents";
    case Table::kIds:
      return "ids";
    case Table::kIdFilter:
      return "id_filter";
    case Table::kRollUps:
      return "roll_ups";
    case Table::kBusinessKeys:
      return "business_keys";
  }
  return "?";
}

}  // namespace suanpan
