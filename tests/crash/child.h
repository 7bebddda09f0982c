// A program that is run to be ended: what it tells on file descriptor 3 is read while it runs, so
// that the pipe never holds it back.
#pragma once
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <functional>
#include <string>
#include <vector>

#include "tests/crash/crash_plan.h"

namespace suanpan::test {

class Child {
 public:
  using Told = std::function<void(const Ack&)>;

  /// `errors`: the file that its standard error goes to; empty: where ours goes.
  Child(std::vector<std::string> words, Told told, const std::string& errors = "")
      : told_(std::move(told)) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      ::dup2(ends[1], 3);
      if (!errors.empty()) ::dup2(::open(errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
      const rlimit no_core{0, 0};
      ::setrlimit(RLIMIT_CORE, &no_core);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    end_ = ends[0];
    ::fcntl(end_, F_SETFL, O_NONBLOCK);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) finish(SIGKILL);
    ::close(end_);
  }

  pid_t pid() const { return pid_; }
  /// Listens for `ms`; false: it has ended meanwhile.
  bool listen(std::int64_t ms) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
    while (std::chrono::steady_clock::now() < until) {
      if (!take()) return false;
      ::usleep(500);
    }
    return true;
  }
  /// Kills it with `signal` (0: waits for its own end), hears the rest; its wait status.
  int finish(int signal) {
    if (signal != 0) ::kill(pid_, signal);
    ::fcntl(end_, F_SETFL, 0);
    while (take()) {
    }
    int status = 0;
    REQUIRE(::waitpid(pid_, &status, 0) == pid_);
    pid_ = -1;
    return status;
  }

 private:
  // Reads what is there; false at the end of the pipe.
  bool take() {
    char bytes[4096];
    for (;;) {
      const ssize_t got = ::read(end_, bytes, sizeof bytes);
      if (got < 0) return true;
      if (got == 0) return false;
      rest_.append(bytes, static_cast<std::size_t>(got));
      std::size_t at = 0;
      for (; at + sizeof(Ack) <= rest_.size(); at += sizeof(Ack)) {
        Ack ack;
        std::memcpy(&ack, rest_.data() + at, sizeof ack);
        told_(ack);
      }
      rest_.erase(0, at);
    }
  }

  const Told told_;
  pid_t pid_ = -1;
  int end_ = -1;
  std::string rest_;
};

}  // namespace suanpan::test
