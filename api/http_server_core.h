// What the inbound server is inside: its event loop, the list of its connections, and what the
// sweeper and stop() see of one. Seen by http_server.cc only.
//
// A connection belongs to its strand; others reach it by posting there.
#pragma once
#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_set>

#include "api/connection_limits.h"
#include "api/http_server.h"

namespace suanpan::api {

namespace net = boost::asio;
namespace ssl = net::ssl;
using tcp = net::ip::tcp;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

using Strand = net::strand<net::io_context::executor_type>;
using Socket = net::basic_stream_socket<tcp, Strand>;
using Acceptor = net::basic_socket_acceptor<tcp, Strand>;
using Timer = net::basic_waitable_timer<SteadyClock, net::wait_traits<SteadyClock>, Strand>;
using TlsSocket = ssl::stream<Socket>;
template <class T>
using Task = net::awaitable<T, Strand>;
constexpr net::use_awaitable_t<Strand> kAwait;

/// Connections beyond a limit that are told so at one time; more are closed without a word.
constexpr std::size_t kMaxRefusing = 64;

inline std::int64_t steady_ns() { return SteadyClock::now().time_since_epoch().count(); }

/// A connection's place among the others.
struct Admitted {
  std::string peer;  ///< the client's address
  ConnectionLimits::Verdict verdict = ConnectionLimits::Verdict::kServe;
};

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
  /// stop() has begun: an idle connection and a stream close now, a busy one after its answer.
  void drain() {
    net::post(strand_, [self = shared_from_this()] {
      if (self->phase_ == Phase::kIdle) self->cancel_io();
      if (self->phase_ == Phase::kStream) self->wake_.cancel();
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
  enum class Phase : std::uint8_t { kIdle, kHead, kBody, kHandler, kWrite, kStream, kClosing };
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
  Timer wake_;  ///< the handler's reply cancels it, and what is written to its stream
};

struct HttpServer::Core : std::enable_shared_from_this<HttpServer::Core> {
  Core(HttpServerOptions o, Handler h)
      : options(std::move(o)),
        handler(std::move(h)),
        limits({options.max_connections, options.max_connections_per_peer,
                options.max_connections_per_loopback, kMaxRefusing}),
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
  ConnectionLimits limits;
  std::optional<ssl::context> tls;
  net::io_context io;
  Strand control;
  Acceptor acceptor;
  Timer tick;
  net::executor_work_guard<net::io_context::executor_type> work;
  std::uint16_t port = 0;
  std::atomic<bool> stopping{false};
  std::atomic<std::uint64_t> slow_heads{0}, slow_bodies{0}, slow_handlers{0}, slow_readers{0},
      faults{0};

  std::mutex mutex;
  std::condition_variable empty;
  std::unordered_set<ServerConnection*> connections;  ///< guarded by mutex
  bool stopped = false;                               ///< guarded by mutex
  std::vector<std::thread> threads;
};

}  // namespace suanpan::api
