// Planning over the whole book, one command after another: nothing to route, nothing to merge. A
// block is gathered while the committer makes the one before it durable; at most one sealed block
// waits.
//
// Who plans: a thread of its own where there is much, so that planning overlaps the sync. Where
// there is little, the committer itself before it takes the block: handing a few commands from
// thread to thread takes longer than planning them. Never both at once (`busy_`).
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "ledger/engine/planning.h"

namespace suanpan {

class OneShard final : public Planning {
 public:
  OneShard(const PlanningRoom& room, State state, Stamper stamper);
  ~OneShard() override;

  void start() override;
  void push(Unit unit) override;
  std::shared_ptr<GatheredBlock> take(std::chrono::milliseconds timeout) override;
  void committed() override;
  void evict(const std::vector<DocumentPtr>& finished) override;
  void stop() override;
  bool ended() const override;

 private:
  using Lock = std::unique_lock<std::mutex>;
  void loop();
  bool gathered() const { return !block_->waiting.empty() || !block_->builder.empty(); }
  bool little() const;
  bool ready() const { return (handed_over_ && !taken_) || ended_; }
  bool has_work_here() const;
  void plan_next(Lock& lock);
  void plan_little(Lock& lock);
  void hand_over();
  void tidy_up(Lock& lock, bool expire);
  void plan(Unit& unit);
  void prefetch_holds(const Unit& unit, std::size_t from) const;
  Timestamp moment() const {
    return std::max(room_.clock.now(), Timestamp{stamper_.last_timestamp.ns + 1});
  }
  std::size_t expire_holds();
  bool full() const;

  PlanningRoom room_;
  // Of the thread that is busy; of who holds the lock while none is.
  WholeBook book_;
  Stamper stamper_;
  Planner planner_;
  std::shared_ptr<GatheredBlock> block_;  // being gathered

  mutable std::mutex mutex_;        // guards everything below
  bool busy_ = false;               // a thread plans, without the lock
  std::condition_variable work_;    // the planning thread waits here
  std::condition_variable sealed_;  // the committer waits here
  std::deque<Unit> queue_;
  std::size_t queued_ = 0;  // items in it
  std::vector<DocumentPtr> to_evict_;
  std::shared_ptr<GatheredBlock> handed_over_;  // until it is committed
  bool taken_ = false, stopping_ = false, ended_ = false;
  std::thread thread_;
};

}  // namespace suanpan
