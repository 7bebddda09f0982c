// What a planner may read: the book as of one moment, nothing else. Pure: no I/O that can fail, no
// clock. Pointers stay valid until the planner returns.
#pragma once
#include <functional>
#include <string_view>

#include "ledger/core/change_set.h"

namespace suanpan {

struct BookState {
  Date accounting_date;
  Date closed_through;
  Currency currency = Currency::kCNY;  ///< of accounts that name none
  std::uint32_t account_count = 0;     ///< the highest account id
};

class View {
 public:
  virtual ~View() = default;
  virtual const BookState& book() const = 0;
  /// Null if there is no such account.
  virtual const Account* account(AccountId id) const = 0;
  virtual const Account* account(std::string_view code) const = 0;
  /// Only for accounts that exist.
  virtual const Balance& balance(AccountId id) const = 0;
  /// What the account's limit is held against: its balance, or, where a hot account is planned in
  /// slices, the part of it that may be drawn upon here. Nothing else may be decided by a slice.
  virtual const Balance& slice(AccountId id) const { return balance(id); }
  /// Null if there is none. Looks at what is stored outside memory as well.
  virtual DocumentPtr document(DocumentKind kind, std::string_view key) const = 0;
  /// The same of a document that is in memory if it exists at all: need look no further.
  virtual DocumentPtr resident_document(DocumentKind kind, std::string_view key) const {
    return document(kind, key);
  }
  /// Calls `each` with every open document of a kind, in no order. Only over a whole book: a shard
  /// does not decide by it.
  virtual void for_each_open(DocumentKind kind,
                             const std::function<void(const DocumentPtr&)>& each) const = 0;
};

}  // namespace suanpan
