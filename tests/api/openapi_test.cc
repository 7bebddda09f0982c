// /openapi.json against the routes that there are. That the answers fit it is checked on every call
// that any test of the native API makes (tests/support/api_server.h).
#include "api/openapi.h"

#include <catch2/catch.hpp>
#include <set>

#include "api/v1/routes.h"
#include "tests/support/api_server.h"

using namespace suanpan;
using namespace suanpan::api::v1;
using suanpan::test::ApiServer;

namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(c));
  return text;
}

/// A pattern as OpenAPI writes it: without the dots of a rest.
std::string path_of(std::string pattern) {
  const auto dots = pattern.find("...}");
  if (dots != std::string::npos) pattern.erase(dots, 3);
  return pattern;
}

void collect_refs(JsonValue value, std::set<std::string>& refs) {
  for (const JsonMember& member : value.members()) {
    if (member.key == "$ref") refs.insert(std::string(member.value.as_string().value()));
    collect_refs(member.value, refs);
  }
  for (const JsonValue& element : value.elements()) collect_refs(element, refs);
}

const std::vector<ApiServer::Adder> kRoutes{
    add_account_routes,
    add_book_routes,
    add_clock_routes,
    add_event_routes,
    add_health_routes,
    add_hold_routes,
    add_key_routes,
    add_merchant_routes,
    add_report_routes,
    add_reversal_routes,
    add_statement_routes,
    add_sub_account_routes,
    add_trial_balance_routes,
    add_voucher_routes,
    add_order_routes,
    add_payout_routes,
    add_refund_routes,
    add_settlement_routes,
    add_fee_schedule_routes,
    [](api::Router& router, api::Services&) { api::add_openapi_route(router); }};

struct Fixture : ApiServer {
  Fixture() : ApiServer(kRoutes, [](ApiServer& s) { s.services->manual_business = &s.business; }) {}
};

}  // namespace

TEST_CASE("openapi: every route is described, and nothing else") {
  Fixture f;
  HttpRequest request;
  request.method = "GET";
  request.target = "/openapi.json";
  const auto reply = f.send(request);
  REQUIRE(reply.status == 200);
  const JsonDocument document = reply.json();
  CHECK(document.root().get_string("openapi").value() == "3.1.0");

  std::set<std::string> described, present;
  const JsonValue paths = document.root().get("paths").value();
  for (const JsonMember& path : paths.members())
    for (const JsonMember& operation : path.value.members())
      described.insert(std::string(operation.key) + " " + std::string(path.key));
  for (const api::Route& route : f.router.routes())
    present.insert(lower(route.method) + " " + path_of(route.pattern));
  CHECK(described == present);
  CHECK(described.size() == f.router.routes().size());

  // By hand, so that a route that disappears is missed.
  for (const char* known :
       {"get /v1/books", "post /v1/vouchers/batch", "get /v1/accounts/{code}",
        "post /v1/holds/{id}/void", "post /v1/reversals", "get /v1/statements",
        "get /v1/trial-balance", "post /v1/orders", "post /v1/refunds/{id}/approve",
        "post /v1/payouts", "post /v1/settlement-batches/{number}/approve", "get /v1/events",
        "put /v1/fee-schedules/{mch_no}", "get /metrics", "post /v1/clock/advance"})
    CHECK(described.count(known) == 1);
}

TEST_CASE("openapi: every reference leads somewhere, every operation says what a caller needs") {
  Fixture f;
  const test::JsonSchema schema(*f.openapi);
  std::set<std::string> refs;
  collect_refs(f.openapi->root(), refs);
  CHECK(refs.size() > 20);
  for (const std::string& ref : refs) {
    INFO(ref);
    CHECK(schema.resolve(ref));
  }
  for (const api::Route& route : f.router.routes()) {
    INFO(route.method << " " << route.pattern);
    CHECK_FALSE(route.summary.empty());
    if (route.access != api::Access::kSigned) continue;
    CHECK_FALSE(route.allowed.empty());
    // What changes something demands an Idempotency-Key, what does not has none.
    CHECK(route.writes == (route.method != "GET"));
    if (route.writes) CHECK_FALSE(route.doc.request.empty());
  }
}

TEST_CASE("openapi: the short notation says what it means") {
  CHECK(api::schema_of("a:string b?:integer") ==
        R"({"type":"object","additionalProperties":false,"required":["a"],"properties":)"
        R"({"a":{"type":"string"},"b":{"type":"integer","format":"int64"}}})");
  CHECK(api::schema_of("c:=x|y d:[Thing] e:date|null") ==
        R"({"type":"object","additionalProperties":false,"required":["c","d","e"],"properties":)"
        R"({"c":{"type":"string","enum":["x","y"]},)"
        R"("d":{"type":"array","items":{"$ref":"#/components/schemas/Thing"}},)"
        R"("e":{"anyOf":[{"type":"string","format":"date"},{"type":"null"}]}}})");
}

TEST_CASE("openapi: the validator of these tests can fail") {
  const auto document = JsonDocument::parse(
      R"({"s":{"type":"object","additionalProperties":false,"required":["a"],)"
      R"("properties":{"a":{"type":"integer","minimum":1},"b":{"enum":["x"]}}}})");
  REQUIRE(document);
  const test::JsonSchema schema(document.value());
  const JsonValue s = document.value().root().get("s").value();
  const auto fault = [&](const char* text) {
    const auto value = JsonDocument::parse(text);
    REQUIRE(value);
    return schema.fault(s, value.value().root()).value_or("");
  };
  CHECK(fault(R"({"a":1})") == "");
  CHECK(fault(R"({"a":0})") == "$.a is beyond its minimum");
  CHECK(fault(R"({"a":"1"})") != "");
  CHECK(fault(R"({})") == "$ lacks \"a\"");
  CHECK(fault(R"({"a":1,"c":2})") == "$ has an undescribed member c");
  CHECK(fault(R"({"a":1,"b":"y"})") != "");
  CHECK(fault(R"([])") != "");
}
