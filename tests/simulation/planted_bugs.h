// Bugs to plant, by name: what a book could get wrong, once each. A simulation that does not find
// every one of them is not worth its time.
#pragma once
#include <vector>

#include "tests/simulation/world.h"

namespace suanpan::test {

struct NamedBug {
  std::string name;
  /// The invariants refuse each command, and the world goes on as if nothing had happened. Without
  /// it the world must end in a finding, or the process in a check of its own.
  bool refused_by_invariants = false;
  PlantedBug bug;
};

const std::vector<NamedBug>& planted_bugs();
/// Invariants that no planted bug breaks: there may be none. Every table loses rows as it is.
std::vector<std::string> invariants_without_a_bug();

}  // namespace suanpan::test
