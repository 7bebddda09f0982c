#include "channels/url.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

namespace suanpan::channels {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

bool is_ipv4(const std::string& host) {
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1;  // four decimal parts and nothing else
}

bool is_ipv6(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
}

/// A DNS name whose last label is not a number: old resolvers read "127.1" and "0x7f.1" as
/// addresses, so anything that ends like one must be exact dotted decimal instead.
bool is_dns_name(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  std::string_view rest = host, label;
  while (true) {
    const auto dot = rest.find('.');
    label = rest.substr(0, dot);
    if (!is_label(label)) return false;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  const bool numeric = std::all_of(label.begin(), label.end(), is_digit);
  const bool hexadecimal = label.size() >= 2 && label[0] == '0' && (label[1] | 0x20) == 'x' &&
                           std::all_of(label.begin() + 2, label.end(), is_hex);
  return !numeric && !hexadecimal;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || text.front() == '0') return std::nullopt;
  std::uint32_t port = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    port = port * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(port);
}

/// RFC 3986 characters of a path or query, with whole escapes.
bool is_target(std::string_view text) {
  constexpr std::string_view kMarks = "-._~!$&'()*+,;=:@/?";
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) return false;
      i += 2;
    } else if (!is_letter(c) && !is_digit(c) && kMarks.find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<Url> Url::parse(std::string_view text) {
  if (text.size() > kMaxUrlBytes)
    return fail(Errc::kMalformed, "URL is longer than {} bytes", kMaxUrlBytes);
  // First, so that nothing below meets a NUL, which inet_pton would take for the end.
  if (std::any_of(text.begin(), text.end(), [](char c) { return c <= 0x20 || c >= 0x7f; }))
    return fail(Errc::kMalformed, "URL has a character that must be escaped");
  const auto colon = text.find("://");
  if (colon == std::string_view::npos) return fail(Errc::kMalformed, "URL has no scheme");
  Url url;
  url.scheme = lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https")
    return fail(Errc::kMalformed, "URL's scheme is neither http nor https");

  const std::string_view rest = text.substr(colon + 3);
  const auto path_at = std::min(rest.find_first_of("/?#"), rest.size());
  std::string_view authority = rest.substr(0, path_at);
  const std::string_view target = rest.substr(path_at);
  if (authority.find('@') != std::string_view::npos)
    return fail(Errc::kMalformed, "URL has user information");

  std::optional<std::string_view> port_text;
  if (!authority.empty() && authority.front() == '[') {
    const auto close = authority.find(']');
    if (close == std::string_view::npos)
      return fail(Errc::kMalformed, "URL's IPv6 address has no closing bracket");
    url.host = lower(authority.substr(1, close - 1));
    const std::string_view after = authority.substr(close + 1);
    if (!is_ipv6(url.host)) return fail(Errc::kMalformed, "URL's IPv6 address is malformed");
    if (!after.empty()) {
      if (after.front() != ':') return fail(Errc::kMalformed, "URL's port is malformed");
      port_text = after.substr(1);
    }
  } else {
    const auto at = authority.find(':');
    if (at != std::string_view::npos) port_text = authority.substr(at + 1);
    url.host = lower(authority.substr(0, at));
    if (!is_ipv4(url.host) && !is_dns_name(url.host))
      return fail(Errc::kMalformed, "URL's host is neither a DNS name nor an address");
  }

  url.port = url.is_tls() ? 443 : 80;
  if (port_text) {
    const auto port = parse_port(*port_text);
    if (!port) return fail(Errc::kMalformed, "URL's port is malformed");
    url.port = *port;
  }
  if (target.find('#') != std::string_view::npos)
    return fail(Errc::kMalformed, "URL has a fragment");
  if (!is_target(target))
    return fail(Errc::kMalformed, "URL's path or query has a character that must be escaped");
  url.target.clear();
  if (!target.starts_with('/')) url.target.push_back('/');
  url.target.append(target);
  return url;
}

bool Url::host_is_address() const { return is_ipv4(host) || is_ipv6(host); }

std::string Url::host_field() const {
  const bool brackets = host.find(':') != std::string::npos;
  std::string out = brackets ? fmt::format("[{}]", host) : host;
  if (port != (is_tls() ? 443 : 80)) fmt::format_to(std::back_inserter(out), ":{}", port);
  return out;
}

std::string Url::origin() const { return fmt::format("{}://{}", scheme, host_field()); }

}  // namespace suanpan::channels
