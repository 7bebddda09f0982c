#include "ledger/core/voucher.h"

#include <cstring>

namespace suanpan {

ClaimKey::Packed ClaimKey::packed() const {
  // Big-endian, so that the bytes sort like the key.
  const std::uint32_t first = __builtin_bswap32(caller.value);
  const std::uint64_t rest[] = {__builtin_bswap64(id.hi), __builtin_bswap64(id.lo)};
  Packed out;
  std::memcpy(out.bytes, &first, sizeof first);
  std::memcpy(out.bytes + sizeof first, rest, sizeof rest);
  return out;
}

std::optional<ClaimKey> ClaimKey::from_bytes(std::string_view bytes) {
  if (bytes.size() != 20) return std::nullopt;
  ClaimKey key;
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); };
  for (std::size_t i = 0; i < 4; ++i) key.caller.value = key.caller.value << 8 | at(i);
  for (std::size_t i = 4; i < 12; ++i) key.id.hi = key.id.hi << 8 | at(i);
  for (std::size_t i = 12; i < 20; ++i) key.id.lo = key.id.lo << 8 | at(i);
  return key;
}

std::string ClaimKey::hex() const {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string out(40, '0');
  std::size_t end = out.size();
  const auto put = [&](std::uint64_t value, int digits) {
    for (int i = 0; i < digits; ++i, value >>= 4) out[--end] = kDigits[value & 15];
  };
  put(id.lo, 16);
  put(id.hi, 16);
  put(caller.value, 8);
  return out;
}

std::optional<ClaimKey> ClaimKey::from_hex(std::string_view text) {
  if (text.size() != 40) return std::nullopt;
  const auto id = Id128::from_hex(text.substr(8));
  const auto caller = Id128::from_hex("000000000000000000000000" + std::string(text.substr(0, 8)));
  if (!id || !caller) return std::nullopt;
  return ClaimKey{*id, CallerId{static_cast<std::uint32_t>(caller->lo)}};
}

}  // namespace suanpan
