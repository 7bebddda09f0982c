#include "ledger/engine/verify.h"

#include <chrono>
#include <list>

#include "ledger/engine/audit_tables.h"
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
  Verification(const KeyValueStore& store, const std::optional<Head>& head,
               const VerifyProgress& progress)
      : store_(store),
        head_(head),
        progress_(progress),
        finder_(store),
        audit_([this](std::uint64_t seq) { return finder_(seq); }) {}

  Result<Fault> run();
  VerifyCounters counters() const;

 private:
  struct Projected {
    Table table;
    Result<Fault> (*compare)(const KeyValueStore&, const Audit&);
    std::uint64_t stamp = 0;
    bool done = false;
  };

  Result<Fault> read_stamps();
  Result<Fault> take(const BlockPtr& block);
  Result<Fault> compare_at(std::uint64_t seq);
  Fault check_head() const;

  const KeyValueStore& store_;
  const std::optional<Head> head_;
  const VerifyProgress& progress_;
  BlockFinder finder_;
  Audit audit_;
  Projected projected_[6] = {
      {Table::kAccounts, compare_accounts}, {Table::kEntries, compare_entries},
      {Table::kRollUps, compare_roll_ups},  {Table::kDocuments, compare_documents},
      {Table::kIds, compare_ids},           {Table::kBusinessKeys, compare_business_keys}};
  Sha256 last_hash_{};
  bool head_seen_ = false;
  std::uint64_t blocks_ = 0;
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

Result<Fault> Verification::compare_at(std::uint64_t seq) {
  for (Projected& p : projected_) {
    if (p.stamp != seq || p.done) continue;
    TRY(auto fault, p.compare(store_, audit_));
    if (fault) return fault;
    p.done = true;
  }
  return Fault{};
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
  constexpr std::ptrdiff_t kAhead = 16;
  const Record* const end = block->records().data() + block->record_count();
  for_each_command(*block, [&](std::span<const Record> legs, const VariablePart* part) {
    if (fault || failed) return;
    if (end - legs.data() > kAhead) audit_.prefetch((legs.data() + kAhead)->key());
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
  TRY(auto bad_stamp, read_stamps());
  if (bad_stamp) return bad_stamp;
  std::uint64_t last_seq = 0;  // roughly, for the progress
  const auto cursor = store_.cursor(Table::kJournal);
  cursor->seek_to_last();
  if (cursor->valid()) last_seq = from_big_endian(cursor->key());
  for (cursor->seek(""); cursor->valid(); cursor->next()) {
    const std::uint64_t at = from_big_endian(cursor->key());
    auto block = Block::parse(std::string(cursor->value()));
    if (!block) {
      if (block.error().code != Errc::kCorrupt) return block.error();
      return Fault(fmt::format("journal block at {}: {}", at, block.error().message));
    }
    if (cursor->key().size() != 8 || at != block.value()->first_seq())
      return Fault(fmt::format("journal block at {}: it says that it begins at {}", at,
                               block.value()->first_seq()));
    TRY(auto fault, take(block.value()));
    if (fault) return fault;
    if (progress_) progress_(audit_.last_seq(), std::max(last_seq, audit_.last_seq()));
  }
  TRY(cursor->status());
  if (Fault fault = check_head()) return fault;
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
  return c;
}

VerifyReport faulty(std::string what) {
  VerifyReport report;
  report.first_fault = std::move(what);
  return report;
}

}  // namespace

Result<VerifyReport> verify(const KeyValueStore& store, const std::optional<Head>& head,
                            const VerifyProgress& progress) {
  const auto begin = std::chrono::steady_clock::now();
  Verification verification(store, head, progress);
  auto judged = verification.run();
  // Damage that the store itself noticed is a finding, not a failure to look.
  if (!judged && judged.error().code != Errc::kCorrupt) return judged.error();
  const Fault fault = judged ? judged.value() : Fault(judged.error().message);
  VerifyReport report;
  report.ok = !fault;
  report.first_fault = fault.value_or("");
  report.counters = verification.counters();
  report.took_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::steady_clock::now() - begin)
                       .count();
  return report;
}

Result<VerifyReport> verify(const std::filesystem::path& folder, const VerifyProgress& progress) {
  if (!std::filesystem::exists(folder / "db"))
    return fail(Errc::kNotFound, "{}: there is no book here", folder.string());
  // The head first: a book that is being written meanwhile only gets longer.
  auto head = HeadFile::read(folder / "head");
  if (!head) {
    if (head.error().code != Errc::kCorrupt) return head.error();
    return faulty(head.error().message);
  }
  auto store = open_rocks(folder / "db", RocksOptions{false, true});
  if (!store) {
    if (store.error().code != Errc::kCorrupt) return store.error();
    return faulty(store.error().message);
  }
  return verify(*store.value(), head.value(), progress);
}

}  // namespace suanpan
