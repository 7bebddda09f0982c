// A merchant and a bank's customer in front of the sandbox: signs requests and verifies answers
// with ledger/base alone, without the sandbox's own glue.
#pragma once
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "channels/sandbox/sandbox.h"
#include "ledger/base/cipher.h"
#include "ledger/base/digest.h"
#include "ledger/base/json.h"
#include "ledger/base/signature.h"

namespace suanpan::sandbox::test {

inline constexpr const char* kShop = "1900000001";
inline constexpr const char* kOther = "1900000002";
inline constexpr const char* kAccount = "6228000000000001";

inline std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

/// A folder of this process's own, with keys made once (RSA keys are slow to make), gone at the
/// end.
struct KeyFolder {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("suanpan-sandbox-" + random_id().hex());
  KeyFolder() {
    const auto made =
        Keys::make(path, {kShop, kOther}, Timestamp::of_cn(*Date::of(2026, 1, 1), 0, 0, 0));
    REQUIRE(made);
  }
  ~KeyFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path, ignored);
  }
};
inline const std::filesystem::path& key_folder() {
  static const KeyFolder folder;
  return folder.path;
}

inline Timestamp at(const char* text) { return *Timestamp::parse(text); }

struct World {
  Timestamp now = at("2026-03-04 10:00:00");
  std::unique_ptr<Sandbox> sandbox;
  std::map<std::string, std::string> serials, api_keys;
  int nonce = 0;

  static Settings settings() {
    Settings out;
    MerchantSettings shop{kShop, {"wx-shop"}, "Shop", kAccount};
    MerchantSettings other{kOther, {"wx-other", "wx-shop"}, "Other"};
    out.wechat.book.merchants = {shop, other};
    out.wechat.bills.advertised_base = "https://api.mch.weixin.qq.com";
    out.bank.accounts = {{kAccount, "示例监管户", 100'000, *Date::of(2026, 3, 2)}};
    return out;
  }

  explicit World(const Settings& with = settings()) {
    auto keys = Keys::load(key_folder());
    REQUIRE(keys);
    auto made = Sandbox::make(keys.value(), with);
    REQUIRE(made);
    sandbox = std::move(made.value());
    const auto document = JsonDocument::parse(slurp(key_folder() / "keys.json"));
    for (const JsonValue& merchant : document.value().root().get("merchants").value().elements()) {
      serials[merchant.get_string("mchid").value()] = merchant.get_string("serial_no").value();
      api_keys[merchant.get_string("mchid").value()] = merchant.get_string("api_v3_key").value();
    }
  }

  static const PrivateKey& merchant_key(const std::string& mchid) {
    static std::map<std::string, PrivateKey> keys;
    auto found = keys.find(mchid);
    if (found == keys.end()) {
      auto key = PrivateKey::from_pem(slurp(key_folder() / ("merchant-" + mchid + "-key.pem")));
      REQUIRE(key);
      found = keys.emplace(mchid, key.value()).first;
    }
    return found->second;
  }

  /// A request signed as API v3 says.
  HttpRequest request(const std::string& method, const std::string& target,
                      const std::string& body = "", const std::string& mchid = kShop) {
    const std::string time = std::to_string(now.seconds());
    const std::string once = "nonce" + std::to_string(++nonce);
    const std::string message =
        method + "\n" + target + "\n" + time + "\n" + once + "\n" + body + "\n";
    const std::string signature = base64(merchant_key(mchid).sign_sha256(message));
    HttpRequest out{method, target, {}, body, {}};
    out.headers.set("Authorization", "WECHATPAY2-SHA256-RSA2048 mchid=\"" + mchid +
                                         "\",nonce_str=\"" + once + "\",timestamp=\"" + time +
                                         "\",serial_no=\"" + serials.at(mchid) + "\",signature=\"" +
                                         signature + "\"");
    return out;
  }

  /// Whether the Wechatpay-* fields hold over the body under the platform certificate.
  static bool holds(const HttpHeaders& headers, const std::string& body) {
    static const auto certificate =
        Certificate::from_pem(slurp(key_folder() / "platform-cert.pem"));
    const auto serial = headers.find("Wechatpay-Serial");
    if (!serial || *serial != certificate.value().serial_hex()) return false;
    return holds_under(certificate.value().public_key(), headers, body);
  }
  static bool holds_under(const PublicKey& key, const HttpHeaders& headers,
                          const std::string& body) {
    const auto time = headers.find("Wechatpay-Timestamp");
    const auto once = headers.find("Wechatpay-Nonce");
    const auto signature = headers.find("Wechatpay-Signature");
    if (!time || !once || !signature) return false;
    const auto raw = from_base64(*signature);
    const std::string message = std::string(*time) + "\n" + std::string(*once) + "\n" + body + "\n";
    return raw && key.verify_sha256(message, *raw);
  }

  /// Calls API v3, and verifies the answer's signature, whatever it says.
  HttpResponse api(const std::string& method, const std::string& target,
                   const std::string& body = "", const std::string& mchid = kShop) {
    const auto answer = sandbox->handle(request(method, target, body, mchid), now);
    REQUIRE(answer);
    CHECK(holds(answer->headers, answer->body));
    CHECK(*answer->headers.find("Wechatpay-Timestamp") == std::to_string(now.seconds()));
    return *answer;
  }

  HttpResponse control(const std::string& target, const std::string& body,
                       const std::string& method = "POST") {
    const auto answer = sandbox->handle({method, target, {}, body, {}}, now);
    REQUIRE(answer);
    return *answer;
  }
  void fault(const std::string& json) { REQUIRE(control("/sandbox/faults", json).status == 200); }

  static std::string order(const std::string& number, std::int64_t total_fen,
                           const std::string& more = "") {
    return R"({"appid":"wx-shop","mchid":"1900000001","description":"物业费","out_trade_no":")" +
           number + R"(","notify_url":"http://127.0.0.1:9000/notify","amount":{"total":)" +
           std::to_string(total_fen) + R"(,"currency":"CNY"})" + more + "}";
  }
  void place(const std::string& number, std::int64_t total_fen) {
    REQUIRE(api("POST", "/v3/pay/transactions/native", order(number, total_fen)).status == 200);
  }
  /// Places and pays; the transaction_id.
  std::string paid(const std::string& number, std::int64_t total_fen) {
    place(number, total_fen);
    return pay(R"({"out_trade_no":")" + number + R"(","payer":"oPayer"})");
  }
  std::string pay(const std::string& json) {
    const auto answer = control("/sandbox/wechat/pay", json);
    INFO(answer.body);
    REQUIRE(answer.status == 200);
    return text(answer.body, "transaction_id");
  }
  static std::string refund(const std::string& order, const std::string& number,
                            std::int64_t refund_fen, std::int64_t total_fen,
                            const std::string& more = "") {
    return R"({"out_trade_no":")" + order + R"(","out_refund_no":")" + number +
           R"(","amount":{"refund":)" + std::to_string(refund_fen) + R"(,"total":)" +
           std::to_string(total_fen) + R"(,"currency":"CNY"})" + more + "}";
  }
  HttpResponse ask_refund(const std::string& order, const std::string& number,
                          std::int64_t refund_fen, std::int64_t total_fen) {
    return api("POST", "/v3/refund/domestic/refunds", refund(order, number, refund_fen, total_fen));
  }
  HttpResponse query(const std::string& number, const std::string& mchid = kShop) {
    return api("GET", "/v3/pay/transactions/out-trade-no/" + number + "?mchid=" + mchid, "", mchid);
  }

  /// A string member of a JSON text; "" if there is none.
  static std::string text(const std::string& json, std::string_view key) {
    const auto document = JsonDocument::parse(json);
    if (!document) return {};
    const auto value = document.value().root().get_string(key);
    return value ? value.value() : std::string();
  }
  static std::int64_t amount(const std::string& json, std::string_view key) {
    const auto document = JsonDocument::parse(json);
    REQUIRE(document);
    const auto amount = document.value().root().get("amount");
    REQUIRE(amount);
    const auto value = amount.value().get_int64(key);
    REQUIRE(value);
    return value.value();
  }

  /// The plaintext of an envelope's {nonce, associated_data, ciphertext}.
  static std::string decrypt(const JsonValue& resource, const std::string& key) {
    const auto sealed = from_base64(resource.get_string("ciphertext").value());
    REQUIRE(sealed);
    const auto plain = decrypt_aes_gcm(key, resource.get_string("nonce").value(),
                                       resource.get_string("associated_data").value(), *sealed);
    REQUIRE(plain);
    return plain.value();
  }
  std::string open(const OutgoingNotification& notification, const std::string& mchid = kShop) {
    const auto document = JsonDocument::parse(notification.request.body);
    REQUIRE(document);
    return decrypt(document.value().root().get("resource").value(), api_keys.at(mchid));
  }

  /// The file behind a bill request; verifies hash and answer.
  std::string bill(const std::string& target) {
    const auto answer = api("GET", target);
    INFO(answer.body);
    REQUIRE(answer.status == 200);
    const std::string url = text(answer.body, "download_url");
    const std::string base = "https://api.mch.weixin.qq.com";
    REQUIRE(url.substr(0, base.size()) == base);
    const auto file = sandbox->handle(request("GET", url.substr(base.size())), now);
    REQUIRE(file);
    REQUIRE(file->status == 200);
    CHECK_FALSE(file->headers.find("Wechatpay-Signature"));
    return file->body;
  }

  std::optional<HttpResponse> bank(const std::string& method, const std::string& target,
                                   const std::string& body = "") {
    const auto document = JsonDocument::parse(slurp(key_folder() / "keys.json"));
    const std::string key = document.value().root().get_string("bank_key").value();
    const std::string time = std::to_string(now.seconds());
    HttpRequest request{method, target, {}, body, {}};
    request.headers.set("Bank-Timestamp", time);
    request.headers.set(
        "Bank-Signature",
        hex_lower(hmac_sha256(key, time + "\n" + (method == "POST" ? body : target))));
    return sandbox->handle(request, now);
  }
};

/// The text between <name> and </name>, first occurrence from `from`; "" if there is none.
inline std::string element(const std::string& xml, const std::string& name, std::size_t from = 0) {
  const auto open = xml.find("<" + name + ">", from);
  if (open == std::string::npos) return {};
  const auto start = open + name.size() + 2;
  return xml.substr(start, xml.find("</" + name + ">", start) - start);
}

}  // namespace suanpan::sandbox::test
