// API keys. The secret is in the answer that makes the key and nowhere else.
#include "api/keys.h"

#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/routes.h"
#include "ledger/base/digest.h"

namespace suanpan::api::v1 {
namespace {

bool is_key_id(std::string_view id) {
  return !id.empty() && id.size() <= 64 &&
         id.find_first_not_of(
             "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
             std::string_view::npos;
}

Roles read_roles(Fields& in) {
  const auto parsed = Roles::parse(in.text("roles"));
  if (parsed) return parsed.value();
  in.fail_at("roles", "must name roles, apart by commas");
  return {};
}

// The new key's own command is drawn at random with its secret; under the call's claim a resend
// would be told so, but cannot be told the secret again.
void make(Services& services, Call call) {
  Body body(call);
  Fields& in = body.root();
  const std::string id = in.text("key_id");
  if (!is_key_id(id)) in.fail_at("key_id", "must be 1 to 64 of A-Z a-z 0-9 - _ .");
  const Roles roles = read_roles(in);
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  NewKey made = new_key(services.vault, id, roles);
  made.command.key = claim_of(call);
  run(services, std::move(call), std::move(made.command),
      [id, roles, secret = made.secret](const Answer& answer) {
        JsonWriter out;
        out.begin_object().field("key_id", id).field("roles", roles.text());
        out.field("caller", static_cast<std::int64_t>(std::stoll(answer.answer)));
        if (!answer.replayed) out.field("secret", secret.reveal());
        out.end_object();
        return json_response(201, out.take());
      });
}

void list(Services& services, Call call) {
  if (const auto& error = Query(call).finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services](Call& on) {
    JsonWriter out;
    out.begin_object().key("keys").begin_array();
    std::optional<Error> failed;
    const auto walked =
        services.book.for_each_document(DocumentKind::kApiKey, [&](const DocumentPtr& document) {
          auto key = find_key(services.book, services.vault, document->key);
          if (!key) {
            failed = key.error();
            return false;
          }
          if (!key.value()) return true;
          const StoredKey& stored = *key.value();
          out.begin_object()
              .field("key_id", stored.record.key_id)
              .field("roles", stored.record.roles.text())
              .field("caller", stored.caller.value)
              .field("enabled", stored.record.enabled)
              .end_object();
          return true;
        });
    if (!walked) return refuse_call(on, walked.error());
    if (failed) return refuse_call(on, *failed);
    out.end_array().end_object();
    on.reply(json_response(200, out.take()));
  });
}

}  // namespace

void add_key_routes(Router& router, Services& services) {
  router.describe("KeyRequest", "key_id:string roles:string");
  router.describe("KeyMade", "key_id:string roles:string caller:integer secret?:string");
  router.describe("Key", "key_id:string roles:string caller:integer enabled:boolean");
  router.describe("KeyList", "keys:[Key]");
  router.add({.method = "POST",
              .pattern = "/v1/keys",
              .allowed = {Role::kOperator},
              .writes = true,
              .summary = "Makes a key; its secret is shown once",
              .handle = [&services](Call call) { make(services, std::move(call)); },
              .doc = {.request = "KeyRequest", .answer = "KeyMade", .status = 201}});
  router.add({.method = "GET",
              .pattern = "/v1/keys",
              .allowed = {Role::kOperator, Role::kAuditor},
              .summary = "The keys, without their secrets",
              .handle = [&services](Call call) { list(services, std::move(call)); },
              .doc = {.answer = "KeyList"}});
}

}  // namespace suanpan::api::v1
