// Reading the events of the journal for one caller: what the feed, its stream and webhooks share.
//
// An upstream key hears of its own commands and orders, the house of everything. Plain functions,
// thread-safe; they read blocks and belong on no thread of the server's.
#pragma once
#include <chrono>

#include "api/v1/answer.h"
#include "api/v1/order_id.h"
#include "channels/webhooks.h"

namespace suanpan::api::v1 {

using channels::write_event;

/// Commands that are read at least, however short the turn: a reader always comes forward.
inline constexpr std::uint64_t kEventScanStep = 64;

/// Of an upstream's commands and orders.
inline bool may_hear(CallerId owner, const StoredCommand& stored, const Event& event) {
  return stored.key.caller == owner || order_owner(event.key) == std::optional(owner);
}
inline bool may_hear(const Principal& principal, const StoredCommand& stored, const Event& event) {
  return may_read(principal, stored.key.caller) || owns_order(principal, event.key);
}

struct EventsRead {
  std::uint64_t last = 0;  ///< everything up to here has been read
  std::size_t count = 0;   ///< events told
  bool turn_over = false;  ///< it stopped because it had read for so long, not at the end
};
/// Calls `each(stored, index)` with the events after a sequence that a caller may hear of, in
/// order. A command's events are never torn apart, so a few more than `limit` may come. Whoever
/// hears of little has much to read in vain: after `turn` it stops.
template <class Each>
Result<EventsRead> read_events(const Book& book, const Principal& principal, std::uint64_t after,
                               std::size_t limit, std::chrono::milliseconds turn, Each&& each) {
  const auto end = std::chrono::steady_clock::now() + turn;
  EventsRead read;
  read.last = after;
  std::uint64_t commands = 0;
  TRY(book.for_each_command_after(after, [&](const StoredCommand& stored) {
    if (read.count >= limit) return false;
    if (commands > 0 && commands % kEventScanStep == 0 && std::chrono::steady_clock::now() >= end) {
      read.turn_over = true;
      return false;
    }
    ++commands;
    read.last = stored.seq;
    for (std::size_t index = 0; index < stored.effects.events.size(); ++index) {
      if (!may_hear(principal, stored, stored.effects.events[index])) continue;
      each(stored, index);
      ++read.count;
    }
    return true;
  }));
  return read;
}

}  // namespace suanpan::api::v1
