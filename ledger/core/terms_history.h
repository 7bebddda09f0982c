// The history of an account's terms: limits, freezes, closing and reopening, hot or not. Every
// change leaves one finished document, in the change set that makes it, which says what the terms
// were, what they became, when and by which command.
//
//   key   := account u32 | version u32 (that the account has since)      big-endian: in their order
//   bytes := caller and id of the command (20) | at i64 | terms before | terms after
//   terms := limit u8 | credit_line i64 | bits u8 (1 frozen in, 2 out, 4 closed, 8 hot)
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "ledger/core/change_set.h"

namespace suanpan {

struct TermsChange {
  ClaimKey by;
  Timestamp at;
  AccountTerms before, after;
  friend bool operator==(const TermsChange&, const TermsChange&) = default;
};

/// The document of a change from `before` to `after`, which is a version later.
DocumentChange terms_change_of(const Account& before, const Account& after, const ClaimKey& by,
                               Timestamp at);
std::string terms_change_key(AccountId account, std::uint32_t version);

std::string encode(const TermsChange& change);
/// Nothing if the bytes are not exactly the encoding of a change.
std::optional<TermsChange> decode_terms_change(std::string_view bytes);

}  // namespace suanpan
