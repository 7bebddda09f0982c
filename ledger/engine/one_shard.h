// Planning by one thread over the whole book: nothing to route, nothing to merge. It gathers into
// one block while the committer makes the one before it durable; at most one sealed block waits.
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
  void loop();
  void plan(Unit& unit);
  Timestamp moment() const {
    return std::max(room_.clock.now(), Timestamp{stamper_.last_timestamp.ns + 1});
  }
  std::size_t expire_holds();
  bool full() const;

  PlanningRoom room_;
  WholeBook book_;
  Stamper stamper_;
  Planner planner_;
  std::shared_ptr<GatheredBlock> block_;  // being gathered

  mutable std::mutex mutex_;        // guards everything below
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
