#include <catch2/catch.hpp>

#include "api/cashier/page.h"
#include "api/cashier/qr_code.h"
#include "api/cashier/routes.h"
#include "tests/api/jeepay/merchant_world.h"

using namespace suanpan;
using namespace suanpan::api;
using namespace suanpan::api::cashier;
using namespace suanpan::test;

namespace {

struct CashierWorld : MerchantWorld {
  explicit CashierWorld(std::size_t queue_items = 65536)
      : MerchantWorld({add_jeepay_routes, add_cashier_routes}, queue_items) {}

  /// The path of the page, as the merchant got it.
  std::string link(const std::string& number, const Fields& more = {}) {
    const ApiReply reply = place(number, more);
    INFO(reply.body);
    const std::string url = reply.at("data.payData");
    REQUIRE(url.find("https://pay.test/cashier/P") == 0);
    return url.substr(std::string("https://pay.test").size());
  }
  ApiReply get(const std::string& target) { return server->send({"GET", target, {}, "", {}}); }
  ApiReply choose(const std::string& target, const std::string& form = "way=WX_NATIVE") {
    std::string path = target;
    path.insert(path.find('?'), "/pay");
    HttpRequest request{"POST", path, {}, form, {}};
    request.headers.set("Content-Type", "application/x-www-form-urlencoded");
    return server->send(request);
  }
  static std::string order_id(const std::string& target) { return target.substr(9, 31); }
};

bool has(const ApiReply& reply, std::string_view text) {
  return reply.body.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("cashier: the page says who is paid, how much, for what, and until when") {
  CashierWorld world;
  const std::string link = world.link("o1", {{"subject", "物业费 <3月> & \"水费\""}});
  const ApiReply page = world.get(link);
  CHECK(page.status == 200);
  CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
  CHECK(page.header("Cache-Control") == "no-store");
  CHECK(page.header("Referrer-Policy") == "no-referrer");
  CHECK(has(page, "小店"));
  CHECK(has(page, "100.00"));
  CHECK(has(page, "物业费 &lt;3月&gt; &amp; &quot;水费&quot;"));
  CHECK(has(page, "2026-03-04 11:00:00"));
  CHECK(has(page, "微信扫码支付"));
  CHECK_FALSE(has(page, "<3月>"));
  CHECK_FALSE(has(page, "http-equiv=\"refresh\""));
}

TEST_CASE("cashier: nothing comes from elsewhere, and no script but its own may run") {
  CashierWorld world;
  const std::string link = world.link("o1");
  for (const ApiReply& page : {world.get(link), world.get("/cashier/P1?t=0")}) {
    const std::string policy = page.header("Content-Security-Policy");
    CHECK(policy.find("default-src 'none'") == 0);
    CHECK(policy.find("unsafe") == std::string::npos);
    CHECK(policy.find("frame-ancestors 'none'") != std::string::npos);
    for (const char* outside :
         {" src=", "<link", "@import", "url(", "onclick", "onload", " style="})
      CHECK_FALSE(has(page, outside));
    // The hashes are of what stands in the page, as openssl computes them.
    for (const char* tag : {"style", "script"}) {
      const auto begin = page.body.find(fmt::format("<{}>", tag));
      if (begin == std::string::npos) continue;
      const auto from = begin + std::string_view(tag).size() + 2;
      const std::string content =
          page.body.substr(from, page.body.find(fmt::format("</{}>", tag), from) - from);
      std::string hash = run_outside("openssl dgst -sha256 -binary | base64 -w0", content);
      CHECK(policy.find("'sha256-" + hash + "'") != std::string::npos);
    }
  }
}

TEST_CASE("cashier: choosing WeChat shows its code, paying shows success and the way back") {
  CashierWorld world;
  const std::string link = world.link("o1", {{"returnUrl", "https://shop.test/back?x=1#top"}});
  const std::string id = CashierWorld::order_id(link);
  const ApiReply chosen = world.choose(link);
  CHECK(chosen.status == 303);
  CHECK(chosen.header("Location") == link);
  const ApiReply scan = world.get(link);
  CHECK(has(scan, "<svg class=\"qr\""));
  CHECK(has(scan, "请用微信扫一扫付款"));
  CHECK(has(scan, "http-equiv=\"refresh\""));
  CHECK(world.stands(id).state == OrderState::kPaying);
  // Pressed twice, or reloaded: one order at the channel.
  const std::size_t sent = world.sent;
  CHECK(world.choose(link).status == 303);
  CHECK(world.sent == sent);

  world.pays(id);
  const ApiReply paid = world.get(link);
  CHECK(has(paid, "支付成功"));
  CHECK(has(paid, "2026-03-04 09:00:00"));
  CHECK_FALSE(has(paid, "http-equiv=\"refresh\""));
  const auto begin = paid.body.find("href=\"https://shop.test/back?x=1&amp;");
  REQUIRE(begin != std::string::npos);
  const std::string href = paid.body.substr(begin + 6, paid.body.find('"', begin + 6) - begin - 6);
  std::string fields = href.substr(href.find("x=1&amp;") + 8);
  REQUIRE(fields.ends_with("#top"));
  fields.resize(fields.size() - 4);
  for (std::size_t at; (at = fields.find("&amp;")) != std::string::npos;)
    fields.replace(at, 5, "&");
  CHECK(ask_sdk({{"form", fields}})[0] == "ok");
  // The merchant's resend still gets the link.
  const ApiReply resent = world.place("o1", {{"returnUrl", "https://shop.test/back?x=1#top"}});
  CHECK(resent.at("data.payDataType") == "payurl");
  CHECK(resent.at("data.payData") == "https://pay.test" + link);
  CHECK(resent.at("data.orderState") == "2");
  const std::string before = world.server->snapshot();
  CHECK(world.choose(link).status == 303);
  CHECK(world.server->snapshot() == before);
}

TEST_CASE("cashier: each end of an order has its page") {
  CashierWorld world;
  const std::string closed = world.link("closed");
  world.call("/api/pay/close", {{"mchOrderNo", "closed"}});
  CHECK(has(world.get(closed), "订单已关闭"));
  const std::string late = world.link("late", {{"expiredTime", "60"}});
  const std::string chosen = world.link("chosen", {{"expiredTime", "60"}});
  REQUIRE(world.choose(chosen).status == 303);
  world.advance(61);
  CHECK(has(world.get(late), "订单已过期"));
  const std::string before = world.server->snapshot();
  CHECK(world.choose(late).status == 303);
  CHECK(world.server->snapshot() == before);
  // The payer may have paid in the last second: only the channel knows.
  CHECK(has(world.get(chosen), "正在确认支付结果"));
  CHECK_FALSE(has(world.get(chosen), "class=\"qr\""));
}

TEST_CASE("cashier: a channel that does not answer is told as it is, and the code comes later") {
  CashierWorld world;
  const std::string link = world.link("o1");
  world.cut = "/v3/pay/";
  CHECK(world.choose(link).status == 303);
  CHECK(has(world.get(link), "正在生成付款码"));
  world.cut.clear();
  CHECK(world.choose(link).status == 303);
  CHECK(has(world.get(link), "<svg class=\"qr\""));
}

TEST_CASE("cashier: without the token there is no order, and nothing changes") {
  CashierWorld world;
  const std::string link = world.link("o1");
  const std::string other = world.link("o2");
  const std::string id = CashierWorld::order_id(link);
  const std::string token = link.substr(link.find("?t=") + 3);
  const std::string other_token = other.substr(other.find("?t=") + 3);
  const std::string before = world.server->snapshot();
  const std::string nobody = world.get("/cashier/P1?t=" + token).body;
  for (const std::string& target :
       {"/cashier/" + id + "?x=1", "/cashier/" + id + "?t=", "/cashier/" + id + "?t=" + other_token,
        "/cashier/" + id + "?t=" + token.substr(0, 31), "/cashier/" + id + "?t=" + token + "0",
        "/cashier/" + id + "%00?t=" + token}) {
    INFO(target);
    const ApiReply page = world.get(target);
    CHECK(page.status == 404);
    CHECK(page.body == nobody);
    CHECK(world.choose(target).status == 404);
  }
  for (const char* form : {"", "way=QR_CASHIER", "way=BANK_TRANSFER", "way=WX_JSAPI", "way=x",
                           "way=WX_NATIVE&way=WX_NATIVE", "way=WX_NATIVE&amount=1", "%zz"}) {
    INFO(form);
    CHECK(world.choose(link, form).status == 400);
  }
  CHECK(world.server->snapshot() == before);
  CHECK(world.sent == 0);
}

TEST_CASE("cashier: a QR code is square and framed, and a text that fits none is refused") {
  const auto svg = qr_svg("weixin://wxpay/bizpayurl?pr=NwY5Mz9&groupid=00", "付款码");
  REQUIRE(svg);
  // 46 bytes at level M are version 4: 33 modules and four on each side.
  CHECK(svg.value().find("viewBox=\"0 0 41 41\"") != std::string::npos);
  // The finder pattern's first bar: seven dark modules at the corner of the quiet zone.
  CHECK(svg.value().find("d=\"M4 4h7v1h-7z") != std::string::npos);
  CHECK(qr_svg("", "x").error().code == Errc::kMalformed);
  CHECK(qr_svg(std::string_view("a\0b", 3), "x").error().code == Errc::kMalformed);
  CHECK(qr_svg(std::string(2332, 'a'), "x").error().code == Errc::kTooLarge);
  CHECK(qr_svg(std::string(2331, 'a'), "x"));
}
