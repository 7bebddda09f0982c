#include "ledger/base/signature.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <limits>
#include <sstream>
#include <thread>
#include <vector>

#include "ledger/base/cipher.h"
#include "ledger/base/digest.h"
#include "ledger/base/json.h"
#include "tests/ledger/base/test_keys.h"
#include "tests/support/shared_data.h"

namespace suanpan {
namespace {

PrivateKey key() {
  auto key = PrivateKey::from_pem(test::kRsaKey);
  REQUIRE(key.has_value());
  return std::move(key).value();
}
Certificate certificate(std::string_view pem) {
  auto certificate = Certificate::from_pem(pem);
  REQUIRE(certificate.has_value());
  return std::move(certificate).value();
}
std::string decoded(std::string_view text) {
  const auto bytes = from_base64(text);
  REQUIRE(bytes.has_value());
  return *bytes;
}

TEST_CASE("signature: RSA signatures are those of RFC 8017") {
  const std::string signature = decoded(test::kSignature);
  CHECK(key().sign_sha256("算盘\n1700000000\n") == signature);
  CHECK(PrivateKey::from_pem(test::kRsaKeyPkcs1).value().sign_sha256("算盘\n1700000000\n") ==
        signature);
  for (const PublicKey& verifier :
       {key().public_key(), PublicKey::from_pem(test::kRsaPublicKey).value(),
        certificate(test::kCertificate).public_key()})
    CHECK(verifier.verify_sha256("算盘\n1700000000\n", signature));
}

TEST_CASE("signature: a changed message, signature or key does not verify") {
  const PublicKey verifier = key().public_key();
  const std::string signature = decoded(test::kSignature);
  CHECK_FALSE(verifier.verify_sha256("算盘\n1700000001\n", signature));
  CHECK_FALSE(verifier.verify_sha256("", signature));
  CHECK_FALSE(verifier.verify_sha256("算盘\n1700000000\n", ""));
  CHECK_FALSE(verifier.verify_sha256("算盘\n1700000000\n", signature.substr(1)));
  CHECK_FALSE(verifier.verify_sha256("算盘\n1700000000\n", signature + '\0'));
  CHECK_FALSE(verifier.verify_sha256("算盘\n1700000000\n", std::string(256, '\0')));
  CHECK_FALSE(verifier.verify_sha256("算盘\n1700000000\n", std::string(256, '\xff')));
  for (std::size_t bit = 0; bit < signature.size() * 8; bit += 37) {
    std::string changed = signature;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    REQUIRE_FALSE(verifier.verify_sha256("算盘\n1700000000\n", changed));
  }
  const PublicKey other = PrivateKey::generate_rsa2048().public_key();
  CHECK_FALSE(other.verify_sha256("算盘\n1700000000\n", signature));
}

TEST_CASE("oaep: a ciphertext made by RFC 8017 decrypts") {
  CHECK(key().decrypt_oaep(decoded(test::kOaep)).value() == "张三");
}

TEST_CASE("oaep: what was changed, is too short or is for another key is refused") {
  std::string changed = decoded(test::kOaep);
  changed[100] = static_cast<char>(changed[100] ^ 1);
  CHECK(key().decrypt_oaep(changed).error().code == Errc::kBadSignature);
  CHECK(key().decrypt_oaep("").error().code == Errc::kBadSignature);
  CHECK(key().decrypt_oaep("short").error().code == Errc::kBadSignature);
  CHECK(key().decrypt_oaep(std::string(256, '\xff')).error().code == Errc::kBadSignature);
  CHECK(PrivateKey::generate_rsa2048().decrypt_oaep(decoded(test::kOaep)).error().code ==
        Errc::kBadSignature);
}

TEST_CASE("keys: they are written as they were read") {
  CHECK(key().to_pem() == test::kRsaKey);
  CHECK(key().public_key().to_pem() == test::kRsaPublicKey);
  CHECK(certificate(test::kCertificate).to_pem() == test::kCertificate);
  const PrivateKey made = PrivateKey::generate_rsa2048();
  const PrivateKey again = PrivateKey::from_pem(made.to_pem()).value();
  CHECK(again.sign_sha256("x") == made.sign_sha256("x"));
}

TEST_CASE("keys: a broken, foreign or weak key is refused without quoting it") {
  const std::string cut(std::string_view(test::kRsaKey).substr(0, 600));
  std::string changed = test::kRsaKey;
  changed[200] = '*';
  for (const std::string& pem :
       {std::string(), std::string("not a key"), cut, changed, std::string(test::kRsaPublicKey),
        std::string(test::kCertificate), std::string(test::kEncryptedKey)}) {
    const auto broken = PrivateKey::from_pem(pem);
    CHECK(broken.error().code == Errc::kMalformed);
    CHECK(broken.error().message == "not an unencrypted private key in PEM");
  }
  CHECK(PrivateKey::from_pem(test::kSmallRsaKey).error().code == Errc::kUnsupported);
  CHECK(PrivateKey::from_pem(test::kEcKey).error().code == Errc::kUnsupported);
  for (const char* pem : {"", "x", test::kRsaKey, test::kCertificate})
    CHECK(PublicKey::from_pem(pem).error().code == Errc::kMalformed);
  CHECK(PublicKey::from_pem(test::kSmallRsaPublicKey).error().code == Errc::kUnsupported);
  CHECK(PublicKey::from_pem(test::kEcPublicKey).error().code == Errc::kUnsupported);
  for (const char* pem : {"", "x", test::kRsaKey, test::kRsaPublicKey})
    CHECK(Certificate::from_pem(pem).error().code == Errc::kMalformed);
}

TEST_CASE("certificate: serial number and validity are read") {
  // Made by openssl with this serial and dates; `openssl x509 -serial` prints it so.
  const Certificate c = certificate(test::kCertificate);
  CHECK(c.serial_hex() == "0A00D1F522D701");
  CHECK(c.not_before() == *Timestamp::parse("2026-01-01T00:00:00Z"));
  // 9999-12-31, RFC 5280's "no end", lies beyond what a Timestamp holds.
  CHECK(c.not_after().ns == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("certificate: a self-signed one carries key, validity and a random serial") {
  const auto from = *Timestamp::parse("2026-03-04T00:00:00+08:00");
  const auto to = *Timestamp::parse("2056-03-04T00:00:00+08:00");
  for (const char* name : {"", "localhost", "127.0.0.1", "::1"}) {
    const Certificate c =
        certificate(self_signed_certificate(key(), "算盘 sandbox", from, to, name));
    CHECK(c.not_before() == from);
    CHECK(c.not_after() == to);
    CHECK(c.serial_hex().size() == 32);
    CHECK(c.public_key().verify_sha256("m", key().sign_sha256("m")));
  }
  const auto serial = [&] {
    return certificate(self_signed_certificate(key(), "x", from, to)).serial_hex();
  };
  CHECK(serial() != serial());
}

TEST_CASE("keys: threads share one key") {
  const PrivateKey shared = key();
  const PublicKey verifier = shared.public_key();
  std::atomic<int> good = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < 20; ++i) {
        const std::string message = fmt::format("{}-{}", t, i);
        if (verifier.verify_sha256(message, shared.sign_sha256(message))) ++good;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(good == 80);
}

TEST_CASE("signature: the vectors of WeChat Pay's SDKs hold") {
  SHARED_OR_SKIP();
  std::ifstream file(test::shared_data() / "wechatpay" / "vectors.json");
  std::stringstream text;
  text << file.rdbuf();
  const auto document = JsonDocument::parse(text.str());
  REQUIRE(document.has_value());
  const JsonValue root = document.value().root();

  const JsonValue sign = root.get("rsa_sign").value();
  const auto merchant = PrivateKey::from_pem(sign.get_string("private_key").value());
  REQUIRE(merchant.has_value());
  const std::string message = sign.get_string("message").value();
  const std::string signature = decoded(sign.get_string("signature").value());
  CHECK(merchant.value().sign_sha256(message) == signature);
  const Certificate c = certificate(sign.get_string("certificate").value());
  CHECK(c.serial_hex() == sign.get_string("serial").value());
  CHECK(c.public_key().verify_sha256(message, signature));

  const JsonValue oaep = root.get("rsa_oaep").value();
  CHECK(merchant.value().decrypt_oaep(decoded(oaep.get_string("ciphertext").value())).value() ==
        oaep.get_string("plaintext").value());

  const JsonValue downloaded = root.get("certificates").value();
  const auto pem = decrypt_aes_gcm(
      downloaded.get_string("key").value(), downloaded.get_string("nonce").value(),
      downloaded.get_string("aad").value(), decoded(downloaded.get_string("ciphertext").value()));
  CHECK(certificate(pem.value()).serial_hex() == downloaded.get_string("expect_serial").value());

  const JsonValue notify = root.get("notify").value();
  const JsonValue headers = notify.get("headers").value();
  const Certificate platform = certificate(notify.get_string("certificate").value());
  CHECK(platform.serial_hex() == headers.get_string("Wechatpay-Serial").value());
  const std::string signed_text = headers.get_string("Wechatpay-Timestamp").value() + "\n" +
                                  headers.get_string("Wechatpay-Nonce").value() + "\n" +
                                  notify.get_string("body").value() + "\n";
  CHECK(platform.public_key().verify_sha256(
      signed_text, decoded(headers.get_string("Wechatpay-Signature").value())));
  CHECK_FALSE(platform.public_key().verify_sha256(
      signed_text + " ", decoded(headers.get_string("Wechatpay-Signature").value())));
}

}  // namespace
}  // namespace suanpan
