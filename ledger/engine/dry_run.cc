// What a submission would be told: the planner over what is published, and nothing of it is kept.
#include <unordered_map>
#include <unordered_set>

#include "ledger/base/check.h"
#include "ledger/base/limits.h"
#include "ledger/core/overlay.h"
#include "ledger/engine/engine.h"

namespace suanpan {
namespace {

/// The published book with what a dry run has taken for done.
class Rehearsal final : public Ground {
 public:
  explicit Rehearsal(const State& state) : after_(state) {}
  const View& begin() override { return after_; }
  bool take(const ChangeSet& changes) override {
    after_.apply(changes);
    return true;
  }
  bool stands(const Refusal&) override { return true; }

 private:
  Overlay after_;
};

/// What a submission would be told, item by item, on top of a rehearsal.
class DryPlanner {
 public:
  using Known = std::function<Result<std::optional<StoredCommand>>(const ClaimKey&)>;

  DryPlanner(const State& state, Stamper stamper, Timestamp now, Known known)
      : ground_(state),
        planner_(ground_, violations_),
        stamper_(std::move(stamper)),
        now_(now),
        known_(std::move(known)) {
    for (const ClaimKey& hold : state.due_holds(moment(), kExpiriesAtOnce))
      (void)planner_.plan(expiry_of(hold), moment(), block_, stamper_);
  }

  Result<void> item(const Submission& submission, std::uint32_t item, Answer& answer) {
    if (auto refusal = malformed(submission, item)) {
      answer.refusal = std::move(*refusal);
      return success();
    }
    TRY(auto first, find(submission.key(item)));
    if (first)
      answer = answer_again(submission, item, *first);
    else
      answer = *planner_.plan(submission, item, moment(), block_, stamper_);
    note(submission.key(item), answer);
    return success();
  }

  Result<void> group(const Submission& submission, const LinkedGroup& group,
                     std::span<Answer> answers) {
    if (!well_formed(submission, group, answers)) return success();
    std::vector<std::optional<StoredCommand>> first;
    std::unordered_set<ClaimKey> own;
    std::optional<std::uint32_t> other;
    bool fresh = false;
    for (std::uint32_t i = 0; i < group.count; ++i) {
      const ClaimKey& key = submission.key(group.first + i);
      TRY(auto found, find(key));
      const bool twice = !found && !own.insert(key).second;
      if ((found || twice) && !other) other = i;
      fresh = fresh || (!found && !twice);
      first.push_back(std::move(found));
    }
    if (!other) {
      planner_.plan_group(submission, group, moment(), block_, stamper_, answers);
      for (std::uint32_t i = group.first; i < group.first + group.count; ++i)
        note(submission.key(i), answers[i]);
      return success();
    }
    for (std::uint32_t i = 0; i < group.count; ++i)
      if (Answer& answer = answers[group.first + i]; first[i])
        answer = answer_again(submission, group.first + i, *first[i]);
      else
        answer.refusal =
            refuse(RefusalCode::kGroupMalformed, fmt::format("{} is known or under way", *other));
    return success();
  }

 private:
  Timestamp moment() const { return std::max(now_, Timestamp{stamper_.last_timestamp.ns + 1}); }

  Result<std::optional<StoredCommand>> find(const ClaimKey& key) const {
    if (const auto it = told_.find(key); it != told_.end())
      return std::optional(
          read_command(find_command(block_.peek(), it->second), block_.variable()));
    return known_(key);
  }
  void note(const ClaimKey& key, const Answer& answer) {
    if (answer.seq != 0 && !answer.replayed) told_.emplace(key, answer.seq);
  }

  Rehearsal ground_;
  std::atomic<std::uint64_t> violations_{0};
  Planner planner_;
  Stamper stamper_;
  Timestamp now_;
  Known known_;
  BlockBuilder block_;
  std::unordered_map<ClaimKey, std::uint64_t> told_;  // what this run would have journalled
};

}  // namespace

Result<Book::DryRun> Book::Engine::dry_run(Submission submission) const {
  DryRun run;
  const auto items = static_cast<std::uint32_t>(submission.items());
  CHECK_OR_DIE(items <= kMaxBatchItems, "a dry run of {} items", items);
  run.answers.resize(items);
  const auto read = [&](std::uint64_t seq) -> Result<std::optional<StoredCommand>> {
    TRY(auto block, journal->block_of(seq));
    if (!block) return fail(Errc::kCorrupt, "journal entry {} of a known id is missing", seq);
    return std::optional(block->read(block->command(seq)));
  };
  // Before the lock, since it reads a block for each.
  std::unordered_map<ClaimKey, std::optional<StoredCommand>> known_before;
  for (std::uint32_t item = 0; item < items; ++item) {
    TRY(const auto seq, find_seq(submission.key(item)));
    if (!seq) continue;
    TRY(known_before[submission.key(item)], read(*seq));
  }
  std::shared_lock lock(published_mutex);
  run.seq = published_seq;
  const auto known = [&](const ClaimKey& key) -> Result<std::optional<StoredCommand>> {
    const auto before = known_before.find(key);
    std::optional<std::uint64_t> seq;
    if (before != known_before.end()) {
      seq = before->second->seq;
    } else {
      TRY(seq, find_seq(key));
    }
    // Settled, but not published yet: this run does not see it.
    if (!seq || *seq > run.seq) return std::optional<StoredCommand>{};
    return before != known_before.end() ? before->second : read(*seq);
  };
  DryPlanner planner(*published, published_stamper, clock_.now(), known);
  for (std::uint32_t item = 0; item < items; ++item) {
    if (const LinkedGroup* group = submission.group_of(item)) {
      TRY(planner.group(submission, *group, run.answers));
      item += group->count - 1;
    } else {
      TRY(planner.item(submission, item, run.answers[item]));
    }
  }
  return run;
}

}  // namespace suanpan
