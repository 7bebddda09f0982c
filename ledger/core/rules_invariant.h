// Judges a voucher's rules without the planner's help: that every expectation held, and that every
// leg "up to" a balance took all that was there, by arithmetic in 128 bits over the view as it was.
#pragma once
#include <optional>
#include <string>

#include "ledger/core/view.h"

namespace suanpan {

/// The first rule that an accepted voucher breaks; nothing if all hold, or there are none.
std::optional<std::string> broken_rule(const View& view, const ChangeSet& changes);

}  // namespace suanpan
