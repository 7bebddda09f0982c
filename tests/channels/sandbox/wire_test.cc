// Authentication: who is let in, and that every answer is signed.
#include "tests/channels/sandbox/world.h"

using namespace suanpan;
using namespace suanpan::sandbox::test;

namespace {

const std::string kTarget = "/v3/pay/transactions/out-trade-no/T00001?mchid=1900000001";

/// The request with its Authorization put through `change`.
HttpRequest changed(World& world, const std::function<std::string(std::string)>& change) {
  HttpRequest request = world.request("GET", kTarget);
  request.headers.set("Authorization", change(std::string(*request.headers.find("Authorization"))));
  return request;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

int status(World& world, const HttpRequest& request) {
  const auto answer = world.sandbox->handle(request, world.now);
  REQUIRE(answer);
  CHECK(World::holds(answer->headers, answer->body));  // refusals are signed too
  if (answer->status == 401) CHECK(World::text(answer->body, "code") == "SIGN_ERROR");
  return answer->status;
}

}  // namespace

TEST_CASE("sandbox wire: an Authorization is read in any order of its fields, any case of serial") {
  World world;
  // 404 ORDER_NOT_EXIST: past authentication.
  CHECK(status(world, world.request("GET", kTarget)) == 404);
  CHECK(status(world, changed(world, [](std::string text) {
                 const std::string scheme = "WECHATPAY2-SHA256-RSA2048 ";
                 std::string fields = text.substr(scheme.size());
                 const auto at = fields.find(",signature=");
                 return scheme + fields.substr(at + 1) + ", " + fields.substr(0, at);
               })) == 404);
  CHECK(status(world, changed(world, [&](std::string text) {
                 std::string lower = world.serials.at(kShop);
                 for (char& c : lower) c = static_cast<char>(std::tolower(c));
                 return replaced(text, world.serials.at(kShop), lower);
               })) == 404);
}

TEST_CASE("sandbox wire: an Authorization with any fault is SIGN_ERROR") {
  World world;
  const std::pair<const char*, const char*> swaps[] = {
      {"WECHATPAY2-SHA256-RSA2048 ", "WECHATPAY2-SM2-WITH-SM3 "},
      {"mchid=\"1900000001\"", "mchid=\"1900000099\""},
      {"mchid=\"1900000001\"", "mchid=\"1900000002\""},
      {"mchid=\"1900000001\",", ""},
      {"mchid=\"1900000001\",", "mchid=\"1900000001\",mchid=\"1900000001\","},
      {"nonce_str=\"nonce", "nonce_str=\"other"},
      {"timestamp=\"", "timestamp=\"1"},
      {"timestamp=\"", "timestamp=\"x"},
      {"serial_no=\"", "serial_no=\"A"},
      {"signature=\"", "signature=\"!"},
      {"signature=\"", "signature=\"AAAA"},
      {"\",signature", ",signature"},
  };
  for (const auto& [from, to] : swaps) {
    INFO(from << " → " << to);
    CHECK(status(world, changed(world, [&, f = from, t = to](std::string text) {
                   return replaced(std::move(text), f, t);
                 })) == 401);
  }
  HttpRequest none = world.request("GET", kTarget);
  none.headers = {};
  CHECK(status(world, none) == 401);
  HttpRequest other_target = world.request("GET", kTarget);
  other_target.target += "&x=1";
  CHECK(status(world, other_target) == 401);
  HttpRequest other_body = world.request("POST", "/v3/pay/transactions/native", "{}");
  other_body.body = "{ }";
  CHECK(status(world, other_body) == 401);
}

TEST_CASE("sandbox wire: a request five minutes off is refused, a second less is not") {
  World world;
  const std::pair<int, int> rows[] = {{300, 401}, {299, 404}, {-299, 404}, {-300, 401}};
  for (const auto& [late, expected] : rows) {
    INFO(late);
    const HttpRequest request = world.request("GET", kTarget);
    const auto answer = world.sandbox->handle(request, world.now.plus_seconds(late));
    REQUIRE(answer);
    CHECK(answer->status == expected);
  }
}

TEST_CASE("sandbox wire: signatures go by the wire's time, business by the business time") {
  World world;
  world.place("T00001", 100);
  const Timestamp business = at("2026-03-04 18:00:00");
  HttpRequest pay{"POST", "/sandbox/wechat/pay", {}, R"({"out_trade_no":"T00001"})", {}};
  CHECK(world.sandbox->handle(pay, {business, world.now})->status == 200);
  const auto answer = world.sandbox->handle(world.request("GET", kTarget), {business, world.now});
  REQUIRE(answer);
  CHECK(World::text(answer->body, "success_time") == "2026-03-04T18:00:00+08:00");
  CHECK(*answer->headers.find("Wechatpay-Timestamp") == std::to_string(world.now.seconds()));
}

TEST_CASE("sandbox wire: an unknown route or method is RESOURCE_NOT_EXISTS") {
  World world;
  for (const char* target : {"/v3/pay/partner/transactions/native", "/v3/profitsharing/orders",
                             "/v3/pay/transactions/out-trade-no/", "/v3/"}) {
    INFO(target);
    const auto answer = world.api("GET", target);
    CHECK(answer.status == 404);
    CHECK(World::text(answer.body, "code") == "RESOURCE_NOT_EXISTS");
  }
  CHECK(world.api("DELETE", kTarget).status == 404);
  CHECK(world.api("GET", "/v3/pay/transactions/id/%zz").status == 400);
}

TEST_CASE("sandbox wire: the platform certificate comes encrypted under the merchant's key") {
  World world;
  const auto answer = world.api("GET", "/v3/certificates");
  REQUIRE(answer.status == 200);
  const auto document = JsonDocument::parse(answer.body);
  const auto data = document.value().root().get("data").value().elements();
  REQUIRE(data.size() == 1);
  const auto sealed = data[0].get("encrypt_certificate").value();
  CHECK(sealed.get_string("algorithm").value() == "AEAD_AES_256_GCM");
  CHECK(sealed.get_string("associated_data").value() == "certificate");
  CHECK(World::decrypt(sealed, world.api_keys.at(kShop)) ==
        slurp(key_folder() / "platform-cert.pem"));
  const auto certificate = Certificate::from_pem(slurp(key_folder() / "platform-cert.pem"));
  CHECK(data[0].get_string("serial_no").value() == certificate.value().serial_hex());
  CHECK(data[0].get_string("effective_time").value() == "2026-01-01T00:00:00+08:00");
  CHECK(world.api("GET", "/v3/certificates?algorithm_type=RSA").status == 200);
  CHECK(world.api("GET", "/v3/certificates?algorithm_type=SM2").status == 404);
}

TEST_CASE("sandbox wire: public-key mode signs by the public key and has no certificates") {
  auto settings = World::settings();
  settings.wechat.signing = sandbox::SigningMode::kPublicKey;
  World world(settings);
  const auto key = PublicKey::from_pem(slurp(key_folder() / "pub-key-mode-public.pem"));
  REQUIRE(key);
  const auto answer = world.sandbox->handle(world.request("GET", "/v3/certificates"), world.now);
  REQUIRE(answer);
  CHECK(answer->status == 404);
  CHECK(answer->headers.find("Wechatpay-Serial")->starts_with("PUB_KEY_ID_"));
  CHECK(World::holds_under(key.value(), answer->headers, answer->body));
}

TEST_CASE("sandbox wire: while switching, an answer is signed as the request asks") {
  auto settings = World::settings();
  settings.wechat.signing = sandbox::SigningMode::kSwitching;
  World world(settings);
  CHECK(world.api("GET", "/v3/certificates").status == 200);  // none asked: the certificate
  const std::string id = World::text(slurp(key_folder() / "keys.json"), "public_key_id");
  HttpRequest request = world.request("GET", kTarget);
  request.headers.set("Wechatpay-Serial", id);
  const auto answer = world.sandbox->handle(request, world.now);
  REQUIRE(answer);
  CHECK(*answer->headers.find("Wechatpay-Serial") == id);
}
