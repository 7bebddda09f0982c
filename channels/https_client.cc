#include "channels/https_client.h"

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <future>
#include <mutex>
#include <thread>
#include <unordered_set>

#include "channels/address_rule.h"
#include "channels/https_client_answer.h"
#include "channels/https_client_tls.h"
#include "channels/https_client_wire.h"
#include "ledger/base/check.h"

namespace suanpan::channels {

namespace net = boost::asio;
namespace ssl = net::ssl;
using tcp = net::ip::tcp;
using boost::system::error_code;
using SteadyClock = std::chrono::steady_clock;

namespace {

using Strand = net::strand<net::io_context::executor_type>;
using Socket = net::basic_stream_socket<tcp, Strand>;
using TlsSocket = ssl::stream<Socket>;
using Timer = net::basic_waitable_timer<SteadyClock, net::wait_traits<SteadyClock>, Strand>;
using Resolver = net::ip::basic_resolver<tcp, Strand>;
template <class T>
using Task = net::awaitable<T, Strand>;
constexpr net::use_awaitable_t<Strand> kAwait;

constexpr std::size_t kReadBytes = 16 << 10;

/// One connection. The TLS layer lies idle where the origin is plain http.
struct Link {
  Link(const Strand& strand, ssl::context& tls) : stream(strand, tls) {}
  Socket& socket() { return stream.next_layer(); }
  void close() {
    error_code ignored;
    socket().close(ignored);
  }
  /// Nothing to read and not ended. Bytes that nobody asked for are a close_notify, a 408, or an
  /// answer to a question of somebody else's making: all of them end the use of the connection.
  bool is_quiet() {
    error_code error;
    char byte = 0;
    socket().receive(net::buffer(&byte, 1), Socket::message_peek, error);
    return error == net::error::would_block;
  }

  TlsSocket stream;
  boost::beast::flat_buffer buffer;
  SteadyClock::time_point idle_since;
  bool connecting = true;
};
using LinkPtr = std::shared_ptr<Link>;

/// A request under way. Lives on the strand.
struct Call : std::enable_shared_from_this<Call> {
  Call(const Strand& strand, HttpRequest r, Url u, HttpsClient::Callback c)
      : request(std::move(r)), url(std::move(u)), callback(std::move(c)), watchdog(strand) {}

  bool is_head() const { return request.method == "HEAD"; }
  bool is_safe() const { return request.method == "GET" || is_head(); }

  HttpRequest request;
  std::string bytes;  ///< the request as it goes on the wire
  Url url;
  HttpsClient::Callback callback;
  SteadyClock::time_point deadline;
  Timer watchdog;  ///< the whole deadline, or that of connecting or of the handshake if sooner
  std::string_view waiting_for = "a connection";
  LinkPtr link;       ///< what the watchdog closes
  bool sent = false;  ///< some of the request may be on its way; never taken back
  bool done = false;  ///< the callback has been called
};
using CallPtr = std::shared_ptr<Call>;

/// How one attempt over one connection ended.
struct Attempt {
  Result<HttpResponse> result;
  bool reusable = false;         ///< the connection can serve another request
  bool nothing_written = false;  ///< the kernel took no byte of the request
  bool silent = false;           ///< no byte of an answer came, and the peer ended the connection
};

}  // namespace

/// The client's own thread and event loop.
struct HttpsClient::Loop {
  net::io_context io{1};
  net::executor_work_guard<net::io_context::executor_type> work{io.get_executor()};
  std::thread thread{[this] { io.run(); }};

  void finish() {
    work.reset();
    if (thread.joinable()) thread.join();
  }
  ~Loop() { finish(); }
};

struct HttpsClient::Impl : std::enable_shared_from_this<HttpsClient::Impl> {
  Impl(HttpsClientOptions o, net::io_context& io)
      : options(std::move(o)),
        tls(ssl::context::tls_client),
        strand(net::make_strand(io)),
        reaper(strand) {}

  void start(const CallPtr& call, int deadline_ms);
  void arm(const CallPtr& call, int at_most_ms);
  void finish(const CallPtr& call, Result<HttpResponse> result);
  void end_all();

  Task<void> run(CallPtr call);
  Task<Result<LinkPtr>> connect(CallPtr call);
  Task<Result<std::vector<tcp::endpoint>>> look_up(CallPtr call);
  Task<error_code> connect_to(LinkPtr link, tcp::endpoint endpoint, std::size_t still_to_try);
  template <class Stream>
  Task<Attempt> exchange(CallPtr call, LinkPtr link, Stream& stream);

  LinkPtr take_idle(const std::string& origin);
  void keep_idle(const std::string& origin, LinkPtr link);
  void drop_idle_too_long();
  void arm_reaper();

  const HttpsClientOptions options;
  ssl::context tls;
  const Strand strand;
  Timer reaper;
  // On the strand:
  std::unordered_map<std::string, std::vector<LinkPtr>> idle;  ///< by origin, last used last
  std::unordered_set<CallPtr> calls;
  bool ended = false;

  std::mutex mutex;  ///< orders send() and stop(): what is posted before stop() is run before it
  bool stopped = false;  ///< guarded by mutex
};

void HttpsClient::Impl::start(const CallPtr& call, int deadline_ms) {
  call->deadline = SteadyClock::now() + std::chrono::milliseconds(deadline_ms);
  if (ended || calls.size() >= options.max_in_flight) {
    const auto why = ended ? "the client has stopped" : "too many calls are in flight";
    return finish(call, fail(Errc::kUnavailable, "{}: {}", call->url.origin(), why));
  }
  auto bytes = encode_request(call->request, call->url);
  if (!bytes) return finish(call, std::move(bytes).error());
  call->bytes = std::move(bytes).value();
  calls.insert(call);
  arm(call, options.connect_timeout_ms);
  net::co_spawn(
      strand, [self = this, call] { return self->run(call); },
      [self = shared_from_this()](std::exception_ptr thrown) {
        // Only memory can have run out, or a callback has broken its promise.
        CHECK_OR_DIE(!thrown, "an exception left an outbound call");
      });
}

/// Sets the watchdog: at the call's deadline, or `at_most_ms` from now if that is sooner.
void HttpsClient::Impl::arm(const CallPtr& call, int at_most_ms) {
  call->watchdog.expires_at(
      std::min(call->deadline, SteadyClock::now() + std::chrono::milliseconds(at_most_ms)));
  call->watchdog.async_wait([self = shared_from_this(), call](error_code error) {
    // A wait that had ended just before it was set anew comes without an error.
    if (error || SteadyClock::now() < call->watchdog.expiry()) return;
    self->finish(call, fail(call->sent ? Errc::kTimeout : Errc::kUnavailable,
                            "{}: waited too long for {}", call->url.origin(), call->waiting_for));
  });
}

void HttpsClient::Impl::finish(const CallPtr& call, Result<HttpResponse> result) {
  if (std::exchange(call->done, true)) return;
  call->watchdog.cancel();
  if (const auto link = std::exchange(call->link, nullptr)) link->close();
  calls.erase(call);
  const auto callback = std::move(call->callback);
  callback(std::move(result));
}

void HttpsClient::Impl::end_all() {
  ended = true;
  const auto under_way = std::vector<CallPtr>(calls.begin(), calls.end());
  for (const auto& call : under_way)
    finish(call, fail(call->sent ? Errc::kIo : Errc::kUnavailable, "{}: the client has stopped",
                      call->url.origin()));
  idle.clear();
  reaper.cancel();
}

Task<void> HttpsClient::Impl::run(CallPtr call) {
  const auto keep_alive = shared_from_this();
  const std::string origin = call->url.origin();
  for (bool first = true;; first = false) {
    call->link = first ? take_idle(origin) : nullptr;
    const bool pooled = call->link != nullptr;
    if (!pooled) {
      auto made = co_await connect(call);
      if (call->done) co_return;
      if (!made) {
        // A second attempt that finds no connection: the first may have been seen all the same.
        Error error = std::move(made).error();
        if (call->sent) error.code = Errc::kIo;
        co_return finish(call, std::move(error));
      }
    }
    const LinkPtr link = call->link;
    call->waiting_for = "the answer";
    arm(call, INT32_MAX);
    // Not `? :`: g++ 12 frees the results of a conditional co_await twice.
    std::optional<Attempt> tried;
    if (call->url.is_tls())
      tried = co_await exchange(call, link, link->stream);
    else
      tried = co_await exchange(call, link, link->socket());
    Attempt attempt = std::move(*tried);
    if (call->done) co_return;
    if (attempt.result) {
      if (attempt.reusable) keep_idle(origin, std::exchange(call->link, nullptr));
      co_return finish(call, std::move(attempt.result));
    }
    link->close();
    const bool again = pooled && (attempt.nothing_written || (attempt.silent && call->is_safe()));
    if (!again) co_return finish(call, std::move(attempt.result));
    call->waiting_for = "a connection";
    arm(call, options.connect_timeout_ms);
  }
}

/// The addresses of the call's host, each of them allowed.
Task<Result<std::vector<tcp::endpoint>>> HttpsClient::Impl::look_up(CallPtr call) {
  const Url& url = call->url;
  std::vector<tcp::endpoint> endpoints;
  error_code error;
  if (url.host_is_address()) {
    endpoints.emplace_back(net::ip::make_address(url.host, error), url.port);
  } else {
    Resolver resolver(strand);
    const auto found = co_await resolver.async_resolve(url.host, std::to_string(url.port),
                                                       Resolver::numeric_service,
                                                       net::redirect_error(kAwait, error));
    for (const auto& entry : found) endpoints.push_back(entry.endpoint());
  }
  if (error || endpoints.empty())
    co_return fail(Errc::kUnavailable, "{}: the name has no address: {}", url.origin(),
                   error.message());
  if (!options.allow_private_addresses) {
    for (const auto& endpoint : endpoints) {
      const AddressKind kind = kind_of_address(endpoint.address().to_string());
      if (kind != AddressKind::kPublic)
        co_return fail(Errc::kUnavailable, "{}: leads to an address that is not public ({})",
                       url.origin(), name_of(kind));
    }
  }
  co_return endpoints;
}

/// One address. Where others are left to try, it gets its share of the time only.
Task<error_code> HttpsClient::Impl::connect_to(LinkPtr link, tcp::endpoint endpoint,
                                               std::size_t still_to_try) {
  Timer share(strand);
  link->connecting = true;
  if (still_to_try > 0) {
    const auto at_most = std::chrono::milliseconds(options.connect_timeout_ms) / (still_to_try + 1);
    share.expires_after(at_most);
    share.async_wait([link](error_code error) {
      if (!error && link->connecting) link->close();
    });
  }
  error_code error;
  co_await link->socket().async_connect(endpoint, net::redirect_error(kAwait, error));
  link->connecting = false;
  co_return error;
}

Task<Result<LinkPtr>> HttpsClient::Impl::connect(CallPtr call) {
  auto found = co_await look_up(call);
  if (!found) co_return std::move(found).error();
  const auto& endpoints = found.value();
  error_code error;
  for (std::size_t i = 0; i < endpoints.size() && !call->done; ++i) {
    call->link = std::make_shared<Link>(strand, tls);
    error = co_await connect_to(call->link, endpoints[i], endpoints.size() - i - 1);
    if (!error) break;
  }
  const LinkPtr link = call->link;
  if (error || !link)  // without a link the watchdog has ended the call
    co_return fail(Errc::kUnavailable, "{}: cannot connect: {}", call->url.origin(),
                   error.message());
  link->socket().set_option(tcp::no_delay(true), error);
  link->socket().non_blocking(true, error);
  if (!call->url.is_tls()) co_return link;

  call->waiting_for = "the TLS handshake";
  arm(call, options.handshake_timeout_ms);
  SSL* const session = link->stream.native_handle();
  if (!expect_host(session, call->url))
    co_return fail(Errc::kUnavailable, "{}: TLS cannot be set up", call->url.origin());
  co_await link->stream.async_handshake(TlsSocket::client, net::redirect_error(kAwait, error));
  if (error)
    co_return fail(Errc::kUnavailable, "{}: TLS handshake failed: {}", call->url.origin(),
                   handshake_failure(session, error));
  co_return link;
}

template <class Stream>
Task<Attempt> HttpsClient::Impl::exchange(CallPtr call, LinkPtr link, Stream& stream) {
  const std::string origin = call->url.origin();
  const bool sent_before = std::exchange(call->sent, true);
  error_code error;
  const std::size_t written = co_await net::async_write(stream, net::buffer(call->bytes),
                                                        net::redirect_error(kAwait, error));
  if (error) {
    // Only a plain socket tells what the kernel took: below TLS a record may have gone already.
    const bool nothing = std::is_same_v<Stream, Socket> && written == 0 && !call->done;
    if (nothing) call->sent = sent_before;
    co_return Attempt{
        .result = fail(call->sent ? Errc::kIo : Errc::kUnavailable,
                       "{}: connection broke while sending: {}", origin, error.message()),
        .nothing_written = nothing,
        .silent = true};
  }

  AnswerReader reader(options, call->is_head());
  while (!reader.done()) {
    const std::size_t got = co_await stream.async_read_some(link->buffer.prepare(kReadBytes),
                                                            net::redirect_error(kAwait, error));
    link->buffer.commit(got);
    auto read = reader.consume(link->buffer);
    if (read && error && !reader.done()) read = reader.end(error == net::error::eof);
    if (!read)
      co_return Attempt{.result = fail(read.error().code, "{}: {}", origin, read.error().message),
                        .silent = !reader.got_some()};
  }
  const bool reusable = !error && reader.keep_alive() && link->buffer.size() == 0;
  co_return Attempt{.result = reader.take(), .reusable = reusable};
}

LinkPtr HttpsClient::Impl::take_idle(const std::string& origin) {
  drop_idle_too_long();
  const auto found = idle.find(origin);
  if (found == idle.end()) return nullptr;
  auto& links = found->second;
  LinkPtr taken;
  while (!taken && !links.empty()) {
    if (links.back()->is_quiet()) taken = std::move(links.back());
    links.pop_back();
  }
  if (links.empty()) idle.erase(found);
  return taken;
}

void HttpsClient::Impl::keep_idle(const std::string& origin, LinkPtr link) {
  if (ended || options.max_idle_per_origin == 0) return;
  link->idle_since = SteadyClock::now();
  auto& links = idle[origin];
  if (links.size() >= options.max_idle_per_origin) links.erase(links.begin());
  links.push_back(std::move(link));
  if (idle.size() == 1 && links.size() == 1) arm_reaper();
}

void HttpsClient::Impl::drop_idle_too_long() {
  const auto limit = SteadyClock::now() - std::chrono::milliseconds(options.idle_timeout_ms);
  for (auto origin = idle.begin(); origin != idle.end();) {
    auto& links = origin->second;
    std::erase_if(links, [&](const LinkPtr& link) { return link->idle_since <= limit; });
    origin = links.empty() ? idle.erase(origin) : std::next(origin);
  }
}

/// Closes connections that nobody comes back for.
void HttpsClient::Impl::arm_reaper() {
  reaper.expires_after(std::chrono::milliseconds(options.idle_timeout_ms));
  reaper.async_wait([self = shared_from_this()](error_code error) {
    if (error) return;
    self->drop_idle_too_long();
    if (!self->idle.empty()) self->arm_reaper();
  });
}

HttpsClient::HttpsClient(std::unique_ptr<Loop> loop, std::shared_ptr<Impl> impl)
    : loop_(std::move(loop)), impl_(std::move(impl)) {}

Result<std::unique_ptr<HttpsClient>> HttpsClient::create_on(HttpsClientOptions options,
                                                            std::unique_ptr<Loop> loop,
                                                            net::io_context& io) {
  auto impl = std::make_shared<Impl>(std::move(options), io);
  TRY(trust(impl->tls, impl->options));
  return std::unique_ptr<HttpsClient>(new HttpsClient(std::move(loop), std::move(impl)));
}

Result<std::unique_ptr<HttpsClient>> HttpsClient::create(HttpsClientOptions options) {
  auto loop = std::make_unique<Loop>();
  net::io_context& io = loop->io;
  return create_on(std::move(options), std::move(loop), io);
}

Result<std::unique_ptr<HttpsClient>> HttpsClient::create(HttpsClientOptions options,
                                                         net::io_context& io) {
  return create_on(std::move(options), nullptr, io);
}

void HttpsClient::send(HttpRequest request, Url url, int deadline_ms, Callback callback) {
  auto call = std::make_shared<Call>(impl_->strand, std::move(request), std::move(url),
                                     std::move(callback));
  {
    const std::lock_guard lock(impl_->mutex);
    if (!impl_->stopped) {
      net::post(impl_->strand,
                [impl = impl_, call, deadline_ms] { impl->start(call, deadline_ms); });
      return;
    }
  }
  call->callback(fail(Errc::kUnavailable, "{}: the client has stopped", call->url.origin()));
}

Result<HttpResponse> HttpsClient::send_and_wait(HttpRequest request, Url url, int deadline_ms) {
  CHECK_OR_DIE(!loop_ || std::this_thread::get_id() != loop_->thread.get_id(),
               "send_and_wait would wait for its own thread");
  std::promise<Result<HttpResponse>> promise;
  auto answer = promise.get_future();
  send(std::move(request), std::move(url), deadline_ms,
       [&promise](Result<HttpResponse> result) { promise.set_value(std::move(result)); });
  return answer.get();
}

void HttpsClient::stop() {
  {
    const std::lock_guard lock(impl_->mutex);
    if (std::exchange(impl_->stopped, true)) return;
    net::post(impl_->strand, [impl = impl_] { impl->end_all(); });
  }
  if (loop_) loop_->finish();
}

HttpsClient::~HttpsClient() { stop(); }

}  // namespace suanpan::channels
