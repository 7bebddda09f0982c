#include "ledger/engine/claims.h"

#include <algorithm>

#include "ledger/base/check.h"

namespace suanpan {
namespace {

constexpr std::size_t kFirstSlots = 64;

}  // namespace

Claims::Claims(std::size_t generation) : limit_(std::max<std::size_t>(generation / kStripes, 16)) {}

Claims::Slot* Claims::Generation::find(const ClaimKey& key, std::size_t hash) {
  if (size == 0) return nullptr;
  const std::size_t mask = slots.size() - 1;
  for (std::size_t i = hash & mask;; i = (i + 1) & mask) {
    if (slots[i].seq == kFree) return nullptr;
    if (slots[i].key == key) return &slots[i];
  }
}

Claims::Slot& Claims::Generation::add(const ClaimKey& key, std::size_t hash) {
  const auto free_slot = [&](std::size_t h) -> Slot& {
    const std::size_t mask = slots.size() - 1;
    std::size_t i = h & mask;
    while (slots[i].seq != kFree) i = (i + 1) & mask;
    return slots[i];
  };
  if ((size + 1) * 3 > slots.size() * 2) {
    std::vector<Slot> before(std::max(kFirstSlots, slots.size() * 2));
    before.swap(slots);
    for (const Slot& slot : before)
      if (slot.seq != kFree) free_slot(hash_of(slot.key)) = slot;
  }
  Slot& slot = free_slot(hash);
  slot.key = key;
  ++size;
  return slot;
}

void Claims::Generation::clear() {
  std::fill(slots.begin(), slots.end(), Slot{});
  size = under_way = 0;
  max_seq = 0;
}

Claims::Slot* Claims::Stripe::find(const ClaimKey& key, std::size_t hash) {
  if (Slot* slot = current.find(key, hash)) return slot;
  return older.find(key, hash);
}

void Claims::Stripe::turn_over(std::size_t limit, std::uint64_t projected) {
  if (current.size < limit || older.under_way > 0 || older.max_seq > projected) return;
  std::swap(older, current);
  current.clear();
}

Claims::Claimed Claims::claim_or_wait(const ClaimKey& key, const Waiter* waiter) {
  const std::size_t hash = hash_of(key);
  Stripe& stripe = stripe_of(hash);
  std::lock_guard lock(stripe.mutex);
  if (Slot* slot = stripe.find(key, hash); slot && slot->seq != kReleased) {
    if (slot->seq != kUnderWay) return {Outcome::kDurable, slot->seq};
    if (!waiter) return {Outcome::kUnderWay, 0};
    stripe.waiters[key].push_back(*waiter);
    return {Outcome::kWaits, 0};
  } else if (slot) {
    slot->seq = kUnderWay;
    ++(stripe.current.find(key, hash) ? stripe.current : stripe.older).under_way;
    return {Outcome::kMine, 0};
  }
  stripe.current.add(key, hash).seq = kUnderWay;
  ++stripe.current.under_way;
  return {Outcome::kMine, 0};
}

void Claims::settle(const ClaimKey& key, std::uint64_t seq, std::uint64_t projected,
                    std::vector<Waiter>& woken) {
  const std::size_t hash = hash_of(key);
  Stripe& stripe = stripe_of(hash);
  std::lock_guard lock(stripe.mutex);
  for (Generation* generation : {&stripe.current, &stripe.older}) {
    Slot* slot = generation->find(key, hash);
    if (!slot) continue;
    CHECK_OR_DIE(slot->seq == kUnderWay, "entry {} settles a claim that is not under way", seq);
    slot->seq = seq;
    --generation->under_way;
    generation->max_seq = std::max(generation->max_seq, seq);
    break;
  }
  stripe.turn_over(limit_, projected);
  if (stripe.waiters.empty()) return;
  const auto waiting = stripe.waiters.find(key);
  if (waiting == stripe.waiters.end()) return;
  std::move(waiting->second.begin(), waiting->second.end(), std::back_inserter(woken));
  stripe.waiters.erase(waiting);
}

std::optional<Waiter> Claims::release(const ClaimKey& key) {
  const std::size_t hash = hash_of(key);
  Stripe& stripe = stripe_of(hash);
  std::lock_guard lock(stripe.mutex);
  if (const auto waiting = stripe.waiters.find(key); waiting != stripe.waiters.end()) {
    Waiter next = std::move(waiting->second.front());
    waiting->second.erase(waiting->second.begin());
    if (waiting->second.empty()) stripe.waiters.erase(waiting);
    return next;
  }
  for (Generation* generation : {&stripe.current, &stripe.older}) {
    Slot* slot = generation->find(key, hash);
    if (!slot) continue;
    slot->seq = kReleased;
    --generation->under_way;
    break;
  }
  return std::nullopt;
}

std::optional<std::uint64_t> Claims::find(const ClaimKey& key) const {
  const std::size_t hash = hash_of(key);
  Stripe& stripe = stripe_of(hash);
  std::lock_guard lock(stripe.mutex);
  const Slot* slot = stripe.find(key, hash);
  if (!slot || slot->seq >= kReleased) return std::nullopt;
  return slot->seq;
}

}  // namespace suanpan
