// A tiny WeChat Pay for tests: it signs answers and notifications with keys made here, written from
// the protocol and sharing no code with the adapter but the primitives of ledger/base.
#pragma once
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include <string>
#include <string_view>

#include "channels/wechat/adapter.h"
#include "ledger/base/cipher.h"
#include "ledger/base/digest.h"

namespace suanpan::channels::wechat::test {

inline constexpr std::string_view kApiV3Key = "0123456789abcdef0123456789ABCDEF";
inline constexpr std::string_view kPublicKeyId = "PUB_KEY_ID_0116219339534332024";
inline const Timestamp kNow = Timestamp::of_cn(*Date::of(2026, 3, 4), 12, 30, 0);

/// Two platform keys (a certificate and a public key), a stranger's, and the merchant's.
struct Keys {
  PrivateKey certificate_key = PrivateKey::generate_rsa2048();
  PrivateKey public_mode_key = PrivateKey::generate_rsa2048();
  PrivateKey stranger = PrivateKey::generate_rsa2048();
  PrivateKey merchant = PrivateKey::generate_rsa2048();
  std::string certificate_pem = self_signed_certificate(
      certificate_key, "platform", kNow.plus_seconds(-86400), kNow.plus_seconds(86400));
  std::string certificate_serial = Certificate::from_pem(certificate_pem).value().serial_hex();
};

inline const Keys& keys() {
  static const Keys made;
  return made;
}

inline PlatformKeys platform_keys() {
  PlatformKeys all;
  REQUIRE(all.add_certificate(keys().certificate_pem));
  REQUIRE(all.add_public_key(kPublicKeyId, keys().public_mode_key.public_key().to_pem()));
  return all;
}

inline Credentials credentials() {
  return Credentials{
      "1900000109",    "wxd678efh567hg6787",           "5157F09EFDC096DE15EBE81A47057A72",
      keys().merchant, Secret(std::string(kApiV3Key)), "api.mch.weixin.qq.com",
      platform_keys()};
}

inline Adapter adapter() { return Adapter::make(credentials()).value(); }
inline Stamp stamp() { return {kNow, "593BEC0C930BF1AFEB40B4A08C8FB242"}; }

/// The four headers over `body`, by `key` under `serial` at `at`.
inline void sign_as(HttpHeaders& headers, std::string_view body, const PrivateKey& key,
                    std::string_view serial, Timestamp at) {
  const std::string nonce = "c5ac7061fccab6bf3e254dcf98995b8c";
  const auto text = fmt::format("{}\n{}\n{}\n", at.ns / 1'000'000'000, nonce, body);
  headers.set("Wechatpay-Timestamp", fmt::format("{}", at.ns / 1'000'000'000));
  headers.set("Wechatpay-Nonce", nonce);
  headers.set("Wechatpay-Serial", serial);
  headers.set("Wechatpay-Signature", base64(key.sign_sha256(text)));
}

inline HttpResponse answer(int status, std::string body) {
  HttpResponse response{status, {}, std::move(body)};
  sign_as(response.headers, response.body, keys().certificate_key, keys().certificate_serial, kNow);
  return response;
}

/// Error answers of a gateway carry no signature.
inline HttpResponse unsigned_answer(int status, std::string body) {
  return HttpResponse{status, {}, std::move(body)};
}

/// {"algorithm":…,"ciphertext":…} of a notification or a certificate.
inline std::string sealed(std::string_view plain, std::string_view associated_data,
                          std::string_view original_type, std::string_view key = kApiV3Key) {
  const std::string_view nonce = "fdasflkja484";
  return fmt::format(
      R"({{"original_type":"{}","algorithm":"AEAD_AES_256_GCM","ciphertext":"{}","associated_data":"{}","nonce":"{}"}})",
      original_type, base64(encrypt_aes_gcm(key, nonce, associated_data, plain)), associated_data,
      nonce);
}

inline HttpRequest notification(std::string body) {
  HttpRequest request{"POST", "/notify/wechat", {}, std::move(body), "127.0.0.1"};
  sign_as(request.headers, request.body, keys().certificate_key, keys().certificate_serial, kNow);
  return request;
}

/// `text` with the first `from` replaced; the replacement must be there to be made.
inline std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace suanpan::channels::wechat::test
