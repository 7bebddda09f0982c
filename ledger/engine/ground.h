// Where commands are planned: what their planners see, and who takes their effects over.
//
// One owner at a time. A ground that is a part of the book (a shard) may find that it cannot decide
// a command; then nothing was taken over, and the command is planned again on a ground that can.
#pragma once
#include <vector>

#include "ledger/base/check.h"
#include "ledger/core/view.h"

namespace suanpan {

class Ground {
 public:
  virtual ~Ground() = default;
  /// What the next command may read.
  virtual const View& begin() = 0;
  /// Takes over what was planned since begin(); false: not decided here, nothing happened.
  virtual bool take(const ChangeSet& changes) = 0;
  /// Takes over the commands of a linked group, which were planned one on top of the other since
  /// begin(); false: not decided here, nothing happened.
  virtual bool take_group(const std::vector<ChangeSet>& group) {
    for (const ChangeSet& changes : group) CHECK_OR_DIE(take(changes), "a whole book declines");
    return true;
  }
  /// Whether a refusal planned since begin() is what the whole book would answer.
  virtual bool stands(const Refusal& refusal) = 0;
};

}  // namespace suanpan
