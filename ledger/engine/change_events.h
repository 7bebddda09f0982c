// The events of a journal entry: those that its command stored, and what it changed in the ledger
// itself, which becomes events when it is read. Nothing is written for the latter, so they cost
// nothing while commands are taken, and they can be asked for from any sequence on, of old books
// too.
//
//   topic                   key                  told of
//   voucher.posted          the voucher          posted money, by whatever command: `kind` says
//   voucher.reversed        the voucher          that was reversed, in whole or in part
//   hold.made               the hold
//   hold.posted             the hold             in whole or in part: `remaining`, leg by leg
//   hold.voided             the hold
//   hold.expired            the hold             by the book itself
//   account.opened          the account's code
//   account.terms_changed   the account's code   limits, freezes, closing and reopening
//   period.closed           the last day closed
//
// An entry's events are counted: first what was stored, then accounts in the order in which the
// command has them, then its voucher or hold, then the period. So (sequence, index) is an event's
// name for ever, whatever a reader asks for: what a later version adds comes behind. A refused
// command has none of these. A hold of the house's own, as settlement makes them, is told when it
// is made and voided; what is posted of it, as the voucher that posts. Payloads hold identities,
// dates and amounts; no texts, names or keys of people.
//
// Pure functions, thread-safe.
#pragma once
#include <array>
#include <boost/container/small_vector.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/core/change_set.h"

namespace suanpan {

inline constexpr std::array<std::string_view, 9> kChangeTopics{
    "voucher.posted", "voucher.reversed",      "hold.made",
    "hold.posted",    "hold.voided",           "hold.expired",
    "account.opened", "account.terms_changed", "period.closed"};

/// Something that a command changed in the ledger, before it is written out.
struct Change {
  std::string_view topic;            ///< one of kChangeTopics
  const Account* account = nullptr;  ///< of account.*: among the command's effects
  ClaimKey about;                    ///< of voucher.* and hold.*: what the event's key names
};
using Changes = boost::container::small_vector<Change, 1>;
/// In order. What they point at is in `stored`.
Changes changes_of(const StoredCommand& stored);
Event event_of(const StoredCommand& stored, const Change& change);
/// All of a command, by their index.
std::vector<Event> events_of(const StoredCommand& stored);

inline constexpr std::size_t kMaxTopics = 32;
/// Letters, digits, '_' and '.', perhaps ending in ".*"; at most 64 bytes.
bool valid_topic(std::string_view topic);

/// What a reader asks for: "order.paid", "hold.*". Who names nothing hears of all that commands
/// stored; changes of the ledger are for who names them.
class Topics {
 public:
  Topics() = default;
  explicit Topics(std::vector<std::string> names);
  bool want_stored(std::string_view topic) const { return names_.empty() || named(topic); }
  bool want_change(std::string_view topic) const { return changes_ && named(topic); }
  /// Whether any change is asked for.
  bool want_changes() const { return changes_; }

 private:
  bool named(std::string_view topic) const;
  std::vector<std::string> names_;
  bool changes_ = false;
};

/// An event while it is being read.
struct ToldEvent {
  const Event& event;
  std::size_t index;     ///< among all of its command's
  const Change* change;  ///< null: the command stored it
};

/// Calls `each(told)` with the events of a command that are asked for, in order.
template <class Each>
void for_each_event(const StoredCommand& stored, const Topics& topics, Each&& each) {
  std::size_t index = 0;
  for (const Event& event : stored.effects.events) {
    if (topics.want_stored(event.topic)) each(ToldEvent{event, index, nullptr});
    ++index;
  }
  if (!topics.want_changes()) return;
  for (const Change& change : changes_of(stored)) {
    if (topics.want_change(change.topic)) {
      const Event event = event_of(stored, change);
      each(ToldEvent{event, index, &change});
    }
    ++index;
  }
}

}  // namespace suanpan
