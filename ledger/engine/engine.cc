#include "ledger/engine/engine.h"

#include <algorithm>

#include "ledger/base/limits.h"
#include "ledger/base/log.h"
#include "ledger/store/rocks_store.h"

namespace suanpan {
namespace {

constexpr auto kIdleTick = std::chrono::milliseconds(50);  // how late an expiry may be noticed
constexpr std::size_t kExpiriesPerBlock = 1024;
constexpr std::size_t kMaxBlockBytes = 32 << 20;

}  // namespace

Book::Engine::Engine(const BookOptions& options, const Clock& clock,
                     std::unique_ptr<KeyValueStore> opened)
    : store(std::move(opened)), projector(*store), options_(options), clock_(clock) {
  if (!options_.on_fatal) options_.on_fatal = [](const Error& error) { fatal(error); };
}

Result<std::unique_ptr<Book::Engine>> Book::Engine::open(const BookOptions& options,
                                                         const Clock& clock) {
  const auto folder = options.folder / "db";
  if (!options.create && !std::filesystem::exists(folder))
    return fail(Errc::kNotFound, "{}: there is no book here", options.folder.string());
  TRY(auto opened, open_rocks(folder, RocksOptions{options.create, false}));
  std::unique_ptr<Engine> engine(new Engine(options, clock, std::move(opened)));
  TRY(engine->recover());
  Engine* e = engine.get();
  engine->projector.start(
      options.projection_batch,
      [e](const std::vector<DocumentPtr>& finished) { e->evict_finished(finished); },
      engine->options_.on_fatal);
  engine->planning_ = std::thread([e] { e->plan_loop(); });
  engine->committing_ = std::thread([e] { e->commit_loop(); });
  return engine;
}

// The first journal entry says with which day and currency the book began, so that whoever opens it
// later need not know.
Result<void> Book::Engine::open_book() {
  if (!options_.create)
    return fail(Errc::kNotFound, "{}: the book was never opened", options_.folder.string());
  const Content content{{"first_date", options_.first_date.iso()},
                        {"currency", std::string(code_of(options_.currency))}};
  ChangeSet changes;
  changes.date = options_.first_date;
  changes.book = BookChange{options_.first_date, options_.first_date.plus_days(-1)};
  const CommandEnvelope command{ClaimKey{id_of("open book"), kSystemCaller}, CommandKind::kOpenBook,
                                &content, nullptr, clock_.now()};
  Stamper stamper;
  BlockBuilder block;
  block.accept(command, changes, stamper);
  TRY(journal->append(block.seal(journal->last_hash())));
  return success();
}

Result<void> Book::Engine::recover() {
  TRY(auto opened, Journal::open(*store, options_.folder / "head", options_.reset_head));
  journal = std::move(opened);
  TRY(projector.load());
  if (projector.stamp() > journal->last_seq())
    return fail(Errc::kCorrupt, "projections reflect the journal up to {}, which ends at {}",
                projector.stamp(), journal->last_seq());
  if (journal->last_seq() == 0) {
    TRY(open_book());
  }

  std::vector<std::pair<ClaimKey, std::uint64_t>> recent;
  const std::uint64_t ids_stamp = projector.ids().stamp();
  TRY(journal->replay(projector.stamp() + 1, [&](const BlockPtr& block) -> Result<void> {
    for (const Record& record : block->records())
      if (record.leg == 0 && record.seq > ids_stamp) recent.emplace_back(record.key(), record.seq);
    projector.catch_up(block);
    return success();
  }));

  const auto cold = [this](DocumentKind kind, std::string_view key) {
    auto found = projector.documents().find(kind, key);
    if (!found) options_.on_fatal(found.error());
    return found.value();
  };
  const BookSnapshot snapshot = projector.documents().snapshot();
  const auto fill = [&](State& state) -> Result<void> {
    for (const auto& row : projector.accounts().rows())
      state.load_account(row.account, row.balance);
    TRY(projector.documents().for_each_open(
        [&](DocumentPtr document) { state.apply_document(std::move(document)); }));
    projector.documents().for_each_gathered(
        [&](const DocumentPtr& document) { state.apply_document(document); });
    return success();
  };
  BookState empty = snapshot.book;
  empty.account_count = 0;
  State working(empty, cold);
  TRY(fill(working));
  published = std::make_unique<State>(empty, cold);
  TRY(fill(*published));
  published_seq = durable_seq_ = journal->last_seq();
  planner_ =
      std::make_unique<Planner>(std::move(working), snapshot.stamper, projector.ids(), *journal);
  for (const auto& [key, seq] : recent) {
    planner_->recover_id(key, seq);
    recent_.add(key, seq, ids_stamp);
  }
  return success();
}

Book::Engine::~Engine() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  if (planning_.joinable()) planning_.join();
  if (committing_.joinable()) committing_.join();
  projector.stop();
  if (journal) {
    if (const auto synced = journal->sync_head(); !synced) log_error("{}", synced.error().message);
    if (const auto flushed = store->flush(); !flushed) log_error("{}", flushed.error().message);
  }
}

bool Book::Engine::submit(Submission submission) {
  const std::size_t items = submission.items();
  CHECK_OR_DIE(items <= kMaxBatchItems, "a submission of {} items", items);
  {
    std::lock_guard lock(mutex_);
    // An empty queue takes any submission: one larger than the queue would never be accepted.
    if (stopping_ || (queued_items_ > 0 && queued_items_ + items > options_.queue_items))
      return false;
    queued_items_ += items;
    queue_.push_back(std::move(submission));
  }
  work_.notify_one();
  return true;
}

void Book::Engine::plan_one(Submission& submission, GatheredBlock& block) {
  const Timestamp now = clock_.now();
  // Also under load, when the thread is never idle: what a command sees depends on its time only.
  planner_->expire_holds(now, kExpiriesPerBlock, block);
  Book::Answers answers;
  answers.reserve(submission.items());
  for (const VoucherRequest& voucher : submission.vouchers)
    answers.push_back(planner_->plan(voucher, now, block));
  for (const Command& command : submission.commands)
    answers.push_back(planner_->plan(command, now, block));
  block.waiting.push_back({std::move(submission.done), std::move(answers)});
}

void Book::Engine::plan_loop() {
  auto block = std::make_shared<GatheredBlock>();
  std::shared_ptr<GatheredBlock> committing;
  const auto full = [&] {
    return block->builder.records() >= kMaxBlockItems || block->builder.bytes() >= kMaxBlockBytes;
  };
  std::unique_lock lock(mutex_);
  for (;;) {
    // A block that is full, or has nothing more to gather, goes to the committer as soon as it is
    // free.
    if (committing && !handed_over_) {
      planner_->end_commit();
      committing = nullptr;
    }
    if (!block->waiting.empty() && !handed_over_ && (full() || queue_.empty())) {
      committing = handed_over_ = std::exchange(block, std::make_shared<GatheredBlock>());
      planner_->begin_commit(committing);
      sealed_.notify_one();
    }
    if (!queue_.empty() && !full()) {
      Submission submission = std::move(queue_.front());
      queue_.pop_front();
      queued_items_ -= submission.items();
      lock.unlock();
      plan_one(submission, *block);
      lock.lock();
      continue;
    }
    if (stopping_ && queue_.empty() && block->waiting.empty() && !handed_over_) break;
    const bool woken = work_.wait_for(lock, kIdleTick, [&] {
      return (!queue_.empty() && !full()) || (committing && !handed_over_) || !to_evict_.empty() ||
             (stopping_ && block->waiting.empty() && !handed_over_) ||
             (!block->waiting.empty() && !handed_over_);
    });
    const std::vector<DocumentPtr> finished = std::exchange(to_evict_, {});
    lock.unlock();
    for (const DocumentPtr& d : finished) planner_->state().evict(d->kind, d->key, d->version);
    if (!woken && !full() && planner_->expire_holds(clock_.now(), kExpiriesPerBlock, *block) > 0)
      block->waiting.push_back({[](Book::Answers) {}, {}});
    lock.lock();
  }
  planning_ended_ = true;
  sealed_.notify_one();
}

void Book::Engine::commit_loop() {
  auto last_sync = std::chrono::steady_clock::now();
  bool head_dirty = false;
  std::unique_lock lock(mutex_);
  for (;;) {
    sealed_.wait_for(lock, std::chrono::seconds(1),
                     [&] { return handed_over_ || planning_ended_; });
    const auto block = handed_over_;
    if (!block && planning_ended_) return;
    lock.unlock();
    if (block) {
      commit(block);
      head_dirty = true;
    }
    if (head_dirty && std::chrono::steady_clock::now() - last_sync >= std::chrono::seconds(1)) {
      if (const auto synced = journal->sync_head(); !synced) options_.on_fatal(synced.error());
      last_sync = std::chrono::steady_clock::now();
      head_dirty = false;
    }
    lock.lock();
    if (block) {
      handed_over_ = nullptr;
      work_.notify_one();
    }
  }
}

void Book::Engine::commit(const std::shared_ptr<GatheredBlock>& block) {
  if (!block->builder.empty()) {
    auto appended = journal->append(block->builder.seal(journal->last_hash()));
    if (!appended) options_.on_fatal(appended.error());
    const BlockPtr durable = appended.value();
    // A day that is cut stays cut: its head does not wait for the next second.
    if (std::any_of(durable->parts().begin(), durable->parts().end(),
                    [](const VariablePart& part) { return part.book.has_value(); }))
      if (const auto synced = journal->sync_head(); !synced) options_.on_fatal(synced.error());
    publish(durable);
    std::lock_guard lock(mutex_);
    ++blocks_;
    records_ += durable->record_count();
    durable_seq_ = durable->last_seq();
  }
  durable_.notify_all();
  for (auto& waiting : block->waiting) waiting.done(std::move(waiting.answers));
}

void Book::Engine::publish(const BlockPtr& block) {
  {
    std::lock_guard lock(recent_mutex_);
    const std::uint64_t projected = projector.ids().stamp();
    for (const Record& record : block->records())
      if (record.leg == 0) recent_.add(record.key(), record.seq, projected);
  }
  {
    std::unique_lock lock(published_mutex);
    for_each_command(*block, [&](std::span<const Record> legs, const VariablePart* part) {
      if (legs.front().refusal == 0)
        for (const Record& leg : legs)
          if (leg.moves_money()) published->apply_transfer(leg.transfer());
      if (!part) return;
      for (const Account& account : part->accounts) published->apply_account(account);
      for (const DocumentPtr& document : part->documents) published->apply_document(document);
      if (part->book) published->apply_book(*part->book);
    });
    published_seq = block->last_seq();
  }
  projector.push(block);
}

void Book::Engine::evict_finished(const std::vector<DocumentPtr>& finished) {
  {
    std::unique_lock lock(published_mutex);
    for (const DocumentPtr& d : finished) published->evict(d->kind, d->key, d->version);
  }
  std::lock_guard lock(mutex_);
  to_evict_.insert(to_evict_.end(), finished.begin(), finished.end());
}

Result<std::optional<std::uint64_t>> Book::Engine::find_seq(const ClaimKey& key) const {
  {
    std::lock_guard lock(recent_mutex_);
    if (const auto seq = recent_.find(key)) return seq;
  }
  return projector.ids().find(key);
}

std::uint64_t Book::Engine::wait_for_seq(std::uint64_t seq, int timeout_ms) const {
  std::unique_lock lock(mutex_);
  durable_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                    [&] { return durable_seq_ > seq; });
  return durable_seq_;
}

BookStatistics Book::Engine::statistics() const {
  BookStatistics s;
  {
    std::shared_lock lock(published_mutex);
    s.last_seq = published_seq;
  }
  s.projected_seq = projector.fed_seq();
  s.invariant_violations = planner_->invariant_violations();
  s.disk_bytes = store->disk_bytes();
  std::lock_guard lock(mutex_);
  s.blocks = blocks_;
  s.records = records_;
  s.queued = queued_items_;
  return s;
}

}  // namespace suanpan
