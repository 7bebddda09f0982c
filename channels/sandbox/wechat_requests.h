// Bodies of WeChat requests, read and checked field by field. Errors are PARAM_ERROR and name the
// field; unknown fields are ignored, as WeChat does. Pure functions.
#pragma once
#include <string>

#include "channels/sandbox/api_error.h"
#include "channels/sandbox/wechat_book.h"
#include "ledger/base/json.h"

namespace suanpan::sandbox {

/// An order of that type: appid, mchid, description (1-127 characters), out_trade_no (6-32 of
/// letters, digits and _-|*@), notify_url, amount.total >= 1 in CNY; JSAPI needs payer.openid, H5
/// scene_info with payer_client_ip and h5_info.type. `mchid` is who signed. Errors: PARAM_ERROR.
ApiResult<OrderTerms> parse_order(const JsonValue& body, TradeType type, const std::string& mchid);

/// A refund: exactly one of transaction_id and out_trade_no, out_refund_no (1-64), amount.refund
/// (1 to total), amount.total, amount.currency CNY. Errors: PARAM_ERROR.
ApiResult<RefundTerms> parse_refund(const JsonValue& body, const std::string& mchid);

/// The mchid of a close request, which must be the signer's. Errors: PARAM_ERROR.
ApiResult<void> check_mchid(const JsonValue& body, const std::string& mchid);

}  // namespace suanpan::sandbox
