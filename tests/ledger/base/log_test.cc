#include "ledger/base/log.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <regex>
#include <sstream>

namespace suanpan {
namespace {

/// What `f` writes to standard error.
template <class Function>
std::string standard_error_of(Function f) {
  char path[] = "/tmp/suanpan-log-XXXXXX";
  const int file = mkstemp(path);
  REQUIRE(file >= 0);
  std::fflush(stderr);
  const int saved = dup(STDERR_FILENO);
  dup2(file, STDERR_FILENO);
  f();
  std::fflush(stderr);
  dup2(saved, STDERR_FILENO);
  close(saved);
  close(file);
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  unlink(path);
  return text.str();
}

TEST_CASE("log: a line has time, level and message") {
  const std::string text = standard_error_of([] { log_warn("{} orders, {:.1f} %", 3, 0.5); });
  CHECK(std::regex_match(
      text,
      std::regex(
          R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d warning 3 orders, 0\.5 %\n)")));
}

TEST_CASE("log: lines below the level are dropped") {
  const std::string text = standard_error_of([] {
    set_log_level(LogLevel::kWarn);
    log_info("one");
    log_warn("two");
    log_error("three");
    set_log_level(LogLevel::kOff);
    log_error("four");
    set_log_level(LogLevel::kInfo);
    log_info("five");
  });
  CHECK(text.find("one") == std::string::npos);
  CHECK(text.find("two") != std::string::npos);
  CHECK(text.find("error three") != std::string::npos);
  CHECK(text.find("four") == std::string::npos);
  CHECK(text.find("info five") != std::string::npos);
}

TEST_CASE("log: text from outside cannot forge a line") {
  const std::string text = standard_error_of(
      [] { log_info("path {}", "/x\n2026-01-01T00:00:00.000+08:00 error forged\x1b[2J"); });
  CHECK(std::count(text.begin(), text.end(), '\n') == 1);
  CHECK(text.find("/x\\x0a2026") != std::string::npos);
  CHECK(text.find("\\x1b[2J") != std::string::npos);
}

}  // namespace
}  // namespace suanpan
