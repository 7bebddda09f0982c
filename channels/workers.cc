#include "channels/workers.h"

#include <exception>
#include <typeinfo>

#include "ledger/base/log.h"

namespace suanpan::channels {
namespace {

void run_guarded(const std::function<void()>& task) {
  try {
    task();
  } catch (const std::exception& error) {
    log_error("a task ended with an exception: {}", typeid(error).name());
  } catch (...) {
    log_error("a task ended with an unknown exception");
  }
}

}  // namespace

Workers::Workers(unsigned threads, std::size_t queue) : limit_(queue) {
  for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { run(); });
}

bool Workers::submit(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || tasks_.size() >= limit_) return false;
    tasks_.emplace(std::chrono::steady_clock::now(), std::move(task));
  }
  wake_.notify_one();
  return true;
}

std::size_t Workers::waiting() const {
  std::lock_guard lock(mutex_);
  return tasks_.size();
}

void Workers::post_after(int delay_ms, std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    tasks_.emplace(std::chrono::steady_clock::now() + std::chrono::milliseconds(delay_ms),
                   std::move(task));
  }
  wake_.notify_one();
}

void Workers::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_)
    if (thread.joinable()) thread.join();
}

void Workers::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    if (tasks_.empty()) {
      if (stopping_) return;
      wake_.wait(lock);
      continue;
    }
    const Instant due = tasks_.begin()->first;
    if (!stopping_ && due > std::chrono::steady_clock::now()) {
      wake_.wait_until(lock, due);
      continue;
    }
    auto node = tasks_.extract(tasks_.begin());
    lock.unlock();
    run_guarded(node.mapped());
    node = {};  // what the task holds goes before the lock is taken again
    lock.lock();
  }
}

std::shared_ptr<void> UnderWay::enter() {
  {
    std::lock_guard lock(count_->mutex);
    ++count_->entered;
  }
  return std::shared_ptr<void>(nullptr, [count = count_](std::nullptr_t) {
    std::lock_guard lock(count->mutex);
    if (--count->entered == 0) count->idle.notify_all();
  });
}

void UnderWay::wait_idle() {
  std::unique_lock lock(count_->mutex);
  count_->idle.wait(lock, [this] { return count_->entered == 0; });
}

}  // namespace suanpan::channels
