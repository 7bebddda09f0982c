// Workers for many callers at once: each has a lane, the lanes take turns, and no lane has all the
// threads or all the places. Whoever brings more than its share waits behind itself, and is refused
// before anybody else is.
//
// Every task has a place, from when it is taken until it is over. A lane has at most `of_one`, all
// together `all`; when all are taken, a lane with fewer than `of_each` is served nevertheless: so
// nobody is refused because of others, and what is held is bounded by all + lanes * of_each.
//
// Tasks must not block for another task, nor throw: one that does is logged and dropped with what
// it holds. Thread-safe.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include "channels/fair_lanes.h"
#include "channels/workers.h"

namespace suanpan::channels {

class FairWorkers {
 public:
  struct Limits {
    std::size_t threads_of_one = 1;  ///< tasks of one lane at once
    std::size_t all = 512;           ///< places
    std::size_t of_one = 128;        ///< of one lane at most
    std::size_t of_each = 8;         ///< of a lane although all are taken
  };
  FairWorkers(unsigned threads, Limits limits);
  ~FairWorkers() { stop(); }
  FairWorkers(const FairWorkers&) = delete;
  FairWorkers& operator=(const FairWorkers&) = delete;

  /// False: there is no place for it, or the pool is stopping, and `task` will not run.
  [[nodiscard]] bool submit(const std::string& lane, std::function<void()> task);
  /// Tasks that wait for a thread.
  std::size_t waiting() const;
  /// Runs what is left and joins. Not from a task. A second call does nothing.
  void stop();

 private:
  class Place;
  bool take_place(const std::string& lane);
  void leave(const std::string& lane, bool was_running);

  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable idle_;
  std::map<std::string, std::size_t> places_;  ///< taken, by lane; none is zero
  std::size_t taken_ = 0, running_ = 0;
  bool stopping_ = false;
  FairLanes lanes_;
  Workers pool_;
};

}  // namespace suanpan::channels
