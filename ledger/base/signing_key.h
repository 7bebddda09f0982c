// Keys for signatures of our own: Ed25519 (RFC 8032), and SM2 with SM3 (GB/T 32918.2, the default
// identity of GM/T 0009) where a supervisor wants 国密. Keys are immutable and may be shared by
// threads. Private key material never leaves the class but by to_pem(), and is wiped on
// destruction.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "ledger/base/result.h"

namespace suanpan {

enum class SignatureScheme { kEd25519, kSm2 };

class VerifyingKey {
 public:
  /// PEM SubjectPublicKeyInfo. Errors: kMalformed (never quotes the input), kUnsupported for
  /// another kind of key.
  static Result<VerifyingKey> from_pem(SignatureScheme scheme, std::string_view pem);
  std::string to_pem() const;
  SignatureScheme scheme() const { return scheme_; }
  bool verify(std::string_view message, std::string_view signature) const;

  struct State;

 private:
  friend class SigningKey;
  VerifyingKey(SignatureScheme scheme, std::shared_ptr<const State> state)
      : scheme_(scheme), state_(std::move(state)) {}
  SignatureScheme scheme_;
  std::shared_ptr<const State> state_;
};

class SigningKey {
 public:
  static SigningKey generate(SignatureScheme scheme);
  /// PEM PKCS#8, unencrypted. Errors as VerifyingKey::from_pem.
  static Result<SigningKey> from_pem(SignatureScheme scheme, std::string_view pem);
  std::string to_pem() const;
  SignatureScheme scheme() const { return scheme_; }
  /// Ed25519: 64 bytes, always the same for the same message. SM2: DER, another one each time.
  std::string sign(std::string_view message) const;
  VerifyingKey verifying_key() const;

  struct State;

 private:
  SigningKey(SignatureScheme scheme, std::shared_ptr<const State> state)
      : scheme_(scheme), state_(std::move(state)) {}
  SignatureScheme scheme_;
  std::shared_ptr<const State> state_;
};

}  // namespace suanpan
