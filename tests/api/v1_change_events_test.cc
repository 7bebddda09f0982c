// Changes of the ledger as events, by page, long poll, stream and webhook: who hears of what, and
// by which topics. While others write: v1_event_gaps_test.cc.
#include <catch2/catch.hpp>
#include <set>
#include <thread>

#include "tests/api/feed_world.h"

using namespace suanpan;
using suanpan::test::FeedWorld;
using suanpan::test::Hooks;
using suanpan::test::JsonSchema;
using suanpan::test::kAllChanges;

using Deliveries = std::vector<std::string>;

TEST_CASE("v1 change events: one's own hold expires, and is heard of every way; others' is not") {
  FeedWorld f;
  Hooks hooks(f);
  const std::string mine = hooks.add("upstream", R"("hold.expired")");
  const std::string other = hooks.add("upstream2", R"("hold.*","voucher.posted")");
  const std::string plain = hooks.add("upstream", R"("order.*")");
  const std::string hold = f.hold("upstream", 70, f.in_a_minute());
  const std::string theirs = f.hold("upstream2", 5);
  auto stream = f.open_stream("upstream", "?topics=hold.*");
  auto foreign = f.open_stream("upstream2", "?topics=hold.*,voucher.*");
  CHECK(f.feed("upstream", "hold.*") == "hold.made:" + hold);
  const std::uint64_t before = f.book->last_seq();

  std::thread later([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
    f.business.advance_seconds(61);
  });
  const auto page = f.get(
      "upstream", fmt::format("/v1/events?wait_ms=30000&topics=hold.expired&after={}", before));
  later.join();
  CHECK(told(page) == "hold.expired:" + hold);
  CHECK(page.at("events.0.index") == "0");
  CHECK(page.at("events.0.payload.hold") == hold);
  CHECK(page.at("events.0.payload.amounts") == "[70]");
  CHECK(page.at("events.0.payload.accounting_date") == "2026-03-04");
  CHECK(f.get("upstream", "/v1/holds/" + hold).at("state") == "expired");

  // Of somebody else's doing after it, which says how far all have read.
  const std::string voucher = f.made("upstream2", "/v1/vouchers", FeedWorld::legs(9));
  const std::string heard = stream.receive_until("event: hold.expired\n");
  CHECK(heard.find("event: hold.made\n") != std::string::npos);
  CHECK(heard.find("event: hold.expired\n") != std::string::npos);
  CHECK(heard.find(theirs) == std::string::npos);
  const std::string unheard = foreign.receive_until("event: voucher.posted");
  CHECK(unheard.find("event: hold.made\n") != std::string::npos);
  CHECK(unheard.find("hold.expired") == std::string::npos);
  CHECK(unheard.find(hold) == std::string::npos);
  CHECK(f.feed("upstream2", kAllChanges, before) == "voucher.posted:" + voucher);
  CHECK(f.feed("upstream", kAllChanges, before) == "hold.expired:" + hold);
  CHECK(f.feed("auditor", kAllChanges, before) ==
        "hold.expired:" + hold + " voucher.posted:" + voucher);

  hooks.round();
  CHECK(hooks.got(mine) == Deliveries{"hold.expired:" + hold});
  CHECK(hooks.got(other) == Deliveries{"hold.made:" + theirs + " voucher.posted:" + voucher});
  CHECK(hooks.got(plain).empty());
  hooks.round();
  CHECK(hooks.got(mine).size() == 1);
}

TEST_CASE("v1 change events: a webhook is replayed from before it was there, in order, once") {
  FeedWorld f;
  Hooks hooks(f);
  std::vector<std::string> vouchers;
  for (int i = 0; i < 250; ++i) {  // more than two deliveries of 100
    vouchers.push_back(f.made("upstream", "/v1/vouchers", FeedWorld::legs(i + 1)));
    f.made("upstream2", "/v1/vouchers", FeedWorld::legs(1));
  }
  const std::string hook = hooks.add("upstream", R"("voucher.posted")");
  hooks.round();
  CHECK(hooks.got(hook).empty());
  f.made("upstream", "/v1/webhooks/" + hook + "/replay", R"({"after":0})");
  for (int i = 0; i < 4; ++i) hooks.round();
  const Deliveries got = hooks.got(hook);
  REQUIRE(got.size() == 3);
  std::string whole, expected;
  for (const std::string& delivery : got) whole += delivery + " ";
  for (const std::string& voucher : vouchers) expected += "voucher.posted:" + voucher + " ";
  CHECK(whole == expected);
}

TEST_CASE("v1 change events: what was done to one's own is heard of, whoever did it") {
  FeedWorld f;
  Hooks hooks(f);
  const std::string hook = hooks.add("upstream", R"("voucher.*","hold.*")");
  const std::string nothing = hooks.add("tenant", R"("voucher.*","hold.*","period.*")");
  const std::uint64_t before = f.book->last_seq();
  const std::string voucher = f.made("upstream", "/v1/vouchers", FeedWorld::legs(100));
  const std::string hold = f.hold("upstream", 70);
  f.made("maker", "/v1/holds/" + hold + "/post", R"({"amounts":[20]})");
  f.made("upstream", "/v1/holds/" + hold + "/void", "{}");
  const std::string reversal =
      f.made("maker", "/v1/reversals", R"({"original":")" + voucher + R"(","amounts":[30]})");
  const std::string house = f.made("maker", "/v1/vouchers", FeedWorld::legs(1));
  // Refused: nothing to hear of.
  CHECK(f.post("upstream", "/v1/holds/" + hold + "/void", "{}", "again").told() ==
        "409 hold_already_voided");
  const std::string own = "voucher.posted:" + voucher + " hold.made:" + hold +
                          " hold.posted:" + hold + " hold.voided:" + hold +
                          " voucher.reversed:" + voucher;
  CHECK(f.feed("upstream", kAllChanges, before) == own);
  CHECK(f.feed("auditor", kAllChanges, before) == own + " voucher.posted:" + house);
  CHECK(f.feed("maker", "voucher.*", before) ==
        "voucher.posted:" + voucher + " voucher.reversed:" + voucher + " voucher.posted:" + house);
  for (const char* who : {"upstream2", "tenant"}) CHECK(f.feed(who, kAllChanges, before).empty());
  hooks.round();
  CHECK(hooks.got(hook) == Deliveries{own});
  CHECK(hooks.got(nothing).empty());

  const auto page =
      f.get("upstream", fmt::format("/v1/events?topics=voucher.*,hold.*&after={}", before));
  CHECK(page.at("events.0.payload.amounts") == "[100]");
  CHECK(page.at("events.0.payload.voucher_no") == "1");
  CHECK(page.at("events.2.payload.amounts") == "[20]");
  CHECK(page.at("events.2.payload.remaining") == "[50]");
  CHECK(page.at("events.3.payload.amounts") == "[50]");
  CHECK(page.at("events.4.payload.id") == reversal);
  CHECK(page.at("events.4.payload.original") == voucher);
  CHECK(page.at("events.4.payload.amounts") == "[-30]");
}

TEST_CASE("v1 change events: accounts are heard of by whom they belong to") {
  FeedWorld f;
  Hooks hooks(f);
  const std::string hook = hooks.add("tenant", R"("account.*")");
  const std::uint64_t before = f.book->last_seq();
  const auto freeze = [&](const std::string& code) {
    const auto reply = f.send(f.request("operator", "PATCH", "/v1/accounts/" + code,
                                        R"({"frozen_out":true})", "freeze-" + code));
    INFO(reply.body);
    REQUIRE(reply.status == 200);
  };
  freeze("2101/M1");
  freeze("2101/M2");
  f.open("2101/M1/A", "liability");
  f.open("2101/M10", "liability");
  f.made("tenant", "/v1/accounts", R"({"code":"2101/M1/B","name":"x","type":"liability"})");
  const std::string theirs =
      "account.terms_changed:2101/M1 account.opened:2101/M1/A account.opened:2101/M1/B";
  CHECK(f.feed("tenant", kAllChanges, before) == theirs);
  CHECK(f.feed("auditor", kAllChanges, before) ==
        "account.terms_changed:2101/M1 account.terms_changed:2101/M2 account.opened:2101/M1/A "
        "account.opened:2101/M10 account.opened:2101/M1/B");
  hooks.round();
  CHECK(hooks.got(hook) == Deliveries{theirs});
  const auto page = f.get("tenant", fmt::format("/v1/events?topics=account.*&after={}", before));
  CHECK(page.at("events.0.payload.frozen_out") == "true");
  CHECK(page.at("events.0.payload.version") == "2");
}

TEST_CASE("v1 change events: payloads are as /openapi.json describes them") {
  FeedWorld f;
  const std::string voucher = f.made("upstream", "/v1/vouchers", FeedWorld::legs(100));
  const std::string hold = f.hold("upstream", 70, f.in_a_minute());
  const std::string part = f.hold("upstream", 8);
  f.made("upstream", "/v1/holds/" + part + "/post", R"({"amounts":[3]})");
  f.made("upstream", "/v1/holds/" + part + "/void", "{}");
  f.made("upstream", "/v1/reversals", R"({"original":")" + voucher + "\"}");
  REQUIRE(f.send(f.request("operator", "PATCH", "/v1/accounts/2101/M1", R"({"frozen_out":true})",
                           "freeze"))
              .status == 200);
  f.business.advance_seconds(61);
  REQUIRE(f.book->run(day_cut({{Id128{8, 1}, kSystemCaller}, *Date::of(2026, 3, 5)})).accepted());
  REQUIRE(
      f.book->run(period_close({{Id128{8, 2}, kSystemCaller}, *Date::of(2026, 3, 4)})).accepted());
  const auto page = f.get("auditor", "/v1/events?limit=1000&topics=" + kAllChanges);
  const auto json = page.json();
  const JsonSchema schema(*f.openapi);
  const std::map<std::string, std::string> names{{"voucher", "VoucherChange"},
                                                 {"hold", "HoldChange"},
                                                 {"account", "AccountChange"},
                                                 {"period", "PeriodChange"}};
  std::set<std::string> seen;
  for (const JsonValue& event : json.root().get("events").value().elements()) {
    const std::string topic(event.get_string("topic").value());
    seen.insert(topic);
    const auto at =
        schema.resolve("#/components/schemas/" + names.at(topic.substr(0, topic.find('.'))));
    REQUIRE(at);
    const auto fault = schema.fault(*at, event.get("payload").value());
    INFO(event.raw() << " " << fault.value_or(""));
    CHECK_FALSE(fault);
  }
  CHECK(seen == std::set<std::string>(kChangeTopics.begin(), kChangeTopics.end()));
  for (const std::string_view topic : kChangeTopics) {
    INFO(topic);
    CHECK(f.openapi->root().raw().find(topic) != std::string_view::npos);
  }
}

TEST_CASE("v1 change events: who names no topic is told what it always was") {
  FeedWorld f;
  f.made("upstream", "/v1/vouchers", FeedWorld::legs(100));
  const std::string hold = f.hold("upstream", 70, f.in_a_minute());
  REQUIRE(f.book->run(day_cut({{Id128{8, 1}, kSystemCaller}, *Date::of(2026, 3, 5)})).accepted());
  const std::uint64_t cut = f.book->last_seq();
  f.made("upstream", "/v1/vouchers", FeedWorld::legs(1));
  const std::uint64_t last = f.book->last_seq();
  const auto plain = f.get("auditor", "/v1/events?after=0&limit=1000");
  CHECK(plain.body ==
        fmt::format(R"({{"events":[{{"seq":{},"index":0,"timestamp":"{}","topic":"book.day_cut",)"
                    R"("key":"2026-03-05","payload":{{"from":"2026-03-04","to":"2026-03-05"}}}}],)"
                    R"("next":{}}})",
                    cut, plain.at("events.0.timestamp"), last));
  CHECK(f.get("upstream", "/v1/events?after=0").body ==
        fmt::format(R"({{"events":[],"next":{}}})", last));
  auto stream = f.open_stream("auditor", "");
  const std::string text = stream.receive_until("book.day_cut\"");
  CHECK(text.find("event: voucher") == std::string::npos);
  CHECK(text.find("event: hold") == std::string::npos);
  CHECK(text.find("event: account") == std::string::npos);
  CHECK(f.feed("auditor", "book.*") == "book.day_cut:2026-03-05");
  CHECK(f.feed("auditor", "order.*").empty());
}

TEST_CASE("v1 change events: topics that are none are refused by their name") {
  FeedWorld f;
  std::string many = "a";
  for (int i = 0; i < 32; ++i) many += ",a";
  for (const std::string& topics :
       {std::string(), std::string(","), std::string("hold.*,"), std::string(",hold.*"),
        std::string("*"), std::string("hold.made%20"), std::string("hold.**"), std::string(65, 'a'),
        many}) {
    const auto page = f.get("auditor", "/v1/events?topics=" + topics);
    INFO(topics << " " << page.body);
    CHECK(page.told() == "400 malformed");
    CHECK(page.at("detail").find("\"topics\"") != std::string::npos);
    auto stream = f.open_stream("auditor", "?topics=" + topics);
    CHECK(stream.receive_until("}").find("HTTP/1.1 400") == 0);
  }
  CHECK(f.get("auditor", "/v1/events?topics=" + many.substr(2)).status == 200);
}
