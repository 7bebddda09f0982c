// What is to be told outside: merchants' notifications, which the command that owes them makes, and
// how far upstreams' webhooks have come. Both are read here with eyes of their own: what they mean
// stands in channels/notifier.h and channels/webhooks.h.
#include <algorithm>

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
  std::string state;
  std::int64_t cursor = 0, epoch = 0, attempts = 0, dead_letters = 0;
};

Result<WebhookSays> read_webhook(std::string_view bytes) {
  TRY(const auto json, JsonDocument::parse(bytes));
  const JsonValue root = json.root();
  WebhookSays w;
  TRY(w.state, root.get_string("state"));
  TRY(w.cursor, root.get_int64("cursor"));
  TRY(w.epoch, root.get_int64("epoch"));
  TRY(w.attempts, root.get_int64("attempts"));
  TRY(w.dead_letters, root.get_int64("dead_letters"));
  return w;
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

// A cursor that stands still may fail once more; one that moves has delivered or given up; only a
// replay, which begins a new epoch, takes it back.
Fault Audit::take_webhook(const Command& command, const Document& document, OwedByCommand& owed) {
  const auto read = read_webhook(document.bytes);
  if (!read) return fmt::format("webhook {} does not decode", document.key);
  const WebhookSays& after = read.value();
  if (document.open != (after.state == "active"))
    return fmt::format("webhook {} is listed as {} and is {}", document.key,
                       document.open ? "open" : "finished", after.state);
  if (after.cursor < 0 || static_cast<std::uint64_t>(after.cursor) >= command.first.seq)
    return fmt::format("webhook {} stands at {}, beyond the journal", document.key, after.cursor);
  WebhookFacts& facts = webhooks_[document.key];
  if (document.version == 1) facts.cursor = after.cursor;
  const WebhookFacts before = facts;
  facts = WebhookFacts{after.cursor, after.epoch, after.attempts, after.dead_letters};
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
  const bool stays = after.epoch == before.epoch && after.cursor == before.cursor;
  if (after.attempts != 0 &&
      (!stays || (after.attempts != before.attempts && after.attempts != before.attempts + 1)))
    return fmt::format("webhook {} goes from {} attempts to {}", document.key, before.attempts,
                       after.attempts);
  if (after.dead_letters == before.dead_letters) return {};
  if (after.dead_letters != before.dead_letters + 1 || after.cursor <= before.cursor)
    return fmt::format("webhook {} goes from {} dead letters to {}", document.key,
                       before.dead_letters, after.dead_letters);
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
