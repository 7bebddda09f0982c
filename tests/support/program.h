// The suanpan program as its users meet it: a process, its exit status and what it says.
#pragma once
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/temp_folder.h"

namespace suanpan::test {

inline std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return std::move(text).str();
}

/// How a process ended.
struct Ended {
  int status = -1;  ///< exit status; 128 + n after signal n; -1: still running at the deadline
  std::string out, err;
};

/// A started program; killed with its owner if it still runs.
class Program {
 public:
  explicit Program(const std::vector<std::string>& arguments) {
    std::vector<std::string> all{std::string(SUANPAN_BINARY_DIR) + "/suanpan"};
    all.insert(all.end(), arguments.begin(), arguments.end());
    const std::string out = (folder_.path() / "out").string();
    const std::string err = (folder_.path() / "err").string();
    pid_ = ::fork();
    REQUIRE(pid_ >= 0);
    if (pid_ == 0) {
      std::vector<char*> raw;
      for (std::string& one : all) raw.push_back(one.data());
      raw.push_back(nullptr);
      ::dup2(::open("/dev/null", O_RDONLY), 0);
      ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT, 0600), 1);
      ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT, 0600), 2);
      ::execv(raw[0], raw.data());
      ::_exit(127);
    }
  }
  Program(const Program&) = delete;
  ~Program() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  void signal(int number) const { ::kill(pid_, number); }
  std::string err() const { return text_of(folder_.path() / "err"); }
  /// Waits until the program has said `what` on stderr.
  bool says(const std::string& what, int timeout_ms = 20'000) const {
    for (int waited_ms = 0; waited_ms < timeout_ms; waited_ms += 20) {
      if (err().find(what) != std::string::npos) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
  }
  Ended wait(int timeout_ms = 60'000) {
    Ended ended;
    int status = 0;
    for (int waited_ms = 0; waited_ms < timeout_ms; waited_ms += 10) {
      const pid_t done = ::waitpid(pid_, &status, WNOHANG);
      if (done == pid_) {
        pid_ = -1;
        ended.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        break;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ended.out = text_of(folder_.path() / "out");
    ended.err = err();
    return ended;
  }

 private:
  TempFolder folder_;
  pid_t pid_ = -1;
};

inline Ended run_program(const std::vector<std::string>& arguments) {
  return Program(arguments).wait();
}

}  // namespace suanpan::test
