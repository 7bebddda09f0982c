// Each invariant catches what it is there for, under its own name, and lets sound change sets pass.
#include "ledger/core/invariants.h"

#include <catch2/catch.hpp>

#include "ledger/core/hold.h"
#include "ledger/core/order.h"
#include "ledger/core/reversal_totals.h"
#include "ledger/core/state.h"
#include "ledger/core/terms_history.h"

using namespace suanpan;

namespace {

const Date kToday = *Date::of(2026, 3, 4);
constexpr AccountId kBank{1}, kOwner{2}, kDollars{3}, kShut{4}, kDeaf{5}, kMute{6}, kCredit{7};
constexpr ClaimKey kKey{Id128{1, 1}, CallerId{100}};
constexpr ClaimKey kHold{Id128{1, 500}, CallerId{100}};
constexpr ClaimKey kOriginal{Id128{1, 700}, CallerId{100}};

Account account(AccountId id, std::string code, AccountType type, AccountTerms terms = {},
                Currency currency = Currency::kCNY) {
  Account a;
  a.id = id;
  a.code = std::move(code);
  a.type = type;
  a.normal = normal_side(type);
  a.currency = currency;
  a.terms = terms;
  a.version = 1;
  return a;
}

Document hold(std::uint32_t version, HoldState state, std::int64_t amount, std::int64_t remaining,
              AccountId debit = kOwner, AccountId credit = kBank) {
  Hold h;
  h.state = state;
  h.legs.push_back(HoldLeg{debit, credit, amount, remaining});
  return Document{DocumentKind::kHold, kHold.bytes(), version, state == HoldState::kOpen,
                  encode(h)};
}
Document reversal_total(std::uint32_t version, std::int64_t total) {
  return Document{DocumentKind::kReversalTotal, kOriginal.bytes(), version, false,
                  encode_reversal_totals({total})};
}
Document order(std::uint32_t version, OrderState state, std::int64_t amount = 100,
               std::int64_t refunded = 0) {
  Order o;
  o.order_id = std::string("P1");
  o.amount = Money{amount, Currency::kCNY};
  o.state = state;
  o.refunded = refunded;
  return Document{DocumentKind::kOrder, "P1", version, true, encode(o)};
}
Document refund(std::uint32_t version, RefundState state) {
  Refund r;
  r.refund_id = std::string("R1");
  r.order_id = std::string("P1");
  r.amount = Money{40, Currency::kCNY};
  r.state = state;
  return Document{DocumentKind::kRefund, "R1", version, true, encode(r)};
}
Document payout(std::uint32_t version, PayoutState state, std::int64_t amount = 40) {
  Payout p;
  p.payout_id = std::string("T1");
  p.amount = Money{amount, Currency::kCNY};
  p.state = state;
  return Document{DocumentKind::kPayout, "T1", version, true, encode(p)};
}

// The bank holds 1,000 that the owner is owed; 100 of it is reserved; 50 of a voucher of 200 are
// reversed; an order is paid, its refund failed, a payout succeeded.
State state() {
  State s(BookState{kToday, kToday.plus_days(-1), Currency::kCNY, 0});
  AccountTerms floor{LimitKind::kNotBelowZero};
  AccountTerms closed, deaf, mute, line{LimitKind::kCreditLine};
  closed.closed = true;
  deaf.frozen_in = true;
  mute.frozen_out = true;
  line.credit_line = 10;
  Balance bank, owner;
  bank.debits_posted = owner.credits_posted = 1'000;
  bank.credits_pending = owner.debits_pending = 100;
  s.load_account(account(kBank, "1002", AccountType::kAsset), bank);
  s.load_account(account(kOwner, "2101/a", AccountType::kLiability, floor), owner);
  s.load_account(account(kDollars, "1002/usd", AccountType::kAsset, {}, Currency::kUSD), {});
  s.load_account(account(kShut, "2101/shut", AccountType::kLiability, closed), {});
  s.load_account(account(kDeaf, "2101/deaf", AccountType::kLiability, deaf), {});
  s.load_account(account(kMute, "2101/mute", AccountType::kLiability, mute), {});
  s.load_account(account(kCredit, "2101/line", AccountType::kLiability, line), {});
  for (const Document& d :
       {hold(1, HoldState::kOpen, 100, 100), reversal_total(1, 50), order(1, OrderState::kPaid),
        refund(1, RefundState::kFailed), payout(1, PayoutState::kSucceeded)})
    s.apply_document(std::make_shared<const Document>(d));
  return s;
}

ChangeSet nothing() {
  ChangeSet changes;
  changes.date = kToday;
  return changes;
}
ChangeSet moving(AccountId debit, AccountId credit, std::int64_t amount,
                 TransferKind kind = TransferKind::kPosted) {
  ChangeSet changes = nothing();
  changes.transfers.push_back(Transfer{debit, credit, amount, kind});
  return changes;
}
ChangeSet with(ChangeSet changes, Document document) {
  changes.documents.push_back(std::move(document));
  return changes;
}
ChangeSet with(Document document) { return with(nothing(), std::move(document)); }
ChangeSet with(Account a, std::uint32_t version) {
  ChangeSet changes = nothing();
  a.version = version;
  changes.accounts.push_back(std::move(a));
  return changes;
}
ChangeSet with_history(const Account& a) {
  ChangeSet changes = with(a, 2);
  changes.documents.push_back(
      terms_change_of(*state().account(a.id), changes.accounts[0], kKey, Timestamp{1}));
  return changes;
}
ChangeSet red(std::int64_t amount, Document total, ClaimKey original = kOriginal) {
  ChangeSet changes = moving(kBank, kOwner, amount, TransferKind::kRed);
  changes.ref = original;
  return with(std::move(changes), std::move(total));
}
ChangeSet days(int open, int closed) {
  ChangeSet changes = nothing();
  changes.book = BookChange{kToday.plus_days(open), kToday.plus_days(closed)};
  return changes;
}
ChangeSet dated(int offset) {
  ChangeSet changes = moving(kBank, kOwner, 1);
  changes.date = kToday.plus_days(offset);
  return changes;
}

struct Row {
  const char* what;
  CommandKind kind;
  ChangeSet changes;
  const char* violated;  ///< "name: what was seen"
};

void check(const std::vector<Row>& rows) {
  const State view = state();
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(violated_invariant(view, kKey, row.kind, row.changes).value_or("none") == row.violated);
  }
}

constexpr auto kVoucher = CommandKind::kVoucher;
constexpr auto kSetting = CommandKind::kSetting;
constexpr auto kReversal = CommandKind::kReversal;
constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();

}  // namespace

TEST_CASE("invariants: sound change sets pass") {
  Account tightened = account(kBank, "1002", AccountType::kAsset);
  tightened.terms.limit = LimitKind::kNotBelowZero;
  AccountTerms closed;
  closed.closed = true;
  ChangeSet legs = moving(kBank, kOwner, 5);
  legs.transfers.push_back(Transfer{kOwner, kCredit, 900, TransferKind::kPosted});
  check({
      {"a voucher", kVoucher, moving(kBank, kOwner, 5), "none"},
      {"a voucher of two legs that only together keep the limit", kVoucher, legs, "none"},
      {"down to the limit", kVoucher, moving(kOwner, kBank, 900), "none"},
      {"down to the credit line", kVoucher, moving(kCredit, kBank, 10), "none"},
      {"into the account frozen for payments", kVoucher, moving(kBank, kMute, 5), "none"},
      {"out of the account frozen for receipts", kVoucher, moving(kDeaf, kBank, 5), "none"},
      {"a hold posted in part", CommandKind::kPostHold,
       with(moving(kOwner, kBank, 30, TransferKind::kPostPending),
            hold(2, HoldState::kOpen, 100, 70)),
       "none"},
      {"a hold voided", CommandKind::kVoidHold,
       with(moving(kOwner, kBank, 100, TransferKind::kVoidPending),
            hold(2, HoldState::kVoided, 100, 0)),
       "none"},
      {"a reversal", kReversal, red(-30, reversal_total(2, 80)), "none"},
      {"an account opened", CommandKind::kOpenAccount,
       with(account(AccountId{8}, "9", AccountType::kAsset), 1), "none"},
      {"terms changed", CommandKind::kSetTerms, with_history(tightened), "none"},
      {"an empty account closed", CommandKind::kSetTerms,
       with_history(account(kDeaf, "2101/deaf", AccountType::kLiability, closed)), "none"},
      {"a day cut", CommandKind::kDayCut, days(1, -1), "none"},
      {"a period closed behind a cut", CommandKind::kDayCut, days(1, 0), "none"},
      {"an order marked", kSetting, with(order(2, OrderState::kPaid)), "none"},
      {"an order refunded", kSetting, with(order(2, OrderState::kRefunded, 100, 100)), "none"},
      {"a payout returned", kSetting, with(payout(2, PayoutState::kReturned)), "none"},
      {"nothing at all", kSetting, nothing(), "none"},
  });
}

TEST_CASE("invariants: terms_leave_history ties each change of terms to its document") {
  Account tightened = account(kBank, "1002", AccountType::kAsset);
  tightened.terms.limit = LimitKind::kNotBelowZero;
  const char* const wrong = "terms_leave_history: the history of an account's terms is wrong";
  ChangeSet by_another = with_history(tightened), other_terms = by_another, untold = by_another,
            twice = by_another;
  TermsChange change = *decode_terms_change(by_another.documents[0].bytes);
  change.by.id.lo ^= 1;
  by_another.documents[0].bytes = encode(change);
  change = *decode_terms_change(other_terms.documents[0].bytes);
  change.before.frozen_in = true;
  other_terms.documents[0].bytes = encode(change);
  untold.accounts.clear();
  twice.documents.push_back(twice.documents[0]);
  twice.documents[1].key[7] = 9;
  check({
      {"without history", CommandKind::kSetTerms, with(tightened, 2),
       "terms_leave_history: a change of terms leaves no history"},
      {"by another command", CommandKind::kSetTerms, by_another, wrong},
      {"from other terms", CommandKind::kSetTerms, other_terms, wrong},
      {"a change that did not happen", CommandKind::kSetTerms, untold,
       "terms_leave_history: a change of terms is told that did not happen"},
      {"two told of one", CommandKind::kSetTerms, twice,
       "terms_leave_history: a change of terms is told that did not happen"},
  });
}

TEST_CASE("invariants: debits_equal_credits catches legs that are no double entry") {
  check({
      {"an unknown account", kVoucher, moving(AccountId{99}, kOwner, 1),
       "debits_equal_credits: a leg names an account that does not exist"},
      {"no account", kVoucher, moving(kBank, AccountId{}, 1),
       "debits_equal_credits: a leg names an account that does not exist"},
      {"two currencies", kVoucher, moving(kDollars, kOwner, 1),
       "debits_equal_credits: a leg crosses currencies"},
      {"one account", kVoucher, moving(kBank, kBank, 1),
       "debits_equal_credits: a leg debits and credits one account"},
  });
}

TEST_CASE("invariants: amounts_have_their_sign catches zeros and wrong signs") {
  check({
      {"zero", kVoucher, moving(kBank, kOwner, 0), "amounts_have_their_sign: an amount is zero"},
      {"negative", kVoucher, moving(kBank, kOwner, -1),
       "amounts_have_their_sign: an amount has the wrong sign"},
      {"a positive red amount", kReversal, moving(kBank, kOwner, 1, TransferKind::kRed),
       "amounts_have_their_sign: an amount has the wrong sign"},
      {"a red voucher", kVoucher, moving(kBank, kOwner, -1, TransferKind::kRed),
       "amounts_have_their_sign: red and reversal do not go together"},
      {"a black reversal", kReversal, moving(kBank, kOwner, 1),
       "amounts_have_their_sign: red and reversal do not go together"},
      {"a leg of a refusal", kVoucher, moving(kBank, kOwner, 1, TransferKind::kNone),
       "amounts_have_their_sign: an accepted leg moves nothing"},
  });
}

TEST_CASE("invariants: no_account_below_its_limit counts holds and credit lines") {
  const char* const owner = "no_account_below_its_limit: account 2101/a falls below its limit";
  ChangeSet split = moving(kOwner, kBank, 500);
  split.transfers.push_back(Transfer{kOwner, kBank, 401, TransferKind::kPosted});
  check({
      {"one fen too much, 100 being reserved", kVoucher, moving(kOwner, kBank, 901), owner},
      {"reserved too much", kVoucher,
       with(moving(kOwner, kBank, 901, TransferKind::kPending),
            hold(1, HoldState::kOpen, 901, 901)),
       owner},
      {"in two legs", kVoucher, split, owner},
      {"beyond every number", kVoucher, moving(kOwner, kBank, kMost), owner},
      {"beyond the credit line", kVoucher, moving(kCredit, kBank, 11),
       "no_account_below_its_limit: account 2101/line falls below its limit"},
      {"by a reversal", kReversal, red(-901, reversal_total(2, 951)), owner},
  });
}

TEST_CASE("invariants: holds_never_exceed ties reserved money to its documents") {
  const auto post = [](std::int64_t amount) {
    return moving(kOwner, kBank, amount, TransferKind::kPostPending);
  };
  Document garbage = hold(2, HoldState::kOpen, 100, 70);
  garbage.bytes.pop_back();
  check({
      {"more than remains", CommandKind::kPostHold,
       with(post(101), hold(2, HoldState::kOpen, 100, -1)),
       "holds_never_exceed: a hold exceeds its amount"},
      {"more than was reserved", CommandKind::kPostHold, post(101),
       "holds_never_exceed: more is released than was reserved"},
      {"without its document", CommandKind::kPostHold, post(30),
       "holds_never_exceed: reserved totals and hold documents differ"},
      {"otherwise than its document", CommandKind::kPostHold,
       with(post(30), hold(2, HoldState::kOpen, 100, 71)),
       "holds_never_exceed: reserved totals and hold documents differ"},
      {"a document without a transfer", kSetting, with(hold(2, HoldState::kOpen, 100, 70)),
       "holds_never_exceed: a hold document changed without a transfer"},
      {"a hold that grows", CommandKind::kPostHold, with(hold(2, HoldState::kOpen, 120, 120)),
       "holds_never_exceed: a hold changed its legs"},
      {"a hold on another account", CommandKind::kPostHold,
       with(hold(2, HoldState::kOpen, 100, 100, kCredit)),
       "holds_never_exceed: a hold changed its legs"},
      {"finished and still reserving", CommandKind::kPostHold,
       with(post(30), hold(2, HoldState::kPosted, 100, 70)),
       "holds_never_exceed: a finished hold still reserves"},
      {"a document that does not decode", CommandKind::kPostHold, with(post(30), garbage),
       "holds_never_exceed: a hold does not decode"},
  });
  State view = state();
  view.apply_document(std::make_shared<const Document>(hold(2, HoldState::kVoided, 100, 0)));
  CHECK(violated_invariant(view, kKey, kSetting, with(hold(3, HoldState::kExpired, 100, 0))) ==
        "holds_never_exceed: a finished hold changed");
  State fresh = state();
  Document other = hold(1, HoldState::kOpen, 50, 20);
  other.key = kKey.bytes();
  CHECK(violated_invariant(fresh, kKey, kVoucher,
                           with(moving(kOwner, kBank, 20, TransferKind::kPending), other)) ==
        "holds_never_exceed: a new hold is used already");
}

TEST_CASE("invariants: holds_bear_their_id, so that none but its own command made a hold") {
  Document other = hold(1, HoldState::kOpen, 50, 50);
  other.key = ClaimKey{kKey.id, CallerId{kKey.caller.value + 1}}.bytes();
  Document nameless = hold(1, HoldState::kOpen, 50, 50);
  nameless.key = "no id";
  const ChangeSet reserving = moving(kOwner, kBank, 50, TransferKind::kPending);
  check({
      {"the id of another caller's command", kVoucher, with(reserving, other),
       "holds_bear_their_id: a new hold bears another id"},
      {"a name that is no id", kVoucher, with(reserving, nameless),
       "holds_bear_their_id: a new hold bears another id"},
  });
  other.key = kKey.bytes();
  const State resident = state();
  CHECK_FALSE(violated_invariant(resident, kKey, kVoucher, with(reserving, other)));
  // Of its own hold, and of nothing else, a command asks memory alone.
  std::vector<std::string> asked;
  State cold(resident.book(), [&](DocumentKind, std::string_view key) -> DocumentPtr {
    asked.emplace_back(key);
    return nullptr;
  });
  for (const Account& a : resident.accounts()) cold.load_account(a, resident.balance(a.id));
  ChangeSet both = with(reserving, other);
  both.documents.push_back(Document{DocumentKind::kCursor, kKey.bytes(), 1, true, {}});
  both.documents.push_back(Document{DocumentKind::kCursor, "c", 1, true, {}});
  CHECK_FALSE(violated_invariant(cold, kKey, kVoucher, both));
  CHECK(asked == std::vector<std::string>{kKey.bytes(), "c"});
  // The house names its holds itself, and they are looked for in the store, too.
  const ClaimKey house{Id128{77, 7}, kSystemCaller};
  Document houses = hold(1, HoldState::kOpen, 50, 50);
  houses.key = house.bytes();
  asked.clear();
  CHECK_FALSE(violated_invariant(cold, kKey, kVoucher, with(reserving, houses)));
  CHECK_FALSE(violated_invariant(cold, house, kVoucher, with(reserving, houses)));
  CHECK(asked == std::vector<std::string>(2, house.bytes()));
  // One that is in memory is seen.
  cold.apply_document(std::make_shared<const Document>(other));
  CHECK(violated_invariant(cold, kKey, kVoucher, with(reserving, other)) ==
        "holds_never_exceed: reserved totals and hold documents differ");
}

TEST_CASE("invariants: documents_are_bounded catches bytes and keys beyond their limits") {
  const auto setting = [](std::size_t key, std::size_t bytes) {
    return with(
        Document{DocumentKind::kMerchant, std::string(key, 'M'), 1, true, std::string(bytes, 'x')});
  };
  check({
      {"both just at the limit", kSetting, setting(160, 1'048'576), "none"},
      {"a document too large", kSetting, setting(1, 1'048'577),
       "documents_are_bounded: a document is too large"},
      {"a key too long", kSetting, setting(161, 1),
       "documents_are_bounded: a document's key is too long"},
  });
}

TEST_CASE(
    "invariants: versions_advance_by_one catches jumps, repeats and changes of what is fixed") {
  ChangeSet twice = with(order(2, OrderState::kPaid));
  twice.documents.push_back(order(2, OrderState::kPaid));
  const Account bank = account(kBank, "1002", AccountType::kAsset);
  check({
      {"a document jumps", kSetting, with(order(3, OrderState::kPaid)),
       "versions_advance_by_one: a document's version does not advance by one"},
      {"a document repeats", kSetting, with(order(1, OrderState::kPaid)),
       "versions_advance_by_one: a document's version does not advance by one"},
      {"a new document begins at 2", kSetting,
       with(Document{DocumentKind::kMerchant, "M", 2, true, "{}"}),
       "versions_advance_by_one: a document's version does not advance by one"},
      {"a document is replaced twice", kSetting, twice,
       "versions_advance_by_one: a document is replaced twice"},
      {"an account jumps", CommandKind::kSetTerms, with(bank, 3),
       "versions_advance_by_one: an account's version does not advance by one"},
      {"an account changes its code", CommandKind::kSetTerms,
       with(account(kBank, "1003", AccountType::kAsset), 2),
       "versions_advance_by_one: an account changed what is fixed"},
      {"an account changes its type", CommandKind::kSetTerms,
       with(account(kBank, "1002", AccountType::kExpense), 2),
       "versions_advance_by_one: an account changed what is fixed"},
      {"an account changes its currency", CommandKind::kSetTerms,
       with(account(kBank, "1002", AccountType::kAsset, {}, Currency::kUSD), 2),
       "versions_advance_by_one: an account changed what is fixed"},
      {"an account number is left out", CommandKind::kOpenAccount,
       with(account(AccountId{9}, "9", AccountType::kAsset), 1),
       "versions_advance_by_one: an account is opened out of order"},
      {"a code is used twice", CommandKind::kOpenAccount,
       with(account(AccountId{8}, "1002", AccountType::kAsset), 1),
       "versions_advance_by_one: an account code is used twice"},
  });
}

TEST_CASE("invariants: closed_and_frozen_stand_still in both directions") {
  const char* const name = "closed_and_frozen_stand_still: ";
  AccountTerms closed;
  closed.closed = true;
  ChangeSet red_on_mute = moving(kBank, kMute, -1, TransferKind::kRed);
  red_on_mute.ref = kOriginal;
  const auto says = [&](const char* what) { return std::string(name) + what; };
  const std::string shut = says("account 2101/shut is closed"),
                    deaf = says("account 2101/deaf is frozen for receipts"),
                    mute = says("account 2101/mute is frozen for payments"),
                    full = says("account 1002 is closed while it holds money");
  check({
      {"into a closed account", kVoucher, moving(kBank, kShut, 1), shut.c_str()},
      {"out of a closed account", kVoucher, moving(kShut, kBank, 1), shut.c_str()},
      {"into an account frozen for receipts", kVoucher, moving(kBank, kDeaf, 1), deaf.c_str()},
      {"out of an account frozen for payments", kVoucher, moving(kMute, kBank, 1), mute.c_str()},
      {"red out of an account frozen for payments", kReversal,
       with(red_on_mute, reversal_total(2, 51)), mute.c_str()},
      {"closing an account that holds money", CommandKind::kSetTerms,
       with(account(kBank, "1002", AccountType::kAsset, closed), 2), full.c_str()},
  });
}

TEST_CASE("invariants: days_move_forward, and a closed day takes nothing") {
  const char* const outside = "days_move_forward: a voucher is dated outside the open days";
  const char* const back = "days_move_forward: a day moves backwards";
  check({
      {"a closed day", kVoucher, dated(-1), outside},
      {"a day ahead", kVoucher, dated(1), outside},
      {"the open day moves back", CommandKind::kDayCut, days(-1, -2), back},
      {"a period is opened again", CommandKind::kPeriodClose, days(0, -2), back},
      {"the open day is closed", CommandKind::kPeriodClose, days(0, 0), back},
  });
}

TEST_CASE("invariants: reversals_stay_capped ties what is reversed to its running total") {
  const char* const grown =
      "reversals_stay_capped: the reversal total does not grow by what is reversed";
  ChangeSet bare = moving(kBank, kOwner, -30, TransferKind::kRed);
  bare.ref = kOriginal;
  Document garbage = reversal_total(2, 80);
  garbage.bytes.pop_back();
  check({
      {"no total", kReversal, bare, grown},
      {"one fen less counted", kReversal, red(-30, reversal_total(2, 79)), grown},
      {"another voucher's total", kReversal, red(-30, reversal_total(2, 80), kHold), grown},
      {"a total that shrinks", kReversal, red(-30, reversal_total(2, 20)),
       "reversals_stay_capped: a reversal total shrank"},
      {"a total that does not decode", kReversal, red(-30, garbage),
       "reversals_stay_capped: reversal totals do not decode"},
  });
}

TEST_CASE("invariants: states_go_where_they_may, and amounts stay") {
  const char* const moved = "states_go_where_they_may: a state moves where it must not";
  const char* const amount = "states_go_where_they_may: an amount changed after it was agreed";
  Document garbage = order(2, OrderState::kPaid);
  garbage.bytes = "{";
  check({
      {"a paid order is closed", kSetting, with(order(2, OrderState::kClosed)), moved},
      {"a failed refund succeeds", kSetting, with(refund(2, RefundState::kSucceeded)), moved},
      {"a payout that succeeded fails", kSetting, with(payout(2, PayoutState::kFailed)), moved},
      {"an order's amount", kSetting, with(order(2, OrderState::kPaid, 101)), amount},
      {"a payout's amount", kSetting, with(payout(2, PayoutState::kSucceeded, 41)), amount},
      {"an order that does not decode", kSetting, with(garbage),
       "states_go_where_they_may: a document does not decode"},
  });
}

TEST_CASE("invariants: refunds_stay_within_payment, and what goes back of a fee within the fee") {
  const auto fees = [](std::int64_t fee, std::int64_t returned, std::int64_t returning) {
    Document document = order(2, OrderState::kPaid);
    Order changed = decode_order(document.bytes).value();
    changed.fee = fee;
    changed.fee_returned = returned;
    changed.fee_returning = returning;
    document.bytes = encode(changed);
    return document;
  };
  const char* const fee = "refunds_stay_within_payment: more of the fee goes back than was taken";
  check({
      {"fees beyond the fee", kSetting, with(fees(6, 3, 4)), fee},
      {"a negative fee that goes back", kSetting, with(fees(6, 7, -1)), fee},
      {"a fee that comes again", kSetting, with(fees(6, -1, 0)), fee},
      {"refunds beyond the payment", kSetting, with(order(2, OrderState::kPaid, 100, 101)),
       "refunds_stay_within_payment: refunds exceed what was paid"},
  });
}

TEST_CASE("invariants: holds_never_exceed looks at both sides of what is reserved") {
  const auto legs = [](std::vector<Transfer> transfers, DocumentChanges documents) {
    ChangeSet changes = nothing();
    changes.transfers.assign(transfers.begin(), transfers.end());
    changes.documents = std::move(documents);
    return changes;
  };
  const auto release = [](AccountId credit, std::int64_t amount) {
    return Transfer{kOwner, credit, amount, TransferKind::kVoidPending};
  };
  Document two_legs = hold(2, HoldState::kOpen, 100, 70);
  Hold longer = *decode_hold(two_legs.bytes);
  longer.legs.push_back(longer.legs[0]);
  two_legs.bytes = encode(longer);
  Document another = hold(1, HoldState::kOpen, 30, 30, kDeaf, kMute);
  another.key = kKey.bytes();
  constexpr auto kVoid = CommandKind::kVoidHold;
  check({
      {"another number of legs", kVoid, legs({release(kBank, 30)}, {two_legs}),
       "holds_never_exceed: a hold changed its legs"},
      {"more remains than was reserved", kVoid,
       legs({release(kBank, 30)}, {hold(2, HoldState::kOpen, 100, 101)}),
       "holds_never_exceed: a hold exceeds its amount"},
      {"another account on the credit side", kVoid,
       legs({release(kBank, 30)}, {hold(2, HoldState::kOpen, 100, 70, kOwner, kCredit)}),
       "holds_never_exceed: a hold changed its legs"},
      {"released on the credit side where nothing was reserved", kVoid,
       legs({release(kCredit, 30)}, {hold(2, HoldState::kOpen, 100, 70)}),
       "holds_never_exceed: more is released than was reserved"},
      {"released otherwise than its document on the credit side", kVoid,
       legs({release(kBank, 20), release(kCredit, 10)}, {hold(2, HoldState::kOpen, 100, 70)}),
       "holds_never_exceed: reserved totals and hold documents differ"},
      {"a document's credit side without a transfer", kVoid,
       legs({release(kCredit, 30), Transfer{kDeaf, kCredit, 30, TransferKind::kPending}},
            {hold(2, HoldState::kOpen, 100, 70), another}),
       "holds_never_exceed: a hold document changed without a transfer"},
  });
}

TEST_CASE("invariants: what each passes over, and what it does not") {
  AccountTerms closed;
  closed.closed = true;
  Account contra = account(kBank, "1002", AccountType::kAsset);
  contra.normal = Side::kCredit;
  ChangeSet red_on_deaf = moving(kDeaf, kBank, -1, TransferKind::kRed);
  red_on_deaf.ref = kOriginal;
  const auto refunds = [](std::int64_t refunded, std::int64_t refunding) {
    Document document = order(2, OrderState::kPaid);
    Order changed = decode_order(document.bytes).value();
    changed.refunded = refunded;
    changed.refunding = refunding;
    document.bytes = encode(changed);
    return document;
  };
  check({
      {"a red leg that another room posts", kSetting, moving(kBank, kOwner, -1, TransferKind::kRed),
       "none"},
      {"an account changes its normal side", CommandKind::kSetTerms, with(contra, 2),
       "versions_advance_by_one: an account changed what is fixed"},
      {"an account is opened at its second version", CommandKind::kOpenAccount,
       with(account(AccountId{8}, "9", AccountType::kAsset), 2),
       "versions_advance_by_one: an account is opened out of order"},
      {"an account is opened closed", CommandKind::kOpenAccount,
       with(account(AccountId{8}, "9", AccountType::kAsset, closed), 1), "none"},
      {"red into an account frozen for receipts", kReversal,
       with(red_on_deaf, reversal_total(2, 51)),
       "closed_and_frozen_stand_still: account 2101/deaf is frozen for receipts"},
      {"another document beside a reversal's total", kReversal,
       with(red(-30, reversal_total(2, 80)), order(2, OrderState::kPaid)), "none"},
      {"less than nothing refunded", kSetting, with(refunds(-1, 0)),
       "refunds_stay_within_payment: refunds exceed what was paid"},
      {"less than nothing being refunded", kSetting, with(refunds(0, -1)),
       "refunds_stay_within_payment: refunds exceed what was paid"},
  });
}

TEST_CASE("invariants: an account closes only when nothing is reserved on either side") {
  AccountTerms closed;
  closed.closed = true;
  const auto closing = [&](const Balance& balance) {
    State view(BookState{kToday, kToday.plus_days(-1), Currency::kCNY, 0});
    view.load_account(account(kBank, "1002", AccountType::kAsset), balance);
    ChangeSet changes = with(account(kBank, "1002", AccountType::kAsset, closed), 2);
    changes.documents.push_back(
        terms_change_of(*view.account(kBank), changes.accounts[0], kKey, Timestamp{1}));
    return violated_invariant(view, kKey, CommandKind::kSetTerms, changes).value_or("none");
  };
  const std::string full =
      "closed_and_frozen_stand_still: account 1002 is closed while it holds money";
  CHECK(closing(Balance{7, 7}) == "none");
  CHECK(closing(Balance{7, 6}) == full);
  CHECK(closing(Balance{7, 7, 1, 0}) == full);
  CHECK(closing(Balance{7, 7, 0, 1}) == full);
}

TEST_CASE("invariants: what is stored and does not decode lets nothing pass") {
  State view = state();
  Document total = reversal_total(1, 50), paid = order(1, OrderState::kPaid);
  total.bytes.pop_back();
  paid.bytes = "{";
  for (const Document& d : {total, paid}) view.apply_document(std::make_shared<const Document>(d));
  CHECK(violated_invariant(view, kKey, kReversal, red(-30, reversal_total(2, 80))) ==
        "reversals_stay_capped: reversal totals do not decode");
  CHECK(violated_invariant(view, kKey, kSetting, with(order(2, OrderState::kPaid))) ==
        "states_go_where_they_may: a stored document does not decode");
}

TEST_CASE("invariants: terms_leave_history: its document is new, whole and of these terms") {
  Account tightened = account(kBank, "1002", AccountType::kAsset);
  tightened.terms.limit = LimitKind::kNotBelowZero;
  const char* const wrong = "terms_leave_history: the history of an account's terms is wrong";
  ChangeSet beside = with(with_history(tightened), order(2, OrderState::kPaid)),
            garbage = with_history(tightened), other_terms = garbage, second = garbage;
  garbage.documents[0].bytes.pop_back();
  TermsChange change = *decode_terms_change(other_terms.documents[0].bytes);
  change.after.frozen_in = true;
  other_terms.documents[0].bytes = encode(change);
  check({
      {"another document beside it", CommandKind::kSetTerms, beside, "none"},
      {"it does not decode", CommandKind::kSetTerms, garbage, wrong},
      {"to other terms", CommandKind::kSetTerms, other_terms, wrong},
  });
  State view = state();
  view.apply_document(std::make_shared<const Document>(second.documents[0]));
  second.documents[0].version = 2;
  CHECK(violated_invariant(view, kKey, CommandKind::kSetTerms, second) == wrong);
}

TEST_CASE("invariants: their names, in the order in which they are asked") {
  CHECK(invariant_names() ==
        std::vector<std::string_view>{
            "debits_equal_credits", "amounts_have_their_sign", "no_account_below_its_limit",
            "holds_never_exceed", "holds_bear_their_id", "documents_are_bounded",
            "versions_advance_by_one", "closed_and_frozen_stand_still", "days_move_forward",
            "accounts_lie_in_the_chart", "subjects_stay", "years_end_in_order",
            "reversals_stay_capped", "states_go_where_they_may", "refunds_stay_within_payment",
            "paid_orders_stay", "rules_hold", "terms_leave_history", "erasures_are_safe"});
}
