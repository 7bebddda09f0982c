// Answers that go on: what goes over the wire, who is cut, and that nothing outlives its reader.
#include "ledger/base/http_stream.h"

#include <catch2/catch.hpp>
#include <thread>

#include "api/http_server.h"
#include "tests/support/raw_socket.h"

using namespace suanpan;
using namespace suanpan::api;
using suanpan::tests::RawSocket;

namespace {

const std::string kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

/// Answers every request with one stream, kept for the test.
struct Streaming {
  std::shared_ptr<HttpStream> stream = std::make_shared<HttpStream>(64 << 20);
  std::unique_ptr<HttpServer> server;

  explicit Streaming(HttpServerOptions options = {}) {
    auto started = HttpServer::start(std::move(options), [this](HttpRequest&&, auto reply) {
      HttpResponse response;
      response.headers.set("Content-Type", "text/plain");
      response.body = "first ";
      response.stream = stream;
      reply(std::move(response));
    });
    if (!started) FAIL(started.error().message);
    server = std::move(started.value());
  }
};

template <class Predicate>
bool becomes_true(Predicate predicate) {
  for (int i = 0; i < 1000 && !predicate(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return predicate();
}

}  // namespace

TEST_CASE("http stream: it takes what it has room for, and says when nobody reads") {
  HttpStream stream(10);
  int woken = 0;
  stream.on_change([&] { ++woken; });
  CHECK(stream.write("12345"));
  CHECK(stream.pending() == 5);
  const auto first = stream.take();
  CHECK(first.bytes == "12345");
  CHECK_FALSE(first.over);
  CHECK(stream.write("1234567890"));
  CHECK_FALSE(stream.write("1"));  // further ahead than it may be
  CHECK_FALSE(stream.is_open());
  const auto rest = stream.take();
  CHECK(rest.bytes == "1234567890");
  CHECK(rest.over);
  CHECK(woken == 3);
  HttpStream left(10);
  left.abandon();
  CHECK_FALSE(left.write("1"));
  CHECK(left.pending() == 0);
}

TEST_CASE("http stream: pieces arrive as they are written, and the end closes the connection") {
  Streaming s;
  auto client = RawSocket::connect(s.server->port());
  client.send(kGet);
  const std::string head = client.receive_until("first ");
  CHECK(head.find("HTTP/1.1 200 OK\r\n") == 0);
  CHECK(head.find("\r\nConnection: close\r\n") != std::string::npos);
  CHECK(head.find("Content-Length") == std::string::npos);
  for (const char* piece : {"one ", "two ", "three "}) {
    CHECK(s.stream->write(piece));
    CHECK(client.receive_until(piece) == piece);
  }
  s.stream->write("last");
  s.stream->end();
  CHECK(client.receive_all() == "last");
  CHECK_FALSE(client.timed_out());
  CHECK(becomes_true([&] { return s.server->connections() == 0; }));
}

TEST_CASE("http stream: HEAD gets no body, and its connection goes on") {
  Streaming s;
  auto client = RawSocket::connect(s.server->port());
  client.send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
  CHECK(client.receive_until("\r\n\r\n").find("200 OK") != std::string::npos);
  client.send(kGet);
  CHECK(client.receive_until("first ").find("first ") != std::string::npos);
}

TEST_CASE("http stream: a reader that has gone ends it") {
  Streaming s;
  {
    auto client = RawSocket::connect(s.server->port());
    client.send(kGet);
    client.receive_until("first ");
    client.reset();
  }
  CHECK(becomes_true([&] { return !s.stream->write("are you there\n"); }));
  CHECK(becomes_true([&] { return s.server->connections() == 0; }));
}

TEST_CASE("http stream: a reader that takes nothing is cut by the write deadline") {
  HttpServerOptions options;
  options.write_timeout_ms = 300;
  Streaming s(std::move(options));
  auto client = RawSocket::connect(s.server->port());
  client.send(kGet);
  client.receive_until("first ");
  // More than the kernel keeps for a reader that does not read.
  CHECK(s.stream->write(std::string(32 << 20, 'x')));
  CHECK(becomes_true([&] { return !s.stream->is_open(); }));
  CHECK(becomes_true([&] { return s.server->connections() == 0; }));
  CHECK(s.server->statistics().slow_readers == 1);
}

TEST_CASE("http stream: an idle one outlives the deadlines of requests") {
  HttpServerOptions options;
  options.write_timeout_ms = options.handler_timeout_ms = options.idle_timeout_ms = 200;
  Streaming s(std::move(options));
  auto client = RawSocket::connect(s.server->port());
  client.send(kGet);
  client.receive_until("first ");
  std::this_thread::sleep_for(std::chrono::milliseconds(1500));
  CHECK(s.stream->write("still here"));
  CHECK(client.receive_until("still here") == "still here");
}

TEST_CASE("http stream: a server that stops does not wait for it") {
  Streaming s;
  auto client = RawSocket::connect(s.server->port());
  client.send(kGet);
  client.receive_until("first ");
  const auto begin = std::chrono::steady_clock::now();
  s.server->stop(20'000);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(10));
  CHECK_FALSE(s.stream->is_open());
  CHECK_FALSE(s.stream->write("nobody"));
}
