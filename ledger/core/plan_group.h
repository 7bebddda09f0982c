// Linked groups: commands that stand or fall together.
//
// Each item is planned as if those before it were done, at a moment a nanosecond after theirs, and
// judged by the invariants as it is by itself; then the group is judged as one
// (group_invariants.h). The first item that is refused fails the group: it keeps its own refusal,
// all others are told kGroupFailed with its place. If that refusal leaves nothing, or an invariant
// speaks, the group leaves nothing: the others are told kGroupMalformed.
//
//   item:     0        1          2                    item:     0          1        2
//   planned:  yes      refused    not at all           planned:  yes        yes      yes
//   told:     failed   refused    failed  "1"          told:     accepted   accepted accepted
#pragma once
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "ledger/core/view.h"

namespace suanpan {

struct GroupItem {
  ClaimKey key;
  CommandKind kind = CommandKind::kVoucher;
  std::function<Planned<ChangeSet>(const View&, const Moment&)> plan;
};

struct PlannedGroup {
  std::vector<ChangeSet> changes;  ///< of each item, in order, if all stand; else empty
  Refusal refusal;                 ///< kNone: all stand
  std::size_t failed = 0;          ///< the place of the item that is refused
  std::string violated;            ///< the invariant that spoke, with kInternal
  bool stands() const { return refusal.code == RefusalCode::kNone; }
};

/// `first`: the moment of the first item.
PlannedGroup plan_group(const View& view, std::span<const GroupItem> items, Timestamp first);

/// What the item at a place is told of a group that fell because of `refusal` of the item at
/// `failed`.
Refusal refusal_in_group(const Refusal& refusal, std::size_t failed, std::size_t place);

}  // namespace suanpan
