// Where channels call us: notifications come in unsigned by us and are believed by the payment
// service only.
#pragma once
#include "api/router.h"
#include "channels/payment_service.h"

namespace suanpan::api {

/// The path below the public URL that WeChat notifications go to; the merchant number follows.
inline constexpr std::string_view kWechatNotifyPath = "/channels/wechat/notify";

void add_channel_routes(Router& router, channels::PaymentService& payments);

}  // namespace suanpan::api
