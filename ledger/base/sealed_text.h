// Whose key opens a sealed text: read off its outside, without any key. Pure.
//
//   sealed := "k1:" name ":" base64        name: subject_keys.h
#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace suanpan {

inline constexpr std::string_view kSealedPrefix = "k1:";
inline constexpr std::size_t kMaxKeyNameBytes = 32;

/// The name of the key; nothing if that is no sealed text.
inline std::optional<std::string_view> sealed_key_name(std::string_view sealed) {
  if (!sealed.starts_with(kSealedPrefix)) return std::nullopt;
  const std::size_t end = sealed.find(':', kSealedPrefix.size());
  if (end == std::string_view::npos || end == kSealedPrefix.size() ||
      end - kSealedPrefix.size() > kMaxKeyNameBytes)
    return std::nullopt;
  return sealed.substr(kSealedPrefix.size(), end - kSealedPrefix.size());
}

/// How a text that is sealed under that key begins: what to look for in a document's bytes.
inline std::string sealed_beginning(std::string_view key_name) {
  return std::string(kSealedPrefix).append(key_name) + ":";
}

}  // namespace suanpan
