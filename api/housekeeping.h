// What an engine does on its own: follows orders, refunds and payouts that are under way, delivers
// merchant notifications, brings settlement batches to what their payouts have become. One thread,
// one round after the other; what waits for others to answer goes on beside it. Every round starts
// from the documents, so nothing is lost with a crash.
#pragma once
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace suanpan::api {

class Housekeeping {
 public:
  /// `tasks` run in turn about five times a second; each returns when its round is over.
  explicit Housekeeping(std::vector<std::function<void()>> tasks);
  ~Housekeeping();  ///< ends after the task under way

 private:
  void run();
  std::vector<std::function<void()>> tasks_;
  std::mutex mutex_;
  std::condition_variable stopping_;
  bool stop_ = false;
  std::thread thread_;
};

/// A task that begins a round and does not wait for its end, so that who is slow to answer holds up
/// no other task. While a round is under way it begins no other. `begin` has its argument called
/// when the round is over, on any thread; to drop it says the same.
std::function<void()> beside(std::function<void(std::function<void()>)> begin);

}  // namespace suanpan::api
