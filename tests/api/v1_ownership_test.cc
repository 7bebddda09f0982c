// Every route of the native API that an upstream may call, with what belongs to somebody else: the
// refusal is named, and nothing has changed.
#include <catch2/catch.hpp>
#include <cstring>
#include <set>

#include "tests/api/platform_world.h"

using namespace suanpan;
using suanpan::test::ApiReply;
using suanpan::test::PlatformWorld;
using suanpan::test::Unchanged;

namespace {

const std::string kOtherBank = "6228000000000002", kNoBank = "6228000000000009";

/// "tenant" has the accounts from 3001/A1 on and the merchant M2; all else is of others.
struct World : PlatformWorld {
  std::string voucher, hold, order, webhook, number, foreign_id, own_id, own_voucher, own_hold;

  World() {
    open_unlimited("3001/A1");
    open_unlimited("3001/A1/B3");
    open_unlimited("3001/A10");
    open("9001", "asset");
    REQUIRE(book->run(open_account(channels::bank_account(kOtherBank, "另一监管户"))).accepted());
    add_key("tenant", {api::Role::kUpstream}, {{"3001/A1"}, {"M2"}});
    add_key("nobody", {api::Role::kUpstream}, {});
    add_key("maker-up", {api::Role::kUpstream, api::Role::kMaker}, {{"3001/A1"}, {"M2"}});
    add_key("auditor-up", {api::Role::kUpstream, api::Role::kAuditor}, {{"3001/A1"}, {"M2"}});
    voucher = made(post("upstream", "/v1/vouchers", legs("9001", "3001/A10"), "v"), "id");
    hold = made(post("upstream", "/v1/holds", legs("9001", "3001/A10"), "h"), "hold");
    order = made(place("O1"), "order_id");
    webhook =
        made(post("upstream", "/v1/webhooks", R"({"url":"https://a.example.cn/x"})", "w"), "id");
    number = made(
        post("upstream", "/v1/sub-accounts", R"({"kind":"household","account":"3001/A10"})", "s"),
        "number");
    foreign_id = get("auditor", "/v1/accounts/3001/A10").at("id");
    own_id = get("auditor", "/v1/accounts/3001/A1").at("id");
  }
  /// A voucher and a hold of the tenant's own.
  void book_own() {
    const std::string own = legs("3001/A1", "3001/A1/B3");
    own_voucher = made(post("tenant", "/v1/vouchers", own, "own-v"), "id");
    own_hold = made(post("tenant", "/v1/holds", own, "own-h"), "hold");
  }
  static std::string made(const ApiReply& reply, const char* what) {
    INFO(reply.body);
    REQUIRE(reply.status == 201);
    return reply.at(what);
  }
  static std::string legs(const std::string& debit, const std::string& credit,
                          const std::string& more = "") {
    const auto name = [](const std::string& of) {
      return std::isalpha(of[0]) || of.find('/') != std::string::npos || of.size() == 4
                 ? "\"" + of + "\""
                 : of;
    };
    return fmt::format(R"({{"legs":[{{"debit":{},"credit":{},"amount":100}}]{}}})", name(debit),
                       name(credit), more);
  }
  /// A leg up to the balance of one side or both, at most 100.
  static std::string sweep(const std::string& debit, const std::string& credit,
                           const std::string& of) {
    return fmt::format(R"({{"legs":[{{"debit":"{}","credit":"{}","amount":100,"up_to":"{}"}}]}})",
                       debit, credit, of);
  }
  std::string record(const std::string& debit, const std::string& credit) const {
    std::string bytes(128, '\0');
    const auto put = [&](std::size_t at, auto value) {
      std::memcpy(&bytes[at], &value, sizeof value);
    };
    bytes[0] = 1;
    put(16, static_cast<std::uint32_t>(std::stoul(debit)));
    put(20, static_cast<std::uint32_t>(std::stoul(credit)));
    put(24, std::int64_t{100});
    return bytes;
  }
  /// The refusal's number in the first answer; 0: accepted.
  int post_record(const std::string& who, const std::string& debit, const std::string& credit,
                  const std::string& key) {
    HttpRequest r = request(who, "POST", "/v1/vouchers/records", record(debit, credit), key);
    r.headers.set("Content-Type", "application/vnd.suanpan.transfers.v1");
    const ApiReply reply = send(r);
    REQUIRE(reply.status == 200);
    REQUIRE(reply.body.size() == 32);
    std::uint16_t refusal = 0;
    std::memcpy(&refusal, reply.body.data() + 24, 2);
    return refusal;
  }
  std::string order_of(const std::string& mch_no) const {
    return fmt::format(R"({{"mch_no":"{}","mch_order_no":"T1","amount":100}})", mch_no);
  }
};

struct Row {
  std::string method, pattern, target, body;
  std::string told = "403 not_authorised";
};

const std::string kForeign = "3001/A10", kNone = "3001/none";

std::vector<Row> rows_of(const World& w) {
  const std::string own = "3001/A1";
  std::vector<Row> rows{
      {"POST", "/v1/reversals", "/v1/reversals", R"({"original":")" + w.voucher + "\"}"},
      {"GET", "/v1/vouchers/{id}", "/v1/vouchers/" + w.voucher, ""},
      {"GET", "/v1/holds/{id}", "/v1/holds/" + w.hold, ""},
      {"POST", "/v1/holds/{id}/post", "/v1/holds/" + w.hold + "/post", "{}"},
      {"POST", "/v1/holds/{id}/void", "/v1/holds/" + w.hold + "/void", "{}"},
      {"POST", "/v1/orders", "/v1/orders", w.order_of("M1")},
      {"POST", "/v1/orders", "/v1/orders", w.order_of("M404")},
      {"GET", "/v1/orders", "/v1/orders?mch_no=M1&mch_order_no=O1", "", "404 order_not_found"},
      {"GET", "/v1/orders/{id}", "/v1/orders/" + w.order, "", "404 order_not_found"},
      {"POST", "/v1/orders/{id}/close", "/v1/orders/" + w.order + "/close", "{}",
       "404 order_not_found"},
      {"GET", "/v1/sub-accounts/{number}", "/v1/sub-accounts/" + w.number, "",
       "404 document_not_found"},
      {"POST", "/v1/webhooks/{id}/disable", "/v1/webhooks/" + w.webhook + "/disable", "{}"},
      {"POST", "/v1/webhooks/{id}/replay", "/v1/webhooks/" + w.webhook + "/replay",
       R"({"after":0})"},
      {"GET", "/v1/webhooks/{id}/dead-letters", "/v1/webhooks/" + w.webhook + "/dead-letters", ""},
      // By number, on either side.
      {"POST", "/v1/vouchers", "/v1/vouchers", World::legs(w.own_id, w.foreign_id)},
      {"POST", "/v1/vouchers", "/v1/vouchers", World::legs(w.foreign_id, w.own_id)},
      {"POST", "/v1/vouchers", "/v1/vouchers", World::legs(w.own_id, "4000000")},
  };
  for (const std::string& code : {kForeign, kNone}) {
    const std::string expects = R"(,"expects":[{"account":")" + code + R"(","at_most":5}])";
    const std::vector<Row> named{
        {"POST", "/v1/accounts", "/v1/accounts",
         R"({"code":")" + code + R"(","name":"x","type":"liability"})"},
        {"GET", "/v1/accounts/{code...}", "/v1/accounts/" + code, ""},
        {"GET", "/v1/balances", "/v1/balances?account=" + code, ""},
        {"GET", "/v1/balances", "/v1/balances?date=2026-03-04&account=" + code, ""},
        {"GET", "/v1/statements", "/v1/statements?account=" + code, ""},
        {"GET", "/v1/account-terms", "/v1/account-terms?account=" + code, ""},
        {"GET", "/v1/books/{book}/vouchers", "/v1/books/main/vouchers?account=" + code, ""},
        {"GET", "/v1/books/{book}/transfers", "/v1/books/main/transfers?debit=" + code, ""},
        {"GET", "/v1/books/{book}/entries", "/v1/books/main/entries?credit=" + code, ""},
        {"POST", "/v1/vouchers", "/v1/vouchers", World::legs(own, code)},
        {"POST", "/v1/vouchers", "/v1/vouchers", World::legs(code, own)},
        {"POST", "/v1/vouchers", "/v1/vouchers", World::legs(own, "3001/A1/B3", expects)},
        {"POST", "/v1/holds", "/v1/holds", World::legs(own, code)},
        {"POST", "/v1/holds/{id}/post", "/v1/holds/" + w.own_hold + "/post",
         "{" + expects.substr(1) + "}"},
        {"POST", "/v1/holds/{id}/void", "/v1/holds/" + w.own_hold + "/void",
         "{" + expects.substr(1) + "}"},
        {"POST", "/v1/reversals", "/v1/reversals",
         R"({"original":")" + w.own_voucher + "\"" + expects + "}"},
        {"POST", "/v1/sub-accounts", "/v1/sub-accounts",
         R"({"kind":"household","account":")" + code + "\"}"},
    };
    rows.insert(rows.end(), named.begin(), named.end());
    // Up to a balance: neither another's is swept nor one's own into it, on whichever side.
    for (const char* of : {"debit", "credit", "both"})
      for (const std::string& swept : {World::sweep(code, own, of), World::sweep(own, code, of)}) {
        for (const char* path : {"/v1/vouchers", "/v1/holds"})
          rows.push_back({"POST", path, path, swept});
        for (const char* path : {"/v1/vouchers/batch", "/v1/vouchers/dry-run"})
          rows.push_back(
              {"POST", path, path, R"({"items":[)" + swept + "]}", "200 not_authorised"});
      }
    const auto of_hold = [&](const char* kind) {
      return fmt::format(R"({{"kind":"{}","hold":"{}"{}}})", kind, w.own_hold, expects);
    };
    for (const char* path : {"/v1/vouchers/batch", "/v1/vouchers/dry-run"})
      for (const std::string& item :
           {World::legs(own, code), World::legs(own, "3001/A1/B3", expects), of_hold("post"),
            of_hold("void")})
        rows.push_back({"POST", path, path, R"({"items":[)" + item + "]}", "200 not_authorised"});
  }
  // One's own account, and the bank account of somebody else, there or not.
  for (const std::string& bank : {kOtherBank, kNoBank})
    for (const char* kind : {"household", "contract"})
      rows.push_back(
          {"POST", "/v1/sub-accounts", "/v1/sub-accounts",
           fmt::format(R"({{"kind":"{}","account":"{}","bank_account":"{}"}})", kind, own, bank)});
  for (const char* path : {"/v1/vouchers/batch", "/v1/vouchers/dry-run"})
    for (const char* kind : {"post", "void"})
      rows.push_back({"POST", path, path,
                      fmt::format(R"({{"items":[{{"kind":"{}","hold":"{}"}}]}})", kind, w.hold),
                      "200 not_authorised"});
  return rows;
}

/// What names nothing of anybody's, or is held in a test of its own below.
const std::set<std::string> kNamesNothing{
    "GET /v1/books",         "GET /v1/chart",    "GET /v1/accounts",  "GET /v1/events",
    "GET /v1/events/stream", "GET /v1/webhooks", "POST /v1/webhooks", "POST /v1/vouchers/records"};

std::string told(const ApiReply& reply) {
  if (reply.status != 200) return reply.told();
  return "200 " + reply.at("items.0.refusal");
}

}  // namespace

TEST_CASE("v1 ownership: on every route that lets an upstream in, what is another's is refused") {
  World w;
  w.book_own();
  std::set<std::string> walked;
  int count = 0;
  for (const Row& row : rows_of(w)) {
    INFO(row.method << " " << row.target << " " << row.body);
    const auto match = w.router.match(row.method, row.target.substr(0, row.target.find('?')));
    REQUIRE(match.route);
    REQUIRE(match.route->pattern == row.pattern);
    walked.insert(row.method + " " + row.pattern);
    const Unchanged unchanged(w);
    for (const char* who : {"tenant", "nobody"}) {
      const ApiReply reply =
          w.send(w.request(who, row.method, row.target, row.body,
                           row.method == "GET" ? "" : fmt::format("k{}", ++count)));
      INFO(who << ": " << reply.status << " " << reply.body);
      CHECK(told(reply) == row.told);
    }
  }
  for (const api::Route& route : w.router.routes()) {
    if (route.access != api::Access::kSigned || !route.allowed.has(api::Role::kUpstream)) continue;
    const std::string name = route.method + " " + route.pattern;
    INFO("a route that lets an upstream in has no row here: " << name);
    CHECK(walked.count(name) + kNamesNothing.count(name) == 1);
  }
}

TEST_CASE("v1 ownership: a linked group with one item of another's leaves nothing at all") {
  World w;
  const std::string own = World::legs("3001/A1", "3001/A1/B3");
  const auto linked = [](std::string item) { return item.insert(1, R"("linked":true,)"); };
  const auto held = [&](const char* kind) {
    return fmt::format(R"({{"kind":"{}","hold":"{}"}})", kind, w.hold);
  };
  const std::vector<std::string> foreign{
      World::legs("3001/A1", kForeign),
      World::legs(kNone, "3001/A1"),
      World::sweep(kForeign, "3001/A1", "debit"),
      World::legs("3001/A1", "3001/A1/B3", R"(,"expects":[{"account":"9001","at_least":0}])"),
      World::legs("3001/A1", kForeign, R"(,"kind":"hold")"),
      held("post"),
      held("void")};
  int count = 0;
  const auto told_of = [&](const std::string& path, const std::string& body) {
    const auto reply = w.post("tenant", path, body, fmt::format("g{}", ++count));
    INFO(reply.body);
    REQUIRE(reply.status == 200);
    std::string all;
    for (std::size_t i = 0; i < reply.size("items"); ++i)
      all += reply.at(fmt::format("items.{}.refusal", i)) + " ";
    return all;
  };
  const Unchanged unchanged(w);
  for (const std::string path : {"/v1/vouchers/batch", "/v1/vouchers/dry-run"})
    for (const std::string& item : foreign) {
      INFO(path << " " << item);
      CHECK(told_of(path, R"({"items":[)" + linked(own) + "," + item + "]}") ==
            "group_malformed not_authorised ");
      CHECK(told_of(path, R"({"items":[)" + linked(item) + "," + own + "]}") ==
            "not_authorised group_malformed ");
      CHECK(told_of(path, R"({"mode":"all_or_nothing","items":[)" + own + "," + item + "," + own +
                              "]}") == "group_malformed not_authorised group_malformed ");
    }
}

TEST_CASE("v1 ownership: beside a group that names another's, the rest of a batch stands") {
  World w;
  const std::string own = World::legs("3001/A1", "3001/A1/B3");
  const std::string linked = std::string(own).insert(1, R"("linked":true,)");
  const auto reply = w.post("tenant", "/v1/vouchers/batch",
                            R"({"items":[)" + linked + "," + World::legs("3001/A1", kForeign) +
                                "," + own + "," + linked + "," + own + "]}",
                            "b");
  CHECK(reply.at("accepted") == "3");
  CHECK(reply.at("items.0.refusal") == "group_malformed");
  CHECK(reply.at("items.1.refusal") == "not_authorised");
  CHECK(w.balance("3001/A1/B3") == 300);
  CHECK(w.balance(kForeign) == 100);  // as it was
}

TEST_CASE("v1 ownership: numbers are given out under the house's own bank account and one's own") {
  World w;
  const auto ask = [&](const std::string& who, const std::string& account,
                       const std::string& bank) {
    return w
        .post(who, "/v1/sub-accounts",
              fmt::format(R"({{"kind":"household","account":"{}","bank_account":"{}"}})", account,
                          bank),
              who + account + bank)
        .told();
  };
  CHECK(ask("tenant", "3001/A1", test::kBank) == "201 (absent)");
  CHECK(ask("upstream", "3001/A10", kOtherBank) == "201 (absent)");
  CHECK(ask("upstream", "3001/A10", kNoBank) == "404 account_not_found");
  w.add_key("banked", {api::Role::kUpstream},
            {{"3001/A1", channels::chart::bank_deposit(kOtherBank)}, {}});
  CHECK(ask("banked", "3001/A1/B3", kOtherBank) == "201 (absent)");
  CHECK(ask("banked", "3001/A1/B3", kNoBank) == "403 not_authorised");
}

TEST_CASE(
    "v1 ownership: a record names accounts by number, and another's is refused in its place") {
  World w;
  const std::string below = w.get("auditor", "/v1/accounts/3001/A1/B3").at("id");
  {
    const Unchanged unchanged(w);
    // Twice each: the second time the number is known.
    for (int i = 0; i < 2; ++i) {
      CHECK(w.post_record("tenant", w.own_id, w.foreign_id, "a") == 30);
      CHECK(w.post_record("tenant", w.foreign_id, w.own_id, "b") == 30);
      CHECK(w.post_record("tenant", w.own_id, "4000000", "c") == 30);
      CHECK(w.post_record("nobody", w.own_id, below, "d") == 30);
      // What is malformed is said first, as everywhere: equal accounts, then no account.
      CHECK(w.post_record("tenant", w.foreign_id, w.foreign_id, "e") == 5);
    }
    // Who reaches the whole book hears that there is no such account.
    CHECK(w.post_record("upstream", w.own_id, "4000000", "f") == 201);
  }
  CHECK(w.post_record("tenant", w.own_id, below, "g") == 0);
  CHECK(w.balance("3001/A1/B3") == 100);
  // An account opened later is looked at, too.
  REQUIRE(w.post("tenant", "/v1/accounts", R"({"code":"3001/A1/B4","name":"x","type":"liability"})",
                 "o")
              .status == 201);
  w.open_unlimited("3001/A11");
  const std::string later = w.get("auditor", "/v1/accounts/3001/A1/B4").at("id");
  const std::string beside = w.get("auditor", "/v1/accounts/3001/A11").at("id");
  CHECK(w.post_record("tenant", w.own_id, beside, "h") == 30);
  HttpRequest other = w.request("tenant", "POST", "/v1/vouchers/records",
                                w.record(w.own_id, later).replace(0, 1, "\2"), "i");
  other.headers.set("Content-Type", "application/vnd.suanpan.transfers.v1");
  REQUIRE(w.send(other).status == 200);
  CHECK(w.balance("3001/A1/B4") == 100);
}

TEST_CASE("v1 ownership: within its scope an upstream does everything it did") {
  World w;
  const auto posted = w.post("tenant", "/v1/vouchers", World::legs("3001/A1", "3001/A1/B3"), "v1");
  REQUIRE(posted.status == 201);
  CHECK(w.get("tenant", "/v1/vouchers/" + posted.at("id")).status == 200);
  CHECK(w.get("tenant", "/v1/balances?account=3001/A1/B3").at("posted") == "100");
  CHECK(w.get("tenant", "/v1/statements?account=3001/A1/B3").size("entries") == 1);
  CHECK(w.get("tenant", "/v1/books/main/entries?account=3001/A1").size("entries") == 1);
  CHECK(w.get("tenant", "/v1/accounts/3001/A1").status == 200);
  CHECK(w.get("tenant", "/v1/accounts/3001/A1/none").told() == "404 account_not_found");
  const auto listed = w.get("tenant", "/v1/accounts?limit=2");
  REQUIRE(listed.size("accounts") == 2);
  CHECK(listed.at("accounts.0.code") == "3001/A1");
  CHECK(listed.at("accounts.1.code") == "3001/A1/B3");
  CHECK(listed.at("next_after") == "null");
  CHECK(w.get("nobody", "/v1/accounts").size("accounts") == 0);
  CHECK(
      w.post("tenant", "/v1/reversals", R"({"original":")" + posted.at("id") + "\"}", "r").status ==
      201);
  const auto held = w.post("tenant", "/v1/holds", World::legs("3001/A1", "3001/A1/B3"), "h");
  REQUIRE(held.status == 201);
  CHECK(w.post("tenant", "/v1/holds/" + held.at("hold") + "/post", "{}", "p").status == 200);
  const auto number =
      w.post("tenant", "/v1/sub-accounts", R"({"kind":"household","account":"3001/A1/B3"})", "n");
  REQUIRE(number.status == 201);
  CHECK(w.get("tenant", "/v1/sub-accounts/" + number.at("number")).at("account") == "3001/A1/B3");

  const auto order = w.post("tenant", "/v1/orders", w.order_of("M2"), "o");
  REQUIRE(order.status == 201);
  CHECK(w.get("tenant", "/v1/orders?mch_no=M2&mch_order_no=T1").at("order_id") ==
        order.at("order_id"));
  CHECK(w.get("tenant", "/v1/orders?mch_no=M1&mch_order_no=O1").told() == "404 order_not_found");
}

TEST_CASE("v1 ownership: how many accounts there are is told to who may see them all") {
  World w;
  const auto count = w.get("auditor", "/v1/books").at("books.0.accounts");
  CHECK(std::stoi(count) > 10);
  CHECK(w.get("upstream", "/v1/books").at("books.0.accounts") == count);
  CHECK(w.get("auditor-up", "/v1/books").at("books.0.accounts") == count);
  for (const char* who : {"tenant", "nobody"}) {
    const auto books = w.get(who, "/v1/books");
    CHECK(books.status == 200);
    CHECK(books.at("books.0.accounts") == "(absent)");
    CHECK(books.at("books.0.accounting_date") == "2026-03-04");
  }
}

TEST_CASE("v1 ownership: a statement masks the other side of what others booked on one's account") {
  World w;
  REQUIRE(w.post("maker", "/v1/vouchers", World::legs("9001", "3001/A1/B3"), "1").status == 201);
  REQUIRE(w.post("tenant", "/v1/vouchers", World::legs("3001/A1/B3", "3001/A1"), "2").status ==
          201);
  REQUIRE(w.post("maker", "/v1/vouchers", World::legs("3001/A10", "3001/A1/B3"), "3").status ==
          201);
  const auto sides = [&](const std::string& who) {
    std::string all;
    const auto statement = w.get(who, "/v1/statements?account=3001/A1/B3");
    REQUIRE(statement.size("entries") == 3);
    for (int i = 0; i < 3; ++i)
      all += statement.at(fmt::format("entries.{}.counter_account", i)) + " " +
             statement.at(fmt::format("entries.{}.counter_account_masked", i)) + "; ";
    return all;
  };
  CHECK(sides("tenant") == "(absent) true; 3001/A1 (absent); (absent) true; ");
  const std::string whole = "9001 (absent); 3001/A1 (absent); 3001/A10 (absent); ";
  for (const char* who : {"upstream", "auditor", "auditor-up", "maker-up"})
    CHECK(sides(who) == whole);
  // Of one's own vouchers nothing is masked: their accounts were in scope.
  CHECK(w.get("tenant", "/v1/books/main/entries?account=3001/A1").at("entries.0.counter_account") ==
        "3001/A1/B3");
}

TEST_CASE("v1 ownership: the feed tells an upstream of its own commands and orders alone") {
  World w;
  REQUIRE(w.place("O2", "", "upstream").status == 201);
  const std::string theirs = w.get("upstream", "/v1/events?limit=1000").body;
  CHECK(theirs.find(w.order) != std::string::npos);
  const auto before = w.get("tenant", "/v1/events?limit=1000");
  CHECK(before.size("events") == 0);
  const auto order = w.post("tenant", "/v1/orders", w.order_of("M2"), "o");
  REQUIRE(order.status == 201);
  w.pay(order.at("order_id"), 100);
  w.pay(w.order);
  const auto after = w.get("tenant", "/v1/events?limit=1000");
  CHECK(after.size("events") > 0);
  CHECK(after.body.find(order.at("order_id")) != std::string::npos);
  CHECK(after.body.find(w.order) == std::string::npos);
  CHECK(w.get("tenant", "/v1/webhooks").size("webhooks") == 0);
}

TEST_CASE("v1 ownership: a role of the house opens the whole book where the route lets it in") {
  World w;
  // A maker posts anywhere; as an upstream it places orders for its own merchants only.
  CHECK(w.post("maker-up", "/v1/vouchers", World::legs("9001", "3001/A10"), "1").status == 201);
  CHECK(w.get("maker-up", "/v1/balances?account=3001/A10").status == 200);
  CHECK(w.post("maker-up", "/v1/orders", w.order_of("M2"), "2").status == 201);
  CHECK(w.post("maker-up", "/v1/orders", w.order_of("M1"), "3").told() == "403 not_authorised");
  // An auditor reads everything; what it posts as an upstream stays in its scope.
  CHECK(w.get("auditor-up", "/v1/balances?account=3001/A10").status == 200);
  CHECK(w.get("auditor-up", "/v1/vouchers/" + w.voucher).status == 200);
  CHECK(w.post("auditor-up", "/v1/vouchers", World::legs("3001/A1", "3001/A1/B3"), "4").status ==
        201);
  const Unchanged unchanged(w);
  CHECK(w.post("auditor-up", "/v1/vouchers", World::legs("9001", "3001/A10"), "5").told() ==
        "403 not_authorised");
}

TEST_CASE("v1 ownership: what the house made itself is changed by nobody's key") {
  World w;
  const auto account = [&](const char* code) {
    return w.book->read([&](const State& state, std::uint64_t) { return state.account(code)->id; });
  };
  const auto made = [&](std::uint64_t n, bool hold) {
    VoucherRequest request{ClaimKey{Id128{9, n}, kSystemCaller},
                           {{account("9001"), account("3001/A1"), 100}}};
    request.hold = hold;
    REQUIRE(w.book->run(request).accepted());
    return request.key.hex();
  };
  const std::string hold = made(1, true), voucher = made(2, false);
  // To be read by the house, as all there is.
  CHECK(w.get("maker", "/v1/holds/" + hold).status == 200);
  const Unchanged unchanged(w);
  for (const char* who : {"maker", "maker-up", "upstream", "tenant"}) {
    INFO(who);
    CHECK(w.post(who, "/v1/holds/" + hold + "/post", "{}", "p").told() == "403 not_authorised");
    CHECK(w.post(who, "/v1/holds/" + hold + "/void", "{}", "v").told() == "403 not_authorised");
    CHECK(w.post(who, "/v1/reversals", R"({"original":")" + voucher + "\"}", "r").told() ==
          "403 not_authorised");
    for (const char* kind : {"post", "void"}) {
      const auto batch =
          w.post(who, "/v1/vouchers/batch",
                 fmt::format(R"({{"items":[{{"kind":"{}","hold":"{}"}}]}})", kind, hold),
                 std::string("b-") + kind);
      CHECK(batch.at("items.0.refusal") == "not_authorised");
    }
  }
}

TEST_CASE("v1 ownership: who may read another's webhook may not for that end or replay it") {
  World w;
  const Unchanged unchanged(w);
  for (const char* who : {"auditor-up", "maker-up", "tenant"}) {
    INFO(who);
    for (const char* act : {"disable", "replay"})
      CHECK(w.post(who, "/v1/webhooks/" + w.webhook + "/" + act,
                   std::string(act) == "replay" ? R"({"after":0})" : "", act)
                .told() == "403 not_authorised");
  }
}
