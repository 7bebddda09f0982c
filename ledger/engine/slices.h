// The accounts of a book that several shards plan over.
//
// A book has 1,024 slots; a slot belongs to a shard. An ordinary account lives in the shard of its
// slot. A hot account (热点账户) has a slice in every shard: a part of its totals, with the whole
// as the sum. A slice is an account by itself, with its part of the balance and of the credit line,
// so planners and invariants judge it as they judge any account: no slice falls below its own
// limit, hence no sum does, in whatever order the shards' entries stand in the journal.
//
// Who owns what: shard s alone touches slices_[s] while the shards run. Settings of accounts and
// the book's days change only at a barrier, when one thread owns everything (WholeView) and the
// others are parked. Documents are leased (leased_documents.h).
//
// What a shard cannot decide by itself, ShardView notices while a planner reads or afterwards, and
// the command goes to a barrier with nothing changed:
//   - the balance of an ordinary account of another shard, or the sum of a hot one, is read
//   - a document that another shard holds, that is stored, or that is absent and not made
//   - a refusal for money on a slice: the other slices may have it
//   - settings or days change; a slice grows beyond what sums safely
#pragma once
#include <shared_mutex>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ledger/engine/ground.h"
#include "ledger/engine/leased_documents.h"

namespace suanpan {

inline constexpr unsigned kSlots = 1024;

inline unsigned slot_of(AccountId id) { return static_cast<unsigned>(mix64(id.value) % kSlots); }
inline unsigned shard_of(unsigned slot, unsigned shards) { return slot * shards / kSlots; }

class SlicedBook {
 public:
  /// `rows`: accounts, days and currency; its balances become the slices of the home shards.
  SlicedBook(State rows, unsigned shards, State::ColdDocuments cold);

  unsigned shards() const { return static_cast<unsigned>(slices_.size()); }
  unsigned home(AccountId id) const { return shard_of(slot_of(id), shards()); }
  LeasedDocuments& documents() { return documents_; }
  const LeasedDocuments& documents() const { return documents_; }
  /// An account by its code, for the router: any thread may ask while a barrier opens accounts.
  std::optional<AccountId> find_code(std::string_view code) const;

  /// Everything below: only by a shard for its own slices, or at a barrier.
  const State& rows() const { return rows_; }
  bool hot(AccountId id) const {
    const Account* account = rows_.account(id);
    return account && account->terms.hot;
  }
  Balance& slice(unsigned shard, AccountId id) { return slices_[shard][id.value - 1]; }
  /// A hot account as the other shards than its home see it: the credit line stays at home.
  const Account& away(const Account& account) const;
  /// Whether slices of a hot account may be used: not while the sum is below its limit or so large
  /// that it might overflow.
  bool sliced(AccountId id) const { return whole_only_.empty() || !whole_only_.count(id.value); }

  /// At a barrier: sums up a hot account.
  Balance total(AccountId id) const;
  void set_account(const Account& account);
  void set_book(const BookChange& change) { rows_.apply_book(change); }
  /// At a barrier: gives every slice an equal part of what may still be taken.
  void spread(AccountId id);
  /// At a barrier: moves everything to the home slice.
  void collapse(AccountId id);
  /// Accounts that are hot, by id; for the router's copy.
  std::vector<bool> hot_accounts() const;

 private:
  State rows_;
  mutable std::shared_mutex codes_mutex_;  // a barrier changes rows_ while the router reads codes
  LeasedDocuments documents_;
  std::vector<std::vector<Balance>> slices_;         // by shard, then account id - 1
  std::unordered_map<std::uint32_t, Account> away_;  // hot accounts with a credit line
  std::unordered_set<std::uint32_t> whole_only_;     // hot accounts that are decided at barriers
};

/// What one shard sees, and where it decides.
class ShardView final : public Ground, private View {
 public:
  ShardView(SlicedBook& book, unsigned shard) : book_(book), shard_(shard) {}

  const View& begin() override;
  bool take(const ChangeSet& changes) override;
  bool take_group(const std::vector<ChangeSet>& group) override;
  bool stands(const Refusal& refusal) override;

 private:
  const BookState& book() const override { return book_.rows().book(); }
  const Account* account(AccountId id) const override;
  const Account* account(std::string_view code) const override;
  const Balance& balance(AccountId id) const override;
  const Balance& slice(AccountId id) const override;
  DocumentPtr document(DocumentKind kind, std::string_view key) const override;
  void for_each_open(DocumentKind kind,
                     const std::function<void(const DocumentPtr&)>& each) const override;
  bool mine(AccountId id) const { return book_.home(id) == shard_; }
  bool safe(const ChangeSet& changes) const;

  SlicedBook& book_;
  unsigned shard_;
  // What the command at hand has touched.
  mutable bool strayed_ = false;  // it read what is not decided here
  mutable bool hot_ = false;      // it read a slice
  mutable std::vector<std::pair<DocumentKind, std::string>> absent_;
};

/// The whole book at a barrier.
class WholeView final : public Ground, private View {
 public:
  explicit WholeView(SlicedBook& book) : book_(book) {}

  const View& begin() override { return *this; }
  bool take(const ChangeSet& changes) override;
  bool stands(const Refusal&) override { return true; }
  /// Makes ready for the first command of a barrier; the shards are parked.
  void open();
  /// Spreads what was touched again. True: an account became hot or ordinary.
  bool close();

 private:
  const BookState& book() const override { return book_.rows().book(); }
  const Account* account(AccountId id) const override { return book_.rows().account(id); }
  const Account* account(std::string_view code) const override {
    return book_.rows().account(code);
  }
  const Balance& balance(AccountId id) const override;
  DocumentPtr document(DocumentKind kind, std::string_view key) const override {
    return book_.documents().find(kind, key);
  }
  void for_each_open(DocumentKind kind,
                     const std::function<void(const DocumentPtr&)>& each) const override {
    book_.documents().for_each_open(kind, each);
  }
  void apply(const Transfer& transfer, AccountId id, Side side, unsigned where);

  SlicedBook& book_;
  mutable std::unordered_map<std::uint32_t, Balance> totals_;  // hot accounts of this barrier
  bool hot_changed_ = false;
};

}  // namespace suanpan
