#include "api/http_server.h"

#include "api/http_server_connection.h"

namespace suanpan::api {
namespace {

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
  error_code gone;
  const auto endpoint = socket.remote_endpoint(gone);
  if (gone) return;  // the peer has left already
  Admitted admitted{endpoint.address().to_string(), {}};
  admitted.verdict = limits.admit(admitted.peer);
  if (admitted.verdict == ConnectionLimits::Verdict::kDrop) return;  // the socket closes here
  std::shared_ptr<ServerConnection> connection;
  if (tls)
    connection = std::make_shared<Connection<TlsSocket>>(shared_from_this(), std::move(socket),
                                                         std::move(admitted), *tls);
  else
    connection = std::make_shared<Connection<Socket>>(shared_from_this(), std::move(socket),
                                                      std::move(admitted));
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
  if (options.threads == 0 || options.max_connections == 0 ||
      options.max_connections_per_peer == 0 || options.max_connections_per_loopback == 0)
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

HttpServerStatistics HttpServer::statistics() const {
  const ConnectionLimits::Counts counts = core_->limits.counts();
  HttpServerStatistics s;
  s.open = counts.open;
  s.accepted = counts.admitted;
  s.refused_full = counts.full;
  s.refused_peer = counts.peer_full;
  s.dropped = counts.dropped;
  s.slow_heads = core_->slow_heads;
  s.slow_bodies = core_->slow_bodies;
  s.slow_handlers = core_->slow_handlers;
  s.slow_readers = core_->slow_readers;
  s.faults = core_->faults;
  return s;
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
