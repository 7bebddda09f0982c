// A shared mutex whose writer gets in: new readers wait behind a writer that waits. The standard
// one lets readers that overlap keep a writer out for ever, and here the writer is the committer.
//
// A thread that reads already may read again, writer or not.
#pragma once
#include <mutex>
#include <shared_mutex>

namespace suanpan {

class ReaderGate {
 public:
  void lock() {
    std::lock_guard gate(gate_);  // from here on no new reader comes in
    readers_.lock();
  }
  void unlock() { readers_.unlock(); }
  void lock_shared() {
    if (depth_++ > 0) {
      readers_.lock_shared();  // waiting at the gate would be waiting for oneself
      return;
    }
    std::lock_guard gate(gate_);
    readers_.lock_shared();
  }
  void unlock_shared() {
    --depth_;
    readers_.unlock_shared();
  }

 private:
  inline static thread_local int depth_ = 0;  // readings that this thread is in, of any book
  std::mutex gate_;
  std::shared_mutex readers_;
};

}  // namespace suanpan
