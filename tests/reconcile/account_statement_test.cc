#include "reconcile/account_statement.h"

#include "tests/reconcile/book_world.h"

namespace suanpan::reconcile {
namespace {

using namespace test;

const std::string kPending = "2101/M1";

std::vector<std::string> lines_of(const AccountStatement& st) {
  std::vector<std::string> out;
  for (const AccountLine& l : st.lines)
    out.push_back(fmt::format("{} {} {} {} {}", l.date.iso().substr(5), l.counter_account, l.debit,
                              l.credit, l.balance));
  return out;
}

/// Wednesday 100.00 and 50.00 paid, 20.00 of the first given back; Thursday 30.00 paid.
void two_days(World& w) {
  w.place("O1", 10000);
  w.place("O2", 5000);
  w.place("O3", 3000);
  w.pay("O1", "W1", 10000, kWednesday, 10);
  w.pay("O2", "W2", 5000, kWednesday, 11);
  w.refund("R1", "O1", 2000, kWednesday, 12);
  w.at(kThursday, 0, 5);
  w.run(day_cut({{id_of("cut"), kSystemCaller}, kThursday}));
  w.pay("O3", "W3", 3000, kThursday, 9);
}

TEST_CASE("account statement: opening, every entry of the dates, closing") {
  World w;
  two_days(w);
  struct Row {
    Date from, to;
    std::int64_t opening, closing;
    std::vector<std::string> lines;
  };
  const std::string receivable = "1122/wxpay/" + kMchid;
  const Row rows[] = {
      {kWednesday,
       kThursday,
       0,
       -16000,
       {"03-04 " + receivable + " 0 10000 -10000", "03-04 " + receivable + " 0 5000 -15000",
        "03-04 2104 2000 0 -13000", "03-05 " + receivable + " 0 3000 -16000"}},
      {kWednesday,
       kWednesday,
       0,
       -13000,
       {"03-04 " + receivable + " 0 10000 -10000", "03-04 " + receivable + " 0 5000 -15000",
        "03-04 2104 2000 0 -13000"}},
      {kThursday, kThursday, -13000, -16000, {"03-05 " + receivable + " 0 3000 -16000"}},
      {kThursday.plus_days(1), kThursday.plus_days(9), -16000, -16000, {}},
      {kWednesday.plus_days(-9), kWednesday.plus_days(-1), 0, 0, {}},
  };
  for (const Row& row : rows) {
    INFO(row.from.iso() << " to " << row.to.iso());
    const auto st = account_statement(w.book(), kPending, row.from, row.to);
    REQUIRE(st);
    CHECK(st.value().code == kPending);
    CHECK(st.value().opening == row.opening);
    CHECK(st.value().closing == row.closing);
    CHECK(lines_of(st.value()) == row.lines);
    CHECK(build_account_report(st.value(), {"", w.clock().now()}));
  }
}

TEST_CASE("account statement: a line names its voucher, and what it was for") {
  World w;
  two_days(w);
  const auto st = account_statement(w.book(), kPending, kWednesday, kWednesday).value();
  CHECK(st.lines[0].voucher_number == "收-1");
  CHECK(st.lines[0].voucher_id == w.order("O1").voucher);
  CHECK(st.lines[0].business_key == "O1");
}

TEST_CASE("account statement: what was posted late stands under its own day") {
  World w;
  two_days(w);
  // An adjustment of Wednesday, found on Thursday.
  VoucherRequest late;
  late.key = {id_of("late"), kSystemCaller};
  late.date = kWednesday;
  late.adjustment = true;
  late.text =
      std::make_shared<const VoucherText>(VoucherText{"调整 手续费", "O1", {}, "maker", "checker"});
  const auto id = [&](const std::string& code) {
    return w.book().read([&](const State& s, std::uint64_t) { return s.account(code)->id; });
  };
  late.legs.push_back(Leg{id(kPending), id("2241"), 700});
  late.type = VoucherType::kTransfer;
  const Answer posted = w.book().run(late);
  INFO(posted.refusal.detail);
  REQUIRE(posted.accepted());
  const auto st = account_statement(w.book(), kPending, kWednesday, kThursday).value();
  REQUIRE(st.lines.size() == 5);
  CHECK(lines_of(st)[3] == "03-04 2241 700 0 -12300");
  CHECK(lines_of(st)[4] == "03-05 1122/wxpay/" + kMchid + " 0 3000 -15300");
  CHECK(account_statement(w.book(), kPending, kThursday, kThursday).value().opening == -12300);
}

TEST_CASE("account statement: an unknown account and dates that run backwards are refused") {
  World w;
  CHECK(account_statement(w.book(), "9999", kWednesday, kWednesday).error().code ==
        Errc::kNotFound);
  CHECK(account_statement(w.book(), kPending, kThursday, kWednesday).error().code ==
        Errc::kMalformed);
}

TEST_CASE("account statement: of a day, the house's own accounts that moved") {
  World w;
  two_days(w);
  using Codes = std::vector<std::string>;
  CHECK(house_accounts_moved(w.book(), kWednesday).value() ==
        Codes{"1122/wxpay/" + kMchid, "2104"});
  CHECK(house_accounts_moved(w.book(), kThursday).value() == Codes{"1122/wxpay/" + kMchid});
  CHECK(house_accounts_moved(w.book(), kThursday.plus_days(1)).value().empty());
}

TEST_CASE("account statement: its files are written under the last day, in three forms") {
  World w;
  two_days(w);
  const auto paths = w.service().write_account_statement(kPending, kWednesday, kThursday);
  REQUIRE(paths);
  for (const std::string& path : {paths.value().html, paths.value().csv, paths.value().xlsx}) {
    INFO(path);
    CHECK(path.find("/2026-03-05/account-") != std::string::npos);
    CHECK(path.find("-2101.M1-20260304-20260305.") != std::string::npos);
    CHECK(std::filesystem::file_size(path) > 100);
  }
}

}  // namespace
}  // namespace suanpan::reconcile
