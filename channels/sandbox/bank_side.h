// A supervision bank over HTTP.
//
//   POST /bank/pain001                                       pain.001.001.09 → pain.002.001.11
//   GET  /bank/pain002?end_to_end_id=NO                      → pain.002.001.11, 404 if unknown
//   GET  /bank/camt053?account=A&date=YYYY-MM-DD[&version=02|08]   → camt.053; 404 until the day
//                                                            has ended
//
// Every request carries Bank-Timestamp (Unix seconds, within five minutes) and Bank-Signature: the
// hexadecimal HMAC-SHA256, under the shared key, of
//     timestamp "\n" body      for a POST
//     timestamp "\n" target    for a GET (path and query as sent)
// Otherwise 401. Answers are not signed.
//
// pain.001: the answer says ACSP (executes today), ACTC (dated ahead) or RJCT per transfer. The
// same MsgId with the same transfers gets the first answer, byte for byte; with others it is
// refused (DU01). The same EndToEndId in another message gets the first status; with other content
// AM05. A message refused as a whole leaves nothing behind. pain.002: PDNG until the transfer
// settles, then ACSC, or RJCT. A transfer returned later stays ACSC: its return is a credit entry
// with RtrInf in the statement.
//
// Not thread-safe; the Sandbox owns it.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "channels/sandbox/bank_book.h"
#include "channels/sandbox/bank_xml.h"
#include "channels/sandbox/faults.h"
#include "channels/sandbox/moment.h"
#include "ledger/base/cipher.h"
#include "ledger/base/http_message.h"

namespace suanpan::sandbox {

struct BankSettings {
  std::vector<BankAccountSettings> accounts;
  std::int64_t settle_delay_s = 30;  ///< from acceptance to ACSC
};

class BankSide {
 public:
  BankSide(const Secret& key, BankSettings settings, FaultScript& faults);

  /// Answers a request below /bank/; nothing if the connection is to be closed without an answer.
  std::optional<HttpResponse> handle(const HttpRequest& request, Moment now);
  void advance(Timestamp now);

  BankBook& book() { return book_; }
  const BankBook& book() const { return book_; }

 private:
  bool is_authentic(const HttpRequest& request, Timestamp wire) const;
  HttpResponse pay(const HttpRequest& request, const Result<PaymentMessage>& message,
                   const std::string& message_id, Timestamp now);
  HttpResponse status(const std::string& end_to_end_id, Timestamp now);
  using Query = std::vector<std::pair<std::string, std::string>>;
  HttpResponse statement(const Query& query, Timestamp now);
  BankBook::Fate fate_of(const std::string& end_to_end_id);
  std::optional<HttpResponse> work(const HttpRequest& request, Operation operation,
                                   const Query& query, Timestamp now);
  std::string next_report_id(Timestamp now);

  const Secret& key_;
  FaultScript& faults_;
  BankBook book_;
  std::vector<BankAccountSettings> to_open_;  ///< at the first call, which brings the date
  struct Message {
    std::vector<CreditTransfer> transfers;
    std::string answer;
  };
  std::map<std::string, Message> messages_;  ///< by MsgId
  std::uint64_t reports_ = 0;
};

}  // namespace suanpan::sandbox
