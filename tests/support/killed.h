// Work in a child process that kills itself on the way, and what it leaves. The child is a copy of
// this process with one thread: what it needs of others it starts itself.
#pragma once
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <csignal>

namespace suanpan::test {

/// Whether `run` was killed; if not, it must have come to its end.
template <class Run>
bool is_killed(Run&& run) {
  const pid_t child = ::fork();
  if (child == 0) {
    run();
    ::_exit(0);
  }
  REQUIRE(child > 0);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) {
    REQUIRE(WTERMSIG(status) == SIGKILL);
    return true;
  }
  REQUIRE(WEXITSTATUS(status) == 0);
  return false;
}

/// For every `stride`-th step from the first on, until one run lives to its end: `before()`, then
/// `run(step)` in a child, which kills itself there, then `after()`. Returns how many were killed.
template <class Before, class Run, class After>
int kill_at_every_step(int stride, Before&& before, Run&& run, After&& after) {
  for (int step = 1, kills = 0;; step += stride, ++kills) {
    INFO("killed at step " << step);
    before();
    if (!is_killed([&] { run(step); })) return kills;
    after();
  }
}

}  // namespace suanpan::test
