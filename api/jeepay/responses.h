// The merchant API's answers and notifications, as the official SDK accepts them.
//
//   answer       {"code":0,"msg":"SUCCESS","data":{…},"sign":"…"}   sign covers data only, MD5 of
//                "key=SECRET" for an empty data; upper case; data flat (the SDK fails otherwise)
//   refusal      {"code":9999,"msg":"…"}                             neither data nor sign
//   notification a form: the query's data + reqTime + sign, no version, no signType
//
// HTTP status 200 in all cases: the SDK throws on others. Values are signed as the text that stands
// in the answer. What has no value is left out. Pure functions and plain values.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/jeepay/field_bag.h"
#include "api/jeepay/sign.h"
#include "ledger/base/cipher.h"
#include "ledger/base/date.h"
#include "ledger/base/money.h"
#include "ledger/base/result.h"

namespace suanpan::api::jeepay {

enum class ApiCode : std::int32_t {
  kOk = 0,
  kSystem = 10,      ///< ours: it may be asked again
  kParameter = 11,   ///< the request is malformed
  kBusiness = 9999,  ///< everything a business says no to, signatures included
};

// The numbers on the wire.
enum class PayState : std::uint8_t {
  kCreated = 0,
  kPaying,
  kSuccess,
  kFailed,
  kRevoked,
  kRefunded,
  kClosed
};
/// Refunds and transfers.
enum class RefundState : std::uint8_t { kCreated = 0, kProcessing, kSuccess, kFailed, kClosed };
using TransferState = RefundState;

struct ChannelError {
  std::string code;
  std::string message;
};

struct UnifiedOrderData {
  std::string pay_order_id;
  std::string mch_order_no;
  PayState state = PayState::kCreated;
  std::string pay_data_type;  ///< payurl, codeUrl, wxapp, none, …
  std::string pay_data;
  ChannelError error;
};

/// Of query and notification.
struct PayOrderData {
  std::string pay_order_id;
  std::string mch_no;
  std::string app_id;
  std::string mch_order_no;
  std::string if_code;
  std::string way_code;
  Money amount;
  PayState state = PayState::kCreated;
  std::string client_ip;
  std::string subject;
  std::string body;
  std::string channel_order_no;
  ChannelError error;
  std::string ext_param;
  std::optional<Timestamp> success_at;
  Timestamp created_at;
};

struct RefundOrderData {
  std::string refund_order_id;
  std::string mch_refund_no;
  std::int64_t pay_amount_fen = 0;
  Money refund;
  RefundState state = RefundState::kCreated;
  std::string channel_order_no;
  ChannelError error;
};

/// Of query and notification.
struct RefundQueryData {
  RefundOrderData refund;
  std::string pay_order_id;
  std::string mch_no;
  std::string app_id;
  std::string ext_param;
  std::optional<Timestamp> success_at;
  Timestamp created_at;
};

struct TransferOrderData {
  std::string transfer_id;
  std::string mch_order_no;
  Money amount;
  std::string account_no;
  std::string account_name;
  std::string bank_name;
  TransferState state = TransferState::kCreated;
  std::string channel_order_no;
  std::string channel_res_data;
  ChannelError error;
};

/// Of query and notification.
struct TransferQueryData {
  TransferOrderData transfer;
  std::string mch_no;
  std::string app_id;
  std::string if_code;
  std::string entry_type;
  std::string transfer_desc;
  std::string channel_extra;
  std::string ext_param;
  std::optional<Timestamp> success_at;
  Timestamp created_at;
};

FieldBag fields_of(const UnifiedOrderData& data);
FieldBag fields_of(const PayOrderData& data);
FieldBag fields_of(const RefundOrderData& data);
FieldBag fields_of(const RefundQueryData& data);
FieldBag fields_of(const TransferOrderData& data);
FieldBag fields_of(const TransferQueryData& data);

/// How the app's answers and notifications are signed: as its requests are.
struct Signer {
  const Secret& app_secret;
  SignType type = SignType::kMd5;
};

/// The body of a good answer. CHECKs that data is flat. An empty bag is close's `{}`.
std::string render_success(const FieldBag& data, const Signer& signer);
/// The body of a refusal.
std::string render_error(ApiCode code, std::string_view message);
/// The same for an error of parsing or verifying. What failed inside of us is not told.
std::string render_error(const Error& error);

/// 商户订单[x]已存在
std::string order_exists_message(std::string_view mch_order_no);

/// `data` + reqTime + sign, in that order.
FieldBag signed_fields(FieldBag data, Timestamp now, const Signer& signer);

/// returnUrl with the signed fields appended to its query, before its fragment.
std::string return_url_of(std::string_view return_url, const FieldBag& fields);

}  // namespace suanpan::api::jeepay
