// Keys, merchants and apps: what one person asks for, another approves; what is taken away, one
// person takes.
#include <catch2/catch.hpp>

#include "api/v1/routes.h"
#include "channels/merchant.h"
#include "channels/payee.h"
#include "tests/support/api_server.h"

using namespace suanpan;
using namespace suanpan::api::v1;
using suanpan::test::ApiReply;
using suanpan::test::ApiServer;
using suanpan::test::Unchanged;

namespace {

const std::vector<ApiServer::Adder> kRoutes{add_account_routes, add_key_routes, add_merchant_routes,
                                            add_authority_routes};

struct Fixture : ApiServer {
  Fixture() : ApiServer(kRoutes) {
    add_key("checker2", {api::Role::kChecker});
    add_key("both", {api::Role::kOperator, api::Role::kChecker});
  }
  ApiReply put(const std::string& key, const std::string& target, const std::string& body,
               const std::string& idempotency_key) {
    return send(request(key, "PUT", target, body, idempotency_key));
  }
  ApiReply decide(const std::string& key, const std::string& what, const std::string& id,
                  const std::string& idempotency_key, const std::string& body = "{}") {
    return post(key, "/v1/authority-requests/" + id + "/" + what, body, idempotency_key);
  }
  ApiReply approve(const std::string& key, const std::string& id,
                   const std::string& idempotency_key, const std::string& body = "{}") {
    return decide(key, "approve", id, idempotency_key, body);
  }
  std::size_t pending() { return get("auditor", "/v1/authority-requests").size("requests"); }
  bool has_key(const std::string& id) const {
    return book->document(DocumentKind::kApiKey, id) != nullptr;
  }
};

constexpr const char* kCollected =
    R"({"mch_no":"M1","name":"安居维修","mode":"collected","wx_mchid":"1900000109",)"
    R"("bank_account":"6228000000000001","payee":{"name":"安居维修有限公司",)"
    R"("account":"6217000000000013","bank":"308584000013"}})";
constexpr const char* kAccountOfPayee = R"({"payee_account":"6217000000000013"})";

/// A merchant M1 that two people have made.
void make_merchant(Fixture& f) {
  const auto asked = f.post("operator", "/v1/merchants", kCollected, "m-ask");
  REQUIRE(asked.status == 201);
  REQUIRE(f.approve("checker", asked.at("id"), "m-approve", kAccountOfPayee).status == 200);
}

void refused(const ApiReply& reply, int status, const std::string& name) {
  INFO(reply.body);
  CHECK(reply.status == status);
  CHECK(reply.at("refusal") == name);
}

}  // namespace

TEST_CASE("authority: a key that an operator asks for is no key until a checker approves it") {
  Fixture f;
  const std::string body = R"({"key_id":"clerk-1","roles":"checker"})";
  const auto asked = f.post("operator", "/v1/keys", body, "k1");
  REQUIRE(asked.status == 201);
  CHECK(asked.at("state") == "requested");
  CHECK(asked.at("secret_part").size() == 32);
  CHECK_FALSE(f.has_key("clerk-1"));
  // Half a secret signs nothing, whether there is a key or not.
  f.keys["clerk-1"] =
      api::KeyRecord{"clerk-1", Secret(asked.at("secret_part")), {api::Role::kChecker}, true};
  CHECK(f.get("clerk-1", "/v1/accounts").status == 401);

  const auto waiting = f.get("checker", "/v1/authority-requests");
  REQUIRE(waiting.size("requests") == 1);
  CHECK(waiting.at("requests.0.id") == asked.at("id"));
  CHECK(waiting.at("requests.0.what") == "key");
  CHECK(waiting.at("requests.0.maker") == "operator");
  CHECK(waiting.at("requests.0.key.key_id") == "clerk-1");
  CHECK(waiting.at("requests.0.key.roles") == "checker");

  const auto approved = f.approve("checker", asked.at("id"), "k2");
  REQUIRE(approved.status == 200);
  CHECK(approved.at("state") == "approved");
  CHECK(approved.at("secret_part").size() == 32);
  CHECK(approved.at("secret_part") != asked.at("secret_part"));
  CHECK(f.get("clerk-1", "/v1/accounts").status == 401);  // still half a secret
  f.keys["clerk-1"].secret = Secret(asked.at("secret_part") + approved.at("secret_part"));
  CHECK(f.get("clerk-1", "/v1/accounts").status == 200);
  CHECK(f.pending() == 0);
  CHECK(f.get("auditor", "/v1/authority-requests/" + asked.at("id")).at("checker") == "checker");
}

TEST_CASE("authority: what a key may touch is asked for, shown to the checker and never changed") {
  Fixture f;
  f.open("3001/A", "liability");
  f.open("3002", "liability");
  const std::string body =
      R"({"key_id":"u","roles":"upstream","accounts":["3001"],"merchants":["M1","M2"]})";
  const auto asked = f.post("operator", "/v1/keys", body, "k1");
  REQUIRE(asked.status == 201);
  CHECK(f.post("operator", "/v1/keys", body, "k1").header("Suanpan-Replayed") == "true");
  {
    // Not the same call with more in it.
    const Unchanged unchanged(f);
    refused(f.post("operator", "/v1/keys", R"({"key_id":"u","roles":"upstream","accounts":["/"]})",
                   "k1"),
            409, "id_reused_with_other_content");
  }
  const auto shown = f.get("checker", "/v1/authority-requests/" + asked.at("id"));
  CHECK(shown.at("key.accounts") == R"(["3001"])");
  CHECK(shown.at("key.merchants") == R"(["M1","M2"])");
  const auto approved = f.approve("checker", asked.at("id"), "k2");
  REQUIRE(approved.status == 200);
  f.keys["u"] = api::KeyRecord{
      "u", Secret(asked.at("secret_part") + approved.at("secret_part")), {api::Role::kUpstream}};
  CHECK(f.get("u", "/v1/accounts/3001/A").status == 200);
  refused(f.get("u", "/v1/accounts/3002"), 403, "not_authorised");
  // There is no second "u": a wider scope is another key.
  refused(
      f.post("operator", "/v1/keys", R"({"key_id":"u","roles":"upstream","accounts":["/"]})", "k3"),
      409, "document_exists");
  const auto listed = f.get("auditor", "/v1/keys").body;
  CHECK(listed.find(R"("accounts":["3001"],"merchants":["M1","M2"])") != std::string::npos);
  REQUIRE(f.post("operator", "/v1/keys/u/disable", "{}", "k4").status == 200);
  CHECK(f.get("auditor", "/v1/keys").body.find(R"("accounts":["3001"])") != std::string::npos);

  const Unchanged unchanged(f);
  f.hold_requests = false;
  for (const char* scope :
       {R"("roles":"upstream","accounts":["/","3001"])", R"("roles":"upstream","accounts":"/")",
        R"("roles":"upstream","accounts":["3001/"])", R"("roles":"upstream","accounts":[""])",
        R"("roles":"upstream","accounts":[3001])", R"("roles":"upstream","merchants":["M1","M1"])",
        R"("roles":"maker","accounts":["3001"])", R"("roles":"upstream","scope":["3001"])"}) {
    INFO(scope);
    refused(f.post("operator", "/v1/keys", fmt::format(R"({{"key_id":"x",{}}})", scope), "x"), 400,
            "malformed");
  }
}

TEST_CASE("authority: an upstream key that names nothing is asked for in so many words") {
  Fixture f;
  {
    const Unchanged unchanged(f);
    f.hold_requests = false;
    for (const char* nothing : {"", R"(,"accounts":[])", R"(,"accounts":[],"merchants":[])"}) {
      INFO(nothing);
      const auto reply =
          f.post("operator", "/v1/keys",
                 fmt::format(R"({{"key_id":"u","roles":"maker,upstream"{}}})", nothing), "k1");
      refused(reply, 400, "malformed");
      CHECK_THAT(reply.at("detail"), Catch::Contains(R"(add "accounts" or "merchants")"));
      CHECK_THAT(reply.at("detail"), Catch::Contains("touches nothing"));
    }
    for (const char* other :
         {R"("roles":"upstream","scope":"all")", R"("roles":"upstream","scope":"")",
          R"("roles":"upstream","scope":"none","accounts":["3001"])",
          R"("roles":"upstream","scope":"none","merchants":["M1"])",
          R"("roles":"maker","scope":"none")"}) {
      INFO(other);
      refused(f.post("operator", "/v1/keys", fmt::format(R"({{"key_id":"u",{}}})", other), "k1"),
              400, "malformed");
    }
  }
  f.hold_requests = true;
  // None of these has claimed the key of the call.
  const auto asked =
      f.post("operator", "/v1/keys", R"({"key_id":"u","roles":"upstream","scope":"none"})", "k1");
  REQUIRE(asked.status == 201);
  const auto shown = f.get("checker", "/v1/authority-requests/" + asked.at("id"));
  CHECK(shown.at("key.accounts") == "[]");
  CHECK(shown.at("key.merchants") == "[]");
  const auto approved = f.approve("checker", asked.at("id"), "k2");
  REQUIRE(approved.status == 200);
  f.keys["u"] = api::KeyRecord{
      "u", Secret(asked.at("secret_part") + approved.at("secret_part")), {api::Role::kUpstream}};
  f.open("3001", "liability");
  refused(f.get("u", "/v1/accounts/3001"), 403, "not_authorised");
}

TEST_CASE("authority: each part of a secret is shown once, and stands in no list") {
  Fixture f;
  const std::string body = R"({"key_id":"k","roles":"auditor"})";
  const auto asked = f.post("operator", "/v1/keys", body, "k1");
  const auto again = f.post("operator", "/v1/keys", body, "k1");
  CHECK(again.status == 201);
  CHECK(again.header("Suanpan-Replayed") == "true");
  CHECK(again.at("id") == asked.at("id"));
  CHECK(again.at("secret_part") == "(absent)");
  const auto approved = f.approve("checker", asked.at("id"), "k2");
  const auto repeated = f.approve("checker", asked.at("id"), "k2");
  CHECK(repeated.status == 200);
  CHECK(repeated.header("Suanpan-Replayed") == "true");
  CHECK(repeated.at("secret_part") == "(absent)");
  for (const char* target : {"/v1/keys", "/v1/authority-requests?state=all"}) {
    const auto shown = f.get("auditor", target);
    CHECK(shown.status == 200);
    CHECK(shown.body.find(asked.at("secret_part")) == std::string::npos);
    CHECK(shown.body.find(approved.at("secret_part")) == std::string::npos);
    CHECK(shown.body.find("sealed") == std::string::npos);
  }
}

TEST_CASE("authority: who asks cannot approve, whatever its roles") {
  Fixture f;
  const auto asked = f.post("both", "/v1/keys", R"({"key_id":"k","roles":"checker"})", "k1");
  REQUIRE(asked.status == 201);
  const Unchanged unchanged(f);
  refused(f.approve("both", asked.at("id"), "k2"), 403, "same_person");
  CHECK(f.approve("operator", asked.at("id"), "k3").status == 403);
  CHECK(f.approve("maker", asked.at("id"), "k4").status == 403);
  CHECK_FALSE(f.has_key("k"));
  CHECK(f.pending() == 1);
}

TEST_CASE("authority: only operators ask") {
  Fixture f;
  const Unchanged unchanged(f);
  for (const char* role : {"upstream", "maker", "checker", "auditor"}) {
    INFO(role);
    CHECK(f.post(role, "/v1/keys", R"({"key_id":"k","roles":"auditor"})", "x").status == 403);
    CHECK(f.post(role, "/v1/merchants", kCollected, "x").status == 403);
    CHECK(f.put(role, "/v1/merchants/M1", R"({"name":"x","mode":"direct"})", "x").status == 403);
    CHECK(f.post(role, "/v1/apps", R"({"app_id":"a","mch_no":"M1"})", "x").status == 403);
  }
}

TEST_CASE("authority: a malformed request for a key leaves nothing") {
  Fixture f;
  const Unchanged unchanged(f);
  int n = 0;
  for (const char* body :
       {R"({"key_id":"a b","roles":"auditor"})", R"({"key_id":"x","roles":"king"})",
        R"({"key_id":"x","roles":""})", R"({"key_id":"x"})",
        R"({"key_id":"x","roles":"auditor","secret":"s"})"}) {
    INFO(body);
    refused(f.post("operator", "/v1/keys", body, "b" + std::to_string(++n)), 400, "malformed");
  }
  refused(f.get("auditor", "/v1/authority-requests?state=open"), 400, "malformed");
}

TEST_CASE("authority: one id is given once, to whoever is approved first") {
  Fixture f;
  const std::string body = R"({"key_id":"k","roles":"auditor"})";
  const auto first = f.post("operator", "/v1/keys", body, "k1");
  const auto second = f.post("both", "/v1/keys", body, "k2");
  REQUIRE(second.status == 201);
  REQUIRE(f.approve("checker", first.at("id"), "k3").status == 200);
  refused(f.approve("checker", second.at("id"), "k4"), 409, "document_exists");
  refused(f.post("operator", "/v1/keys", body, "k5"), 409, "document_exists");
  CHECK(f.pending() == 1);  // the second stays to be rejected
}

TEST_CASE("authority: a decision stands: no second approval, no approval after a rejection") {
  Fixture f;
  const auto asked = f.post("operator", "/v1/keys", R"({"key_id":"k","roles":"auditor"})", "k1");
  REQUIRE(f.approve("checker", asked.at("id"), "k2").status == 200);
  const auto key = f.book->document(DocumentKind::kApiKey, "k");
  refused(f.approve("checker", asked.at("id"), "k3"), 409, "document_state_final");
  refused(f.approve("checker2", asked.at("id"), "k4"), 409, "document_state_final");
  CHECK(f.book->document(DocumentKind::kApiKey, "k")->version == key->version);
  refused(f.decide("checker", "reject", asked.at("id"), "k5"), 409, "document_state_final");

  const auto other = f.post("operator", "/v1/keys", R"({"key_id":"j","roles":"auditor"})", "j1");
  CHECK(f.decide("both", "reject", other.at("id"), "j0").status == 200);
  refused(f.approve("checker", other.at("id"), "j2"), 409, "document_state_final");
  CHECK_FALSE(f.has_key("j"));
  refused(f.approve("checker", "A0", "j3"), 404, "document_not_found");
  CHECK(f.get("auditor", "/v1/authority-requests?state=rejected").size("requests") == 1);
  CHECK(f.get("auditor", "/v1/authority-requests?state=approved").size("requests") == 1);
  CHECK(f.get("auditor", "/v1/authority-requests?state=all").size("requests") == 2);
}

TEST_CASE("authority: who asked may take it back, another operator may not") {
  Fixture f;
  f.add_key("operator2", {api::Role::kOperator});
  const auto asked = f.post("operator", "/v1/keys", R"({"key_id":"k","roles":"auditor"})", "k1");
  refused(f.decide("operator2", "reject", asked.at("id"), "k2"), 403, "not_authorised");
  CHECK(f.pending() == 1);
  CHECK(f.decide("operator", "reject", asked.at("id"), "k3").at("state") == "rejected");
  CHECK(f.pending() == 0);
}

TEST_CASE("authority: one person takes a key out of use, at once and for ever") {
  Fixture f;
  REQUIRE(f.get("maker", "/v1/accounts").status == 200);
  CHECK(f.post("auditor", "/v1/keys/maker/disable", "", "d0").status == 403);
  refused(f.post("operator", "/v1/keys/nobody/disable", "", "d1"), 404, "document_not_found");
  const auto done = f.post("operator", "/v1/keys/maker/disable", "", "d2");
  REQUIRE(done.status == 200);
  CHECK(done.at("enabled") == "false");
  CHECK(f.get("maker", "/v1/accounts").status == 401);
  CHECK(f.post("checker", "/v1/keys/maker/disable", "", "d3").status == 200);  // again is no fault
  refused(f.post("operator", "/v1/keys", R"({"key_id":"maker","roles":"maker"})", "d4"), 409,
          "document_exists");
}

TEST_CASE("authority: a merchant and its accounts come with the approval, in one change set") {
  Fixture f;
  const auto asked = f.post("operator", "/v1/merchants", kCollected, "m1");
  REQUIRE(asked.status == 201);
  CHECK(f.get("auditor", "/v1/merchants/M1").status == 404);
  CHECK(f.balance("2101/M1") == INT64_MIN);  // no such account
  const auto shown = f.get("checker", "/v1/authority-requests/" + asked.at("id"));
  CHECK(shown.at("merchant.name") == "安居维修");
  CHECK(shown.at("merchant.payee") == "安居***公司 ****0013");
  CHECK(shown.at("merchant.payee_bank") == "308584000013");
  CHECK(shown.at("merchant.replaces") == "false");
  CHECK(shown.at("merchant.payee_changes") == "true");
  const std::uint64_t before = f.book->statistics().last_seq;
  REQUIRE(f.approve("checker", asked.at("id"), "m2", kAccountOfPayee).status == 200);
  CHECK(f.book->statistics().last_seq == before + 1);
  CHECK(f.balance("2101/M1") == 0);
  CHECK(f.balance("2102/M1") == 0);
  CHECK(f.balance("1122/wxpay/1900000109") == 0);
  CHECK(f.get("auditor", "/v1/merchants/M1").at("payee") == "安居***公司 ****0013");
  refused(f.post("operator", "/v1/merchants", kCollected, "m3"), 409, "document_exists");
  const auto again = f.post("operator", "/v1/merchants", kCollected, "m1");
  CHECK(again.status == 201);
  CHECK(again.header("Suanpan-Replayed") == "true");
}

TEST_CASE("authority: a merchant does not take over accounts that one person opened looser") {
  Fixture f;
  f.open_unlimited("2102/M1");
  refused(f.post("operator", "/v1/merchants", kCollected, "m-ask"), 409, "account_exists");
  Fixture other;
  other.open("2102/M1", "liability", R"(,"limit":"not_below_zero")");
  make_merchant(other);
  CHECK(channels::find_merchant(*other.book, "M1"));
}

TEST_CASE("authority: a payee is approved only by whoever knows its account number") {
  Fixture f;
  const auto asked = f.post("operator", "/v1/merchants", kCollected, "m1");
  {
    const Unchanged unchanged(f);
    refused(f.approve("checker", asked.at("id"), "m2"), 400, "value_invalid");
    // The same last four digits: what a masked view could not tell apart.
    refused(f.approve("checker", asked.at("id"), "m3", R"({"payee_account":"6217009999990013"})"),
            400, "value_invalid");
  }
  CHECK(f.approve("checker", asked.at("id"), "m4", kAccountOfPayee).status == 200);
  const auto app = f.post("operator", "/v1/apps", R"({"app_id":"a1","mch_no":"M1"})", "a1");
  refused(f.approve("checker", app.at("id"), "a2", kAccountOfPayee), 400, "value_invalid");
}

TEST_CASE("authority: an operator alone cannot lead a merchant's money elsewhere") {
  Fixture f;
  make_merchant(f);
  const auto payee = [&f] {
    const auto merchant = channels::find_merchant(*f.book, "M1");
    return channels::open_payee(*f.vault, "M1", merchant->payee_sealed).value().account;
  };
  CHECK(payee() == "6217000000000013");
  const auto asked = f.put("operator", "/v1/merchants/M1",
                           R"({"name":"安居维修","mode":"collected","payee":{"name":"张三",)"
                           R"("account":"6217000000006666","bank":"308584000013"}})",
                           "p1");
  REQUIRE(asked.status == 201);
  CHECK(payee() == "6217000000000013");
  CHECK(f.get("checker", "/v1/authority-requests/" + asked.at("id")).at("merchant.payee") ==
        "张* ****6666");
  REQUIRE(f.approve("checker", asked.at("id"), "p2", R"({"payee_account":"6217000000006666"})")
              .status == 200);
  CHECK(payee() == "6217000000006666");
}

TEST_CASE("authority: a change keeps the payee that it does not name, and never the mode") {
  Fixture f;
  make_merchant(f);
  const auto asked =
      f.put("operator", "/v1/merchants/M1", R"({"name":"安居二","mode":"collected"})", "p1");
  REQUIRE(asked.status == 201);
  CHECK(f.get("checker", "/v1/authority-requests/" + asked.at("id")).at("merchant.replaces") ==
        "true");
  refused(f.approve("checker", asked.at("id"), "p0", kAccountOfPayee), 400, "value_invalid");
  REQUIRE(f.approve("checker", asked.at("id"), "p2").status == 200);
  const auto merchant = f.get("auditor", "/v1/merchants/M1");
  CHECK(merchant.at("name") == "安居二");
  CHECK(merchant.at("payee") == "安居***公司 ****0013");
  refused(f.put("operator", "/v1/merchants/M1", R"({"name":"x","mode":"direct"})", "p3"), 400,
          "value_invalid");
  refused(f.put("operator", "/v1/merchants/M9", R"({"name":"x","mode":"direct"})", "p4"), 404,
          "merchant_not_found");
}

TEST_CASE("authority: a change asked for against an older state is refused when approved") {
  Fixture f;
  make_merchant(f);
  const auto first =
      f.put("operator", "/v1/merchants/M1", R"({"name":"甲","mode":"collected"})", "p1");
  const auto second =
      f.put("operator", "/v1/merchants/M1", R"({"name":"乙","mode":"collected"})", "p2");
  REQUIRE(f.approve("checker", first.at("id"), "p3").status == 200);
  refused(f.approve("checker", second.at("id"), "p4"), 409, "document_version_conflict");
  CHECK(f.get("auditor", "/v1/merchants/M1").at("name") == "甲");
  // Nor does a request that was under way bring back what one person has taken out of use.
  const auto third =
      f.put("operator", "/v1/merchants/M1", R"({"name":"丙","mode":"collected"})", "p5");
  REQUIRE(f.post("checker", "/v1/merchants/M1/disable", "", "p6").status == 200);
  refused(f.approve("checker", third.at("id"), "p7"), 409, "document_version_conflict");
  CHECK(f.get("auditor", "/v1/merchants/M1").at("enabled") == "false");
}

TEST_CASE("authority: one person takes a merchant or an app out of use, two bring it back") {
  Fixture f;
  make_merchant(f);
  REQUIRE(f.post("operator", "/v1/merchants/M1/disable", "", "d1").status == 200);
  CHECK(f.get("auditor", "/v1/merchants/M1").at("enabled") == "false");
  CHECK(f.get("auditor", "/v1/merchants/M1").at("payee") == "安居***公司 ****0013");
  refused(f.post("operator", "/v1/merchants/M9/disable", "", "d2"), 404, "merchant_not_found");
  CHECK(f.post("maker", "/v1/merchants/M1/disable", "", "d3").status == 403);
  const auto asked =
      f.put("operator", "/v1/merchants/M1", R"({"name":"安居维修","mode":"collected"})", "d4");
  CHECK(f.get("auditor", "/v1/merchants/M1").at("enabled") == "false");
  REQUIRE(f.approve("checker", asked.at("id"), "d5").status == 200);
  CHECK(f.get("auditor", "/v1/merchants/M1").at("enabled") == "true");

  const auto app = f.post("operator", "/v1/apps", R"({"app_id":"a1","mch_no":"M1"})", "a1");
  REQUIRE(f.approve("checker", app.at("id"), "a2").status == 200);
  REQUIRE(f.post("checker", "/v1/apps/a1/disable", "", "a3").status == 200);
  CHECK(f.get("auditor", "/v1/apps").at("apps.0.enabled") == "false");
  refused(f.post("checker", "/v1/apps/a9/disable", "", "a4"), 404, "document_not_found");
}

TEST_CASE("authority: an app's secret is the two parts, the requester's first") {
  Fixture f;
  make_merchant(f);
  refused(f.post("operator", "/v1/apps", R"({"app_id":"a1","mch_no":"M9"})", "a0"), 404,
          "merchant_not_found");
  const auto asked =
      f.post("operator", "/v1/apps",
             R"({"app_id":"a1","mch_no":"M1","md5_allowed":false,"window_s":60})", "a1");
  REQUIRE(asked.status == 201);
  CHECK(f.get("auditor", "/v1/apps").size("apps") == 0);
  const auto shown = f.get("auditor", "/v1/authority-requests/" + asked.at("id"));
  CHECK(shown.at("app.md5_allowed") == "false");
  CHECK(shown.at("app.window_s") == "60");
  const auto approved = f.approve("checker", asked.at("id"), "a2");
  REQUIRE(approved.status == 200);
  const auto app = channels::find_app(*f.book, "a1");
  REQUIRE(app);
  const auto secret = f.vault->unseal("app|a1", app->secret_sealed);
  REQUIRE(secret);
  CHECK(secret.value().reveal() == asked.at("secret_part") + approved.at("secret_part"));
  refused(f.post("operator", "/v1/apps", R"({"app_id":"a1","mch_no":"M1"})", "a3"), 409,
          "document_exists");
}

TEST_CASE("authority: a key out of use stays so after a restart") {
  test::TempFolder folder;
  const SystemClock clock;
  BookOptions options;
  options.folder = folder.path();
  options.create = true;
  options.first_date = *Date::of(2026, 3, 4);
  auto vault = Vault::open(folder.path() / "vault.key", true);
  REQUIRE(vault);
  {
    auto book = Book::open(options, clock);
    REQUIRE(book);
    api::NewKey made = api::new_key(vault.value(), "k", {api::Role::kMaker});
    REQUIRE(book.value()->run(std::move(made.command)).accepted());
    REQUIRE(book.value()->run(api::disable_key({id_of("d"), kSystemCaller}, "k")).accepted());
  }
  auto book = Book::open(options, clock);
  REQUIRE(book);
  const auto key = api::find_key(*book.value(), vault.value(), "k");
  REQUIRE(key);
  REQUIRE(key.value());
  CHECK_FALSE(key.value()->record.enabled);
}
