// Encryption of what must not lie in the journal in clear. Secrets (of apps, keys, webhooks) are
// sealed under the vault's own key, which lies in a file of its own, outside the journal and its
// backups. Personal data is sealed under the key of whom it is about (subject_keys.h), which can be
// erased: "k1:<name of the key>:<base64 of nonce, ciphertext and tag>".
//
// Digests (blind) are made under the vault's key and outlive an erasure: with the vault key in hand
// a guess can be held against them, without it they tell nothing.
//
// Thread-safe.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>

#include "ledger/base/cipher.h"
#include "ledger/base/ids.h"
#include "ledger/base/result.h"
#include "ledger/base/subject_keys.h"

namespace suanpan {

class Vault {
 public:
  /// Reads the key file (32 bytes) and those of persons beside it, or makes what is missing (mode
  /// 0600, synced) if `create`. Errors: kNotFound, kIo, kCorrupt (another length), kConfig
  /// (readable by others), kMismatch (keys of persons that another vault key wraps).
  static Result<Vault> open(const std::filesystem::path& key_file, bool create);
  /// The same in two steps, for who must see first whether the keys of persons may be made. Between
  /// them nothing of persons is sealed or opened.
  static Result<Vault> open_key(const std::filesystem::path& key_file, bool create);
  Result<void> open_subjects(bool create);

  /// AES-256-GCM under a fresh nonce, base64 with a version in front: "v1:…". `context` (what it is
  /// and whose) must be given again to open it: a sealed text cannot be moved elsewhere.
  std::string seal(std::string_view context, std::string_view plaintext) const;
  /// Errors: kMalformed, kBadSignature.
  Result<Secret> unseal(std::string_view context, std::string_view sealed) const;
  /// The keys of persons, which a vault that is only read hands out and erases all the same.
  SubjectKeys& subjects() const;
  /// Who a person is, by what identifies him: `kind` "account" (a bank account's digits) or
  /// "openid". Tells nobody without the vault key who it is.
  Id128 subject_index(std::string_view kind, std::string_view identifier) const;
  /// Seals personal data under a subject's key.
  static std::string seal_under(const SubjectKey& key, std::string_view context,
                                std::string_view plaintext);
  /// Nothing: its key was erased. Errors: kMalformed, kBadSignature; kNotFound for a key that is
  /// not in the files; kIo, kCorrupt.
  Result<std::optional<Secret>> unseal_under(std::string_view context,
                                             std::string_view sealed) const;

  /// A keyed digest for look-ups and for idempotency of personal values: 32 hexadecimal digits.
  std::string blind(std::string_view context, std::string_view value) const;
  /// What a book journals of its vault key: an HMAC of a fixed label under it. Tells one key from
  /// another and nothing of the key.
  std::string check_value() const { return blind("vault check", "suanpan"); }

 private:
  Vault(std::filesystem::path key_file, Secret key)
      : key_file_(std::move(key_file)), key_(std::move(key)) {}
  std::filesystem::path key_file_;
  Secret key_;
  std::unique_ptr<SubjectKeys> subjects_;
};

}  // namespace suanpan
