// Vouchers: every refusal that one can have, who comes first, limits, freezes, dates, overflow.
#include "ledger/core/plan_voucher.h"

#include <catch2/catch.hpp>
#include <limits>

#include "ledger/base/limits.h"
#include "tests/support/scenario.h"

using namespace suanpan;
using test::Scenario;

namespace {

constexpr const char* kAccounts = R"(
  account bank   1002         asset                                    ok
  account cash   1001         asset      limit=not_below_zero          ok
  account owner  2101/a       liability  limit=not_below_zero          ok
  account other  2101/b       liability  limit=not_below_zero          ok
  account line   2101/c       liability  limit=credit_line line=50     ok
  account store  1405         asset      limit=credit_line line=50     ok
  account usd    1002/usd     asset      currency=USD                  ok
)";

}  // namespace

TEST_CASE("voucher: each malformed shape is refused and leaves nothing") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    voucher 0  bank>owner:1                             id_missing
    voucher 1  none                                     legs_missing
    voucher 1  ->owner:1                                account_missing
    voucher 1  bank>-:1                                 account_missing
    voucher 1  bank>bank:1                              accounts_same
    voucher 1  bank>owner:0                             amount_not_positive
    voucher 1  bank>owner:-1                            amount_not_positive
    voucher 1  bank>owner:-9223372036854775808          amount_not_positive
    voucher 1  bank>owner:1000000000000001              amount_too_large
    voucher 1  bank>owner:9223372036854775807           amount_too_large
    voucher 1  bank>owner:1,bank>owner:0                amount_not_positive
    voucher 1  bank>owner:1 expires=60                  value_invalid
    voucher 1  bank>owner:1 hold expires=-9000000000    value_invalid
    voucher 1  bank>owner:1 hold adjust                 value_invalid
    balance bank
    # The id is still free, and the largest amount is allowed.
    voucher 1  bank>owner:1000000000000000              ok
    balance bank  debits=1000000000000000
  )");
}

TEST_CASE("voucher: 256 legs are allowed, 257 are not") {
  Scenario s;
  s.run(kAccounts);
  VoucherRequest request;
  request.key = Scenario::key(1);
  for (std::size_t i = 0; i < kMaxVoucherLegs; ++i)
    request.legs.push_back(Leg{s.id("bank"), s.id("owner"), 1});
  CHECK(check_voucher(request));
  CHECK(s.take(request.key, CommandKind::kVoucher, plan_voucher(s.state(), request, s.moment()),
               &request) == "ok");
  request.legs.push_back(Leg{s.id("bank"), s.id("owner"), 1});
  REQUIRE_FALSE(check_voucher(request));
  CHECK(check_voucher(request).error().code == RefusalCode::kLegsTooMany);
}

TEST_CASE("voucher: texts are bounded, UTF-8, and without control characters; the field is named") {
  const std::string bad_utf8 = "\xc3\x28";
  struct Row {
    VoucherText text;
    RefusalCode code;
    const char* field;
  };
  const Row rows[] = {
      {{std::string(512, 'x'), "", "", "", ""}, RefusalCode::kNone, ""},
      {{std::string(513, 'x'), "", "", "", ""}, RefusalCode::kTextTooLong, "summary"},
      {{"", std::string(64, 'x'), "", "", ""}, RefusalCode::kNone, ""},
      {{"", std::string(65, 'x'), "", "", ""}, RefusalCode::kTextTooLong, "business_key"},
      {{"", "", std::string(4096, 'x'), "", ""}, RefusalCode::kNone, ""},
      {{"", "", std::string(4097, 'x'), "", ""}, RefusalCode::kTextTooLong, "metadata"},
      {{"", "", "", std::string(65, 'x'), ""}, RefusalCode::kTextTooLong, "maker"},
      {{"", "", "", "", std::string(65, 'x')}, RefusalCode::kTextTooLong, "checker"},
      {{"收三月物业费 €", "", "", "", ""}, RefusalCode::kNone, ""},
      {{bad_utf8, "", "", "", ""}, RefusalCode::kTextInvalid, "summary"},
      {{"a\nb", "", "", "", ""}, RefusalCode::kTextInvalid, "summary"},
      {{"", std::string("a\0b", 3), "", "", ""}, RefusalCode::kTextInvalid, "business_key"},
      {{"", "", "{\"a\":\x7f}", "", ""}, RefusalCode::kTextInvalid, "metadata"},
      {{"", "", "", "\xed\xa0\x80", ""}, RefusalCode::kTextInvalid, "maker"},
      {{"", "", "", "", "\xf4\x90\x80\x80"}, RefusalCode::kTextInvalid, "checker"},
      {{"\xc0\x80", "", "", "", ""}, RefusalCode::kTextInvalid, "summary"},
      {{"\xe5\xa4", "", "", "", ""}, RefusalCode::kTextInvalid, "summary"},
  };
  for (const Row& row : rows) {
    VoucherRequest request;
    request.key = Scenario::key(1);
    request.legs.push_back(Leg{AccountId{1}, AccountId{2}, 1});
    request.text = std::make_shared<VoucherText>(row.text);
    const auto checked = check_voucher(request);
    CHECK((checked ? RefusalCode::kNone : checked.error().code) == row.code);
    if (!checked) CHECK(checked.error().detail == row.field);
  }
}

TEST_CASE("voucher: each account and money refusal") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    account iced   2101/in    liability frozen=in     ok
    account stuck  2101/out   liability frozen=out    ok
    account gone   2101/gone  liability               ok
    terms   gone   closed                             ok
    voucher 1  ?99>owner:1        debit_account_not_found
    voucher 2  bank>?99:1         credit_account_not_found
    voucher 3  bank>usd:1         currency_mismatch
    voucher 4  gone>bank:1        debit_account_closed
    voucher 5  bank>gone:1        credit_account_closed
    voucher 6  bank>iced:1        credit_account_frozen
    voucher 7  stuck>bank:1       debit_account_frozen
    voucher 8  owner>bank:1       below_limit
    # All of them also when they would only reserve.
    voucher 11 ?99>owner:1  hold  debit_account_not_found
    voucher 12 bank>?99:1   hold  credit_account_not_found
    voucher 13 bank>usd:1   hold  currency_mismatch
    voucher 14 gone>bank:1  hold  debit_account_closed
    voucher 15 bank>gone:1  hold  credit_account_closed
    voucher 16 bank>iced:1  hold  credit_account_frozen
    voucher 17 stuck>bank:1 hold  debit_account_frozen
    voucher 18 owner>bank:1 hold  below_limit
    voucher 19 bank>owner:1 hold expires=0  hold_expired
    voucher 20 bank>owner:1 hold expires=1  ok
    balance bank  pending=1,0
    balance owner pending=0,1
  )");
}

TEST_CASE("voucher: where several refusals apply, the first on the ladder is given") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    account gone   2101/gone  liability               ok
    account gone2  2101/gone2 liability               ok
    terms   gone   closed                             ok
    terms   gone2  closed                             ok
    account ice    2101/in    liability frozen=both   ok
    account ice2   2101/in2   liability frozen=both   ok
    account gusd   1002/g     asset currency=USD      ok
    terms   gusd   closed                             ok
    cut 2026-03-10  ok
    close 2026-03-05 ok
    # Malformed before everything.
    voucher 0  none                                    id_missing
    voucher 1  ->-:0                                   account_missing
    voucher 1  bank>bank:0                             accounts_same
    voucher 1  bank>owner:-1 hold adjust               amount_not_positive
    voucher 1  ?99>?98:0 date=2026-01-01               amount_not_positive
    # Dates before accounts.
    voucher 1  ?99>?98:1 date=2026-03-05               period_closed
    voucher 2  ?99>?98:1 date=2026-03-11               date_ahead
    voucher 3  ?99>?98:1 date=2026-03-09               date_behind
    voucher 4  ?99>?98:1 date=2026-03-09 adjust        same_person
    # A closed day is closed to an adjustment by two people as well.
    voucher 5  bank>owner:1 date=2026-03-05 adjust maker=张三 checker=李四  period_closed
    # Accounts: found, of one currency, open, not frozen; debit first in each.
    voucher 6  ?99>?98:1                               debit_account_not_found
    voucher 7  gone>?98:1                              credit_account_not_found
    voucher 8  gone>gusd:1                             currency_mismatch
    voucher 9  gone>gone2:1                            debit_account_closed
    voucher 10 ice>gone:1                              credit_account_closed
    voucher 11 gone>ice:1                              debit_account_closed
    voucher 12 ice>ice2:1                              debit_account_frozen
    voucher 13 owner>ice:1                             credit_account_frozen
    # Accounts before a hold's time, its time before money.
    voucher 14 ?99>owner:1 hold expires=0              debit_account_not_found
    voucher 15 ice>owner:1 hold expires=0              debit_account_frozen
    voucher 16 owner>bank:1 hold expires=0             hold_expired
    # Leg by leg.
    voucher 17 bank>ice:1,?99>bank:1                   credit_account_frozen
    # Accounts of any leg before money of the first one.
    voucher 18 owner>bank:1,?99>bank:1                 debit_account_not_found
  )");
}

TEST_CASE("voucher: limits bind each normal side, and count in both directions") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    # No limit: either sign.
    voucher 1  owner>bank:1     below_limit
    voucher 2  bank>owner:100   ok
    voucher 3  other>bank:1     below_limit
    # Not below zero, credit-normal: debits draw.
    voucher 4  owner>bank:101   below_limit
    voucher 5  owner>bank:100   ok
    voucher 6  owner>bank:1     below_limit
    # Not below zero, debit-normal: credits draw.
    voucher 7  bank>cash:1      below_limit
    voucher 8  cash>bank:10     ok
    voucher 9  bank>cash:11     below_limit
    voucher 10 bank>cash:10     ok
    # A credit line of 50, credit-normal.
    voucher 11 line>bank:51     below_limit
    voucher 12 line>bank:50     ok
    voucher 13 line>bank:1      below_limit
    voucher 14 bank>line:1      ok
    voucher 15 line>bank:1      ok
    # A credit line of 50, debit-normal.
    voucher 16 bank>store:51    below_limit
    voucher 17 bank>store:50    ok
    voucher 18 bank>store:1     below_limit
    voucher 19 store>bank:51    ok
    voucher 20 bank>store:51    ok
    balance line  debits=51 credits=1
    balance store debits=51 credits=101
    balance owner debits=100 credits=100
  )");
}

TEST_CASE("voucher: an account whose limit was tightened may recover, not fall further") {
  Scenario s;
  s.run(R"(
    account bank   1002    asset      ok
    account owner  2101/a  liability  ok
    voucher 1 owner>bank:100  ok
    terms owner limit=not_below_zero  ok
    voucher 2 owner>bank:1    below_limit
    voucher 3 bank>owner:40   ok
    voucher 4 owner>bank:1    below_limit
    # A voucher that leaves it as it was draws nothing.
    voucher 5 owner>bank:5,bank>owner:5  ok
    voucher 6 bank>owner:60   ok
    voucher 7 bank>owner:5    ok
    voucher 8 owner>bank:5    ok
    voucher 9 owner>bank:1    below_limit
    balance owner debits=110 credits=110
  )");
}

TEST_CASE("voucher: holds reserve against the limit and never raise what is available") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    voucher 1 bank>owner:100         ok
    voucher 2 owner>bank:60  hold    ok
    voucher 3 owner>bank:41          below_limit
    voucher 4 owner>bank:41  hold    below_limit
    voucher 5 owner>bank:40  hold    ok
    voucher 6 owner>bank:1           below_limit
    # Money that is only promised cannot be spent.
    voucher 7 bank>other:100 hold    ok
    voucher 8 other>bank:1           below_limit
    # Debit-normal: pending credits reserve.
    voucher 9  cash>bank:10          ok
    voucher 10 bank>cash:10 hold     ok
    voucher 11 bank>cash:1           below_limit
    balance owner credits=100 pending=100,0
    balance cash  debits=10   pending=0,10
    balance other pending=0,100
    balance bank  debits=100 credits=10 pending=110,100
  )");
}

TEST_CASE("voucher: the legs of one voucher compensate each other, whatever their order") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    # Out before in: only the sum counts.
    voucher 1 owner>other:70,bank>owner:70   ok
    balance owner debits=70 credits=70
    balance other credits=70
    # The sum is one short.
    voucher 2 owner>bank:70,bank>owner:69    below_limit
    # Through three accounts and back.
    voucher 3 owner>cash:5,cash>other:5,other>owner:5  ok
    balance cash debits=5 credits=5
    # One leg too much spoils all of them.
    voucher 4 bank>owner:10,bank>other:10,cash>store:51  below_limit
    balance bank  debits=70
    balance owner debits=75 credits=75
    balance other debits=5 credits=75
  )");
  CHECK(s.last_refusal().detail == "1405");
}

TEST_CASE("voucher: a freeze stops one direction of an account, on either normal side") {
  Scenario s;
  s.run(R"(
    account free   1002    asset      ok
    account c      2101/c  liability  ok
    account d      1001/d  asset      ok
    voucher 1 free>c:100   ok
    voucher 2 d>free:100   ok
    # Nothing may come in: credits of c, debits of d.
    terms c frozen=in ok
    terms d frozen=in ok
    voucher 3 free>c:1     credit_account_frozen
    voucher 4 c>free:1     ok
    voucher 5 d>free:1     debit_account_frozen
    voucher 6 free>d:1     ok
    # Nothing may go out: debits of c, credits of d.
    terms c frozen=out ok
    terms d frozen=out ok
    voucher 7 free>c:1     ok
    voucher 8 c>free:1     debit_account_frozen
    voucher 9 d>free:1     ok
    voucher 10 free>d:1    credit_account_frozen
    # Nothing at all.
    terms c frozen=both ok
    voucher 11 free>c:1    credit_account_frozen
    voucher 12 c>free:1    debit_account_frozen
    # A freeze lifted is gone.
    terms c ok
    voucher 13 free>c:1    ok
    balance c debits=1 credits=102
    balance d debits=101 credits=1
  )");
}

TEST_CASE("voucher: a contra account grows on the side it names") {
  Scenario s;
  s.run(R"(
    account bank   1002   asset                                       ok
    # 累计折旧: an asset that is credit-normal.
    account contra 1602   asset normal=credit limit=not_below_zero    ok
    voucher 1 contra>bank:1   below_limit
    voucher 2 bank>contra:10  ok
    voucher 3 contra>bank:10  ok
  )");
}

TEST_CASE("voucher: dates ahead, behind, adjusted by two people, and closed") {
  Scenario s("2026-03-04");
  s.run(R"(
    account bank   1002    asset      ok
    account owner  2101/a  liability  ok
    voucher 1  bank>owner:1                    ok
    voucher 2  bank>owner:1 date=2026-03-04    ok
    voucher 3  bank>owner:1 date=2026-03-05    date_ahead
    voucher 4  bank>owner:1 date=2026-03-03    period_closed
    cut 2026-03-06  ok
    voucher 5  bank>owner:1 date=2026-03-04    date_behind
    voucher 6  bank>owner:1 date=2026-03-05    date_behind
    voucher 7  bank>owner:1 date=2026-03-06    ok
    voucher 8  bank>owner:1 date=2026-03-05 maker=张三 checker=李四          date_behind
    voucher 9  bank>owner:1 date=2026-03-05 adjust                           same_person
    voucher 10 bank>owner:1 date=2026-03-05 adjust maker=张三                same_person
    voucher 11 bank>owner:1 date=2026-03-05 adjust checker=李四              same_person
    voucher 12 bank>owner:1 date=2026-03-05 adjust maker=张三 checker=张三   same_person
    voucher 13 bank>owner:1 date=2026-03-05 adjust maker=张三 checker=李四   ok
    # An adjustment on the open day is business like any other.
    voucher 14 bank>owner:1 date=2026-03-06 adjust                           ok
    close 2026-03-05  ok
    voucher 15 bank>owner:1 date=2026-03-05 adjust maker=张三 checker=李四   period_closed
    voucher 16 bank>owner:1 date=2026-03-06    ok
    balance bank debits=6
  )");
  CHECK(s.stored(1).effects.date == test::day("2026-03-04"));
  CHECK(s.stored(7).effects.date == test::day("2026-03-06"));
  CHECK(s.stored(13).effects.date == test::day("2026-03-05"));
}

TEST_CASE("voucher: sums beyond 63 bits are refused on every total, and nothing changes") {
  constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
  struct Row {
    Balance debit_account, credit_account;
    std::int64_t amount;
    bool hold;
    RefusalCode expected;
  };
  const Row rows[] = {
      {{kMax - 5}, {0, kMax - 5}, 5, false, RefusalCode::kNone},
      {{kMax - 5}, {}, 6, false, RefusalCode::kOverflow},
      {{}, {0, kMax - 5}, 6, false, RefusalCode::kOverflow},
      // Two huge totals whose difference is small still overflow by themselves.
      {{kMax - 5, kMax - 5}, {}, 6, false, RefusalCode::kOverflow},
      // Pending totals.
      {{0, 0, kMax - 5}, {}, 6, true, RefusalCode::kOverflow},
      {{}, {0, 0, 0, kMax - 5}, 6, true, RefusalCode::kOverflow},
      {{0, 0, 100}, {}, 5, true, RefusalCode::kNone},
      // What is available must be a number as well: debits less credits less what is reserved.
      {{}, {0, kMax - 5}, 5, true, RefusalCode::kNone},
      {{}, {0, kMax - 5}, 7, true, RefusalCode::kOverflow},
      {{0, kMax - 5}, {}, 5, false, RefusalCode::kNone},
  };
  for (const Row& row : rows) {
    CAPTURE(row.debit_account.debits_posted, row.credit_account.credits_posted, row.amount);
    State state(BookState{test::day("2026-03-04"), test::day("2026-03-03")});
    Account account;
    account.version = 1;
    account.id = AccountId{1};
    account.code = "1002";
    state.load_account(account, row.debit_account);
    account.id = AccountId{2};
    account.code = "2101";
    account.normal = Side::kCredit;
    state.load_account(account, row.credit_account);
    VoucherRequest request;
    request.key = Scenario::key(1);
    request.legs.push_back(Leg{AccountId{1}, AccountId{2}, row.amount});
    request.hold = row.hold;
    const auto planned = plan_voucher(state, request, Moment{});
    CHECK((planned ? RefusalCode::kNone : planned.error().code) == row.expected);
    CHECK(state.balance(AccountId{1}) == row.debit_account);
    CHECK(state.balance(AccountId{2}) == row.credit_account);
    if (planned) state.apply(planned.value());
  }
}
