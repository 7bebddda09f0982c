#include "api/http_server.h"

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <thread>
#include <typeinfo>
#include <unordered_set>

#include "api/http_framing.h"
#include "ledger/base/check.h"
#include "ledger/base/log.h"

namespace suanpan::api {

namespace beast = boost::beast;
namespace http = beast::http;
namespace net = boost::asio;
namespace ssl = net::ssl;
using tcp = net::ip::tcp;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

namespace {

using Strand = net::strand<net::io_context::executor_type>;
using Socket = net::basic_stream_socket<tcp, Strand>;
using Acceptor = net::basic_socket_acceptor<tcp, Strand>;
using Timer = net::basic_waitable_timer<SteadyClock, net::wait_traits<SteadyClock>, Strand>;
using TlsSocket = ssl::stream<Socket>;
template <class T>
using Task = net::awaitable<T, Strand>;
constexpr net::use_awaitable_t<Strand> kAwait;

constexpr std::size_t kReadBytes = 16 << 10;      ///< asked of the kernel at a time
constexpr std::size_t kJoinBodyBytes = 64 << 10;  ///< up to here head and body are one write
constexpr std::size_t kWriteBytes = 256 << 10;    ///< one write deadline's worth
constexpr std::size_t kFirstReserveBytes = 64
                                           << 10;  ///< a length that is only claimed earns no more
constexpr std::size_t kDrainBytes = 1 << 20;       ///< read and dropped after a refusal
constexpr int kLingerMs = 1000;
/// Connections beyond the limit that are told so at one time; more are closed without a word.
constexpr std::size_t kMaxRefusing = 64;

std::int64_t steady_ns() { return SteadyClock::now().time_since_epoch().count(); }

/// Beast's parser straight into an HttpRequest, without its own container of fields in between.
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

HttpFault fault_of(const error_code& error) {
  if (error == http::error::body_limit) return {413, "The body is larger than this server takes."};
  if (error == http::error::bad_content_length || error == http::error::multiple_content_length ||
      error == http::error::bad_transfer_encoding)
    return {400, "Content-Length and Transfer-Encoding do not tell one length."};
  if (error == http::error::bad_version)
    return {505, "Only versions 1.0 and 1.1 of HTTP are spoken."};
  return {400, "The request is not well-formed HTTP."};
}

}  // namespace

/// What the sweeper and stop() know of a connection. The sweeper compares one deadline per
/// connection with the clock, some times a second: far cheaper than a timer that is set anew for
/// every read.
class ServerConnection : public std::enable_shared_from_this<ServerConnection> {
 public:
  using CorePtr = std::shared_ptr<HttpServer::Core>;

  virtual ~ServerConnection() = default;
  virtual void start() = 0;

  bool expired(std::int64_t now_ns) const {
    return deadline_ns_.load(std::memory_order_relaxed) <= now_ns;
  }
  void on_deadline() {
    net::post(strand_, [self = shared_from_this()] {
      if (self->expired(steady_ns())) self->time_out();
    });
  }
  /// stop() has begun: an idle connection closes now, a busy one after its answer.
  void drain() {
    net::post(strand_, [self = shared_from_this()] {
      if (self->phase_ == Phase::kIdle) self->cancel_io();
    });
  }
  /// stop() has run out of patience.
  void kill() {
    net::post(strand_, [self = shared_from_this()] { self->cut(); });
  }
  /// The reply, from any thread; called at most once for each request.
  void answer(HttpResponse response) {
    response_ = std::move(response);
    if (slot_.exchange(Slot::kReplied, std::memory_order_acq_rel) != Slot::kWaiting) return;
    // Weak: after stop() nothing runs what is posted, and a strong reference inside the io_context
    // would keep alive the core that owns the io_context.
    net::post(strand_, [weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->wake_.cancel();
    });
  }

 protected:
  enum class Phase : std::uint8_t { kIdle, kHead, kBody, kHandler, kWrite, kClosing };
  enum class Slot : std::uint8_t { kOpen, kWaiting, kReplied, kAbandoned };

  ServerConnection(CorePtr core, Strand strand)
      : core_(std::move(core)), strand_(strand), wake_(strand) {}

  virtual void cancel_io() = 0;  ///< the pending operation ends; the socket stays
  virtual void close_io() = 0;

  void enter(Phase phase, int timeout_ms) {
    phase_ = phase;
    deadline_ns_.store(steady_ns() + std::int64_t{timeout_ms} * 1'000'000,
                       std::memory_order_relaxed);
  }
  void time_out() {
    deadline_ns_.store(INT64_MAX, std::memory_order_relaxed);
    timed_out_ = true;
    if (phase_ == Phase::kHandler)
      wake_.cancel();
    else if (phase_ == Phase::kWrite || phase_ == Phase::kClosing)
      close_io();
    else
      cancel_io();
  }
  void cut() {
    cut_ = true;
    close_io();
    wake_.cancel();
  }

  const CorePtr core_;
  const Strand strand_;
  std::atomic<std::int64_t> deadline_ns_{INT64_MAX};
  // All below belongs to the strand, but slot_, and response_ between the reply and its reading.
  Phase phase_ = Phase::kIdle;
  bool timed_out_ = false;
  bool cut_ = false;
  std::atomic<Slot> slot_{Slot::kOpen};
  HttpResponse response_;
  Timer wake_;  ///< the handler's reply cancels it
};

struct HttpServer::Core : std::enable_shared_from_this<HttpServer::Core> {
  Core(HttpServerOptions o, Handler h)
      : options(std::move(o)),
        handler(std::move(h)),
        io(static_cast<int>(options.threads)),
        control(net::make_strand(io)),
        acceptor(control),
        tick(control),
        work(io.get_executor()) {}

  Result<void> listen();
  Task<void> accept();
  Task<void> sweep();
  void admit(Socket socket);
  void enroll(ServerConnection* connection);
  void leave(ServerConnection* connection);
  std::vector<std::shared_ptr<ServerConnection>> all();

  const HttpServerOptions options;
  const Handler handler;
  std::optional<ssl::context> tls;
  net::io_context io;
  Strand control;
  Acceptor acceptor;
  Timer tick;
  net::executor_work_guard<net::io_context::executor_type> work;
  std::uint16_t port = 0;
  std::atomic<bool> stopping{false};

  std::mutex mutex;
  std::condition_variable empty;
  std::unordered_set<ServerConnection*> connections;  ///< guarded by mutex
  bool stopped = false;                               ///< guarded by mutex
  std::vector<std::thread> threads;
};

namespace {

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
  Connection(CorePtr core, Socket socket, bool refused, Args&... tls)
      : ServerConnection(std::move(core), socket.get_executor()),
        stream_(std::move(socket), tls...),
        refused_(refused) {
    error_code ignored;
    lowest().set_option(tcp::no_delay(true), ignored);
    lowest().non_blocking(true, ignored);
    const auto peer = lowest().remote_endpoint(ignored);
    if (!ignored) peer_ = peer.address().to_string();
  }

  void start() override {
    // The coroutine keeps the connection alive; leaving the core's list is its last act.
    net::co_spawn(
        strand_,
        [self = std::static_pointer_cast<Connection>(shared_from_this())] { return self->run(); },
        [self = shared_from_this()](std::exception_ptr) {
          auto& connection = static_cast<Connection&>(*self);
          connection.close_io();
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

  Task<void> run() {
    if constexpr (kTls) {
      if (refused_) co_return;  // telling it would cost a handshake
      enter(Phase::kHead, options().header_timeout_ms);
      error_code error;
      co_await stream_.async_handshake(TlsSocket::server, net::redirect_error(kAwait, error));
      if (error || ended()) co_return;
    }
    bool go_on = !refused_;
    if (refused_) {
      auto full = problem_response(503, "This server has all the connections that it takes.");
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
    request_.peer = peer_;
    const bool answered = call_handler() || co_await wait_for_reply();
    if (cut_) co_return false;
    if (!answered) {
      fault_ = HttpFault{504, "No answer was ready in time: the outcome is not known yet."};
      co_return co_await refuse();
    }
    HttpResponse response = std::move(response_);
    if (response.status == kHangUp) co_return false;
    const auto connection = response.headers.find("Connection");
    if (core_->stopping || (connection && equals_ignoring_case(*connection, "close")))
      wire.keep_alive = false;
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
  const bool refused_;
  std::string peer_;
  beast::flat_buffer buffer_;  ///< bytes received and not yet parsed; kept between requests
  std::optional<RequestParser> parser_;
  HttpRequest request_;
  std::optional<HttpFault> fault_;
  std::string out_;  ///< the answer's bytes; its memory is kept between requests
  bool head_request_ = false;
  bool skipped_line_ = false;
  bool close_after_fault_ = false;
};

int tick_ms(const HttpServerOptions& options) {
  const int shortest =
      std::min({options.header_timeout_ms, options.body_timeout_ms, options.idle_timeout_ms,
                options.handler_timeout_ms, options.write_timeout_ms});
  return std::clamp(shortest / 4, 5, 100);
}

}  // namespace

Result<void> HttpServer::Core::listen() {
  error_code error;
  const auto address = net::ip::make_address(options.address, error);
  if (error) return fail(Errc::kConfig, "{} is not an address to listen on", options.address);
  const tcp::endpoint endpoint(address, options.port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(net::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
  if (error)
    return fail(Errc::kUnavailable, "cannot listen on {} port {}: {}", options.address,
                options.port, error.message());
  port = acceptor.local_endpoint(error).port();
  return success();
}

void HttpServer::Core::enroll(ServerConnection* connection) {
  const std::lock_guard lock(mutex);
  connections.insert(connection);
}

void HttpServer::Core::leave(ServerConnection* connection) {
  const std::lock_guard lock(mutex);
  connections.erase(connection);
  if (connections.empty()) empty.notify_all();
}

std::vector<std::shared_ptr<ServerConnection>> HttpServer::Core::all() {
  const std::lock_guard lock(mutex);
  std::vector<std::shared_ptr<ServerConnection>> out;
  out.reserve(connections.size());
  for (auto* connection : connections) out.push_back(connection->shared_from_this());
  return out;
}

void HttpServer::Core::admit(Socket socket) {
  std::size_t open = 0;
  {
    const std::lock_guard lock(mutex);
    open = connections.size();
  }
  if (open >= options.max_connections + kMaxRefusing) return;  // the socket closes here
  const bool refused = open >= options.max_connections;
  std::shared_ptr<ServerConnection> connection;
  if (tls)
    connection = std::make_shared<Connection<TlsSocket>>(shared_from_this(), std::move(socket),
                                                         refused, *tls);
  else
    connection =
        std::make_shared<Connection<Socket>>(shared_from_this(), std::move(socket), refused);
  enroll(connection.get());
  connection->start();
}

Task<void> HttpServer::Core::accept() {
  while (acceptor.is_open()) {
    error_code error;
    Socket socket =
        co_await acceptor.async_accept(net::make_strand(io), net::redirect_error(kAwait, error));
    if (!error) {
      if (!stopping) admit(std::move(socket));
    } else if (error != net::error::operation_aborted && acceptor.is_open()) {
      // Out of descriptors, most likely: trying again at once would spin.
      Timer pause(control, std::chrono::milliseconds(50));
      co_await pause.async_wait(net::redirect_error(kAwait, error));
    }
  }
}

Task<void> HttpServer::Core::sweep() {
  const auto period = std::chrono::milliseconds(tick_ms(options));
  std::vector<std::shared_ptr<ServerConnection>> late;
  while (work.owns_work()) {
    error_code error;
    tick.expires_after(period);
    co_await tick.async_wait(net::redirect_error(kAwait, error));
    const std::int64_t now = steady_ns();
    {
      const std::lock_guard lock(mutex);
      for (auto* connection : connections)
        if (connection->expired(now)) late.push_back(connection->shared_from_this());
    }
    for (auto& connection : late) connection->on_deadline();
    late.clear();
  }
}

HttpServer::HttpServer(std::shared_ptr<Core> core) : core_(std::move(core)) {}

Result<std::unique_ptr<HttpServer>> HttpServer::start(HttpServerOptions options, Handler handler) {
  if (options.threads == 0 || options.max_connections == 0)
    return fail(Errc::kConfig, "an HTTP server needs a thread and a connection");
  const auto core = std::make_shared<Core>(std::move(options), std::move(handler));
  if (core->options.tls) {
    TRY(auto context, make_server_tls(*core->options.tls));
    core->tls.emplace(context.release());
  }
  TRY(core->listen());
  net::co_spawn(
      core->control, [core = core.get()] { return core->accept(); }, net::detached);
  net::co_spawn(
      core->control, [core = core.get()] { return core->sweep(); }, net::detached);
  for (unsigned i = 0; i < core->options.threads; ++i)
    core->threads.emplace_back([core = core.get()] { core->io.run(); });
  return std::unique_ptr<HttpServer>(new HttpServer(core));
}

std::uint16_t HttpServer::port() const { return core_->port; }

std::size_t HttpServer::connections() const {
  const std::lock_guard lock(core_->mutex);
  return core_->connections.size();
}

void HttpServer::stop(int deadline_ms) {
  Core& core = *core_;
  {
    const std::lock_guard lock(core.mutex);
    if (std::exchange(core.stopped, true)) return;
  }
  // Set before the list is taken: a connection that enrolls later sees it before its first read.
  core.stopping = true;
  net::post(core.control, [&core] {
    error_code ignored;
    core.acceptor.close(ignored);
  });
  for (const auto& connection : core.all()) connection->drain();
  {
    std::unique_lock lock(core.mutex);
    core.empty.wait_for(lock, std::chrono::milliseconds(deadline_ms),
                        [&core] { return core.connections.empty(); });
  }
  for (const auto& connection : core.all()) connection->kill();
  net::post(core.control, [&core] {
    core.work.reset();
    core.tick.cancel();
  });
  for (auto& thread : core.threads) thread.join();
}

HttpServer::~HttpServer() { stop(0); }

}  // namespace suanpan::api
