// Who a virtual sub-account (记账子单元) belongs to, as documents: an order that waits for a bank
// transfer, or a ledger account that deposits are credited to (a household's maintenance fund, a
// presale contract). Numbers are given out in sequence per kind and never reused.
//
// Document kSubAccount, key: the ten digits. JSON {number, bank_account, account, purpose,
// purpose_sealed, order_id}.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "channels/bank/sub_account.h"
#include "ledger/base/vault.h"
#include "ledger/engine/book.h"

namespace suanpan::channels {

struct SubAccountHolder {
  std::string number;
  std::string bank_account;  ///< our account at the bank that it is a part of
  std::string account;       ///< ledger account that deposits are credited to; empty for an order's
  std::string purpose;       ///< of an order its merchant's number for it
  /// Of an account, for people: "3幢0402 维修资金". Under a key of its own.
  std::string purpose_sealed;
  std::string order_id;  ///< the order that it pays; empty for an account's
  friend bool operator==(const SubAccountHolder&, const SubAccountHolder&) = default;
};

std::string encode(const SubAccountHolder& holder);
/// Errors: kMalformed.
Result<SubAccountHolder> decode_sub_account(std::string_view bytes);

/// Whether a kind has a number that was not given out.
bool has_number_left(const View& view, bank::SubAccountKind kind);
/// Gives `holder` (its number still empty) the next number of its kind and adds both documents to
/// `changes`. The number. Refusals: kNumbersUsedUp.
Planned<std::string> plan_sub_account(const View& view, ChangeSet& changes,
                                      bank::SubAccountKind kind, SubAccountHolder holder);

/// A standing sub-account for a ledger account; `answer` is its number. The id is derived from bank
/// account and ledger account: asking again finds the same number. Refusals: kAccountNotFound (the
/// ledger account), kNumbersUsedUp; they stand for ever, so ask before whether it can be.
Command allocate_sub_account(bank::SubAccountKind kind, std::string bank_account,
                             std::string account, std::string purpose_sealed);
/// The purpose as it goes into the command above; empty stays empty. Errors: kIo.
Result<std::string> seal_purpose(const Vault& vault, std::string_view account,
                                 const std::string& purpose);
/// For people; kErasedMark if it was erased. Errors: kCorrupt.
Result<std::string> purpose_of(const Vault& vault, const SubAccountHolder& holder);

std::optional<SubAccountHolder> find_sub_account(const View& view, std::string_view number);
std::optional<SubAccountHolder> find_sub_account(const Book& book, std::string_view number);

}  // namespace suanpan::channels
