#include "api/connection_limits.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>

#include "ledger/base/check.h"

namespace suanpan::api {

std::string ConnectionLimits::key_of(std::string_view address) {
  const std::string text(address.substr(0, address.find('%')));
  std::array<unsigned char, 16> bytes{};
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  constexpr std::array<unsigned char, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::memcmp(bytes.data(), kMapped.data(), kMapped.size()) == 0)
    return fmt::format("{}.{}.{}.{}", bytes[12], bytes[13], bytes[14], bytes[15]);
  std::array<unsigned char, 16> loopback{};
  loopback[15] = 1;
  if (bytes == loopback) return "::1";
  std::string key;
  for (std::size_t i = 0; i < 8; ++i) key += fmt::format("{:02x}", bytes[i]);
  return key + "/64";
}

bool ConnectionLimits::is_loopback(std::string_view key) {
  return key == "::1" || key.starts_with("127.");
}

ConnectionLimits::Verdict ConnectionLimits::admit(const std::string& peer) {
  const std::string key = key_of(peer);
  const std::size_t limit = is_loopback(key) ? settings_.per_loopback : settings_.per_peer;
  const std::lock_guard lock(mutex_);
  const auto known = served_.find(key);
  const bool peer_full = known != served_.end() && known->second >= limit;
  if (peer_full || counts_.open >= settings_.in_all) {
    ++(peer_full ? counts_.peer_full : counts_.full);
    if (refusing_ >= settings_.being_refused) {
      ++counts_.dropped;
      return Verdict::kDrop;
    }
    ++refusing_;
    return peer_full ? Verdict::kPeerFull : Verdict::kFull;
  }
  ++served_[key];
  ++counts_.open;
  ++counts_.admitted;
  return Verdict::kServe;
}

void ConnectionLimits::leave(const std::string& peer, Verdict verdict) {
  if (verdict == Verdict::kDrop) return;
  const std::string key = key_of(peer);
  const std::lock_guard lock(mutex_);
  if (verdict != Verdict::kServe) {
    CHECK_OR_DIE(refusing_ > 0, "more refused connections left than came");
    --refusing_;
    return;
  }
  const auto known = served_.find(key);
  CHECK_OR_DIE(known != served_.end(), "a connection of nobody's left");
  if (--known->second == 0) served_.erase(known);
  --counts_.open;
}

ConnectionLimits::Counts ConnectionLimits::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

}  // namespace suanpan::api
