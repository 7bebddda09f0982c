// Names and numbers are journalled and on the wire: this list is written by hand and only grows.
#include <catch2/catch.hpp>
#include <set>

#include "ledger/core/change_set.h"
#include "ledger/core/hold.h"
#include "ledger/core/order.h"
#include "ledger/core/refusal.h"
#include "ledger/core/year_close.h"

using namespace suanpan;

TEST_CASE("names: refusals keep their numbers, names and order") {
  const std::pair<std::uint16_t, std::string_view> refusals[] = {
      {0, "none"},
      {1, "id_missing"},
      {2, "legs_missing"},
      {3, "legs_too_many"},
      {4, "account_missing"},
      {5, "accounts_same"},
      {6, "amount_not_positive"},
      {7, "amount_too_large"},
      {8, "text_too_long"},
      {9, "text_invalid"},
      {10, "code_invalid"},
      {11, "value_invalid"},
      {12, "group_malformed"},
      {13, "group_undecided"},
      {20, "id_reused_with_other_content"},
      {30, "not_authorised"},
      {99, "internal"},
      {100, "period_closed"},
      {101, "date_ahead"},
      {102, "date_behind"},
      {103, "day_cut_not_forward"},
      {104, "same_person"},
      {105, "year_closed"},
      {106, "year_closing"},
      {107, "second_person_needed"},
      {120, "expected_account_not_found"},
      {121, "version_not_expected"},
      {122, "balance_not_expected"},
      {130, "group_failed"},
      {200, "debit_account_not_found"},
      {201, "credit_account_not_found"},
      {202, "account_not_found"},
      {203, "account_exists"},
      {204, "currency_mismatch"},
      {205, "version_conflict"},
      {206, "account_not_empty"},
      {207, "parent_missing"},
      {210, "debit_account_closed"},
      {211, "credit_account_closed"},
      {212, "debit_account_frozen"},
      {213, "credit_account_frozen"},
      {220, "subject_not_found"},
      {221, "subject_not_leaf"},
      {222, "subject_is_leaf"},
      {223, "subject_mismatch"},
      {224, "dimensions_missing"},
      {225, "dimensions_exceeded"},
      {226, "subject_exists"},
      {227, "chart_exists"},
      {228, "chart_free"},
      {229, "carry_target_invalid"},

      {300, "hold_not_found"},
      {301, "hold_already_posted"},
      {302, "hold_already_voided"},
      {303, "hold_expired"},
      {304, "hold_amount_exceeded"},
      {310, "voucher_not_found"},
      {311, "voucher_not_reversible"},
      {312, "reversal_exceeds_original"},
      {400, "merchant_not_found"},
      {401, "merchant_disabled"},
      {402, "order_not_found"},
      {403, "order_exists"},
      {404, "order_state_final"},
      {405, "order_state_wrong"},
      {406, "amount_mismatch"},
      {407, "refund_exceeds_paid"},
      {408, "order_expired"},
      {409, "way_not_allowed"},
      {500, "document_not_found"},
      {501, "document_exists"},
      {502, "document_version_conflict"},
      {503, "document_state_final"},
      {504, "numbers_used_up"},
      {510, "personal_data_in_use"},
      {511, "personal_data_erased"},
      {600, "calendar_year_unknown"},
      {603, "batch_state_wrong"},
      {604, "nothing_to_settle"},
      {690, "nothing_to_sweep"},
      {700, "below_limit"},
      {701, "overflow"},
  };
  std::set<std::uint16_t> known;
  std::set<std::string_view> chinese;
  for (const auto& [number, name] : refusals) {
    CAPTURE(number, name);
    const auto code = refusal_of(number);
    REQUIRE(code);
    CHECK(static_cast<std::uint16_t>(*code) == number);
    CHECK(name_of(*code) == name);
    CHECK(chinese_of(*code) != "?");
    CHECK(chinese.insert(chinese_of(*code)).second);
    CHECK(leaves_nothing(*code) == (number > 0 && number < 100));
    known.insert(number);
  }
  for (unsigned number = 0; number < 65536; ++number) {
    const auto n = static_cast<std::uint16_t>(number);
    if (refusal_of(n).has_value() != (known.count(n) == 1)) FAIL("refusal " << number);
  }
}

TEST_CASE("names: command kinds keep their numbers") {
  const std::pair<std::uint8_t, std::string_view> kinds[] = {
      {1, "voucher"},       {2, "post_hold"},    {3, "void_hold"},     {4, "expire_hold"},
      {5, "reversal"},      {6, "open_account"}, {7, "set_terms"},     {8, "day_cut"},
      {9, "period_close"},  {10, "open_book"},   {11, "chart"},        {12, "year_close"},
      {20, "merchant"},     {21, "place_order"}, {22, "order_event"},  {23, "refund"},
      {24, "refund_event"}, {25, "payout"},      {26, "payout_event"}, {27, "notification"},
      {28, "deposit"},      {40, "settlement"},  {41, "reconcile"},    {42, "case"},
      {43, "statement"},    {44, "setting"},     {45, "erasure"},
  };
  std::set<unsigned> known;
  for (const auto& [number, name] : kinds) {
    CHECK(name_of(static_cast<CommandKind>(number)) == name);
    known.insert(number);
  }
  for (unsigned n = 0; n < 256; ++n)
    CHECK((name_of(static_cast<CommandKind>(n)) != "?") == (known.count(n) == 1));
}

TEST_CASE("names: account types, sides, limits and voucher types go there and back") {
  const std::pair<std::uint8_t, std::string_view> types[] = {
      {1, "asset"}, {2, "liability"}, {3, "equity"}, {4, "income"}, {5, "expense"}};
  for (const auto& [number, name] : types) {
    CHECK(name_of(static_cast<AccountType>(number)) == name);
    CHECK(account_type_of(name) == static_cast<AccountType>(number));
  }
  const std::pair<std::uint8_t, std::string_view> limits[] = {
      {0, "none"}, {1, "not_below_zero"}, {2, "credit_line"}};
  for (const auto& [number, name] : limits) {
    CHECK(name_of(static_cast<LimitKind>(number)) == name);
    CHECK(limit_kind_of(name) == static_cast<LimitKind>(number));
  }
  const std::pair<std::uint8_t, std::string_view> sides[] = {{0, "debit"}, {1, "credit"}};
  for (const auto& [number, name] : sides) {
    CHECK(name_of(static_cast<Side>(number)) == name);
    CHECK(side_of(name) == static_cast<Side>(number));
  }
  struct Row {
    std::uint8_t number;
    std::string_view name, chinese;
  };
  for (const Row& row : {Row{0, "general", "记"}, Row{1, "receipt", "收"}, Row{2, "payment", "付"},
                         Row{3, "transfer", "转"}}) {
    CHECK(name_of(static_cast<VoucherType>(row.number)) == row.name);
    CHECK(chinese_of(static_cast<VoucherType>(row.number)) == row.chinese);
    CHECK(voucher_type_of(row.name) == static_cast<VoucherType>(row.number));
  }
  for (const std::string_view unknown : {"", "Asset", "assets", "?", "none "}) {
    CHECK_FALSE(account_type_of(unknown));
    CHECK_FALSE(side_of(unknown));
    CHECK_FALSE(limit_kind_of(unknown));
    CHECK_FALSE(voucher_type_of(unknown));
  }
}

TEST_CASE("names: states of orders, refunds, payouts, and the journalled numbers") {
  const std::pair<int, std::string_view> orders[] = {
      {0, "created"}, {1, "paying"}, {2, "paid"}, {3, "failed"}, {5, "refunded"}, {6, "closed"}};
  for (const auto& [number, name] : orders) CHECK(name_of(static_cast<OrderState>(number)) == name);
  CHECK(name_of(static_cast<OrderState>(4)) == "?");
  const std::string_view refunds[] = {"created", "processing", "succeeded", "failed"};
  for (int i = 0; i < 4; ++i) CHECK(name_of(static_cast<RefundState>(i)) == refunds[i]);
  const std::string_view payouts[] = {"created", "processing", "succeeded", "failed", "returned"};
  for (int i = 0; i < 5; ++i) CHECK(name_of(static_cast<PayoutState>(i)) == payouts[i]);

  CHECK(static_cast<int>(TransferKind::kPosted) == 0);
  CHECK(static_cast<int>(TransferKind::kPending) == 1);
  CHECK(static_cast<int>(TransferKind::kPostPending) == 2);
  CHECK(static_cast<int>(TransferKind::kVoidPending) == 3);
  CHECK(static_cast<int>(TransferKind::kRed) == 4);
  CHECK(static_cast<int>(TransferKind::kNone) == 255);
  CHECK(static_cast<int>(Side::kDebit) == 0);
  CHECK(static_cast<int>(Side::kCredit) == 1);
  CHECK(static_cast<int>(HoldState::kOpen) == 1);
  CHECK(static_cast<int>(HoldState::kPosted) == 2);
  CHECK(static_cast<int>(HoldState::kVoided) == 3);
  CHECK(static_cast<int>(HoldState::kExpired) == 4);
  const std::pair<DocumentKind, int> kinds[] = {
      {DocumentKind::kHold, 1},
      {DocumentKind::kReversalTotal, 2},
      {DocumentKind::kOrder, 3},
      {DocumentKind::kRefund, 4},
      {DocumentKind::kPayout, 5},
      {DocumentKind::kIndex, 6},
      {DocumentKind::kMerchant, 7},
      {DocumentKind::kApp, 8},
      {DocumentKind::kApiKey, 9},
      {DocumentKind::kNotification, 10},
      {DocumentKind::kFeeSchedule, 11},
      {DocumentKind::kSettlementLine, 12},
      {DocumentKind::kSettlementBatch, 13},
      {DocumentKind::kStatement, 14},
      {DocumentKind::kReconcileRun, 15},
      {DocumentKind::kBreakCase, 16},
      {DocumentKind::kSubAccount, 17},
      {DocumentKind::kCursor, 18},
      {DocumentKind::kNight, 19},
      {DocumentKind::kBookSetting, 20},
      {DocumentKind::kChannelArrival, 21},
      {DocumentKind::kRefundRequest, 22},
      {DocumentKind::kPayoutRequest, 23},
      {DocumentKind::kAdjustmentRequest, 26},
      {DocumentKind::kAuthorityRequest, 30},
      {DocumentKind::kChart, 31},
      {DocumentKind::kSubject, 32},
      {DocumentKind::kYearClose, 33},
      {DocumentKind::kTermsChange, 34},
      {DocumentKind::kWebhook, 40},
      {DocumentKind::kDeadLetter, 41},
  };
  for (const auto& [kind, number] : kinds) CHECK(static_cast<int>(kind) == number);
}

TEST_CASE("names: a claim key's bytes and hex sort and read back") {
  const ClaimKey key{Id128{0x0102030405060708, 0x090a0b0c0d0e0f10}, CallerId{0xa1b2c3d4}};
  CHECK(key.hex() == "a1b2c3d40102030405060708090a0b0c0d0e0f10");
  CHECK(key.bytes() ==
        std::string("\xa1\xb2\xc3\xd4\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c"
                    "\x0d\x0e\x0f\x10",
                    20));
  CHECK(ClaimKey::from_bytes(key.bytes()) == key);
  CHECK(ClaimKey::from_hex(key.hex()) == key);
  CHECK(ClaimKey::from_hex("A1B2C3D40102030405060708090A0B0C0D0E0F10") == key);
  // Bytes sort as keys do: the id index is sorted by the one and searched by the other.
  const ClaimKey keys[] = {{Id128{0, 9}, CallerId{1}},
                           {Id128{5, 0}, CallerId{1}},
                           {Id128{0, 1}, CallerId{2}},
                           {Id128{0, 1}, CallerId{0x01000000}},
                           {Id128{0, 1}, CallerId{0xff000000}}};
  for (const ClaimKey& a : keys)
    for (const ClaimKey& b : keys) CHECK((a < b) == (a.bytes() < b.bytes()));
  for (const std::string& bad : {std::string(), key.hex().substr(1), key.hex() + "0",
                                 "g" + key.hex().substr(1), key.hex().substr(0, 39) + " "})
    CHECK_FALSE(ClaimKey::from_hex(bad));
  CHECK_FALSE(ClaimKey::from_bytes(key.bytes() + "x"));
  CHECK_FALSE(ClaimKey::from_bytes(""));
}

TEST_CASE("names: what has no name says so") {
  CHECK(name_of(static_cast<RefusalCode>(9'999)) == "?");
  CHECK(chinese_of(static_cast<RefusalCode>(9'999)) == "?");
  CHECK(name_of(YearCloseState::kRequested) == "requested");
  CHECK(name_of(YearCloseState::kCarrying) == "carrying");
  CHECK(name_of(YearCloseState::kClosed) == "closed");
  CHECK(name_of(YearCloseState::kRejected) == "rejected");
}
