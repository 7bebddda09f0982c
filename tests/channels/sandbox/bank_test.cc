// The bank: messages in and out, money, statements over several days.
#include <cstdlib>

#include "channels/sandbox/bank_xml.h"
#include "tests/channels/sandbox/world.h"
#include "tests/support/shared_data.h"

using namespace suanpan;
using namespace suanpan::sandbox::test;

namespace {

struct Transfer {
  std::string number;
  std::string amount = "100.00";
  std::string day = "2026-03-04";
  std::string creditor = "示例施工单位";
  std::string debtor = kAccount;
};

std::string pain001(const std::string& message_id, const std::vector<Transfer>& transfers,
                    const std::string& sum) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
      "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09\"><CstmrCdtTrfInitn>"
      "<GrpHdr><MsgId>" +
      message_id +
      "</MsgId><CreDtTm>2026-03-04T10:00:00+08:00</CreDtTm>"
      "<NbOfTxs>" +
      std::to_string(transfers.size()) + "</NbOfTxs><CtrlSum>" + sum +
      "</CtrlSum>"
      "<InitgPty><Nm>示例监管中心</Nm></InitgPty></GrpHdr>";
  int number = 0;
  for (const Transfer& one : transfers)
    out += "<PmtInf><PmtInfId>P" + std::to_string(++number) +
           "</PmtInfId><PmtMtd>TRF</PmtMtd>"
           "<ReqdExctnDt><Dt>" +
           one.day +
           "</Dt></ReqdExctnDt><Dbtr><Nm>示例监管户</Nm></Dbtr>"
           "<DbtrAcct><Id><Othr><Id>" +
           one.debtor +
           "</Id></Othr></Id></DbtrAcct><DbtrAgt>"
           "<FinInstnId><ClrSysMmbId><MmbId>102100099996</MmbId></ClrSysMmbId></FinInstnId>"
           "</DbtrAgt><CdtTrfTxInf><PmtId><EndToEndId>" +
           one.number +
           "</EndToEndId></PmtId>"
           "<Amt><InstdAmt Ccy=\"CNY\">" +
           one.amount +
           "</InstdAmt></Amt><CdtrAgt><FinInstnId>"
           "<ClrSysMmbId><MmbId>308584000013</MmbId></ClrSysMmbId></FinInstnId></CdtrAgt>"
           "<Cdtr><Nm>" +
           one.creditor +
           "</Nm></Cdtr><CdtrAcct><Id><Othr><Id>755900000000001</Id>"
           "</Othr></Id></CdtrAcct><RmtInf><Ustrd>工程款</Ustrd></RmtInf></CdtTrfTxInf></PmtInf>";
  return out + "</CstmrCdtTrfInitn></Document>";
}

std::string send_xml(World& world, const std::string& body) {
  const auto answer = world.bank("POST", "/bank/pain001", body);
  REQUIRE(answer);
  REQUIRE(answer->status == 200);
  return answer->body;
}
std::string send(World& world, const Transfer& one, const std::string& message_id = "M1") {
  return send_xml(world, pain001(message_id, {one}, one.amount));
}
std::string ask(World& world, const std::string& number) {
  const auto answer = world.bank("GET", "/bank/pain002?end_to_end_id=" + number);
  REQUIRE(answer);
  return answer->status == 200 ? element(answer->body, "TxSts") : std::to_string(answer->status);
}
/// "RJCT AM04": the status and its reason.
std::string verdict(const std::string& report) {
  const std::string status =
      element(report, report.find("<TxSts>") == std::string::npos ? "GrpSts" : "TxSts");
  const std::string reason = element(report, "Cd");
  return reason.empty() ? status : status + " " + reason;
}
std::int64_t balance(const World& world) {
  return world.sandbox->bank().book().accounts().at(kAccount).balance_fen;
}
HttpResponse statement(World& world, const std::string& date, const std::string& version = "08") {
  const auto answer = world.bank("GET", std::string("/bank/camt053?account=") + kAccount +
                                            "&date=" + date + "&version=" + version);
  REQUIRE(answer);
  return *answer;
}
std::string deposit(const std::string& more) {
  return std::string(R"({"account":")") + kAccount + "\"," + more + "}";
}

/// A printed amount in fen: "1,234.56" never occurs, "1234.56" does.
std::int64_t fen(const std::string& text) {
  return parse_major(text, Currency::kCNY).value().minor;
}

/// Opening, credits, debits, closing of a statement, read by plain text search.
struct Read {
  std::int64_t opening = 0, credits = 0, debits = 0, closing = 0;
  std::string sequence;
};
Read read(const std::string& xml) {
  Read out;
  out.sequence = element(xml, "ElctrncSeqNb");
  const auto amount_after = [&](std::size_t from) {
    const auto start = xml.find('>', xml.find("<Amt ", from)) + 1;
    return fen(xml.substr(start, xml.find('<', start) - start));
  };
  out.opening = amount_after(xml.find("OPBD"));
  out.closing = amount_after(xml.find("CLBD"));
  for (auto at = xml.find("<Ntry>"); at != std::string::npos; at = xml.find("<Ntry>", at + 1))
    (element(xml, "CdtDbtInd", at) == "CRDT" ? out.credits : out.debits) += amount_after(at);
  return out;
}

bool validates(const std::string& xml, const std::string& schema) {
  const auto file = key_folder() / "message.xml";
  std::ofstream(file, std::ios::binary) << xml;
  const auto xsd = suanpan::test::shared_data() / "iso20022" / "xsd" / schema;
  const std::string command =
      "xmllint --noout --schema '" + xsd.string() + "' '" + file.string() + "' 2>/dev/null";
  return std::system(command.c_str()) == 0;
}

}  // namespace

TEST_CASE("sandbox bank: a request without a true signature is 401") {
  World world;
  const auto status = [&](const HttpRequest& request) {
    return world.sandbox->handle(request, world.now)->status;
  };
  const std::string target = "/bank/pain002?end_to_end_id=X";
  CHECK(world.bank("GET", target)->status == 404);
  HttpRequest request{"GET", target, {}, "", {}};
  CHECK(status(request) == 401);
  const std::string key = World::text(slurp(key_folder() / "keys.json"), "bank_key");
  const auto signed_at = [&](std::int64_t seconds, const std::string& what) {
    const std::string time = std::to_string(seconds);
    request.headers.set("Bank-Timestamp", time);
    request.headers.set("Bank-Signature", hex_lower(hmac_sha256(key, time + "\n" + what)));
    return status(request);
  };
  CHECK(signed_at(world.now.seconds(), target) == 404);
  CHECK(signed_at(world.now.seconds(), target + "1") == 401);
  CHECK(signed_at(world.now.seconds() - 300, target) == 401);
  CHECK(signed_at(world.now.seconds() + 300, target) == 401);
  CHECK(signed_at(world.now.seconds() - 299, target) == 404);
}

TEST_CASE("sandbox bank: a transfer is ACSP, then PDNG, then ACSC and an entry") {
  World world;
  const std::string report = send(world, {"E1"});
  CHECK(verdict(report) == "ACSP");
  CHECK(element(report, "OrgnlMsgId") == "M1");
  CHECK(element(report, "OrgnlEndToEndId") == "E1");
  CHECK(ask(world, "E1") == "PDNG");
  CHECK(balance(world) == 100'000);
  world.now = world.now.plus_seconds(30);
  CHECK(ask(world, "E1") == "ACSC");
  CHECK(balance(world) == 90'000);
  CHECK(ask(world, "E2") == "404");
}

TEST_CASE("sandbox bank: a transfer dated ahead is ACTC and leaves that morning") {
  World world;
  CHECK(verdict(send(world, {"E1", "100.00", "2026-03-06"})) == "ACTC");
  world.now = at("2026-03-06 08:59:59");
  CHECK(ask(world, "E1") == "PDNG");
  world.now = at("2026-03-06 09:00:00");
  CHECK(ask(world, "E1") == "ACSC");
}

TEST_CASE("sandbox bank: what the bank will not do is RJCT with its reason") {
  World world;
  Transfer missing_name{"E3"};
  missing_name.creditor = "";
  Transfer unknown_debtor{"E5"};
  unknown_debtor.debtor = "999";
  Transfer itself{"E7"};
  itself.debtor = "755900000000001";
  CHECK(verdict(send(world, {"E1", "1000.01"}, "M1")) == "RJCT AM04");
  CHECK(verdict(send(world, {"E2", "0.00"}, "M2")) == "RJCT AM01");
  CHECK(verdict(send(world, missing_name, "M3")) == "RJCT BE22");
  CHECK(verdict(send(world, {"E4", "1.00", "2026-03-03"}, "M4")) == "RJCT DT01");
  CHECK(verdict(send(world, unknown_debtor, "M5")) == "RJCT AC02");
  CHECK(ask(world, "E1") == "RJCT");
  // A refusal is for ever; the money for a new number is there.
  CHECK(verdict(send(world, {"E1", "1000.01"}, "M6")) == "RJCT AM04");
  CHECK(verdict(send(world, {"E6", "1000.00"}, "M7")) == "ACSP");
  CHECK(verdict(send(world, {"E8", "0.01"}, "M8")) == "RJCT AM04");  // all of it is reserved
  CHECK(verdict(send(world, itself, "M9")) == "RJCT AC02");
}

TEST_CASE("sandbox bank: a message that is wrong as a whole is refused and leaves nothing") {
  World world;
  const std::string good = pain001("M1", {{"E1"}, {"E2"}}, "200.00");
  const std::tuple<const char*, const char*, const char*> rows[] = {
      {"<CtrlSum>200.00", "<CtrlSum>200.01", "RJCT AM10"},
      {"<NbOfTxs>2", "<NbOfTxs>3", "RJCT AM10"},
      {"<NbOfTxs>2</NbOfTxs>", "", "RJCT AM10"},
      {"<EndToEndId>E2", "<EndToEndId>E1", "RJCT AM05"},
      {"pain.001.001.09", "pain.001.001.03", "RJCT FF01"},
      {"<PmtMtd>TRF", "<PmtMtd>CHK", "RJCT FF01"},
      {"<MsgId>M1", "<MsgId>", "RJCT FF01"},
      {"<EndToEndId>E2", "<EndToEndId>", "RJCT FF01"},
      {"<Dt>2026-03-04", "<Dt>2026-02-30", "RJCT FF01"},
      {"\">100.00", "\">1e2", "RJCT AM12"},
      {"\">100.00", "\">100.001", "RJCT AM12"},
      {"</Document>", "", "RJCT FF01"},
      {"工程款", "\xFF\xFE", "RJCT FF01"},
      {"<Document ", "<!DOCTYPE x [<!ENTITY a \"aa\">]><Document ", "RJCT FF01"},
  };
  for (const auto& [from, to, expected] : rows) {
    std::string body = good;
    const auto place = body.find(from);
    REQUIRE(place != std::string::npos);
    body.replace(place, std::string(from).size(), to);
    INFO(from << " → " << to);
    CHECK(verdict(send_xml(world, body)) == expected);
  }
  CHECK(verdict(send_xml(world, "")) == "RJCT FF01");
  CHECK(verdict(send_xml(world, "{}")) == "RJCT FF01");
  CHECK(verdict(send_xml(world, std::string((1 << 20) + 1, ' '))) == "RJCT FF01");
  CHECK(ask(world, "E1") == "404");
  CHECK(verdict(send_xml(world, good)) == "ACSP");  // the number was not used up
}

TEST_CASE("sandbox bank: a resend finds the first answer, other content is refused") {
  World world;
  const std::string message = pain001("M1", {{"E1"}}, "100.00");
  const std::string first = send_xml(world, message);
  world.now = world.now.plus_seconds(60);
  CHECK(send_xml(world, message) == first);
  CHECK(verdict(send(world, {"E1", "100.01"}, "M1")) == "RJCT DU01");
  CHECK(verdict(send(world, {"E1"}, "M2")) == "ACSP");  // the first status, though it is settled
  CHECK(verdict(send(world, {"E1", "100.01"}, "M3")) == "RJCT AM05");
  CHECK(ask(world, "E1") == "ACSC");
  world.now = world.now.plus_seconds(60);
  CHECK(ask(world, "E1") == "ACSC");
  CHECK(balance(world) == 90'000);
}

TEST_CASE("sandbox bank: of several transfers each has its own status") {
  World world;
  const std::string report =
      send_xml(world, pain001("M1", {{"E1", "600.00"}, {"E2", "600.00"}}, "1200.00"));
  CHECK(element(report, "GrpSts") == "PART");
  CHECK(element(report, "TxSts", report.find("E1")) == "ACSP");
  CHECK(element(report, "TxSts", report.find("E2")) == "RJCT");
}

TEST_CASE("sandbox bank: deposits credit the account and the sub-account that they name") {
  World world;
  const auto put = [&](const std::string& json) {
    return world.control("/sandbox/bank/deposit", json).status;
  };
  CHECK(put(deposit(R"("sub_account":"6000000426","payer_name":"张三","payer_account":"6217",)"
                    R"("amount_fen":5000,"remark":"首付款")")) == 200);
  const auto& account = world.sandbox->bank().book().accounts().at(kAccount);
  CHECK(account.balance_fen == 105'000);
  CHECK(account.sub_balances_fen.at("6000000426") == 5'000);
  for (const std::string& bad :
       {deposit(R"("amount_fen":0)"), deposit(R"("amount_fen":-5)"), deposit(R"("amount_fen":"5")"),
        deposit(R"("remark":"x")"), std::string(R"({"account":"999","amount_fen":5})"),
        deposit(R"("amount_fen":5,"remark":"a\nb")"),
        deposit(R"("amount_fen":5,"payer_name":")" + std::string(71, 'x') + "\""),
        deposit(std::string(R"("amount_fen":5,"sub_account":")") + kAccount + "\"")}) {
    INFO(bad);
    CHECK(put(bad) >= 400);
  }
  CHECK(account.balance_fen == 105'000);
  CHECK(account.entries.size() == 1);
}

TEST_CASE("sandbox bank: a payout from a sub-account is bounded by what is in it") {
  World world;
  world.control("/sandbox/bank/deposit",
                deposit(R"("sub_account":"6000000426","amount_fen":5000)"));
  Transfer most{"E1", "50.00"}, more{"E2", "0.01"};
  most.debtor = more.debtor = "6000000426";
  CHECK(verdict(send(world, most, "M1")) == "ACSP");
  CHECK(verdict(send(world, more, "M2")) == "RJCT AM04");
  world.now = at("2026-03-05 09:00:00");
  const std::string xml = statement(world, "2026-03-04").body;
  CHECK(xml.find("<DbtrAcct><Id><Othr><Id>6000000426<") != std::string::npos);
}

TEST_CASE("sandbox bank: accounts and sub-accounts can be opened on the way") {
  World world;
  const auto open = [&](const std::string& json) {
    return world.control("/sandbox/bank/accounts", json).status;
  };
  CHECK(open(R"({"account":"777","name":"B","opening_fen":10,"sub_accounts":["8001","8002"]})") ==
        200);
  CHECK(open(R"({"account":"777","sub_accounts":["8003"]})") == 200);
  CHECK(open(R"({"account":"778","sub_accounts":["8003"]})") == 409);
  CHECK(open(R"({"account":""})") == 400);
  CHECK(world.sandbox->bank().book().accounts().at("777").sub_balances_fen.size() == 3);
}

TEST_CASE("sandbox bank: statements of several days chain and add up, in both versions") {
  World world;
  world.control("/sandbox/bank/deposit",
                deposit(R"("sub_account":"6000000426","payer_name":"张三 <&>","amount_fen":5000,)"
                        R"("payer_account":"6217","remark":"合同号YS2026001")"));
  send(world, {"E1", "300.00"}, "M1");
  send(world, {"E2", "20.00", "2026-03-06"}, "M2");
  world.now = at("2026-03-07 08:00:00");

  // Opened with 1000.00 on the 2nd. 4th: + 50.00 - 300.00. 6th: - 20.00.
  struct Row {
    const char* date;
    const char* sequence;
    std::int64_t opening, credits, debits, closing;
  };
  const Row rows[] = {{"2026-03-02", "1", 100'000, 0, 0, 100'000},
                      {"2026-03-03", "2", 100'000, 0, 0, 100'000},
                      {"2026-03-04", "3", 100'000, 5'000, 30'000, 75'000},
                      {"2026-03-05", "4", 75'000, 0, 0, 75'000},
                      {"2026-03-06", "5", 75'000, 0, 2'000, 73'000}};
  for (const Row& row : rows) {
    for (const char* version : {"08", "02"}) {
      INFO(row.date << " " << version);
      const HttpResponse answer = statement(world, row.date, version);
      REQUIRE(answer.status == 200);
      const Read got = read(answer.body);
      CHECK(got.sequence == row.sequence);
      CHECK(got.opening == row.opening);
      CHECK(got.credits == row.credits);
      CHECK(got.debits == row.debits);
      CHECK(got.closing == row.closing);
      CHECK(statement(world, row.date, version).body == answer.body);
    }
  }
  const std::string xml = statement(world, "2026-03-04").body;
  CHECK(xml.find("<Dbtr><Pty><Nm>张三 &lt;&amp;&gt;</Nm></Pty></Dbtr>") != std::string::npos);
  CHECK(xml.find("<DbtrAcct><Id><Othr><Id>6217<") != std::string::npos);
  CHECK(xml.find("<CdtrAcct><Id><Othr><Id>6000000426<") != std::string::npos);
  CHECK(xml.find("<Ustrd>合同号YS2026001</Ustrd>") != std::string::npos);
  CHECK(xml.find("<EndToEndId>E1</EndToEndId>") != std::string::npos);
  CHECK(statement(world, "2026-03-07").status == 404);  // not ended
  CHECK(statement(world, "2026-03-01").status == 404);  // not open yet
  CHECK(statement(world, "20260304").status == 400);
  CHECK(statement(world, "2026-03-04", "03").status == 400);
}

TEST_CASE("sandbox bank: a refusal can come at once or late, and the money is free again") {
  World world;
  world.fault(R"({"kind":"bank_reject","number":"E1","text":"AC06"})");
  world.fault(R"({"kind":"bank_reject_later","number":"E2","text":"AG01"})");
  CHECK(verdict(send(world, {"E1", "1000.00"}, "M1")) == "RJCT AC06");
  CHECK(verdict(send(world, {"E2", "1000.00"}, "M2")) == "ACSP");
  CHECK(ask(world, "E2") == "PDNG");
  world.now = world.now.plus_seconds(30);
  const auto answer = world.bank("GET", "/bank/pain002?end_to_end_id=E2");
  CHECK(verdict(answer->body) == "RJCT AG01");
  CHECK(verdict(send(world, {"E3", "1000.00"}, "M3")) == "ACSP");
  CHECK(world.sandbox->bank().book().accounts().at(kAccount).entries.empty());
}

TEST_CASE("sandbox bank: a returned transfer stays ACSC and comes back as a credit entry") {
  World world;
  world.fault(R"({"kind":"bank_return","number":"E1","after_s":86400,"text":"AC04"})");
  send(world, {"E1", "300.00"});
  world.now = at("2026-03-06 08:00:00");
  CHECK(ask(world, "E1") == "ACSC");
  CHECK(balance(world) == 100'000);
  const std::string xml = statement(world, "2026-03-05").body;
  const Read got = read(xml);
  CHECK(got.opening == 70'000);
  CHECK(got.credits == 30'000);
  CHECK(got.closing == 100'000);
  CHECK(xml.find("<EndToEndId>E1</EndToEndId>") != std::string::npos);
  CHECK(xml.find("<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>") != std::string::npos);
}

TEST_CASE("sandbox bank: a statement can be asked not to add up") {
  World world;
  world.now = at("2026-03-05 08:00:00");
  world.fault(R"({"kind":"statement_wrong_balance","number":"2026-03-04","amount_fen":7})");
  CHECK(read(statement(world, "2026-03-04").body).closing == 100'007);
  CHECK(read(statement(world, "2026-03-04").body).closing == 100'000);  // it fired once
}

TEST_CASE("sandbox bank: every message validates against its schema") {
  SHARED_OR_SKIP();
  World world;
  CHECK(validates(pain001("M1", {{"E1"}}, "100.00"), "pain.001.001.09.xsd"));  // the test's own
  CHECK_FALSE(validates(pain001("M1", {}, "0.00"), "pain.001.001.09.xsd"));    // it can say no
  world.control("/sandbox/bank/deposit",
                deposit(R"("sub_account":"6000000426","payer_name":"张三 <&>","amount_fen":5000,)"
                        R"("payer_account":"6217","remark":"合同号 'YS' \"2026\"")"));
  world.control("/sandbox/bank/deposit", deposit(R"("amount_fen":1)"));
  world.fault(R"({"kind":"bank_return","number":"E1"})");
  const std::string pain002 = "pain.002.001.11.xsd";
  CHECK(
      validates(send_xml(world, pain001("M1", {{"E1"}, {"E2", "9999.00"}}, "10099.00")), pain002));
  CHECK(validates(send(world, {"E1", "1.00"}, "M1"), pain002));  // DU01
  CHECK(validates(send_xml(world, "not XML"), pain002));
  world.now = world.now.plus_seconds(7'200);
  CHECK(validates(world.bank("GET", "/bank/pain002?end_to_end_id=E1")->body, pain002));
  CHECK(validates(world.bank("GET", "/bank/pain002?end_to_end_id=E2")->body, pain002));
  world.now = at("2026-03-05 08:00:00");
  CHECK(statement(world, "2026-03-04").body.find("RtrInf") != std::string::npos);
  CHECK(validates(statement(world, "2026-03-04", "08").body, "camt.053.001.08.xsd"));
  CHECK(validates(statement(world, "2026-03-04", "02").body, "camt.053.001.02.xsd"));
  CHECK(validates(statement(world, "2026-03-03", "08").body, "camt.053.001.08.xsd"));
}
