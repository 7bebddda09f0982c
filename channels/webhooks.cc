#include "channels/webhooks.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <map>
#include <optional>
#include <set>

#include "channels/url.h"
#include "channels/workers.h"
#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/json.h"
#include "ledger/base/log.h"

namespace suanpan::channels {
namespace {

// Seconds from one attempt to the next.
constexpr std::array<std::int64_t, kMaxWebhookAttempts - 1> kGapsSeconds{10,   30,   120, 600,
                                                                         1800, 3600, 7200};
constexpr int kDeadlineMs = 20'000;
constexpr int kQueueFullPauseMs = 20;
// After so long the next webhook reads on.
constexpr auto kTurn = std::chrono::milliseconds(10);
constexpr std::size_t kMaxSending = 64;  // webhooks with a delivery under way
constexpr std::size_t kMaxEvents = 100;
constexpr std::size_t kMaxBodyBytes = 1 << 20;    // begun with no event beyond
constexpr std::uint64_t kMaxScan = 50'000;        // commands read for one delivery
constexpr std::uint64_t kUnheardToKeep = 20'000;  // read in vain before the cursor is journalled

std::string context_of(std::string_view id) { return fmt::format("webhook/{}", id); }

Planned<Webhook> stored_webhook(const View& view, const std::string& id, std::uint32_t& version) {
  const DocumentPtr stored = view.document(DocumentKind::kWebhook, id);
  if (!stored) return refuse(RefusalCode::kDocumentNotFound, id);
  auto webhook = decode_webhook(stored->bytes);
  CHECK_OR_DIE(webhook, "webhook {} does not decode", id);
  version = stored->version;
  return std::move(webhook.value());
}

ChangeSet change_of(const View& view, const Webhook& webhook, std::uint32_t version) {
  ChangeSet changes;
  changes.date = view.book().accounting_date;
  changes.documents.push_back(Document{DocumentKind::kWebhook, webhook.id, version + 1,
                                       webhook.state == "active", encode(webhook)});
  changes.answer = webhook.id;
  return changes;
}

using Change = std::function<Planned<void>(Webhook&)>;
Command change_webhook(ClaimKey key, const std::string& id, Content content, Change change) {
  return Command{
      key, CommandKind::kSetting, std::move(content),
      [id, change = std::move(change)](const View& view, const Moment&) -> Planned<ChangeSet> {
        std::uint32_t version = 0;
        auto webhook = stored_webhook(view, id, version);
        if (!webhook) return webhook.error();
        if (auto changed = change(webhook.value()); !changed) return changed.error();
        return change_of(view, webhook.value(), version);
      }};
}

/// The events that follow a webhook's cursor.
struct Delivery {
  Webhook webhook;
  std::uint64_t through = 0;
  std::size_t events = 0;
  std::string body;  ///< empty: nothing to deliver up to `through`
  std::string result;
  bool delivered = false;
};

/// A delivery that is being read together, turn by turn.
struct Gathering {
  Delivery delivery;
  Topics topics;
  std::uint64_t after = 0;     ///< what the delivery says it follows
  std::uint64_t commands = 0;  ///< read so far
  std::size_t bytes = 0;
  JsonWriter events;
  bool full() const {
    return commands >= kMaxScan || delivery.events >= kMaxEvents || bytes >= kMaxBodyBytes;
  }
};

/// What an attempt makes of a webhook; true if the delivery is given up with it.
bool take_result(Webhook& webhook, const Delivery& delivery, Timestamp now) {
  webhook.result = delivery.result;
  if (delivery.delivered) {
    webhook.cursor = delivery.through;
    webhook.attempts = 0;
    webhook.next_at = {};
    return false;
  }
  if (++webhook.attempts < kMaxWebhookAttempts) {
    webhook.next_at =
        now.plus_seconds(kGapsSeconds[static_cast<std::size_t>(webhook.attempts - 1)]);
    return false;
  }
  webhook.cursor = delivery.through;
  webhook.next_at = {};
  ++webhook.dead_letters;
  return true;
}

Command journal_result(const Delivery& delivery, Timestamp now) {
  const Webhook& offered = delivery.webhook;
  const ClaimKey key{id_of(fmt::format("webhook|{}|{}|{}|{}|{}", offered.id, offered.epoch,
                                       offered.cursor, offered.attempts, delivery.through)),
                     kSystemCaller};
  Content content{{"webhook", offered.id},
                  {"epoch", std::to_string(offered.epoch)},
                  {"after", std::to_string(offered.cursor)},
                  {"through", std::to_string(delivery.through)},
                  {"attempt", std::to_string(offered.attempts)}};
  return Command{key, CommandKind::kNotification, std::move(content),
                 [delivery, now](const View& view, const Moment&) -> Planned<ChangeSet> {
                   const Webhook& was = delivery.webhook;
                   std::uint32_t version = 0;
                   auto found = stored_webhook(view, was.id, version);
                   if (!found) return found.error();
                   Webhook& webhook = found.value();
                   // Disabled or replayed meanwhile: the result says nothing of what is asked for
                   // now.
                   if (webhook.state != "active" || webhook.epoch != was.epoch ||
                       webhook.cursor != was.cursor || webhook.attempts != was.attempts)
                     return refuse(RefusalCode::kDocumentVersionConflict, was.id);
                   const bool given_up = take_result(webhook, delivery, now);
                   DeadLetter letter{was.id,
                                     was.cursor,
                                     delivery.through,
                                     static_cast<std::int64_t>(delivery.events),
                                     webhook.attempts,
                                     delivery.result,
                                     now};
                   if (given_up) webhook.attempts = 0;
                   ChangeSet changes = change_of(view, webhook, version);
                   if (!given_up) return changes;
                   changes.documents.push_back(
                       Document{DocumentKind::kDeadLetter,
                                fmt::format("{}/{:019}/{:019}", was.id, was.epoch, was.cursor), 1,
                                false, encode(letter)});
                   changes.events.push_back(Event{"webhook.given_up", was.id,
                                                  JsonWriter()
                                                      .begin_object()
                                                      .field("webhook", was.id)
                                                      .field("after", letter.after)
                                                      .field("through", letter.through)
                                                      .end_object()
                                                      .take()});
                   return changes;
                 }};
}

}  // namespace

std::string encode(const Webhook& w) {
  JsonWriter out;
  out.begin_object()
      .field("id", w.id)
      .field("owner", w.owner.value)
      .field("key_id", w.key_id)
      .field("url", w.url);
  out.key("topics").begin_array();
  for (const std::string& topic : w.topics) out.string(topic);
  return out.end_array()
      .field("secret_sealed", w.secret_sealed)
      .field("state", w.state)
      .field("created_at", w.created_at.ns)
      .field("cursor", static_cast<std::int64_t>(w.cursor))
      .field("epoch", w.epoch)
      .field("attempts", w.attempts)
      .field("next_at", w.next_at.ns)
      .field("result", w.result)
      .field("dead_letters", w.dead_letters)
      .end_object()
      .take();
}

Result<Webhook> decode_webhook(std::string_view bytes) {
  TRY(const auto json, JsonDocument::parse(bytes));
  const JsonValue root = json.root();
  Webhook w;
  TRY(w.id, root.get_string("id"));
  TRY(const auto owner, root.get_int64("owner"));
  w.owner = CallerId{static_cast<std::uint32_t>(owner)};
  TRY(w.key_id, root.get_string("key_id"));
  TRY(w.url, root.get_string("url"));
  TRY(const auto topics, root.get("topics"));
  for (const JsonValue& topic : topics.elements()) {
    TRY(const auto name, topic.as_string());
    w.topics.emplace_back(name);
  }
  TRY(w.secret_sealed, root.get_string("secret_sealed"));
  TRY(w.state, root.get_string("state"));
  TRY(w.created_at.ns, root.get_int64("created_at"));
  TRY(const auto cursor, root.get_int64("cursor"));
  w.cursor = static_cast<std::uint64_t>(cursor);
  TRY(w.epoch, root.get_int64("epoch"));
  TRY(w.attempts, root.get_int64("attempts"));
  TRY(w.next_at.ns, root.get_int64("next_at"));
  TRY(w.result, root.get_string("result"));
  TRY(w.dead_letters, root.get_int64("dead_letters"));
  return w;
}

std::string encode(const DeadLetter& letter) {
  return JsonWriter()
      .begin_object()
      .field("webhook", letter.webhook)
      .field("after", letter.after)
      .field("through", letter.through)
      .field("events", letter.events)
      .field("attempts", letter.attempts)
      .field("result", letter.result)
      .field("at", letter.at.ns)
      .end_object()
      .take();
}

Result<DeadLetter> decode_dead_letter(std::string_view bytes) {
  TRY(const auto json, JsonDocument::parse(bytes));
  const JsonValue root = json.root();
  DeadLetter letter;
  TRY(letter.webhook, root.get_string("webhook"));
  TRY(const auto after, root.get_int64("after"));
  TRY(const auto through, root.get_int64("through"));
  letter.after = static_cast<std::uint64_t>(after);
  letter.through = static_cast<std::uint64_t>(through);
  TRY(letter.events, root.get_int64("events"));
  TRY(letter.attempts, root.get_int64("attempts"));
  TRY(letter.result, root.get_string("result"));
  TRY(letter.at.ns, root.get_int64("at"));
  return letter;
}

std::string seal_webhook_secret(const Vault& vault, std::string_view id, std::string_view secret) {
  return vault.seal(context_of(id), secret);
}

std::string webhook_signature(std::string_view secret, std::int64_t unix_seconds,
                              std::string_view body) {
  return "v1=" + hex_lower(hmac_sha256(secret, fmt::format("{}.{}", unix_seconds, body)));
}

void write_event(JsonWriter& out, const StoredCommand& stored, const ToldEvent& told) {
  const Event& event = told.event;
  out.begin_object()
      .field("seq", stored.seq)
      .field("index", told.index)
      .field("timestamp", stored.timestamp.iso_cn())
      .field("topic", event.topic)
      .field("key", event.key);
  out.key("payload").raw(event.payload.empty() ? "{}" : event.payload);
  out.end_object();
}

Command request_webhook(ClaimKey key, Webhook webhook) {
  std::string topics;
  for (const std::string& topic : webhook.topics) topics += topic + "\n";
  Content content{{"url", webhook.url}, {"topics", topics}};
  return Command{
      key, CommandKind::kSetting, std::move(content),
      [webhook = std::move(webhook)](const View& view, const Moment& moment) -> Planned<ChangeSet> {
        if (view.document(DocumentKind::kWebhook, webhook.id))
          return refuse(RefusalCode::kDocumentExists, webhook.id);
        Webhook made = webhook;
        made.created_at = moment.now;
        return change_of(view, made, 0);
      }};
}

Command approve_webhook(ClaimKey key, const std::string& id) {
  return change_webhook(key, id, {{"webhook", id}, {"does", "approve"}},
                        [who = key.caller](Webhook& webhook) -> Planned<void> {
                          if (webhook.owner == who)
                            return refuse(RefusalCode::kSamePerson, webhook.id);
                          if (webhook.state != "requested")
                            return refuse(RefusalCode::kDocumentStateFinal, webhook.state);
                          webhook.state = "active";
                          return success();
                        });
}

Command disable_webhook(ClaimKey key, const std::string& id) {
  return change_webhook(key, id, {{"webhook", id}, {"does", "disable"}},
                        [](Webhook& webhook) -> Planned<void> {
                          if (webhook.state == "disabled")
                            return refuse(RefusalCode::kDocumentStateFinal, webhook.state);
                          webhook.state = "disabled";
                          return success();
                        });
}

Command replay_webhook(ClaimKey key, const std::string& id, std::uint64_t after) {
  return change_webhook(
      key, id, {{"webhook", id}, {"does", "replay"}, {"after", std::to_string(after)}},
      [after](Webhook& webhook) -> Planned<void> {
        if (webhook.state != "active")
          return refuse(RefusalCode::kDocumentStateFinal, webhook.state);
        // Forward would leave a gap that nobody sees.
        if (after > webhook.cursor)
          return refuse(RefusalCode::kValueInvalid, "after: it lies beyond the cursor");
        webhook.cursor = after;
        ++webhook.epoch;
        webhook.attempts = 0;
        webhook.next_at = {};
        return success();
      });
}

struct WebhookSender::Impl : std::enable_shared_from_this<WebhookSender::Impl> {
  explicit Impl(WebhookParts given) : parts(std::move(given)), workers(2) {}

  struct Keep {
    std::shared_ptr<Impl> impl;
    std::shared_ptr<void> ticket;
    Impl* operator->() const { return impl.get(); }
  };
  Keep keep() { return {shared_from_this(), under_way.enter()}; }
  using Ended = std::function<void()>;

  std::vector<Webhook> take_due();
  std::shared_ptr<Gathering> begin_to_gather(const Webhook& webhook);
  /// Reads for a turn; true: it is whole.
  Result<bool> gather(Gathering& gathering);
  void go_on(const std::shared_ptr<Gathering>& gathering, const Ended& ended);
  void deliver(Delivery delivery, Ended ended);
  void send(Delivery delivery, Ended ended);
  void finish(Delivery delivery, Ended ended);
  void submit(const Delivery& delivery, Ended ended);
  void end(const std::string& id, const Ended& ended);

  const WebhookParts parts;
  UnderWay under_way;
  std::atomic<bool> stopping{false};
  std::mutex mutex;
  std::set<std::string> sending;  ///< ids
  /// How far a webhook's events were read in vain: (epoch, cursor) it was read from, and the end.
  struct Unheard {
    std::int64_t epoch = 0;
    std::uint64_t cursor = 0, through = 0;
  };
  std::map<std::string, Unheard> unheard;
  std::atomic<std::uint64_t> deliveries{0}, failures{0}, dead_letters{0};
  Workers workers;
};

WebhookSender::WebhookSender(WebhookParts parts)
    : impl_(std::make_shared<Impl>(std::move(parts))) {}

WebhookSender::~WebhookSender() {
  impl_->under_way.wait_idle();
  impl_->workers.stop();
}

void WebhookSender::stop() { impl_->stopping = true; }

WebhookStatistics WebhookSender::statistics() const {
  return {impl_->deliveries, impl_->failures, impl_->dead_letters};
}

void WebhookSender::deliver_due(std::function<void(std::size_t)> done) {
  const Impl::Keep kept = impl_->keep();
  impl_->workers.post([kept, done = std::move(done)] {
    const auto each = [kept](const Webhook& webhook, Impl::Ended ended) {
      kept->workers.post([kept, webhook, ended = std::move(ended)] {
        kept->go_on(kept->begin_to_gather(webhook), ended);
      });
    };
    std::make_shared<BoundedRound<Webhook>>(kept->take_due(), each, done)->begin(kMaxSending);
  });
}

std::vector<Webhook> WebhookSender::Impl::take_due() {
  const Timestamp now = parts.business->now();
  std::vector<Webhook> due;
  // Read under the lock: what is no longer being sent has then had its result published.
  std::lock_guard lock(mutex);
  const auto open = parts.book->read([](const State& state, std::uint64_t) {
    return state.open_documents(DocumentKind::kWebhook);
  });
  const std::uint64_t last = parts.book->last_seq();
  for (const DocumentPtr& document : open) {
    auto webhook = decode_webhook(document->bytes);
    CHECK_OR_DIE(webhook, "webhook {} does not decode", document->key);
    const Webhook& w = webhook.value();
    const Unheard& read = unheard[w.id];
    const bool known = read.epoch == w.epoch && read.cursor == w.cursor;
    if (w.next_at.seconds() > now.seconds() || (known ? read.through : w.cursor) >= last) continue;
    if (sending.size() >= kMaxSending) break;
    if (!parts.is_enabled(w.key_id) || !sending.insert(w.id).second) continue;
    due.push_back(w);
  }
  return due;
}

// The next events that the webhook asks for; up to `through` there are no others.
std::shared_ptr<Gathering> WebhookSender::Impl::begin_to_gather(const Webhook& webhook) {
  auto gathering = std::make_shared<Gathering>();
  Delivery& delivery = gathering->delivery;
  delivery.webhook = webhook;
  gathering->topics = Topics(webhook.topics);
  delivery.through = gathering->after = webhook.cursor;
  {
    std::lock_guard lock(mutex);
    const Unheard& read = unheard[webhook.id];
    if (read.epoch == webhook.epoch && read.cursor == webhook.cursor)
      delivery.through = std::max(read.through, webhook.cursor);
  }
  if (const std::uint64_t gone = parts.book->archived().until; delivery.through < gone) {
    log_warn("webhook {} has not taken events up to {}, which were archived and purged", webhook.id,
             gone);
    delivery.through = gathering->after = gone;
  }
  gathering->events.begin_array();
  return gathering;
}

Result<bool> WebhookSender::Impl::gather(Gathering& g) {
  using Steady = std::chrono::steady_clock;
  const auto begin = Steady::now();
  std::optional<Steady::time_point> end;
  bool over = false;
  TRY(parts.book->for_each_command_after(g.delivery.through, [&](const StoredCommand& stored) {
    const auto now = Steady::now();
    // Every turn decodes a block anew: half of it at least is for reading on.
    if (!end) end = now + std::max<Steady::duration>(kTurn, now - begin);
    over = now >= *end;
    if (over || g.full()) return false;
    ++g.commands;
    g.delivery.through = stored.seq;
    for_each_event(stored, g.topics, [&](const ToldEvent& told) {
      if (!parts.may_hear(g.delivery.webhook, stored, told)) return;
      write_event(g.events, stored, told);
      ++g.delivery.events;
      g.bytes += told.event.payload.size() + told.event.key.size() + 128;
    });
    return true;
  }));
  if (over && !g.full()) return false;
  g.events.end_array();
  if (g.delivery.events == 0) return true;
  JsonWriter out;
  out.begin_object().field("webhook", g.delivery.webhook.id).field("after", g.after);
  out.field("through", g.delivery.through).key("events").raw(g.events.take());
  g.delivery.body = out.end_object().take();
  return true;
}

// One that is far behind takes a turn and stands at the end again, so that it holds up the others
// by that turn.
void WebhookSender::Impl::go_on(const std::shared_ptr<Gathering>& gathering, const Ended& ended) {
  const auto whole = gather(*gathering);
  const std::string& id = gathering->delivery.webhook.id;
  if (!whole) {
    log_error("the events of webhook {} are not read: {}", id, whole.error().message);
    return end(id, ended);
  }
  if (whole.value()) return deliver(std::move(gathering->delivery), ended);
  const Keep kept = keep();
  workers.post([kept, gathering, ended] { kept->go_on(gathering, ended); });
}

void WebhookSender::Impl::deliver(Delivery delivery, Ended ended) {
  const Webhook& webhook = delivery.webhook;
  if (!delivery.body.empty()) return send(std::move(delivery), std::move(ended));
  {
    std::lock_guard lock(mutex);
    unheard[webhook.id] = {webhook.epoch, webhook.cursor, delivery.through};
  }
  // What nobody asked for is not read again after a restart, at a journal entry for many.
  if (delivery.through - webhook.cursor < kUnheardToKeep || webhook.attempts > 0)
    return end(webhook.id, ended);
  delivery.delivered = true;
  delivery.result = webhook.result;
  submit(delivery, std::move(ended));
}

void WebhookSender::Impl::send(Delivery delivery, Ended ended) {
  const Webhook& webhook = delivery.webhook;
  // The key may have been disabled while the events were read.
  if (stopping || !parts.is_enabled(webhook.key_id)) return end(webhook.id, ended);
  const auto url = Url::parse(webhook.url);
  const auto secret = parts.vault->unseal(context_of(webhook.id), webhook.secret_sealed);
  if (!url || !secret) {
    log_error("webhook {} has a bad {}", webhook.id, url ? "secret" : "URL");
    delivery.result = url ? "secret" : "url";
    return finish(std::move(delivery), std::move(ended));
  }
  const std::int64_t now_s = parts.real->now().seconds();
  HttpRequest request;
  request.method = "POST";
  request.target = url.value().target;
  request.headers.set("Content-Type", "application/json");
  request.headers.set("Suanpan-Webhook", webhook.id);
  request.headers.set("Suanpan-Delivery",
                      fmt::format("{}-{}-{}", webhook.epoch, webhook.cursor, delivery.through));
  request.headers.set("Suanpan-Timestamp", std::to_string(now_s));
  request.headers.set("Suanpan-Signature",
                      webhook_signature(secret.value().reveal(), now_s, delivery.body));
  request.body = std::move(delivery.body);
  const Keep kept = keep();
  parts.send(url.value().origin(), std::move(request), kDeadlineMs,
             [kept, delivery = std::move(delivery),
              ended = std::move(ended)](const Result<HttpResponse>& answer) {
               if (!answer && kept->stopping) return kept->end(delivery.webhook.id, ended);
               Delivery answered = delivery;
               answered.result = answer ? fmt::format("http {}", answer.value().status)
                                        : std::string(name_of(answer.error().code));
               answered.delivered =
                   answer && answer.value().status >= 200 && answer.value().status <= 299;
               kept->finish(std::move(answered), ended);
             });
}

void WebhookSender::Impl::finish(Delivery delivery, Ended ended) {
  ++deliveries;
  if (!delivery.delivered) ++failures;
  if (!delivery.delivered && delivery.webhook.attempts + 1 == kMaxWebhookAttempts) ++dead_letters;
  delivery.body.clear();
  submit(delivery, std::move(ended));
}

void WebhookSender::Impl::submit(const Delivery& delivery, Ended ended) {
  const Keep kept = keep();
  const std::string id = delivery.webhook.id;
  std::vector<Command> commands{journal_result(delivery, parts.business->now())};
  const bool taken =
      parts.book->submit(std::move(commands), [kept, id, ended](Book::Answers answers) {
        if (!answers.at(0).accepted())
          log_info("a delivery of webhook {} is not journalled: {}", id,
                   name_of(answers.at(0).refusal.code));
        kept->workers.post([kept, id, ended] { kept->end(id, ended); });
      });
  if (!taken)
    workers.post_after(kQueueFullPauseMs, [kept, delivery, ended = std::move(ended)] {
      kept->submit(delivery, ended);
    });
}

void WebhookSender::Impl::end(const std::string& id, const Ended& ended) {
  {
    std::lock_guard lock(mutex);
    sending.erase(id);
  }
  ended();
}

}  // namespace suanpan::channels
