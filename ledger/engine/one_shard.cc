#include "ledger/engine/one_shard.h"

#include "ledger/base/check.h"
#include "ledger/base/limits.h"

namespace suanpan {
namespace {

// Items that are worth waking the planning thread for while a block is on its way to the disk.
// Fewer, of a leg or two, are planned in a small part of the time that a sync takes, so that waking
// it for each costs more than it gains.
constexpr std::size_t kWorthWaking = 64;
// Items that the committer plans rather than wait for a thread that is woken for them.
constexpr std::size_t kLittle = 256;
static_assert(kLittle >= kWorthWaking, "between the two nobody would be woken");

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

bool OneShard::little() const { return !queue_.empty() && queued_ <= kLittle; }

void OneShard::push(Unit unit) {
  std::condition_variable* wake = nullptr;
  {
    std::lock_guard lock(mutex_);
    queued_ += unit.items.size() + unit.answered;
    queue_.push_back(std::move(unit));
    if (handed_over_)
      wake = queued_ >= kWorthWaking ? &work_ : nullptr;
    else if (!busy_)
      wake = little() ? &sealed_ : &work_;
  }
  if (wake) wake->notify_one();
}

// For the committer: something that it can take at once, or plan.
bool OneShard::has_work_here() const {
  return ready() || (!busy_ && !handed_over_ && (little() || gathered()));
}

std::shared_ptr<GatheredBlock> OneShard::take(std::chrono::milliseconds timeout) {
  Lock lock(mutex_);
  sealed_.wait_for(lock, timeout, [&] { return has_work_here(); });
  if (!ready() && has_work_here()) plan_little(lock);
  if (!handed_over_ || taken_) return nullptr;
  taken_ = true;
  return handed_over_;
}

void OneShard::committed() {
  bool wake;
  {
    std::lock_guard lock(mutex_);
    handed_over_ = nullptr;
    taken_ = false;
    wake = stopping_ || queued_ > kLittle;
  }
  if (wake) work_.notify_one();
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
  for (const ClaimKey& hold : due)
    expire_hold(hold, moment(), room_.claims, planner_, block_->builder, stamper_);
  return due.size();
}

// Fetches from memory what the items from `from` on will look for among the holds: the one that a
// command is about, or the place of the one that a voucher makes.
void OneShard::prefetch_holds(const Unit& unit, std::size_t from) const {
  constexpr std::size_t kAtOnce = DocumentTable::kAtOnce;
  if (from % kAtOnce != 0) return;
  const Submission& submission = unit.request->submission;
  std::array<ClaimKey::Packed, kAtOnce> own;
  std::array<std::string_view, kAtOnce> keys;
  std::size_t count = 0;
  for (std::size_t i = from; i < std::min(unit.items.size(), from + kAtOnce); ++i) {
    const std::uint32_t item = unit.items[i];
    if (const VoucherRequest* voucher = submission.voucher(item)) {
      if (!voucher->hold) continue;
      own[count] = voucher->key.packed();
      keys[count] = own[count];
      ++count;
    } else if (const auto& about = submission.commands[item].about;
               about && about->kind == DocumentKind::kHold) {
      keys[count++] = about->key;
    }
  }
  if (count > 0) book_.state().prefetch(DocumentKind::kHold, {keys.data(), count});
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
    prefetch_holds(unit, i);
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

void OneShard::plan_next(Lock& lock) {
  Unit unit = std::move(queue_.front());
  queue_.pop_front();
  queued_ -= unit.items.size() + unit.answered;
  room_.queued_items -= unit.items.size() + unit.answered;
  lock.unlock();
  plan(unit);
  lock.lock();
}

// By the committer.
void OneShard::plan_little(Lock& lock) {
  busy_ = true;
  while (little() && !full()) plan_next(lock);
  busy_ = false;
  if (gathered()) hand_over();
  if (stopping_ || !queue_.empty()) work_.notify_one();
}

void OneShard::hand_over() {
  handed_over_ = std::exchange(block_, std::make_shared<GatheredBlock>());
}

void OneShard::tidy_up(Lock& lock, bool expire) {
  busy_ = true;
  const std::vector<DocumentPtr> finished = std::exchange(to_evict_, {});
  lock.unlock();
  book_.state().evict(finished);
  if (expire && !full()) expire_holds();
  lock.lock();
  busy_ = false;
}

void OneShard::loop() {
  Lock lock(mutex_);
  for (;;) {
    // A block that is full, or has nothing more to gather, goes to the committer as soon as it is
    // free.
    if (!busy_ && gathered() && !handed_over_ && (full() || queue_.empty())) {
      hand_over();
      sealed_.notify_one();
    }
    if (!busy_ && !queue_.empty() && !full()) {
      busy_ = true;
      plan_next(lock);
      busy_ = false;
      continue;
    }
    if (!busy_ && stopping_ && queue_.empty() && !gathered() && !handed_over_) break;
    const bool woken = work_.wait_for(lock, kIdleTick, [&] {
      return !busy_ &&
             ((!queue_.empty() && !full() && (!handed_over_ || queued_ >= kWorthWaking)) ||
              !to_evict_.empty() || ((stopping_ || gathered()) && !handed_over_));
    });
    if (!busy_) tidy_up(lock, !woken);
  }
  ended_ = true;
  sealed_.notify_one();
}

}  // namespace suanpan
