// What an upstream system may say about where an order's money belongs, beside what Jeepay's fields
// can say: a JSON object in channelExtra or extParam.
//
//   {"lines": [{"label": "材料", "amount": 6000}, …],   parts of the order, in minor units
//    "account": "2201/维修资金/小区1/3幢/0402",           supervised funds (监管资金) to credit
//    "product": "REPAIR"}                               which fee applies
//
// The object goes by whole or not at all: if both fields speak of these three members, the order is
// refused. Other members are somebody else's (openid). extParam is free text for Jeepay, so text
// that is no object says nothing; text that begins as one and is broken is refused, because an
// account that is overlooked sends money to the wrong place. Pure functions.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "channels/merchant.h"
#include "ledger/base/money.h"
#include "ledger/base/result.h"
#include "ledger/core/order.h"

namespace suanpan::api::jeepay {

struct Instructions {
  struct Line {
    std::string label;
    std::int64_t amount = 0;
    friend bool operator==(const Line&, const Line&) = default;
  };
  std::vector<Line> lines;
  std::string account;
  std::string product;
  friend bool operator==(const Instructions&, const Instructions&) = default;
};

inline constexpr std::size_t kMaxLines = 32;

/// Errors: kMalformed, kTooLarge; in Chinese, naming the member.
Result<Instructions> read_instructions(std::string_view channel_extra, std::string_view ext_param);

/// Whether `account` lies below `path`, by whole segments: "2201/a" is not above "2201/ab".
bool is_below(std::string_view path, std::string_view account);

/// The lines of an order. A direct merchant has none: its money never comes here. Errors:
/// kMalformed when the lines do not sum to the amount; kMismatch for an account that the merchant
/// may not direct money to, and for instructions that a direct merchant cannot have.
Result<std::vector<OrderLine>> order_lines(const channels::Merchant& merchant,
                                           const Instructions& instructions, Money amount);

/// The account that a transfer is paid from: the merchant's payable, or a supervised one. Errors:
/// kMismatch, as above.
Result<std::string> source_account(const channels::Merchant& merchant,
                                   const Instructions& instructions);

}  // namespace suanpan::api::jeepay
