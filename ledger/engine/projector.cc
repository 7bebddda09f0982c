#include "ledger/engine/projector.h"

namespace suanpan {
namespace {

constexpr std::size_t kMaxWaitingBlocks = 64;

}  // namespace

Result<void> Projector::load() {
  TRY(accounts_.load());
  TRY(documents_.load());
  TRY(ids_.load());
  fed_ = stamp();
  return success();
}

std::uint64_t Projector::stamp() const {
  return std::min({accounts_.stamp(), documents_.stamp(), ids_.stamp()});
}

void Projector::start(std::size_t batch,
                      std::function<void(const std::vector<DocumentPtr>&)> on_finished,
                      std::function<void(const Error&)> on_fatal) {
  batch_ = batch;
  on_finished_ = std::move(on_finished);
  on_fatal_ = std::move(on_fatal);
  thread_ = std::thread([this] { run(); });
}

void Projector::stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Projector::push(BlockPtr block) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_.size() < kMaxWaitingBlocks; });
  waiting_.push_back(std::move(block));
  lock.unlock();
  changed_.notify_all();
}

std::uint64_t Projector::fed_seq() const {
  std::lock_guard lock(mutex_);
  return fed_;
}

void Projector::wait_fed(std::uint64_t seq) const {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return fed_ >= seq; });
}

void Projector::store_now() {
  std::unique_lock lock(mutex_);
  const std::uint64_t wanted = ++store_wanted_;
  changed_.notify_all();
  changed_.wait(lock, [&] { return store_done_ >= wanted; });
}

void Projector::feed(const BlockPtr& block) {
  accounts_.feed(block);
  documents_.feed(block);
  ids_.feed(block);
  gathered_ += block->record_count();
  std::lock_guard lock(mutex_);
  fed_ = block->last_seq();
}

Result<void> Projector::store() {
  for (Projection* projection :
       std::initializer_list<Projection*>{&accounts_, &documents_, &ids_}) {
    WriteSet writes;
    projection->collect(writes);
    TRY(store_.write(writes, Durability::kBackground));
    projection->stored();
  }
  on_finished_(documents_.take_finished());
  gathered_ = 0;
  return success();
}

void Projector::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock,
                  [&] { return stopping_ || !waiting_.empty() || store_wanted_ > store_done_; });
    while (!waiting_.empty()) {
      const BlockPtr block = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      feed(block);
      if (gathered_ >= batch_)
        if (const auto stored = store(); !stored) on_fatal_(stored.error());
      changed_.notify_all();
      lock.lock();
    }
    if (store_wanted_ > store_done_ || stopping_) {
      const std::uint64_t wanted = store_wanted_;
      lock.unlock();
      if (const auto stored = store(); !stored) on_fatal_(stored.error());
      lock.lock();
      store_done_ = wanted;
      changed_.notify_all();
    }
    if (stopping_ && waiting_.empty()) return;
  }
}

}  // namespace suanpan
