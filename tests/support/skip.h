// A test that cannot run here says so where ctest and tests/run see it, instead of passing.
//
// A program whose cases all passed but for some that were skipped ends with kSkipStatus, which
// tests/CMakeLists.txt makes known to ctest: "Skipped" then stands beside the file's name. A failed
// case wins over a skipped one. tests/run lists the reasons at its end.
#pragma once
#include <cstdio>
#include <string>

namespace suanpan::test {

inline constexpr int kSkipStatus = 77;  ///< as automake has it
inline int skipped_cases = 0;

/// Call it in the case, then return.
inline void skip(const std::string& reason) {
  ++skipped_cases;
  std::printf("SKIPPED: %s\n", reason.c_str());
  std::fflush(stdout);
}

}  // namespace suanpan::test
