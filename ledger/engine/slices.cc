#include "ledger/engine/slices.h"
#include "ledger/base/limits.h"

#include "ledger/base/check.h"

namespace suanpan {
namespace {

// A shard adds to a slice below this ceiling by itself, less than the ceiling at a time: the sum of
// all slices, and differences of sums, cannot overflow then.
constexpr std::int64_t kSliceCeiling = std::numeric_limits<std::int64_t>::max() / (8 * kMaxShards);

bool below_ceiling(std::int64_t total) { return total < kSliceCeiling && total > -kSliceCeiling; }
bool below_ceiling(const Balance& b) {
  return below_ceiling(b.debits_posted) && below_ceiling(b.credits_posted) &&
         below_ceiling(b.debits_pending) && below_ceiling(b.credits_pending);
}

void add(Balance& to, const Balance& b) {
  to.debits_posted += b.debits_posted;
  to.credits_posted += b.credits_posted;
  to.debits_pending += b.debits_pending;
  to.credits_pending += b.credits_pending;
  to.debits_red += b.debits_red;
  to.credits_red += b.credits_red;
}

// A barrier may give back in one slice what another reserved: where both accounts of a hold are hot
// nothing says which. A slice that owes would leave all of its account to barriers from then on, so
// those that have some cover it. The sum is what it was, and never negative.
void cover_pending(std::vector<std::vector<Balance>>& slices, AccountId id,
                   std::int64_t Balance::*pending) {
  for (auto& owing : slices) {
    std::int64_t& owes = owing[id.value - 1].*pending;
    for (auto& other : slices) {
      if (owes >= 0) break;
      std::int64_t& has = other[id.value - 1].*pending;
      const std::int64_t moved = std::min(std::max<std::int64_t>(has, 0), -owes);
      has -= moved;
      owes += moved;
    }
  }
}

std::int64_t& normal_posted(Balance& b, Side normal) {
  return normal == Side::kDebit ? b.debits_posted : b.credits_posted;
}

}  // namespace

SlicedBook::SlicedBook(State rows, unsigned shards, State::ColdDocuments cold)
    : rows_(std::move(rows)), documents_(std::move(cold)), slices_(shards) {
  for (auto& slices : slices_) slices.resize(rows_.accounts().size());
  for (const Account& account : rows_.accounts())
    slice(home(account.id), account.id) = rows_.balance(account.id);
  for (const Account& account : rows_.accounts())
    if (account.terms.hot) spread(account.id);
}

std::optional<AccountId> SlicedBook::find_code(std::string_view code) const {
  std::shared_lock lock(codes_mutex_);
  const Account* account = rows_.account(code);
  return account ? std::optional(account->id) : std::nullopt;
}

const Account& SlicedBook::away(const Account& account) const {
  const auto it = away_.find(account.id.value);
  return it == away_.end() ? account : it->second;
}

Balance SlicedBook::total(AccountId id) const {
  Balance sum;
  for (const auto& slices : slices_) add(sum, slices[id.value - 1]);
  return sum;
}

void SlicedBook::collapse(AccountId id) {
  const Balance sum = total(id);
  for (auto& slices : slices_) slices[id.value - 1] = Balance{};
  slice(home(id), id) = sum;
}

void SlicedBook::set_account(const Account& account) {
  const bool opened = account.id.value == rows_.accounts().size() + 1;
  const bool was_hot = !opened && rows_.account(account.id)->terms.hot;
  {
    std::unique_lock lock(codes_mutex_);
    rows_.apply_account(account);
  }
  if (opened)
    for (auto& slices : slices_) slices.resize(rows_.accounts().size());
  if (was_hot) collapse(account.id);
  away_.erase(account.id.value);
  whole_only_.erase(account.id.value);
  if (account.terms.hot) spread(account.id);
}

void SlicedBook::spread(AccountId id) {
  const Account& account = *rows_.account(id);
  const AccountTerms& terms = account.terms;
  whole_only_.erase(id.value);
  const unsigned home_shard = home(id);
  if (terms.limit == LimitKind::kCreditLine) {
    Account away = account;
    away.terms.credit_line = 0;
    away_.insert_or_assign(id.value, std::move(away));
  }
  const Balance sum = total(id);
  const Int128 room = Int128{sum.available(account.normal)} + terms.credit_line;
  const Int128 part = room / shards();
  bool sums_safely = below_ceiling(sum);
  for (unsigned s = 0; s < shards(); ++s) sums_safely = sums_safely && below_ceiling(slice(s, id));
  const bool limited = terms.limit != LimitKind::kNone;
  if (!sums_safely || (limited && room < 0)) {
    collapse(id);
    whole_only_.insert(id.value);
    return;
  }
  cover_pending(slices_, id, &Balance::debits_pending);
  cover_pending(slices_, id, &Balance::credits_pending);
  if (!limited) return;
  std::int64_t moved = 0;
  for (unsigned s = 0; s < shards(); ++s) {
    if (s == home_shard) continue;
    Balance& b = slice(s, id);
    const auto change = static_cast<std::int64_t>(part - b.available(account.normal));
    normal_posted(b, account.normal) += change;
    moved += change;
  }
  normal_posted(slice(home_shard, id), account.normal) -= moved;
}

std::vector<bool> SlicedBook::hot_accounts() const {
  std::vector<bool> hot(rows_.accounts().size() + 1);
  for (const Account& account : rows_.accounts()) hot[account.id.value] = account.terms.hot;
  return hot;
}

const View& ShardView::begin() {
  strayed_ = hot_ = false;
  absent_.clear();
  return *this;
}

const Account* ShardView::account(AccountId id) const {
  const Account* account = book_.rows().account(id);
  if (!account || !account->terms.hot || account->terms.limit != LimitKind::kCreditLine || mine(id))
    return account;
  return &book_.away(*account);
}

const Account* ShardView::account(std::string_view code) const {
  const Account* account = book_.rows().account(code);
  return account ? this->account(account->id) : nullptr;
}

const Balance& ShardView::balance(AccountId id) const {
  strayed_ = strayed_ || !mine(id) || book_.hot(id);
  return book_.slice(shard_, id);
}

const Balance& ShardView::slice(AccountId id) const {
  if (!book_.hot(id)) return balance(id);
  hot_ = true;
  strayed_ = strayed_ || !book_.sliced(id);
  return book_.slice(shard_, id);
}

DocumentPtr ShardView::document(DocumentKind kind, std::string_view key) const {
  auto leased = book_.documents().lease(kind, key, shard_);
  if (leased.lease == LeasedDocuments::Lease::kElsewhere) strayed_ = true;
  if (leased.lease == LeasedDocuments::Lease::kAbsent) absent_.emplace_back(kind, key);
  return std::move(leased.document);
}

void ShardView::for_each_open(DocumentKind, const std::function<void(const DocumentPtr&)>&) const {
  strayed_ = true;  // others have some of them
}

bool ShardView::stands(const Refusal& refusal) {
  if (strayed_ || !absent_.empty()) return false;
  const bool about_money = refusal.code == RefusalCode::kBelowLimit ||
                           refusal.code == RefusalCode::kOverflow ||
                           refusal.code == RefusalCode::kInternal;
  return !(hot_ && about_money);
}

bool ShardView::safe(const ChangeSet& changes) const {
  if (strayed_ || !changes.accounts.empty() || changes.book) return false;
  for (const auto& [kind, key] : absent_) {
    bool made = false;
    for (const DocumentChange& change : changes.documents)
      made = made || (change.kind == kind && change.key == key);
    if (!made) return false;
  }
  Int128 moved = 0;
  bool any_hot = false;
  for (const Transfer& t : changes.transfers) {
    moved += t.amount < 0 ? -t.amount : t.amount;
    for (const AccountId id : {t.debit, t.credit}) {
      const bool hot = book_.hot(id);
      any_hot = any_hot || hot;
      if (hot ? !below_ceiling(book_.slice(shard_, id)) : !mine(id)) return false;
    }
  }
  return !any_hot || moved < kSliceCeiling;
}

bool ShardView::take(const ChangeSet& changes) {
  if (!safe(changes)) return false;
  if (!changes.documents.empty() && !book_.documents().put_leased(changes.documents, shard_))
    return false;
  for (const Transfer& t : changes.transfers) {
    const bool fits = apply_side(book_.slice(shard_, t.debit), t, Side::kDebit) &&
                      apply_side(book_.slice(shard_, t.credit), t, Side::kCredit);
    CHECK_OR_DIE(fits, "a balance overflows in accounts {} or {}", t.debit, t.credit);
  }
  return true;
}

// As one change set: documents follow their versions, and nothing else of them has an order here.
bool ShardView::take_group(const std::vector<ChangeSet>& group) {
  ChangeSet all;
  for (const ChangeSet& changes : group) {
    all.transfers.insert(all.transfers.end(), changes.transfers.begin(), changes.transfers.end());
    for (const DocumentChange& d : changes.documents) all.documents.push_back(d);
    all.accounts.insert(all.accounts.end(), changes.accounts.begin(), changes.accounts.end());
    if (changes.book) all.book = changes.book;
  }
  return take(all);
}

void WholeView::open() {
  totals_.clear();
  hot_changed_ = false;
  book_.documents().new_epoch();
}

const Balance& WholeView::balance(AccountId id) const {
  if (!book_.hot(id)) return book_.slice(book_.home(id), id);
  const auto found = totals_.find(id.value);
  return found != totals_.end() ? found->second
                                : totals_.emplace(id.value, book_.total(id)).first->second;
}

void WholeView::apply(const Transfer& transfer, AccountId id, Side side, unsigned where) {
  if (!book_.hot(id)) where = book_.home(id);
  bool fits = apply_side(book_.slice(where, id), transfer, side);
  if (!fits && book_.hot(id)) {
    book_.collapse(id);
    fits = apply_side(book_.slice(book_.home(id), id), transfer, side);
  }
  CHECK_OR_DIE(fits, "the balance of account {} overflows", id);
  if (const auto total = totals_.find(id.value); total != totals_.end())
    apply_side(total->second, transfer, side);
}

bool WholeView::take(const ChangeSet& changes) {
  for (const Transfer& t : changes.transfers) {
    // Where the shard that plans the rest of a hold will look for what it reserved.
    const unsigned where = book_.home(book_.hot(t.debit) ? t.credit : t.debit);
    balance(t.debit);  // a hot account that moves is spread again
    balance(t.credit);
    apply(t, t.debit, Side::kDebit, where);
    apply(t, t.credit, Side::kCredit, where);
  }
  for (const Account& account : changes.accounts) {
    const bool was_hot = book_.hot(account.id);
    book_.set_account(account);
    hot_changed_ = hot_changed_ || was_hot != account.terms.hot;
  }
  changes.documents.share([&](const DocumentPtr& d) { book_.documents().put(d); });
  if (changes.book) book_.set_book(*changes.book);
  return true;
}

bool WholeView::close() {
  for (const auto& [id, total] : totals_)
    if (book_.hot(AccountId{id})) book_.spread(AccountId{id});
  totals_.clear();
  return hot_changed_;
}

}  // namespace suanpan
