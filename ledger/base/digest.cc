#include "ledger/base/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

#include "ledger/base/check.h"

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace suanpan {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

Context new_context() {
  Context context(EVP_MD_CTX_new());
  CHECK_OR_DIE(context != nullptr, "no memory for a digest");
  return context;
}

// Fetching an algorithm takes a lock and a look-up each time, more than a small hash costs: each is
// fetched once and lives as long as the process.
const EVP_MD* fetch(const char* name) {
  const EVP_MD* algorithm = EVP_MD_fetch(nullptr, name, nullptr);
  CHECK_OR_DIE(algorithm != nullptr, "OpenSSL offers no {}", name);
  return algorithm;
}
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = fetch("SHA256");
  return algorithm;
}
const EVP_MD* sha1_algorithm() {
  static const EVP_MD* const algorithm = fetch("SHA1");
  return algorithm;
}
const EVP_MD* md5_algorithm() {
  static const EVP_MD* const algorithm = fetch("MD5");
  return algorithm;
}

void start(EVP_MD_CTX* context, const EVP_MD* algorithm) {
  CHECK_OR_DIE(EVP_DigestInit_ex2(context, algorithm, nullptr) == 1, "digest: init failed");
}
void feed(EVP_MD_CTX* context, const void* bytes, std::size_t size) {
  CHECK_OR_DIE(EVP_DigestUpdate(context, bytes, size) == 1, "digest: update failed");
}
template <std::size_t kSize>
void end(EVP_MD_CTX* context, std::array<std::uint8_t, kSize>& out) {
  unsigned written = 0;
  CHECK_OR_DIE(EVP_DigestFinal_ex(context, out.data(), &written) == 1 && written == kSize,
               "digest: final failed");
}

template <std::size_t kSize>
std::array<std::uint8_t, kSize> digest(EVP_MD_CTX* context, const EVP_MD* algorithm,
                                       std::string_view bytes) {
  std::array<std::uint8_t, kSize> out;
  start(context, algorithm);
  feed(context, bytes.data(), bytes.size());
  end(context, out);
  return out;
}

// A context keeps what it allocated for its algorithm, so each thread has one per algorithm.
EVP_MD_CTX* sha256_context() {
  thread_local const Context context = new_context();
  return context.get();
}

std::string hex(std::span<const std::uint8_t> bytes, const char* digits) {
  std::string text(bytes.size() * 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    text[2 * i] = digits[bytes[i] >> 4];
    text[2 * i + 1] = digits[bytes[i] & 15];
  }
  return text;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr char kBase64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> kBase64Value = [] {
  std::array<std::int8_t, 256> values{};
  values.fill(-1);
  for (int i = 0; i < 64; ++i)
    values[static_cast<unsigned char>(kBase64[i])] = static_cast<std::int8_t>(i);
  return values;
}();

/// Tables for eight bytes a step: kCrcTables[k][b] is byte b followed by k zero bytes.
constexpr std::array<std::array<std::uint32_t, 256>, 8> kCrcTables = [] {
  constexpr std::uint32_t kReflectedPolynomial = 0x82f63b78;
  std::array<std::array<std::uint32_t, 256>, 8> tables{};
  for (std::uint32_t b = 0; b < 256; ++b) {
    std::uint32_t crc = b;
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? kReflectedPolynomial : 0);
    tables[0][b] = crc;
  }
  for (std::size_t k = 1; k < 8; ++k)
    for (std::size_t b = 0; b < 256; ++b)
      tables[k][b] = tables[k - 1][b] >> 8 ^ tables[0][tables[k - 1][b] & 255];
  return tables;
}();

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_hardware(std::uint32_t crc, const char* at,
                                                                std::size_t size) {
  std::uint64_t wide = crc;
  for (; size >= 8; size -= 8, at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    wide = _mm_crc32_u64(wide, word);
  }
  crc = static_cast<std::uint32_t>(wide);
  for (; size > 0; --size, ++at) crc = _mm_crc32_u8(crc, static_cast<unsigned char>(*at));
  return crc;
}
#endif

}  // namespace

namespace detail {

std::uint32_t crc32c_portable(std::uint32_t crc, const char* at, std::size_t size) {
  const auto byte = [&at](std::size_t i) { return static_cast<unsigned char>(at[i]); };
  for (; size >= 8; size -= 8, at += 8) {
    std::uint32_t next = 0;
    for (std::size_t i = 0; i < 8; ++i) {
      const std::uint32_t mixed = i < 4 ? byte(i) ^ (crc >> (8 * i) & 255) : byte(i);
      next ^= kCrcTables[7 - i][mixed];
    }
    crc = next;
  }
  for (; size > 0; --size, ++at) crc = crc >> 8 ^ kCrcTables[0][(crc ^ byte(0)) & 255];
  return crc;
}

}  // namespace detail

Sha256 sha256(std::string_view bytes) {
  return digest<32>(sha256_context(), sha256_algorithm(), bytes);
}

std::array<std::uint8_t, 20> sha1(std::string_view bytes) {
  thread_local const Context context = new_context();
  return digest<20>(context.get(), sha1_algorithm(), bytes);
}

std::array<std::uint8_t, 16> md5(std::string_view bytes) {
  thread_local const Context context = new_context();
  return digest<16>(context.get(), md5_algorithm(), bytes);
}

Sha256 hmac_sha256(std::string_view key, std::string_view bytes) {
  // RFC 2104 over our cached digest: OpenSSL 3.0's own MAC object costs several times the hashing.
  constexpr std::size_t kBlock = 64;
  std::array<std::uint8_t, kBlock> block{};
  if (key.size() > kBlock) {
    const Sha256 short_key = sha256(key);
    std::copy(short_key.begin(), short_key.end(), block.begin());
  } else {
    std::copy(key.begin(), key.end(), block.begin());
  }
  EVP_MD_CTX* const context = sha256_context();
  Sha256 tag;
  for (std::uint8_t& b : block) b ^= 0x36;
  start(context, sha256_algorithm());
  feed(context, block.data(), kBlock);
  feed(context, bytes.data(), bytes.size());
  end(context, tag);
  for (std::uint8_t& b : block) b ^= 0x36 ^ 0x5c;
  start(context, sha256_algorithm());
  feed(context, block.data(), kBlock);
  feed(context, tag.data(), tag.size());
  end(context, tag);
  OPENSSL_cleanse(block.data(), kBlock);
  return tag;
}

struct Sha256Stream::State {
  Context context = new_context();
};

Sha256Stream::Sha256Stream() : state_(std::make_unique<State>()) {
  start(state_->context.get(), sha256_algorithm());
}
Sha256Stream::~Sha256Stream() = default;

void Sha256Stream::update(std::string_view bytes) {
  feed(state_->context.get(), bytes.data(), bytes.size());
}

Sha256 Sha256Stream::finish() {
  Sha256 out;
  end(state_->context.get(), out);
  start(state_->context.get(), sha256_algorithm());
  return out;
}

Id128 id_of(std::string_view bytes) {
  const Sha256 digest = sha256(bytes);
  Id128 id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.hi = id.hi << 8 | digest[i];
    id.lo = id.lo << 8 | digest[i + 8];
  }
  return id;
}

std::string hex_lower(std::span<const std::uint8_t> bytes) {
  return hex(bytes, "0123456789abcdef");
}
std::string hex_upper(std::span<const std::uint8_t> bytes) {
  return hex(bytes, "0123456789ABCDEF");
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string bytes(text.size() / 2, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const int high = hex_digit(text[2 * i]);
    const int low = hex_digit(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes[i] = static_cast<char>(high * 16 + low);
  }
  return bytes;
}

std::optional<Sha256> sha256_from_hex(std::string_view text) {
  const auto bytes = from_hex(text);
  Sha256 digest;
  if (!bytes || bytes->size() != digest.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), digest.begin());
  return digest;
}

std::string base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k)
      group = group << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    text += kBase64[group >> 18 & 63];
    text += kBase64[group >> 12 & 63];
    text += count > 1 ? kBase64[group >> 6 & 63] : '=';
    text += count > 2 ? kBase64[group & 63] : '=';
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  const std::size_t digits = text.size() - padding;
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    const std::int8_t value = kBase64Value[static_cast<unsigned char>(text[i])];
    if (value < 0) return std::nullopt;
    group = group << 6 | static_cast<std::uint32_t>(value);
    if (i % 4 == 3) {
      bytes += {static_cast<char>(group >> 16 & 255), static_cast<char>(group >> 8 & 255),
                static_cast<char>(group & 255)};
      group = 0;
    }
  }
  // One encoding for each content: the bits that padding leaves unused must be zero.
  if (padding == 1) {
    if ((group & 3) != 0) return std::nullopt;
    bytes += {static_cast<char>(group >> 10 & 255), static_cast<char>(group >> 2 & 255)};
  } else if (padding == 2) {
    if ((group & 15) != 0) return std::nullopt;
    bytes += static_cast<char>(group >> 4 & 255);
  }
  return bytes;
}

bool equal_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  CHECK_OR_DIE(
      RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) == 1,
      "the random generator does not work");
  return bytes;
}

Id128 random_id() {
  Id128 id;
  unsigned char bytes[16];
  CHECK_OR_DIE(RAND_bytes(bytes, sizeof bytes) == 1, "the random generator does not work");
  std::memcpy(&id.hi, bytes, 8);
  std::memcpy(&id.lo, bytes + 8, 8);
  return id;
}

std::uint32_t crc32c(std::string_view bytes) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  if (has_instruction) return ~crc32c_hardware(~0U, bytes.data(), bytes.size());
#endif
  return ~detail::crc32c_portable(~0U, bytes.data(), bytes.size());
}

}  // namespace suanpan
