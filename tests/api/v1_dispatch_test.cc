// Who gets through to a native route, who does not, and that those leave nothing behind.
#include <catch2/catch.hpp>

#include "api/v1/routes.h"
#include "tests/support/api_server.h"

using namespace suanpan;
using suanpan::test::ApiServer;
using suanpan::test::Unchanged;

namespace {

const std::vector<ApiServer::Adder> kRoutes{api::v1::add_account_routes,
                                            api::v1::add_voucher_routes};
const std::string kVoucher = R"({"legs":[{"debit":"1002/bank","credit":"2101/M1","amount":100}]})";

struct Fixture : ApiServer {
  explicit Fixture(api::RateLimit limit = {1'000'000, 1'000'000}) : ApiServer(kRoutes, {}, limit) {
    open("1002/bank", "asset");
    open_unlimited("2101/M1");
  }
};

}  // namespace

TEST_CASE(
    "v1 dispatch: a path that no route has is 404, another method is 405 and names the right") {
  Fixture f;
  const Unchanged unchanged(f);
  CHECK(f.get("maker", "/v1/nothing").at("refusal") == "no_such_route");
  CHECK(f.get("maker", "/v2/vouchers").told() == "404 no_such_route");
  const auto reply = f.get("maker", "/v1/vouchers/batch/x");
  CHECK(reply.status == 404);
  const auto wrong = f.send(f.request("maker", "DELETE", "/v1/vouchers", "", "k"));
  CHECK(wrong.status == 405);
  CHECK(wrong.header("Allow") == "POST");
  CHECK(wrong.header("Content-Type") == "application/problem+json");
}

TEST_CASE("v1 dispatch: a call without a valid signature is 401 and says why") {
  Fixture f;
  struct Row {
    const char* what;
    std::function<void(HttpRequest&)> spoil;
    const char* refusal;
    int number;
  };
  const std::vector<Row> rows{
      {"no key header",
       [](HttpRequest& r) {
         HttpHeaders kept;
         for (const auto& [name, value] : r.headers.fields())
           if (name != "Suanpan-Key") kept.add(name, value);
         r.headers = kept;
       },
       "credentials_missing", 9101},
      {"a key that is not there", [](HttpRequest& r) { r.headers.set("Suanpan-Key", "nobody"); },
       "unknown_key", 9103},
      {"another key's name", [](HttpRequest& r) { r.headers.set("Suanpan-Key", "checker"); },
       "bad_signature", 9104},
      {"another body", [](HttpRequest& r) { r.body[50] = '2'; }, "bad_signature", 9104},
      {"another target", [](HttpRequest& r) { r.target += "?x=1"; }, "bad_signature", 9104},
      {"another nonce", [](HttpRequest& r) { r.headers.set("Suanpan-Nonce", "0123456789abcdef"); },
       "bad_signature", 9104},
      {"a signature that is no base64",
       [](HttpRequest& r) { r.headers.set("Suanpan-Signature", "%%%"); }, "credentials_malformed",
       9102},
      {"two signatures", [](HttpRequest& r) { r.headers.add("Suanpan-Signature", "AAAA"); },
       "credentials_malformed", 9102},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const Unchanged unchanged(f);
    HttpRequest request = f.request("maker", "POST", "/v1/vouchers", kVoucher, "bad signature");
    row.spoil(request);
    const auto reply = f.send(request);
    CHECK(reply.status == 401);
    CHECK(reply.at("refusal") == row.refusal);
    CHECK(reply.at("number") == std::to_string(row.number));
  }
}

TEST_CASE("v1 dispatch: a stale timestamp is 401, five minutes either way are allowed") {
  Fixture f;
  struct Row {
    std::int64_t off_s;
    int status;
  };
  for (const Row row : {Row{-301, 401}, Row{301, 401}, Row{-299, 404}, Row{299, 404}}) {
    INFO(row.off_s);
    HttpRequest request;
    request.method = "GET";
    request.target = "/v1/accounts/none";
    api::sign_request(request, f.keys.at("auditor"), f.real.now().plus_seconds(row.off_s),
                      random_id().hex());
    const auto reply = f.send(request);
    CHECK(reply.status == row.status);
    if (row.status == 401) CHECK(reply.at("refusal") == "stale_timestamp");
  }
}

TEST_CASE("v1 dispatch: a nonce works once") {
  Fixture f;
  const HttpRequest request = f.request("maker", "POST", "/v1/vouchers", kVoucher, "nonce");
  CHECK(f.send(request).status == 201);
  const Unchanged unchanged(f);
  const auto again = f.send(request);
  CHECK(again.status == 401);
  CHECK(again.at("refusal") == "replayed_nonce");
}

TEST_CASE("v1 dispatch: a role that may not is 403, and its nonce is not spent") {
  Fixture f;
  const Unchanged unchanged(f);
  for (const char* role : {"auditor", "checker", "operator"}) {
    INFO(role);
    const auto reply = f.post(role, "/v1/vouchers", kVoucher, "wrong role");
    CHECK(reply.status == 403);
    CHECK(reply.at("refusal") == "forbidden");
    CHECK(reply.at("number") == "9108");
  }
}

TEST_CASE("v1 dispatch: a withdrawn key is refused at the next call") {
  Fixture f;
  REQUIRE(f.get("auditor", "/v1/accounts").status == 200);
  const DocumentPtr document = f.book->document(DocumentKind::kApiKey, "auditor");
  REQUIRE(document);
  std::string bytes = document->bytes;
  const auto at = bytes.find(R"("enabled":true)");
  REQUIRE(at != std::string::npos);
  bytes.replace(at, 14, R"("enabled":false)");
  Command command;
  command.key = {Id128{9, 9}, kSystemCaller};
  command.content = {{"key_id", "auditor"}};
  command.plan = [&](const View& view, const Moment&) -> Planned<ChangeSet> {
    ChangeSet changes;
    changes.date = view.book().accounting_date;
    changes.documents.push_back(
        Document{DocumentKind::kApiKey, "auditor", document->version + 1, true, bytes});
    return changes;
  };
  REQUIRE(f.book->run(command).accepted());
  const auto reply = f.get("auditor", "/v1/accounts");
  CHECK(reply.status == 401);
  CHECK(reply.at("refusal") == "key_disabled");
}

TEST_CASE("v1 dispatch: a write without a proper Idempotency-Key is 400") {
  Fixture f;
  const Unchanged unchanged(f);
  const auto missing = f.post("maker", "/v1/vouchers", kVoucher, "");
  CHECK(missing.status == 400);
  CHECK(missing.at("refusal") == "idempotency_key_missing");
  const std::string long_key(65, 'x');
  for (const std::string& key :
       {std::string("with blank"), long_key, std::string("\xe9\x94\xae")}) {
    INFO(key);
    CHECK(f.post("maker", "/v1/vouchers", kVoucher, key).told() == "400 malformed");
  }
}

TEST_CASE("v1 dispatch: a key that calls too often is told when to come back") {
  Fixture f({1, 3});
  f.real.advance_seconds(10);
  int limited = 0;
  for (int i = 0; i < 5; ++i) {
    const auto reply = f.get("auditor", "/v1/accounts");
    if (reply.status != 429) continue;
    ++limited;
    CHECK(reply.header("Retry-After") == "1");
    CHECK(reply.at("refusal") == "rate_limited");
  }
  CHECK(limited == 2);
  CHECK(f.get("upstream", "/v1/accounts").status == 200);  // another key has its own
}

TEST_CASE("v1 dispatch: a query that is malformed or unknown is 400") {
  Fixture f;
  for (const char* target :
       {"/v1/accounts?prefix=%zz", "/v1/accounts?prefix=1&prefix=2", "/v1/accounts?unknown=1",
        "/v1/accounts?limit=0", "/v1/accounts?limit=ten", "/v1/accounts?limit=1001"}) {
    INFO(target);
    CHECK(f.get("auditor", target).told() == "400 malformed");
  }
}

TEST_CASE("v1 dispatch: an exception in a handler is a 500 that says nothing of it") {
  ApiServer f({[](api::Router& router, api::Services&) {
    router.add({.method = "GET",
                .pattern = "/v1/throws",
                .allowed = {api::Role::kAuditor},
                .handle = [](api::Call) { throw std::runtime_error("secret detail"); }});
  }});
  f.allowed_failure = 500;
  const auto reply = f.get("auditor", "/v1/throws");
  CHECK(reply.status == 500);
  CHECK(reply.body.find("secret") == std::string::npos);
}
