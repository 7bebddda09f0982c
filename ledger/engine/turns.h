// One thread for many things that may each take long: it works on them in turns, so that what
// takes seconds holds up what takes a moment by one turn.
//
// A step does a bounded piece of its work and says whether that was the last; it may wait for
// nothing but what goes on without this thread. Thread-safe.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace suanpan {

class Turns {
 public:
  using Step = std::function<bool()>;  ///< true: it is done

  ~Turns() { stop(); }
  void start();
  void add(Step step);
  /// Works off what is there, and ends. A second call does nothing.
  void stop();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable added_;
  std::deque<Step> steps_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace suanpan
