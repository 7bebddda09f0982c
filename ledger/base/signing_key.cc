#include "ledger/base/signing_key.h"

#include <openssl/pem.h>

#include "ledger/base/check.h"
#include "ledger/base/openssl_pem.h"

namespace suanpan {

using namespace openssl;

namespace {

// GM/T 0009: the identity of a signer who has agreed on no other.
constexpr std::string_view kSm2Identity = "1234567812345678";

const char* algorithm_of(SignatureScheme scheme) {
  return scheme == SignatureScheme::kEd25519 ? "ED25519" : "SM2";
}
const char* digest_of(SignatureScheme scheme) {
  return scheme == SignatureScheme::kEd25519 ? nullptr : "SM3";
}

Result<Key> checked(Key key, SignatureScheme scheme, const char* what) {
  if (!key) return quiet(fail(Errc::kMalformed, "not {} in PEM", what));
  if (EVP_PKEY_is_a(key.get(), algorithm_of(scheme)) != 1)
    return quiet(fail(Errc::kUnsupported, "not an {} key", algorithm_of(scheme)));
  return key;
}

/// A context that signs or verifies with `key`, whose owner it does not become.
struct Operation {
  explicit Operation(EVP_PKEY* key, SignatureScheme scheme)
      : of_key(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr)), digest(EVP_MD_CTX_new()) {
    CHECK_OR_DIE(of_key && digest, "OpenSSL: no memory for a signature");
    if (scheme == SignatureScheme::kSm2)
      CHECK_OR_DIE(EVP_PKEY_CTX_set1_id(of_key.get(), kSm2Identity.data(),
                                        static_cast<int>(kSm2Identity.size())) == 1,
                   "OpenSSL: no SM2 identity");
    EVP_MD_CTX_set_pkey_ctx(digest.get(), of_key.get());
  }
  KeyContext of_key;
  DigestContext digest;
};

}  // namespace

struct VerifyingKey::State {
  Key key;
};
struct SigningKey::State {
  Key key;
};

Result<VerifyingKey> VerifyingKey::from_pem(SignatureScheme scheme, std::string_view pem) {
  const Bio bio = reader(pem);
  Key read(bio ? PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
  TRY(auto key, checked(std::move(read), scheme, "a public key"));
  return VerifyingKey(scheme, std::make_shared<const State>(State{std::move(key)}));
}

std::string VerifyingKey::to_pem() const {
  return written([&](BIO* bio) { return PEM_write_bio_PUBKEY(bio, state_->key.get()); });
}

bool VerifyingKey::verify(std::string_view message, std::string_view signature) const {
  const Operation op(state_->key.get(), scheme_);
  CHECK_OR_DIE(EVP_DigestVerifyInit_ex(op.digest.get(), nullptr, digest_of(scheme_), nullptr,
                                       nullptr, state_->key.get(), nullptr) == 1,
               "OpenSSL: verification is not available");
  return quiet(EVP_DigestVerify(op.digest.get(), in(signature), signature.size(), in(message),
                                message.size()) == 1);
}

SigningKey SigningKey::generate(SignatureScheme scheme) {
  Key key(EVP_PKEY_Q_keygen(nullptr, nullptr, algorithm_of(scheme)));
  CHECK_OR_DIE(key != nullptr, "OpenSSL: no {} key was generated", algorithm_of(scheme));
  return SigningKey(scheme, std::make_shared<const State>(State{std::move(key)}));
}

Result<SigningKey> SigningKey::from_pem(SignatureScheme scheme, std::string_view pem) {
  const Bio bio = reader(pem);
  Key read(bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr) : nullptr);
  TRY(auto key, checked(std::move(read), scheme, "an unencrypted private key"));
  return SigningKey(scheme, std::make_shared<const State>(State{std::move(key)}));
}

std::string SigningKey::to_pem() const {
  return written([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, state_->key.get(), nullptr, nullptr, 0, nullptr,
                                         nullptr);
  });
}

std::string SigningKey::sign(std::string_view message) const {
  const Operation op(state_->key.get(), scheme_);
  std::string signature;
  std::size_t size = 0;
  CHECK_OR_DIE(
      EVP_DigestSignInit_ex(op.digest.get(), nullptr, digest_of(scheme_), nullptr, nullptr,
                            state_->key.get(), nullptr) == 1 &&
          EVP_DigestSign(op.digest.get(), nullptr, &size, in(message), message.size()) == 1,
      "OpenSSL: signing is not available");
  signature.resize(size);
  CHECK_OR_DIE(EVP_DigestSign(op.digest.get(), reinterpret_cast<unsigned char*>(signature.data()),
                              &size, in(message), message.size()) == 1,
               "OpenSSL: signing failed");
  signature.resize(size);
  return signature;
}

VerifyingKey SigningKey::verifying_key() const {
  // A key of its own, so that a public key does not keep the private parts alive.
  const Bio bio(BIO_new(BIO_s_mem()));
  CHECK_OR_DIE(bio != nullptr && PEM_write_bio_PUBKEY(bio.get(), state_->key.get()) == 1,
               "OpenSSL: no public key");
  Key key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr));
  CHECK_OR_DIE(key != nullptr, "OpenSSL: no public key");
  return VerifyingKey(
      scheme_, std::make_shared<const VerifyingKey::State>(VerifyingKey::State{std::move(key)}));
}

}  // namespace suanpan
