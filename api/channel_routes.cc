#include "api/channel_routes.h"

namespace suanpan::api {

void add_channel_routes(Router& router, channels::PaymentService& payments) {
  Route route;
  route.method = "POST";
  route.pattern = std::string(kWechatNotifyPath) + "/{mchid}";
  route.access = Access::kOpen;
  route.summary = "WeChat Pay tells of a payment or refund";
  route.handle = [&payments](Call call) {
    payments.wechat_notification(std::move(call.request), std::move(call.reply));
  };
  router.add(std::move(route));
}

}  // namespace suanpan::api
