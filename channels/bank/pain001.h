// pain.001.001.09, the credit transfer initiation: transfers out of supervised accounts, as the
// bank wants them. Pure and deterministic: same header, same transfers, same bytes.
//
//   CstmrCdtTrfInitn
//     GrpHdr   MsgId CreDtTm NbOfTxs CtrlSum InitgPty/Nm
//     PmtInf*  one per (payer account, execution date), in order of first appearance, numbered P1 …
//       CdtTrfTxInf*  in the order given; EndToEndId is our transfer number
//
// NbOfTxs and CtrlSum are exact over the message and over each PmtInf. Every length limit of the
// schema is an error here: nothing is cut, because a cut name or number pays someone else.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "channels/channel.h"

namespace suanpan::channels::bank {

/// An account of ours at the bank that may pay.
struct DebtorAccount {
  std::string account;  ///< Max34Text
  std::string name;     ///< of the account holder, Max140Text
  std::string bank;     ///< CNAPS code, 12 digits
};

struct Pain001Header {
  std::string message_id;  ///< Max35Text; the bank refuses a second one with other content
  Timestamp created_at;
  std::string initiating_party;  ///< Max140Text
  std::vector<DebtorAccount> debtors;
};

inline constexpr std::string_view kPain001Namespace =
    "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09";

/// The message. Errors, each naming the field and the transfer number but no name or account:
/// kMalformed (no transfers; an empty, over-long or unprintable field; a bank code that is not 12
/// digits; an amount that is not positive; no execution date), kTooLarge (an amount above
/// kMaxAmountMinor, a sum of more than 18 digits), kMismatch (one number twice, two currencies),
/// kNotFound (a payer account that is none of the header's).
Result<std::string> write_pain001(const Pain001Header& header,
                                  std::span<const TransferRequest> transfers);

/// An id as we give them to a bank: 1-35 printable ASCII characters without blanks.
bool is_bank_id(std::string_view text);

}  // namespace suanpan::channels::bank
