// The book in memory: accounts, balances, resident documents, open holds by their time. Planning
// keeps one ahead of what is durable (several shards only its accounts and days, see
// engine/slices.h); a second one follows durable blocks and answers reads; recovery fills both by
// the same apply().
//
// Not thread-safe: each instance has one owner, or a lock around it.
#pragma once
#include <functional>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "ledger/core/document_table.h"
#include "ledger/core/hold_expiries.h"
#include "ledger/core/view.h"

namespace suanpan {

class State final : public View {
 public:
  /// Finds a document that is not resident; null if there is none. Must not fail: a store that
  /// cannot read stops the process.
  using ColdDocuments = std::function<DocumentPtr(DocumentKind, std::string_view key)>;

  explicit State(BookState book, ColdDocuments cold = nullptr);

  const BookState& book() const override { return book_; }
  const Account* account(AccountId id) const override {
    return id.value == 0 || id.value > accounts_.size() ? nullptr : &accounts_[id.value - 1];
  }
  const Account* account(std::string_view code) const override;
  const Balance& balance(AccountId id) const override { return balances_[id.value - 1]; }
  DocumentPtr document(DocumentKind kind, std::string_view key) const override;
  DocumentPtr resident_document(DocumentKind kind, std::string_view key) const override;
  void for_each_open(DocumentKind kind,
                     const std::function<void(const DocumentPtr&)>& each) const override;
  /// Fetches from memory what a leg will look at of one of its accounts.
  void prefetch(AccountId id) const {
    if (!account(id)) return;
    __builtin_prefetch(&balances_[id.value - 1], 1);
    __builtin_prefetch(&accounts_[id.value - 1].type);
    __builtin_prefetch(&accounts_[id.value - 1]);
  }

  /// The same for documents of one kind, a few dozen at once (DocumentTable::kAtOnce).
  void prefetch(DocumentKind kind, std::span<const std::string_view> keys) const;

  /// Takes an accepted change set over. CHECKs what invariants have made sure of.
  void apply(const ChangeSet& changes);
  /// Parts of it, for readers of blocks.
  void apply_transfer(const Transfer& transfer);
  void apply_account(const Account& account);
  void apply_document(DocumentPtr document);
  void apply_book(const BookChange& change);

  /// Loading a projection.
  void load_account(const Account& account, const Balance& balance);

  /// Forgets a finished document that is stored elsewhere by now, if it is still at that version.
  void evict(DocumentKind kind, const std::string& key, std::uint32_t version);
  void evict(std::span<const DocumentPtr> finished);

  const std::vector<Account>& accounts() const { return accounts_; }
  /// Resident documents of a kind that are open, sorted by key.
  std::vector<DocumentPtr> open_documents(DocumentKind kind) const;
  /// Open holds that a caller's commands made.
  std::uint64_t open_holds_of(CallerId caller) const;
  /// Open holds whose time has come, earliest first; at most `limit`.
  std::vector<ClaimKey> due_holds(Timestamp now, std::size_t limit) const {
    return expiries_.due(now, limit);
  }

 private:
  template <class V>
  using ByName = std::unordered_map<std::string, V, KeyedHash, std::equal_to<>>;

  void count_hold(const Document& hold, bool was_open);

  BookState book_;
  ColdDocuments cold_;
  std::vector<Account> accounts_;  // by id - 1
  std::vector<Balance> balances_;  // by id - 1
  ByName<AccountId> by_code_;
  std::map<DocumentKind, DocumentTable> documents_;
  HoldExpiries expiries_;
  std::unordered_map<std::uint32_t, std::uint64_t> open_holds_;  // by caller
};

}  // namespace suanpan
