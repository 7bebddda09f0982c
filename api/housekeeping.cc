#include "api/housekeeping.h"

#include <chrono>
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

}  // namespace suanpan::api
