// HTTP messages as plain values: what sans-IO adapters encode and decode, what the sandbox
// handles, what routes answer. Only the server and the client know how they travel.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace suanpan {

/// Header fields in order. Names compare ignoring case. Line breaks and NULs in a value given to
/// set or add are dropped.
class HttpHeaders {
 public:
  HttpHeaders() = default;
  HttpHeaders(std::initializer_list<std::pair<std::string, std::string>> fields)
      : fields_(fields) {}
  void set(std::string_view name, std::string_view value);  ///< replaces all of that name
  void add(std::string_view name, std::string_view value);  ///< keeps those of that name
  /// The value of the first field of that name; nothing if absent.
  std::optional<std::string_view> find(std::string_view name) const;
  /// How many fields have that name (smuggling checks want exactly one).
  std::size_t count(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

struct HttpRequest {
  std::string method;  ///< "GET", upper case
  std::string target;  ///< origin form: path and query, as sent
  HttpHeaders headers;
  std::string body;
  std::string peer;  ///< the client's address as text, without port; empty where unknown

  std::string_view path() const { return std::string_view(target).substr(0, target.find('?')); }
  std::string_view query() const {
    const auto at = target.find('?');
    return at == std::string::npos ? std::string_view{} : std::string_view(target).substr(at + 1);
  }
};

class HttpStream;  // http_stream.h

struct HttpResponse {
  int status = 200;
  HttpHeaders headers;
  std::string body;
  std::shared_ptr<HttpStream> stream;  ///< what follows the body, until it ends; null: nothing
};

/// Decodes %XX and, if `plus_is_space`, '+'. Nothing on a broken escape.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);
/// Encodes all but RFC 3986 unreserved characters.
std::string percent_encode(std::string_view text);
/// "a=1&b=%20" → decoded pairs in order; nothing on a broken escape. For queries and form bodies;
/// a name without '=' has an empty value, empty pieces are skipped.
std::optional<std::vector<std::pair<std::string, std::string>>> parse_form(std::string_view text);

}  // namespace suanpan
