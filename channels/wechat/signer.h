// Signs what we send. Pure: the moment and the nonce are arguments, so a test repeats a signature.
#pragma once
#include <string>
#include <string_view>

#include "channels/wechat/credentials.h"
#include "ledger/base/date.h"
#include "ledger/base/http_message.h"

namespace suanpan::channels::wechat {

/// The moment of a message on the real clock, and a nonce of 1-32 letters and digits that is used
/// once. Also what an answer is judged by: a signature's age is measured against `now`.
struct Stamp {
  Timestamp now;
  std::string nonce;
};

/// "METHOD\npath?query\ntimestamp\nnonce\nbody\n"; an empty body still has its line.
std::string request_message(std::string_view method, std::string_view target,
                            std::int64_t timestamp_s, std::string_view nonce,
                            std::string_view body);

/// The value of Authorization for a request as it will be sent (target and body byte for byte).
std::string authorization(const Credentials& credentials, const HttpRequest& request,
                          const Stamp& stamp);

/// Sets Host, Accept, User-Agent, Authorization and, once a platform key is known,
/// Wechatpay-Serial (it tells the platform which of its keys to answer under); Content-Type where
/// there is a body.
void sign(HttpRequest& request, const Credentials& credentials, const Stamp& stamp);

/// paySign: base64 RSA-SHA256 over "appId\ntimestamp\nnonce\npackage\n", for WeixinJSBridge and
/// mini programs; `package` is "prepay_id=…".
std::string jsapi_pay_sign(const Credentials& credentials, std::string_view prepay_id,
                           const Stamp& stamp);
/// The same for the app SDK, which signs the bare prepay_id.
std::string app_pay_sign(const Credentials& credentials, std::string_view prepay_id,
                         const Stamp& stamp);

}  // namespace suanpan::channels::wechat
