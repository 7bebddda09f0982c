// Does a response or notification really come from WeChat Pay?
//
// The platform signs "timestamp\nnonce\nbody\n" with one of its keys and names the key by serial.
// Two kinds of key are in use: platform certificates (平台证书, serial in hexadecimal, downloaded
// and rotated) and the platform public key (微信支付公钥, serial "PUB_KEY_ID_…", set by hand).
// While a merchant switches from one to the other both sign, so a PlatformKeys serves both at once.
//
// PlatformKeys is a value; a const one may be shared by threads.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/cipher.h"
#include "ledger/base/http_message.h"
#include "ledger/base/json.h"
#include "ledger/base/signature.h"

namespace suanpan::channels::wechat {

/// A signature whose timestamp is this far from our clock, or further, is refused (replays).
inline constexpr std::int64_t kMaxSkewSeconds = 300;

/// "timestamp\nnonce\nbody\n": what the platform signs. An empty body still has its line.
std::string response_message(std::string_view timestamp, std::string_view nonce,
                             std::string_view body);

class PlatformKeys {
 public:
  /// Adds a platform certificate; it serves within its validity only. Errors: kMalformed.
  Result<void> add_certificate(std::string_view pem);
  /// Adds the platform public key. Errors: kMalformed, also if `id` does not begin "PUB_KEY_ID_".
  Result<void> add_public_key(std::string_view id, std::string_view pem);
  /// Takes over the keys of `other`; on equal serials `other` wins.
  void merge(const PlatformKeys& other);

  /// Holds if all four Wechatpay-* headers are there exactly once, the timestamp is less than five
  /// minutes from `now`, the serial (ignoring case) names a key that is valid at `now`, and the
  /// signature verifies over exactly these bytes of the body. Errors: kBadSignature (the message
  /// names the check, never the content), kUnsupported for another signature type.
  Result<void> verify(const HttpHeaders& headers, std::string_view body, Timestamp now) const;

  /// The serial to name in Wechatpay-Serial: the public key if there is one, else the certificate
  /// valid at `now` that lasts longest; nothing before the first download.
  std::optional<std::string> preferred_serial(Timestamp now) const;
  std::size_t size() const { return keys_.size(); }
  bool contains(std::string_view serial) const;

 private:
  struct Key {
    std::string serial;  ///< as the platform spells it
    PublicKey key;
    std::optional<Timestamp> not_before;  ///< certificates only
    std::optional<Timestamp> not_after;
    bool valid_at(Timestamp now) const;
  };
  std::map<std::string, Key> keys_;  ///< by normalised serial
};

/// Whether the headers carry a signature at all (bill downloads and gateway errors have none).
bool has_signature(const HttpHeaders& headers);

/// {algorithm, nonce, associated_data, ciphertext} as certificates and notifications carry it.
/// AEAD_AES_256_GCM with the APIv3 key. Errors: kMalformed, kUnsupported (another algorithm),
/// kBadSignature (the tag does not hold).
Result<std::string> decrypt_resource(const Secret& api_v3_key, const JsonValue& resource);

/// Decodes the answer of GET /v3/certificates. The certificates inside are authenticated by
/// AES-GCM under the APIv3 key; the answer's own signature must then hold under one of them or
/// under a key known before. Returns `known` with the new certificates merged in. Certificates of
/// another algorithm (SM2) are left out. Errors: kMalformed, kMismatch (serial_no is not the
/// certificate's, or no usable certificate), kBadSignature.
Result<PlatformKeys> decode_certificates(const Secret& api_v3_key, const PlatformKeys& known,
                                         const HttpResponse& response, Timestamp now);

}  // namespace suanpan::channels::wechat
