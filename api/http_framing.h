// The pure half of the HTTP server: what a request head must be before it is believed, what
// refusals look like, and how an answer is laid out on the wire. No sockets here.
//
// Why it stands beside Beast's parser: two readers of one connection (a proxy and us) that disagree
// where a request ends let one client speak in another's name (request smuggling, 请求走私). So
// whatever RFC 9112 lets a recipient read in two ways is refused, also where a parser would cope.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/http_message.h"

namespace suanpan::api {

/// A refusal by the transport: it is answered with a problem document, and the connection closes,
/// because what follows on it can no longer be framed.
struct HttpFault {
  int status = 400;
  std::string_view detail;  ///< a literal of ours: never the client's bytes
};

/// Where the head ends, past its empty line; nothing if it is not complete. `from` is how much of
/// `bytes` earlier calls have seen, so that a head that drips in is not searched again and again.
std::optional<std::size_t> find_head_end(std::string_view bytes, std::size_t from);

/// Judges the raw head, empty line included: line endings, control characters, folded lines.
std::optional<HttpFault> check_raw_head(std::string_view head);

/// Judges a parsed head: method, target, Host, Content-Length, Transfer-Encoding, Expect.
/// `http11` is false for HTTP/1.0.
std::optional<HttpFault> check_request_head(const HttpRequest& request, bool http11);

/// RFC 9457 problem document for a fault of the transport.
HttpResponse problem_response(int status, std::string_view detail);

/// The reason phrase: "Not Found"; "Unknown" for a status without one.
std::string_view reason_of(int status);

struct WireOptions {
  bool head_request = false;  ///< HEAD: the length is told, the body is not sent
  bool keep_alive = true;
  bool http11 = true;
  bool streamed = false;  ///< no length: the body ends with the connection
};

/// Replaces `out` by the answer's head, empty line included. Content-Length, Transfer-Encoding,
/// Connection and Date are written here and not taken from the response. Returns false, with `out`
/// of no use, if a field could break out of its line (a bug of the handler).
bool write_head(const HttpResponse& response, const WireOptions& options, std::string& out);

/// True if a response with this status and request has bytes after its head.
bool has_body(const HttpResponse& response, const WireOptions& options);

bool equals_ignoring_case(std::string_view a, std::string_view b);

}  // namespace suanpan::api
