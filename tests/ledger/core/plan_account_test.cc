// Accounts and days: codes, opening, terms, closing, versions, day cut, period close.
#include "ledger/core/plan_account.h"

#include <catch2/catch.hpp>

#include "ledger/base/limits.h"
#include "tests/support/scenario.h"

using namespace suanpan;
using test::Scenario;

TEST_CASE("account: which codes are paths and which are not") {
  const std::string longest(128, 'x');
  for (const std::string& good :
       {std::string("1"), std::string("1002"), std::string("2101/M1621873433953"),
        std::string("3001/小区1/3幢/0402"), std::string("a/b/c/d/e/f/g/h"), longest,
        std::string("1002/工行-监管_户.1"), std::string("2101/a,b(c)")}) {
    CAPTURE(good);
    CHECK(valid_account_code(good));
  }
  for (const std::string& bad :
       {std::string(), std::string("/"), std::string("/1002"), std::string("1002/"),
        std::string("1002//a"), std::string("a/b/c/d/e/f/g/h/i"), longest + "x",
        std::string("1002/a b"), std::string(" 1002"), std::string("1002:a"), std::string("1;2"),
        std::string("1002/小区　1"), std::string("10\n02"), std::string("10\x7f"),
        std::string("10\0"
                    "2",
                    4),
        std::string("\xff\xfe"), std::string("1002/\xe5\xb0")}) {
    CAPTURE(bad);
    CHECK_FALSE(valid_account_code(bad));
  }
}

TEST_CASE("account: opening gives dense ids, the type's side and the book's currency") {
  Scenario s;
  s.run(R"(
    account a 1002 asset      ok
    account b 2101 liability  ok
    account c 4001 equity     ok
    account d 6001 income     ok
    account e 6601 expense    ok
    account f 1602 asset normal=credit currency=USD  ok
    account g 1002 liability  account_exists
    account h 10/  asset      code_invalid
    account i 1003 asset line=5                    value_invalid
    account i 1003 asset limit=credit_line line=-1 value_invalid
    account i 1003 asset limit=not_below_zero line=1  value_invalid
    account i 1003 asset limit=credit_line line=1000000000000001  value_invalid
    account i 1003 asset closed                    value_invalid
    account i 1003 asset limit=credit_line line=1000000000000000  ok
  )");
  const Side sides[] = {Side::kDebit,  Side::kCredit, Side::kCredit,
                        Side::kCredit, Side::kDebit,  Side::kCredit};
  for (std::uint32_t i = 0; i < 6; ++i) {
    const Account* account = s.state().account(AccountId{i + 1});
    REQUIRE(account);
    CHECK(account->normal == sides[i]);
    CHECK(account->version == 1);
    CHECK(account->currency == (i == 5 ? Currency::kUSD : Currency::kCNY));
  }
  CHECK(s.state().account("1003")->id == AccountId{7});
  CHECK(s.state().book().account_count == 7);
  CHECK(s.state().account("10") == nullptr);
  CHECK(s.state().account(AccountId{8}) == nullptr);
  CHECK(s.state().account(AccountId{0}) == nullptr);
}

TEST_CASE("account: a name is bounded and clean; an id is needed") {
  OpenAccountRequest request;
  request.code = "1002";
  CHECK(check_open_account(request).error().code == RefusalCode::kIdMissing);
  request.key = Scenario::key(1);
  request.name = std::string(512, 'x');
  CHECK(check_open_account(request));
  request.name += 'x';
  CHECK(check_open_account(request).error().code == RefusalCode::kTextTooLong);
  request.name = "工行\n";
  CHECK(check_open_account(request).error().code == RefusalCode::kTextInvalid);
  SetTermsRequest terms;
  terms.code = "1002";
  CHECK(check_set_terms(terms).error().code == RefusalCode::kIdMissing);
  terms.key = Scenario::key(1);
  CHECK(check_set_terms(terms));
  terms.code = "\xff";
  CHECK(check_set_terms(terms).error().code == RefusalCode::kCodeInvalid);
}

TEST_CASE("account: terms change by version, and closing needs an empty account") {
  Scenario s;
  s.run(R"(
    account bank  1002   asset      ok
    account owner 2101/a liability  ok
    terms ?9 frozen=in              account_not_found
    terms owner frozen=in version=2 version_conflict
    terms owner frozen=in version=1 ok
    terms owner version=1           version_conflict
    terms owner version=2           ok
    terms owner limit=credit_line line=-5  value_invalid
    voucher 1 bank>owner:10         ok
    terms owner closed              account_not_empty
    terms bank closed               account_not_empty
    # The version is asked before the balance.
    terms owner closed version=1    version_conflict
    voucher 2 owner>bank:10 hold    ok
    terms owner closed              account_not_empty
    post 3 2                        ok
    voucher 4 owner>bank:5 hold     ok
    terms owner closed              account_not_empty
    void 5 4                        ok
    terms owner closed version=3    ok
    voucher 6 bank>owner:1          credit_account_closed
    voucher 7 owner>bank:1          debit_account_closed
    # Closing again, or opening again, is a change of terms.
    terms owner closed              ok
    terms owner                     ok
    voucher 8 bank>owner:1          ok
  )");
  CHECK(s.state().account("2101/a")->version == 6);
}

TEST_CASE("account: the day moves forward only, and a period closes behind it") {
  Scenario s("2026-03-04");
  s.run(R"(
    cut 2026-03-04    day_cut_not_forward
    cut 2026-03-03    day_cut_not_forward
    close 2026-03-04  date_ahead
    close 2026-03-05  date_ahead
    close 2026-03-03  period_closed
    cut 2026-03-05    ok
    close 2026-03-05  date_ahead
    close 2026-03-04  ok
    close 2026-03-04  period_closed
    cut 2026-03-31    ok
    cut 2026-04-01    ok
    close 2026-03-31  ok
    close 2026-03-15  period_closed
  )");
  CHECK(s.state().book().accounting_date == test::day("2026-04-01"));
  CHECK(s.state().book().closed_through == test::day("2026-03-31"));
}
