// The engine's own rounds: every task in turn, again and again, and an end that waits for the task
// under way only.
#include "api/housekeeping.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

using suanpan::api::Housekeeping;
using Clock = std::chrono::steady_clock;

TEST_CASE("housekeeping: the tasks run in turn, round after round, on one thread") {
  std::mutex mutex;
  std::string order;
  std::promise<void> three_rounds;
  std::thread::id first_thread;
  bool one_thread = true;
  const auto task = [&](char name) {
    return [&, name] {
      const std::lock_guard lock(mutex);
      if (order.empty()) first_thread = std::this_thread::get_id();
      one_thread = one_thread && std::this_thread::get_id() == first_thread;
      order += name;
      if (order.size() == 9) three_rounds.set_value();
    };
  };
  {
    Housekeeping house({task('a'), task('b'), task('c')});
    REQUIRE(three_rounds.get_future().wait_for(std::chrono::seconds(20)) ==
            std::future_status::ready);
  }
  CHECK(order.substr(0, 9) == "abcabcabc");
  CHECK(one_thread);
  CHECK(first_thread != std::this_thread::get_id());
}

TEST_CASE("housekeeping: a task that throws stops neither the others nor its own next round") {
  std::atomic<int> thrown = 0, others = 0;
  {
    Housekeeping house({[&] {
                          ++thrown;
                          throw std::runtime_error("planted");
                        },
                        [&] { ++others; }});
    for (int wait = 0; wait < 2000 && (thrown < 2 || others < 2); ++wait)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  CHECK(thrown >= 2);
  CHECK(others >= 2);
}

TEST_CASE("housekeeping: a round that goes on beside holds up no task, and begins once at a time") {
  std::mutex mutex;
  std::vector<std::function<void()>> begun;
  std::atomic<int> others = 0;
  const auto rounds = [&] {
    const std::lock_guard lock(mutex);
    return begun.size();
  };
  const auto wait_until = [](auto&& is_so) {
    for (int wait = 0; wait < 2000 && !is_so(); ++wait)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return is_so();
  };
  {
    Housekeeping house({suanpan::api::beside([&](std::function<void()> over) {
                          const std::lock_guard lock(mutex);
                          begun.push_back(std::move(over));
                          if (begun.size() == 2) throw std::runtime_error("planted");
                        }),
                        [&] { ++others; }});
    CHECK(wait_until([&] { return others >= 3; }));
    CHECK(rounds() == 1);  // nobody has ended it
    {
      const std::lock_guard lock(mutex);
      begun.front()();
    }
    CHECK(wait_until([&] { return rounds() == 3; }));  // one that throws is over
    const int before = others;
    CHECK(wait_until([&] { return others >= before + 2; }));
    CHECK(rounds() == 3);
    {
      const std::lock_guard lock(mutex);
      begun.back() = {};  // nobody is left to end it
    }
    CHECK(wait_until([&] { return rounds() == 4; }));
  }
  begun.back()();  // its end may come after the house's
}

TEST_CASE("housekeeping: the end waits for the task under way and starts no other") {
  std::promise<void> begun;
  std::atomic<bool> finished = false, next = false;
  {
    Housekeeping house({[&] {
                          begun.set_value();
                          std::this_thread::sleep_for(std::chrono::milliseconds(300));
                          finished = true;
                        },
                        [&] { next = true; }});
    begun.get_future().wait();
  }
  CHECK(finished);
  CHECK_FALSE(next);
}

TEST_CASE("housekeeping: the end does not wait for the pause between two rounds") {
  std::atomic<int> rounds = 0;
  for (int n = 0; n < 20; ++n) {
    const auto begin = Clock::now();
    Housekeeping house({[&] { ++rounds; }});
    while (rounds <= n) std::this_thread::yield();
    CHECK(Clock::now() - begin < std::chrono::seconds(5));
  }
  CHECK(rounds >= 20);
}

TEST_CASE("housekeeping: without tasks it ends as well") { const Housekeeping house({}); }
