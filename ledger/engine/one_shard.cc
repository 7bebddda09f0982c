#include "ledger/engine/one_shard.h"

#include "ledger/base/check.h"
#include "ledger/base/limits.h"

namespace suanpan {
namespace {

// Items that are worth waking the planning thread for while a block is on its way to the disk.
// Fewer, of a leg or two, are planned in a small part of the time that a sync takes, so that waking
// it for each costs more than it gains.
constexpr std::size_t kWorthWaking = 64;

}  // namespace

OneShard::OneShard(const PlanningRoom& room, State state, Stamper stamper)
    : room_(room),
      book_(std::move(state)),
      stamper_(std::move(stamper)),
      planner_(book_, room.invariant_violations),
      block_(std::make_shared<GatheredBlock>()) {}

OneShard::~OneShard() {
  stop();
  if (thread_.joinable()) thread_.join();
}

void OneShard::start() {
  thread_ = std::thread([this] { loop(); });
}

void OneShard::push(Unit unit) {
  bool wake;
  {
    std::lock_guard lock(mutex_);
    queued_ += unit.items.size() + unit.answered;
    wake = !handed_over_ || queued_ >= kWorthWaking;
    queue_.push_back(std::move(unit));
  }
  if (wake) work_.notify_one();
}

std::shared_ptr<GatheredBlock> OneShard::take(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  sealed_.wait_for(lock, timeout, [&] { return (handed_over_ && !taken_) || ended_; });
  if (!handed_over_ || taken_) return nullptr;
  taken_ = true;
  return handed_over_;
}

void OneShard::committed() {
  {
    std::lock_guard lock(mutex_);
    handed_over_ = nullptr;
    taken_ = false;
  }
  work_.notify_one();
}

void OneShard::evict(const std::vector<DocumentPtr>& finished) {
  std::lock_guard lock(mutex_);
  to_evict_.insert(to_evict_.end(), finished.begin(), finished.end());
}

void OneShard::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
}

bool OneShard::ended() const {
  std::lock_guard lock(mutex_);
  return ended_;
}

bool OneShard::full() const {
  return block_->builder.records() >= kMaxBlockItems || block_->builder.bytes() >= kMaxBlockBytes;
}

std::size_t OneShard::expire_holds() {
  const auto due = book_.state().due_holds(moment(), kExpiriesAtOnce);
  for (const ClaimKey& hold : due) {
    const Command command = expiry_of(hold);
    const auto claimed = room_.claims.claim(command.key, {});
    CHECK_OR_DIE(claimed.outcome == Claims::Outcome::kMine, "a due hold has expired before");
    const auto answer = planner_.plan(command, moment(), block_->builder, stamper_);
    CHECK_OR_DIE(answer && answer->accepted(), "a due hold does not expire");
  }
  return due.size();
}

void OneShard::plan(Unit& unit) {
  // Also under load, when the thread is never idle: what a command sees depends on its time only.
  expire_holds();
  const Timestamp now = room_.clock.now();
  Request& request = *unit.request;
  constexpr std::size_t kAhead = 8;
  std::size_t next = 0;
  for (std::size_t i = 0; i < unit.items.size(); i = next) {
    const std::uint32_t item = unit.items[i];
    if (i + kAhead < unit.items.size() && !request.submission.vouchers.empty())
      for (const Leg& leg : request.submission.vouchers[unit.items[i + kAhead]].legs) {
        book_.state().prefetch(leg.debit);
        book_.state().prefetch(leg.credit);
      }
    const Timestamp at = std::max(now, Timestamp{stamper_.last_timestamp.ns + 1});
    const LinkedGroup* group = request.submission.group_of(item);
    next = i + (group ? group->count : 1);
    if (group) {
      const bool decided = planner_.plan_group(request.submission, *group, at, block_->builder,
                                               stamper_, request.answers);
      CHECK_OR_DIE(decided, "the whole book does not decide");
    } else {
      auto answer = planner_.plan(request.submission, item, at, block_->builder, stamper_);
      request.answers[item] = std::move(*answer);
    }
    for (std::size_t n = i; n < next; ++n)
      if (request.answers[unit.items[n]].seq == 0)
        release(room_.claims, request.key(unit.items[n]));
  }
  block_->waiting.push_back({std::move(unit.request), unit.items.size() + unit.answered});
}

void OneShard::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    // A block that is full, or has nothing more to gather, goes to the committer as soon as it is
    // free.
    const bool gathered = !block_->waiting.empty() || !block_->builder.empty();
    if (gathered && !handed_over_ && (full() || queue_.empty())) {
      handed_over_ = std::exchange(block_, std::make_shared<GatheredBlock>());
      sealed_.notify_one();
    }
    if (!queue_.empty() && !full()) {
      Unit unit = std::move(queue_.front());
      queue_.pop_front();
      queued_ -= unit.items.size() + unit.answered;
      room_.queued_items -= unit.items.size() + unit.answered;
      lock.unlock();
      plan(unit);
      lock.lock();
      continue;
    }
    const bool empty = block_->waiting.empty() && block_->builder.empty();
    if (stopping_ && queue_.empty() && empty && !handed_over_) break;
    const bool woken = work_.wait_for(lock, kIdleTick, [&] {
      return (!queue_.empty() && !full()) || !to_evict_.empty() ||
             ((stopping_ || !empty) && !handed_over_);
    });
    const std::vector<DocumentPtr> finished = std::exchange(to_evict_, {});
    lock.unlock();
    for (const DocumentPtr& d : finished) book_.state().evict(d->kind, d->key, d->version);
    if (!woken && !full()) expire_holds();
    lock.lock();
  }
  ended_ = true;
  sealed_.notify_one();
}

}  // namespace suanpan
