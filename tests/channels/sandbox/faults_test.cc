// Scripted faults: matched by operation and number, counted, refused when misspelt.
#include "tests/channels/sandbox/world.h"

using namespace suanpan;
using namespace suanpan::sandbox::test;

namespace {

const std::string kNative = "/v3/pay/transactions/native";

std::optional<HttpResponse> raw(World& world, const std::string& method, const std::string& target,
                                const std::string& body = "") {
  return world.sandbox->handle(world.request(method, target, body), world.now);
}

std::string state_of(World& world, const std::string& number) {
  return World::text(world.query(number).body, "trade_state");
}

}  // namespace

TEST_CASE("sandbox faults: drop_after has done the work, drop_before has not") {
  World world;
  world.fault(R"({"kind":"drop_after","operation":"wechat.place","number":"T00001"})");
  world.fault(R"({"kind":"drop_before","operation":"wechat.place","number":"T00002"})");
  CHECK_FALSE(raw(world, "POST", kNative, World::order("T00001", 100)));
  CHECK_FALSE(raw(world, "POST", kNative, World::order("T00002", 100)));
  CHECK(state_of(world, "T00001") == "NOTPAY");
  CHECK(world.query("T00002").status == 404);
  // They are used up: a resend with the same parameters is answered.
  CHECK(world.api("POST", kNative, World::order("T00001", 100)).status == 200);
  CHECK(world.api("POST", kNative, World::order("T00002", 100)).status == 200);
}

TEST_CASE("sandbox faults: a refund whose answer is lost has happened once") {
  World world;
  world.paid("T00001", 1'000);
  world.fault(R"({"kind":"drop_after","operation":"wechat.refund","number":"R1"})");
  CHECK_FALSE(raw(world, "POST", "/v3/refund/domestic/refunds",
                  World::refund("T00001", "R1", 1'000, 1'000)));
  CHECK(world.ask_refund("T00001", "R1", 1'000, 1'000).status == 200);
  CHECK(world.sandbox->wechat().book().merchants().at(kShop).balance_fen == 0);
}

TEST_CASE("sandbox faults: 500 and 429 are answered, signed, and nothing was done") {
  World world;
  world.fault(R"({"kind":"error_500","operation":"wechat.place","number":"T00001","times":2})");
  world.fault(R"({"kind":"error_429","operation":"wechat.place","number":"T00002"})");
  for (int i = 0; i < 2; ++i) {
    const auto answer = world.api("POST", kNative, World::order("T00001", 100));
    CHECK(answer.status == 500);
    CHECK(World::text(answer.body, "code") == "SYSTEM_ERROR");
    CHECK(world.query("T00001").status == 404);
  }
  CHECK(world.api("POST", kNative, World::order("T00001", 100)).status == 200);
  const auto limited = world.api("POST", kNative, World::order("T00002", 100));
  CHECK(limited.status == 429);
  CHECK(World::text(limited.body, "code") == "FREQUENCY_LIMITED");
  CHECK(world.query("T00002").status == 404);
}

TEST_CASE("sandbox faults: a forged or stale answer looks right and is not to be believed") {
  World world;
  world.fault(R"({"kind":"forged_response","operation":"wechat.place","number":"T00001"})");
  world.fault(R"({"kind":"stale_response","operation":"wechat.query","number":"T00001"})");
  const auto forged = raw(world, "POST", kNative, World::order("T00001", 100));
  REQUIRE(forged);
  CHECK(forged->status == 200);
  CHECK_FALSE(World::holds(forged->headers, forged->body));
  const auto stale = raw(world, "GET", "/v3/pay/transactions/out-trade-no/T00001?mchid=1900000001");
  REQUIRE(stale);
  CHECK(World::holds(stale->headers, stale->body));
  CHECK(*stale->headers.find("Wechatpay-Timestamp") == std::to_string(world.now.seconds() - 400));
  CHECK(state_of(world, "T00001") == "NOTPAY");
}

TEST_CASE("sandbox faults: each operation has its own; others are left alone") {
  World world;
  world.paid("T00001", 1'000);
  world.now = at("2026-03-05 10:00:00");
  world.ask_refund("T00001", "R1", 100, 1'000);
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"wechat.query", "GET", "/v3/pay/transactions/out-trade-no/T00001?mchid=1900000001"},
      {"wechat.close", "POST", "/v3/pay/transactions/out-trade-no/T00001/close"},
      {"wechat.query_refund", "GET", "/v3/refund/domestic/refunds/R1"},
      {"wechat.certificates", "GET", "/v3/certificates"},
      {"wechat.tradebill", "GET", "/v3/bill/tradebill?bill_date=2026-03-04"},
      {"wechat.fundflowbill", "GET", "/v3/bill/fundflowbill?bill_date=2026-03-04"},
      {"wechat.download", "GET", "/v3/billdownload/file?token=x"},
  };
  for (const auto& [operation, method, target] : rows) {
    INFO(operation);
    const std::string body = method == std::string("POST") ? R"({"mchid":"1900000001"})" : "";
    world.fault(std::string(R"({"kind":"drop_before","operation":")") + operation + "\"}");
    for (const auto& [other, other_method, other_target] : rows) {
      if (std::string(other) == operation) continue;
      const std::string other_body =
          other_method == std::string("POST") ? R"({"mchid":"1900000001"})" : "";
      CHECK(raw(world, other_method, other_target, other_body));
    }
    CHECK_FALSE(raw(world, method, target, body));
    CHECK(raw(world, method, target, body));
  }
}

TEST_CASE("sandbox faults: the bank drops, fails and does the work as asked") {
  World world;
  world.fault(R"({"kind":"error_500","operation":"bank.query","number":"E1"})");
  world.fault(R"({"kind":"drop_after","operation":"bank.query","number":"E1"})");
  world.fault(R"({"kind":"error_429","operation":"bank.statement","number":"2026-03-03"})");
  world.fault(R"({"kind":"drop_before","operation":"bank.pay"})");
  const auto query = [&] { return world.bank("GET", "/bank/pain002?end_to_end_id=E1"); };
  CHECK(query()->status == 500);
  CHECK_FALSE(query());
  CHECK(query()->status == 404);
  const auto statement = [&] {
    return world.bank("GET", "/bank/camt053?account=6228000000000001&date=2026-03-03")->status;
  };
  CHECK(statement() == 429);
  CHECK(statement() == 200);
  CHECK_FALSE(world.bank("POST", "/bank/pain001", "x"));
  CHECK(world.bank("POST", "/bank/pain001", "x")->status == 200);
}

TEST_CASE("sandbox faults: a misspelt fault is refused, and a list is taken whole or not at all") {
  World world;
  const char* bad[] = {
      R"({})",
      R"({"kind":"drop_afterwards"})",
      R"({"kind":1})",
      R"({"kind":"drop_after","operation":"wechat.plaice"})",
      R"({"kind":"drop_after","times":0})",
      R"({"kind":"drop_after","times":"1"})",
      R"({"kind":"drop_after","amount_fen":-1})",
      R"({"kind":"drop_after","nummer":"T1"})",
      R"({"kind":"drop_after","kind":"error_500"})",
      R"({"faults":{"kind":"drop_after"}})",
      R"({"faults":[{"kind":"drop_after"},{"kind":"x"}]})",
      R"([])",
      R"({)",
  };
  for (const char* json : bad) {
    INFO(json);
    CHECK(world.control("/sandbox/faults", json).status == 400);
    CHECK(world.sandbox->faults().pending().empty());
  }
  world.fault(R"({"faults":[{"kind":"drop_after"},{"kind":"error_500","times":3}]})");
  const auto list = world.control("/sandbox/faults", "", "GET");
  CHECK(list.body.find(R"("kind":"error_500","operation":"","number":"","mchid":"","times":3)") !=
        std::string::npos);
  CHECK(world.control("/sandbox/faults", "", "DELETE").body == R"({"faults":[]})");
}

TEST_CASE("sandbox faults: one bound to a merchant leaves the other alone") {
  World world;
  world.fault(R"({"kind":"drop_before","mchid":"1900000002"})");
  CHECK(raw(world, "GET", "/v3/certificates"));
  CHECK_FALSE(
      world.sandbox->handle(world.request("GET", "/v3/certificates", "", kOther), world.now));
}
