#include "channels/bank/camt053.h"
#include "channels/bank/pain002.h"
#include "channels/wechat/bill.h"
#include "channels/wechat/fund_flow_bill.h"
#include "ledger/base/check.h"
#include "reconcile/read_csv.h"
#include "tests/fuzz/target.h"

namespace suanpan::test {
namespace {

constexpr const char* kFundFlow =
    "\xEF\xBB\xBF"
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号\r\n"
    "`2026-03-03 13:54:01,`4200000001,`F1,`交易,`交易,`收入,`10.00,`110.00,`system,`,`V1\r\n"
    "`2026-03-03 14:00:45,`5030000001,`F3,`退款,`退款,`支出,`3.00,`107.00,`1900000109API,`,`V2\r\n"
    "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n"
    "`2.0,`1.0,`10.00,`1.0,`3.00\r\n";

constexpr const char* kStatement =
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
constexpr const char* kPain002 =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>"
    "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:pain.002.001.11\"><CstmrPmtStsRpt>"
    "<GrpHdr><MsgId>R1</MsgId><CreDtTm>2026-11-23T10:00:00+08:00</CreDtTm></GrpHdr>"
    "<OrgnlGrpInfAndSts><OrgnlMsgId>T1</OrgnlMsgId><OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId>"
    "<GrpSts>PART</GrpSts></OrgnlGrpInfAndSts><OrgnlPmtInfAndSts><OrgnlPmtInfId>P1</OrgnlPmtInfId>"
    "<TxInfAndSts><OrgnlEndToEndId>T1</OrgnlEndToEndId><TxSts>RJCT</TxSts><StsRsnInf><Rsn>"
    "<Cd>AC04</Cd></Rsn><AddtlInf>账户已销户</AddtlInf></StsRsnInf></TxInfAndSts>"
    "</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>";
constexpr std::string_view kHeader =
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,"
    "退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注\r\n";
constexpr std::string_view kPaidRow =
    "`2026-03-03 00:00:00,`wxd678efh567hg6787,`1900000109,`0,`,`4200000263202603030000000001,"
    "`P202603030000000001,`oUpF8uMuAJO,`NATIVE,`SUCCESS,`OTHERS,`CNY,`123.45,`1.00,`0,`0,`0.00,"
    "`0.00,`,`,`物业费, 3幢0402,`,`0.74070,`0.60%,`123.45,`0.00,`\r\n";
constexpr std::string_view kRefundRow =
    "`2026-03-03 23:59:59,`wxd678efh567hg6787,`1900000109,`0,`,`4200000263202603020000000009,"
    "`P202603020000000009,`oUpF8uMuAJO,`NATIVE,`REFUND,`OTHERS,`CNY,`0.00,`0.00,"
    "`50000709672026030300000000001,`R202603030000000001,`10.00,`0.50,`ORIGINAL,`SUCCESS,`维修,`,"
    "`-0.06001,`0.60%,`0.00,`10.00,`\r\n";
constexpr std::string_view kTotalNames =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,"
    "申请退款总金额\r\n";
constexpr std::string_view kTotals = "`2.0,`123.45,`10.00,`0.50,`0.68069,`123.45,`10.00\r\n";

/// A camt message that is taken adds up: opening balance and booked entries give the closing one.
bool read_camt(std::string_view input) {
  const auto parsed = channels::bank::parse_camt(input);
  if (!parsed) return false;
  for (const auto& statement : parsed.value().statements) {
    if (statement.kind != channels::bank::CamtKind::kStatement) continue;
    __extension__ __int128 sum = statement.opening.minor;
    for (const auto& entry : statement.entries)
      if (entry.status == channels::bank::EntryStatus::kBooked) sum += entry.signed_minor();
    CHECK_OR_DIE(sum == statement.closing.minor, "a statement that does not add up");
    CHECK_OR_DIE(statement.opening.currency == statement.closing.currency, "two currencies");
  }
  return true;
}

/// What a whole bill says must not depend on how its bytes were cut.
bool read_bill(std::string_view input) {
  const channels::wechat::BillExpectation ours{"1900000109", *Date::of(2026, 3, 3)};
  const auto whole = channels::wechat::parse_trade_bill(input, ours);
  std::size_t rows = 0;
  channels::wechat::TradeBillReader reader(
      ours, [&](const channels::wechat::TradeBillRow&) -> Result<void> {
        ++rows;
        return success();
      });
  bool ok = true;
  for (std::size_t at = 0; ok && at < input.size(); at += 7)
    ok = reader.feed(input.substr(at, 7)).has_value();
  ok = ok && reader.finish().has_value();
  CHECK_OR_DIE(ok == whole.has_value(), "the same bill is taken and refused");
  CHECK_OR_DIE(!ok || rows == whole.value().rows.size(), "{} rows", rows);
  return ok;
}

bool read_csv(std::string_view input) {
  const auto run = [&](std::size_t step) {
    std::string seen;
    reconcile::CsvTable table(
        reconcile::ColumnMap(
            {{{"日期", "date"}, true}, {{"金额", "amount"}, true}, {{"备注"}, false}}),
        reconcile::CsvOptions{}, [&](const reconcile::CsvRow& row) -> Result<void> {
          for (const std::size_t column : {0, 1, 2}) {
            seen += row[column];
            seen += '|';
          }
          return success();
        });
    for (std::size_t at = 0; at < input.size(); at += step)
      if (!table.feed(input.substr(at, step))) return std::pair(false, seen);
    return std::pair(table.finish().has_value(), seen);
  };
  const auto whole = run(std::max<std::size_t>(1, input.size())), cut = run(3);
  CHECK_OR_DIE(whole.first == cut.first && (!whole.first || whole.second == cut.second),
               "a table reads otherwise when it comes in pieces");
  return whole.first;
}

}  // namespace

std::vector<FuzzTarget> file_targets() {
  std::string bill = "\xEF\xBB\xBF";
  for (const auto part : {kHeader, kPaidRow, kRefundRow, kTotalNames, kTotals}) bill += part;
  return {
      {"camt", {kStatement}, read_camt},
      {"pain.002",
       {kPain002},
       [](auto input) { return channels::bank::parse_pain002(input).has_value(); }},
      {"trade bill", {bill}, read_bill},
      {"fund flow bill",
       {kFundFlow},
       [](auto input) {
         return channels::wechat::parse_fund_flow_bill(input, *Date::of(2026, 3, 3)).has_value();
       }},
      {"csv",
       {"\xEF\xBB\xBF日期,金额,备注\r\n2026-03-03,12.30,\"物业费, "
        "3幢\"\r\n2026-03-04,-1.00,\"a\"\"b\"\r\n"},
       read_csv},
  };
}

}  // namespace suanpan::test
