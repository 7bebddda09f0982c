// What an upstream writes with an order, refund or payout: a subject, a reason, a remark, its own
// parameter (extParam), which is ours to keep and to give back, not to read. People's names,
// numbers and addresses stand in such texts. So documents carry them sealed as one, under the key
// of whom they are about, and views open them:
//
//   an order      the payer, by his openid, where it is given; else the order itself
//   a refund      as its order
//   a payout      the payee, by his account number
//
// Commands are compared by keyed digests of them (Vault::blind), never by themselves. When the key
// is erased, every text reads kErasedMark. Pure but for the keys' files.
#pragma once
#include <string>
#include <string_view>

#include "ledger/base/vault.h"

namespace suanpan::channels {

/// What a view shows in place of what was erased.
inline constexpr std::string_view kErasedMark = "已删除";

struct PersonalTexts {
  std::string title;   ///< subject of an order, reason of a refund, remark of a payout
  std::string detail;  ///< body of an order
  std::string own;     ///< extParam
};

/// The key for an order's texts; `openid` may be empty. Errors: kIo, kCorrupt.
Result<SubjectKey> payer_key(const Vault& vault, std::string_view openid);
/// The key that `sealed` was sealed with, or a fresh one where there is none any more.
Result<SubjectKey> same_key(const Vault& vault, std::string_view sealed);

/// What goes into Order::texts_sealed and its like; nothing where all are empty.
std::string seal_texts(const SubjectKey& key, std::string_view mch_no, const PersonalTexts& texts);
/// Errors: kCorrupt (another merchant's, or a key that is not there).
Result<PersonalTexts> open_texts(const Vault& vault, std::string_view mch_no,
                                 std::string_view sealed);

}  // namespace suanpan::channels
