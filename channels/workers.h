// A few threads for what must not run on the committing thread or a server's: signing (0.4 ms
// each), decoding, trying again after a pause, and whatever reads the disk.
//
// Two doors into one queue. `submit` is for what a caller may be told to bring again later: it is
// bounded, and what does not fit is refused before anything has happened. `post` is for what must
// not be lost any more, because something durable waits for it: it takes everything.
//
// Tasks run in the order of their time, on any of the threads, several at once. They must not block
// for another task, nor throw: one that does is logged and dropped with what it holds. Thread-safe.
#pragma once
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace suanpan::channels {

class Workers {
 public:
  /// `queue`: tasks that may wait before submit refuses.
  explicit Workers(unsigned threads, std::size_t queue = SIZE_MAX);
  ~Workers() { stop(); }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// False: the queue is full, or the pool is stopping, and `task` will not run.
  [[nodiscard]] bool submit(std::function<void()> task);
  void post(std::function<void()> task) { post_after(0, std::move(task)); }
  /// By the real clock.
  void post_after(int delay_ms, std::function<void()> task);
  /// Tasks that wait, paused ones included.
  std::size_t waiting() const;
  /// Runs what is left, pauses cut short, and joins; a task posted later is dropped. Not from a
  /// task. A second call does nothing.
  void stop();

 private:
  using Instant = std::chrono::steady_clock::time_point;
  void run();

  const std::size_t limit_;
  mutable std::mutex mutex_;
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

/// Works through a list with at most `limit` items under way, the next begun as one ends. `each`
/// calls its second argument once, when the item is over, not from within; `done` gets the count.
template <class Item>
class BoundedRound : public std::enable_shared_from_this<BoundedRound<Item>> {
 public:
  using Each = std::function<void(const Item&, std::function<void()>)>;
  BoundedRound(std::vector<Item> items, Each each, std::function<void(std::size_t)> done)
      : items_(std::move(items)), each_(std::move(each)), done_(std::move(done)) {}

  void begin(std::size_t limit) {
    if (items_.empty()) return done_(0);
    for (std::size_t i = 0; i < std::min(limit, items_.size()); ++i) take_next();
  }

 private:
  void take_next() {
    std::size_t at;
    {
      std::lock_guard lock(mutex_);
      if (next_ == items_.size()) return;
      at = next_++;
    }
    each_(items_[at], [self = this->shared_from_this()] { self->end_one(); });
  }
  void end_one() {
    bool last;
    {
      std::lock_guard lock(mutex_);
      last = ++ended_ == items_.size();
    }
    if (last) return done_(items_.size());
    take_next();
  }

  const std::vector<Item> items_;
  const Each each_;
  const std::function<void(std::size_t)> done_;
  std::mutex mutex_;
  std::size_t next_ = 0, ended_ = 0;
};

}  // namespace suanpan::channels
