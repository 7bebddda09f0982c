// Who a payout goes to. Kept only sealed: a payout and a merchant carry the sealed text, and it is
// opened for the moment in which the bank's message is written, and masked for people.
//
// Sealed under the payee's own key, found by his account number, for "payee|<mch_no>", so that a
// merchant's payee moves into its payouts as it stands and into nobody else's.
#pragma once
#include <string>
#include <string_view>

#include "ledger/base/vault.h"
#include "ledger/engine/book.h"

namespace suanpan::channels {

struct Payee {
  std::string name;
  std::string account;
  std::string bank;  ///< CNAPS code, 12 digits
  /// His key was erased: the other members read kErasedMark, and nothing can be paid to them.
  bool erased = false;
};

/// The payee's key. Errors: kIo, kCorrupt.
Result<SubjectKey> payee_key(const Vault& vault, const Payee& payee);
/// The same for what the command under `claim` says of him: person_key() of personal_texts.h.
Result<SubjectKey> payee_key(const Vault& vault, const Book& book, const ClaimKey& claim,
                             const Payee& payee);
/// What goes into Merchant::payee_sealed and Payout::payee_sealed.
std::string seal_payee(const SubjectKey& key, std::string_view mch_no, const Payee& payee);
/// Errors: kMalformed, kBadSignature (another merchant's), kNotFound (a key that is not there).
Result<Payee> open_payee(const Vault& vault, std::string_view mch_no, std::string_view sealed);
/// A name for people and for documents, the one rule for both: of a person the family name (张**),
/// of a long Chinese name, which is a firm's, the first and last two characters (安居***公司). What
/// is not wholly Chinese shows its first character, because a short piece of it may be a name.
///
///   1 character: *        2 to 4: the first, a star for each other (张*, 欧**)
///   5 to 7: the first, *** (工***)        8 and more, all Chinese: two, ***, two
std::string mask_name(std::string_view name);
/// "张** ****0013": masked name and end of the number; kErasedMark of one that is erased.
std::string mask_payee(const Payee& payee);
/// The same of a sealed one; empty where there is none, "****" where it does not open.
std::string masked_payee(const Vault& vault, std::string_view mch_no, std::string_view sealed);

}  // namespace suanpan::channels
