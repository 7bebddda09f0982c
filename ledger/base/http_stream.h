// A body that goes on: bytes that are written as they come, until it is ended or its reader goes.
// One side writes (any thread), the other, which knows how they travel, takes.
//
// Bounded: who writes more than `max_bytes` ahead of its reader ends the stream; a writer that
// looks at pending() first never does. Thread-safe.
#pragma once
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace suanpan {

class HttpStream {
 public:
  explicit HttpStream(std::size_t max_bytes = 256 << 10) : max_bytes_(max_bytes) {}

  /// False: nobody takes it any more.
  bool write(std::string_view bytes) {
    return change([&] {
      if (bytes_.size() + bytes.size() > max_bytes_) over_ = true;
      if (!over_) bytes_.append(bytes);
    });
  }
  void end() {
    change([&] { over_ = true; });
  }
  bool is_open() const {
    const std::lock_guard lock(mutex_);
    return !over_;
  }
  /// Bytes that wait to be taken.
  std::size_t pending() const {
    const std::lock_guard lock(mutex_);
    return bytes_.size();
  }

  // For the side that takes.
  /// `wake` is called after each change, on the thread that made it.
  void on_change(std::function<void()> wake) {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
  }
  struct Taken {
    std::string bytes;
    bool over = false;  ///< nothing follows
  };
  Taken take() {
    const std::lock_guard lock(mutex_);
    return {std::exchange(bytes_, {}), over_};
  }
  /// The reader has gone.
  void abandon() {
    const std::lock_guard lock(mutex_);
    over_ = true;
    bytes_.clear();
    wake_ = nullptr;
  }

 private:
  template <class Change>
  bool change(Change&& make) {
    std::function<void()> wake;
    bool open;
    {
      const std::lock_guard lock(mutex_);
      make();
      open = !over_;
      wake = wake_;
    }
    if (wake) wake();
    return open;
  }

  const std::size_t max_bytes_;
  mutable std::mutex mutex_;
  std::string bytes_;
  bool over_ = false;
  std::function<void()> wake_;
};

}  // namespace suanpan
