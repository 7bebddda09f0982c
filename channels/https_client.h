// The outbound HTTP/1.1 client, http and https: the only outbound user of Beast. It carries
// requests to channels, banks and merchants and says exactly one thing about a failure: whether the
// other side can have seen the request.
//
//   kUnavailable   not a byte of the request was handed to the network: DNS, refused or slow
//                  connection, failed TLS handshake or certificate, forbidden address, too many
//                  calls in flight, client stopped. Certainly not accepted.
//   kMalformed     the request itself cannot be sent; nothing was.
//   kTimeout       the deadline passed after sending began: the outcome is unknown.
//   kIo            the connection broke, or the answer is not HTTP, after sending began: unknown.
//   kTooLarge      an answer came, larger than the limits: the request was seen, the outcome is
//                  unknown.
//
// Retries. A request goes out once. One exception: a pooled connection that its peer closed before
// any byte of the answer. There the request is sent a second time, on a new connection, only if it
// is GET or HEAD, or if the kernel took no byte of it. Nobody can tell whether a server that closes
// has acted on what it had received, and a payment asked for twice may be paid twice; the driver
// asks by query instead. To make this rare, a pooled connection is looked at before it is used, and
// one that has been closed or has unasked bytes waiting is dropped while nothing has been sent.
//
// Redirects are not followed: a signed request is meant for one address. Cookies, proxies and
// content codings are unknown here.
//
// Threads: send() may be called on any thread. Callbacks run on the client's thread (its strand on
// a given io_context), one at a time, and must not block or throw.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "channels/url.h"
#include "ledger/base/http_message.h"
#include "ledger/base/result.h"

namespace boost::asio {
class io_context;
}

namespace suanpan::channels {

struct HttpsClientOptions {
  std::string ca_file;               ///< PEM; trusted instead of the system's roots
  std::string ca_pem;                ///< the same as text, and trusted besides ca_file
  int connect_timeout_ms = 5'000;    ///< look-up and connection together
  int handshake_timeout_ms = 5'000;  ///< TLS
  std::size_t max_response_head_bytes = 16 << 10;
  std::size_t max_response_body_bytes = 16 << 20;
  std::size_t max_idle_per_origin = 16;
  int idle_timeout_ms = 30'000;  ///< below what servers commonly allow, so that we close first
  std::size_t max_in_flight = 1'024;
  /// False: only public addresses are connected to (channels/address_rule.h), which is the rule for
  /// URLs that merchants give. The address is checked after the look-up and the connection goes to
  /// exactly that address, so a name that changes its mind in between gains nothing. A name with
  /// any forbidden address is refused whole. True: for channels and banks, which operators
  /// configure.
  bool allow_private_addresses = false;
};

class HttpsClient {
 public:
  using Callback = std::function<void(Result<HttpResponse>)>;

  /// With a thread of its own. Errors: kConfig (a CA file that cannot be read). Use one client for
  /// channels and another for merchants' URLs: look-ups of one client wait for each other.
  static Result<std::unique_ptr<HttpsClient>> create(HttpsClientOptions options);
  /// On an event loop of the caller's, which must outlive the client and run after it until idle.
  static Result<std::unique_ptr<HttpsClient>> create(HttpsClientOptions options,
                                                     boost::asio::io_context& io);

  /// Sends `request` to the origin of `url` and calls back exactly once, at most `deadline_ms`
  /// later. The target is the request's, or the URL's if the request has none. Host,
  /// Content-Length, Transfer-Encoding and Connection are set here. Any status is an answer, not an
  /// error.
  void send(HttpRequest request, Url url, int deadline_ms, Callback callback);

  /// The same, waiting for the answer: for tests and command-line tools. Not from a callback.
  Result<HttpResponse> send_and_wait(HttpRequest request, Url url, int deadline_ms);

  /// Ends every call under way by its callback (kUnavailable, or kIo if sending had begun) and
  /// closes all connections; joins the client's own thread, which may have to wait for a look-up.
  /// Later calls of send() call back at once, within send(). Not from a callback.
  void stop();

  ~HttpsClient();  ///< stop()
  HttpsClient(const HttpsClient&) = delete;
  HttpsClient& operator=(const HttpsClient&) = delete;

 private:
  struct Loop;
  struct Impl;
  HttpsClient(std::unique_ptr<Loop> loop, std::shared_ptr<Impl> impl);
  static Result<std::unique_ptr<HttpsClient>> create_on(HttpsClientOptions options,
                                                        std::unique_ptr<Loop> loop,
                                                        boost::asio::io_context& io);

  std::unique_ptr<Loop> loop_;  ///< before impl_, whose sockets need it to the end
  std::shared_ptr<Impl> impl_;
};

}  // namespace suanpan::channels
