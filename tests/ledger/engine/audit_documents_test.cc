// Holds, reversals, accounts, documents and days on paper: a planted fault is found and placed.
#include "ledger/engine/audit.h"

#include "tests/ledger/engine/paper_book.h"

using namespace suanpan;
using test::order_bytes;
using test::Paper;

namespace {

using Catch::Matchers::Contains;

std::string refund_bytes(RefundState state) {
  Refund refund;
  refund.refund_id = std::string("R1");
  refund.order_id = std::string("P1");
  refund.amount = Money{40, Currency::kCNY};
  refund.state = state;
  refund.lines = {{"", "2101/a", 40}};
  return encode(refund);
}
std::string payout_bytes(PayoutState state, std::int64_t amount = 40) {
  Payout payout;
  payout.payout_id = std::string("T1");
  payout.source_account = "2101/a";
  payout.transit_account = "2104";
  payout.bank_account = "1002";
  payout.amount = Money{amount, Currency::kCNY};
  payout.state = state;
  return encode(payout);
}
const AccountId kTransit{6};  // the next one that is opened
Transfer posted(AccountId debit, AccountId credit, std::int64_t amount = 40) {
  return {debit, credit, amount, TransferKind::kPosted};
}

}  // namespace

TEST_CASE("verify: a fault in holds and reversals is found") {
  struct Row {
    const char* what;
    std::function<void(Paper&)> plant;
    const char* fault;
  };
  const auto original = [](Paper& p) {
    p.post(p.bank, p.owner, 50);
    return p.last_key();
  };
  const Row rows[] = {
      {"a hold is posted beyond its amount",
       [](Paper& p) {
         p.hold();
         p.use_hold(CommandKind::kPostHold, TransferKind::kPostPending, 101, -1, HoldState::kOpen);
       },
       "more is released on 2101/a (account 2) than was reserved"},
      {"a hold is posted beyond its amount while another reserves enough",
       [](Paper& p) {
         p.hold();
         ChangeSet other = Paper::moving(p.owner, p.bank, 100, TransferKind::kPending);
         other.documents.push_back(Paper::hold_document(Paper::key(501), 1, HoldState::kOpen,
                                                        {{p.owner, p.bank, 100, 100}}));
         p.accept(CommandKind::kVoucher, other, Paper::key(501));
         p.use_hold(CommandKind::kPostHold, TransferKind::kPostPending, 101, -1, HoldState::kOpen);
       },
       "exceeds its amount: -1 of 100 remain"},
      {"a hold bears another command's id",
       [](Paper& p) {
         ChangeSet other = Paper::moving(p.owner, p.bank, 100, TransferKind::kPending);
         other.documents.push_back(Paper::hold_document(Paper::key(501), 1, HoldState::kOpen,
                                                        {{p.owner, p.bank, 100, 100}}));
         p.accept(CommandKind::kVoucher, other, Paper::key(502));
       },
       "is made by a command of another id"},
      {"a hold's document does not follow its posting",
       [](Paper& p) {
         p.hold();
         p.use_hold(CommandKind::kPostHold, TransferKind::kPostPending, 30, 71, HoldState::kOpen);
       },
       "hold documents and legs differ by 1 between accounts 2 and 1"},
      {"money is reserved without a document",
       [](Paper& p) {
         p.accept(CommandKind::kVoucher, Paper::moving(p.owner, p.bank, 5, TransferKind::kPending));
       },
       "hold documents and legs differ by -5"},
      {"a finished hold changes",
       [](Paper& p) {
         p.hold();
         p.use_hold(CommandKind::kVoidHold, TransferKind::kVoidPending, 100, 0, HoldState::kVoided);
         ChangeSet again = Paper::on(Paper::kToday);
         again.ref = Paper::key(500);
         again.documents.push_back(Paper::hold_document(Paper::key(500), 3, HoldState::kExpired,
                                                        {{p.owner, p.bank, 100, 0}}));
         p.accept(CommandKind::kSetting, again);
       },
       "changed after it was finished"},
      {"a hold expires before its time",
       [](Paper& p) {
         p.hold(Timestamp{1'000'000});
         p.use_hold(CommandKind::kExpireHold, TransferKind::kVoidPending, 100, 0,
                    HoldState::kExpired, Timestamp{1'000'000});
       },
       "expired before its time"},
      {"a hold is posted after its time",
       [](Paper& p) {
         p.hold(Timestamp{7'500});
         p.post(p.bank, p.owner, 1);
         p.use_hold(CommandKind::kPostHold, TransferKind::kPostPending, 100, 0, HoldState::kPosted,
                    Timestamp{7'500});
       },
       "is used after its time"},
      {"a finished hold still reserves",
       [](Paper& p) {
         p.hold();
         p.use_hold(CommandKind::kPostHold, TransferKind::kPostPending, 30, 70, HoldState::kPosted);
       },
       "is finished and still reserves"},
      {"reversals exceed the original",
       [&](Paper& p) {
         const ClaimKey o = original(p);
         p.reverse(o, 30, 30, 1);
         p.reverse(o, 21, 51, 2);
       },
       "journal entry 11: entry 9 is reversed beyond its amount: 51 of 50"},
      {"a reversal is not counted in full", [&](Paper& p) { p.reverse(original(p), 30, 29, 1); },
       "does not grow by what is reversed"},
      {"a reversal names nothing", [](Paper& p) { p.reverse(Paper::key(77), 30, 30, 1); },
       "which is not in the journal"},
      {"a reversal stands on other accounts",
       [](Paper& p) {
         p.post(p.dollars, p.owed_dollars, 50);
         p.reverse(p.last_key(), 30, 30, 1);
       },
       "does not reverse leg 0 of entry 9 on its own sides"},
      {"a refused voucher is reversed", [](Paper& p) { p.reverse(Paper::key(1), 30, 30, 1); },
       "on its own sides"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Paper p;
    row.plant(p);
    CHECK_THAT(p.fault_of_journal(), Contains(row.fault));
  }
}

TEST_CASE("verify: a fault in accounts, documents and days is found") {
  struct Row {
    const char* what;
    std::function<void(Paper&)> plant;
    const char* fault;
  };
  const auto change_bank = [](Paper& p, std::uint32_t version, AccountType type, bool closed) {
    AccountTerms terms;
    terms.closed = closed;
    Account account = Paper::account_of(p.bank, "1002", type, terms);
    account.version = version;
    p.set_terms(account);
  };
  const auto book = [](Paper& p, CommandKind kind, int open, int closed) {
    ChangeSet changes = Paper::on(Paper::kToday);
    changes.book = BookChange{Paper::kToday.plus_days(open), Paper::kToday.plus_days(closed)};
    p.accept(kind, changes);
  };
  const auto dated = [](Paper& p, int days, const char* maker, const char* checker) {
    ChangeSet changes = Paper::moving(p.bank, p.owner, 1);
    changes.date = changes.date.plus_days(days);
    changes.text = std::make_shared<const VoucherText>(VoucherText{"", "", "", maker, checker});
    p.accept(CommandKind::kVoucher, changes);
  };
  const Row rows[] = {
      {"an account's version jumps",
       [&](Paper& p) { change_bank(p, 3, AccountType::kAsset, false); },
       "1002 (account 1) goes from version 1 to 3"},
      {"an account changes its type",
       [&](Paper& p) { change_bank(p, 2, AccountType::kIncome, false); }, "changed what is fixed"},
      {"an account is closed while it holds money",
       [&](Paper& p) { change_bank(p, 2, AccountType::kAsset, true); },
       "is closed while it holds money"},
      {"an account code is used twice", [](Paper& p) { p.open("1002", AccountType::kAsset); },
       "the account code 1002 is used twice"},
      {"a document's version jumps",
       [](Paper& p) {
         p.document(DocumentKind::kMerchant, "M1", 1, true, "{}");
         p.document(DocumentKind::kMerchant, "M1", 3, true, "{}");
       },
       "document M1 of kind 7 goes from version 1 to 3"},
      {"a document repeats its version",
       [](Paper& p) {
         p.document(DocumentKind::kMerchant, "M1", 1, true, "{}");
         p.document(DocumentKind::kMerchant, "M1", 1, true, "{}");
       },
       "goes from version 1 to 1"},
      {"an order leaves its final state",
       [](Paper& p) {
         p.pay_order(1);
         p.document(DocumentKind::kOrder, "P1", 2, true, order_bytes(OrderState::kClosed));
       },
       "order P1 goes from state 2 to 6"},
      {"an order changes its amount",
       [](Paper& p) {
         p.document(DocumentKind::kOrder, "P1", 1, true, order_bytes(OrderState::kPaying));
         p.document(DocumentKind::kOrder, "P1", 2, true, order_bytes(OrderState::kPaid, 101));
       },
       "changed its amount from 100 to 101"},
      {"an order is refunded beyond what was paid",
       [](Paper& p) {
         p.document(DocumentKind::kOrder, "P1", 1, true, order_bytes(OrderState::kPaid, 100, 101));
       },
       "more refunds than was paid"},
      {"an order counts a refund that is not there",
       [](Paper& p) {
         p.document(DocumentKind::kOrder, "P1", 1, true, order_bytes(OrderState::kPaid, 100, 40));
       },
       "counts 40 refunded and 0 under way, its refunds 0 and 0"},
      {"a refund is not counted in its order",
       [](Paper& p) {
         p.pay_order(1);
         p.open("2104", AccountType::kLiability);
         p.together(
             CommandKind::kRefund, {posted(p.owner, kTransit)},
             {Document{DocumentKind::kOrder, "P1", 2, true, order_bytes(OrderState::kPaid)},
              Document{DocumentKind::kRefund, "R1", 1, true, refund_bytes(RefundState::kCreated)}});
       },
       "counts 0 refunded and 0 under way, its refunds 0 and 40"},
      {"a refund has no order",
       [](Paper& p) {
         p.document(DocumentKind::kRefund, "R1", 1, true, refund_bytes(RefundState::kFailed));
       },
       "is of order P1, which does not exist"},
      {"a refund leaves its final state",
       [](Paper& p) {
         p.pay_order(1);
         p.open("2104", AccountType::kLiability);
         p.together(
             CommandKind::kRefund, {posted(p.owner, kTransit), posted(kTransit, p.owner)},
             {Document{DocumentKind::kOrder, "P1", 2, true, order_bytes(OrderState::kPaid)},
              Document{DocumentKind::kRefund, "R1", 1, false, refund_bytes(RefundState::kFailed)}});
         p.document(DocumentKind::kRefund, "R1", 2, true, refund_bytes(RefundState::kProcessing));
       },
       "refund R1 goes from state 3 to 1"},
      {"a payout leaves its final state",
       [](Paper& p) {
         p.open("2104", AccountType::kLiability);
         p.together(CommandKind::kPayout, {posted(p.owner, kTransit), posted(p.bank, p.owner)},
                    {Document{DocumentKind::kPayout, "T1", 1, true,
                              payout_bytes(PayoutState::kReturned)}});
         p.document(DocumentKind::kPayout, "T1", 2, true, payout_bytes(PayoutState::kSucceeded));
       },
       "payout T1 goes from state 4 to 2"},
      {"a payout changes its amount",
       [](Paper& p) {
         p.open("2104", AccountType::kLiability);
         p.together(
             CommandKind::kPayout, {posted(p.owner, kTransit)},
             {Document{DocumentKind::kPayout, "T1", 1, true, payout_bytes(PayoutState::kCreated)}});
         p.document(DocumentKind::kPayout, "T1", 2, true,
                    payout_bytes(PayoutState::kProcessing, 41));
       },
       "payout T1 changed its amount"},
      {"a voucher is dated ahead", [&](Paper& p) { dated(p, 1, "a", "b"); },
       "dated 2026-03-05, later than the open day 2026-03-04"},
      {"a voucher is dated in a closed period", [&](Paper& p) { dated(p, -1, "a", "b"); },
       "dated 2026-03-03 in a period closed through 2026-03-03"},
      {"an adjustment is made by one person",
       [&](Paper& p) {
         book(p, CommandKind::kDayCut, 1, -1);
         dated(p, 0, "a", "a");
       },
       "not made and checked by two"},
      {"a day moves backwards",
       [&](Paper& p) {
         book(p, CommandKind::kDayCut, 2, -1);
         ChangeSet changes = Paper::on(Paper::kToday.plus_days(2));
         changes.book = BookChange{Paper::kToday.plus_days(1), Paper::kToday.plus_days(-1)};
         p.accept(CommandKind::kDayCut, changes);
       },
       "a day does not move forward"},
      {"the open day is closed", [&](Paper& p) { book(p, CommandKind::kPeriodClose, 0, 0); },
       "2026-03-04 is closed"},
      {"a setting is dated on another day",
       [&](Paper& p) {
         ChangeSet changes = Paper::on(Paper::kToday.plus_days(1));
         changes.accounts.push_back(Paper::account_of(AccountId{6}, "9", AccountType::kAsset, {}));
         p.accept(CommandKind::kOpenAccount, changes);
       },
       "it is dated 2026-03-05, the open day is 2026-03-04"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Paper p;
    row.plant(p);
    CHECK_THAT(p.fault_of_journal(), Contains(row.fault));
  }
}
