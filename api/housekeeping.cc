#include "api/housekeeping.h"

#include <atomic>
#include <chrono>
#include <memory>
#include <typeinfo>

#include "ledger/base/log.h"

namespace suanpan::api {
namespace {

constexpr auto kPause = std::chrono::milliseconds(200);

// A round that throws must not take the others with it: the next one comes.
void run_guarded(const std::function<void()>& task) {
  try {
    task();
  } catch (const std::exception& error) {
    log_error("a round of housekeeping ended with an exception: {}", typeid(error).name());
  }
}

// Over when its end is told, or when nobody is left to tell it: a round of which something was
// dropped must not keep the next one from beginning.
class Round {
 public:
  explicit Round(std::shared_ptr<std::atomic<bool>> under_way) : under_way_(std::move(under_way)) {}
  Round(const Round&) = delete;
  Round& operator=(const Round&) = delete;
  ~Round() { end(); }
  void end() {
    if (!ended_.exchange(true)) *under_way_ = false;
  }

 private:
  const std::shared_ptr<std::atomic<bool>> under_way_;
  std::atomic<bool> ended_{false};
};

}  // namespace

Housekeeping::Housekeeping(std::vector<std::function<void()>> tasks)
    : tasks_(std::move(tasks)), thread_([this] { run(); }) {}

Housekeeping::~Housekeeping() {
  {
    std::lock_guard lock(mutex_);
    stop_ = true;
  }
  stopping_.notify_all();
  thread_.join();
}

void Housekeeping::run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    for (const auto& task : tasks_) {
      lock.unlock();
      run_guarded(task);
      lock.lock();
      if (stop_) return;
    }
    stopping_.wait_for(lock, kPause, [&] { return stop_; });
  }
}

std::function<void()> beside(std::function<void(std::function<void()>)> begin) {
  return [begin = std::move(begin), under_way = std::make_shared<std::atomic<bool>>(false)] {
    if (under_way->exchange(true)) return;
    const auto round = std::make_shared<Round>(under_way);
    try {
      begin([round] { round->end(); });
    } catch (...) {
      round->end();
      throw;
    }
  };
}

}  // namespace suanpan::api
