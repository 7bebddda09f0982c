#include "channels/wechat/signer.h"

#include <fmt/format.h>

#include "ledger/base/digest.h"

namespace suanpan::channels::wechat {

std::string request_message(std::string_view method, std::string_view target,
                            std::int64_t timestamp_s, std::string_view nonce,
                            std::string_view body) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n", method, target, timestamp_s, nonce, body);
}

std::string authorization(const Credentials& credentials, const HttpRequest& request,
                          const Stamp& stamp) {
  const auto timestamp_s = stamp.now.seconds();
  const auto signature = base64(credentials.merchant_key.sign_sha256(
      request_message(request.method, request.target, timestamp_s, stamp.nonce, request.body)));
  return fmt::format(
      "WECHATPAY2-SHA256-RSA2048 mchid=\"{}\",nonce_str=\"{}\",signature=\"{}\",timestamp=\"{}\","
      "serial_no=\"{}\"",
      credentials.mchid, stamp.nonce, signature, timestamp_s, credentials.merchant_serial);
}

void sign(HttpRequest& request, const Credentials& credentials, const Stamp& stamp) {
  request.headers.set("Host", credentials.base_host);
  request.headers.set("Accept", "application/json");
  request.headers.set("User-Agent", "suanpan");  // the platform refuses requests without one
  if (!request.body.empty()) request.headers.set("Content-Type", "application/json");
  if (const auto serial = credentials.platform_keys.preferred_serial(stamp.now))
    request.headers.set("Wechatpay-Serial", *serial);
  request.headers.set("Authorization", authorization(credentials, request, stamp));
}

namespace {

std::string pay_sign(const Credentials& credentials, const Stamp& stamp, std::string_view package) {
  return base64(credentials.merchant_key.sign_sha256(fmt::format(
      "{}\n{}\n{}\n{}\n", credentials.appid, stamp.now.seconds(), stamp.nonce, package)));
}

}  // namespace

std::string jsapi_pay_sign(const Credentials& credentials, std::string_view prepay_id,
                           const Stamp& stamp) {
  return pay_sign(credentials, stamp, fmt::format("prepay_id={}", prepay_id));
}

std::string app_pay_sign(const Credentials& credentials, std::string_view prepay_id,
                         const Stamp& stamp) {
  return pay_sign(credentials, stamp, prepay_id);
}

}  // namespace suanpan::channels::wechat
