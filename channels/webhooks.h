// Webhooks (事件推送): the events of the journal, posted to an upstream's URL in their order, at
// least once and without gaps.
//
//   requested ──approve (an operator)──▶ active ──disable──▶ disabled
//       └─────────────disable──────────────────────────────────▲
//
// A delivery is a POST of up to 100 events that the owner may hear of and asked for:
//
//   {"webhook":ID,"after":SEQ,"through":SEQ,"events":[{"seq":…,"index":…,"timestamp":…,
//    "topic":…,"key":…,"payload":{…}}]}
//   Suanpan-Webhook: ID      Suanpan-Delivery: EPOCH-AFTER-THROUGH
//   Suanpan-Timestamp: unix seconds, of the real clock
//   Suanpan-Signature: v1=hex(HMAC-SHA256(secret, timestamp + "." + body))
//
// Asked for are the events that commands stored, all or by topic, and by topic alone changes of the
// ledger itself (ledger/engine/change_events.h): "hold.expired", "voucher.*".
//
// Any 2xx acknowledges it. A receiver knows an event that comes twice by (seq, index): an attempt
// may hold more events than the one before. Then the cursor moves past `through`, in the journal:
// after a crash between the two it is delivered again. An attempt that fails is made again after 10
// s, 30 s, 2 min, 10 min, 30 min, 1 h and 2 h; after the eighth the delivery becomes a dead letter
// and the next one is begun. Events are never copied: a dead letter names its sequences, and replay
// sets the cursor back. A replay begins a new epoch, so that what is still under way cannot move
// the new cursor.
//
// State is the document kWebhook; what is kept in memory besides saves reading only.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "channels/payment_service.h"
#include "ledger/base/json.h"
#include "ledger/base/vault.h"
#include "ledger/engine/change_events.h"

namespace suanpan::channels {

struct Webhook {
  std::string id;
  CallerId owner;      ///< whose events
  std::string key_id;  ///< the owner's key: when it is disabled, nothing is sent any more
  std::string url;
  std::vector<std::string> topics;  ///< "order.paid", "hold.*"; empty: all that commands stored
  std::string secret_sealed;
  std::string state = "requested";  ///< "requested", "active", "disabled"
  Timestamp created_at;

  std::uint64_t cursor = 0;   ///< everything up to here was delivered, is dead, or is not asked for
  std::int64_t epoch = 0;     ///< +1 with each replay
  std::int64_t attempts = 0;  ///< of the delivery after `cursor` that failed
  Timestamp next_at;          ///< when it is tried again
  std::string result;         ///< of the last attempt: "http 200", "timeout"
  std::int64_t dead_letters = 0;
};
std::string encode(const Webhook& webhook);
/// Errors: kMalformed.
Result<Webhook> decode_webhook(std::string_view bytes);

/// A delivery that was given up. Key: "<webhook>/<epoch>/<after>", numbers with 19 digits.
struct DeadLetter {
  std::string webhook;
  std::uint64_t after = 0, through = 0;  ///< its events lie in (after, through]
  std::int64_t events = 0, attempts = 0;
  std::string result;
  Timestamp at;
};
std::string encode(const DeadLetter& letter);
/// Errors: kMalformed.
Result<DeadLetter> decode_dead_letter(std::string_view bytes);

inline constexpr std::int64_t kMaxWebhookAttempts = 8;

std::string seal_webhook_secret(const Vault& vault, std::string_view id, std::string_view secret);
/// "v1=…".
std::string webhook_signature(std::string_view secret, std::int64_t unix_seconds,
                              std::string_view body);
/// One event as the feed, its stream and webhooks show it.
void write_event(JsonWriter& out, const StoredCommand& stored, const ToldEvent& told);

// Commands. `who` acts; kDocumentNotFound, kDocumentStateFinal (disabled, or approved already),
// kSamePerson (an owner approves), kValueInvalid (a replay from beyond the journal).
Command request_webhook(ClaimKey key, Webhook webhook);
Command approve_webhook(ClaimKey key, const std::string& id);
Command disable_webhook(ClaimKey key, const std::string& id);
Command replay_webhook(ClaimKey key, const std::string& id, std::uint64_t after);

struct WebhookParts {
  Book* book = nullptr;
  const Vault* vault = nullptr;
  const Clock* business = nullptr;  ///< back-off
  const Clock* real = nullptr;      ///< the signature's timestamp
  Send send;                        ///< through a client that refuses private addresses
  /// Whether a key is in use (asked before and after its events are read), and whether the owner of
  /// a webhook may hear of an event. Called on the sender's threads.
  std::function<bool(const std::string& key_id)> is_enabled;
  std::function<bool(const Webhook&, const StoredCommand&, const ToldEvent&)> may_hear;
};

/// Since the start of the process.
struct WebhookStatistics {
  std::uint64_t deliveries = 0;  ///< attempts
  std::uint64_t failures = 0;
  std::uint64_t dead_letters = 0;
};

class WebhookSender {
 public:
  explicit WebhookSender(WebhookParts parts);
  ~WebhookSender();  ///< waits until nothing is under way

  /// Makes the next delivery of every active webhook that is due and has none under way, at most 64
  /// at once. Calls back when these are answered and journalled, with how many webhooks were looked
  /// at. Never blocks, and may be called again before. The journal is read on two threads of the
  /// sender, a few milliseconds for one webhook and then for the next.
  void deliver_due(std::function<void(std::size_t)> done);
  /// Begins no further delivery, and takes one that ends without an answer for not made: call it
  /// before the client is stopped, or a stop of ours is counted against the receiver.
  void stop();
  WebhookStatistics statistics() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace suanpan::channels
