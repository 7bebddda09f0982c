// Sockets without an HTTP library, for tests that must say exactly which bytes go out and when: the
// client of a server under test, and a server that plays a script for a client under test.
#pragma once
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "ledger/base/check.h"

namespace suanpan::tests {

/// A connected socket; closes on destruction.
class RawSocket {
 public:
  explicit RawSocket(int fd) : fd_(fd) {}
  RawSocket(RawSocket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  RawSocket(const RawSocket&) = delete;
  ~RawSocket() { close(); }

  /// `from`: the address of our own end, "127.0.0.2"; null: the kernel's choice.
  static RawSocket connect(std::uint16_t port, const char* from = nullptr) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    if (from) {
      sockaddr_in own{};
      own.sin_family = AF_INET;
      CHECK_OR_DIE(::inet_pton(AF_INET, from, &own.sin_addr) == 1, "{} is no address", from);
      CHECK_OR_DIE(::bind(fd, reinterpret_cast<sockaddr*>(&own), sizeof own) == 0, "{} is not ours",
                   from);
    }
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int rc = ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to);
    CHECK_OR_DIE(rc == 0, "loopback port {} refuses", port);
    return RawSocket(fd);
  }

  /// False once the other side has gone.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }

  /// Receives until `text` holds `needle`, the end of the stream, or the time is up.
  std::string receive_until(std::string_view needle, int timeout_ms = 5000) {
    std::string text;
    while (needle.empty() || text.find(needle) == std::string::npos) {
      pollfd wait{fd_, POLLIN, 0};
      if (::poll(&wait, 1, timeout_ms) <= 0) {
        timed_out_ = true;
        break;
      }
      char bytes[4096];
      const auto got = ::recv(fd_, bytes, sizeof bytes, 0);
      if (got <= 0) break;
      text.append(bytes, static_cast<std::size_t>(got));
    }
    return text;
  }
  /// Everything until the other side closes.
  std::string receive_all(int timeout_ms = 5000) { return receive_until({}, timeout_ms); }
  /// True if a receive gave up waiting: the other side has neither answered nor closed.
  bool timed_out() const { return timed_out_; }

  void shutdown_send() { ::shutdown(fd_, SHUT_WR); }
  /// Closes with a reset instead of an orderly end.
  void reset() {
    const linger abrupt{1, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &abrupt, sizeof abrupt);
    close();
  }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
  bool timed_out_ = false;
};

/// Listens on a free loopback port and runs the script on each connection, with its number (from
/// 0), each on a thread of its own.
class ScriptedServer {
 public:
  using Script = std::function<void(RawSocket&, int number)>;

  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    const bool ok = ::bind(listener_, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 &&
                    ::listen(listener_, 64) == 0 &&
                    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&at), &size) == 0;
    CHECK_OR_DIE(ok, "no loopback port to listen on");
    port_ = ntohs(at.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }
  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    ::close(listener_);
    for (auto& thread : threads_) thread.join();
  }
  ScriptedServer(const ScriptedServer&) = delete;

  std::uint16_t port() const { return port_; }
  int accepted() const { return accepted_; }

 private:
  void accept() {
    while (true) {
      const int fd = ::accept(listener_, nullptr, nullptr);
      if (fd < 0) return;
      const int number = accepted_++;
      threads_.emplace_back([this, fd, number] {
        RawSocket socket(fd);
        script_(socket, number);
      });
    }
  }

  Script script_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_{0};
  std::thread acceptor_;
  std::vector<std::thread> threads_;  ///< touched by the acceptor, then by the destructor
};

/// A loopback port on which nobody listens, nor can: bound for as long as the program runs.
inline std::uint16_t closed_port() {
  static const std::uint16_t port = [] {
    const int kept = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    const bool ok = ::bind(kept, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0 &&
                    ::getsockname(kept, reinterpret_cast<sockaddr*>(&at), &size) == 0;
    CHECK_OR_DIE(ok, "no loopback port to keep");
    return ntohs(at.sin_port);
  }();
  return port;
}

}  // namespace suanpan::tests
