// What must be asked for, and when: the orders, refunds and payouts that are not final. A cache of
// what the documents say, rebuilt from them at start; so that a polling round costs what is due and
// not what is open. Times are the business clock's. Thread-safe.
#pragma once
#include <map>
#include <memory>
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

/// Ids that one at a time may work on: whoever comes second goes his way. Thread-safe.
class InFlight {
 public:
  /// The right to work on an id, until end() or until nobody holds it any more.
  class Turn {
   public:
    ~Turn() { end(); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    void end();

   private:
    friend class InFlight;
    struct Ids {
      std::mutex mutex;
      std::set<std::string> ids;
    };
    Turn(std::shared_ptr<Ids> ids, std::string id) : ids_(std::move(ids)), id_(std::move(id)) {}
    std::shared_ptr<Ids> ids_;
    std::string id_;  ///< empty: ended; guarded by the mutex
  };

  /// Null: somebody is on it.
  std::shared_ptr<Turn> enter(const std::string& id);

 private:
  std::shared_ptr<Turn::Ids> ids_ = std::make_shared<Turn::Ids>();
};

}  // namespace suanpan::channels
