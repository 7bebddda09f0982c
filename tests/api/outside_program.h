// Runs a judge that shares no code with us: openssl, python3.
#pragma once
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>

namespace suanpan::test {

/// What `command` prints when fed `input`; fails the test if it does not end well.
inline std::string run_outside(const std::string& command, std::string_view input) {
  char name[] = "/tmp/suanpan-test-XXXXXX";
  const int descriptor = ::mkstemp(name);
  REQUIRE(descriptor >= 0);
  ::close(descriptor);
  std::ofstream(name, std::ios::binary) << input;
  FILE* pipe = ::popen(("( " + command + " ) < " + name).c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string out;
  char buffer[4096];
  while (const std::size_t count = std::fread(buffer, 1, sizeof buffer, pipe)) {
    out.append(buffer, count);
  }
  const int status = ::pclose(pipe);
  ::unlink(name);
  INFO(command << " said: " << out);
  REQUIRE(status == 0);
  return out;
}

}  // namespace suanpan::test
