// Accounts over the wire: opened once, and whose terms who may change.
#include <catch2/catch.hpp>

#include "api/v1/set_terms.h"
#include "tests/api/ledger_server.h"

using namespace suanpan;

namespace {

using Fixture = test::LedgerServer;
using test::Unchanged;

}  // namespace

TEST_CASE("v1 accounts: one is opened once, found by its code and listed by prefix") {
  Fixture f;
  const std::string body =
      R"({"code":"3001/小区1/3幢/0402","name":"0402 户","type":"equity","limit":"credit_line",)"
      R"("credit_line":500,"hot":true})";
  const auto first = f.post("upstream", "/v1/accounts", body, "a1");
  REQUIRE(first.status == 201);
  CHECK(first.header("Suanpan-Replayed") == "");
  const auto again = f.post("upstream", "/v1/accounts", body, "a1");
  CHECK(again.status == 201);
  CHECK(again.body == first.body);
  CHECK(again.header("Suanpan-Replayed") == "true");

  const auto got = f.get("auditor", "/v1/accounts/3001/" + percent_encode("小区1") + "/" +
                                        percent_encode("3幢") + "/0402");
  REQUIRE(got.status == 200);
  CHECK(got.at("code") == "3001/小区1/3幢/0402");
  CHECK(got.at("name") == "0402 户");
  CHECK(got.at("type") == "equity");
  CHECK(got.at("normal_side") == "credit");
  CHECK(got.at("currency") == "CNY");
  CHECK(got.at("limit") == "credit_line");
  CHECK(got.at("credit_line") == "500");
  CHECK(got.at("hot") == "true");
  CHECK(got.at("version") == "1");
  CHECK(got.at("balance.posted") == "0");

  const auto page = f.get("upstream", "/v1/accounts?prefix=2101/&limit=1");
  CHECK(page.size("accounts") == 1);
  CHECK(page.at("accounts.0.code") == "2101/M1");
  const auto rest = f.get("upstream", "/v1/accounts?prefix=2101/&after=" + page.at("next_after"));
  CHECK(rest.size("accounts") == 1);
  CHECK(rest.at("accounts.0.code") == "2101/M2");
  CHECK(rest.at("next_after") == "null");
  CHECK(f.get("auditor", "/v1/accounts/9999").at("refusal") == "account_not_found");
}

TEST_CASE("v1 accounts: one person opens one with the terms of its type, and no looser") {
  Fixture f;
  f.add_key("tenant", {api::Role::kUpstream}, {{"2101"}, {}});
  int n = 0;
  const auto opened = [&](const std::string& who, const std::string& type,
                          const std::string& more) {
    const std::string number = std::to_string(++n);
    const auto reply =
        f.post(who, "/v1/accounts",
               fmt::format(R"({{"code":"2101/n{}","name":"x","type":"{}"{}}})", n, type, more),
               "n" + number);
    if (reply.status != 201) return reply.told();
    const auto got = f.get("auditor", "/v1/accounts/2101/n" + number);
    return got.at("limit") + " " + got.at("credit_line");
  };
  const std::string alone = "403 second_person_needed";
  const struct {
    const char *who, *type, *more;
    std::string told;
  } rows[] = {
      {"maker", "liability", "", "not_below_zero 0"},
      {"maker", "liability", R"(,"limit":"not_below_zero","frozen_out":true)", "not_below_zero 0"},
      {"maker", "liability", R"(,"limit":"credit_line","credit_line":0)", "credit_line 0"},
      {"maker", "liability", R"(,"limit":"none")", alone},
      {"operator", "liability", R"(,"limit":"credit_line","credit_line":1)", alone},
      {"upstream", "liability", R"(,"limit":"credit_line","credit_line":1000000)", alone},
      {"operator", "liability", R"(,"normal_side":"debit")", alone},
      {"tenant", "liability", R"(,"limit":"none")", alone},
      {"tenant", "liability", "", "not_below_zero 0"},
      // An asset is a source to draw upon: the house's to open.
      {"tenant", "asset", "", alone},
      {"tenant", "liability", R"(,"normal_side":"debit")", alone},
      {"maker", "asset", "", "none 0"},
      {"maker", "income", R"(,"limit":"credit_line","credit_line":5)", "credit_line 5"},
  };
  for (const auto& row : rows) {
    INFO(row.who << " " << row.type << row.more);
    CHECK(opened(row.who, row.type, row.more) == row.told);
  }
  // The refusal says where to ask, and stands under its id.
  const std::string loose = R"({"code":"2101/z","name":"x","type":"liability","limit":"none"})";
  const auto first = f.post("maker", "/v1/accounts", loose, "z");
  CHECK(first.body.find("POST /v1/account-terms") != std::string::npos);
  CHECK(f.post("maker", "/v1/accounts", loose, "z").header("Suanpan-Replayed") == "true");
  CHECK(f.get("auditor", "/v1/accounts/2101/z").told() == "404 account_not_found");
}

TEST_CASE("v1 accounts: terms change by name, the others stay, and a resend means the same") {
  Fixture f;
  const auto patch = [&](const std::string& body, const std::string& key,
                         const std::string& who = "checker") {
    return f.send(f.request(who, "PATCH", "/v1/accounts/2101/M2", body, key));
  };
  const auto first = patch(R"({"frozen_out":true,"expected_version":1})", "t1");
  REQUIRE(first.status == 200);
  CHECK(first.at("version") == "2");
  REQUIRE(patch(R"({"limit":"credit_line","credit_line":300})", "t2").status == 200);
  const auto again = patch(R"({"frozen_out":true,"expected_version":1})", "t1");
  CHECK(again.body == first.body);
  const auto account = f.get("auditor", "/v1/accounts/2101/M2");
  CHECK(account.at("frozen_out") == "true");
  CHECK(account.at("credit_line") == "300");
  CHECK(account.at("version") == "3");
  REQUIRE(patch(R"({"limit":"not_below_zero"})", "t3").status == 200);
  CHECK(f.get("auditor", "/v1/accounts/2101/M2").at("credit_line") == "0");

  const auto before = f.balance("2101/M2");
  CHECK(patch(R"({"frozen_in":true,"expected_version":1})", "t4").at("refusal") ==
        "version_conflict");
  CHECK(patch(R"({"frozen_in":"yes"})", "t5").told() == "400 malformed");
  CHECK(patch(R"({"balance":5})", "t6").told() == "400 malformed");
  CHECK(patch(R"({"credit_line":-1})", "t7").told() == "400 value_invalid");
  CHECK(patch(R"({"frozen_in":true})", "t8", "upstream").told() == "403 forbidden");
  CHECK(patch(R"({"frozen_in":true})", "t9", "maker").told() == "403 forbidden");
  CHECK(f.balance("2101/M2") == before);
  CHECK(f.get("auditor", "/v1/accounts/2101/M2").at("version") == "4");
}

TEST_CASE("v1 accounts: one person holds an account tighter and never looser") {
  const AccountTerms none{}, zero{LimitKind::kNotBelowZero};
  const AccountTerms line{LimitKind::kCreditLine, 300};
  const auto with = [](AccountTerms terms, bool in, bool out, bool closed) {
    terms.frozen_in = in;
    terms.frozen_out = out;
    terms.closed = closed;
    return terms;
  };
  struct Row {
    const char* what;
    AccountTerms before, after;
    std::string looser;
  };
  const Row rows[] = {
      {"as it was", line, line, ""},
      {"a limit for the first time", none, zero, ""},
      {"a line for the first time", none, line, ""},
      {"a line taken away", line, zero, ""},
      {"a shorter line", line, {LimitKind::kCreditLine, 299}, ""},
      {"a line of nothing", {LimitKind::kCreditLine, 0}, zero, ""},
      {"no limit any more", zero, none, "limit"},
      {"a line instead of zero", zero, line, "limit"},
      {"a line without end", line, none, "limit"},
      {"a longer line", line, {LimitKind::kCreditLine, 301}, "credit_line"},
      {"frozen", none, with(none, true, true, false), ""},
      {"in thawed", with(none, true, true, false), with(none, false, true, false), "frozen_in"},
      {"out thawed", with(none, true, true, false), with(none, true, false, false), "frozen_out"},
      {"closed", zero, with(zero, false, false, true), ""},
      {"opened again", with(zero, false, false, true), zero, "closed"},
      {"hot", zero, {LimitKind::kNotBelowZero, 0, false, false, false, true}, ""},
      {"not hot", {LimitKind::kNotBelowZero, 0, false, false, false, true}, zero, ""},
      {"tighter here and looser there", zero, with(line, true, true, false), "limit"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(std::string(api::v1::loosened(row.before, row.after)) == row.looser);
  }

  Fixture f;  // 2101/M1 may not go below zero
  const auto patch = [&](const char* body, const char* key, const char* who) {
    return f.send(f.request(who, "PATCH", "/v1/accounts/2101/M1", body, key));
  };
  REQUIRE(patch(R"({"frozen_out":true})", "p1", "operator").status == 200);
  int n = 0;
  for (const char* who : {"operator", "checker"})
    for (const auto& [body, member] :
         {std::pair{R"({"frozen_out":false})", "frozen_out"},
          std::pair{R"({"limit":"none"})", "limit"},
          std::pair{R"({"limit":"credit_line","credit_line":1,"frozen_in":true})", "limit"}}) {
      INFO(who << " " << body);
      const auto refused = patch(body, ("q" + std::to_string(++n)).c_str(), who);
      CHECK(refused.told() == "403 second_person_needed");
      CHECK(refused.at("detail") ==
            std::string(member) +
                " would loosen 2101/M1: ask with POST /v1/account-terms, and another key approves");
    }
  const auto after = f.get("auditor", "/v1/accounts/2101/M1");
  CHECK(after.at("version") == "2");
  CHECK(after.at("frozen_out") == "true");
  CHECK(after.at("limit") == "not_below_zero");
}

TEST_CASE("v1 accounts: an operator and a checker loosen an account together") {
  Fixture f;
  f.add_key("both", {api::Role::kOperator, api::Role::kChecker});
  const auto ask = [&](const std::string& members, const std::string& key,
                       const std::string& who = "operator") {
    return f.post(who, "/v1/account-terms", R"({"code":"2101/M1",)" + members + "}", key);
  };
  const auto approve = [&](const test::ApiReply& asked, const std::string& who,
                           const std::string& key) {
    return f.post(who, "/v1/authority-requests/" + asked.at("id") + "/approve", "{}", key);
  };
  const auto freeze = [&](const char* key) {
    return f.send(
        f.request("operator", "PATCH", "/v1/accounts/2101/M1", R"({"frozen_out":true})", key));
  };
  const auto terms = [&](const char* member) {
    return f.get("auditor", "/v1/accounts/2101/M1").at(member);
  };
  REQUIRE(freeze("z1").status == 200);
  const auto asked = ask(R"("frozen_out":false,"limit":"credit_line","credit_line":500)", "a1");
  REQUIRE(asked.status == 201);
  CHECK(terms("frozen_out") == "true");
  const auto shown = f.get("checker", "/v1/authority-requests/" + asked.at("id"));
  CHECK(shown.at("what") == "terms");
  CHECK(shown.at("subject") == "2101/M1");
  CHECK(shown.at("terms.version") == "2");
  CHECK(shown.at("terms.before.frozen_out") == "true");
  CHECK(shown.at("terms.after.frozen_out") == "false");
  CHECK(shown.at("terms.before.limit") == "not_below_zero");
  CHECK(shown.at("terms.after.credit_line") == "500");
  CHECK(approve(asked, "operator", "b0").told() == "403 forbidden");
  const std::uint64_t before = f.book->statistics().last_seq;
  REQUIRE(approve(asked, "checker", "b1").at("what") == "terms");
  CHECK(f.book->statistics().last_seq == before + 1);
  CHECK(terms("frozen_out") == "false");
  CHECK(terms("limit") == "credit_line");
  CHECK(terms("credit_line") == "500");
  CHECK(terms("version") == "3");
  // The same call again: the first answer, and nothing changes.
  CHECK(ask(R"("frozen_out":false,"limit":"credit_line","credit_line":500)", "a1")
            .header("Suanpan-Replayed") == "true");
  CHECK(ask(R"("frozen_out":false)", "a1").told() == "409 id_reused_with_other_content");
  CHECK(approve(asked, "checker", "b2").told() == "409 document_state_final");

  // Nobody does both, and what was frozen meanwhile stays so.
  const auto own = ask(R"("limit":"none")", "a2", "both");
  CHECK(approve(own, "both", "b3").told() == "403 same_person");
  REQUIRE(freeze("z2").status == 200);
  CHECK(approve(own, "checker", "b4").told() == "409 version_conflict");
  CHECK(terms("frozen_out") == "true");
  CHECK(terms("limit") == "credit_line");

  const Unchanged unchanged(f);
  CHECK(f.post("operator", "/v1/account-terms", R"({"code":"9999","limit":"none"})", "c1").told() ==
        "404 account_not_found");
  CHECK(ask(R"("limit":"endless")", "c2").told() == "400 malformed");
  CHECK(ask(R"("limit":"credit_line","credit_line":-1)", "c3").told() == "400 value_invalid");
  CHECK(ask(R"("credit_line":1.5)", "c4").told() == "400 malformed");
  CHECK(f.post("operator", "/v1/account-terms", R"({"limit":"none"})", "c5").told() ==
        "400 malformed");
  for (const char* who : {"upstream", "maker", "checker", "auditor"})
    CHECK(ask(R"("limit":"none")", "c6", who).told() == "403 forbidden");
  CHECK(f.get("auditor", "/v1/authority-requests").size("requests") == 1);
}
