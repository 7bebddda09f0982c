// The journal: blocks in order, one hash chain, one synced write each. What judges it without
// believing it (verify, the audit) reads Table::kJournal by itself.
//
// append() belongs to one thread; reads are thread-safe.
#pragma once
#include <atomic>
#include <filesystem>
#include <list>
#include <memory>
#include <mutex>

#include "ledger/store/block.h"
#include "ledger/store/head_file.h"
#include "ledger/store/key_value.h"

namespace suanpan {

class Journal {
 public:
  /// Finds the last block and holds it against the head file. Errors: kCorrupt when the journal
  /// ends before the head or its block at the head has another hash: something acknowledged is
  /// missing. `reset_head` accepts the journal as it is (after a deliberate restore).
  static Result<std::unique_ptr<Journal>> open(KeyValueStore& store,
                                               const std::filesystem::path& head_file,
                                               bool reset_head = false);
  /// The same without writing: `outside` is the head file's, read before the store was opened, so
  /// that a journal which grows meanwhile only gets longer. Nothing may be appended.
  static Result<std::unique_ptr<Journal>> open_for_reading(KeyValueStore& store,
                                                           const std::optional<Head>& outside);

  std::uint64_t last_seq() const { return last_seq_.load(std::memory_order_acquire); }
  /// Only for the thread that appends.
  const Sha256& last_hash() const { return head_.hash; }

  /// Seals what `gathered` holds and appends it: its first sequence is last_seq() + 1. The block
  /// that comes back is on stable storage, and shares the builder's records. Any error is fatal for
  /// the process.
  Result<BlockPtr> append(const BlockBuilder& gathered);
  /// The same for a block that was sealed elsewhere with last_hash() before it.
  Result<BlockPtr> append(std::string sealed);
  /// Syncs the head file.
  Result<void> sync_head() { return head_file_->sync(); }

  /// The block that holds `seq`, which may be the archived form; null past the end. Errors:
  /// kCorrupt, kIo.
  Result<BlockPtr> block_of(std::uint64_t seq) const;
  /// Calls `each` with every block that ends at or after `from`, in order, and checks the chain on
  /// the way; `from` itself must be there unless the journal ends before it. Errors: kArchived
  /// where only the archived form is there.
  Result<void> replay(std::uint64_t from,
                      const std::function<Result<void>(const BlockPtr&)>& each) const;
  /// The last sequence, at most `until`, whose timestamp is at or before `time`; 0 if none is.
  Result<std::uint64_t> seq_at(Timestamp time, std::uint64_t until) const;

 private:
  Journal(KeyValueStore& store, std::optional<HeadFile> head_file, const Head& head)
      : store_(store), head_file_(std::move(head_file)), head_(head), last_seq_(head.seq) {}
  Result<BlockPtr> append(BlockPtr block);
  Result<void> check_head(const Head& outside) const;
  KeyValueStore& store_;
  std::optional<HeadFile> head_file_;    // none: opened for reading
  Head head_;                            // the appending thread's
  std::atomic<std::uint64_t> last_seq_;  // head_.seq, for readers
  // A resend of a batch reads one block thousands of times.
  mutable std::mutex cache_mutex_;
  mutable std::list<BlockPtr> cache_;
};

}  // namespace suanpan
