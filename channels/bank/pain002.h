// pain.002.001.11, the payment status report: what the bank says of the transfers that we sent.
//
//   CstmrPmtStsRpt
//     GrpHdr              MsgId CreDtTm
//     OrgnlGrpInfAndSts   OrgnlMsgId GrpSts? StsRsnInf*
//     OrgnlPmtInfAndSts*  PmtInfSts? StsRsnInf*
//       TxInfAndSts*      OrgnlEndToEndId TxSts? StsRsnInf* AccptncDtTm? AcctSvcrRef? OrgnlTxRef?
//
//   status            knowledge   transfer
//   ACTC ACSP PDNG    kKnown      kProcessing
//   ACSC              kKnown      kSucceeded
//   RJCT              kRejected   kFailed, with the bank's reason
//   any other, none   kUnknown    kProcessing: query again, never guess
//
// A transaction without a status of its own has that of its PmtInf, else that of the group, as the
// standard says. Pure; any thread.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "channels/channel.h"

namespace suanpan::channels::bank {

struct TransferReport {
  std::string end_to_end_id;
  std::string status;           ///< as the bank wrote it, "ACSC"; empty if it gave none
  std::optional<Money> amount;  ///< of the original transaction, where the bank repeats it
  TransferOutcome outcome;
};

struct Pain002 {
  std::string message_id;
  Timestamp created_at;
  std::string original_message_id;
  TransferOutcome group;  ///< kUnknown if the bank gave no group status
  std::vector<TransferReport> transfers;
};

inline constexpr std::string_view kPain002Namespace =
    "urn:iso:std:iso:20022:tech:xsd:pain.002.001.11";

/// Reads a report. Errors: those of XmlDocument::parse; kUnsupported for another message or
/// version; kMalformed for missing or repeated elements; kMismatch if one transfer is reported
/// twice.
Result<Pain002> parse_pain002(std::string_view xml);

/// What the report says of one transfer: its own line, else the group's status if the report is
/// about `message_id`, else kUnknown. A repeated amount that is not `amount` makes it kUnknown.
TransferOutcome outcome_of(const Pain002& report, std::string_view transfer_no,
                           std::string_view message_id, Money amount);

}  // namespace suanpan::channels::bank
