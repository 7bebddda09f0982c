// Where a payer finds the page of an order (收银台): the address holds a token that only we can
// make, so that nobody finds orders by counting. Pure functions.
#pragma once
#include <string>
#include <string_view>

#include "ledger/base/vault.h"

namespace suanpan::api::jeepay {

/// 32 hexadecimal digits; the same for ever, so a resent order gets the same link.
std::string cashier_token(const Vault& vault, std::string_view order_id);
/// "https://pay.example.cn/cashier/P…?t=…"; `public_url` may end with a slash.
std::string cashier_url(std::string_view public_url, const Vault& vault, std::string_view order_id);

}  // namespace suanpan::api::jeepay
