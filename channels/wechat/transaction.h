// The two objects that answers and notifications share: a transaction and a refund. Internal.
#pragma once
#include <string>
#include <string_view>

#include "channels/channel.h"
#include "channels/wechat/credentials.h"
#include "ledger/base/json.h"

namespace suanpan::channels::wechat {

/// A transaction object of ours. Errors: kMalformed, kMismatch (another merchant or app, a paid
/// order in another currency than CNY), kUnsupported (a trade_state that we do not know).
struct Transaction {
  std::string order_no;
  std::string trade_state;
  PayOutcome outcome;  ///< kKnown
};
Result<Transaction> read_transaction(const Credentials& credentials, const JsonValue& object);

/// A refund object; its state is called `status` in answers, `refund_status` in notifications, and
/// only answers name the currency. Errors: kMalformed, kMismatch (currency), kUnsupported.
struct Refund {
  std::string order_no;
  std::string refund_no;
  std::string state;
  Money total;            ///< of the order
  RefundOutcome outcome;  ///< kKnown
};
enum class RefundForm : std::uint8_t { kAnswer, kNotification };
Result<Refund> read_refund(const JsonValue& object, RefundForm form);

/// A member that may be absent or null. Errors: kMalformed if it is there and not a string.
Result<std::string> optional_string(const JsonValue& object, std::string_view key);

}  // namespace suanpan::channels::wechat
