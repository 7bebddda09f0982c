// Whose key opens a sealed text: read off its outside, without any key. Pure.
//
//   sealed := "k1:" name ":" base64        name := ("p" | "o") slot "." salt: subject_keys.h
//
// In a document's JSON a sealed text is the whole value of a member whose name ends in "_sealed".
// What people write cannot pass for one: a quote inside a string is escaped.
//
// Books of before format 5 (store/format.h) hold such texts in clear, and no erasure reaches them.
// What reads those makes of them, where a sealed text is expected,
//
//   clear := "clear:" {"title","detail","own_sealed"}     own_sealed: "v1:…" under the vault's key
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace suanpan {

inline constexpr std::string_view kSealedPrefix = "k1:";
inline constexpr std::string_view kClearPrefix = "clear:";
inline constexpr std::string_view kSealedMember = "_sealed\":\"k1:";  ///< in a document's bytes

/// Whether a key can have that name.
inline bool is_key_name(std::string_view name) {
  const auto all_of = [](std::string_view text, std::string_view chars) {
    return text.find_first_not_of(chars) == std::string_view::npos;
  };
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos || dot < 2 || dot > 16) return false;
  const std::string_view slot = name.substr(1, dot - 1), salt = name.substr(dot + 1);
  return (name[0] == 'p' || name[0] == 'o') && all_of(slot, "0123456789") &&
         (slot[0] != '0' || slot == "0") && salt.size() == 8 && all_of(salt, "0123456789abcdef");
}

/// The name of the key; nothing if that is no sealed text.
inline std::optional<std::string_view> sealed_key_name(std::string_view sealed) {
  if (!sealed.starts_with(kSealedPrefix)) return std::nullopt;
  const std::size_t end = sealed.find(':', kSealedPrefix.size());
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view name = sealed.substr(kSealedPrefix.size(), end - kSealedPrefix.size());
  if (!is_key_name(name)) return std::nullopt;
  return name;
}

/// How a member that is sealed under that key stands in a document's bytes.
inline std::string sealed_member(std::string_view key_name) {
  return std::string(kSealedMember).append(key_name) + ":";
}

}  // namespace suanpan
