#include "channels/sandbox/notifications.h"

#include <algorithm>
#include <charconv>

namespace suanpan::sandbox {
namespace {

constexpr std::int64_t kLongestHoldSeconds = 3600;
constexpr std::int64_t kAnswerSeconds = 5;
constexpr std::string_view kProbePrefix = "probe-";
constexpr std::string_view kDeliveryPrefix = "delivery-";

}  // namespace

void NotificationQueue::add(Notification notification, Timestamp due, Manner manner) {
  ++counts_.created;
  items_.emplace(next_sequence_++, Item{std::move(notification), due, manner});
}

void NotificationQueue::hand_out(std::uint64_t sequence, Timestamp now,
                                 std::vector<Delivery>& out) {
  Item& item = items_.at(sequence);
  ++counts_.attempts;
  if (probe_every_ > 0 && counts_.attempts % probe_every_ == 0) {
    ++counts_.probes;
    Notification probe = item.notification;
    probe.id = std::string(kProbePrefix) + probe.id;
    out.push_back({fmt::format("{}{}", kProbePrefix, counts_.probes), std::move(probe), item.due,
                   SignatureKind::kProbe});
  }
  const bool forged = item.manner == Manner::kForgedFirst && item.attempts == 0;
  out.push_back({fmt::format("{}{}", kDeliveryPrefix, sequence), item.notification, item.due,
                 forged ? SignatureKind::kForged : SignatureKind::kTrue});
  last_handed_out_ = std::max(last_handed_out_, sequence);
  if (item.attempts < kRetryAfterSeconds.size())
    item.due = now.plus_seconds(kRetryAfterSeconds[item.attempts]);
  else
    item.due = now.plus_seconds(kAnswerSeconds);  // after which it is given up
  ++item.attempts;
}

std::vector<Delivery> NotificationQueue::take_due(Timestamp now) {
  std::vector<std::pair<Timestamp, std::uint64_t>> due;
  std::vector<std::uint64_t> held;
  for (auto at = items_.begin(); at != items_.end();) {
    const auto& [sequence, item] = *at;
    if (item.due > now) {
      ++at;
    } else if (item.attempts > kRetryAfterSeconds.size()) {
      ++counts_.given_up;
      at = items_.erase(at);
    } else {
      if (item.manner == Manner::kHeldBack)
        held.push_back(sequence);
      else
        due.emplace_back(item.due, sequence);
      ++at;
    }
  }
  std::sort(due.begin(), due.end());

  std::vector<Delivery> out;
  for (const auto& [when, sequence] : due) hand_out(sequence, now, out);
  for (const std::uint64_t sequence : held) {
    Item& item = items_.at(sequence);
    const bool overtaken = last_handed_out_ > sequence;
    if (!overtaken && item.due.plus_seconds(kLongestHoldSeconds) > now) continue;
    item.manner = Manner::kPlain;
    hand_out(sequence, now, out);
  }
  return out;
}

void NotificationQueue::answered(std::string_view delivery_id, int status) {
  const bool success = status == 200 || status == 204;
  if (delivery_id.starts_with(kProbePrefix)) {
    ++(success ? counts_.probes_believed : counts_.probes_refused);
    return;
  }
  if (!success || !delivery_id.starts_with(kDeliveryPrefix)) return;  // the next try is queued
  const std::string_view digits = delivery_id.substr(kDeliveryPrefix.size());
  std::uint64_t sequence = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), sequence);
  if (items_.erase(sequence) > 0) ++counts_.accepted;
}

}  // namespace suanpan::sandbox
