#include "api/auth.h"

#include <catch2/catch.hpp>

#include "ledger/base/digest.h"
#include "tests/api/outside_program.h"

using namespace suanpan;
using namespace suanpan::api;

namespace {

constexpr Timestamp kNow = Timestamp::from_seconds(1700000000);
constexpr std::string_view kNonce = "0123456789abcdef";

KeyRecord key() {
  return {"k1", Secret{"offline-test-secret-32-bytes-long"}, {Role::kUpstream}, true};
}

HttpRequest call() {
  return {"POST", "/v1/books/b/vouchers?x=1&y=%20", {}, R"({"amount":1,"摘要":"中"})", ""};
}

HttpRequest signed_call() {
  HttpRequest request = call();
  sign_request(request, key(), kNow, kNonce);
  return request;
}

/// What the server does before it looks at nonces and roles.
Result<void, AuthFailure> check(const HttpRequest& request, Timestamp now = kNow,
                                const KeyRecord& record = key()) {
  auto credentials = read_credentials(request);
  if (!credentials) return credentials.error();
  return check_request(request, credentials.value(), record, now);
}

/// The signature as openssl computes it.
std::string outside_signature(const HttpRequest& request, std::string_view timestamp,
                              std::string_view nonce) {
  const std::string hash = test::run_outside("openssl dgst -sha256 -r", request.body).substr(0, 64);
  const std::string message = request.method + "\n" + request.target + "\n" +
                              std::string(timestamp) + "\n" + std::string(nonce) + "\n" + hash +
                              "\n";
  std::string out = test::run_outside(
      "openssl dgst -sha256 -hmac offline-test-secret-32-bytes-long -binary | base64 -w0", message);
  while (!out.empty() && out.back() == '\n') out.pop_back();
  return out;
}

}  // namespace

TEST_CASE("auth: our signature is the one that openssl computes") {
  const HttpRequest bodies[] = {call(), {"GET", "/v1/books", {}, "", ""}};
  for (HttpRequest request : bodies) {
    const std::string expected = outside_signature(request, "1700000000", kNonce);
    sign_request(request, key(), kNow, kNonce);
    CHECK(request.headers.find("Suanpan-Key") == "k1");
    CHECK(request.headers.find("Suanpan-Timestamp") == "1700000000");
    CHECK(request.headers.find("Suanpan-Nonce") == kNonce);
    CHECK(request.headers.find("Suanpan-Signature") == expected);
    CHECK(check(request));
  }
}

TEST_CASE("auth: a change of any signed part breaks the signature") {
  struct Row {
    const char* what;
    void (*change)(HttpRequest&);
  };
  const Row rows[] = {
      {"method", [](HttpRequest& r) { r.method = "PUT"; }},
      {"path", [](HttpRequest& r) { r.target = "/v1/books/c/vouchers?x=1&y=%20"; }},
      {"query value", [](HttpRequest& r) { r.target = "/v1/books/b/vouchers?x=2&y=%20"; }},
      {"query dropped", [](HttpRequest& r) { r.target = "/v1/books/b/vouchers"; }},
      {"query encoded otherwise",
       [](HttpRequest& r) { r.target = "/v1/books/b/vouchers?x=1&y=+"; }},
      {"body", [](HttpRequest& r) { r.body[10] = '2'; }},
      {"body emptied", [](HttpRequest& r) { r.body.clear(); }},
      {"body grown", [](HttpRequest& r) { r.body += " "; }},
      {"timestamp", [](HttpRequest& r) { r.headers.set("Suanpan-Timestamp", "1700000001"); }},
      {"nonce", [](HttpRequest& r) { r.headers.set("Suanpan-Nonce", "0123456789abcdeF"); }},
      {"signature",
       [](HttpRequest& r) { r.headers.set("Suanpan-Signature", base64(std::string(32, 'x'))); }},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    HttpRequest request = signed_call();
    row.change(request);
    const auto verdict = check(request);
    REQUIRE_FALSE(verdict);
    CHECK(verdict.error() == AuthFailure::kBadSignature);
  }
  KeyRecord other = key();
  other.secret = Secret{"offline-test-secret-32-bytes-lonG"};
  CHECK(check(signed_call(), kNow, other).error() == AuthFailure::kBadSignature);
}

TEST_CASE("auth: missing, malformed, stale and withdrawn are told apart") {
  const char* names[] = {"Suanpan-Key", "Suanpan-Timestamp", "Suanpan-Nonce", "Suanpan-Signature"};
  for (const char* name : names) {
    INFO(name);
    const HttpRequest good = signed_call();
    HttpRequest missing = call();
    HttpHeaders twice = good.headers;
    std::vector<std::pair<std::string, std::string>> repeated = good.headers.fields();
    for (const auto& [field, value] : good.headers.fields()) {
      if (field != name) missing.headers.set(field, value);
    }
    CHECK(check(missing).error() == AuthFailure::kMissing);
    HttpRequest empty = good;
    empty.headers.set(name, "");
    CHECK(check(empty).error() == AuthFailure::kMalformed);
  }
  HttpRequest doubled = call();
  doubled.headers = {{"Suanpan-Key", "k1"},
                     {"suanpan-key", "k2"},
                     {"Suanpan-Timestamp", "1700000000"},
                     {"Suanpan-Nonce", std::string(kNonce)},
                     {"Suanpan-Signature", base64(std::string(32, 'x'))}};
  CHECK(check(doubled).error() == AuthFailure::kMalformed);

  const std::pair<const char*, std::string> malformed[] = {
      {"Suanpan-Key", "k 1"},
      {"Suanpan-Key", std::string(65, 'k')},
      {"Suanpan-Timestamp", "01700000000"},
      {"Suanpan-Timestamp", "1700000000000"},
      {"Suanpan-Timestamp", "-1700000000"},
      {"Suanpan-Timestamp", "1700000000.5"},
      {"Suanpan-Timestamp", "2023-11-14"},
      {"Suanpan-Timestamp", "9223372037"},  // one second more than 64 bits of nanoseconds
      {"Suanpan-Timestamp", "9999999999"},
      {"Suanpan-Nonce", "short"},
      {"Suanpan-Nonce", "0123456789abcde\n"},
      {"Suanpan-Nonce", std::string(65, 'n')},
      {"Suanpan-Signature", "not base64!"},
      {"Suanpan-Signature", base64("too short")},
      {"Suanpan-Signature", base64(std::string(33, 'x'))},
  };
  for (const auto& [name, value] : malformed) {
    INFO(name << ": " << value);
    HttpRequest request = signed_call();
    request.headers.set(name, value);
    CHECK(check(request).error() == AuthFailure::kMalformed);
  }

  CHECK(check(signed_call(), kNow.plus_seconds(300)));
  CHECK(check(signed_call(), kNow.plus_seconds(-300)));
  CHECK(check(signed_call(), kNow.plus_seconds(301)).error() == AuthFailure::kStale);
  CHECK(check(signed_call(), kNow.plus_seconds(-301)).error() == AuthFailure::kStale);
  // Whoever cannot sign learns nothing about clocks.
  HttpRequest forged = signed_call();
  forged.body += "x";
  CHECK(check(forged, kNow.plus_seconds(9999)).error() == AuthFailure::kBadSignature);
  HttpRequest far = call();
  sign_request(far, key(), Timestamp::from_seconds(9'223'372'036), kNonce);
  CHECK(check(far).error() == AuthFailure::kStale);

  KeyRecord off = key();
  off.enabled = false;
  CHECK(check(signed_call(), kNow, off).error() == AuthFailure::kKeyDisabled);
  KeyRecord weak = key();
  weak.secret = Secret{};
  HttpRequest self_signed = call();
  sign_request(self_signed, weak, kNow, kNonce);
  CHECK(check(self_signed, kNow, weak).error() == AuthFailure::kBadSignature);
}

TEST_CASE("auth: roles are a set with names") {
  constexpr Roles both{Role::kChecker, Role::kMaker};
  CHECK(both.text() == "maker,checker");
  CHECK(both.has(Role::kMaker));
  CHECK_FALSE(both.has(Role::kOperator));
  CHECK(both.has_any({Role::kOperator, Role::kChecker}));
  CHECK_FALSE(both.has_any({Role::kOperator, Role::kAuditor, Role::kUpstream}));
  CHECK_FALSE(Roles{}.has_any(both));
  const auto parsed = Roles::parse("checker,maker");
  REQUIRE(parsed);
  CHECK(parsed.value() == both);
  CHECK(Roles::parse("upstream,maker,checker,auditor,operator").value().bits() == 31);
  for (const char* bad :
       {"", "root", "maker,", ",maker", "maker,maker", "Maker", "maker checker"}) {
    INFO(bad);
    CHECK_FALSE(Roles::parse(bad));
  }
}
