#include "ledger/core/group_invariants.h"

#include <map>
#include <unordered_map>

namespace suanpan {
namespace {

// What a group does to one account, item by item.
struct Running {
  Account account;
  Int128 debits = 0, credits = 0, held_debits = 0, held_credits = 0;
  Int128 available_before = 0;  // before the item at hand
  std::size_t touched_by = 0;   // that item, from 1

  Int128 available() const {
    return account.normal == Side::kDebit ? debits - credits - held_credits
                                          : credits - debits - held_debits;
  }
  void move(const Transfer& t, bool debit) {
    Int128& posted = debit ? debits : credits;
    Int128& held = debit ? held_debits : held_credits;
    if (t.kind != TransferKind::kPending && t.kind != TransferKind::kVoidPending)
      posted += t.amount;
    if (t.kind == TransferKind::kPending) held += t.amount;
    if (t.kind == TransferKind::kPostPending || t.kind == TransferKind::kVoidPending)
      held -= t.amount;
  }
};

class GroupJudge {
 public:
  explicit GroupJudge(const View& view) : view_(view) {}

  std::optional<std::string> take(const ChangeSet& changes) {
    ++item_;
    for (const Transfer& t : changes.transfers)
      for (const bool debit : {true, false}) {
        Running* account = find(debit ? t.debit : t.credit);
        if (!account) return "a group moves money on an account that is not there";
        account->move(t, debit);
      }
    for (const Transfer& t : changes.transfers)
      for (const AccountId id : {t.debit, t.credit})
        if (auto wrong = judge(*find(id))) return wrong;
    for (const Account& account : changes.accounts)
      if (auto wrong = take(account)) return wrong;
    for (const DocumentChange& d : changes.documents) {
      const auto [version, first] = versions_.try_emplace({d.kind, d.key}, 0);
      if (first)
        if (const DocumentPtr stored = view_.document(d.kind, d.key))
          version->second = stored->version;
      if (d.version != ++version->second) return "a group skips a version of a document";
    }
    return std::nullopt;
  }

 private:
  Running* find(AccountId id) {
    auto it = accounts_.find(id);
    if (it == accounts_.end()) {
      const Account* account = view_.account(id);
      if (!account) return nullptr;
      const Balance& b = view_.slice(id);
      it = accounts_
               .emplace(id, Running{*account, b.debits_posted, b.credits_posted, b.debits_pending,
                                    b.credits_pending})
               .first;
    }
    Running& found = it->second;
    if (found.touched_by != item_) {
      found.touched_by = item_;
      found.available_before = found.available();
    }
    return &found;
  }
  static std::optional<std::string> judge(const Running& r) {
    if (r.held_debits < 0 || r.held_credits < 0)
      return "a group releases more than was reserved on account " + r.account.code;
    const AccountTerms& terms = r.account.terms;
    const Int128 floor = terms.limit == LimitKind::kCreditLine ? -Int128{terms.credit_line} : 0;
    if (terms.limit != LimitKind::kNone && r.available() < floor &&
        r.available() < r.available_before)
      return "a group draws account " + r.account.code + " below its limit";
    return std::nullopt;
  }
  std::optional<std::string> take(const Account& after) {
    Running* known = find(after.id);
    if (!known) {
      if (after.version != 1 || after.id.value != view_.book().account_count + ++opened_)
        return "a group opens an account out of order";
      accounts_.emplace(after.id, Running{after});
      return std::nullopt;
    }
    if (after.version != known->account.version + 1)
      return "a group skips a version of account " + after.code;
    known->account = after;
    return std::nullopt;
  }

  const View& view_;
  std::size_t item_ = 0;
  std::uint32_t opened_ = 0;
  std::unordered_map<AccountId, Running> accounts_;
  std::map<std::pair<DocumentKind, std::string>, std::uint32_t> versions_;
};

}  // namespace

std::optional<std::string> violated_by_group(const View& view,
                                             const std::vector<ChangeSet>& group) {
  GroupJudge judge(view);
  for (const ChangeSet& changes : group)
    if (auto wrong = judge.take(changes)) return wrong;
  return std::nullopt;
}

}  // namespace suanpan
