// Judges the change sets of a linked group as one, without the overlay over which they were
// planned: running totals of its own over the view as it was before the first of them.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ledger/core/view.h"

namespace suanpan {

/// What is wrong with taking all of `group` over, in order; nothing if all is well: nobody is drawn
/// below the limit that holds at that item, nothing is released that was not reserved, documents
/// and accounts advance version by version. That debits equal credits is judged item by item
/// (invariants.h).
std::optional<std::string> violated_by_group(const View& view, const std::vector<ChangeSet>& group);

}  // namespace suanpan
