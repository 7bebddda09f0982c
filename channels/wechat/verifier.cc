#include "channels/wechat/verifier.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "ledger/base/digest.h"
#include "ledger/base/money.h"

namespace suanpan::channels::wechat {
namespace {

constexpr std::string_view kPublicKeyPrefix = "PUB_KEY_ID_";
constexpr std::string_view kProbePrefix = "WECHATPAY/SIGNTEST/";
constexpr std::string_view kRsaType = "WECHATPAY2-SHA256-RSA2048";

/// Serials are compared ignoring case; a certificate's also ignoring leading zeros, which some
/// big-number printers drop.
std::string normalised(std::string_view serial) {
  std::string upper(serial);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  if (upper.starts_with(kPublicKeyPrefix)) return upper;
  upper.erase(0, std::min(upper.find_first_not_of('0'), upper.size()));
  return upper;
}

std::optional<std::int64_t> decimal(std::string_view text) {
  std::int64_t value = 0;
  const auto end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || text[0] == '-' || error != std::errc{} || at != end) return std::nullopt;
  return value;
}

Result<std::string_view> only_header(const HttpHeaders& headers, std::string_view name) {
  if (headers.count(name) != 1)
    return fail(Errc::kBadSignature, "{} is {}", name,
                headers.count(name) == 0 ? "missing" : "repeated");
  return *headers.find(name);
}

}  // namespace

std::string response_message(std::string_view timestamp, std::string_view nonce,
                             std::string_view body) {
  return fmt::format("{}\n{}\n{}\n", timestamp, nonce, body);
}

bool has_signature(const HttpHeaders& headers) { return headers.count("Wechatpay-Signature") != 0; }

bool PlatformKeys::Key::valid_at(Timestamp now) const {
  return (!not_before || *not_before <= now) && (!not_after || now <= *not_after);
}

Result<void> PlatformKeys::add_certificate(std::string_view pem) {
  TRY(const auto certificate, Certificate::from_pem(pem));
  const auto serial = certificate.serial_hex();
  keys_.insert_or_assign(
      normalised(serial),
      Key{serial, certificate.public_key(), certificate.not_before(), certificate.not_after()});
  return success();
}

Result<void> PlatformKeys::add_public_key(std::string_view id, std::string_view pem) {
  const auto key_id = normalised(id);
  if (!key_id.starts_with(kPublicKeyPrefix) || key_id.size() == kPublicKeyPrefix.size() ||
      key_id.find_first_of(" \r\n\t") != std::string::npos)
    return fail(Errc::kMalformed, "a platform public key's id begins with {}", kPublicKeyPrefix);
  TRY(const auto key, PublicKey::from_pem(pem));
  keys_.insert_or_assign(key_id, Key{std::string(id), key, std::nullopt, std::nullopt});
  return success();
}

void PlatformKeys::merge(const PlatformKeys& other) {
  for (const auto& [serial, key] : other.keys_) keys_.insert_or_assign(serial, key);
}

bool PlatformKeys::contains(std::string_view serial) const {
  return keys_.contains(normalised(serial));
}

std::optional<std::string> PlatformKeys::preferred_serial(Timestamp now) const {
  const Key* best = nullptr;
  for (const auto& [serial, key] : keys_) {
    if (!key.not_after) return key.serial;
    if (key.valid_at(now) && (best == nullptr || *key.not_after > *best->not_after)) best = &key;
  }
  return best == nullptr ? std::nullopt : std::optional(best->serial);
}

Result<void> PlatformKeys::verify(const HttpHeaders& headers, std::string_view body,
                                  Timestamp now) const {
  TRY(const auto signature, only_header(headers, "Wechatpay-Signature"));
  // The platform probes whether we check at all; whatever else it says, it must not be believed.
  if (signature.starts_with(kProbePrefix))
    return fail(Errc::kBadSignature, "the signature is a probe");
  TRY(const auto timestamp, only_header(headers, "Wechatpay-Timestamp"));
  TRY(const auto nonce, only_header(headers, "Wechatpay-Nonce"));
  TRY(const auto serial, only_header(headers, "Wechatpay-Serial"));
  if (const auto type = headers.find("Wechatpay-Signature-Type"); type && *type != kRsaType)
    return fail(Errc::kUnsupported, "the signature is not of type {}", kRsaType);

  const auto sent_s = decimal(timestamp);
  if (!sent_s) return fail(Errc::kBadSignature, "Wechatpay-Timestamp is not a number of seconds");
  const auto skew_s = checked_sub(now.seconds(), *sent_s);
  if (!skew_s || *skew_s >= kMaxSkewSeconds || *skew_s <= -kMaxSkewSeconds)
    return fail(Errc::kBadSignature, "Wechatpay-Timestamp is {} s or more from our clock",
                kMaxSkewSeconds);

  const auto found = keys_.find(normalised(serial));
  if (found == keys_.end())
    return fail(Errc::kBadSignature, "Wechatpay-Serial names no platform key that we know");
  if (!found->second.valid_at(now))
    return fail(Errc::kBadSignature, "the platform certificate is outside its validity");
  const auto raw = from_base64(signature);
  if (!raw) return fail(Errc::kBadSignature, "Wechatpay-Signature is not base64");
  if (!found->second.key.verify_sha256(response_message(timestamp, nonce, body), *raw))
    return fail(Errc::kBadSignature, "the signature does not hold");
  return success();
}

Result<std::string> decrypt_resource(const Secret& api_v3_key, const JsonValue& resource) {
  TRY(const auto algorithm, resource.get_string("algorithm"));
  if (algorithm != "AEAD_AES_256_GCM")
    return fail(Errc::kUnsupported, "the resource is not encrypted with AEAD_AES_256_GCM");
  TRY(const auto nonce, resource.get_string("nonce"));
  TRY(const auto encoded, resource.get_string("ciphertext"));
  std::string associated_data;
  if (const auto present = resource.find("associated_data"); present && !present->is_null()) {
    TRY(const auto text, present->as_string());
    associated_data = text;
  }
  const auto ciphertext = from_base64(encoded);
  if (!ciphertext) return fail(Errc::kMalformed, "the resource's ciphertext is not base64");
  if (nonce.size() != 12) return fail(Errc::kMalformed, "the resource's nonce is not 12 bytes");
  // AES-256 by name: a key of another length would be another algorithm.
  if (api_v3_key.reveal().size() != 32)
    return fail(Errc::kConfig, "wechat: the APIv3 key must have 32 bytes");
  return decrypt_aes_gcm(api_v3_key.reveal(), nonce, associated_data, *ciphertext);
}

Result<PlatformKeys> decode_certificates(const Secret& api_v3_key, const PlatformKeys& known,
                                         const HttpResponse& response, Timestamp now) {
  TRY(const auto document, JsonDocument::parse(response.body));
  TRY(const auto data, document.root().get("data"));
  if (!data.is_array()) return fail(Errc::kMalformed, "\"data\" is not an array");
  PlatformKeys downloaded;
  for (const auto& item : data.elements()) {
    TRY(const auto serial_no, item.get_string("serial_no"));
    TRY(const auto sealed, item.get("encrypt_certificate"));
    TRY(const auto algorithm, sealed.get_string("algorithm"));
    if (algorithm != "AEAD_AES_256_GCM") continue;
    TRY(const auto pem, decrypt_resource(api_v3_key, sealed));
    PlatformKeys one;
    TRY(one.add_certificate(pem));
    if (!one.contains(serial_no))
      return fail(Errc::kMismatch, "a platform certificate's serial is not its serial_no");
    downloaded.merge(one);
  }
  if (downloaded.size() == 0) return fail(Errc::kMismatch, "no platform certificate of RSA kind");
  PlatformKeys all = known;
  all.merge(downloaded);
  TRY(all.verify(response.headers, response.body, now));
  return all;
}

}  // namespace suanpan::channels::wechat
