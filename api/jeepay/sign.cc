#include "api/jeepay/sign.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "ledger/base/digest.h"

namespace suanpan::api::jeepay {
namespace {

constexpr std::string_view kSignField = "sign";

unsigned char folded(char c) {
  return static_cast<unsigned char>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

/// Java compares UTF-16 units. UTF-8 bytes sort the same way, but for one case: a character beyond
/// the BMP (lead byte F0-F4) is a surrogate pair there and sorts below U+E000-U+FFFF (EE, EF).
int utf16_rank(unsigned char byte) { return byte >= 0xf0 ? 0xed * 16 + 8 + (byte & 7) : byte * 16; }

bool java_less_ignoring_case(std::string_view a, std::string_view b) {
  const std::size_t common = std::min(a.size(), b.size());
  for (std::size_t i = 0; i < common; ++i) {
    const unsigned char x = folded(a[i]);
    const unsigned char y = folded(b[i]);
    if (x != y) return utf16_rank(x) < utf16_rank(y);
  }
  return a.size() < b.size();
}

template <class Wanted>
std::string canonical_of(const FieldBag& bag, Wanted wanted) {
  std::vector<std::string> fragments;
  fragments.reserve(bag.fields().size());
  std::size_t size = 0;
  for (const Field& field : bag.fields()) {
    if (field.is_blank() || field.name == kSignField || !wanted(field.name)) continue;
    std::string fragment;
    fragment.reserve(field.name.size() + field.text.size() + 2);
    fragment.append(field.name).append("=").append(field.text).append("&");
    size += fragment.size();
    fragments.push_back(std::move(fragment));
  }
  std::stable_sort(fragments.begin(), fragments.end(), java_less_ignoring_case);
  std::string out;
  out.reserve(size);
  for (const std::string& fragment : fragments) out += fragment;
  return out;
}

std::string digest_of(std::string canonical, SignType type, const Secret& app_secret) {
  switch (type) {
    case SignType::kHmacSha256:
      return hex_upper(hmac_sha256(app_secret.reveal(), canonical));
    case SignType::kMd5:
      break;
  }
  // One allocation, so that no copy of the secret is left in memory that was given back.
  std::string keyed;
  keyed.reserve(canonical.size() + 4 + app_secret.reveal().size());
  keyed.append(canonical).append("key=").append(app_secret.reveal());
  const Secret wiped(std::move(keyed));
  return hex_upper(md5(wiped.reveal()));
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return folded(x) == folded(y); });
}

std::string upper_hex(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

}  // namespace

std::string_view name_of(SignType type) {
  switch (type) {
    case SignType::kMd5:
      return "MD5";
    case SignType::kHmacSha256:
      return "HMAC-SHA256";
  }
  return "";
}

std::optional<SignType> sign_type_of(std::string_view name) {
  for (const SignType type : {SignType::kMd5, SignType::kHmacSha256}) {
    if (equal_ignoring_case(name, name_of(type))) return type;
  }
  return std::nullopt;
}

std::string canonical_string(const FieldBag& bag) {
  return canonical_of(bag, [](std::string_view) { return true; });
}

std::string canonical_string(const FieldBag& bag, FieldNames only) {
  return canonical_of(bag, [only](std::string_view name) {
    return std::find(only.begin(), only.end(), name) != only.end();
  });
}

std::string sign(const FieldBag& bag, SignType type, const Secret& app_secret) {
  return digest_of(canonical_string(bag), type, app_secret);
}

Result<void> verify_sign(const FieldBag& bag, FieldNames known, const SignPolicy& policy) {
  const Field* given = bag.find(kSignField);
  if (given == nullptr || given->is_blank()) return fail(Errc::kMalformed, "缺少必填字段 sign");
  const std::string_view type_name = bag.text("signType");
  const auto type = type_name.empty() ? std::optional(SignType::kMd5) : sign_type_of(type_name);
  if (!type) return fail(Errc::kUnsupported, "signType 只支持 MD5 和 HMAC-SHA256");
  if (*type == SignType::kMd5 && !policy.allow_md5) {
    return fail(Errc::kUnsupported, "该应用已停用 MD5 签名, 请使用 signType=HMAC-SHA256");
  }
  // An empty secret would let anybody sign.
  if (policy.app_secret.empty()) return fail(Errc::kBadSignature, "验签失败");
  const std::string signature = upper_hex(given->text);
  std::string over_all = canonical_string(bag);
  std::string over_known = canonical_string(bag, known);
  const bool same = over_all == over_known;
  if (equal_constant_time(signature, digest_of(std::move(over_all), *type, policy.app_secret))) {
    return success();
  }
  if (!same &&
      equal_constant_time(signature, digest_of(std::move(over_known), *type, policy.app_secret))) {
    return success();
  }
  return fail(Errc::kBadSignature, "验签失败");
}

}  // namespace suanpan::api::jeepay
