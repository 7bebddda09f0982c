#include "channels/fair_workers.h"

#include <utility>

namespace suanpan::channels {

/// Given back when the task is over, thrown or not.
class FairWorkers::Place {
 public:
  Place(FairWorkers& of, std::string lane) : of_(of), lane_(std::move(lane)) {}
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;
  ~Place() { of_.leave(lane_, running_); }
  void run() {
    running_ = true;
    const std::lock_guard lock(of_.mutex_);
    ++of_.running_;
  }

 private:
  FairWorkers& of_;
  const std::string lane_;
  bool running_ = false;
};

FairWorkers::FairWorkers(unsigned threads, Limits limits)
    : limits_(limits), lanes_(threads, limits.threads_of_one), pool_(threads) {}

bool FairWorkers::take_place(const std::string& lane) {
  const std::lock_guard lock(mutex_);
  if (stopping_) return false;
  const auto known = places_.find(lane);
  const std::size_t mine = known == places_.end() ? 0 : known->second;
  if (mine >= limits_.of_one || (taken_ >= limits_.all && mine >= limits_.of_each)) return false;
  ++places_[lane];
  ++taken_;
  return true;
}

void FairWorkers::leave(const std::string& lane, bool was_running) {
  const std::lock_guard lock(mutex_);
  const auto mine = places_.find(lane);
  if (--mine->second == 0) places_.erase(mine);
  --taken_;
  if (was_running) --running_;
  if (taken_ == 0) idle_.notify_all();
}

bool FairWorkers::submit(const std::string& lane, std::function<void()> task) {
  if (!take_place(lane)) return false;
  auto place = std::make_shared<Place>(*this, lane);
  lanes_.add(lane, [this, place = std::move(place),
                    task = std::move(task)](FairLanes::Ended ended) mutable {
    // The lane goes on when `ended` is dropped with the rest.
    pool_.post([place = std::move(place), task = std::move(task), ended = std::move(ended)] {
      place->run();
      task();
    });
  });
  return true;
}

std::size_t FairWorkers::waiting() const {
  const std::lock_guard lock(mutex_);
  return taken_ - running_;
}

void FairWorkers::stop() {
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    idle_.wait(lock, [this] { return taken_ == 0; });
  }
  pool_.stop();
}

}  // namespace suanpan::channels
