#include "channels/bank/camt053.h"

#include <catch2/catch.hpp>

#include "tests/channels/bank/xmllint.h"

using namespace suanpan;
using namespace suanpan::channels::bank;

namespace {

/// A statement in version 08: 1,000.00 on the evening of 11-20, a deposit of 250.00 and a payout of
/// 99.99 on 11-21, hence 1,150.01.
const std::string kStatement =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToCstmrStmt>"
    "<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-21T23:30:00+08:00</CreDtTm></GrpHdr>"
    "<Stmt><Id>S1</Id><ElctrncSeqNb>325</ElctrncSeqNb><FrToDt>"
    "<FrDtTm>2026-11-21T00:00:00+08:00</FrDtTm><ToDtTm>2026-11-21T23:59:59+08:00</ToDtTm></FrToDt>"
    "<Acct><Id><Othr><Id>6228000000000001</Id></Othr></Id><Ccy>CNY</Ccy></Acct>"
    "<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">1000.00</Amt>"
    "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-20</Dt></Dt></Bal>"
    "<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">1150.01</Amt>"
    "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-21</Dt></Dt></Bal>"
    "<Ntry><NtryRef>1</NtryRef><Amt Ccy=\"CNY\">250.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>"
    "<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-21</Dt></BookgDt><ValDt><Dt>2026-11-22</Dt>"
    "</ValDt><AcctSvcrRef>H0001</AcctSvcrRef><BkTxCd/><NtryDtls><TxDtls>"
    "<Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><RltdPties><Dbtr><Pty><Nm>张三</Nm></Pty>"
    "</Dbtr><DbtrAcct><Id><Othr><Id>6217</Id></Othr></Id></DbtrAcct><CdtrAcct><Id><Othr>"
    "<Id>6000000426</Id></Othr></Id></CdtrAcct></RltdPties><RmtInf><Ustrd>首付款</Ustrd>"
    "<Ustrd>合同号YS2026001</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    "<Ntry><NtryRef>2</NtryRef><Amt Ccy=\"CNY\">99.99</Amt><CdtDbtInd>DBIT</CdtDbtInd>"
    "<RvslInd>false</RvslInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><DtTm>2026-11-21T00:10:00+08:00</"
    "DtTm>"
    "</BookgDt><AcctSvcrRef>H0002</AcctSvcrRef><BkTxCd/><NtryDtls><TxDtls>"
    "<Refs><EndToEndId>T1</EndToEndId></Refs><RltdPties><DbtrAcct><Id><Othr>"
    "<Id>6228000000000001</Id></Othr></Id></DbtrAcct><Cdtr><Pty><Nm>示例施工单位</Nm></Pty></Cdtr>"
    "<CdtrAcct><Id><Othr><Id>7559</Id></Othr></Id></CdtrAcct></RltdPties></TxDtls></NtryDtls>"
    "</Ntry></Stmt></BkToCstmrStmt></Document>";

/// kStatement with the first `from` replaced; `from` must be there.
std::string with(const std::string& from, const std::string& to, std::string xml = kStatement) {
  const auto at = xml.find(from);
  REQUIRE(at != std::string::npos);
  return xml.substr(0, at) + to + xml.substr(at + from.size());
}

/// kStatement with a third entry (and thus perhaps another closing balance).
std::string with_entry(const std::string& entry, const std::string& closing = "1150.01") {
  return with("</Stmt>", entry + "</Stmt>", with("1150.01", closing));
}

std::string entry(const std::string& amount, const std::string& indicator,
                  const std::string& more_after_indicator = "", const std::string& details = "",
                  const std::string& status = "BOOK") {
  return "<Ntry><Amt Ccy=\"CNY\">" + amount + "</Amt><CdtDbtInd>" + indicator + "</CdtDbtInd>" +
         more_after_indicator + "<Sts><Cd>" + status +
         "</Cd></Sts><BookgDt><Dt>2026-11-21</Dt></BookgDt><BkTxCd/>" +
         (details.empty() ? "" : "<NtryDtls>" + details + "</NtryDtls>") + "</Ntry>";
}

std::string part(const std::string& amount, const std::string& indicator, const std::string& no) {
  return "<TxDtls><Refs><EndToEndId>" + no + "</EndToEndId></Refs>" +
         (amount.empty() ? "" : "<Amt Ccy=\"CNY\">" + amount + "</Amt>") +
         (indicator.empty() ? "" : "<CdtDbtInd>" + indicator + "</CdtDbtInd>") + "</TxDtls>";
}

Statement read(const std::string& xml) {
  auto message = parse_camt(xml);
  INFO((message ? std::string() : message.error().message));
  REQUIRE(message);
  REQUIRE(message.value().statements.size() == 1);
  return message.value().statements[0];
}

}  // namespace

TEST_CASE("camt.053: a statement that adds up is read whole") {
  if (test::judge_or_skip()) REQUIRE(test::is_valid(kStatement, "camt.053.001.08"));
  const Statement statement = read(kStatement);
  CHECK(statement.kind == CamtKind::kStatement);
  CHECK(statement.id == "S1");
  CHECK(statement.sequence == 325u);
  CHECK(statement.account == "6228000000000001");
  CHECK(statement.currency == Currency::kCNY);
  CHECK(statement.from->iso_cn() == "2026-11-21T00:00:00+08:00");
  CHECK(statement.to->iso_cn() == "2026-11-21T23:59:59+08:00");
  CHECK(statement.opening == Money{100000, Currency::kCNY});
  CHECK(statement.closing == Money{115001, Currency::kCNY});
  CHECK(statement.opening_date.iso() == "2026-11-20");
  CHECK(statement.closing_date.iso() == "2026-11-21");
  REQUIRE(statement.entries.size() == 2);
  const StatementEntry& deposit = statement.entries[0];
  CHECK(deposit.number == 1);
  CHECK(deposit.part == 0);
  CHECK(deposit.parts == 1);
  CHECK(deposit.ntry_ref == "1");
  CHECK(deposit.amount == Money{25000, Currency::kCNY});
  CHECK(deposit.direction == Direction::kCredit);
  CHECK_FALSE(deposit.reversal);
  CHECK(deposit.status == EntryStatus::kBooked);
  CHECK(deposit.booking_date->iso() == "2026-11-21");
  CHECK(deposit.value_date->iso() == "2026-11-22");
  CHECK(deposit.acct_svcr_ref == "H0001");
  CHECK(deposit.end_to_end_id.empty());
  CHECK(deposit.counterparty_name == "张三");
  CHECK(deposit.counterparty_account == "6217");
  CHECK(deposit.sub_account == "6000000426");
  CHECK(deposit.remittance == "首付款 合同号YS2026001");
  const StatementEntry& payout = statement.entries[1];
  CHECK(payout.number == 2);
  CHECK(payout.signed_minor() == -9999);
  CHECK(payout.end_to_end_id == "T1");
  CHECK(payout.counterparty_name == "示例施工单位");
  CHECK(payout.counterparty_account == "7559");
  CHECK(payout.sub_account.empty());
  CHECK(payout.booking_date->iso() == "2026-11-21");
  CHECK_FALSE(payout.value_date);
}

TEST_CASE("camt.053: version 02 is read the same") {
  std::string xml = with("camt.053.001.08", "camt.053.001.02");
  xml = with("</ElctrncSeqNb>", "</ElctrncSeqNb><CreDtTm>2026-11-21T23:30:00+08:00</CreDtTm>", xml);
  for (int i = 0; i < 2; ++i) xml = with("<Sts><Cd>BOOK</Cd></Sts>", "<Sts>BOOK</Sts>", xml);
  for (const char* name : {"张三", "示例施工单位"})
    xml = with("<Pty><Nm>" + std::string(name) + "</Nm></Pty>",
               "<Nm>" + std::string(name) + "</Nm>", xml);
  if (test::judge_or_skip()) REQUIRE(test::is_valid(xml, "camt.053.001.02"));
  const auto message = parse_camt(xml);
  REQUIRE(message);
  CHECK(message.value().version == 2);
  const Statement statement = read(xml);
  CHECK(statement.closing.minor == 115001);
  REQUIRE(statement.entries.size() == 2);
  CHECK(statement.entries[0].counterparty_name == "张三");
  CHECK(statement.entries[1].counterparty_name == "示例施工单位");
}

TEST_CASE("camt.053: what does not add up is refused, be it by one fen") {
  struct Row {
    const char* claim;
    std::string xml;
    const char* says;
  };
  const std::vector<Row> rows{
      {"closing one fen high", with("1150.01", "1150.02"), "0.01 CNY less"},
      {"closing one fen low", with("1150.01", "1150.00"), "0.01 CNY more"},
      {"opening one fen off", with("1000.00", "1000.01"), "0.01 CNY more"},
      {"an entry one fen off", with("99.99", "99.98"), "does not add up"},
      {"an entry missing", with_entry("", "900.01"), "250.00 CNY more"},
      {"an entry twice", with_entry(entry("250.00", "CRDT")), "250.00 CNY more"},
      {"a wrong sign", with("<CdtDbtInd>DBIT", "<CdtDbtInd>CRDT"), "199.98 CNY more"},
      {"a debit opening taken for a credit",
       with("1000.00</Amt><CdtDbtInd>CRDT", "1000.00</Amt><CdtDbtInd>DBIT"), "2000.00 CNY less"},
      {"a debit closing", with("1150.01</Amt><CdtDbtInd>CRDT", "1150.01</Amt><CdtDbtInd>DBIT"),
       "2300.02 CNY more"},
      {"a yuan for a fen", with("250.00", "25000"), "does not add up"},
      {"entry in another currency", with("\"CNY\">250.00", "\"USD\">250.00"), "CNY and USD"},
      {"closing in another currency", with("\"CNY\">1150.01", "\"EUR\">1150.01"), "CNY and EUR"},
      {"account in another currency", with("<Ccy>CNY</Ccy>", "<Ccy>USD</Ccy>"), "USD and CNY"},
      {"an unused balance in another currency",
       with("</Bal><Ntry>",
            "</Bal><Bal><Tp><CdOrPrtry><Cd>CLAV</Cd></CdOrPrtry></Tp><Amt Ccy=\"HKD\">1</Amt>"
            "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-21</Dt></Dt></Bal><Ntry>"),
       "CNY and HKD"},
      {"two opening balances",
       with("</Bal><Ntry>",
            "</Bal><Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy=\"CNY\">1</Amt>"
            "<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-21</Dt></Dt></Bal><Ntry>"),
       "more than one OPBD"},
      {"closing before opening", with("<Dt>2026-11-20</Dt>", "<Dt>2026-11-22</Dt>"), "closes on"},
      {"booked after the closing day", with("<BookgDt><Dt>2026-11-21", "<BookgDt><Dt>2026-11-22"),
       "outside"},
      {"booked before the opening day", with("<BookgDt><Dt>2026-11-21", "<BookgDt><Dt>2026-11-19"),
       "outside"},
      {"period backwards", with("<ToDtTm>2026-11-21", "<ToDtTm>2026-11-20"), "ends before"},
      {"summary counts another number",
       with("<Ntry>",
            "<TxsSummry><TtlNtries><NbOfNtries>3</NbOfNtries></TtlNtries></TxsSummry><Ntry>"),
       "TtlNtries"},
      {"summary of credits another sum",
       with("<Ntry>",
            "<TxsSummry><TtlCdtNtries><Sum>250.01</Sum></TtlCdtNtries></TxsSummry><Ntry>"),
       "TtlCdtNtries"},
  };
  for (const Row& row : rows) {
    INFO(row.claim);
    const auto message = parse_camt(row.xml);
    REQUIRE_FALSE(message);
    CHECK(message.error().code == Errc::kMismatch);
    CHECK_THAT(message.error().message, Catch::Contains(row.says) && Catch::Contains("S1"));
    CHECK_THAT(message.error().message, !Catch::Contains("6228") && !Catch::Contains("张三"));
  }
}

TEST_CASE("camt.053: what is missing, repeated or ill-formed is refused") {
  struct Row {
    const char* claim;
    std::string xml;
    Errc code;
    const char* says;
  };
  const std::vector<Row> rows{
      {"no opening", with("OPBD", "OPAV"), Errc::kMalformed, "opening balance (OPBD)"},
      {"no closing", with("CLBD", "CLAV"), Errc::kMalformed, "closing balance (CLBD)"},
      {"only the previous closing", with("OPBD", "PRCD"), Errc::kMalformed, "OPBD"},
      {"an interim opening",
       with("</CdOrPrtry></Tp>", "</CdOrPrtry><SubTp><Cd>INTM</Cd></SubTp></Tp>"),
       Errc::kUnsupported, "interim"},
      {"a page",
       with("<ElctrncSeqNb>",
            "<StmtPgntn><PgNb>1</PgNb><LastPgInd>false</LastPgInd>"
            "</StmtPgntn><ElctrncSeqNb>"),
       Errc::kUnsupported, "pages"},
      {"a last page",
       with("<ElctrncSeqNb>",
            "<StmtPgntn><PgNb>2</PgNb><LastPgInd>true</LastPgInd>"
            "</StmtPgntn><ElctrncSeqNb>"),
       Errc::kUnsupported, "pages"},
      {"a paged message",
       with("</GrpHdr>",
            "<MsgPgntn><PgNb>1</PgNb><LastPgInd>false</LastPgInd>"
            "</MsgPgntn></GrpHdr>"),
       Errc::kUnsupported, "pages"},
      {"no account", with("<Id>6228000000000001</Id>", "<Id></Id>"), Errc::kMalformed, "account"},
      {"no direction", with("<CdtDbtInd>DBIT</CdtDbtInd>", ""), Errc::kMalformed, "CdtDbtInd"},
      {"a direction of its own", with("<CdtDbtInd>DBIT", "<CdtDbtInd>OUT"), Errc::kMalformed,
       "CRDT nor DBIT"},
      {"two directions",
       with("<CdtDbtInd>DBIT</CdtDbtInd>",
            "<CdtDbtInd>DBIT</CdtDbtInd><CdtDbtInd>CRDT</CdtDbtInd>"),
       Errc::kMalformed, "2 times"},
      {"two amounts",
       with("<Amt Ccy=\"CNY\">99.99</Amt>",
            "<Amt Ccy=\"CNY\">99.99</Amt><Amt Ccy=\"CNY\">1.00</Amt>"),
       Errc::kMalformed, "2 times"},
      {"no amount", with("<Amt Ccy=\"CNY\">99.99</Amt>", ""), Errc::kMalformed, "Amt"},
      {"a negative amount", with("99.99", "-99.99"), Errc::kMalformed, "negative"},
      {"a minus zero", with_entry(entry("-0.00", "CRDT")), Errc::kMalformed, "negative"},
      {"three decimals", with("99.99", "99.995"), Errc::kMalformed, "entry 2"},
      {"an exponent", with("99.99", "9.999e1"), Errc::kMalformed, "entry 2"},
      {"a comma", with("99.99", "99,99"), Errc::kMalformed, "entry 2"},
      {"an empty amount", with("99.99", ""), Errc::kMalformed, "entry 2"},
      {"an amount beyond 2^63", with("99.99", "99999999999999999999"), Errc::kTooLarge, "entry 2"},
      {"no currency", with("<Amt Ccy=\"CNY\">99.99", "<Amt>99.99"), Errc::kMalformed, "currency"},
      {"an unknown currency", with("Ccy=\"CNY\">99.99", "Ccy=\"XTS\">99.99"), Errc::kUnsupported,
       "XTS"},
      {"a currency in lower case", with("Ccy=\"CNY\">99.99", "Ccy=\"cny\">99.99"),
       Errc::kUnsupported, "currency"},
      {"an unknown status", with("<Cd>BOOK</Cd>", "<Cd>DONE</Cd>"), Errc::kUnsupported, "status"},
      {"a proprietary status", with("<Cd>BOOK</Cd>", "<Prtry>BOOK</Prtry>"), Errc::kUnsupported,
       "status"},
      {"no status", with("<Sts><Cd>BOOK</Cd></Sts>", ""), Errc::kMalformed, "Sts"},
      {"no booking date", with("<BookgDt><Dt>2026-11-21</Dt></BookgDt>", ""), Errc::kMalformed,
       "booking date"},
      {"no such day", with("<BookgDt><Dt>2026-11-21", "<BookgDt><Dt>2026-11-31"), Errc::kMalformed,
       "not a date"},
      {"a compact day", with("<BookgDt><Dt>2026-11-21", "<BookgDt><Dt>20261121"), Errc::kMalformed,
       "not a date"},
      {"an indicator that is no boolean", with("<RvslInd>false", "<RvslInd>no"), Errc::kMalformed,
       "indicator"},
      {"a sequence that is no number", with("325", "A25"), Errc::kMalformed, "sequence"},
      {"no statement id", with("<Id>S1</Id>", ""), Errc::kMalformed, "Id"},
      {"no message id", with("<MsgId>M1</MsgId>", ""), Errc::kMalformed, "MsgId"},
      {"another version", with("camt.053.001.08", "camt.053.001.99"), Errc::kUnsupported, "08"},
      {"another message", with("camt.053.001.08", "pain.001.001.09"), Errc::kUnsupported, "camt"},
      {"no namespace", with(" xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"", ""),
       Errc::kUnsupported, "camt"},
      {"the body of another kind", with("camt.053.001.08", "camt.054.001.08"), Errc::kMalformed,
       "BkToCstmrDbtCdtNtfctn"},
      {"a DOCTYPE", with("<Document", "<!DOCTYPE Document><Document"), Errc::kUnsupported,
       "DOCTYPE"},
      {"an HTML page", "<html><body>error</body></html>", Errc::kUnsupported, "camt"},
      {"nothing", "", Errc::kMalformed, "XML"},
  };
  for (const Row& row : rows) {
    INFO(row.claim);
    const auto message = parse_camt(row.xml);
    REQUIRE_FALSE(message);
    CHECK(message.error().code == row.code);
    CHECK_THAT(message.error().message, Catch::Contains(row.says));
  }
}

TEST_CASE("camt.053: two statements of one id in a message are refused, of two ids read") {
  const auto from = kStatement.find("<Stmt>");
  const std::string one = kStatement.substr(from, kStatement.find("</Stmt>") + 7 - from);
  CHECK(parse_camt(with("</Stmt>", "</Stmt>" + one)).error().code == Errc::kMismatch);
  const auto message =
      parse_camt(with("</Stmt>", "</Stmt>" + with("<Id>S1</Id>", "<Id>S2</Id>", one)));
  REQUIRE(message);
  CHECK(message.value().statements.size() == 2);
}

TEST_CASE("camt.053: overdrawn balances count as negative") {
  // -1000.00 + 250.00 - 99.99 = -849.99
  std::string xml = with("1000.00</Amt><CdtDbtInd>CRDT", "1000.00</Amt><CdtDbtInd>DBIT");
  xml = with("1150.01</Amt><CdtDbtInd>CRDT", "849.99</Amt><CdtDbtInd>DBIT", xml);
  const Statement statement = read(xml);
  CHECK(statement.opening.minor == -100000);
  CHECK(statement.closing.minor == -84999);
}

TEST_CASE("camt.053: a reversal moves money the way its CdtDbtInd says") {
  // The payout of 99.99 comes back: a credit, whose original was a debit.
  const std::string details =
      "<TxDtls><Refs><EndToEndId>T1</EndToEndId></Refs><RltdPties><Dbtr><Pty><Nm>我方</Nm></Pty>"
      "</Dbtr><Cdtr><Pty><Nm>示例施工单位</Nm></Pty></Cdtr><CdtrAcct><Id><Othr><Id>7559</Id></Othr>"
      "</Id></CdtrAcct></RltdPties><RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf></TxDtls>";
  const Statement statement =
      read(with_entry(entry("99.99", "CRDT", "<RvslInd>true</RvslInd>", details), "1250.00"));
  REQUIRE(statement.entries.size() == 3);
  const StatementEntry& reversal = statement.entries[2];
  CHECK(reversal.reversal);
  CHECK(reversal.direction == Direction::kCredit);
  CHECK(reversal.signed_minor() == 9999);
  CHECK(reversal.end_to_end_id == "T1");
  // The parties are those of the original: the creditor is the other side.
  CHECK(reversal.counterparty_name == "示例施工单位");
  CHECK(reversal.counterparty_account == "7559");
  CHECK(reversal.return_reason == "AC04");
  // A reversed deposit is a debit.
  const Statement undone =
      read(with_entry(entry("250.00", "DBIT", "<RvslInd>1</RvslInd>"), "900.01"));
  CHECK(undone.entries[2].reversal);
  CHECK(undone.entries[2].signed_minor() == -25000);
  // Turned round, the sum is off by twice the amount.
  CHECK_FALSE(
      parse_camt(with_entry(entry("250.00", "DBIT", "<RvslInd>true</RvslInd>"), "1400.01")));
}

TEST_CASE("camt.053: only booked entries count in the balance") {
  for (const char* status : {"PDNG", "INFO", "FUTR"}) {
    const Statement statement = read(with_entry(entry("77.00", "CRDT", "", "", status)));
    REQUIRE(statement.entries.size() == 3);
    CHECK(statement.entries[2].status != EntryStatus::kBooked);
    CHECK(statement.closing.minor == 115001);
  }
}

TEST_CASE("camt.053: a batch whose parts have amounts is divided, and must add up") {
  const std::string three =
      part("30.00", "", "A") + part("50.00", "CRDT", "B") + part("20.00", "DBIT", "C");
  // 30.00 + 50.00 - 20.00 = 60.00
  const Statement statement = read(with_entry(entry("60.00", "CRDT", "", three), "1210.01"));
  REQUIRE(statement.entries.size() == 5);
  const char* ids[] = {"A", "B", "C"};
  const std::int64_t minors[] = {3000, 5000, -2000};
  for (std::uint32_t i = 0; i < 3; ++i) {
    const StatementEntry& one = statement.entries[2 + i];
    CHECK(one.number == 3);
    CHECK(one.part == i + 1);
    CHECK(one.parts == 3);
    CHECK(one.end_to_end_id == ids[i]);
    CHECK(one.signed_minor() == minors[i]);
    CHECK(one.booking_date->iso() == "2026-11-21");
  }
  const auto off = parse_camt(with_entry(entry("60.01", "CRDT", "", three), "1210.02"));
  REQUIRE_FALSE(off);
  CHECK(off.error().code == Errc::kMismatch);
  CHECK_THAT(off.error().message, Catch::Contains("entry 3") && Catch::Contains("parts"));
  const auto mixed = parse_camt(with_entry(
      entry("60.00", "CRDT", "", part("30.00", "", "A") + part("", "", "B")), "1210.01"));
  REQUIRE_FALSE(mixed);
  CHECK_THAT(mixed.error().message, Catch::Contains("only 1 of 2"));
  // A single part of another amount contradicts its entry.
  CHECK(parse_camt(with_entry(entry("60.00", "CRDT", "", part("59.99", "", "A")), "1210.01"))
            .error()
            .code == Errc::kMismatch);
}

TEST_CASE("camt.053: a batch without amounts stays whole and has no references of one part") {
  const std::string blind = part("", "", "A") + part("", "", "B");
  const Statement statement = read(with_entry(entry("60.00", "CRDT", "", blind), "1210.01"));
  REQUIRE(statement.entries.size() == 3);
  CHECK(statement.entries[2].parts == 2);
  CHECK(statement.entries[2].part == 0);
  CHECK(statement.entries[2].end_to_end_id.empty());
  // Twenty declared and one shown: its id is not that of the sum.
  const std::string extract = "<Btch><NbOfTxs>20</NbOfTxs></Btch>" + part("3.00", "", "A");
  const Statement shortened = read(with_entry(entry("60.00", "CRDT", "", extract), "1210.01"));
  REQUIRE(shortened.entries.size() == 3);
  CHECK(shortened.entries[2].parts == 20);
  CHECK(shortened.entries[2].amount.minor == 6000);
  CHECK(shortened.entries[2].end_to_end_id.empty());
}

TEST_CASE("camt.053: right totals of the summary are accepted") {
  const Statement statement = read(
      with("<Ntry>",
           "<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries><Sum>349.99</Sum></TtlNtries>"
           "<TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>250</Sum></TtlCdtNtries><TtlDbtNtries>"
           "<NbOfNtries>1</NbOfNtries><Sum>99.99</Sum></TtlDbtNtries></TxsSummry><Ntry>"));
  CHECK(statement.entries.size() == 2);
}

TEST_CASE("camt.053: statements must continue one another") {
  const Statement first = read(kStatement);
  Statement next = first;
  next.sequence = 326;
  next.opening = next.closing = first.closing;
  next.opening_date = first.closing_date;
  next.closing_date = first.closing_date.plus_days(1);
  CHECK(check_continues(first, next));

  struct Row {
    const char* claim;
    std::function<void(Statement&)> spoil;
    Errc code;
    const char* says;
  };
  const std::vector<Row> rows{
      {"one missing", [](auto& s) { s.sequence = 327; }, Errc::kMismatch,
       "statements 326 to 326 are missing"},
      {"many missing", [](auto& s) { s.sequence = 400; }, Errc::kMismatch, "326 to 399"},
      {"the same again", [](auto& s) { s.sequence = 325; }, Errc::kMismatch, "sent again"},
      {"an older one", [](auto& s) { s.sequence = 1; }, Errc::kMismatch, "does not come after"},
      {"no number", [](auto& s) { s.sequence.reset(); }, Errc::kUnsupported, "no sequence"},
      {"another opening", [](auto& s) { s.opening.minor += 1; }, Errc::kMismatch,
       "opens with 1150.02, the one before closed with 1150.01"},
      {"another account", [](auto& s) { s.account = "6228000000000002"; }, Errc::kMismatch,
       "different accounts"},
      {"another currency", [](auto& s) { s.currency = Currency::kUSD; }, Errc::kMismatch,
       "different accounts"},
      {"an earlier day", [](auto& s) { s.closing_date = s.closing_date.plus_days(-2); },
       Errc::kMismatch, "before"},
      {"a report", [](auto& s) { s.kind = CamtKind::kReport; }, Errc::kUnsupported, "camt.053"},
  };
  for (const Row& row : rows) {
    INFO(row.claim);
    Statement spoilt = next;
    row.spoil(spoilt);
    const auto checked = check_continues(first, spoilt);
    REQUIRE_FALSE(checked);
    CHECK(checked.error().code == row.code);
    CHECK_THAT(checked.error().message, Catch::Contains(row.says));
  }
}

TEST_CASE("camt.053: a statement cut anywhere is never accepted") {
  for (std::size_t length = 0; length < kStatement.size(); ++length)
    CHECK_FALSE(parse_camt(std::string_view(kStatement).substr(0, length)));
}

TEST_CASE("camt.052 and camt.054: read in the same shape, without balances") {
  for (const auto& [message, body, element, kind] :
       {std::tuple("camt.052.001.08", "BkToCstmrAcctRpt", "Rpt", CamtKind::kReport),
        std::tuple("camt.054.001.08", "BkToCstmrDbtCdtNtfctn", "Ntfctn",
                   CamtKind::kNotification)}) {
    const std::string xml =
        std::string("<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:") + message + "\"><" + body +
        "><GrpHdr><MsgId>M</MsgId><CreDtTm>2026-11-21T10:00:00+08:00</CreDtTm></GrpHdr><" +
        element + "><Id>N1</Id><Acct><Id><Othr><Id>6228</Id></Othr></Id></Acct>" +
        entry("250.00", "CRDT") + "</" + element + "></" + body + "></Document>";
    const Statement statement = read(xml);
    CHECK(statement.kind == kind);
    CHECK(statement.currency == Currency::kCNY);
    REQUIRE(statement.entries.size() == 1);
    CHECK(statement.entries[0].amount.minor == 25000);
    const auto mixed =
        parse_camt(with("</Ntry>", "</Ntry>" + with("CNY", "USD", entry("1", "DBIT")), xml));
    REQUIRE_FALSE(mixed);
    CHECK(mixed.error().code == Errc::kMismatch);
  }
}
