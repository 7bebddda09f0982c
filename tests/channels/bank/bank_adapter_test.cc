#include "channels/bank/adapter.h"

#include <catch2/catch.hpp>

#include "tests/channels/bank/xmllint.h"

using namespace suanpan;
using namespace suanpan::channels;
using namespace suanpan::channels::bank;

namespace {

const Timestamp kNow = Timestamp::of_cn(*Date::of(2026, 11, 23), 9, 30, 0);
constexpr Money kHundred{10000, Currency::kCNY};

BankAdapter adapter(std::string key = "bank-test-key") {
  return BankAdapter({"示例监管中心",
                      {{"6228000000000001", "示例开发公司监管户", "102100099996"}},
                      Secret(std::move(key))});
}

TransferRequest transfer() {
  return {"T1",         kHundred,       "6228000000000001", "示例施工单位",
          "7559000001", "308584000013", "工程款",           *Date::of(2026, 11, 23)};
}

std::string report(const std::string& status, const std::string& no = "T1") {
  return "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.11\"><CstmrPmtStsRpt>"
         "<GrpHdr><MsgId>R1</MsgId><CreDtTm>2026-11-23T10:00:00+08:00</CreDtTm></GrpHdr>"
         "<OrgnlGrpInfAndSts><OrgnlMsgId>T1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09"
         "</OrgnlMsgNmId></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>P1</OrgnlPmtInfId>"
         "<TxInfAndSts><OrgnlEndToEndId>" +
         no + "</OrgnlEndToEndId><TxSts>" + status +
         "</TxSts></TxInfAndSts></OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>";
}

HttpResponse answer(int status, std::string body = "") { return {status, {}, std::move(body)}; }

struct Row {
  const char* claim;
  Result<HttpResponse> answer;
  Knowledge knowledge;
  TransferStatus status;
  const char* error_code;
};

/// 0.00 + nothing = 0.00 on 11-23.
std::string statement(const std::string& account = "6228000000000001",
                      const std::string& day = "2026-11-23") {
  std::string balances;
  for (const char* type : {"OPBD", "CLBD"})
    balances +=
        std::string("<Bal><Tp><CdOrPrtry><Cd>") + type +
        "</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">0</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>" + day +
        "</Dt></Dt></Bal>";
  return "<Document "
         "xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt><GrpHdr>"
         "<MsgId>M</MsgId><CreDtTm>2026-11-23T23:30:00+08:00</CreDtTm></GrpHdr><Stmt><Id>S</Id>"
         "<Acct><Id><Othr><Id>" +
         account + "</Id></Othr></Id></Acct>" + balances + "</Stmt></BkToCstmrStmt></Document>";
}

}  // namespace

TEST_CASE("bank: the signature is HMAC-SHA256 over timestamp, line feed and payload") {
  // printf '1795397400\n/bank/pain002?end_to_end_id=T1' | openssl dgst -sha256 -hmac bank-test-key
  CHECK(bank_signature(Secret("bank-test-key"), "1795397400", "/bank/pain002?end_to_end_id=T1") ==
        "35212d5a891c402ffa19c9641ab3a22a8dbc76168b150d7620e571d3cb5d70c4");
}

TEST_CASE("bank: a transfer is a signed POST of a valid pain.001") {
  const auto request = adapter().encode_transfer(transfer(), kNow);
  REQUIRE(request);
  const HttpRequest& http = request.value();
  CHECK(http.method == "POST");
  CHECK(http.target == "/bank/pain001");
  CHECK(http.headers.find("Content-Type") == "application/xml");
  CHECK(http.headers.find("Bank-Timestamp") == "1795397400");
  CHECK(http.headers.find("Bank-Signature") ==
        bank_signature(Secret("bank-test-key"), "1795397400", http.body));
  CHECK_THAT(http.body, Catch::Contains("<MsgId>T1</MsgId>") &&
                            Catch::Contains("<EndToEndId>T1</EndToEndId>") &&
                            Catch::Contains("<InstdAmt Ccy=\"CNY\">100.00</InstdAmt>"));
  if (test::judge_or_skip()) CHECK(test::is_valid(http.body, "pain.001.001.09"));
  // A resend at the same moment is the same request, byte for byte.
  CHECK(adapter().encode_transfer(transfer(), kNow).value().body == http.body);
}

TEST_CASE("bank: queries and statements are signed GETs of their target") {
  const auto query = adapter().encode_transfer_query("T1/&=?", kNow);
  REQUIRE(query);
  CHECK(query.value().method == "GET");
  CHECK(query.value().target == "/bank/pain002?end_to_end_id=T1%2F%26%3D%3F");
  CHECK(query.value().body.empty());
  CHECK(query.value().headers.find("Bank-Signature") ==
        bank_signature(Secret("bank-test-key"), "1795397400", query.value().target));
  const Date day = *Date::of(2026, 11, 3);
  CHECK(adapter().encode_statement("6228", day, StatementVersion::kV08, kNow).value().target ==
        "/bank/camt053?account=6228&date=2026-11-03");
  CHECK(adapter().encode_statement("6228", day, StatementVersion::kV02, kNow).value().target ==
        "/bank/camt053?account=6228&date=2026-11-03&version=02");
}

TEST_CASE("bank: what cannot be sent is refused before it leaves") {
  CHECK(adapter("").encode_transfer(transfer(), kNow).error().code == Errc::kConfig);
  CHECK(adapter("").encode_transfer_query("T1", kNow).error().code == Errc::kConfig);
  CHECK(adapter().encode_transfer_query("", kNow).error().code == Errc::kMalformed);
  CHECK(adapter().encode_transfer_query(std::string(36, 'T'), kNow).error().code ==
        Errc::kMalformed);
  CHECK(adapter().encode_statement("", Date{}, StatementVersion::kV08, kNow).error().code ==
        Errc::kMalformed);
  TransferRequest spoilt = transfer();
  spoilt.payer_account = "someone else's";
  CHECK(adapter().encode_transfer(spoilt, kNow).error().code == Errc::kNotFound);
}

TEST_CASE("bank: the answer to a transfer falls into the four classes of knowledge") {
  const auto processing = TransferStatus::kProcessing;
  const std::vector<Row> rows{
      {"accepted", answer(200, report("ACTC")), Knowledge::kKnown, processing, ""},
      {"settled at once", answer(200, report("ACSC")), Knowledge::kKnown,
       TransferStatus::kSucceeded, ""},
      {"202", answer(202, report("PDNG")), Knowledge::kKnown, processing, ""},
      {"rejected", answer(200, report("RJCT")), Knowledge::kRejected, TransferStatus::kFailed,
       "RJCT"},
      {"rejected with 422", answer(422, report("RJCT")), Knowledge::kRejected,
       TransferStatus::kFailed, "RJCT"},
      {"a status nobody knows", answer(200, report("ABCD")), Knowledge::kUnknown, processing,
       "STATUS_ABCD"},
      {"another transfer's report", answer(200, report("ACSC", "T2")), Knowledge::kUnknown,
       processing, "NOT_REPORTED"},
      {"an empty answer", answer(200), Knowledge::kUnknown, processing, "UNREADABLE_ANSWER"},
      {"an HTML answer", answer(200, "<html/>"), Knowledge::kUnknown, processing,
       "UNREADABLE_ANSWER"},
      {"a truncated answer", answer(200, report("ACSC").substr(0, 400)), Knowledge::kUnknown,
       processing, "UNREADABLE_ANSWER"},
      {"an entity bomb", answer(200, "<!DOCTYPE a [<!ENTITY b \"c\">]>" + report("ACSC")),
       Knowledge::kUnknown, processing, "UNREADABLE_ANSWER"},
      {"500", answer(500), Knowledge::kUnknown, processing, "HTTP_500"},
      {"500 with a rejection", answer(500, report("RJCT")), Knowledge::kUnknown, processing,
       "HTTP_500"},
      {"503", answer(503), Knowledge::kUnknown, processing, "HTTP_503"},
      {"400 without a report", answer(400, "bad"), Knowledge::kUnknown, processing, "HTTP_400"},
      {"404", answer(404), Knowledge::kUnknown, processing, "HTTP_404"},
      {"409", answer(409), Knowledge::kUnknown, processing, "HTTP_409"},
      {"a redirect", answer(302, report("ACSC")), Knowledge::kUnknown, processing, "HTTP_302"},
      {"429", answer(429), Knowledge::kNotAccepted, processing, "HTTP_429"},
      {"401", answer(401), Knowledge::kNotAccepted, processing, "HTTP_401"},
      {"403", answer(403), Knowledge::kNotAccepted, processing, "HTTP_403"},
      {"timeout", fail(Errc::kTimeout, "no answer"), Knowledge::kUnknown, processing, "timeout"},
      {"broken connection", fail(Errc::kIo, "reset"), Knowledge::kUnknown, processing, "io"},
      {"no connection", fail(Errc::kUnavailable, "refused"), Knowledge::kNotAccepted, processing,
       "unavailable"},
  };
  for (const Row& row : rows) {
    INFO(row.claim);
    const TransferOutcome told = BankAdapter::decode_transfer("T1", kHundred, row.answer);
    CHECK(told.knowledge == row.knowledge);
    CHECK(told.status == row.status);
    CHECK(told.error_code == row.error_code);
  }
}

TEST_CASE("bank: a query that fails says nothing of the transfer, but for 404") {
  const auto processing = TransferStatus::kProcessing;
  const std::vector<Row> rows{
      {"settled", answer(200, report("ACSC")), Knowledge::kKnown, TransferStatus::kSucceeded, ""},
      {"processing", answer(200, report("ACSP")), Knowledge::kKnown, processing, ""},
      {"rejected", answer(200, report("RJCT")), Knowledge::kRejected, TransferStatus::kFailed,
       "RJCT"},
      {"never heard of", answer(404), Knowledge::kNotAccepted, processing, "UNKNOWN_TRANSFER"},
      {"429", answer(429), Knowledge::kUnknown, processing, "HTTP_429"},
      {"401", answer(401), Knowledge::kUnknown, processing, "HTTP_401"},
      {"422 with a rejection", answer(422, report("RJCT")), Knowledge::kUnknown, processing,
       "HTTP_422"},
      {"500", answer(500), Knowledge::kUnknown, processing, "HTTP_500"},
      {"garbage", answer(200, "ok"), Knowledge::kUnknown, processing, "UNREADABLE_ANSWER"},
      {"timeout", fail(Errc::kTimeout, "no answer"), Knowledge::kUnknown, processing, "timeout"},
      {"no connection", fail(Errc::kUnavailable, "refused"), Knowledge::kUnknown, processing,
       "unavailable"},
  };
  for (const Row& row : rows) {
    INFO(row.claim);
    const TransferOutcome told = BankAdapter::decode_transfer_query("T1", kHundred, row.answer);
    CHECK(told.knowledge == row.knowledge);
    CHECK(told.status == row.status);
    CHECK(told.error_code == row.error_code);
  }
}

TEST_CASE("bank: a statement is taken only if it is the one asked for") {
  const Date day = *Date::of(2026, 11, 23);
  const std::string account = "6228000000000001";
  const auto good = BankAdapter::decode_statement(account, day, answer(200, statement()));
  REQUIRE(good);
  CHECK(good.value().id == "S");
  struct StatementRow {
    const char* claim;
    Result<HttpResponse> answer;
    Errc code;
  };
  std::string report_instead = statement();
  for (const auto& [from, to] :
       {std::pair("camt.053", "camt.052"), std::pair("<BkToCstmrStmt>", "<BkToCstmrAcctRpt>"),
        std::pair("</BkToCstmrStmt>", "</BkToCstmrAcctRpt>"), std::pair("<Stmt>", "<Rpt>"),
        std::pair("</Stmt>", "</Rpt>")})
    report_instead.replace(report_instead.find(from), std::string(from).size(), to);
  const std::vector<StatementRow> rows{
      {"another account", answer(200, statement("6228000000000002")), Errc::kMismatch},
      {"another day", answer(200, statement(account, "2026-11-22")), Errc::kMismatch},
      {"not made yet", answer(404), Errc::kNotFound},
      {"later", answer(429), Errc::kUnavailable},
      {"bank down", answer(503), Errc::kIo},
      {"no right", answer(403), Errc::kUnsupported},
      {"an interim report", answer(200, report_instead), Errc::kUnsupported},
      {"garbage", answer(200, "ok"), Errc::kMalformed},
      {"timeout", fail(Errc::kTimeout, "no answer"), Errc::kTimeout},
  };
  for (const StatementRow& row : rows) {
    INFO(row.claim);
    const auto taken = BankAdapter::decode_statement(account, day, row.answer);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().code == row.code);
  }
}
