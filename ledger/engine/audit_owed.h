// What the documents of one command say that the same command must hold besides: legs, by the
// postings table of core/plan_order.h, in the order in which that table names them; and documents
// of the outbox.
//
// Lives as long as the auditor looks at the command.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ledger/base/money.h"
#include "ledger/core/account.h"
#include "ledger/core/document.h"

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

/// To the merchant, of a change of state.
struct OwedNotice {
  std::string topic, id, url;
};

/// Of a webhook's delivery that was given up.
struct OwedLetter {
  std::string webhook;
  std::int64_t epoch = 0, after = 0, through = 0, attempts = 0;
  friend bool operator==(const OwedLetter&, const OwedLetter&) = default;
};

struct OwedByCommand {
  std::vector<OwedLeg> legs;
  std::vector<OwedNotice> notices;
  std::vector<OwedLetter> letters;
  std::vector<const Document*> made;  ///< new notifications and dead letters
};

}  // namespace suanpan
