// Judges a change set without the planner's help: small named checks, each by arithmetic of its own
// over what the change set says and what the view held before. A violation is a bug of ours: the
// command is refused with kInternal, nothing is journalled, and the operator hears of it.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/core/view.h"

namespace suanpan {

/// The name of the first invariant that the change set breaks, with what was seen; nothing if all
/// hold. `key` is the command's own key, `kind` what it says it is.
std::optional<std::string> violated_invariant(const View& view, const ClaimKey& key,
                                              CommandKind kind, const ChangeSet& changes);
/// All of them, in the order in which they are asked: for tests that must have a fault for each.
std::vector<std::string_view> invariant_names();

}  // namespace suanpan
