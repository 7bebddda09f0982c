// The bodies of order and refund requests, and what an order answer becomes for the payer.
// Internal.
#pragma once
#include <string>
#include <string_view>

#include "channels/channel.h"
#include "channels/wechat/signer.h"
#include "ledger/base/json.h"

namespace suanpan::channels::wechat {

/// "native", "jsapi", "h5", "app". Errors: kUnsupported.
Result<std::string_view> product_of(Way way);

/// Errors: kMalformed, kUnsupported; see Adapter::encode_place.
Result<std::string> order_body(const Credentials& credentials, const PayRequest& request);
Result<std::string> refund_body(const RefundRequest& request);

struct PaymentData {
  std::string type;  ///< Jeepay's payDataType
  std::string data;
};
/// Errors: kMalformed if the answer lacks what the way needs.
Result<PaymentData> payment_data(const Credentials& credentials, Way way, const JsonValue& answer,
                                 const Stamp& stamp);

}  // namespace suanpan::channels::wechat
