// Statements and balances over the wire, now and as of then.
#include <catch2/catch.hpp>

#include "tests/api/ledger_server.h"

using namespace suanpan;

namespace {

using Fixture = test::LedgerServer;
using test::kDeposit;
using test::voucher;

}  // namespace

TEST_CASE("v1 statements: pages follow each other without gap or repeat, pinned to one moment") {
  Fixture f;
  for (int i = 1; i <= 5; ++i)
    REQUIRE(f.post("upstream", "/v1/vouchers",
                   voucher("1002/工行", "2101/M1", std::to_string(i * 10), R"(,"summary":"存")"),
                   "s" + std::to_string(i))
                .status == 201);
  const auto first = f.get("auditor", "/v1/statements?account=2101/M1&limit=2");
  REQUIRE(first.status == 200);
  REQUIRE(first.size("entries") == 2);
  CHECK(first.at("entries.0.amount") == "10");
  CHECK(first.at("entries.0.balance_after") == "10");
  CHECK(first.at("entries.0.side") == "credit");
  CHECK(first.at("entries.0.counter_account") == "1002/工行");
  CHECK(first.at("entries.0.summary") == "存");
  CHECK(first.at("entries.1.balance_after") == "30");
  // What comes later is not in the pages of this walk.
  REQUIRE(f.post("upstream", "/v1/vouchers", kDeposit, "later").status == 201);
  const auto second =
      f.get("auditor", "/v1/statements?account=2101/M1&limit=2&cursor=" + first.at("next_cursor"));
  CHECK(second.at("entries.0.balance_after") == "60");
  CHECK(second.at("entries.1.balance_after") == "100");
  CHECK(second.at("as_of_seq") == first.at("as_of_seq"));
  const auto third =
      f.get("auditor", "/v1/statements?account=2101/M1&limit=2&cursor=" + second.at("next_cursor"));
  REQUIRE(third.size("entries") == 1);
  CHECK(third.at("entries.0.balance_after") == "150");
  CHECK(third.at("next_cursor") == "null");

  const std::string cursor = first.at("next_cursor");
  CHECK(f.get("auditor", "/v1/statements?account=2101/M2&cursor=" + cursor).told() ==
        "400 malformed");
  std::string spoiled = cursor;
  spoiled[0] = spoiled[0] == '0' ? '1' : '0';
  CHECK(f.get("auditor", "/v1/statements?account=2101/M1&cursor=" + spoiled).told() ==
        "400 malformed");
  CHECK(f.get("auditor", "/v1/statements?account=2101/M1&limit=501").told() == "400 malformed");
  CHECK(f.get("auditor", "/v1/statements").told() == "400 malformed");
  CHECK(f.get("auditor", "/v1/statements?account=none").told() == "404 account_not_found");
}

TEST_CASE("v1 balances: now, as of a date, a time and a sequence") {
  Fixture f;
  const auto first = f.post("upstream", "/v1/vouchers", kDeposit, "d1");
  f.business.advance_seconds(3600);
  REQUIRE(f.post("upstream", "/v1/vouchers", voucher("1002/工行", "2101/M1", "5"), "d2").status ==
          201);
  const auto posted = [&](const std::string& query) {
    return f.get("auditor", "/v1/balances?account=2101/M1" + query).at("posted");
  };
  CHECK(posted("") == "1005");
  CHECK(posted("&seq=" + first.at("seq")) == "1000");
  CHECK(posted("&seq=0") == "0");
  CHECK(posted("&date=2026-03-04") == "1005");
  CHECK(posted("&date=2026-03-03") == "0");
  CHECK(posted("&time=" + percent_encode("2026-03-04T09:30:00+08:00")) == "1000");
  CHECK(f.get("auditor", "/v1/balances?account=2101/M1&seq=1&date=2026-03-04").told() ==
        "400 malformed");
  CHECK(f.get("auditor", "/v1/balances?account=none").told() == "404 account_not_found");
}

TEST_CASE("v1 statements: as of a sequence, a time and a date, oldest or newest first") {
  Fixture f;
  const auto first = f.post("upstream", "/v1/vouchers", kDeposit, "d1");
  f.business.advance_seconds(3600);
  REQUIRE(f.post("upstream", "/v1/vouchers", voucher("1002/工行", "2101/M1", "200"), "d2").status ==
          201);
  const Date next = *Date::of(2026, 3, 5);
  REQUIRE(f.book->run(day_cut({ClaimKey{Id128{8, 1}, CallerId{1}}, next})).accepted());
  REQUIRE(f.post("upstream", "/v1/vouchers", voucher("1002/工行", "2101/M1", "30"), "d3").status ==
          201);
  // A late one, dated back to the day before.
  VoucherRequest late;
  late.key = {Id128{8, 2}, CallerId{1}};
  late.adjustment = true;
  late.date = next.plus_days(-1);
  late.text = std::make_shared<VoucherText>(VoucherText{"", "", "", "甲", "乙"});
  f.book->read([&](const State& state, std::uint64_t) {
    late.legs.push_back({state.account("1002/工行")->id, state.account("2101/M1")->id, 4});
  });
  REQUIRE(f.book->run(late).accepted());

  const auto told = [&](const std::string& query) {
    const auto reply = f.get("auditor", "/v1/statements?account=2101/M1" + query);
    REQUIRE(reply.status == 200);
    std::string text = reply.at("balance") + ":";
    for (std::size_t i = 0; i < reply.size("entries"); ++i)
      text += " " + reply.at(fmt::format("entries.{}.amount", i));
    return text;
  };
  CHECK(told("") == "1234: 1000 200 30 4");
  CHECK(told("&order=newest") == "1234: 4 30 200 1000");
  CHECK(told("&seq=" + first.at("seq")) == "1000: 1000");
  CHECK(told("&seq=0") == "0:");
  CHECK(told("&time=" + percent_encode("2026-03-04T09:30:00+08:00")) == "1000: 1000");
  CHECK(told("&date=2026-03-04") == "1204: 1000 200 4");
  CHECK(told("&date=2026-03-04&order=newest") == "1204: 4 200 1000");
  CHECK(told("&date=2026-03-05") == "1234: 1000 200 30 4");
  CHECK(told("&date=2026-03-03") == "0:");
  const std::string dated = "/v1/statements?account=2101/M1&date=2026-03-04&limit=2";
  const auto page = f.get("auditor", dated);
  CHECK(page.at("as_of_date") == "2026-03-04");
  CHECK(page.size("entries") == 2);
  const auto rest = f.get("auditor", dated + "&cursor=" + page.at("next_cursor"));
  CHECK(rest.at("entries.0.amount") == "4");
  CHECK(rest.at("next_cursor") == "null");
  for (const char* bad : {"&seq=1&date=2026-03-04", "&time=x", "&date=2026-13-01", "&order=up",
                          "&seq=-1", "&metadata=x"}) {
    INFO(bad);
    CHECK(f.get("auditor", std::string("/v1/statements?account=2101/M1") + bad).told() ==
          "400 malformed");
  }
  CHECK(f.get("auditor", "/v1/statements?account=2101/M1&date=2026-03-05&limit=2&cursor=" +
                             page.at("next_cursor"))
            .told() == "400 malformed");
}
