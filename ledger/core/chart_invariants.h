// What invariants.h asks of the chart of accounts: found from the far end of a code, unlike the
// planners of core/chart.h.
#pragma once
#include <optional>
#include <string>

#include "ledger/core/view.h"

namespace suanpan {

/// Where a chart is enforced, an account that is opened stands below its one leaf, at the depth
/// that the leaf's dimensions say, and is in the book's currency if a year's end may carry it. What
/// is wrong; nothing when all is well.
std::optional<std::string> account_outside_chart(const View& view, const ChangeSet& changes);

/// Subjects are made, never changed; a chart that is enforced stays.
std::optional<std::string> chart_changed(const View& view, const ChangeSet& changes);

}  // namespace suanpan
