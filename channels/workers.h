// A few threads for what must not run on the committing thread or a server's: signing (0.4 ms
// each), decoding, and trying again after a pause.
//
// Tasks run in the order of their time, on any of the threads, several at once. They must not block
// for another task. Thread-safe.
#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace suanpan::channels {

class Workers {
 public:
  explicit Workers(unsigned threads);
  ~Workers() { stop(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void post(std::function<void()> task) { post_after(0, std::move(task)); }
  /// By the real clock.
  void post_after(int delay_ms, std::function<void()> task);
  /// Runs what is left, pauses cut short, and joins; a task posted later is dropped. Not from a
  /// task. A second call does nothing.
  void stop();

 private:
  using Instant = std::chrono::steady_clock::time_point;
  void run();

  std::mutex mutex_;
  std::condition_variable wake_;
  std::multimap<Instant, std::function<void()>> tasks_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

/// Counts what is under way: whoever must not go away before it is over waits here. A ticket is
/// carried by every callback of an operation and given back with the last of them.
class UnderWay {
 public:
  std::shared_ptr<void> enter();
  void wait_idle();

 private:
  struct Count {
    std::mutex mutex;
    std::condition_variable idle;
    std::size_t entered = 0;
  };
  std::shared_ptr<Count> count_ = std::make_shared<Count>();
};

}  // namespace suanpan::channels
