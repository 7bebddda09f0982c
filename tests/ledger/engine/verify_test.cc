// A sound book passes; every planted fault is found, named and placed.
#include "ledger/engine/verify.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "ledger/base/bytes.h"
#include "ledger/core/hold.h"
#include "ledger/core/plan_reversal.h"
#include "ledger/store/account_projection.h"
#include "ledger/store/document_projection.h"
#include "ledger/store/id_projection.h"
#include "ledger/store/memory_store.h"
#include "ledger/store/rocks_store.h"
#include "tests/ledger/engine/random_book.h"

using namespace suanpan;

namespace {

using Catch::Matchers::Contains;

VerifyReport judged(const std::filesystem::path& folder) {
  auto report = verify(folder);
  if (!report) FAIL(report.error().message);
  return report.value();
}

void require_sound(const std::filesystem::path& folder) {
  const VerifyReport report = judged(folder);
  INFO(report.first_fault);
  REQUIRE(report.ok);
}

}  // namespace

TEST_CASE("verify: random books pass, across restarts") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    INFO("seed " << seed);
    test::RandomBook random(seed);
    for (int round = 0; round < 3; ++round) {
      random.run(200);
      random.close();
      require_sound(random.folder());
      random.open();
    }
    random.close();
    const VerifyReport report = judged(random.folder());
    CHECK(report.counters.commands > 400);
    CHECK(report.counters.reversals > 5);
    CHECK(report.counters.refusals > 5);
    CHECK(report.counters.documents > 50);
  }
}

TEST_CASE("verify: a book copied while it runs passes, its projections behind the journal") {
  test::RandomBook random(7, 150);
  test::TempFolder copies;
  int taken = 0;
  for (int round = 0; round < 5; ++round) {
    random.run(60);
    // What a crash would leave: the head first, because it may not be ahead of the journal.
    const auto copy = copies.path() / std::to_string(++taken);
    std::filesystem::create_directories(copy);
    std::filesystem::copy_file(random.folder() / "head", copy / "head");
    std::filesystem::copy(random.folder() / "db", copy / "db");
    std::filesystem::remove(copy / "db" / "LOCK");
    require_sound(copy);
  }
}

TEST_CASE("verify: a book that was never closed passes before and after recovery") {
  test::RandomBook random(11, 1'000'000);  // nothing is ever stored but the journal
  random.run(80);
  test::TempFolder copy;
  std::filesystem::copy_file(random.folder() / "head", copy.path() / "head");
  std::filesystem::copy(random.folder() / "db", copy.path() / "db");
  require_sound(copy.path());
  const Date first = *Date::of(2026, 1, 5);
  ManualClock clock(Timestamp::of_cn(first, 9, 0, 0));
  {
    BookOptions options;
    options.folder = copy.path();
    options.first_date = first;
    REQUIRE(Book::open(options, clock));
  }
  require_sound(copy.path());
}

TEST_CASE("verify: a folder without a book is an error, not a fault") {
  test::TempFolder empty;
  const auto report = verify(empty.path());
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Errc::kNotFound);
}

namespace {

// A book on paper: commands go straight into blocks, so that anything can be written down, also
// what no planner would plan. Blocks are sealed as one chain, and the real projections are fed, so
// only the planted fault is there to be found.
class Paper {
 public:
  static constexpr CallerId kCaller{100};
  AccountId bank{1}, owner{2}, dollars{3}, shut{4}, owed_dollars{5};

  Paper() {
    open("1002", AccountType::kAsset);
    open("2101/a", AccountType::kLiability, AccountTerms{LimitKind::kNotBelowZero});
    open("1002/usd", AccountType::kAsset, {}, Currency::kUSD);
    AccountTerms closed;
    open("2101/shut", AccountType::kLiability);
    closed.closed = true;
    Account account = account_of(shut, "2101/shut", AccountType::kLiability, closed);
    account.version = 2;
    ChangeSet changes = on(kToday);
    changes.accounts.push_back(account);
    accept(CommandKind::kSetTerms, changes);
    open("2101/usd", AccountType::kLiability, {}, Currency::kUSD);
    post(bank, owner, 1'000);
  }

  static inline const Date kToday = *Date::of(2026, 3, 4);
  static ClaimKey key(std::uint64_t n) { return {Id128{1, n}, kCaller}; }
  ClaimKey last_key() const { return key(next_id_); }
  std::uint64_t last_seq() const { return stamper.next_seq - 1; }

  static ChangeSet on(Date date) {
    ChangeSet changes;
    changes.date = date;
    return changes;
  }
  static ChangeSet moving(AccountId debit, AccountId credit, std::int64_t amount,
                          TransferKind kind = TransferKind::kPosted) {
    ChangeSet changes = on(kToday);
    changes.transfers.push_back(Transfer{debit, credit, amount, kind});
    return changes;
  }
  static Account account_of(AccountId id, std::string code, AccountType type, AccountTerms terms,
                            Currency currency = Currency::kCNY) {
    Account account;
    account.id = id;
    account.code = std::move(code);
    account.type = type;
    account.normal = normal_side(type);
    account.currency = currency;
    account.terms = terms;
    account.version = 1;
    return account;
  }
  void open(std::string code, AccountType type, AccountTerms terms = {},
            Currency currency = Currency::kCNY) {
    ChangeSet changes = on(kToday);
    changes.accounts.push_back(
        account_of(AccountId{++accounts_}, std::move(code), type, terms, currency));
    accept(CommandKind::kOpenAccount, changes);
  }
  void accept(CommandKind kind, const ChangeSet& changes, ClaimKey id = {}) {
    if (id.id.is_zero()) id = key(++next_id_);
    const Content content;
    const CommandEnvelope envelope{id, kind, &content, nullptr,
                                   Timestamp{static_cast<std::int64_t>(next_id_) * 1'000}};
    builder_.accept(envelope, changes, stamper);
  }
  void post(AccountId debit, AccountId credit, std::int64_t amount) {
    accept(CommandKind::kVoucher, moving(debit, credit, amount));
  }
  static Document hold_document(ClaimKey hold, std::uint32_t version, HoldState state,
                                std::vector<HoldLeg> legs, Timestamp expires = {}) {
    Hold h;
    h.state = state;
    h.expires_at = expires;
    h.legs = std::move(legs);
    return Document{DocumentKind::kHold, hold.bytes(), version, state == HoldState::kOpen,
                    encode(h)};
  }
  /// Reserves 100 from owner to bank under key 500.
  void hold(Timestamp expires = {}) {
    ChangeSet changes = moving(owner, bank, 100, TransferKind::kPending);
    changes.documents.push_back(
        hold_document(key(500), 1, HoldState::kOpen, {{owner, bank, 100, 100}}, expires));
    accept(CommandKind::kVoucher, changes, key(500));
  }
  void use_hold(CommandKind command, TransferKind kind, std::int64_t amount, std::int64_t remaining,
                HoldState state, Timestamp expires = {}, std::uint32_t version = 2) {
    ChangeSet changes = moving(owner, bank, amount, kind);
    changes.ref = key(500);
    changes.documents.push_back(
        hold_document(key(500), version, state, {{owner, bank, 100, remaining}}, expires));
    accept(command, changes);
  }
  void reverse(ClaimKey original, std::int64_t amount, std::int64_t total, std::uint32_t version) {
    ChangeSet changes = moving(bank, owner, -amount, TransferKind::kRed);
    changes.ref = original;
    changes.documents.push_back(Document{DocumentKind::kReversalTotal, original.bytes(), version,
                                         false, encode_reversal_totals({total})});
    accept(CommandKind::kReversal, changes);
  }
  void document(DocumentKind kind, std::string name, std::uint32_t version, bool is_open,
                std::string bytes) {
    ChangeSet changes = on(kToday);
    changes.documents.push_back(Document{kind, std::move(name), version, is_open, bytes});
    accept(CommandKind::kSetting, changes);
  }

  /// Lets `change` edit the sealed bytes of the block, then makes the checksum fit again.
  using Edit = std::function<void(std::string&)>;
  void seal(const Edit& change = nullptr) {
    std::string bytes = builder_.seal(last_hash_);
    if (change) {
      change(bytes);
      bytes.resize(bytes.size() - 4);
      const std::uint32_t crc = crc32c(bytes);
      bytes.append(reinterpret_cast<const char*>(&crc), 4);
    }
    builder_ = BlockBuilder();
    auto block = Block::parse(bytes);
    REQUIRE(block);
    last_hash_ = block.value()->hash();
    REQUIRE(store.write({{Table::kJournal, big_endian(block.value()->first_seq()), bytes}},
                        Durability::kSynced));
    head = Head{block.value()->last_seq(), last_hash_};
    blocks_.push_back(block.value());
  }
  /// Offset of a member of the nth record of a sealed block.
  static std::size_t at(std::size_t record, std::size_t member) {
    return 96 + record * sizeof(Record) + member;
  }

  /// Stores the three projections of everything sealed so far.
  void project() {
    AccountProjection accounts(store);
    DocumentProjection documents(store);
    IdProjection ids(store);
    documents.begin(BookState{kToday, kToday.plus_days(-1), Currency::kCNY, 0});
    for (Projection* p : std::initializer_list<Projection*>{&accounts, &documents, &ids}) {
      for (const BlockPtr& block : blocks_) p->feed(block);
      WriteSet writes;
      p->collect(writes);
      REQUIRE(store.write(writes, Durability::kBackground));
      p->stored();
    }
  }
  std::string fault() const {
    const auto report = verify(store, head);
    if (!report) FAIL(report.error().message);
    return report.value().ok ? std::string("none") : report.value().first_fault;
  }
  /// Seals and judges the journal alone.
  std::string fault_of_journal() {
    seal();
    return fault();
  }
  /// Replaces one row.
  void put(Table table, std::string key, std::optional<std::string> value) {
    REQUIRE(store.write({{table, std::move(key), std::move(value)}}, Durability::kBackground));
  }
  std::string get(Table table, std::string_view key) const {
    auto value = store.get(table, key);
    REQUIRE((value && value.value()));
    return *value.value();
  }

  MemoryStore store;
  Head head;
  Stamper stamper;

 private:
  BlockBuilder builder_;
  std::vector<BlockPtr> blocks_;
  Sha256 last_hash_{};
  std::uint64_t next_id_ = 0;
  std::uint32_t accounts_ = 0;
};

std::string order_bytes(OrderState state, std::int64_t amount = 100, std::int64_t refunded = 0) {
  Order order;
  order.order_id = "P1";
  order.amount = Money{amount, Currency::kCNY};
  order.state = state;
  order.refunded = refunded;
  return encode(order);
}
std::string refund_bytes(RefundState state) {
  Refund refund;
  refund.refund_id = "R1";
  refund.order_id = "P1";
  refund.amount = Money{40, Currency::kCNY};
  refund.state = state;
  return encode(refund);
}
std::string payout_bytes(PayoutState state, std::int64_t amount = 40) {
  Payout payout;
  payout.payout_id = "T1";
  payout.amount = Money{amount, Currency::kCNY};
  payout.state = state;
  return encode(payout);
}

template <class T>
void poke(std::string& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
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
         ChangeSet changes = Paper::on(Paper::kToday);
         changes.accounts.push_back(account);
         p.accept(CommandKind::kSetTerms, changes);
         p.post(p.bank, p.owner, 1);
         p.post(p.owner, p.bank, 1);
       },
       "journal entry 10: money moves on 1002 (account 1) against its freeze"},
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
       "journal entry 10: entry 8 is reversed beyond its amount: 51 of 50"},
      {"a reversal is not counted in full", [&](Paper& p) { p.reverse(original(p), 30, 29, 1); },
       "does not grow by what is reversed"},
      {"a reversal names nothing", [](Paper& p) { p.reverse(Paper::key(77), 30, 30, 1); },
       "which is not in the journal"},
      {"a reversal stands on other accounts",
       [](Paper& p) {
         p.post(p.dollars, p.owed_dollars, 50);
         p.reverse(p.last_key(), 30, 30, 1);
       },
       "does not reverse leg 0 of entry 8 on its own sides"},
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
    ChangeSet changes = Paper::on(Paper::kToday);
    changes.accounts.push_back(account);
    p.accept(CommandKind::kSetTerms, changes);
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
               Contains("journal entry 8: its id was claimed before, by entry 3"));
  }
  SECTION("an id is claimed twice, in two blocks") {
    Paper p;
    p.seal();
    p.accept(CommandKind::kVoucher, Paper::moving(p.bank, p.owner, 1), Paper::key(3));
    CHECK_THAT(p.fault_of_journal(), Contains("its id was claimed before, by entry 3"));
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
      poke(bytes, Paper::at(7, offsetof(Record, timestamp_ns)), std::int64_t{7'000});
      poke(bytes, 48 - 8, std::int64_t{7'000});
    });
    CHECK_THAT(p.fault(), Contains("journal entry 8: its timestamp does not rise"));
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
      poke(bytes, Paper::at(7, offsetof(Record, refusal)),
           static_cast<std::uint16_t>(RefusalCode::kPeriodClosed));
    });
    CHECK_THAT(p.fault(), Contains("journal entry 8: a refusal moves money"));
  }
  SECTION("a refusal changes something") {
    Paper p;
    p.document(DocumentKind::kMerchant, "M1", 1, true, "{}");
    p.seal([](std::string& bytes) {
      poke(bytes, Paper::at(7, offsetof(Record, refusal)),
           static_cast<std::uint16_t>(RefusalCode::kPeriodClosed));
    });
    CHECK_THAT(p.fault(), Contains("journal entry 8: a refusal changes something"));
  }
  SECTION("the chain breaks") {
    Paper p;
    p.seal();
    p.post(p.bank, p.owner, 1);
    p.seal([](std::string& bytes) { bytes[50] = static_cast<char>(bytes[50] ^ 1); });
    CHECK_THAT(p.fault(), Contains("journal block at 8: the chain breaks"));
  }
  SECTION("an earlier block is exchanged for another that adds up") {
    Paper p;
    p.seal();
    p.post(p.bank, p.owner, 1);
    p.seal();
    std::string first = p.get(Table::kJournal, big_endian(1));
    poke(first, Paper::at(6, offsetof(Record, amount)), std::int64_t{2'000});
    first.resize(first.size() - 4);
    const std::uint32_t crc = crc32c(first);
    first.append(reinterpret_cast<const char*>(&crc), 4);
    p.put(Table::kJournal, big_endian(1), first);
    CHECK_THAT(p.fault(), Contains("journal block at 8: the chain breaks"));
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
      auto report = verify(p.store, p.head);
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
    p.put(Table::kJournal, big_endian(8), std::nullopt);
    CHECK_THAT(p.fault(), Contains("journal block at 9: it follows entry 7"));
  }
  SECTION("the journal was cut before its head") {
    Paper p;
    p.seal();
    p.post(p.bank, p.owner, 1);
    p.seal();
    p.put(Table::kJournal, big_endian(8), std::nullopt);
    CHECK_THAT(p.fault(), Contains("the journal ends at 7, before the head 8"));
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
    const auto report = verify(p.store, std::nullopt);
    REQUIRE(report);
    CHECK_THAT(report.value().first_fault, Contains("the head file is missing"));
  }
}

namespace {

// A paper book with everything in the tables, ready to be tampered with.
struct Projected : Paper {
  Projected() {
    hold();
    post(bank, owner, 70);
    document(DocumentKind::kMerchant, "M1", 1, true, "{\"name\":\"甲\"}");
    document(DocumentKind::kFeeSchedule, "F1", 1, false, "{}");
    seal();
    project();
    REQUIRE(fault() == "none");
  }
  void edit_account(std::uint32_t id, const std::function<void(AccountProjection::Row&)>& change) {
    auto row = decode_account_row(get(Table::kAccounts, big_endian(id, 4)));
    REQUIRE(row);
    change(*row);
    put(Table::kAccounts, big_endian(id, 4), encode(*row));
  }
  static std::string entries_key(std::uint64_t seq) {
    return big_endian(1, 4) + big_endian(seq) + big_endian(0, 4);
  }
  void edit_snapshot(const std::function<void(BookSnapshot&)>& change) {
    auto snapshot = decode_book_snapshot(get(Table::kDocuments, kBookSnapshotKey));
    REQUIRE(snapshot);
    change(*snapshot);
    put(Table::kDocuments, kBookSnapshotKey, encode(*snapshot));
  }
};

}  // namespace

TEST_CASE("verify: a wrong row of a projection is found") {
  struct Row {
    const char* what;
    std::function<void(Projected&)> plant;
    const char* fault;
  };
  using Rows = AccountProjection::Row;
  const auto id_pack = [](Projected& p) {
    const auto cursor = p.store.cursor(Table::kIds);
    cursor->seek("");
    return std::pair(std::string(cursor->key()), std::string(cursor->value()));
  };
  const Row rows[] = {
      {"a wrong balance",
       [](Projected& p) { p.edit_account(1, [](Rows& r) { ++r.balance.debits_posted; }); },
       "table accounts: 1002 (account 1): its posted debits are 1071, the journal says 1070"},
      {"a wrong reserved total",
       [](Projected& p) { p.edit_account(2, [](Rows& r) { r.balance.debits_pending = 0; }); },
       "its reserved debits are 0, the journal says 100"},
      {"a wrong red total",
       [](Projected& p) { p.edit_account(2, [](Rows& r) { r.balance.credits_red = -1; }); },
       "its red credits are -1"},
      {"wrong terms",
       [](Projected& p) {
         p.edit_account(2, [](Rows& r) { r.account.terms.limit = LimitKind::kNone; });
       },
       "2101/a (account 2): its terms are not those of the journal"},
      {"a wrong account version",
       [](Projected& p) { p.edit_account(4, [](Rows& r) { r.account.version = 1; }); },
       "its version is 1, the journal says 2"},
      {"a missing account",
       [](Projected& p) { p.put(Table::kAccounts, big_endian(5, 4), std::nullopt); },
       "the row of 2101/usd (account 5) is missing"},
      {"an extra account",
       [](Projected& p) {
         p.put(Table::kAccounts, big_endian(6, 4), p.get(Table::kAccounts, big_endian(5, 4)));
       },
       "a row more than the journal's 5 accounts"},
      {"a wrong entry",
       [](Projected& p) {
         std::string value = p.get(Table::kEntries, Projected::entries_key(7));
         poke(value, sizeof(Entry) + offsetof(Entry, amount), std::int64_t{71});
         p.put(Table::kEntries, Projected::entries_key(7), value);
       },
       "table entries: account 1002 (account 1) has journal entry 9 leg 0 debit of 71 with 2"},
      {"a wrong balance after an entry",
       [](Projected& p) {
         std::string value = p.get(Table::kEntries, Projected::entries_key(7));
         poke(value, offsetof(Entry, balance_after), std::int64_t{999});
         p.put(Table::kEntries, Projected::entries_key(7), value);
       },
       "then 999; the journal says journal entry 7 leg 0 debit of 1000 with 2"},
      {"a missing entry",
       [](Projected& p) {
         std::string value = p.get(Table::kEntries, Projected::entries_key(7));
         p.put(Table::kEntries, Projected::entries_key(7), value.substr(0, sizeof(Entry)));
       },
       "account 1002 (account 1) lacks journal entry 9"},
      {"a missing entry in between",
       [](Projected& p) {
         std::string value = p.get(Table::kEntries, Projected::entries_key(7));
         p.put(Table::kEntries, Projected::entries_key(7), std::nullopt);
         p.put(Table::kEntries, Projected::entries_key(9), value.substr(sizeof(Entry)));
       },
       "the journal says journal entry 7"},
      {"an extra entry",
       [](Projected& p) {
         std::string value = p.get(Table::kEntries, Projected::entries_key(7));
         std::string last = value.substr(sizeof(Entry));
         poke(last, offsetof(Entry, seq), std::uint64_t{10});
         p.put(Table::kEntries, Projected::entries_key(7), value + last);
       },
       "has journal entry 10 leg 0 debit of 70 with 2 on 2026-03-04, then 1070, which is not in "
       "the "
       "journal"},
      {"an extra id",
       [&](Projected& p) {
         auto [key, value] = id_pack(p);
         const std::uint64_t seq = 3;
         value += Paper::key(900).bytes();
         value.append(reinterpret_cast<const char*>(&seq), 8);
         p.put(Table::kIds, key, value);
       },
       "was never claimed"},
      {"a missing id",
       [&](Projected& p) {
         auto [key, value] = id_pack(p);
         p.put(Table::kIds, key, value.substr(0, 28 * 4) + value.substr(28 * 5));
       },
       "the id of journal entry 5 is missing"},
      {"an id that leads elsewhere",
       [&](Projected& p) {
         auto [key, value] = id_pack(p);
         poke(value, 20, std::uint64_t{2});
         p.put(Table::kIds, key, value);
       },
       "leads to entry 2, the journal says 1"},
      {"an id out of order",
       [&](Projected& p) {
         auto [key, value] = id_pack(p);
         p.put(
             Table::kIds, key,
             value.substr(0, 28) + value.substr(56, 28) + value.substr(28, 28) + value.substr(84));
       },
       "is out of order"},
      {"a wrong document",
       [](Projected& p) {
         const std::string key = document_row_key(DocumentKind::kMerchant, "M1");
         std::string value = p.get(Table::kDocuments, key);
         value[value.size() - 3] ^= 1;
         p.put(Table::kDocuments, key, value);
       },
       "the document of kind 7 under \"4d31\" has other content"},
      {"a stale document version",
       [](Projected& p) {
         const std::string key = document_row_key(DocumentKind::kMerchant, "M1");
         std::string value = p.get(Table::kDocuments, key);
         poke(value, 0, std::uint32_t{2});
         p.put(Table::kDocuments, key, value);
       },
       "is at version 2, the journal says 1"},
      {"a missing document",
       [](Projected& p) {
         p.put(Table::kDocuments, document_row_key(DocumentKind::kFeeSchedule, "F1"), std::nullopt);
       },
       "the document of kind 11 under \"4631\" is missing"},
      {"an extra document",
       [](Projected& p) {
         p.put(Table::kDocuments, document_row_key(DocumentKind::kFeeSchedule, "F2"),
               p.get(Table::kDocuments, document_row_key(DocumentKind::kFeeSchedule, "F1")));
       },
       "a document of kind 11 under \"4632\" that is not in the journal"},
      {"a stale open index",
       [](Projected& p) {
         p.put(Table::kDocuments, "\xfe" + document_row_key(DocumentKind::kFeeSchedule, "F1"), "");
       },
       "the open index names a document of kind 11 under \"4631\" that is not open"},
      {"a hole in the open index",
       [](Projected& p) {
         p.put(Table::kDocuments, "\xfe" + document_row_key(DocumentKind::kMerchant, "M1"),
               std::nullopt);
       },
       "the open index lacks the document of kind 7 under \"4d31\""},
      {"a wrong accounting date",
       [](Projected& p) {
         p.edit_snapshot([](BookSnapshot& s) { ++s.book.accounting_date.days; });
       },
       "the book is open on 2026-03-05"},
      {"a wrong voucher counter",
       [](Projected& p) {
         p.edit_snapshot([](BookSnapshot& s) { ++s.stamper.voucher_numbers[{202603, 0}]; });
       },
       "voucher counters"},
      {"a wrong next sequence",
       [](Projected& p) { p.edit_snapshot([](BookSnapshot& s) { ++s.stamper.next_seq; }); },
       "the book goes on at entry 13, the journal at 12"},
      {"a wrong count of accounts",
       [](Projected& p) { p.edit_snapshot([](BookSnapshot& s) { ++s.book.account_count; }); },
       "the book counts 6 accounts, the journal 5"},
      {"the book's own state is gone",
       [](Projected& p) { p.put(Table::kDocuments, kBookSnapshotKey, std::nullopt); },
       "the book's own state is missing"},
      {"a stamp beyond the journal",
       [](Projected& p) { p.put(Table::kIds, kStampKey, big_endian(99)); },
       "table ids reflects the journal up to 99, which is not the end"},
      {"stamps of accounts and entries that differ",
       [](Projected& p) { p.put(Table::kEntries, kStampKey, big_endian(3)); },
       "table accounts reflects the journal up to 11, table entries up to 3"},
      {"rows without a stamp", [](Projected& p) { p.put(Table::kIds, kStampKey, std::nullopt); },
       "table ids: it holds rows and has no stamp"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Projected p;
    row.plant(p);
    CHECK_THAT(p.fault(), Contains(row.fault));
  }
}

TEST_CASE("verify: tampering with a real data directory is found") {
  test::RandomBook random(5);
  random.run(120);
  random.close();
  require_sound(random.folder());
  const auto tamper = [&](const std::function<void(KeyValueStore&)>& change) {
    test::TempFolder copy;
    std::filesystem::copy(random.folder(), copy.path(), std::filesystem::copy_options::recursive);
    {
      auto store = open_rocks(copy.path() / "db", {});
      REQUIRE(store);
      change(*store.value());
      REQUIRE(store.value()->flush());
    }
    return judged(copy.path()).first_fault;
  };
  CHECK_THAT(tamper([](KeyValueStore& store) {
               auto row =
                   decode_account_row(*store.get(Table::kAccounts, big_endian(2, 4)).value());
               row->balance.debits_posted += 1;
               REQUIRE(store.write({{Table::kAccounts, big_endian(2, 4), encode(*row)}},
                                   Durability::kSynced));
             }),
             Contains("table accounts: 1002 (account 2): its posted debits"));
  CHECK_THAT(tamper([](KeyValueStore& store) {
               const auto cursor = store.cursor(Table::kJournal);
               cursor->seek_to_last();
               REQUIRE(store.write({{Table::kJournal, std::string(cursor->key()), std::nullopt}},
                                   Durability::kSynced));
             }),
             Contains("before the head"));
  // A byte on the disk itself.
  test::TempFolder copy;
  std::filesystem::copy(random.folder(), copy.path(), std::filesystem::copy_options::recursive);
  std::filesystem::path largest;
  for (const auto& entry : std::filesystem::directory_iterator(copy.path() / "db"))
    if (entry.path().extension() == ".sst" &&
        (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)))
      largest = entry.path();
  REQUIRE_FALSE(largest.empty());
  std::FILE* file = std::fopen(largest.c_str(), "r+b");
  REQUIRE(file);
  std::fseek(file, 100, SEEK_SET);
  const int byte = std::fgetc(file);
  std::fseek(file, 100, SEEK_SET);
  std::fputc(byte ^ 0x40, file);
  std::fclose(file);
  CHECK_FALSE(judged(copy.path()).ok);
}
