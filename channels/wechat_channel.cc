#include "channels/wechat_channel.h"

#include "channels/url.h"

namespace suanpan::channels {

Result<std::unique_ptr<WechatChannel>> WechatChannel::make(
    WechatEndpoints endpoints, std::vector<wechat::Credentials> merchants) {
  const auto base = Url::parse(endpoints.base_url);
  if (!base || base.value().target != "/")
    return fail(Errc::kConfig, "wechat: the base URL must be scheme and host only");
  if (!Url::parse(endpoints.notify_url_base) || endpoints.notify_url_base.ends_with('/') ||
      endpoints.notify_url_base.find('?') != std::string::npos)
    return fail(Errc::kConfig, "wechat: the notify URL must be absolute, without slash or query");
  std::unique_ptr<WechatChannel> channel(new WechatChannel(std::move(endpoints)));
  for (wechat::Credentials& credentials : merchants) {
    credentials.base_host = base.value().host_field();
    std::string mchid = credentials.mchid;
    TRY(auto adapter, wechat::Adapter::make(std::move(credentials)));
    const bool fresh =
        channel->adapters_
            .emplace(mchid, std::make_shared<const wechat::Adapter>(std::move(adapter)))
            .second;
    if (!fresh) return fail(Errc::kConfig, "wechat: merchant {} is configured twice", mchid);
  }
  return channel;
}

std::string WechatChannel::notify_url(std::string_view mchid) const {
  return fmt::format("{}/{}", endpoints_.notify_url_base, mchid);
}

std::vector<std::string> WechatChannel::merchants() const {
  std::lock_guard lock(mutex_);
  std::vector<std::string> mchids;
  for (const auto& [mchid, adapter] : adapters_) mchids.push_back(mchid);
  return mchids;
}

std::shared_ptr<const wechat::Adapter> WechatChannel::adapter(std::string_view mchid) const {
  std::lock_guard lock(mutex_);
  const auto found = adapters_.find(mchid);
  return found == adapters_.end() ? nullptr : found->second;
}

void WechatChannel::set_platform_keys(std::string_view mchid, wechat::PlatformKeys keys) {
  std::lock_guard lock(mutex_);
  const auto found = adapters_.find(mchid);
  if (found == adapters_.end()) return;
  found->second =
      std::make_shared<const wechat::Adapter>(found->second->with_platform_keys(std::move(keys)));
}

}  // namespace suanpan::channels
