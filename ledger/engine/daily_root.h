// The root of a day: where the book's chain stood when the day was cut, signed (store/root_file.h).
// Who keeps the roots, or only the public keys, can tell later whether the journal was written
// anew.
//
// A book says in its own journal which keys sign its days: the document "root-keys" (kBookSetting),
// the two public keys in PEM. From then on every day cut is due a root; `verify` demands it. The
// private keys lie in a file outside the database and its backups.
//
//   balances := SHA-256 over every account that has moved, by number:
//               number u32 | code length u16 | code | currency u16
//               | posted debits, posted credits, red debits, red credits i64   (little-endian)
//
// The root is on stable storage before anything that came with the cut, or after it, is answered.
// So a root can be missing by a crash only for the journal's last block; it is then signed when the
// book is opened again.
#pragma once
#include <filesystem>

#include "ledger/base/signing_key.h"
#include "ledger/core/account.h"
#include "ledger/engine/book.h"
#include "ledger/store/root_file.h"

namespace suanpan {

inline constexpr std::string_view kRootKeysDocument = "root-keys";

/// Raw, over one message.
struct RootSignatures {
  std::string ed25519, sm2;
};

/// Who judges signatures: the two public keys, by scheme.
struct RootVerifier {
  std::optional<VerifyingKey> ed25519, sm2;

  /// One or two public keys in PEM, each scheme at most once. Errors: kMalformed.
  static Result<RootVerifier> from_pem(std::string_view pem);
  /// What does not hold: "its Ed25519 signature does not hold"; nothing if all does. A scheme
  /// without a key is not judged.
  std::optional<std::string> judge(const DailyRoot& root) const;
  std::optional<std::string> judge(std::string_view message, const RootSignatures& by) const;
};

class RootKeys {
 public:
  /// Reads the key file, or makes it (mode 0600, synced) and beside it "<file>.pub", the public
  /// keys to be kept elsewhere. Errors: kNotFound, kIo, kCorrupt, kConfig (readable by others).
  static Result<RootKeys> open(const std::filesystem::path& file, bool create);

  void sign(DailyRoot& root) const;
  RootSignatures sign(std::string_view message) const;
  /// The document's bytes: both public keys.
  std::string public_pem() const;

 private:
  RootKeys(SigningKey ed25519, SigningKey sm2)
      : ed25519_(std::move(ed25519)), sm2_(std::move(sm2)) {}
  SigningKey ed25519_, sm2_;
};

/// Journals the keys that sign the book's days from now on.
Command keep_root_keys(const RootKeys& keys);

class BalancesDigest {
 public:
  /// In the order of their numbers. An account that has not moved adds nothing.
  void add(const Account& account, std::int64_t debits, std::int64_t credits,
           std::int64_t debits_red, std::int64_t credits_red);
  Sha256 finish() { return digest_.finish(); }

 private:
  Sha256Stream digest_;
};

/// The accepted day cuts of a block: the day that was cut, the day it opened.
struct CutDay {
  Date day, next;
};
std::vector<CutDay> cut_days(const Block& block);

}  // namespace suanpan
