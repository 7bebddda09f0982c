// Linked groups on their way in.
#include <algorithm>

#include "ledger/engine/engine.h"

namespace suanpan {

void Book::Engine::claim_group(Intake& intake, const LinkedGroup& group) {
  const RequestPtr& request = intake.request;
  Unit& unit = intake.unit;
  const std::uint32_t end = group.first + group.count;
  if (!well_formed(request->submission, group, request->answers)) {
    unit.answered += group.count;
    return;
  }
  // Before the lock, since it may read: what is stored stays so.
  std::vector<std::optional<std::uint64_t>> stored;
  for (std::uint32_t item = group.first; item < end; ++item)
    stored.push_back(stored_seq(request->key(item)));
  std::vector<std::uint32_t> mine, under_way;
  auto& known = intake.known;
  const std::size_t known_before = known.size();
  {
    std::lock_guard lock(groups_);
    for (std::uint32_t item = group.first; item < end; ++item) {
      const ClaimKey& key = request->key(item);
      const Claims::Claimed claimed = claims_.try_claim(key);
      std::optional<std::uint64_t> seq = stored[item - group.first];
      if (claimed.outcome == Claims::Outcome::kDurable) seq = claimed.seq;
      if (claimed.outcome == Claims::Outcome::kMine)
        seq = settle_known(key, seq ? seq : stored_seq(key));
      if (seq)
        known.emplace_back(*seq, item);
      else
        (claimed.outcome == Claims::Outcome::kMine ? mine : under_way).push_back(item);
    }
    if (mine.size() == group.count) {
      unit.items.insert(unit.items.end(), mine.begin(), mine.end());
      return;
    }
    for (const std::uint32_t item : mine) planning_->release(claims_, request->key(item));
  }
  if (mine.empty()) {
    intake.under_way.insert(intake.under_way.end(), under_way.begin(), under_way.end());
    return;
  }
  // Neither new nor known as a whole: there is no group to plan. Not now, if another submission has
  // the ids, which may leave nothing yet; never, if one is known, or booked by this submission.
  const bool any_known = known.size() > known_before;
  const auto is_own = [&](std::uint32_t item) { return request->named_before(item); };
  const bool never = any_known || std::any_of(under_way.begin(), under_way.end(), is_own);
  const std::uint32_t other = std::min(any_known ? known[known_before].second : end,
                                       under_way.empty() ? end : under_way[0]) -
                              group.first;
  const Refusal told =
      never ? refuse(RefusalCode::kGroupMalformed, fmt::format("{} is known or under way", other))
            : refuse(RefusalCode::kGroupUndecided, fmt::format("{} is under way", other));
  for (const auto* items : {&mine, &under_way})
    for (const std::uint32_t item : *items) {
      request->answers[item].refusal = told;
      ++unit.answered;
    }
}

}  // namespace suanpan
