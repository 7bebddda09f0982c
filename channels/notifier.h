// Delivers merchant notifications (商户通知): what a change of state owed the merchant is a
// document kNotification, made in the same change set; here it is posted to the merchant's URL
// until the merchant says `success`, six times at most.
//
//   attempt      1    2     3     4     5      6       by the business clock,
//   after        0 s  30 s  60 s  90 s  120 s  150 s   each counted from the attempt before
//
// Each attempt's result is journalled as a new version of the document: open while it waits for
// another attempt, then finished as delivered or given up. A crash between an attempt and its
// result sends it once more: merchants must take a notification twice, and Jeepay's clients do.
//
// On the wire it is a form POST; a query in the merchant's URL moves into the body, before the
// fields. Acknowledged by a 2xx whose body is `success`, ignoring case and white space around it.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "channels/payment_service.h"

namespace suanpan::channels {

/// The form-encoded, signed fields of a notification: topic "order", "refund", "payout" or
/// "payout_returned", and the id of what it is about. Called on the notifier's thread.
using RenderNotification =
    std::function<Result<std::string>(const std::string& topic, const std::string& id)>;

struct NotifierParts {
  Book* book = nullptr;
  const Clock* business = nullptr;
  Send send;  ///< through a client that refuses private addresses: merchants give these URLs
  RenderNotification render;
};

/// Since the start of the process.
struct NotifierStatistics {
  std::uint64_t attempts = 0;
  std::uint64_t failures = 0;  ///< attempts that were not acknowledged
  std::uint64_t given_up = 0;  ///< notifications whose last attempt failed
};

class Notifier {
 public:
  explicit Notifier(NotifierParts parts);
  ~Notifier();  ///< waits until nothing is under way

  /// Sends every notification that is due, at most 64 at once and 8 of one merchant, none that is
  /// under way already. Calls back when all are answered and journalled, with how many were sent.
  /// Never blocks, and may be called again before: one that is slow to answer holds up no other
  /// merchant. Calls that come before it was looked what is due are one.
  void deliver_due(std::function<void(std::size_t)> done);
  /// Begins no further attempt, and takes one that ends without an answer for not made: call it
  /// before the client is stopped, or a stop of ours is counted against the merchant.
  void stop();
  NotifierStatistics statistics() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

/// How a notification stands; for people and tests.
struct NotificationState {
  std::string topic, id, url;
  std::int64_t attempts = 0;
  Timestamp next_at;  ///< when the next attempt is due, if it waits
  Timestamp created_at;
  std::string state;   ///< "waiting", "delivered", "given_up"
  std::string result;  ///< of the last attempt: "success", "http 500", "timeout", "answer", …
};
/// Errors: kMalformed.
Result<NotificationState> decode_notification(std::string_view bytes);

}  // namespace suanpan::channels
