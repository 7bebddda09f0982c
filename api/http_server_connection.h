// One connection of the inbound server: reads requests, has them handled, writes the answers, each
// wait under a deadline. Seen by http_server.cc only.
#pragma once
#include <boost/beast/core/flat_buffer.hpp>
#include <typeinfo>

#include "api/http_framing.h"
#include "api/http_server_core.h"
#include "api/http_server_parser.h"
#include "ledger/base/check.h"
#include "ledger/base/http_stream.h"
#include "ledger/base/log.h"

namespace suanpan::api {

constexpr std::size_t kReadBytes = 16 << 10;      ///< asked of the kernel at a time
constexpr std::size_t kJoinBodyBytes = 64 << 10;  ///< up to here head and body are one write
constexpr std::size_t kWriteBytes = 256 << 10;    ///< one write deadline's worth
constexpr std::size_t kDrainBytes = 1 << 20;      ///< read and dropped after a refusal
constexpr int kLingerMs = 1000;

/// Answers once: by the handler's call or, when the last copy is dropped, with a 500.
class Ticket {
 public:
  explicit Ticket(std::shared_ptr<ServerConnection> connection)
      : connection_(std::move(connection)) {}
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() {
    if (!used_.load(std::memory_order_acquire))
      connection_->answer(problem_response(500, "The request was not answered."));
  }
  void answer(HttpResponse response) {
    if (!used_.exchange(true, std::memory_order_acq_rel)) connection_->answer(std::move(response));
  }

 private:
  const std::shared_ptr<ServerConnection> connection_;
  std::atomic<bool> used_{false};
};

template <class Stream>
class Connection final : public ServerConnection {
 public:
  static constexpr bool kTls = std::is_same_v<Stream, TlsSocket>;

  template <class... Args>
  Connection(CorePtr core, Socket socket, Admitted admitted, Args&... tls)
      : ServerConnection(std::move(core), socket.get_executor()),
        stream_(std::move(socket), tls...),
        admitted_(std::move(admitted)) {
    error_code ignored;
    lowest().set_option(tcp::no_delay(true), ignored);
    lowest().non_blocking(true, ignored);
  }

  void start() override {
    // The coroutine keeps the connection alive; leaving the core's list is its last act.
    net::co_spawn(
        strand_,
        [self = std::static_pointer_cast<Connection>(shared_from_this())] { return self->run(); },
        [self = shared_from_this()](std::exception_ptr) {
          auto& connection = static_cast<Connection&>(*self);
          connection.close_io();
          // Here and not at the end of its life: a reply that nobody has sent yet may keep it.
          connection.core_->limits.leave(connection.admitted_.peer, connection.admitted_.verdict);
          connection.core_->leave(&connection);
        });
  }

 private:
  Socket& lowest() {
    if constexpr (kTls)
      return stream_.next_layer();
    else
      return stream_;
  }
  void cancel_io() override {
    error_code ignored;
    lowest().cancel(ignored);
  }
  void close_io() override {
    error_code ignored;
    lowest().close(ignored);
  }
  const HttpServerOptions& options() const { return core_->options; }
  bool ended() const { return timed_out_ || cut_; }
  bool refused() const { return admitted_.verdict != ConnectionLimits::Verdict::kServe; }

  Task<void> run() {
    if constexpr (kTls) {
      if (refused()) co_return;  // telling it would cost a handshake
      enter(Phase::kHead, options().header_timeout_ms);
      error_code error;
      co_await stream_.async_handshake(TlsSocket::server, net::redirect_error(kAwait, error));
      if (error || ended()) co_return;
    }
    bool go_on = !refused();
    if (refused()) {
      auto full = problem_response(
          503, admitted_.verdict == ConnectionLimits::Verdict::kPeerFull
                   ? "This address has all the connections that one address may have."
                   : "This server has all the connections that it takes.");
      full.headers.add("Retry-After", "1");
      close_after_fault_ = true;
      co_await write(full, WireOptions{.keep_alive = false});
    }
    bool first = true;
    while (go_on) {
      go_on = co_await serve_one(first);
      first = false;
    }
    if (!cut_ && lowest().is_open()) co_await close();
  }

  /// Reads, has handled and answers one request. False: the connection is to close.
  Task<bool> serve_one(bool first) {
    request_ = HttpRequest{};
    fault_.reset();
    head_request_ = false;
    parser_.emplace(request_);
    parser_->body_limit(options().max_body_bytes);
    if (!co_await read_head(first)) co_return co_await refuse();
    if (!parser_->is_done() && !co_await read_body()) co_return co_await refuse();

    WireOptions wire{.head_request = head_request_,
                     .keep_alive = parser_->keep_alive(),
                     .http11 = parser_->http11()};
    request_.peer = admitted_.peer;
    const bool answered = call_handler() || co_await wait_for_reply();
    if (cut_) co_return false;
    if (!answered) {
      ++core_->slow_handlers;
      fault_ = HttpFault{504, "No answer was ready in time: the outcome is not known yet."};
      co_return co_await refuse();
    }
    HttpResponse response = std::move(response_);
    if (response.status == kHangUp) co_return false;
    const auto connection = response.headers.find("Connection");
    if (core_->stopping || (connection && equals_ignoring_case(*connection, "close")))
      wire.keep_alive = false;
    if (response.stream && has_body(response, wire)) {
      co_await write_stream(response, wire);
      co_return false;
    }
    co_return co_await write(response, wire) && wire.keep_alive;
  }

  std::string_view buffered() const {
    return {static_cast<const char*>(buffer_.cdata().data()), buffer_.size()};
  }

  /// One read into the buffer. False on a deadline, an end or an error.
  Task<bool> read_more(std::size_t at_most) {
    error_code error;
    const std::size_t got = co_await stream_.async_read_some(buffer_.prepare(at_most),
                                                             net::redirect_error(kAwait, error));
    buffer_.commit(got);
    co_return !error && !ended();
  }

  Task<bool> read_head(bool first) {
    const std::size_t limit = options().max_head_bytes;
    std::size_t searched = 0;
    std::optional<std::size_t> end;
    // A connection that has sent nothing yet is as impatiently awaited as a head that has begun.
    enter(Phase::kIdle, first ? options().header_timeout_ms : options().idle_timeout_ms);
    while (true) {
      // RFC 9112 2.2: an empty line before the request line is skipped; one, not many.
      if (searched == 0 && !skipped_line_ && buffered().starts_with("\r\n")) {
        buffer_.consume(2);
        skipped_line_ = true;
      }
      end = find_head_end(buffered(), searched);
      searched = buffer_.size();
      if (end || searched >= limit) break;
      if (searched > 0 && phase_ == Phase::kIdle) enter(Phase::kHead, options().header_timeout_ms);
      if (phase_ == Phase::kIdle && core_->stopping) co_return false;
      if (!co_await read_more(std::min(kReadBytes, limit + kReadBytes - searched))) {
        // Silent from the start, or too slow: either way somebody holds a connection for nothing.
        if (timed_out_ && (first || buffer_.size() > 0)) ++core_->slow_heads;
        if (timed_out_ && buffer_.size() > 0)
          fault_ = HttpFault{408, "The request head did not arrive in time."};
        co_return false;
      }
    }
    skipped_line_ = false;
    phase_ = Phase::kHead;
    if (!end || *end > limit) {
      fault_ = HttpFault{431, "The request head is larger than this server takes."};
      co_return false;
    }
    co_return parse_head(*end);
  }

  bool parse_head(std::size_t size) {
    fault_ = check_raw_head(buffered().substr(0, size));
    if (fault_) return false;
    error_code error;
    parser_->header_limit(static_cast<std::uint32_t>(size + 1));
    // The head is whole and holds nothing that Beast would stop at half-way: one put takes it all.
    buffer_.consume(parser_->put(net::const_buffer(buffer_.cdata().data(), size), error));
    head_request_ = request_.method == "HEAD";
    fault_ = error ? fault_of(error) : check_request_head(request_, parser_->http11());
    if (!fault_ && !parser_->is_header_done()) fault_ = HttpFault{400, "The head ends early."};
    return !fault_;
  }

  Task<bool> read_body() {
    enter(Phase::kBody, options().body_timeout_ms);
    parser_->eager(true);
    if (buffer_.size() == 0 && request_.headers.find("Expect") && parser_->http11()) {
      error_code error;
      co_await net::async_write(stream_, net::buffer("HTTP/1.1 100 Continue\r\n\r\n", 25),
                                net::redirect_error(kAwait, error));
      if (error || ended()) co_return false;
    }
    while (true) {
      error_code error;
      if (buffer_.size() > 0) {
        buffer_.consume(parser_->put(buffer_.cdata(), error));
        if (parser_->is_done()) co_return true;
        if (error && error != http::error::need_more) {
          fault_ = fault_of(error);
          co_return false;
        }
        // What stays unparsed is a chunk header or trailers: nobody needs long ones.
        if (buffer_.size() > options().max_head_bytes) {
          fault_ = HttpFault{400, "A chunk header or the trailers are too long."};
          co_return false;
        }
      }
      if (!co_await read_more(kReadBytes)) {
        if (timed_out_) ++core_->slow_bodies;
        if (timed_out_) fault_ = HttpFault{408, "The request body did not arrive in time."};
        co_return false;
      }
    }
  }

  /// True if the handler has answered before it returned.
  bool call_handler() {
    phase_ = Phase::kHandler;
    slot_.store(Slot::kOpen, std::memory_order_relaxed);
    deadline_ns_.store(INT64_MAX, std::memory_order_relaxed);
    try {
      auto ticket = std::make_shared<Ticket>(shared_from_this());
      core_->handler(std::move(request_), [ticket = std::move(ticket)](HttpResponse response) {
        ticket->answer(std::move(response));
      });
    } catch (const std::exception& error) {
      // The ticket, unwound, has answered 500. The text of an exception may quote the request.
      log_error("http_server: a handler threw {}", typeid(error).name());
    } catch (...) {
      log_error("http_server: a handler threw");
    }
    Slot open = Slot::kOpen;
    return !slot_.compare_exchange_strong(open, Slot::kWaiting, std::memory_order_acq_rel);
  }

  /// False if the deadline or stop() came first; the late reply is then dropped.
  Task<bool> wait_for_reply() {
    enter(Phase::kHandler, options().handler_timeout_ms);
    // A wake-up may be a stale one of an earlier request, so only the slot decides.
    while (slot_.load(std::memory_order_acquire) == Slot::kWaiting && !ended()) {
      error_code ignored;
      wake_.expires_at(SteadyClock::time_point::max());
      co_await wake_.async_wait(net::redirect_error(kAwait, ignored));
    }
    Slot waiting = Slot::kWaiting;
    const bool replied =
        !slot_.compare_exchange_strong(waiting, Slot::kAbandoned, std::memory_order_acq_rel);
    if (replied) timed_out_ = false;
    co_return replied;
  }

  /// Answers the fault, if there is one and somebody to tell; always ends the connection.
  Task<bool> refuse() {
    if (!fault_ || cut_) {
      close_io();
      co_return false;
    }
    ++core_->faults;
    timed_out_ = false;
    close_after_fault_ = true;
    const auto response = problem_response(fault_->status, fault_->detail);
    co_await write(response, WireOptions{.head_request = head_request_, .keep_alive = false});
    co_return false;
  }

  Task<bool> write(const HttpResponse& response, WireOptions wire) {
    enter(Phase::kWrite, options().write_timeout_ms);
    if (!write_head(response, wire, out_)) {
      log_error("http_server: a handler's answer cannot be sent");
      wire.keep_alive = false;
      const auto problem = problem_response(500, "The answer could not be sent.");
      CHECK_OR_DIE(write_head(problem, wire, out_), "our own problem document is not sendable");
      if (has_body(problem, wire)) out_ += problem.body;
      co_await write_bytes(out_);
      co_return false;
    }
    if (!has_body(response, wire)) co_return co_await write_bytes(out_);
    if (response.body.size() <= kJoinBodyBytes) {
      out_ += response.body;
      co_return co_await write_bytes(out_);
    }
    co_return co_await write_bytes(out_) && co_await write_bytes(response.body);
  }

  /// Writes what the stream brings, each piece under the write deadline, until it ends, the reader
  /// goes or the server stops.
  Task<void> write_stream(const HttpResponse& response, WireOptions wire) {
    wire.streamed = true;
    wire.keep_alive = false;
    const std::shared_ptr<HttpStream> stream = response.stream;
    stream->on_change([weak = weak_from_this()] {
      const auto self = std::static_pointer_cast<Connection>(weak.lock());
      if (!self) return;
      net::post(self->strand_, [weak] {
        if (const auto woken = std::static_pointer_cast<Connection>(weak.lock()))
          woken->wake_.cancel();
      });
    });
    bool going = co_await write(response, wire);
    while (going && !cut_ && !core_->stopping) {
      const HttpStream::Taken taken = stream->take();
      if (!taken.bytes.empty()) {
        enter(Phase::kWrite, options().write_timeout_ms);
        going = co_await write_bytes(taken.bytes);
        continue;
      }
      if (taken.over) break;
      phase_ = Phase::kStream;
      deadline_ns_.store(INT64_MAX, std::memory_order_relaxed);
      // Whatever changes from here on is posted to the strand, behind this wait.
      error_code ignored;
      wake_.expires_at(SteadyClock::time_point::max());
      co_await wake_.async_wait(net::redirect_error(kAwait, ignored));
    }
    stream->abandon();
  }

  Task<bool> write_bytes(std::string_view bytes) {
    if constexpr (!kTls) {
      // Nearly always the kernel takes a whole answer at once: no trip through the loop then.
      error_code error;
      const std::size_t sent = stream_.write_some(net::buffer(bytes.data(), bytes.size()), error);
      if (error && error != net::error::would_block) co_return false;
      bytes.remove_prefix(sent);
    }
    while (!bytes.empty()) {
      error_code error;
      const std::size_t sent = co_await net::async_write(
          stream_, net::buffer(bytes.data(), std::min(bytes.size(), kWriteBytes)),
          net::redirect_error(kAwait, error));
      if (timed_out_) ++core_->slow_readers;
      if (error || ended()) co_return false;
      bytes.remove_prefix(sent);
      if (!bytes.empty()) enter(Phase::kWrite, options().write_timeout_ms);
    }
    co_return true;
  }

  /// Ends politely. After a refusal the client may still be sending; closing at once would reset
  /// the connection and could destroy the answer before it is read, so its bytes are drained for a
  /// while.
  Task<void> close() {
    enter(Phase::kClosing, kLingerMs);
    error_code error;
    if constexpr (kTls) co_await stream_.async_shutdown(net::redirect_error(kAwait, error));
    lowest().shutdown(Socket::shutdown_send, error);
    buffer_.clear();
    for (std::size_t drained = 0;
         close_after_fault_ && !error && !ended() && drained < kDrainBytes;)
      drained += co_await lowest().async_read_some(buffer_.prepare(kReadBytes),
                                                   net::redirect_error(kAwait, error));
    close_io();
  }

  Stream stream_;
  const Admitted admitted_;
  beast::flat_buffer buffer_;  ///< bytes received and not yet parsed; kept between requests
  std::optional<RequestParser> parser_;
  HttpRequest request_;
  std::optional<HttpFault> fault_;
  std::string out_;  ///< the answer's bytes; its memory is kept between requests
  bool head_request_ = false;
  bool skipped_line_ = false;
  bool close_after_fault_ = false;
};

}  // namespace suanpan::api
