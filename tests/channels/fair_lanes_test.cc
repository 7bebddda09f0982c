#include "channels/fair_lanes.h"

#include <catch2/catch.hpp>
#include <vector>

namespace suanpan::channels {
namespace {

struct Begun {
  std::vector<std::string> names;
  std::vector<FairLanes::Ended> ends;
  FairLanes::Task task(std::string name) {
    return [this, name = std::move(name)](FairLanes::Ended ended) {
      names.push_back(name);
      ends.push_back(std::move(ended));
    };
  }
};
using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("fair_lanes: limits of all and of one, and lanes in turns") {
  Begun begun;
  FairLanes lanes(3, 2);
  for (const char* name : {"a1", "a2", "a3", "a4", "b1", "b2", "c1"})
    lanes.add(std::string(1, name[0]), begun.task(name));
  CHECK(begun.names == Names{"a1", "a2", "b1"});
  begun.ends[0]();  // of a; after b comes c
  CHECK(begun.names == Names{"a1", "a2", "b1", "c1"});
  begun.ends[3]();  // of c; after c comes a
  CHECK(begun.names == Names{"a1", "a2", "b1", "c1", "a3"});
  begun.ends[2]();  // of b; a is full
  CHECK(begun.names == Names{"a1", "a2", "b1", "c1", "a3", "b2"});
  begun.ends[5]();  // of b; a is full, and there is nobody else
  CHECK(begun.names.size() == 6);
  begun.ends[1]();
  CHECK(begun.names.back() == "a4");
  lanes.add("c", begun.task("c2"));
  CHECK(begun.names.back() == "c2");
}

TEST_CASE("fair_lanes: a task may end when the lanes are gone, and begins what waits") {
  Begun begun;
  {
    FairLanes lanes(1, 1);
    lanes.add("a", begun.task("a1"));
    lanes.add("b", begun.task("b1"));
  }
  begun.ends[0]();
  CHECK(begun.names == Names{"a1", "b1"});
  begun.ends[1]();
}

}  // namespace suanpan::channels
