// Judges an erasure without the planner's help (core/erasure.h): looks for the key in what is open,
// by a search of its own.
#pragma once
#include <optional>
#include <string>

#include "ledger/core/view.h"

namespace suanpan {

/// An erasure is a document of its own command, whole, by two, made once, and no open document
/// needs its key. What is wrong; nothing when all is well.
std::optional<std::string> erasure_violated(const View& view, CommandKind kind,
                                            const ChangeSet& changes);

}  // namespace suanpan
