#include "api/keys.h"

#include "ledger/base/digest.h"
#include "ledger/base/json.h"

namespace suanpan::api {
namespace {

constexpr std::string_view kCounter = "callers";

std::string context(std::string_view key_id) { return fmt::format("key|{}", key_id); }

std::string encode(std::string_view key_id, const std::string& sealed, Roles roles,
                   std::uint32_t caller, bool enabled) {
  return JsonWriter()
      .begin_object()
      .field("key_id", key_id)
      .field("secret_sealed", sealed)
      .field("roles", roles.text())
      .field("caller", static_cast<std::int64_t>(caller))
      .field("enabled", enabled)
      .end_object()
      .take();
}

}  // namespace

NewKey new_key(const Vault& vault, std::string_view key_id, Roles roles) {
  Secret secret(base64(random_bytes(32)));
  const std::string sealed = vault.seal(context(key_id), secret.reveal());
  const std::string id(key_id);
  Command command;
  command.key = ClaimKey{id_of("key|" + sealed), kSystemCaller};
  command.kind = CommandKind::kSetting;
  command.content = {{"key_id", id}, {"roles", roles.text()}};
  command.plan = [id, sealed, roles](const View& view, const Moment&) -> Planned<ChangeSet> {
    if (view.document(DocumentKind::kApiKey, id)) return refuse(RefusalCode::kDocumentExists, id);
    const DocumentPtr counter = view.document(DocumentKind::kBookSetting, kCounter);
    const std::uint32_t caller =
        counter ? static_cast<std::uint32_t>(std::stoul(counter->bytes)) : kFirstKeyCaller;
    ChangeSet changes;
    changes.date = view.book().accounting_date;
    changes.documents.push_back(Document{DocumentKind::kBookSetting, std::string(kCounter),
                                         counter ? counter->version + 1 : 1, true,
                                         std::to_string(caller + 1)});
    changes.documents.push_back(
        Document{DocumentKind::kApiKey, id, 1, true, encode(id, sealed, roles, caller, true)});
    changes.answer = std::to_string(caller);
    return changes;
  };
  return NewKey{std::move(command), std::move(secret)};
}

Result<std::optional<StoredKey>> find_key(const Book& book, const Vault& vault,
                                          std::string_view key_id) {
  const DocumentPtr stored = book.document(DocumentKind::kApiKey, key_id);
  if (!stored) return std::optional<StoredKey>{};
  TRY(auto json, JsonDocument::parse(stored->bytes));
  const JsonValue root = json.root();
  TRY(auto sealed, root.get_string("secret_sealed"));
  TRY(auto roles_text, root.get_string("roles"));
  TRY(auto caller, root.get_int64("caller"));
  TRY(auto enabled_value, root.get("enabled"));
  TRY(auto enabled, enabled_value.as_bool());
  TRY(auto roles, Roles::parse(roles_text));
  TRY(auto secret, vault.unseal(context(key_id), sealed));
  StoredKey key;
  key.record = KeyRecord{std::string(key_id), std::move(secret), roles, enabled};
  key.caller = CallerId{static_cast<std::uint32_t>(caller)};
  return std::optional(std::move(key));
}

}  // namespace suanpan::api
