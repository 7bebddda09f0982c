// Bills and the daily settlement. Expected figures are worked out by hand at 0.60 %, half up:
//   100.00 → 0.60   0.84 → 0.00504 → 0.01   0.83 → 0.00498 → 0.00   25.00 back → 0.60 - 0.45 = 0.15
#include <zlib.h>

#include "tests/channels/sandbox/world.h"
#include "tests/support/shared_data.h"

using namespace suanpan;
using namespace suanpan::sandbox::test;

namespace {

const std::string kBill = "/v3/bill/tradebill?bill_date=2026-03-04";
const std::string kFlow = "/v3/bill/fundflowbill?bill_date=2026-03-04";

const std::string kHeader =
    "\xEF\xBB\xBF交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,"
    "交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,"
    "退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,"
    "申请退款金额,费率备注\r\n";
const std::string kTotals =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,"
    "申请退款总金额\r\n";

/// 100.00 at ten, 0.84 at eleven, 25.00 of the first refunded at twelve; then the next day.
struct Day : World {
  std::string first, second, refund;
  explicit Day(const sandbox::Settings& with = settings()) : World(with) {
    first = paid("T00001", 10'000);
    now = at("2026-03-04 11:00:00");
    second = paid("T00002", 84);
    now = at("2026-03-04 12:00:00");
    refund = text(ask_refund("T00001", "R1", 2'500, 10'000).body, "refund_id");
    now = at("2026-03-05 10:00:00");
  }
  std::string row(const std::string& time, const std::string& numbers, const std::string& state,
                  const std::string& tail) const {
    return "`2026-03-04 " + time + ",`wx-shop,`1900000001,`0,`," + numbers + ",`oPayer,`NATIVE,`" +
           state + ",`OTHERS,`CNY," + tail + "\r\n";
  }
  std::string row1() const {
    return row("10:00:00", "`" + first + ",`T00001", "SUCCESS",
               "`100.00,`0.00,`0,`0,`0.00,`0.00,`,`,`物业费,`,`0.60000,`0.60%,`100.00,`0.00,`");
  }
  std::string row2() const {
    return row("11:00:00", "`" + second + ",`T00002", "SUCCESS",
               "`0.84,`0.00,`0,`0,`0.00,`0.00,`,`,`物业费,`,`0.01000,`0.60%,`0.84,`0.00,`");
  }
  std::string row3() const {
    return row(
        "12:00:01", "`" + first + ",`T00001", "REFUND",
        "`0.00,`0.00,`" + refund +
            ",`R1,`25.00,`0.00,`ORIGINAL,`SUCCESS,`物业费,`,`-0.15000,`0.60%,`0.00,`25.00,`");
  }
};

std::string code(const HttpResponse& answer) {
  return std::to_string(answer.status) + " " + World::text(answer.body, "code");
}

std::string unzip(const std::string& bytes) {
  std::string out(1 << 16, '\0');
  z_stream stream{};
  REQUIRE(inflateInit2(&stream, 16 + 15) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(inflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

}  // namespace

TEST_CASE("sandbox bills: a day's trade bill is this, to the byte") {
  Day day;
  CHECK(day.bill(kBill) == kHeader + day.row1() + day.row2() + day.row3() + kTotals +
                               "`3.0,`100.84,`25.00,`0.0,`0.46,`100.84,`25.00\r\n");
}

TEST_CASE("sandbox bills: the header and the totals are spelled as in WeChat's own file") {
  SHARED_OR_SKIP();
  const std::string real = slurp(suanpan::test::shared_data() / "wechatpay" / "bill.ALL.csv");
  Day day;
  const std::string ours = day.bill(kBill);
  const auto line = [](const std::string& text, const char* start) {
    const auto from = text.find(start);
    REQUIRE(from != std::string::npos);
    return text.substr(from, text.find("\r\n", from) - from);
  };
  CHECK(ours.substr(0, 3) == real.substr(0, 3));
  CHECK(line(ours, "交易时间") == line(real, "交易时间"));
  CHECK(line(ours, "总交易单数") == line(real, "总交易单数"));
  const std::string flows =
      slurp(suanpan::test::shared_data() / "wechatpay" / "fundflow.sample.csv");
  const std::string ours_flows = day.bill(kFlow);
  CHECK(ours_flows.substr(3, ours_flows.find("\r\n") - 3) == flows.substr(0, flows.find('\n')));
}

TEST_CASE("sandbox bills: variants hold their own rows, columns and totals") {
  Day day;
  const std::string payments = day.bill(kBill + "&bill_type=SUCCESS");
  CHECK(payments.find("`REFUND") == std::string::npos);
  CHECK(payments.find("微信退款单号") == std::string::npos);
  CHECK(payments.substr(payments.find("`2.0")) ==
        "`2.0,`100.84,`0.00,`0.0,`0.61,`100.84,`0.00\r\n");
  const std::string refunds = day.bill(kBill + "&bill_type=REFUND");
  CHECK(refunds.find("`SUCCESS,`OTHERS") == std::string::npos);
  CHECK(refunds.find("退款申请时间,退款成功时间,微信退款单号") != std::string::npos);
  CHECK(refunds.find("`2026-03-04 12:00:00,`2026-03-04 12:00:01,`" + day.refund) !=
        std::string::npos);
  CHECK(refunds.substr(refunds.find("`1.0")) == "`1.0,`0.00,`25.00,`0.0,`-0.15,`0.00,`25.00\r\n");
}

TEST_CASE("sandbox bills: the hash is of the plain file, zipped or not") {
  Day day;
  const std::string plain = day.bill(kBill);
  CHECK(unzip(day.bill(kBill + "&tar_type=GZIP")) == plain);
  for (const char* tar : {"", "&tar_type=GZIP"}) {
    const auto answer = day.api("GET", kBill + tar);
    CHECK(World::text(answer.body, "hash_type") == "SHA1");
    CHECK(World::text(answer.body, "hash_value") == hex_lower(sha1(plain)));
  }
}

TEST_CASE("sandbox bills: a fund-flow bill chains balances and adds up") {
  Day day;
  const std::string text = day.bill(kFlow);
  // 100.00 in, 0.60 out, 0.84 in, 0.01 out, 25.00 less 0.15 out.
  for (const char* cells :
       {"`交易,`交易,`收入,`100.00,`100.00,", "`扣除交易手续费,`扣除交易手续费,`支出,`0.60,`99.40,",
        "`交易,`交易,`收入,`0.84,`100.24,", "`扣除交易手续费,`扣除交易手续费,`支出,`0.01,`100.23,",
        "`退款,`退款,`支出,`24.85,`75.38,`1900000001API,`退款总金额25.00元;含手续费0.15元,"}) {
    INFO(cells);
    CHECK(text.find(cells) != std::string::npos);
  }
  CHECK(
      text.ends_with("资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n"
                     "`5,`2,`100.84,`3,`25.46\r\n"));
  CHECK(code(day.api("GET", kFlow + "&account_type=FEES")) == "400 NO_STATEMENT_EXIST");
  CHECK(code(day.api("GET", kFlow + "&account_type=GOLD")) == "400 PARAM_ERROR");
}

TEST_CASE("sandbox bills: a bill is not there before its time, nor for an empty day") {
  Day day;
  const std::string bill = "/v3/bill/tradebill?bill_date=";
  CHECK(code(day.api("GET", bill + "2026-03-05")) == "400 PARAM_ERROR");
  CHECK(code(day.api("GET", bill + "2025-11-30")) == "400 PARAM_ERROR");
  CHECK(code(day.api("GET", bill + "20260304")) == "400 PARAM_ERROR");
  CHECK(code(day.api("GET", bill + "2026-02-30")) == "400 PARAM_ERROR");
  CHECK(code(day.api("GET", bill)) == "400 PARAM_ERROR");
  CHECK(code(day.api("GET", kBill + "&bill_type=NONE")) == "400 PARAM_ERROR");
  CHECK(code(day.api("GET", kBill + "&tar_type=ZIP")) == "400 PARAM_ERROR");
  CHECK(code(day.api("GET", bill + "2026-03-03")) == "400 NO_STATEMENT_EXIST");
  CHECK(code(day.api("GET", kBill, "", kOther)) == "400 NO_STATEMENT_EXIST");
  day.now = at("2026-03-05 09:59:59");
  CHECK(code(day.api("GET", kBill)) == "400 STATEMENT_CREATING");
}

TEST_CASE("sandbox bills: a download link is the merchant's own, signed for, and dies") {
  Day day;
  const auto link = [&] {
    const std::string url = World::text(day.api("GET", kBill).body, "download_url");
    return url.substr(std::string("https://api.mch.weixin.qq.com").size());
  };
  const std::string target = link();
  const auto fetch = [&](const HttpRequest& request) {
    return day.sandbox->handle(request, day.now)->status;
  };
  CHECK(fetch(day.request("GET", target)) == 200);
  CHECK(fetch(day.request("GET", target, "", kOther)) == 404);
  CHECK(fetch({"GET", target, {}, "", {}}) == 401);
  CHECK(fetch(day.request("GET", "/v3/billdownload/file?token=x")) == 404);
  day.now = at("2026-03-05 10:05:00");
  CHECK(fetch(day.request("GET", target)) == 404);
}

TEST_CASE("sandbox bills: one that disagrees is wrong in the way asked, and adds up otherwise") {
  Day day;
  SECTION("a missing row") {
    day.fault(R"({"kind":"bill_missing_row","number":"T00002"})");
    CHECK(day.bill(kBill) == kHeader + day.row1() + day.row3() + kTotals +
                                 "`2.0,`100.00,`25.00,`0.0,`0.45,`100.00,`25.00\r\n");
  }
  SECTION("a row of the next day") {
    day.fault(R"({"kind":"bill_next_day","number":"T00002"})");
    CHECK(day.bill(kBill) == kHeader + day.row1() + day.row3() + kTotals +
                                 "`2.0,`100.00,`25.00,`0.0,`0.45,`100.00,`25.00\r\n");
    day.now = at("2026-03-06 10:00:00");
    std::string moved = day.row2();
    moved.replace(1, 19, "2026-03-05 00:00:00");
    CHECK(day.bill("/v3/bill/tradebill?bill_date=2026-03-05") ==
          kHeader + moved + kTotals + "`1.0,`0.84,`0.00,`0.0,`0.01,`0.84,`0.00\r\n");
  }
  SECTION("an extra row") {
    day.fault(R"({"kind":"bill_extra_row","number":"GHOST1","amount_fen":5000})");
    const std::string text = day.bill(kBill);
    CHECK(text.find(",`GHOST1,") != std::string::npos);
    CHECK(text.ends_with("`4.0,`150.84,`25.00,`0.0,`0.76,`150.84,`25.00\r\n"));
  }
  SECTION("a wrong amount") {
    day.fault(R"({"kind":"bill_wrong_amount","number":"T00002","amount_fen":48})");
    const std::string text = day.bill(kBill);
    CHECK(text.find(",`T00002,`oPayer,`NATIVE,`SUCCESS,`OTHERS,`CNY,`0.48,") != std::string::npos);
    CHECK(text.ends_with("`3.0,`100.48,`25.00,`0.0,`0.46,`100.48,`25.00\r\n"));
  }
  SECTION("a wrong fee") {
    day.fault(R"({"kind":"bill_wrong_fee","number":"T00002","amount_fen":3})");
    CHECK(day.bill(kBill).ends_with("`3.0,`100.84,`25.00,`0.0,`0.48,`100.84,`25.00\r\n"));
  }
  SECTION("wrong totals") {
    day.fault(R"({"kind":"bill_wrong_totals","amount_fen":1})");
    CHECK(day.bill(kBill).ends_with("`3.0,`100.85,`25.00,`0.0,`0.46,`100.85,`25.00\r\n"));
  }
  SECTION("a wrong hash") {
    const std::string plain = day.bill(kBill);
    Day other;
    other.fault(R"({"kind":"bill_wrong_hash","number":"2026-03-04"})");
    const auto answer = other.api("GET", kBill);
    CHECK(World::text(answer.body, "hash_value") != hex_lower(sha1(plain)));
    CHECK(other.bill(kBill) == plain);  // equal calls, equal bytes
  }
  SECTION("cut off") {
    day.fault(R"({"kind":"bill_truncated"})");
    CHECK_FALSE(day.bill(kBill).ends_with("\r\n"));
  }
}

TEST_CASE("sandbox bills: once issued, a bill never changes") {
  Day day;
  const std::string first = day.bill(kBill);
  day.fault(R"({"kind":"bill_missing_row","number":"T00002"})");
  CHECK(day.bill(kBill) == first);
}

TEST_CASE("sandbox bills: separators in a description do not break the row") {
  World world;
  world.api("POST", "/v3/pay/transactions/native",
            R"({"appid":"wx-shop","mchid":"1900000001","description":"a,`b\r\nc","out_trade_no":)"
            R"("T00001","notify_url":"http://127.0.0.1/n","amount":{"total":83}})");
  world.pay(R"({"out_trade_no":"T00001","payer":"oPayer"})");
  world.now = at("2026-03-05 10:00:00");
  const std::string text = world.bill(kBill);
  CHECK(text.find(",`a  b  c,`,`0.00000,`0.60%,`0.83,`0.00,`\r\n") != std::string::npos);
}

TEST_CASE("sandbox settlement: the day's net arrives once, as one credit that says so") {
  Day day;
  const auto& account = day.sandbox->bank().book().accounts();
  const auto settled = day.control("/sandbox/wechat/settle", R"({"date":"2026-03-04"})");
  CHECK(settled.body ==
        R"({"settlements":[{"mchid":"1900000001","account":"6228000000000001",)"
        R"("number":"WXS190000000120260304","amount_fen":7538}]})");  // 100.84 - 25.00 - 0.46
  CHECK(account.at(kAccount).balance_fen == 100'000 + 7'538);
  CHECK(account.at(kAccount).entries.at(0).remark == "微信支付结算款 1900000001 20260304");
  CHECK(day.sandbox->wechat().book().merchants().at(kShop).balance_fen == 0);
  CHECK(day.control("/sandbox/wechat/settle", R"({"date":"2026-03-04"})").body ==
        R"({"settlements":[]})");
  CHECK(day.control("/sandbox/wechat/settle", R"({"date":"2026-03-05"})").status == 400);
  CHECK(day.control("/sandbox/wechat/settle", R"({"date":"x"})").status == 400);
  CHECK(account.at(kAccount).balance_fen == 100'000 + 7'538);
}

TEST_CASE("sandbox settlement: it follows the bill as issued, or the true records") {
  for (const auto& [basis, expected] : {std::pair{"bill", 7'455}, {"records", 7'538}}) {
    INFO(basis);
    Day day;
    day.fault(R"({"kind":"bill_missing_row","number":"T00002"})");  // 0.84 - 0.01 less
    day.control("/sandbox/wechat/settle",
                std::string(R"({"date":"2026-03-04","basis":")") + basis + "\"}");
    CHECK(day.sandbox->bank().book().accounts().at(kAccount).balance_fen == 100'000 + expected);
  }
}

TEST_CASE("sandbox settlement: a day with more refunds than payments is taken off the next") {
  auto settings = World::settings();
  settings.wechat.book.merchants[0].opening_fen = 10'000;
  Day day(settings);
  day.now = at("2026-03-05 12:00:00");
  day.ask_refund("T00001", "R2", 7'500, 10'000);  // 0.45 come back: net -74.55
  day.now = at("2026-03-06 12:00:00");
  day.paid("T00003", 20'000);  // fee 1.20: net 198.80
  day.now = at("2026-03-07 10:00:00");
  const auto settle = [&](const std::string& date) {
    return day.control("/sandbox/wechat/settle", R"({"date":")" + date + "\"}").body;
  };
  CHECK(settle("2026-03-05") == R"({"settlements":[]})");
  const std::string last = settle("2026-03-06");
  CHECK(last.find(R"("amount_fen":12425)") != std::string::npos);  // 198.80 - 74.55
}
