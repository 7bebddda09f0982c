// Known answers from the official SDKs (../shared/data/wechatpay/vectors.json).
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "channels/wechat/notification.h"
#include "tests/channels/wechat/counterpart.h"
#include "tests/support/shared_data.h"

namespace suanpan::channels::wechat {
namespace {

std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Vectors {
  JsonDocument document =
      JsonDocument::parse(slurp(suanpan::test::shared_data() / "wechatpay/vectors.json")).value();
  JsonValue at(std::string_view name) const { return document.root().get(name).value(); }
};

std::string text(const JsonValue& object, std::string_view key) {
  return object.get_string(key).value();
}

TEST_CASE("wechat vectors: our RSA signature equals the SDK's, and its certificate verifies it") {
  SHARED_OR_SKIP();
  const Vectors vectors;
  const auto v = vectors.at("rsa_sign");
  const auto key = PrivateKey::from_pem(text(v, "private_key")).value();
  CHECK(base64(key.sign_sha256(text(v, "message"))) == text(v, "signature"));
  const auto certificate = Certificate::from_pem(text(v, "certificate")).value();
  CHECK(certificate.serial_hex() == text(v, "serial"));
  CHECK(certificate.public_key().verify_sha256(text(v, "message"),
                                               *from_base64(text(v, "signature"))));
}

TEST_CASE("wechat vectors: a sensitive field of the SDK is read") {
  SHARED_OR_SKIP();
  const Vectors vectors;
  const auto v = vectors.at("rsa_oaep");
  const auto key = PrivateKey::from_pem(text(vectors.at("rsa_sign"), "private_key")).value();
  CHECK(key.decrypt_oaep(*from_base64(text(v, "ciphertext"))).value() == text(v, "plaintext"));
}

TEST_CASE("wechat vectors: a resource of the SDK is decrypted") {
  SHARED_OR_SKIP();
  const Vectors vectors;
  const auto v = vectors.at("aes_gcm");
  const auto body = fmt::format(
      R"({{"algorithm":"AEAD_AES_256_GCM","nonce":"{}","associated_data":"{}","ciphertext":"{}"}})",
      text(v, "nonce"), text(v, "aad"), text(v, "ciphertext"));
  const auto resource = JsonDocument::parse(body).value();
  CHECK(decrypt_resource(Secret(text(v, "key")), resource.root()).value() == text(v, "plaintext"));
}

TEST_CASE("wechat vectors: the SDK's certificates answer becomes a verifier of its serial") {
  SHARED_OR_SKIP();
  const Vectors vectors;
  const auto v = vectors.at("certificates");
  HttpResponse response;
  response.body = fmt::format(
      R"({{"data":[{{"serial_no":"{}","effective_time":"2021-04-27T16:55:23+08:00","expire_time":"2031-04-25T16:55:23+08:00","encrypt_certificate":{{"algorithm":"AEAD_AES_256_GCM","nonce":"{}","associated_data":"{}","ciphertext":"{}"}}}}]}})",
      text(v, "expect_serial"), text(v, "nonce"), text(v, "aad"), text(v, "ciphertext"));
  // Its private key is not published, so the answer is signed by a key that we know already.
  test::sign_as(response.headers, response.body, test::keys().public_mode_key, test::kPublicKeyId,
                test::kNow);
  const auto found =
      decode_certificates(Secret(text(v, "key")), test::platform_keys(), response, test::kNow);
  REQUIRE(found);
  CHECK(found.value().contains(text(v, "expect_serial")));
  CHECK(found.value().contains(test::kPublicKeyId));
}

TEST_CASE("wechat vectors: the SDK's notification verifies at its clock and decrypts") {
  SHARED_OR_SKIP();
  const Vectors vectors;
  const auto v = vectors.at("notify");
  HttpRequest request{"POST", "/", {}, text(v, "body"), {}};
  for (const auto& member : v.get("headers").value().members())
    request.headers.set(member.key, member.value.as_string().value());
  auto ours = test::credentials();
  ours.platform_keys = {};
  REQUIRE(ours.platform_keys.add_certificate(text(v, "certificate")));
  const auto now = Timestamp::from_seconds(v.get_int64("now").value());
  CHECK(ours.platform_keys.verify(request.headers, request.body, now));
  CHECK(ours.platform_keys.verify(request.headers, request.body, now.plus_seconds(299)));
  CHECK_FALSE(ours.platform_keys.verify(request.headers, request.body, now.plus_seconds(300)));
  CHECK_FALSE(ours.platform_keys.verify(request.headers, request.body + " ", now));
  // A kind of event that is none of ours: believed, and said to be unsupported.
  CHECK(verify_notification(ours, request, now).error().code == Errc::kUnsupported);

  const auto body = JsonDocument::parse(request.body).value();
  const auto resource = body.root().get("resource").value();
  CHECK(decrypt_aes_gcm(text(v, "apiv3_key_16_bytes_AES128"), text(resource, "nonce"),
                        text(resource, "associated_data"),
                        *from_base64(text(resource, "ciphertext")))
            .value() == text(v, "plaintext"));
  // The key has 16 bytes, so AEAD_AES_256_GCM it is not.
  CHECK(decrypt_resource(Secret(text(v, "apiv3_key_16_bytes_AES128")), resource).error().code ==
        Errc::kConfig);
}

}  // namespace
}  // namespace suanpan::channels::wechat
