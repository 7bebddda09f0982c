// WeChat's records as JSON: what queries, refunds and notifications carry. Pure functions.
#pragma once
#include <optional>
#include <string>

#include "channels/sandbox/api_error.h"
#include "channels/sandbox/wechat_book.h"

namespace suanpan::sandbox {

/// {"code", "message"}.
std::string error_json(const ApiError& error);

/// What placing an order answers: code_url, h5_url or prepay_id.
std::string placed_json(const Order& order);

/// A transaction as queries tell it. Without a payment it is NOTPAY or CLOSED; a payment with
/// refunds is REFUND.
std::string transaction_json(const Order& order, const Payment* payment, Timestamp now);
/// The same as its notification tells it: always SUCCESS. `total_fen` in place of the true amount
/// is a fault.
std::string transaction_event_json(const Order& order, const Payment& payment,
                                   std::optional<std::int64_t> total_fen);

/// A refund as POST and query answer it.
std::string refund_json(const Refund& refund);
/// As its notification tells it.
std::string refund_event_json(const Refund& refund, std::optional<std::int64_t> refund_fen);

}  // namespace suanpan::sandbox
