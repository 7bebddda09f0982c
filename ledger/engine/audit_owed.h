// What the documents of one command say that the same command must hold besides: legs, by the
// postings table of core/plan_order.h, in the order in which that table names them.
//
// Lives as long as the auditor looks at the command.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ledger/base/money.h"
#include "ledger/core/account.h"

namespace suanpan {

/// One side of a leg: the account that a document names, or, where none does, any one of a type.
struct OwedPlace {
  std::optional<std::string> code;
  AccountType type{};            ///< without a code
  AccountId* account = nullptr;  ///< the one that it was before, or 0, and then the one it is now
};

struct OwedLeg {
  std::string by;  ///< "order P1"
  OwedPlace debit, credit;
  Money amount;  ///< of nothing: no leg
};

struct OwedByCommand {
  std::vector<OwedLeg> legs;
};

}  // namespace suanpan
