// Programs that a workload starts, and what the kernel knows of them. Linux only.
#pragma once
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "ledger/base/check.h"

namespace suanpan::bench {

/// What a process has used up since it began.
struct Usage {
  double cpu_s = 0;
  /// What its calls moved from and to files, by way of the page cache. What the kernel counts as
  /// written to the disk says less: a page cache in large pieces counts each piece whole.
  double read_bytes = 0, written_bytes = 0;
  friend Usage operator-(const Usage& a, const Usage& b) {
    return {a.cpu_s - b.cpu_s, a.read_bytes - b.read_bytes, a.written_bytes - b.written_bytes};
  }
};

inline Usage usage_of(pid_t pid) {
  Usage usage;
  std::ifstream stat(fmt::format("/proc/{}/stat", pid));
  std::string text(std::istreambuf_iterator<char>(stat), {});
  // After the name in parentheses come the third and further fields; 14 and 15 are user and system.
  std::istringstream fields(text.substr(std::min(text.size(), text.rfind(')') + 1)));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  usage.cpu_s = (user + system) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  std::ifstream io(fmt::format("/proc/{}/io", pid));
  double value = 0;
  for (std::string name; io >> name >> value;) {
    if (name == "rchar:") usage.read_bytes = value;
    if (name == "wchar:") usage.written_bytes = value;
  }
  return usage;
}

/// A child that is killed when its owner goes.
class Process {
 public:
  Process() = default;
  /// Whatever it says is appended to `log`.
  Process(const std::vector<std::string>& arguments, const std::string& log) : pid_(::fork()) {
    CHECK_OR_DIE(pid_ >= 0, "fork");
    if (pid_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // where a CHECK ends the owner, no destructor runs
    const int file = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(file, STDOUT_FILENO);
    ::dup2(file, STDERR_FILENO);
    std::vector<char*> argv;
    for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    std::_Exit(127);
  }
  Process(Process&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}
  Process& operator=(Process&& other) noexcept {
    kill();
    pid_ = std::exchange(other.pid_, 0);
    return *this;
  }
  ~Process() { kill(); }

  pid_t pid() const { return pid_; }
  /// SIGKILL: nothing that it had not synced comes after it.
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(std::exchange(pid_, 0), nullptr, 0);
  }
  /// Waits for the end; the exit status, or 128 + signal.
  int wait() {
    int status = 0;
    ::waitpid(std::exchange(pid_, 0), &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = 0;
};

}  // namespace suanpan::bench
