#include "api/connection_limits.h"

#include <catch2/catch.hpp>

using suanpan::api::ConnectionLimits;
using Verdict = ConnectionLimits::Verdict;

TEST_CASE("connection limits: an address is counted as the one who has it") {
  const std::pair<const char*, const char*> rows[] = {
      {"10.1.2.3", "10.1.2.3"},
      {"::ffff:10.1.2.3", "10.1.2.3"},
      {"::1", "::1"},
      {"2001:db8:1:2:3:4:5:6", "20010db800010002/64"},
      {"2001:db8:1:2::9", "20010db800010002/64"},
      {"2001:db8:1:3::9", "20010db800010003/64"},
      {"fe80::1%eth0", "fe80000000000000/64"},
  };
  for (const auto& [address, key] : rows) CHECK(ConnectionLimits::key_of(address) == key);
  CHECK(ConnectionLimits::is_loopback("127.0.0.2"));
  CHECK(ConnectionLimits::is_loopback("::1"));
  CHECK_FALSE(ConnectionLimits::is_loopback("12.7.0.0"));
}

TEST_CASE("connection limits: one address fills its share and leaves the rest to others") {
  ConnectionLimits limits({.in_all = 5, .per_peer = 2, .per_loopback = 3, .being_refused = 1});
  CHECK(limits.admit("10.0.0.1") == Verdict::kServe);
  CHECK(limits.admit("10.0.0.1") == Verdict::kServe);
  CHECK(limits.admit("10.0.0.1") == Verdict::kPeerFull);
  CHECK(limits.admit("10.0.0.1") == Verdict::kDrop);  // one is being told already
  CHECK(limits.admit("127.0.0.1") == Verdict::kServe);
  CHECK(limits.admit("127.0.0.1") == Verdict::kServe);
  CHECK(limits.admit("127.0.0.1") == Verdict::kServe);
  CHECK(limits.counts().open == 5);
  limits.leave("10.0.0.1", Verdict::kPeerFull);
  CHECK(limits.admit("10.0.0.2") == Verdict::kFull);
  limits.leave("10.0.0.2", Verdict::kFull);
  limits.leave("10.0.0.1", Verdict::kServe);
  CHECK(limits.admit("10.0.0.2") == Verdict::kServe);
  limits.leave("10.0.0.9", Verdict::kDrop);  // it was never counted in
  const auto counts = limits.counts();
  CHECK(counts.open == 5);
  CHECK(counts.admitted == 6);
  CHECK(counts.peer_full == 2);
  CHECK(counts.full == 1);
  CHECK(counts.dropped == 1);
}
