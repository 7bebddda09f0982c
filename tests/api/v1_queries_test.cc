// Queries over the wire: what each condition finds, what a cursor may be used for, and that each
// bad value is refused by its name. What is found of everything is tested in
// tests/ledger/engine/query_test.cc.
#include <catch2/catch.hpp>

#include "api/v1/routes.h"
#include "tests/support/api_server.h"

using namespace suanpan;
using suanpan::test::ApiReply;
using suanpan::test::ApiServer;

namespace {

using Catch::Matchers::Contains;

const std::vector<ApiServer::Adder> kRoutes{api::v1::add_account_routes,
                                            api::v1::add_voucher_routes, api::v1::add_hold_routes,
                                            api::v1::add_query_routes};

// Five vouchers: 11 and 12 of the upstream's, 13 (two legs) and the hold of 14 of the maker's, 15
// of the other upstream's.
struct Fixture : ApiServer {
  Fixture() : ApiServer(kRoutes) {
    open("1002/B", "asset");
    open_unlimited("2101/M1");
    open_unlimited("2101/M2");
    post_one("upstream", leg("1002/B", "2101/M1", 11),
             R"(,"code":7,"business_key":"PO-1","metadata":{"shop":"7","open":true})");
    business.advance_seconds(3600);
    post_one("upstream", leg("1002/B", "2101/M2", 12),
             R"(,"code":8,"business_key":"PO-2","effective_date":"2026-03-02")");
    business.advance_seconds(3600);
    post_one("maker", leg("1002/B", "2101/M1", 13) + "," + leg("2101/M1", "2101/M2", 3),
             R"(,"code":7,"metadata":{"shop":"8"})");
    const auto held = post("maker", "/v1/holds", body(leg("2101/M1", "2101/M2", 14), ""), "hold");
    INFO(held.body);
    REQUIRE(held.status == 201);
    post_one("upstream2", leg("2101/M1", "1002/B", 15), R"(,"business_key":"PO-1")");
  }
  static std::string leg(const char* debit, const char* credit, int amount) {
    return fmt::format(R"({{"debit":"{}","credit":"{}","amount":{}}})", debit, credit, amount);
  }
  static std::string body(const std::string& legs, const std::string& more) {
    return fmt::format(R"({{"legs":[{}]{}}})", legs, more);
  }
  void post_one(const std::string& who, const std::string& legs, const std::string& more) {
    const auto reply = post(who, "/v1/vouchers", body(legs, more), "v" + std::to_string(++posted_));
    INFO(reply.body);
    REQUIRE(reply.status == 201);
  }
  /// The amounts of what is found, in its order; of a voucher those of its legs.
  std::string amounts(const std::string& what, const std::string& query,
                      const std::string& who = "auditor") {
    const auto reply = get(who, "/v1/books/main/" + what + (query.empty() ? "" : "?" + query));
    INFO(query << ": " << reply.body);
    REQUIRE(reply.status == 200);
    CHECK(reply.at("next_cursor") == "null");
    std::string found;
    for (std::size_t i = 0; i < reply.size(what); ++i) {
      const std::string row = fmt::format("{}.{}", what, i);
      if (!found.empty()) found += " ";
      if (what != "vouchers") {
        found += reply.at(row + ".amount");
        continue;
      }
      for (std::size_t l = 0; reply.at(fmt::format("{}.legs.{}", row, l)) != "(absent)"; ++l)
        found += (l > 0 ? "+" : "") + reply.at(fmt::format("{}.legs.{}.amount", row, l));
    }
    return found;
  }

 private:
  int posted_ = 0;
};

}  // namespace

TEST_CASE("v1 queries: each condition finds what meets it, several find what meets them all") {
  Fixture f;
  const struct {
    const char *what, *query, *found;
  } rows[] = {
      {"transfers", "", "11 12 13 3 15"},
      {"transfers", "order=newest", "15 3 13 12 11"},
      {"vouchers", "", "11 12 13+3 15"},
      {"vouchers", "order=newest", "15 13+3 12 11"},
      {"entries", "account=1002/B", "11 12 13 15"},
      {"entries", "account=1002/B&order=newest", "15 13 12 11"},
      {"entries", "account=1002/B&side=credit", "15"},
      {"entries", "side=credit&business_key=PO-1", "11 15"},
      {"transfers", "account=2101/M2", "12 3"},
      {"transfers", "account=2101/M1&side=debit", "3 15"},
      {"transfers", "debit=1002/B&credit=2101/M1", "11 13"},
      {"transfers", "credit=1002/B", "15"},
      {"vouchers", "account=2101/M1&side=debit", "13+3 15"},
      {"transfers", "code=7", "11 13 3"},
      {"transfers", "code=7&account=2101/M2", "3"},
      {"transfers", "business_key=PO-1", "11 15"},
      {"vouchers", "business_key=PO-1&account=2101/M1&code=7", "11"},
      {"vouchers", "business_key=PO-9", ""},
      {"transfers", "min_amount=12&max_amount=13", "12 13"},
      {"vouchers", "max_amount=3", "13+3"},
      {"transfers", "from=2026-03-04T10:00:00%2B08:00", "12 13 3 15"},
      {"transfers", "before=2026-03-04T10:00:00%2B08:00", "11"},
      {"transfers",
       "from=2026-03-04T09:30:00%2B08:00&before=2026-03-04T10:30:00%2B08:00&account=1002/B", "12"},
      {"transfers", "from_date=2026-03-04&through_date=2026-03-04&code=8", "12"},
      {"transfers", "from_date=2026-03-05", ""},
      {"transfers", "through_date=2026-03-03", ""},
      {"transfers", "effective_from=2026-03-02&effective_through=2026-03-02", "12"},
      {"transfers", "effective_through=2026-03-03", "12"},
      {"transfers", "effective_from=2026-03-03", "11 13 3 15"},
      {"transfers", "effective_from=2026-03-05", ""},
      {"entries", "account=1002/B&effective_through=2026-03-02", "12"},
      {"vouchers", "business_key=PO-2&effective_from=2026-03-03", ""},
      {"vouchers", "effective_from=2026-03-04&effective_through=2026-03-04&stage=all",
       "11 13+3 14 15"},
      {"transfers", "stage=reserved", "14"},
      {"transfers", "stage=all&account=2101/M2", "12 3 14"},
      {"vouchers", "stage=all&order=newest", "15 14 13+3 12 11"},
  };
  for (const auto& row : rows) {
    INFO(row.what << "?" << row.query);
    CHECK(f.amounts(row.what, row.query) == row.found);
  }
  const auto metadata = [&](const std::string& json) {
    return f.amounts("vouchers", "metadata=" + percent_encode(json));
  };
  CHECK(metadata(R"({"shop":"7"})") == "11");
  CHECK(metadata(R"({"shop":"7","open":"true"})") == "11");
  CHECK(metadata(R"({"shop":"7","open":"false"})").empty());
  CHECK(metadata(R"({"shop":"8"})") == "13+3");
}

TEST_CASE("v1 queries: an entry tells its balance, its other account and its voucher") {
  Fixture f;
  const auto reply =
      f.get("auditor", "/v1/books/main/entries?account=2101/M1&order=newest&limit=2");
  REQUIRE(reply.status == 200);
  CHECK(reply.at("entries.0.side") == "debit");
  CHECK(reply.at("entries.0.balance_after") == "6");
  CHECK(reply.at("entries.0.counter_account") == "1002/B");
  CHECK(reply.at("entries.0.business_key") == "PO-1");
  CHECK(reply.at("entries.1.amount") == "3");
  CHECK(reply.at("entries.1.balance_after") == "21");
  CHECK(reply.at("entries.1.counter_account") == "2101/M2");
  CHECK(reply.at("entries.1.index") == "1");
  CHECK(reply.at("entries.0.effective_date") == "(absent)");
  CHECK(f.get("auditor", "/v1/vouchers/" + reply.at("entries.0.voucher")).at("seq") ==
        reply.at("entries.0.seq"));
  CHECK(f.get("auditor", "/v1/books/main/entries?code=8").at("entries.1.effective_date") ==
        "2026-03-02");
}

TEST_CASE("v1 queries: pages follow each other while more is written, pinned to one moment") {
  Fixture f;
  for (const char* order : {"oldest", "newest"}) {
    INFO(order);
    const std::string query =
        std::string("/v1/books/main/transfers?account=1002/B&limit=1&order=") + order;
    const bool newest = std::string(order) == "newest";
    std::string amounts, cursor;
    const std::string expected =
        f.amounts("transfers", std::string("account=1002/B&order=") + order);
    std::string pinned;
    for (int page = 0; page < 20; ++page) {
      const auto reply = f.get("auditor", query + (cursor.empty() ? "" : "&cursor=" + cursor));
      REQUIRE(reply.status == 200);
      if (page == 0) pinned = reply.at("as_of_seq");
      CHECK(reply.at("as_of_seq") == pinned);
      for (std::size_t i = 0; i < reply.size("transfers"); ++i)
        amounts += (amounts.empty() ? "" : " ") + reply.at("transfers.0.amount");
      cursor = reply.at("next_cursor");
      if (cursor == "null") break;
      f.post_one("maker", Fixture::leg("1002/B", "2101/M1", newest ? 100 : 200), "");
    }
    CHECK(cursor == "null");
    CHECK(amounts == expected);
  }
}

TEST_CASE("v1 queries: an upstream key finds what its own commands did") {
  Fixture f;
  CHECK(f.amounts("transfers", "", "upstream") == "11 12");
  CHECK(f.amounts("vouchers", "business_key=PO-1", "upstream2") == "15");
  CHECK(f.amounts("entries", "account=2101/M1", "upstream") == "11");
  CHECK(f.amounts("transfers", "", "maker") == "11 12 13 3 15");
}

TEST_CASE("v1 queries: a bad value is refused by its name") {
  Fixture f;
  const auto first = f.get("auditor", "/v1/books/main/transfers?limit=1");
  const std::string cursor = first.at("next_cursor");
  std::string spoiled = cursor;
  spoiled[10] = spoiled[10] == '0' ? '1' : '0';
  const struct {
    std::string what, query, told, names;
  } rows[] = {
      {"transfers", "side=left&account=1002/B", "400 malformed", "\"side\" has no such choice"},
      {"transfers", "side=debit", "400 malformed", "\"side\" says on which side"},
      {"vouchers", "side=debit", "400 malformed", "\"side\" says on which side"},
      {"transfers", "code=-1", "400 malformed", "\"code\" must be an integer between 0 and 65535"},
      {"transfers", "code=65536", "400 malformed", "\"code\""},
      {"transfers", "from=yesterday", "400 malformed", "\"from\" must be a time"},
      {"transfers", "before=2026-03-04", "400 malformed", "\"before\" must be a time"},
      {"transfers", "from=2026-03-04T10:00:00Z&before=2026-03-04T10:00:00Z", "400 malformed",
       "\"before\" is not after"},
      {"transfers", "from_date=2026-02-30", "400 malformed", "\"from_date\" must be a date"},
      {"transfers", "from_date=2026-03-05&through_date=2026-03-04", "400 malformed",
       "\"through_date\" is before"},
      {"transfers", "effective_from=tomorrow", "400 malformed",
       "\"effective_from\" must be a date"},
      {"transfers", "effective_from=2026-03-05&effective_through=2026-03-04", "400 malformed",
       "\"effective_through\" is before"},
      {"transfers", "min_amount=1.5", "400 malformed", "\"min_amount\" must be an integer"},
      {"transfers", "min_amount=2&max_amount=1", "400 malformed", "\"max_amount\" is below"},
      {"transfers", "max_amount=1000000000000001", "400 malformed", "\"max_amount\""},
      {"transfers", "business_key=", "400 malformed", "\"business_key\" must be 1 to 64 bytes"},
      {"transfers", "business_key=" + std::string(65, 'k'), "400 malformed", "\"business_key\""},
      {"transfers", "metadata=shop", "400 malformed", "\"metadata\" must be a JSON object"},
      {"transfers", "metadata=" + percent_encode("{}"), "400 malformed",
       "\"metadata\" must have 1 to 8 members"},
      {"transfers", "metadata=" + percent_encode(R"({"a":1})"), "400 malformed",
       "\"metadata\" must hold strings"},
      {"transfers", "metadata=" + percent_encode(R"({"a":"1","a":"2"})"), "400 malformed",
       "\"metadata\""},
      {"transfers", "stage=open", "400 malformed", "\"stage\" has no such choice"},
      {"entries", "stage=all", "400 malformed", "\"stage\" is not known"},
      {"transfers", "order=up", "400 malformed", "\"order\" has no such choice"},
      {"transfers", "limit=0", "400 malformed", "\"limit\" must be an integer between 1 and 500"},
      {"transfers", "limit=501", "400 malformed", "\"limit\""},
      {"transfers", "amount=5", "400 malformed", "\"amount\" is not known"},
      {"transfers", "cursor=zz", "400 malformed", "\"cursor\" is none of ours"},
      {"transfers", "cursor=" + spoiled, "400 malformed", "\"cursor\" is none of ours"},
      {"transfers", "code=7&cursor=" + cursor, "400 malformed", "\"cursor\" is another query's"},
      {"vouchers", "cursor=" + cursor, "400 malformed", "\"cursor\" is another query's"},
      {"transfers", "account=9999", "404 account_not_found", "9999"},
      {"transfers", "debit=9998", "404 account_not_found", "9998"},
      {"transfers", "credit=9997", "404 account_not_found", "9997"},
  };
  for (const auto& row : rows) {
    const test::Unchanged unchanged(f);
    const auto reply = f.get("auditor", "/v1/books/main/" + row.what + "?" + row.query);
    INFO(row.what << "?" << row.query);
    CHECK(reply.told() == row.told);
    CHECK_THAT(reply.at("detail"), Contains(row.names));
  }
  CHECK(f.get("maker", "/v1/books/main/transfers?limit=1&cursor=" + cursor).told() ==
        "400 malformed");  // whose conditions differ: another caller's
  const auto other = f.get("auditor", "/v1/books/other/transfers");
  CHECK(other.told() == "404 not_found");
  CHECK_THAT(other.at("detail"), Contains("\"other\""));
  // A page size is no condition.
  CHECK(f.get("auditor", "/v1/books/main/transfers?limit=3&cursor=" + cursor).status == 200);
}
