// The HTTPS client against servers that play a script: what it sends, what it believes, and above
// all what it says about a failure. TLS is in tests/api/tls_test.cc, where there is a server that
// speaks it.
#include "channels/https_client.h"

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <catch2/catch.hpp>
#include <future>

#include "tests/support/raw_socket.h"

using namespace suanpan;
using namespace suanpan::channels;
using suanpan::tests::RawSocket;
using suanpan::tests::ScriptedServer;
using Steady = std::chrono::steady_clock;

namespace {

std::unique_ptr<HttpsClient> make_client(HttpsClientOptions options = {}) {
  options.allow_private_addresses = true;
  return std::move(HttpsClient::create(std::move(options))).value();
}

Url url_of(std::uint16_t port, const std::string& host = "127.0.0.1") {
  return Url::parse("http://" + host + ":" + std::to_string(port) + "/t").value();
}
HttpRequest get() { return {.method = "GET"}; }
HttpRequest post(std::string body = "pay") { return {.method = "POST", .body = std::move(body)}; }

const std::string kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

std::string code_of(const Result<HttpResponse>& result) {
  return result ? "none" : name_of(result.error().code);
}
int ms_since(Steady::time_point start) {
  return static_cast<int>(
      std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - start).count());
}

/// Answers each request on a connection with the same bytes; `requests` counts.
ScriptedServer::Script answer_each(std::string answer, std::atomic<int>* requests = nullptr) {
  return [answer = std::move(answer), requests](RawSocket& socket, int) {
    while (socket.receive_until("\r\n\r\n").ends_with("\r\n\r\n")) {
      if (requests) ++*requests;
      if (!socket.send(answer)) return;
    }
  };
}

}  // namespace

TEST_CASE("https client: a request goes out whole with its framing set here") {
  std::promise<std::string> seen;
  ScriptedServer server([&](RawSocket& socket, int) {
    seen.set_value(socket.receive_until("hello"));
    socket.send(
        "HTTP/1.1 201 Created\r\nX-A: 1\r\nx-a: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
        "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Trailer: t\r\n\r\n");
    socket.receive_all();
  });
  HttpRequest request{.method = "POST",
                      .target = "/v3/pay?x=1",
                      .headers = {{"X-Sign", "s"},
                                  {"Content-Length", "999"},
                                  {"Host", "evil"},
                                  {"Transfer-Encoding", "chunked"},
                                  {"Connection", "close"}},
                      .body = "hello"};
  const auto answer = make_client()->send_and_wait(request, url_of(server.port()), 2000);
  CHECK(seen.get_future().get() ==
        "POST /v3/pay?x=1 HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
            "\r\nX-Sign: s\r\nContent-Length: 5\r\n\r\nhello");
  REQUIRE(answer);
  CHECK(answer.value().status == 201);
  CHECK(answer.value().body == "abcde");
  CHECK(answer.value().headers.count("X-A") == 2);
  CHECK(answer.value().headers.count("X-Trailer") == 0);
}

TEST_CASE("https client: a request without a target takes the URL's") {
  std::promise<std::string> seen;
  ScriptedServer server([&](RawSocket& socket, int) {
    seen.set_value(socket.receive_until("\r\n\r\n"));
    socket.send(kOk);
    socket.receive_all();
  });
  const auto client = make_client();
  REQUIRE(client->send_and_wait(get(), url_of(server.port(), "localhost"), 2000));
  CHECK(seen.get_future().get() ==
        "GET /t HTTP/1.1\r\nHost: localhost:" + std::to_string(server.port()) + "\r\n\r\n");
}

TEST_CASE("https client: a connection is used again, and concurrent calls get their own") {
  std::atomic<int> requests{0};
  ScriptedServer server(answer_each(kOk, &requests));
  const auto client = make_client();
  for (int i = 0; i < 100; ++i) {
    const auto answer = client->send_and_wait(post(""), url_of(server.port()), 2000);
    REQUIRE(answer);
    REQUIRE(answer.value().body == "ok");
  }
  CHECK(server.accepted() == 1);
  CHECK(requests == 100);
  std::atomic<int> right{0};
  std::vector<std::thread> callers;
  for (int c = 0; c < 8; ++c)
    callers.emplace_back([&] {
      for (int i = 0; i < 50; ++i)
        if (client->send_and_wait(get(), url_of(server.port()), 5000)) ++right;
    });
  for (auto& caller : callers) caller.join();
  CHECK(right == 400);
  CHECK(server.accepted() <= 9);
}

TEST_CASE("https client: every answer that HTTP allows is read") {
  struct Row {
    std::string method, answer;
    int status;
    std::string body;
  };
  const Row rows[] = {
      {"GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
      {"GET", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
       302, ""},
      {"GET", "HTTP/1.1 500 Oops\r\nContent-Length: 1\r\n\r\nx", 500, "x"},
      {"GET", "HTTP/1.1 200\x20\r\nContent-Length: 1\r\n\r\nx", 200, "x"},
      {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n", 200, ""},
      {"GET",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n"
       "Content-Length: 1\r\n\r\ny",
       200, "y"},
      {"GET", "HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, "until the end"},
      {"GET", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nz", 200, "z"},
  };
  for (const auto& row : rows) {
    for (const bool dripping : {false, true}) {
      ScriptedServer server([&](RawSocket& socket, int) {
        socket.receive_until("\r\n\r\n");
        if (!dripping) {
          socket.send(row.answer);
        } else {
          for (const char c : row.answer) {
            socket.send(std::string(1, c));
            std::this_thread::sleep_for(std::chrono::microseconds(200));
          }
        }
      });
      const auto answer =
          make_client()->send_and_wait({.method = row.method}, url_of(server.port()), 2000);
      CAPTURE(row.answer, dripping, code_of(answer));
      REQUIRE(answer);
      CHECK(answer.value().status == row.status);
      CHECK(answer.value().body == row.body);
      CHECK(answer.value().headers.count("Link") == 0);
      CHECK(server.accepted() == 1);  // no redirect followed
    }
  }
}

TEST_CASE("https client: a failure before anything was sent is kUnavailable") {
  const auto client = make_client({.connect_timeout_ms = 300});
  struct Row {
    std::string what;
    Url url;
  };
  auto no_such_name = Url::parse("http://no-such-name.invalid/").value();
  const Row rows[] = {{"refused", url_of(tests::closed_port())}, {"no such name", no_such_name}};
  for (const auto& row : rows) {
    CAPTURE(row.what);
    const auto answer = client->send_and_wait(post(), row.url, 8000);
    CHECK(code_of(answer) == "unavailable");
  }
}

TEST_CASE("https client: a connection that is not made in time is kUnavailable") {
  // A full backlog makes the kernel drop new connections: the call waits in connect().
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&at), sizeof at) == 0);
  REQUIRE(::listen(listener, 0) == 0);
  REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size) == 0);
  const auto filler = RawSocket::connect(ntohs(at.sin_port));
  const auto client = make_client({.connect_timeout_ms = 300});
  const auto start = Steady::now();
  CHECK(code_of(client->send_and_wait(post(), url_of(ntohs(at.sin_port)), 5000)) == "unavailable");
  CHECK(ms_since(start) >= 300);
  CHECK(ms_since(start) < 4500);
  // The call's own deadline, when sooner, holds too.
  const auto patient = make_client({.connect_timeout_ms = 30'000});
  const auto again = Steady::now();
  CHECK(code_of(patient->send_and_wait(post(), url_of(ntohs(at.sin_port)), 100)) == "unavailable");
  CHECK(ms_since(again) < 10'000);
  ::close(listener);
}

TEST_CASE("https client: no answer within the deadline is kTimeout") {
  for (const std::string& part :
       {std::string(), std::string("HTTP/1.1 200"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")}) {
    ScriptedServer server([&](RawSocket& socket, int) {
      socket.receive_until("pay");
      socket.send(part);
      socket.receive_all();
    });
    const auto start = Steady::now();
    const auto answer = make_client()->send_and_wait(post(), url_of(server.port()), 1000);
    CAPTURE(part);
    CHECK(code_of(answer) == "timeout");
    CHECK(ms_since(start) >= 1000);
    CHECK(ms_since(start) < 20'000);
  }
}

TEST_CASE("https client: a server that does not read is kTimeout") {
  std::promise<void> finish;
  auto finished = finish.get_future().share();
  ScriptedServer server([&](RawSocket&, int) { finished.wait(); });
  const auto answer =
      make_client()->send_and_wait(post(std::string(64 << 20, 'x')), url_of(server.port()), 5000);
  CHECK(code_of(answer) == "timeout");
  finish.set_value();
}

TEST_CASE("https client: an answer that breaks off or is not HTTP is kIo, and nothing is resent") {
  const std::string rows[] = {
      "",
      "HTTP/1.1 200 OK\r\nContent-Le",
      "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
      "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "HTTP/2 200 OK\r\n\r\n",
      "SSH-2.0-OpenSSH\r\n\r\n",
      "HTTP/1.1 20 OK\r\n\r\n",
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
  };
  for (const auto& row : rows) {
    for (const bool reset : {false, true}) {
      ScriptedServer server([&](RawSocket& socket, int) {
        socket.receive_until("pay");
        socket.send(row);
        if (reset && row.empty()) socket.reset();
      });
      const auto client = make_client();
      const auto answer = client->send_and_wait(post(), url_of(server.port()), 2000);
      CAPTURE(row, reset);
      CHECK(code_of(answer) == "io");
      CHECK(server.accepted() == 1);
    }
  }
}

TEST_CASE("https client: an answer beyond the limits is kTooLarge") {
  const std::string rows[] = {
      "HTTP/1.1 200 OK\r\nX: " + std::string(2000, 'x') + "\r\n\r\n",
      // Each field is small; all of them together are not, and the head never ends.
      [] {
        std::string head = "HTTP/1.1 200 OK\r\n";
        for (int i = 0; i < 100; ++i) head += "X-Field: some value\r\n";
        return head;
      }(),
      "HTTP/1.1 200 OK\r\nContent-Length: 5001\r\n\r\n" + std::string(5001, 'b'),
      "HTTP/1.1 200 OK\r\n\r\n" + std::string(6000, 'b'),
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1389\r\n" + std::string(5001, 'b'),
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;" + std::string(20000, 'b'),
  };
  for (const auto& row : rows) {
    ScriptedServer server([&](RawSocket& socket, int) {
      socket.receive_until("\r\n\r\n");
      for (std::size_t at = 0; at < row.size(); at += 500)
        if (!socket.send(std::string_view(row).substr(at, 500))) return;
      socket.receive_all();
    });
    const auto client =
        make_client({.max_response_head_bytes = 1000, .max_response_body_bytes = 5000});
    const auto answer = client->send_and_wait(get(), url_of(server.port()), 2000);
    CAPTURE(row.substr(0, 60));
    CHECK(code_of(answer) == "too_large");
  }
  ScriptedServer server(
      answer_each("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + std::string(5000, 'b')));
  const auto client = make_client({.max_response_body_bytes = 5000});
  const auto answer = client->send_and_wait(get(), url_of(server.port()), 2000);
  REQUIRE(answer);
  CHECK(answer.value().body.size() == 5000);
}

TEST_CASE("https client: a request that cannot be sent is kMalformed and opens no connection") {
  ScriptedServer server(answer_each(kOk));
  const auto client = make_client();
  const HttpRequest rows[] = {
      {.method = ""},
      {.method = "GET /x"},
      {.method = "GET", .target = "x"},
      {.method = "GET", .target = "/a b"},
      {.method = "GET", .target = "/a\r\nX: y"},
      {.method = "GET", .target = "/\xe4"},
      {.method = "GET", .headers = {{"X", "a\r\nY: b"}}},
      {.method = "GET", .headers = {{"X Y", "a"}}},
      {.method = "GET", .headers = {{"", "a"}}},
  };
  for (const auto& row : rows) {
    CAPTURE(row.method, row.target);
    CHECK(code_of(client->send_and_wait(row, url_of(server.port()), 2000)) == "malformed");
  }
  CHECK(code_of(client->send_and_wait(get(), Url{}, 2000)) == "malformed");
  CHECK(server.accepted() == 0);
}

TEST_CASE("https client: a pooled connection that was closed is not written to") {
  std::atomic<int> requests{0}, closed{0};
  ScriptedServer server([&](RawSocket& socket, int) {
    socket.receive_until("pay");
    ++requests;
    socket.send(kOk);
    socket.close();
    ++closed;
  });
  const auto client = make_client();
  for (int i = 0; i < 5; ++i) {
    const auto answer = client->send_and_wait(post(), url_of(server.port()), 2000);
    CAPTURE(code_of(answer));
    CHECK(answer);
    while (closed <= i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // the close arrives
  }
  CHECK(requests == 5);
  CHECK(server.accepted() == 5);
}

TEST_CASE(
    "https client: a pooled connection closed on a request: GET goes again, POST is unknown") {
  for (const bool safe : {true, false}) {
    std::atomic<int> requests{0};
    ScriptedServer server([&](RawSocket& socket, int number) {
      const std::string_view until = safe ? "\r\n\r\n" : "pay";
      socket.receive_until(until);
      ++requests;
      socket.send(kOk);
      // The first connection takes the second request, and ends without a word.
      if (socket.receive_until(until).empty()) return;
      ++requests;
      if (number > 0) socket.send(kOk);
    });
    const auto client = make_client();
    const auto request = safe ? get() : post();
    REQUIRE(client->send_and_wait(request, url_of(server.port()), 2000));
    const auto second = client->send_and_wait(request, url_of(server.port()), 2000);
    CAPTURE(safe);
    CHECK(code_of(second) == (safe ? "none" : "io"));
    CHECK(requests == (safe ? 3 : 2));
    CHECK(server.accepted() == (safe ? 2 : 1));
  }
}

TEST_CASE(
    "https client: a GET that broke on a fresh connection or after first bytes is not resent") {
  ScriptedServer fresh([](RawSocket& socket, int) { socket.receive_until("\r\n\r\n"); });
  CHECK(code_of(make_client()->send_and_wait(get(), url_of(fresh.port()), 2000)) == "io");
  CHECK(fresh.accepted() == 1);
  ScriptedServer partial([](RawSocket& socket, int) {
    socket.receive_until("\r\n\r\n");
    socket.send(kOk);
    socket.receive_until("\r\n\r\n");
    socket.send("HTTP/1.1 2");
  });
  const auto client = make_client();
  REQUIRE(client->send_and_wait(get(), url_of(partial.port()), 2000));
  CHECK(code_of(client->send_and_wait(get(), url_of(partial.port()), 2000)) == "io");
  CHECK(partial.accepted() == 1);
}

TEST_CASE("https client: bytes after an answer end the use of the connection") {
  ScriptedServer server([](RawSocket& socket, int) {
    socket.receive_until("\r\n\r\n");
    socket.send(kOk + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison");
    socket.receive_all();
  });
  const auto client = make_client();
  for (int i = 0; i < 2; ++i) {
    const auto answer = client->send_and_wait(get(), url_of(server.port()), 2000);
    REQUIRE(answer);
    CHECK(answer.value().body == "ok");
  }
  CHECK(server.accepted() == 2);
}

TEST_CASE("https client: idle connections are closed after their time") {
  std::promise<int> closed_after;
  ScriptedServer server([&](RawSocket& socket, int) {
    socket.receive_until("\r\n\r\n");
    const auto start = Steady::now();  // before the client can have its answer
    socket.send(kOk);
    socket.receive_all();
    closed_after.set_value(ms_since(start));
  });
  const auto client = make_client({.idle_timeout_ms = 200});
  REQUIRE(client->send_and_wait(get(), url_of(server.port()), 2000));
  const int took = closed_after.get_future().get();
  CHECK(took >= 190);
  CHECK(took < 20'000);
}

TEST_CASE("https client: where private addresses are forbidden, nothing is connected to") {
  ScriptedServer server(answer_each(kOk));
  const auto client = std::move(HttpsClient::create({})).value();
  const std::string port = ":" + std::to_string(server.port());
  for (const std::string& origin :
       {"http://127.0.0.1" + port, "http://localhost" + port, "http://[::1]" + port,
        "http://[::ffff:127.0.0.1]" + port, "http://0.0.0.0" + port, "https://127.0.0.1" + port,
        std::string("http://10.0.0.1"), std::string("http://169.254.169.254/latest/meta-data"),
        std::string("http://100.100.100.200"), std::string("http://192.168.1.1"),
        std::string("http://[fe80::1]"), std::string("http://[fd00::1]"),
        std::string("http://224.0.0.1")}) {
    const auto answer = client->send_and_wait(post(), Url::parse(origin).value(), 2000);
    CAPTURE(origin);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Errc::kUnavailable);
    CHECK(answer.error().message.find("not public") != std::string::npos);
  }
  CHECK(server.accepted() == 0);
}

TEST_CASE("https client: calls beyond the limit are refused at once") {
  std::promise<void> finish;
  auto finished = finish.get_future().share();
  ScriptedServer server([&](RawSocket& socket, int) {
    socket.receive_until("\r\n\r\n");
    finished.wait();
    socket.send(kOk);
  });
  const auto client = make_client({.max_in_flight = 2});
  std::promise<std::string> outcomes[3];
  for (auto& outcome : outcomes)
    client->send(get(), url_of(server.port()), 5000,
                 [&](Result<HttpResponse> result) { outcome.set_value(code_of(result)); });
  CHECK(outcomes[2].get_future().get() == "unavailable");
  finish.set_value();
  CHECK(outcomes[0].get_future().get() == "none");
  CHECK(outcomes[1].get_future().get() == "none");
}

TEST_CASE("https client: stop ends every call by its callback, and later calls at once") {
  std::promise<void> arrived;
  ScriptedServer server([&](RawSocket& socket, int) {
    socket.receive_until("pay");
    arrived.set_value();
    socket.receive_all();
  });
  const auto client = make_client();
  std::string first, later;
  client->send(post(), url_of(server.port()), 60'000,
               [&](Result<HttpResponse> result) { first = code_of(result); });
  arrived.get_future().get();
  client->stop();
  CHECK(first == "io");
  client->send(post(), url_of(server.port()), 1000,
               [&](Result<HttpResponse> result) { later = code_of(result); });
  CHECK(later == "unavailable");
}

TEST_CASE("https client: it runs on an event loop of the caller's") {
  ScriptedServer server(answer_each(kOk));
  boost::asio::io_context io;
  std::string outcome;
  {
    const auto client =
        std::move(HttpsClient::create({.allow_private_addresses = true}, io)).value();
    client->send(get(), url_of(server.port()), 2000, [&](Result<HttpResponse> result) {
      outcome = code_of(result);
      client->stop();
    });
    io.run();
  }
  CHECK(outcome == "none");
}

TEST_CASE("https client: a CA file that cannot be read is refused") {
  const auto missing = HttpsClient::create({.ca_file = "/no/such/file.pem"});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::kConfig);
  CHECK_FALSE(HttpsClient::create({.ca_pem = "not a certificate"}));
}
