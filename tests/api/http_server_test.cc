// The HTTP server over real loopback sockets: what it answers, what it refuses, when it lets go.
#include "api/http_server.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "tests/support/raw_socket.h"

using namespace suanpan;
using namespace suanpan::api;
using suanpan::tests::RawSocket;
using Steady = std::chrono::steady_clock;

namespace {

/// Answers "METHOD target body".
void echo(HttpRequest&& request, HttpServer::Reply reply) {
  HttpResponse response;
  response.headers.add("Content-Type", "text/plain");
  response.body = request.method + " " + request.target + " " + request.body;
  reply(std::move(response));
}

std::unique_ptr<HttpServer> serve(HttpServerOptions options = {},
                                  HttpServer::Handler handler = echo) {
  auto server = HttpServer::start(std::move(options), std::move(handler));
  if (!server) FAIL(server.error().message);
  return std::move(server).value();
}

std::string status_line(const std::string& answer) { return answer.substr(0, answer.find("\r\n")); }
std::string body_of(const std::string& answer) {
  const auto at = answer.find("\r\n\r\n");
  return at == std::string::npos ? "" : answer.substr(at + 4);
}
std::size_t occurrences(const std::string& text, std::string_view what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}
int ms_since(Steady::time_point start) {
  return static_cast<int>(
      std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - start).count());
}
template <class Predicate>
bool becomes_true(Predicate predicate) {
  for (int i = 0; i < 500 && !predicate(); ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  return predicate();
}

const std::string kGet = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";

/// Holds replies until the test lets go of them, on a thread of the test.
struct Parked {
  std::mutex mutex;
  std::vector<HttpServer::Reply> replies;
  HttpServer::Handler handler() {
    return [this](HttpRequest&&, HttpServer::Reply reply) {
      const std::lock_guard lock(mutex);
      replies.push_back(std::move(reply));
    };
  }
  bool wait_for(std::size_t count) {
    return becomes_true([&] {
      const std::lock_guard lock(mutex);
      return replies.size() >= count;
    });
  }
};

}  // namespace

TEST_CASE("http server: a kept-alive connection serves a hundred requests in order") {
  const auto server = serve();
  auto client = RawSocket::connect(server->port());
  for (int i = 0; i < 100; ++i) {
    const std::string n = std::to_string(i);
    client.send("POST /" + n + " HTTP/1.1\r\nHost: h\r\nContent-Length: " +
                std::to_string(n.size()) + "\r\n\r\n" + n);
    const std::string expected = "POST /" + n + " " + n;
    const auto answer = client.receive_until(expected);
    REQUIRE(status_line(answer) == "HTTP/1.1 200 OK");
    REQUIRE(body_of(answer) == expected);
  }
  CHECK(server->connections() == 1);
}

TEST_CASE("http server: pipelined requests are answered one by one in order") {
  std::atomic<int> running{0}, most{0};
  std::vector<std::thread> workers;
  const auto server = serve({.threads = 2}, [&](HttpRequest&& request, HttpServer::Reply reply) {
    most = std::max<int>(most, ++running);
    workers.emplace_back([&, target = request.target, reply] {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      --running;
      reply({.status = 200, .headers = {}, .body = target});
    });
  });
  auto client = RawSocket::connect(server->port());
  std::string all;
  for (int i = 0; i < 10; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
  client.send(all);
  const auto answers = client.receive_until("\r\n\r\n/9");
  std::size_t at = 0;
  for (int i = 0; i < 10; ++i) {
    at = answers.find("\r\n\r\n/" + std::to_string(i), at);
    REQUIRE(at != std::string::npos);
  }
  CHECK(most == 1);
  for (auto& worker : workers) worker.join();
}

TEST_CASE("http server: concurrent clients on several threads all get their own answers") {
  const auto server = serve({.threads = 2});
  std::atomic<int> right{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 16; ++c)
    clients.emplace_back([&, c] {
      auto client = RawSocket::connect(server->port());
      for (int i = 0; i < 100; ++i) {
        const std::string target = "/" + std::to_string(c) + "-" + std::to_string(i);
        client.send("GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n");
        if (body_of(client.receive_until("GET " + target + " ")) == "GET " + target + " ") ++right;
      }
    });
  for (auto& client : clients) client.join();
  CHECK(right == 1600);
}

TEST_CASE("http server: a request split at every byte is read whole") {
  const auto server = serve();
  const std::string request =
      "POST /s HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: t\r\n\r\n";
  for (std::size_t split = 1; split < request.size(); ++split) {
    auto client = RawSocket::connect(server->port());
    client.send(request.substr(0, split));
    std::this_thread::sleep_for(std::chrono::microseconds(300));
    client.send(request.substr(split));
    CAPTURE(split);
    REQUIRE(body_of(client.receive_until("POST /s abcde")) == "POST /s abcde");
  }
}

TEST_CASE("http server: HEAD tells the length and sends no body") {
  const auto server = serve();
  auto client = RawSocket::connect(server->port());
  client.send("HEAD /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  const auto answer = client.receive_all();
  CHECK(answer.find("Content-Length: 8\r\n") != std::string::npos);
  CHECK(body_of(answer).empty());
}

TEST_CASE("http server: HTTP/1.0 closes unless it asks to stay") {
  const auto server = serve();
  auto once = RawSocket::connect(server->port());
  once.send("GET / HTTP/1.0\r\n\r\n");
  CHECK(once.receive_all().find("Connection: close") != std::string::npos);
  CHECK_FALSE(once.timed_out());
  auto stays = RawSocket::connect(server->port());
  for (int i = 0; i < 2; ++i) {
    stays.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    CHECK(stays.receive_until("GET / ").find("Connection: keep-alive") != std::string::npos);
  }
}

TEST_CASE("http server: Expect is met before the body is sent, refused when it is too large") {
  const auto server = serve({.max_body_bytes = 10});
  auto client = RawSocket::connect(server->port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n");
  CHECK(client.receive_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("abc");
  CHECK(body_of(client.receive_until("abc")) == "POST / abc");
  client.send("POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 11\r\n\r\n");
  CHECK(status_line(client.receive_all()) == "HTTP/1.1 413 Content Too Large");
}

TEST_CASE("http server: a large answer arrives whole") {
  const std::string large(5 << 20, 'x');
  const auto server = serve({}, [&](HttpRequest&&, HttpServer::Reply reply) {
    reply({.status = 200, .headers = {}, .body = large});
  });
  auto client = RawSocket::connect(server->port());
  client.send("GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  CHECK(body_of(client.receive_all()) == large);
}

TEST_CASE(
    "http server: malformed and smuggling requests are refused as problems and never handled") {
  std::atomic<int> handled{0};
  const auto server = serve({}, [&](HttpRequest&& request, HttpServer::Reply reply) {
    ++handled;
    echo(std::move(request), std::move(reply));
  });
  using namespace std::string_literals;
  struct Row {
    std::string request;
    int status;
  };
  const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
  const Row rows[] = {
      {post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
      {post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde", 400},
      {post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", 400},
      {post + "Content-Length: 5, 5\r\n\r\nabcde", 400},
      {post + "Content-Length: +5\r\n\r\nabcde", 400},
      {post + "Content-Length: -1\r\n\r\n", 400},
      {post + "Content-Length: 5 5\r\n\r\nabcde", 400},
      {post + "Content-Length: 99999999999999999999\r\n\r\n", 400},
      {post + "Content-Length : 5\r\n\r\nabcde", 400},
      {post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501},
      {post + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501},
      {post + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding:\x0b"s + "chunked\r\n\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding\r\n: chunked\r\n\r\n0\r\n\r\n", 400},
      {post + "X: a\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {post + "X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {post + "X: a\0b\r\n\r\n"s, 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n5\nabcde\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n0x5\r\nabcde\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n5\r\nabcdefg\r\n0\r\n\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n", 400},
      {post + "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 5\r\n\r\n", 400},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 505},
      {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost h\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\n: h\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
      {"GET / HTTP/1.12\r\nHost: h\r\n\r\n", 505},
      {"GET / http/1.1\r\nHost: h\r\n\r\n", 505},
      {"GET /\r\n\r\n", 400},
      {"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"get / HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 501},
      {"G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
      {"\x16\x03\x01\x02\r\n\r\n"s, 400},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: \"\r\n\r\n", 400},
      {post + "Expect: magic\r\nContent-Length: 1\r\n\r\na", 417},
  };
  for (const auto& row : rows) {
    auto client = RawSocket::connect(server->port());
    // What follows a refused request must not be taken for another one.
    client.send(row.request + "GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n");
    client.shutdown_send();
    const auto answer = client.receive_all();
    CAPTURE(row.request);
    CHECK(status_line(answer).substr(0, 12) == "HTTP/1.1 " + std::to_string(row.status));
    CHECK(answer.find("Content-Type: application/problem+json\r\n") != std::string::npos);
    CHECK(answer.find("Connection: close\r\n") != std::string::npos);
    CHECK(body_of(answer).find("\"status\":" + std::to_string(row.status)) != std::string::npos);
    CHECK(occurrences(answer, "HTTP/1.1 ") == 1);
  }
  CHECK(handled == 0);
  auto client = RawSocket::connect(server->port());
  client.send("\r\n" + kGet);  // one empty line before a request is allowed
  CHECK(body_of(client.receive_until("GET /a ")) == "GET /a ");
}

TEST_CASE("http server: trailers never become header fields") {
  const auto server = serve({}, [](HttpRequest&& request, HttpServer::Reply reply) {
    reply({.status = 200,
           .headers = {},
           .body = std::to_string(request.headers.count("Authorization")) + "."});
  });
  auto client = RawSocket::connect(server->port());
  client.send(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "1\r\na\r\n0\r\nAuthorization: x\r\n\r\n");
  CHECK(body_of(client.receive_until("0.")) == "0.");
}

TEST_CASE("http server: a head or body at its limit is taken, one byte more is refused") {
  const auto server = serve({.max_head_bytes = 1000, .max_body_bytes = 2000});
  const std::string start = "GET /a HTTP/1.1\r\nHost: h\r\nX: ";
  for (const int extra : {0, 1, 5000, 200000}) {
    auto client = RawSocket::connect(server->port());
    client.send(start + std::string(1000 - start.size() - 4 + extra, 'x') + "\r\n\r\n");
    const auto answer = client.receive_until(extra ? "}" : "GET /a ");
    CAPTURE(extra);
    CHECK(status_line(answer) ==
          (extra ? "HTTP/1.1 431 Request Header Fields Too Large" : "HTTP/1.1 200 OK"));
  }
  for (const int extra : {0, 1}) {
    const std::string body(2000 + extra, 'b');
    auto client = RawSocket::connect(server->port());
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\nConnection: close\r\n\r\n" + body);
    client.shutdown_send();
    CHECK(status_line(client.receive_all()) ==
          (extra ? "HTTP/1.1 413 Content Too Large" : "HTTP/1.1 200 OK"));
    auto chunked = RawSocket::connect(server->port());
    chunked.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n" +
                 std::string("Connection: close\r\n\r\n3e8\r\n") + std::string(1000, 'b') + "\r\n" +
                 (extra ? "3e9\r\n" : "3e8\r\n") + std::string(1000 + extra, 'b') +
                 "\r\n0\r\n\r\n");
    chunked.shutdown_send();
    CHECK(status_line(chunked.receive_all()) ==
          (extra ? "HTTP/1.1 413 Content Too Large" : "HTTP/1.1 200 OK"));
  }
  auto extension = RawSocket::connect(server->port());
  extension.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;x=" +
                 std::string(100000, 'y'));
  CHECK(status_line(extension.receive_until("}")) == "HTTP/1.1 400 Bad Request");
}

TEST_CASE("http server: a refused body that is still being sent does not destroy the answer") {
  const auto server = serve({.max_body_bytes = 100});
  auto client = RawSocket::connect(server->port());
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 500000\r\n\r\n");
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  CHECK(client.send(std::string(500000, 'z')));
  CHECK(status_line(client.receive_all()) == "HTTP/1.1 413 Content Too Large");
}

TEST_CASE("http server: a slow head is cut at its deadline however it drips") {
  const auto server = serve({.header_timeout_ms = 200});
  auto client = RawSocket::connect(server->port());
  const auto start = Steady::now();
  std::thread drip([&] {
    for (const char c : "GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(400, 'a')) {
      if (!client.send(std::string(1, c)) || ms_since(start) > 6'000) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  });
  const auto answer = client.receive_until("}");
  const int took = ms_since(start);
  drip.join();
  CHECK(status_line(answer) == "HTTP/1.1 408 Request Timeout");
  CHECK(took >= 200);
  CHECK(took < 4'000);
}

TEST_CASE("http server: a slow body is cut at its deadline") {
  const auto server = serve({.body_timeout_ms = 200});
  auto client = RawSocket::connect(server->port());
  const auto start = Steady::now();
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc");
  CHECK(status_line(client.receive_until("}")) == "HTTP/1.1 408 Request Timeout");
  CHECK(ms_since(start) < 4'000);
}

TEST_CASE("http server: silent connections are closed without a word") {
  const auto server = serve({.header_timeout_ms = 200, .idle_timeout_ms = 200});
  auto fresh = RawSocket::connect(server->port());
  CHECK(fresh.receive_all(2000).empty());
  CHECK_FALSE(fresh.timed_out());
  auto used = RawSocket::connect(server->port());
  used.send(kGet);
  used.receive_until("GET /a ");
  CHECK(used.receive_all(2000).empty());
  CHECK_FALSE(used.timed_out());
}

TEST_CASE("http server: a client that does not read its answer is cut") {
  const auto server = serve({.write_timeout_ms = 200}, [](HttpRequest&&, HttpServer::Reply reply) {
    reply({.status = 200, .headers = {}, .body = std::string(64 << 20, 'x')});
  });
  auto client = RawSocket::connect(server->port());
  client.send(kGet);
  CHECK(becomes_true([&] { return server->connections() == 1; }));
  CHECK(becomes_true([&] { return server->connections() == 0; }));
}

TEST_CASE("http server: a handler that never answers, throws or drops its reply leaves an answer") {
  Parked parked;
  const auto server =
      serve({.handler_timeout_ms = 200}, [&](HttpRequest&& request, HttpServer::Reply reply) {
        if (request.target == "/throw") throw std::runtime_error("secret");
        if (request.target == "/drop") return;
        if (request.target == "/break") {
          HttpResponse response;
          response.headers = {{"X", "a\r\nb: c"}};
          reply(std::move(response));
          return;
        }
        if (request.target == "/twice") {
          reply({.status = 200, .headers = {}, .body = "first"});
          reply({.status = 200, .headers = {}, .body = "second"});
          return;
        }
        parked.handler()(std::move(request), std::move(reply));
      });
  const auto ask = [&](const std::string& target) {
    auto client = RawSocket::connect(server->port());
    client.send("GET " + target + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    return client.receive_all();
  };
  for (const auto* target : {"/throw", "/drop", "/break"}) {
    const auto answer = ask(target);
    CHECK(status_line(answer) == "HTTP/1.1 500 Internal Server Error");
    CHECK(answer.find("secret") == std::string::npos);
  }
  CHECK(body_of(ask("/twice")) == "first");
  CHECK(status_line(ask("/never")) == "HTTP/1.1 504 Gateway Timeout");
  // The late reply falls on nobody.
  for (auto& reply : parked.replies) reply({.status = 200, .headers = {}, .body = "late"});
  CHECK(status_line(ask("/drop")) == "HTTP/1.1 500 Internal Server Error");
}

TEST_CASE("http server: replies from other threads are answered under load") {
  std::mutex mutex;
  std::condition_variable ready;
  std::vector<HttpServer::Reply> waiting;
  bool done = false;
  const auto server = serve({.threads = 2}, [&](HttpRequest&&, HttpServer::Reply reply) {
    {
      const std::lock_guard lock(mutex);
      waiting.push_back(std::move(reply));
    }
    ready.notify_one();
  });
  std::thread committer([&] {
    std::unique_lock lock(mutex);
    while (true) {
      ready.wait(lock, [&] { return done || !waiting.empty(); });
      if (waiting.empty()) return;
      std::vector<HttpServer::Reply> batch;
      batch.swap(waiting);
      lock.unlock();
      for (auto& reply : batch) reply({.status = 200, .headers = {}, .body = "ok."});
      lock.lock();
    }
  });
  std::atomic<int> right{0};
  std::vector<std::thread> clients;
  for (int c = 0; c < 8; ++c)
    clients.emplace_back([&] {
      auto client = RawSocket::connect(server->port());
      for (int i = 0; i < 300; ++i) {
        client.send(kGet);
        if (body_of(client.receive_until("ok.")) == "ok.") ++right;
      }
    });
  for (auto& client : clients) client.join();
  {
    const std::lock_guard lock(mutex);
    done = true;
  }
  ready.notify_one();
  committer.join();
  CHECK(right == 2400);
}

TEST_CASE("http server: a connection over the limit is told to come back later") {
  const auto server = serve({.max_connections = 2});
  auto one = RawSocket::connect(server->port());
  auto two = RawSocket::connect(server->port());
  REQUIRE(becomes_true([&] { return server->connections() == 2; }));
  for (int i = 0; i < 3; ++i) {
    auto three = RawSocket::connect(server->port());
    three.send(kGet);
    const auto answer = three.receive_all();
    CHECK(status_line(answer) == "HTTP/1.1 503 Service Unavailable");
    CHECK(answer.find("Retry-After: 1\r\n") != std::string::npos);
    CHECK(answer.find("application/problem+json") != std::string::npos);
  }
  one.send(kGet);
  CHECK(status_line(one.receive_until("GET /a ")) == "HTTP/1.1 200 OK");
  two.close();
  REQUIRE(becomes_true([&] { return server->connections() == 1; }));
  auto four = RawSocket::connect(server->port());
  four.send(kGet);
  CHECK(status_line(four.receive_until("GET /a ")) == "HTTP/1.1 200 OK");
}

TEST_CASE("http server: half-open connections from one address leave room for every other") {
  const auto server = serve(
      {.max_connections = 300, .max_connections_per_loopback = 100, .header_timeout_ms = 60'000});
  std::vector<RawSocket> flood;
  for (int i = 0; i < 400; ++i) {
    flood.push_back(RawSocket::connect(server->port(), "127.0.0.1"));
    flood.back().send("GET /a HTTP/1.1\r\nHost: h");
  }
  REQUIRE(becomes_true([&] {
    const auto s = server->statistics();
    return s.accepted + s.refused_peer == 400;
  }));
  CHECK(server->statistics().open == 100);
  CHECK(server->statistics().refused_peer == 300);
  CHECK(server->statistics().refused_full == 0);

  auto other = RawSocket::connect(server->port(), "127.0.0.2");
  other.send(kGet);
  CHECK(status_line(other.receive_until("GET /a ")) == "HTTP/1.1 200 OK");
  // Those who were refused have gone; the flooder is told what is wrong when it comes again.
  REQUIRE(becomes_true([&] { return server->connections() == 101; }));
  auto more = RawSocket::connect(server->port(), "127.0.0.1");
  more.send(kGet);
  const auto refused = more.receive_all();
  CHECK(status_line(refused) == "HTTP/1.1 503 Service Unavailable");
  CHECK(refused.find("one address may have") != std::string::npos);
  flood.clear();
  REQUIRE(becomes_true([&] { return server->statistics().open == 1; }));
  auto again = RawSocket::connect(server->port(), "127.0.0.1");
  again.send(kGet);
  CHECK(status_line(again.receive_until("GET /a ")) == "HTTP/1.1 200 OK");
}

TEST_CASE("http server: heads that never end are counted and their connections given back") {
  const auto server = serve({.header_timeout_ms = 1'000});
  std::vector<RawSocket> slow;
  for (int i = 0; i < 20; ++i) {
    slow.push_back(RawSocket::connect(server->port()));
    if (i < 15) slow.back().send("GET /a HTT");  // the other five say nothing at all
  }
  for (int i = 0; i < 15; ++i)
    CHECK(status_line(slow[static_cast<std::size_t>(i)].receive_all()) ==
          "HTTP/1.1 408 Request Timeout");
  REQUIRE(becomes_true([&] { return server->statistics().open == 0; }));
  CHECK(server->statistics().accepted == 20);
  CHECK(server->statistics().slow_heads == 20);
  CHECK(server->statistics().faults == 15);
}

TEST_CASE(
    "http server: stop closes idle connections, finishes what is under way, accepts no more") {
  Parked parked;
  const auto server = serve({}, parked.handler());
  auto idle = RawSocket::connect(server->port());
  auto busy = RawSocket::connect(server->port());
  busy.send(kGet + kGet);  // the second one is not under way: it is not served any more
  REQUIRE(parked.wait_for(1));
  const auto start = Steady::now();
  auto stopped = std::async(std::launch::async, [&] { server->stop(5000); });
  CHECK(idle.receive_all().empty());
  CHECK_FALSE(idle.timed_out());
  CHECK(stopped.wait_for(std::chrono::milliseconds(100)) == std::future_status::timeout);
  parked.replies[0]({.status = 200, .headers = {}, .body = "done"});
  const auto answer = busy.receive_all();
  CHECK(body_of(answer) == "done");
  CHECK(answer.find("Connection: close\r\n") != std::string::npos);
  stopped.get();
  CHECK(ms_since(start) < 4'500);
  CHECK(server->connections() == 0);
  CHECK(parked.replies.size() == 1);
}

TEST_CASE("http server: stop cuts at its deadline, and a reply after it falls on nobody") {
  Parked parked;
  {
    const auto server = serve({}, parked.handler());
    auto busy = RawSocket::connect(server->port());
    auto half = RawSocket::connect(server->port());
    busy.send(kGet);
    half.send("GET / HTTP/1.1\r\n");
    REQUIRE(parked.wait_for(1));
    const auto start = Steady::now();
    server->stop(200);
    CHECK(ms_since(start) >= 200);
    CHECK(ms_since(start) < 4'500);
    CHECK(server->connections() == 0);
    CHECK(busy.receive_all().empty());
    server->stop(1000);  // a second call does nothing
  }
  parked.replies[0]({.status = 200, .headers = {}, .body = "late"});
  parked.replies.clear();
}

TEST_CASE("http server: a taken port and a bad address are refused with a reason") {
  const auto server = serve();
  const auto taken = HttpServer::start({.port = server->port()}, echo);
  REQUIRE_FALSE(taken);
  CHECK(taken.error().code == Errc::kUnavailable);
  const auto bad = HttpServer::start({.address = "not-an-address"}, echo);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().code == Errc::kConfig);
  CHECK_FALSE(HttpServer::start({.threads = 0}, echo));
}

TEST_CASE("http server: the peer's address reaches the handler") {
  const auto server = serve({}, [](HttpRequest&& request, HttpServer::Reply reply) {
    reply({.status = 200, .headers = {}, .body = request.peer + "."});
  });
  auto client = RawSocket::connect(server->port());
  client.send(kGet);
  CHECK(body_of(client.receive_until("127.0.0.1.")) == "127.0.0.1.");
}
