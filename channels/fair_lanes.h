// Tasks that end some time after they began, in lanes: at most so many at once in all and of one
// lane, the lanes in turns. Who is slow to answer holds up what is for him, and nobody else until
// the lanes that hang fill the whole.
#pragma once
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace suanpan::channels {

/// Thread-safe. A task calls its argument once, when it is over, not from within; it may do so
/// after the lanes are gone. To drop it says the same.
class FairLanes {
 public:
  using Ended = std::function<void()>;
  using Task = std::function<void(Ended)>;

  FairLanes(std::size_t limit, std::size_t limit_of_one);
  /// Begins `task` as soon as its lane and all together have room: from within, or on the thread on
  /// which another one ends.
  void add(const std::string& lane, Task task);

 private:
  struct Lane {
    std::deque<Task> waiting;
    std::size_t begun = 0;
  };
  struct Lanes {
    std::mutex mutex;
    std::map<std::string, Lane> by_name;
    std::string last;  ///< the lane of the task begun last
    std::size_t begun = 0;
  };
  struct Limits {
    std::size_t all = 0, of_one = 0;
  };
  static void begin_next(const std::shared_ptr<Lanes>& lanes, Limits limits);

  const Limits limits_;
  const std::shared_ptr<Lanes> lanes_ = std::make_shared<Lanes>();
};

}  // namespace suanpan::channels
