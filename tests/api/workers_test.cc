// The pool for what blocks: bounded, and true to what it accepted.
#include "api/workers.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <stdexcept>

using suanpan::api::Workers;

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
