#include "reconcile/fund_flow_check.h"

#include <fstream>
#include <iterator>

#include "tests/reconcile/book_world.h"
#include "tests/support/shared_data.h"

namespace suanpan::reconcile {
namespace {

using namespace test;

constexpr std::string_view kHead =
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号\r\n";

/// One movement of the account on the Wednesday.
std::string row(const char* type, const char* direction, const char* yuan) {
  return fmt::format("`2026-03-04 12:00:00,`42,`F1,`{},`{},`{},`{},`0.00,`system,`,`V1\r\n", type,
                     type, direction, yuan);
}
std::string flow_of(const std::string& rows, const char* totals) {
  return fmt::format("{}{}资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n{}\r\n", kHead,
                     rows, totals);
}

/// 100.00 paid, 0.60 of it WeChat's: the bill promises 99.40.
void reconcile_bill(World& w) {
  w.place("O0001", 10000);
  w.pay("O0001", "W1", 10000, kWednesday, 10);
  w.bill(bill_text(kWednesday, {paid("O0001", "W1", "100.00", "0.60")}, {"100.00", "0.00", "0.60"}),
         kWednesday);
}

TEST_CASE("fund flow: what moved at WeChat is what the trade bill promises, withdrawals apart") {
  World w;
  const std::string file =
      flow_of(row("交易", "收入", "100.00") + row("扣除交易手续费", "支出", "0.60") +
                  row("提现", "支出", "80.00"),
              "`3,`1,`100.00,`2,`80.60");
  const auto early = check_fund_flow(w.book(), file, kMchid, kWednesday);
  REQUIRE(early.has_error());
  CHECK(early.error().code == Errc::kNotFound);
  reconcile_bill(w);
  const std::uint64_t before = w.seq();
  CHECK(check_fund_flow(w.book(), file, kMchid, kWednesday).value() ==
        FundFlowCheck{3, 10000, 8060, 8000, 9940, 9940, 0});
  CHECK(w.seq() == before);
}

TEST_CASE("fund flow: a movement that no trade explains is named with its sign") {
  World w;
  reconcile_bill(w);
  const auto check = check_fund_flow(
      w.book(),
      flow_of(row("交易", "收入", "100.00") + row("扣除交易手续费", "支出", "0.60") +
                  row("退款", "支出", "5.00"),
              "`3,`1,`100.00,`2,`5.60"),
      kMchid, kWednesday);
  CHECK(check.value() == FundFlowCheck{3, 10000, 560, 0, 9440, 9940, -500});
}

TEST_CASE("fund flow: a file that does not add up, or of another day, is refused with the reason") {
  World w;
  reconcile_bill(w);
  const auto message = [&](const std::string& file, Date day) {
    const auto check = check_fund_flow(w.book(), file, kMchid, day);
    REQUIRE(check.has_error());
    CHECK(check.error().code == Errc::kMismatch);
    return check.error().message;
  };
  const std::string rows = row("交易", "收入", "100.00");
  CHECK(message(flow_of(rows, "`2,`1,`100.00,`0,`0.00"), kWednesday) ==
        "the bill's 资金流水总笔数 is 2, its rows make 1");
  CHECK_THAT(message(flow_of(rows, "`1,`1,`100.00,`0,`0.00"), kThursday),
             Catch::Contains("another day"));
}

TEST_CASE("fund flow: the sample of the platform's documents is refused by its totals") {
  SHARED_OR_SKIP();
  std::ifstream in(suanpan::test::shared_data() / "wechatpay/fundflow.sample.csv",
                   std::ios::binary);
  const std::string file((std::istreambuf_iterator<char>(in)), {});
  REQUIRE(file.size() > 100);
  World w;
  const auto check = check_fund_flow(w.book(), file, "1601959334", *Date::of(2021, 2, 1));
  REQUIRE(check.has_error());
  CHECK(check.error().code == Errc::kMismatch);
  CHECK(check.error().message == "the bill's 资金流水总笔数 is 3, its rows make 2");
}

}  // namespace
}  // namespace suanpan::reconcile
