#include "api/signals.h"

#include <csignal>

namespace suanpan::api {
namespace {

sigset_t end_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

void block_end_signals() {
  const sigset_t set = end_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

void wait_for_end_signal() {
  const sigset_t set = end_signals();
  int signal = 0;
  sigwait(&set, &signal);
}

}  // namespace suanpan::api
