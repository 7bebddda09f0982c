// API v3's envelope: the Authorization of requests, the signature of answers and notifications,
// and the encryption of what they carry. Written apart from the adapter in channels/wechat, from
// the protocol: a mistake that both sides share would otherwise go unseen.
//
//   request signed   METHOD\ntarget\ntimestamp\nnonce\nbody\n
//   answer signed    timestamp\nnonce\nbody\n          (an empty body still ends with \n)
#pragma once
#include <string>
#include <string_view>

#include "channels/sandbox/api_error.h"
#include "channels/sandbox/keys.h"
#include "ledger/base/date.h"
#include "ledger/base/http_message.h"

namespace suanpan::sandbox {

inline constexpr std::int64_t kMaxSkewSeconds = 300;

struct Authorization {
  std::string mchid;
  std::string nonce;
  std::string timestamp;
  std::string serial;
  std::string signature;  ///< base64
};

/// Reads the header, fields in any order, each exactly once. Errors: 401 SIGN_ERROR.
ApiResult<Authorization> parse_authorization(const HttpRequest& request);

/// The whole check of a request: header, merchant, serial (ignoring case), a skew under five
/// minutes, signature. Returns the mchid. Errors: 401 SIGN_ERROR.
ApiResult<std::string> authenticate(const HttpRequest& request, const Keys& keys, Timestamp wire);

/// What a signature is to be; everything but kTrue is a fault played on purpose.
enum class SignatureKind { kTrue, kForged, kProbe };

/// Which key signs, and under which name.
struct Signer {
  const PrivateKey& key;
  const std::string& serial;
};

/// Adds the four Wechatpay-* fields for `body`.
void sign_headers(HttpHeaders& headers, std::string_view body, const Signer& signer, Timestamp wire,
                  std::string_view nonce, SignatureKind kind);

/// The {algorithm, nonce, associated_data, ciphertext} object of API v3; `original_type` is left
/// out if empty. `nonce` is 12 bytes.
std::string encrypted_json(const Secret& api_v3_key, std::string_view nonce,
                           std::string_view associated_data, std::string_view plaintext,
                           std::string_view original_type);

}  // namespace suanpan::sandbox
