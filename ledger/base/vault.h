// Encryption of what must not lie in the journal in clear: app secrets, key secrets, payees' names
// and account numbers. The key lies in a file of its own, outside the journal and its backups.
//
// Immutable after open(); thread-safe.
#pragma once
#include <filesystem>

#include "ledger/base/cipher.h"
#include "ledger/base/result.h"

namespace suanpan {

class Vault {
 public:
  /// Reads the key file (32 bytes), or makes it (mode 0600, synced) if `create` and it is missing.
  /// Errors: kNotFound, kIo, kCorrupt (another length), kConfig (readable by others).
  static Result<Vault> open(const std::filesystem::path& key_file, bool create);

  /// AES-256-GCM under a fresh nonce, base64 with a version in front: "v1:…". `context` (what it is
  /// and whose) must be given again to open it: a sealed text cannot be moved elsewhere.
  std::string seal(std::string_view context, std::string_view plaintext) const;
  /// Errors: kMalformed, kBadSignature.
  Result<Secret> unseal(std::string_view context, std::string_view sealed) const;
  /// A keyed digest for look-ups and for idempotency of personal values: 32 hexadecimal digits.
  std::string blind(std::string_view context, std::string_view value) const;
  /// What a book journals of its vault key: an HMAC of a fixed label under it. Tells one key from
  /// another and nothing of the key.
  std::string check_value() const { return blind("vault check", "suanpan"); }

 private:
  explicit Vault(Secret key) : key_(std::move(key)) {}
  Secret key_;
};

}  // namespace suanpan
