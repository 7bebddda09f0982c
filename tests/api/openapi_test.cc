// /openapi.json against the routes that there are. That the answers fit it is checked on every call
// that any test of the native API makes (tests/support/api_server.h).
#include "api/openapi.h"

#include <catch2/catch.hpp>
#include <set>

#include "tests/api/platform_world.h"
#include "tests/reconcile/book_world.h"

using namespace suanpan;
// The routes are those that serve.cc serves (api/all_routes.h), with every service behind them.
using Fixture = suanpan::test::PlatformWorld;

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
    // A route of any method is described as its clients call it.
    present.insert((route.method == "*" ? "post" : lower(route.method)) + " " +
                   path_of(route.pattern));
  CHECK(described == present);
  CHECK(described.size() == f.router.routes().size());

  // By hand, so that a route that disappears is missed.
  for (const char* known : {"get /healthz",
                            "get /readyz",
                            "get /metrics",
                            "get /openapi.json",
                            "post /v1/backups",
                            "get /v1/books",
                            "post /v1/books/day-cut",
                            "post /v1/books/period-close",
                            "post /v1/books/year-close",
                            "get /v1/books/year-close",
                            "post /v1/books/year-close/approve",
                            "post /v1/books/year-close/reject",
                            "get /v1/chart",
                            "post /v1/chart/subjects",
                            "get /v1/roll-ups",
                            "post /v1/accounts",
                            "get /v1/accounts/{code}",
                            "patch /v1/accounts/{code}",
                            "post /v1/account-terms",
                            "post /v1/vouchers",
                            "post /v1/vouchers/batch",
                            "post /v1/vouchers/dry-run",
                            "get /v1/account-terms",
                            "get /v1/vouchers/{id}",
                            "post /v1/adjustments",
                            "get /v1/adjustments",
                            "get /v1/adjustments/{id}",
                            "post /v1/adjustments/{id}/approve",
                            "post /v1/adjustments/{id}/reject",
                            "post /v1/erasures",
                            "get /v1/erasures",
                            "get /v1/erasures/{id}",
                            "post /v1/erasures/{id}/approve",
                            "post /v1/erasures/{id}/reject",
                            "post /v1/holds",
                            "post /v1/holds/{id}/post",
                            "post /v1/holds/{id}/void",
                            "post /v1/reversals",
                            "get /v1/statements",
                            "get /v1/books/{book}/vouchers",
                            "get /v1/books/{book}/transfers",
                            "get /v1/books/{book}/entries",
                            "get /v1/trial-balance",
                            "get /v1/events",
                            "get /v1/events/stream",
                            "post /v1/webhooks",
                            "get /v1/webhooks",
                            "post /v1/webhooks/{id}/approve",
                            "post /v1/webhooks/{id}/disable",
                            "post /v1/webhooks/{id}/replay",
                            "get /v1/webhooks/{id}/dead-letters",
                            "post /v1/merchants",
                            "post /v1/keys",
                            "get /v1/authority-requests",
                            "post /v1/authority-requests/{id}/approve",
                            "post /v1/authority-requests/{id}/reject",
                            "post /v1/sub-accounts",
                            "get /v1/sub-accounts/{number}",
                            "post /v1/clock/advance",
                            "post /v1/orders",
                            "get /v1/orders/{id}",
                            "post /v1/orders/{id}/close",
                            "post /v1/refunds/{id}/approve",
                            "post /v1/payouts",
                            "get /v1/settlement-batches",
                            "post /v1/settlement-batches",
                            "get /v1/settlement-batches/{number}",
                            "post /v1/settlement-batches/{number}/review",
                            "post /v1/settlement-batches/{number}/approve",
                            "post /v1/settlement-batches/{number}/withdraw",
                            "put /v1/fee-schedules/{mch_no}",
                            "get /v1/fee-schedules/{mch_no}",
                            "get /v1/reconciliation-runs",
                            "post /v1/reconciliation-runs",
                            "get /v1/reconciliation-runs/{number}",
                            "get /v1/breaks",
                            "post /v1/breaks/{id}/propose",
                            "post /v1/breaks/{id}/resolve",
                            "post /v1/breaks/{id}/reject",
                            "get /v1/reports",
                            "post /v1/reports",
                            "post /api/pay/unifiedOrder",
                            "post /api/pay/query",
                            "post /api/pay/close",
                            "post /api/refund/refundOrder",
                            "post /api/refund/query",
                            "post /api/transferOrder",
                            "post /api/transfer/query"}) {
    INFO(known);
    CHECK(described.count(known) == 1);
  }
}

// The harness holds every answer against its schema; here each of these routes gives one of
// success.
TEST_CASE("openapi: settlement, reconciliation, case and report routes answer as described") {
  using namespace suanpan::reconcile::test;
  Fixture f;
  const auto ok = [&](const test::ApiReply& reply) {
    INFO(reply.head << reply.body);
    REQUIRE(reply.status == 200);
    REQUIRE_FALSE(reply.body.empty());
    return reply;
  };
  const std::string order = f.place("P1").at("order_id");
  f.pay(order);
  const std::string bill =
      bill_text(*Date::of(2026, 3, 4),
                {paid(order, "42" + order, "100.00", "0.60"), paid("X0009", "W9", "12.34", "0.07")},
                {"112.34", "0.00", "0.67"}, "1900000109");
  const auto run = ok(f.post(
      "maker", "/v1/reconciliation-runs",
      fmt::format(R"({{"kind":"bill","subject":"1900000109","day":"2026-03-04","file":"{}"}})",
                  base64(bill)),
      "r1"));
  CHECK(ok(f.get("auditor", "/v1/reconciliation-runs")).size("runs") == 1);
  CHECK(ok(f.get("auditor", "/v1/reconciliation-runs/" + run.at("number"))).at("matched") == "1");
  CHECK(ok(f.get("auditor", "/v1/breaks?open=true")).size("breaks") == 1);
  const std::string path = "/v1/breaks/" + run.at("breaks.0.id");
  ok(f.post("maker", path + "/propose", R"({"resolution":"suspend"})", "p1"));
  ok(f.post("maker", path + "/reject", "{}", "p2"));
  ok(f.post("maker", path + "/propose", R"({"resolution":"suspend"})", "p3"));
  CHECK(ok(f.post("checker", path + "/resolve", "{}", "p4")).at("state") == "resolved");

  const auto reports = ok(f.post("operator", "/v1/reports", R"({"day":"2026-03-04"})", "d1"));
  ok(f.get("auditor", "/v1/reports"));
  ok(f.get("auditor", "/v1/reports/" + percent_encode(reports.at("files.0"))));

  const std::string due = f.place("P2").at("order_id");
  f.pay(due);
  f.mark_arrived(due);
  REQUIRE(f.book->run(day_cut({{Id128{2, 2}, kSystemCaller}, *Date::of(2026, 3, 5)})).accepted());
  f.business.advance_seconds(24 * 3600);
  const auto compute = [&](const char* key) {
    return ok(f.post("maker", "/v1/settlement-batches", R"({"settle_on":"2026-03-05"})", key))
        .at("made.0.number");
  };
  const std::string first = "/v1/settlement-batches/" + compute("s1");
  ok(f.post("maker", first + "/withdraw", R"({"reason":"重算"})", "s2"));
  const std::string batch = "/v1/settlement-batches/" + compute("s3");
  ok(f.post("maker", batch + "/review", "{}", "s4"));
  ok(f.post("checker", batch + "/approve", "{}", "s5"));
  CHECK(ok(f.get("auditor", "/v1/settlement-batches")).size("batches") == 2);
  CHECK(ok(f.get("auditor", batch)).at("state") == "approved");
  const std::string schedule =
      R"({"format":1,"merchant_no":"M1","rules":[{"product":"*","effective_from":"2026-04-01",)"
      R"("currency":"CNY","rate":"0.006","rounding":"half_up",)"
      R"("on_refund":"proportional"}]})";
  f.set_fees(schedule, "f1");
  ok(f.get("auditor", "/v1/fee-schedules/M1"));
  ok(f.post("operator", "/v1/clock/advance", R"({"to":"2026-03-05T12:00:00+08:00"})", "t1"));
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
    const bool dry = route.pattern == "/v1/vouchers/dry-run";
    CHECK(route.writes == (route.method != "GET" && !dry));
    if (route.writes) CHECK(route.doc.request.empty() != route.doc.request_media.empty());
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

TEST_CASE("openapi: a signed route without a signature is refused, whatever it is") {
  Fixture f;
  int signed_routes = 0;
  for (const api::Route& route : f.router.routes()) {
    if (route.access != api::Access::kSigned) continue;
    INFO(route.method << " " << route.pattern);
    HttpRequest bare;
    bare.method = route.method;
    bare.target = route.pattern;
    for (char& c : bare.target)
      if (c == '{' || c == '}' || c == '.') c = 'x';
    CHECK(f.send(bare).status == 401);
    ++signed_routes;
  }
  CHECK(signed_routes > 50);
}
