// Who a payout goes to. Kept only sealed: a payout and a merchant carry the sealed text, and it is
// opened for the moment in which the bank's message is written.
//
// Sealed under "payee|<mch_no>", so that a merchant's payee moves into its payouts as it stands and
// into nobody else's.
#pragma once
#include <string>
#include <string_view>

#include "ledger/base/vault.h"

namespace suanpan::channels {

struct Payee {
  std::string name;
  std::string account;
  std::string bank;  ///< CNAPS code, 12 digits
};

/// What goes into Merchant::payee_sealed and Payout::payee_sealed.
std::string seal_payee(const Vault& vault, std::string_view mch_no, const Payee& payee);
/// Errors: kMalformed, kBadSignature (another merchant's, or another vault's).
Result<Payee> open_payee(const Vault& vault, std::string_view mch_no, std::string_view sealed);
/// "工程公司 ****0013": for people.
std::string mask_payee(const Payee& payee);

}  // namespace suanpan::channels
