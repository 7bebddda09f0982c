#include "channels/worklist.h"

#include <algorithm>

namespace suanpan::channels {

Timestamp next_ask(Timestamp created_at, Timestamp now) {
  constexpr std::int64_t kLeastSeconds = 10;
  const std::int64_t age_s = now.seconds() - created_at.seconds();
  return now.plus_seconds(std::max(kLeastSeconds, age_s / 4));
}

void Worklist::set(Followed kind, const std::string& id, Timestamp at) {
  std::lock_guard lock(mutex_);
  Item item{kind, id};
  const auto [known, fresh] = times_.try_emplace(item, at);
  if (!fresh) {
    if (known->second <= at) return;
    by_time_.erase({known->second, item});
    known->second = at;
  }
  by_time_.emplace(at, std::move(item));
}

void Worklist::drop(Followed kind, const std::string& id) {
  std::lock_guard lock(mutex_);
  const auto known = times_.find(Item{kind, id});
  if (known == times_.end()) return;
  by_time_.erase({known->second, known->first});
  times_.erase(known);
}

std::vector<Worklist::Item> Worklist::take_due(Timestamp now) {
  std::lock_guard lock(mutex_);
  std::vector<Item> due;
  while (!by_time_.empty() && by_time_.begin()->first <= now) {
    due.push_back(by_time_.begin()->second);
    times_.erase(due.back());
    by_time_.erase(by_time_.begin());
  }
  return due;
}

std::shared_ptr<InFlight::Turn> InFlight::enter(const std::string& id) {
  std::lock_guard lock(ids_->mutex);
  if (!ids_->ids.insert(id).second) return nullptr;
  return std::shared_ptr<Turn>(new Turn(ids_, id));
}

void InFlight::Turn::end() {
  std::lock_guard lock(ids_->mutex);
  if (id_.empty()) return;
  ids_->ids.erase(id_);
  id_.clear();
}

}  // namespace suanpan::channels
