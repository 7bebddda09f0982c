// What every channel speaks: requests in our words, outcomes in our words. An adapter is sans-IO:
//
//   encode_*(request) → HttpRequest        nothing is sent here
//   decode_*(answer)  → outcome            never throws, never guesses
//   verify_notification(request) → event   believed only if the signature holds
//
// One driver (payment_service.h) sends, with deadlines, retries by class, and back-off.
//
// The four classes of knowledge are the heart of it: an answer that cannot be believed, a timeout
// and a 5xx are kUnknown; only a query settles them.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "ledger/base/date.h"
#include "ledger/base/http_message.h"
#include "ledger/base/money.h"
#include "ledger/base/result.h"

namespace suanpan::channels {

enum class Knowledge : std::uint8_t {
  kKnown,        ///< the channel answered believably; `status` says what it said
  kUnknown,      ///< it may or may not have happened: keep the state, query later
  kNotAccepted,  ///< definitely not taken (429, refused connection): the same number may be resent
  kRejected,     ///< definitely refused for good: the attempt has failed
};

enum class PayStatus : std::uint8_t { kWaiting, kPaid, kClosed, kFailed, kRefunding };
enum class RefundStatus : std::uint8_t { kProcessing, kSucceeded, kClosed, kAbnormal };
enum class TransferStatus : std::uint8_t { kProcessing, kSucceeded, kFailed, kReturned };

/// How the payer is to pay. The names are Jeepay's wayCode, which upstream systems send.
enum class Way : std::uint8_t { kWxNative = 1, kWxJsapi, kWxH5, kWxApp, kBankTransfer, kQrCashier };
std::string_view name_of(Way way);  ///< "WX_NATIVE"
std::optional<Way> way_of(std::string_view name);

struct PayRequest {
  std::string order_no;  ///< our number at the channel (out_trade_no), 6-32 characters
  Way way = Way::kWxNative;
  Money amount;
  std::string description;
  std::string notify_url;
  std::string payer_openid;  ///< WX_JSAPI only
  std::string client_ip;
  Timestamp expires_at;
};

struct PayOutcome {
  Knowledge knowledge = Knowledge::kUnknown;
  PayStatus status = PayStatus::kWaiting;
  std::string pay_data_type;  ///< Jeepay's payDataType: codeUrl, payurl, wxapp, none
  std::string pay_data;
  std::string channel_order_no;  ///< the channel's own number, once it has told one
  Money paid;                    ///< kPaid only: what the channel says was paid
  Timestamp paid_at;             ///< kPaid only
  std::string error_code;        ///< the channel's code, else ours
  std::string error_message;
};

struct RefundRequest {
  std::string order_no;
  std::string refund_no;  ///< our number at the channel (out_refund_no)
  Money refund;
  Money total;  ///< of the original order
  std::string reason;
  std::string notify_url;
};

struct RefundOutcome {
  Knowledge knowledge = Knowledge::kUnknown;
  RefundStatus status = RefundStatus::kProcessing;
  std::string channel_refund_no;
  Money refunded;
  Timestamp refunded_at;
  std::string error_code;
  std::string error_message;
};

struct TransferRequest {
  std::string transfer_no;  ///< our number: the end-to-end id at the bank, its idempotency key
  Money amount;
  std::string payer_account;
  std::string payee_name;
  std::string payee_account;
  std::string payee_bank;  ///< CNAPS code (12 digits)
  std::string remark;
  Date execute_on;
};

struct TransferOutcome {
  Knowledge knowledge = Knowledge::kUnknown;
  TransferStatus status = TransferStatus::kProcessing;
  std::string channel_transfer_no;
  Timestamp settled_at;
  std::string error_code;
  std::string error_message;
};

/// A notification whose signature held. Whether it fits an order is the caller's to check:
/// merchant, app, order number, amount and currency, every time.
struct PayEvent {
  enum class Kind : std::uint8_t { kPayment, kRefund } kind = Kind::kPayment;
  std::string notification_id;
  std::string merchant_id;  ///< the channel's merchant number
  std::string app_id;
  std::string order_no;
  std::string refund_no;  ///< kRefund only
  PayOutcome pay;
  RefundOutcome refund;
  Money total;  ///< the order's total as the channel knows it
};

}  // namespace suanpan::channels
