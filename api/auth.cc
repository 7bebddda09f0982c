#include "api/auth.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "ledger/base/check.h"
#include "ledger/base/digest.h"

namespace suanpan::api {
namespace {

constexpr std::string_view kKeyHeader = "Suanpan-Key";
constexpr std::string_view kTimestampHeader = "Suanpan-Timestamp";
constexpr std::string_view kNonceHeader = "Suanpan-Nonce";
constexpr std::string_view kSignatureHeader = "Suanpan-Signature";
constexpr std::size_t kMaxKeyIdBytes = 64;
constexpr std::size_t kMinNonceBytes = 16;
constexpr std::size_t kMaxNonceBytes = 64;
constexpr std::size_t kMaxTimestampDigits = 10;

constexpr std::array kRoles = {Role::kUpstream, Role::kMaker, Role::kChecker, Role::kAuditor,
                               Role::kOperator};

bool is_token(std::string_view text, std::string_view extra) {
  return std::all_of(text.begin(), text.end(), [extra](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           extra.find(c) != std::string_view::npos;
  });
}

bool is_key_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxKeyIdBytes && is_token(text, "-_.");
}

bool is_nonce(std::string_view text) {
  return text.size() >= kMinNonceBytes && text.size() <= kMaxNonceBytes && is_token(text, "-_");
}

/// Digits without a leading zero: one moment has one text, the one that was signed.
std::optional<Timestamp> read_seconds(std::string_view text) {
  if (text.empty() || text.size() > kMaxTimestampDigits || text.front() == '0') return std::nullopt;
  std::int64_t seconds = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (read.ec != std::errc{} || read.ptr != text.data() + text.size() || seconds < 0) {
    return std::nullopt;
  }
  // Ten digits reach past what 64 bits of nanoseconds hold (the year 2262).
  constexpr std::int64_t kMaxSeconds = INT64_MAX / 1'000'000'000;
  if (seconds > kMaxSeconds) return std::nullopt;
  return Timestamp::from_seconds(seconds);
}

std::string signature_of(const HttpRequest& request, const KeyRecord& key, std::int64_t seconds,
                         std::string_view nonce) {
  const std::string message = fmt::format("{}\n{}\n{}\n{}\n{}\n", request.method, request.target,
                                          seconds, nonce, hex_lower(sha256(request.body)));
  const Sha256 mac = hmac_sha256(key.secret.reveal(), message);
  return {mac.begin(), mac.end()};
}

}  // namespace

std::string_view name_of(Role role) {
  switch (role) {
    case Role::kUpstream:
      return "upstream";
    case Role::kMaker:
      return "maker";
    case Role::kChecker:
      return "checker";
    case Role::kAuditor:
      return "auditor";
    case Role::kOperator:
      return "operator";
  }
  return "";
}

std::optional<Role> role_of(std::string_view name) {
  for (const Role role : kRoles) {
    if (name_of(role) == name) return role;
  }
  return std::nullopt;
}

std::string Roles::text() const {
  std::string out;
  for (const Role role : kRoles) {
    if (!has(role)) continue;
    if (!out.empty()) out += ',';
    out += name_of(role);
  }
  return out;
}

Result<Roles> Roles::parse(std::string_view text) {
  Roles out;
  while (true) {
    const auto comma = text.find(',');
    const auto role = role_of(text.substr(0, comma));
    if (!role) {
      return fail(Errc::kMalformed, "a role is one of upstream, maker, checker, auditor, operator");
    }
    if (out.has(*role)) return fail(Errc::kMalformed, "the role {} is repeated", name_of(*role));
    out.bits_ |= static_cast<std::uint8_t>(*role);
    if (comma == std::string_view::npos) return out;
    text.remove_prefix(comma + 1);
  }
}

std::string_view name_of(AuthFailure failure) {
  switch (failure) {
    case AuthFailure::kMissing:
      return "credentials_missing";
    case AuthFailure::kMalformed:
      return "credentials_malformed";
    case AuthFailure::kUnknownKey:
      return "unknown_key";
    case AuthFailure::kBadSignature:
      return "bad_signature";
    case AuthFailure::kKeyDisabled:
      return "key_disabled";
    case AuthFailure::kStale:
      return "stale_timestamp";
    case AuthFailure::kReplayed:
      return "replayed_nonce";
    case AuthFailure::kForbidden:
      return "forbidden";
  }
  return "";
}

Result<Credentials, AuthFailure> read_credentials(const HttpRequest& request) {
  for (const auto name : {kKeyHeader, kTimestampHeader, kNonceHeader, kSignatureHeader}) {
    const std::size_t count = request.headers.count(name);
    if (count == 0) return AuthFailure::kMissing;
    if (count > 1) return AuthFailure::kMalformed;
  }
  const auto key_id = *request.headers.find(kKeyHeader);
  const auto timestamp = read_seconds(*request.headers.find(kTimestampHeader));
  const auto nonce = *request.headers.find(kNonceHeader);
  auto signature = from_base64(*request.headers.find(kSignatureHeader));
  if (!is_key_id(key_id) || !timestamp || !is_nonce(nonce) || !signature ||
      signature->size() != Sha256{}.size()) {
    return AuthFailure::kMalformed;
  }
  return Credentials{std::string(key_id), *timestamp, std::string(nonce), std::move(*signature)};
}

Result<void, AuthFailure> check_request(const HttpRequest& request, const Credentials& credentials,
                                        const KeyRecord& key, Timestamp now,
                                        std::int64_t window_s) {
  CHECK_OR_DIE(credentials.key_id == key.key_id, "the record of another key was looked up");
  const std::string expected =
      signature_of(request, key, credentials.timestamp.seconds(), credentials.nonce);
  // A short secret can be guessed; a record that holds one is as good as none.
  const bool is_strong = key.secret.reveal().size() >= kMinKeySecretBytes;
  if (!equal_constant_time(expected, credentials.signature) || !is_strong) {
    return AuthFailure::kBadSignature;
  }
  if (!key.enabled) return AuthFailure::kKeyDisabled;
  const std::int64_t apart_s = credentials.timestamp.seconds() - now.seconds();
  if (apart_s > window_s || apart_s < -window_s) return AuthFailure::kStale;
  return success();
}

void sign_request(HttpRequest& request, const KeyRecord& key, Timestamp now,
                  std::string_view nonce) {
  CHECK_OR_DIE(is_key_id(key.key_id) && is_nonce(nonce), "key {}", key.key_id);
  request.headers.set(kKeyHeader, key.key_id);
  request.headers.set(kTimestampHeader, fmt::format("{}", now.seconds()));
  request.headers.set(kNonceHeader, nonce);
  request.headers.set(kSignatureHeader, base64(signature_of(request, key, now.seconds(), nonce)));
}

}  // namespace suanpan::api
