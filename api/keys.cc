#include "api/keys.h"

#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/json.h"
#include "ledger/core/plan_parts.h"

namespace suanpan::api {
namespace {

constexpr std::string_view kCounter = "callers";

std::string context(std::string_view key_id) { return fmt::format("key|{}", key_id); }

/// As it is stored.
struct Sealed {
  std::string secret;
  Roles roles;
  KeyScope scope;
  std::uint32_t caller = 0;
  bool enabled = true;
};

std::string encode(std::string_view key_id, const Sealed& key) {
  JsonWriter out;
  out.begin_object()
      .field("key_id", key_id)
      .field("secret_sealed", key.secret)
      .field("roles", key.roles.text());
  write_scope(out, key.scope);
  out.field("caller", static_cast<std::int64_t>(key.caller)).field("enabled", key.enabled);
  return out.end_object().take();
}

Result<Sealed> decode(std::string_view bytes) {
  TRY(auto json, JsonDocument::parse(bytes));
  const JsonValue root = json.root();
  Sealed key;
  TRY(key.secret, root.get_string("secret_sealed"));
  TRY(auto roles_text, root.get_string("roles"));
  TRY(auto caller, root.get_int64("caller"));
  TRY(auto enabled_value, root.get("enabled"));
  TRY(key.enabled, enabled_value.as_bool());
  TRY(key.roles, Roles::parse(roles_text));
  TRY(key.scope, read_scope(root));
  key.caller = static_cast<std::uint32_t>(caller);
  return key;
}

}  // namespace

bool valid_key_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 &&
         id.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
             std::string_view::npos;
}

std::string seal_key_secret(const Vault& vault, std::string_view key_id, std::string_view secret) {
  return vault.seal(context(key_id), secret);
}

Planned<void> plan_key(const View& view, ChangeSet& changes, const std::string& id,
                       const std::string& sealed, Roles roles, const KeyScope& scope) {
  if (view.document(DocumentKind::kApiKey, id)) return refuse(RefusalCode::kDocumentExists, id);
  const DocumentPtr counter = view.document(DocumentKind::kBookSetting, kCounter);
  const std::uint32_t caller =
      counter ? static_cast<std::uint32_t>(std::stoul(counter->bytes)) : kFirstKeyCaller;
  put_next_version(changes, view, DocumentKind::kBookSetting, std::string(kCounter), true,
                   std::to_string(caller + 1));
  changes.documents.push_back(Document{DocumentKind::kApiKey, id, 1, true,
                                       encode(id, Sealed{sealed, roles, scope, caller, true})});
  changes.answer = std::to_string(caller);
  return success();
}

Result<void> check_key(Roles roles, const KeyScope& scope) {
  if (!scope.empty() && !roles.has(Role::kUpstream))
    return fail(Errc::kMalformed, "accounts and merchants go with the role upstream");
  return check_scope(scope);
}

NewKey new_key(const Vault& vault, std::string_view key_id, Roles roles, const KeyScope& scope) {
  Secret secret(base64(random_bytes(32)));
  const std::string sealed = seal_key_secret(vault, key_id, secret.reveal());
  const std::string id(key_id);
  Command command;
  command.key = ClaimKey{id_of("key|" + sealed), kSystemCaller};
  command.kind = CommandKind::kSetting;
  command.content = {{"key_id", id},
                     {"roles", roles.text()},
                     {"accounts", text_of(scope.accounts)},
                     {"merchants", text_of(scope.merchants)}};
  command.plan = [id, sealed, roles, scope](const View& view, const Moment&) -> Planned<ChangeSet> {
    ChangeSet changes;
    changes.date = view.book().accounting_date;
    TRY(plan_key(view, changes, id, sealed, roles, scope));
    return changes;
  };
  return NewKey{std::move(command), std::move(secret)};
}

Command disable_key(ClaimKey key, std::string key_id) {
  Command command;
  command.key = key;
  command.kind = CommandKind::kSetting;
  command.content = {{"disable_key", key_id}};
  command.plan = [key_id](const View& view, const Moment&) -> Planned<ChangeSet> {
    const DocumentPtr before = view.document(DocumentKind::kApiKey, key_id);
    if (!before) return refuse(RefusalCode::kDocumentNotFound, key_id);
    auto stored = decode(before->bytes);
    CHECK_OR_DIE(stored, "key {} does not decode", key_id);
    ChangeSet changes;
    changes.date = view.book().accounting_date;
    changes.answer = key_id;
    Sealed& key = stored.value();
    if (!key.enabled) return changes;
    key.enabled = false;
    changes.documents.push_back(
        Document{DocumentKind::kApiKey, key_id, before->version + 1, true, encode(key_id, key)});
    return changes;
  };
  return command;
}

std::shared_ptr<const Reach> KeyReaches::of(std::string_view key_id) {
  // Taken before what was kept is looked at: nobody is told of an older key than this one.
  const DocumentPtr stored = book_.document(DocumentKind::kApiKey, key_id);
  if (!stored) return Reach::nothing();
  const std::lock_guard lock(mutex_);
  auto kept = read_.find(key_id);
  if (kept != read_.end() && kept->second.document == stored) return kept->second.reach;
  const auto sealed = decode(stored->bytes);
  auto reach = sealed && sealed.value().enabled
                   ? std::make_shared<const Reach>(sealed.value().scope)
                   : Reach::nothing();
  if (kept == read_.end()) kept = read_.emplace(key_id, Read{}).first;
  kept->second = Read{stored, reach};
  return reach;
}

bool KeyWatch::holds() {
  DocumentPtr stored = book_.document(DocumentKind::kApiKey, key_id_);
  if (!stored) return false;
  if (stored == seen_) return held_;
  const auto sealed = decode(stored->bytes);
  held_ = sealed && sealed.value().enabled && sealed.value().roles == roles_;
  seen_ = std::move(stored);
  return held_;
}

Result<std::optional<StoredKey>> find_key(const Book& book, const Vault& vault,
                                          std::string_view key_id) {
  const DocumentPtr stored = book.document(DocumentKind::kApiKey, key_id);
  if (!stored) return std::optional<StoredKey>{};
  TRY(auto sealed, decode(stored->bytes));
  TRY(auto secret, vault.unseal(context(key_id), sealed.secret));
  StoredKey key;
  key.record = KeyRecord{std::string(key_id), std::move(secret), sealed.roles, sealed.enabled,
                         std::move(sealed.scope)};
  key.caller = CallerId{sealed.caller};
  key.reach = std::make_shared<const Reach>(key.record.scope);
  return std::optional(std::move(key));
}

}  // namespace suanpan::api
