#include "api/jeepay/responses.h"

#include <catch2/catch.hpp>

#include "tests/api/jeepay/sdk.h"

using namespace suanpan;
using namespace suanpan::api::jeepay;
using suanpan::test::ask_sdk;

namespace {

const Secret kSecret{"offline-test-key"};
constexpr Timestamp kNow = Timestamp::from_ms(1700000000123);

PayOrderData paid_order() {
  PayOrderData data;
  data.pay_order_id = "P1";
  data.mch_no = "M1";
  data.app_id = "A";
  data.mch_order_no = "o1";
  data.if_code = "wxpay";
  data.way_code = "WX_NATIVE";
  data.amount = {100, Currency::kCNY};
  data.state = PayState::kSuccess;
  data.subject = "商品\"标题\" &x=1";
  data.body = "中文 + % 😀\n二";
  data.ext_param = "a=b&c";
  data.success_at = kNow;
  data.created_at = kNow;
  return data;
}

RefundQueryData refund() {
  RefundQueryData data;
  data.refund = {"R1", "r1", 100, {4, Currency::kCNY}, RefundState::kSuccess, "c", {}};
  data.pay_order_id = "P1";
  data.mch_no = "M1";
  data.app_id = "A";
  data.success_at = kNow;
  data.created_at = kNow;
  return data;
}

TransferQueryData transfer() {
  TransferQueryData data;
  data.transfer = {"T1", "t1", {1, Currency::kCNY}, "6217", "张三", "b", TransferState::kFailed,
                   "",   "",   {"E1", "账号有误"}};
  data.mch_no = "M1";
  data.entry_type = "BANK_CARD";
  data.created_at = kNow;
  return data;
}

}  // namespace

TEST_CASE("jeepay answers: the SDK accepts each of them, in both sign types") {
  const UnifiedOrderData order{"P1", "o1", PayState::kPaying, "codeUrl", "weixin://wxpay/x?a=1",
                               {}};
  const FieldBag bags[] = {
      fields_of(order),    fields_of(paid_order()), fields_of(refund().refund),
      fields_of(refund()), fields_of(transfer()),   fields_of(transfer().transfer),
      FieldBag{}};
  std::vector<test::SdkTask> tasks;
  for (const FieldBag& bag : bags) {
    tasks.push_back({"answer", render_success(bag, {kSecret})});
    tasks.push_back(
        {"answer", render_success(bag, {kSecret, SignType::kHmacSha256}), "HMAC-SHA256"});
  }
  tasks.push_back({"answer", render_error(ApiCode::kBusiness, order_exists_message("o\"1"))});
  tasks.push_back({"answer", render_error(fail(Errc::kMalformed, "字段 amount 必须是整数"))});
  const auto verdicts = ask_sdk(tasks);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    INFO(tasks[i].text);
    CHECK(verdicts[i] == "ok");
  }
}

TEST_CASE("jeepay answers: the independent check notices what the SDK would") {
  std::string lower = render_success(fields_of(paid_order()), {kSecret});
  for (std::size_t at = lower.find("\"sign\""); at < lower.size(); ++at) {
    lower[at] = static_cast<char>(std::tolower(lower[at]));
  }
  std::string other = render_success(fields_of(paid_order()), {kSecret});
  other.replace(other.find("\"amount\":100"), 12, "\"amount\":101");
  const auto verdicts =
      ask_sdk({{"answer", lower}, {"answer", other}, {"answer", R"({"code":0,"msg":"SUCCESS"})"}});
  CHECK(verdicts == std::vector<std::string>{"sign", "sign", "no data"});
}

TEST_CASE("jeepay answers: the bytes are as the contract has them") {
  // printf 'key=offline-test-key' | md5sum
  CHECK(render_success({}, {kSecret}) ==
        R"({"code":0,"msg":"SUCCESS","data":{},"sign":"BE4D6CE9B51C0A8E57A81953FF473DA5"})");
  CHECK(render_error(ApiCode::kBusiness, "验签失败") == R"({"code":9999,"msg":"验签失败"})");
  CHECK(order_exists_message("x") == "商户订单[x]已存在");
  CHECK(fields_of(refund()).to_json() ==
        R"({"refundOrderId":"R1","mchRefundNo":"r1","payAmount":100,"refundAmount":4,"state":2,)"
        R"("channelOrderNo":"c","payOrderId":"P1","mchNo":"M1","appId":"A","currency":"CNY",)"
        R"("successTime":1700000000123,"createdAt":1700000000123})");
  CHECK(fields_of(UnifiedOrderData{"P1", "o1", PayState::kFailed, "", "", {"E", "无"}}).to_json() ==
        R"({"payOrderId":"P1","mchOrderNo":"o1","orderState":3,"errCode":"E","errMsg":"无"})");
}

TEST_CASE("jeepay answers: errors get their code, and what failed in us stays with us") {
  struct Row {
    Errc code;
    const char* begin;
    bool told;
  };
  const Row rows[] = {
      {Errc::kMalformed, R"({"code":11,)", true},
      {Errc::kTooLarge, R"({"code":11,)", true},
      {Errc::kMismatch, R"({"code":9999,)", true},
      {Errc::kNotFound, R"({"code":9999,)", true},
      {Errc::kBadSignature, R"({"code":9999,)", true},
      {Errc::kUnsupported, R"({"code":9999,)", true},
      {Errc::kIo, R"({"code":10,)", false},
      {Errc::kCorrupt, R"({"code":10,)", false},
      {Errc::kTimeout, R"({"code":10,)", false},
      {Errc::kUnavailable, R"({"code":10,)", false},
      {Errc::kConfig, R"({"code":10,)", false},
      {Errc::kLocked, R"({"code":10,)", false},
  };
  for (const Row& row : rows) {
    const std::string body = render_error(Error{row.code, "detail-7"});
    INFO(body);
    CHECK(body.starts_with(row.begin));
    CHECK((body.find("detail-7") != std::string::npos) == row.told);
    CHECK(body.find("data") == std::string::npos);
  }
}

TEST_CASE("jeepay notification: the merchant verifies the form it gets") {
  const FieldBag fields = signed_fields(fields_of(paid_order()), kNow, {kSecret});
  const std::string hmac =
      signed_fields(fields_of(refund()), kNow, {kSecret, SignType::kHmacSha256}).to_form();
  CHECK(ask_sdk({{"form", fields.to_form()}, {"form", hmac, "HMAC-SHA256"}}) ==
        std::vector<std::string>{"ok", "ok"});
  CHECK(fields.find("version") == nullptr);
  CHECK(fields.find("signType") == nullptr);
}

TEST_CASE("jeepay returnUrl: the signed fields join its query, before its fragment") {
  FieldBag one;
  one.set_text("a", "中 &");
  struct Row {
    const char* url;
    const char* expected;
  };
  const Row rows[] = {
      {"https://h/p", "https://h/p?a=%E4%B8%AD%20%26"},
      {"https://h/p?", "https://h/p?a=%E4%B8%AD%20%26"},
      {"https://h/p?x=1", "https://h/p?x=1&a=%E4%B8%AD%20%26"},
      {"https://h/p?x=1&", "https://h/p?x=1&a=%E4%B8%AD%20%26"},
      {"https://h/#/done?y=1", "https://h/?a=%E4%B8%AD%20%26#/done?y=1"},
  };
  for (const Row& row : rows) CHECK(return_url_of(row.url, one) == row.expected);
  const std::string url =
      return_url_of("https://h/p", signed_fields(fields_of(paid_order()), kNow, {kSecret}));
  CHECK(ask_sdk({{"form", url.substr(url.find('?') + 1)}})[0] == "ok");
}
