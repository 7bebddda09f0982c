#include "channels/https_client_wire.h"

#include <algorithm>

namespace suanpan::channels {
namespace {

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  const auto folded = [](char c) { return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return folded(x) == folded(y); });
}

bool is_ours(std::string_view name) {
  constexpr std::string_view kOurs[] = {"Host", "Content-Length", "Transfer-Encoding",
                                        "Connection"};
  return std::any_of(std::begin(kOurs), std::end(kOurs),
                     [&](std::string_view ours) { return equals_ignoring_case(name, ours); });
}

}  // namespace

Result<std::string> encode_request(const HttpRequest& request, const Url& url) {
  const std::string& target = request.target.empty() ? url.target : request.target;
  if (!is_token(request.method)) return fail(Errc::kMalformed, "request has no proper method");
  if (target.front() != '/' ||
      std::any_of(target.begin(), target.end(), [](char c) { return c <= 0x20 || c >= 0x7f; }))
    return fail(Errc::kMalformed, "request target is not a path in ASCII");
  if ((url.scheme != "http" && url.scheme != "https") || url.host.empty() || url.port == 0)
    return fail(Errc::kMalformed, "request goes to no origin");
  std::string out;
  out.reserve(512 + request.body.size());
  out.append(request.method).append(" ").append(target).append(" HTTP/1.1\r\nHost: ");
  out.append(url.host_field()).append("\r\n");
  for (const auto& [name, value] : request.headers.fields()) {
    if (!is_token(name) || std::any_of(value.begin(), value.end(), [](char c) {
          return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
        }))
      return fail(Errc::kMalformed, "request has a field that breaks its line");
    if (!is_ours(name)) out.append(name).append(": ").append(value).append("\r\n");
  }
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT" ||
      request.method == "PATCH")
    out.append("Content-Length: ").append(std::to_string(request.body.size())).append("\r\n");
  return out.append("\r\n").append(request.body);
}

}  // namespace suanpan::channels
