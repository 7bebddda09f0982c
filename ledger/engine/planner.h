// The planning thread's work, without the thread: takes commands one by one, decides idempotency,
// plans, checks invariants, applies to its own State and appends to the block that is being
// gathered.
//
// One owner. What it knows runs ahead of what is durable; only answers that travel with a durable
// block leave the engine.
#pragma once
#include <deque>

#include "ledger/core/state.h"
#include "ledger/engine/book.h"
#include "ledger/store/id_projection.h"
#include "ledger/store/recent_ids.h"

namespace suanpan {

/// A block that is being gathered or made durable, and the answers that wait for it.
struct GatheredBlock {
  BlockBuilder builder;
  struct Waiting {
    Book::Done done;
    Book::Answers answers;
  };
  std::vector<Waiting> waiting;
};

class Planner {
 public:
  Planner(State state, Stamper stamper, const IdProjection& ids, const Journal& journal);

  /// Takes note of an id that recovery found after the id projection's stamp.
  void recover_id(const ClaimKey& key, std::uint64_t seq) { recent_.add(key, seq, ids_.stamp()); }

  Answer plan(const VoucherRequest& voucher, Timestamp now, GatheredBlock& block);
  Answer plan(const Command& command, Timestamp now, GatheredBlock& block);
  /// Expires due holds, at most `limit`; returns how many.
  std::size_t expire_holds(Timestamp now, std::size_t limit, GatheredBlock& block);

  /// Blocks that are not in the journal yet, oldest first: the engine says when they come and go.
  void begin_commit(std::shared_ptr<const GatheredBlock> block) {
    uncommitted_.push_back(std::move(block));
  }
  void end_commit() { uncommitted_.pop_front(); }

  State& state() { return state_; }
  std::uint64_t invariant_violations() const { return invariant_violations_.load(); }

 private:
  template <class Request, class Plan>
  Answer decide(const CommandEnvelope& envelope, const Request& request, Plan&& plan,
                GatheredBlock& block);
  std::optional<StoredCommand> find(const ClaimKey& key, const GatheredBlock& block) const;

  State state_;
  Stamper stamper_;
  RecentIds recent_;
  const IdProjection& ids_;
  const Journal& journal_;
  std::deque<std::shared_ptr<const GatheredBlock>> uncommitted_;
  std::atomic<std::uint64_t> invariant_violations_{0};
};

/// Stops the process when a store that must answer does not.
[[noreturn]] void fatal(const Error& error);

}  // namespace suanpan
