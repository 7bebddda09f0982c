// Erasing personal data (个人信息删除): the key of a subject goes, and with it all that was sealed
// under it, in every copy of the journal. Pure; the key itself is deleted by whoever runs the
// command, after its record is durable, and again at every start (api/erase_keys.h).
//
// An erasure is one finished document for each key, key = the key's name (base/subject_keys.h),
// made once and never changed. It names the subject by its index, which tells nobody without the
// vault key who it was; the reason is one of a list, so that no name gets in by it.
//
// Refused while a document that is still open is sealed under the key: an order or payout that is
// not final, a request that waits, a merchant that is paid there. Of what was sealed before and is
// planned after, a payout, its request and a merchant's payee are refused by check_not_erased(); an
// order or refund stands, and its texts read as erased.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/core/view.h"

namespace suanpan {

struct Erasure {
  std::string subject;    ///< index, 32 hexadecimal digits; empty: named by an order or the like
  std::string request;    ///< what the maker asked for
  std::string reason;     ///< one of kErasureReasons
  std::string reference;  ///< of a file outside: letters, digits, '-'
  std::string maker, checker;
  Timestamp at;
  friend bool operator==(const Erasure&, const Erasure&) = default;
};

inline constexpr std::string_view kErasureReasons[] = {"subject_request", "retention_over",
                                                       "consent_withdrawn", "authority_order"};
bool is_erasure_reason(std::string_view reason);

/// JSON, one object.
std::string encode(const Erasure& erasure);
/// Nothing if the bytes are not exactly the encoding of an erasure.
std::optional<Erasure> decode_erasure(std::string_view bytes);

struct ErasureRequest {
  std::vector<std::string> keys;  ///< all of the subject's; 1 to kMaxErasedKeys, each once
  Erasure erasure;                ///< `at` is the planner's
};
inline constexpr std::size_t kMaxErasedKeys = 64;

/// Refusals: kValueInvalid, kSamePerson, kPersonalDataErased (detail: the key), kPersonalDataInUse
/// (detail: the first open document, "order P2026…").
Planned<ChangeSet> plan_erasure(const View& view, const ErasureRequest& request,
                                const Moment& moment);
/// The same without a checker: what a maker hears at once.
Planned<void> check_erasure(const View& view, const std::vector<std::string>& keys);

/// For planners of what cannot go on without what is sealed: kPersonalDataErased if its key is
/// gone. Text that is not sealed passes.
Planned<void> check_not_erased(const View& view, std::string_view sealed);

}  // namespace suanpan
