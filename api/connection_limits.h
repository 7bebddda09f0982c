// Who may have how many connections: so many in all, and so many from one address, so that nobody
// crowds the others out by opening connections and saying nothing.
//
// An IPv6 client owns a whole /64 and is counted by it; an IPv4 address written as IPv6 is the IPv4
// address. Loopback has a limit of its own, because a proxy on the same machine brings everybody's
// connections from there. What is beyond a limit is told so as long as few are being told; more are
// closed without a word, since telling costs a connection as well.
//
// Thread-safe. Memory: one entry an address that has a connection.
#pragma once
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace suanpan::api {

struct ConnectionLimitSettings {
  std::size_t in_all = 1024;
  std::size_t per_peer = 256;
  std::size_t per_loopback = 768;  ///< each address of 127.0.0.0/8, and ::1
  std::size_t being_refused = 64;  ///< told so at one time, above all limits
};

class ConnectionLimits {
 public:
  explicit ConnectionLimits(const ConnectionLimitSettings& settings) : settings_(settings) {}

  enum class Verdict : std::uint8_t {
    kServe,
    kFull,      ///< the server has all it takes
    kPeerFull,  ///< this address has
    kDrop,      ///< beyond a limit, and enough are being told
  };
  /// Counts the connection in, unless it is dropped.
  Verdict admit(const std::string& peer);
  /// Undoes an admit() that said `verdict`; once each.
  void leave(const std::string& peer, Verdict verdict);

  struct Counts {
    std::size_t open = 0;                                              ///< served at the moment
    std::uint64_t admitted = 0, full = 0, peer_full = 0, dropped = 0;  ///< since the start
  };
  Counts counts() const;

  /// What `address` is counted under.
  static std::string key_of(std::string_view address);
  static bool is_loopback(std::string_view key);

 private:
  const ConnectionLimitSettings settings_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, std::size_t> served_;  ///< by key; never zero
  std::size_t refusing_ = 0;
  Counts counts_;
};

}  // namespace suanpan::api
