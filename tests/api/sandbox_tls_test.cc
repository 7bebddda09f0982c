// The sandbox over TLS, asked by the client that the engine uses: only a certificate that is
// trusted, in date and for that host is talked to.
#include <catch2/catch.hpp>
#include <fstream>

#include "api/sandbox_host.h"
#include "channels/https_client.h"
#include "ledger/base/clock.h"
#include "ledger/base/signature.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;

namespace {

struct TlsSandbox {
  test::TempFolder folder;
  std::string certificate;
  std::unique_ptr<api::SandboxHost> host;

  TlsSandbox(const std::string& name, Timestamp from, Timestamp until) {
    const PrivateKey key = PrivateKey::generate_rsa2048();
    certificate = self_signed_certificate(key, "sandbox", from, until, name);
    const auto file = [&](const char* what) { return folder.path() / what; };
    std::ofstream(file("cert.pem")) << certificate;
    std::ofstream(file("key.pem")) << key.to_pem();
    std::ofstream(file("settings.json"))
        << R"({"merchants":[{"mchid":"1900000109","name":"m","appids":["wx1"],"bank_account":"6228"}],)"
        << R"("accounts":[{"account":"6228","name":"a"}]})";
    api::SandboxHostOptions options;
    options.keys = file("keys");
    options.settings = file("settings.json");
    options.tls_certificate = file("cert.pem");
    options.tls_key = file("key.pem");
    auto started = api::SandboxHost::start(options);
    REQUIRE(started);
    host = std::move(started.value());
  }

  /// The status of GET /sandbox/state, or the error of the connection.
  Result<int> ask(const std::string& trusted_pem) const {
    channels::HttpsClientOptions options;
    options.allow_private_addresses = true;
    options.ca_pem = trusted_pem;
    auto client = channels::HttpsClient::create(options);
    REQUIRE(client);
    auto url = channels::Url::parse(fmt::format("https://127.0.0.1:{}", host->port()));
    REQUIRE(url);
    HttpRequest request;
    request.method = "GET";
    request.target = "/sandbox/state";
    const auto answer = client.value()->send_and_wait(std::move(request), url.value(), 5000);
    if (!answer) return answer.error();
    return answer.value().status;
  }
};

}  // namespace

TEST_CASE(
    "sandbox over TLS: the right certificate is talked to, all others are refused before a byte is "
    "sent") {
  const Timestamp now = SystemClock().now();
  const Timestamp before = now.plus_seconds(-86'400), after = now.plus_seconds(86'400);
  const TlsSandbox good("127.0.0.1", before, after);
  const auto answered = good.ask(good.certificate);
  REQUIRE(answered);
  CHECK(answered.value() == 200);

  const auto refused = [](const Result<int>& asked) {
    REQUIRE_FALSE(asked);
    CHECK(asked.error().code == Errc::kUnavailable);
  };
  const TlsSandbox other("127.0.0.1", before, after);
  refused(good.ask(other.certificate));  // an unknown authority
  const TlsSandbox elsewhere("pay.example", before, after);
  refused(elsewhere.ask(elsewhere.certificate));  // trusted, for another host
  const TlsSandbox expired("127.0.0.1", before.plus_seconds(-86'400), before);
  refused(expired.ask(expired.certificate));  // trusted, out of date
}
