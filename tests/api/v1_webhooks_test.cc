// Webhooks over the wire: who may ask, approve, see and end one, and what is refused. How they are
// delivered is tested in tests/channels/webhooks_test.cc.
#include <catch2/catch.hpp>
#include <set>

#include "api/v1/routes.h"
#include "channels/webhooks.h"
#include "tests/support/api_server.h"

using namespace suanpan;
using suanpan::test::ApiServer;
using suanpan::test::Unchanged;

namespace {

using Catch::Matchers::Contains;

const std::vector<ApiServer::Adder> kRoutes{api::v1::add_webhook_routes};
const std::string kGood = R"({"url":"https://shop.example/hook","topics":["order.*"]})";

struct Fixture : ApiServer {
  Fixture() : ApiServer(kRoutes) {}
  std::string asked(const std::string& key = "w1", const std::string& who = "upstream") {
    const auto reply = post(who, "/v1/webhooks", kGood, key);
    INFO(reply.body);
    REQUIRE(reply.status == 201);
    return reply.at("id");
  }
  std::string act(const std::string& who, const std::string& id, const std::string& what,
                  const std::string& body = "{}") {
    const auto reply =
        post(who, "/v1/webhooks/" + id + "/" + what, body, "act-" + std::to_string(++acts_));
    return reply.status == 200 ? "200" : reply.told();
  }

 private:
  int acts_ = 0;
};

}  // namespace

TEST_CASE("v1 webhooks: an upstream asks, an operator approves, and the secret is shown once") {
  Fixture f;
  const auto first = f.post("upstream", "/v1/webhooks", kGood, "w1");
  REQUIRE(first.status == 201);
  CHECK(first.at("secret").size() == 64);
  const auto again = f.post("upstream", "/v1/webhooks", kGood, "w1");
  CHECK(again.status == 201);
  CHECK(again.header("Suanpan-Replayed") == "true");
  CHECK(again.at("id") == first.at("id"));
  CHECK(again.at("secret") == "(absent)");
  const std::string id = first.at("id");
  const auto listed = f.get("upstream", "/v1/webhooks");
  REQUIRE(listed.size("webhooks") == 1);
  CHECK(listed.at("webhooks.0.id") == id);
  CHECK(listed.at("webhooks.0.url") == "https://shop.example/hook");
  CHECK(listed.at("webhooks.0.topics.0") == "order.*");
  CHECK(listed.at("webhooks.0.state") == "requested");
  CHECK(f.act("operator", id, "approve") == "200");
  CHECK(f.get("upstream", "/v1/webhooks").at("webhooks.0.state") == "active");
  CHECK(f.act("operator", id, "approve") == "409 document_state_final");
  // What is journalled opens with the vault alone.
  const DocumentPtr stored = f.book->document(DocumentKind::kWebhook, id);
  REQUIRE(stored);
  CHECK(stored->bytes.find(first.at("secret")) == std::string::npos);
  const auto other =
      f.post("upstream", "/v1/webhooks", R"({"url":"https://shop.example/other"})", "w1");
  CHECK(other.told() == "409 id_reused_with_other_content");
}

TEST_CASE("v1 webhooks: another upstream neither sees nor touches one; the house sees all") {
  Fixture f;
  const std::string id = f.asked();
  CHECK(f.get("upstream2", "/v1/webhooks").size("webhooks") == 0);
  CHECK(f.get("auditor", "/v1/webhooks").size("webhooks") == 1);
  CHECK(f.act("operator", id, "approve") == "200");
  {
    const Unchanged unchanged(f);
    CHECK(f.act("upstream2", id, "disable") == "403 not_authorised");
    CHECK(f.act("upstream2", id, "replay", R"({"after":0})") == "403 not_authorised");
    CHECK(f.get("upstream2", "/v1/webhooks/" + id + "/dead-letters").told() ==
          "403 not_authorised");
    CHECK(f.act("upstream", id, "approve") == "403 forbidden");
    CHECK(f.act("maker", id, "disable") == "403 forbidden");
    CHECK(f.post("operator", "/v1/webhooks", kGood, "x").told() == "403 forbidden");
    CHECK(f.act("operator", "wh-none", "approve") == "404 document_not_found");
  }
  CHECK(f.act("upstream", id, "replay", R"({"after":0})") == "200");
  CHECK(f.act("upstream", id, "replay", R"({"after":1000000})") == "400 value_invalid");
  CHECK(f.act("upstream", id, "disable") == "200");
  CHECK(f.act("operator", id, "disable") == "409 document_state_final");
}

TEST_CASE("v1 webhooks: a key asks for a hundred and no more; they are listed page by page") {
  Fixture f;
  std::set<std::string> asked;
  for (int n = 0; n < 100; ++n) {
    const auto reply = f.post("upstream", "/v1/webhooks", kGood, "many" + std::to_string(n));
    REQUIRE(reply.status == 201);
    asked.insert(reply.at("id"));
  }
  REQUIRE(asked.size() == 100);
  {
    const Unchanged unchanged(f);
    CHECK(f.post("upstream", "/v1/webhooks", kGood, "one-more").told() == "422 numbers_used_up");
    CHECK(f.post("upstream", "/v1/webhooks", kGood, "many0").header("Suanpan-Replayed") == "true");
  }
  CHECK(f.post("upstream2", "/v1/webhooks", kGood, "another's").status == 201);
  std::set<std::string> listed;
  std::string after;
  for (const std::size_t size : {30, 30, 30, 10}) {
    const auto page = f.get("upstream", "/v1/webhooks?limit=30&after=" + after);
    REQUIRE(page.size("webhooks") == size);
    for (std::size_t i = 0; i < size; ++i) listed.insert(page.at(fmt::format("webhooks.{}.id", i)));
    after = page.at("next_after");
  }
  CHECK(after == "null");
  CHECK(listed == asked);
  CHECK(f.get("operator", "/v1/webhooks?limit=500").size("webhooks") == 101);
  CHECK(f.get("upstream", "/v1/webhooks?limit=501").status == 400);
}

TEST_CASE("v1 webhooks: a URL or topic that is not to be is refused by its name") {
  Fixture f;
  const struct {
    std::string body, names;
  } rows[] = {
      {R"({})", "\"url\" is missing"},
      {R"({"url":"shop.example/hook"})", "\"url\" must be an absolute"},
      {R"({"url":"ftp://shop.example/hook"})", "\"url\" must be an absolute"},
      {R"({"url":"https://me:you@shop.example/hook"})", "\"url\" must be an absolute"},
      {R"({"url":"http://shop.example/hook"})", "\"url\" must be https"},
      {R"({"url":"https://127.0.0.1/hook"})", "not public (loopback)"},
      {R"({"url":"https://10.1.2.3/hook"})", "not public (private)"},
      {R"({"url":"https://169.254.169.254/latest"})", "not public (link-local)"},
      {R"({"url":"https://[::1]/hook"})", "not public (loopback)"},
      {R"({"url":"https://[::ffff:10.0.0.1]/hook"})", "not public"},
      {R"({"url":7})", "\"url\" must be a string"},
      {R"({"url":"https://shop.example/","topics":[]})", "\"topics\" must be 1 to 32"},
      {R"({"url":"https://shop.example/","topics":"order.*"})", "\"topics\" must be 1 to 32"},
      {R"({"url":"https://shop.example/","topics":["*"]})", "\"topics\" must hold topics"},
      {R"({"url":"https://shop.example/","topics":[7]})", "\"topics\" must hold topics"},
      {R"({"url":"https://shop.example/","secret":"mine"})", "\"secret\" is not known"},
  };
  f.hold_requests = false;
  const Unchanged unchanged(f);
  int n = 0;
  for (const auto& row : rows) {
    INFO(row.body);
    const auto reply = f.post("upstream", "/v1/webhooks", row.body, "bad-" + std::to_string(++n));
    CHECK(reply.told() == "400 malformed");
    CHECK_THAT(reply.at("detail"), Contains(row.names));
  }
}

TEST_CASE("v1 webhooks: an installation that allows private addresses takes them, and http") {
  ApiServer f(kRoutes, [](ApiServer& server) { server.services->private_addresses = true; });
  CHECK(f.post("upstream", "/v1/webhooks", R"({"url":"http://127.0.0.1:8080/hook"})", "w").status ==
        201);
}

TEST_CASE("v1 webhooks: dead letters are listed page by page") {
  Fixture f;
  const std::string id = f.asked();
  const std::string other = f.asked("w2");
  for (int i = 0; i < 3; ++i)
    for (const std::string& of : {id, other}) {
      channels::DeadLetter letter;
      letter.webhook = of;
      letter.after = static_cast<std::uint64_t>(i * 10);
      letter.through = letter.after + 5;
      letter.events = i + 1;
      letter.attempts = 8;
      letter.result = "http 500";
      letter.at = f.business.now();
      Command command;
      command.key = {Id128{7, static_cast<std::uint64_t>(i) * 2 + (of == id ? 0 : 1) + 1},
                     kSystemCaller};
      command.kind = CommandKind::kNotification;
      command.content = {{"n", of + std::to_string(i)}};
      command.plan = [letter](const View& view, const Moment&) -> Planned<ChangeSet> {
        ChangeSet changes;
        changes.date = view.book().accounting_date;
        changes.documents.push_back(
            Document{DocumentKind::kDeadLetter,
                     fmt::format("{}/{:019}/{:019}", letter.webhook, 0, letter.after), 1, false,
                     encode(letter)});
        return changes;
      };
      REQUIRE(f.book->run(command).accepted());
    }
  const std::string path = "/v1/webhooks/" + id + "/dead-letters";
  const auto first = f.get("upstream", path + "?limit=2");
  REQUIRE(first.size("dead_letters") == 2);
  CHECK(first.at("dead_letters.0.after") == "0");
  CHECK(first.at("dead_letters.1.after") == "10");
  CHECK(first.at("dead_letters.1.through") == "15");
  CHECK(first.at("dead_letters.1.events") == "2");
  CHECK(first.at("dead_letters.1.result") == "http 500");
  const auto rest =
      f.get("auditor", path + "?limit=2&after=" + percent_encode(first.at("next_after")));
  REQUIRE(rest.size("dead_letters") == 1);
  CHECK(rest.at("dead_letters.0.after") == "20");
  CHECK(rest.at("next_after") == "null");
  CHECK(f.get("upstream", path + "?limit=0").told() == "400 malformed");
}
