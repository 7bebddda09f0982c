// Webhooks: an upstream asks for its events to be posted to a URL, an operator approves, and what
// leaves the house by it is what that upstream may read anyway. Two people, because a URL is where
// data goes: the upstream alone knows its secret, the operator sees where it leads.
// How they are delivered: channels/webhooks.h.
#include "channels/webhooks.h"

#include "api/keys.h"
#include "api/v1/answer.h"
#include "api/v1/body.h"
#include "api/v1/routes.h"
#include "channels/address_rule.h"
#include "channels/url.h"
#include "ledger/base/check.h"
#include "ledger/base/digest.h"

namespace suanpan::api::v1 {
namespace {

using channels::Webhook;

constexpr std::int64_t kMaxPage = 500;
constexpr std::size_t kMostOfOne = 100;  ///< webhooks that a key ever asks for
constexpr std::size_t kSecretBytes = 32;

/// Whether a key has asked for as many as it may. One more is asked for only by calls that look at
/// the same time.
Result<bool> has_all(const Book& book, CallerId owner) {
  std::size_t count = 0;
  TRY(book.for_each_document(DocumentKind::kWebhook, [&](const DocumentPtr& document) {
    const auto webhook = channels::decode_webhook(document->bytes);
    CHECK_OR_DIE(webhook, "webhook {} does not decode", document->key);
    count += webhook.value().owner == owner;
    return count < kMostOfOne;
  }));
  return count == kMostOfOne;
}

/// What is wrong with a URL that events may go to; empty: nothing.
std::string fault_of_url(const Services& services, const std::string& text) {
  const auto url = channels::Url::parse(text);
  if (!url) return "must be an absolute http or https URL";
  if (services.private_addresses) return {};
  if (!url.value().is_tls()) return "must be https";
  if (!url.value().host_is_address()) return {};
  const auto kind = channels::kind_of_address(url.value().host);
  if (kind == channels::AddressKind::kPublic) return {};
  return fmt::format("leads to an address that is not public ({})", channels::name_of(kind));
}

std::vector<std::string> read_topics(Fields& in) {
  std::vector<std::string> topics;
  const auto value = in.maybe_value("topics");
  if (!value) return topics;
  const auto elements = value->elements();
  if (!value->is_array() || elements.empty() || elements.size() > kMaxTopics) {
    in.fail_at("topics", fmt::format("must be 1 to {} topics", kMaxTopics));
    return topics;
  }
  for (const JsonValue& element : elements) {
    const auto topic = element.as_string();
    if (!topic || !valid_topic(topic.value())) {
      in.fail_at("topics", "must hold topics: \"order.paid\", \"hold.*\"");
      return {};
    }
    topics.emplace_back(topic.value());
  }
  return topics;
}

void write_changed(JsonWriter& out, const Answer& answer) {
  out.begin_object();
  write_receipt(out, answer);
  out.field("id", answer.answer);
}
HttpResponse changed(const Answer& answer) {
  JsonWriter out;
  write_changed(out, answer);
  out.end_object();
  return json_response(200, out.take());
}

void ask(Services& services, Call call) {
  Body body(call);
  Fields& in = body.root();
  Webhook webhook;
  webhook.url = in.text("url");
  if (const auto fault = fault_of_url(services, webhook.url); !fault.empty())
    in.fail_at("url", fault);
  webhook.topics = read_topics(in);
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  const ClaimKey key = claim_of(call);
  webhook.id = "wh-" + id_of("webhook|" + key.hex()).hex().substr(0, 20);
  webhook.owner = call.principal.caller;
  webhook.key_id = call.principal.key_id;
  // Events from now on: what was before is there for a replay.
  webhook.cursor = services.book.last_seq();
  const std::string bytes = random_bytes(kSecretBytes);
  const Secret secret(
      hex_lower({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}));
  webhook.secret_sealed =
      channels::seal_webhook_secret(services.vault, webhook.id, secret.reveal());
  on_worker(services, std::move(call), [&services, key, webhook, secret](Call& on) {
    const auto full = has_all(services.book, webhook.owner);
    if (!full) return refuse_call(on, full.error());
    const auto known = services.book.find(key);
    if (!known) return refuse_call(on, known.error());
    if (full.value() && !known.value())
      return refuse_call(on, refuse(RefusalCode::kNumbersUsedUp, "webhooks"));
    run(services, std::move(on), channels::request_webhook(key, webhook),
        [secret](const Answer& answer) {
          JsonWriter out;
          write_changed(out, answer);
          // Of a replay the secret that was drawn now is not the one that is kept.
          if (!answer.replayed) out.field("secret", secret.reveal());
          out.end_object();
          return json_response(201, out.take());
        });
  });
}

/// The webhook of a call: to read, one's own, or any with a role of the house; to change, one's
/// own, or any as an operator.
enum class To : std::uint8_t { kRead, kChange };
Planned<Webhook> webhook_of(const Services& services, const Call& call, To what) {
  const std::string& id = call.path.at("id");
  const DocumentPtr stored = services.book.document(DocumentKind::kWebhook, id);
  if (!stored) return refuse(RefusalCode::kDocumentNotFound, id);
  auto webhook = channels::decode_webhook(stored->bytes);
  CHECK_OR_DIE(webhook, "webhook {} does not decode", id);
  const CallerId owner = webhook.value().owner;
  const bool allowed = what == To::kRead ? may_read(call.principal, owner)
                                         : call.principal.caller == owner ||
                                               call.principal.roles.has(Role::kOperator);
  if (!allowed) return refuse(RefusalCode::kNotAuthorised, id);
  return std::move(webhook.value());
}

/// Reads no body, or an empty object.
bool reads_nothing(const Call& call) {
  if (call.request.body.empty()) return true;
  Body body(call);
  const auto error = body.finish();
  if (error) refuse_call(call, *error);
  return !error;
}

using MakeCommand = Command (*)(ClaimKey, const std::string&);
void change(Services& services, Call call, MakeCommand make) {
  if (!reads_nothing(call)) return;
  on_worker(services, std::move(call), [&services, make](Call& on) {
    const auto webhook = webhook_of(services, on, To::kChange);
    if (!webhook) return refuse_call(on, webhook.error());
    const ClaimKey key = claim_of(on);
    run(services, std::move(on), make(key, webhook.value().id), changed);
  });
}

void replay(Services& services, Call call) {
  Body body(call);
  const auto after = body.root().integer_in("after", 0, INT64_MAX);
  if (const auto& error = body.finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services, after](Call& on) {
    const auto webhook = webhook_of(services, on, To::kChange);
    if (!webhook) return refuse_call(on, webhook.error());
    const auto there = services.book.for_each_command_after(
        static_cast<std::uint64_t>(after), [](const StoredCommand&) { return false; });
    if (!there) return refuse_call(on, there.error());
    const ClaimKey key = claim_of(on);
    run(services, std::move(on),
        channels::replay_webhook(key, webhook.value().id, static_cast<std::uint64_t>(after)),
        changed);
  });
}

void write_webhook(JsonWriter& out, const Webhook& w) {
  out.begin_object()
      .field("id", w.id)
      .field("key_id", w.key_id)
      .field("url", w.url)
      .field("state", w.state);
  out.key("topics").begin_array();
  for (const std::string& topic : w.topics) out.string(topic);
  out.end_array()
      .field("created_at", w.created_at.iso_cn())
      .field("cursor", w.cursor)
      .field("attempts", w.attempts)
      .field("dead_letters", w.dead_letters);
  if (w.next_at.ns != 0) out.field("next_at", w.next_at.iso_cn());
  if (!w.result.empty()) out.field("result", w.result);
  out.end_object();
}

/// The end of a page.
void write_end(JsonWriter& out, bool more, const std::string& last) {
  out.end_array().key("next_after");
  if (more)
    out.string(last);
  else
    out.null();
  out.end_object();
}

void list(Services& services, Call call) {
  Query query(call);
  const std::string after = query.maybe_text("after").value_or("");
  const auto limit =
      static_cast<std::size_t>(query.maybe_integer("limit", 1, kMaxPage).value_or(100));
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services, after, limit](Call& on) {
    JsonWriter out;
    out.begin_object().key("webhooks").begin_array();
    std::size_t count = 0;
    std::string last;
    bool more = false;
    const auto walked = services.book.for_each_document(
        DocumentKind::kWebhook, after, [&](const DocumentPtr& document) {
          const auto webhook = channels::decode_webhook(document->bytes);
          CHECK_OR_DIE(webhook, "webhook {} does not decode", document->key);
          if (document->key == after || !may_read(on.principal, webhook.value().owner)) return true;
          more = count == limit;
          if (more) return false;
          last = document->key;
          write_webhook(out, webhook.value());
          ++count;
          return true;
        });
    if (!walked) return refuse_call(on, walked.error());
    write_end(out, more, last);
    on.reply(json_response(200, out.take()));
  });
}

void dead_letters(Services& services, Call call) {
  Query query(call);
  const std::string after = query.maybe_text("after").value_or("");
  const auto limit =
      static_cast<std::size_t>(query.maybe_integer("limit", 1, kMaxPage).value_or(100));
  if (const auto& error = query.finish()) return refuse_call(call, *error);
  on_worker(services, std::move(call), [&services, after, limit](Call& on) {
    const auto webhook = webhook_of(services, on, To::kRead);
    if (!webhook) return refuse_call(on, webhook.error());
    const std::string prefix = webhook.value().id + "/";
    JsonWriter out;
    out.begin_object().key("dead_letters").begin_array();
    std::size_t count = 0;
    std::string last;
    bool more = false;
    const auto walked = services.book.for_each_document(
        DocumentKind::kDeadLetter, prefix + after, [&](const DocumentPtr& document) {
          if (!document->key.starts_with(prefix)) return false;
          if (document->key == prefix + after) return true;
          more = count == limit;
          if (more) return false;
          const auto letter = channels::decode_dead_letter(document->bytes);
          CHECK_OR_DIE(letter, "dead letter {} does not decode", document->key);
          const channels::DeadLetter& l = letter.value();
          last = document->key.substr(prefix.size());
          out.begin_object()
              .field("id", last)
              .field("after", l.after)
              .field("through", l.through)
              .field("events", l.events)
              .field("attempts", l.attempts)
              .field("result", l.result)
              .field("at", l.at.iso_cn())
              .end_object();
          ++count;
          return true;
        });
    if (!walked) return refuse_call(on, walked.error());
    write_end(out, more, last);
    on.reply(json_response(200, out.take()));
  });
}

}  // namespace

void add_webhook_routes(Router& router, Services& services) {
  router.describe("Empty", "");
  router.describe("WebhookRequest", "url:string topics?:[string]");
  router.describe("WebhookAsked", std::string(kReceipt) + "id:string secret?:string");
  router.describe("WebhookChanged", std::string(kReceipt) + "id:string");
  router.describe("ReplayRequest", "after:integer");
  router.describe("Webhook",
                  "id:string key_id:string url:string state:=requested|active|disabled "
                  "topics:[string] created_at:date-time cursor:integer attempts:integer "
                  "dead_letters:integer next_at?:date-time result?:string");
  router.describe("WebhookList", "webhooks:[Webhook] next_after:string|null");
  router.describe("DeadLetter",
                  "id:string after:integer through:integer events:integer attempts:integer "
                  "result:string at:date-time");
  router.describe("DeadLetterPage", "dead_letters:[DeadLetter] next_after:string|null");
  router.add({.method = "POST",
              .pattern = "/v1/webhooks",
              .allowed = {Role::kUpstream},
              .writes = true,
              .summary = "Asks for events to be posted to a URL; the secret is shown once. Without "
                         "topics all that commands stored, changes of the ledger by topic only",
              .handle = [&services](Call call) { ask(services, std::move(call)); },
              .doc = {.request = "WebhookRequest", .answer = "WebhookAsked", .status = 201}});
  router.add({.method = "GET",
              .pattern = "/v1/webhooks",
              .allowed = kReaders,
              .summary = "Webhooks and how far they have come; an upstream sees its own",
              .handle = [&services](Call call) { list(services, std::move(call)); },
              .doc = {.answer = "WebhookList", .query = "after?:string limit?:integer"}});
  router.add(
      {.method = "POST",
       .pattern = "/v1/webhooks/{id}/approve",
       .allowed = {Role::kOperator},
       .writes = true,
       .summary = "Lets a webhook begin: somebody else than who asked",
       .handle =
           [&services](Call call) { change(services, std::move(call), channels::approve_webhook); },
       .doc = {.request = "Empty", .answer = "WebhookChanged"}});
  router.add(
      {.method = "POST",
       .pattern = "/v1/webhooks/{id}/disable",
       .allowed = {Role::kUpstream, Role::kOperator},
       .writes = true,
       .summary = "Ends a webhook, at once and for ever",
       .handle =
           [&services](Call call) { change(services, std::move(call), channels::disable_webhook); },
       .doc = {.request = "Empty", .answer = "WebhookChanged"}});
  router.add({.method = "POST",
              .pattern = "/v1/webhooks/{id}/replay",
              .allowed = {Role::kUpstream, Role::kOperator},
              .writes = true,
              .summary = "Delivers everything after a sequence again",
              .handle = [&services](Call call) { replay(services, std::move(call)); },
              .doc = {.request = "ReplayRequest", .answer = "WebhookChanged"}});
  router.add({.method = "GET",
              .pattern = "/v1/webhooks/{id}/dead-letters",
              .allowed = kReaders,
              .summary = "Deliveries that were given up",
              .handle = [&services](Call call) { dead_letters(services, std::move(call)); },
              .doc = {.answer = "DeadLetterPage", .query = "after?:string limit?:integer"}});
}

}  // namespace suanpan::api::v1
