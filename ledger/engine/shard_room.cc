#include "ledger/engine/shard_room.h"

#include "ledger/base/check.h"
#include "ledger/base/limits.h"
#include "ledger/core/hold.h"
#include "ledger/core/order.h"
#include "ledger/core/voucher_rules.h"

namespace suanpan {

ShardRoom::ShardRoom(const PlanningRoom& room, std::unique_ptr<SlicedBook> book, Stamper stamper)
    : room_(room),
      book_(std::move(book)),
      whole_(*book_),
      whole_planner_(whole_, room.invariant_violations),
      stamper_(std::move(stamper)),
      last_moment_(stamper_.last_timestamp),
      last_stamp_(stamper_.last_timestamp),
      hot_(std::make_shared<const std::vector<bool>>(book_->hot_accounts())) {
  for (unsigned s = 0; s < book_->shards(); ++s)
    shards_.push_back(std::make_unique<Shard>(*book_, s, room.invariant_violations));
}

ShardRoom::~ShardRoom() {
  stop();
  for (const auto& shard : shards_)
    if (shard->thread.joinable()) shard->thread.join();
}

void ShardRoom::start() {
  for (const auto& shard : shards_)
    shard->thread = std::thread([this, s = shard.get()] { loop(*s); });
}

// ---- The way in: routes, tickets, queues.

template <class Legs>
unsigned ShardRoom::route_legs(const Legs& legs, const std::vector<bool>& hot) const {
  unsigned found = kAnyShard;
  for (const auto& leg : legs)
    for (const AccountId id : {leg.debit, leg.credit}) {
      if (id.value < hot.size() && hot[id.value]) continue;
      const unsigned home = book_->home(id);
      if (found != kAnyShard && found != home) return kWholeBook;
      found = home;
    }
  return found;
}

unsigned ShardRoom::both(unsigned a, unsigned b) {
  if (a == b || b == kAnyShard) return a;
  return a == kAnyShard ? b : kWholeBook;
}

// What is decided by a balance goes to where that balance is whole.
unsigned ShardRoom::route_balance(AccountId id, const std::vector<bool>& hot) const {
  return id.value < hot.size() && hot[id.value] ? kWholeBook : book_->home(id);
}

unsigned ShardRoom::route_voucher(const VoucherRequest& voucher,
                                  const std::vector<bool>& hot) const {
  unsigned shard = route_legs(voucher.legs, hot);
  if (!voucher.rules) return shard;
  shard = both(shard, route_expects(*voucher.rules, hot));
  for (const Sweep& sweep : voucher.rules->sweeps) {
    const Leg& leg = voucher.legs[sweep.leg];
    if (sweep.of & Sweep::kDebit) shard = both(shard, route_balance(leg.debit, hot));
    if (sweep.of & Sweep::kCredit) shard = both(shard, route_balance(leg.credit, hot));
  }
  return shard;
}

unsigned ShardRoom::route_expects(const VoucherRules& rules, const std::vector<bool>& hot) const {
  unsigned shard = kAnyShard;
  for (const Expectation& e : rules.expects)
    if (e.at_least || e.at_most) shard = both(shard, route_balance(e.account, hot));
  return shard;
}

std::vector<unsigned> ShardRoom::routes_of(const Unit& unit, const std::vector<bool>& hot) const {
  const Submission& submission = unit.request->submission;
  std::vector<unsigned> routes(unit.items.size());
  for (std::size_t i = 0, end = 0; i < routes.size(); i = end) {
    const LinkedGroup* group = submission.group_of(unit.items[i]);
    end = i + (group ? group->count : 1);
    unsigned shard = kAnyShard;  // of all of the group
    for (std::size_t n = i; n < end; ++n)
      shard = both(shard, route(submission, unit.items[n], hot));
    if (shard == kAnyShard)
      shard = spread_over(std::hash<std::string>{}(submission.key(unit.items[i]).bytes()));
    std::fill(routes.begin() + static_cast<std::ptrdiff_t>(i),
              routes.begin() + static_cast<std::ptrdiff_t>(end), shard);
  }
  return routes;
}

unsigned ShardRoom::route(const Submission& submission, std::uint32_t item,
                          const std::vector<bool>& hot) const {
  if (const VoucherRequest* voucher = submission.voucher(item)) return route_voucher(*voucher, hot);
  const Command& command = submission.commands[item];
  if (!command.about) return kWholeBook;
  const unsigned shard = route_about(*command.about, hot);
  const auto rules = expected_in(command.content);
  return rules ? both(shard, route_expects(*rules, hot)) : shard;
}

unsigned ShardRoom::route_about(const Command::About& about, const std::vector<bool>& hot) const {
  // An order that is being placed is not there, or its shard refuses it.
  const DocumentPtr document =
      about.account.empty() ? book_->documents().find(about.kind, about.key) : nullptr;
  // What is finished may be evicted at any moment, and a shard does not decide by what is stored.
  if (document && !document->open) return kWholeBook;
  unsigned shard = kWholeBook;
  if (about.kind == DocumentKind::kHold && document) {
    const auto hold = decode_hold(document->bytes);
    CHECK_OR_DIE(hold, "a hold does not decode");
    shard = route_legs(hold->legs, hot);
  } else if (about.kind == DocumentKind::kOrder) {
    std::string account = about.account;
    if (document) {
      const auto order = decode_order(document->bytes);
      CHECK_OR_DIE(order, "order {} does not decode", about.key);
      if (!order.value().lines.empty()) account = order.value().lines.front().account;
    }
    const std::optional<AccountId> id = book_->find_code(account);
    const bool fixed = id && !(id->value < hot.size() && hot[id->value]);
    shard = fixed ? book_->home(*id) : kAnyShard;
  }
  // Nothing but the key says where: the same for every command about it.
  return shard == kAnyShard ? spread_over(std::hash<std::string>{}(about.key)) : shard;
}

void ShardRoom::push(Unit unit) {
  std::shared_ptr<const std::vector<bool>> hot;
  {
    std::lock_guard lock(mutex_);
    hot = hot_;
  }
  const std::size_t items = unit.items.size();
  const std::vector<unsigned> routes = routes_of(unit, *hot);
  std::size_t first_whole = items, end_whole = items;
  for (std::size_t i = 0; i < items; ++i) {
    if (routes[i] != kWholeBook) continue;
    first_whole = std::min(first_whole, i);
    end_whole = i + 1;
  }
  const auto ticket = std::make_shared<Ticket>();
  std::vector<unsigned> shard_of_part;
  std::vector<std::uint32_t> part_of_shard;
  const auto add_to = [&](std::size_t begin, std::size_t end) {
    part_of_shard.assign(shards_.size(), ~0u);
    for (std::size_t i = begin; i < end; ++i) {
      std::uint32_t& part = part_of_shard[routes[i]];
      if (part == ~0u) {
        part = static_cast<std::uint32_t>(ticket->parts.size());
        ticket->parts.emplace_back();
        shard_of_part.push_back(routes[i]);
      }
      ticket->parts[part].places.push_back(static_cast<std::uint32_t>(i));
    }
  };
  add_to(0, first_whole);
  if (first_whole < items) {
    Part& part = ticket->parts.emplace_back();
    shard_of_part.push_back(kWholeBook);
    for (std::size_t i = first_whole; i < end_whole; ++i)
      part.places.push_back(static_cast<std::uint32_t>(i));
    add_to(end_whole, items);
  }
  ticket->unit = std::move(unit);
  enqueue(ticket, shard_of_part);
}

void ShardRoom::move_on(const Ticket& ticket, std::vector<std::uint32_t> items) {
  if (ticket.unit.items.size() == items.size()) {
    // All of it, and nothing came after it: its moments are not used, it gets them again.
    const auto used = static_cast<std::int64_t>(items.size());
    std::lock_guard lock(mutex_);
    if (last_moment_.ns == ticket.moment.ns + used - 1) last_moment_.ns -= used;
  }
  const auto moved = std::make_shared<Ticket>();
  Part& part = moved->parts.emplace_back();
  part.places.resize(items.size());
  std::iota(part.places.begin(), part.places.end(), 0u);
  moved->unit = Unit{ticket.unit.request, std::move(items), 0};
  enqueue(moved, {kWholeBook});
}

Timestamp ShardRoom::next_moment(std::size_t items) {
  const Timestamp first = std::max(room_.clock.now(), Timestamp{last_moment_.ns + 1});
  last_moment_ =
      Timestamp{first.ns + static_cast<std::int64_t>(std::max<std::size_t>(items, 1)) - 1};
  return first;
}

void ShardRoom::enqueue(const TicketPtr& ticket, const std::vector<unsigned>& shard_of_part) {
  ticket->placed.resize(ticket->unit.items.size());
  ticket->open_parts = ticket->parts.size();
  std::lock_guard lock(mutex_);
  // Nothing under way: what was given out and not used is given out again, as by one thread.
  if (order_.empty() && being_committed_ == 0) last_moment_ = last_stamp_;
  enqueue_expiry(std::max(room_.clock.now(), Timestamp{last_moment_.ns + 1}));
  ticket->moment = next_moment(ticket->unit.items.size());
  order_.push_back(ticket);
  const auto hand = [&](Shard& shard, Work work) {
    {
      std::lock_guard shard_lock(shard.mutex);
      shard.queue.push_back(std::move(work));
    }
    shard.work.notify_one();
  };
  for (std::uint32_t part = 0; part < shard_of_part.size(); ++part) {
    if (shard_of_part[part] != kWholeBook) {
      hand(*shards_[shard_of_part[part]], Work{ticket, part, nullptr});
      continue;
    }
    const auto barrier = std::make_shared<Barrier>();
    barrier->ticket = ticket;
    barrier->part = part;
    for (const auto& shard : shards_) hand(*shard, Work{nullptr, 0, barrier});
  }
  if (shard_of_part.empty()) planned_.notify_one();
}

// Ahead of whatever comes next: what a command sees depends on its time only.
void ShardRoom::enqueue_expiry(Timestamp now) {
  if (expiry_queued_ || book_->documents().next_expiry_ns() > now.ns) return;
  const std::size_t due = book_->documents().due_holds(now, kExpiriesAtOnce).size();
  if (due == 0) return;
  expiry_queued_ = true;
  const auto ticket = std::make_shared<Ticket>();
  ticket->expiries = due;
  ticket->parts.emplace_back();
  ticket->open_parts = 1;
  ticket->moment = next_moment(ticket->expiries);
  order_.push_back(ticket);
  const auto barrier = std::make_shared<Barrier>();
  barrier->ticket = ticket;
  for (const auto& shard : shards_) {
    {
      std::lock_guard shard_lock(shard->mutex);
      shard->queue.push_back(Work{nullptr, 0, barrier});
    }
    shard->work.notify_one();
  }
}

// ---- The shards.

void ShardRoom::loop(Shard& shard) {
  std::unique_lock lock(shard.mutex);
  for (;;) {
    shard.work.wait(lock, [&] { return !shard.queue.empty() || shard.ended; });
    if (shard.queue.empty()) return;
    const Work work = std::move(shard.queue.front());
    shard.queue.pop_front();
    lock.unlock();
    if (work.barrier)
      come_to(*work.barrier);
    else
      plan_part(shard.planner, work.ticket, work.part, false);
    lock.lock();
  }
}

void ShardRoom::come_to(Barrier& barrier) {
  if (barrier.arrived.fetch_add(1) + 1 < shards_.size()) {
    barrier.done.wait(false);
    return;
  }
  plan_whole(barrier);
  barrier.done = true;
  barrier.done.notify_all();
}

void ShardRoom::plan_whole(Barrier& barrier) {
  whole_.open();
  plan_part(whole_planner_, barrier.ticket, barrier.part, true);
  if (!whole_.close()) return;
  auto hot = std::make_shared<const std::vector<bool>>(book_->hot_accounts());
  std::lock_guard lock(mutex_);
  hot_ = std::move(hot);
}

void ShardRoom::plan_part(Planner& planner, const TicketPtr& ticket, std::uint32_t number,
                          bool whole) {
  Part& part = ticket->parts[number];
  part.planned = std::make_unique<BlockBuilder>(part.places.size());
  if (ticket->expiries > 0) plan_expiries(*ticket, *part.planned);
  Stamper local;  // the committer gives out what lasts; only the moments are true already
  std::vector<std::uint32_t> moved;
  for (std::size_t n = 0; n < part.places.size(); ++n) {
    Request& request = *ticket->unit.request;
    const std::uint32_t place = part.places[n];
    const std::uint32_t item = ticket->unit.items[place];
    if (const LinkedGroup* group = request.submission.group_of(item)) {
      if (!plan_group(planner, *ticket, number, place, *group, whole))
        for (std::uint32_t i = 0; i < group->count; ++i) moved.push_back(item + i);
      n += group->count - 1;
      continue;
    }
    const auto first = static_cast<std::uint32_t>(part.planned->records());
    local.last_timestamp = Timestamp{};
    auto answer = planner.plan(request.submission, item, Timestamp{ticket->moment.ns + place},
                               *part.planned, local);
    CHECK_OR_DIE(answer || !whole, "the whole book does not decide");
    if (!answer) {
      moved.push_back(item);
      continue;
    }
    request.answers[item] = std::move(*answer);
    const auto count = static_cast<std::uint32_t>(part.planned->records()) - first;
    ticket->placed[place] = Placed{number, first, count};
    if (count == 0) release(room_.claims, request.key(item));
  }
  if (!moved.empty()) {
    ticket->moved += moved.size();
    move_on(*ticket, std::move(moved));
  }
  end_part(*ticket);
}

bool ShardRoom::plan_group(Planner& planner, Ticket& ticket, std::uint32_t part,
                           std::uint32_t place, const LinkedGroup& group, bool whole) {
  Request& request = *ticket.unit.request;
  BlockBuilder& planned = *ticket.parts[part].planned;
  auto first = static_cast<std::uint32_t>(planned.records());
  Stamper local;
  const bool decided =
      planner.plan_group(request.submission, group, Timestamp{ticket.moment.ns + place}, planned,
                         local, request.answers);
  CHECK_OR_DIE(decided || !whole, "the whole book does not decide");
  if (!decided) return false;
  for (std::uint32_t i = 0; i < group.count; ++i) {
    if (request.answers[group.first + i].seq == 0) {
      release(room_.claims, request.key(group.first + i));
      continue;
    }
    std::uint32_t count = 1;
    while (!planned.peek()[first + count - 1].last_leg()) ++count;
    ticket.placed[place + i] = Placed{part, first, count};
    first += count;
  }
  return true;
}

void ShardRoom::plan_expiries(Ticket& ticket, BlockBuilder& block) {
  const auto due = book_->documents().due_holds(ticket.moment, ticket.expiries);
  Stamper local;
  Timestamp moment = ticket.moment;
  for (const ClaimKey& hold : due) {
    local.last_timestamp = Timestamp{};
    expire_hold(hold, moment, room_.claims, whole_planner_, block, local);
    ++moment.ns;
  }
  std::lock_guard lock(mutex_);
  expiry_queued_ = false;
}

void ShardRoom::end_part(Ticket& ticket) {
  if (ticket.open_parts.fetch_sub(1) > 1) return;
  // The lock keeps the committer from looking before and sleeping after.
  { std::lock_guard lock(mutex_); }
  planned_.notify_one();
}

// ---- The way out: the committer.

std::shared_ptr<GatheredBlock> ShardRoom::take(std::chrono::milliseconds timeout) {
  const auto deadline = std::chrono::steady_clock::now() + timeout;
  std::vector<TicketPtr> taken;
  {
    std::unique_lock lock(mutex_);
    const auto ready = [&] {
      return ended_ || (!order_.empty() && order_.front()->open_parts == 0);
    };
    while (!planned_.wait_for(lock, kIdleTick, ready)) {
      if (std::chrono::steady_clock::now() >= deadline) return nullptr;
      if (!stopping_) enqueue_expiry(room_.clock.now());
    }
    if (ended_) return nullptr;
    std::size_t records = 0, bytes = 0;
    while (!order_.empty() && order_.front()->open_parts == 0 && records < kMaxBlockItems &&
           bytes < kMaxBlockBytes) {
      for (const Part& part : order_.front()->parts) {
        records += part.planned->records();
        bytes += part.planned->bytes();
      }
      taken.push_back(std::move(order_.front()));
      order_.pop_front();
    }
    being_committed_ = taken.size();
  }
  auto block = std::make_shared<GatheredBlock>();
  for (const TicketPtr& ticket : taken) join(*ticket, *block);
  return block;
}

void ShardRoom::join(Ticket& ticket, GatheredBlock& block) {
  const auto append = [&](const BlockBuilder& from, std::span<const Record> legs) {
    return block.builder.append(legs, variable_of(legs.front(), from.variable()), stamper_);
  };
  if (ticket.expiries > 0) {
    const BlockBuilder& planned = *ticket.parts.front().planned;
    auto rest = planned.peek();
    while (!rest.empty()) {
      std::size_t legs = 1;
      while (!rest[legs - 1].last_leg()) ++legs;
      append(planned, rest.first(legs));
      rest = rest.subspan(legs);
    }
    return;
  }
  const Unit& unit = ticket.unit;
  for (std::size_t place = 0; place < unit.items.size(); ++place) {
    const Placed& placed = ticket.placed[place];
    if (placed.count == 0) continue;
    const BlockBuilder& planned = *ticket.parts[placed.part].planned;
    const Answer stamped = append(planned, planned.peek().subspan(placed.first, placed.count));
    Answer& answer = unit.request->answers[unit.items[place]];
    answer.seq = stamped.seq;
    answer.timestamp = stamped.timestamp;
    answer.voucher_no = stamped.voucher_no;
  }
  const std::size_t answers = unit.items.size() - ticket.moved + unit.answered;
  room_.queued_items -= answers;
  block.waiting.push_back({unit.request, answers});
}

void ShardRoom::committed() {
  std::lock_guard lock(mutex_);
  being_committed_ = 0;
  last_stamp_ = stamper_.last_timestamp;
  end_if_done();
}

void ShardRoom::evict(const std::vector<DocumentPtr>& finished) {
  for (const DocumentPtr& document : finished) book_->documents().evict(*document);
}

void ShardRoom::stop() {
  std::lock_guard lock(mutex_);
  stopping_ = true;
  end_if_done();
}

bool ShardRoom::ended() const {
  std::lock_guard lock(mutex_);
  return ended_;
}

void ShardRoom::end_if_done() {
  if (!stopping_ || !order_.empty() || being_committed_ > 0) return;
  ended_ = true;
  planned_.notify_all();
  for (const auto& shard : shards_) {
    {
      std::lock_guard lock(shard->mutex);
      shard->ended = true;
    }
    shard->work.notify_one();
  }
}

}  // namespace suanpan
