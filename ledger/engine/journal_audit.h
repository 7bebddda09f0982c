// The audit (audit.h) fed block by block: that they follow one another, by sequence and by hash,
// that each ends where its header says, and all that the audit holds true of what is in them.
//
// One owner.
#pragma once
#include "ledger/engine/audit.h"

namespace suanpan {

class JournalAudit {
 public:
  explicit JournalAudit(Audit::BlockOf block_of) : audit_(std::move(block_of)) {}

  /// The next block. After a fault the audit is over.
  Result<Fault> take(const Block& block);

  const Audit& audit() const { return audit_; }
  const Sha256& last_hash() const { return last_hash_; }
  std::uint64_t blocks() const { return blocks_; }

  /// Goes on after the block of that hash, with what Audit::save() gave there; false: it was not
  /// that, and nothing changed.
  bool go_on(std::string_view saved, IdPrints ids, const Sha256& last_hash, std::uint64_t blocks);

 private:
  Audit audit_;
  Sha256 last_hash_{};
  std::uint64_t blocks_ = 0;
};

}  // namespace suanpan
