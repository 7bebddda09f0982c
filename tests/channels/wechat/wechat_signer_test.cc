#include <catch2/catch.hpp>
#include <map>

#include "tests/channels/wechat/counterpart.h"

namespace suanpan::channels::wechat {
namespace {

using test::kNow;

/// The fields of an Authorization value, whatever their order.
std::map<std::string, std::string> fields_of(std::string_view value) {
  constexpr std::string_view kScheme = "WECHATPAY2-SHA256-RSA2048 ";
  REQUIRE(value.substr(0, kScheme.size()) == kScheme);
  value.remove_prefix(kScheme.size());
  std::map<std::string, std::string> fields;
  while (!value.empty()) {
    const auto equals = value.find("=\"");
    const auto quote = value.find('"', equals + 2);
    REQUIRE(quote != std::string_view::npos);
    fields.emplace(value.substr(0, equals), value.substr(equals + 2, quote - equals - 2));
    value.remove_prefix(std::min(quote + 2, value.size()));
  }
  return fields;
}

TEST_CASE("wechat signer: the string to sign ends with a line even for an empty body") {
  CHECK(request_message("GET", "/v3/certificates", 1554208460, "593BEC0C930BF1AF", "") ==
        "GET\n/v3/certificates\n1554208460\n593BEC0C930BF1AF\n\n");
  CHECK(request_message("POST", "/v3/x?a=1", 1, "n", "{}") == "POST\n/v3/x?a=1\n1\nn\n{}\n");
  CHECK(response_message("1", "n", "") == "1\nn\n\n");
}

TEST_CASE("wechat signer: Authorization names who signed and its signature holds") {
  HttpRequest request{"POST", "/v3/pay/transactions/native", {}, R"({"a":1})", {}};
  sign(request, test::credentials(), test::stamp());
  const auto fields = fields_of(*request.headers.find("authorization"));
  CHECK(fields.size() == 5);
  CHECK(fields.at("mchid") == "1900000109");
  CHECK(fields.at("serial_no") == "5157F09EFDC096DE15EBE81A47057A72");
  CHECK(fields.at("nonce_str") == "593BEC0C930BF1AFEB40B4A08C8FB242");
  // 2026-03-04 12:30:00 +08:00, by `date -d … +%s`.
  CHECK(fields.at("timestamp") == "1772598600");
  CHECK(test::keys().merchant.public_key().verify_sha256(
      "POST\n/v3/pay/transactions/"
      "native\n1772598600\n593BEC0C930BF1AFEB40B4A08C8FB242\n{\"a\":1}\n",
      *from_base64(fields.at("signature"))));
  CHECK(*request.headers.find("Content-Type") == "application/json");
  CHECK(*request.headers.find("Host") == "api.mch.weixin.qq.com");
}

TEST_CASE("wechat signer: Wechatpay-Serial is the public key's, else the longest certificate's") {
  const auto serial = [](const PlatformKeys& keys) {
    auto ours = test::credentials();
    ours.platform_keys = keys;
    HttpRequest request{"GET", "/", {}, {}, {}};
    sign(request, ours, test::stamp());
    return std::string(request.headers.find("Wechatpay-Serial").value_or("none"));
  };
  CHECK(serial(PlatformKeys{}) == "none");
  CHECK(serial(test::platform_keys()) == test::kPublicKeyId);
  const auto longer =
      self_signed_certificate(test::keys().stranger, "longer", kNow, kNow.plus_seconds(999'999));
  const auto expired = self_signed_certificate(test::keys().stranger, "expired",
                                               kNow.plus_seconds(-20), kNow.plus_seconds(-10));
  PlatformKeys certificates;
  REQUIRE(certificates.add_certificate(test::keys().certificate_pem));
  REQUIRE(certificates.add_certificate(expired));
  CHECK(serial(certificates) == test::keys().certificate_serial);
  REQUIRE(certificates.add_certificate(longer));
  CHECK(serial(certificates) == Certificate::from_pem(longer).value().serial_hex());
}

TEST_CASE("wechat signer: JSAPI signs prepay_id=…, App signs the bare prepay_id") {
  const auto ours = test::credentials();
  const auto key = test::keys().merchant.public_key();
  const std::string head = "wxd678efh567hg6787\n1772598600\n593BEC0C930BF1AFEB40B4A08C8FB242\n";
  CHECK(key.verify_sha256(
      head + "prepay_id=wx201410272009395522657a690389285100\n",
      *from_base64(jsapi_pay_sign(ours, "wx201410272009395522657a690389285100", test::stamp()))));
  CHECK(key.verify_sha256(
      head + "wx201410272009395522657a690389285100\n",
      *from_base64(app_pay_sign(ours, "wx201410272009395522657a690389285100", test::stamp()))));
}

TEST_CASE("wechat credentials: what cannot sign or decrypt is refused, naming the field only") {
  struct Row {
    const char* name;
    void (*spoil)(Credentials&);
  };
  const Row rows[] = {
      {"mchid", [](Credentials& c) { c.mchid = "19000\"00109"; }},
      {"mchid", [](Credentials& c) { c.mchid.clear(); }},
      {"appid", [](Credentials& c) { c.appid = "wx\n1"; }},
      {"serial", [](Credentials& c) { c.merchant_serial = "not-hex"; }},
      {"APIv3", [](Credentials& c) { c.api_v3_key = Secret("testMchAPIv3Key0"); }},
      {"host", [](Credentials& c) { c.base_host = "https://host/"; }},
  };
  CHECK(Adapter::make(test::credentials()));
  for (const auto& row : rows) {
    auto spoiled = test::credentials();
    row.spoil(spoiled);
    const auto made = Adapter::make(spoiled);
    INFO(row.name);
    REQUIRE_FALSE(made);
    CHECK(made.error().code == Errc::kConfig);
    CHECK(made.error().message.find(row.name) != std::string::npos);
    CHECK(made.error().message.find("testMch") == std::string::npos);
  }
}

}  // namespace
}  // namespace suanpan::channels::wechat
