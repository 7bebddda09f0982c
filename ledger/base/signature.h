// RSA signatures, certificates and keys, behind names of our own. Keys are immutable and may be
// shared by threads. Private key material never leaves these classes and is wiped on destruction.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "ledger/base/date.h"
#include "ledger/base/result.h"

namespace suanpan {

class PublicKey;

class PrivateKey {
 public:
  /// PEM, PKCS#1 or PKCS#8, unencrypted. Errors: kMalformed (never quotes the input),
  /// kUnsupported for a key that is not RSA of at least 2048 bits.
  static Result<PrivateKey> from_pem(std::string_view pem);
  static PrivateKey generate_rsa2048();
  std::string to_pem() const;  ///< PKCS#8

  /// SHA-256 with RSA PKCS#1 v1.5, raw signature bytes (deterministic). About 0.4 ms.
  std::string sign_sha256(std::string_view message) const;
  /// RSA-OAEP with SHA-1 and MGF1-SHA1 (WeChat's sensitive fields). Errors: kBadSignature.
  Result<std::string> decrypt_oaep(std::string_view ciphertext) const;
  PublicKey public_key() const;

  struct State;

 private:
  friend std::string self_signed_certificate(const PrivateKey&, std::string_view, Timestamp,
                                             Timestamp, std::string_view);
  explicit PrivateKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

class PublicKey {
 public:
  /// PEM SubjectPublicKeyInfo. Errors: kMalformed, kUnsupported as for a private key.
  static Result<PublicKey> from_pem(std::string_view pem);
  std::string to_pem() const;
  bool verify_sha256(std::string_view message, std::string_view signature) const;

  struct State;

 private:
  friend class PrivateKey;
  friend class Certificate;
  explicit PublicKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

/// An X.509 certificate: what a protocol needs of it.
class Certificate {
 public:
  /// The first certificate of a PEM text. Checks form and key, not who issued it nor when it is
  /// valid. Errors: kMalformed, kUnsupported as for a private key.
  static Result<Certificate> from_pem(std::string_view pem);
  std::string serial_hex() const;  ///< upper-case hexadecimal, no leading zero bytes added
  Timestamp not_before() const;
  Timestamp not_after() const;
  PublicKey public_key() const;
  std::string to_pem() const;

  struct State;

 private:
  explicit Certificate(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

/// A self-signed certificate in PEM for the sandbox and for tests: subject CN and, when `dns_name`
/// is not empty, a subjectAltName (an IP address literal becomes an IP entry). Random 128-bit
/// serial.
std::string self_signed_certificate(const PrivateKey& key, std::string_view common_name,
                                    Timestamp not_before, Timestamp not_after,
                                    std::string_view dns_name = {});

}  // namespace suanpan
