// Our adapters against the sandbox. Both sides were written from the protocol, apart from each
// other: here they meet, message by message, without a network.
#include "channels/bank/adapter.h"
#include "channels/bank/sub_account.h"
#include "channels/wechat/adapter.h"
#include "channels/wechat/bill.h"
#include "channels/wechat/fund_flow_bill.h"
#include "channels/wechat/notification.h"
#include "tests/channels/sandbox/world.h"

using namespace suanpan;
using namespace suanpan::channels;
using namespace suanpan::sandbox::test;

namespace {

/// The engine's side of WeChat, with the certificate downloaded as it would be.
struct Shop {
  World& world;
  int nonce = 0;
  std::optional<wechat::Adapter> adapter;

  explicit Shop(World& with) : world(with) {
    wechat::Credentials credentials{kShop, "wx-shop", world.serials.at(kShop),
                                    World::merchant_key(kShop), Secret(world.api_keys.at(kShop))};
    auto made = wechat::Adapter::make(credentials);
    REQUIRE(made);
    auto keys = made.value().decode_certificates(send(made.value().encode_certificates(stamp())),
                                                 world.now);
    REQUIRE(keys);
    adapter = made.value().with_platform_keys(keys.value());
  }
  wechat::Stamp stamp() { return {world.now, "interop-nonce-" + std::to_string(++nonce)}; }
  HttpResponse send(const HttpRequest& request) {
    const auto answer = world.sandbox->handle(request, world.now);
    REQUIRE(answer);
    return *answer;
  }

  PayRequest order(const std::string& number, std::int64_t fen, Way way = Way::kWxNative) {
    PayRequest out;
    out.order_no = number;
    out.way = way;
    out.amount = {fen};
    out.description = "物业费";
    out.notify_url = "http://127.0.0.1:9000/notify";
    out.payer_openid = way == Way::kWxJsapi ? "oPayer" : "";
    out.client_ip = "127.0.0.1";
    out.expires_at = world.now.plus_seconds(1800);
    return out;
  }
  PayOutcome place(const PayRequest& request) {
    const auto encoded = adapter->encode_place(request, stamp());
    REQUIRE(encoded);
    return adapter->decode_place(request, send(encoded.value()), stamp());
  }
  PayOutcome query(const std::string& number) {
    return adapter->decode_query(number, send(adapter->encode_query(number, stamp())), world.now);
  }
  std::string file(const HttpRequest& request, bool gzip) {
    const auto ticket = adapter->decode_bill_ticket(send(request), world.now);
    REQUIRE(ticket);
    auto answer = send(adapter->encode_bill_download(ticket.value(), stamp()));
    REQUIRE(answer.status == 200);
    const auto opened = wechat::open_bill(answer.body, gzip, ticket.value().sha1_hex);
    REQUIRE(opened);
    return opened.value();
  }
};

}  // namespace

TEST_CASE("sandbox interop: our WeChat adapter places, queries and closes in every way") {
  World world;
  Shop shop(world);
  const Way ways[] = {Way::kWxNative, Way::kWxJsapi, Way::kWxH5, Way::kWxApp};
  int number = 0;
  for (const Way way : ways) {
    const std::string order = "INTEROP" + std::to_string(++number);
    INFO(order);
    const PayOutcome placed = shop.place(shop.order(order, 100, way));
    CHECK(placed.knowledge == Knowledge::kKnown);
    CHECK(placed.status == PayStatus::kWaiting);
    CHECK_FALSE(placed.pay_data.empty());
    CHECK(shop.query(order).status == PayStatus::kWaiting);
    const auto closed = shop.adapter->decode_close(
        shop.send(shop.adapter->encode_close(order, shop.stamp())), world.now);
    CHECK(closed.knowledge == Knowledge::kKnown);
    CHECK(closed.status == PayStatus::kClosed);
    CHECK(shop.query(order).status == PayStatus::kClosed);
  }
}

TEST_CASE("sandbox interop: our adapter believes its payments, notifications and refunds") {
  World world;
  Shop shop(world);
  shop.place(shop.order("INTEROP1", 10'000));
  world.pay(R"({"out_trade_no":"INTEROP1"})");
  const PayOutcome paid = shop.query("INTEROP1");
  CHECK(paid.knowledge == Knowledge::kKnown);
  CHECK(paid.status == PayStatus::kPaid);
  CHECK(paid.paid.minor == 10'000);

  const auto event = [&] {
    const auto due = world.sandbox->take_due_notifications(world.now);
    REQUIRE(due.size() == 1);
    world.sandbox->notification_answered(due[0].id, 204);
    const auto verified =
        wechat::verify_notification(shop.adapter->credentials(), due[0].request, world.now);
    REQUIRE(verified);
    return verified.value();
  };
  const PayEvent payment = event();
  CHECK(payment.kind == PayEvent::Kind::kPayment);
  CHECK(payment.order_no == "INTEROP1");
  CHECK(payment.merchant_id == kShop);
  CHECK(payment.app_id == "wx-shop");
  CHECK(payment.total.minor == 10'000);

  const RefundRequest request{"INTEROP1", "REFUND1", {2'500},
                              {10'000},   "多收",    "http://127.0.0.1:9000/refunds"};
  const auto encoded = shop.adapter->encode_refund(request, shop.stamp());
  REQUIRE(encoded);
  const auto refund = shop.adapter->decode_refund(request, shop.send(encoded.value()), world.now);
  CHECK(refund.knowledge == Knowledge::kKnown);
  CHECK(refund.status == RefundStatus::kProcessing);
  world.now = world.now.plus_seconds(1);
  const auto later = shop.adapter->decode_refund_query(
      request, shop.send(shop.adapter->encode_refund_query("REFUND1", shop.stamp())), world.now);
  CHECK(later.status == RefundStatus::kSucceeded);
  CHECK(later.refunded.minor == 2'500);
  const PayEvent refunded = event();
  CHECK(refunded.kind == PayEvent::Kind::kRefund);
  CHECK(refunded.refund_no == "REFUND1");
  CHECK(refunded.refund.status == RefundStatus::kSucceeded);
  CHECK(shop.query("INTEROP1").status == PayStatus::kRefunding);
}

TEST_CASE("sandbox interop: our adapter sees through every fault of answers and notifications") {
  World world;
  Shop shop(world);
  const std::pair<const char*, Knowledge> rows[] = {{"forged_response", Knowledge::kUnknown},
                                                    {"stale_response", Knowledge::kUnknown},
                                                    {"error_500", Knowledge::kUnknown},
                                                    {"error_429", Knowledge::kNotAccepted}};
  int number = 0;
  for (const auto& [kind, expected] : rows) {
    INFO(kind);
    world.fault(std::string(R"({"kind":")") + kind + R"(","operation":"wechat.place"})");
    CHECK(shop.place(shop.order("INTEROP" + std::to_string(++number), 100)).knowledge == expected);
  }
  const PayOutcome changed = shop.place(shop.order("INTEROP1", 101));
  CHECK(changed.knowledge != Knowledge::kKnown);
  CHECK(changed.error_code == "OUT_TRADE_NO_USED");

  shop.place(shop.order("INTEROP9", 100));
  world.fault(R"({"kind":"notify_forged","number":"INTEROP9"})");
  world.pay(R"({"out_trade_no":"INTEROP9"})");
  const auto due = world.sandbox->take_due_notifications(world.now);
  REQUIRE(due.size() == 1);
  CHECK_FALSE(wechat::verify_notification(shop.adapter->credentials(), due[0].request, world.now));
}

TEST_CASE("sandbox interop: our bill readers believe the sandbox's bills, and not the wrong ones") {
  World world;
  Shop shop(world);
  shop.place(shop.order("INTEROP1", 10'000));
  world.pay(R"({"out_trade_no":"INTEROP1"})");
  world.ask_refund("INTEROP1", "REFUND1", 2'500, 10'000);
  world.now = at("2026-03-05 10:00:00");
  const Date day = *Date::of(2026, 3, 4);
  for (const bool gzip : {false, true}) {
    const auto bill = wechat::parse_trade_bill(
        shop.file(shop.adapter->encode_trade_bill(day, gzip, shop.stamp()), gzip), {kShop, day});
    REQUIRE(bill);
    CHECK(bill.value().rows.size() == 2);
    CHECK(bill.value().totals.order_fen == 10'000);
    CHECK(bill.value().totals.refund_fen == 2'500);
    CHECK(bill.value().totals.fee_e5_yuan == 45'000);  // 0.60 - 0.15 yuan
  }
  const auto flows = wechat::parse_fund_flow_bill(
      shop.file(shop.adapter->encode_fund_flow_bill(day, false, shop.stamp()), false), day);
  REQUIRE(flows);
  CHECK(flows.value().totals.rows == 3);

  for (const char* kind : {"bill_wrong_totals", "bill_truncated", "bill_wrong_hash"}) {
    INFO(kind);
    World bad;
    Shop bad_shop(bad);
    bad_shop.place(bad_shop.order("INTEROP1", 10'000));
    bad.pay(R"({"out_trade_no":"INTEROP1"})");
    bad.now = at("2026-03-05 10:00:00");
    bad.fault(std::string(R"({"kind":")") + kind + "\"}");
    const auto ticket = bad_shop.adapter->decode_bill_ticket(
        bad_shop.send(bad_shop.adapter->encode_trade_bill(day, false, bad_shop.stamp())), bad.now);
    REQUIRE(ticket);
    const auto file = wechat::open_bill(
        bad_shop.send(bad_shop.adapter->encode_bill_download(ticket.value(), bad_shop.stamp()))
            .body,
        false, ticket.value().sha1_hex);
    CHECK_FALSE((file && wechat::parse_trade_bill(file.value(), {kShop, day})));
  }
}

TEST_CASE("sandbox interop: our bank adapter pays out, learns the end and reads the statement") {
  World world;
  const std::string key = World::text(slurp(key_folder() / "keys.json"), "bank_key");
  const bank::BankAdapter adapter(
      {"示例监管中心", {{kAccount, "示例监管户", "102100099996"}}, Secret(key)});
  const auto answer_of = [&](const Result<HttpRequest>& request) -> Result<HttpResponse> {
    REQUIRE(request);
    const auto answer = world.sandbox->handle(request.value(), world.now);
    if (!answer) return fail(Errc::kTimeout, "dropped");
    return *answer;
  };
  TransferRequest request{"PAYOUT1",         {30'000},       kAccount, "示例开发公司",
                          "755900000000001", "308584000013", "工程款", {}};
  request.execute_on = world.now.date_cn();
  const auto pay = [&] {
    return bank::BankAdapter::decode_transfer(
        request.transfer_no, request.amount,
        answer_of(adapter.encode_transfer(request, world.now)));
  };
  const auto ask = [&] {
    return bank::BankAdapter::decode_transfer_query(
        request.transfer_no, request.amount,
        answer_of(adapter.encode_transfer_query(request.transfer_no, world.now)));
  };
  CHECK(ask().error_code == bank::kUnknownTransfer);
  world.fault(R"({"kind":"drop_after","operation":"bank.pay","number":"PAYOUT1"})");
  world.fault(R"({"kind":"bank_return","number":"PAYOUT1","after_s":86400})");
  CHECK(pay().knowledge == Knowledge::kUnknown);
  CHECK(pay().status == TransferStatus::kProcessing);
  CHECK(pay().knowledge == Knowledge::kKnown);
  CHECK(ask().status == TransferStatus::kProcessing);
  world.now = world.now.plus_seconds(30);
  CHECK(ask().status == TransferStatus::kSucceeded);
  world.control("/sandbox/bank/deposit",
                R"({"account":"6228000000000001","sub_account":"6000000426","amount_fen":5000,)"
                R"("payer_name":"张三","payer_account":"6217","remark":"首付款"})");

  world.now = at("2026-03-06 08:00:00");
  using bank::StatementVersion;
  for (const StatementVersion version : {StatementVersion::kV08, StatementVersion::kV02}) {
    const auto read = [&](Date day) {
      const auto statement = bank::BankAdapter::decode_statement(
          kAccount, day, answer_of(adapter.encode_statement(kAccount, day, version, world.now)));
      INFO((statement ? "" : statement.error().message));
      REQUIRE(statement);
      return statement.value();
    };
    const bank::Statement first = read(*Date::of(2026, 3, 4));
    const bank::Statement second = read(*Date::of(2026, 3, 5));
    CHECK(first.opening.minor == 100'000);
    CHECK(first.closing.minor == 75'000);
    REQUIRE(first.entries.size() == 2);
    CHECK(first.entries[0].end_to_end_id == "PAYOUT1");
    CHECK(first.entries[0].signed_minor() == -30'000);
    CHECK(first.entries[1].counterparty_name == "张三");
    const auto reference = bank::recognise_deposit(first.entries[1], kAccount);
    REQUIRE(reference);
    CHECK(reference.value().reference == "6000000426");
    REQUIRE(second.entries.size() == 1);
    CHECK(second.entries[0].return_reason == "AC04");
    CHECK(second.entries[0].end_to_end_id == "PAYOUT1");
    CHECK(second.closing.minor == 105'000);
    CHECK(bank::check_continues(first, second));
  }
}
