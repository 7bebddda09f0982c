// Workers in lanes: turns, shares, and what is refused to whom.
#include "channels/fair_workers.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <stdexcept>
#include <vector>

namespace suanpan::channels {
namespace {

/// A task that runs until it is opened, and says when it has begun.
struct Gate {
  std::promise<void> begun, open;
  std::shared_future<void> opened = open.get_future().share();
  std::function<void()> task() {
    return [this] {
      begun.set_value();
      opened.wait();
    };
  }
};

}  // namespace

TEST_CASE("fair workers: a lane beyond its share is refused, and nobody else") {
  std::atomic<int> done{0};
  const auto task = [&done] { ++done; };
  Gate gate;
  {
    FairWorkers workers(1, {.threads_of_one = 1, .all = 6, .of_one = 3, .of_each = 1});
    REQUIRE(workers.submit("a", gate.task()));
    gate.begun.get_future().wait();
    CHECK(workers.submit("a", task));
    CHECK(workers.submit("a", task));
    CHECK_FALSE(workers.submit("a", task));  // three, the one that runs included
    for (int i = 0; i < 3; ++i) CHECK(workers.submit("b", task));
    CHECK_FALSE(workers.submit("b", task));
    // All six places are taken: whoever has none still gets one.
    CHECK(workers.submit("c", task));
    CHECK_FALSE(workers.submit("c", task));
    CHECK(workers.submit("d", task));
    CHECK(workers.waiting() == 7);
    gate.open.set_value();
  }
  CHECK(done == 7);  // what was taken was done
}

TEST_CASE("fair workers: lanes take turns, however much one of them brings") {
  std::vector<std::string> order;  // by the only thread
  Gate gate;
  {
    FairWorkers workers(1, {});
    REQUIRE(workers.submit("a", gate.task()));
    gate.begun.get_future().wait();
    for (const char* name : {"a1", "a2", "a3", "b1", "c1", "c2"})
      CHECK(workers.submit(std::string(1, name[0]), [&order, name] { order.emplace_back(name); }));
    gate.open.set_value();
  }
  CHECK(order == std::vector<std::string>{"b1", "c1", "a1", "c2", "a2", "a3"});
}

TEST_CASE("fair workers: a lane that blocks leaves a thread to the others") {
  Gate slow, other;
  std::promise<void> done;
  FairWorkers workers(2, {.threads_of_one = 1});
  REQUIRE(workers.submit("a", slow.task()));
  REQUIRE(workers.submit("a", other.task()));  // begins when the first is over
  REQUIRE(workers.submit("b", [&done] { done.set_value(); }));
  CHECK(done.get_future().wait_for(std::chrono::seconds(30)) == std::future_status::ready);
  CHECK(workers.waiting() == 1);
  slow.open.set_value();
  other.open.set_value();
}

TEST_CASE("fair workers: a task that throws gives its place and its turn back") {
  std::atomic<int> done{0};
  FairWorkers workers(1, {.threads_of_one = 1, .all = 1, .of_one = 2, .of_each = 2});
  CHECK(workers.submit("a", [] { throw std::runtime_error("task"); }));
  while (!workers.submit("a", [&done] { ++done; })) std::this_thread::yield();
  while (!workers.submit("a", [&done] { ++done; })) std::this_thread::yield();
  workers.stop();
  CHECK(done == 2);
  CHECK(workers.waiting() == 0);
  CHECK_FALSE(workers.submit("a", [&done] { ++done; }));
}

}  // namespace suanpan::channels
