// Wakes threads that wait for their answers: all whose answers came with one block by one call to
// the system, and nobody else.
//
// One thread answers and rings (the committer); any number wait. A waiter has one of 32 tones, by
// which it is called; of two threads with one tone both wake up, and the one that was not meant
// waits on.
//
// Invariant: an answer is marked before the round is counted, and a waiter reads the round before
// the mark; so whoever sees no mark falls asleep in the round that will wake it, or not at all.
#pragma once
#include <atomic>
#include <climits>
#include <cstdint>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace suanpan {

class Bell {
 public:
  /// One answer that a thread waits for. Lives with the waiter, until wait() has returned.
  class Call {
   public:
    explicit Call(Bell& bell) : bell_(bell) {}
    Call(const Call&) = delete;
    Call& operator=(const Call&) = delete;
    /// The answer is there: by the thread that rings. Touches nothing of the call once the waiter
    /// may go on.
    void answered() {
      bell_.called_ |= tone_;
      answered_.store(true, std::memory_order_release);
    }
    void wait() {
      for (;;) {
        const std::uint32_t round = bell_.round_.load(std::memory_order_acquire);
        if (answered_.load(std::memory_order_acquire)) return;
        futex(bell_.round_, FUTEX_WAIT_BITSET_PRIVATE, round, tone_);
      }
    }

   private:
    static std::uint32_t own_tone() {
      static std::atomic<std::uint32_t> next{0};
      thread_local const std::uint32_t tone = std::uint32_t{1} << (next.fetch_add(1) & 31);
      return tone;
    }
    Bell& bell_;
    const std::uint32_t tone_ = own_tone();
    std::atomic<bool> answered_{false};
  };

  /// Wakes who was answered since the last time.
  void ring() {
    if (called_ == 0) return;
    round_.fetch_add(1, std::memory_order_release);
    futex(round_, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, called_);
    called_ = 0;
  }

 private:
  static void futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value,
                    std::uint32_t tones) {
    static_assert(sizeof word == 4 && std::atomic<std::uint32_t>::is_always_lock_free);
    ::syscall(SYS_futex, &word, operation, value, nullptr, nullptr, tones);
  }

  std::uint32_t called_ = 0;  // the ringing thread's
  std::atomic<std::uint32_t> round_{0};
};

}  // namespace suanpan
