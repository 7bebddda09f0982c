#include "ledger/engine/turns.h"

namespace suanpan {

void Turns::start() {
  thread_ = std::thread([this] { run(); });
}

void Turns::add(Step step) {
  {
    std::lock_guard lock(mutex_);
    steps_.push_back(std::move(step));
  }
  added_.notify_one();
}

void Turns::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  added_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Turns::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    added_.wait(lock, [this] { return stopping_ || !steps_.empty(); });
    if (steps_.empty()) return;
    Step step = std::move(steps_.front());
    steps_.pop_front();
    lock.unlock();
    const bool done = step();
    if (done) step = nullptr;  // what it holds goes outside the lock
    lock.lock();
    if (!done) steps_.push_back(std::move(step));
  }
}

}  // namespace suanpan
