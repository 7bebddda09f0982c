#include "ledger/core/state.h"

#include <algorithm>

#include "ledger/base/check.h"

namespace suanpan {

State::State(BookState book, ColdDocuments cold) : book_(book), cold_(std::move(cold)) {}

const Account* State::account(std::string_view code) const {
  const auto it = by_code_.find(code);
  return it == by_code_.end() ? nullptr : account(it->second);
}

DocumentPtr State::resident_document(DocumentKind kind, std::string_view key) const {
  const auto of_kind = documents_.find(kind);
  return of_kind == documents_.end() ? nullptr : of_kind->second.find(key);
}

DocumentPtr State::document(DocumentKind kind, std::string_view key) const {
  if (DocumentPtr found = resident_document(kind, key)) return found;
  return cold_ ? cold_(kind, key) : nullptr;
}

void State::prefetch(DocumentKind kind, std::span<const std::string_view> keys) const {
  if (const auto of_kind = documents_.find(kind); of_kind != documents_.end())
    of_kind->second.warm(keys);
}

void State::apply_transfer(const Transfer& t) {
  CHECK_OR_DIE(account(t.debit) && account(t.credit),
               "a transfer between {} and {}, not both known", t.debit, t.credit);
  CHECK_OR_DIE(apply_side(balances_[t.debit.value - 1], t, Side::kDebit) &&
                   apply_side(balances_[t.credit.value - 1], t, Side::kCredit),
               "a balance overflows in accounts {} or {}", t.debit, t.credit);
}

void State::apply_account(const Account& account) {
  if (account.id.value == accounts_.size() + 1) {
    load_account(account, Balance{});
    return;
  }
  CHECK_OR_DIE(this->account(account.id), "account {} is changed before it is opened", account.id);
  accounts_[account.id.value - 1] = account;
}

void State::load_account(const Account& account, const Balance& balance) {
  CHECK_OR_DIE(account.id.value == accounts_.size() + 1, "account {} out of order", account.id);
  accounts_.push_back(account);
  balances_.push_back(balance);
  by_code_.emplace(account.code, account.id);
  book_.account_count = account.id.value;
}

void State::apply_document(DocumentPtr document) {
  if (const auto expiry = HoldExpiries::of(*document)) expiries_.put(*expiry, document->open);
  DocumentTable& of_kind = documents_[document->kind];
  const Document& now = *document;
  const DocumentPtr before = of_kind.put(std::move(document));
  if (now.kind == DocumentKind::kHold) count_hold(now, before && before->open);
}

void State::count_hold(const Document& hold, bool was_open) {
  if (hold.open == was_open) return;
  const auto key = ClaimKey::from_bytes(hold.key);
  CHECK_OR_DIE(key, "a hold bears no command's id");
  std::uint64_t& open = open_holds_[key->caller.value];
  CHECK_OR_DIE(hold.open || open > 0, "more holds end than were made");
  open += hold.open ? 1 : -1;
}

std::uint64_t State::open_holds_of(CallerId caller) const {
  const auto found = open_holds_.find(caller.value);
  return found == open_holds_.end() ? 0 : found->second;
}

void State::apply_book(const BookChange& change) {
  book_.accounting_date = change.accounting_date;
  book_.closed_through = change.closed_through;
}

void State::apply(const ChangeSet& changes) {
  for (const Transfer& t : changes.transfers) apply_transfer(t);
  for (const Account& a : changes.accounts) apply_account(a);
  changes.documents.share([&](const DocumentPtr& d) { apply_document(d); });
  if (changes.book) apply_book(*changes.book);
}

void State::evict(DocumentKind kind, const std::string& key, std::uint32_t version) {
  if (const auto of_kind = documents_.find(kind); of_kind != documents_.end())
    of_kind->second.evict(key, version);
}

void State::evict(std::span<const DocumentPtr> finished) {
  constexpr std::size_t kAtOnce = DocumentTable::kAtOnce;
  while (!finished.empty()) {
    const auto some = finished.first(std::min(kAtOnce, finished.size()));
    finished = finished.subspan(some.size());
    std::array<const Document*, kAtOnce> documents;
    std::ranges::transform(some, documents.begin(), &DocumentPtr::get);
    warm_documents({documents.data(), some.size()},
                   [this](DocumentKind kind, auto keys) { prefetch(kind, keys); });
    for (const DocumentPtr& d : some) evict(d->kind, d->key, d->version);
  }
}

void State::for_each_open(DocumentKind kind,
                          const std::function<void(const DocumentPtr&)>& each) const {
  const auto of_kind = documents_.find(kind);
  if (of_kind == documents_.end()) return;
  of_kind->second.for_each([&each](const DocumentPtr& document) {
    if (document->open) each(document);
  });
}

std::vector<DocumentPtr> State::open_documents(DocumentKind kind) const {
  std::vector<DocumentPtr> found;
  for_each_open(kind, [&found](const DocumentPtr& document) { found.push_back(document); });
  std::sort(found.begin(), found.end(),
            [](const DocumentPtr& a, const DocumentPtr& b) { return a->key < b->key; });
  return found;
}

}  // namespace suanpan
