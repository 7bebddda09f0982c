// How long a crash test runs is a setting: short by default, as long as asked by the environment.
#pragma once
#include <cstdint>
#include <cstdlib>

namespace suanpan::test {

inline std::uint64_t setting(const char* name, std::uint64_t usual) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : usual;
}

}  // namespace suanpan::test
