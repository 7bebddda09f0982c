// Accounts: what is fixed when one is opened, what may change, and what it holds.
//
// An account's id is its dense number within the book; its code is a path whose first segment is
// the subject (科目), "2101/M1621873433953": roll-ups follow the path.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/ids.h"
#include "ledger/base/money.h"

namespace suanpan {

using AccountId = StrongId<struct AccountTag, std::uint32_t>;  ///< 1, 2, …; 0 names no account

enum class AccountType : std::uint8_t { kAsset = 1, kLiability, kEquity, kIncome, kExpense };
enum class Side : std::uint8_t { kDebit = 0, kCredit = 1 };
std::string_view name_of(Side side);  ///< "debit"
std::optional<Side> side_of(std::string_view name);

/// Assets and expenses grow by debits, the others by credits.
constexpr Side normal_side(AccountType type) {
  return type == AccountType::kAsset || type == AccountType::kExpense ? Side::kDebit
                                                                      : Side::kCredit;
}
std::string_view name_of(AccountType type);  ///< "asset"
std::optional<AccountType> account_type_of(std::string_view name);

enum class LimitKind : std::uint8_t {
  kNone = 0,          ///< may take either sign
  kNotBelowZero = 1,  ///< available balance >= 0
  kCreditLine = 2,    ///< available balance >= -credit_line
};
std::string_view name_of(LimitKind kind);  ///< "not_below_zero"
std::optional<LimitKind> limit_kind_of(std::string_view name);

/// What may change while the account lives.
struct AccountTerms {
  LimitKind limit = LimitKind::kNone;
  std::int64_t credit_line = 0;  ///< minor units, >= 0; only with kCreditLine
  bool frozen_in = false;   ///< nothing may raise the balance on the normal side (只付不收)
  bool frozen_out = false;  ///< nothing may lower it (只收不付)
  bool closed = false;
  bool hot = false;  ///< 热点账户: a slice in every shard
  friend bool operator==(const AccountTerms&, const AccountTerms&) = default;
};

struct Account {
  AccountId id;
  std::string code;
  std::string name;  ///< for people: "工商银行监管户"
  AccountType type = AccountType::kAsset;
  Side normal = Side::kDebit;
  Currency currency = Currency::kCNY;
  AccountTerms terms;
  std::uint32_t version = 0;  ///< 1 when opened, +1 with each change of terms
};

/// Running totals in minor units. Posted totals include red amounts, which are negative, so that
/// turnover (发生额) is not inflated by a correction; the red part is kept apart as well.
struct Balance {
  std::int64_t debits_posted = 0;
  std::int64_t credits_posted = 0;
  std::int64_t debits_pending = 0;
  std::int64_t credits_pending = 0;
  std::int64_t debits_red = 0;   ///< <= 0, part of debits_posted
  std::int64_t credits_red = 0;  ///< <= 0, part of credits_posted

  /// Posted balance on the given side.
  std::int64_t posted(Side normal) const {
    return normal == Side::kDebit ? debits_posted - credits_posted : credits_posted - debits_posted;
  }
  /// What may still be taken: posted less what holds have reserved against it.
  std::int64_t available(Side normal) const {
    return posted(normal) - (normal == Side::kDebit ? credits_pending : debits_pending);
  }
  friend bool operator==(const Balance&, const Balance&) = default;
};

/// A code is 1-8 segments separated by '/', none empty, of at most 128 bytes in all, valid UTF-8
/// without control characters, blanks, ';' or ':' (which the exports give a meaning).
bool valid_account_code(std::string_view code);

}  // namespace suanpan
