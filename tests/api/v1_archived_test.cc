// A purged book over the wire: what is gone is 410 with the entry up to which it is, never an empty
// answer; what stays is answered as before.
#include <catch2/catch.hpp>

#include "api/v1/routes.h"
#include "tests/support/api_server.h"

using namespace suanpan;
using suanpan::test::ApiReply;
using suanpan::test::ApiServer;

namespace {

using Catch::Matchers::Contains;

const std::vector<ApiServer::Adder> kRoutes{
    api::v1::add_account_routes,      api::v1::add_voucher_routes, api::v1::add_query_routes,
    api::v1::add_statement_routes,    api::v1::add_event_routes,   api::v1::add_event_stream_routes,
    api::v1::add_trial_balance_routes};

/// 100 on the first day, 20 on the second, of which all up to the second's begin is purged.
struct Fixture : ApiServer {
  std::uint64_t until = 0;
  std::string first;  // the answer of the first voucher

  Fixture() : ApiServer(kRoutes) {
    for (const char* code : {"1002/B", "2101/M1"})
      REQUIRE(post("maker", "/v1/accounts",
                   fmt::format(R"({{"code":"{}","name":"户","type":"{}"}})", code,
                               code[0] == '1' ? "asset" : "liability"),
                   code)
                  .status == 201);
    const ApiReply told = post("upstream", "/v1/vouchers", voucher(100), "v1");
    REQUIRE(told.status == 201);
    first = told.at("seq");
    business.advance_seconds(86'400);
    REQUIRE(book->run(day_cut({{Id128{1, 1}, CallerId{100}}, *Date::of(2026, 3, 5)})).accepted());
    until = book->statistics().last_seq;
    const auto block = book->block_of(until);
    REQUIRE(block);
    const ArchivedPart part{until, false, *Date::of(2026, 3, 5), block.value()->last_timestamp(),
                            block.value()->hash()};
    REQUIRE(book->drop_archived(part, "", nullptr));
    REQUIRE(post("upstream", "/v1/vouchers", voucher(20), "v2").status == 201);
  }
  static std::string voucher(int amount) {
    return fmt::format(R"({{"legs":[{{"debit":"1002/B","credit":"2101/M1","amount":{}}}]}})",
                       amount);
  }
  void gone(const std::string& target) {
    const ApiReply reply = get("auditor", target);
    INFO(target << ": " << reply.body);
    CHECK(reply.told() == "410 archived");
    CHECK_THAT(reply.at("title"), Contains("归档"));
    CHECK_THAT(reply.at("detail"), Contains("archived and purged"));
  }
};

}  // namespace

TEST_CASE("v1 archived: what was purged is 410, never an empty answer") {
  Fixture f;
  f.gone("/v1/statements?account=1002/B&seq=" + std::to_string(f.until - 1));
  f.gone("/v1/statements?account=1002/B&date=2026-03-04");
  f.gone("/v1/balances?account=1002/B&date=2026-03-04");
  f.gone("/v1/books/main/entries?account=1002/B&from=2026-03-04T00:00:00%2B08:00");
  f.gone("/v1/books/main/vouchers?account=1002/B&from=2026-03-04T00:00:00%2B08:00");
  f.gone("/v1/events?after=0");
  f.gone("/v1/events/stream?after=0");
  f.gone("/v1/trial-balance?date=2026-03-05");
}

TEST_CASE("v1 archived: what stays is answered, and says from where on") {
  Fixture f;
  const ApiReply statement = f.get("auditor", "/v1/statements?account=1002/B");
  CHECK(statement.status == 200);
  CHECK(statement.at("archived_until") == std::to_string(f.until));
  CHECK(statement.at("balance") == "120");
  CHECK(statement.size("entries") == 1);
  CHECK(statement.at("entries.0.balance_after") == "120");
  const ApiReply entries = f.get("auditor", "/v1/books/main/entries?account=1002/B");
  CHECK(entries.at("archived_until") == std::to_string(f.until));
  CHECK(entries.size("entries") == 1);
  const ApiReply vouchers = f.get("auditor", "/v1/books/main/vouchers");
  CHECK(vouchers.at("archived_until") == "(absent)");
  CHECK(vouchers.size("vouchers") == 2);
  CHECK(f.get("auditor", "/v1/events?after=" + std::to_string(f.until)).status == 200);
  CHECK(f.get("auditor", "/v1/events").status == 200);  // from where it is whole
  const ApiReply again = f.post("upstream", "/v1/vouchers", Fixture::voucher(100), "v1");
  CHECK(again.status == 201);  // the first answer
  CHECK(again.at("seq") == f.first);
  const ApiReply other = f.post("upstream", "/v1/vouchers", Fixture::voucher(101), "v1");
  CHECK(other.told() == "409 id_reused_with_other_content");
  CHECK_THAT(other.at("detail"), Contains("amount"));
}
