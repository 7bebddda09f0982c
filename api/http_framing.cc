#include "api/http_framing.h"

#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <iterator>

namespace suanpan::api {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_known_method(std::string_view method) {
  constexpr std::string_view kMethods[] = {"GET",  "POST",  "PUT",    "DELETE",
                                           "HEAD", "PATCH", "OPTIONS"};
  return std::find(std::begin(kMethods), std::end(kMethods), method) != std::end(kMethods);
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

/// Field values may hold a tab and bytes above ASCII (RFC 9110 5.5), nothing else below a space.
bool is_field_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return is_control(c) && c != '\t'; });
}

bool is_token(std::string_view text) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
           kMarks.find(c) != std::string_view::npos;
  });
}

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// The Date field's value (RFC 9110 6.6.1), made once a second for each thread.
std::string_view http_date() {
  thread_local std::time_t made_for = -1;
  thread_local char text[40];
  thread_local std::size_t size = 0;
  const std::time_t now = std::time(nullptr);
  if (now != made_for) {
    constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    std::tm utc{};
    gmtime_r(&now, &utc);
    const auto end = fmt::format_to_n(text, sizeof text, "{}, {:02} {} {} {:02}:{:02}:{:02} GMT",
                                      kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon],
                                      utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
    size = std::min(end.size, sizeof text);
    made_for = now;
  }
  return {text, size};
}

bool is_ours(std::string_view name) {
  constexpr std::string_view kOurs[] = {"content-length", "transfer-encoding", "connection",
                                        "date"};
  return std::any_of(std::begin(kOurs), std::end(kOurs),
                     [&](std::string_view ours) { return equals_ignoring_case(name, ours); });
}

bool status_has_no_body(int status) { return status < 200 || status == 204 || status == 304; }

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::size_t> find_head_end(std::string_view bytes, std::size_t from) {
  // The empty line may straddle what was seen and what is new: step back three bytes.
  const auto at = bytes.find("\r\n\r\n", from < 3 ? 0 : from - 3);
  if (at == std::string_view::npos) return std::nullopt;
  return at + 4;
}

std::optional<HttpFault> check_raw_head(std::string_view head) {
  for (std::size_t i = 0; i < head.size(); ++i) {
    const char c = head[i];
    if (!is_control(c)) [[likely]]
      continue;
    if (c == '\t') continue;
    if (c != '\r' || i + 1 >= head.size() || head[i + 1] != '\n')
      return HttpFault{400, "The head has a control character or a bare CR or LF."};
    ++i;
    if (i + 1 < head.size() && (head[i + 1] == ' ' || head[i + 1] == '\t'))
      return HttpFault{400, "A header field is folded over lines."};
  }
  return std::nullopt;
}

std::optional<HttpFault> check_request_head(const HttpRequest& request, bool http11) {
  if (!is_known_method(request.method))
    return HttpFault{501, "The method is not one that this server knows."};
  const std::string_view target = request.target;
  const bool asterisk = target == "*" && request.method == "OPTIONS";
  if (!asterisk && (target.empty() || target.front() != '/'))
    return HttpFault{400, "The target is not in origin form."};
  if (std::any_of(target.begin(), target.end(), [](char c) {
        return static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7f ||
               c == '#';
      }))
    return HttpFault{400, "The target has a character that must be escaped."};

  std::size_t hosts = 0, lengths = 0, encodings = 0;
  std::string_view length, encoding, expect;
  for (const auto& [name, value] : request.headers.fields()) {
    if (equals_ignoring_case(name, "host")) {
      ++hosts;
    } else if (equals_ignoring_case(name, "content-length")) {
      ++lengths;
      length = value;
    } else if (equals_ignoring_case(name, "transfer-encoding")) {
      ++encodings;
      encoding = value;
    } else if (equals_ignoring_case(name, "expect")) {
      expect = value;
    }
  }
  if (hosts > 1 || (http11 && hosts == 0))
    return HttpFault{400, "There must be exactly one Host field."};
  if (lengths > 0 && encodings > 0)
    return HttpFault{400, "Content-Length and Transfer-Encoding exclude each other."};
  if (lengths > 1) return HttpFault{400, "Content-Length is given more than once."};
  if (lengths == 1 && !is_digits(length)) return HttpFault{400, "Content-Length is not a number."};
  if (encodings > 1) return HttpFault{400, "Transfer-Encoding is given more than once."};
  if (encodings == 1) {
    if (!http11) return HttpFault{400, "HTTP/1.0 has no Transfer-Encoding."};
    if (!equals_ignoring_case(encoding, "chunked"))
      return HttpFault{501, "No transfer coding but chunked is known."};
  }
  if (!expect.empty() && !equals_ignoring_case(expect, "100-continue"))
    return HttpFault{417, "No expectation but 100-continue can be met."};
  return std::nullopt;
}

HttpResponse problem_response(int status, std::string_view detail) {
  HttpResponse response;
  response.status = status;
  response.headers.add("Content-Type", "application/problem+json");
  response.body = fmt::format(R"({{"type":"about:blank","title":"{}","status":{},"detail":"{}"}})",
                              reason_of(status), status, detail);
  return response;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 100:
      return "Continue";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Unknown";
  }
}

bool has_body(const HttpResponse& response, const WireOptions& options) {
  return !options.head_request && !status_has_no_body(response.status) && !response.body.empty();
}

bool write_head(const HttpResponse& response, const WireOptions& options, std::string& out) {
  if (response.status < 200 || response.status > 599) return false;  // 1xx is not an answer
  out.clear();
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                 reason_of(response.status), http_date());
  for (const auto& [name, value] : response.headers.fields()) {
    if (!is_token(name) || !is_field_value(value)) return false;
    if (is_ours(name)) continue;
    out.append(name).append(": ").append(value).append("\r\n");
  }
  if (!status_has_no_body(response.status) && !options.streamed)
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", response.body.size());
  if (!options.keep_alive || options.streamed)
    out += "Connection: close\r\n";
  else if (!options.http11)
    out += "Connection: keep-alive\r\n";
  out += "\r\n";
  return true;
}

}  // namespace suanpan::api
