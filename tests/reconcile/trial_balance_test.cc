#include "reconcile/trial_balance.h"

#include <catch2/catch.hpp>

using namespace suanpan;
using namespace suanpan::reconcile;

namespace {
constexpr auto kCNY = Currency::kCNY;
}

TEST_CASE("trial balance: leaves are added up, roll-ups are not counted again") {
  const auto totals = check_trial_balance({
      {"1002", "银行存款", 0, false, kCNY, 100, 50, 30, 120},
      {"1002/A", "基本户", 1, true, kCNY, 100, 50, 30, 120},
      {"2202", "应付商户款", 0, true, kCNY, -100, 30, 55, -125},
      {"6602", "手续费", 0, true, kCNY, 0, 5, 0, 5},
  });
  REQUIRE(totals);
  REQUIRE(totals.value().size() == 1);
  const auto& t = totals.value()[0];
  CHECK(t.opening_debit == 100);
  CHECK(t.opening_credit == 100);
  CHECK(t.debit == 85);
  CHECK(t.credit == 85);
  CHECK(t.closing_debit == 125);
  CHECK(t.closing_credit == 125);
}

TEST_CASE("trial balance: red entries stay inside the turnover of their side") {
  const auto totals = check_trial_balance({{"1002", "", 0, true, kCNY, 0, 70, 0, 70},
                                           {"2202", "", 0, true, kCNY, 0, 0, 70, -70},
                                           {"1002/r", "", 0, true, kCNY, 0, -30, 0, -30},
                                           {"2202/r", "", 0, true, kCNY, 0, 0, -30, 30}});
  REQUIRE(totals);
  CHECK(totals.value()[0].debit == 40);
  CHECK(totals.value()[0].credit == 40);
}

TEST_CASE("trial balance: what does not add up is refused by name") {
  const auto message = [](std::vector<TrialBalanceRow> rows) {
    const auto result = check_trial_balance(rows);
    return result ? std::string("accepted") : result.error().message;
  };
  CHECK(message({{"1002", "", 0, true, kCNY, 100, 50, 30, 121}}) ==
        "account 1002: opening, turnover and closing do not add up");
  CHECK(message({{"1002", "", 0, true, kCNY, 100, 0, 0, 100}}) ==
        "the opening does not balance in CNY: debit minus credit is 1.00");
  CHECK(message({{"1002", "", 0, true, kCNY, 0, 5, 0, 5}}) ==
        "the turnover does not balance in CNY: debit minus credit is 0.05");
  // Two currencies must balance each for itself.
  CHECK(message({{"1002", "", 0, true, kCNY, 0, 5, 0, 5},
                 {"2202", "", 0, true, Currency::kUSD, 0, 0, 5, -5}}) ==
        "the turnover does not balance in CNY: debit minus credit is 0.05");
  CHECK(message({{"1", "", 0, true, kCNY, INT64_MAX, 0, 0, INT64_MAX},
                 {"2", "", 0, true, kCNY, INT64_MAX, 0, 0, INT64_MAX},
                 {"3", "", 0, true, kCNY, -INT64_MAX, 0, 0, -INT64_MAX},
                 {"4", "", 0, true, kCNY, -INT64_MAX, 0, 0, -INT64_MAX}}) ==
        "a total of the trial balance does not fit 64 bits");
  CHECK(message({{"1", "", 0, false, kCNY, INT64_MIN, 0, 0, INT64_MIN}}) ==
        "account 1: the balance does not fit 64 bits");
  CHECK(message({}) == "accepted");
}
