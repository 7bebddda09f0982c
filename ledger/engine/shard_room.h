// Planning by several threads.
//
// The queue. Every unit that is pushed gets a ticket: its place in the one order of the book, which
// is the order of the journal. An item that one shard decides goes to that shard's own queue; all
// queues are filled under one lock, so each shard plans its items in ticket order. From the first
// to the last item of a unit that no single shard decides, the unit goes to a barrier. The
// committer takes the longest run of planned units from the front and joins them, item by item in
// their order, into one block: there sequences and voucher numbers are given out. Timestamps are
// given with the ticket, because planners see them.
//
// A barrier stands in the queues of all shards, at its ticket. Each shard that comes to it parks;
// the last one to arrive plans over the whole book; all go on. No deadlock: a shard waits for
// nothing but a barrier, barriers stand in the same order in every queue, and the work before a
// barrier is finite; no lock is held while a shard parks. What a shard finds it cannot decide after
// all (slices.h) leaves its unit and goes to the end of the book's queue as a barrier.
//
// Why the journal's order is true: a shard reads its own accounts and slices, leased documents, and
// settings that change at barriers only. So what it read at a ticket was made by earlier tickets of
// its own and by barriers before, and a planner over the whole book that follows the journal reads
// the same; of a slice it only uses that it is not below its part of the limit.
//
// Who owns what: shard s: queue s and slices s. The committer: the stamper. Under mutex_: the
// order, tickets and moments. Bounded by the book's queue (items until they are joined).
#pragma once
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "ledger/engine/planning.h"
#include "ledger/engine/slices.h"

namespace suanpan {

class ShardRoom final : public Planning {
 public:
  ShardRoom(const PlanningRoom& room, std::unique_ptr<SlicedBook> book, Stamper stamper);
  ~ShardRoom() override;

  void start() override;
  void push(Unit unit) override;
  std::shared_ptr<GatheredBlock> take(std::chrono::milliseconds timeout) override;
  void committed() override;
  void evict(const std::vector<DocumentPtr>& finished) override;
  void stop() override;
  bool ended() const override;

 private:
  /// What one thread planned of a unit.
  struct Part {
    std::vector<std::uint32_t> places;  // positions in the unit's items
    std::unique_ptr<BlockBuilder> planned;
  };
  struct Placed {
    std::uint32_t part = 0, first = 0, count = 0;  // records of an item; none: nothing journalled
  };
  struct Ticket {
    Unit unit;
    Timestamp moment;  // of the first item; each further one is a nanosecond later
    std::vector<Part> parts;
    std::vector<Placed> placed;  // by position
    std::atomic<std::size_t> open_parts{0};
    std::atomic<std::size_t> moved{0};  // items that left for another ticket
    std::size_t expiries = 0;           // the book's own ticket: holds whose time has come
  };
  using TicketPtr = std::shared_ptr<Ticket>;
  struct Barrier {
    TicketPtr ticket;
    std::uint32_t part = 0;
    std::atomic<unsigned> arrived{0};
    std::atomic<bool> done{false};
  };
  /// An entry of a shard's queue: a part to plan, or a barrier to come to.
  struct Work {
    TicketPtr ticket;
    std::uint32_t part = 0;
    std::shared_ptr<Barrier> barrier;
  };
  struct Shard {
    Shard(SlicedBook& book, unsigned number, std::atomic<std::uint64_t>& violations)
        : view(book, number), planner(view, violations) {}
    ShardView view;
    Planner planner;
    std::mutex mutex;
    std::condition_variable work;
    std::deque<Work> queue;
    bool ended = false;
    std::thread thread;
  };
  static constexpr unsigned kAnyShard = ~0u, kWholeBook = ~0u - 1;

  std::vector<unsigned> routes_of(const Unit& unit, const std::vector<bool>& hot) const;
  unsigned route(const Submission& submission, std::uint32_t item,
                 const std::vector<bool>& hot) const;
  unsigned route_voucher(const VoucherRequest& voucher, const std::vector<bool>& hot) const;
  unsigned route_expects(const VoucherRules& rules, const std::vector<bool>& hot) const;
  unsigned route_balance(AccountId id, const std::vector<bool>& hot) const;
  unsigned route_about(const Command::About& about, const std::vector<bool>& hot) const;
  /// The one route of two things that are decided together.
  static unsigned both(unsigned a, unsigned b);
  template <class Legs>
  unsigned route_legs(const Legs& legs, const std::vector<bool>& hot) const;
  unsigned spread_over(std::uint64_t hash) const {
    return static_cast<unsigned>(mix64(hash) % shards_.size());
  }

  /// Puts items that left `ticket` at the end of the queue, as a barrier.
  void move_on(const Ticket& ticket, std::vector<std::uint32_t> items);
  void enqueue(const TicketPtr& ticket, const std::vector<unsigned>& shard_of_part);
  void enqueue_expiry(Timestamp now);
  Timestamp next_moment(std::size_t items);

  void loop(Shard& shard);
  /// Answers a group of a part; false: it leaves for a barrier.
  bool plan_group(Planner& planner, Ticket& ticket, std::uint32_t part, std::uint32_t place,
                  const LinkedGroup& group, bool whole);
  void plan_part(Planner& planner, const TicketPtr& ticket, std::uint32_t part, bool whole);
  void come_to(Barrier& barrier);
  void plan_whole(Barrier& barrier);
  void plan_expiries(Ticket& ticket, BlockBuilder& block);
  void end_part(Ticket& ticket);
  void join(Ticket& ticket, GatheredBlock& block);
  void end_if_done();

  PlanningRoom room_;
  std::unique_ptr<SlicedBook> book_;
  WholeView whole_;
  Planner whole_planner_;
  std::vector<std::unique_ptr<Shard>> shards_;
  Stamper stamper_;  // the committer's

  mutable std::mutex mutex_;  // guards everything below
  std::condition_variable planned_;
  std::deque<TicketPtr> order_;                   // not joined yet
  std::size_t being_committed_ = 0;               // tickets that were taken
  Timestamp last_moment_;                         // given out
  Timestamp last_stamp_;                          // of what is committed
  std::shared_ptr<const std::vector<bool>> hot_;  // by account id, for the router
  bool expiry_queued_ = false, stopping_ = false, ended_ = false;
};

}  // namespace suanpan
