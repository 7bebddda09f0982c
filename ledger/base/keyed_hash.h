// The hash of tables in memory whose keys others choose: ids of commands, numbers of orders, names
// of accounts. It is keyed by random words of this process: who does not know them cannot choose
// keys that all fall into one place of a table and make every look-up walk through all of them.
//
// So it differs from run to run. Nothing that is stored, journalled, answered or put in an order
// may depend on it. What is stored has a hash of its own, written down where it is used.
//
// Its step is a product of two words of 64 bits, each hidden by a word of the key, the product's
// halves folded into one. Every bit of the result may be used: low, high, or modulo a prime.
#pragma once
#include <cstdint>
#include <cstring>
#include <string_view>

namespace suanpan {

struct HashKey {
  std::uint64_t words[4] = {};
  /// From the system's random source. Ends the process if there is none.
  static HashKey draw();
};

/// This process's. Drawn before main() by the first file that includes this one, so a look at it is
/// a load, without a branch; a table in a static object of any such file finds it drawn.
inline const HashKey kHashKey = HashKey::draw();

__extension__ typedef unsigned __int128 Uint128;

constexpr std::uint64_t folded_product(std::uint64_t a, std::uint64_t b) {
  const Uint128 product = static_cast<Uint128>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

constexpr std::uint64_t keyed_hash(const HashKey& key, std::uint64_t a, std::uint64_t b,
                                   std::uint64_t c = 0) {
  const std::uint64_t h = folded_product(a ^ key.words[0], b ^ key.words[1]);
  // Small numbers are spread first: nothing comes after this product that would do it.
  return folded_product(h ^ key.words[2], c * 0x9e3779b97f4a7c15 ^ key.words[3]);
}

inline std::uint64_t keyed_hash(const HashKey& key, std::string_view text) {
  const auto word = [](const char* at, std::size_t bytes) {
    std::uint64_t value = 0;
    std::memcpy(&value, at, bytes);
    return value;
  };
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t h = key.words[1];
  for (; left > 16; left -= 16, at += 16)
    h = folded_product(word(at, 8) ^ key.words[0], word(at + 8, 8) ^ h);
  // The rest as two words that may overlap; with its length they tell it.
  std::uint64_t a = 0, b = 0;
  if (left >= 8) {
    a = word(at, 8);
    b = word(at + left - 8, 8);
  } else if (left >= 4) {
    a = word(at, 4);
    b = word(at + left - 4, 4);
  } else if (left > 0) {
    a = word(at, 1) | word(at + left / 2, 1) << 8;
    b = word(at + left - 1, 1);
  }
  h = folded_product(a ^ key.words[0], b ^ h);
  return folded_product(h ^ key.words[2], text.size() ^ key.words[3]);
}

/// For tables with names as keys; looks up by a view.
struct KeyedHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return keyed_hash(kHashKey, text); }
};

}  // namespace suanpan
