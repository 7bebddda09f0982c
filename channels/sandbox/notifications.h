// The queue of notifications: what is to be sent when, how often it was tried, what came back.
// Times are the host's business time. Signing is the caller's (each attempt is signed afresh).
//
// An attempt counts as failed until notification_answered says 200 or 204: the next try stands in
// the queue from the moment the last one was handed out, so a host that dies forgets nothing.
// Not thread-safe.
#pragma once
#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "channels/sandbox/wire.h"
#include "ledger/base/date.h"

namespace suanpan::sandbox {

/// Seconds to the next attempt after the first, the second, …: WeChat's schedule, 15 retries.
inline constexpr std::array<std::int64_t, 15> kRetryAfterSeconds = {
    15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600};

struct Notification {
  std::string id;  ///< the envelope's id: equal in duplicates
  std::string mchid;
  std::string number;  ///< out_trade_no or out_refund_no
  std::string url;
  std::string body;
};

/// One attempt handed out.
struct Delivery {
  std::string delivery_id;
  Notification notification;
  Timestamp due;
  SignatureKind signature = SignatureKind::kTrue;
};

struct NotificationCounts {
  std::int64_t created = 0;
  std::int64_t attempts = 0;
  std::int64_t accepted = 0;
  std::int64_t given_up = 0;
  std::int64_t probes = 0;
  std::int64_t probes_refused = 0;   ///< as they must be
  std::int64_t probes_believed = 0;  ///< a receiver that does not verify
};

class NotificationQueue {
 public:
  /// `probe_every`: each so-many-th attempt is preceded by a signature probe; 0 for none.
  explicit NotificationQueue(std::int64_t probe_every) : probe_every_(probe_every) {}

  enum class Manner { kPlain, kHeldBack, kForgedFirst };
  void add(Notification notification, Timestamp due, Manner manner);

  /// What is due, in order of time; what is held back goes last, once something added after it has
  /// been handed out (or an hour has passed).
  std::vector<Delivery> take_due(Timestamp now);
  /// The receiver's answer. Unknown ids (already answered, given up) are ignored.
  void answered(std::string_view delivery_id, int status);

  const NotificationCounts& counts() const { return counts_; }
  /// Those not yet accepted or given up.
  std::size_t pending() const { return items_.size(); }

 private:
  struct Item {
    Notification notification;
    Timestamp due;
    Manner manner;
    std::size_t attempts = 0;
  };
  void hand_out(std::uint64_t sequence, Timestamp now, std::vector<Delivery>& out);

  std::int64_t probe_every_;
  std::uint64_t next_sequence_ = 1;
  std::uint64_t last_handed_out_ = 0;
  std::map<std::uint64_t, Item> items_;  ///< by sequence of adding
  NotificationCounts counts_;
};

}  // namespace suanpan::sandbox
