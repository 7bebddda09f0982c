// What must be asked for, and when: the orders, refunds and payouts that are not final. A cache of
// what the documents say, rebuilt from them at start; so that a polling round costs what is due and
// not what is open. Times are the business clock's. Thread-safe.
#pragma once
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ledger/base/date.h"

namespace suanpan::channels {

enum class Followed : std::uint8_t { kOrder, kRefund, kPayout };

/// When to ask next for something made at `created_at`: its age grown by a quarter, at least 10 s.
Timestamp next_ask(Timestamp created_at, Timestamp now);

class Worklist {
 public:
  using Item = std::pair<Followed, std::string>;
  /// Puts an item at a time, unless it is due earlier: who looks at it often does not put it off.
  void set(Followed kind, const std::string& id, Timestamp at);
  void drop(Followed kind, const std::string& id);
  /// Takes out what is due by `now`, earliest first; whoever takes an item sets it again.
  std::vector<Item> take_due(Timestamp now);

 private:
  std::mutex mutex_;
  std::set<std::pair<Timestamp, Item>> by_time_;
  std::map<Item, Timestamp> times_;
};

/// Ids that one sender at a time may work on. Thread-safe.
class InFlight {
 public:
  /// False: somebody is on it.
  bool enter(const std::string& id) {
    std::lock_guard lock(mutex_);
    return ids_.insert(id).second;
  }
  void leave(const std::string& id) {
    std::lock_guard lock(mutex_);
    ids_.erase(id);
  }
  bool holds(const std::string& id) const {
    std::lock_guard lock(mutex_);
    return ids_.contains(id);
  }

 private:
  mutable std::mutex mutex_;
  std::set<std::string> ids_;
};

}  // namespace suanpan::channels
