// The chart, roll-ups and a year's end over the wire.
#include <catch2/catch.hpp>

#include "api/v1/routes.h"
#include "ledger/core/chart_templates.h"
#include "ledger/engine/trial_balance.h"
#include "ledger/engine/verify.h"
#include "tests/support/api_server.h"
#include "tests/support/round_trip.h"

using namespace suanpan;
using suanpan::test::ApiServer;
using suanpan::test::Unchanged;

namespace {

const std::vector<ApiServer::Adder> kRoutes{
    api::v1::add_account_routes,  api::v1::add_voucher_routes, api::v1::add_book_routes,
    api::v1::add_chart_routes,    api::v1::add_hold_routes,    api::v1::add_year_close_routes,
    api::v1::add_authority_routes};

struct Fixture : ApiServer {
  explicit Fixture(const char* chart = "platform") : ApiServer(kRoutes) {
    REQUIRE(book->run(adopt_chart(*chart_template(chart))).accepted());
  }
  void pay(const std::string& debit, const std::string& credit, std::int64_t amount,
           const std::string& target = "/v1/vouchers") {
    const auto reply =
        post("upstream", target,
             fmt::format(R"({{"legs":[{{"debit":"{}","credit":"{}","amount":{}}}]}})", debit,
                         credit, amount),
             "pay-" + std::to_string(++paid_));
    INFO(reply.body);
    REQUIRE(reply.status == 201);
  }
  void cut_to(const char* next) {
    REQUIRE(book->run(day_cut({{id_of(next), kSystemCaller}, *Date::parse(next)})).accepted());
  }

 private:
  int paid_ = 0;
};

}  // namespace

TEST_CASE("v1 chart: it is read whole, and an account that has no place in it is refused by name") {
  Fixture f;
  const auto chart = f.get("auditor", "/v1/chart");
  REQUIRE(chart.status == 200);
  CHECK(chart.at("name") == "platform");
  CHECK(chart.at("enforced") == "true");
  CHECK(chart.at("subjects.0.code") == "1001");
  const auto open = [&](const char* code, const char* type) {
    return f
        .post("operator", "/v1/accounts",
              fmt::format(R"({{"code":"{}","name":"x","type":"{}"}})", code, type),
              std::string("o") + code + type)
        .told();
  };
  CHECK(open("2101/M1", "liability") == "201 (absent)");
  CHECK(open("9999", "asset") == "404 subject_not_found");
  CHECK(open("2201", "liability") == "422 subject_not_leaf");
  CHECK(open("2101", "liability") == "422 dimensions_missing");
  CHECK(open("2101/M1/x", "liability") == "422 dimensions_exceeded");
  CHECK(open("2101/M2", "asset") == "422 subject_mismatch");
}

TEST_CASE("v1 chart: a key with a part of the book sees what its accounts stand under, no more") {
  Fixture f;
  f.add_key("tenant", {api::Role::kUpstream}, {{"2101/M1", "2201/预售资金/P1"}, {}});
  f.add_key("nobody", {api::Role::kUpstream}, {});
  const auto codes = [&](const std::string& who) {
    std::string all;
    const auto chart = f.get(who, "/v1/chart");
    CHECK(chart.at("name") == "platform");
    for (std::size_t i = 0; i < chart.size("subjects"); ++i)
      all += chart.at(fmt::format("subjects.{}.code", i)) + " ";
    return all;
  };
  CHECK(codes("tenant") == "2101 2201 2201/预售资金 ");
  CHECK(codes("nobody") == "");
  CHECK(codes("upstream") == codes("auditor"));
  CHECK(codes("auditor").starts_with("1001 1002 "));
}

TEST_CASE("v1 chart: a subject is added once, by two, and every bad one is refused by name") {
  Fixture f;
  const auto add = [&](const char* who, const std::string& body, const char* key) {
    return f.post(who, "/v1/chart/subjects", body, key);
  };
  const std::string good =
      R"({"code":"2202","name":"应付账款","type":"liability","dimensions":["supplier"]})";
  CHECK(add("upstream", good, "a").told() == "403 forbidden");
  CHECK(add("maker", good, "a").told() == "403 forbidden");
  CHECK(add("checker", good, "a").told() == "403 forbidden");
  const auto first = add("operator", good, "b");
  CHECK(first.status == 201);
  CHECK(add("operator", good, "b").header("Suanpan-Replayed") == "true");
  CHECK(f.post("operator", "/v1/accounts",
               R"({"code":"2202/安居维修","name":"x","type":"liability"})", "early")
            .told() == "404 subject_not_found");
  const std::string request = "/v1/authority-requests/" + first.at("id");
  const auto shown = f.get("checker", request);
  CHECK(shown.at("what") == "chart");
  CHECK(shown.at("subject") == "2202");
  CHECK(shown.at("chart.name") == "应付账款");
  CHECK(shown.at("chart.dimensions") == R"(["supplier"])");
  CHECK(f.post("operator", request + "/approve", "{}", "own").told() == "403 forbidden");
  f.add_key("both", {api::Role::kOperator, api::Role::kChecker});
  const auto own = add("both", R"({"code":"2203","name":"预收","type":"liability"})", "own2");
  REQUIRE(own.status == 201);
  CHECK(
      f.post("both", "/v1/authority-requests/" + own.at("id") + "/approve", "{}", "own3").told() ==
      "403 same_person");
  REQUIRE(f.post("checker", "/v1/authority-requests/" + own.at("id") + "/reject", "{}", "own4")
              .status == 200);
  // Asked for twice, it comes once.
  const auto twice = add("operator", good, "b2");
  REQUIRE(twice.status == 201);
  REQUIRE(f.post("checker", request + "/approve", "{}", "yes").status == 200);
  CHECK(f.post("checker", "/v1/authority-requests/" + twice.at("id") + "/approve", "{}", "yes2")
            .told() == "409 subject_exists");
  CHECK(f.get("auditor", "/v1/chart").body.find(R"("code":"2203")") == std::string::npos);
  f.open("2202/安居维修", "liability");
  const struct {
    const char* body;
    const char* told;
  } rows[] = {
      {R"({"code":"2202","name":"x","type":"liability"})", "409 subject_exists"},
      {R"({"code":"2202/1","name":"x","type":"liability"})", "422 subject_is_leaf"},
      {R"({"code":"2301/1","name":"x","type":"liability"})", "422 parent_missing"},
      {R"({"code":"2201/x","name":"x","type":"asset"})", "422 subject_mismatch"},
      {R"({"code":"6002","name":"x","type":"income"})", "400 value_invalid"},
      {R"({"code":"6002","name":"x","type":"income","closes_into":"2101"})",
       "422 carry_target_invalid"},
      {R"({"code":"60 02","name":"x","type":"asset"})", "400 code_invalid"},
      {R"({"code":"6002","name":"","type":"asset"})", "400 text_invalid"},
      {R"({"code":"6002","name":"x","type":"asset","dimensions":["A"]})", "400 value_invalid"},
  };
  int n = 0;
  for (const auto& row : rows) {
    INFO(row.body);
    CHECK(add("operator", row.body, ("r" + std::to_string(++n)).c_str()).told() == row.told);
  }
  // What is no request at all leaves nothing.
  f.hold_requests = false;
  const Unchanged unchanged(f);
  for (const char* body :
       {R"({"code":"6002","name":"x"})", R"({"code":"6002","name":"x","type":"money"})",
        R"({"code":"6002","name":"x","type":"asset","dimensions":"merchant"})",
        R"({"code":"6002","name":"x","type":"asset","dimensions":[1]})",
        R"({"code":"6002","name":"x","type":"asset","normal_side":"left"})",
        R"({"code":"6002","name":"x","type":"asset","more":1})", "[]", ""}) {
    INFO(body);
    CHECK(add("operator", body, "bad").told() == "400 malformed");
  }
}

TEST_CASE("v1 chart: a free book has no subjects and takes none") {
  Fixture f("free");
  const auto chart = f.get("auditor", "/v1/chart");
  CHECK(chart.at("name") == "free");
  CHECK(chart.at("enforced") == "false");
  CHECK(chart.size("subjects") == 0);
  f.open("9999/anything", "asset");
  CHECK(f.post("operator", "/v1/chart/subjects",
               R"({"code":"2202","name":"应付账款","type":"liability"})", "a")
            .told() == "409 chart_free");
  f.cut_to("2027-01-04");
  CHECK(f.post("maker", "/v1/books/year-close", R"({"year":2026})", "b").told() ==
        "409 chart_free");
}

TEST_CASE("v1 roll-ups: what lies below a path, now and as of a date") {
  Fixture f;
  f.open("1002/6228", "asset");
  f.open("2101/M1", "liability");
  f.open("2101/M2", "liability");
  f.pay("1002/6228", "2101/M1", 1'000);
  f.cut_to("2026-03-05");
  f.pay("1002/6228", "2101/M2", 30);
  f.pay("2101/M1", "1002/6228", 200, "/v1/holds");
  const auto now = f.get("auditor", "/v1/roll-ups?path=2101");
  REQUIRE(now.status == 200);
  CHECK(now.size("totals") == 1);
  CHECK(now.at("totals.0.currency") == "CNY");
  CHECK(now.at("totals.0.accounts") == "2");
  CHECK(now.at("totals.0.balance") == "-1030");
  CHECK(now.at("totals.0.credits_posted") == "1030");
  CHECK(now.at("totals.0.debits_pending") == "200");
  const auto before = f.get("auditor", "/v1/roll-ups?path=2101&date=2026-03-04");
  CHECK(before.at("totals.0.balance") == "-1000");
  CHECK(before.at("as_of_date") == "2026-03-04");
  CHECK(f.get("auditor", "/v1/roll-ups?path=2101/M2").at("totals.0.balance") == "-30");
  CHECK(f.get("auditor", "/v1/roll-ups?path=210").told() == "404 account_not_found");
  CHECK(f.get("auditor", "/v1/roll-ups?path=2102&date=2026-03-04").told() ==
        "404 account_not_found");
  CHECK(f.get("auditor", "/v1/roll-ups").told() == "400 malformed");
  CHECK(f.get("auditor", "/v1/roll-ups?path=2101&date=March").told() == "400 malformed");
  CHECK(f.get("upstream", "/v1/roll-ups?path=2101").told() == "403 forbidden");
}

TEST_CASE("v1 year close: two people close a year, once; it takes nothing any more") {
  Fixture f;
  f.open("1002/6228", "asset");
  f.open("6001", "income");
  f.open("6401", "expense");
  f.pay("1002/6228", "6001", 1'000);
  f.pay("6401", "1002/6228", 300);
  const auto ask = [&](const char* who, const char* key) {
    return f.post(who, "/v1/books/year-close", R"({"year":2026})", key);
  };
  const auto approve = [&](const char* who, const char* key) {
    return f.post(who, "/v1/books/year-close/approve", R"({"year":2026})", key);
  };
  CHECK(ask("maker", "early").told() == "422 date_ahead");
  f.cut_to("2027-01-04");
  f.pay("1002/6228", "6001", 50);
  CHECK(approve("checker", "unasked").told() == "404 document_not_found");
  CHECK(ask("checker", "a").told() == "403 forbidden");
  CHECK(f.get("auditor", "/v1/books/year-close?year=2026").told() == "404 document_not_found");
  REQUIRE(ask("maker2", "a").status == 201);
  CHECK(ask("maker", "b").told() == "409 document_exists");
  CHECK(f.get("auditor", "/v1/books/year-close?year=2026").at("state") == "requested");
  CHECK(approve("maker2", "own").told() == "403 same_person");
  const auto reject = [&](const char* who, const char* key) {
    return f.post(who, "/v1/books/year-close/reject", R"({"year":2026})", key);
  };
  CHECK(reject("maker", "r1").told() == "403 not_authorised");
  CHECK(reject("operator", "r2").told() == "403 forbidden");
  CHECK(reject("checker", "r3").at("state") == "rejected");
  CHECK(reject("checker", "r3").header("Suanpan-Replayed") == "true");
  CHECK(reject("checker", "r4").told() == "409 document_state_final");
  CHECK(f.get("auditor", "/v1/books/year-close?year=2026").at("state") == "rejected");
  CHECK(f.get("auditor", "/v1/books/year-close?year=2026").at("checker") == "checker");
  CHECK(approve("checker", "r5").told() == "404 document_not_found");
  // Asked for anew, taken back by who asked, and asked for once more.
  REQUIRE(ask("maker", "r6").status == 201);
  CHECK(reject("maker", "r7").at("state") == "rejected");
  REQUIRE(ask("maker2", "r8").status == 201);
  CHECK(f.get("auditor", "/v1/books/year-close?year=2026").at("checker") == "");
  CHECK(approve("maker", "c").told() == "403 forbidden");
  const auto closed = approve("checker", "d");
  INFO(closed.body);
  REQUIRE(closed.status == 200);
  CHECK(closed.at("vouchers") == "2");
  CHECK(approve("checker", "d").header("Suanpan-Replayed") == "true");
  CHECK(approve("checker", "e").told() == "422 year_closed");
  CHECK(reject("checker", "r9").told() == "422 year_closed");
  const auto stands = f.get("auditor", "/v1/books/year-close?year=2026");
  CHECK(stands.at("state") == "closed");
  CHECK(stands.at("maker") == "maker2");
  CHECK(stands.at("checker") == "checker");
  CHECK(f.get("auditor", "/v1/balances?account=6001&date=2026-12-31").at("posted") == "0");
  CHECK(f.get("auditor", "/v1/balances?account=6001").at("posted") == "50");
  CHECK(f.get("auditor",
              "/v1/balances?account=4104/" + percent_encode("未分配利润") + "&date=2026-12-31")
            .at("posted") == "700");
  const auto late = f.post(
      "upstream", "/v1/vouchers",
      R"({"date":"2026-12-31","legs":[{"debit":"1002/6228","credit":"6001","amount":1}]})", "late");
  CHECK(late.told() == "422 period_closed");
  f.hold_requests = false;
  CHECK(f.post("maker", "/v1/books/year-close", R"({"year":26})", "f").told() == "400 malformed");
  CHECK(f.post("maker", "/v1/books/year-close", "{}", "g").told() == "400 malformed");
  CHECK(f.get("auditor", "/v1/books/year-close").told() == "400 malformed");
}

TEST_CASE(
    "v1 year close: a chart that grew and a year that was closed are exported and made again") {
  Fixture f;
  const auto asked = f.post(
      "operator", "/v1/chart/subjects",
      R"({"code":"2202","name":"应付账款","type":"liability","dimensions":["supplier"]})", "s1");
  INFO(asked.body);
  REQUIRE(asked.status == 201);
  REQUIRE(f.post("checker", "/v1/authority-requests/" + asked.at("id") + "/approve", "{}", "s2")
              .status == 200);
  f.open("2202/S1", "liability");
  f.open("1002/6228", "asset");
  f.open("6001", "income");
  f.pay("1002/6228", "6001", 1'000);
  f.cut_to("2027-01-04");
  f.hold_requests = false;
  const std::string year = R"({"year":2026})";
  REQUIRE(f.post("maker", "/v1/books/year-close", year, "y1").status == 201);
  REQUIRE(f.post("maker", "/v1/books/year-close/approve", year, "y2").told() == "403 forbidden");
  REQUIRE(f.post("checker", "/v1/books/year-close/approve", year, "y3").status == 200);
  f.pay("1002/6228", "6001", 50);
  f.server->stop(1000);
  f.workers.stop();
  test::require_round_trip(*f.book, [](const Book& made) {
    const auto sum = [&](const char* path) {
      const auto rows = made.roll_up(path);
      REQUIRE(rows.size() == 1);
      return static_cast<std::int64_t>(rows[0].totals.posted(Side::kCredit));
    };
    CHECK(sum("4104") == 1'000);
    CHECK(sum("6001") == 50);
    CHECK(made.document(DocumentKind::kSubject, "2202"));
    CHECK(made.read([](const State& s, std::uint64_t) { return s.book().closed_through; }) ==
          *Date::of(2026, 12, 31));
  });
}
