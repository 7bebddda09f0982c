// The house's own routes: days, reversals, trial balance, events, keys, merchants, reports, clock,
// health.
#include <catch2/catch.hpp>
#include <fstream>
#include <thread>

#include "api/v1/routes.h"
#include "tests/support/api_server.h"

using namespace suanpan;
using namespace suanpan::api::v1;
using suanpan::test::ApiServer;
using suanpan::test::Unchanged;

namespace {

const std::vector<ApiServer::Adder> kRoutes{
    add_account_routes, add_book_routes,     add_clock_routes,       add_event_routes,
    add_health_routes,  add_key_routes,      add_merchant_routes,    add_report_routes,
    add_voucher_routes, add_reversal_routes, add_sub_account_routes, add_trial_balance_routes,
    add_hold_routes};

struct Fixture : ApiServer {
  Fixture()
      : ApiServer(kRoutes, [](ApiServer& server) {
          server.services->manual_business = &server.business;
          server.services->default_bank_account = "6228000000000001";
        }) {
    open("1002/bank", "asset");
    open("2101/M1", "liability", R"(,"limit":"not_below_zero")");
  }
  test::ApiReply deposit(const std::string& amount, const std::string& key) {
    return post("upstream", "/v1/vouchers",
                R"({"legs":[{"debit":"1002/bank","credit":"2101/M1","amount":)" + amount + "}]}",
                key);
  }
};

}  // namespace

TEST_CASE("v1 books: the day moves forward only, and a closed day takes nothing") {
  Fixture f;
  CHECK(f.get("upstream", "/v1/books").at("books.0.accounting_date") == "2026-03-04");
  CHECK(f.post("checker", "/v1/books/day-cut", R"({"next":"2026-03-05"})", "c1").told() ==
        "403 forbidden");
  CHECK(f.post("operator", "/v1/books/day-cut", R"({"next":"5 March"})", "c2").told() ==
        "400 malformed");
  // The clock says 2026-03-04: a slip in the year would date all that follows.
  CHECK(f.post("operator", "/v1/books/day-cut", R"({"next":"2026-03-06"})", "c5").told() ==
        "422 date_ahead");
  CHECK(f.post("operator", "/v1/books/day-cut", R"({"next":"2062-03-05"})", "c6").told() ==
        "422 date_ahead");
  CHECK(f.get("upstream", "/v1/books").at("books.0.accounting_date") == "2026-03-04");
  REQUIRE(f.post("operator", "/v1/books/day-cut", R"({"next":"2026-03-05"})", "c3").status == 200);
  const auto again = f.post("operator", "/v1/books/day-cut", R"({"next":"2026-03-05"})", "c3");
  CHECK(again.header("Suanpan-Replayed") == "true");
  const auto back = f.post("operator", "/v1/books/day-cut", R"({"next":"2026-03-05"})", "c4");
  CHECK(back.status == 422);
  CHECK(back.at("refusal") == "day_cut_not_forward");
  CHECK(f.get("auditor", "/v1/books").at("books.0.accounting_date") == "2026-03-05");

  CHECK(f.post("operator", "/v1/books/period-close", R"({"through":"2026-03-04"})", "p1").told() ==
        "403 forbidden");
  REQUIRE(f.post("checker", "/v1/books/period-close", R"({"through":"2026-03-04"})", "p2").status ==
          200);
  const auto late = f.post("upstream", "/v1/vouchers",
                           R"({"legs":[{"debit":"1002/bank","credit":"2101/M1","amount":1}],)"
                           R"("date":"2026-03-04"})",
                           "late");
  CHECK(late.status == 422);
  CHECK(late.at("refusal") == "period_closed");
}

TEST_CASE("v1 reversals: red, at most the original, and only of one's own or by a maker") {
  Fixture f;
  const std::string id = f.deposit("1000", "d").at("id");
  const auto body = [&](const std::string& more) {
    return R"({"original":")" + id + "\"" + more + "}";
  };
  const auto foreign = f.post("upstream2", "/v1/reversals", body(""), "r0");
  CHECK(foreign.status == 403);
  CHECK(foreign.at("refusal") == "not_authorised");
  const auto part = f.post("upstream", "/v1/reversals", body(R"(,"amounts":[400])"), "r1");
  REQUIRE(part.status == 201);
  CHECK(part.at("original") == id);
  CHECK(f.balance("2101/M1") == 600);
  CHECK(f.post("upstream", "/v1/reversals", body(R"(,"amounts":[400])"), "r1").body == part.body);
  const auto over = f.post("maker", "/v1/reversals", body(R"(,"amounts":[601])"), "r2");
  CHECK(over.status == 422);
  CHECK(over.at("refusal") == "reversal_exceeds_original");
  REQUIRE(f.post("maker", "/v1/reversals", body(R"(,"summary":"录错")"), "r3").status == 201);
  CHECK(f.balance("2101/M1") == 0);
  CHECK(f.get("auditor", "/v1/accounts/2101/M1").at("balance.credits_red") == "-1000");
  const Unchanged unchanged(f);
  CHECK(f.post("maker", "/v1/reversals", R"({"original":"x"})", "r4").told() ==
        "404 voucher_not_found");
  CHECK(f.post("maker", "/v1/reversals", body(R"(,"amounts":[-1])"), "r5").told() ==
        "400 amount_not_positive");
  CHECK(f.post("maker", "/v1/reversals", body(R"(,"amounts":[1.5])"), "r6").told() ==
        "400 malformed");
  CHECK(f.post("auditor", "/v1/reversals", body(""), "r7").told() == "403 forbidden");
}

TEST_CASE("v1 trial balance: debits equal credits, rolled up along the codes") {
  Fixture f;
  REQUIRE(f.deposit("1000", "d").status == 201);
  const auto reply = f.get("auditor", "/v1/trial-balance");
  REQUIRE(reply.status == 200);
  CHECK(reply.at("balanced") == "true");
  CHECK(reply.at("debit_total") == "1000");
  CHECK(reply.at("credit_total") == "1000");
  CHECK(reply.at("rows.0.code") == "1002");
  CHECK(reply.at("rows.0.closing") == "1000");
  CHECK(reply.at("rows.3.code") == "2101/M1");
  CHECK(reply.at("rows.3.closing") == "-1000");
  CHECK(f.get("auditor", "/v1/trial-balance?date=2026-03-03").at("debit_total") == "0");
  CHECK(f.get("auditor", "/v1/trial-balance?date=today").told() == "400 malformed");
  CHECK(f.get("auditor", "/v1/trial-balance?from=2026-03-05&date=2026-03-04").told() ==
        "400 malformed");
  CHECK(f.get("upstream", "/v1/trial-balance").told() == "403 forbidden");
}

TEST_CASE("v1 events: in order, without gaps, and whoever waits is woken") {
  Fixture f;
  const auto cut = [&](const std::string& day) {
    REQUIRE(f.post("operator", "/v1/books/day-cut", R"({"next":"2026-03-)" + day + "\"}", "e" + day)
                .status == 200);
    f.business.advance_seconds(24 * 3600);
  };
  cut("05");
  cut("06");
  cut("07");
  const auto first = f.get("auditor", "/v1/events?limit=2");
  REQUIRE(first.size("events") == 2);
  CHECK(first.at("events.0.topic") == "book.day_cut");
  CHECK(first.at("events.0.key") == "2026-03-05");
  CHECK(first.at("events.0.payload.to") == "2026-03-05");
  CHECK(first.at("events.1.key") == "2026-03-06");
  const auto second = f.get("auditor", "/v1/events?after=" + first.at("next"));
  REQUIRE(second.size("events") == 1);
  CHECK(second.at("events.0.key") == "2026-03-07");
  const std::string next = second.at("next");
  CHECK(f.get("auditor", "/v1/events?after=" + next).size("events") == 0);
  // A journal entry without an event moves the cursor only.
  REQUIRE(f.deposit("5", "d").status == 201);
  CHECK(f.get("auditor", "/v1/events?after=" + next).at("next") != next);

  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    DayCutRequest request{{Id128{5, 5}, kSystemCaller}, *Date::of(2026, 3, 8)};
    f.book->run(day_cut(request));
  });
  const auto woken = f.get("auditor", "/v1/events?wait_ms=10000&after=" + next);
  later.join();
  REQUIRE(woken.size("events") == 1);
  CHECK(woken.at("events.0.key") == "2026-03-08");
  CHECK(f.get("auditor", "/v1/events?wait_ms=150&after=" + woken.at("next")).size("events") == 0);
  // An upstream key sees its own, and these were not.
  CHECK(f.get("upstream", "/v1/events").size("events") == 0);
  CHECK(f.get("auditor", "/v1/events?after=-1").told() == "400 malformed");
  CHECK(f.get("auditor", "/v1/events?wait_ms=30001").told() == "400 malformed");
}

TEST_CASE("v1 merchants: what is wrong is refused and opens no account") {
  Fixture f;
  const Unchanged unchanged(f);
  int n = 0;
  for (
      const char* body :
      {R"({"mch_no":"M|1","name":"x","mode":"direct"})", R"({"mch_no":"M1","name":"x"})",
       R"({"mch_no":"M1","name":"","mode":"direct"})",
       R"({"mch_no":"M1","name":"x","mode":"other"})",
       R"({"mch_no":"M1","name":"x","mode":"direct","payee_sealed":"v1:x"})",
       R"({"mch_no":"M1","name":"x","mode":"direct","payee":{"name":"x","account":"1","bank":"2"}})",
       R"({"mch_no":"M1","name":"x","mode":"direct","payee":{"name":"x","account":"","bank":"308584000013"}})",
       R"({"mch_no":"M1","name":"x","mode":"direct","payee":{"name":"x","account":"62a","bank":"308584000013"}})",
       R"({"mch_no":"M1","name":"x","mode":"direct","payee":{"name":"","account":"62","bank":"308584000013"}})",
       R"({"mch_no":1,"name":"x","mode":"direct"})"}) {
    INFO(body);
    CHECK(f.post("operator", "/v1/merchants", body, "b" + std::to_string(++n)).told() ==
          "400 malformed");
  }
  CHECK(f.post("maker", "/v1/merchants", R"({"mch_no":"M1","name":"x","mode":"direct"})", "b0")
            .told() == "403 forbidden");
  CHECK(f.send(f.request("operator", "PUT", "/v1/merchants/M9", R"({"name":"x","mode":"direct"})",
                         "b10"))
            .told() == "404 merchant_not_found");
}

TEST_CASE("v1 sub-accounts: one number for one account, however often it is asked for") {
  Fixture f;
  f.open("2201/0402", "liability");
  const std::string body = R"({"kind":"household","account":"2201/0402","purpose":"0402"})";
  const auto made = f.post("upstream", "/v1/sub-accounts", body, "s1");
  REQUIRE(made.status == 201);
  CHECK(made.at("number").size() == 10);
  CHECK(made.at("number")[0] == '7');
  CHECK(f.post("maker", "/v1/sub-accounts", body, "s2").at("number") == made.at("number"));
  CHECK(f.get("auditor", "/v1/sub-accounts/" + made.at("number")).at("account") == "2201/0402");
  CHECK(f.get("auditor", "/v1/sub-accounts/7000000000").told() == "404 document_not_found");
  CHECK(f.post("maker", "/v1/sub-accounts", R"({"kind":"household","account":"none"})", "s3")
            .at("refusal") == "account_not_found");
  CHECK(f.post("maker", "/v1/sub-accounts", R"({"kind":"order","account":"none"})", "s4").told() ==
        "400 malformed");
}

TEST_CASE("v1 sub-accounts: a kind that has no number left is refused by name, and no other kind") {
  Fixture f;
  f.open("2201/0402", "liability");
  f.open("2201/0403", "liability");
  Command used_up;
  used_up.key = {id_of("used up"), kSystemCaller};
  used_up.plan = [](const View& view, const Moment&) -> Planned<ChangeSet> {
    ChangeSet changes;
    changes.date = view.book().accounting_date;
    changes.documents.push_back(
        Document{DocumentKind::kCursor, "sub_account/7", 1, true, "99999998"});
    return changes;
  };
  REQUIRE(f.book->run(used_up).accepted());
  const auto ask = [&](const char* kind, const char* account, const char* key) {
    return f.post("upstream", "/v1/sub-accounts",
                  fmt::format(R"({{"kind":"{}","account":"{}"}})", kind, account), key);
  };
  const auto last = ask("household", "2201/0402", "1");
  REQUIRE(last.status == 201);
  CHECK(ask("household", "2201/0403", "2").told() == "422 numbers_used_up");
  CHECK(ask("household", "2201/0403", "2").told() == "422 numbers_used_up");
  CHECK(ask("household", "2201/0402", "3").at("number") == last.at("number"));
  CHECK(ask("contract", "2201/0403", "4").at("number") == "8000000015");
}

TEST_CASE("v1 clock: an operator moves it forward, never back") {
  Fixture f;
  const auto to = [](const std::string& time) { return R"({"to":")" + time + "\"}"; };
  CHECK(f.post("maker", "/v1/clock/advance", to("2026-03-04T10:00:00+08:00"), "c1").told() ==
        "403 forbidden");
  const auto moved = f.post("operator", "/v1/clock/advance", to("2026-03-04T10:00:00+08:00"), "c2");
  REQUIRE(moved.status == 200);
  CHECK(moved.at("now") == "2026-03-04T10:00:00+08:00");
  CHECK(f.business.now() == Timestamp::of_cn(*Date::of(2026, 3, 4), 10, 0, 0));
  CHECK(f.post("operator", "/v1/clock/advance", to("2026-03-04T09:59:59+08:00"), "c3").told() ==
        "400 value_invalid");
  CHECK(f.post("operator", "/v1/clock/advance", to("later"), "c4").told() == "400 malformed");
  CHECK(f.business.now() == Timestamp::of_cn(*Date::of(2026, 3, 4), 10, 0, 0));
}

TEST_CASE("v1 clock: without a manual clock there is no such route") {
  ApiServer f({add_clock_routes});
  CHECK(f.post("operator", "/v1/clock/advance", "{}", "c1").told() == "404 no_such_route");
}

TEST_CASE("v1 reports: only files of the folder, whatever the name says") {
  Fixture f;
  const std::filesystem::path folder(f.services->reports_folder);
  std::filesystem::create_directories(folder / "2026-03-04");
  std::ofstream(folder / "2026-03-04" / "对账.html") << "<p>平</p>";
  std::ofstream(folder / "day.csv") << "a,b\n";
  std::ofstream(folder / "notes.txt") << "not a report";
  std::ofstream(f.folder.path() / "secret.csv") << "secret";
  std::filesystem::create_symlink(f.folder.path() / "secret.csv", folder / "link.csv");
  const auto list = f.get("auditor", "/v1/reports");
  REQUIRE(list.size("reports") == 2);
  CHECK(list.at("reports.0.name") == "2026-03-04/对账.html");
  CHECK(list.at("reports.1.bytes") == "4");
  const auto html = f.get("auditor", "/v1/reports/2026-03-04/" + percent_encode("对账.html"));
  CHECK(html.status == 200);
  CHECK(html.body == "<p>平</p>");
  CHECK(html.header("Content-Type") == "text/html; charset=utf-8");
  CHECK(html.header("X-Content-Type-Options") == "nosniff");
  for (const char* name : {"../secret.csv", "%2e%2e/secret.csv", "..%2fsecret.csv", "link.csv",
                           "notes.txt", "/etc/passwd", "2026-03-04", "day.csv%00", "./day.csv"}) {
    INFO(name);
    CHECK(f.get("auditor", std::string("/v1/reports/") + name).told() == "404 document_not_found");
  }
  CHECK(f.get("upstream", "/v1/reports").told() == "403 forbidden");
}

TEST_CASE("v1 backups: an operator's, numbered, and a key is used once") {
  ApiServer f({add_backup_routes});
  CHECK(f.post("maker", "/v1/backups", "{}", "b1").told() == "403 forbidden");
  const auto first = f.post("operator", "/v1/backups", "{}", "b2");
  REQUIRE(first.status == 201);
  CHECK(first.at("number") == "1");
  CHECK(f.post("operator", "/v1/backups", "{}", "b2").body == first.body);
  CHECK(f.post("operator", "/v1/backups", "{}", "b3").at("number") == "2");
  CHECK(f.post("operator", "/v1/backups", R"({"to":"/tmp"})", "b4").told() == "400 malformed");
  const auto whole = list_backups(f.services->backup_folder);
  REQUIRE(whole);
  CHECK(whole.value().size() == 2);
}

TEST_CASE("v1 health: open to everybody, and the figures are there") {
  Fixture f;
  REQUIRE(f.deposit("5", "d").status == 201);
  HttpRequest request;
  request.method = "GET";
  request.target = "/healthz";
  CHECK(f.send(request).at("status") == "alive");
  request.target = "/readyz";
  CHECK(f.send(request).at("status") == "ready");
  request.target = "/metrics";
  const auto figures = f.send(request);
  CHECK(figures.status == 200);
  for (const char* line :
       {"suanpan_http_requests_total{method=\"POST\",route=\"/v1/vouchers\",status=\"201\"} 1",
        "suanpan_book_invariant_violations_total 0", "suanpan_orders_open{state=\"paying\"} 0",
        "suanpan_http_request_seconds_bucket", "suanpan_book_last_seq "}) {
    INFO(line);
    CHECK(figures.body.find(line) != std::string::npos);
  }
}
