#include "channels/wechat/bill.h"

#include <zlib.h>

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

#include "channels/wechat/fund_flow_bill.h"
#include "ledger/base/digest.h"
#include "tests/support/shared_data.h"

namespace suanpan::channels::wechat {
namespace {

const Date kDay = *Date::of(2026, 3, 3);
const BillExpectation kOurs{"1900000109", kDay};

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

std::string bill() {
  std::string file = "\xEF\xBB\xBF";
  for (const auto part : {kHeader, kPaidRow, kRefundRow, kTotalNames, kTotals}) file += part;
  return file;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string replaced_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (auto at = text.find(from); at != std::string_view::npos; at = text.find(from)) {
    out.append(text.substr(0, at)).append(to);
    text.remove_prefix(at + from.size());
  }
  return out.append(text);
}

std::string slurp(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

/// gzip with zlib's own words, so that the reader meets a real file.
std::string gzipped(std::string_view plain) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(compressBound(plain.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<uInt>(plain.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

TEST_CASE("wechat bill: rows come out exact, bound by name") {
  const auto parsed = parse_trade_bill(bill(), kOurs);
  REQUIRE(parsed);
  const auto& rows = parsed.value().rows;
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].line == 2);
  CHECK(rows[0].traded_at == Timestamp::of_cn(kDay, 0, 0, 0));
  CHECK(rows[0].app_id == "wxd678efh567hg6787");
  CHECK(rows[0].mchid == "1900000109");
  CHECK(rows[0].channel_order_no == "4200000263202603030000000001");
  CHECK(rows[0].order_no == "P202603030000000001");
  CHECK(rows[0].payer_openid == "oUpF8uMuAJO");
  CHECK(rows[0].trade_type == "NATIVE");
  CHECK(rows[0].state == TradeState::kSuccess);
  CHECK(rows[0].bank == "OTHERS");
  CHECK(rows[0].settled_fen == 12345);
  CHECK(rows[0].coupon_fen == 100);
  CHECK(rows[0].channel_refund_no.empty());
  CHECK(rows[0].refund_no.empty());
  CHECK(rows[0].description == "物业费, 3幢0402");  // a cell may hold a comma
  CHECK(rows[0].fee_e5_yuan == 74070);
  CHECK(rows[0].rate == "0.60%");
  CHECK(rows[0].order_fen == 12345);
  CHECK(rows[1].line == 3);
  CHECK(rows[1].state == TradeState::kRefund);
  CHECK(rows[1].channel_refund_no == "50000709672026030300000000001");
  CHECK(rows[1].refund_no == "R202603030000000001");
  CHECK(rows[1].refund_fen == 1000);
  CHECK(rows[1].coupon_refund_fen == 50);
  CHECK(rows[1].refund_type == "ORIGINAL");
  CHECK(rows[1].refund_status == "SUCCESS");
  CHECK(rows[1].fee_e5_yuan == -6001);
  CHECK(rows[1].refund_requested_fen == 1000);
  CHECK(parsed.value().totals == TradeBillTotals{2, 12345, 1000, 50, 68069, 12345, 1000});
}

TEST_CASE("wechat bill: what may vary in form changes nothing") {
  const auto expected = TradeBillTotals{2, 12345, 1000, 50, 68069, 12345, 1000};
  const auto totals = [](const std::string& file) {
    const auto parsed = parse_trade_bill(file, kOurs);
    REQUIRE(parsed);
    return parsed.value().totals;
  };
  CHECK(totals(bill().substr(3)) == expected);                    // no BOM
  CHECK(totals(replaced_all(bill(), "\r\n", "\n")) == expected);  // bare LF
  CHECK(totals(replaced(bill(), "`2.0,", "`2,")) == expected);    // a plain count
  CHECK(totals(replaced(bill(), "`0.68069,", "`0.680690,")) == expected);
  CHECK(totals(replaced(bill(), "费率备注", "一个新列")) == expected);  // a column we do not know
  std::string empty = std::string(kHeader) + std::string(kTotalNames);
  empty += "`0.0,`0.00,`0.00,`0.00,`0.00000,`0.00,`0.00\r\n";
  CHECK(totals(empty) == TradeBillTotals{});
}

TEST_CASE("wechat bill: a file cut into chunks anywhere gives the same") {
  const auto file = bill();
  for (std::size_t cut = 0; cut <= file.size(); ++cut) {
    std::size_t rows = 0;
    TradeBillReader reader(kOurs, [&rows](TradeBillRow) -> Result<void> {
      ++rows;
      return success();
    });
    REQUIRE(reader.feed(std::string_view(file).substr(0, cut)));
    REQUIRE(reader.feed(std::string_view(file).substr(cut)));
    const auto totals = reader.finish();
    REQUIRE(totals);
    CHECK(totals.value().fee_e5_yuan == 68069);
    CHECK(rows == 2);
  }
  TradeBillReader bytewise(kOurs, [](TradeBillRow) -> Result<void> { return success(); });
  for (const char c : file) REQUIRE(bytewise.feed(std::string_view(&c, 1)));
  CHECK(bytewise.finish());
}

TEST_CASE("wechat bill: a truncated bill is refused wherever it ends") {
  const auto file = bill();
  for (std::size_t size = 0; size < file.size(); ++size) {
    INFO(size);
    const auto parsed = parse_trade_bill(std::string_view(file).substr(0, size), kOurs);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Errc::kMalformed);
  }
}

TEST_CASE("wechat bill: a bill that is altered is refused with the reason") {
  struct Row {
    const char* what;
    std::string file;
    Errc code;
    const char* reason;
  };
  const auto with = [](std::string_view from, std::string_view to) {
    return replaced(bill(), from, to);
  };
  std::string missing_row = bill();
  missing_row.erase(missing_row.find(kRefundRow), kRefundRow.size());
  std::string extra_row = bill();
  extra_row.insert(extra_row.find(kRefundRow), kPaidRow);
  const Row rows[] = {
      // totals
      {"missing row", missing_row, Errc::kMismatch, "总交易单数"},
      {"extra row", extra_row, Errc::kMismatch, "总交易单数"},
      {"count", with("`2.0,`", "`3.0,`"), Errc::kMismatch, "总交易单数"},
      {"count of a half", with("`2.0,`", "`2.5,`"), Errc::kMalformed, "总交易单数"},
      {"count negative", with("`2.0,`", "`-2.0,`"), Errc::kMalformed, "总交易单数"},
      {"settled total", with("`2.0,`123.45", "`2.0,`123.46"), Errc::kMismatch, "应结订单总金额"},
      {"refund total", with("123.45,`10.00,`0.50,`0.68", "123.45,`10.01,`0.50,`0.68"),
       Errc::kMismatch, "退款总金额"},
      {"coupon total", with("`10.00,`0.50,`0.68", "`10.00,`0.51,`0.68"), Errc::kMismatch,
       "充值券退款总金额"},
      {"fee total", with("0.68069", "0.68068"), Errc::kMismatch, "手续费总金额"},
      {"order total", with("0.68069,`123.45", "0.68069,`123.4"), Errc::kMismatch, "订单总金额"},
      {"requested total", with("`10.00\r\n", "`1.00\r\n"), Errc::kMismatch, "申请退款总金额"},
      {"row amount", with("`CNY,`123.45", "`CNY,`123.44"), Errc::kMismatch, "应结订单总金额"},
      {"no fee total", with("手续费总金额", "手续费总额"), Errc::kMalformed, "手续费总金额"},
      {"no count", with("总交易单数", "单数"), Errc::kMalformed, "总交易单数"},
      // cells
      {"an exponent", with("`123.45,`1.00", "`1.2345e2,`1.00"), Errc::kMalformed, "line 2"},
      {"three decimals", with("`CNY,`123.45", "`CNY,`123.451"), Errc::kMalformed, "line 2"},
      {"an empty amount", with("`CNY,`123.45", "`CNY,`"), Errc::kMalformed, "line 2"},
      {"grouping", with("`CNY,`123.45", "`CNY,`1,23.45"), Errc::kMalformed, "line 2"},
      {"negative amount", with("`CNY,`123.45", "`CNY,`-123.45"), Errc::kMalformed, "line 2"},
      {"huge amount", with("`CNY,`123.45", "`CNY,`99999999999999999999.00"), Errc::kTooLarge,
       "line 2"},
      {"six decimals of fee", with("0.74070", "0.740701"), Errc::kMalformed, "手续费"},
      {"no such day", with("2026-03-03 00", "2026-02-30 00"), Errc::kMalformed, "交易时间"},
      {"currency", with("`CNY", "`USD"), Errc::kUnsupported, "货币种类"},
      {"state", with("`SUCCESS,`OTHERS", "`WON,`OTHERS"), Errc::kUnsupported, "交易状态"},
      {"a refund without number", with("`R202603030000000001", "`0"), Errc::kMalformed, "line 3"},
      {"a payment with refund number", with("`0,`0,`0.00", "`0,`R1,`0.00"), Errc::kMalformed,
       "line 2"},
      // form
      {"a cell too many", with("`NATIVE,", "`NATIVE,`,"), Errc::kMalformed, "27 cells"},
      {"a cell too few", with("`NATIVE,", ""), Errc::kMalformed, "27 cells"},
      {"no backtick", with("`2026-03-03 00", "2026-03-03 00"), Errc::kMalformed, "line"},
      {"no header", with(kHeader, ""), Errc::kMalformed, "header"},
      {"empty column name", with("设备号", ""), Errc::kMalformed, "header"},
      {"a column twice", with("设备号", "商户号"), Errc::kMalformed, "repeated"},
      {"no order column", with("商户订单号", "订单"), Errc::kMalformed, "商户订单号"},
      {"no amount columns", with("应结订单金额", "金额"), Errc::kMalformed, "line 2"},
      {"half of the refund columns", with("微信退款单号", "单号"), Errc::kMalformed, "refund"},
      {"a third totals line", bill() + std::string(kTotals), Errc::kMalformed, "follows"},
      {"an empty line after the end", bill() + "\r\n", Errc::kMalformed, "follows"},
      {"bytes after the end", bill() + "x", Errc::kMalformed, "truncated"},
      {"two bills in one", bill() + bill(), Errc::kMalformed, "follows"},
      // encoding
      {"GBK bytes in a cell", with("维修", "\xCE\xAC\xD0\xDE"), Errc::kMalformed, "UTF-8"},
      {"GBK header", "\xBD\xBB\xD2\xD7\xCA\xB1\xBC\xE4,\xC9\xCC\xBB\xA7\xBA\xC5\r\n",
       Errc::kMalformed, "UTF-8"},
      {"UTF-16", std::string("\xFF\xFE\xA4\x4E", 4) + "\n", Errc::kMalformed, "UTF-8"},
      {"an overlong form", with("维修", "\xC0\xAF"), Errc::kMalformed, "UTF-8"},
      {"an overlong form of three", with("维修", "\xE0\x9F\xBF"), Errc::kMalformed, "UTF-8"},
      {"an overlong form of four", with("维修", "\xF0\x8F\xBF\xBF"), Errc::kMalformed, "UTF-8"},
      {"a cut character", with("维修", "\xE7\xBB"), Errc::kMalformed, "UTF-8"},
      {"a surrogate", with("维修", "\xED\xA0\x80"), Errc::kMalformed, "UTF-8"},
      {"above U+10FFFF", with("维修", "\xF4\x90\x80\x80"), Errc::kMalformed, "UTF-8"},
      {"NUL", with("维修", std::string_view("\0", 1)), Errc::kMalformed, "control"},
      {"a second BOM", std::string("\xEF\xBB\xBF") + bill(), Errc::kMalformed, "交易时间"},
      {"an endless line", std::string(70'000, 'x'), Errc::kTooLarge, "line 1"},
      {"a gzip left packed", gzipped(bill()).append("\n"), Errc::kMalformed, "bill"},
      {"an error document", R"({"code":"PARAM_ERROR"})", Errc::kMalformed, "truncated"},
      // whose and when
      {"another merchant", with("`1900000109", "`1900000108"), Errc::kMismatch, "merchant"},
      {"another merchant in the last row",
       replaced(bill(), std::string(kRefundRow),
                replaced(std::string(kRefundRow), "`1900000109", "`1900000108")),
       Errc::kMismatch, "line 3"},
      {"the day before", with("2026-03-03 00:00:00", "2026-03-02 23:59:59"), Errc::kMismatch,
       "another day"},
      {"the day after", with("2026-03-03 23:59:59", "2026-03-04 00:00:00"), Errc::kMismatch,
       "another day"},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    const auto parsed = parse_trade_bill(row.file, kOurs);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == row.code);
    CHECK_THAT(parsed.error().message, Catch::Contains(row.reason));
    // No reason quotes what is personal.
    CHECK(parsed.error().message.find("oUpF8") == std::string::npos);
  }
  CHECK(parse_trade_bill(bill(), {"1900000108", kDay}).error().code == Errc::kMismatch);
  CHECK(parse_trade_bill(bill(), {"1900000109", kDay.plus_days(1)}).error().code ==
        Errc::kMismatch);
}

TEST_CASE("wechat bill: a reader that refused stays refused") {
  TradeBillReader reader(kOurs, [](TradeBillRow) -> Result<void> { return success(); });
  CHECK_FALSE(reader.feed("\xFF\n"));
  CHECK_FALSE(reader.feed(bill()));
  CHECK_FALSE(reader.finish());
  TradeBillReader full(
      kOurs, [](TradeBillRow) -> Result<void> { return fail(Errc::kIo, "the disk is full"); });
  CHECK(full.feed(bill()).error().code == Errc::kIo);
  CHECK_FALSE(full.finish());
}

TEST_CASE("wechat bill: the SUCCESS and REFUND variants bind by name too") {
  const std::string success_bill =
      "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,"
      "交易状态,"
      "付款银行,货币种类,应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,订单金额,"
      "费率备注\r\n"
      "`2026-03-03 10:00:00,`wx1,`1900000109,`0,`,`4200000001,`P1,`o,`JSAPI,`SUCCESS,`OTHERS,`CNY,"
      "`2.00,`0.00,`水费,`,`0.01200,`0.60%,`2.00,`\r\n"
      "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,"
      "申请退款总金额\r\n"
      "`1.0,`2.00,`0.00,`0.00,`0.01200,`2.00,`0.00\r\n";
  const auto paid = parse_trade_bill(success_bill, kOurs);
  REQUIRE(paid);
  CHECK(paid.value().rows[0].order_fen == 200);
  CHECK(paid.value().rows[0].fee_e5_yuan == 1200);
  CHECK(paid.value().rows[0].description == "水费");
  CHECK_FALSE(paid.value().rows[0].refunded_at);
  // A total of refunds that no row can make.
  CHECK(parse_trade_bill(
            replaced(success_bill, "`2.00,`0.00,`0.00,`0.012", "`2.00,`1.00,`0.00,`0.012"), kOurs)
            .error()
            .code == Errc::kMismatch);
  // A refund row in a bill that has no place for it.
  CHECK(parse_trade_bill(replaced(success_bill, "`SUCCESS", "`REFUND"), kOurs).error().code ==
        Errc::kMalformed);

  const std::string refund_bill =
      "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,"
      "交易状态,"
      "付款银行,货币种类,应结订单金额,代金券金额,退款申请时间,退款成功时间,微信退款单号,"
      "商户退款单号,"
      "退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,"
      "申请退款金额,"
      "费率备注\r\n"
      "`2026-03-01 10:00:00,`wx1,`1900000109,`0,`,`4200000001,`P1,`o,`JSAPI,`REFUND,`OTHERS,`CNY,"
      "`0.00,`0.00,`2026-03-02 23:00:00,`2026-03-03 09:00:00,`5000001,`R1,`2.00,`0.00,`ORIGINAL,"
      "`SUCCESS,`水费,`,`-0.01200,`0.60%,`0.00,`2.00,`\r\n"
      "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,"
      "申请退款总金额\r\n"
      "`1.0,`0.00,`2.00,`0.00,`-0.01200,`0.00,`2.00\r\n";
  const auto refunded = parse_trade_bill(refund_bill, kOurs);
  REQUIRE(refunded);
  const auto& row = refunded.value().rows[0];
  CHECK(row.state == TradeState::kRefund);
  CHECK(row.refund_requested_at == Timestamp::of_cn(*Date::of(2026, 3, 2), 23, 0, 0));
  CHECK(row.refunded_at == Timestamp::of_cn(kDay, 9, 0, 0));
  CHECK(row.refund_fen == 200);
  CHECK(refunded.value().totals.fee_e5_yuan == -1200);
  CHECK(parse_trade_bill(replaced(refund_bill, "2026-03-03 09", "2026-03-04 09"), kOurs)
            .error()
            .code == Errc::kMismatch);
}

TEST_CASE("wechat bill: a download is held to its hash, packed or not") {
  // SHA-1 of "abc" and of nothing, FIPS 180-4 examples.
  const std::string abc = "a9993e364706816aba3e25717850c26c9cd0d89d";
  CHECK(open_bill("abc", false, abc).value() == "abc");
  CHECK(open_bill("", false, "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709").value().empty());
  CHECK(open_bill(gzipped("abc"), true, abc).value() == "abc");
  struct Row {
    const char* what;
    std::string body;
    bool gzip;
    std::string hash;
    Errc code;
  };
  const auto packed = gzipped("abc");
  const Row rows[] = {
      {"wrong hash", "abd", false, abc, Errc::kMismatch},
      {"wrong hash packed", gzipped("abd"), true, abc, Errc::kMismatch},
      {"hash of the packed file", packed, false, abc, Errc::kMismatch},
      {"no hash", "abc", false, "", Errc::kMalformed},
      {"hash too short", "abc", false, abc.substr(2), Errc::kMalformed},
      {"hash not hexadecimal", "abc", false, std::string("z").append(abc.substr(1)),
       Errc::kMalformed},
      {"not packed", "abc", true, abc, Errc::kMalformed},
      {"empty", "", true, abc, Errc::kMalformed},
      {"packed and truncated", packed.substr(0, packed.size() - 1), true, abc, Errc::kMalformed},
      {"bytes follow", packed + "x", true, abc, Errc::kMalformed},
      {"two members", packed + packed, true, abc, Errc::kMalformed},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    const auto opened = open_bill(row.body, row.gzip, row.hash);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == row.code);
  }
  auto damaged = packed;
  damaged[damaged.size() - 6] = static_cast<char>(damaged[damaged.size() - 6] ^ 1);  // its CRC
  CHECK(open_bill(damaged, true, abc).error().code == Errc::kMalformed);
}

TEST_CASE("wechat bill: a gzip bomb stops at the limit") {
  const auto bomb = gzipped(std::string(8 << 20, '0'));
  CHECK(bomb.size() < 20'000);
  std::size_t received = 0;
  const auto stopped = gunzip(bomb, 100'000, [&](std::string_view piece) -> Result<void> {
    received += piece.size();
    return success();
  });
  CHECK(stopped.error().code == Errc::kTooLarge);
  CHECK(received <= 100'000);
  CHECK(gunzip(bomb, 8 << 20, [](std::string_view) -> Result<void> { return success(); }));
  CHECK(gunzip(bomb, (8 << 20) - 1, [](std::string_view) -> Result<void> { return success(); })
            .error()
            .code == Errc::kTooLarge);
  CHECK(open_bill(std::string(101, 'x'), false, "a9993e364706816aba3e25717850c26c9cd0d89d", 100)
            .error()
            .code == Errc::kTooLarge);
}

// ---- third-party files

const BillExpectation kSample{"1921000401", *Date::of(2019, 2, 19)};

TEST_CASE("wechat bill: the official sample parses whole, its seven totals hold") {
  SHARED_OR_SKIP();
  const auto file = slurp(suanpan::test::shared_data() / "wechatpay/bill.ALL.csv");
  // By sha1sum.
  const auto opened = open_bill(file, false, "9bb6cd819be348f17a9cbcedddc8eb62fefbd790");
  REQUIRE(opened);
  const auto parsed = parse_trade_bill(opened.value(), kSample);
  REQUIRE(parsed);
  CHECK(parsed.value().rows.size() == 45);
  CHECK(parsed.value().totals == TradeBillTotals{45, 47, 14, 0, 8000, 47, 14});
  std::size_t refunds = 0;
  std::int64_t coupons_fen = 0;
  for (const auto& row : parsed.value().rows) {
    refunds += row.state == TradeState::kRefund ? 1 : 0;
    coupons_fen += row.coupon_fen;
  }
  CHECK(refunds == 14);
  CHECK(coupons_fen == 4);
  CHECK(open_bill(gzipped(file), true, "9bb6cd819be348f17a9cbcedddc8eb62fefbd790").value() == file);
}

TEST_CASE("wechat bill: the official sample, cut short or altered, is never accepted") {
  SHARED_OR_SKIP();
  const auto file = slurp(suanpan::test::shared_data() / "wechatpay/bill.ALL.csv");
  for (std::size_t size = 0; size < file.size(); size += 97) {
    INFO(size);
    CHECK_FALSE(parse_trade_bill(std::string_view(file).substr(0, size), kSample));
  }
  CHECK_FALSE(parse_trade_bill(std::string_view(file).substr(0, file.size() - 1), kSample));
  CHECK(parse_trade_bill(std::string_view(file).substr(3), kSample));
  // Each of the seven totals, off by one in its last digit.
  const auto at = file.rfind("`45.0");
  const auto totals = file.substr(at);
  for (const auto& wrong : {"`46.0,`0.47,`0.14,`0.0,`0.08,`0.47,`0.14\r\n",
                            "`45.0,`0.48,`0.14,`0.0,`0.08,`0.47,`0.14\r\n",
                            "`45.0,`0.47,`0.15,`0.0,`0.08,`0.47,`0.14\r\n",
                            "`45.0,`0.47,`0.14,`0.01,`0.08,`0.47,`0.14\r\n",
                            "`45.0,`0.47,`0.14,`0.0,`0.08001,`0.47,`0.14\r\n",
                            "`45.0,`0.47,`0.14,`0.0,`0.08,`0.46,`0.14\r\n",
                            "`45.0,`0.47,`0.14,`0.0,`0.08,`0.47,`0.13\r\n"}) {
    INFO(wrong);
    CHECK(parse_trade_bill(file.substr(0, at) + wrong, kSample).error().code == Errc::kMismatch);
  }
  CHECK(totals == "`45.0,`0.47,`0.14,`0.0,`0.08,`0.47,`0.14\r\n");
  // Each line lost.
  std::size_t start = 0;
  std::size_t lines = 0;
  while (start < file.size()) {
    const auto end = file.find('\n', start) + 1;
    CHECK_FALSE(parse_trade_bill(file.substr(0, start) + file.substr(end), kSample));
    start = end;
    ++lines;
  }
  CHECK(lines == 48);
}

TEST_CASE("wechat fund flow: the sample is refused because its totals do not match its rows") {
  SHARED_OR_SKIP();
  const auto file = slurp(suanpan::test::shared_data() / "wechatpay/fundflow.sample.csv");
  const auto parsed = parse_fund_flow_bill(file, *Date::of(2021, 2, 1));
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == Errc::kMismatch);
  CHECK(parsed.error().message == "the bill's 资金流水总笔数 is 3, its rows make 2");
}

// ---- fund flow, our own file

std::string flow_bill() {
  return "\xEF\xBB\xBF"
         "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),"
         "账户结余(元),资金变更提交申请人,备注,业务凭证号\r\n"
         "`2026-03-03 13:54:01,`4200000001,`F1,`交易,`交易,`收入,`10.00,`110.00,`system,`,`V1\r\n"
         "`2026-03-03 13:54:02,`4200000001,`F2,`交易,`扣除交易手续费,`支出,`0.06,`109.94,`system,"
         "`手续费, 0.6%,`V1\r\n"
         "`2026-03-03 "
         "14:00:45,`5030000001,`F3,`退款,`退款,`支出,`3.00,`106.94,`1900000109API,`,`V2\r\n"
         "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n"
         "`3.0,`1.0,`10.00,`2.0,`3.06\r\n";
}

TEST_CASE("wechat fund flow: rows and totals come out exact") {
  const auto parsed = parse_fund_flow_bill(flow_bill(), kDay);
  REQUIRE(parsed);
  CHECK(parsed.value().totals == FundFlowTotals{3, 1, 1000, 2, 306});
  const auto& row = parsed.value().rows[1];
  CHECK(row.line == 3);
  CHECK(row.booked_at == Timestamp::of_cn(kDay, 13, 54, 2));
  CHECK(row.channel_order_no == "4200000001");
  CHECK(row.flow_no == "F2");
  CHECK(row.business_type == "扣除交易手续费");
  CHECK(row.direction == FlowDirection::kExpense);
  CHECK(row.amount_fen == 6);
  CHECK(row.balance_fen == 10994);
  CHECK(row.remark == "手续费, 0.6%");
  CHECK(row.voucher_no == "V1");
}

TEST_CASE("wechat fund flow: an altered or truncated bill is refused") {
  const auto file = flow_bill();
  for (std::size_t size = 0; size < file.size(); ++size)
    REQUIRE_FALSE(parse_fund_flow_bill(std::string_view(file).substr(0, size), kDay));
  struct Row {
    const char* from;
    const char* to;
    Errc code;
  };
  const Row rows[] = {
      {"`3.0,`1.0", "`4.0,`1.0", Errc::kMismatch},
      {"`1.0,`10.00", "`2.0,`10.00", Errc::kMismatch},
      {"`1.0,`10.00", "`1.0,`10.01", Errc::kMismatch},
      {"`2.0,`3.06", "`1.0,`3.06", Errc::kMismatch},
      {"`2.0,`3.06", "`2.0,`3.07", Errc::kMismatch},
      {"`收入,`10.00", "`支出,`10.00", Errc::kMismatch},
      {"`收入,`10.00", "`冻结,`10.00", Errc::kUnsupported},
      {"`收入,`10.00", "`收入,`-10.00", Errc::kMalformed},
      {"`收入,`10.00", "`收入,`1e1", Errc::kMalformed},
      {"2026-03-03 13:54:01", "2026-03-02 13:54:01", Errc::kMismatch},
      {"收支金额(元)", "金额", Errc::kMalformed},
      {",支出金额", ",支出总额", Errc::kMalformed},
  };
  for (const auto& row : rows) {
    INFO(row.from << " -> " << row.to);
    const auto parsed = parse_fund_flow_bill(replaced(file, row.from, row.to), kDay);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == row.code);
  }
}

}  // namespace
}  // namespace suanpan::channels::wechat
