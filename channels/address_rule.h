// Which addresses a merchant's URL may lead to: only those of the public Internet. Without this a
// notify URL is a way to make us call our own machines (SSRF, 服务端请求伪造). Pure; the HTTPS
// client applies it to the address that it is about to connect to, never to a name.
//
// Source: IANA IPv4 and IPv6 Special-Purpose Address Registries (RFC 6890). What IANA reserves
// without global reach is refused, and so is every IPv6 form that carries an IPv4 address inside
// (mapped, compatible, NAT64, 6to4, Teredo), because whoever unpacks it may reach a private one.
#pragma once
#include <cstdint>
#include <string_view>

namespace suanpan::channels {

enum class AddressKind : std::uint8_t {
  kPublic,
  kMalformed,    ///< not an address in strict notation; a zone ("fe80::1%eth0") is not taken
  kUnspecified,  ///< 0.0.0.0/8, ::
  kLoopback,
  kPrivate,     ///< RFC 1918, unique local fc00::/7, the old site-local fec0::/10
  kCarrierNat,  ///< 100.64.0.0/10 (RFC 6598); cloud providers put their metadata here too
  kLinkLocal,   ///< 169.254.0.0/16 (metadata services), fe80::/10
  kMulticast,
  kEmbedsIpv4,  ///< ::ffff:0:0/96, ::/96, 64:ff9b::/96, 64:ff9b:1::/48, 2002::/16, 2001::/32
  kReserved,    ///< documentation, benchmarking, protocol assignments, broadcast, unassigned
};

/// The kind of an address in text: dotted decimal or RFC 4291.
AddressKind kind_of_address(std::string_view text);
/// In words, for errors: "loopback".
std::string_view name_of(AddressKind kind);

}  // namespace suanpan::channels
