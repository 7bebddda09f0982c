#include "api/problem.h"

#include <catch2/catch.hpp>

#include "ledger/base/json.h"

using namespace suanpan;
using namespace suanpan::api;

TEST_CASE("problem: a refusal is rendered with its name and number") {
  const HttpResponse response =
      render(problem_of(Refusal{RefusalCode::kBelowLimit, "2101/商户\"1"}),
             "/v1/books/b/vouchers?x=secret");
  CHECK(response.status == 422);
  CHECK(response.headers.find("content-type") == "application/problem+json");
  CHECK(response.headers.find("cache-control") == "no-store");
  CHECK_FALSE(response.headers.find("retry-after"));
  CHECK(response.body ==
        "{\"type\":\"/problems/below_limit\",\"title\":\"" +
            std::string(chinese_of(RefusalCode::kBelowLimit)) +
            R"(","status":422,"detail":"2101/商户\"1","refusal":"below_limit","number":700,)"
            R"("instance":"/v1/books/b/vouchers"})");
}

TEST_CASE("problem: every refusal has a status that clients can act on") {
  struct Row {
    RefusalCode code;
    int status;
  };
  const Row rows[] = {
      {RefusalCode::kLegsMissing, 400},     {RefusalCode::kAmountNotPositive, 400},
      {RefusalCode::kNotAuthorised, 403},   {RefusalCode::kSamePerson, 403},
      {RefusalCode::kAccountNotFound, 404}, {RefusalCode::kOrderNotFound, 404},
      {RefusalCode::kOrderExists, 409},     {RefusalCode::kIdReusedWithOtherContent, 409},
      {RefusalCode::kBelowLimit, 422},      {RefusalCode::kRefundExceedsPaid, 422},
      {RefusalCode::kInternal, 500},        {RefusalCode::kGroupUndecided, 503},
  };
  for (const Row& row : rows) CHECK(problem_of(Refusal{row.code, ""}).status == row.status);
  for (std::uint16_t number = 1; number < 1000; ++number) {
    const auto code = refusal_of(number);
    if (!code || *code == RefusalCode::kNone) continue;
    const Problem problem = problem_of(Refusal{*code, ""});
    INFO(number);
    CHECK(problem.number == number);
    CHECK_FALSE(problem.refusal.empty());
    CHECK((problem.status == 500) == (*code == RefusalCode::kInternal));
    // Of what the book says, this alone may be sent again as it is.
    CHECK((problem.status == 503) == (*code == RefusalCode::kGroupUndecided));
    CHECK(problem.retry_after_s.has_value() == (problem.status == 503));
  }
}

TEST_CASE("problem: what failed in us is not told, what the caller did wrong is") {
  struct Row {
    Errc code;
    int status;
    int number;
    bool told;
  };
  const Row rows[] = {
      {Errc::kMalformed, 400, 9001, true},    {Errc::kTooLarge, 413, 9002, true},
      {Errc::kMismatch, 422, 9003, true},     {Errc::kNotFound, 404, 9004, true},
      {Errc::kBadSignature, 401, 9005, true}, {Errc::kUnsupported, 415, 9006, true},
      {Errc::kLocked, 500, 9007, false},      {Errc::kCorrupt, 500, 9008, false},
      {Errc::kIo, 500, 9009, false},          {Errc::kTimeout, 504, 9010, false},
      {Errc::kUnavailable, 503, 9011, false}, {Errc::kConfig, 500, 9012, false},
  };
  for (const Row& row : rows) {
    const Problem problem = problem_of(Error{row.code, "detail-7"});
    INFO(name_of(row.code));
    CHECK(problem.status == row.status);
    CHECK(problem.number == row.number);
    CHECK((problem.detail == "detail-7") == row.told);
    CHECK(problem.retry_after_s.has_value() == (row.status == 503));
  }
}

TEST_CASE("problem: each way of not being believed is its own problem") {
  const std::pair<AuthFailure, const char*> rows[] = {
      {AuthFailure::kMissing, "credentials_missing"},
      {AuthFailure::kMalformed, "credentials_malformed"},
      {AuthFailure::kUnknownKey, "unknown_key"},
      {AuthFailure::kBadSignature, "bad_signature"},
      {AuthFailure::kKeyDisabled, "key_disabled"},
      {AuthFailure::kStale, "stale_timestamp"},
      {AuthFailure::kReplayed, "replayed_nonce"},
      {AuthFailure::kForbidden, "forbidden"},
  };
  int number = 9100;
  for (const auto& [failure, name] : rows) {
    const Problem problem = problem_of(failure);
    CHECK(problem.refusal == name);
    CHECK(problem.number == ++number);
    CHECK(problem.status == (failure == AuthFailure::kForbidden ? 403 : 401));
  }
}

TEST_CASE("problem: the server's own refusals say when to come back") {
  CHECK(render(rate_limited(1), "/").headers.find("Retry-After") == "1");
  CHECK(render(rate_limited(1001), "/").headers.find("Retry-After") == "2");
  CHECK(render(overloaded(3), "/").headers.find("Retry-After") == "3");
  CHECK(render(overloaded(3), "/").status == 503);
  CHECK(render(too_many_holds(), "/").status == 429);
  CHECK(render(too_many_holds(), "/").headers.find("Retry-After") == "60");
  const HttpResponse busy = render(problem_of(Refusal{RefusalCode::kGroupUndecided, ""}), "/");
  CHECK(busy.headers.find("Retry-After") == "1");
  CHECK(busy.body.find(R"("refusal":"group_undecided","number":13)") != std::string::npos);
  CHECK(render(no_such_route(), "/x").status == 404);
  CHECK(render(method_not_allowed(), "/x").status == 405);
  CHECK(render(idempotency_key_missing(), "/x").status == 400);
  // A target of any bytes still yields a document that parses.
  CHECK(JsonDocument::parse(render(no_such_route(), "/\xff\"\x01").body));
}
