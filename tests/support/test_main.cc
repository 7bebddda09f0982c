// Catch2's main, compiled once for all test programs. Ends with 0 if all passed, with kSkipStatus
// if all passed that could run, with 1 otherwise: never with the number of failures, which could be
// any status.
#define CATCH_CONFIG_RUNNER
#include <catch2/catch.hpp>

#include "tests/support/skip.h"

int main(int argc, char** argv) {
  if (Catch::Session().run(argc, argv) != 0) return 1;
  return suanpan::test::skipped_cases > 0 ? suanpan::test::kSkipStatus : 0;
}
