#include <catch2/catch.hpp>

#include "tests/channels/wechat/counterpart.h"

namespace suanpan::channels::wechat {
namespace {

using test::adapter;
using test::answer;
using test::kNow;
using test::replaced;
using test::stamp;
using test::unsigned_answer;

constexpr std::string_view kOrderNo = "P202603041230000001";

PayRequest pay_request(Way way) {
  PayRequest request;
  request.order_no = kOrderNo;
  request.way = way;
  request.amount = {12345, Currency::kCNY};
  request.description = "物业费 3幢0402";
  request.notify_url = "https://pay.example.cn/notify/wechat";
  request.expires_at = kNow.plus_seconds(7200);
  if (way == Way::kWxJsapi) request.payer_openid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
  if (way == Way::kWxH5) request.client_ip = "203.0.113.7";
  return request;
}

RefundRequest refund_request() {
  RefundRequest request;
  request.order_no = kOrderNo;
  request.refund_no = "R202603041230000001";
  request.refund = {1000, Currency::kCNY};
  request.total = {12345, Currency::kCNY};
  return request;
}

constexpr std::string_view kPaid =
    R"({"amount":{"currency":"CNY","payer_currency":"CNY","payer_total":12000,"total":12345},)"
    R"("appid":"wxd678efh567hg6787","attach":"","bank_type":"OTHERS","mchid":"1900000109",)"
    R"("out_trade_no":"P202603041230000001","payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},)"
    R"("promotion_detail":[],"success_time":"2026-03-04T12:29:58+08:00","trade_state":"SUCCESS",)"
    R"("trade_state_desc":"支付成功","trade_type":"NATIVE",)"
    R"("transaction_id":"4200000263201902167700134212"})";

constexpr std::string_view kRefunded =
    R"({"refund_id":"50000709672019011908420787722","out_refund_no":"R202603041230000001",)"
    R"("transaction_id":"4200000263201902167700134212","out_trade_no":"P202603041230000001",)"
    R"("channel":"ORIGINAL","user_received_account":"支付用户零钱",)"
    R"("success_time":"2026-03-04T12:29:59+08:00","create_time":"2026-03-04T12:29:50+08:00",)"
    R"("status":"SUCCESS","funds_account":"UNSETTLED","amount":{"total":12345,"refund":1000,)"
    R"("payer_total":12345,"payer_refund":1000,"settlement_refund":1000,)"
    R"("settlement_total":12345,"discount_refund":0,"currency":"CNY"}})";

TEST_CASE("wechat adapter: each way's order goes to its endpoint with the body the protocol asks") {
  struct Row {
    Way way;
    const char* target;
    const char* tail;
  };
  const Row rows[] = {
      {Way::kWxNative, "/v3/pay/transactions/native", "}"},
      {Way::kWxApp, "/v3/pay/transactions/app", "}"},
      {Way::kWxJsapi, "/v3/pay/transactions/jsapi",
       R"(,"payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"}})"},
      {Way::kWxH5, "/v3/pay/transactions/h5",
       R"(,"scene_info":{"payer_client_ip":"203.0.113.7","h5_info":{"type":"Wap"}}})"},
  };
  for (const auto& row : rows) {
    const auto request = adapter().encode_place(pay_request(row.way), stamp());
    REQUIRE(request);
    CHECK(request.value().method == "POST");
    CHECK(request.value().target == row.target);
    CHECK(request.value().body ==
          std::string(R"({"appid":"wxd678efh567hg6787","mchid":"1900000109",)"
                      R"("description":"物业费 3幢0402","out_trade_no":"P202603041230000001",)"
                      R"("time_expire":"2026-03-04T14:30:00+08:00",)"
                      R"("notify_url":"https://pay.example.cn/notify/wechat",)"
                      R"("amount":{"total":12345,"currency":"CNY"})") +
              row.tail);
    CHECK(request.value().headers.count("Authorization") == 1);
    CHECK(*request.value().headers.find("Wechatpay-Serial") == test::kPublicKeyId);
    // A resend is the same request but for the moment and the nonce.
    const auto again = adapter().encode_place(pay_request(row.way), {kNow.plus_seconds(60), "x"});
    CHECK(again.value().body == request.value().body);
  }
}

TEST_CASE("wechat adapter: the other requests carry what the protocol asks") {
  const auto query = adapter().encode_query(kOrderNo, stamp());
  CHECK(query.method == "GET");
  CHECK(query.target == "/v3/pay/transactions/out-trade-no/P202603041230000001?mchid=1900000109");
  CHECK(query.body.empty());
  CHECK(query.headers.count("Content-Type") == 0);
  // A number with an odd character stays one path segment.
  CHECK(adapter().encode_query("a/b?c", stamp()).target ==
        "/v3/pay/transactions/out-trade-no/a%2Fb%3Fc?mchid=1900000109");
  const auto close = adapter().encode_close(kOrderNo, stamp());
  CHECK(close.method == "POST");
  CHECK(close.target == "/v3/pay/transactions/out-trade-no/P202603041230000001/close");
  CHECK(close.body == R"({"mchid":"1900000109"})");
  auto wanted = refund_request();
  wanted.reason = "退款";
  wanted.notify_url = "https://pay.example.cn/notify/refund";
  const auto refund = adapter().encode_refund(wanted, stamp());
  REQUIRE(refund);
  CHECK(refund.value().target == "/v3/refund/domestic/refunds");
  CHECK(refund.value().body ==
        R"({"out_trade_no":"P202603041230000001","out_refund_no":"R202603041230000001",)"
        R"("reason":"退款","notify_url":"https://pay.example.cn/notify/refund",)"
        R"("amount":{"refund":1000,"total":12345,"currency":"CNY"}})");
  CHECK(adapter().encode_refund_query("R202603041230000001", stamp()).target ==
        "/v3/refund/domestic/refunds/R202603041230000001");
  const auto day = *Date::of(2026, 3, 3);
  CHECK(adapter().encode_trade_bill(day, false, stamp()).target ==
        "/v3/bill/tradebill?bill_date=2026-03-03&bill_type=ALL");
  CHECK(adapter().encode_trade_bill(day, true, stamp()).target ==
        "/v3/bill/tradebill?bill_date=2026-03-03&bill_type=ALL&tar_type=GZIP");
  CHECK(adapter().encode_fund_flow_bill(day, true, stamp()).target ==
        "/v3/bill/fundflowbill?bill_date=2026-03-03&account_type=BASIC&tar_type=GZIP");
  CHECK(adapter().encode_certificates(stamp()).target == "/v3/certificates?algorithm_type=RSA");
}

TEST_CASE("wechat adapter: an order that the platform would refuse is not sent") {
  struct Row {
    const char* what;
    Way way;
    void (*spoil)(PayRequest&);
    Errc code;
  };
  const Row rows[] = {
      {"bank way", Way::kBankTransfer, [](PayRequest&) {}, Errc::kUnsupported},
      {"cashier way", Way::kQrCashier, [](PayRequest&) {}, Errc::kUnsupported},
      {"short number", Way::kWxNative, [](PayRequest& r) { r.order_no = "12345"; },
       Errc::kMalformed},
      {"long number", Way::kWxNative, [](PayRequest& r) { r.order_no = std::string(33, '1'); },
       Errc::kMalformed},
      {"odd number", Way::kWxNative, [](PayRequest& r) { r.order_no = "123456/7"; },
       Errc::kMalformed},
      {"zero", Way::kWxNative, [](PayRequest& r) { r.amount.minor = 0; }, Errc::kMalformed},
      {"negative", Way::kWxNative, [](PayRequest& r) { r.amount.minor = -1; }, Errc::kMalformed},
      {"huge", Way::kWxNative, [](PayRequest& r) { r.amount.minor = INT64_MAX; }, Errc::kMalformed},
      {"dollars", Way::kWxNative, [](PayRequest& r) { r.amount.currency = Currency::kUSD; },
       Errc::kUnsupported},
      {"no description", Way::kWxNative, [](PayRequest& r) { r.description.clear(); },
       Errc::kMalformed},
      {"long description", Way::kWxNative,
       [](PayRequest& r) {
         r.description.clear();
         for (int i = 0; i < 128; ++i) r.description += "费";
       },
       Errc::kMalformed},
      {"relative URL", Way::kWxNative, [](PayRequest& r) { r.notify_url = "/notify"; },
       Errc::kMalformed},
      {"URL with a query", Way::kWxNative, [](PayRequest& r) { r.notify_url += "?a=1"; },
       Errc::kMalformed},
      {"no expiry", Way::kWxNative, [](PayRequest& r) { r.expires_at = {}; }, Errc::kMalformed},
      {"no openid", Way::kWxJsapi, [](PayRequest& r) { r.payer_openid.clear(); }, Errc::kMalformed},
      {"no address", Way::kWxH5, [](PayRequest& r) { r.client_ip.clear(); }, Errc::kMalformed},
  };
  for (const auto& row : rows) {
    auto request = pay_request(row.way);
    row.spoil(request);
    INFO(row.what);
    const auto encoded = adapter().encode_place(request, stamp());
    REQUIRE_FALSE(encoded);
    CHECK(encoded.error().code == row.code);
  }
  auto longest = pay_request(Way::kWxNative);
  longest.description.clear();
  for (int i = 0; i < 127; ++i) longest.description += "费";
  CHECK(adapter().encode_place(longest, stamp()));
}

TEST_CASE("wechat adapter: a refund that the platform would refuse is not sent") {
  struct Row {
    const char* what;
    void (*spoil)(RefundRequest&);
  };
  const Row rows[] = {
      {"no refund number", [](RefundRequest& r) { r.refund_no.clear(); }},
      {"long refund number", [](RefundRequest& r) { r.refund_no = std::string(65, '1'); }},
      {"no order number", [](RefundRequest& r) { r.order_no.clear(); }},
      {"zero", [](RefundRequest& r) { r.refund.minor = 0; }},
      {"above the order", [](RefundRequest& r) { r.refund.minor = 12346; }},
      {"dollars", [](RefundRequest& r) { r.refund.currency = Currency::kUSD; }},
      {"dollars of an order", [](RefundRequest& r) { r.total.currency = Currency::kUSD; }},
      {"long reason", [](RefundRequest& r) { r.reason = std::string(81, 'x'); }},
      {"relative URL", [](RefundRequest& r) { r.notify_url = "x"; }},
  };
  for (const auto& row : rows) {
    auto request = refund_request();
    row.spoil(request);
    INFO(row.what);
    CHECK_FALSE(adapter().encode_refund(request, stamp()));
  }
  auto whole = refund_request();
  whole.refund = whole.total;
  CHECK(adapter().encode_refund(whole, stamp()));
}

TEST_CASE("wechat adapter: an accepted order gives the payer what the way needs") {
  const auto native = adapter().decode_place(
      pay_request(Way::kWxNative),
      answer(200, R"({"code_url":"weixin://wxpay/bizpayurl?pr=qnu8Fhqzz"})"), stamp());
  CHECK(native.knowledge == Knowledge::kKnown);
  CHECK(native.status == PayStatus::kWaiting);
  CHECK(native.pay_data_type == "codeUrl");
  CHECK(native.pay_data == "weixin://wxpay/bizpayurl?pr=qnu8Fhqzz");
  const auto h5 = adapter().decode_place(
      pay_request(Way::kWxH5),
      answer(200, R"({"h5_url":"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?p=1"})"),
      stamp());
  CHECK(h5.pay_data_type == "payurl");
  CHECK(h5.pay_data == "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?p=1");

  const auto prepay = answer(200, R"({"prepay_id":"wx201410272009395522657a690389285100"})");
  const auto jsapi = adapter().decode_place(pay_request(Way::kWxJsapi), prepay, stamp());
  CHECK(jsapi.pay_data_type == "wxapp");
  const auto parameters = JsonDocument::parse(jsapi.pay_data).value();
  const auto text = [](const JsonDocument& document, std::string_view key) {
    return document.root().get_string(key).value();
  };
  CHECK(text(parameters, "appId") == "wxd678efh567hg6787");
  CHECK(text(parameters, "timeStamp") == "1772598600");
  CHECK(text(parameters, "package") == "prepay_id=wx201410272009395522657a690389285100");
  CHECK(text(parameters, "signType") == "RSA");
  CHECK(test::keys().merchant.public_key().verify_sha256(
      "wxd678efh567hg6787\n1772598600\n" + text(parameters, "nonceStr") +
          "\nprepay_id=wx201410272009395522657a690389285100\n",
      *from_base64(text(parameters, "paySign"))));

  const auto app = adapter().decode_place(pay_request(Way::kWxApp), prepay, stamp());
  const auto sdk = JsonDocument::parse(app.pay_data).value();
  CHECK(text(sdk, "partnerid") == "1900000109");
  CHECK(text(sdk, "prepayid") == "wx201410272009395522657a690389285100");
  CHECK(text(sdk, "package") == "Sign=WXPay");
  CHECK(test::keys().merchant.public_key().verify_sha256(
      "wxd678efh567hg6787\n1772598600\n" + text(sdk, "noncestr") +
          "\nwx201410272009395522657a690389285100\n",
      *from_base64(text(sdk, "sign"))));
}

TEST_CASE("wechat adapter: an order's success that cannot be believed is unknown") {
  const auto request = pay_request(Way::kWxNative);
  const std::string body = R"({"code_url":"weixin://wxpay/bizpayurl?pr=qnu8Fhqzz"})";
  auto altered = answer(200, body);
  altered.body = replaced(body, "qnu8", "qnu9");
  struct Row {
    const char* what;
    HttpResponse response;
    std::string_view code;
  };
  const Row rows[] = {
      {"unsigned", unsigned_answer(200, body), kCodeBadSignature},
      {"altered", altered, kCodeBadSignature},
      {"another member", answer(200, R"({"prepay_id":"1"})"), kCodeMalformed},
      {"empty code_url", answer(200, R"({"code_url":""})"), kCodeMalformed},
      {"a number", answer(200, R"({"code_url":7})"), kCodeMalformed},
      {"not JSON", answer(200, "<html>"), kCodeMalformed},
      {"empty", answer(200, ""), kCodeMalformed},
      {"duplicate keys", answer(200, R"({"code_url":"a","code_url":"b"})"), kCodeMalformed},
      {"truncated", answer(200, body.substr(0, 20)), kCodeMalformed},
      {"202", answer(202, R"({"code":"USERPAYING","message":""})"), "HTTP_202"},
      {"204", answer(204, ""), "HTTP_204"},
      {"302", unsigned_answer(302, ""), "HTTP_302"},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    const auto outcome = adapter().decode_place(request, row.response, stamp());
    CHECK(outcome.knowledge == Knowledge::kUnknown);
    CHECK(outcome.error_code == row.code);
    CHECK(outcome.pay_data.empty());
  }
  // A stale answer: replayed five minutes later.
  CHECK(
      adapter().decode_place(request, answer(200, body), {kNow.plus_seconds(300), "n"}).knowledge ==
      Knowledge::kUnknown);
}

TEST_CASE("wechat adapter: a query tells the state, and the money when there is some") {
  struct Row {
    const char* state;
    PayStatus status;
    bool paid;
  };
  const Row rows[] = {
      {"SUCCESS", PayStatus::kPaid, true},    {"REFUND", PayStatus::kRefunding, true},
      {"NOTPAY", PayStatus::kWaiting, false}, {"USERPAYING", PayStatus::kWaiting, false},
      {"ACCEPT", PayStatus::kWaiting, false}, {"CLOSED", PayStatus::kClosed, false},
      {"REVOKED", PayStatus::kClosed, false}, {"PAYERROR", PayStatus::kFailed, false},
  };
  for (const auto& row : rows) {
    INFO(row.state);
    const auto outcome = adapter().decode_query(
        kOrderNo, answer(200, replaced(std::string(kPaid), "SUCCESS", row.state)), kNow);
    CHECK(outcome.knowledge == Knowledge::kKnown);
    CHECK(outcome.status == row.status);
    CHECK(outcome.channel_order_no == "4200000263201902167700134212");
    CHECK(outcome.paid == Money{row.paid ? 12345 : 0, Currency::kCNY});
    CHECK(outcome.paid_at ==
          (row.paid ? Timestamp::of_cn(*Date::of(2026, 3, 4), 12, 29, 58) : Timestamp{}));
  }
  // An unpaid order has neither number nor amount.
  const auto unpaid = adapter().decode_query(
      kOrderNo,
      answer(200, R"({"appid":"wxd678efh567hg6787","mchid":"1900000109",)"
                  R"("out_trade_no":"P202603041230000001","trade_state":"NOTPAY"})"),
      kNow);
  CHECK(unpaid.knowledge == Knowledge::kKnown);
  CHECK(unpaid.status == PayStatus::kWaiting);
}

TEST_CASE("wechat adapter: a query's answer about anything else is unknown") {
  struct Row {
    const char* from;
    const char* to;
    std::string_view code;
  };
  const Row rows[] = {
      {R"("mchid":"1900000109")", R"("mchid":"1900000108")", kCodeMismatch},
      {R"("appid":"wxd678efh567hg6787")", R"("appid":"wxd678efh567hg6788")", kCodeMismatch},
      {"P202603041230000001", "P202603041230000002", kCodeMismatch},
      {R"("currency":"CNY")", R"("currency":"USD")", kCodeMismatch},
      {R"("currency":"CNY",)", "", kCodeMismatch},
      {"SUCCESS", "PAID", kCodeMalformed},
      {R"("total":12345)", R"("total":0)", kCodeMalformed},
      {R"("total":12345)", R"("total":-12345)", kCodeMalformed},
      {R"("total":12345)", R"("total":123.45)", kCodeMalformed},
      {R"("total":12345)", R"("total":"12345")", kCodeMalformed},
      {R"("total":12345)", R"("total":9223372036854775808)", kCodeMalformed},
      {"2026-03-04T12:29:58+08:00", "yesterday", kCodeMalformed},
      {R"("transaction_id":"4200000263201902167700134212")", R"("transaction_id":"")",
       kCodeMalformed},
      {R"("mchid":"1900000109",)", "", kCodeMalformed},
      {R"("mchid":"1900000109",)", R"("mchid":"1900000109","mchid":"1900000108",)", kCodeMalformed},
  };
  for (const auto& row : rows) {
    INFO(row.from << " -> " << row.to);
    const auto outcome = adapter().decode_query(
        kOrderNo, answer(200, replaced(std::string(kPaid), row.from, row.to)), kNow);
    CHECK(outcome.knowledge == Knowledge::kUnknown);
    CHECK(outcome.error_code == row.code);
    CHECK(outcome.status != PayStatus::kPaid);
    CHECK(outcome.paid.minor == 0);
  }
  // "payer_currency" must not pass for "currency".
  auto other = std::string(kPaid);
  CHECK(adapter().decode_query(kOrderNo, unsigned_answer(200, other), kNow).knowledge ==
        Knowledge::kUnknown);
}

TEST_CASE("wechat adapter: a close is believed as a signed 204 only") {
  CHECK(adapter().decode_close(answer(204, ""), kNow).knowledge == Knowledge::kKnown);
  CHECK(adapter().decode_close(answer(204, ""), kNow).status == PayStatus::kClosed);
  CHECK(adapter().decode_close(unsigned_answer(204, ""), kNow).knowledge == Knowledge::kUnknown);
  CHECK(adapter().decode_close(answer(200, "{}"), kNow).knowledge == Knowledge::kUnknown);
  auto probe = answer(204, "");
  probe.headers.set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/abc");
  CHECK(adapter().decode_close(probe, kNow).knowledge == Knowledge::kUnknown);
}

TEST_CASE("wechat adapter: a refund's answer tells its state") {
  struct Row {
    const char* state;
    RefundStatus status;
    bool done;
  };
  const Row rows[] = {{"SUCCESS", RefundStatus::kSucceeded, true},
                      {"PROCESSING", RefundStatus::kProcessing, false},
                      {"CLOSED", RefundStatus::kClosed, false},
                      {"ABNORMAL", RefundStatus::kAbnormal, false}};
  for (const auto& row : rows) {
    INFO(row.state);
    const auto response = answer(200, replaced(std::string(kRefunded), "SUCCESS", row.state));
    for (const auto& outcome : {adapter().decode_refund(refund_request(), response, kNow),
                                adapter().decode_refund_query(refund_request(), response, kNow)}) {
      CHECK(outcome.knowledge == Knowledge::kKnown);
      CHECK(outcome.status == row.status);
      CHECK(outcome.refunded == Money{1000, Currency::kCNY});
      CHECK(outcome.channel_refund_no == "50000709672019011908420787722");
      CHECK(outcome.refunded_at ==
            (row.done ? Timestamp::of_cn(*Date::of(2026, 3, 4), 12, 29, 59) : Timestamp{}));
    }
  }
}

TEST_CASE("wechat adapter: a refund's answer about anything else is unknown") {
  struct Row {
    const char* from;
    const char* to;
    std::string_view code;
  };
  const Row rows[] = {
      {"R202603041230000001", "R202603041230000002", kCodeMismatch},
      {"P202603041230000001", "P202603041230000002", kCodeMismatch},
      {R"("refund":1000)", R"("refund":1001)", kCodeMismatch},
      {R"("refund":1000)", R"("refund":12346)", kCodeMismatch},
      {R"("total":12345)", R"("total":12344)", kCodeMismatch},
      {R"("currency":"CNY")", R"("currency":"USD")", kCodeMismatch},
      {R"(,"currency":"CNY")", "", kCodeMismatch},
      {R"("refund":1000)", R"("refund":-1000)", kCodeMalformed},
      {R"("status":"SUCCESS")", R"("status":"DONE")", kCodeMalformed},
      {R"("status":"SUCCESS")", R"("refund_status":"SUCCESS")", kCodeMalformed},
      {R"("refund_id":"50000709672019011908420787722",)", "", kCodeMalformed},
      {"2026-03-04T12:29:59+08:00", "", kCodeMalformed},
  };
  for (const auto& row : rows) {
    INFO(row.from << " -> " << row.to);
    const auto outcome = adapter().decode_refund(
        refund_request(), answer(200, replaced(std::string(kRefunded), row.from, row.to)), kNow);
    CHECK(outcome.knowledge == Knowledge::kUnknown);
    CHECK(outcome.error_code == row.code);
    CHECK(outcome.refunded.minor == 0);
  }
  CHECK(adapter()
            .decode_refund(refund_request(), unsigned_answer(200, std::string(kRefunded)), kNow)
            .knowledge == Knowledge::kUnknown);
}

TEST_CASE("wechat adapter: every error answer has its class of knowledge, per operation") {
  constexpr auto U = Knowledge::kUnknown;
  constexpr auto N = Knowledge::kNotAccepted;
  constexpr auto R = Knowledge::kRejected;
  struct Row {
    int status;
    const char* code;
    Knowledge place, query, close, refund, refund_query;
    const char* canonical;
  };
  const Row rows[] = {
      {500, "SYSTEM_ERROR", U, U, U, U, U, "SYSTEM_ERROR"},
      {500, "SYSTEMERROR", U, U, U, U, U, "SYSTEM_ERROR"},
      {502, "BANK_ERROR", U, U, U, U, U, "BANK_ERROR"},
      {503, "PARAM_ERROR", U, U, U, U, U, "PARAM_ERROR"},
      {429, "FREQUENCY_LIMITED", N, U, N, N, U, "FREQUENCY_LIMITED"},
      {429, "RATELIMIT_EXCEEDED", N, U, N, N, U, "RATELIMIT_EXCEEDED"},
      {403, "OUT_TRADE_NO_USED", U, U, U, U, U, "OUT_TRADE_NO_USED"},
      {403, "NOT_ENOUGH", U, U, U, N, U, "NOT_ENOUGH"},
      {403, "NOTENOUGH", U, U, U, N, U, "NOT_ENOUGH"},
      {403, "USER_ACCOUNT_ABNORMAL", R, U, U, R, U, "USER_ACCOUNT_ABNORMAL"},
      {403, "NO_AUTH", R, U, U, R, U, "NO_AUTH"},
      {404, "ORDER_NOT_EXIST", U, N, U, R, N, "ORDER_NOT_EXIST"},
      {404, "ORDERNOTEXIST", U, N, U, R, N, "ORDER_NOT_EXIST"},
      {404, "RESOURCE_NOT_EXISTS", U, N, U, R, N, "RESOURCE_NOT_EXISTS"},
      {400, "ORDER_NOT_EXIST", U, U, U, U, U, "ORDER_NOT_EXIST"},
      {400, "PARAM_ERROR", R, U, U, R, U, "PARAM_ERROR"},
      {400, "INVALID_REQUEST", R, U, U, R, U, "INVALID_REQUEST"},
      {400, "APPID_MCHID_NOT_MATCH", R, U, U, R, U, "APPID_MCHID_NOT_MATCH"},
      {400, "MCH_NOT_EXISTS", R, U, U, R, U, "MCH_NOT_EXISTS"},
      {404, "MCH_NOT_EXISTS", R, U, U, R, U, "MCH_NOT_EXISTS"},
      {401, "SIGN_ERROR", R, U, U, R, U, "SIGN_ERROR"},
      {400, "ORDER_PAID", U, U, U, U, U, "ORDER_PAID"},
      {400, "ORDERPAID", U, U, U, U, U, "ORDER_PAID"},
      {400, "ORDER_CLOSED", U, U, U, U, U, "ORDER_CLOSED"},
      {403, "SOMETHING_NEW", U, U, U, U, U, "SOMETHING_NEW"},
  };
  for (const auto& row : rows) {
    INFO(row.status << " " << row.code);
    const auto body = fmt::format(R"({{"code":"{}","message":"说明"}})", row.code);
    for (const bool is_signed : {true, false}) {
      const auto response =
          is_signed ? answer(row.status, body) : unsigned_answer(row.status, body);
      // Without a signature nothing is final: only 429, which has the same number sent again.
      const auto expected = [&](Knowledge knowledge) {
        return is_signed || row.status == 429 ? knowledge : U;
      };
      const auto place = adapter().decode_place(pay_request(Way::kWxNative), response, stamp());
      const auto query = adapter().decode_query(kOrderNo, response, kNow);
      const auto close = adapter().decode_close(response, kNow);
      const auto refund = adapter().decode_refund(refund_request(), response, kNow);
      const auto refund_query = adapter().decode_refund_query(refund_request(), response, kNow);
      CHECK(place.knowledge == expected(row.place));
      CHECK(query.knowledge == expected(row.query));
      CHECK(close.knowledge == expected(row.close));
      CHECK(refund.knowledge == expected(row.refund));
      CHECK(refund_query.knowledge == expected(row.refund_query));
      CHECK(place.error_code == row.canonical);
      CHECK(refund_query.error_code == row.canonical);
      CHECK(place.error_message == "说明");
    }
    // An error under a signature that does not hold is nobody's word.
    auto forged = answer(row.status, body);
    forged.body += " ";
    CHECK(adapter().decode_place(pay_request(Way::kWxNative), forged, stamp()).knowledge == U);
    CHECK(adapter().decode_query(kOrderNo, forged, kNow).knowledge == U);
    CHECK(adapter().decode_refund(refund_request(), forged, kNow).error_code == kCodeBadSignature);
  }
}

TEST_CASE("wechat adapter: an error without a code is unknown, but for 429") {
  struct Row {
    int status;
    const char* body;
    Knowledge knowledge;
    const char* code;
  };
  const Row rows[] = {
      {400, "", Knowledge::kUnknown, "HTTP_400"},
      {404, "<html>not found</html>", Knowledge::kUnknown, "HTTP_404"},
      {404, R"({"code":404})", Knowledge::kUnknown, "HTTP_404"},
      {404, R"(["ORDER_NOT_EXIST"])", Knowledge::kUnknown, "HTTP_404"},
      {403, R"({"message":"NO_AUTH"})", Knowledge::kUnknown, "HTTP_403"},
      {403, R"({"code":"NO_AUTH","code":"OK"})", Knowledge::kUnknown, "HTTP_403"},
      {502, "bad gateway", Knowledge::kUnknown, "HTTP_502"},
      {0, "", Knowledge::kUnknown, "HTTP_0"},
      {301, "", Knowledge::kUnknown, "HTTP_301"},
      {429, "slow down", Knowledge::kNotAccepted, "HTTP_429"},
  };
  for (const auto& row : rows) {
    INFO(row.status << " " << row.body);
    const auto outcome = adapter().decode_place(pay_request(Way::kWxNative),
                                                unsigned_answer(row.status, row.body), stamp());
    CHECK(outcome.knowledge == row.knowledge);
    CHECK(outcome.error_code == row.code);
  }
  const auto chatty = adapter().decode_place(
      pay_request(Way::kWxNative),
      unsigned_answer(400, fmt::format(R"({{"code":"PARAM_ERROR","message":"{}"}})",
                                       std::string(255, 'x') + "费费")),
      stamp());
  CHECK(chatty.error_message == std::string(255, 'x'));
}

TEST_CASE("wechat adapter: a bill's ticket is believed signed, and leads to the platform only") {
  const std::string hash = "79bb0f45fc4c42234a918000b2668d689e2bde04";
  const auto body = [&](std::string_view url) {
    return fmt::format(R"({{"hash_type":"SHA1","hash_value":"{}","download_url":"{}"}})", hash,
                       url);
  };
  const auto ticket = adapter().decode_bill_ticket(
      answer(200, body("https://api.mch.weixin.qq.com/v3/billdownload/file?token=6XIv5T")), kNow);
  REQUIRE(ticket);
  CHECK(ticket.value().sha1_hex == hash);
  CHECK(ticket.value().host == "api.mch.weixin.qq.com");
  CHECK(ticket.value().target == "/v3/billdownload/file?token=6XIv5T");
  const auto download = adapter().encode_bill_download(ticket.value(), stamp());
  CHECK(download.method == "GET");
  CHECK(download.target == "/v3/billdownload/file?token=6XIv5T");
  CHECK(download.headers.count("Authorization") == 1);
  CHECK(adapter().decode_bill_ticket(
      answer(200, body("https://api2.mch.weixin.qq.com/v3/billdownload/file?token=1")), kNow));

  struct Row {
    const char* url;
    Errc code;
  };
  const Row rows[] = {
      {"https://evil.example/v3/billdownload", Errc::kMismatch},
      {"https://evil.example#.mch.weixin.qq.com/x", Errc::kMalformed},
      {"https://evil.example?.mch.weixin.qq.com/x", Errc::kMismatch},
      {"https://me@x.mch.weixin.qq.com/x", Errc::kMismatch},
      {"https://api.mch.weixin.qq.com:8443/x", Errc::kMismatch},
      {"https://api.mch.weixin.qq.com.evil.example/x", Errc::kMismatch},
      {"ftp://api.mch.weixin.qq.com/x", Errc::kMalformed},
      {"/v3/billdownload", Errc::kMalformed},
      {"https://api.mch.weixin.qq.com", Errc::kMalformed},
      {"https://api.mch.weixin.qq.com/a b", Errc::kMalformed},
  };
  for (const auto& row : rows) {
    INFO(row.url);
    const auto refused = adapter().decode_bill_ticket(answer(200, body(row.url)), kNow);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == row.code);
  }
  const auto unsigned_ticket = adapter().decode_bill_ticket(
      unsigned_answer(200, body("https://api.mch.weixin.qq.com/x")), kNow);
  CHECK(unsigned_ticket.error().code == Errc::kBadSignature);
  CHECK(adapter()
            .decode_bill_ticket(
                answer(200, replaced(body("https://api.mch.weixin.qq.com/x"), "SHA1", "MD5")), kNow)
            .error()
            .code == Errc::kUnsupported);
}

TEST_CASE("wechat adapter: a bill that is refused says whether to ask again") {
  struct Row {
    int status;
    const char* code;
    Errc expected;
  };
  const Row rows[] = {
      {400, "STATEMENT_CREATING", Errc::kUnavailable},
      {400, "NO_STATEMENT_EXIST", Errc::kNotFound},
      {429, "FREQUENCY_LIMITED", Errc::kUnavailable},
      {500, "SYSTEM_ERROR", Errc::kUnavailable},
      {400, "PARAM_ERROR", Errc::kConfig},
      {401, "SIGN_ERROR", Errc::kConfig},
      {403, "NO_AUTH", Errc::kConfig},
  };
  for (const auto& row : rows) {
    INFO(row.code);
    const auto body = fmt::format(R"({{"code":"{}","message":"m"}})", row.code);
    CHECK(adapter().decode_bill_ticket(answer(row.status, body), kNow).error().code ==
          row.expected);
    auto forged = answer(row.status, body);
    forged.body += " ";
    CHECK(adapter().decode_bill_ticket(forged, kNow).error().code == Errc::kBadSignature);
  }
  CHECK(adapter().decode_bill_ticket(unsigned_answer(502, "<html>"), kNow).error().code ==
        Errc::kUnavailable);
}

TEST_CASE("wechat adapter: only a signed answer says that a day had no business") {
  const std::string body = R"({"code":"NO_STATEMENT_EXIST","message":"账单文件不存在"})";
  const auto code_of = [](const HttpResponse& response) {
    return adapter().decode_bill_ticket(response, kNow).error().code;
  };
  const auto signed_as = [&](const PrivateKey& key, std::string_view serial, std::int64_t late_s) {
    HttpResponse response{400, {}, body};
    test::sign_as(response.headers, body, key, serial, kNow.plus_seconds(late_s));
    return response;
  };
  const auto& keys = test::keys();
  CHECK(code_of(signed_as(keys.certificate_key, keys.certificate_serial, 0)) == Errc::kNotFound);
  CHECK(code_of(signed_as(keys.public_mode_key, test::kPublicKeyId, 0)) == Errc::kNotFound);
  CHECK(code_of(unsigned_answer(400, body)) == Errc::kUnavailable);
  CHECK(code_of(unsigned_answer(404, body)) == Errc::kUnavailable);
  CHECK(code_of(signed_as(keys.stranger, keys.certificate_serial, 0)) == Errc::kBadSignature);
  CHECK(code_of(signed_as(keys.certificate_key, "4BC0FFEE", 0)) == Errc::kBadSignature);
  CHECK(code_of(signed_as(keys.certificate_key, keys.certificate_serial, -300)) ==
        Errc::kBadSignature);
  HttpResponse half{400, {}, body};
  half.headers.set("Wechatpay-Signature", "AAAA");
  CHECK(code_of(half) == Errc::kBadSignature);
}

TEST_CASE("wechat adapter: a download of certificates makes the next adapter") {
  const auto& keys = test::keys();
  const auto body =
      fmt::format(R"({{"data":[{{"serial_no":"{}","encrypt_certificate":{}}}]}})",
                  keys.certificate_serial, test::sealed(keys.certificate_pem, "certificate", ""));
  const auto bare = adapter().with_platform_keys({});
  const auto code_url = answer(200, R"({"code_url":"weixin://1"})");
  CHECK(bare.decode_place(pay_request(Way::kWxNative), code_url, stamp()).knowledge ==
        Knowledge::kUnknown);
  const auto found = bare.decode_certificates(answer(200, body), kNow);
  REQUIRE(found);
  const auto next = bare.with_platform_keys(found.value());
  CHECK(next.decode_place(pay_request(Way::kWxNative), code_url, stamp()).knowledge ==
        Knowledge::kKnown);
  // Merchants in public-key mode are refused here.
  CHECK(bare.decode_certificates(
                unsigned_answer(404, R"({"code":"RESOURCE_NOT_EXISTS","message":"m"})"), kNow)
            .error()
            .code == Errc::kUnavailable);
}

}  // namespace
}  // namespace suanpan::channels::wechat
