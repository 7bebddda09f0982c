#include "ledger/base/cipher.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "ledger/base/digest.h"
#include "ledger/base/json.h"
#include "tests/support/dies.h"
#include "tests/support/shared_data.h"

namespace suanpan {
namespace {

std::string bytes(std::string_view hex) {
  const auto decoded = from_hex(hex);
  REQUIRE(decoded.has_value());
  return *decoded;
}

TEST_CASE("aes-gcm: the test cases of McGrew and Viega") {
  const std::string plain =
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
      "b525b16aedf5aa0de657ba637b391aafd255";
  const std::string plain60 = plain.substr(0, 120);
  const char* const associated = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
  struct Row {
    std::string key, nonce, associated, plain, cipher, tag;
  };
  const std::string k128 = "feffe9928665731c6d6a8f9467308308";
  const Row rows[] = {
      {std::string(32, '0'), std::string(24, '0'), "", "", "", "58e2fccefa7e3061367f1d57a4e7455a"},
      {std::string(32, '0'), std::string(24, '0'), "", std::string(32, '0'),
       "0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf"},
      {k128, "cafebabefacedbaddecaf888", "", plain,
       "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac8"
       "4"
       "aa051ba30b396a0aac973d58e091473f5985",
       "4d5c2af327cd64a62cf35abd2ba6fab4"},
      {k128, "cafebabefacedbaddecaf888", associated, plain60,
       "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac8"
       "4"
       "aa051ba30b396a0aac973d58e091",
       "5bc94fbc3221a5db94fae95ae7121a47"},
      {std::string(64, '0'), std::string(24, '0'), "", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
      {std::string(64, '0'), std::string(24, '0'), "", std::string(32, '0'),
       "cea7403d4d606b6e074ec5d3baf39d18", "d0d1c8a799996bf0265b98b5d48ab919"},
      {k128 + k128, "cafebabefacedbaddecaf888", associated, plain60,
       "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b10568"
       "2"
       "8838c5f61e6393ba7a0abcc9f662",
       "76fc6ece0f4e1768cddf8853bb2d551b"},
  };
  for (const Row& row : rows) {
    const std::string sealed =
        encrypt_aes_gcm(bytes(row.key), bytes(row.nonce), bytes(row.associated), bytes(row.plain));
    CHECK(sealed == bytes(row.cipher + row.tag));
    CHECK(
        decrypt_aes_gcm(bytes(row.key), bytes(row.nonce), bytes(row.associated), sealed).value() ==
        bytes(row.plain));
  }
}

TEST_CASE("aes-gcm: any changed bit is noticed, and nothing is returned") {
  const std::string key(32, 'k'), nonce(12, 'n'), associated = "a";
  const std::string sealed = encrypt_aes_gcm(key, nonce, associated, "金额 100");
  for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
    std::string changed = sealed;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << bit % 8));
    REQUIRE(decrypt_aes_gcm(key, nonce, associated, changed).error().code == Errc::kBadSignature);
  }
  CHECK(decrypt_aes_gcm(std::string(32, 'x'), nonce, associated, sealed).error().code ==
        Errc::kBadSignature);
  CHECK(decrypt_aes_gcm(key, std::string(12, 'x'), associated, sealed).error().code ==
        Errc::kBadSignature);
  CHECK(decrypt_aes_gcm(key, nonce, "b", sealed).error().code == Errc::kBadSignature);
  CHECK(decrypt_aes_gcm(key, nonce, {}, sealed).error().code == Errc::kBadSignature);
  CHECK(decrypt_aes_gcm(key, nonce, associated, sealed.substr(1)).error().code ==
        Errc::kBadSignature);
}

TEST_CASE("aes-gcm: lengths from outside that cannot be are refused, our own are bugs") {
  const std::string key(32, 'k'), nonce(12, 'n');
  const std::string sealed = encrypt_aes_gcm(key, nonce, {}, {});
  CHECK(sealed.size() == 16);
  CHECK(decrypt_aes_gcm(key, nonce, {}, sealed).value().empty());
  for (const std::size_t size : {0, 15, 17, 24, 31, 33})
    CHECK(decrypt_aes_gcm(std::string(size, 'k'), nonce, {}, sealed).error().code ==
          Errc::kMalformed);
  for (const std::size_t size : {0, 11, 13, 16})
    CHECK(decrypt_aes_gcm(key, std::string(size, 'n'), {}, sealed).error().code ==
          Errc::kMalformed);
  for (const std::size_t size : {0, 15})
    CHECK(decrypt_aes_gcm(key, nonce, {}, std::string(size, 'c')).error().code == Errc::kMalformed);
  CHECK(test::dies([] { encrypt_aes_gcm("short", std::string(12, 'n'), "", ""); }));
  CHECK(test::dies([] { encrypt_aes_gcm(std::string(32, 'k'), "short", "", ""); }));
}

TEST_CASE("aes-gcm: the vectors of WeChat Pay's SDKs hold") {
  SHARED_OR_SKIP();
  std::ifstream file(test::shared_data() / "wechatpay" / "vectors.json");
  std::stringstream text;
  text << file.rdbuf();
  const auto vectors = JsonDocument::parse(text.str());
  REQUIRE(vectors.has_value());
  for (const char* name : {"aes_gcm", "certificates"}) {
    INFO(name);
    const JsonValue row = vectors.value().root().get(name).value();
    const auto sealed = from_base64(row.get_string("ciphertext").value());
    REQUIRE(sealed.has_value());
    const auto plain =
        decrypt_aes_gcm(row.get_string("key").value(), row.get_string("nonce").value(),
                        row.get_string("aad").value(), *sealed);
    REQUIRE(plain.has_value());
    if (row.find("plaintext"))
      CHECK(plain.value() == row.get_string("plaintext").value());
    else
      CHECK(plain.value().find("-----BEGIN CERTIFICATE-----") == 0);
  }
  // A notification, with the key of 16 bytes that this vector has.
  const JsonValue notify = vectors.value().root().get("notify").value();
  const auto body = JsonDocument::parse(notify.get_string("body").value());
  REQUIRE(body.has_value());
  const JsonValue resource = body.value().root().get("resource").value();
  const auto plain = decrypt_aes_gcm(
      notify.get_string("apiv3_key_16_bytes_AES128").value(), resource.get_string("nonce").value(),
      resource.get_string("associated_data").value(),
      from_base64(resource.get_string("ciphertext").value()).value());
  REQUIRE(plain.has_value());
  CHECK(plain.value() == notify.get_string("plaintext").value());
}

TEST_CASE("secret: it prints as stars in every format") {
  const Secret secret(std::string("offline-test-key"));
  CHECK(fmt::format("{}", secret) == "***");
  CHECK(fmt::format("{:>5}|", secret) == "  ***|");
  CHECK(secret.reveal() == "offline-test-key");
  CHECK(Secret().empty());
}

TEST_CASE("secret: copies and moves carry the content, and leave none behind") {
  for (const std::string& content : {std::string("short"), std::string(100, 's')}) {
    Secret a(content);
    Secret b = a;
    CHECK(a.reveal() == content);
    CHECK(b.reveal() == content);
    Secret c = std::move(a);
    CHECK(c.reveal() == content);
    Secret d(std::string("another, longer than the small buffer"));
    d = c;
    CHECK(d.reveal() == content);
    d = std::move(c);
    CHECK(d.reveal() == content);
    CHECK(c.empty());
    Secret& same = d;
    d = same;
    d = std::move(same);
    CHECK(d.reveal() == content);
  }
}

TEST_CASE("secret: the bytes are wiped when it ends") {
  // Short content lives in the object itself, whose storage is ours to look at afterwards.
  alignas(Secret) unsigned char storage[sizeof(Secret)];
  auto* const secret = new (storage) Secret(std::string("tiny-secret"));
  const auto holds = [&] {
    return std::string_view(reinterpret_cast<char*>(storage), sizeof storage).find("tiny-secret") !=
           std::string_view::npos;
  };
  CHECK(holds());
  Secret moved = std::move(*secret);
  *secret = std::move(moved);
  CHECK(holds());
  secret->~Secret();
  CHECK_FALSE(holds());
}

}  // namespace
}  // namespace suanpan
