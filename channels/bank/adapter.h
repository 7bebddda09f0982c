// The supervision bank as a channel: payouts, their status, statements.
//
//   POST /bank/pain001                                          pain.001 → pain.002
//   GET  /bank/pain002?end_to_end_id=NO                         → pain.002, 404 if unknown
//   GET  /bank/camt053?account=A&date=YYYY-MM-DD[&version=02]   → camt.053, 404 if none yet
//
// Every request carries Bank-Timestamp (Unix seconds) and Bank-Signature, the lower-case hex of
// HMAC-SHA256(key, timestamp "\n" body) for a POST, (key, timestamp "\n" target) for a GET. Answers
// are not signed: TLS vouches for them.
//
// The end-to-end id is the bank's idempotency key: sending the same number with the same content
// again pays once. So a number is resent after kNotAccepted, queried after kUnknown, and replaced
// only after kRejected.
//
// Sans-IO and immutable: any thread may use one adapter.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "channels/bank/camt053.h"
#include "channels/bank/pain001.h"
#include "channels/channel.h"
#include "ledger/base/cipher.h"
#include "ledger/base/http_message.h"

namespace suanpan::channels::bank {

/// What decode_transfer_query puts into error_code when the bank does not know the number: it
/// comes with kNotAccepted, and the SAME number may be sent again.
inline constexpr std::string_view kUnknownTransfer = "UNKNOWN_TRANSFER";

struct BankSettings {
  std::string initiating_party;
  std::vector<DebtorAccount> debtors;  ///< our accounts that may pay
  Secret key;
};

enum class StatementVersion : std::uint8_t { kV02 = 2, kV08 = 8 };

/// The value of Bank-Signature; `payload` is the body of a POST, the target of a GET.
std::string bank_signature(const Secret& key, std::string_view timestamp, std::string_view payload);

class BankAdapter {
 public:
  explicit BankAdapter(BankSettings settings);

  /// One transfer as a message of its own; message id = transfer number, so a resend is the same
  /// message. `now` is the real clock's. Errors: those of write_pain001; kConfig without a key.
  Result<HttpRequest> encode_transfer(const TransferRequest& request, Timestamp now) const;
  /// Errors: kMalformed if it is no number of ours; kConfig without a key.
  Result<HttpRequest> encode_transfer_query(std::string_view transfer_no, Timestamp now) const;
  /// Errors: kMalformed for an empty account or one of more than 34 characters; kConfig.
  Result<HttpRequest> encode_statement(std::string_view account, Date date,
                                       StatementVersion version, Timestamp now) const;

  // The answer is a response, or what the transport said instead. `amount` is what was sent: a
  // report of another amount is not believed.

  /// pain.002 in a 2xx or 4xx decides by its status. Without one: 429, 401, 403 and a connection
  /// never made are kNotAccepted; all else (timeout, 5xx whatever its body, other 4xx, bytes that
  /// cannot be read, a report of something else) is kUnknown.
  static TransferOutcome decode_transfer(std::string_view transfer_no, Money amount,
                                         const Result<HttpResponse>& answer);
  /// As above, but a query that was not answered says nothing about the transfer: kUnknown, always.
  /// Only 404 is kNotAccepted, with kUnknownTransfer.
  static TransferOutcome decode_transfer_query(std::string_view transfer_no, Money amount,
                                               const Result<HttpResponse>& answer);
  /// The one statement of that account and day (its CLBD date). Errors: the transport's; kNotFound
  /// (404: not made yet), kUnavailable (429), kIo (5xx), kUnsupported (another status, or not a
  /// camt.053), those of parse_camt, kMismatch (another account or day, or several statements).
  static Result<Statement> decode_statement(std::string_view account, Date date,
                                            const Result<HttpResponse>& answer);

 private:
  Result<HttpRequest> sign(HttpRequest request, Timestamp now) const;
  BankSettings settings_;
};

}  // namespace suanpan::channels::bank
