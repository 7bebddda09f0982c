#include "channels/wechat/notification.h"

#include <catch2/catch.hpp>

#include "tests/channels/wechat/counterpart.h"

namespace suanpan::channels::wechat {
namespace {

using test::kNow;
using test::replaced;

constexpr std::string_view kPayment =
    R"({"mchid":"1900000109","appid":"wxd678efh567hg6787","out_trade_no":"P202603041230000001",)"
    R"("transaction_id":"4200000263201902167700134212","trade_type":"NATIVE",)"
    R"("trade_state":"SUCCESS","trade_state_desc":"支付成功","bank_type":"OTHERS","attach":"",)"
    R"("success_time":"2026-03-04T12:29:58+08:00","payer":{"openid":"oUpF8uMuAJO_M2pxb1Q9zNjW"},)"
    R"("amount":{"total":12345,"payer_total":12345,"currency":"CNY","payer_currency":"CNY"}})";

constexpr std::string_view kRefund =
    R"({"mchid":"1900000109","out_trade_no":"P202603041230000001",)"
    R"("transaction_id":"4200000263201902167700134212","out_refund_no":"R202603041230000001",)"
    R"("refund_id":"50000709672019011908420787722","refund_status":"SUCCESS",)"
    R"("success_time":"2026-03-04T12:29:59+08:00","user_received_account":"支付用户零钱",)"
    R"("amount":{"total":12345,"refund":1000,"payer_total":12345,"payer_refund":1000}})";

std::string envelope(std::string_view type, std::string_view resource) {
  return fmt::format(
      R"({{"id":"EV-2018022511223320873","create_time":"2026-03-04T12:29:58+08:00",)"
      R"("resource_type":"encrypt-resource","event_type":"{}","summary":"支付成功","resource":{}}})",
      type, resource);
}

HttpRequest payment(std::string_view plain) {
  return test::notification(
      envelope("TRANSACTION.SUCCESS", test::sealed(plain, "transaction", "transaction")));
}

HttpRequest refund(std::string_view type, std::string_view plain) {
  return test::notification(envelope(type, test::sealed(plain, "refund", "refund")));
}

TEST_CASE("wechat notification: a payment becomes an event") {
  const auto event = verify_notification(test::credentials(), payment(kPayment), kNow);
  REQUIRE(event);
  const auto& e = event.value();
  CHECK(e.kind == PayEvent::Kind::kPayment);
  CHECK(e.notification_id == "EV-2018022511223320873");
  CHECK(e.merchant_id == "1900000109");
  CHECK(e.app_id == "wxd678efh567hg6787");
  CHECK(e.order_no == "P202603041230000001");
  CHECK(e.refund_no.empty());
  CHECK(e.total == Money{12345, Currency::kCNY});
  CHECK(e.pay.knowledge == Knowledge::kKnown);
  CHECK(e.pay.status == PayStatus::kPaid);
  CHECK(e.pay.paid == Money{12345, Currency::kCNY});
  CHECK(e.pay.paid_at == Timestamp::of_cn(*Date::of(2026, 3, 4), 12, 29, 58));
  CHECK(e.pay.channel_order_no == "4200000263201902167700134212");
}

TEST_CASE("wechat notification: a refund becomes an event of its state") {
  struct Row {
    const char* state;
    RefundStatus status;
  };
  const Row rows[] = {{"SUCCESS", RefundStatus::kSucceeded},
                      {"CLOSED", RefundStatus::kClosed},
                      {"ABNORMAL", RefundStatus::kAbnormal}};
  for (const auto& row : rows) {
    INFO(row.state);
    const auto event =
        verify_notification(test::credentials(),
                            refund(fmt::format("REFUND.{}", row.state),
                                   replaced(std::string(kRefund), R"("refund_status":"SUCCESS")",
                                            fmt::format(R"("refund_status":"{}")", row.state))),
                            kNow);
    REQUIRE(event);
    const auto& e = event.value();
    CHECK(e.kind == PayEvent::Kind::kRefund);
    CHECK(e.merchant_id == "1900000109");
    CHECK(e.app_id.empty());
    CHECK(e.order_no == "P202603041230000001");
    CHECK(e.refund_no == "R202603041230000001");
    CHECK(e.total == Money{12345, Currency::kCNY});
    CHECK(e.refund.knowledge == Knowledge::kKnown);
    CHECK(e.refund.status == row.status);
    CHECK(e.refund.refunded == Money{1000, Currency::kCNY});
    CHECK(e.refund.channel_refund_no == "50000709672019011908420787722");
  }
}

TEST_CASE("wechat notification: content that is not ours, or not what the event says, is refused") {
  struct Row {
    const char* from;
    const char* to;
    Errc code;
  };
  const Row payments[] = {
      {"1900000109", "1900000108", Errc::kMismatch},
      {"wxd678efh567hg6787", "wxd678efh567hg6788", Errc::kMismatch},
      {R"("currency":"CNY")", R"("currency":"HKD")", Errc::kMismatch},
      {R"("trade_state":"SUCCESS")", R"("trade_state":"NOTPAY")", Errc::kMismatch},
      {R"("trade_state":"SUCCESS")", R"("trade_state":"REFUND")", Errc::kMismatch},
      {R"("trade_state":"SUCCESS")", R"("trade_state":"WON")", Errc::kUnsupported},
      {R"("total":12345)", R"("total":-1)", Errc::kMalformed},
      {R"("total":12345)", R"("total":1.5)", Errc::kMalformed},
      {R"("total":12345)", R"("total":12345,"total":1)", Errc::kMalformed},
      {R"("out_trade_no":"P202603041230000001",)", "", Errc::kMalformed},
      {R"("success_time":"2026-03-04T12:29:58+08:00",)", "", Errc::kMalformed},
  };
  for (const auto& row : payments) {
    INFO(row.from << " -> " << row.to);
    const auto refused = verify_notification(
        test::credentials(), payment(replaced(std::string(kPayment), row.from, row.to)), kNow);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == row.code);
  }
  const Row refunds[] = {
      {"1900000109", "1900000108", Errc::kMismatch},
      {R"("refund_status":"SUCCESS")", R"("refund_status":"CLOSED")", Errc::kMismatch},
      {R"("refund_status":"SUCCESS")", R"("status":"SUCCESS")", Errc::kMalformed},
      {R"("refund":1000)", R"("refund":12346)", Errc::kMismatch},
      {R"("refund":1000)", R"("currency":"USD","refund":1000)", Errc::kMismatch},
      {R"("refund":1000)", R"("refund":0)", Errc::kMalformed},
      {R"("out_refund_no":"R202603041230000001",)", "", Errc::kMalformed},
  };
  for (const auto& row : refunds) {
    INFO(row.from << " -> " << row.to);
    const auto refused = verify_notification(
        test::credentials(),
        refund("REFUND.SUCCESS", replaced(std::string(kRefund), row.from, row.to)), kNow);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == row.code);
  }
}

TEST_CASE("wechat notification: each field of the envelope is held") {
  const auto good =
      envelope("TRANSACTION.SUCCESS", test::sealed(kPayment, "transaction", "transaction"));
  struct Row {
    const char* what;
    std::string body;
    Errc code;
  };
  const auto spoiled = [&](std::string_view from, std::string_view to) {
    return replaced(good, from, to);
  };
  const Row rows[] = {
      {"algorithm", spoiled("AEAD_AES_256_GCM", "AEAD_SM4_GCM"), Errc::kUnsupported},
      {"nonce", spoiled("fdasflkja484", "fdasflkja485"), Errc::kBadSignature},
      {"nonce length", spoiled("fdasflkja484", "fdasflkja48"), Errc::kMalformed},
      {"associated data", spoiled(R"("associated_data":"transaction")", R"("associated_data":"x")"),
       Errc::kBadSignature},
      {"no associated data", spoiled(R"("associated_data":"transaction",)", ""),
       Errc::kBadSignature},
      {"original type", spoiled(R"("original_type":"transaction")", R"("original_type":"refund")"),
       Errc::kMismatch},
      {"ciphertext not base64", spoiled(R"("ciphertext":")", R"("ciphertext":"*)"),
       Errc::kMalformed},
      {"event of a refund", spoiled("TRANSACTION.SUCCESS", "REFUND.SUCCESS"), Errc::kMismatch},
      {"event unknown", spoiled("TRANSACTION.SUCCESS", "REFUND."), Errc::kUnsupported},
      {"event of profit sharing", spoiled("TRANSACTION.SUCCESS", "PROFITSHARING.SUCCESS"),
       Errc::kUnsupported},
      {"no id", spoiled(R"("id":"EV-2018022511223320873",)", ""), Errc::kMalformed},
      {"id of another type", spoiled(R"("EV-2018022511223320873")", "7"), Errc::kMalformed},
      {"no resource", spoiled(R"("resource":)", R"("source":)"), Errc::kMalformed},
      {"two resources", spoiled(R"("resource":)", R"("resource":{},"resource":)"),
       Errc::kMalformed},
      {"not JSON", good.substr(0, good.size() - 1), Errc::kMalformed},
      {"empty", "", Errc::kMalformed},
      {"another APIv3 key",
       envelope("TRANSACTION.SUCCESS", test::sealed(kPayment, "transaction", "transaction",
                                                    "x123456789abcdef0123456789ABCDEF")),
       Errc::kBadSignature},
      {"plaintext not JSON",
       envelope("TRANSACTION.SUCCESS", test::sealed("paid!", "transaction", "transaction")),
       Errc::kMalformed},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    const auto refused =
        verify_notification(test::credentials(), test::notification(row.body), kNow);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == row.code);
  }
}

TEST_CASE("wechat notification: bytes that changed under way are refused before they are read") {
  const auto good = payment(kPayment);
  REQUIRE(verify_notification(test::credentials(), good, kNow));
  for (std::size_t i = 0; i < good.body.size(); i += 13) {
    auto altered = good;
    altered.body[i] = static_cast<char>(altered.body[i] ^ 1);
    CHECK(verify_notification(test::credentials(), altered, kNow).error().code ==
          Errc::kBadSignature);
  }
  auto probe = good;
  probe.headers.set("Wechatpay-Signature", "WECHATPAY/SIGNTEST/abc");
  CHECK(verify_notification(test::credentials(), probe, kNow).error().code == Errc::kBadSignature);
  CHECK(verify_notification(test::credentials(), good, kNow.plus_seconds(300)).error().code ==
        Errc::kBadSignature);
  auto public_mode = good;
  test::sign_as(public_mode.headers, public_mode.body, test::keys().public_mode_key,
                test::kPublicKeyId, kNow);
  CHECK(verify_notification(test::credentials(), public_mode, kNow));
}

TEST_CASE("wechat notification: the reply says taken, or makes the platform send again") {
  CHECK(notification_success().status == 204);
  CHECK(notification_success().body.empty());
  struct Row {
    Errc code;
    int status;
  };
  const Row rows[] = {
      {Errc::kBadSignature, 401}, {Errc::kMalformed, 400}, {Errc::kMismatch, 400},
      {Errc::kUnsupported, 400},  {Errc::kNotFound, 400},  {Errc::kTooLarge, 400},
      {Errc::kIo, 500},           {Errc::kTimeout, 500},   {Errc::kUnavailable, 500},
      {Errc::kLocked, 500},       {Errc::kCorrupt, 500},   {Errc::kConfig, 500}};
  for (const auto& row : rows) {
    const auto reply = notification_failure(Error{row.code, "why \"so\""});
    CHECK(reply.status == row.status);
    CHECK(reply.body == R"({"code":"FAIL","message":"why \"so\""})");
    CHECK(*reply.headers.find("Content-Type") == "application/json");
  }
}

}  // namespace
}  // namespace suanpan::channels::wechat
