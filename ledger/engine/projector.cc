#include "ledger/engine/projector.h"

namespace suanpan {
namespace {

constexpr std::size_t kMaxWaitingBlocks = 64;
// Where accounts are many, most of them gather a line or two in a batch, and each costs a row when
// it is stored and again when rows are merged. So accounts wait for this many batches, or until a
// row holds this many records on average. Recovery then feeds accounts alone that much again.
constexpr std::size_t kMaxAccountBatches = 4;
constexpr std::size_t kRecordsPerAccount = 8;

}  // namespace

Result<void> Projector::load() {
  TRY(accounts_.load());
  TRY(documents_.load());
  TRY(ids_.load());
  TRY(business_keys_.load());
  fed_ = entries_fed_ = stamp();
  return success();
}

std::uint64_t Projector::stamp() const {
  return std::min({accounts_.stamp(), documents_.stamp(), ids_.stamp(), business_keys_.stamp()});
}

Result<void> Projector::catch_up(const BlockPtr& block, std::size_t batch) {
  feed(block);
  if (gathered_ < 2 * batch) return success();
  const std::initializer_list<Projection*> all{&accounts_, &documents_, &ids_, &business_keys_};
  for (Projection* projection : all) projection->freeze();
  gathered_ = accounts_gathered_ = 0;
  TRY(store_frozen(store_, all));
  documents_.take_finished();  // nobody holds them yet
  return success();
}

void Projector::start(std::size_t batch,
                      std::function<void(const std::vector<DocumentPtr>&)> on_finished,
                      std::function<void(const Error&)> on_fatal) {
  batch_ = batch;
  on_finished_ = std::move(on_finished);
  on_fatal_ = std::move(on_fatal);
  feeding_ = std::thread([this] { feed_loop(); });
  storing_ = std::thread([this] { store_loop(); });
}

void Projector::stop() {
  if (!feeding_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  to_feed_.notify_one();
  feeding_.join();
  storing_.join();
}

void Projector::push(BlockPtr block) {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return waiting_.size() < kMaxWaitingBlocks; });
  waiting_.push_back(std::move(block));
  lock.unlock();
  to_feed_.notify_one();
}

std::uint64_t Projector::fed_seq() const {
  std::lock_guard lock(mutex_);
  return fed_;
}

void Projector::wait_fed(std::uint64_t seq) const {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return fed_ >= seq; });
}

void Projector::wait_entries(std::uint64_t seq) const {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return entries_fed_ >= seq; });
}

std::uint64_t Projector::entries_fed() const {
  std::lock_guard lock(mutex_);
  return entries_fed_;
}

void Projector::store_now() {
  std::unique_lock lock(mutex_);
  const std::uint64_t wanted = ++store_wanted_;
  to_feed_.notify_one();
  done_.wait(lock, [&] { return store_done_ >= wanted; });
}

void Projector::feed(const BlockPtr& block) {
  accounts_.feed(block);
  business_keys_.feed(block);
  {
    std::lock_guard lock(mutex_);
    entries_fed_ = block->last_seq();
  }
  done_.notify_all();  // readers need not wait for the rest
  documents_.feed(block);
  ids_.feed(block);
  std::lock_guard lock(mutex_);
  gathered_ += block->record_count();
  accounts_gathered_ += block->record_count();
  fed_ = block->last_seq();
}

bool Projector::wants_store() const {
  return gathered_ >= batch_ || (waiting_.empty() && (store_wanted_ > store_frozen_ || stopping_));
}

bool Projector::accounts_are_due() const {
  return accounts_gathered_ >= kMaxAccountBatches * batch_ ||
         accounts_gathered_ >= kRecordsPerAccount * accounts_.gathered_accounts();
}

void Projector::feed_loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    to_feed_.wait(lock, [&] {
      return (!waiting_.empty() && gathered_ < 2 * batch_) || (wants_store() && !frozen_);
    });
    if (!frozen_ && wants_store()) {
      const bool last = stopping_ && waiting_.empty();
      const bool accounts = last || store_wanted_ > store_frozen_ || accounts_are_due();
      store_frozen_ = store_wanted_;
      gathered_ = 0;
      if (accounts) accounts_gathered_ = 0;
      lock.unlock();
      if (accounts) accounts_.freeze();
      documents_.freeze();
      ids_.freeze();
      business_keys_.freeze();
      lock.lock();
      frozen_ = true;
      accounts_frozen_ = accounts;
      feeding_ended_ = last;
      to_store_.notify_one();
      if (last) return;
      continue;
    }
    const BlockPtr block = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    feed(block);
    done_.notify_all();
    lock.lock();
  }
}

void Projector::store_loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    to_store_.wait(lock, [&] { return frozen_; });
    const std::uint64_t wanted = store_frozen_;
    const bool last = feeding_ended_, accounts = accounts_frozen_;
    lock.unlock();
    const auto stored =
        accounts ? store_frozen(store_, {&accounts_, &documents_, &ids_, &business_keys_})
                 : store_frozen(store_, {&documents_, &ids_, &business_keys_});
    if (!stored) on_fatal_(stored.error());
    on_finished_(documents_.take_finished());
    lock.lock();
    frozen_ = false;
    store_done_ = wanted;
    to_feed_.notify_one();
    done_.notify_all();
    if (last) return;
  }
}

}  // namespace suanpan
