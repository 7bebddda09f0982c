// Digests and encodings, behind names of our own; OpenSSL is seen only in the .cc.
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "ledger/base/ids.h"
#include "ledger/base/result.h"

namespace suanpan {

using Sha256 = std::array<std::uint8_t, 32>;

/// A view of the digest: it must outlive it.
inline std::string_view bytes_of(const Sha256& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}
/// Of exactly 64 hexadecimal digits.
std::optional<Sha256> sha256_from_hex(std::string_view text);

Sha256 sha256(std::string_view bytes);
std::array<std::uint8_t, 20> sha1(std::string_view bytes);
std::array<std::uint8_t, 16> md5(std::string_view bytes);  ///< only where a protocol demands it
Sha256 hmac_sha256(std::string_view key, std::string_view bytes);

/// Running SHA-256 over several pieces. Not thread-safe.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(const Sha256Stream&) = delete;
  Sha256Stream& operator=(const Sha256Stream&) = delete;
  void update(std::string_view bytes);
  Sha256 finish();  ///< and starts afresh

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// The first 16 bytes of SHA-256, as an id.
Id128 id_of(std::string_view bytes);

std::string hex_lower(std::span<const std::uint8_t> bytes);
std::string hex_upper(std::span<const std::uint8_t> bytes);
std::optional<std::string> from_hex(std::string_view text);

std::string base64(std::string_view bytes);                     ///< standard alphabet, padded
std::optional<std::string> from_base64(std::string_view text);  ///< strict: padding required

/// Equal in content, in time that depends only on the lengths.
bool equal_constant_time(std::string_view a, std::string_view b);

/// Cryptographically random bytes; CHECKs that the generator works.
std::string random_bytes(std::size_t count);
Id128 random_id();

/// CRC-32C (Castagnoli), for block checksums.
std::uint32_t crc32c(std::string_view bytes);

namespace detail {
/// The running (not inverted) checksum without the processor's instruction; crc32c uses it where
/// the instruction is missing. Here so that a test can hold one against the other.
std::uint32_t crc32c_portable(std::uint32_t crc, const char* at, std::size_t size);
}  // namespace detail

}  // namespace suanpan
