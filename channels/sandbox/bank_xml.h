// The bank's messages as XML: pain.001.001.09 in, pain.002.001.11 and camt.053 (.001.08 and
// .001.02) out. All that is written validates against the ISO 20022 schemas. Pure functions.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "channels/sandbox/bank_book.h"
#include "ledger/base/result.h"

namespace suanpan::sandbox {

struct PaymentMessage {
  std::string message_id;
  std::vector<CreditTransfer> transfers;
};

/// Reads a pain.001. Namespace prefixes do not matter. Refused: document types (entities), over a
/// megabyte, over 1,000 transfers, counts and sums that disagree with the transfers, one end-to-end
/// id twice. The error's message begins with the reason code: "FF01 …", "AM10 …", "AM05 …"; its
/// code is kMalformed, kTooLarge or kMismatch. `message_id` is filled as soon as it is known.
Result<PaymentMessage> parse_pain001(std::string_view xml, std::string& message_id);

struct TransferStatus {
  std::string payment_info_id, end_to_end_id;
  std::string status;
  Rejection rejection;  ///< empty code: none
  std::string reference;
  std::int64_t amount_fen = 0;
};

struct StatusReport {
  std::string message_id;  ///< of the report
  Timestamp created_at;
  std::string original_message_id;  ///< empty: not known
  std::string group_status;         ///< empty: leave out
  Rejection group_rejection;
  std::vector<TransferStatus> transfers;
};
std::string write_pain002(const StatusReport& report);

struct StatementPage {
  const BankAccount* account = nullptr;
  Date date;
  std::int64_t opening_fen = 0;
  std::int64_t closing_fen = 0;  ///< as it is to be printed
  std::vector<const BankEntry*> entries;
  unsigned version = 8;  ///< 8 or 2
};
/// The statement of a day. Equal pages are equal bytes: the creation time is the end of the day.
std::string write_camt053(const StatementPage& page);

/// The five predefined entities; control characters, which XML cannot hold, become blanks.
std::string escape_xml(std::string_view text);

}  // namespace suanpan::sandbox
