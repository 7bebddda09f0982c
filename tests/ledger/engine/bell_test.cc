// Many threads that wait for answers, one that gives them in rounds: nobody sleeps on.
#include "ledger/engine/bell.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

using namespace suanpan;
using namespace std::chrono_literals;

TEST_CASE("bell: who is answered before it waits does not sleep") {
  Bell bell;
  Bell::Call call(bell);
  call.answered();
  call.wait();
  bell.ring();
  bell.ring();  // nobody is left to be called
  SUCCEED();
}

TEST_CASE("bell: every thread hears its answer, whatever others are told meanwhile") {
  constexpr int kThreads = 40, kAnswers = 500;  // more threads than tones
  Bell bell;
  std::mutex mutex;
  std::vector<Bell::Call*> waiting;
  int heard = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kAnswers; ++i) {
        Bell::Call call(bell);
        {
          std::lock_guard lock(mutex);
          waiting.push_back(&call);
        }
        if ((t + i) % 16 == 0) std::this_thread::sleep_for(10us);  // it may be answered first
        call.wait();
      }
      std::lock_guard lock(mutex);
      ++heard;
    });
  // A part of those who wait, so that some stay asleep while the bell rings for others.
  for (int answered = 0; answered < kThreads * kAnswers;) {
    std::vector<Bell::Call*> some;
    {
      std::lock_guard lock(mutex);
      const std::size_t count = (waiting.size() + 1) / 2;
      some.assign(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(count));
      waiting.erase(waiting.begin(), waiting.begin() + static_cast<std::ptrdiff_t>(count));
    }
    for (Bell::Call* call : some) call->answered();
    answered += static_cast<int>(some.size());
    bell.ring();
    if (some.empty()) std::this_thread::yield();
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(heard == kThreads);
}

TEST_CASE("bell: who has no answer waits on, though the bell rings with its tone") {
  constexpr int kThreads = 64;  // two of each tone
  Bell bell;
  std::vector<std::unique_ptr<Bell::Call>> calls(kThreads);
  std::atomic<int> made = 0, heard = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      calls[t] = std::make_unique<Bell::Call>(bell);
      ++made;
      calls[t]->wait();
      ++heard;
    });
  while (made < kThreads) std::this_thread::yield();
  for (int t = 0; t < kThreads; t += 2) calls[t]->answered();
  bell.ring();
  while (heard < kThreads / 2) std::this_thread::yield();
  std::this_thread::sleep_for(20ms);
  CHECK(heard == kThreads / 2);
  for (int t = 1; t < kThreads; t += 2) calls[t]->answered();
  bell.ring();
  for (std::thread& thread : threads) thread.join();
  CHECK(heard == kThreads);
}
