// Finds ../shared/data, the third-party data that some tests read. The project must pass without
// it: SHARED_OR_SKIP ends the test case, and ctest shows its file as skipped.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tests/support/skip.h"

namespace suanpan::test {

/// The folder of third-party data, or an empty path where it is missing.
inline std::filesystem::path shared_data() {
  const auto path = std::filesystem::path(SUANPAN_SOURCE_DIR).parent_path() / "shared" / "data";
  if (const char* set = std::getenv("SUANPAN_SHARED_DATA")) return set;
  return std::filesystem::exists(path) ? path : std::filesystem::path{};
}

}  // namespace suanpan::test

#define SHARED_OR_SKIP()                                    \
  if (::suanpan::test::shared_data().empty()) {             \
    ::suanpan::test::skip("../shared/data is not present"); \
    return;                                                 \
  }
