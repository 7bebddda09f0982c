// Orders at WeChat: placing, paying, querying, closing, expiry.
#include "tests/channels/sandbox/world.h"

using namespace suanpan;
using namespace suanpan::sandbox::test;

namespace {

const std::string kNative = "/v3/pay/transactions/native";

std::string code(const HttpResponse& answer) {
  return std::to_string(answer.status) + " " + World::text(answer.body, "code");
}

HttpResponse close(World& world, const std::string& number) {
  return world.api("POST", "/v3/pay/transactions/out-trade-no/" + number + "/close",
                   R"({"mchid":"1900000001"})");
}

HttpResponse pay(World& world, const std::string& json) {
  return world.control("/sandbox/wechat/pay", json);
}

}  // namespace

TEST_CASE("sandbox orders: each way of paying answers with what its payer needs") {
  World world;
  const auto native = world.api("POST", kNative, World::order("N00001", 100));
  CHECK(World::text(native.body, "code_url").starts_with("weixin://wxpay/bizpayurl?pr="));
  const auto jsapi = world.api("POST", "/v3/pay/transactions/jsapi",
                               World::order("J00001", 100, R"(,"payer":{"openid":"oUser"})"));
  CHECK(World::text(jsapi.body, "prepay_id").starts_with("wx"));
  const auto app = world.api("POST", "/v3/pay/transactions/app", World::order("A00001", 100));
  CHECK(World::text(app.body, "prepay_id").starts_with("wx"));
  const std::string scene =
      R"(,"scene_info":{"payer_client_ip":"10.0.0.1","h5_info":{"type":"Wap"}})";
  const auto h5 = world.api("POST", "/v3/pay/transactions/h5", World::order("H00001", 100, scene));
  CHECK(World::text(h5.body, "h5_url").starts_with("https://wx.tenpay.com/"));

  const std::pair<const char*, const char*> types[] = {
      {"N00001", "NATIVE"}, {"J00001", "JSAPI"}, {"A00001", "APP"}, {"H00001", "MWEB"}};
  for (const auto& [number, type] : types) {
    world.pay(std::string(R"({"out_trade_no":")") + number + "\"}");
    CHECK(World::text(world.query(number).body, "trade_type") == type);
  }
  const auto document = JsonDocument::parse(world.query("J00001").body);
  CHECK(document.value().root().get("payer").value().get_string("openid").value() == "oUser");
}

TEST_CASE("sandbox orders: a field that WeChat would not take is PARAM_ERROR and leaves no order") {
  World world;
  const std::string good = World::order("T00001", 100, R"(,"attach":"a")");
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {R"("appid":"wx-shop",)", "", "400 PARAM_ERROR"},
      {R"("appid":"wx-shop")", R"("appid":1)", "400 PARAM_ERROR"},
      {R"("appid":"wx-shop")", R"("appid":"wx-nobody")", "400 APPID_MCHID_NOT_MATCH"},
      {R"("appid":"wx-shop")", R"("appid":"wx-other")", "400 APPID_MCHID_NOT_MATCH"},
      {R"("mchid":"1900000001")", R"("mchid":"1900000002")", "400 PARAM_ERROR"},
      {R"("mchid":"1900000001",)", "", "400 PARAM_ERROR"},
      {R"("description":"物业费")", R"("description":"")", "400 PARAM_ERROR"},
      {R"("description":"物业费",)", "", "400 PARAM_ERROR"},
      {"T00001", "T0001", "400 PARAM_ERROR"},
      {"T00001", "T00000000000000000000000000000001X", "400 PARAM_ERROR"},
      {"T00001", "T0000 1", "400 PARAM_ERROR"},
      {"T00001", "T0000单", "400 PARAM_ERROR"},
      {"http://127.0.0.1:9000/notify", "ftp://127.0.0.1/notify", "400 PARAM_ERROR"},
      {"http://127.0.0.1:9000/notify", "http://127.0.0.1/notify?a=1", "400 PARAM_ERROR"},
      {R"("total":100)", R"("total":0)", "400 PARAM_ERROR"},
      {R"("total":100)", R"("total":-1)", "400 PARAM_ERROR"},
      {R"("total":100)", R"("total":1.5)", "400 PARAM_ERROR"},
      {R"("total":100)", R"("total":"100")", "400 PARAM_ERROR"},
      {R"("total":100)", R"("total":9223372036854775808)", "400 PARAM_ERROR"},
      {R"("total":100,)", "", "400 PARAM_ERROR"},
      {R"("currency":"CNY")", R"("currency":"USD")", "400 PARAM_ERROR"},
      {R"("attach":"a")", R"("time_expire":"tomorrow")", "400 PARAM_ERROR"},
      {R"("attach":"a")", R"("time_expire":"2026-03-04 12:00:00")", "400 PARAM_ERROR"},
      {R"("attach":"a")", R"("time_expire":"2026-03-04T10:00:00+08:00")", "400 PARAM_ERROR"},
      {R"("attach":"a")", R"("appid":"wx-shop")", "400 PARAM_ERROR"},  // a duplicate key
  };
  for (const auto& [from, to, expected] : rows) {
    std::string body = good;
    const auto at = body.find(from);
    REQUIRE(at != std::string::npos);
    body.replace(at, std::string(from).size(), to);
    INFO(body);
    CHECK(code(world.api("POST", kNative, body)) == expected);
  }
  CHECK(code(world.api("POST", kNative, "{")) == "400 PARAM_ERROR");
  CHECK(code(world.api("POST", kNative, "[]")) == "400 PARAM_ERROR");
  CHECK(code(world.api("POST", "/v3/pay/transactions/jsapi", good)) == "400 PARAM_ERROR");
  CHECK(code(world.api("POST", "/v3/pay/transactions/h5", good)) == "400 PARAM_ERROR");
  CHECK(code(world.query("T00001")) == "404 ORDER_NOT_EXIST");
  CHECK(world.sandbox->wechat().book().orders().empty());
  CHECK(code(world.api("POST", kNative, good)) == "200 ");
}

TEST_CASE("sandbox orders: the same parameters get the same answer, others OUT_TRADE_NO_USED") {
  World world;
  const auto first = world.api("POST", kNative, World::order("T00001", 100));
  CHECK(world.api("POST", kNative, World::order("T00001", 100)).body == first.body);
  CHECK(code(world.api("POST", kNative, World::order("T00001", 101))) == "403 OUT_TRADE_NO_USED");
  CHECK(code(world.api("POST", "/v3/pay/transactions/app", World::order("T00001", 100))) ==
        "403 OUT_TRADE_NO_USED");
  CHECK(World::amount(world.query("T00001").body, "total") == 100);
  // Another merchant's number is another order.
  const std::string other =
      R"({"appid":"wx-other","mchid":"1900000002","description":"x","out_trade_no":"T00001",)"
      R"("notify_url":"http://127.0.0.1/n","amount":{"total":7}})";
  CHECK(world.api("POST", kNative, other, kOther).status == 200);
  CHECK(World::amount(world.query("T00001", kOther).body, "total") == 7);
  CHECK(World::amount(world.query("T00001").body, "total") == 100);
  CHECK(code(pay(world, R"({"out_trade_no":"T00001"})")) == "400 PARAM_ERROR");  // whose?
  CHECK(pay(world, R"({"out_trade_no":"T00001","mchid":"1900000002"})").status == 200);
  CHECK(World::text(world.query("T00001").body, "trade_state") == "NOTPAY");
}

TEST_CASE("sandbox orders: an order goes from NOTPAY to SUCCESS and is told whole") {
  World world;
  world.place("T00001", 1234);
  CHECK(World::text(world.query("T00001").body, "trade_state") == "NOTPAY");
  CHECK(World::text(world.query("T00001").body, "transaction_id").empty());
  world.now = at("2026-03-04 10:00:05");
  const std::string transaction = world.pay(R"({"out_trade_no":"T00001","payer":"oZhang"})");
  CHECK(transaction.size() == 28);
  const std::string body = world.query("T00001").body;
  CHECK(World::text(body, "trade_state") == "SUCCESS");
  CHECK(World::text(body, "transaction_id") == transaction);
  CHECK(World::text(body, "success_time") == "2026-03-04T10:00:05+08:00");
  CHECK(World::text(body, "appid") == "wx-shop");
  CHECK(World::text(body, "mchid") == kShop);
  CHECK(World::amount(body, "total") == 1234);
  CHECK(World::amount(body, "payer_total") == 1234);
  const std::string by_id = "/v3/pay/transactions/id/" + transaction + "?mchid=";
  CHECK(world.api("GET", by_id + kShop).body == body);
  CHECK(code(world.api("GET", by_id + kOther)) == "400 PARAM_ERROR");
  CHECK(code(world.api("GET", by_id + kOther, "", kOther)) == "404 ORDER_NOT_EXIST");
  CHECK(code(world.api("POST", kNative, World::order("T00001", 1234))) == "400 ORDERPAID");
  CHECK(code(close(world, "T00001")) == "400 ORDERPAID");
  CHECK(code(pay(world, R"({"out_trade_no":"T00001"})")) == "400 ORDERPAID");
}

TEST_CASE("sandbox orders: closing is 204, signed, and can be said twice") {
  World world;
  world.place("T00001", 100);
  CHECK(close(world, "T00001").status == 204);  // World::api verified it over the empty body
  CHECK(close(world, "T00001").body.empty());
  CHECK(World::text(world.query("T00001").body, "trade_state") == "CLOSED");
  CHECK(code(pay(world, R"({"out_trade_no":"T00001"})")) == "400 ORDER_CLOSED");
  CHECK(code(world.api("POST", kNative, World::order("T00001", 100))) == "400 ORDER_CLOSED");
  CHECK(code(close(world, "T99999")) == "404 ORDER_NOT_EXIST");
  CHECK(code(world.api("POST", "/v3/pay/transactions/out-trade-no/T00001/close", "{}")) ==
        "400 PARAM_ERROR");
}

TEST_CASE("sandbox orders: time closes an order, at time_expire or after seven days") {
  World world;
  const std::string expire = R"(,"time_expire":"2026-03-04T11:00:00+08:00")";
  world.api("POST", kNative, World::order("T00001", 100, expire));
  world.place("T00002", 100);
  world.now = at("2026-03-04 10:59:59");
  CHECK(World::text(world.query("T00001").body, "trade_state") == "NOTPAY");
  world.now = at("2026-03-04 11:00:00");
  CHECK(World::text(world.query("T00001").body, "trade_state") == "CLOSED");
  CHECK(code(pay(world, R"({"out_trade_no":"T00001"})")) == "400 ORDER_CLOSED");
  world.now = at("2026-03-11 09:59:59");
  CHECK(World::text(world.query("T00002").body, "trade_state") == "NOTPAY");
  world.now = at("2026-03-11 10:00:00");
  CHECK(World::text(world.query("T00002").body, "trade_state") == "CLOSED");
}

TEST_CASE("sandbox orders: a late payment of a closed order still wins") {
  World world;
  world.place("T00001", 100);
  close(world, "T00001");
  CHECK(pay(world, R"({"out_trade_no":"T00001","late":true})").status == 200);
  CHECK(World::text(world.query("T00001").body, "trade_state") == "SUCCESS");
}

TEST_CASE("sandbox orders: a payer can pay twice; the second has its own transaction") {
  World world;
  const std::string first = world.paid("T00001", 100);
  const std::string second = world.pay(R"({"out_trade_no":"T00001","again":true})");
  CHECK(first != second);
  CHECK(World::text(world.query("T00001").body, "transaction_id") == first);
  const auto by_id = world.api("GET", "/v3/pay/transactions/id/" + second + "?mchid=1900000001");
  CHECK(World::text(by_id.body, "transaction_id") == second);
  CHECK(World::text(by_id.body, "out_trade_no") == "T00001");
}

TEST_CASE("sandbox orders: a payer can pay by the code, for as long as it lives") {
  World world;
  const auto placed = world.api("POST", kNative, World::order("T00001", 100));
  const std::string url = World::text(placed.body, "code_url");
  world.now = at("2026-03-04 12:00:00");
  CHECK(code(pay(world, R"({"code_url":")" + url + "\"}")) == "400 INVALID_REQUEST");
  // Placing again after two hours gives a fresh code.
  const auto again = world.api("POST", kNative, World::order("T00001", 100));
  CHECK(again.body != placed.body);
  CHECK(pay(world, R"({"code_url":")" + World::text(again.body, "code_url") + "\"}").status == 200);

  const std::string scene =
      R"(,"scene_info":{"payer_client_ip":"10.0.0.1","h5_info":{"type":"Wap"}})";
  const auto h5 = world.api("POST", "/v3/pay/transactions/h5", World::order("T00002", 100, scene));
  const std::string h5_url = World::text(h5.body, "h5_url");
  world.now = at("2026-03-04 12:05:00");
  CHECK(code(pay(world, R"({"code_url":")" + h5_url + "\"}")) == "400 INVALID_REQUEST");
  CHECK(pay(world, R"({"code_url":")" + h5_url + R"(","late":true})").status == 200);
  CHECK(pay(world, R"({"code_url":"weixin://wxpay/bizpayurl?pr=nothing"})").status == 404);
}
