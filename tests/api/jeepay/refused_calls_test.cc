// Jeepay's routes: what is malformed, what is not believed, and bodies whose signature was seen
// before. Each is refused with its reason and leaves everything as it was.
#include <catch2/catch.hpp>

#include "tests/api/jeepay/merchant_world.h"

using namespace suanpan;
using namespace suanpan::test;

TEST_CASE("jeepay routes: what is malformed is refused with its field and leaves nothing") {
  MerchantWorld world;
  const std::string before = world.server->snapshot();
  struct Row {
    const char* field;
    const char* value;
    const char* code;
    const char* message;
  };
  for (const Row& row : std::vector<Row>{{"amount", "#-1", "11", "amount"},
                                         {"amount", "#0", "11", "amount"},
                                         {"amount", "#1.5", "11", "amount"},
                                         {"amount", "#9223372036854775808", "11", "amount"},
                                         {"amount", "#1000000000000001", "11", "amount"},
                                         {"amount", "", "11", "amount"},
                                         {"amount", "#true", "11", "amount"},
                                         {"currency", "XXX", "11", "currency"},
                                         {"currency", "USD", "9999", "USD"},
                                         {"wayCode", "ALI_BAR", "11", "wayCode"},
                                         {"wayCode", "WX_JSAPI", "11", "openid"},
                                         {"notifyUrl", "ftp://x/y", "11", "notifyUrl"},
                                         {"notifyUrl", "/notify", "11", "notifyUrl"},
                                         {"notifyUrl", "http://0x7f000001/", "11", "notifyUrl"},
                                         {"notifyUrl", "https://a@b.test/", "11", "notifyUrl"},
                                         {"expiredTime", "0", "11", "expiredTime"},
                                         {"channelExtra", "[1]", "11", "channelExtra"},
                                         {"extParam", "{broken", "11", "extParam"},
                                         {"mchNo", "", "11", "mchNo"},
                                         {"reqTime", "", "11", "reqTime"},
                                         {"reqTime", "12", "11", "reqTime"},
                                         {"signType", "RSA", "11", "signType"}}) {
    INFO(row.field << " " << row.value);
    Fields fields = MerchantWorld::order("bad");
    fields[row.field] = row.value;
    check_refused(world, world.call(kUnifiedOrder, fields), before, row.code, row.message);
  }
  for (const char* body : {"", "{", "[]", "null", R"({"mchNo":"M1","mchNo":"M1"})", "\xff"}) {
    INFO(body);
    check_refused(world, world.send(kUnifiedOrder, body), before, "11", "");
  }
  CHECK(world.send(kUnifiedOrder, "<a/>", "text/xml").at("code") == "9999");
  // A direct merchant's money must not come to our bank account; a channel that is not there.
  CHECK(world.place("b1", {{"wayCode", "BANK_TRANSFER"}, {"mchNo", "D1"}, {"appId", "D"}})
            .at("code") == "9999");
  for (const char* path : {"/api/pay/query", "/api/pay/close"})
    check_refused(world, world.call(path, {}), before, "11", "不能同时为空");
  check_refused(world, world.call("/api/refund/query", {}), before, "11", "不能同时为空");
  check_refused(world, world.call("/api/transfer/query", {}), before, "11", "不能同时为空");
  CHECK(world.server->send({"GET", kUnifiedOrder, {}, "", {}}).status == 405);
  CHECK(world.call("/api/division/exec", {}).status == 404);
}

TEST_CASE("jeepay routes: a call that is not believed leaves nothing and learns nothing") {
  MerchantWorld world;
  const std::string id = world.placed("mine");
  const std::string before = world.server->snapshot();
  const std::int64_t now = world.real().now().ms();
  struct Row {
    const char* what;
    Fields more;
    const char* secret;
    const char* message;
  };
  for (const Row& row : std::vector<Row>{
           {"a wrong secret", {}, "other", "验签失败"},
           {"an unknown merchant", {{"mchNo", "M9"}}, "", "商户或应用不存在"},
           {"an unknown app", {{"appId", "B"}}, "", "商户或应用不存在"},
           {"another merchant's app", {{"appId", "D"}}, "", "商户或应用不存在"},
           {"an app that is off", {{"appId", "off"}}, "", "商户或应用不存在"},
           {"a merchant that is off", {{"mchNo", "M0"}, {"appId", "Z"}}, "", "商户或应用不存在"},
           {"MD5 where it is off", {{"appId", "hmac"}}, "", "停用 MD5"},
           {"too old", {{"reqTime", std::to_string(now - 600'001)}}, "", "reqTime"},
           {"too new", {{"reqTime", std::to_string(now + 600'001)}}, "", "reqTime"},
           {"old for this app",
            {{"appId", "tight"}, {"reqTime", std::to_string(now - 5'001)}},
            "",
            "reqTime"},
           {"old, and a wrong secret",
            {{"reqTime", std::to_string(now - 600'001)}},
            "other",
            "验签失败"}}) {
    INFO(row.what);
    check_refused(world,
                  world.call(kUnifiedOrder, MerchantWorld::order("bad", row.more), row.secret),
                  before, "9999", row.message);
  }
  // Tampering after signing, field by field.
  const auto bag = world.signed_bag(MerchantWorld::order("bad", {{"extParam", "x"}}));
  for (const auto& field : bag.fields()) {
    if (field.name == "mchNo" || field.name == "appId" || field.name == "reqTime" ||
        field.name == "signType")
      continue;
    INFO(field.name);
    api::jeepay::FieldBag changed;
    for (api::jeepay::Field copy : bag.fields()) {
      if (copy.name == field.name) {
        if (copy.name == "amount")
          copy.text = "1";
        else if (copy.name == "currency")
          copy.text = "CNY";
        else if (copy.name == "wayCode")
          copy.text = "WX_NATIVE";
        else if (copy.name == "sign")
          copy.text[0] = copy.text[0] == 'A' ? 'B' : 'A';
        else
          copy.text += "1";
      }
      REQUIRE(changed.add(copy));
    }
    check_refused(world, world.send(kUnifiedOrder, changed.to_json()), before, "9999", "验签失败");
  }
  // Somebody else's order is answered as one that does not exist.
  for (const char* path : {"/api/pay/query", "/api/pay/close"}) {
    const Fields theirs{{"mchNo", "D1"}, {"appId", "D"}, {"payOrderId", id}};
    const Fields nobodys{{"mchNo", "D1"}, {"appId", "D"}, {"payOrderId", "P1"}};
    CHECK(world.call(path, theirs).body == world.call(path, nobodys).body);
    check_refused(world, world.call(path, theirs), before, "9999", "订单不存在");
  }
  // Withdrawn while the server runs: the next call notices.
  CHECK(world.call("/api/pay/query", {{"payOrderId", id}}).at("code") == "0");
  world.add_app(*world.server, "M1", "A", [](channels::App& app) { app.enabled = false; });
  CHECK(world.call("/api/pay/query", {{"payOrderId", id}}).at("msg").find("停用") !=
        std::string::npos);
}

TEST_CASE("jeepay routes: a signed body is good at the endpoint it was made for, and there again") {
  MerchantWorld world;
  const std::string order = world.signed_body(MerchantWorld::order("B1"));
  const ApiReply placed = world.send("/api/pay/unifiedOrder", order);
  REQUIRE(placed.at("code") == "0");
  const std::string id = placed.at("data.payOrderId");
  const auto state = [&] { return world.stands(id).state; };

  // The order's own signed body does not close it, nor anything else.
  for (const char* path : {"/api/pay/close", "/api/pay/query", "/api/transferOrder",
                           "/api/refund/refundOrder", "/api/transfer/query"}) {
    INFO(path);
    const ApiReply moved = world.send(path, order);
    CHECK(moved.at("code") == "11");
    CHECK(moved.at("msg").find("不属于本接口") != std::string::npos);
    CHECK(moved.header("Suanpan-Refusal") == "malformed");
  }
  CHECK(state() == OrderState::kCreated);
  CHECK(world.send("/api/pay/unifiedOrder", order).at("data.payOrderId") == id);

  // A query's body fits close field by field; its signature is spent on the query.
  const std::string query = world.signed_body({{"payOrderId", id}});
  REQUIRE(world.send("/api/pay/query", query).at("data.state") == "0");
  const ApiReply turned = world.send("/api/pay/close", query);
  CHECK(turned.at("code") == "9999");
  CHECK(turned.at("msg") == "该签名已用于其他接口, 请用新的 reqTime 重新签名");
  CHECK(state() == OrderState::kCreated);
  CHECK(world.send("/api/pay/query", query).at("data.state") == "0");  // a retry of the query

  // Signed for close it closes; the same again is a retry with the same answer.
  const std::string close = world.signed_body({{"payOrderId", id}});
  const ApiReply closed = world.send("/api/pay/close", close);
  CHECK(closed.at("code") == "0");
  CHECK(state() == OrderState::kClosed);
  CHECK(world.send("/api/pay/close", close).body == closed.body);
  CHECK(world.send("/api/pay/query", close).at("code") == "9999");
}

TEST_CASE("jeepay routes: a close that was signed before the start is not believed") {
  MerchantWorld world;
  const std::string id = world.placed("B2");
  const std::string before = std::to_string(world.real().now().ms() - 1005);
  const ApiReply old = world.call("/api/pay/close", {{"payOrderId", id}, {"reqTime", before}});
  CHECK(old.at("code") == "9999");
  CHECK(old.at("msg") == "该签名可能在本次服务启动前已被受理, 请用新的 reqTime 重新签名");
  CHECK(world.stands(id).state == OrderState::kCreated);
  CHECK(world.call("/api/pay/query", {{"payOrderId", id}, {"reqTime", before}}).at("code") == "0");
  CHECK(world.call("/api/pay/close", {{"payOrderId", id}}).at("code") == "0");
}

TEST_CASE("jeepay routes: a query that came ahead of its time is no close after a restart") {
  MerchantWorld world;
  const std::string id = world.placed("B3");
  const std::int64_t ahead = world.real().now().ms() + 300'000;
  const std::string query =
      world.signed_body({{"payOrderId", id}, {"reqTime", std::to_string(ahead)}});
  REQUIRE(world.send("/api/pay/query", query).at("code") == "0");

  // What a restart is to the routes: made anew over the same book, with nothing remembered.
  world.real().advance_seconds(10);
  api::Router router;
  api::add_jeepay_routes(router, *world.server->services);
  const auto handle = api::make_dispatch(router, *world.server->services);
  const auto close = [&](const std::string& body) {
    HttpRequest request{"POST", "/api/pay/close", {}, body, {}};
    request.headers.set("Content-Type", "application/json; charset=UTF-8");
    std::promise<std::string> told;
    handle(std::move(request), [&](HttpResponse response) { told.set_value(response.body); });
    return JsonDocument::parse(told.get_future().get()).value().root().get_int64("code").value();
  };
  world.real().set(Timestamp::from_ms(ahead));  // now it is even on time
  CHECK(close(query) == 9999);
  CHECK(world.stands(id).state == OrderState::kCreated);
  // Signed past the mark it closes.
  CHECK(close(world.signed_body(
            {{"payOrderId", id}, {"reqTime", std::to_string(ahead + 5'000)}})) == 9999);
  CHECK(close(world.signed_body(
            {{"payOrderId", id}, {"reqTime", std::to_string(ahead + 5'001)}})) == 0);
  CHECK(world.stands(id).state == OrderState::kClosed);
}
