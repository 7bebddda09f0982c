#include "ledger/store/journal.h"

#include <algorithm>

#include "ledger/base/check.h"

namespace suanpan {
namespace {

constexpr std::size_t kCachedBlocks = 8;

Result<BlockPtr> parse_at(const Cursor& cursor) {
  auto block = Block::parse(std::string(cursor.value()));
  if (!block)
    return fail(block.error().code, "journal block at {}: {}", from_big_endian(cursor.key()),
                block.error().message);
  if (block.value()->first_seq() != from_big_endian(cursor.key()))
    return fail(Errc::kCorrupt, "journal block at {} says it begins at {}",
                from_big_endian(cursor.key()), block.value()->first_seq());
  return block;
}

Result<Head> end_of(const KeyValueStore& store) {
  Head last;
  const auto cursor = store.cursor(Table::kJournal);
  cursor->seek_to_last();
  if (cursor->valid()) {
    TRY(auto block, parse_at(*cursor));
    last = Head{block->last_seq(), block->hash()};
  }
  TRY(cursor->status());
  return last;
}

}  // namespace

Result<std::unique_ptr<Journal>> Journal::open(KeyValueStore& store,
                                               const std::filesystem::path& path, bool reset_head) {
  TRY(auto last, end_of(store));
  if (reset_head) {
    TRY(auto head_file, HeadFile::reset(path, last));
    return std::unique_ptr<Journal>(new Journal(store, std::move(head_file), last));
  }
  TRY(auto head_file, HeadFile::open(path));
  const std::optional<Head> outside = head_file.found();
  if (!outside && last.seq != 0)
    return fail(Errc::kCorrupt, "the head file {} is missing; the journal ends at {}",
                path.string(), last.seq);
  std::unique_ptr<Journal> journal(new Journal(store, std::move(head_file), last));
  if (!outside) {
    // The empty journal has a head too, before the first block: a file without one means loss.
    TRY(journal->head_file_->write(last));
    TRY(journal->head_file_->sync());
  } else {
    TRY(journal->check_head(*outside));
  }
  return journal;
}

Result<std::unique_ptr<Journal>> Journal::open_for_reading(KeyValueStore& store,
                                                           const std::optional<Head>& outside) {
  TRY(auto last, end_of(store));
  if (!outside && last.seq != 0)
    return fail(Errc::kCorrupt, "the head file is missing; the journal ends at {}", last.seq);
  std::unique_ptr<Journal> journal(new Journal(store, std::nullopt, last));
  if (outside) {
    TRY(journal->check_head(*outside));
  }
  return journal;
}

Result<void> Journal::check_head(const Head& outside) const {
  if (outside.seq > head_.seq)
    return fail(
        Errc::kCorrupt,
        "the journal ends at {}, before the head {}: acknowledged entries are missing. Restore a "
        "backup, or accept the loss explicitly with --reset-head",
        head_.seq, outside.seq);
  if (outside.seq == 0) return success();
  TRY(auto block, block_of(outside.seq));
  if (!block || block->last_seq() != outside.seq || block->hash() != outside.hash)
    return fail(Errc::kCorrupt,
                "the journal block that ends at {} is not the one the head file names",
                outside.seq);
  return success();
}

Result<BlockPtr> Journal::append(std::string sealed) {
  TRY(auto block, Block::parse(std::move(sealed)));
  return append(std::move(block));
}

Result<BlockPtr> Journal::append(const BlockBuilder& gathered) {
  TRY(auto block, Block::sealed(gathered, gathered.seal(head_.hash)));
  return append(std::move(block));
}

Result<BlockPtr> Journal::append(BlockPtr block) {
  CHECK_OR_DIE(block->first_seq() == head_.seq + 1 && block->previous_hash() == head_.hash,
               "block {} does not follow {}", block->first_seq(), head_.seq);
  TRY(store_.put_synced(Table::kJournal, big_endian(block->first_seq()), block->bytes()));
  head_ = Head{block->last_seq(), block->hash()};
  last_seq_.store(head_.seq, std::memory_order_release);
  TRY(head_file_->write(head_));
  return block;
}

Result<BlockPtr> Journal::block_of(std::uint64_t seq) const {
  {
    std::lock_guard lock(cache_mutex_);
    for (auto it = cache_.begin(); it != cache_.end(); ++it) {
      if (seq < (*it)->first_seq() || seq > (*it)->last_seq()) continue;
      cache_.splice(cache_.begin(), cache_, it);
      return cache_.front();
    }
  }
  const auto cursor = store_.cursor(Table::kJournal);
  cursor->seek_for_prev(big_endian(seq));
  TRY(cursor->status());
  if (!cursor->valid()) return BlockPtr{};
  TRY(auto block, parse_at(*cursor));
  if (seq > block->last_seq()) return BlockPtr{};
  std::lock_guard lock(cache_mutex_);
  cache_.push_front(block);
  if (cache_.size() > kCachedBlocks) cache_.pop_back();
  return block;
}

Result<void> Journal::replay(std::uint64_t from,
                             const std::function<Result<void>(const BlockPtr&)>& each) const {
  const auto cursor = store_.cursor(Table::kJournal);
  cursor->seek_for_prev(big_endian(from));
  if (!cursor->valid()) cursor->seek(big_endian(from));
  BlockPtr before;
  for (; cursor->valid(); cursor->next()) {
    TRY(auto block, parse_at(*cursor));
    if (!before && block->first_seq() > std::max<std::uint64_t>(from, 1))
      return fail(Errc::kCorrupt, "journal entry {} is missing", from);
    if (before &&
        (block->first_seq() != before->last_seq() + 1 || block->previous_hash() != before->hash()))
      return fail(Errc::kCorrupt, "the chain breaks at journal block {}", block->first_seq());
    if (!before && block->first_seq() == 1 && block->previous_hash() != Sha256{})
      return fail(Errc::kCorrupt, "the first journal block names a block before it");
    before = block;
    if (block->last_seq() < from) continue;
    if (block->archived())
      return fail(Errc::kArchived,
                  "journal entry {} was archived and purged: what it did lies in the archive alone",
                  block->first_seq());
    TRY(each(block));
  }
  return cursor->status();
}

Result<std::uint64_t> Journal::seq_at(Timestamp time, std::uint64_t until) const {
  // Blocks rise in sequence and time alike: bisect over sequences, then look inside one block.
  std::uint64_t low = 0, high = std::min(until, last_seq());
  while (low < high) {
    const std::uint64_t middle = low + (high - low + 1) / 2;
    TRY(auto block, block_of(middle));
    if (!block) return fail(Errc::kCorrupt, "journal entry {} is missing", middle);
    const auto records = block->records();
    if (records.front().timestamp_ns > time.ns) {
      high = block->first_seq() - 1;
    } else if (block->last_timestamp() <= time) {
      low = block->last_seq();
    } else {
      std::uint64_t found = low;
      for (const Record& r : records)
        if (r.timestamp_ns <= time.ns) found = r.seq;
      return std::min(found, until);
    }
  }
  return std::min(low, until);
}

}  // namespace suanpan
