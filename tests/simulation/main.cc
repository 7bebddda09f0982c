// The simulation as a program.
//
//   simulate [--commands N] [--each N] [--first-seed S]   N commands, in worlds of `each`
//   simulate --seed S [--each N]                          one world: replays a failure
//   simulate --seed S [--each N] --twice                  whether it does: both must be alike
//   simulate --planted                                    every planted bug, a world for each
//
// Exit status 0: everything as the model says (or every planted bug found); 1: a finding, or a run
// of many commands in which something never happened that a run is there for.
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>

#include "ledger/base/log.h"
#include "tests/simulation/planted_bugs.h"

using namespace suanpan;
using namespace suanpan::test;

namespace {

struct Options {
  std::uint64_t commands = 250'000, each = 25'000, first_seed = 1, seed = 0;
  bool twice = false;
};

/// What was found, if anything.
std::optional<std::string> live(const WorldOptions& options, WorldCounters& counters) {
  try {
    counters += World(options).run();
    return std::nullopt;
  } catch (const Finding& finding) {
    return finding.what();
  }
}

bool lives(const WorldOptions& options, WorldCounters& counters) {
  const auto finding = live(options, counters);
  if (finding)
    fmt::print("seed {}: {}\nreplay: simulate --seed {} --each {}\n", options.seed, *finding,
               options.seed, options.commands);
  return !finding;
}

// A run as long as the usual one meets all of these, or the draw is not what it was.
bool met_everything(const WorldCounters& counters) {
  constexpr std::uint64_t kLong = 200'000;
  const std::pair<const char*, std::uint64_t> met[] = {
      {"restart", counters.restarts},
      {"crash", counters.crashes},
      {"dry run", counters.dry_runs},
      {"crash with hot accounts on several shards", counters.hot_crashes},
  };
  bool all = true;
  for (const auto& [what, times] : met) {
    if (times > 0 || counters.commands < kLong) continue;
    fmt::print("{} commands without a {}\n", counters.commands, what);
    all = false;
  }
  return all;
}

int simulate(const Options& o) {
  const auto begin = std::chrono::steady_clock::now();
  WorldCounters counters;
  std::uint64_t worlds = 0;
  if (o.seed != 0) {
    worlds = 1;
    if (!lives({o.seed, o.each, nullptr}, counters)) return 1;
  }
  if (o.seed != 0 && o.twice) {
    WorldCounters again;
    if (!lives({o.seed, o.each, nullptr}, again)) return 1;
    if (again != counters) {
      fmt::print("seed {} crashed elsewhere the second time\n", o.seed);
      return 1;
    }
  }
  for (std::uint64_t seed = o.first_seed; o.seed == 0 && counters.commands < o.commands; ++seed) {
    if (!lives({seed, std::min(o.each, o.commands - counters.commands), nullptr}, counters))
      return 1;
    ++worlds;
    if (worlds % 20 == 0) {
      fmt::print("{} commands, seed {}\n", counters.commands, seed);
      std::fflush(stdout);
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  fmt::print(
      "{} commands in {} worlds, {} queries, {} dry runs, {} restarts, {} crashes ({} with hot "
      "accounts on several shards): as the model says; {:.0f} s\n",
      counters.commands, worlds, counters.queries, counters.dry_runs, counters.restarts,
      counters.crashes, counters.hot_crashes, took.count());
  return met_everything(counters) ? 0 : 1;
}

constexpr int kFound = 1, kRefused = 3, kBookStopped = 70, kAborted = 128 + SIGABRT;

std::string how_of(int code) {
  if (code == kFound) return "found by the model";
  if (code == kRefused) return "refused by the invariant";
  if (code == kBookStopped) return "the book stopped";
  if (code == kAborted) return "a check stopped the book";
  return fmt::format("NOT FOUND, status {}", code);
}

// The child's part: lives one world with the bug in it.
[[noreturn]] void live_with(const NamedBug& planted, std::uint64_t seed) {
  ::close(STDERR_FILENO);
  set_log_level(LogLevel::kOff);
  WorldCounters counters;
  const auto finding =
      live({seed, planted.refused_by_invariants ? 4'000u : 12'000u, &planted.bug}, counters);
  if (finding) fmt::print("    {}\n", *finding);
  std::fflush(stdout);
  const bool refused = !finding && planted.refused_by_invariants && counters.planted > 0;
  ::_exit(finding ? kFound : refused ? kRefused : 0);
}

// In a process of its own: a book that errs may stop by itself.
bool is_found(const NamedBug& planted) {
  fmt::print("{}\n", planted.name);
  int code = 0;
  // A bug may make no difference in one world.
  for (std::uint64_t seed = 1; seed <= 8 && code == 0; ++seed) {
    std::fflush(stdout);
    const pid_t child = ::fork();
    if (child == 0) live_with(planted, seed);
    int status = 0;
    ::waitpid(child, &status, 0);
    code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }
  fmt::print("    {}\n", how_of(code));
  if (planted.refused_by_invariants) return code == kRefused;
  return code == kFound || code == kBookStopped || code == kAborted;
}

int find_planted_bugs() {
  bool all = true;
  for (const std::string& name : invariants_without_a_bug()) {
    fmt::print("no planted bug breaks {}\n", name);
    all = false;
  }
  for (const NamedBug& planted : planted_bugs()) all = is_found(planted) && all;
  return all ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"random books against an independent model"};
  Options options;
  bool planted = false;
  app.add_option("--commands", options.commands, "in all");
  app.add_option("--each", options.each, "commands of one world");
  app.add_option("--first-seed", options.first_seed);
  app.add_option("--seed", options.seed, "of the only world");
  app.add_flag("--twice", options.twice, "live it twice, to see that it replays");
  app.add_flag("--planted", planted, "plant bugs and find them");
  CLI11_PARSE(app, argc, argv);
  return planted ? find_planted_bugs() : simulate(options);
}
