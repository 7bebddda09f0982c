// Refunds at WeChat: the cap, the balance, the fee that comes back.
#include "tests/channels/sandbox/world.h"

using namespace suanpan;
using namespace suanpan::sandbox::test;

namespace {

const std::string kRefunds = "/v3/refund/domestic/refunds";

std::string code(const HttpResponse& answer) {
  return std::to_string(answer.status) + " " + World::text(answer.body, "code");
}
std::string status(World& world, const std::string& number) {
  return World::text(world.api("GET", kRefunds + "/" + number).body, "status");
}
std::int64_t balance(const World& world) {
  return world.sandbox->wechat().book().merchants().at(kShop).balance_fen;
}

}  // namespace

TEST_CASE("sandbox refunds: a refund is PROCESSING, then SUCCESS, and the order says REFUND") {
  World world;
  world.paid("T00001", 10'000);
  CHECK(balance(world) == 9'940);  // 0.60 % of 100.00 is 0.60
  const auto answer = world.ask_refund("T00001", "R1", 2'500, 10'000);
  REQUIRE(answer.status == 200);
  CHECK(World::text(answer.body, "status") == "PROCESSING");
  CHECK(World::text(answer.body, "out_trade_no") == "T00001");
  CHECK(World::amount(answer.body, "refund") == 2'500);
  CHECK(World::amount(answer.body, "total") == 10'000);
  // What is left, 75.00, costs 0.45: 0.15 come back.
  CHECK(balance(world) == 9'940 - 2'500 + 15);
  CHECK(status(world, "R1") == "PROCESSING");
  world.now = world.now.plus_seconds(1);
  CHECK(status(world, "R1") == "SUCCESS");
  CHECK(World::text(world.api("GET", kRefunds + "/R1").body, "success_time") ==
        "2026-03-04T10:00:01+08:00");
  CHECK(World::text(world.query("T00001").body, "trade_state") == "REFUND");
  CHECK(code(world.api("GET", kRefunds + "/R9")) == "404 RESOURCE_NOT_EXISTS");
  CHECK(code(world.api("GET", kRefunds + "/R1", "", kOther)) == "404 RESOURCE_NOT_EXISTS");
}

TEST_CASE("sandbox refunds: partial refunds never pass the payment, and all of it leaves nothing") {
  World world;
  world.paid("T00001", 10'000);
  world.paid("T00002", 10'000);  // money that the refunds must not touch
  CHECK(world.ask_refund("T00001", "R1", 3'333, 10'000).status == 200);
  CHECK(world.ask_refund("T00001", "R2", 3'333, 10'000).status == 200);
  CHECK(code(world.ask_refund("T00001", "R3", 3'335, 10'000)) == "400 INVALID_REQUEST");
  CHECK(world.ask_refund("T00001", "R3", 3'334, 10'000).status == 200);
  CHECK(code(world.ask_refund("T00001", "R4", 1, 10'000)) == "400 INVALID_REQUEST");
  CHECK(balance(world) == 9'940);  // the other order's; this one's fee came back whole
}

TEST_CASE("sandbox refunds: the same request finds the first, another one is refused") {
  World world;
  world.paid("T00001", 10'000);
  const auto first = world.ask_refund("T00001", "R1", 100, 10'000);
  CHECK(world.ask_refund("T00001", "R1", 100, 10'000).body == first.body);
  CHECK(code(world.ask_refund("T00001", "R1", 101, 10'000)) == "400 INVALID_REQUEST");
  CHECK(world.sandbox->wechat().book().refunds().size() == 1);
}

TEST_CASE("sandbox refunds: bad requests are refused and change nothing") {
  World world;
  world.paid("T00001", 10'000);
  world.place("T00002", 500);
  const std::int64_t before = balance(world);
  const auto post = [&](const std::string& body) {
    return code(world.api("POST", kRefunds, body));
  };
  CHECK(post(World::refund("T00001", "R1", 100, 9'999)) == "400 PARAM_ERROR");
  CHECK(post(World::refund("T00001", "R1", 0, 10'000)) == "400 PARAM_ERROR");
  CHECK(post(World::refund("T00001", "R1", -1, 10'000)) == "400 PARAM_ERROR");
  CHECK(post(World::refund("T00001", "R1", 10'001, 10'000)) == "400 PARAM_ERROR");
  CHECK(post(World::refund("T00001", "", 100, 10'000)) == "400 PARAM_ERROR");
  CHECK(post(World::refund("T00001", std::string(65, 'R'), 100, 10'000)) == "400 PARAM_ERROR");
  CHECK(post(World::refund("", "R1", 100, 10'000)) == "400 PARAM_ERROR");
  CHECK(post(World::refund("T00001", "R1", 100, 10'000, R"(,"transaction_id":"42")")) ==
        "400 PARAM_ERROR");
  CHECK(post(R"({"out_trade_no":"T00001","out_refund_no":"R1",)"
             R"("amount":{"refund":1,"total":10000}})") == "400 PARAM_ERROR");
  CHECK(post("[1]") == "400 PARAM_ERROR");
  CHECK(post(World::refund("T99999", "R1", 100, 10'000)) == "404 ORDER_NOT_EXIST");
  CHECK(post(World::refund("T00002", "R1", 100, 500)) == "400 INVALID_REQUEST");  // unpaid
  CHECK(code(world.api("POST", kRefunds, World::refund("T00001", "R1", 100, 10'000), kOther)) ==
        "404 ORDER_NOT_EXIST");
  world.now = at("2027-03-04 10:00:00");
  CHECK(post(World::refund("T00001", "R1", 100, 10'000)) == "400 INVALID_REQUEST");  // a year
  CHECK(balance(world) == before);
  CHECK(world.sandbox->wechat().book().refunds().empty());
}

TEST_CASE("sandbox refunds: the 51st of an order is refused") {
  World world;
  world.paid("T00001", 10'000);
  for (int i = 1; i <= 50; ++i)
    REQUIRE(world.ask_refund("T00001", "R" + std::to_string(i), 1, 10'000).status == 200);
  CHECK(code(world.ask_refund("T00001", "R51", 1, 10'000)) == "400 INVALID_REQUEST");
}

TEST_CASE("sandbox refunds: without balance it is NOT_ENOUGH, and the number can be used again") {
  World world;
  world.paid("T00001", 10'000);
  world.now = at("2026-03-05 10:00:00");
  REQUIRE(world.control("/sandbox/wechat/settle", R"({"date":"2026-03-04"})").status == 200);
  CHECK(balance(world) == 0);
  CHECK(code(world.ask_refund("T00001", "R1", 5'000, 10'000)) == "403 NOT_ENOUGH");
  world.paid("T00002", 20'000);
  CHECK(world.ask_refund("T00001", "R1", 5'000, 10'000).status == 200);
}

TEST_CASE("sandbox refunds: a second payment is refunded by its transaction_id") {
  World world;
  world.paid("T00001", 100);
  const std::string second = world.pay(R"({"out_trade_no":"T00001","again":true})");
  const auto answer = world.api(
      "POST", kRefunds,
      R"({"transaction_id":")" + second +
          R"(","out_refund_no":"R1","amount":{"refund":100,"total":100,"currency":"CNY"}})");
  REQUIRE(answer.status == 200);
  CHECK(World::text(answer.body, "transaction_id") == second);
  CHECK(World::text(world.query("T00001").body, "trade_state") == "SUCCESS");
  CHECK(world.ask_refund("T00001", "R2", 100, 100).status == 200);  // the first is still whole
}

TEST_CASE("sandbox refunds: one that is CLOSED gives the money back, ABNORMAL keeps it out") {
  World world;
  world.paid("T00001", 10'000);
  world.fault(R"({"kind":"refund_closed","number":"R1"})");
  world.fault(R"({"kind":"refund_abnormal","number":"R2"})");
  world.ask_refund("T00001", "R1", 10'000, 10'000);
  CHECK(balance(world) == 0);
  world.now = world.now.plus_seconds(1);
  CHECK(status(world, "R1") == "CLOSED");
  CHECK(balance(world) == 9'940);
  CHECK(World::text(world.query("T00001").body, "trade_state") == "SUCCESS");
  world.ask_refund("T00001", "R2", 1'000, 10'000);
  world.now = world.now.plus_seconds(1);
  CHECK(status(world, "R2") == "ABNORMAL");
  CHECK(balance(world) == 9'940 - 1'000 + 6);
}
