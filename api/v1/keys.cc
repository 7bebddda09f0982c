// API keys. Two people make one (authority.h), one takes it away. A part of the secret is in the
// answer to each of the two and nowhere else.
#include "api/keys.h"

#include "api/v1/authority.h"
#include "api/v1/routes.h"
#include "ledger/base/check.h"

namespace suanpan::api::v1 {
namespace {

Roles read_roles(Fields& in) {
  const auto parsed = Roles::parse(in.text("roles"));
  if (parsed) return parsed.value();
  in.fail_at("roles", "must name roles, apart by commas");
  return {};
}

std::vector<std::string> read_names(Fields& in, std::string_view member) {
  std::vector<std::string> names;
  const auto value = in.maybe_value(member);
  if (!value) return names;
  if (!value->is_array() || value->elements().size() > kMaxScopePaths) {
    in.fail_at(member, fmt::format("must be an array of at most {}", kMaxScopePaths));
    return names;
  }
  for (const JsonValue& element : value->elements()) {
    const auto name = element.as_string();
    if (!name) in.fail_at(member, "must hold strings");
    names.emplace_back(name ? name.value() : "");
  }
  return names;
}

// What a key touches never changes: whoever forgot to name it would have to make another key.
KeyScope read_named_scope(Fields& in, Roles roles) {
  KeyScope scope;
  scope.accounts = read_names(in, "accounts");
  scope.merchants = read_names(in, "merchants");
  const auto said = in.maybe_text("scope");
  if (const auto checked = check_key(roles, scope); !checked)
    in.fail_at("accounts", "or merchants: " + checked.error().message);
  if (said && *said != "none")
    in.fail_at("scope",
               "says \"none\" or is left out: accounts and merchants name what is touched");
  const bool upstream = roles.has(Role::kUpstream);
  if (said && (!upstream || !scope.empty()))
    in.fail_at("scope", "\"none\" is of an upstream key without accounts and merchants");
  if (upstream && scope.empty() && !said)
    in.fail_at("accounts",
               "and merchants are missing: as an upstream this key could touch nothing, and that "
               "never changes; add \"accounts\" or \"merchants\" ([\"/\"]: all of them), or "
               "\"scope\":\"none\" for a key that touches nothing");
  return scope;
}

void ask(Services& services, Call call) {
  Body body(call);
  Fields& in = body.root();
  const std::string id = in.text("key_id");
  if (!valid_key_id(id)) in.fail_at("key_id", "must be 1 to 64 of A-Z a-z 0-9 - _ .");
  const Roles roles = read_roles(in);
  const KeyScope scope = read_named_scope(in, roles);
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  FirstPart first = first_part(services.vault, "key", id);
  Proposal proposal;
  proposal.what = "key";
  proposal.subject = id;
  proposal.asking.content = {{"roles", roles.text()},
                             {"accounts", text_of(scope.accounts)},
                             {"merchants", text_of(scope.merchants)}};
  JsonWriter asked;
  asked.begin_object().field("what", "key").field("subject", id).field("roles", roles.text());
  write_scope(asked, scope);
  proposal.asking.body = asked.field("part_sealed", first.sealed).end_object().take();
  proposal.asking.check = [id](const View& view, const Moment&) -> Planned<void> {
    if (view.document(DocumentKind::kApiKey, id)) return refuse(RefusalCode::kDocumentExists, id);
    return success();
  };
  proposal.part = std::move(first.part);
  ask_authority(services, std::move(call), std::move(proposal));
}

void disable(Services& services, Call call) {
  if (!call.request.body.empty()) {
    Body body(call);
    if (const auto& error = body.finish()) return refuse_call(call, *error);
  }
  Command command = disable_key(claim_of(call), call.path.at("key_id"));
  run(services, std::move(call), std::move(command), [](const Answer& answer) {
    JsonWriter out;
    out.begin_object();
    write_receipt(out, answer);
    out.field("id", answer.answer).field("enabled", false).end_object();
    return json_response(200, out.take());
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
              .field("roles", stored.record.roles.text());
          write_scope(out, stored.record.scope);
          out.field("caller", stored.caller.value)
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

Planned<Effect> key_effect(Services& services, const JsonValue& body, const std::string&) {
  const auto id = body.get_string("subject");
  const auto sealed = body.get_string("part_sealed");
  const auto roles_text = body.get_string("roles");
  CHECK_OR_DIE(id && sealed && roles_text, "a key request is not whole");
  const auto roles = Roles::parse(roles_text.value());
  const auto secret = complete_secret(services.vault, "key", id.value(), sealed.value());
  const auto scope = read_scope(body);
  CHECK_OR_DIE(roles && secret && scope, "a key request does not open");
  std::string whole = seal_key_secret(services.vault, id.value(), secret.value().whole.reveal());
  Effect effect;
  effect.part = secret.value().second;
  effect.plan = [id = id.value(), whole, roles = roles.value(), scope = scope.value()](
                    const View& view, const Moment&, const ClaimKey&, ChangeSet& changes) {
    return plan_key(view, changes, id, whole, roles, scope);
  };
  return effect;
}

void write_key_proposal(JsonWriter& out, const Vault&, const JsonValue& body) {
  out.begin_object()
      .field("key_id", body.get_string("subject").value())
      .field("roles", body.get_string("roles").value());
  const auto scope = read_scope(body);
  CHECK_OR_DIE(scope, "a key request has no scope");
  write_scope(out, scope.value());
  out.end_object();
}

void add_key_routes(Router& router, Services& services) {
  describe_authority(router);
  router.describe("Empty", "");
  router.describe("Key",
                  "key_id:string roles:string accounts:[string] merchants:[string] caller:integer "
                  "enabled:boolean");
  router.describe("KeyList", "keys:[Key]");
  router.add({.method = "POST",
              .pattern = "/v1/keys",
              .allowed = {Role::kOperator},
              .writes = true,
              .summary = "Asks for a key; a checker approves it, and each is shown a part of its "
                         "secret once",
              .handle = [&services](Call call) { ask(services, std::move(call)); },
              .doc = {.request = "KeyRequest", .answer = "Requested", .status = 201}});
  router.add({.method = "POST",
              .pattern = "/v1/keys/{key_id}/disable",
              .allowed = {Role::kOperator, Role::kChecker},
              .writes = true,
              .summary = "Takes a key out of use, at once and for ever",
              .handle = [&services](Call call) { disable(services, std::move(call)); },
              .doc = {.request = "Empty", .answer = "Disabled"}});
  router.add({.method = "GET",
              .pattern = "/v1/keys",
              .allowed = {Role::kOperator, Role::kAuditor},
              .summary = "The keys, without their secrets",
              .handle = [&services](Call call) { list(services, std::move(call)); },
              .doc = {.answer = "KeyList"}});
}

}  // namespace suanpan::api::v1
