// Adjustments over the wire: what two people may post into a day that is cut.
#include <catch2/catch.hpp>

#include "api/v1/routes.h"
#include "ledger/engine/verify.h"
#include "tests/support/api_server.h"

using namespace suanpan;
using suanpan::test::ApiReply;
using suanpan::test::ApiServer;
using suanpan::test::Unchanged;

namespace {

const std::vector<ApiServer::Adder> kRoutes{
    api::v1::add_account_routes, api::v1::add_book_routes,      api::v1::add_voucher_routes,
    api::v1::add_hold_routes,    api::v1::add_statement_routes, api::v1::add_adjustment_routes};

struct Fixture : ApiServer {
  Fixture() : ApiServer(kRoutes) {
    open("1002/工行", "asset");
    open("2101/A", "liability", R"(,"limit":"not_below_zero")");
    open("2101/B", "liability", R"(,"limit":"not_below_zero")");
  }
  /// At the end of the day before.
  ApiReply cut(const std::string& next) {
    business.set(Timestamp::of_cn(Date::parse(next)->plus_days(-1), 23, 59, 59));
    return post("operator", "/v1/books/day-cut", fmt::format(R"({{"next":"{}"}})", next),
                "cut-" + next);
  }
  /// The book is sound by somebody else's arithmetic.
  void verified() {
    server->stop(1000);
    workers.stop();
    book.reset();
    const auto report = verify(folder.path() / "book");
    REQUIRE(report);
    INFO(report.value().first_fault);
    CHECK(report.value().ok);
  }
};

std::string item(const std::string& debit, const std::string& credit, const std::string& amount,
                 const std::string& more = "") {
  return fmt::format(R"({{"legs":[{{"debit":"{}","credit":"{}","amount":{}}}]{}}})", debit, credit,
                     amount, more);
}

std::string adjustment(const std::string& date, const std::string& amount = "500",
                       const std::string& more = "") {
  return item("1002/工行", "2101/A", amount,
              fmt::format(R"(,"date":"{}","summary":"补记利息"{})", date, more));
}

}  // namespace

TEST_CASE("v1 adjustments: what could not be read again is refused, not kept") {
  Fixture f;
  REQUIRE(f.cut("2026-03-05").status == 200);
  // 31 levels are few enough to be read; kept with what a decision adds they would be too many.
  std::string deep = "1";
  for (int level = 0; level < 30; ++level) deep = R"({"a":)" + deep + "}";
  const auto nested = f.post("maker", "/v1/adjustments",
                             adjustment("2026-03-04", "500", ",\"metadata\":" + deep), "n1");
  CHECK(nested.told() == "400 malformed");
  // Blanks that nobody reads would be kept as well.
  const auto padded = f.post("maker", "/v1/adjustments",
                             adjustment("2026-03-04") + std::string((1 << 20) + 1, ' '), "n2");
  CHECK(padded.told() == "400 malformed");
  CHECK(f.get("checker", "/v1/adjustments").size("adjustments") == 0);
  CHECK(f.post("maker", "/v1/adjustments", adjustment("2026-03-04"), "n1").status == 201);
}

TEST_CASE("v1 adjustments: a maker asks, another person posts, into the day that was cut") {
  Fixture f;
  REQUIRE(f.cut("2026-03-05").status == 200);
  const auto behind = f.post("maker", "/v1/vouchers", adjustment("2026-03-04"), "v0");
  CHECK(behind.status == 422);
  CHECK(behind.at("refusal") == "date_behind");

  const auto asked = f.post("maker", "/v1/adjustments", adjustment("2026-03-04"), "a1");
  REQUIRE(asked.status == 201);
  const std::string path = "/v1/adjustments/" + asked.at("id");
  CHECK(f.balance("2101/A") == 0);
  CHECK(f.post("maker", "/v1/adjustments", adjustment("2026-03-04"), "a1").body == asked.body);
  const auto other = f.post("maker", "/v1/adjustments", adjustment("2026-03-04", "501"), "a1");
  CHECK(other.status == 409);
  CHECK(other.at("detail") == "legs");
  REQUIRE(f.get("checker", "/v1/adjustments").size("adjustments") == 1);
  CHECK(f.get("checker", "/v1/adjustments").at("adjustments.0.voucher.date") == "2026-03-04");

  CHECK(f.post("maker", path + "/approve", "", "p0").told() == "403 forbidden");
  const auto posted = f.post("checker", path + "/approve", "", "p1");
  REQUIRE(posted.status == 200);
  CHECK(posted.at("accounting_date") == "2026-03-04");
  CHECK(f.balance("2101/A") == 500);
  const auto voucher = f.get("auditor", "/v1/vouchers/" + posted.at("voucher_id"));
  CHECK(voucher.at("kind") == "voucher");
  CHECK(voucher.at("maker") == "maker");
  CHECK(voucher.at("checker") == "checker");
  CHECK(voucher.at("accounting_date") == "2026-03-04");
  CHECK(voucher.at("summary") == "补记利息");
  const auto seen = f.get("auditor", path);
  CHECK(seen.at("state") == "approved");
  CHECK(seen.at("voucher_id") == posted.at("voucher_id"));
  CHECK(f.get("checker", "/v1/adjustments").size("adjustments") == 0);
  CHECK(f.get("checker", "/v1/adjustments?state=approved").size("adjustments") == 1);
  {
    const Unchanged unchanged(f);
    const auto again = f.post("checker", path + "/approve", "", "p1");
    CHECK(again.body == posted.body);
    CHECK(again.header("Suanpan-Replayed") == "true");
  }
  const auto twice = f.post("checker", path + "/approve", "", "p2");
  CHECK(twice.status == 409);
  CHECK(twice.at("refusal") == "document_state_final");
  CHECK(f.balance("2101/A") == 500);
  // As of the day that it was posted into, it is there.
  CHECK(f.get("auditor", "/v1/statements?account=2101/A").at("entries.0.accounting_date") ==
        "2026-03-04");
  f.verified();
}

TEST_CASE("v1 adjustments: not by one person, not ahead, not into a closed period") {
  Fixture f;
  REQUIRE(f.cut("2026-03-05").status == 200);
  REQUIRE(f.cut("2026-03-06").status == 200);
  struct Row {
    const char* what;
    std::string body;
    int status;
    const char* refusal;
  };
  const std::vector<Row> rows{
      {"the open day", adjustment("2026-03-06"), 400, "value_invalid"},
      {"a day to come", adjustment("2026-03-07"), 422, "date_ahead"},
      {"no date", item("1002/工行", "2101/A", "1"), 400, "malformed"},
      {"zero", adjustment("2026-03-05", "0"), 400, "amount_not_positive"},
      {"a maker in the body", adjustment("2026-03-05", "1", R"(,"maker":"x")"), 400, "malformed"},
      {"an account that is not there", item("1002/工行", "2101/Z", "1", R"(,"date":"2026-03-05")"),
       404, "credit_account_not_found"},
  };
  f.hold_requests = false;
  int n = 0;
  for (const Row& row : rows) {
    INFO(row.what);
    const auto reply = f.post("maker", "/v1/adjustments", row.body, "bad-" + std::to_string(++n));
    CHECK(reply.status == row.status);
    CHECK(reply.at("refusal") == row.refusal);
  }
  for (const char* role : {"upstream", "checker", "auditor", "operator"})
    CHECK(f.post(role, "/v1/adjustments", adjustment("2026-03-05"), "role").told() ==
          "403 forbidden");

  // maker2 has both roles, and is still one person.
  const std::string own =
      f.post("maker2", "/v1/adjustments", adjustment("2026-03-05"), "o1").at("id");
  const auto self = f.post("maker2", "/v1/adjustments/" + own + "/approve", "", "o2");
  CHECK(self.status == 403);
  CHECK(self.at("refusal") == "same_person");

  // The period is closed between the asking and the checking.
  const std::string late =
      f.post("maker", "/v1/adjustments", adjustment("2026-03-04"), "l1").at("id");
  REQUIRE(
      f.post("checker", "/v1/books/period-close", R"({"through":"2026-03-04"})", "close").status ==
      200);
  const auto closed = f.post("checker", "/v1/adjustments/" + late + "/approve", "", "l2");
  CHECK(closed.status == 422);
  CHECK(closed.at("refusal") == "period_closed");
  CHECK(f.get("auditor", "/v1/adjustments/" + late).at("state") == "requested");

  const auto foreign = f.post("maker", "/v1/adjustments/" + own + "/reject", "{}", "r1");
  CHECK(foreign.status == 403);
  CHECK(foreign.at("refusal") == "not_authorised");
  const auto rejected =
      f.post("checker", "/v1/adjustments/" + own + "/reject", R"({"note":"重复"})", "r2");
  REQUIRE(rejected.status == 200);
  CHECK(f.get("auditor", "/v1/adjustments/" + own).at("note") == "重复");
  CHECK(f.post("checker", "/v1/adjustments/" + own + "/approve", "", "r3").at("refusal") ==
        "document_state_final");
  CHECK(f.post("checker", "/v1/adjustments/none/approve", "", "r4").at("refusal") ==
        "document_not_found");
  CHECK(f.balance("2101/A") == 0);
  f.verified();
}
