// A merchant's own parameter (extParam): ours to keep and to give back, not to read, and people's
// names and numbers stand in it. So orders, refunds and payouts carry it sealed, under
// "ext-param|<mch_no>", and it is opened for the answers and notifications to that merchant.
// Commands are compared by a digest of it (Vault::blind), never by itself. Pure.
#pragma once
#include <string>
#include <string_view>

#include "ledger/base/vault.h"

namespace suanpan::channels {

/// What goes into Order::ext_param and its like; empty stays empty.
std::string seal_ext_param(const Vault& vault, std::string_view mch_no, std::string_view text);
/// Errors: kCorrupt (another merchant's, or another vault's).
Result<std::string> open_ext_param(const Vault& vault, std::string_view mch_no,
                                   std::string_view sealed);

}  // namespace suanpan::channels
