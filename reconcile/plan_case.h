// What two people decide about a break, planned. The voucher of a resolution and the case that it
// ends are one change set: neither is there without the other.
//
//   resolution    of                              posts
//   book          the channel paid, we did not    the order as paid, and marks it reconciled
//   adjust        a wrong amount, a missing row   the difference: receivable (bank) against
//   suspense
//                 a wrong fee                     the difference: receivable against channel cost
//                 a credit unlike its bills       suspense to the receivable and channel cost
//   suspend       as adjust, for a missing row
//   acknowledge   anything                        nothing; names the voucher that explains it, or
//   is
//                                                 itself the proof of the decision
//
// Refunding and reversing have their own commands with their own two people: do that, then
// acknowledge naming its voucher. Pure.
#pragma once
#include "reconcile/plan_reconcile.h"

namespace suanpan::reconcile {

/// "adjust", or "acknowledge:<voucher>": a kind, and of an acknowledgement the voucher's hex id.
struct Resolution {
  CaseAction action = CaseAction::kAdjust;
  std::string voucher_id;  ///< acknowledge only; empty: the decision itself
  friend bool operator==(const Resolution&, const Resolution&) = default;
};
/// Refusals: kValueInvalid.
Planned<Resolution> parse_resolution(std::string_view text);

/// A maker proposes. Refusals: kDocumentNotFound, kDocumentStateFinal, kBatchStateWrong (proposed
/// already), kValueInvalid (a resolution that does not fit the break).
Planned<ChangeSet> plan_propose(const View& view, const Id128& id, const std::string& by,
                                const std::string& resolution, const Moment& moment);

/// A checker lets it stand: posts what was proposed. Refusals: as propose; kSamePerson; those of
/// the posting.
Planned<ChangeSet> plan_resolve(const View& view, const Id128& id, const std::string& by,
                                const ClaimKey& key, const Moment& moment);

/// A checker, or the maker, sends a proposal back. Refusals: as propose.
Planned<ChangeSet> plan_reject(const View& view, const Id128& id, const std::string& by,
                               const Moment& moment);

}  // namespace suanpan::reconcile
