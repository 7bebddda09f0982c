// Balances as of a date are computed once for the pages of a walk.
#include "api/v1/dated_balances.h"

#include <catch2/catch.hpp>

using namespace suanpan;
using api::v1::DatedBalances;

namespace {

// Says how often it was asked, as debits.
struct Counting {
  int asked = 0;
  Result<Balance> operator()() {
    Balance balance;
    balance.debits_posted = ++asked;
    return balance;
  }
};

const Date kDay = *Date::of(2026, 3, 4);

}  // namespace

TEST_CASE("statements: a balance as of a date is computed once for all pages of a walk") {
  DatedBalances balances;
  Counting counting;
  const auto told = [&](const DatedBalances::Asked& asked) {
    return balances.of(asked, counting).value().debits_posted;
  };
  const DatedBalances::Asked walk{AccountId{7}, kDay, 900};
  for (int page = 0; page < 5; ++page) CHECK(told(walk) == 1);
  // Another account, date or sequence is another question.
  CHECK(told({AccountId{8}, kDay, 900}) == 2);
  CHECK(told({AccountId{7}, kDay.plus_days(1), 900}) == 3);
  CHECK(told({AccountId{7}, kDay, 901}) == 4);
  CHECK(told(walk) == 1);
  CHECK(counting.asked == 4);
}

TEST_CASE("statements: balances as of a date are kept for a while, errors not at all") {
  DatedBalances balances;
  Counting counting;
  const auto told = [&](std::uint64_t until) {
    return balances.of({AccountId{7}, kDay, until}, counting).value().debits_posted;
  };
  const auto kept = static_cast<std::int64_t>(DatedBalances::kKept);
  for (std::int64_t i = 1; i <= kept; ++i) CHECK(told(static_cast<std::uint64_t>(i)) == i);
  CHECK(told(1) == 1);
  CHECK(told(1'000) == kept + 1);  // in the place of the first
  CHECK(told(2) == 2);
  CHECK(told(1) == kept + 2);

  const DatedBalances::Asked asked{AccountId{9}, kDay, 1};
  const auto failed = balances.of(
      asked, []() -> Result<Balance> { return fail(Errc::kArchived, "what was before is gone"); });
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == Errc::kArchived);
  CHECK(balances.of(asked, counting).value().debits_posted == kept + 3);
}
