// The outside judge of our XML: xmllint with the published schemas.
#pragma once
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/shared_data.h"

namespace suanpan::test {

inline std::filesystem::path iso20022() { return shared_data() / "iso20022"; }

inline std::string read_all(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline bool xmllint_is_here() { return std::system("xmllint --version >/dev/null 2>&1") == 0; }

/// Whether a file is valid under iso20022/xsd/<message>.xsd.
inline bool file_is_valid(const std::filesystem::path& file, const std::string& message) {
  const auto schema = iso20022() / "xsd" / (message + ".xsd");
  const std::string command = "xmllint --nonet --noout --schema '" + schema.string() + "' '" +
                              file.string() + "' >/dev/null 2>&1";
  return std::system(command.c_str()) == 0;
}

inline bool is_valid(const std::string& xml, const std::string& message) {
  const auto file = std::filesystem::path(SUANPAN_BINARY_DIR) / ("lint-" + message + ".xml");
  std::ofstream(file, std::ios::binary) << xml;
  return file_is_valid(file, message);
}

/// For a case that goes on without the judge's schemas: whether they are there; if not, it is told.
inline bool judge_or_skip() {
  if (shared_data().empty()) skip("in part: ../shared/data is not present");
  return !shared_data().empty();
}

}  // namespace suanpan::test
