// The payee of a payout or a merchant as it comes in; one rule for both, since what a merchant is
// given as its payee is paid without being read again.
#pragma once
#include "api/v1/body.h"
#include "channels/payee.h"

namespace suanpan::api::v1 {

/// Reads member "payee": name (1 to 140 bytes of text), account (1 to 34 digits), bank (CNAPS code,
/// 联行号, 12 digits). What is wrong is noted in `in`.
channels::Payee read_payee(Fields& in);

/// What a resend is told by: sealing differs each time, and this digest only we can make.
std::string blinded(const Vault& vault, const channels::Payee& payee);

}  // namespace suanpan::api::v1
