// The pool: bounded where it may refuse, and true to what it accepted.
#include "channels/workers.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <stdexcept>

using suanpan::channels::Workers;

TEST_CASE("workers: a full queue refuses at once, and what was accepted is finished") {
  std::promise<void> go, started;
  auto gate = go.get_future().share();
  std::atomic<int> done{0};
  {
    Workers workers(1, 2);
    REQUIRE(workers.submit([&] {
      started.set_value();
      gate.wait();
      ++done;
    }));
    started.get_future().wait();
    CHECK(workers.submit([&] { ++done; }));
    CHECK(workers.submit([&] { ++done; }));
    CHECK_FALSE(workers.submit([&] { ++done; }));
    CHECK(workers.waiting() == 2);
    go.set_value();
  }
  CHECK(done == 3);
}

TEST_CASE("workers: a job that throws takes nobody with it") {
  std::atomic<int> done{0};
  Workers workers(1, 8);
  CHECK(workers.submit([] { throw std::runtime_error("job"); }));
  CHECK(workers.submit([&] { ++done; }));
  workers.stop();
  CHECK(done == 1);
  CHECK_FALSE(workers.submit([&] { ++done; }));
}

TEST_CASE(
    "workers: what must not be lost is taken beyond the limit, and a pause is cut by the end") {
  std::promise<void> go, started;
  auto gate = go.get_future().share();
  std::vector<int> order;
  {
    Workers workers(1, 1);
    workers.post([&] {
      started.set_value();
      gate.wait();
    });
    started.get_future().wait();
    workers.post_after(60'000, [&] { order.push_back(3); });
    workers.post([&] { order.push_back(1); });
    workers.post([&] { order.push_back(2); });
    CHECK(workers.waiting() == 3);
    CHECK_FALSE(workers.submit([&] { order.push_back(9); }));
    go.set_value();
  }
  CHECK(order == std::vector<int>{1, 2, 3});
}
