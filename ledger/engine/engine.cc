#include "ledger/engine/engine.h"

#include <algorithm>

#include "ledger/base/limits.h"
#include "ledger/base/log.h"
#include "ledger/engine/one_shard.h"
#include "ledger/engine/shard_room.h"
#include "ledger/store/format.h"
#include "ledger/store/rocks_store.h"

namespace suanpan {
namespace {

constexpr std::size_t kRememberedIds = 1 << 14;
constexpr std::size_t kEvictedAtOnce = 1 << 12;

// On two cores one shard is fastest: the other core is the committer's and the client's.
unsigned shards_for(unsigned wanted) {
  const unsigned cores = std::thread::hardware_concurrency();
  return wanted != 0 ? std::min(wanted, kMaxShards) : std::clamp(cores / 4, 1u, 8u);
}

}  // namespace

Book::Engine::Engine(const BookOptions& options, const Clock& clock,
                     std::unique_ptr<KeyValueStore> opened)
    : store(std::move(opened)),
      projector(*store),
      options_(options),
      clock_(clock),
      claims_(kRememberedIds) {
  if (!options_.on_fatal) options_.on_fatal = [](const Error& error) { fatal(error); };
}

Result<std::unique_ptr<Book::Engine>> Book::Engine::open(const BookOptions& options,
                                                         const Clock& clock) {
  const auto folder = options.folder / "db";
  if (!options.create && !std::filesystem::exists(folder))
    return fail(Errc::kNotFound, "{}: there is no book here", options.folder.string());
  CHECK_OR_DIE(!options.read_only || !(options.create || options.reset_head || options.sign_days),
               "a book that is only read cannot be made or changed");
  std::optional<Head> head;  // before the database: what is read may be growing
  if (options.read_only) {
    TRY(head, HeadFile::read(options.folder / "head"));
  }
  TRY(auto opened, options.open_store
                       ? options.open_store(folder)
                       : open_rocks(folder, RocksOptions{options.create, options.read_only}));
  std::unique_ptr<Engine> engine(new Engine(options, clock, std::move(opened)));
  TRY(engine->recover(head));
  if (options.read_only) return engine;
  TRY(engine->open_roots());
  Engine* e = engine.get();
  engine->projector.start(
      options.projection_batch,
      [e](const std::vector<DocumentPtr>& finished) { e->evict_finished(finished); },
      engine->options_.on_fatal);
  engine->planning_->start();
  engine->turns_.start();
  engine->committing_ = std::thread([e] { e->commit_loop(); });
  TRY(const bool owes, owes_room(*engine->store));
  if (owes)
    engine->giving_back_ = std::thread([e, part = e->archived_] { e->give_back_room(part); });
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
  TRY(journal->append(block));
  return success();
}

Result<void> Book::Engine::catch_up() {
  return journal->replay(projector.stamp() + 1, [&](const BlockPtr& block) -> Result<void> {
    if (!options_.read_only) return projector.catch_up(block, options_.projection_batch);
    projector.catch_up(block);
    return success();
  });
}

Result<void> Book::Engine::open_roots() {
  const DocumentPtr named = published->document(DocumentKind::kBookSetting, kRootKeysDocument);
  if (!named && !options_.sign_days) return success();
  TRY(auto book, book_identity(*store));
  RootWriter::Where where{options_.root_key, options_.folder / "roots", book};
  if (where.key_file.empty()) where.key_file = options_.folder / "root.key";
  if (options_.reset_head) {
    TRY(auto dropped, RootFile::keep_until(where.root_file, journal->last_seq()));
    for (const DailyRoot& root : dropped)
      log_warn("the root of {} is dropped with the entries it names: {}", root.day.iso(),
               root.line());
  }
  TRY(auto roots, RootWriter::open(where, named));
  roots_ = std::move(roots);
  if (!named) return success();
  return roots_->write_missing(*journal, *published, projector.accounts());
}

std::optional<Command> Book::Engine::keys_to_keep() const {
  if (!roots_) return std::nullopt;
  {
    std::shared_lock lock(published_mutex);  // the projector evicts from it already
    if (published->document(DocumentKind::kBookSetting, kRootKeysDocument)) return std::nullopt;
  }
  return keep_root_keys(roots_->keys());
}

Result<void> Book::Engine::recover(const std::optional<Head>& head) {
  TRY(auto opened, options_.read_only
                       ? Journal::open_for_reading(*store, head)
                       : Journal::open(*store, options_.folder / "head", options_.reset_head));
  journal = std::move(opened);
  TRY(projector.load());
  if (projector.stamp() > journal->last_seq())
    return fail(Errc::kCorrupt, "projections reflect the journal up to {}, which ends at {}",
                projector.stamp(), journal->last_seq());
  TRY(archived_, read_archived_part(*store));
  if (archived_.until > projector.stamp())
    return fail(Errc::kCorrupt,
                "projections reflect the journal up to {}, which was purged up to {}",
                projector.stamp(), archived_.until);
  if (journal->last_seq() == 0) {
    TRY(open_book());
  }
  TRY(catch_up());
  if (archived_.until != 0 && !archived_.done && !options_.read_only) {
    log_warn("the purge up to entry {} was cut short and goes on", archived_.until);
    TRY(purge(*store, archived_));
    archived_.done = true;
  }

  const auto cold = [this](DocumentKind kind, std::string_view key) {
    auto found = projector.documents().find(kind, key);
    if (!found) options_.on_fatal(found.error());
    return found.value();
  };
  const BookSnapshot snapshot = projector.documents().snapshot();
  BookState empty = snapshot.book;
  empty.account_count = 0;
  const auto with_accounts = [&] {
    State state(empty, cold);
    for (const auto& row : projector.accounts().rows())
      state.load_account(row.account, row.balance);
    return state;
  };
  const auto for_each_resident = [&](const auto& put) -> Result<void> {
    TRY(projector.documents().for_each_open(
        [&](DocumentPtr document) { put(std::move(document)); }));
    projector.documents().for_each_gathered(put);
    return success();
  };
  published = std::make_unique<State>(with_accounts());
  TRY(for_each_resident([&](const DocumentPtr& d) { published->apply_document(d); }));
  published_seq = durable_seq_ = journal->last_seq();
  published_stamper = snapshot.stamper;
  if (options_.read_only) return success();
  const PlanningRoom room{clock_, claims_, queued_items_, invariant_violations_};
  if (const unsigned shards = shards_for(options_.shards); shards > 1) {
    auto sliced = std::make_unique<SlicedBook>(with_accounts(), shards, cold);
    TRY(for_each_resident([&](const DocumentPtr& d) { sliced->documents().put(d); }));
    planning_ = std::make_unique<ShardRoom>(room, std::move(sliced), snapshot.stamper);
  } else {
    State working = with_accounts();
    TRY(for_each_resident([&](const DocumentPtr& d) { working.apply_document(d); }));
    planning_ = std::make_unique<OneShard>(room, std::move(working), snapshot.stamper);
  }
  return success();
}

void Book::Engine::give_back_room(const ArchivedPart& part) {
  if (const auto given = suanpan::give_back_room(*store, part); !given)
    log_warn("the room of what was purged comes back bit by bit: {}", given.error().message);
}

Book::Engine::~Engine() {
  stopping_ = true;
  store->stop_compacting();
  if (giving_back_.joinable()) giving_back_.join();
  turns_.stop();  // while there is a committer to wait for
  if (planning_) planning_->stop();
  if (committing_.joinable()) committing_.join();
  projector.stop();
  if (journal && !options_.read_only) {
    if (const auto synced = journal->sync_head(); !synced) options_.on_fatal(synced.error());
    if (const auto flushed = store->flush(); !flushed) options_.on_fatal(flushed.error());
  }
}

void Book::Engine::commit_loop() {
  auto last_sync = std::chrono::steady_clock::now();
  bool head_dirty = false;
  for (;;) {
    const auto block = planning_->take(std::chrono::seconds(1));
    if (!block && planning_->ended()) return;
    if (block) {
      head_dirty = head_dirty || !block->builder.empty();
      commit(*block);
    }
    if (head_dirty && std::chrono::steady_clock::now() - last_sync >= std::chrono::seconds(1)) {
      if (const auto synced = journal->sync_head(); !synced) options_.on_fatal(synced.error());
      last_sync = std::chrono::steady_clock::now();
      head_dirty = false;
    }
    if (block) planning_->committed();
  }
}

void Book::Engine::commit(GatheredBlock& block) {
  if (!block.builder.empty()) commit_records(block.builder);
  for (auto& waiting : block.waiting) finish(waiting.request, waiting.answers);
  bell.ring();
}

void Book::Engine::commit_records(const BlockBuilder& builder) {
  auto appended = journal->append(builder);
  if (!appended) options_.on_fatal(appended.error());
  const BlockPtr durable = appended.value();
  // A day that is cut stays cut: its head does not wait for the next second.
  if (std::any_of(durable->parts().begin(), durable->parts().end(),
                  [](const VariablePart& part) { return part.book.has_value(); }))
    if (const auto synced = journal->sync_head(); !synced) options_.on_fatal(synced.error());
  // Settled before it is published: whoever reads of an entry finds its id.
  std::vector<Waiter> woken;
  std::vector<std::uint64_t> woken_by;
  const std::uint64_t projected = projector.ids().answered();
  for (const Record& record : durable->records()) {
    if (record.leg != 0) continue;
    claims_.settle(record.key(), record.seq, projected, woken);
    woken_by.resize(woken.size(), record.seq);
  }
  publish(durable);
  if (roots_)
    if (const auto signed_ = roots_->take(*durable, *published); !signed_)
      options_.on_fatal(signed_.error());
  {
    std::lock_guard lock(mutex_);
    ++blocks_;
    records_ += durable->record_count();
    durable_seq_ = durable->last_seq();
  }
  durable_.notify_all();
  for (std::size_t i = 0; i < woken.size(); ++i) {
    Request& request = *woken[i].request;
    const StoredCommand first = durable->read(durable->command(woken_by[i]));
    request.answers[woken[i].item] = answer_again(request.submission, woken[i].item, first);
    queued_items_ -= 1;
    finish(woken[i].request, 1);
  }
}

void Book::Engine::finish(const RequestPtr& request, std::size_t answers) {
  request->open -= answers;
  if (request->open == 0) request->submission.done(std::move(request->answers));
}

void Book::Engine::publish(const BlockPtr& block) {
  {
    std::unique_lock lock(published_mutex);
    const Record* series = nullptr;  // whose number was counted last
    std::uint32_t* number = nullptr;
    for_each_command(*block, [&](std::span<const Record> legs, const VariablePart* part) {
      if (const Record& first = legs.front(); first.voucher_no != 0) {
        if (!series || series->date_days != first.date_days ||
            series->voucher_type != first.voucher_type)
          number = &published_stamper
                        .voucher_numbers[{Date{first.date_days}.month_key(), first.voucher_type}];
        series = &first;
        *number = first.voucher_no;
      }
      if (legs.front().refusal == 0)
        for (const Record& leg : legs)
          if (leg.moves_money()) published->apply_transfer(leg.transfer());
      if (!part) return;
      warm_parts(block->parts(), static_cast<std::size_t>(part - block->parts().data()),
                 [&](DocumentKind kind, auto keys) { published->prefetch(kind, keys); });
      for (const Account& account : part->accounts) published->apply_account(account);
      for (const DocumentPtr& document : part->documents) published->apply_document(document);
      if (part->book) published->apply_book(*part->book);
    });
    published_seq = block->last_seq();
    published_stamper.next_seq = published_seq + 1;
    published_stamper.last_timestamp = block->last_timestamp();
  }
  projector.push(block);
}

void Book::Engine::evict_finished(const std::vector<DocumentPtr>& finished) {
  // A part at a time: whoever reads or publishes meanwhile waits for no more than that.
  for (auto rest = std::span(finished); !rest.empty();) {
    const auto some = rest.first(std::min(kEvictedAtOnce, rest.size()));
    rest = rest.subspan(some.size());
    std::unique_lock lock(published_mutex);
    published->evict(some);
  }
  planning_->evict(finished);
}

Result<std::optional<std::uint64_t>> Book::Engine::find_seq(const ClaimKey& key) const {
  if (const auto seq = claims_.find(key)) return seq;
  return projector.ids().find(key);
}

std::uint64_t Book::Engine::wait_for_seq(std::uint64_t seq, int timeout_ms) const {
  std::unique_lock lock(mutex_);
  durable_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                    [&] { return durable_seq_ > seq; });
  return durable_seq_;
}

void Book::Engine::store_projections() {
  if (!options_.read_only) projector.store_now();
}

Result<Backup> Book::Engine::back_up(const std::filesystem::path& to) {
  if (options_.read_only)
    return fail(Errc::kUnsupported, "a book that is only read takes no backup of itself");
  const std::unique_lock one(backing_up_, std::try_to_lock);
  if (!one) return fail(Errc::kUnavailable, "a backup of this book is under way");
  return take_backup(*store, options_.folder, to, clock_.now());
}

ArchivedPart Book::Engine::archived() const {
  std::lock_guard lock(mutex_);
  return archived_;
}

Result<void> Book::Engine::drop_archived(const ArchivedPart& part, std::string_view base,
                                         const PurgeProgress& progress) {
  if (options_.read_only) return fail(Errc::kUnsupported, "a book that is only read is not purged");
  const std::unique_lock one(purging_, std::try_to_lock);
  if (!one) return fail(Errc::kUnavailable, "a purge of this book is under way");
  const ArchivedPart before = archived();
  if (before.until > part.until || (before.until == part.until && before.done))
    return fail(Errc::kMismatch, "the book was purged up to entry {} already", before.until);
  projector.store_now();
  for (const Table table : {Table::kAccounts, Table::kEntries, Table::kDocuments, Table::kIds,
                            Table::kRollUps, Table::kBusinessKeys}) {
    TRY(const std::uint64_t stamp, read_stamp(*store, table));
    if (stamp < part.until)
      return fail(Errc::kUnavailable, "table {} is stored up to entry {} only: purge later",
                  name_of(table), stamp);
  }
  TRY(begin_purge(*store, part, base));
  const auto set = [&](bool done) {
    std::lock_guard lock(mutex_);
    archived_ = part;
    archived_.done = done;
  };
  set(false);  // before anything goes: who reads meanwhile looks again afterwards
  TRY(purge(*store, part, progress));
  set(true);
  give_back_room(part);
  return success();
}

BookStatistics Book::Engine::statistics() const {
  BookStatistics s;
  {
    std::shared_lock lock(published_mutex);
    s.last_seq = published_seq;
  }
  s.projected_seq = projector.fed_seq();
  s.invariant_violations = invariant_violations_.load();
  s.disk_bytes = store->disk_bytes();
  s.queued = queued_items_.load();
  s.shards = options_.read_only ? 0 : shards_for(options_.shards);
  std::lock_guard lock(mutex_);
  s.blocks = blocks_;
  s.records = records_;
  return s;
}

}  // namespace suanpan
