// Every rule of the journal: a planted fault in blocks that are sealed again is found and placed.
#include "ledger/engine/audit.h"

#include "tests/ledger/engine/paper_book.h"

using namespace suanpan;
using test::Paper;
using test::poke;

namespace {

using Catch::Matchers::Contains;

std::string order_bytes(OrderState state, std::int64_t amount = 100, std::int64_t refunded = 0) {
  Order order;
  order.order_id = std::string("P1");
  order.amount = Money{amount, Currency::kCNY};
  order.state = state;
  order.refunded = refunded;
  return encode(order);
}
std::string refund_bytes(RefundState state) {
  Refund refund;
  refund.refund_id = std::string("R1");
  refund.order_id = std::string("P1");
  refund.amount = Money{40, Currency::kCNY};
  refund.state = state;
  return encode(refund);
}
std::string payout_bytes(PayoutState state, std::int64_t amount = 40) {
  Payout payout;
  payout.payout_id = std::string("T1");
  payout.amount = Money{amount, Currency::kCNY};
  payout.state = state;
  return encode(payout);
}

}  // namespace

TEST_CASE("verify: a book on paper that keeps every rule passes") {
  Paper p;
  p.hold();
  p.use_hold(CommandKind::kPostHold, TransferKind::kPostPending, 30, 70, HoldState::kOpen);
  p.use_hold(CommandKind::kVoidHold, TransferKind::kVoidPending, 70, 0, HoldState::kVoided, {}, 3);
  p.post(p.bank, p.owner, 50);
  const ClaimKey original = p.last_key();
  p.seal();
  p.reverse(original, 20, 20, 1);
  p.reverse(original, 30, 50, 2);
  p.document(DocumentKind::kOrder, "P1", 1, true, order_bytes(OrderState::kPaying));
  p.document(DocumentKind::kOrder, "P1", 2, true, order_bytes(OrderState::kClosed));
  p.document(DocumentKind::kOrder, "P1", 3, true, order_bytes(OrderState::kPaid));
  p.seal();
  CHECK(p.fault() == "none");  // no projection stored yet
  p.project();
  CHECK(p.fault() == "none");
  p.post(p.bank, p.owner, 1);
  p.seal();
  CHECK(p.fault() == "none");  // projections one block behind
}

TEST_CASE("verify: a fault in the journal's money is found though the chain is whole") {
  struct Row {
    const char* what;
    std::function<void(Paper&)> plant;
    const char* fault;
  };
  const Row rows[] = {
      {"a leg names an account that does not exist",
       [](Paper& p) { p.post(AccountId{99}, p.owner, 1); },
       "names account 99, which does not exist"},
      {"a transfer on a closed account", [](Paper& p) { p.post(p.bank, p.shut, 1); },
       "money moves on 2101/shut (account 4), which is closed"},
      {"currencies are crossed", [](Paper& p) { p.post(p.dollars, p.owner, 1); },
       "crosses currencies"},
      {"debit and credit are one account", [](Paper& p) { p.post(p.bank, p.bank, 1); },
       "debits and credits 1002"},
      {"a negative amount", [](Paper& p) { p.post(p.bank, p.owner, -1); }, "has the wrong sign"},
      {"a zero amount", [](Paper& p) { p.post(p.bank, p.owner, 0); }, "has the wrong sign"},
      {"a limit is broken", [](Paper& p) { p.post(p.owner, p.bank, 1'001); },
       "2101/a (account 2) is drawn to -1, below its limit of 0"},
      {"a limit is broken by a hold",
       [](Paper& p) {
         p.hold();
         p.post(p.owner, p.bank, 901);
       },
       "is drawn to -1, below its limit"},
      {"a total overflows",
       [](Paper& p) { p.post(p.bank, p.owner, std::numeric_limits<std::int64_t>::max()); },
       "overflow"},
      {"an amount is red without a reversal",
       [](Paper& p) {
         p.accept(CommandKind::kCase, Paper::moving(p.bank, p.owner, -5, TransferKind::kRed));
       },
       "red amounts and reversal totals do not go together"},
      {"a voucher is red",
       [](Paper& p) {
         p.accept(CommandKind::kVoucher, Paper::moving(p.bank, p.owner, -5, TransferKind::kRed));
       },
       "red and reversal do not go together"},
      {"money moves against a freeze",
       [](Paper& p) {
         AccountTerms terms;
         terms.frozen_out = true;
         Account account = Paper::account_of(p.bank, "1002", AccountType::kAsset, terms);
         account.version = 2;
         p.set_terms(account);
         p.post(p.bank, p.owner, 1);
         p.post(p.owner, p.bank, 1);
       },
       "journal entry 11: money moves on 1002 (account 1) against its freeze"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Paper p;
    row.plant(p);
    CHECK_THAT(p.fault_of_journal(), Contains(row.fault));
  }
}

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
         p.document(DocumentKind::kOrder, "P1", 1, true, order_bytes(OrderState::kPaid));
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
         p.document(DocumentKind::kOrder, "P1", 1, true, order_bytes(OrderState::kPaid));
         p.document(DocumentKind::kRefund, "R1", 1, true, refund_bytes(RefundState::kCreated));
       },
       "counts 0 refunded and 0 under way, its refunds 0 and 40"},
      {"a refund has no order",
       [](Paper& p) {
         p.document(DocumentKind::kRefund, "R1", 1, true, refund_bytes(RefundState::kFailed));
       },
       "is of order P1, which does not exist"},
      {"a refund leaves its final state",
       [](Paper& p) {
         p.document(DocumentKind::kOrder, "P1", 1, true, order_bytes(OrderState::kPaid));
         p.document(DocumentKind::kRefund, "R1", 1, false, refund_bytes(RefundState::kFailed));
         p.document(DocumentKind::kRefund, "R1", 2, true, refund_bytes(RefundState::kProcessing));
       },
       "refund R1 goes from state 3 to 1"},
      {"a payout leaves its final state",
       [](Paper& p) {
         p.document(DocumentKind::kPayout, "T1", 1, true, payout_bytes(PayoutState::kReturned));
         p.document(DocumentKind::kPayout, "T1", 2, true, payout_bytes(PayoutState::kSucceeded));
       },
       "payout T1 goes from state 4 to 2"},
      {"a payout changes its amount",
       [](Paper& p) {
         p.document(DocumentKind::kPayout, "T1", 1, true, payout_bytes(PayoutState::kCreated));
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

TEST_CASE("verify: a fault in the journal's order and identity is found") {
  SECTION("an id is claimed twice") {
    Paper p;
    p.accept(CommandKind::kVoucher, Paper::moving(p.bank, p.owner, 1), Paper::key(3));
    CHECK_THAT(p.fault_of_journal(),
               Contains("journal entry 9: its id was claimed before, by entry 4"));
  }
  SECTION("an id is claimed twice, in two blocks") {
    Paper p;
    p.seal();
    p.accept(CommandKind::kVoucher, Paper::moving(p.bank, p.owner, 1), Paper::key(3));
    CHECK_THAT(p.fault_of_journal(), Contains("its id was claimed before, by entry 4"));
  }
  SECTION("a voucher number is left out") {
    Paper p;
    ++p.stamper.voucher_numbers[{202603, 0}];
    p.post(p.bank, p.owner, 1);
    CHECK_THAT(p.fault_of_journal(),
               Contains("voucher number 3 of month 202603 and type 0 follows number 1"));
  }
  SECTION("a timestamp does not rise") {
    Paper p;
    p.stamper.last_timestamp = Timestamp{0};
    p.accept(CommandKind::kVoucher, Paper::moving(p.bank, p.owner, 1), Paper::key(100));
    p.seal([](std::string& bytes) {
      poke(bytes, Paper::at(8, offsetof(Record, timestamp_ns)), std::int64_t{7'000});
      poke(bytes, 48 - 8, std::int64_t{7'000});
    });
    CHECK_THAT(p.fault(), Contains("journal entry 9: its timestamp does not rise"));
  }
  SECTION("a header names another last timestamp") {
    Paper p;
    p.seal([](std::string& bytes) { poke(bytes, 48 - 8, std::int64_t{77'000}); });
    CHECK_THAT(p.fault(), Contains("its header names another last timestamp"));
  }
  SECTION("a refusal moves money") {
    Paper p;
    p.post(p.bank, p.owner, 1);
    p.seal([](std::string& bytes) {
      poke(bytes, Paper::at(8, offsetof(Record, refusal)),
           static_cast<std::uint16_t>(RefusalCode::kPeriodClosed));
    });
    CHECK_THAT(p.fault(), Contains("journal entry 9: a refusal moves money"));
  }
  SECTION("a refusal changes something") {
    Paper p;
    p.document(DocumentKind::kMerchant, "M1", 1, true, "{}");
    p.seal([](std::string& bytes) {
      poke(bytes, Paper::at(8, offsetof(Record, refusal)),
           static_cast<std::uint16_t>(RefusalCode::kPeriodClosed));
    });
    CHECK_THAT(p.fault(), Contains("journal entry 9: a refusal changes something"));
  }
  SECTION("the chain breaks") {
    Paper p;
    p.seal();
    p.post(p.bank, p.owner, 1);
    p.seal([](std::string& bytes) { bytes[50] = static_cast<char>(bytes[50] ^ 1); });
    CHECK_THAT(p.fault(), Contains("journal block at 9: the chain breaks"));
  }
  SECTION("an earlier block is exchanged for another that adds up") {
    Paper p;
    p.seal();
    p.post(p.bank, p.owner, 1);
    p.seal();
    std::string first = p.get(Table::kJournal, big_endian(1));
    poke(first, Paper::at(7, offsetof(Record, amount)), std::int64_t{2'000});
    first.resize(first.size() - 4);
    const std::uint32_t crc = crc32c(first);
    first.append(reinterpret_cast<const char*>(&crc), 4);
    p.put(Table::kJournal, big_endian(1), first);
    CHECK_THAT(p.fault(), Contains("journal block at 9: the chain breaks"));
  }
  SECTION("every flipped byte of a block is found") {
    Paper p;
    p.hold();
    p.seal();
    const std::string whole = p.get(Table::kJournal, big_endian(1));
    for (std::size_t i = 0; i < whole.size(); i += 7) {
      std::string damaged = whole;
      damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
      p.put(Table::kJournal, big_endian(1), damaged);
      auto report = verify(p.store, Outside{p.head, {}});
      // A flipped version number reads as a newer format, which is an error of its own.
      if (report)
        CHECK_THAT(report.value().first_fault, Contains("journal block at 1: "));
      else
        CHECK(report.error().code == Errc::kUnsupported);
    }
  }
  SECTION("a block is missing") {
    Paper p;
    p.seal();
    p.post(p.bank, p.owner, 1);
    p.seal();
    p.post(p.bank, p.owner, 1);
    p.seal();
    p.put(Table::kJournal, big_endian(9), std::nullopt);
    CHECK_THAT(p.fault(), Contains("journal block at 10: it follows entry 8"));
  }
  SECTION("the journal was cut before its head") {
    Paper p;
    p.seal();
    p.post(p.bank, p.owner, 1);
    p.seal();
    p.put(Table::kJournal, big_endian(9), std::nullopt);
    CHECK_THAT(p.fault(), Contains("the journal ends at 8, before the head 9"));
  }
  SECTION("the journal's last block is another than the head's") {
    Paper p;
    p.seal();
    p.head.hash[0] ^= 1;
    CHECK_THAT(p.fault(), Contains("it is not the one that the head file names"));
  }
  SECTION("the head is not the end of a block") {
    Paper p;
    p.seal();
    p.head.seq = 5;
    CHECK_THAT(p.fault(), Contains("the head 5 is not the end of a journal block"));
  }
  SECTION("the head file is missing") {
    Paper p;
    p.seal();
    const auto report = verify(p.store, Outside{});
    REQUIRE(report);
    CHECK_THAT(report.value().first_fault, Contains("the head file is missing"));
  }
}

TEST_CASE("verify: a book is opened once, by its first entry") {
  ChangeSet opening = Paper::on(Paper::kToday);
  opening.book = BookChange{Paper::kToday, Paper::kToday.plus_days(-1)};
  Paper p;
  p.accept(CommandKind::kOpenBook, opening);
  CHECK_THAT(p.fault_of_journal(), Contains("journal entry 9: the book is opened again"));
}

TEST_CASE("verify: a journal without an opening tells its first day by its first command") {
  BlockBuilder builder;
  Stamper stamper;
  const Content content;
  ChangeSet accounts = Paper::on(Paper::kToday);
  accounts.accounts = {Paper::account_of(AccountId{1}, "1002", AccountType::kAsset, {}),
                       Paper::account_of(AccountId{2}, "2101", AccountType::kLiability, {})};
  builder.accept({Paper::key(1), CommandKind::kMerchant, &content, nullptr, Timestamp{1}}, accounts,
                 stamper);
  ChangeSet voucher = Paper::moving(AccountId{1}, AccountId{2}, 5);
  const auto judge = [&](Date date) {
    BlockBuilder block = builder;
    Stamper next = stamper;
    voucher.date = date;
    block.accept({Paper::key(2), CommandKind::kVoucher, &content, nullptr, Timestamp{2}}, voucher,
                 next);
    MemoryStore store;
    const std::string bytes = block.seal({});
    REQUIRE(store.write({{Table::kJournal, big_endian(1), bytes}}, Durability::kSynced));
    const auto report = verify(store, Outside{Head{2, Block::parse(bytes).value()->hash()}, {}});
    REQUIRE(report);
    return report.value().first_fault;
  };
  CHECK(judge(Paper::kToday) == "");
  CHECK_THAT(judge(Paper::kToday.plus_days(1)), Contains("later than the open day"));
  CHECK_THAT(judge(Paper::kToday.plus_days(-1)), Contains("in a period closed"));
}

TEST_CASE("verify: accounts that cannot be are found") {
  const auto planted = [](const std::function<void(Account&)>& change) {
    Paper p;
    Account account = Paper::account_of(AccountId{6}, "9", AccountType::kAsset, {});
    change(account);
    ChangeSet changes = Paper::on(Paper::kToday);
    changes.accounts.push_back(account);
    p.accept(CommandKind::kOpenAccount, changes);
    return p.fault_of_journal();
  };
  CHECK(planted([](Account&) {}) == "none");
  const auto impossible = Contains("9 (account 6) is of an impossible kind");
  CHECK_THAT(planted([](Account& a) { a.type = AccountType{6}; }), impossible);
  CHECK_THAT(planted([](Account& a) { a.normal = Side{2}; }), impossible);
  CHECK_THAT(planted([](Account& a) { a.currency = Currency{1}; }), impossible);
  CHECK_THAT(planted([](Account& a) { a.terms.limit = LimitKind{3}; }), impossible);
  CHECK_THAT(planted([](Account& a) { a.terms.credit_line = -1; }), impossible);
}

TEST_CASE("verify: two ids of one fingerprint are two ids") {
  // The fingerprint is a mix of the caller and both halves, so another half makes up for the first.
  const std::uint64_t caller = mix64(Paper::kCaller.value + 0x5851f42d4c957f2dULL);
  const ClaimKey one{Id128{10, 20}, Paper::kCaller};
  const ClaimKey two{Id128{11, 20 + mix64(10 + caller) - mix64(11 + caller)}, Paper::kCaller};
  IdPrints ids;
  ids.add(one);
  REQUIRE(ids.find(two) == std::vector<std::uint64_t>{1});  // they do collide
  Paper p;
  p.accept(CommandKind::kVoucher, Paper::moving(p.bank, p.owner, 1), one);
  p.accept(CommandKind::kVoucher, Paper::moving(p.bank, p.owner, 1), two);
  p.seal();
  p.project();
  CHECK(p.fault() == "none");
  p.accept(CommandKind::kVoucher, Paper::moving(p.bank, p.owner, 1), two);
  CHECK_THAT(p.fault_of_journal(), Contains("its id was claimed before, by entry 10"));
}

namespace {

// A chart of one leaf, "6001" by merchant. It takes effect over what is opened from then on.
void chart(Paper& p, bool enforced = true) {
  p.document(DocumentKind::kChart, "chart", 1, true, encode(Chart{"small", enforced}));
}
Subject leaf(std::string code, std::vector<std::string> dimensions = {}) {
  return Subject{std::move(code),       "收入", AccountType::kIncome, Side::kCredit, true,
                 std::move(dimensions), "4103"};
}
void subject(Paper& p, const Subject& s, std::uint32_t version = 1) {
  p.document(DocumentKind::kSubject, s.code, version, true, encode(s));
}

}  // namespace

TEST_CASE("verify: an account or a subject that the chart has no room for is found") {
  struct Row {
    const char* what;
    std::function<void(Paper&)> plant;
    const char* fault;
  };
  Subject group = leaf("6002");
  group.leaf = false;
  group.closes_into.clear();
  const Row rows[] = {
      {"an account under no subject", [](Paper& p) { p.open("6003/M1", AccountType::kIncome); },
       "6003/M1 (account 7) lies under no subject"},
      {"an account without its dimension", [](Paper& p) { p.open("6001", AccountType::kIncome); },
       "6001 (account 7) has 0 dimensions, its subject 1"},
      {"an account below its dimensions",
       [](Paper& p) { p.open("6001/M1/x", AccountType::kIncome); },
       "6001/M1/x (account 7) has 2 dimensions, its subject 1"},
      {"an account on a group", [](Paper& p) { p.open("6002", AccountType::kIncome); },
       "6002 (account 7) stands on a group"},
      {"an account of another type", [](Paper& p) { p.open("6001/M1", AccountType::kExpense); },
       "6001/M1 (account 7) is of another kind than its subject"},
      {"income in a currency that is not the book's",
       [](Paper& p) { p.open("6001/M1", AccountType::kIncome, {}, Currency::kUSD); },
       "6001/M1 (account 7) is in USD, in which no year's end carries it"},
      {"a subject that changed", [](Paper& p) { subject(p, leaf("6001"), 2); },
       "subject 6001 changed"},
      {"a subject under a leaf", [](Paper& p) { subject(p, leaf("6001/1")); },
       "subject 6001/1 lies in no group"},
      {"a subject in no group", [](Paper& p) { subject(p, leaf("6009/1")); },
       "subject 6009/1 lies in no group"},
      {"income that closes into nothing",
       [](Paper& p) {
         Subject s = leaf("6004");
         s.closes_into.clear();
         subject(p, s);
       },
       "subject 6004 of income or expense closes into nothing"},
      {"a subject that does not decode",
       [](Paper& p) { p.document(DocumentKind::kSubject, "6004", 1, true, "?"); },
       "subject 6004 does not decode"},
      {"a subject under another key",
       [](Paper& p) { p.document(DocumentKind::kSubject, "6004", 1, true, encode(leaf("6005"))); },
       "subject 6004 does not decode"},
      {"a chart that is given up",
       [](Paper& p) {
         p.document(DocumentKind::kChart, "chart", 2, true, encode(Chart{"free", false}));
       },
       "the chart becomes free, and was enforced"},
      {"a chart that does not decode",
       [](Paper& p) { p.document(DocumentKind::kChart, "other", 1, true, "?"); },
       "a chart does not decode"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Paper p;
    chart(p);
    subject(p, leaf("6001", {"merchant"}));
    subject(p, group);
    p.open("6001/M0", AccountType::kIncome);
    row.plant(p);
    CHECK_THAT(p.fault_of_journal(), Contains(row.fault));
  }
  Paper free;
  chart(free, false);
  subject(free, leaf("6001"));
  CHECK_THAT(free.fault_of_journal(), Contains("subject 6001 in a chart that is free"));
}

namespace {

// A year that has ended: a book on paper whose open day is in the next one, with income of 500.
struct PaperYear : Paper {
  AccountId income{6}, profit{7};
  static inline const Date kEnd = *Date::of(2026, 12, 31);
  PaperYear() {
    open("6001", AccountType::kIncome);
    open("4103", AccountType::kEquity);
    post(bank, income, 500);
    days(CommandKind::kDayCut, *Date::of(2027, 1, 4), kToday.plus_days(-1), kToday);
  }
  void days(CommandKind kind, Date open_day, Date closed, Date at) {
    ChangeSet changes = on(at);
    changes.book = BookChange{open_day, closed};
    accept(kind, changes);
  }
  static Document document_of(const YearClose& close, std::uint32_t version) {
    return Document{DocumentKind::kYearClose, "2026", version, true, encode(close)};
  }
  void step(YearCloseState state, std::uint32_t version, bool closes_days = false,
            const char* checker = "乙") {
    ChangeSet changes = on(*Date::of(2027, 1, 4));
    changes.documents.push_back(document_of(
        {2026, state, "甲", state == YearCloseState::kRequested ? "" : checker, 0}, version));
    if (closes_days) changes.book = BookChange{*Date::of(2027, 1, 4), kEnd};
    accept(CommandKind::kYearClose, changes);
  }
  void carry(std::int64_t amount, std::uint32_t version, Date date = kEnd) {
    ChangeSet changes = moving(income, profit, amount);
    changes.date = date;
    changes.documents.push_back(
        document_of({2026, YearCloseState::kCarrying, "甲", "乙", 1}, version));
    accept(CommandKind::kYearClose, changes);
  }
};

}  // namespace

TEST_CASE("verify: a year's end that carries wrong, or out of turn, is found") {
  using State = YearCloseState;
  struct Row {
    const char* what;
    std::function<void(PaperYear&)> plant;
    const char* fault;
  };
  const auto begun = [](PaperYear& p) {
    p.step(State::kRequested, 1);
    p.step(State::kCarrying, 2, true);
  };
  const Row rows[] = {
      {"nothing",
       [&](PaperYear& p) {
         begun(p);
         p.carry(500, 3);
         p.step(State::kClosed, 4);
       },
       "none"},
      {"income that is left behind",
       [&](PaperYear& p) {
         begun(p);
         p.carry(499, 3);
         p.step(State::kClosed, 4);
       },
       "year 2026 is closed while 6001 (account 6) holds -1"},
      {"a request that is rejected and asked for anew",
       [&](PaperYear& p) {
         p.step(State::kRequested, 1);
         p.step(State::kRejected, 2);
         p.step(State::kRequested, 3);
         p.step(State::kCarrying, 4, true);
         p.carry(500, 5);
         p.step(State::kClosed, 6);
       },
       "none"},
      {"a year that is rejected while it carries",
       [&](PaperYear& p) {
         begun(p);
         p.step(State::kRejected, 3);
       },
       "the end of year 2026 goes from state 2 to 4"},
      {"a year that begins although it was rejected",
       [](PaperYear& p) {
         p.step(State::kRequested, 1);
         p.step(State::kRejected, 2);
         p.step(State::kCarrying, 3, true);
       },
       "the end of year 2026 goes from state 4 to 2"},
      {"a year that is rejected by nobody",
       [](PaperYear& p) {
         p.step(State::kRequested, 1);
         p.step(State::kRejected, 2, false, "");
       },
       "year 2026 is rejected by nobody, or in another's name"},
      {"a year that begins unasked", [](PaperYear& p) { p.step(State::kCarrying, 1, true); },
       "the end of year 2026 goes from state 0 to 2"},
      {"a year that is closed by one",
       [](PaperYear& p) {
         p.step(State::kRequested, 1);
         p.step(State::kCarrying, 2, true, "甲");
       },
       "year 2026 is not closed by two"},
      {"a year that carries before its days are closed",
       [](PaperYear& p) {
         p.step(State::kRequested, 1);
         p.step(State::kCarrying, 2, false);
         p.carry(500, 3);
       },
       "a year's end moves money on 2026-12-31 and carries no year of that end"},
      {"a carry dated another day",
       [&](PaperYear& p) {
         begun(p);
         p.carry(500, 3, *Date::of(2026, 12, 30));
       },
       "a year's end moves money on 2026-12-30 and carries no year of that end"},
      {"a carry after the year is closed",
       [&](PaperYear& p) {
         begun(p);
         p.carry(500, 3);
         p.step(State::kClosed, 4);
         p.carry(1, 5);
       },
       "a year's end moves money on 2026-12-31 and carries no year of that end"},
      {"another command into the closed year",
       [&](PaperYear& p) {
         begun(p);
         ChangeSet changes = Paper::moving(p.income, p.profit, 500);
         changes.date = PaperYear::kEnd;
         p.accept(CommandKind::kCase, changes);
       },
       "in a period closed through 2026-12-31"},
      {"a later period that closes while the year is carried",
       [&](PaperYear& p) {
         begun(p);
         p.carry(500, 3);
         p.days(CommandKind::kPeriodClose, *Date::of(2027, 1, 4), *Date::of(2027, 1, 2),
                *Date::of(2027, 1, 4));
         p.step(State::kClosed, 4);
       },
       "year 2026 is closed while its days are not"},
      {"a year that ends by another command",
       [](PaperYear& p) {
         p.document(DocumentKind::kYearClose, "2026", 1, true,
                    encode(YearClose{2026, State::kRequested, "甲", "", 0}));
       },
       "year 2026 ends by another command"},
      {"a year under another's key",
       [](PaperYear& p) {
         p.document(DocumentKind::kYearClose, "2025", 1, true,
                    encode(YearClose{2026, State::kRequested, "甲", "", 0}));
       },
       "the end of year 2025 does not decode"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    PaperYear p;
    row.plant(p);
    CHECK_THAT(p.fault_of_journal(), Contains(row.fault));
  }
}
