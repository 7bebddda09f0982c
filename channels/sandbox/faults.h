// Faults, scripted: each is of a kind, bound to an operation and a number, and fires a counted
// number of times. Nothing goes wrong here that nobody asked for.
//
// As JSON (POST /sandbox/faults, one object or {"faults": [...]}):
//   {"kind": "drop_after", "operation": "wechat.place", "number": "T2026…", "times": 1,
//    "amount_fen": 0, "after_s": 0, "text": "", "mchid": ""}
// All but `kind` may be left out: an absent operation, number or mchid fits any, times is 1.
// A kind or operation that is not in the tables is refused, for a fault with a slip of the pen
// would never fire and its test would pass.
//
// Not thread-safe; owned by the Sandbox.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/json.h"
#include "ledger/base/result.h"

namespace suanpan::sandbox {

enum class Operation : std::uint8_t {
  kAny,
  kPlace,        ///< number: out_trade_no
  kQuery,        ///< number: out_trade_no or transaction_id, as asked
  kClose,        ///< number: out_trade_no
  kRefund,       ///< number: out_refund_no
  kQueryRefund,  ///< number: out_refund_no
  kCertificates,
  kTradeBill,     ///< number: the bill's date; of a row fault the row's out_trade_no
  kFundFlowBill,  ///< number: the bill's date
  kDownload,
  kNotify,         ///< number: out_trade_no of a payment, out_refund_no of a refund
  kBankPay,        ///< number: an EndToEndId of the message
  kBankQuery,      ///< number: EndToEndId
  kBankStatement,  ///< number: the statement's date
};
std::string_view name_of(Operation operation);  ///< "wechat.place", "bank.pay"; "" for kAny

enum class FaultKind : std::uint8_t {
  // any operation but kNotify
  kDropAfter,   ///< the work is done, the connection closed without an answer
  kDropBefore,  ///< the connection is closed, nothing was done
  kError500,    ///< 500 SYSTEM_ERROR, nothing was done
  kError429,    ///< 429 FREQUENCY_LIMITED, nothing was done
  // signed answers
  kForgedResponse,  ///< the work is done, the answer's signature does not hold
  kStaleResponse,   ///< the answer is signed 400 s in the past
  // refunds
  kRefundAbnormal,  ///< ends in ABNORMAL
  kRefundClosed,    ///< ends in CLOSED, the money stays with the merchant
  // notifications
  kNotifyLost,         ///< never sent, no retry either
  kNotifyDuplicate,    ///< sent once more
  kNotifyReordered,    ///< held back until a later notification has gone out
  kNotifyWrongAmount,  ///< says amount_fen, well signed
  kNotifyForged,       ///< its signature does not hold (the retry's does)
  // bills, decided when a bill is first issued
  kBillMissingRow,   ///< the rows of out_trade_no `number` are left out
  kBillExtraRow,     ///< a row nobody paid: out_trade_no `number`, amount_fen
  kBillNextDay,      ///< the rows of `number` are counted as of midnight, in the next day's bill
  kBillWrongAmount,  ///< the payment row of `number` says amount_fen
  kBillWrongFee,     ///< the payment row of `number` says amount_fen as its fee
  kBillWrongTotals,  ///< the summary is off by amount_fen (1 if 0)
  kBillWrongHash,    ///< the hash announced is another file's
  kBillTruncated,    ///< the file ends in the middle
  // bills, of one download: the next one is right again
  kBillWrongEncoding,  ///< in GBK instead of UTF-8
  kBillOtherMerchant,  ///< the rows name the merchant `text`, default 1900009999
  kBillOtherDay,       ///< the rows are dated a day earlier
  // bank
  kBankReject,             ///< RJCT at once; text: reason code, default AC06
  kBankRejectLater,        ///< ACSP first, then RJCT; text as above
  kBankReturn,             ///< settled, returned after_s later (default an hour); text: reason code
  kStatementWrongBalance,  ///< the closing balance is off by amount_fen (1 if 0)
  kStatementOtherAccount,  ///< names the account `text`, default 6228999999999999
  kStatementOtherDay,      ///< the statement of the day before
  // any answer of the bank in XML
  kXmlTruncated,   ///< ends in the middle
  kXmlEntityBomb,  ///< declares entities of entities, a billion in the end, and uses them
  kXmlOversized,   ///< longer than anyone should read: 17 MiB
};
std::string_view name_of(FaultKind kind);  ///< "drop_after"

struct Fault {
  FaultKind kind = FaultKind::kDropAfter;
  Operation operation = Operation::kAny;
  std::string number;  ///< empty fits any
  std::string mchid;   ///< empty fits any
  std::int64_t times = 1;
  std::int64_t amount_fen = 0;
  std::int64_t after_s = 0;
  std::string text;
};

class FaultScript {
 public:
  void add(Fault fault) { faults_.push_back(std::move(fault)); }
  void clear() { faults_.clear(); }

  /// The first fault of this kind that fits, used up by one. An empty `number` is fitted only by a
  /// fault without number.
  std::optional<Fault> take(FaultKind kind, Operation operation, std::string_view number,
                            std::string_view mchid = {});
  /// As take, for a fault whose number is what it brings rather than what it fits (an extra row).
  std::optional<Fault> take_bringing(FaultKind kind, Operation operation, std::string_view mchid);

  /// What has not fired yet.
  const std::vector<Fault>& pending() const { return faults_; }

 private:
  Fault use(std::size_t at);
  std::vector<Fault> faults_;
};

/// Reads the JSON form above. Errors: kMalformed naming the field.
Result<std::vector<Fault>> parse_faults(const JsonValue& value);
/// Writes one fault in that form.
void write_fault(JsonWriter& json, const Fault& fault);

}  // namespace suanpan::sandbox
