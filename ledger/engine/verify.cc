#include "ledger/engine/verify.h"

#include <chrono>
#include <future>
#include <list>

#include "ledger/base/check.h"
#include "ledger/engine/audit_tables.h"
#include "ledger/engine/block_stream.h"
#include "ledger/engine/root_judge.h"
#include "ledger/engine/verify_checkpoint.h"
#include "ledger/store/format.h"
#include "ledger/store/rocks_store.h"

namespace suanpan {
namespace {

constexpr std::size_t kCachedBlocks = 16;

/// Finds blocks that were read before. Reversals look back, mostly not far.
class BlockFinder {
 public:
  explicit BlockFinder(const KeyValueStore& store) : store_(store) {}

  void remember(const BlockPtr& block) {
    cache_.push_front(block);
    if (cache_.size() > kCachedBlocks) cache_.pop_back();
  }
  Result<BlockPtr> operator()(std::uint64_t seq) {
    for (auto it = cache_.begin(); it != cache_.end(); ++it)
      if (seq >= (*it)->first_seq() && seq <= (*it)->last_seq()) {
        cache_.splice(cache_.begin(), cache_, it);
        return cache_.front();
      }
    const auto cursor = store_.cursor(Table::kJournal);
    cursor->seek_for_prev(big_endian(seq));
    TRY(cursor->status());
    if (!cursor->valid()) return fail(Errc::kCorrupt, "journal entry {} is missing", seq);
    TRY(auto block, Block::parse(std::string(cursor->value())));
    if (seq < block->first_seq() || seq > block->last_seq())
      return fail(Errc::kCorrupt, "journal entry {} is missing", seq);
    remember(block);
    return block;
  }

 private:
  const KeyValueStore& store_;
  std::list<BlockPtr> cache_;
};

/// One pass over the journal, stopping at each table's stamp to hold the table against it.
class Verification {
 public:
  Verification(const KeyValueStore& store, Id128 book, const std::optional<Head>& head,
               RootJudge roots, const VerifyOptions& options)
      : store_(store),
        book_(book),
        head_(head),
        options_(options),
        checkpoint_(options.checkpoint),
        roots_(std::move(roots)),
        finder_(store),
        audit_([this](std::uint64_t seq) { return finder_(seq); }) {}

  Result<Fault> run();
  VerifyCounters counters() const;
  std::uint64_t resumed_after() const { return resumed_after_; }

 private:
  struct Projected {
    Table table;
    Result<Fault> (*compare)(const KeyValueStore&, const Audit&);
    std::uint64_t stamp = 0;
    bool done = false;
  };

  Result<Fault> read();
  Result<Fault> resume();
  Result<void> keep_checkpoint();
  Result<Fault> read_stamps();
  Result<Fault> take(const BlockPtr& block);
  Result<Fault> compare_at(std::uint64_t seq);
  Fault check_head() const;

  const KeyValueStore& store_;
  const Id128 book_;
  const std::optional<Head> head_;
  const VerifyOptions& options_;
  VerifyCheckpoint checkpoint_;
  RootJudge roots_;
  BlockFinder finder_;
  Audit audit_;
  Projected projected_[6] = {
      {Table::kAccounts, compare_accounts}, {Table::kEntries, compare_entries},
      {Table::kRollUps, compare_roll_ups},  {Table::kDocuments, compare_documents},
      {Table::kIds, compare_ids},           {Table::kBusinessKeys, compare_business_keys}};
  Sha256 last_hash_{};
  bool head_seen_ = false;
  std::uint64_t blocks_ = 0;
  std::uint64_t resumed_after_ = 0;
  bool compared_ = false;  // with a table that holds something
};

Result<Fault> Verification::read_stamps() {
  for (Projected& p : projected_) {
    TRY(auto stamp, read_stamp(store_, p.table));
    p.stamp = stamp;
    if (stamp != 0) continue;
    TRY(auto fault, compare_empty(store_, p.table));
    if (fault) return fault;
    p.done = true;
  }
  for (const Projected& with : {projected_[1], projected_[2]})
    if (projected_[0].stamp != with.stamp)
      return Fault(fmt::format("table accounts reflects the journal up to {}, table {} up to {}",
                               projected_[0].stamp, name_of(with.table), with.stamp));
  return Fault{};
}

// Mostly all tables stand at one stamp: the ids are judged here, the others beside. Judging only
// reads the audit, and what the ids alone may ask it for is not asked by the others.
Result<Fault> Verification::compare_at(std::uint64_t seq) {
  std::vector<std::pair<Projected*, std::future<Result<Fault>>>> judging;
  for (Projected& p : projected_) {
    if (p.stamp != seq || p.done) continue;
    const auto how = p.table == Table::kIds ? std::launch::deferred : std::launch::async;
    judging.emplace_back(&p, std::async(how, p.compare, std::cref(store_), std::cref(audit_)));
  }
  Result<Fault> first = Fault{};
  for (auto it = judging.rbegin(); it != judging.rend(); ++it) {
    auto judged = it->second.get();
    it->first->done = compared_ = true;
    if (!judged || judged.value()) first = std::move(judged);
  }
  return first;
}

Result<Fault> Verification::take(const BlockPtr& block) {
  if (block->first_seq() != audit_.last_seq() + 1)
    return Fault(fmt::format("journal block at {}: it follows entry {}", block->first_seq(),
                             audit_.last_seq()));
  if (block->previous_hash() != last_hash_)
    return Fault(fmt::format("journal block at {}: the chain breaks", block->first_seq()));
  last_hash_ = block->hash();
  finder_.remember(block);
  ++blocks_;
  Fault fault;
  std::optional<Error> failed;
  for_each_command(*block, [&](std::span<const Record> legs, const VariablePart* part) {
    if (fault || failed) return;
    auto taken = audit_.take(legs, part);
    if (!taken)
      failed = taken.error();
    else
      fault = std::move(taken.value());
  });
  if (failed) return *failed;
  if (fault) return fault;
  if (Fault open = audit_.end_block()) return open;
  if (block->last_timestamp().ns != audit_.last_timestamp_ns())
    return Fault(fmt::format("journal block at {}: its header names another last timestamp",
                             block->first_seq()));
  if (head_ && head_->seq == block->last_seq()) {
    if (head_->hash != block->hash())
      return Fault(fmt::format("journal block at {}: it is not the one that the head file names",
                               block->first_seq()));
    head_seen_ = true;
  }
  if (Fault bad_root = roots_.take(*block, audit_)) return bad_root;
  return compare_at(block->last_seq());
}

Fault Verification::check_head() const {
  const std::uint64_t last = audit_.last_seq();
  if (!head_)
    return last == 0 ? Fault{}
                     : fmt::format("the head file is missing; the journal ends at {}", last);
  if (head_->seq > last)
    return fmt::format("the journal ends at {}, before the head {}: entries are missing", last,
                       head_->seq);
  if (head_->seq != 0 && !head_seen_)
    return fmt::format("the head {} is not the end of a journal block", head_->seq);
  return {};
}

Result<Fault> Verification::run() {
  auto judged = read();
  if (!judged) return judged;
  TRY(auto repeated, audit_.first_repeated_id());
  if (!options_.checkpoint.empty()) checkpoint_.remove();
  if (repeated) return repeated;
  return judged;
}

// A table that stands below a checkpoint could not be judged any more by a run that goes on there.
Result<void> Verification::keep_checkpoint() {
  if (options_.checkpoint.empty() || compared_ || roots_.due() ||
      blocks_ % options_.checkpoint_blocks != 0)
    return success();
  VerifyCheckpoint::State state;
  state.book = book_;
  state.head = Head{audit_.last_seq(), last_hash_};
  state.blocks = blocks_;
  state.roots_judged = roots_.judged();
  state.roots = roots_.digest_until(audit_.last_seq());
  state.root_keys = roots_.named_pem();
  state.head_seen = head_seen_;
  state.audit = audit_.save();
  return checkpoint_.write(std::move(state), audit_.ids());
}

// Where anything is not as it was, the run begins at the beginning.
Result<Fault> Verification::resume() {
  TRY(auto found, checkpoint_.read());
  if (!found) return Fault{};
  const auto& [state, ids] = *found;
  const std::uint64_t seq = state.head.seq;
  const bool passed =
      std::any_of(std::begin(projected_), std::end(projected_),
                  [&](const Projected& p) { return p.stamp != 0 && p.stamp < seq; });
  if (state.book != book_ || passed || state.roots != roots_.digest_until(seq)) return Fault{};
  auto block = finder_(seq);
  if (!block && block.error().code != Errc::kCorrupt) return block.error();
  if (!block || block.value()->last_seq() != seq || block.value()->hash() != state.head.hash)
    return Fault{};
  // Tried on another audit: one that does not load is left half changed.
  if (!Audit(nullptr).load(state.audit, {})) return Fault{};
  CHECK_OR_DIE(audit_.load(state.audit, std::move(found->second)), "a state loads once only");
  TRY(roots_.go_on(seq, state.root_keys, state.roots_judged));
  last_hash_ = state.head.hash;
  head_seen_ = state.head_seen || (head_ && head_->seq == seq && head_->hash == last_hash_);
  blocks_ = state.blocks;
  resumed_after_ = seq;
  return compare_at(seq);
}

Result<Fault> Verification::read() {
  TRY(auto bad_stamp, read_stamps());
  if (bad_stamp) return bad_stamp;
  std::uint64_t last_seq = 0;  // roughly, for the progress
  {
    const auto cursor = store_.cursor(Table::kJournal);
    cursor->seek_to_last();
    if (cursor->valid()) last_seq = from_big_endian(cursor->key());
  }
  if (options_.resume) {
    TRY(auto fault, resume());
    if (fault) return fault;
  }
  BlockStream stream(store_, resumed_after_ == 0 ? 0 : resumed_after_ + 1);
  for (;;) {
    const BlockStream::Item item = stream.next();
    if (item.error) return *item.error;
    if (item.fault) return item.fault;
    if (!item.block) break;
    TRY(auto fault, take(item.block));
    if (fault) return fault;
    TRY(keep_checkpoint());
    if (options_.progress)
      options_.progress(audit_.last_seq(), std::max(last_seq, audit_.last_seq()));
  }
  if (Fault fault = check_head()) return fault;
  if (Fault fault = roots_.finish(audit_)) return fault;
  for (const Projected& p : projected_)
    if (!p.done)
      return Fault(
          fmt::format("table {} reflects the journal up to {}, which is not the end of "
                      "one of its blocks",
                      name_of(p.table), p.stamp));
  return audit_.finish();
}

VerifyCounters Verification::counters() const {
  VerifyCounters c;
  const AuditCounters& a = audit_.counters();
  c.blocks = blocks_;
  c.commands = a.commands;
  c.refusals = a.refusals;
  c.vouchers = a.vouchers;
  c.transfers = a.transfers;
  c.reversals = a.reversals;
  c.accounts = audit_.accounts().size();
  c.documents = audit_.documents().size();
  c.open_holds = audit_.open_holds();
  c.last_seq = audit_.last_seq();
  c.roots = roots_.judged();
  return c;
}

VerifyReport faulty(std::string what) {
  VerifyReport report;
  report.first_fault = std::move(what);
  return report;
}

}  // namespace

Result<VerifyReport> verify(const KeyValueStore& store, const Outside& outside,
                            const VerifyOptions& options) {
  const auto begin = std::chrono::steady_clock::now();
  std::optional<RootVerifier> given;
  if (!options.root_key.empty()) {
    TRY(given, RootVerifier::from_pem(options.root_key));
  }
  const auto book = book_identity(store);
  if (!book && book.error().code != Errc::kCorrupt) return book.error();
  const Id128 id = book ? book.value() : Id128{};  // verify judges a store without one as well
  RootJudge roots(id, outside.roots, std::move(given));
  Verification verification(store, id, outside.head, std::move(roots), options);
  auto judged = verification.run();
  // Damage that the store itself noticed is a finding, not a failure to look.
  if (!judged && judged.error().code != Errc::kCorrupt) return judged.error();
  const Fault fault = judged ? judged.value() : Fault(judged.error().message);
  VerifyReport report;
  report.ok = !fault;
  report.first_fault = fault.value_or("");
  report.counters = verification.counters();
  report.resumed_after = verification.resumed_after();
  report.took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::steady_clock::now() - begin)
                       .count();
  return report;
}

namespace {

Result<Outside> read_outside(const std::filesystem::path& folder) {
  Outside outside;
  TRY(outside.roots, RootFile::read(folder / "roots"));
  TRY(outside.head, HeadFile::read(folder / "head"));
  return outside;
}

}  // namespace

Result<VerifyReport> verify(const std::filesystem::path& folder, const VerifyOptions& options) {
  if (!std::filesystem::exists(folder / "db"))
    return fail(Errc::kNotFound, "{}: there is no book here", folder.string());
  // First what lies outside: a book that is being written meanwhile only gets longer.
  auto outside = read_outside(folder);
  if (!outside) {
    if (outside.error().code != Errc::kCorrupt) return outside.error();
    return faulty(outside.error().message);
  }
  auto store = open_rocks(folder / "db", RocksOptions{false, true});
  if (!store) {
    if (store.error().code != Errc::kCorrupt) return store.error();
    return faulty(store.error().message);
  }
  return verify(*store.value(), outside.value(), options);
}

}  // namespace suanpan
