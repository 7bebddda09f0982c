#include "channels/worklist.h"

#include <catch2/catch.hpp>

using namespace suanpan;
using namespace suanpan::channels;

namespace {

constexpr Timestamp at(std::int64_t seconds) { return {seconds * 1'000'000'000}; }
const Worklist::Item kOrder{Followed::kOrder, "P1"};

}  // namespace

TEST_CASE("worklist: an item is due once, at its time, earliest first") {
  Worklist list;
  list.set(Followed::kOrder, "P1", at(20));
  list.set(Followed::kPayout, "T1", at(10));
  CHECK(list.take_due(at(9)).empty());
  CHECK(list.take_due(at(20)) ==
        std::vector<Worklist::Item>{{Followed::kPayout, "T1"}, {Followed::kOrder, "P1"}});
  CHECK(list.take_due(at(99)).empty());
}

TEST_CASE("worklist: being looked at again and again does not put an item off") {
  Worklist list;
  for (std::int64_t now = 0; now < 10; ++now) list.set(Followed::kOrder, "P1", at(now + 10));
  CHECK(list.take_due(at(10)) == std::vector{kOrder});
}

TEST_CASE("worklist: an item may be drawn nearer, and dropped") {
  Worklist list;
  list.set(Followed::kOrder, "P1", at(7200));
  list.set(Followed::kOrder, "P1", at(10));
  CHECK(list.take_due(at(10)) == std::vector{kOrder});
  list.set(Followed::kOrder, "P1", at(20));
  list.drop(Followed::kOrder, "P1");
  list.drop(Followed::kOrder, "P2");
  CHECK(list.take_due(at(99)).empty());
}
