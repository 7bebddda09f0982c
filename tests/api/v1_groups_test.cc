// Linked groups, all or nothing, dry runs, preconditions, sweeps and the history of terms over the
// wire.
#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "api/v1/routes.h"
#include "tests/support/api_server.h"

using namespace suanpan;
using suanpan::test::ApiReply;
using suanpan::test::ApiServer;
using suanpan::test::Unchanged;

namespace {

struct Fixture : ApiServer {
  Fixture()
      : ApiServer({api::v1::add_account_routes, api::v1::add_account_terms_routes,
                   api::v1::add_authority_routes, api::v1::add_voucher_routes,
                   api::v1::add_hold_routes, api::v1::add_reversal_routes}) {
    open("1002", "asset");
    open("2101/a", "liability", R"(,"limit":"not_below_zero")");
    open("2101/b", "liability", R"(,"limit":"not_below_zero")");
    REQUIRE(
        post("upstream", "/v1/vouchers", R"({"legs":[)" + leg("1002", "2101/a", 100) + "]}", "fund")
            .status == 201);
  }
  static std::string leg(const char* debit, const char* credit, std::int64_t amount) {
    return fmt::format(R"({{"debit":"{}","credit":"{}","amount":{}}})", debit, credit, amount);
  }
  static std::string item(const char* debit, const char* credit, std::int64_t amount,
                          const std::string& more = "") {
    return fmt::format(R"({{"legs":[{}]{}}})", leg(debit, credit, amount), more);
  }
  ApiReply batch(const std::string& items, const std::string& key, const std::string& more = "",
                 const char* who = "upstream") {
    return post(who, "/v1/vouchers/batch", fmt::format(R"({{"items":[{}]{}}})", items, more), key);
  }
};

const std::string kAllOrNothing = R"(,"mode":"all_or_nothing")";
const std::string kLinked = R"(,"linked":true)";

/// "accepted" or the refusal of each item.
std::string told(const ApiReply& reply) {
  std::string text;
  REQUIRE(reply.status == 200);
  for (std::size_t i = 0; i < reply.size("items"); ++i) {
    const std::string at = fmt::format("items.{}.", i);
    if (i > 0) text += " ";
    text += reply.at(at + "accepted") == "true" ? "accepted" : reply.at(at + "refusal");
    if (reply.at(at + "detail") != "(absent)") text += ":" + reply.at(at + "detail");
    if (reply.at(at + "replayed") == "true") text += "(again)";
  }
  return text;
}

}  // namespace

TEST_CASE("v1 groups: all or nothing stands or falls, and a resend is told the same") {
  Fixture f;
  const std::string falls = f.item("2101/a", "2101/b", 60) + "," + f.item("2101/a", "2101/b", 41) +
                            "," + f.item("1002", "2101/a", 500);
  CHECK(told(f.batch(falls, "one", kAllOrNothing)) ==
        "group_failed:1 below_limit:2101/a group_failed:1");
  CHECK(f.balance("2101/b") == 0);
  CHECK(told(f.batch(falls, "one", kAllOrNothing)) ==
        "group_failed:1(again) below_limit:2101/a(again) group_failed:1(again)");
  // Item by item, the default, the same content does what it can.
  CHECK(told(f.batch(falls, "two")) == "accepted below_limit:2101/a accepted");
  CHECK(told(f.batch(falls, "three", R"(,"mode":"continue")")) == "accepted accepted accepted");
  CHECK(f.balance("2101/b") == 161);
  const std::string chain = f.item("2101/b", "2101/a", 161) + "," + f.item("2101/a", "1002", 900);
  const auto stands = f.batch(chain, "four", kAllOrNothing);
  CHECK(told(stands) == "accepted accepted");
  CHECK(stands.at("accepted") == "2");
  CHECK(std::stoll(stands.at("items.1.seq")) == std::stoll(stands.at("items.0.seq")) + 1);
  CHECK(f.get("auditor", "/v1/vouchers/" + stands.at("items.0.id")).at("linked") == "true");
  CHECK(f.get("auditor", "/v1/vouchers/" + stands.at("items.1.id")).at("linked") == "(absent)");
}

TEST_CASE(
    "v1 groups: linked items are a group among others, and what cannot be read leaves nothing") {
  Fixture f;
  CHECK(told(f.batch(
            f.item("2101/b", "2101/a", 1) + "," + f.item("2101/a", "2101/b", 10, kLinked) + "," +
                f.item("2101/b", "1002", 11) + "," + f.item("2101/a", "2101/b", 20, kLinked) + "," +
                f.item("2101/b", "1002", 20),
            "one")) == "below_limit:2101/b group_failed:1 below_limit:2101/b accepted accepted");
  CHECK(f.balance("2101/a") == 80);
  f.hold_requests = false;
  const Unchanged unchanged(f);
  // An account that is not there, an amount that is none: their group is not planned.
  CHECK(told(f.batch(f.item("2101/a", "2101/b", 1) + "," + f.item("2101/none", "2101/b", 1), "two",
                     kAllOrNothing)) == "group_malformed:1 debit_account_not_found:2101/none");
  CHECK(told(f.batch(f.item("2101/a", "2101/b", 0) + "," + f.item("2101/a", "2101/b", 1), "three",
                     kAllOrNothing)) == "amount_not_positive group_malformed:0");
  CHECK(f.batch(f.item("2101/a", "2101/b", 1, kLinked), "four").told() == "400 malformed");
  CHECK(f.batch(f.item("2101/a", "2101/b", 1, kLinked) + "," + f.item("2101/a", "2101/b", 1),
                "five", kAllOrNothing)
            .told() == "400 malformed");
  CHECK(f.batch(f.item("2101/a", "2101/b", 1), "six", R"(,"mode":"maybe")").told() ==
        "400 malformed");
  CHECK(f.batch(R"({"kind":"steal","hold":"x"})", "seven").told() == "400 malformed");
  CHECK(f.batch(R"({"kind":"post","hold":"x","legs":[]})", "eight").told() == "400 malformed");
}

TEST_CASE("v1 groups: one with an id under way elsewhere says so, and is sent again as it is") {
  Fixture f;
  const std::string items = f.item("2101/a", "2101/b", 30, R"(,"id":"g1")") + "," +
                            f.item("2101/b", "1002", 30, R"(,"id":"g2")");
  const auto dry =
      f.send(f.request("upstream", "POST", "/v1/vouchers/dry-run", "{\"items\":[" + items + "]}"));
  const auto under_way = ClaimKey::from_hex(dry.at("items.1.id"));
  REQUIRE(under_way);
  // Has the id until it is let go, and leaves nothing.
  std::promise<void> go;
  Command busy;
  busy.key = *under_way;
  busy.content = {{"n", "1"}};
  busy.plan = [gate = go.get_future().share()](const View&, const Moment&) -> Planned<ChangeSet> {
    gate.wait();
    return refuse(RefusalCode::kValueInvalid);
  };
  REQUIRE(f.book->submit(std::vector<Command>{busy}, [](Book::Answers) {}));
  auto meanwhile =
      std::async(std::launch::async, [&] { return f.batch(items, "one", kAllOrNothing); });
  // Both items are in the queue when the group is told: it is let go then.
  for (int i = 0; i < 20'000 && f.book->statistics().queued < 2; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  // They are claimed a moment after they were counted, which nothing outside shows.
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  go.set_value();
  const auto busy_told = meanwhile.get();
  CHECK(told(busy_told) == "group_undecided:1 is under way group_undecided:1 is under way");
  CHECK(busy_told.at("items.0.number") == "13");
  CHECK(busy_told.at("items.0.title") == "同组条目正在处理，未入账，请重试");
  CHECK(f.balance("2101/a") == 100);
  CHECK(told(f.batch(items, "one", kAllOrNothing)) == "accepted accepted");
  CHECK(told(f.batch(items, "one", kAllOrNothing)) == "accepted(again) accepted(again)");
  CHECK(f.balance("2101/a") == 70);
}

TEST_CASE("v1 groups: holds are made, posted and voided in one group") {
  Fixture f;
  const auto made = f.batch(f.item("2101/a", "1002", 30, R"(,"kind":"hold","id":"h1")") + "," +
                                f.item("2101/a", "2101/b", 20, R"(,"kind":"hold","id":"h2")"),
                            "one", kAllOrNothing);
  REQUIRE(told(made) == "accepted accepted");
  const std::string one = made.at("items.0.id"), two = made.at("items.1.id");
  const auto post = [](const std::string& hold, const std::string& amounts) {
    return fmt::format(R"({{"kind":"post","hold":"{}","amounts":[{}]}})", hold, amounts);
  };
  const auto give_back = [](const std::string& hold) {
    return fmt::format(R"({{"kind":"void","hold":"{}"}})", hold);
  };
  CHECK(told(f.batch(post(one, "10") + "," + post(two, "21"), "two", kAllOrNothing)) ==
        "group_failed:1 hold_amount_exceeded:" + two);
  CHECK(told(f.batch(post(one, "10") + "," + post(one, "20") + "," + give_back(two) + "," +
                         f.item("2101/a", "2101/b", 70),
                     "three", kAllOrNothing)) == "accepted accepted accepted accepted");
  CHECK(f.balance("2101/a") == 0);
  CHECK(f.get("auditor", "/v1/holds/" + one).at("state") == "posted");
  CHECK(f.get("auditor", "/v1/holds/" + two).at("state") == "voided");
  const Unchanged unchanged(f);
  CHECK(told(f.batch(give_back(one), "four", "", "upstream2")) == "not_authorised:" + one);
  CHECK(told(f.batch(post("zzz", "1"), "five")) == "hold_not_found:zzz");
  CHECK(told(f.batch(post(one, "-1"), "six")) == "amount_not_positive");
}

TEST_CASE("v1 rules: a voucher says what it expects, and takes what is there") {
  Fixture f;
  const auto expecting = [&](const std::string& what, const std::string& key) {
    return f.post(
        "upstream", "/v1/vouchers",
        f.item("1002", "2101/b", 1, fmt::format(R"(,"expects":[{{"account":"2101/a",{}}}])", what)),
        key);
  };
  CHECK(expecting(R"("balance":100)", "e1").status == 201);
  CHECK(expecting(R"("version":1,"at_least":100,"at_most":100,"of":"posted")", "e2").status == 201);
  CHECK(expecting(R"("balance":99)", "e3").told() == "409 balance_not_expected");
  CHECK(expecting(R"("at_least":101)", "e4").told() == "409 balance_not_expected");
  CHECK(expecting(R"("at_most":99)", "e5").told() == "409 balance_not_expected");
  CHECK(expecting(R"("version":2)", "e6").told() == "409 version_not_expected");
  // The refusal is kept under its id, and the id under its content.
  CHECK(expecting(R"("version":2)", "e6").header("Suanpan-Replayed") == "true");
  const auto other = expecting(R"("version":3)", "e6");
  CHECK(other.told() == "409 id_reused_with_other_content");
  CHECK(other.at("detail") == "expects");

  const auto sweep = [&](const std::string& more, const std::string& key, const char* path) {
    return f.post("upstream", path,
                  fmt::format(R"({{"legs":[{{"debit":"2101/a","credit":"2101/b",{}}}]}})", more),
                  key);
  };
  const auto held = sweep(R"("up_to":"debit","amount":40)", "s1", "/v1/holds");
  CHECK(held.status == 201);
  CHECK(held.at("amounts.0") == "40");
  const auto swept = sweep(R"("up_to":"debit")", "s2", "/v1/vouchers");
  REQUIRE(swept.status == 201);
  CHECK(swept.at("amounts.0") == "60");
  CHECK(f.balance("2101/a") == 40);
  const auto again = sweep(R"("up_to":"debit")", "s2", "/v1/vouchers");
  CHECK(again.body == swept.body);
  CHECK(again.header("Suanpan-Replayed") == "true");
  const auto nothing = sweep(R"("up_to":"debit")", "s3", "/v1/vouchers");
  CHECK(nothing.told() == "422 nothing_to_sweep");
  CHECK(nothing.at("detail") == "2101/a");
  const auto got = f.get("auditor", "/v1/vouchers/" + swept.at("id"));
  CHECK(got.at("legs.0.amount") == "60");
  CHECK(got.at("legs.0.up_to") == "debit");
  const auto expected =
      f.get("auditor", "/v1/vouchers/" + expecting(R"("balance":100)", "e1").at("id"));
  CHECK(expected.at("expects.0.account") == "2101/a");
  CHECK(expected.at("expects.0.at_least") == "100");
  CHECK(expected.at("expects.0.of") == "available");
}

TEST_CASE("v1 rules: a post, a void and a reversal say what they expect, alone and in batches") {
  Fixture f;
  const auto held = f.batch(f.item("2101/a", "1002", 30, R"(,"kind":"hold","id":"h1")") + "," +
                                f.item("2101/a", "1002", 20, R"(,"kind":"hold","id":"h2")"),
                            "holds");
  REQUIRE(told(held) == "accepted accepted");
  const std::string one = held.at("items.0.id"), two = held.at("items.1.id");
  // 100 are posted, and 50 of it held.
  const auto expects = [](const std::string& what, const char* account = "2101/a") {
    return fmt::format(R"("expects":[{{"account":"{}",{}}}])", account, what);
  };
  const auto post = [&](const std::string& more, const std::string& key) {
    return f.post("upstream", "/v1/holds/" + one + "/post", R"({"amounts":[10],)" + more + "}",
                  key);
  };
  CHECK(post(expects(R"("balance":51)"), "p1").told() == "409 balance_not_expected");
  CHECK(post(expects(R"("version":2)"), "p2").told() == "409 version_not_expected");
  const std::string posted = expects(R"("at_least":100,"of":"posted","version":1)");
  CHECK(post(posted, "p3").status == 200);
  CHECK(post(posted, "p3").header("Suanpan-Replayed") == "true");
  // The refusal is kept under its id, and the id under what was expected.
  const auto again = post(expects(R"("balance":51)"), "p1");
  CHECK(again.told() == "409 balance_not_expected");
  CHECK(again.at("detail") == "2101/a");
  CHECK(again.header("Suanpan-Replayed") == "true");
  for (const std::string& other : {expects(R"("balance":50)"), std::string(R"("expects":[])")}) {
    const auto reply = post(other, "p1");
    CHECK(reply.told() == "409 id_reused_with_other_content");
    CHECK(reply.at("detail") == "expects");
  }
  const auto give_back = [&](const std::string& body, const std::string& key) {
    return f.post("upstream", "/v1/holds/" + two + "/void", body, key);
  };
  CHECK(give_back("{" + expects(R"("balance":49)") + "}", "v1").told() ==
        "409 balance_not_expected");
  CHECK(give_back("{" + expects(R"("balance":0)", "2101/b") + "}", "v2").status == 200);
  CHECK(give_back("", "v3").told() == "409 hold_already_voided");
  const std::string fund = f.post("upstream", "/v1/vouchers",
                                  R"({"legs":[)" + f.leg("1002", "2101/a", 100) + "]}", "fund")
                               .at("id");
  const auto reverse = [&](const std::string& what, const std::string& key) {
    return f.post("upstream", "/v1/reversals",
                  R"({"original":")" + fund + R"(","amounts":[5],)" + expects(what) + "}", key);
  };
  // 90 are posted, and 20 of it held.
  CHECK(reverse(R"("balance":69)", "r1").told() == "409 balance_not_expected");
  const auto red = reverse(R"("balance":70)", "r2");
  CHECK(red.status == 201);
  CHECK(reverse(R"("balance":71)", "r2").told() == "409 id_reused_with_other_content");
  // It is read again as it was asked for.
  const auto stored = f.get("auditor", "/v1/vouchers/" + red.at("id"));
  CHECK(stored.at("kind") == "reversal");
  CHECK(stored.at("expects.0.account") == "2101/a");
  CHECK(stored.at("expects.0.at_most") == "70");

  const auto item = [&](const char* kind, const std::string& id, const std::string& more) {
    return fmt::format(R"({{"kind":"{}","hold":"{}","id":"{}",{}}})", kind, one, id, more);
  };
  // 85 are posted, and 20 of it held; within the group what it did before is seen.
  const std::string items =
      item("post", "b1", R"("amounts":[5],)" + expects(R"("balance":65)")) + "," +
      item("void", "b2", expects(R"("balance":65)")) + "," +
      f.item("2101/a", "2101/b", 1, R"(,"id":"b3",)" + expects(R"("balance":80)")) + "," +
      item("void", "b4", expects(R"("at_least":81)"));
  const std::string before = f.snapshot();
  const auto dry = [&](const std::string& more) {
    return f.send(f.request("upstream", "POST", "/v1/vouchers/dry-run",
                            R"({"items":[)" + items + "]" + more + "}"));
  };
  const std::string fell =
      "group_failed:3 group_failed:3 group_failed:3 balance_not_expected:2101/a";
  CHECK(told(dry(kAllOrNothing)) == fell);
  CHECK(told(dry("")) == "accepted accepted accepted balance_not_expected:2101/a");
  CHECK(f.snapshot() == before);
  CHECK(told(f.batch(items, "b", kAllOrNothing)) == fell);
  CHECK(told(f.batch(item("post", "c1", R"("amounts":[5],)" + expects(R"("balance":65)")) + "," +
                         item("void", "c2", expects(R"("balance":66)")) + "," +
                         item("void", "c3", expects(R"("balance":65)")),
                     "c")) == "accepted balance_not_expected:2101/a accepted");
  CHECK(f.balance("2101/a") == 80);
}

TEST_CASE("v1 rules: a post, a void and a reversal with bad ones leave nothing") {
  Fixture f;
  f.hold_requests = false;
  const auto held =
      f.post("upstream", "/v1/holds", R"({"legs":[)" + f.leg("2101/a", "1002", 30) + "]}", "hold");
  REQUIRE(held.status == 201);
  const std::string hold = held.at("id");
  struct Row {
    std::string expects;
    const char* told;
  };
  const std::vector<Row> rows{
      {R"([{"account":"2101/a"}])", "400 malformed"},
      {R"([{"account":"2101/a","version":0}])", "400 malformed"},
      {R"([{"account":"2101/a","balance":1,"about":2}])", "400 malformed"},
      {R"([{"balance":1}])", "400 malformed"},
      {R"({})", "400 malformed"},
      {R"([{"account":"9999","balance":1}])", "404 expected_account_not_found"},
      {R"([{"account":4000000,"balance":1}])", "404 expected_account_not_found"},
  };
  const std::string of_hold = "/v1/holds/" + hold;
  const std::vector<std::pair<std::string, std::string>> commands{
      {of_hold + "/post", "{"},
      {of_hold + "/void", "{"},
      {"/v1/reversals", R"({"original":")" + hold + R"(",)"}};
  for (const Row& row : rows)
    for (const auto& [path, begin] : commands) {
      INFO(path << " " << row.expects);
      const Unchanged unchanged(f);
      CHECK(f.post("upstream", path, begin + R"("expects":)" + row.expects + "}", "bad").told() ==
            row.told);
    }
  // Bounds that exclude each other, of what could be done but for them.
  const Unchanged unchanged(f);
  const std::string never = R"({"expects":[{"account":"2101/a","at_least":2,"at_most":1}]})";
  for (const char* what : {"/post", "/void"})
    CHECK(f.post("upstream", of_hold + what, never, "bad").told() == "400 value_invalid");
}

TEST_CASE("v1 rules: bad ones are refused with a clear error and change nothing") {
  Fixture f;
  f.hold_requests = false;
  struct Row {
    const char* what;
    std::string more;  ///< of the voucher
    std::string leg;   ///< besides the accounts
    const char* told;
  };
  const auto expects = [](const std::string& what) {
    return R"(,"expects":[{"account":"2101/a")" + what + "}]";
  };
  const std::string fixed = R"("amount":1)";
  const std::vector<Row> rows{
      {"an expectation of nothing", expects(""), fixed, "400 malformed"},
      {"a version that is none", expects(R"(,"version":0)"), fixed, "400 malformed"},
      {"a version in words", expects(R"(,"version":"one")"), fixed, "400 malformed"},
      {"a balance and a bound", expects(R"(,"balance":1,"at_most":2)"), fixed, "400 malformed"},
      {"bounds that exclude each other", expects(R"(,"at_least":2,"at_most":1)"), fixed,
       "400 value_invalid"},
      {"a balance of nothing known", expects(R"(,"balance":1,"of":"booked")"), fixed,
       "400 malformed"},
      {"which balance, and none expected", expects(R"(,"version":1,"of":"posted")"), fixed,
       "400 malformed"},
      {"a fraction", expects(R"(,"balance":1.5)"), fixed, "400 malformed"},
      {"an unknown member", expects(R"(,"balance":1,"about":2)"), fixed, "400 malformed"},
      {"no array", R"(,"expects":{})", fixed, "400 malformed"},
      {"no account", R"(,"expects":[{"balance":1}])", fixed, "400 malformed"},
      {"an account that is not there", R"(,"expects":[{"account":"9999","balance":1}])", fixed,
       "404 expected_account_not_found"},
      {"up to nobody's balance", "", R"("up_to":"all")", "400 malformed"},
      {"up to nothing", "", R"("up_to":"debit","amount":0)", "400 amount_not_positive"},
      {"up to less than nothing", "", R"("up_to":"debit","amount":-1)", "400 amount_not_positive"},
      {"up to too much", "", R"("up_to":"debit","amount":1000000000000001)",
       "400 amount_too_large"},
      {"neither an amount nor up to", "", R"("amount":null)", "400 malformed"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const Unchanged unchanged(f);
    const auto reply = f.post(
        "upstream", "/v1/vouchers",
        fmt::format(R"({{"legs":[{{"debit":"1002","credit":"2101/b",{}}}]{}}})", row.leg, row.more),
        "bad");
    CHECK(reply.told() == row.told);
  }
  // The key is still free.
  CHECK(f.post("upstream", "/v1/vouchers", f.item("1002", "2101/b", 1), "bad").status == 201);
}

TEST_CASE("v1 dry run: it is told what posting is told, and nothing happened") {
  Fixture f;
  const std::string body = fmt::format(
      R"({{"items":[{},{},{},{},{}]}})", f.item("2101/a", "2101/b", 100, R"(,"id":"d1")"),
      f.item("2101/a", "2101/b", 1, R"(,"id":"d2")"),
      f.item("2101/b", "1002", 50, R"(,"id":"d3","linked":true)"),
      f.item("2101/b", "1002", 51, R"(,"id":"d4")"),
      R"({"id":"d5","legs":[{"debit":"2101/b","credit":"1002","up_to":"debit"}]})");
  const std::string before = f.snapshot();
  const auto dry = f.send(f.request("upstream", "POST", "/v1/vouchers/dry-run", body));
  const std::string expected =
      "accepted below_limit:2101/a group_failed:1 below_limit:2101/b accepted";
  CHECK(told(dry) == expected);
  CHECK(f.snapshot() == before);
  CHECK(before.starts_with("seq " + dry.at("as_of_seq") + "\n"));
  const auto wet = f.post("upstream", "/v1/vouchers/batch", body, "real");
  CHECK(told(wet) == expected);
  for (const char* path : {"items.0.seq", "items.0.voucher_no", "items.0.id", "items.4.seq",
                           "items.4.amounts.0", "items.4.voucher_no", "items.3.title"}) {
    INFO(path);
    CHECK(dry.at(path) == wet.at(path));
  }
  // What is done is a replay, for the dry run too.
  CHECK(told(f.send(f.request("upstream", "POST", "/v1/vouchers/dry-run", body))) ==
        "accepted(again) below_limit:2101/a(again) group_failed:1(again) below_limit:2101/b(again) "
        "accepted(again)");
  CHECK(f.send(f.request("auditor", "POST", "/v1/vouchers/dry-run", body)).told() ==
        "403 forbidden");
  f.hold_requests = false;
  std::string many;
  for (int i = 0; i < 8192; ++i)
    many += (i == 0 ? "" : ",") + f.item("1002", "2101/b", 1, fmt::format(R"(,"id":"many{}")", i));
  const auto all =
      f.send(f.request("upstream", "POST", "/v1/vouchers/dry-run", "{\"items\":[" + many + "]}"));
  CHECK(all.at("accepted") == "8192");
  CHECK(all.at("items.8191.voucher_no") ==
        std::to_string(std::stoi(all.at("items.0.voucher_no")) + 8191));
  CHECK(f.send(f.request("upstream", "POST", "/v1/vouchers/dry-run",
                         "{\"items\":[" + many + "," + f.item("1002", "2101/b", 1) + "]}"))
            .told() == "413 too_large");
  CHECK(f.send(f.request("upstream", "POST", "/v1/vouchers/dry-run", R"({"items":[]})")).told() ==
        "400 malformed");
  CHECK(told(f.send(
            f.request("upstream", "POST", "/v1/vouchers/dry-run",
                      fmt::format(R"({{"items":[{}]}})", f.item("2101/none", "2101/b", 1))))) ==
        "debit_account_not_found:2101/none");
}

TEST_CASE("v1 terms: the history of limits, freezes and closings is read page by page") {
  Fixture f;
  const auto patch = [&](const std::string& body, const std::string& key) {
    f.business.advance_seconds(60);
    const auto reply = f.send(f.request("checker", "PATCH", "/v1/accounts/2101/b", body, key));
    INFO(reply.body);
    REQUIRE(reply.status == 200);
  };
  // What loosens is the act of two: its history names the approval.
  const auto loosen = [&](const std::string& members, const std::string& key) {
    f.business.advance_seconds(60);
    const auto asked =
        f.post("operator", "/v1/account-terms", R"({"code":"2101/b",)" + members + "}", key);
    INFO(asked.body);
    REQUIRE(asked.status == 201);
    const auto approved =
        f.post("checker", "/v1/authority-requests/" + asked.at("id") + "/approve", "{}", key);
    INFO(approved.body);
    REQUIRE(approved.status == 200);
  };
  const auto history = [&](const std::string& more = "") {
    return f.get("auditor", "/v1/account-terms?account=2101/b" + more);
  };
  CHECK(history().size("changes") == 0);
  CHECK(history().at("version") == "1");
  loosen(R"("limit":"credit_line","credit_line":500)", "t1");
  patch(R"({"frozen_in":true})", "t2");
  loosen(R"("frozen_in":false,"frozen_out":true)", "t3");
  loosen(R"("frozen_out":false,"closed":true)", "t4");
  loosen(R"("closed":false)", "t5");
  const auto all = history();
  REQUIRE(all.size("changes") == 5);
  CHECK(all.at("version") == "6");
  CHECK(all.at("next_after") == "null");
  CHECK(all.at("changes.0.version") == "2");
  CHECK(all.at("changes.0.before.limit") == "not_below_zero");
  CHECK(all.at("changes.0.after.limit") == "credit_line");
  CHECK(all.at("changes.0.after.credit_line") == "500");
  CHECK(all.at("changes.0.timestamp") == "2026-03-04T09:01:00+08:00");
  CHECK(all.at("changes.1.after.frozen_in") == "true");
  CHECK(all.at("changes.2.before.frozen_in") == "true");
  CHECK(all.at("changes.2.after.frozen_out") == "true");
  CHECK(all.at("changes.3.after.closed") == "true");
  CHECK(all.at("changes.4.before.closed") == "true");
  CHECK(all.at("changes.4.after.closed") == "false");
  const auto page = history("&limit=2");
  CHECK(page.size("changes") == 2);
  CHECK(page.at("next_after") == "3");
  const auto rest = history("&after=3&limit=3");
  CHECK(rest.size("changes") == 3);
  CHECK(rest.at("changes.0.version") == "4");
  CHECK(rest.at("next_after") == "null");
  CHECK(history("&after=6").size("changes") == 0);
  CHECK(history("&limit=0").told() == "400 malformed");
  CHECK(f.get("auditor", "/v1/account-terms?account=9999").told() == "404 account_not_found");
  CHECK(f.get("auditor", "/v1/account-terms").told() == "400 malformed");
}

TEST_CASE("v1 terms: who outside ordered a freeze, and by which paper, stands in the history") {
  Fixture f;
  const auto patch = [&](const std::string& members, const std::string& key) {
    return f.send(f.request("checker", "PATCH", "/v1/accounts/2101/b", "{" + members + "}", key));
  };
  const std::string court = R"("ordered_by":"朝阳区人民法院","order_no":"(2026)京0105执保7号")";
  REQUIRE(patch(R"("frozen_out":true,)" + court, "t1").status == 200);
  // Another paper under the same key is another command.
  CHECK(patch(R"("frozen_out":true,"ordered_by":"朝阳区人民法院","order_no":"8号")", "t1").told() ==
        "409 id_reused_with_other_content");
  CHECK(patch(R"("frozen_out":true)", "t1").told() == "409 id_reused_with_other_content");
  CHECK(patch(R"("frozen_out":true,)" + court, "t1").header("Suanpan-Replayed") == "true");
  REQUIRE(patch(R"("frozen_in":true)", "t2").status == 200);

  const auto asked = f.post(
      "operator", "/v1/account-terms",
      R"({"code":"2101/b","frozen_out":false,"ordered_by":"住建委","order_no":"解冻3号"})", "t3");
  REQUIRE(asked.status == 201);
  const auto shown = f.get("checker", "/v1/authority-requests/" + asked.at("id"));
  CHECK(shown.at("terms.ordered_by") == "住建委");
  CHECK(shown.at("terms.order_no") == "解冻3号");
  REQUIRE(f.post("checker", "/v1/authority-requests/" + asked.at("id") + "/approve", "{}", "t4")
              .status == 200);

  const auto all = f.get("auditor", "/v1/account-terms?account=2101/b");
  REQUIRE(all.size("changes") == 3);
  CHECK(all.at("changes.0.ordered_by") == "朝阳区人民法院");
  CHECK(all.at("changes.0.order_no") == "(2026)京0105执保7号");
  CHECK(all.at("changes.1.ordered_by") == "(absent)");
  CHECK(all.at("changes.2.after.frozen_out") == "false");
  CHECK(all.at("changes.2.ordered_by") == "住建委");
  CHECK(all.at("changes.2.order_no") == "解冻3号");
  // Whose account it is learns of the freeze, and not whose order it is.
  const auto seen = f.get("upstream", "/v1/account-terms?account=2101/b");
  REQUIRE(seen.size("changes") == 3);
  CHECK(seen.at("changes.0.after.frozen_out") == "true");
  CHECK(seen.body.find("order") == std::string::npos);

  for (const auto& wrong :
       {std::string(R"("ordered_by":"法院")"), std::string(R"("order_no":"7号")"),
        std::string(R"("ordered_by":"","order_no":"7号")"),
        R"("ordered_by":"法院","order_no":")" + std::string(65, '7') + '"',
        R"("order_no":"7号","ordered_by":")" + std::string(129, 'a') + '"',
        std::string(R"("ordered_by":"a\nb","order_no":"7号")")}) {
    INFO(wrong);
    CHECK(patch(R"("frozen_out":true,)" + wrong, "bad").told() == "400 malformed");
    CHECK(f.post("operator", "/v1/account-terms",
                 R"({"code":"2101/b","frozen_in":false,)" + wrong + "}", "bad2")
              .told() == "400 malformed");
  }
  CHECK(f.get("auditor", "/v1/account-terms?account=2101/b").size("changes") == 3);
}
