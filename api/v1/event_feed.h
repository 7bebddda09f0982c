// Reading the events of the journal for one caller: what the feed, its stream and webhooks share.
//
// An upstream key hears of its own commands and orders, the house of everything. Plain functions,
// thread-safe; they read blocks and belong on no thread of the server's.
#pragma once
#include <chrono>

#include "api/keys.h"
#include "api/v1/answer.h"
#include "channels/webhooks.h"

namespace suanpan::api::v1 {

class Query;
using channels::write_event;

/// Commands that are read at least, however short the turn: a reader always comes forward.
inline constexpr std::uint64_t kEventScanStep = 64;

/// The parameter "topics": names apart by commas, 1 to kMaxTopics; absent: none is named.
Topics read_topics(Query& query);

/// Whoever asks: an upstream hears of its own commands and orders, of whatever was done to its own
/// holds and vouchers, and of accounts within its reach; the house of everything (ownership.h).
bool may_hear(const Principal& principal, const StoredCommand& stored, const ToldEvent& told);
/// A webhook: what its owner hears of as an upstream, by what its key reaches when it is asked.
bool may_hear(KeyReaches& reaches, const channels::Webhook& webhook, const StoredCommand& stored,
              const ToldEvent& told);

struct Listener {
  const Principal& principal;
  const Topics& topics;
};

struct EventsRead {
  std::uint64_t last = 0;  ///< everything up to here has been read
  std::size_t count = 0;   ///< events told
  bool turn_over = false;  ///< it stopped because it had read for so long, not at the end
};
/// Calls `each(stored, told)` with the events after a sequence that are asked for and may be heard
/// of, in order. A command's events are never torn apart, so a few more than `limit` may come.
/// Whoever hears of little has much to read in vain: after `turn` it stops.
template <class Each>
Result<EventsRead> read_events(const Book& book, const Listener& listener, std::uint64_t after,
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
    for_each_event(stored, listener.topics, [&](const ToldEvent& told) {
      if (!may_hear(listener.principal, stored, told)) return;
      each(stored, told);
      ++read.count;
    });
    return true;
  }));
  return read;
}

}  // namespace suanpan::api::v1
