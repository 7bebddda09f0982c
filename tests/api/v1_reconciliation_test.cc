// Bills, fund flows and reports over the wire: whom a bad file is told of, and what it changes.
#include <catch2/catch.hpp>

#include "tests/api/platform_world.h"

using namespace suanpan;
using suanpan::test::Unchanged;
using Fixture = suanpan::test::PlatformWorld;

TEST_CASE("v1 reconciliation: a bill that is not believed changes nothing and says why") {
  Fixture f;
  const auto run = [&](const std::string& more, const std::string& key,
                       const std::string& who = "maker") {
    return f.post(who, "/v1/reconciliation-runs", "{" + more + "}", key);
  };
  const std::string head = R"("kind":"bill","subject":"1900000109","day":"2026-03-04")";
  CHECK(f.get("auditor", "/v1/reconciliation-runs").size("runs") == 0);
  CHECK(f.get("auditor", "/v1/breaks?open=true").size("breaks") == 0);
  const Unchanged unchanged(f);
  CHECK(run(head, "r1").told() == "400 malformed");  // no file, and nowhere to fetch one from
  CHECK(run(head + R"(,"file":"***")", "r2").told() == "400 malformed");
  const auto gibberish = run(head + R"(,"file":")" + base64("not a bill") + "\"", "r3");
  CHECK(gibberish.status == 400);
  CHECK(gibberish.at("refusal") == "malformed");
  CHECK(run(R"("kind":"gossip","subject":"x","day":"2026-03-04","file":"")", "r4").told() ==
        "400 malformed");
  const auto bomb = run(R"("kind":"statement","subject":"x","day":"2026-03-04","file":")" +
                            base64("<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>") + "\"",
                        "r5");
  CHECK(bomb.status == 415);  // a document type is no part of a statement
  CHECK(bomb.at("refusal") == "unsupported");
  CHECK(run(head, "r6", "checker").told() == "403 forbidden");
  CHECK(f.get("auditor", "/v1/reconciliation-runs/none").told() == "404 document_not_found");
  CHECK(f.post("maker", "/v1/breaks/none/propose", R"({"resolution":"adjust"})", "p1").told() ==
        "404 document_not_found");
  CHECK(f.post("checker", "/v1/breaks/none/resolve", "{}", "p2").told() ==
        "404 document_not_found");
  CHECK(f.post("maker", "/v1/breaks/none/reject", "{}", "p4").told() == "404 document_not_found");
  CHECK(f.post("maker", "/v1/breaks/none/resolve", "{}", "p3").told() == "403 forbidden");
  CHECK(f.get("upstream", "/v1/breaks").told() == "403 forbidden");
}

TEST_CASE("v1 reconciliation: a bad file that we fetched is the channel's fault, and is named") {
  Fixture f;
  Result<std::string> file = std::string();
  f.services->fetch_file = [&file](const std::string&, const std::string&, Date) { return file; };
  const std::string odd =
      "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,"
      "交易状态,付款银行,货币种类,应结订单金额,手续费\r\n"
      "`2026-03-04 12:00:00,`wx1,`1900000109,`0,`,`42000,`P1,`o,`NATIVE,`SUCCESS,`OTHERS,`CNY,"
      "`1.001,`0.01000\r\n";
  struct Row {
    const char* kind;
    Result<std::string> file;
    int status;
    const char* refusal;
    const char* says;
  };
  const Row rows[] = {
      {"bill", std::string("not a bill"), 502, "channel_file_bad", "after line 0"},
      {"bill", odd, 502, "channel_file_bad", "bill line 2: 应结订单金额"},
      {"statement", std::string("<a>"), 502, "channel_file_bad", "XML"},
      {"statement", std::string("<!DOCTYPE a><a/>"), 502, "channel_file_bad", "DOCTYPE"},
      {"bill", fail(Errc::kMismatch, "the SHA-1 is another"), 502, "channel_file_bad", "SHA-1"},
      {"bill", fail(Errc::kBadSignature, "serial unknown"), 502, "channel_file_bad", "serial"},
      {"bill", fail(Errc::kConfig, "NO_AUTH"), 502, "channel_file_bad", "NO_AUTH"},
      {"bill", fail(Errc::kUnavailable, "not made yet"), 503, "channel_not_ready", "not made yet"},
      {"bill", fail(Errc::kTimeout, "no answer"), 503, "channel_not_ready", "no answer"},
      {"bill", fail(Errc::kNotFound, "merchant is not configured"), 404, "not_found", "configured"},
  };
  const Unchanged unchanged(f);
  int n = 0;
  for (const Row& row : rows) {
    file = row.file;
    f.allowed_failure = row.status;
    const auto reply = f.post(
        "maker", "/v1/reconciliation-runs",
        fmt::format(R"({{"kind":"{}","subject":"1900000109","day":"2026-03-04"}})", row.kind),
        "fetched" + std::to_string(++n));
    INFO(reply.body);
    CHECK(reply.status == row.status);
    CHECK(reply.at("refusal") == row.refusal);
    CHECK(reply.at("detail").find(row.says) != std::string::npos);
    CHECK((reply.at("detail").find(std::string(row.kind) + " of 1900000109, 2026-03-04: ") == 0) ==
          (row.status != 404));
    CHECK((reply.header("Retry-After") == "60") == (row.status == 503));
  }
  // A check of the fund-flow bill says the same.
  file = std::string("not a bill");
  f.allowed_failure = 502;
  CHECK(f.post("maker", "/v1/fund-flow-checks", R"({"subject":"1900000109","day":"2026-03-04"})",
               "flow")
            .told() == "502 channel_file_bad");
}

TEST_CASE("v1 reports: those of a day are written, listed and read") {
  Fixture f;
  const auto written = f.post("operator", "/v1/reports", R"({"day":"2026-03-04"})", "d1");
  REQUIRE(written.status == 200);
  CHECK(written.size("files") > 0);
  const auto list = f.get("auditor", "/v1/reports");
  CHECK(list.body.find(written.at("files.0")) != std::string::npos);
  std::string name = percent_encode(written.at("files.0"));
  CHECK(f.get("auditor", "/v1/reports/" + name).status == 200);
  CHECK(f.post("upstream", "/v1/reports", R"({"day":"2026-03-04"})", "d2").told() ==
        "403 forbidden");
  CHECK(f.post("operator", "/v1/reports", R"({"day":"tomorrow"})", "d3").told() == "400 malformed");
}
