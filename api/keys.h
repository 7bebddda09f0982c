// API keys as documents. A key has a number of its own in the ledger (its caller), under which its
// commands are claimed for ever; numbers are never used twice.
#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "api/auth.h"
#include "ledger/base/vault.h"
#include "ledger/engine/book.h"

namespace suanpan::api {

/// The first caller number that a key gets; below are the platform's own.
inline constexpr std::uint32_t kFirstKeyCaller = 1000;

struct StoredKey {
  KeyRecord record;  ///< with the secret in clear: handle with care
  CallerId caller;
  std::shared_ptr<const Reach> reach;  ///< of its scope; never null
};

/// 1 to 64 of A-Z a-z 0-9 - _ . (auth.h): no other id can sign.
bool valid_key_id(std::string_view id);

/// Whether such a key can be: the scope has its form, and there is none without the role upstream.
/// Errors: kMalformed.
Result<void> check_key(Roles roles, const KeyScope& scope);

/// Makes a key with a random secret of 32 bytes (base64), stored sealed. The command's answer is
/// the caller number. `key_id` must be new: an existing one is refused with kDocumentExists.
struct NewKey {
  Command command;
  Secret secret;  ///< to be shown once
};
NewKey new_key(const Vault& vault, std::string_view key_id, Roles roles,
               const KeyScope& scope = {});

/// The same in steps, for a key that two people make: seals a secret, and adds the key to a change
/// set. Refusals: kDocumentExists.
std::string seal_key_secret(const Vault& vault, std::string_view key_id, std::string_view secret);
Planned<void> plan_key(const View& view, ChangeSet& changes, const std::string& key_id,
                       const std::string& secret_sealed, Roles roles, const KeyScope& scope);
/// Takes a key out of use, for ever; again is no fault. Refusals: kDocumentNotFound.
Command disable_key(ClaimKey key, std::string key_id);

/// How far published keys reach as upstreams, without a look at their secrets. What was read of a
/// key is kept for as long as its published document is the very one that it was read from, so a
/// change counts from the moment at which it is published. Thread-safe.
class KeyReaches {
 public:
  explicit KeyReaches(const Book& book) : book_(book) {}
  /// Never null: to nothing if there is no such key, if it is disabled or does not decode.
  std::shared_ptr<const Reach> of(std::string_view key_id);

 private:
  struct Read {
    DocumentPtr document;
    std::shared_ptr<const Reach> reach;
  };
  const Book& book_;
  std::mutex mutex_;
  std::map<std::string, Read, std::less<>> read_;
};

/// A key that goes on being told after it signed: whether it is still in use, with the roles that
/// it had. Reads its document only where another is published. Not thread-safe.
class KeyWatch {
 public:
  KeyWatch(const Book& book, std::string key_id, Roles roles)
      : book_(book), key_id_(std::move(key_id)), roles_(roles) {}
  bool holds();

 private:
  const Book& book_;
  std::string key_id_;
  Roles roles_;
  DocumentPtr seen_;
  bool held_ = false;
};

/// The published key; nothing if there is none. Errors: kCorrupt, kBadSignature (another vault
/// key).
Result<std::optional<StoredKey>> find_key(const Book& book, const Vault& vault,
                                          std::string_view key_id);

}  // namespace suanpan::api
