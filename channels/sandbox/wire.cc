#include "channels/sandbox/wire.h"

#include <charconv>

#include "ledger/base/digest.h"
#include "ledger/base/json.h"

namespace suanpan::sandbox {
namespace {

constexpr std::string_view kScheme = "WECHATPAY2-SHA256-RSA2048 ";

ApiError sign_error(std::string message) { return {401, "SIGN_ERROR", std::move(message)}; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

ApiResult<Authorization> parse_authorization(const HttpRequest& request) {
  if (request.headers.count("Authorization") != 1)
    return sign_error("there must be exactly one Authorization header");
  std::string_view rest = *request.headers.find("Authorization");
  if (!rest.starts_with(kScheme)) return sign_error("the Authorization scheme is not known");
  rest.remove_prefix(kScheme.size());

  Authorization out;
  const std::pair<std::string_view, std::string*> fields[] = {{"mchid", &out.mchid},
                                                              {"nonce_str", &out.nonce},
                                                              {"timestamp", &out.timestamp},
                                                              {"serial_no", &out.serial},
                                                              {"signature", &out.signature}};
  while (!rest.empty()) {
    const auto equals = rest.find("=\"");
    if (equals == std::string_view::npos) return sign_error("Authorization is malformed");
    const auto end = rest.find('"', equals + 2);
    if (end == std::string_view::npos) return sign_error("Authorization is malformed");
    const std::string_view name = rest.substr(0, equals);
    const std::string_view value = rest.substr(equals + 2, end - equals - 2);
    rest.remove_prefix(end + 1);
    while (!rest.empty() && (rest.front() == ',' || rest.front() == ' ')) rest.remove_prefix(1);
    for (const auto& [known, target] : fields) {
      if (known != name) continue;
      if (!target->empty()) return sign_error(fmt::format("{} is given twice", known));
      *target = value;
    }
  }
  for (const auto& [known, target] : fields) {
    if (target->empty()) return sign_error(fmt::format("Authorization lacks {}", known));
  }
  return out;
}

ApiResult<std::string> authenticate(const HttpRequest& request, const Keys& keys, Timestamp wire) {
  TRY(auto authorization, parse_authorization(request));
  const auto merchant = keys.merchants.find(authorization.mchid);
  if (merchant == keys.merchants.end()) return sign_error("the merchant number is not known");
  if (!equal_ignoring_case(authorization.serial, merchant->second.serial))
    return sign_error("the serial number is not that of the merchant's certificate");

  std::int64_t seconds = 0;
  const std::string& text = authorization.timestamp;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (failed != std::errc{} || end != text.data() + text.size() || seconds < 0)
    return sign_error("the timestamp is not a number of seconds");
  const std::int64_t skew = wire.seconds() - seconds;
  if (skew >= kMaxSkewSeconds || skew <= -kMaxSkewSeconds)
    return sign_error("the timestamp is five minutes or more from ours");

  const std::string message = fmt::format("{}\n{}\n{}\n{}\n{}\n", request.method, request.target,
                                          text, authorization.nonce, request.body);
  const auto signature = from_base64(authorization.signature);
  if (!signature || !merchant->second.public_key.verify_sha256(message, *signature))
    return sign_error("the signature does not hold");
  return authorization.mchid;
}

void sign_headers(HttpHeaders& headers, std::string_view body, const Signer& signer, Timestamp wire,
                  std::string_view nonce, SignatureKind kind) {
  const std::string message = fmt::format("{}\n{}\n{}\n", wire.seconds(), nonce, body);
  std::string signature;
  if (kind == SignatureKind::kProbe) {
    signature = fmt::format("WECHATPAY/SIGNTEST/{}", base64(nonce));
  } else {
    std::string raw = signer.key.sign_sha256(message);
    if (kind == SignatureKind::kForged)
      raw[raw.size() / 2] = static_cast<char>(raw[raw.size() / 2] ^ 1);
    signature = base64(raw);
  }
  headers.set("Wechatpay-Timestamp", std::to_string(wire.seconds()));
  headers.set("Wechatpay-Nonce", nonce);
  headers.set("Wechatpay-Serial", signer.serial);
  headers.set("Wechatpay-Signature", signature);
  headers.set("Wechatpay-Signature-Type", "WECHATPAY2-SHA256-RSA2048");
}

std::string encrypted_json(const Secret& api_v3_key, std::string_view nonce,
                           std::string_view associated_data, std::string_view plaintext,
                           std::string_view original_type) {
  JsonWriter json;
  json.begin_object();
  if (!original_type.empty()) json.field("original_type", original_type);
  json.field("algorithm", "AEAD_AES_256_GCM");
  json.field("nonce", nonce).field("associated_data", associated_data);
  json.field("ciphertext",
             base64(encrypt_aes_gcm(api_v3_key.reveal(), nonce, associated_data, plaintext)));
  json.end_object();
  return json.take();
}

}  // namespace suanpan::sandbox
