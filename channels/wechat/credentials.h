// Who we are at WeChat Pay: everything a direct merchant (直连商户) needs to speak API v3.
// A plain value, read from the configuration; check() judges it once, before it is used.
#pragma once
#include <string>

#include "channels/wechat/verifier.h"
#include "ledger/base/cipher.h"
#include "ledger/base/signature.h"

namespace suanpan::channels::wechat {

inline constexpr std::string_view kProductionHost = "api.mch.weixin.qq.com";
inline constexpr std::size_t kApiV3KeyBytes = 32;

struct Credentials {
  std::string mchid;            ///< merchant number, decimal digits
  std::string appid;            ///< the official account's or app's id
  std::string merchant_serial;  ///< serial of the merchant's API certificate, hexadecimal
  PrivateKey merchant_key;      ///< that certificate's key; signs requests and payment parameters
  Secret api_v3_key;            ///< 32 bytes; decrypts notifications and certificates
  std::string base_host{kProductionHost};  ///< "host" or "host:port"; the driver chooses TLS
  PlatformKeys platform_keys;              ///< may be empty until certificates are downloaded
};

/// Errors: kConfig, naming the field (never its value).
inline Result<void> check(const Credentials& credentials) {
  const auto only = [](std::string_view text, std::string_view alphabet) {
    return !text.empty() && text.find_first_not_of(alphabet) == std::string_view::npos;
  };
  constexpr std::string_view kHex = "0123456789abcdefABCDEF";
  if (!only(credentials.mchid, "0123456789") || credentials.mchid.size() > 32)
    return fail(Errc::kConfig, "wechat: mchid must be decimal digits");
  if (credentials.appid.empty() || credentials.appid.size() > 32 ||
      credentials.appid.find_first_of("\"\\\r\n ") != std::string::npos)
    return fail(Errc::kConfig, "wechat: appid must be 1-32 characters");
  if (!only(credentials.merchant_serial, kHex))
    return fail(Errc::kConfig, "wechat: merchant serial must be hexadecimal");
  if (credentials.api_v3_key.reveal().size() != kApiV3KeyBytes)
    return fail(Errc::kConfig, "wechat: the APIv3 key must have 32 bytes");
  if (credentials.base_host.empty() ||
      credentials.base_host.find_first_of("/@?# \r\n") != std::string::npos)
    return fail(Errc::kConfig, "wechat: base host must be a host name, with a port at most");
  return success();
}

}  // namespace suanpan::channels::wechat
