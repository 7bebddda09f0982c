#include "channels/bank/pain002.h"

#include <catch2/catch.hpp>

#include "tests/channels/bank/xmllint.h"

using namespace suanpan;
using namespace suanpan::channels;
using namespace suanpan::channels::bank;

namespace {

std::string report(const std::string& group, const std::string& payments) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
         "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.11\"><CstmrPmtStsRpt>"
         "<GrpHdr><MsgId>R1</MsgId><CreDtTm>2026-11-23T10:00:00+08:00</CreDtTm></GrpHdr>"
         "<OrgnlGrpInfAndSts><OrgnlMsgId>T1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09"
         "</OrgnlMsgNmId>" +
         group + "</OrgnlGrpInfAndSts>" + payments + "</CstmrPmtStsRpt></Document>";
}

std::string payment(const std::string& inside) {
  return "<OrgnlPmtInfAndSts><OrgnlPmtInfId>P1</OrgnlPmtInfId>" + inside + "</OrgnlPmtInfAndSts>";
}

std::string line(const std::string& no, const std::string& status, const std::string& more = "") {
  return "<TxInfAndSts><OrgnlEndToEndId>" + no + "</OrgnlEndToEndId>" +
         (status.empty() ? "" : "<TxSts>" + status + "</TxSts>") + more + "</TxInfAndSts>";
}

constexpr Money kHundred{10000, Currency::kCNY};

TransferOutcome outcome(const std::string& xml) {
  const auto parsed = parse_pain002(xml);
  REQUIRE(parsed);
  return outcome_of(parsed.value(), "T1", "T1", kHundred);
}

}  // namespace

TEST_CASE("pain.002: each status falls into its class of knowledge") {
  struct Row {
    const char* status;
    Knowledge knowledge;
    TransferStatus transfer;
    const char* error_code;
  };
  const std::vector<Row> rows{
      {"ACTC", Knowledge::kKnown, TransferStatus::kProcessing, ""},
      {"ACSP", Knowledge::kKnown, TransferStatus::kProcessing, ""},
      {"PDNG", Knowledge::kKnown, TransferStatus::kProcessing, ""},
      {"ACSC", Knowledge::kKnown, TransferStatus::kSucceeded, ""},
      {"RJCT", Knowledge::kRejected, TransferStatus::kFailed, "RJCT"},
      {"ACCP", Knowledge::kUnknown, TransferStatus::kProcessing, "STATUS_ACCP"},
      {"PART", Knowledge::kUnknown, TransferStatus::kProcessing, "STATUS_PART"},
      {"acsc", Knowledge::kUnknown, TransferStatus::kProcessing, "STATUS_acsc"},
      {"XXXX", Knowledge::kUnknown, TransferStatus::kProcessing, "STATUS_XXXX"},
      {"", Knowledge::kUnknown, TransferStatus::kProcessing, "NO_STATUS"},
  };
  for (const Row& row : rows) {
    INFO(row.status);
    const TransferOutcome told = outcome(report("", payment(line("T1", row.status))));
    CHECK(told.knowledge == row.knowledge);
    CHECK(told.status == row.transfer);
    CHECK(told.error_code == row.error_code);
  }
}

TEST_CASE("pain.002: a settled transfer carries the bank's number and moment") {
  const std::string settled = report(
      "", payment(line("T1", "ACSC",
                       "<AccptncDtTm>2026-11-23T09:58:01+08:00</AccptncDtTm>"
                       "<AcctSvcrRef>H0009</AcctSvcrRef><OrgnlTxRef><Amt><InstdAmt Ccy=\"CNY\">"
                       "100.00</InstdAmt></Amt></OrgnlTxRef>")));
  const TransferOutcome told = outcome(settled);
  CHECK(told.status == TransferStatus::kSucceeded);
  CHECK(told.channel_transfer_no == "H0009");
  CHECK(told.settled_at.iso_cn() == "2026-11-23T09:58:01+08:00");
  const TransferOutcome bare = outcome(report("", payment(line("T1", "ACSC"))));
  CHECK(bare.settled_at.iso_cn() == "2026-11-23T10:00:00+08:00");
  if (test::judge_or_skip()) CHECK(test::is_valid(settled, "pain.002.001.11"));
}

TEST_CASE("pain.002: a rejection carries the bank's reason") {
  const TransferOutcome coded = outcome(
      report("", payment(line("T1", "RJCT",
                              "<StsRsnInf><Rsn><Cd>AC04</Cd></Rsn><AddtlInf>账户已销户</AddtlInf>"
                              "<AddtlInf>请核对</AddtlInf></StsRsnInf>"))));
  CHECK(coded.error_code == "AC04");
  CHECK(coded.error_message == "账户已销户 请核对");
  const TransferOutcome own = outcome(report(
      "", payment(line("T1", "RJCT", "<StsRsnInf><Rsn><Prtry>E777</Prtry></Rsn></StsRsnInf>"))));
  CHECK(own.error_code == "E777");
}

TEST_CASE("pain.002: a line without a status has that of its payment, else of the group") {
  const std::string rejected =
      "<GrpSts>RJCT</GrpSts><StsRsnInf><Rsn><Cd>FF01</Cd></Rsn></StsRsnInf>";
  CHECK(outcome(report("<GrpSts>RJCT</GrpSts>",
                       payment("<PmtInfSts>ACSP</PmtInfSts>" + line("T1", ""))))
            .knowledge == Knowledge::kKnown);
  CHECK(outcome(report(rejected, payment(line("T1", "")))).error_code == "FF01");
  // No line at all: the group speaks, but only of our own message.
  CHECK(outcome(report(rejected, "")).knowledge == Knowledge::kRejected);
  const auto parsed = parse_pain002(report(rejected, ""));
  CHECK(outcome_of(parsed.value(), "T1", "OTHER", kHundred).knowledge == Knowledge::kUnknown);
  // Lines of others: the group does not speak of ours.
  const TransferOutcome other = outcome(report(rejected, payment(line("T2", "ACSC"))));
  CHECK(other.knowledge == Knowledge::kUnknown);
  CHECK(other.error_code == "NOT_REPORTED");
}

TEST_CASE("pain.002: each of several transfers gets its own status") {
  const auto parsed = parse_pain002(
      report("<GrpSts>PART</GrpSts>",
             payment(line("T1", "ACSC") + line("T2", "RJCT")) + payment(line("T3", "PDNG"))));
  REQUIRE(parsed);
  REQUIRE(parsed.value().transfers.size() == 3);
  CHECK(parsed.value().original_message_id == "T1");
  CHECK(outcome_of(parsed.value(), "T2", "T1", kHundred).knowledge == Knowledge::kRejected);
  CHECK(outcome_of(parsed.value(), "T3", "T1", kHundred).status == TransferStatus::kProcessing);
}

TEST_CASE("pain.002: a success of another amount is not believed") {
  for (const char* amount :
       {"<InstdAmt Ccy=\"CNY\">100.01</InstdAmt>", "<InstdAmt Ccy=\"USD\">100.00</InstdAmt>"}) {
    const TransferOutcome told = outcome(report(
        "", payment(line("T1", "ACSC",
                         std::string("<OrgnlTxRef><Amt>") + amount + "</Amt></OrgnlTxRef>"))));
    CHECK(told.knowledge == Knowledge::kUnknown);
    CHECK(told.error_code == "AMOUNT_MISMATCH");
  }
}

TEST_CASE("pain.002: what contradicts itself or is something else is refused") {
  const std::string good = report("", payment(line("T1", "ACSC")));
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string xml = good;
    return xml.replace(xml.find(from), from.size(), to);
  };
  CHECK(parse_pain002(report("", payment(line("T1", "ACSC") + line("T1", "RJCT")))).error().code ==
        Errc::kMismatch);
  CHECK(parse_pain002(replaced("pain.002.001.11", "pain.002.001.03")).error().code ==
        Errc::kUnsupported);
  CHECK(parse_pain002(replaced("<TxSts>ACSC</TxSts>", "<TxSts>ACSC</TxSts><TxSts>RJCT</TxSts>"))
            .error()
            .code == Errc::kMalformed);
  CHECK(parse_pain002(replaced("<MsgId>R1</MsgId>", "")).error().code == Errc::kMalformed);
  CHECK(parse_pain002(replaced("2026-11-23T10:00:00+08:00", "yesterday")).error().code ==
        Errc::kMalformed);
  CHECK(parse_pain002(replaced("<OrgnlEndToEndId>T1</OrgnlEndToEndId>", "")).error().code ==
        Errc::kMalformed);
  CHECK(parse_pain002("<html><body>502</body></html>").error().code == Errc::kUnsupported);
  for (std::size_t length = 0; length < good.size(); length += 53)
    CHECK_FALSE(parse_pain002(std::string_view(good).substr(0, length)));
}
