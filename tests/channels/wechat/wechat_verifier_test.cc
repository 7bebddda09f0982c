#include <catch2/catch.hpp>

#include "tests/channels/wechat/counterpart.h"

namespace suanpan::channels::wechat {
namespace {

using test::answer;
using test::keys;
using test::kNow;
using test::platform_keys;
using test::sign_as;

constexpr std::string_view kBody = R"({"code_url":"weixin://wxpay/bizpayurl?pr=qnu8Fhqzz"})";

std::string lower(std::string text) {
  for (auto& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

TEST_CASE("wechat verifier: certificate and public key serve at once, serials in either case") {
  const auto all = platform_keys();
  HttpHeaders headers;
  for (const auto& serial : {keys().certificate_serial, lower(keys().certificate_serial)}) {
    sign_as(headers, kBody, keys().certificate_key, serial, kNow);
    CHECK(all.verify(headers, kBody, kNow));
  }
  for (const auto& serial :
       {std::string(test::kPublicKeyId), lower(std::string(test::kPublicKeyId))}) {
    sign_as(headers, kBody, keys().public_mode_key, serial, kNow);
    CHECK(all.verify(headers, kBody, kNow));
  }
  // Each key under its own name only.
  sign_as(headers, kBody, keys().certificate_key, test::kPublicKeyId, kNow);
  CHECK_FALSE(all.verify(headers, kBody, kNow));
}

TEST_CASE("wechat verifier: five minutes of skew, either way, are refused") {
  const auto all = platform_keys();
  struct Row {
    std::int64_t seconds;
    bool held;
  };
  const Row rows[] = {{0, true},     {299, true},    {-299, true},   {300, false},
                      {-300, false}, {40000, false}, {-40000, false}};
  for (const auto& row : rows) {
    HttpHeaders headers;
    sign_as(headers, kBody, keys().certificate_key, keys().certificate_serial,
            kNow.plus_seconds(row.seconds));
    INFO(row.seconds);
    CHECK(bool(all.verify(headers, kBody, kNow)) == row.held);
  }
}

TEST_CASE("wechat verifier: whatever is tampered with is refused") {
  const auto all = platform_keys();
  const auto spoil = [](std::string_view name, std::string_view value) {
    auto response = answer(200, std::string(kBody));
    response.headers.set(name, value);
    return response.headers;
  };
  struct Row {
    const char* what;
    HttpHeaders headers;
  };
  auto repeated = answer(200, std::string(kBody)).headers;
  repeated.add("Wechatpay-Serial", keys().certificate_serial);
  HttpHeaders stranger;
  sign_as(stranger, kBody, keys().stranger, keys().certificate_serial, kNow);
  HttpHeaders probe = spoil("Wechatpay-Signature", "WECHATPAY/SIGNTEST/kXu2N0mI5zT");
  std::vector<Row> rows = {
      {"no headers", {}},
      {"nonce", spoil("Wechatpay-Nonce", "c5ac7061fccab6bf3e254dcf98995b8d")},
      {"timestamp", spoil("Wechatpay-Timestamp", fmt::format("{}", kNow.seconds() + 1))},
      {"timestamp of text", spoil("Wechatpay-Timestamp", "yesterday")},
      {"timestamp empty", spoil("Wechatpay-Timestamp", "")},
      {"timestamp negative", spoil("Wechatpay-Timestamp", "-9223372036854775808")},
      {"timestamp huge", spoil("Wechatpay-Timestamp", "9223372036854775807")},
      {"timestamp beyond 64 bits", spoil("Wechatpay-Timestamp", "99999999999999999999")},
      {"serial of nobody", spoil("Wechatpay-Serial", "5157F09EFDC096DE15EBE81A47057A72")},
      {"serial of another key", spoil("Wechatpay-Serial", test::kPublicKeyId)},
      {"serial empty", spoil("Wechatpay-Serial", "")},
      {"signature empty", spoil("Wechatpay-Signature", "")},
      {"signature not base64", spoil("Wechatpay-Signature", "!!!")},
      {"signature of another length", spoil("Wechatpay-Signature", "AAAA")},
      {"probe", probe},
      {"a stranger's key", stranger},
      {"a repeated header", repeated},
      {"a signature of another type", spoil("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3")},
  };
  for (const auto* name :
       {"Wechatpay-Signature", "Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial"}) {
    HttpHeaders without;
    const auto signed_answer = answer(200, std::string(kBody));
    for (const auto& [field, value] : signed_answer.headers.fields())
      if (field != name) without.set(field, value);
    rows.push_back({name, without});
  }
  for (const auto& row : rows) {
    INFO(row.what);
    const auto held = all.verify(row.headers, kBody, kNow);
    REQUIRE_FALSE(held);
    CHECK((held.error().code == Errc::kBadSignature || held.error().code == Errc::kUnsupported));
  }
  // A probe is named as what it is, so that an operator does not look for a broken key.
  CHECK_THAT(all.verify(probe, kBody, kNow).error().message, Catch::Contains("probe"));
  const auto good = answer(200, std::string(kBody));
  CHECK(all.verify(good.headers, kBody, kNow));
  CHECK_FALSE(all.verify(good.headers, std::string(kBody) + "\n", kNow));
  CHECK_FALSE(all.verify(good.headers, "", kNow));
  for (std::size_t i = 0; i < kBody.size(); ++i) {
    std::string flipped(kBody);
    flipped[i] = static_cast<char>(flipped[i] ^ 1);
    CHECK_FALSE(all.verify(good.headers, flipped, kNow));
  }
}

TEST_CASE("wechat verifier: a certificate serves within its validity only") {
  const auto pem = self_signed_certificate(keys().stranger, "short", kNow, kNow.plus_seconds(100));
  const auto serial = Certificate::from_pem(pem).value().serial_hex();
  PlatformKeys one;
  REQUIRE(one.add_certificate(pem));
  struct Row {
    std::int64_t seconds;
    bool held;
  };
  for (const auto& row : {Row{-1, false}, Row{0, true}, Row{100, true}, Row{101, false}}) {
    const auto now = kNow.plus_seconds(row.seconds);
    HttpHeaders headers;
    sign_as(headers, kBody, keys().stranger, serial, now);
    INFO(row.seconds);
    CHECK(bool(one.verify(headers, kBody, now)) == row.held);
  }
}

TEST_CASE("wechat verifier: keys that are none are refused") {
  PlatformKeys all;
  const auto pem = keys().public_mode_key.public_key().to_pem();
  CHECK_FALSE(all.add_certificate("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"));
  CHECK_FALSE(all.add_public_key("5157F09EFDC096DE", pem));
  CHECK_FALSE(all.add_public_key("PUB_KEY_ID_", pem));
  CHECK_FALSE(all.add_public_key("PUB_KEY_ID_1\r\n", pem));
  CHECK_FALSE(all.add_public_key(test::kPublicKeyId, "not a key"));
  CHECK(all.size() == 0);
}

std::string certificate_item(std::string_view serial, std::string_view pem,
                             std::string_view key = test::kApiV3Key) {
  return fmt::format(R"({{"serial_no":"{}","encrypt_certificate":{}}})", serial,
                     test::sealed(pem, "certificate", "", key));
}

TEST_CASE("wechat certificates: the first download needs nothing but the APIv3 key") {
  const Secret key{std::string(test::kApiV3Key)};
  const auto body =
      fmt::format(R"({{"data":[{}]}})",
                  certificate_item(lower(keys().certificate_serial), keys().certificate_pem));
  const auto found = decode_certificates(key, PlatformKeys{}, answer(200, body), kNow);
  REQUIRE(found);
  CHECK(found.value().size() == 1);
  CHECK(found.value().contains(keys().certificate_serial));
}

TEST_CASE("wechat certificates: a new certificate joins the old ones") {
  const Secret key{std::string(test::kApiV3Key)};
  const auto pem = self_signed_certificate(keys().stranger, "next", kNow, kNow.plus_seconds(100));
  const auto serial = Certificate::from_pem(pem).value().serial_hex();
  const auto sm2 = R"({"serial_no":"1","encrypt_certificate":{"algorithm":"AEAD_SM4_GCM",)"
                   R"("nonce":"","associated_data":"","ciphertext":""}})";
  const auto body = fmt::format(R"({{"data":[{},{}]}})", certificate_item(serial, pem), sm2);
  const auto found = decode_certificates(key, platform_keys(), answer(200, body), kNow);
  REQUIRE(found);
  CHECK(found.value().size() == 3);
}

TEST_CASE("wechat certificates: an answer that does not fit is refused whole") {
  const Secret key{std::string(test::kApiV3Key)};
  const auto pem = keys().certificate_pem;
  const auto serial = keys().certificate_serial;
  const auto good = certificate_item(serial, pem);
  struct Row {
    const char* what;
    std::string body;
    Errc code;
  };
  const Row rows[] = {
      {"not JSON", "<html>", Errc::kMalformed},
      {"no data", "{}", Errc::kMalformed},
      {"data of another kind", R"({"data":{}})", Errc::kMalformed},
      {"empty data", R"({"data":[]})", Errc::kMismatch},
      {"another serial", fmt::format(R"({{"data":[{}]}})", certificate_item("5157F09E", pem)),
       Errc::kMismatch},
      {"another APIv3 key",
       fmt::format(R"({{"data":[{}]}})",
                   certificate_item(serial, pem, "x123456789abcdef0123456789ABCDEF")),
       Errc::kBadSignature},
      {"not a certificate", fmt::format(R"({{"data":[{}]}})", certificate_item(serial, "pem")),
       Errc::kMalformed},
      {"one bad of two", fmt::format(R"({{"data":[{},{}]}})", good, certificate_item("1", "pem")),
       Errc::kMalformed},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    const auto found = decode_certificates(key, platform_keys(), answer(200, row.body), kNow);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == row.code);
  }
  auto forged = answer(200, fmt::format(R"({{"data":[{}]}})", good));
  sign_as(forged.headers, forged.body, keys().stranger, serial, kNow);
  CHECK(decode_certificates(key, platform_keys(), forged, kNow).error().code ==
        Errc::kBadSignature);
}

}  // namespace
}  // namespace suanpan::channels::wechat
