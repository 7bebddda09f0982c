// What an upstream writes with an order, refund or payout: a subject, what it calls its lines, a
// reason, a remark, its own parameter (extParam), which is ours to keep and to give back, not to
// read. People's names, numbers and addresses stand in such texts. So documents carry them sealed
// as one, under the key of whom they are about, and views open them:
//
//   an order      the payer, by his openid, where it is given; else the order itself
//   a refund      as its order
//   a payout      the payee, by his account number; what the bank says of it, too
//   a sub-account itself, its purpose
//
// Commands are compared by keyed digests of them (Vault::blind), never by themselves. When the key
// is erased, every text reads kErasedMark. Texts of a book of before format 5 lie in clear in its
// journal: they read as they did, and no erasure reaches them. Pure but for the keys' files.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/vault.h"
#include "ledger/core/order.h"
#include "ledger/engine/book.h"

namespace suanpan::channels {

/// What a view shows in place of what was erased.
inline constexpr std::string_view kErasedMark = "已删除";

struct PersonalTexts {
  std::string title;   ///< subject of an order, reason of a refund, remark of a payout
  std::string detail;  ///< body of an order
  std::string own;     ///< extParam
  std::vector<std::string> labels = {};  ///< of an order's lines, by place
  bool erased = false;                   ///< the others read kErasedMark
};

/// The key of a person for what the command under `claim` says of him, `kind` and `identifier` as
/// Vault::subject_index has them. Who has none is given one, but not by a resend: if the claim was
/// answered before, he was erased since, nothing of the resend is kept, and what is returned is a
/// key that is nobody's. Errors: kIo, kCorrupt.
Result<SubjectKey> person_key(const Vault& vault, const Book& book, const ClaimKey& claim,
                              std::string_view kind, std::string_view identifier);
/// The key for an order's texts; `openid` may be empty. Errors: kIo, kCorrupt.
Result<SubjectKey> payer_key(const Vault& vault, const Book& book, const ClaimKey& claim,
                             std::string_view openid);
/// The key that `sealed` was sealed with, or a fresh one where there is none any more.
Result<SubjectKey> same_key(const Vault& vault, std::string_view sealed);

/// Takes what an upstream calls the lines of its order out of them; what they keep tells them
/// apart.
void take_labels(std::vector<OrderLine>& lines, PersonalTexts& texts);
/// What a line is called: as it lies there if it was never taken out.
std::string label_of(const OrderLine& line, const PersonalTexts& texts);

/// What goes into Order::texts_sealed and its like; nothing where all are empty.
std::string seal_texts(const SubjectKey& key, std::string_view mch_no, const PersonalTexts& texts);
/// Errors: kCorrupt (another merchant's, or a key that is not there).
Result<PersonalTexts> open_texts(const Vault& vault, std::string_view mch_no,
                                 std::string_view sealed);

}  // namespace suanpan::channels
