#include "channels/address_rule.h"

#include <catch2/catch.hpp>
#include <string>

using namespace suanpan::channels;

// First and last address of each block, and its neighbours, from the IANA special-purpose
// registries.
TEST_CASE("address rule: only addresses of the public Internet may be called") {
  using enum AddressKind;
  struct Row {
    std::string address;
    AddressKind kind;
  };
  const Row rows[] = {
      {"0.0.0.0", kUnspecified},
      {"0.255.255.255", kUnspecified},
      {"1.0.0.0", kPublic},
      {"8.8.8.8", kPublic},
      {"9.255.255.255", kPublic},
      {"10.0.0.0", kPrivate},
      {"10.255.255.255", kPrivate},
      {"11.0.0.0", kPublic},
      {"100.63.255.255", kPublic},
      {"100.64.0.0", kCarrierNat},
      {"100.100.100.200", kCarrierNat},
      {"100.127.255.255", kCarrierNat},
      {"100.128.0.0", kPublic},
      {"126.255.255.255", kPublic},
      {"127.0.0.0", kLoopback},
      {"127.0.0.1", kLoopback},
      {"127.255.255.255", kLoopback},
      {"128.0.0.0", kPublic},
      {"169.253.255.255", kPublic},
      {"169.254.0.0", kLinkLocal},
      {"169.254.169.254", kLinkLocal},
      {"169.254.255.255", kLinkLocal},
      {"169.255.0.0", kPublic},
      {"172.15.255.255", kPublic},
      {"172.16.0.0", kPrivate},
      {"172.31.255.255", kPrivate},
      {"172.32.0.0", kPublic},
      {"192.0.0.0", kReserved},
      {"192.0.0.255", kReserved},
      {"192.0.1.0", kPublic},
      {"192.0.2.1", kReserved},
      {"192.88.99.1", kReserved},
      {"192.167.255.255", kPublic},
      {"192.168.0.0", kPrivate},
      {"192.168.255.255", kPrivate},
      {"192.169.0.0", kPublic},
      {"198.17.255.255", kPublic},
      {"198.18.0.0", kReserved},
      {"198.19.255.255", kReserved},
      {"198.20.0.0", kPublic},
      {"198.51.100.7", kReserved},
      {"203.0.113.7", kReserved},
      {"223.255.255.255", kPublic},
      {"224.0.0.0", kMulticast},
      {"239.255.255.255", kMulticast},
      {"240.0.0.0", kReserved},
      {"255.255.255.255", kReserved},
      {"::", kUnspecified},
      {"::1", kLoopback},
      {"::2", kEmbedsIpv4},
      {"::127.0.0.1", kEmbedsIpv4},
      {"::ffff:127.0.0.1", kEmbedsIpv4},
      {"::ffff:8.8.8.8", kEmbedsIpv4},
      {"::ffff:7f00:1", kEmbedsIpv4},
      {"64:ff9b::7f00:1", kEmbedsIpv4},
      {"64:ff9b:1::a00:1", kEmbedsIpv4},
      {"64:ff9b:2::1", kReserved},
      {"100::1", kReserved},
      {"1fff:ffff::", kReserved},
      {"2000::", kPublic},
      {"2001::1", kEmbedsIpv4},
      {"2001:2::1", kReserved},
      {"2001:1ff:ffff::", kReserved},
      {"2001:200::", kPublic},
      {"2001:db8::1", kReserved},
      {"2001:db9::1", kPublic},
      {"2002:7f00:1::", kEmbedsIpv4},
      {"2003::1", kPublic},
      {"2408:8000::1", kPublic},
      {"2606:4700:4700::1111", kPublic},
      {"3fff::1", kReserved},
      {"3fff:1000::", kPublic},
      {"3ffe:ffff::", kPublic},
      {"4000::", kReserved},
      {"5f00::1", kReserved},
      {"fbff::", kReserved},
      {"fc00::", kPrivate},
      {"fdff::1", kPrivate},
      {"fe00::1", kReserved},
      {"fe80::1", kLinkLocal},
      {"febf::1", kLinkLocal},
      {"fec0::1", kPrivate},
      {"ff02::1", kMulticast},
      {"fe80::1%eth0", kMalformed},
      {"127.1", kMalformed},
      {"0x7f.0.0.1", kMalformed},
      {"0177.0.0.1", kMalformed},
      {"2130706433", kMalformed},
      {"1.2.3.4 ", kMalformed},
      {std::string("8.8.8.8\0", 8), kMalformed},
      {"localhost", kMalformed},
      {"", kMalformed},
  };
  for (const auto& row : rows) {
    CAPTURE(row.address);
    CHECK(name_of(kind_of_address(row.address)) == name_of(row.kind));
  }
}
