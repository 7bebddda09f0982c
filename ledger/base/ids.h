// Strong ids: explicit construction, ordering, hash, format; no arithmetic, no mixing of kinds.
#pragma once
#include <fmt/format.h>

#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/keyed_hash.h"

namespace suanpan {

/// An integer id of one kind. `Tag` only tells kinds apart.
template <class Tag, class Rep>
struct StrongId {
  Rep value{};
  constexpr StrongId() = default;
  constexpr explicit StrongId(Rep v) : value(v) {}
  friend constexpr auto operator<=>(const StrongId&, const StrongId&) = default;
};

/// A 128-bit id: random, or the first half of a SHA-256 over what it names.
struct Id128 {
  std::uint64_t hi = 0;
  std::uint64_t lo = 0;
  friend constexpr auto operator<=>(const Id128&, const Id128&) = default;
  constexpr bool is_zero() const { return hi == 0 && lo == 0; }

  /// 32 lower-case hexadecimal digits.
  std::string hex() const { return fmt::format("{:016x}{:016x}", hi, lo); }
  /// Reads exactly what hex() writes (either case); nothing otherwise.
  static std::optional<Id128> from_hex(std::string_view text);
};

/// Mixes all bits into the low ones (the finaliser of splitmix64). Whoever knows what it mixes can
/// choose the result: for numbers that we give, and for what is stored.
constexpr std::uint64_t mix64(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

inline std::optional<Id128> Id128::from_hex(std::string_view text) {
  if (text.size() != 32) return std::nullopt;
  Id128 id;
  for (std::size_t i = 0; i < 32; ++i) {
    const char c = text[i];
    std::uint64_t digit = 0;
    if (c >= '0' && c <= '9')
      digit = static_cast<std::uint64_t>(c - '0');
    else if (c >= 'a' && c <= 'f')
      digit = static_cast<std::uint64_t>(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F')
      digit = static_cast<std::uint64_t>(c - 'A' + 10);
    else
      return std::nullopt;
    std::uint64_t& half = i < 16 ? id.hi : id.lo;
    half = half << 4 | digit;
  }
  return id;
}

}  // namespace suanpan

template <class Tag, class Rep>
struct std::hash<suanpan::StrongId<Tag, Rep>> {
  std::size_t operator()(const suanpan::StrongId<Tag, Rep>& id) const {
    return suanpan::mix64(static_cast<std::uint64_t>(id.value));
  }
};
/// Keyed, because callers choose ids: another one in each process.
template <>
struct std::hash<suanpan::Id128> {
  std::size_t operator()(const suanpan::Id128& id) const {
    return suanpan::keyed_hash(suanpan::kHashKey, id.lo, id.hi);
  }
};
template <class Tag, class Rep>
struct fmt::formatter<suanpan::StrongId<Tag, Rep>> : fmt::formatter<Rep> {
  template <class Context>
  auto format(const suanpan::StrongId<Tag, Rep>& id, Context& context) const {
    return fmt::formatter<Rep>::format(id.value, context);
  }
};
template <>
struct fmt::formatter<suanpan::Id128> : fmt::formatter<std::string> {
  template <class Context>
  auto format(const suanpan::Id128& id, Context& context) const {
    return fmt::formatter<std::string>::format(id.hex(), context);
  }
};
