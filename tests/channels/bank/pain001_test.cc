#include "channels/bank/pain001.h"

#include <catch2/catch.hpp>

#include "ledger/base/limits.h"
#include "tests/channels/bank/xmllint.h"

using namespace suanpan;
using namespace suanpan::channels;
using namespace suanpan::channels::bank;

namespace {

Pain001Header header() {
  return {"BK20261121000001",
          Timestamp::of_cn(*Date::of(2026, 11, 21), 9, 0, 0),
          "示例监管中心",
          {{"6228000000000001", "示例开发公司监管户", "102100099996"},
           {"6228000000000002", "A & B <维修> 公司", "308584000013"}}};
}

TransferRequest transfer(std::string no, std::int64_t fen) {
  return {std::move(no),     {fen, Currency::kCNY}, "6228000000000001", "示例施工单位",
          "755900000000001", "308584000013",        "工程款 主体封顶",  *Date::of(2026, 11, 23)};
}

std::string repeated(std::string_view piece, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += piece;
  return all;
}

}  // namespace

TEST_CASE("pain.001: one transfer is written exactly so") {
  const std::vector<TransferRequest> transfers{transfer("E2E1", 10000)};
  CHECK(write_pain001(header(), transfers).value() ==
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.001.001.09\"><CstmrCdtTrfInitn>"
        "<GrpHdr><MsgId>BK20261121000001</MsgId><CreDtTm>2026-11-21T09:00:00+08:00</CreDtTm>"
        "<NbOfTxs>1</NbOfTxs><CtrlSum>100.00</CtrlSum>"
        "<InitgPty><Nm>示例监管中心</Nm></InitgPty></GrpHdr>"
        "<PmtInf><PmtInfId>P1</PmtInfId><PmtMtd>TRF</PmtMtd><NbOfTxs>1</NbOfTxs>"
        "<CtrlSum>100.00</CtrlSum><ReqdExctnDt><Dt>2026-11-23</Dt></ReqdExctnDt>"
        "<Dbtr><Nm>示例开发公司监管户</Nm></Dbtr>"
        "<DbtrAcct><Id><Othr><Id>6228000000000001</Id></Othr></Id><Ccy>CNY</Ccy></DbtrAcct>"
        "<DbtrAgt><FinInstnId><ClrSysMmbId><MmbId>102100099996</MmbId></ClrSysMmbId></FinInstnId>"
        "</DbtrAgt>"
        "<CdtTrfTxInf><PmtId><EndToEndId>E2E1</EndToEndId></PmtId>"
        "<Amt><InstdAmt Ccy=\"CNY\">100.00</InstdAmt></Amt>"
        "<CdtrAgt><FinInstnId><ClrSysMmbId><MmbId>308584000013</MmbId></ClrSysMmbId></FinInstnId>"
        "</CdtrAgt><Cdtr><Nm>示例施工单位</Nm></Cdtr>"
        "<CdtrAcct><Id><Othr><Id>755900000000001</Id></Othr></Id></CdtrAcct>"
        "<RmtInf><Ustrd>工程款 主体封顶</Ustrd></RmtInf></CdtTrfTxInf></PmtInf>"
        "</CstmrCdtTrfInitn></Document>");
}

TEST_CASE("pain.001: counts and control sums are exact, over the message and each payer and day") {
  std::vector<TransferRequest> transfers{transfer("T1", 1), transfer("T2", 1010),
                                         transfer("T3", 99), transfer("T4", 5)};
  transfers[1].payer_account = "6228000000000002";
  transfers[2].execute_on = *Date::of(2026, 11, 24);
  const std::string xml = write_pain001(header(), transfers).value();
  // 0.01 + 10.10 + 0.99 + 0.05
  CHECK(xml.find("<NbOfTxs>4</NbOfTxs><CtrlSum>11.15</CtrlSum><InitgPty>") != std::string::npos);
  CHECK(xml.find("<PmtInfId>P1</PmtInfId><PmtMtd>TRF</PmtMtd><NbOfTxs>2</NbOfTxs>"
                 "<CtrlSum>0.06</CtrlSum>") != std::string::npos);
  CHECK(xml.find("<PmtInfId>P2</PmtInfId><PmtMtd>TRF</PmtMtd><NbOfTxs>1</NbOfTxs>"
                 "<CtrlSum>10.10</CtrlSum>") != std::string::npos);
  CHECK(xml.find("<PmtInfId>P3</PmtInfId><PmtMtd>TRF</PmtMtd><NbOfTxs>1</NbOfTxs>"
                 "<CtrlSum>0.99</CtrlSum>") != std::string::npos);
  CHECK(xml.find("<PmtInfId>P4</PmtInfId>") == std::string::npos);
  CHECK(xml.find("<Nm>A &amp; B &lt;维修&gt; 公司</Nm>") != std::string::npos);
  CHECK(write_pain001(header(), transfers).value() == xml);
}

TEST_CASE("pain.001: what we write validates against the published schema") {
  SHARED_OR_SKIP();
  REQUIRE(test::xmllint_is_here());
  std::vector<TransferRequest> transfers{transfer("E2E1", 10000)};
  CHECK(test::is_valid(write_pain001(header(), transfers).value(), "pain.001.001.09"));
  // Every field at its limit, and all that needs an escape.
  Pain001Header longest = header();
  longest.message_id = std::string(35, 'M');
  longest.initiating_party = repeated("监", 140);
  longest.debtors[0].name = repeated("\xF0\xA0\xAE\xB7", 140);
  longest.debtors[0].account = transfers[0].payer_account = std::string(34, '9');
  transfers[0].transfer_no = "&<>'\"" + std::string(30, 'Z');
  transfers[0].payee_name = repeated("施", 140);
  transfers[0].payee_account = std::string(34, '8');
  transfers[0].remark = repeated("&", 140);
  transfers[0].amount.minor = kMaxAmountMinor;
  for (int i = 0; i < 200; ++i) {
    transfers.push_back(transfer(fmt::format("T{}", i), 1 + i));
    transfers.back().payer_account = i % 2 ? "6228000000000002" : std::string(34, '9');
    transfers.back().execute_on = Date::of(2026, 11, 23)->plus_days(i % 3);
    if (i % 5 == 0) transfers.back().remark.clear();
  }
  const auto xml = write_pain001(longest, transfers);
  REQUIRE(xml);
  CHECK(test::is_valid(xml.value(), "pain.001.001.09"));
  // The judge can say no.
  CHECK_FALSE(test::is_valid("<Document/>", "pain.001.001.09"));
}

TEST_CASE("pain.001: a field that the schema does not take is an error that names it") {
  struct Row {
    const char* field;
    Errc code;
    std::function<void(Pain001Header&, TransferRequest&)> spoil;
  };
  const std::vector<Row> rows{
      {"message id", Errc::kMalformed, [](auto& h, auto&) { h.message_id = ""; }},
      {"message id", Errc::kMalformed, [](auto& h, auto&) { h.message_id = std::string(36, 'M'); }},
      {"message id", Errc::kMalformed, [](auto& h, auto&) { h.message_id = "中"; }},
      {"initiating_party", Errc::kMalformed,
       [](auto& h, auto&) { h.initiating_party = repeated("监", 141); }},
      {"initiating_party", Errc::kMalformed, [](auto& h, auto&) { h.initiating_party = ""; }},
      {"name of a debtor", Errc::kMalformed, [](auto& h, auto&) { h.debtors[1].name = " "; }},
      {"bank of a debtor", Errc::kMalformed, [](auto& h, auto&) { h.debtors[0].bank = "ICBC"; }},
      {"transfer number", Errc::kMalformed, [](auto&, auto& t) { t.transfer_no = ""; }},
      {"transfer number", Errc::kMalformed,
       [](auto&, auto& t) { t.transfer_no = std::string(36, 'T'); }},
      {"transfer number", Errc::kMalformed, [](auto&, auto& t) { t.transfer_no = "A B"; }},
      {"amount", Errc::kMalformed, [](auto&, auto& t) { t.amount.minor = 0; }},
      {"amount", Errc::kMalformed, [](auto&, auto& t) { t.amount.minor = -1; }},
      {"amount", Errc::kTooLarge, [](auto&, auto& t) { t.amount.minor = kMaxAmountMinor + 1; }},
      {"payee_name", Errc::kMalformed, [](auto&, auto& t) { t.payee_name = ""; }},
      {"payee_name", Errc::kMalformed, [](auto&, auto& t) { t.payee_name = "  "; }},
      {"payee_name", Errc::kMalformed, [](auto&, auto& t) { t.payee_name = repeated("施", 141); }},
      {"payee_name", Errc::kMalformed, [](auto&, auto& t) { t.payee_name = "a\x01"; }},
      {"payee_name", Errc::kMalformed, [](auto&, auto& t) { t.payee_name = "a\nb"; }},
      {"payee_name", Errc::kMalformed, [](auto&, auto& t) { t.payee_name = "\xD5\xC5"; }},
      {"payee_account", Errc::kMalformed, [](auto&, auto& t) { t.payee_account = ""; }},
      {"payee_account", Errc::kMalformed,
       [](auto&, auto& t) { t.payee_account = std::string(35, '1'); }},
      {"payee_bank", Errc::kMalformed, [](auto&, auto& t) { t.payee_bank = "30858400001"; }},
      {"payee_bank", Errc::kMalformed, [](auto&, auto& t) { t.payee_bank = "30858400001X"; }},
      {"remark", Errc::kMalformed, [](auto&, auto& t) { t.remark = std::string(141, 'r'); }},
      {"execute_on", Errc::kMalformed, [](auto&, auto& t) { t.execute_on = Date{}; }},
      {"payer_account", Errc::kNotFound, [](auto&, auto& t) { t.payer_account = "6228"; }},
  };
  for (const Row& row : rows) {
    Pain001Header spoilt = header();
    std::vector<TransferRequest> transfers{transfer("E2E1", 10000)};
    row.spoil(spoilt, transfers[0]);
    const auto xml = write_pain001(spoilt, transfers);
    INFO(row.field);
    REQUIRE_FALSE(xml);
    CHECK(xml.error().code == row.code);
    CHECK_THAT(xml.error().message, Catch::Contains(row.field));
    CHECK_THAT(xml.error().message, !Catch::Contains("施") && !Catch::Contains("7559"));
  }
}

TEST_CASE("pain.001: a message must be of one currency, distinct numbers and some transfer") {
  CHECK(write_pain001(header(), {}).error().code == Errc::kMalformed);
  std::vector<TransferRequest> transfers{transfer("T1", 1), transfer("T1", 2)};
  CHECK(write_pain001(header(), transfers).error().code == Errc::kMismatch);
  transfers[1].transfer_no = "T2";
  transfers[1].amount.currency = Currency::kUSD;
  CHECK(write_pain001(header(), transfers).error().code == Errc::kMismatch);
  // 1,000 times 10^15 fen is 10^18: nineteen digits.
  std::vector<TransferRequest> rich;
  for (int i = 0; i < 1000; ++i) rich.push_back(transfer(std::to_string(i), kMaxAmountMinor));
  CHECK(write_pain001(header(), rich).error().code == Errc::kTooLarge);
  rich.pop_back();
  CHECK_THAT(write_pain001(header(), rich).value(),
             Catch::Contains("<NbOfTxs>999</NbOfTxs><CtrlSum>9990000000000000.00</CtrlSum>"));
}
