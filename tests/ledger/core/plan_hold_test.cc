// Holds: posting in full and in parts, giving back, expiry, several legs, limits.
#include "ledger/core/plan_hold.h"

#include <catch2/catch.hpp>

#include "ledger/core/hold.h"
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

TEST_CASE("hold: posted in full once") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    voucher 2 owner>bank:70 hold  ok
    balance owner credits=100 pending=70,0
    post 3 2                      ok
    balance owner debits=70 credits=100
    balance bank  debits=100 credits=70
    post 4 2                      hold_already_posted
    post 5 2 amounts=1            hold_already_posted
    void 6 2                      hold_already_posted
    expire 2                      hold_already_posted
    balance owner debits=70 credits=100
  )");
}

TEST_CASE("hold: posted in parts up to its amount, and the rest given back") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    voucher 2 owner>bank:70 hold  ok
    post 3 2 amounts=20           ok
    balance owner debits=20 credits=100 pending=50,0
    post 4 2 amounts=51           hold_amount_exceeded
    post 5 2 amounts=20           ok
    post 6 2 amounts=31           hold_amount_exceeded
    void 7 2                      ok
    balance owner debits=40 credits=100
    balance bank  debits=100 credits=40
    void 8 2                      hold_already_voided
    post 9 2                      hold_already_voided
    expire 2                      hold_already_voided
  )");
}

TEST_CASE("hold: the last part ends it, as does an empty list after parts") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    voucher 2 owner>bank:70 hold  ok
    post 3 2 amounts=69           ok
    post 4 2 amounts=1            ok
    post 5 2 amounts=1            hold_already_posted
    voucher 6 owner>bank:30 hold  ok
    post 7 6 amounts=10           ok
    post 8 6                      ok
    balance owner debits=100 credits=100
  )");
}

TEST_CASE("hold: what is malformed, and what is not a hold") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    voucher 2 owner>bank:70 hold  ok
    post 3 2 amounts=0            amount_not_positive
    post 3 2 amounts=-1           amount_not_positive
    post 3 2 amounts=1000000000000001  amount_too_large
    post 3 2 amounts=1,1          hold_amount_exceeded
    post 4 99                     hold_not_found
    # A posted voucher is no hold.
    post 5 1                      hold_not_found
    void 6 99                     hold_not_found
    expire 99                     hold_not_found
    # Without a time it never expires.
    clock 4000000000
    expire 2                      hold_not_found
    post 7 2                      ok
  )");
  PostHoldRequest request;
  request.hold = Scenario::key(2);
  CHECK(check_post_hold(request).error().code == RefusalCode::kIdMissing);
  request.key = Scenario::key(8);
  CHECK(check_post_hold(request));
  request.text = std::make_shared<VoucherText>(VoucherText{"\xff", "", "", "", ""});
  CHECK(check_post_hold(request).error().code == RefusalCode::kTextInvalid);
  request.text = std::make_shared<VoucherText>(VoucherText{"", std::string(65, 'x'), "", "", ""});
  CHECK(check_post_hold(request).error().code == RefusalCode::kTextTooLong);
  request.text = nullptr;
  request.amounts.assign(257, 1);
  CHECK(check_post_hold(request).error().code == RefusalCode::kLegsTooMany);
}

TEST_CASE("hold: expires at its time, not before, and takes nothing from then on") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    voucher 2 owner>bank:70 hold expires=60  ok
    clock 59
    expire 2                      hold_not_found
    post 3 2 amounts=10           ok
    clock 60
    # Its time has come although the expiry itself is not journalled yet.
    post 4 2                      hold_expired
    void 5 2                      hold_expired
    balance owner debits=10 credits=100 pending=60,0
    expire 2                      ok
    balance owner debits=10 credits=100
    post 6 2                      hold_expired
    void 7 2                      hold_expired
    expire 2                      hold_expired
    voucher 8 owner>bank:90       ok
  )");
  const auto document = s.state().document(DocumentKind::kHold, Scenario::key(2).bytes());
  REQUIRE(document);
  CHECK_FALSE(document->open);
  CHECK(document->version == 3);
  CHECK(decode_hold(document->bytes)->state == HoldState::kExpired);
}

TEST_CASE("hold: several legs are posted leg by leg; a zero leaves a leg as it is") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    voucher 2 owner>bank:30,owner>other:20,bank>other:5 hold  ok
    balance owner credits=100 pending=50,0
    balance bank  debits=100 pending=5,30
    balance other pending=0,25
    post 3 2 amounts=0,0,0        amount_not_positive
    post 3 2 amounts=10,0,0       ok
    post 4 2 amounts=0,20,5       ok
    post 5 2 amounts=0,1,0        hold_amount_exceeded
    post 6 2 amounts=21,0,0       hold_amount_exceeded
    balance owner debits=30 credits=100 pending=20,0
    balance other credits=25
    # The wrong number of legs.
    post 7 2 amounts=1            hold_amount_exceeded
    post 8 2 amounts=1,0,0,0      hold_amount_exceeded
    # What is left is one leg.
    post 9 2                      ok
    balance owner debits=50 credits=100
    balance bank  debits=105 credits=30
  )");
}

TEST_CASE("hold: giving back takes every leg that has something left") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    voucher 2 owner>bank:30,owner>other:20 hold  ok
    post 3 2 amounts=30,5         ok
    void 4 2                      ok
    balance owner debits=35 credits=100
    balance other credits=5
    balance bank  debits=100 credits=30
  )");
}

TEST_CASE("hold: a freeze or a closed account stops posting, and never giving back") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    voucher 2 owner>bank:30 hold           ok
    voucher 3 owner>other:30 hold expires=60  ok
    voucher 4 owner>other:10 hold          ok
    terms owner limit=not_below_zero frozen=out     ok
    post 5 2                               debit_account_frozen
    # An account is asked before an amount.
    post 6 2 amounts=31                    debit_account_frozen
    void 7 2                               ok
    terms owner limit=not_below_zero       ok
    terms other frozen=in                  ok
    post 8 4                               credit_account_frozen
    clock 60
    expire 3                               ok
    # An account with a hold cannot be closed.
    terms other closed                     account_not_empty
    void 9 4                               ok
    terms other closed                     ok
    balance owner credits=100
  )");
}

TEST_CASE("hold: posting what was reserved never breaks a limit, whatever was spent since") {
  Scenario s;
  s.run(kAccounts);
  s.run(R"(
    voucher 2 owner>bank:70 hold  ok
    voucher 3 owner>bank:30       ok
    terms owner limit=not_below_zero ok
    post 4 2                      ok
    balance owner debits=100 credits=100
    # A limit tightened below what is reserved does not hinder posting: nothing more is drawn.
    voucher 5 other>bank:50 hold  ok
    terms other limit=not_below_zero ok
    post 6 5 amounts=20           ok
    void 7 5                      ok
    balance other debits=20
  )");
}

TEST_CASE("hold: the codec takes exactly one hold") {
  Hold hold;
  hold.state = HoldState::kOpen;
  hold.expires_at = Timestamp{0x0102030405060708};
  hold.legs.push_back(HoldLeg{AccountId{1}, AccountId{0x01020304}, 5, 3});
  const std::string bytes = encode(hold);
  CHECK(bytes == std::string("\x01\x01\x00\x08\x07\x06\x05\x04\x03\x02\x01"
                             "\x01\x00\x00\x00\x04\x03\x02\x01"
                             "\x05\x00\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00",
                             35));
  CHECK(decode_hold(bytes) == hold);
  for (std::size_t n = 0; n < bytes.size(); ++n) CHECK_FALSE(decode_hold(bytes.substr(0, n)));
  CHECK_FALSE(decode_hold(bytes + '\0'));
  for (const char state : {'\0', '\5', '\xff'}) {
    std::string other = bytes;
    other[0] = state;
    CHECK_FALSE(decode_hold(other));
  }
}
