// CHECK: an assertion that is on in every build. A false condition is a bug of ours, never bad
// input; it says what it knew and aborts, because going on would put money at risk.
// What is formatted into the message must not be a secret or personal data.
#pragma once
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

namespace suanpan {

[[noreturn]] inline void check_failed(const char* file, int line, const char* condition,
                                      const std::string& what) {
  std::fprintf(stderr, "%s:%d: CHECK(%s) failed: %s\n", file, line, condition, what.c_str());
  std::abort();
}

}  // namespace suanpan

#define CHECK_OR_DIE(condition, ...)                                                       \
  do {                                                                                     \
    if (!(condition)) [[unlikely]]                                                         \
      ::suanpan::check_failed(__FILE__, __LINE__, #condition, ::fmt::format(__VA_ARGS__)); \
  } while (false)
