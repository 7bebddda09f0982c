// Every reader of bytes that cannot be trusted, fed with valid inputs that were bent at random. It
// means most under the sanitizers (.ci/run).
//
// SUANPAN_FUZZ_RUNS: inputs for each target (3000); SUANPAN_FUZZ_SEED: random otherwise, and
// printed; SUANPAN_FUZZ_TARGET: one of them alone. An input that ends the process stays in
// suanpan-fuzz-input among the temporary files.
#include <catch2/catch.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>

#include "tests/crash/settings.h"
#include "tests/fuzz/target.h"

using namespace suanpan;
using test::FuzzTarget;

namespace {

using Random = std::mt19937_64;

/// One small change, of the kinds that mislead readers.
void bend(std::string& bytes, const std::vector<std::string>& seeds, Random& random) {
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::size_t at = below(bytes.size() + 1);
  static const char kTelling[] = {'\0', '\1', '\x7f', '\x80', '\xff', '"', '\\', '<', '>', '&',
                                  ',',  '\n', '\r',   '`',    '{',    '}', '[',  ']', '-', '9'};
  switch (below(9)) {
    case 0:
      if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(8));
      break;
    case 1:
      if (at < bytes.size()) bytes[at] = kTelling[below(sizeof kTelling)];
      break;
    case 2:
      bytes.insert(at, 1, kTelling[below(sizeof kTelling)]);
      break;
    case 3:
      bytes.erase(at, 1 + below(8));
      break;
    case 4:
      bytes.resize(at);
      break;
    case 5: {  // a part again
      const std::string part = bytes.substr(at, 1 + below(64));
      bytes.insert(below(bytes.size() + 1), part);
      break;
    }
    case 6: {  // the end of another valid one
      const std::string& other = seeds[below(seeds.size())];
      bytes = bytes.substr(0, at) + other.substr(std::min(at, other.size()));
      break;
    }
    case 7:  // a number off by a little, as lengths and counts are
      if (at < bytes.size())
        bytes[at] =
            static_cast<char>(bytes[at] + (below(2) ? 1 : -1) * static_cast<int>(1 + below(4)));
      break;
    default:
      for (std::size_t i = at; i < std::min(at + 8, bytes.size()); ++i)
        bytes[i] = below(2) ? '\xff' : '\0';
  }
}

void fuzz(const std::vector<FuzzTarget>& targets) {
  const std::uint64_t runs = test::setting("SUANPAN_FUZZ_RUNS", 3000);
  const std::uint64_t seed = test::setting("SUANPAN_FUZZ_SEED", std::random_device{}());
  const char* only = std::getenv("SUANPAN_FUZZ_TARGET");
  std::printf("SUANPAN_FUZZ_SEED=%llu\n", static_cast<unsigned long long>(seed));
  const auto last = std::filesystem::temp_directory_path() / "suanpan-fuzz-input";
  for (const FuzzTarget& target : targets) {
    if (only && target.name != only) continue;
    INFO(target.name);
    REQUIRE_FALSE(target.seeds.empty());
    Random random(seed);
    std::uint64_t accepted = 0, fresh = 0;  // fresh: taken, and not what it began as
    // What was accepted is bent further: what lies behind the first check is reached that way.
    std::vector<std::string> pool = target.seeds;
    for (std::uint64_t run = 0; run < runs; ++run) {
      const std::string& begun = pool[random() % pool.size()];
      std::string input = begun;
      for (std::uint64_t n = 1 + random() % 4; n-- > 0;) bend(input, target.seeds, random);
      if (only) std::ofstream(last, std::ios::binary) << input;
      if (!target.run(input)) continue;
      ++accepted;
      fresh += input != begun;
      if (pool.size() < 512 && input.size() < 65'536) pool.push_back(std::move(input));
    }
    std::printf("%s: %llu inputs, %llu accepted\n", target.name.c_str(),
                static_cast<unsigned long long>(runs), static_cast<unsigned long long>(accepted));
    std::fflush(stdout);
    // What a target promises of what it takes is asked only if it takes something.
    if (runs >= 1000) CHECK(fresh > 0);
  }
}

}  // namespace

TEST_CASE("fuzz: the ledger's codecs survive any bytes, and what they take has one form") {
  fuzz(test::ledger_targets());
}

TEST_CASE("fuzz: documents and keys survive any bytes, have one form, and sort as what they mean") {
  fuzz(test::document_targets());
}

TEST_CASE("fuzz: the wire batch and journals: what is taken is written again to the same") {
  fuzz(test::exchange_targets());
}

TEST_CASE("fuzz: readers of others' files survive any bytes, in one piece or many") {
  fuzz(test::file_targets());
}

TEST_CASE("fuzz: every target takes its own valid inputs") {
  for (const auto& targets : {test::ledger_targets(), test::document_targets(),
                              test::exchange_targets(), test::file_targets()})
    for (const FuzzTarget& target : targets)
      for (const std::string& seed : target.seeds) {
        INFO(target.name);
        REQUIRE(target.run(seed));
      }
}
