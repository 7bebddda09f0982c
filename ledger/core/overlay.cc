#include "ledger/core/overlay.h"

#include "ledger/base/check.h"

namespace suanpan {

Balance& Overlay::covering(AccountId id) {
  const auto it = balances_.find(id);
  if (it != balances_.end()) return it->second;
  return balances_.emplace(id, below_.slice(id)).first->second;
}

void Overlay::apply(const ChangeSet& changes) {
  for (const Transfer& t : changes.transfers) {
    CHECK_OR_DIE(apply_side(covering(t.debit), t, Side::kDebit) &&
                     apply_side(covering(t.credit), t, Side::kCredit),
                 "a balance overflows in accounts {} or {}", t.debit, t.credit);
  }
  for (const Account& account : changes.accounts) {
    if (opened_here(account.id) && balances_.emplace(account.id, Balance{}).second) {
      codes_.emplace(account.code, account.id);
      book_.account_count = account.id.value;
    }
    accounts_.insert_or_assign(account.id, account);
  }
  changes.documents.share([&](const DocumentPtr& d) {
    documents_.insert_or_assign({d->kind, d->key}, d);
  });
  if (changes.book) {
    book_.accounting_date = changes.book->accounting_date;
    book_.closed_through = changes.book->closed_through;
  }
}

const Account* Overlay::account(AccountId id) const {
  if (const auto it = accounts_.find(id); it != accounts_.end()) return &it->second;
  return below_.account(id);
}

const Account* Overlay::account(std::string_view code) const {
  if (!codes_.empty())
    if (const auto it = codes_.find(std::string(code)); it != codes_.end())
      return account(it->second);
  const Account* found = below_.account(code);
  return found ? account(found->id) : nullptr;
}

const Balance& Overlay::balance(AccountId id) const {
  const auto it = balances_.find(id);
  if (opened_here(id)) {
    CHECK_OR_DIE(it != balances_.end(), "account {} is not there", id);
    return it->second;
  }
  const Balance& below = below_.balance(id);
  return it == balances_.end() ? below : it->second;
}

const Balance& Overlay::slice(AccountId id) const {
  const auto it = balances_.find(id);
  return it == balances_.end() ? below_.slice(id) : it->second;
}

DocumentPtr Overlay::covered(DocumentKind kind, std::string_view key) const {
  if (documents_.empty()) return nullptr;
  const auto it = documents_.find({kind, std::string(key)});
  return it == documents_.end() ? nullptr : it->second;
}

DocumentPtr Overlay::document(DocumentKind kind, std::string_view key) const {
  if (DocumentPtr here = covered(kind, key)) return here;
  return below_.document(kind, key);
}

DocumentPtr Overlay::resident_document(DocumentKind kind, std::string_view key) const {
  if (DocumentPtr here = covered(kind, key)) return here;
  return below_.resident_document(kind, key);
}

void Overlay::for_each_open(DocumentKind kind,
                            const std::function<void(const DocumentPtr&)>& each) const {
  below_.for_each_open(kind, [&](const DocumentPtr& document) {
    if (!documents_.count({kind, document->key})) each(document);
  });
  for (const auto& [name, document] : documents_)
    if (name.first == kind && document->open) each(document);
}

}  // namespace suanpan
