// The inbound HTTP/1.1 server: the only inbound user of Beast. It frames, limits and times; it
// knows nothing of routes.
//
// Promises
//   - One request at a time per connection; pipelined ones wait their turn, answers keep the order.
//   - Every wait has a deadline, every size a limit; what breaks one is answered with a problem
//     document where the wire still allows it (400, 408, 413, 417, 431, 501, 503, 505) and cut.
//   - A head that two readers could frame differently is refused (http_framing.h).
//   - A handler sees only whole requests: the body has arrived and its length fits.
//   - An answer may go on as a stream (ledger/base/http_stream.h): the connection is then its own
//     until the stream ends, and every piece has the write deadline.
// Threads: handlers are called on the server's threads, concurrently when there are several, and
// must not block them. The reply may be called on any thread; called inside the handler it costs no
// hop. Ownership: the server owns its threads and sockets. A reply may outlive the server: it then
// does nothing.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "api/tls.h"
#include "ledger/base/http_message.h"
#include "ledger/base/result.h"

namespace suanpan::api {

/// A status that is not sent: the connection is closed without an answer. For the sandbox, whose
/// scripted faults leave a caller in the dark.
inline constexpr int kHangUp = 0;

struct HttpServerOptions {
  std::string address = "127.0.0.1";  ///< an IPv4 or IPv6 address, not a name
  std::uint16_t port = 0;             ///< 0 takes a free one; HttpServer::port() tells
  unsigned threads = 1;
  std::size_t max_head_bytes = 8 << 10;  ///< request line and fields together
  std::size_t max_body_bytes = 1 << 20;
  std::size_t max_connections = 1024;
  /// From one address (connection_limits.h); loopback has more, for a proxy on the same machine.
  std::size_t max_connections_per_peer = 256;
  std::size_t max_connections_per_loopback = 768;
  int header_timeout_ms = 10'000;  ///< TLS handshake; the first byte of a request to its empty line
  int body_timeout_ms = 30'000;    ///< the whole body
  int idle_timeout_ms = 60'000;    ///< between requests
  int handler_timeout_ms = 60'000;  ///< until the reply; then 504, and the outcome is unknown
  int write_timeout_ms = 30'000;    ///< each 256 KiB of an answer
  std::optional<TlsIdentity> tls;   ///< plain HTTP without it
};

/// Since the start, but `open`.
struct HttpServerStatistics {
  std::size_t open = 0;            ///< served at the moment
  std::uint64_t accepted = 0;      ///< connections that were served
  std::uint64_t refused_full = 0;  ///< beyond max_connections
  std::uint64_t refused_peer = 0;  ///< beyond what one address may have
  std::uint64_t dropped = 0;       ///< of the refused, those that were not told
  std::uint64_t slow_heads = 0;    ///< deadlines that passed, by what was waited for
  std::uint64_t slow_bodies = 0;
  std::uint64_t slow_handlers = 0;
  std::uint64_t slow_readers = 0;
  std::uint64_t faults = 0;  ///< requests refused by the transport, slow ones included
};

class HttpServer {
 public:
  /// Takes the answer, once; further calls are ignored. May be called on any thread. If every copy
  /// is dropped uncalled, the client gets a 500: a request is never left hanging.
  using Reply = std::function<void(HttpResponse)>;
  using Handler = std::function<void(HttpRequest&&, Reply)>;

  /// Listens and serves at once. Errors: kConfig (address, TLS), kUnavailable (port taken).
  static Result<std::unique_ptr<HttpServer>> start(HttpServerOptions options, Handler handler);

  /// The port that it listens on.
  std::uint16_t port() const;
  /// Open connections, those being refused included; statistics() has what metrics tell.
  std::size_t connections() const;
  HttpServerStatistics statistics() const;

  /// Stops accepting, closes idle connections, lets requests under way finish for at most
  /// `deadline_ms`, then cuts what is left and joins the threads. Blocks; not from a handler. A
  /// second call does nothing.
  void stop(int deadline_ms);

  ~HttpServer();  ///< stop(0) if nobody did
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

 private:
  struct Core;
  explicit HttpServer(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;

  friend class ServerConnection;
};

}  // namespace suanpan::api
