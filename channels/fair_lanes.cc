#include "channels/fair_lanes.h"

#include <algorithm>
#include <atomic>

namespace suanpan::channels {
namespace {

// Calls it once: when it is told to, or when nobody is left to tell it.
class Once {
 public:
  explicit Once(std::function<void()> call) : call_(std::move(call)) {}
  Once(const Once&) = delete;
  Once& operator=(const Once&) = delete;
  ~Once() { run(); }
  void run() {
    if (!ran_.exchange(true)) call_();
  }

 private:
  const std::function<void()> call_;
  std::atomic<bool> ran_{false};
};

}  // namespace

FairLanes::FairLanes(std::size_t limit, std::size_t limit_of_one) : limits_{limit, limit_of_one} {}

void FairLanes::add(const std::string& lane, Task task) {
  {
    std::lock_guard lock(lanes_->mutex);
    lanes_->by_name[lane].waiting.push_back(std::move(task));
  }
  begin_next(lanes_, limits_);
}

// One task more is there, or one place: so at most one can begin.
void FairLanes::begin_next(const std::shared_ptr<Lanes>& lanes, Limits limits) {
  Task task;
  std::string name;
  {
    std::lock_guard lock(lanes->mutex);
    if (lanes->begun == limits.all) return;
    const auto has_next = [&](const auto& entry) {
      return !entry.second.waiting.empty() && entry.second.begun < limits.of_one;
    };
    auto& by_name = lanes->by_name;
    auto next = std::find_if(by_name.upper_bound(lanes->last), by_name.end(), has_next);
    if (next == by_name.end()) next = std::find_if(by_name.begin(), by_name.end(), has_next);
    if (next == by_name.end()) return;
    name = lanes->last = next->first;
    task = std::move(next->second.waiting.front());
    next->second.waiting.pop_front();
    ++next->second.begun;
    ++lanes->begun;
  }
  const auto end = std::make_shared<Once>([lanes, limits, name] {
    {
      std::lock_guard lock(lanes->mutex);
      const auto lane = lanes->by_name.find(name);
      --lanes->begun;
      --lane->second.begun;
      if (lane->second.begun == 0 && lane->second.waiting.empty()) lanes->by_name.erase(lane);
    }
    begin_next(lanes, limits);
  });
  task([end] { end->run(); });
}

}  // namespace suanpan::channels
