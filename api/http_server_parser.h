// Beast's parser straight into an HttpRequest, without its own container of fields in between. Seen
// by http_server.cc only. One request, one thread.
#pragma once
#include <boost/beast/http/basic_parser.hpp>

#include "api/http_framing.h"
#include "ledger/base/http_message.h"

namespace suanpan::api {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;

/// A length that is only claimed earns no more memory than this.
inline constexpr std::size_t kFirstReserveBytes = 64 << 10;

class RequestParser final : public http::basic_parser<true> {
 public:
  explicit RequestParser(HttpRequest& out) : out_(out) {}
  bool http11() const { return http11_; }

 private:
  void on_request_impl(http::verb, beast::string_view method, beast::string_view target,
                       int version, error_code&) override {
    out_.method.assign(method.data(), method.size());
    out_.target.assign(target.data(), target.size());
    http11_ = version == 11;
  }
  void on_response_impl(int, beast::string_view, int, error_code&) override {
  }  // never for requests
  void on_field_impl(http::field, beast::string_view name, beast::string_view value,
                     error_code&) override {
    // Trailers arrive here too, after the head was judged: a late Authorization counts for nothing.
    if (!head_done_) out_.headers.add({name.data(), name.size()}, {value.data(), value.size()});
  }
  void on_header_impl(error_code&) override { head_done_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>& length, error_code&) override {
    out_.body.reserve(std::min<std::uint64_t>(length.value_or(0), kFirstReserveBytes));
  }
  std::size_t on_body_impl(beast::string_view bytes, error_code&) override {
    out_.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view bytes, error_code&) override {
    out_.body.append(bytes.data(), bytes.size());
    return bytes.size();
  }
  void on_finish_impl(error_code&) override {}

  HttpRequest& out_;
  bool http11_ = true;
  bool head_done_ = false;
};

/// What a parser's error is answered with.
inline HttpFault fault_of(const error_code& error) {
  if (error == http::error::body_limit) return {413, "The body is larger than this server takes."};
  if (error == http::error::bad_content_length || error == http::error::multiple_content_length ||
      error == http::error::bad_transfer_encoding)
    return {400, "Content-Length and Transfer-Encoding do not tell one length."};
  if (error == http::error::bad_version)
    return {505, "Only versions 1.0 and 1.1 of HTTP are spoken."};
  return {400, "The request is not well-formed HTTP."};
}

}  // namespace suanpan::api
