// The URLs that we are willing to call: absolute http and https, read strictly.
//
//   url  = ("http" | "https") "://" host [":" port] [path] ["?" query]
//   host = DNS name | dotted-decimal IPv4 | "[" IPv6 "]"
//
// No user information, no fragment, no other notation of an IPv4 address (127.1, 0x7f000001): a
// merchant gives these strings, and two readers that disagree about a host are a way past a check.
// Pure values, no look-ups; which addresses may be called is channels/address_rule.h.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/base/result.h"

namespace suanpan::channels {

struct Url {
  std::string scheme;        ///< "http" or "https"
  std::string host;          ///< lower case; an IPv6 address without its brackets
  std::uint16_t port = 0;    ///< never 0 in a parsed URL: the scheme's own when none is written
  std::string target = "/";  ///< path and query as written; at least "/"

  /// Errors: kMalformed, naming the part that is wrong but not quoting it: a query may hold
  /// secrets.
  static Result<Url> parse(std::string_view text);

  bool is_tls() const { return scheme == "https"; }
  /// True if the host is an address and not a name to look up.
  bool host_is_address() const;
  /// What goes into the Host field: brackets round IPv6, no port where it is the scheme's own.
  std::string host_field() const;
  /// "https://pay.example:8443": what a connection may be shared for, and what errors may show.
  std::string origin() const;
};

inline constexpr std::size_t kMaxUrlBytes = 2048;

}  // namespace suanpan::channels
