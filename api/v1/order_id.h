// The numbers that the native API gives its orders, refunds and payouts, and who made them.
//
//   id := letter caller digest     letter: N order, F refund, T payout; caller: 8 hexadecimal
//                                  digits; digest: the first 20 digits of the command's id
//
// 29 characters, which every channel takes. The caller in it says whose it is: an upstream key may
// touch only what it made. Pure.
#pragma once
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

#include "api/router.h"

namespace suanpan::api::v1 {

inline std::string order_id_of(char letter, const ClaimKey& key) {
  return fmt::format("{}{:08x}{}", letter, key.caller.value, key.id.hex().substr(0, 20));
}

/// The caller who made an order, refund or payout; nothing if it came another way.
inline std::optional<CallerId> order_owner(std::string_view id) {
  if (id.size() != 29 || (id[0] != 'N' && id[0] != 'F' && id[0] != 'T')) return std::nullopt;
  std::uint32_t caller = 0;
  const auto read = std::from_chars(id.data() + 1, id.data() + 9, caller, 16);
  if (read.ec != std::errc{} || read.ptr != id.data() + 9) return std::nullopt;
  return CallerId{caller};
}

inline bool owns_order(const Principal& principal, std::string_view id) {
  return order_owner(id) == std::optional(principal.caller);
}

}  // namespace suanpan::api::v1
