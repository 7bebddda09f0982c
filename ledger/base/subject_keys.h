// The keys of persons: one random data key for each subject of personal data, wrapped (AES-256-GCM)
// under the book's vault key and kept outside the journal, so that deleting a key erases what was
// sealed with it, wherever a copy of the journal lies.
//
//   <vault key>.persons   of persons: payers, payees; found by the subject's index
//   <vault key>.orders    of orders, sub-accounts, that name no person: made in stock and taken one
//                         by one, so that few orders wait for a sync: those that find few left
//
//   file:   head slot*                           each of 128 bytes; a slot's number is its place
//   head:   "suanpan-keys 1\n" vault's check value (32) zeros
//   slot:   state (1: 'K' key, 'X' erased) zeros (3) salt (4) index (16; orders: zeros)
//           nonce (12) wrapped key (48) zeros sum (4, CRC-32C of all before)
//
// A slot is wrapped with its name and index as associated data, so it is of no use in another
// place. Names ("p15.7f3a91c2": file, slot, salt) are never given twice, not even by a file that
// was put back from an older copy: the salt is random.
//
// Durability: of() and take() return a key that is on stable storage; a crash before its first use
// leaves a key that nothing is sealed with. erase() overwrites the slot where it lies and syncs it.
// Promised: the files hold no trace of the key any more. Not promised: what a disk that does not
// write in place (flash, copy-on-write, snapshots) keeps below the file system, nor copies of these
// files made by others; those open nothing without the vault key.
//
// Thread-safe. An index is an HMAC under the vault key (Vault::subject_index).
#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/cipher.h"
#include "ledger/base/ids.h"
#include "ledger/base/result.h"

namespace suanpan {

struct SubjectKey {
  std::string name;
  Secret key;
};

class SubjectKeys {
 public:
  /// `vault_key`: the path of the vault's file, which names these; `wrapping`: its content. Makes
  /// both files if `create` and they are missing. Errors: kNotFound, kIo, kConfig (readable by
  /// others), kMismatch (made with another vault key), kCorrupt (no head).
  static Result<std::unique_ptr<SubjectKeys>> open(const std::filesystem::path& vault_key,
                                                   const Secret& wrapping,
                                                   std::string_view check_value, bool create);
  ~SubjectKeys();

  /// Who hears of a write or sync that failed, before the call that needed it answers. A server
  /// stops answering then: its journal lies on the same disk. Set once, before threads call.
  void on_failed_write(std::function<void(const Error&)> hear);

  /// The key of a person, made where there is none or the last was erased. Errors: kIo, kCorrupt.
  Result<SubjectKey> of(const Id128& index);
  /// The name of a person's present key.
  std::optional<std::string> find(const Id128& index) const;
  /// Whether of() answers without a sync, its own or another's.
  bool has(const Id128& index) const;
  /// A key that nobody has. Errors: kIo.
  Result<SubjectKey> take();
  /// Whether take() answers without a sync, unless many take at this moment.
  bool has_stock() const;

  /// Nothing: it was erased. Errors: kMalformed (no name), kNotFound (a name that these files do
  /// not know: an older copy), kCorrupt, kIo.
  Result<std::optional<Secret>> key(std::string_view name) const;
  /// Deletes a key; one that is erased already, or that these files do not know, is left. Errors:
  /// kMalformed, kIo.
  Result<void> erase(std::string_view name);

  /// The files, for whoever copies them.
  static constexpr const char* kSuffixes[] = {".persons", ".orders"};

 private:
  struct Impl;
  explicit SubjectKeys(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace suanpan
