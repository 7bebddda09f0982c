// TLS end to end: our client against our server, with certificates made here. Who is believed, who
// is not, and that a handshake that fails counts as nothing sent.
#include "api/tls.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "api/http_server.h"
#include "channels/https_client.h"
#include "ledger/base/clock.h"
#include "ledger/base/signature.h"
#include "tests/support/raw_socket.h"

using namespace suanpan;
using namespace suanpan::api;
using channels::HttpsClient;
using channels::HttpsClientOptions;
using channels::Url;

namespace {

const PrivateKey& test_key() {
  static const PrivateKey key = PrivateKey::generate_rsa2048();
  return key;
}

constexpr std::int64_t kDay = 86'400;

/// Valid from and to, in seconds from now.
std::string certificate(const std::string& name, std::int64_t from = -kDay,
                        std::int64_t to = kDay) {
  const Timestamp now = SystemClock().now();
  return self_signed_certificate(test_key(), "suanpan test", now.plus_seconds(from),
                                 now.plus_seconds(to), name);
}

struct TlsServer {
  explicit TlsServer(const std::string& certificate, int header_timeout_ms = 10'000) {
    HttpServerOptions options;
    options.tls = TlsIdentity{certificate, test_key().to_pem()};
    options.header_timeout_ms = header_timeout_ms;
    auto started = HttpServer::start(std::move(options),
                                     [this](HttpRequest&& request, HttpServer::Reply reply) {
                                       ++handled;
                                       reply({.status = 200, .headers = {}, .body = request.body});
                                     });
    if (!started) FAIL(started.error().message);
    server = std::move(started).value();
  }
  Url url(const std::string& host) const {
    return Url::parse("https://" + host + ":" + std::to_string(server->port()) + "/").value();
  }
  std::atomic<int> handled{0};
  std::unique_ptr<HttpServer> server;
};

std::unique_ptr<HttpsClient> client_that_trusts(const std::string& ca_pem,
                                                int handshake_timeout_ms = 5'000) {
  HttpsClientOptions options;
  options.ca_pem = ca_pem;
  options.handshake_timeout_ms = handshake_timeout_ms;
  options.allow_private_addresses = true;
  return std::move(HttpsClient::create(std::move(options))).value();
}

}  // namespace

TEST_CASE("tls: a trusted certificate for the right name or address is accepted") {
  for (const std::string& host : {std::string("localhost"), std::string("127.0.0.1")}) {
    const auto pem = certificate(host);
    TlsServer server(pem);
    const auto client = client_that_trusts(pem);
    for (int i = 0; i < 20; ++i) {
      const std::string body(i * 5000, static_cast<char>('a' + i));
      const auto answer =
          client->send_and_wait({.method = "POST", .body = body}, server.url(host), 5000);
      if (!answer) FAIL(answer.error().message);
      REQUIRE(answer.value().body == body);
    }
    CHECK(server.handled == 20);
    CHECK(server.server->connections() == 1);
  }
}

TEST_CASE("tls: a certificate that must not be believed ends in kUnavailable, with the reason") {
  const auto trusted = certificate("127.0.0.1");
  const auto other_name = certificate("pay.example");
  const auto other_address = certificate("127.0.0.2");
  const auto name_only_in_subject = certificate("");
  const auto expired = certificate("127.0.0.1", -2 * kDay, -kDay);
  const auto not_yet = certificate("127.0.0.1", kDay, 2 * kDay);
  struct Row {
    std::string what, served, ca, host, reason;
  };
  const Row rows[] = {
      {"unknown CA", trusted, other_name, "127.0.0.1", "self-signed certificate"},
      {"system roots only", trusted, "", "127.0.0.1", "self-signed certificate"},
      {"wrong address", other_address, other_address, "127.0.0.1", "IP address mismatch"},
      {"name for an address", other_name, other_name, "127.0.0.1", "IP address mismatch"},
      {"wrong name", other_name, other_name, "localhost", "hostname mismatch"},
      {"address for a name", trusted, trusted, "localhost", "hostname mismatch"},
      {"no alternative name", name_only_in_subject, name_only_in_subject, "localhost",
       "hostname mismatch"},
      {"expired", expired, expired, "127.0.0.1", "certificate has expired"},
      {"not yet valid", not_yet, not_yet, "127.0.0.1", "certificate is not yet valid"},
  };
  for (const auto& row : rows) {
    TlsServer server(row.served);
    const auto client = client_that_trusts(row.ca);
    const auto answer =
        client->send_and_wait({.method = "POST", .body = "pay"}, server.url(row.host), 5000);
    CAPTURE(row.what);
    REQUIRE_FALSE(answer);
    CAPTURE(answer.error().message);
    CHECK(answer.error().code == Errc::kUnavailable);
    CHECK(answer.error().message.find(row.reason) != std::string::npos);
    CHECK(server.handled == 0);
  }
}

TEST_CASE("tls: a server that speaks no TLS, or nothing, is kUnavailable") {
  const auto pem = certificate("127.0.0.1");
  const auto client = client_that_trusts(pem, 300);
  const auto url_of = [](std::uint16_t port) {
    return Url::parse("https://127.0.0.1:" + std::to_string(port)).value();
  };
  tests::ScriptedServer plain([](tests::RawSocket& socket, int) {
    socket.receive_until("\x16");
    socket.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
  });
  tests::ScriptedServer silent([](tests::RawSocket& socket, int) { socket.receive_all(); });
  for (const auto port : {plain.port(), silent.port()}) {
    const auto answer = client->send_and_wait({.method = "POST"}, url_of(port), 5000);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().code == Errc::kUnavailable);
  }
}

TEST_CASE("tls: plain HTTP, garbage and silence at a TLS port are cut and harm nobody") {
  const auto pem = certificate("127.0.0.1");
  TlsServer server(pem, 1'000);
  for (const std::string& bytes : {std::string("GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
                                   std::string("\x16\x03\x01\xff\xff"), std::string()}) {
    auto raw = tests::RawSocket::connect(server.server->port());
    raw.send(bytes);
    CHECK(raw.receive_all(20'000).find("200") == std::string::npos);
    CHECK_FALSE(raw.timed_out());
  }
  CHECK(server.handled == 0);
  const auto answer =
      client_that_trusts(pem)->send_and_wait({.method = "GET"}, server.url("127.0.0.1"), 5000);
  CHECK(answer);
}

TEST_CASE("tls: many clients at once are served over TLS, and stop ends them") {
  const auto pem = certificate("127.0.0.1");
  TlsServer server(pem);
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      const auto client = client_that_trusts(pem);
      for (int i = 0; i < 25; ++i)
        if (client->send_and_wait({.method = "GET"}, server.url("127.0.0.1"), 10'000)) ++right;
    });
  for (auto& thread : threads) thread.join();
  CHECK(right == 100);
  server.server->stop(2000);
  CHECK(server.server->connections() == 0);
}

TEST_CASE("tls: an identity that does not hold together is refused without quoting it") {
  const auto pem = certificate("127.0.0.1");
  const auto other_key = PrivateKey::generate_rsa2048().to_pem();
  const TlsIdentity rows[] = {
      {"", test_key().to_pem()},
      {"garbage", test_key().to_pem()},
      {pem, ""},
      {pem, "garbage"},
      {pem, other_key},
      {test_key().to_pem(), test_key().to_pem()},
  };
  for (const auto& row : rows) {
    const auto context = make_server_tls(row);
    REQUIRE_FALSE(context);
    CHECK(context.error().code == Errc::kConfig);
    CHECK(context.error().message.find("BEGIN") == std::string::npos);
    CHECK_FALSE(HttpServer::start({.tls = row}, [](HttpRequest&&, HttpServer::Reply) {}));
  }
  CHECK(make_server_tls({pem, test_key().to_pem()}));
  CHECK_FALSE(load_tls_identity("/no/such/cert.pem", "/no/such/key.pem"));
}
