#include <catch2/catch.hpp>

#include "api/jeepay/notification_body.h"
#include "channels/personal_texts.h"
#include "tests/api/jeepay/merchant_world.h"
#include "tests/support/shared_data.h"

using namespace suanpan;
using namespace suanpan::test;

namespace {

/// The SDK accepts every answer.
void check_sdk(const std::vector<ApiReply>& replies, const std::string& type = "MD5") {
  std::vector<SdkTask> tasks;
  for (const ApiReply& reply : replies) {
    CHECK(reply.status == 200);
    tasks.push_back({"answer", reply.body, type});
  }
  const auto verdicts = ask_sdk(tasks);
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    INFO(replies[i].body);
    CHECK(verdicts[i] == "ok");
  }
}

}  // namespace

TEST_CASE("jeepay routes: an order for the cashier is placed, and the SDK accepts the answer") {
  MerchantWorld world;
  const ApiReply reply =
      world.place("o1", {{"extParam", "door 7"}, {"returnUrl", "https://s.test/r"}});
  check_sdk({reply});
  CHECK(reply.at("code") == "0");
  CHECK(reply.at("data.mchOrderNo") == "o1");
  CHECK(reply.at("data.orderState") == "0");
  CHECK(reply.at("data.payDataType") == "payurl");
  const std::string id = reply.at("data.payOrderId");
  CHECK(id.substr(0, 9) == "P20260304");
  CHECK(id.size() == 31);
  CHECK(reply.at("data.payData").find("https://pay.test/cashier/" + id + "?t=") == 0);
  CHECK(reply.at("data.payData").size() ==
        std::string("https://pay.test/cashier/?t=").size() + 31 + 32);
  const Order order = world.stands(id);
  CHECK(order.amount == Money{10000, Currency::kCNY});
  CHECK(order.fee == 60);
  CHECK(order.lines == std::vector<OrderLine>{{"货款", "2101/M1", 10000}});
  CHECK(order.texts_sealed.starts_with("k1:o"));  // sealed; queries and notifications open it
  CHECK(order.notify_url == "https://shop.test/notify?from=pay");
  CHECK(order.return_url == "https://s.test/r");
  CHECK(order.expires_at == order.created_at.plus_seconds(7200));
  CHECK(world.sent == 0);
}

TEST_CASE("jeepay routes: form bodies and HMAC-SHA256 do as well as JSON and MD5") {
  MerchantWorld world;
  const auto form = world.signed_bag(MerchantWorld::order("form")).to_form();
  const ApiReply by_form = world.send(kUnifiedOrder, form, "application/x-www-form-urlencoded");
  const ApiReply by_hmac = world.place("hmac", {{"signType", "HMAC-SHA256"}, {"appId", "hmac"}});
  check_sdk({by_form});
  check_sdk({by_hmac}, "HMAC-SHA256");
  CHECK(by_form.at("code") == "0");
  CHECK(by_hmac.at("code") == "0");
}

TEST_CASE("jeepay routes: an identical resend gets the first order, another one is refused") {
  MerchantWorld world;
  const Fields native{{"wayCode", "WX_NATIVE"}, {"channelExtra", R"({"openid":"o6"})"}};
  const std::string first = world.placed("o1", native);
  const std::size_t calls = world.sent;
  world.advance(60);
  const std::string before = world.server->snapshot();
  Fields again = native;
  again["clientIp"] = "10.1.2.3";
  const ApiReply resent = world.place("o1", again);
  CHECK(resent.at("code") == "0");
  CHECK(resent.at("data.payOrderId") == first);
  CHECK(resent.at("data.payDataType") == "codeUrl");
  CHECK(world.sent == calls);
  CHECK(world.count(DocumentKind::kOrder) == 1);
  check_sdk({resent});

  struct Row {
    const char* field;
    const char* value;
  };
  for (const Row& row : std::vector<Row>{{"amount", "#10001"},
                                         {"wayCode", "QR_CASHIER"},
                                         {"subject", "别的"},
                                         {"body", "别的"},
                                         {"notifyUrl", "https://evil.test/"},
                                         {"expiredTime", "60"},
                                         {"channelExtra", R"({"openid":"o7"})"},
                                         {"extParam", "x"}}) {
    INFO(row.field);
    Fields other = native;
    other[row.field] = row.value;
    check_refused(world, world.place("o1", other), before, "9999",
                  fmt::format("商户订单[o1]已存在: 字段 {} ", row.field));
  }
  // Another app of the same merchant uses the same numbers.
  Fields other_app = native;
  other_app["appId"] = "tight";
  check_refused(world, world.place("o1", other_app), before, "9999",
                "商户订单[o1]已存在: 字段 appId");
  // The openid stands nowhere in the journal.
  REQUIRE(world.book().for_each_command_after(0, [](const StoredCommand& command) {
    for (const auto& [name, value] : command.content) CHECK(value.find("o6") == std::string::npos);
    return true;
  }));
}

TEST_CASE("jeepay routes: a WeChat order is paid, asked for in every way, and notified") {
  MerchantWorld world;
  const std::string id = world.paid("o1", {{"extParam", "door 7"}});
  const std::vector<ApiReply> replies{
      world.call("/api/pay/query", {{"mchOrderNo", "o1"}}),
      world.call("/api/pay/query", {{"payOrderId", id}}),
      world.server->send({"GET",
                          "/api/pay/query?" + world.signed_bag({{"payOrderId", id}}).to_form(),
                          {},
                          "",
                          {}})};
  check_sdk(replies);
  for (const ApiReply& reply : replies) {
    CHECK(reply.at("data.state") == "2");
    CHECK(reply.at("data.ifCode") == "wxpay");
    CHECK(reply.at("data.wayCode") == "WX_NATIVE");
    CHECK(reply.at("data.amount") == "10000");
    CHECK(reply.at("data.currency") == "CNY");
    CHECK(reply.at("data.extParam") == "door 7");
    CHECK(reply.at("data.successTime").size() == 13);
    CHECK(reply.at("data.channelOrderNo") != "(absent)");
  }
  CHECK(world.server->balance("2101/M1") == 9940);
  CHECK(world.server->balance("6001") == 60);

  const auto told = api::jeepay::notification_body(world.book(), *world.server->vault, "order", id,
                                                   world.real().now());
  REQUIRE(told);
  CHECK(told.value().find("&state=2&") != std::string::npos);
  CHECK(ask_sdk({{"form", told.value()}})[0] == "ok");
}

TEST_CASE("jeepay routes: a payment whose notification was lost is found by the merchant's query") {
  MerchantWorld world;
  const std::string id = world.placed("o1", {{"wayCode", "WX_NATIVE"}});
  CHECK(world.call("/api/pay/query", {{"mchOrderNo", "o1"}}).at("data.state") == "1");
  world.control("/sandbox/wechat/pay", R"({"out_trade_no":")" + id + R"(","payer":"oPayer"})");
  CHECK(world.call("/api/pay/query", {{"mchOrderNo", "o1"}}).at("data.state") == "2");
}

TEST_CASE("jeepay routes: a channel that does not answer leaves the order paying") {
  MerchantWorld world;
  world.cut = "/v3/pay/";
  const ApiReply reply = world.place("o1", {{"wayCode", "WX_NATIVE"}});
  check_sdk({reply});
  CHECK(reply.at("code") == "0");
  CHECK(reply.at("data.orderState") == "1");
  world.cut.clear();
  CHECK(world.place("o1", {{"wayCode", "WX_NATIVE"}}).at("data.payDataType") == "codeUrl");
}

TEST_CASE("jeepay routes: each way gives the payer what the client expects") {
  MerchantWorld world;
  struct Row {
    const char* way;
    const char* type;
    Fields more;
  };
  for (const Row& row :
       std::vector<Row>{{"WX_NATIVE", "codeUrl", {}},
                        {"WX_JSAPI", "wxapp", {{"channelExtra", R"({"openid":"oPayer"})"}}},
                        {"WX_H5", "payurl", {{"clientIp", "203.0.113.7"}}},
                        {"WX_APP", "wxapp", {}},
                        {"BANK_TRANSFER", "none", {}},
                        {"QR_CASHIER", "payurl", {}}}) {
    INFO(row.way);
    Fields more = row.more;
    more["wayCode"] = row.way;
    const ApiReply reply = world.place(row.way, more);
    INFO(reply.body);
    CHECK(reply.at("code") == "0");
    CHECK(reply.at("data.payDataType") == row.type);
    CHECK(reply.at("data.payData") != "(absent)");
  }
}

TEST_CASE("jeepay routes: closing closes upstream, and not what is paid") {
  MerchantWorld world;
  const std::string open = world.placed("o1", {{"wayCode", "WX_NATIVE"}});
  const ApiReply closed = world.call("/api/pay/close", {{"payOrderId", open}});
  CHECK(closed.at("code") == "0");
  CHECK(closed.at("data") == "{}");
  CHECK(world.call("/api/pay/close", {{"mchOrderNo", "o1"}}).at("code") == "0");
  CHECK(world.stands(open).state == OrderState::kClosed);
  const std::string cashier = world.placed("o2");
  const ApiReply unsent = world.call("/api/pay/close", {{"payOrderId", cashier}});
  check_sdk({closed, unsent});
  CHECK(world.stands(cashier).state == OrderState::kClosed);
  CHECK(world.call("/api/pay/query", {{"payOrderId", cashier}}).at("data.state") == "6");

  const std::string paid = world.paid("o3");
  const std::string before = world.server->snapshot();
  check_refused(world, world.call("/api/pay/close", {{"payOrderId", paid}}), before, "9999", "");
  const std::string unsure = world.placed("o4", {{"wayCode", "WX_NATIVE"}});
  world.cut = "/v3/pay/";
  CHECK(world.call("/api/pay/close", {{"payOrderId", unsure}}).at("msg") ==
        "关单未得到渠道确认, 请稍后查询");
  CHECK(world.stands(unsure).state == OrderState::kPaying);
}

TEST_CASE("jeepay routes: refunds are capped, idempotent, and told") {
  MerchantWorld world;
  const std::string id = world.paid("o1");
  const auto refund = [&](const std::string& number, const Fields& more) {
    Fields fields = more;
    fields.emplace("mchRefundNo", number);
    fields.emplace("refundAmount", "#4000");
    fields.emplace("currency", "cny");
    fields.emplace("refundReason", "退款");
    fields.emplace("notifyUrl", "https://shop.test/refund");
    return world.call("/api/refund/refundOrder", fields);
  };
  const ApiReply first = refund("r1", {{"payOrderId", id}});
  CHECK(first.at("data.mchRefundNo") == "r1");
  CHECK(first.at("data.payAmount") == "10000");
  CHECK(first.at("data.refundAmount") == "4000");
  const std::string refund_id = first.at("data.refundOrderId");
  CHECK(refund_id.substr(0, 9) == "R20260304");
  const std::string after_first = world.server->snapshot();
  const ApiReply again = refund("r1", {{"payOrderId", id}});
  CHECK(again.at("data.refundOrderId") == refund_id);
  CHECK(world.server->snapshot() == after_first);
  check_refused(world, refund("r1", {{"payOrderId", id}, {"refundAmount", "#4001"}}), after_first,
                "9999", "商户退款单[r1]已存在: 字段 refundAmount");
  check_refused(world, refund("r9", {{"mchOrderNo", "nobody"}}), after_first, "9999", "订单不存在");
  check_refused(world, refund("r9", {{"payOrderId", id}, {"mchNo", "D1"}, {"appId", "D"}}),
                after_first, "9999", "订单不存在");
  check_refused(world, refund("r9", {{"payOrderId", id}, {"currency", "usd"}}), after_first, "9999",
                "USD");
  // Too much: the refusal is journalled, no balance moves.
  const std::int64_t pending = world.server->balance("2101/M1");
  const ApiReply over = refund("r2", {{"payOrderId", id}, {"refundAmount", "#6001"}});
  CHECK(over.at("code") == "9999");
  CHECK(world.server->balance("2101/M1") == pending);
  CHECK(world.count(DocumentKind::kRefund) == 1);

  world.advance(5);
  world.deliver();
  const ApiReply asked = world.call("/api/refund/query", {{"mchRefundNo", "r1"}});
  CHECK(asked.at("data.state") == "2");
  CHECK(asked.at("data.payOrderId") == id);
  CHECK(asked.at("data.currency") == "CNY");
  const ApiReply rest = refund("r3", {{"mchOrderNo", "o1"}, {"refundAmount", "#6000"}});
  CHECK(rest.at("code") == "0");
  world.advance(5);
  world.deliver();
  const ApiReply all =
      world.call("/api/refund/query", {{"refundOrderId", rest.at("data.refundOrderId")}});
  CHECK(all.at("data.state") == "2");
  CHECK(world.stands(id).state == OrderState::kRefunded);
  CHECK(world.server->balance("2101/M1") == 0);
  CHECK(world.server->balance("6001") == 0);
  // A resend after everything is over still gets its answer.
  CHECK(refund("r3", {{"mchOrderNo", "o1"}, {"refundAmount", "#6000"}}).at("data.refundOrderId") ==
        rest.at("data.refundOrderId"));
  check_sdk({first, again, over, asked, rest, all});
  const auto told = api::jeepay::notification_body(world.book(), *world.server->vault, "refund",
                                                   refund_id, world.real().now());
  REQUIRE(told);
  CHECK(ask_sdk({{"form", told.value()}})[0] == "ok");
}

TEST_CASE("jeepay routes: a transfer pays a bank account from what the merchant is owed") {
  MerchantWorld world;
  world.give("2102/M1", 50000);
  const auto transfer = [&](const std::string& number, const Fields& more) {
    Fields fields = more;
    fields.emplace("mchOrderNo", number);
    fields.emplace("ifCode", "bank");
    fields.emplace("entryType", "BANK_CARD");
    fields.emplace("amount", "#30000");
    fields.emplace("currency", "CNY");
    fields.emplace("accountNo", "6222000000000013");
    fields.emplace("accountName", "工程公司");
    fields.emplace("bankName", "102100099996");
    fields.emplace("transferDesc", "工程款");
    fields.emplace("notifyUrl", "https://shop.test/t");
    return world.call("/api/transferOrder", fields);
  };
  const ApiReply first = transfer("t1", {});
  INFO(first.body);
  CHECK(first.at("data.mchOrderNo") == "t1");
  CHECK(first.at("data.amount") == "30000");
  CHECK(first.at("data.accountNo") == "6222000000000013");
  CHECK(world.server->balance("2102/M1") == 20000);
  const std::string id = first.at("data.transferId");
  const std::string before = world.server->snapshot();
  CHECK(transfer("t1", {}).at("data.transferId") == id);
  CHECK(world.server->snapshot() == before);
  check_refused(world, transfer("t1", {{"accountNo", "6222000000000021"}}), before, "9999",
                "商户订单[t1]已存在: 字段 accountNo");
  struct Row {
    Fields more;
    const char* code;
    const char* message;
  };
  for (const Row& row : std::vector<Row>{
           {{{"ifCode", "wxpay"}, {"entryType", "WX_CASH"}}, "9999", "只支持 bank"},
           {{{"entryType", "ALIPAY_CASH"}}, "9999", "只支持 BANK_CARD"},
           {{{"bankName", "工商银行"}}, "11", "12 位联行号"},
           {{{"accountName", ""}}, "11", "accountName"},
           {{{"accountNo", "6222-0000"}}, "11", "accountNo"},
           {{{"extParam", R"({"account":"2201/维修资金/小区1/3幢/0402"})"}}, "9999", "监管账户"},
           {{{"mchNo", "D1"}, {"appId", "D"}}, "9999", "直连商户"},
           {{{"amount", "#0"}}, "11", "amount"}}) {
    INFO(row.message);
    check_refused(world, transfer("t9", row.more), before, row.code, row.message);
  }
  // Not enough money: refused by the book, nothing moves.
  const ApiReply poor = transfer("t2", {{"amount", "#20001"}});
  CHECK(poor.at("code") == "9999");
  CHECK(world.server->balance("2102/M1") == 20000);

  world.advance(60);
  const ApiReply asked = world.call("/api/transfer/query", {{"mchOrderNo", "t1"}});
  CHECK(asked.at("data.transferId") == id);
  CHECK(asked.at("data.state") == "2");
  CHECK(asked.at("data.ifCode") == "bank");
  CHECK(asked.at("data.transferDesc") == "工程款");
  CHECK(world.call("/api/transfer/query", {{"transferId", id}, {"mchNo", "D1"}, {"appId", "D"}})
            .body == world.call("/api/transfer/query", {{"transferId", "T1"}}).body);
  check_sdk({first, poor, asked});
  // The number stands in no document and no content; the notification covers it.
  REQUIRE(world.book().for_each_command_after(0, [](const StoredCommand& command) {
    for (const auto& [name, value] : command.content)
      CHECK(value.find("6222000000000013") == std::string::npos);
    for (const auto& document : command.effects.documents)
      CHECK(document.bytes.find("6222000000000013") == std::string::npos);
    return true;
  }));
  const auto told = api::jeepay::notification_body(world.book(), *world.server->vault, "payout", id,
                                                   world.real().now());
  REQUIRE(told);
  CHECK(ask_sdk({{"form", told.value()}})[0] == "ok");
  CHECK(told.value().find("accountNo=%2A%2A%2A%2A0013") != std::string::npos);
}

TEST_CASE("jeepay routes: supervised money goes below the merchant's own path, whole") {
  MerchantWorld world;
  const auto place = [&](const std::string& number, const std::string& instructions,
                         const Fields& more = {}) {
    Fields fields = more;
    fields.emplace("mchNo", "S1");
    fields.emplace("appId", "S");
    fields.emplace("extParam", instructions);
    return world.place(number, fields);
  };
  const ApiReply plain = place("s1", R"({"account":"2201/维修资金/小区1/3幢/0402"})");
  REQUIRE(plain.at("code") == "0");
  const Order order = world.stands(plain.at("data.payOrderId"));
  CHECK(order.lines == std::vector<OrderLine>{{"货款", kFund, 10000}});
  CHECK(order.fee == 0);
  const ApiReply scheduled =
      place("s2", R"({"account":"2201/维修资金/小区1/3幢/0402","product":"SUPERVISED"})");
  CHECK(world.stands(scheduled.at("data.payOrderId")).fee == 10);
  const ApiReply split =
      place("s3", "",
            {{"channelExtra",
              R"({"lines":[{"label":"材料","amount":7000},{"label":"人工","amount":3000}]})"}});
  const Order in_parts = world.stands(split.at("data.payOrderId"));
  CHECK(in_parts.lines == std::vector<OrderLine>{{"1", "2101/S1", 7000}, {"2", "2101/S1", 3000}});
  CHECK(channels::open_texts(*world.server->vault, "S1", in_parts.texts_sealed).value().labels ==
        std::vector<std::string>{"材料", "人工"});
  const ApiReply repair = world.place("r1", {{"extParam", R"({"product":"REPAIR"})"}});
  CHECK(world.stands(repair.at("data.payOrderId")).fee == 300);
  const ApiReply direct = world.place("d1", {{"mchNo", "D1"}, {"appId", "D"}});
  CHECK(world.stands(direct.at("data.payOrderId")).lines.empty());
  CHECK(world.stands(direct.at("data.payOrderId")).direct);

  const std::string before = world.server->snapshot();
  struct Row {
    const char* what;
    const char* instructions;
    Fields more;
    const char* code;
    const char* message;
  };
  for (const Row& row : std::vector<Row>{
           {"a neighbour by prefix", R"({"account":"2201/维修资金2/户"})", {}, "9999", "监管账户"},
           {"the path itself", R"({"account":"2201/维修资金"})", {}, "9999", "监管账户"},
           {"an empty segment", R"({"account":"2201/维修资金/"})", {}, "9999", "监管账户"},
           {"somebody's pending", R"({"account":"2101/M1"})", {}, "9999", "监管账户"},
           {"the bank", R"({"account":"1002/6228000000000001"})", {}, "9999", "监管账户"},
           {"a merchant without a path",
            R"({"account":"2201/维修资金/小区1/3幢/0402"})",
            {{"mchNo", "M1"}, {"appId", "A"}},
            "9999",
            "监管账户"},
           {"a direct merchant",
            R"({"lines":[{"label":"a","amount":10000}]})",
            {{"mchNo", "D1"}, {"appId", "D"}},
            "9999",
            "直连商户"},
           {"a wrong sum", R"({"lines":[{"label":"a","amount":9999}]})", {}, "11", "之和"},
           {"sums that wrap",
            R"({"lines":[{"label":"a","amount":9223372036854775807},{"label":"b","amount":1}]})",
            {},
            "11",
            "lines.amount"},
           {"a negative line",
            R"({"lines":[{"label":"a","amount":-1},{"label":"b","amount":10001}]})",
            {},
            "11",
            "lines.amount"},
           {"a fraction",
            R"({"lines":[{"label":"a","amount":10000.0}]})",
            {},
            "11",
            "lines.amount"},
           {"no lines", R"({"lines":[]})", {}, "11", "lines"},
           {"a smuggled account in a line",
            R"({"lines":[{"label":"a","amount":10000,"account":"2101/M1"}]})",
            {},
            "11",
            "label 和 amount"},
           {"an account twice",
            R"({"account":"2101/S1","account":"2101/M1"})",
            {},
            "11",
            "合法的 JSON"},
           {"an account in both fields",
            R"({"account":"2201/维修资金/小区1/3幢/0402"})",
            {{"channelExtra", R"({"account":"2201/维修资金/小区1/3幢/0402"})"}},
            "11",
            "之一"},
           {"an account of another type", R"({"account":7})", {}, "11", "account"}}) {
    INFO(row.what);
    check_refused(world, place("bad", row.instructions, row.more), before, row.code, row.message);
  }
  // An account that is not open: the book says so, and nothing but the refusal is left.
  const ApiReply missing = place("s9", R"({"account":"2201/维修资金/小区1/9幢/0101"})");
  CHECK(missing.at("code") == "9999");
  CHECK(world.count(DocumentKind::kOrder) == 5);
}

TEST_CASE("jeepay routes: the recorded requests of the SDK get answers that it accepts") {
  SHARED_OR_SKIP();
  // Started before the first of them was signed.
  MerchantWorld world({api::add_jeepay_routes}, 65536, Timestamp::from_ms(1'795'225'254'000));
  // "A" is the recording's app of M1; orders with its numbers are made to fit.
  std::ifstream in(shared_data() / "jeepay" / "sdk-1.6.1-requests.jsonl");
  std::vector<ApiReply> replies;
  std::string line;
  std::vector<std::string> codes;
  while (std::getline(in, line)) {
    const auto record = JsonDocument::parse(line);
    REQUIRE(record);
    const JsonValue root = record.value().root();
    const std::string body = root.get_string("body").value();
    const auto request = JsonDocument::parse(body);
    world.real().set(Timestamp::from_ms(
        std::stoll(request.value().root().get_string("reqTime").value()) + 1000));
    const ApiReply reply =
        world.send(root.get_string("path").value(), body, root.get_string("content_type").value());
    INFO(line << "\n" << reply.body);
    if (root.get_string("path").value().find("division") != std::string::npos) {
      CHECK(reply.status == 404);
      continue;
    }
    replies.push_back(reply);
    codes.push_back(reply.at("code"));
  }
  check_sdk(replies);
  // mho1 is new; with another extParam it is a duplicate; q1, P1 exist nowhere; WX_CASH is refused.
  CHECK(codes == std::vector<std::string>{"0", "9999", "9999", "9999", "9999", "9999", "9999"});
  REQUIRE(replies.size() == 7);
  CHECK(replies[0].at("data.payDataType") == "codeUrl");
  CHECK(replies[1].at("msg") == "商户订单[mho1]已存在: 字段 extParam 与首次请求不同");
  CHECK(replies[3].at("msg") == "订单不存在");
  CHECK(replies[4].at("msg") == "订单不存在");
  CHECK(replies[6].at("msg").find("只支持 bank") != std::string::npos);
}

TEST_CASE("jeepay routes: a notification of what does not exist is an error, not a crash") {
  MerchantWorld world;
  const auto told = [&](const char* topic, const char* id) {
    return api::jeepay::notification_body(world.book(), *world.server->vault, topic, id,
                                          world.real().now());
  };
  for (const char* topic : {"order", "refund", "payout", "payout_returned"})
    CHECK(told(topic, "X1").error().code == Errc::kNotFound);
  CHECK(told("voucher", world.placed("o1").c_str()).error().code == Errc::kUnsupported);
  // An app that is switched off still hears of its orders; one without MD5 by HMAC-SHA256.
  const std::string id = world.paid("o2", {{"signType", "HMAC-SHA256"}, {"appId", "hmac"}});
  world.add_app(*world.server, "M1", "hmac", [](channels::App& app) {
    app.md5_allowed = false;
    app.enabled = false;
  });
  const auto body = told("order", id.c_str());
  REQUIRE(body);
  CHECK(ask_sdk({{"form", body.value(), "HMAC-SHA256"}})[0] == "ok");
}
