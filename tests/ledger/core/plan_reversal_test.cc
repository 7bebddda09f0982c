// Reversals (红冲): red on the original sides, capped leg by leg, dated in the open day.
#include "ledger/core/plan_reversal.h"
#include "ledger/core/reversal_totals.h"

#include <catch2/catch.hpp>

#include "tests/support/scenario.h"

using namespace suanpan;
using test::Scenario;

namespace {

constexpr const char* kAccounts = R"(
  account bank   1002    asset                             ok
  account owner  2101/a  liability  limit=not_below_zero   ok
  account other  2101/b  liability                         ok
  voucher 1 bank>owner:100  ok
)";

}  // namespace

TEST_CASE("reversal: in full, red on the original sides, once") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    reverse 2 1   ok
    balance bank  red=-100,0
    balance owner red=0,-100
    reverse 3 1   reversal_exceeds_original
    reverse 4 1 amounts=1   reversal_exceeds_original
  )");
  CHECK(s.stored(2).effects.ref == Scenario::key(1));
}

TEST_CASE("reversal: in parts, together never more than the original") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    reverse 2 1 amounts=101   reversal_exceeds_original
    reverse 3 1 amounts=40    ok
    reverse 4 1 amounts=61    reversal_exceeds_original
    reverse 5 1 amounts=59    ok
    reverse 6 1               ok
    reverse 7 1               reversal_exceeds_original
    balance bank  red=-100,0
    balance owner red=0,-100
  )");
}

TEST_CASE("reversal: leg by leg; a zero leaves a leg as it is") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    voucher 2 bank>owner:10,bank>other:20,other>owner:5  ok
    reverse 3 2 amounts=0,0,0     amount_not_positive
    reverse 3 2 amounts=10        reversal_exceeds_original
    reverse 4 2 amounts=1,1       reversal_exceeds_original
    reverse 5 2 amounts=10,0,0    ok
    reverse 6 2 amounts=1,1,1     reversal_exceeds_original
    reverse 7 2 amounts=0,15,5    ok
    reverse 8 2                   ok
    reverse 9 2                   reversal_exceeds_original
    balance bank  debits=100 red=-30,0
    balance owner credits=100 red=0,-15
    balance other red=-5,-20
  )");
}

TEST_CASE("reversal: what cannot be reversed") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    voucher 2 owner>bank:500       below_limit
    voucher 3 owner>bank:50 hold   ok
    post    4 3 amounts=20         ok
    reverse 5 1 amounts=10         ok
    void    6 3                    ok
    reverse 10 99                  voucher_not_found
    # Refused, reserving, itself a reversal, giving back.
    reverse 11 2                   voucher_not_reversible
    reverse 12 3                   voucher_not_reversible
    reverse 13 5                   voucher_not_reversible
    reverse 14 6                   voucher_not_reversible
    # What a hold posted is a voucher like any other.
    reverse 15 4                   ok
    balance owner credits=90 red=-20,-10
    # Malformed.
    reverse 16 1 amounts=-1        amount_not_positive
    reverse 16 1 amounts=1000000000000001  amount_too_large
  )");
  ReversalRequest request;
  CHECK(check_reversal(request).error().code == RefusalCode::kIdMissing);
  request.key = Scenario::key(20);
  CHECK(check_reversal(request));
  request.text = std::make_shared<VoucherText>(VoucherText{"a\tb", "", "", "", ""});
  CHECK(check_reversal(request).error().code == RefusalCode::kTextInvalid);
  request.text = std::make_shared<VoucherText>(VoucherText{std::string(513, 'x'), "", "", "", ""});
  CHECK(check_reversal(request).error().code == RefusalCode::kTextTooLong);
  request.text = nullptr;
  request.amounts.assign(257, 1);
  CHECK(check_reversal(request).error().code == RefusalCode::kLegsTooMany);
}

TEST_CASE("reversal: taking money back counts against the limit and available money") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    voucher 2 owner>bank:30        ok
    voucher 3 owner>bank:30 hold   ok
    reverse 4 1 amounts=41         below_limit
    reverse 5 1 amounts=40         ok
    reverse 6 1 amounts=1          below_limit
    # Reversing a payment brings money in, on the side where it went out.
    reverse 7 2                    ok
    balance owner credits=60 pending=30,0 red=-30,-40
    reverse 8 1 amounts=30         ok
  )");
}

TEST_CASE("reversal: the freeze that counts is that of the way back, named by the leg's side") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    # Taking back from owner is a payment of owner's.
    terms owner frozen=in   ok
    reverse 2 1 amounts=10  ok
    terms owner frozen=out  ok
    reverse 3 1 amounts=10  credit_account_frozen
    terms owner             ok
    # Money going back out of the bank.
    terms bank frozen=in    ok
    reverse 4 1 amounts=10  ok
    terms bank frozen=out   ok
    reverse 5 1 amounts=10  debit_account_frozen
    # An account is asked before an amount.
    reverse 6 1 amounts=999 debit_account_frozen
    terms bank              ok
    voucher 7 bank>other:5  ok
    voucher 8 other>bank:5  ok
    terms other closed      ok
    reverse 9 7             credit_account_closed
    reverse 10 8            debit_account_closed
  )");
}

TEST_CASE("reversal: a closed day's voucher is reversed in the open day") {
  Scenario s("2026-03-04");
  s.run(kAccounts);
  s.run(R"(
    cut 2026-03-06    ok
    close 2026-03-04  ok
    reverse 2 1 date=2026-03-04 amounts=1  period_closed
    reverse 3 1 date=2026-03-07 amounts=1  date_ahead
    reverse 4 1 date=2026-03-05 amounts=1  date_behind
    reverse 5 1 date=2026-03-05 amounts=1 adjust  same_person
    reverse 6 1 date=2026-03-05 amounts=1 adjust maker=张三 checker=李四  ok
    # The date comes before the question what is reversed.
    reverse 7 99 date=2026-03-07  date_ahead
    reverse 8 1 amounts=1     ok
  )");
  CHECK(s.stored(6).effects.date == test::day("2026-03-05"));
  CHECK(s.stored(8).effects.date == test::day("2026-03-06"));
  CHECK(s.stored(1).effects.date == test::day("2026-03-04"));
}

TEST_CASE("reversal: the codec of totals takes exactly one list") {
  const std::string bytes = encode_reversal_totals({5, 0});
  CHECK(bytes == std::string("\x02\x00\x05\x00\x00\x00\x00\x00\x00\x00\0\0\0\0\0\0\0\0", 18));
  CHECK(decode_reversal_totals(bytes) == std::vector<std::int64_t>{5, 0});
  for (std::size_t n = 0; n < bytes.size(); ++n)
    CHECK_FALSE(decode_reversal_totals(bytes.substr(0, n)));
  CHECK_FALSE(decode_reversal_totals(bytes + '\0'));
}

TEST_CASE("reversal: what moved nothing has nothing to reverse") {
  Scenario s;
  StoredCommand stored;
  stored.kind = CommandKind::kVoucher;
  ReversalRequest request;
  request.key = Scenario::key(900);
  request.original = Scenario::key(901);
  const auto planned = plan_reversal(s.state(), request, &stored, s.moment());
  REQUIRE_FALSE(planned);
  CHECK(planned.error().code == RefusalCode::kVoucherNotReversible);
}

TEST_CASE("reversal: what moved with a document is taken back by what changes the document") {
  Scenario s;
  s.run(kAccounts);
  StoredCommand stored = s.stored(1);
  ReversalRequest request;
  request.key = Scenario::key(900);
  request.original = stored.key;
  const auto told = [&](CommandKind kind) {
    stored.kind = kind;
    const auto planned = plan_reversal(s.state(), request, &stored, s.moment());
    return planned ? RefusalCode::kNone : planned.error().code;
  };
  CHECK(told(CommandKind::kVoucher) == RefusalCode::kNone);
  CHECK(told(CommandKind::kPostHold) == RefusalCode::kNone);
  for (const CommandKind kind :
       {CommandKind::kPlaceOrder, CommandKind::kOrderEvent, CommandKind::kRefund,
        CommandKind::kRefundEvent, CommandKind::kPayout, CommandKind::kPayoutEvent,
        CommandKind::kDeposit, CommandKind::kSettlement, CommandKind::kCase,
        CommandKind::kYearClose}) {
    INFO(name_of(kind));
    CHECK(told(kind) == RefusalCode::kVoucherNotReversible);
  }
}
