#include "ledger/core/plan_group.h"

#include "ledger/core/group_invariants.h"
#include "ledger/core/invariants.h"
#include "ledger/core/overlay.h"

namespace suanpan {
namespace {

PlannedGroup failed_at(std::size_t place, Refusal refusal, std::string violated = {}) {
  PlannedGroup group;
  group.failed = place;
  group.refusal = std::move(refusal);
  group.violated = std::move(violated);
  return group;
}

}  // namespace

PlannedGroup plan_group(const View& view, std::span<const GroupItem> items, Timestamp first) {
  Overlay after(view);
  PlannedGroup group;
  group.changes.reserve(items.size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Moment moment{Timestamp{first.ns + static_cast<std::int64_t>(i)}};
    Planned<ChangeSet> planned = items[i].plan(after, moment);
    if (!planned) return failed_at(i, std::move(planned.error()));
    if (auto violated = violated_invariant(after, items[i].key, items[i].kind, planned.value()))
      return failed_at(i, refuse(RefusalCode::kInternal), std::move(*violated));
    group.changes.push_back(std::move(planned.value()));
    after.apply(group.changes.back());
  }
  if (auto violated = violated_by_group(view, group.changes))
    return failed_at(items.size() - 1, refuse(RefusalCode::kInternal), std::move(*violated));
  return group;
}

Refusal refusal_in_group(const Refusal& refusal, std::size_t failed, std::size_t place) {
  if (place == failed) return refusal;
  const bool nothing = leaves_nothing(refusal.code);
  return refuse(nothing ? RefusalCode::kGroupMalformed : RefusalCode::kGroupFailed,
                std::to_string(failed));
}

}  // namespace suanpan
