// A command of a planner that has a check of its form.
#pragma once
#include "ledger/engine/book.h"

namespace suanpan {

/// Refuses what `check` finds malformed, then plans.
template <class Request>
Command checked_command(CommandKind kind, Request request, Planned<void> (*check)(const Request&),
                        Planned<ChangeSet> (*plan)(const View&, const Request&, const Moment&)) {
  Command command{request.key, kind, content_of(request), {}};
  command.plan = [request = std::move(request), check, plan](
                     const View& view, const Moment& moment) -> Planned<ChangeSet> {
    if (auto checked = check(request); !checked) return checked.error();
    return plan(view, request, moment);
  };
  return command;
}

}  // namespace suanpan
