// Vouchers, batches and holds over the wire: what a call does once, what a replay tells, and that a
// bad one changes nothing.
#include <catch2/catch.hpp>
#include <future>

#include "tests/api/ledger_server.h"

using namespace suanpan;

namespace {

using Fixture = test::LedgerServer;
using test::kDeposit;
using test::Unchanged;
using test::voucher;

}  // namespace

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
