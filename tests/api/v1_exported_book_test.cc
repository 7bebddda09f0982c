// What two people did over the wire, and what one was refused, exported and made again.
#include <catch2/catch.hpp>

#include "tests/api/platform_world.h"
#include "tests/support/round_trip.h"

using namespace suanpan;
using test::PlatformWorld;

namespace {

struct World : PlatformWorld {
  void cut(const std::string& next) {
    business.set(Timestamp::of_cn(Date::parse(next)->plus_days(-1), 23, 59, 59));
    const std::string body = fmt::format(R"({{"next":"{}"}})", next);
    REQUIRE(post("operator", "/v1/books/day-cut", body, "cut-" + next).status == 200);
  }
  /// The path of a request that waits for its checker.
  std::string ask(const std::string& who, const std::string& path, const std::string& body,
                  const std::string& key) {
    const auto asked = post(who, path, body, key);
    INFO(asked.body);
    REQUIRE(asked.status == 201);
    return (path == "/v1/adjustments" ? path : "/v1/authority-requests") + "/" + asked.at("id");
  }
  std::string ask_adjustment(const std::string& who, const std::string& date,
                             const std::string& key) {
    return ask(
        who, "/v1/adjustments",
        fmt::format(R"({{"legs":[{{"debit":"1002/{}","credit":"2201/预售/A1","amount":500}}],)"
                    R"("type":"transfer","date":"{}","summary":"补记利息"}})",
                    test::kBank, date),
        key);
  }
  std::string approve(const std::string& who, const std::string& path, const std::string& key) {
    return post(who, path + "/approve", "{}", key).told();
  }
  std::string patch(const std::string& body, const std::string& key) {
    return send(request("operator", "PATCH", "/v1/accounts/2203/A1", body, key)).told();
  }
  /// Exported while nobody asks any more.
  void comes_back(const std::function<void(const Book&)>& look) {
    server->stop(1000);
    workers.stop();
    test::require_round_trip(*book, look);
  }
};

Account account_in(const Book& book, const std::string& code) {
  return book.read([&](const State& s, std::uint64_t) {
    const Account* account = s.account(code);
    REQUIRE(account);
    return *account;
  });
}

}  // namespace

TEST_CASE("v1 exported book: adjustments by two people, and those that were refused") {
  World w;
  w.pay(w.place("O1").at("order_id"));
  w.cut("2026-03-05");
  const std::string late = w.ask_adjustment("maker", "2026-03-04", "a1");
  const std::string own = w.ask_adjustment("maker2", "2026-03-04", "a2");
  const std::string too_late = w.ask_adjustment("maker", "2026-03-04", "a3");
  REQUIRE(w.approve("checker", late, "b1") == "200 (absent)");
  REQUIRE(w.approve("maker2", own, "b2") == "403 same_person");
  w.cut("2026-03-06");
  REQUIRE(
      w.post("checker", "/v1/books/period-close", R"({"through":"2026-03-04"})", "close").status ==
      200);
  REQUIRE(w.approve("checker", too_late, "b3") == "422 period_closed");
  REQUIRE(w.approve("checker", w.ask_adjustment("maker", "2026-03-05", "a4"), "b4") ==
          "200 (absent)");
  // A day that the clock has not come to: the book itself would cut it.
  REQUIRE(w.post("operator", "/v1/books/day-cut", R"({"next":"2027-03-07"})", "ahead").told() ==
          "422 date_ahead");
  w.comes_back([](const Book& made) {
    const Account account = account_in(made, "2201/预售/A1");
    std::vector<std::string> dates;
    REQUIRE(made.for_each_entry(account.id, [&](const Entry& e) {
      CHECK(e.amount == 500);
      dates.push_back(Date{e.date_days}.iso());
      return true;
    }));
    CHECK(dates == std::vector<std::string>{"2026-03-04", "2026-03-05"});
    CHECK(made.balance_on(account.id, *Date::of(2026, 3, 4)).value().credits_posted == 500);
    CHECK(made.read([](const State& s, std::uint64_t) { return s.book().accounting_date; }) ==
          *Date::of(2026, 3, 6));
  });
}

TEST_CASE("v1 exported book: an account's terms, tightened by one and loosened by two people") {
  World w;
  w.open("2203/A1", "liability");
  const std::string terms =
      w.ask("operator", "/v1/account-terms",
            R"({"code":"2203/A1","limit":"credit_line","credit_line":500})", "t1");
  REQUIRE(w.approve("checker", terms, "t2") == "200 (absent)");
  REQUIRE(w.patch(R"({"frozen_in":true,"hot":true})", "t3") == "200 (absent)");
  // One names the limit alone; what it does not name stays.
  REQUIRE(w.patch(R"({"limit":"credit_line","credit_line":100})", "t4") == "200 (absent)");
  REQUIRE(w.patch(R"({"limit":"none"})", "t5") == "403 second_person_needed");
  w.comes_back([](const Book& made) {
    const Account account = account_in(made, "2203/A1");
    CHECK(account.version == 4);
    CHECK(account.terms == AccountTerms{LimitKind::kCreditLine, 100, true, false, false, true});
  });
}
