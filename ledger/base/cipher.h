// Authenticated encryption, behind names of our own.
#pragma once
#include <string>
#include <string_view>

#include "ledger/base/result.h"

namespace suanpan {

/// AES-GCM; the tag (16 bytes) is appended to the ciphertext. The key is 16 or 32 bytes, the nonce
/// 12. CHECKs lengths that are ours to get right.
std::string encrypt_aes_gcm(std::string_view key, std::string_view nonce,
                            std::string_view associated_data, std::string_view plaintext);
/// Errors: kMalformed for lengths, kBadSignature if the tag does not hold (nothing is returned
/// then).
Result<std::string> decrypt_aes_gcm(std::string_view key, std::string_view nonce,
                                    std::string_view associated_data, std::string_view ciphertext);

/// A string that holds a secret: wiped on destruction, prints as "***" in every format.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value);
  Secret(const Secret&) = default;
  Secret(Secret&&) noexcept = default;
  Secret& operator=(const Secret& other);
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();
  /// The only way to the content; grep for it when looking for leaks.
  std::string_view reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  static void wipe(std::string& value);
  std::string value_;
};

}  // namespace suanpan

template <>
struct fmt::formatter<suanpan::Secret> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const suanpan::Secret&, Context& context) const {
    return fmt::formatter<std::string_view>::format("***", context);
  }
};
