// Orders over the wire. The channels never answer here: what is looked at is what the API lets
// through and where the money stands.
#include <catch2/catch.hpp>

#include "tests/api/platform_world.h"

using namespace suanpan;
using suanpan::test::Unchanged;
using Fixture = suanpan::test::PlatformWorld;

TEST_CASE("v1 orders: placed once, found by both numbers, seen by its owner and the house") {
  Fixture f;
  const auto placed = f.place("O1", R"(,"subject":"物业费")");
  REQUIRE(placed.status == 201);
  CHECK(placed.at("state") == "created");
  CHECK(placed.at("amount") == "10000");
  CHECK(placed.at("lines.0.account") == "2101/M1");
  const std::string id = placed.at("order_id");
  CHECK(id.size() == 29);
  const auto again = f.place("O1", R"(,"subject":"物业费")");
  CHECK(again.status == 201);
  CHECK(again.body == placed.body);
  CHECK(again.header("Suanpan-Replayed") == "true");
  const auto other = f.place("O1", R"(,"subject":"水费")");
  CHECK(other.status == 409);
  CHECK(other.at("detail") == "subject");

  CHECK(f.get("upstream", "/v1/orders/" + id).at("mch_order_no") == "O1");
  CHECK(f.get("upstream", "/v1/orders?mch_no=M1&mch_order_no=O1").at("order_id") == id);
  CHECK(f.get("auditor", "/v1/orders/" + id).status == 200);
  CHECK(f.get("upstream2", "/v1/orders/" + id).told() == "404 order_not_found");
  CHECK(f.get("upstream2", "/v1/orders?mch_no=M1&mch_order_no=O1").told() == "404 order_not_found");
  CHECK(f.get("upstream", "/v1/orders?mch_no=M1&mch_order_no=O2").told() == "404 order_not_found");
  CHECK(f.get("upstream", "/v1/events").at("events.0.key") == id);
  CHECK(f.get("upstream2", "/v1/events").size("events") == 0);

  CHECK(f.post("upstream2", "/v1/orders/" + id + "/close", "", "c1").told() ==
        "404 order_not_found");
  const auto closed = f.post("upstream", "/v1/orders/" + id + "/close", "", "c2");
  CHECK(closed.status == 200);
  CHECK(closed.at("state") == "closed");
}

TEST_CASE("v1 orders: a merchant disabled since does not take an order's first answer away") {
  Fixture f;
  const auto placed = f.place("O1");
  REQUIRE(placed.status == 201);
  REQUIRE(f.post("operator", "/v1/merchants/M1/disable", "", "d1").status == 200);
  const auto again = f.place("O1");
  CHECK(again.status == 201);
  CHECK(again.body == placed.body);
  CHECK(again.header("Suanpan-Replayed") == "true");
  CHECK(f.place("O2").at("refusal") == "merchant_disabled");
}

TEST_CASE("v1 orders: money goes only where the merchant may direct it") {
  Fixture f;
  const auto line = [](const std::string& account, int amount = 10000) {
    return fmt::format(R"(,"lines":[{{"label":"首付","account":"{}","amount":{}}}])", account,
                       amount);
  };
  REQUIRE(f.place("L1", line("2201/预售/A1")).status == 201);
  const Unchanged unchanged(f);
  CHECK(f.place("L2", line("2101/M2")).at("refusal") == "not_authorised");
  CHECK(f.place("L3", line("6001")).at("refusal") == "not_authorised");
  CHECK(f.place("L4", line("2201/预售其他")).at("refusal") == "not_authorised");
  CHECK(f.place("L5", line("")).told() == "403 not_authorised");
}

TEST_CASE("v1 orders: numbers may be as long as they are allowed to be") {
  Fixture f;
  const std::string merchant(64, 'm'), number(64, 'n');
  f.merchant(merchant, "");
  f.add_key("long", {api::Role::kUpstream}, {{}, {merchant}});
  const auto order = [&](const std::string& of) {
    return f.post(
        "long", "/v1/orders",
        fmt::format(R"({{"mch_no":"{}","mch_order_no":"{}","amount":100}})", merchant, of), of);
  };
  CHECK(order(number).status == 201);
  CHECK(f.get("long", "/v1/orders?mch_no=" + merchant + "&mch_order_no=" + number).status == 200);
  CHECK(order(number + "n").status == 400);
}

TEST_CASE("v1 orders: bad input changes nothing") {
  Fixture f;
  struct Row {
    const char* what;
    std::string body;
    int status;
    const char* refusal;
  };
  const auto order = [](const std::string& amount, const std::string& more = "",
                        const std::string& mch = "M1") {
    return fmt::format(R"({{"mch_no":"{}","mch_order_no":"B1","amount":{}{}}})", mch, amount, more);
  };
  const std::vector<Row> rows{
      {"malformed JSON", "{", 400, "malformed"},
      {"a duplicate key", order("1", R"(,"amount":2)"), 400, "malformed"},
      {"an unknown member", order("1", R"(,"fee":0)"), 400, "malformed"},
      {"a state", order("1", R"(,"state":"paid")"), 400, "malformed"},
      {"negative", order("-1"), 400, "amount_not_positive"},
      {"zero", order("0"), 400, "amount_not_positive"},
      {"fractional", order("1.5"), 400, "malformed"},
      {"above 2^63", order("9223372036854775808"), 400, "malformed"},
      {"a text", order("\"1\""), 400, "malformed"},
      {"an unknown merchant", order("1", "", "M9"), 404, "merchant_not_found"},
      {"an unknown way", order("1", R"(,"way":"GOLD")"), 422, "way_not_allowed"},
      {"another merchant's app", order("1", R"(,"app_id":"a9")"), 404, "document_not_found"},
      {"a script as URL", order("1", R"(,"notify_url":"javascript:x")"), 400, "malformed"},
      {"a control character", order("1", R"(,"subject":"a\u0000b")"), 400, "malformed"},
  };
  int n = 0;
  for (const Row& row : rows) {
    INFO(row.what);
    const Unchanged unchanged(f);
    const auto reply = f.post("upstream", "/v1/orders", row.body, "bad" + std::to_string(++n));
    CHECK(reply.status == row.status);
    CHECK(reply.at("refusal") == row.refusal);
  }
  const Unchanged unchanged(f);
  for (const char* role : {"maker", "checker", "auditor", "operator"})
    CHECK(f.post(role, "/v1/orders", order("1"), "role").told() == "403 forbidden");
  // More than any account may take is a refusal of the planner's, journalled nowhere.
  CHECK(f.post("upstream", "/v1/orders", order("1000000000000001"), "big").told() ==
        "400 amount_too_large");
}
