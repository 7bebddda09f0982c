// The merchant API's requests, typed and checked, from the fields that came over the wire.
//
// The order of a call: read_fields → parse_envelope (who claims to be calling) → find the app →
// verify_sign (sign.h) with known_fields → check_req_time → parse_*. Unknown fields are part of the
// signature and are then dropped, but for those of another endpoint, which are refused
// (signed_bodies.h). Jeepay's field lengths are kept where it documents them; Jeepay truncates 1.5
// fen to 1 and checks no times, we refuse.
//
// Errors of every parser: kMalformed or kTooLarge, in Chinese, naming the field and the rule, never
// the value. Pure functions and plain values.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/jeepay/field_bag.h"
#include "api/jeepay/sign.h"
#include "ledger/base/date.h"
#include "ledger/base/money.h"
#include "ledger/base/result.h"

namespace suanpan::api::jeepay {

enum class Endpoint : std::uint8_t {
  kUnifiedOrder,
  kPayQuery,
  kPayClose,
  kRefundOrder,
  kRefundQuery,
  kTransferOrder,
  kTransferQuery,
};

/// By path ("/api/pay/unifiedOrder"); nothing for another.
std::optional<Endpoint> endpoint_of(std::string_view path);
/// The fields Jeepay binds for that endpoint, common ones included, `sign` left out.
FieldNames known_fields(Endpoint endpoint);

/// A field that was sent and belongs to other endpoints, not to this one; nothing if there is none.
/// What no endpoint knows is not foreign: it is dropped, as Jeepay drops it.
std::optional<std::string_view> foreign_field(Endpoint endpoint, const FieldBag& bag);
/// Whether the body would have no foreign field at some other endpoint either.
bool fits_elsewhere(Endpoint endpoint, const FieldBag& bag);

inline constexpr std::int64_t kDefaultExpiry_s = 7200;
inline constexpr std::int64_t kMaxExpiry_s = 30 * 86'400;

/// What every request carries.
struct Envelope {
  std::string mch_no;
  std::string app_id;
  std::string version;
  SignType sign_type = SignType::kMd5;
  Timestamp req_time;
};

struct UnifiedOrderRequest {
  Envelope envelope;
  std::string mch_order_no;
  std::string way_code;
  Money amount;
  std::string subject;
  std::string body;
  std::string client_ip;
  std::string notify_url;
  std::string return_url;
  std::int64_t expires_in_s = kDefaultExpiry_s;
  std::string channel_extra;  ///< a JSON object, or empty
  std::string payer_openid;   ///< channelExtra.openid: personal data
  std::string ext_param;      ///< given back as it is
  std::int64_t division_mode = 0;
};

/// Query and close: at least one of the two is there; ours goes first.
struct PayOrderRequest {
  Envelope envelope;
  std::string pay_order_id;
  std::string mch_order_no;
};

struct RefundOrderRequest {
  Envelope envelope;
  std::string pay_order_id;  ///< at least one of the two
  std::string mch_order_no;
  std::string mch_refund_no;
  Money refund;
  std::string reason;
  std::string client_ip;
  std::string notify_url;
  std::string channel_extra;
  std::string ext_param;
};

struct RefundQueryRequest {
  Envelope envelope;
  std::string refund_order_id;  ///< at least one of the two
  std::string mch_refund_no;
};

struct TransferOrderRequest {
  Envelope envelope;
  std::string mch_order_no;
  std::string if_code;
  std::string entry_type;  ///< WX_CASH, ALIPAY_CASH or BANK_CARD
  Money amount;
  std::string account_no;  ///< personal data, as is the name
  std::string account_name;
  std::string bank_name;
  std::string transfer_desc;
  std::string client_ip;
  std::string notify_url;
  std::string channel_extra;
  std::string ext_param;
};

struct TransferQueryRequest {
  Envelope envelope;
  std::string transfer_id;  ///< at least one of the two
  std::string mch_order_no;
};

Result<Envelope> parse_envelope(const FieldBag& bag);
Result<UnifiedOrderRequest> parse_unified_order(const FieldBag& bag);
Result<PayOrderRequest> parse_pay_order(const FieldBag& bag);
Result<RefundOrderRequest> parse_refund_order(const FieldBag& bag);
Result<RefundQueryRequest> parse_refund_query(const FieldBag& bag);
Result<TransferOrderRequest> parse_transfer_order(const FieldBag& bag);
Result<TransferQueryRequest> parse_transfer_query(const FieldBag& bag);

/// |now - reqTime| <= window. To be asked after the signature has held, so that only the app itself
/// learns about its clock. An identical resend inside the window is a retry. Errors: kMismatch.
Result<void> check_req_time(const Envelope& envelope, Timestamp now, std::int64_t window_ms);

struct ContentField {
  std::string_view name;  ///< the wire's name, static
  std::string value;
  friend bool operator==(const ContentField&, const ContentField&) = default;
};

/// What makes two requests of one number the same request, in normal form (currency in upper case,
/// defaults filled in, blanks left out) and in a fixed order. Left out is what a resend may change:
/// reqTime, nonce, sign, signType, version, clientIp.
std::vector<ContentField> content_fields(const UnifiedOrderRequest& request);
std::vector<ContentField> content_fields(const RefundOrderRequest& request);
/// Holds personal data: keep digests of the values, not the values.
std::vector<ContentField> content_fields(const TransferOrderRequest& request);

}  // namespace suanpan::api::jeepay
