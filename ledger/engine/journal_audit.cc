#include "ledger/engine/journal_audit.h"

#include "ledger/base/check.h"

namespace suanpan {

Result<Fault> JournalAudit::take(const Block& block) {
  if (block.first_seq() != audit_.last_seq() + 1)
    return Fault(fmt::format("journal block at {}: it follows entry {}", block.first_seq(),
                             audit_.last_seq()));
  if (block.previous_hash() != last_hash_)
    return Fault(fmt::format("journal block at {}: the chain breaks", block.first_seq()));
  if (block.archived())
    return Fault(
        fmt::format("journal block at {}: only its archived form is there", block.first_seq()));
  last_hash_ = block.hash();
  ++blocks_;
  Fault fault;
  std::optional<Error> failed;
  for_each_command(block, [&](std::span<const Record> legs, const VariablePart* part) {
    if (fault || failed) return;
    auto taken = audit_.take(legs, part);
    if (!taken)
      failed = taken.error();
    else
      fault = std::move(taken.value());
  });
  if (failed) return *failed;
  if (fault) return fault;
  if (Fault open = audit_.end_block()) return open;
  if (block.last_timestamp().ns != audit_.last_timestamp_ns())
    return Fault(fmt::format("journal block at {}: its header names another last timestamp",
                             block.first_seq()));
  return Fault{};
}

bool JournalAudit::go_on(std::string_view saved, IdPrints ids, const Sha256& last_hash,
                         std::uint64_t blocks) {
  // Tried on another audit: one that does not load is left half changed.
  if (!Audit(nullptr).load(saved, {})) return false;
  CHECK_OR_DIE(audit_.load(saved, std::move(ids)), "a state loads once only");
  last_hash_ = last_hash;
  blocks_ = blocks;
  return true;
}

}  // namespace suanpan
