// Judges a step of a year's end without the planner's help (core/plan_close.h): by its document
// before and after, and by where its legs lie.
#pragma once
#include <optional>
#include <string>

#include "ledger/core/view.h"

namespace suanpan {

/// Whether legs of a year's end go with its document, on its day, while it carries, and the
/// document goes only where it may. What is wrong; nothing when all is well.
std::optional<std::string> year_close_violated(const View& view, CommandKind kind,
                                               const ChangeSet& changes);

}  // namespace suanpan
