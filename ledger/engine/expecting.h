// A precondition on a command: what its caller expects of versions and balances of accounts.
#pragma once
#include "ledger/core/voucher_rules.h"
#include "ledger/engine/book.h"

namespace suanpan {

/// The command, to be carried out only if all of `expects` holds when its turn comes (of none: the
/// command as it is). Refusals besides its own: kAccountMissing and kValueInvalid, which leave
/// nothing; kExpectedAccountNotFound, kVersionNotExpected and kBalanceNotExpected, journalled as
/// any. What is expected is part of its content, which a resend must repeat. CHECKs that the
/// command is no voucher (that says itself what it expects) and has no expectations yet.
Command expecting(Command command, std::vector<Expectation> expects);

}  // namespace suanpan
