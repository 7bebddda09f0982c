// What is to be told outside: merchants' notifications, which the command that owes them makes, and
// how far upstreams' webhooks have come. Both are read here with eyes of their own: what they mean
// stands in channels/notifier.h and channels/webhooks.h.
#include <algorithm>
#include <utility>

#include "ledger/base/digest.h"
#include "ledger/base/json.h"
#include "ledger/engine/audit.h"
#include "ledger/engine/audit_owed.h"

namespace suanpan {
namespace {

struct Notification {
  std::string topic, id, url;
  std::int64_t attempts = 0;
  std::string state = "waiting", result;  // as it is made, it has neither yet
};

Result<Notification> read_notification(std::string_view bytes) {
  TRY(const auto json, JsonDocument::parse(bytes));
  const JsonValue root = json.root();
  Notification n;
  TRY(n.topic, root.get_string("topic"));
  TRY(n.id, root.get_string("id"));
  TRY(n.url, root.get_string("url"));
  TRY(n.attempts, root.get_int64("attempts"));
  if (root.find("state")) {
    TRY(n.state, root.get_string("state"));
  }
  if (root.find("result")) {
    TRY(n.result, root.get_string("result"));
  }
  return n;
}

struct WebhookSays {
  std::string state, fixed;  // what no version may change, as one
  CallerId owner;
  std::int64_t cursor = 0, epoch = 0, attempts = 0, dead_letters = 0;
};

Result<WebhookSays> read_webhook(std::string_view bytes) {
  TRY(const auto json, JsonDocument::parse(bytes));
  const JsonValue root = json.root();
  WebhookSays w;
  TRY(w.state, root.get_string("state"));
  TRY(const std::int64_t owner, root.get_int64("owner"));
  w.owner = CallerId{static_cast<std::uint32_t>(owner)};
  w.fixed = std::to_string(owner);
  const auto fix = [&w](std::string_view text) {
    w.fixed += fmt::format("|{}:{}", text.size(), text);
  };
  for (const char* const member : {"key_id", "url", "secret_sealed"}) {
    TRY(const std::string text, root.get_string(member));
    fix(text);
  }
  TRY(const auto topics, root.get("topics"));
  for (const JsonValue& topic : topics.elements()) {
    TRY(const auto name, topic.as_string());
    fix(name);
  }
  TRY(w.cursor, root.get_int64("cursor"));
  TRY(w.epoch, root.get_int64("epoch"));
  TRY(w.attempts, root.get_int64("attempts"));
  TRY(w.dead_letters, root.get_int64("dead_letters"));
  return w;
}

// The steps of channels/webhooks.h: requested → active → disabled, or disabled at once. One that
// stays active is delivered to, or replayed.
enum WebhookState : std::int64_t { kNoState, kRequested, kActive, kDisabled };
constexpr std::int64_t kWebhookAttempts = 8;

WebhookState webhook_state(std::string_view name) {
  if (name == "requested") return kRequested;
  if (name == "active") return kActive;
  return name == "disabled" ? kDisabled : kNoState;
}
const char* named(std::int64_t state) {
  constexpr const char* kNames[] = {"nothing", "requested", "active", "disabled"};
  return kNames[state];
}
bool may_step(std::int64_t from, std::int64_t to) {
  switch (from) {
    case kNoState:
      return to == kRequested;
    case kRequested:
    case kActive:
      return to == kActive || to == kDisabled;
    default:
      return false;
  }
}

Result<OwedLetter> read_letter(std::string_view bytes) {
  TRY(const auto json, JsonDocument::parse(bytes));
  const JsonValue root = json.root();
  OwedLetter letter;
  TRY(letter.webhook, root.get_string("webhook"));
  TRY(letter.after, root.get_int64("after"));
  TRY(letter.through, root.get_int64("through"));
  TRY(letter.attempts, root.get_int64("attempts"));
  return letter;
}

std::string key_of(const OwedNotice& notice) { return notice.topic + "/" + notice.id; }
std::string key_of(const OwedLetter& letter) {
  return fmt::format("{}/{:019}/{:019}", letter.webhook, letter.epoch, letter.after);
}

template <class T>
const T* find_owed(const std::vector<T>& owed, std::string_view key) {
  const auto found =
      std::find_if(owed.begin(), owed.end(), [&](const T& one) { return key_of(one) == key; });
  return found == owed.end() ? nullptr : &*found;
}

bool is_made(const OwedByCommand& owed, DocumentKind kind, std::string_view key) {
  return std::any_of(owed.made.begin(), owed.made.end(), [&](const Document* document) {
    return document->kind == kind && document->key == key;
  });
}

}  // namespace

// One version an attempt; after the last one, delivered or given up, there is none.
Fault Audit::take_notification(const Document& document, OwedByCommand& owed) const {
  const auto read = read_notification(document.bytes);
  if (!read) return fmt::format("notification {} does not decode", document.key);
  const Notification& n = read.value();
  const bool fresh = document.version == 1;
  if (document.key != n.topic + "/" + n.id)
    return fmt::format("notification {} is of {} {}", document.key, n.topic, n.id);
  if (n.attempts != document.version - std::int64_t{1})
    return fmt::format("notification {} counts {} attempts in version {}", document.key, n.attempts,
                       document.version);
  const bool waiting = n.state == "waiting";
  if (!waiting && (fresh || (n.state != "delivered" && n.state != "given_up")))
    return fmt::format("notification {} ends as {}", document.key, n.state);
  if (document.open != waiting)
    return fmt::format("notification {} is listed as {} and is {}", document.key,
                       document.open ? "open" : "finished", n.state);
  if (!fresh && (n.result == "success") != (n.state == "delivered"))
    return fmt::format("notification {} is {} after the answer {}", document.key, n.state,
                       n.result);
  if (fresh) owed.made.push_back(&document);
  return {};
}

Fault Audit::check_webhook_step(const Command& command, const WebhookFacts& before,
                                const WebhookFacts& after, CallerId owner) {
  if (!may_step(before.state, after.state))
    return fmt::format("goes from {} to {}", named(before.state), named(after.state));
  const bool stays = before.state == after.state;  // active
  const bool moves = after.epoch != before.epoch || after.cursor != before.cursor ||
                     after.attempts != before.attempts || after.dead_letters != before.dead_letters;
  if (!stays && moves)
    return fmt::format("moves while it goes from {} to {}", named(before.state),
                       named(after.state));
  if (before.state == kRequested && after.state == kActive && command.key().caller == owner)
    return "is approved by its owner";
  // The house alone tells what became of a delivery.
  const bool delivers = stays && after.epoch == before.epoch;
  const bool told_so =
      command.kind == CommandKind::kNotification && command.key().caller == kSystemCaller;
  if (delivers != told_so)
    return delivers ? "is said to be delivered to by somebody else"
                    : "is changed by what tells of a delivery";
  return {};
}

// A cursor that stands still may fail once more; one that moves has delivered or given up; only a
// replay, which begins a new epoch, takes it back.
Fault Audit::take_webhook(const Command& command, const Document& document, OwedByCommand& owed) {
  const auto read = read_webhook(document.bytes);
  const WebhookState state = read ? webhook_state(read.value().state) : kNoState;
  if (state == kNoState) return fmt::format("webhook {} does not decode", document.key);
  const WebhookSays& says = read.value();
  if (document.open != (state == kActive))
    return fmt::format("webhook {} is listed as {} and is {}", document.key,
                       document.open ? "open" : "finished", says.state);
  if (says.cursor < 0 || static_cast<std::uint64_t>(says.cursor) >= command.first.seq)
    return fmt::format("webhook {} stands at {}, beyond the journal", document.key, says.cursor);
  WebhookFacts& facts = webhooks_[document.key];
  const WebhookFacts after{state,         says.cursor,       says.epoch,
                           says.attempts, says.dead_letters, id_of(says.fixed)};
  if (document.version == 1) {
    facts.cursor = after.cursor;
    facts.fixed = after.fixed;
  }
  const WebhookFacts before = std::exchange(facts, after);
  if (after.fixed != before.fixed)
    return fmt::format("webhook {} changed its owner, key, URL, secret or topics", document.key);
  if (after.epoch == before.epoch + 1 && document.version > 1) {
    if (after.cursor > before.cursor)
      return fmt::format("webhook {} is replayed from {}, beyond {}, where it stood", document.key,
                         after.cursor, before.cursor);
  } else if (after.epoch != before.epoch) {
    return fmt::format("webhook {} goes from epoch {} to {}", document.key, before.epoch,
                       after.epoch);
  } else if (after.cursor < before.cursor) {
    return fmt::format("webhook {} goes back from {} to {} without a replay", document.key,
                       before.cursor, after.cursor);
  }
  if (const Fault f = check_webhook_step(command, before, after, says.owner))
    return fmt::format("webhook {} {}", document.key, *f);
  const bool stays = after.epoch == before.epoch && after.cursor == before.cursor;
  const bool counts = stays && after.attempts < kWebhookAttempts;
  if (after.attempts != 0 &&
      (!counts || (after.attempts != before.attempts && after.attempts != before.attempts + 1)))
    return fmt::format("webhook {} goes from {} attempts to {}", document.key, before.attempts,
                       after.attempts);
  if (after.dead_letters == before.dead_letters) return {};
  if (after.dead_letters != before.dead_letters + 1 || after.cursor <= before.cursor)
    return fmt::format("webhook {} goes from {} dead letters to {}", document.key,
                       before.dead_letters, after.dead_letters);
  if (before.attempts + 1 != kWebhookAttempts)
    return fmt::format("webhook {} is given up after {} attempts", document.key,
                       before.attempts + 1);
  owed.letters.push_back(
      {document.key, before.epoch, before.cursor, after.cursor, before.attempts + 1});
  return {};
}

// Neither less than is owed nor more: nobody is told of what did not happen.
Fault Audit::check_outbox(const OwedByCommand& owed) const {
  for (const Document* document : owed.made) {
    const std::string& key = document->key;
    if (document->kind == DocumentKind::kNotification) {
      const OwedNotice* notice = find_owed(owed.notices, key);
      if (!notice) return fmt::format("notification {} is owed by nothing", key);
      if (read_notification(document->bytes).value().url != notice->url)
        return fmt::format("notification {} goes to another URL than the one that was named", key);
      continue;
    }
    const OwedLetter* letter = find_owed(owed.letters, key);
    if (!letter) return fmt::format("dead letter {} is of no delivery that was given up", key);
    auto says = read_letter(document->bytes);
    if (says) says.value().epoch = letter->epoch;
    if (!says || says.value() != *letter)
      return fmt::format("dead letter {} is not of the delivery that was given up", key);
  }
  for (const OwedNotice& notice : owed.notices)
    if (!is_made(owed, DocumentKind::kNotification, key_of(notice)))
      return fmt::format("notification {} is owed and not made", key_of(notice));
  for (const OwedLetter& letter : owed.letters)
    if (!is_made(owed, DocumentKind::kDeadLetter, key_of(letter)))
      return fmt::format("dead letter {} is owed and not made", key_of(letter));
  return {};
}

}  // namespace suanpan
