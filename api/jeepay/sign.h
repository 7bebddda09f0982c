// Jeepay's message signature.
//
//   fragment  := name "=" text "&"      one per field that is neither null nor "", `sign` left out
//   canonical := the fragments, sorted whole by Java's String.CASE_INSENSITIVE_ORDER, concatenated
//   MD5          upper-case hex of MD5(canonical "key=" app_secret)
//   HMAC-SHA256  upper-case hex of HMAC-SHA256(key: app_secret, message: canonical)
//
// Texts are as sent: no URL-encoding, 0 and false and blanks kept, numbers as written, nested
// values as their JSON text. HMAC-SHA256 is ours (signType=HMAC-SHA256), beside what the official
// SDK speaks: the canonical string ends with its '&', and the secret is not part of the message.
// The canonical string never holds the secret, so it may be shown to an operator.
//
// The order folds ASCII letters only. Java folds other scripts too; that can matter only between
// two fields whose names are equal ignoring case, and then the signature fails, nothing worse.
// Fragments that are equal ignoring case keep the order they were sent in.
//
// A limit of the wire format: "&" in a value is not escaped, so a=1&b=2 as one value and as two
// fields sign alike. Whoever can change messages under way is kept out by TLS, not by this sign.
//
// Pure functions. Secrets are compared and digested here and never appear in an error.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "api/jeepay/field_bag.h"
#include "ledger/base/cipher.h"
#include "ledger/base/result.h"

namespace suanpan::api::jeepay {

enum class SignType : std::uint8_t { kMd5, kHmacSha256 };

std::string_view name_of(SignType type);  ///< "MD5", "HMAC-SHA256"
/// By name, ignoring case; nothing if it is not known.
std::optional<SignType> sign_type_of(std::string_view name);

using FieldNames = std::span<const std::string_view>;

/// The canonical string over all fields but `sign`.
std::string canonical_string(const FieldBag& bag);
/// The same over the named fields only.
std::string canonical_string(const FieldBag& bag, FieldNames only);

/// The signature of all fields but `sign`; what we put under `data` and into notifications.
std::string sign(const FieldBag& bag, SignType type, const Secret& app_secret);

/// What an app may sign with. MD5 is for compatibility and can be switched off per app.
struct SignPolicy {
  const Secret& app_secret;
  bool allow_md5 = true;
};

/// Holds bag's `sign` against its other fields, by its `signType` (MD5 where absent). Two styles of
/// client exist: those that sign all they send, and those that, like the Jeepay server, sign only
/// the fields the endpoint knows; either match is accepted, as unknown fields are dropped anyway.
/// Constant time; hex in either case.
/// Errors: kMalformed (no sign), kUnsupported (signType unknown or switched off), kBadSignature.
Result<void> verify_sign(const FieldBag& bag, FieldNames known, const SignPolicy& policy);

}  // namespace suanpan::api::jeepay
