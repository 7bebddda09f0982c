// The work of a planning thread, without the thread: takes claimed commands one by one, plans,
// checks invariants, lets the ground take over the effects and appends to the block that is being
// gathered.
//
// One owner. What it knows runs ahead of what is durable; only answers that travel with a durable
// block leave the engine.
#pragma once
#include <atomic>
#include <optional>

#include "ledger/core/state.h"
#include "ledger/engine/ground.h"
#include "ledger/engine/request.h"

namespace suanpan {

/// The whole book as the ground of one planning thread.
class WholeBook final : public Ground {
 public:
  explicit WholeBook(State state) : state_(std::move(state)) {}
  const View& begin() override { return state_; }
  bool take(const ChangeSet& changes) override {
    state_.apply(changes);
    return true;
  }
  bool stands(const Refusal&) override { return true; }
  State& state() { return state_; }
  const State& state() const { return state_; }

 private:
  State state_;
};

class Planner {
 public:
  Planner(Ground& ground, std::atomic<std::uint64_t>& invariant_violations)
      : ground_(ground), invariant_violations_(invariant_violations) {}

  /// Plans one item at a moment that must be later than every one before on this ground, and
  /// journals it under exactly that timestamp. An answer without a sequence left nothing behind.
  /// Nothing: the ground cannot decide it.
  std::optional<Answer> plan(const Submission& submission, std::size_t item, Timestamp moment,
                             BlockBuilder& block, Stamper& stamper);
  std::optional<Answer> plan(const Command& command, Timestamp moment, BlockBuilder& block,
                             Stamper& stamper);
  /// Plans a linked group, the first item at `moment` and each further one a nanosecond later, and
  /// writes its answers into `answers`, by item. False: the ground cannot decide it.
  bool plan_group(const Submission& submission, const LinkedGroup& group, Timestamp moment,
                  BlockBuilder& block, Stamper& stamper, std::span<Answer> answers);

 private:
  template <class Request, class Plan>
  std::optional<Answer> decide(const CommandEnvelope& envelope, const Request& request, Plan&& plan,
                               BlockBuilder& block, Stamper& stamper);
  void violated(CommandKind kind, const std::string& what);

  Ground& ground_;
  std::atomic<std::uint64_t>& invariant_violations_;
};

/// The book's own command for a hold whose time has come. Its key is derived from the hold, so that
/// an expiry happens once whoever triggers it.
Command expiry_of(const ClaimKey& hold);

/// What is wrong with an item by itself, before it claims anything; nothing if it is well formed.
std::optional<Refusal> malformed(const Submission& submission, std::size_t item);
/// Of a group: false if an item is malformed, and then all are answered and leave nothing.
bool well_formed(const Submission& submission, const LinkedGroup& group, std::span<Answer> answers);
/// What a command under a known key is told: the first answer, or that its content differs.
Answer answer_again(const Submission& submission, std::size_t item, const StoredCommand& first);

/// Stops the process when a store that must answer does not.
[[noreturn]] void fatal(const Error& error);

}  // namespace suanpan
