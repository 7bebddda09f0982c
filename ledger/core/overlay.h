// A view with changes on top: what planners read of a book in which some commands are taken for
// done that are not. A linked group is planned over one, and a dry run.
//
// Invariant: what an overlay says after apply() of some change sets is what the view below would
// say after taking them over. The view below must not change meanwhile, and must live as long.
// Pointers stay valid until the next apply(). One owner.
#pragma once
#include <map>
#include <string>
#include <unordered_map>

#include "ledger/core/view.h"

namespace suanpan {

class Overlay final : public View {
 public:
  explicit Overlay(const View& below) : below_(below), book_(below.book()) {}

  /// Takes an accepted change set for done. CHECKs what invariants have made sure of.
  void apply(const ChangeSet& changes);

  const BookState& book() const override { return book_; }
  const Account* account(AccountId id) const override;
  const Account* account(std::string_view code) const override;
  /// Asks below even where it is covered: a shard takes note of what is read, and where balance and
  /// slice differ it does not decide.
  const Balance& balance(AccountId id) const override;
  const Balance& slice(AccountId id) const override;
  DocumentPtr document(DocumentKind kind, std::string_view key) const override;
  DocumentPtr resident_document(DocumentKind kind, std::string_view key) const override;
  void for_each_open(DocumentKind kind,
                     const std::function<void(const DocumentPtr&)>& each) const override;

 private:
  bool opened_here(AccountId id) const { return id.value > below_.book().account_count; }
  Balance& covering(AccountId id);
  DocumentPtr covered(DocumentKind kind, std::string_view key) const;

  const View& below_;
  BookState book_;
  std::unordered_map<AccountId, Account> accounts_;   // after-images of opened and changed ones
  std::unordered_map<std::string, AccountId> codes_;  // of opened ones
  std::unordered_map<AccountId, Balance> balances_;   // after-images of what was moved
  std::map<std::pair<DocumentKind, std::string>, DocumentPtr> documents_;
};

}  // namespace suanpan
