// Numbers that look random and are a function of the seed alone (splitmix64), so that a run can be
// repeated to the byte. Good enough for nonces of a sandbox, never for keys: those are made by
// keys.h from the machine's generator. Not thread-safe.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/base/ids.h"

namespace suanpan::sandbox {

class SeededRandom {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    return mix64(state_);
  }
  /// `count` characters of [0-9A-Za-z]: nonces, tokens.
  std::string letters(std::size_t count) {
    return pick("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", count);
  }
  std::string digits(std::size_t count) { return pick("0123456789", count); }
  std::string hex(std::size_t count) { return pick("0123456789abcdef", count); }

 private:
  std::string pick(std::string_view alphabet, std::size_t count) {
    std::string out(count, '\0');
    for (char& c : out) c = alphabet[next() % alphabet.size()];
    return out;
  }
  std::uint64_t state_;
};

}  // namespace suanpan::sandbox
