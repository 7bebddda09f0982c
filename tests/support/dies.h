// dies(f): whether f ends the process by SIGABRT, as a failed CHECK does. Runs f in a fork, so it
// must not need other threads.
#pragma once
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

namespace suanpan::test {

template <class Function>
bool dies(Function f) {
  const pid_t child = fork();
  if (child == 0) {
    std::signal(SIGABRT, SIG_DFL);  // not Catch2's reporter
    if (std::freopen("/dev/null", "w", stderr) == nullptr) std::_Exit(2);
    f();
    std::_Exit(0);
  }
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status) &&
         WTERMSIG(status) == SIGABRT;
}

}  // namespace suanpan::test
