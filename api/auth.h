// Authentication of the native API: every call under /v1 is signed.
//
//   Suanpan-Key        the key's id, 1 to 64 of A-Z a-z 0-9 - _ .
//   Suanpan-Timestamp  seconds since the Unix epoch, decimal
//   Suanpan-Nonce      16 to 64 of A-Z a-z 0-9 - _, new for every call
//   Suanpan-Signature  base64(HMAC-SHA256(key: secret, message))
//   message := METHOD "\n" path?query "\n" timestamp "\n" nonce "\n" hex(sha256(body)) "\n"
//
// path?query is the request target exactly as sent, hex is lower case. Each header stands exactly
// once. No other header is covered: what changes the meaning of a call belongs in its target or
// body. The signature is looked at before the clock, so that only the holder of the key learns
// that its clock is off; the nonce last (nonce_store.h), so that only signed calls are remembered.
//
// Which role may call which operation is a table of the routes. Pure functions, plain values.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "api/key_scope.h"
#include "ledger/base/cipher.h"
#include "ledger/base/date.h"
#include "ledger/base/http_message.h"
#include "ledger/base/result.h"

namespace suanpan::api {

inline constexpr std::int64_t kAuthWindow_s = 300;

enum class Role : std::uint8_t {
  kUpstream = 1,   ///< 上游系统: places orders, posts vouchers
  kMaker = 2,      ///< 制单
  kChecker = 4,    ///< 复核
  kAuditor = 8,    ///< 审计: reads everything, changes nothing
  kOperator = 16,  ///< 运维
};

std::string_view name_of(Role role);  ///< "upstream"
std::optional<Role> role_of(std::string_view name);

/// A set of roles.
class Roles {
 public:
  constexpr Roles() = default;
  constexpr Roles(std::initializer_list<Role> roles) {
    for (const Role role : roles) bits_ |= static_cast<std::uint8_t>(role);
  }
  constexpr bool has(Role role) const { return (bits_ & static_cast<std::uint8_t>(role)) != 0; }
  /// Whether any of `allowed` is here.
  constexpr bool has_any(Roles allowed) const { return (bits_ & allowed.bits_) != 0; }
  constexpr Roles without(Role role) const {
    Roles others = *this;
    others.bits_ &= static_cast<std::uint8_t>(~static_cast<std::uint8_t>(role));
    return others;
  }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr std::uint8_t bits() const { return bits_; }
  friend constexpr bool operator==(Roles, Roles) = default;

  std::string text() const;  ///< "maker,checker"; in the order of the enumeration
  /// Reads what text() writes, in any order. Errors: kMalformed (unknown, repeated, none at all).
  static Result<Roles> parse(std::string_view text);

 private:
  std::uint8_t bits_ = 0;
};

struct KeyRecord {
  std::string key_id;
  Secret secret;  ///< at least kMinKeySecretBytes
  Roles roles;
  bool enabled = true;
  KeyScope scope = {};  ///< what the role upstream may touch
};

inline constexpr std::size_t kMinKeySecretBytes = 16;

/// Why a call is not believed; stable numbers, the order in which they are found.
enum class AuthFailure : std::uint8_t {
  kMissing = 1,       ///< a header is absent
  kMalformed = 2,     ///< a header is repeated or has not its form
  kUnknownKey = 3,    ///< no such key
  kBadSignature = 4,  ///< the signature does not hold
  kKeyDisabled = 5,   ///< the key was withdrawn
  kStale = 6,         ///< the timestamp is outside the window
  kReplayed = 7,      ///< the nonce was used before
  kForbidden = 8,     ///< the key's roles do not allow the call
};

std::string_view name_of(AuthFailure failure);  ///< "bad_signature"

/// What the four headers say; nothing of it is believed yet.
struct Credentials {
  std::string key_id;
  Timestamp timestamp;  ///< whole seconds
  std::string nonce;
  std::string signature;  ///< decoded, 32 bytes
};

/// Errors: kMissing, kMalformed.
Result<Credentials, AuthFailure> read_credentials(const HttpRequest& request);

/// Holds a request against the key that its credentials name. In constant time.
/// Errors: kBadSignature, kKeyDisabled, kStale (|timestamp - now| > window).
Result<void, AuthFailure> check_request(const HttpRequest& request, const Credentials& credentials,
                                        const KeyRecord& key, Timestamp now,
                                        std::int64_t window_s = kAuthWindow_s);

/// Sets the four headers, for clients. `nonce` as above, from random_bytes. CHECKs its form.
void sign_request(HttpRequest& request, const KeyRecord& key, Timestamp now,
                  std::string_view nonce);

}  // namespace suanpan::api
