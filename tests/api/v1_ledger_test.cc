// Accounts, vouchers, holds, statements over the wire: what a call does once, what a replay tells,
// and that a bad one changes nothing.
#include <catch2/catch.hpp>
#include <future>

#include "api/v1/routes.h"
#include "api/v1/set_terms.h"
#include "tests/support/api_server.h"

using namespace suanpan;
using suanpan::test::ApiServer;
using suanpan::test::Unchanged;

namespace {

const std::vector<ApiServer::Adder> kRoutes{
    api::v1::add_account_routes, api::v1::add_voucher_routes, api::v1::add_hold_routes,
    api::v1::add_statement_routes, api::v1::add_authority_routes};

struct Fixture : ApiServer {
  explicit Fixture(std::size_t queue_items = 65536)
      : ApiServer(kRoutes, {}, {1'000'000, 1'000'000}, queue_items) {
    open("1002/工行", "asset");
    open("2101/M1", "liability", R"(,"limit":"not_below_zero")");
    open_unlimited("2101/M2");
  }
};

std::string voucher(const std::string& debit, const std::string& credit, const std::string& amount,
                    const std::string& more = "") {
  return fmt::format(R"({{"legs":[{{"debit":"{}","credit":"{}","amount":{}}}]{}}})", debit, credit,
                     amount, more);
}
const std::string kDeposit = voucher("1002/工行", "2101/M1", "1000");

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

TEST_CASE("v1 vouchers: one moves money once; the replay says so and repeats the answer") {
  Fixture f;
  const auto first = f.post("upstream", "/v1/vouchers",
                            voucher("1002/工行", "2101/M1", "1000",
                                    R"(,"type":"receipt","code":7,"summary":"物业费",)"
                                    R"("business_key":"B-1","effective_date":"2026-03-03",)"
                                    R"("metadata":{"房号": "0402", "n":[1, 2]})"),
                            "v1");
  REQUIRE(first.status == 201);
  CHECK(first.at("voucher_no") == "1");
  CHECK(first.at("accounting_date") == "2026-03-04");
  const auto again = f.post("upstream", "/v1/vouchers",
                            voucher("1002/工行", "2101/M1", "1000",
                                    R"(,"type":"receipt","code":7,"summary":"物业费",)"
                                    R"("business_key":"B-1","effective_date":"2026-03-03",)"
                                    R"("metadata":{"房号":"0402","n":[1,2]})"),
                            "v1");
  CHECK(again.body == first.body);
  CHECK(again.header("Suanpan-Replayed") == "true");
  CHECK(f.balance("2101/M1") == 1000);
  CHECK(f.balance("1002/工行") == 1000);

  const auto got = f.get("auditor", "/v1/vouchers/" + first.at("id"));
  REQUIRE(got.status == 200);
  CHECK(got.at("kind") == "voucher");
  CHECK(got.at("state") == "posted");
  CHECK(got.at("type") == "receipt");
  CHECK(got.at("code") == "7");
  CHECK(got.at("summary") == "物业费");
  CHECK(got.at("business_key") == "B-1");
  CHECK(got.at("effective_date") == "2026-03-03");
  CHECK(got.at("metadata.n.1") == "2");
  CHECK(got.at("legs.0.debit") == "1002/工行");
  CHECK(got.at("legs.0.credit") == "2101/M1");
  CHECK(got.at("legs.0.amount") == "1000");

  const Unchanged unchanged(f);
  const auto other =
      f.post("upstream", "/v1/vouchers", voucher("1002/工行", "2101/M1", "1001"), "v1");
  CHECK(other.status == 409);
  CHECK(other.at("refusal") == "id_reused_with_other_content");
  CHECK(other.at("detail") == "amount");
}

TEST_CASE("v1 vouchers: the same Idempotency-Key of another key is another voucher") {
  Fixture f;
  const auto one = f.post("upstream", "/v1/vouchers", kDeposit, "same");
  const auto two = f.post("maker", "/v1/vouchers", kDeposit, "same");
  CHECK(one.status == 201);
  CHECK(two.status == 201);
  CHECK(one.at("id") != two.at("id"));
  CHECK(f.balance("2101/M1") == 2000);
}

TEST_CASE("v1 vouchers: an upstream key reads what it made, the house reads all") {
  Fixture f;
  const std::string id = f.post("upstream", "/v1/vouchers", kDeposit, "own").at("id");
  CHECK(f.get("upstream", "/v1/vouchers/" + id).status == 200);
  const auto foreign = f.get("upstream2", "/v1/vouchers/" + id);
  CHECK(foreign.status == 403);
  CHECK(foreign.at("refusal") == "not_authorised");
  for (const char* role : {"maker", "checker", "auditor", "operator"})
    CHECK(f.get(role, "/v1/vouchers/" + id).status == 200);
  CHECK(f.get("auditor", "/v1/vouchers/" + std::string(40, '0')).told() == "404 voucher_not_found");
  CHECK(f.get("auditor", "/v1/vouchers/nonsense").told() == "404 voucher_not_found");
}

TEST_CASE("v1 vouchers: bad input is refused with a clear error and changes nothing") {
  Fixture f;
  struct Row {
    const char* what;
    std::string body;
    int status;
    const char* refusal;
  };
  const auto amount = [](const std::string& value) {
    return voucher("1002/工行", "2101/M1", value);
  };
  const std::vector<Row> rows{
      {"no body", "", 400, "malformed"},
      {"malformed JSON", R"({"legs":[)", 400, "malformed"},
      {"trailing bytes", kDeposit + "x", 400, "malformed"},
      {"not an object", "[1]", 400, "malformed"},
      {"a duplicate key",
       R"({"legs":[{"debit":"1002/工行","credit":"2101/M1","amount":1,"amount":2}]})", 400,
       "malformed"},
      {"a duplicate key in what nobody reads",
       voucher("1002/工行", "2101/M1", "1", R"(,"metadata":{"a":1,"a":2})"), 400, "malformed"},
      {"an unknown member", voucher("1002/工行", "2101/M1", "1", R"(,"maker":"boss")"), 400,
       "malformed"},
      {"an unknown member of a leg",
       R"({"legs":[{"debit":"1002/工行","credit":"2101/M1","amount":1,"kind":"red"}]})", 400,
       "malformed"},
      {"invalid UTF-8", voucher("1002/\xff", "2101/M1", "1"), 400, "malformed"},
      {"legs of the wrong type", R"({"legs":{}})", 400, "malformed"},
      {"a leg of the wrong type", R"({"legs":[7]})", 400, "malformed"},
      {"no legs", R"({"legs":[]})", 400, "legs_missing"},
      {"legs absent", "{}", 400, "legs_missing"},
      {"an account of the wrong type", R"({"legs":[{"debit":true,"credit":"2101/M1","amount":1}]})",
       400, "malformed"},
      {"an amount of the wrong type", amount("\"100\""), 400, "malformed"},
      {"a fractional amount", amount("1.5"), 400, "malformed"},
      {"a fraction of zero", amount("1.0"), 400, "malformed"},
      {"an exponent", amount("1e2"), 400, "malformed"},
      {"an amount above 2^63", amount("9223372036854775808"), 400, "malformed"},
      {"an amount of 2^63 - 1", amount("9223372036854775807"), 400, "amount_too_large"},
      {"an amount below -2^63", amount("-9223372036854775809"), 400, "malformed"},
      {"zero", amount("0"), 400, "amount_not_positive"},
      {"negative zero", amount("-0"), 400, "malformed"},
      {"a negative amount", amount("-5"), 400, "amount_not_positive"},
      {"one account on both sides", voucher("2101/M1", "2101/M1", "1"), 400, "accounts_same"},
      {"an unknown debit account", voucher("1002/none", "2101/M1", "1"), 404,
       "debit_account_not_found"},
      {"an unknown credit account", voucher("1002/工行", "2101/none", "1"), 404,
       "credit_account_not_found"},
      {"an account number that is none",
       R"({"legs":[{"debit":4711,"credit":"2101/M1","amount":1}]})", 404,
       "debit_account_not_found"},
      {"an account number beyond 32 bits",
       R"({"legs":[{"debit":4294967297,"credit":"2101/M1","amount":1}]})", 404,
       "debit_account_not_found"},
      {"a negative amount for an unknown account", voucher("1002/none", "2101/M1", "-1"), 400,
       "amount_not_positive"},
      {"a code out of range", voucher("1002/工行", "2101/M1", "1", R"(,"code":65536)"), 400,
       "malformed"},
      {"an unknown type", voucher("1002/工行", "2101/M1", "1", R"(,"type":"other")"), 400,
       "malformed"},
      {"a date that is none", voucher("1002/工行", "2101/M1", "1", R"(,"date":"2026-02-30")"), 400,
       "malformed"},
      {"a summary that is too long",
       voucher("1002/工行", "2101/M1", "1", R"(,"summary":")" + std::string(513, 'x') + "\""), 400,
       "text_too_long"},
      {"a control character in the summary",
       voucher("1002/工行", "2101/M1", "1", R"(,"summary":"a\u0007b")"), 400, "malformed"},
      {"a NUL, which would end a form or a signature elsewhere",
       voucher("1002/工行", "2101/M1", "1", R"(,"business_key":"q\u0000x")"), 400, "malformed"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const Unchanged unchanged(f);
    const auto reply = f.post("upstream", "/v1/vouchers", row.body, "bad");
    CHECK(reply.status == row.status);
    CHECK(reply.at("refusal") == row.refusal);
    CHECK(reply.header("Content-Type") == "application/problem+json");
  }
  // The key is still free: nothing was claimed.
  CHECK(f.post("upstream", "/v1/vouchers", kDeposit, "bad").status == 201);
}

TEST_CASE("v1 vouchers: a refusal of the business is journalled and repeated for ever") {
  Fixture f;
  const std::string body = voucher("2101/M1", "2101/M2", "1");
  const auto refused = f.post("upstream", "/v1/vouchers", body, "poor");
  CHECK(refused.status == 422);
  CHECK(refused.at("refusal") == "below_limit");
  CHECK(refused.at("number") == "700");
  CHECK(refused.at("detail") == "2101/M1");
  REQUIRE(f.post("upstream", "/v1/vouchers", kDeposit, "money").status == 201);
  const auto again = f.post("upstream", "/v1/vouchers", body, "poor");
  CHECK(again.status == 422);
  CHECK(again.body == refused.body);
  CHECK(again.header("Suanpan-Replayed") == "true");
  CHECK(f.balance("2101/M2") == 0);
}

TEST_CASE("v1 batch: every item gets its own answer, in order, and a replay repeats them") {
  Fixture f;
  f.hold_requests = false;
  const std::string body =
      R"({"items":[)"
      R"({"id":"i1","legs":[{"debit":"1002/工行","credit":"2101/M1","amount":100}]},)"
      R"({"legs":[{"debit":1,"credit":2,"amount":50}]},)"
      R"({"legs":[{"debit":"1002/none","credit":"2101/M1","amount":5}]},)"
      R"({"legs":[{"debit":"1002/工行","credit":"2101/M1","amount":0}]},)"
      R"({"legs":[{"debit":"2101/M1","credit":"2101/M2","amount":151}]}]})";
  const auto first = f.post("upstream", "/v1/vouchers/batch", body, "b1");
  REQUIRE(first.status == 200);
  CHECK(first.size("items") == 5);
  CHECK(first.at("items.0.accepted") == "true");
  CHECK(first.at("items.0.voucher_no") == "1");
  CHECK(first.at("items.1.accepted") == "true");
  CHECK(first.at("items.2.refusal") == "debit_account_not_found");
  CHECK(first.at("items.3.refusal") == "amount_not_positive");
  CHECK(first.at("items.4.refusal") == "below_limit");
  CHECK(first.at("accepted") == "2");
  CHECK(first.at("refused") == "3");
  CHECK(f.balance("2101/M1") == 150);

  const Unchanged unchanged(f);
  const auto again = f.post("upstream", "/v1/vouchers/batch", body, "b1");
  CHECK(again.at("items.0.replayed") == "true");
  CHECK(again.at("items.0.seq") == first.at("items.0.seq"));
  CHECK(again.at("items.1.id") == first.at("items.1.id"));
  CHECK(again.at("items.4.replayed") == "true");
  // An item's id and an Idempotency-Key are one name space.
  const auto single =
      f.post("upstream", "/v1/vouchers", voucher("1002/工行", "2101/M1", "100"), "i1");
  CHECK(single.at("id") == first.at("items.0.id"));
  CHECK(single.header("Suanpan-Replayed") == "true");
}

TEST_CASE("v1 batch: 8,192 items are taken, one more is refused whole") {
  Fixture f;
  const auto batch = [](std::size_t count) {
    std::string body = R"({"items":[)";
    for (std::size_t i = 0; i < count; ++i) {
      if (i > 0) body += ',';
      body += R"({"legs":[{"debit":1,"credit":3,"amount":1}]})";
    }
    return body + "]}";
  };
  const auto full = f.post("upstream", "/v1/vouchers/batch", batch(8192), "full");
  REQUIRE(full.status == 200);
  CHECK(full.at("accepted") == "8192");
  CHECK(full.at("items.8191.voucher_no") == "8192");
  CHECK(f.balance("2101/M2") == 8192);
  const Unchanged unchanged(f);
  CHECK(f.post("upstream", "/v1/vouchers/batch", batch(8193), "more").told() == "413 too_large");
  CHECK(f.post("upstream", "/v1/vouchers/batch", R"({"items":[]})", "none").told() ==
        "400 malformed");
  CHECK(f.post("upstream", "/v1/vouchers/batch", R"({"items":[{"legs":[{"debit":1}]}]})", "part")
            .at("detail") == "\"items[0].legs[0].credit\" is missing");
}

TEST_CASE("v1 vouchers: a full queue answers 503 with Retry-After and accepts nothing") {
  Fixture f(4);
  const Unchanged unchanged(f);
  // A command that plans until it is let go, and four that wait behind it: the queue is full.
  std::promise<void> started, go;
  auto gate = go.get_future().share();
  const auto refused = [](std::uint64_t id, std::function<void()> first) {
    Command command;
    command.content = {{"n", std::to_string(id)}};
    command.key = {Id128{3, id}, kSystemCaller};
    command.plan = [first](const View&, const Moment&) -> Planned<ChangeSet> {
      if (first) first();
      return refuse(RefusalCode::kValueInvalid);  // leaves nothing
    };
    return command;
  };
  std::promise<void> planned, drained;
  REQUIRE(f.book->submit(std::vector<Command>{refused(1,
                                                      [&] {
                                                        started.set_value();
                                                        gate.wait();
                                                      })},
                         [&](Book::Answers) { planned.set_value(); }));
  started.get_future().wait();
  std::vector<Command> filling;
  for (std::uint64_t id = 2; id <= 5; ++id) filling.push_back(refused(id, {}));
  REQUIRE(f.book->submit(std::move(filling), [&](Book::Answers) { drained.set_value(); }));

  for (const auto& [target, body] :
       {std::pair{"/v1/vouchers", kDeposit},
        std::pair{"/v1/vouchers/batch", R"({"items":[)" + kDeposit + "]}"},
        std::pair{"/v1/holds", voucher("2101/M1", "2101/M2", "1")}}) {
    INFO(target);
    f.allowed_failure = 503;
    const auto reply = f.post("upstream", target, body, "overfull");
    CHECK(reply.status == 503);
    CHECK(reply.header("Retry-After") == "1");
    CHECK(reply.at("refusal") == "overloaded");
  }
  go.set_value();
  planned.get_future().wait();
  drained.get_future().wait();
}

TEST_CASE("v1 holds: reserved, posted in part, the rest given back") {
  Fixture f;
  REQUIRE(f.post("upstream", "/v1/vouchers", kDeposit, "deposit").status == 201);
  const std::string body =
      voucher("2101/M1", "2101/M2", "600", R"(,"expires_at":"2026-03-05T09:00:00+08:00")");
  const auto made = f.post("upstream", "/v1/holds", body, "h1");
  REQUIRE(made.status == 201);
  const std::string id = made.at("hold");
  CHECK(f.post("upstream", "/v1/holds", body, "h1").body == made.body);
  CHECK(f.get("auditor", "/v1/accounts/2101/M1").at("balance.available") == "400");
  CHECK(f.post("upstream", "/v1/vouchers", voucher("2101/M1", "2101/M2", "401"), "x").status ==
        422);

  const auto got = f.get("upstream", "/v1/holds/" + id);
  REQUIRE(got.status == 200);
  CHECK(got.at("state") == "open");
  CHECK(got.at("expires_at") == "2026-03-05T09:00:00+08:00");
  CHECK(got.at("legs.0.remaining") == "600");

  REQUIRE(f.post("upstream", "/v1/holds/" + id + "/post", R"({"amounts":[250]})", "h2").status ==
          200);
  CHECK(f.balance("2101/M2") == 250);
  CHECK(f.get("upstream", "/v1/holds/" + id).at("legs.0.remaining") == "350");
  REQUIRE(f.post("upstream", "/v1/holds/" + id + "/void", "", "h3").status == 200);
  CHECK(f.get("upstream", "/v1/holds/" + id).at("state") == "voided");
  CHECK(f.get("auditor", "/v1/accounts/2101/M1").at("balance.available") == "750");
  const auto twice = f.post("upstream", "/v1/holds/" + id + "/void", "", "h4");
  CHECK(twice.status == 409);
  CHECK(twice.at("refusal") == "hold_already_voided");
}

TEST_CASE("v1 holds: bad input and foreign holds change nothing") {
  Fixture f;
  REQUIRE(f.post("upstream", "/v1/vouchers", kDeposit, "deposit").status == 201);
  const std::string id =
      f.post("upstream", "/v1/holds", voucher("2101/M1", "2101/M2", "600"), "h1").at("hold");
  struct Row {
    const char* who;
    std::string target;
    std::string body;
    int status;
    const char* refusal;
  };
  const std::string post = "/v1/holds/" + id + "/post";
  const std::vector<Row> rows{
      {"upstream2", post, "{}", 403, "not_authorised"},
      {"upstream2", "/v1/holds/" + id + "/void", "", 403, "not_authorised"},
      {"auditor", post, "{}", 403, "forbidden"},
      {"checker", post, "{}", 403, "forbidden"},
      {"upstream", post, R"({"amounts":[-1]})", 400, "amount_not_positive"},
      {"upstream", post, R"({"amounts":[0]})", 400, "amount_not_positive"},
      {"upstream", post, R"({"amounts":[1.5]})", 400, "malformed"},
      {"upstream", post, R"({"amounts":[9223372036854775808]})", 400, "malformed"},
      {"upstream", post, R"({"amounts":"all"})", 400, "malformed"},
      {"upstream", post, R"({"amount":1})", 400, "malformed"},
      {"upstream", post, "", 400, "malformed"},
      {"upstream", "/v1/holds/" + id + "/void", R"({"amounts":[1]})", 400, "malformed"},
      {"upstream", "/v1/holds/nonsense/post", "{}", 404, "hold_not_found"},
      {"upstream", "/v1/holds", voucher("2101/M1", "2101/M2", "0"), 400, "amount_not_positive"},
      {"upstream", "/v1/holds", voucher("2101/M1", "2101/none", "1"), 404,
       "credit_account_not_found"},
      {"upstream", "/v1/holds", voucher("2101/M1", "2101/M2", "1", R"(,"expires_at":"soon")"), 400,
       "malformed"},
  };
  int n = 0;
  for (const Row& row : rows) {
    INFO(row.who << " " << row.target << " " << row.body);
    const Unchanged unchanged(f);
    const auto reply = f.post(row.who, row.target, row.body, "bad" + std::to_string(++n));
    CHECK(reply.status == row.status);
    CHECK(reply.at("refusal") == row.refusal);
  }
  CHECK(f.get("upstream2", "/v1/holds/" + id).told() == "403 not_authorised");
  const auto over = f.post("upstream", post, R"({"amounts":[601]})", "over");
  CHECK(over.status == 422);
  CHECK(over.at("refusal") == "hold_amount_exceeded");
}

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
