// A small pool for work that blocks, so that the server's threads never do.
//
// The queue is bounded: what does not fit is refused at once, before anything has happened.
// Thread-safe. Jobs must not throw; one that does is logged and dropped with what it holds.
#pragma once
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace suanpan::api {

class Workers {
 public:
  Workers(unsigned threads, std::size_t queue);
  /// Finishes what was accepted.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// False: the queue is full (or the pool is stopping), and `job` will not run.
  [[nodiscard]] bool submit(std::function<void()> job);
  /// Jobs that wait.
  std::size_t waiting() const;
  /// Refuses new jobs, finishes the accepted ones and joins. A second call does nothing.
  void stop();

 private:
  void run();

  const std::size_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable work_;
  std::deque<std::function<void()>> jobs_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace suanpan::api
