// The way into the book: items are claimed, and what is known already is told again.
//
// A resend may name thousands of ids, each in a journal block of its own that has to be read and
// decoded. So a caller's thread looks up a few known ids at most; the rest, and every block, is the
// work of one thread of the engine, which takes the requests in turns (turns.h). A caller's thread
// stops where it has found that many and the filter of all ids may hold the next one, or too many
// of the group that is next; what it claimed until there is planned at once. Behind that, items are
// claimed in their order, by the other thread: so commands that are new come to it only where known
// ones stand before them.
//
// What waits for that thread keeps its place in the book's queue, and is counted (`held`), item by
// item: what is known and not told, and what is not claimed yet. With every turn the count becomes
// what is left. A submission is declined if with what it adds the count would come to more than
// half of the queue; one that adds few items, to more than three quarters. So a quarter is left for
// what is new, and who adds nothing is never declined for this. Two things are taken beyond:
// anything where nothing waits, else a batch larger than half of the queue would never be told; and
// what was accepted already, to wait for another command, and has turned out known.
//
// A declined submission leaves nothing: what it claimed is released, so that whoever came for the
// same id meanwhile owns it, and what another command has it waits for only when it is accepted.
// The known ids that it found are remembered as such, which changes no answer.
#include <algorithm>

#include "ledger/base/limits.h"
#include "ledger/engine/engine.h"

namespace suanpan {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kKnownAtOnce = 16;  // known ids that a caller's thread looks up
constexpr int kTurn_ms = 2;

}  // namespace

bool Book::Engine::reserve(std::size_t items) {
  std::size_t queued = queued_items_.load();
  do {
    // An empty queue takes any submission: one larger than the queue would never be accepted.
    if (stopping_ || (queued > 0 && queued + items > options_.queue_items)) return false;
  } while (!queued_items_.compare_exchange_weak(queued, queued + items));
  return true;
}

bool Book::Engine::submit(Submission submission) {
  CHECK_OR_DIE(planning_, "a command for a book that is only read");
  const std::size_t items = submission.items();
  CHECK_OR_DIE(items <= kMaxBatchItems, "a submission of {} items", items);
  if (!reserve(items)) return false;
  Intake intake{std::make_shared<Request>(std::move(submission))};
  intake.unit.request = intake.request;
  intake.unit.items.reserve(items);
  claim_items(intake, [&](const LinkedGroup* group) { return looks_up_many(intake, group); });
  if (!take_places(intake)) {
    let_go(intake);
    queued_items_ -= items;
    return false;
  }
  wait_for_others(intake);
  place(intake);
  if (intake.held() > 0) add_turns(std::move(intake));
  return true;
}

// Whether the item that is next, or its group, would have to be looked for on the disk when enough
// was found there already.
bool Book::Engine::looks_up_many(const Intake& intake, const LinkedGroup* group) const {
  const std::uint32_t count = group ? group->count : 1;
  std::size_t known = intake.known.size();
  if (known + count <= kKnownAtOnce) return false;
  for (std::uint32_t item = intake.next; item < intake.next + count; ++item)
    known += projector.ids().may_hold(intake.request->key(item));
  return known > kKnownAtOnce;
}

bool Book::Engine::take_places(Intake& intake) {
  const std::size_t held = intake.held();
  if (held == 0) return true;
  const std::size_t half = options_.queue_items / 2;
  const std::size_t limit = held <= kKnownAtOnce ? half + half / 2 : half;
  std::size_t line = held_items_;
  do {
    if (line > 0 && line + held > limit) return false;
  } while (!held_items_.compare_exchange_weak(line, line + held));
  intake.counted = held;
  return true;
}

void Book::Engine::count_again(Intake& intake) {
  const std::size_t held = intake.held();
  held_items_ += held - intake.counted;
  intake.counted = held;
}

void Book::Engine::let_go(const Intake& intake) {
  // A group goes as it came: another that shares its ids finds all of them taken, or none.
  std::unique_lock lock(groups_, std::defer_lock);
  if (!intake.request->submission.groups.empty()) lock.lock();
  for (const std::uint32_t item : intake.unit.items)
    planning_->release(claims_, intake.request->key(item));
}

void Book::Engine::add_turns(Intake intake) {
  count_again(intake);
  turns_.add([this, shared = std::make_shared<Intake>(std::move(intake))] {
    const bool done = take_turn(*shared);
    count_again(*shared);
    return done;
  });
}

bool Book::Engine::take_turn(Intake& intake) {
  const auto end = Steady::now() + std::chrono::milliseconds(kTurn_ms);
  const auto is_over = [&] { return Steady::now() >= end; };
  if (!intake.claimed()) {
    intake.unit = Unit{intake.request, {}, 0};
    claim_items(intake, [&](const LinkedGroup*) { return is_over(); });
    wait_for_others(intake);
    place(intake);
    if (!intake.claimed()) return false;
  }
  if (intake.told == intake.known.size()) return true;
  // In the order of the journal: each block is read and decoded once.
  if (intake.told == 0) std::sort(intake.known.begin(), intake.known.end());
  // Durable, but perhaps not published yet: who hears of it must be able to read it.
  const std::uint64_t last = intake.known.back().first;
  if (wait_for_seq(last - 1, kTurn_ms) < last) return false;
  const std::size_t before = intake.told;
  do {
    const auto [seq, item] = intake.known[intake.told++];
    if (!intake.block || seq > intake.block->last_seq()) intake.block = read_known(seq);
    Answer& answer = intake.request->answers[item];
    answer = answer_again(intake.request->submission, item,
                          intake.block->read(intake.block->command(seq)));
  } while (intake.told < intake.known.size() && !is_over());
  // What was answered is told by the committer as well, in the queue's order.
  planning_->push(Unit{intake.request, {}, intake.told - before});
  return intake.told == intake.known.size();
}

template <class Enough>
void Book::Engine::claim_items(Intake& intake, Enough&& enough) {
  constexpr std::uint32_t kAhead = 12;
  const Submission& submission = intake.request->submission;
  while (!intake.claimed()) {
    const std::uint32_t item = intake.next;
    const LinkedGroup* group = submission.group_of(item);
    if (enough(group)) return;
    if (group) {
      claim_group(intake, *group);
      intake.next += group->count;
      continue;
    }
    if (item + kAhead < submission.items()) projector.ids().prefetch(submission.key(item + kAhead));
    claim(intake, item);
    ++intake.next;
  }
}

void Book::Engine::claim(Intake& intake, std::uint32_t item) {
  Request& request = *intake.request;
  if (auto refusal = malformed(request.submission, item)) {
    request.answers[item].refusal = std::move(*refusal);
    ++intake.unit.answered;
    return;
  }
  const ClaimKey& key = request.key(item);
  const Claims::Claimed claimed = claims_.try_claim(key);
  if (claimed.outcome == Claims::Outcome::kUnderWay)
    intake.under_way.push_back(item);
  else if (const auto seq = seq_of(key, claimed))
    intake.known.emplace_back(*seq, item);
  else
    intake.unit.items.push_back(item);
}

void Book::Engine::wait_for_others(Intake& intake) {
  const RequestPtr& request = intake.request;
  for (const std::uint32_t item : std::exchange(intake.under_way, {})) {
    const bool in_group = request->submission.group_of(item) != nullptr;
    const ClaimKey& key = request->key(item);
    std::unique_lock lock(groups_, std::defer_lock);
    if (in_group) lock.lock();
    const Claims::Claimed claimed = claims_.claim(key, Waiter{request, item});
    if (claimed.outcome == Claims::Outcome::kWaits) continue;
    if (const auto seq = seq_of(key, claimed)) {
      intake.known.emplace_back(*seq, item);
    } else if (!in_group) {
      intake.unit.items.push_back(item);
    } else {
      // It left nothing a moment ago, and others of the group may wait already.
      planning_->release(claims_, key);
      request->answers[item].refusal = left_in_group(*request, item);
      ++intake.unit.answered;
    }
  }
}

void Book::Engine::place(Intake& intake) {
  const Unit& unit = intake.unit;
  const bool empty = intake.request->submission.items() == 0;  // it is answered all the same
  if (!unit.items.empty() || unit.answered > 0 || empty) planning_->push(std::move(intake.unit));
}

std::optional<std::uint64_t> Book::Engine::stored_seq(const ClaimKey& key) const {
  const auto stored = projector.ids().find(key);
  if (!stored) options_.on_fatal(stored.error());
  return stored.value();
}

std::optional<std::uint64_t> Book::Engine::seq_of(const ClaimKey& key,
                                                  const Claims::Claimed& claimed) {
  if (claimed.outcome == Claims::Outcome::kDurable) return claimed.seq;
  return settle_known(key, stored_seq(key));
}

std::optional<std::uint64_t> Book::Engine::settle_known(const ClaimKey& key,
                                                        std::optional<std::uint64_t> seq) {
  if (!seq) return std::nullopt;
  std::vector<Waiter> woken;
  claims_.settle(key, *seq, projector.ids().answered(), woken);
  for (Waiter& waiter : woken) {
    Intake intake{std::move(waiter.request)};
    intake.next = static_cast<std::uint32_t>(intake.request->submission.items());
    intake.known.emplace_back(*seq, waiter.item);
    add_turns(std::move(intake));
  }
  return seq;
}

BlockPtr Book::Engine::read_known(std::uint64_t seq) const {
  auto block = journal->block_of(seq);
  if (block && !block.value())
    block = fail(Errc::kCorrupt, "journal entry {} of a known id is missing", seq);
  if (!block) options_.on_fatal(block.error());
  return std::move(block.value());
}

}  // namespace suanpan
