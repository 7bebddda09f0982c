// Our merchants at WeChat Pay: who they are, where the platform is, and the platform's keys as far
// as they are known by now.
//
// Platform keys change while we run (certificates are rotated, merchants move to the public key),
// so an adapter is handed out as it stands and replaced as a whole. Thread-safe.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "channels/wechat/adapter.h"

namespace suanpan::channels {

struct WechatEndpoints {
  std::string base_url;         ///< "https://api.mch.weixin.qq.com"
  std::string notify_url_base;  ///< without a slash at its end; a merchant's is "<base>/<mchid>"
};

class WechatChannel {
 public:
  /// `merchants` may come without platform keys: certificates are then fetched before the first
  /// call. Their base_host is set from the endpoints. Errors: kConfig (endpoints, credentials, one
  /// merchant twice).
  static Result<std::unique_ptr<WechatChannel>> make(WechatEndpoints endpoints,
                                                     std::vector<wechat::Credentials> merchants);

  const std::string& base_url() const { return endpoints_.base_url; }
  std::string notify_url(std::string_view mchid) const;
  std::vector<std::string> merchants() const;
  /// Null for a merchant that is not configured.
  std::shared_ptr<const wechat::Adapter> adapter(std::string_view mchid) const;
  /// Replaces the keys that answers and notifications of a configured merchant are held to.
  void set_platform_keys(std::string_view mchid, wechat::PlatformKeys keys);

 private:
  explicit WechatChannel(WechatEndpoints endpoints) : endpoints_(std::move(endpoints)) {}
  WechatEndpoints endpoints_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const wechat::Adapter>, std::less<>> adapters_;
};

}  // namespace suanpan::channels
