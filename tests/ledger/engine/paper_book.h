// A book on paper: commands go straight into blocks, so that anything can be written down, also
// what no planner would plan. Blocks are sealed as one chain, and the real projections are fed, so
// that only the planted fault is there to be found.
#pragma once
#include <catch2/catch.hpp>
#include <cstring>

#include "ledger/core/hold.h"
#include "ledger/core/order.h"
#include "ledger/core/reversal_totals.h"
#include "ledger/core/terms_history.h"
#include "ledger/engine/verify.h"
#include "ledger/store/account_projection.h"
#include "ledger/store/business_key_projection.h"
#include "ledger/store/document_projection.h"
#include "ledger/store/id_projection.h"
#include "tests/support/memory_store.h"

namespace suanpan::test {

class Paper {
 public:
  static constexpr CallerId kCaller{100};
  AccountId bank{1}, owner{2}, dollars{3}, shut{4}, owed_dollars{5};

  Paper() {
    const Content content{{"first_date", kToday.iso()}, {"currency", "CNY"}};
    ChangeSet opening = on(kToday);
    opening.book = BookChange{kToday, kToday.plus_days(-1)};
    builder_.accept(
        {{Id128{9, 9}, kSystemCaller}, CommandKind::kOpenBook, &content, nullptr, Timestamp{500}},
        opening, stamper);
    open("1002", AccountType::kAsset);
    open("2101/a", AccountType::kLiability, AccountTerms{LimitKind::kNotBelowZero});
    open("1002/usd", AccountType::kAsset, {}, Currency::kUSD);
    AccountTerms closed;
    open("2101/shut", AccountType::kLiability);
    closed.closed = true;
    Account account = account_of(shut, "2101/shut", AccountType::kLiability, closed);
    account.version = 2;
    set_terms(account);
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
  void accept(CommandKind kind, const ChangeSet& changes, ClaimKey id = {}, bool linked = false) {
    builder_.accept(envelope(kind, id, linked), changes, stamper);
  }
  void refuse(CommandKind kind, RefusalCode code, const std::string& detail, bool linked) {
    builder_.refuse(envelope(kind, {}, linked), Refusal{code, detail}, kToday, stamper);
  }
  /// Changes an account whose terms were none, with its history.
  void set_terms(const Account& after) {
    Account before = after;
    before.terms = {};
    ChangeSet changes = on(kToday);
    changes.accounts.push_back(after);
    changes.documents.push_back(
        terms_change_of(before, after, key(next_id_ + 1),
                        Timestamp{static_cast<std::int64_t>(next_id_ + 1) * 1'000}));
    accept(CommandKind::kSetTerms, changes);
  }
  void post(AccountId debit, AccountId credit, std::int64_t amount) {
    accept(CommandKind::kVoucher, moving(debit, credit, amount));
  }
  static Document hold_document(ClaimKey hold, std::uint32_t version, HoldState state,
                                std::vector<HoldLeg> legs, Timestamp expires = {}) {
    Hold h;
    h.state = state;
    h.expires_at = expires;
    h.legs.assign(legs.begin(), legs.end());
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

  /// One command with legs and documents.
  void together(CommandKind kind, std::vector<Transfer> legs, DocumentChanges documents) {
    ChangeSet changes = on(kToday);
    for (const Transfer& leg : legs) changes.transfers.push_back(leg);
    changes.documents = std::move(documents);
    accept(kind, changes);
  }
  /// Order P1 (order_bytes) is paid.
  void pay_order(std::uint32_t version);

  /// Lets `change` edit the sealed bytes of the block, then makes the checksum fit again.
  using Edit = std::function<void(std::string&)>;
  void seal(const Edit& change = nullptr) {
    std::string bytes = builder_.seal(last_hash_, BlockForm::kPlain);  // records in place
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

  /// Stores the projections of everything sealed so far.
  void project() {
    AccountProjection accounts(store);
    DocumentProjection documents(store);
    IdProjection ids(store);
    BusinessKeyProjection keys(store);
    for (Projection* p : std::initializer_list<Projection*>{&accounts, &documents, &ids, &keys}) {
      for (const BlockPtr& block : blocks_) p->feed(block);
      p->freeze();
    }
    REQUIRE(store_frozen(store, {&accounts, &documents, &ids, &keys}));
  }
  std::string fault() const {
    const auto report = verify(store, Outside{head, {}});
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
  Content content;  ///< of what is written down from now on

 private:
  CommandEnvelope envelope(CommandKind kind, ClaimKey id, bool linked) {
    if (id.id.is_zero()) id = key(++next_id_);
    return {id,    kind, &content, nullptr, Timestamp{static_cast<std::int64_t>(next_id_) * 1'000},
            linked};
  }

  BlockBuilder builder_;
  std::vector<BlockPtr> blocks_;
  Sha256 last_hash_{};
  std::uint64_t next_id_ = 0;
  std::uint32_t accounts_ = 0;
};

template <class T>
void poke(std::string& bytes, std::size_t at, T value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

/// An order as its document says it: all of it is the owner's.
inline std::string order_bytes(OrderState state, std::int64_t amount = 100,
                               std::int64_t refunded = 0) {
  Order order;
  order.order_id = std::string("P1");
  order.amount = Money{amount, Currency::kCNY};
  order.state = state;
  order.refunded = refunded;
  order.lines = {{"", "2101/a", amount}};
  return encode(order);
}

inline void Paper::pay_order(std::uint32_t version) {
  together(CommandKind::kOrderEvent, {{bank, owner, 100, TransferKind::kPosted}},
           {Document{DocumentKind::kOrder, "P1", version, true, order_bytes(OrderState::kPaid)}});
}

}  // namespace suanpan::test
