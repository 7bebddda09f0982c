#include <catch2/catch.hpp>

#include "ledger/base/digest.h"
#include "ledger/base/signing_key.h"

using namespace suanpan;

namespace {

// RFC 8032, 7.1, TEST 2 in the clothes of RFC 8410: key, public key, message 0x72, signature.
std::string from_base64_lines(const char* kind, const std::string& der_hex) {
  return std::string("-----BEGIN ") + kind + "-----\n" + base64(*from_hex(der_hex)) +
         "\n-----END " + kind + "-----\n";
}
const std::string kRfcPrivate = from_base64_lines(
    "PRIVATE KEY",
    "302e020100300506032b6570042204204ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6"
    "fb");
const std::string kRfcPublic = from_base64_lines(
    "PUBLIC KEY",
    "302a300506032b65700321003d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
const char* const kRfcSignature =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d"
    "8c387b2eaeb4302aeeb00d291612bb0c00";

}  // namespace

TEST_CASE("signing key: Ed25519 gives the signature of RFC 8032") {
  const auto key = SigningKey::from_pem(SignatureScheme::kEd25519, kRfcPrivate);
  REQUIRE(key);
  const std::string signature = key.value().sign("\x72");
  CHECK(signature == *from_hex(kRfcSignature));
  const auto outside = VerifyingKey::from_pem(SignatureScheme::kEd25519, kRfcPublic);
  REQUIRE(outside);
  CHECK(outside.value().verify("\x72", signature));
  CHECK(key.value().verifying_key().to_pem() == outside.value().to_pem());
}

TEST_CASE("signing key: what is signed verifies, and nothing else does") {
  for (const auto scheme : {SignatureScheme::kEd25519, SignatureScheme::kSm2}) {
    INFO(static_cast<int>(scheme));
    const SigningKey key = SigningKey::generate(scheme);
    const VerifyingKey judge = key.verifying_key();
    const std::string signature = key.sign("day 2026-11-21");
    CHECK(judge.verify("day 2026-11-21", signature));
    CHECK_FALSE(judge.verify("day 2026-11-22", signature));
    CHECK_FALSE(judge.verify("day 2026-11-21", ""));
    for (const std::size_t at : {std::size_t{0}, signature.size() / 2, signature.size() - 1}) {
      std::string bent = signature;
      bent[at] = static_cast<char>(bent[at] ^ 1);
      CHECK_FALSE(judge.verify("day 2026-11-21", bent));
    }
    CHECK_FALSE(SigningKey::generate(scheme).verifying_key().verify("day 2026-11-21", signature));
    const auto again = SigningKey::from_pem(scheme, key.to_pem());
    REQUIRE(again);
    CHECK(judge.verify("twice", again.value().sign("twice")));
    const auto read = VerifyingKey::from_pem(scheme, judge.to_pem());
    REQUIRE(read);
    CHECK(read.value().verify("day 2026-11-21", signature));
  }
}

TEST_CASE("signing key: what is no key of the kind is refused") {
  const SigningKey ed = SigningKey::generate(SignatureScheme::kEd25519);
  const SigningKey sm = SigningKey::generate(SignatureScheme::kSm2);
  struct {
    SignatureScheme scheme;
    std::string pem;
    Errc expected;
  } const rows[] = {
      {SignatureScheme::kSm2, ed.to_pem(), Errc::kUnsupported},
      {SignatureScheme::kEd25519, sm.to_pem(), Errc::kUnsupported},
      {SignatureScheme::kEd25519, "", Errc::kMalformed},
      {SignatureScheme::kSm2, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
       Errc::kMalformed},
      {SignatureScheme::kEd25519, ed.verifying_key().to_pem(), Errc::kMalformed},
  };
  for (const auto& row : rows) {
    const auto key = SigningKey::from_pem(row.scheme, row.pem);
    REQUIRE_FALSE(key);
    CHECK(key.error().code == row.expected);
  }
  CHECK(VerifyingKey::from_pem(SignatureScheme::kEd25519, ed.to_pem()).error().code ==
        Errc::kMalformed);
}
