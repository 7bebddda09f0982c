// Every rule of the journal: a planted fault in blocks that are sealed again is found and placed.
// Here what the journal itself promises: money, order, identity, days. What commands do besides is
// in audit_documents_test.cc, audit_chart_test.cc, audit_year_test.cc and their neighbours.
#include "ledger/engine/audit.h"

#include "tests/ledger/engine/paper_book.h"

using namespace suanpan;
using test::order_bytes;
using test::Paper;
using test::poke;

namespace {

using Catch::Matchers::Contains;

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
  p.pay_order(3);
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
  // Its step is a product of the two halves, each under a word of the key: who knows the key
  // changes places.
  const std::uint64_t both = kHashKey.words[0] ^ kHashKey.words[1];
  const ClaimKey one{Id128{10, 20}, Paper::kCaller};
  const ClaimKey two{Id128{20 ^ both, 10 ^ both}, Paper::kCaller};
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
