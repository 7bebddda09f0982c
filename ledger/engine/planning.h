// What stands between the book's queue and the committer: units go in, blocks come out in the order
// of the journal. One thread (one_shard.h) or several (shard_room.h) plan in between.
//
// push() is called by any thread; take() and committed() by the committer alone.
#pragma once
#include <chrono>

#include "ledger/base/check.h"
#include "ledger/engine/claims.h"
#include "ledger/engine/planner.h"

namespace suanpan {

/// What the planning threads share with the rest of the engine.
struct PlanningRoom {
  const Clock& clock;
  Claims& claims;
  std::atomic<std::size_t>& queued_items;  // given back when a unit is planned
  std::atomic<std::uint64_t>& invariant_violations;
};

inline constexpr std::size_t kExpiriesAtOnce = 1024;
inline constexpr auto kIdleTick = std::chrono::milliseconds(50);  // how late an expiry is noticed
inline constexpr std::size_t kMaxBlockBytes = 32 << 20;

/// Expires a hold whose time has come: claims the book's own command for it and plans it. CHECKs
/// both: nobody gave that command before, and nothing hinders it.
inline void expire_hold(const ClaimKey& hold, Timestamp moment, Claims& claims, Planner& planner,
                        BlockBuilder& block, Stamper& stamper) {
  const Command command = expiry_of(hold);
  const auto claimed = claims.claim(command.key, {});
  CHECK_OR_DIE(claimed.outcome == Claims::Outcome::kMine, "a due hold has expired before");
  const auto answer = planner.plan(command, moment, block, stamper);
  CHECK_OR_DIE(answer && answer->accepted(), "a due hold does not expire");
}

class Planning {
 public:
  virtual ~Planning() = default;
  virtual void start() = 0;
  /// Takes a unit at the end of the book's queue.
  virtual void push(Unit unit) = 0;
  /// Gives up the claim of an item that left nothing: whoever waits with the same id is planned in
  /// its stead, in its own turn. A member of a group cannot be planned by itself; it is told so.
  /// Of a group that left nothing the ids come free one by one: planning waits for no caller's
  /// lock, and whoever finds some of them free is told to ask again.
  void release(Claims& claims, const ClaimKey& key) {
    while (auto next = claims.release(key)) {
      if (!next->request->submission.group_of(next->item))
        return push(Unit{std::move(next->request), {next->item}, 0});
      next->request->answers[next->item].refusal = left_in_group(*next->request, next->item);
      push(Unit{std::move(next->request), {}, 1});
    }
  }
  /// The next block, sealed for the journal; null when there is none within the time, or no more.
  virtual std::shared_ptr<GatheredBlock> take(std::chrono::milliseconds timeout) = 0;
  /// The block that was taken last is durable and published.
  virtual void committed() = 0;
  /// Finished documents that are stored by now.
  virtual void evict(const std::vector<DocumentPtr>& finished) = 0;
  /// No more is pushed: plans what is there, then ended() is true once everything was taken.
  virtual void stop() = 0;
  virtual bool ended() const = 0;
};

}  // namespace suanpan
