#include "channels/address_rule.h"

#include <arpa/inet.h>

#include <array>
#include <cstring>
#include <string>

namespace suanpan::channels {
namespace {

using enum AddressKind;

struct Ipv4Rule {
  std::uint32_t network;
  unsigned prefix;
  AddressKind kind;
};

constexpr std::uint32_t ip(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24 | b << 16 | c << 8 | d;
}

constexpr Ipv4Rule kIpv4Rules[] = {
    {ip(0, 0, 0, 0), 8, kUnspecified},    {ip(10, 0, 0, 0), 8, kPrivate},
    {ip(100, 64, 0, 0), 10, kCarrierNat}, {ip(127, 0, 0, 0), 8, kLoopback},
    {ip(169, 254, 0, 0), 16, kLinkLocal}, {ip(172, 16, 0, 0), 12, kPrivate},
    {ip(192, 0, 0, 0), 24, kReserved},    {ip(192, 0, 2, 0), 24, kReserved},
    {ip(192, 88, 99, 0), 24, kReserved},  {ip(192, 168, 0, 0), 16, kPrivate},
    {ip(198, 18, 0, 0), 15, kReserved},   {ip(198, 51, 100, 0), 24, kReserved},
    {ip(203, 0, 113, 0), 24, kReserved},  {ip(224, 0, 0, 0), 4, kMulticast},
    {ip(240, 0, 0, 0), 4, kReserved},
};

AddressKind kind_of_ipv4(std::uint32_t address) {
  for (const auto& rule : kIpv4Rules)
    if ((address ^ rule.network) >> (32 - rule.prefix) == 0) return rule.kind;
  return kPublic;
}

struct Ipv6Rule {
  std::array<std::uint16_t, 8> network;
  unsigned prefix;
  AddressKind kind;
};

// The first that fits decides, so the longer prefixes stand first. Only 2000::/3 is global unicast;
// whatever no row names is outside of it and reserved.
constexpr Ipv6Rule kIpv6Rules[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0}, 128, kUnspecified},
    {{0, 0, 0, 0, 0, 0, 0, 1}, 128, kLoopback},
    {{0, 0, 0, 0, 0, 0xffff}, 96, kEmbedsIpv4},
    {{}, 96, kEmbedsIpv4},
    {{0x64, 0xff9b}, 96, kEmbedsIpv4},
    {{0x64, 0xff9b, 1}, 48, kEmbedsIpv4},
    {{0x2001, 0}, 32, kEmbedsIpv4},
    {{0x2001, 0}, 23, kReserved},
    {{0x2001, 0xdb8}, 32, kReserved},
    {{0x2002}, 16, kEmbedsIpv4},
    {{0x3fff}, 20, kReserved},
    {{0x2000}, 3, kPublic},
    {{0xfc00}, 7, kPrivate},
    {{0xfec0}, 10, kPrivate},
    {{0xfe80}, 10, kLinkLocal},
    {{0xff00}, 8, kMulticast},
};

bool matches(const std::array<std::uint16_t, 8>& address, const Ipv6Rule& rule) {
  unsigned left = rule.prefix;
  for (std::size_t i = 0; left > 0; ++i) {
    const unsigned bits = left < 16 ? left : 16;
    if ((address[i] ^ rule.network[i]) >> (16 - bits) != 0) return false;
    left -= bits;
  }
  return true;
}

}  // namespace

AddressKind kind_of_address(std::string_view text) {
  const std::string terminated(text);
  if (terminated.size() != std::strlen(terminated.c_str())) return kMalformed;
  in_addr v4{};
  if (inet_pton(AF_INET, terminated.c_str(), &v4) == 1) return kind_of_ipv4(ntohl(v4.s_addr));
  in6_addr v6{};
  if (inet_pton(AF_INET6, terminated.c_str(), &v6) != 1) return kMalformed;
  std::array<std::uint16_t, 8> address{};
  for (std::size_t i = 0; i < 8; ++i)
    address[i] = static_cast<std::uint16_t>(v6.s6_addr[2 * i] << 8 | v6.s6_addr[2 * i + 1]);
  for (const auto& rule : kIpv6Rules)
    if (matches(address, rule)) return rule.kind;
  return kReserved;
}

std::string_view name_of(AddressKind kind) {
  switch (kind) {
    case kPublic:
      return "public";
    case kMalformed:
      return "malformed";
    case kUnspecified:
      return "unspecified";
    case kLoopback:
      return "loopback";
    case kPrivate:
      return "private";
    case kCarrierNat:
      return "carrier NAT";
    case kLinkLocal:
      return "link-local";
    case kMulticast:
      return "multicast";
    case kEmbedsIpv4:
      return "IPv4 inside IPv6";
    case kReserved:
      return "reserved";
  }
  return "unknown";
}

}  // namespace suanpan::channels
