// Accounts, their balances, their roll-ups, and every entry with the balance after it.
//
//   accounts: key := account u32 (big-endian)   value := settings, totals, latest date
//   entries:  see entry_rows.h; a row holds at most kEntriesPerRow entries
//   roll_ups: see roll_up.h
//
// The balance after each entry is computed here, in journal order. What is gathered is packed at
// once, into chunks that the accounts take one by one.
//
// Reads may come from any thread, and never keep the feeding thread waiting for a callback. The
// feeding thread lets waiting readers in every few records: a reader may meet a block that is fed
// in part, and asks for entries up to a sequence that is fed whole.
#pragma once
#include <atomic>
#include <mutex>
#include <optional>
#include <vector>

#include "ledger/store/entry_rows.h"
#include "ledger/store/projection.h"
#include "ledger/store/roll_up.h"

namespace suanpan {

inline constexpr std::size_t kEntriesPerRow = 512;

class AccountProjection final : public Projection {
 public:
  explicit AccountProjection(KeyValueStore& store) : store_(store) {}
  Result<void> load() override;
  std::uint64_t stamp() const override { return stamp_; }
  void feed(const BlockPtr& block) override;
  void freeze() override;
  Result<void> collect(BulkLoad& load) override;
  void collect_stamps(std::map<std::string, std::uint64_t>& stamps) const override;
  void stored() override;

  /// How many accounts have a row to be stored; only for the thread that feeds.
  std::size_t gathered_accounts() const { return gathered_.touched.size(); }

  /// Entries after `after` up to sequence `until`, oldest first, at most `limit`.
  Result<std::vector<Entry>> entries(AccountId account, EntryPosition after, std::uint64_t until,
                                     std::size_t limit) const;
  /// Entries before `before` with a sequence of at least `from`, newest first, at most `limit`.
  Result<std::vector<Entry>> entries_before(AccountId account, EntryPosition before,
                                            std::uint64_t from, std::size_t limit) const;
  /// Calls `each` with every entry up to `until` until it returns false.
  Result<void> for_each_entry(AccountId account, EntryPosition after, std::uint64_t until,
                              const std::function<bool(const Entry&)>& each) const;
  /// Posted totals after every entry up to sequence `seq`: reads one row.
  Result<EntryTotals> totals_at(AccountId account, std::uint64_t seq) const;
  /// Posted totals of all entries dated up to `date` with a sequence up to `until`: reads the rows
  /// since the first later date.
  Result<EntryTotals> totals_on(AccountId account, Date date, std::uint64_t until) const;

  /// The totals of everything at and below `path`, by currency, and the sequence that they reflect.
  /// `itself`: the account of that very code, if there is one.
  std::vector<RollUp> roll_up(std::string_view path, std::optional<AccountId> itself,
                              std::uint64_t& seq) const;

  struct Row {
    Account account;
    Balance balance;
    std::int32_t latest = kNoDate;  ///< the latest accounting date of any entry
  };
  /// As loaded and fed; only for the thread that feeds.
  std::vector<Row> rows() const;

  /// Gathered rows that readers have copied on their way back in time, and how often they took the
  /// lock for it.
  struct Copied {
    std::uint64_t rows = 0, locks = 0;
  };
  Copied copied() const { return {rows_copied_.load(), copies_locked_.load()}; }

 private:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  static constexpr std::size_t kChunksPerSlab = 16384;
  struct Chunk {
    std::uint32_t next;
    char bytes[60];
  };
  using Slab = std::unique_ptr<Chunk[]>;
  // A row that is packed already.
  struct PackedRow {
    EntryPosition first;
    std::uint32_t bytes = 0, first_chunk = kNone;
    std::uint32_t next = kNone;    // the account's next row of the generation
    std::uint32_t before = kNone;  // the one before; of the first: the last
  };
  // What is fed between two freezes.
  struct Generation {
    std::vector<Slab> slabs;
    std::uint32_t chunks = 0;
    std::vector<PackedRow> rows;
    std::vector<std::pair<AccountId, std::uint32_t>> touched;  // once frozen: sorted, first row
    std::string accounts;                                      // once frozen: rows of `touched`
    std::vector<std::uint32_t> account_bytes;
    std::map<std::string, std::string> roll_ups;  // once frozen: rows that changed
    std::uint64_t seq = 0;
  };
  // An account as the feeding thread works on it, with the row that is being packed.
  struct alignas(64) Tail {
    Balance balance;
    std::uint64_t first_seq = 0, last_seq = 0;
    std::uint32_t first_sub = 0, count = 0, bytes = 0;
    std::uint32_t first_chunk = kNone, last_chunk = kNone;
    std::uint32_t first_row = kNone, last_row = kNone;
    std::int32_t last_date = kNoDate, latest = kNoDate;
    std::uint32_t node = RollUps::kNone;
    Side normal = Side::kDebit;
    std::uint32_t generation = 0;  // its rows are of this one
  };

  Result<void> load_roll_ups();

  // A reader's lock. It announces itself, so that the feeder makes room.
  class ReadLock {
   public:
    explicit ReadLock(const AccountProjection& of) : lock_(of.mutex_, std::defer_lock) {
      of.readers_waiting_.fetch_add(1, std::memory_order_relaxed);
      lock_.lock();
      of.readers_waiting_.fetch_sub(1, std::memory_order_relaxed);
    }

   private:
    std::unique_lock<std::mutex> lock_;
  };
  void let_readers_in(std::unique_lock<std::mutex>& lock) const;

  struct GatheredRow {
    EntryPosition first;
    std::string bytes;
  };
  // Where a walk back through gathered rows has come to: the one that was read last, if it was
  // packed by then. Rows keep their place while they are frozen, and leave it for the store.
  struct Place {
    std::uint32_t generation = 0;  // 0: nowhere yet
    std::uint32_t row = kNone;
  };
  /// Copies of the newest gathered rows that begin before a position, newest first, at most `limit`
  /// of them; under the lock. `place` is the walk's own, and spares it the rows that it knows.
  std::vector<GatheredRow> rows_before(AccountId account, EntryPosition before, std::size_t limit,
                                       Place& place) const;
  /// Calls `read(first position, packed row, normal side)`, which says whether the row decodes,
  /// with the account's rows that begin before a position, newest first, until `over`. Holds the
  /// lock for a few rows at a time, and not while it reads.
  template <class Read>
  Result<void> walk_back(AccountId account, EntryPosition before, const bool& over,
                         Read&& read) const;
  /// The packed row before a place, in memory; nothing if there is none. Under the lock.
  std::optional<Place> older(AccountId account, Place place) const;
  const Generation& generation_of(Place place) const {
    return place.generation == generation_ ? gathered_ : frozen_;
  }

  void touch(AccountId account);
  void take_account(const Account& account);
  void add_entry(AccountId account, const Record& record, Side side);
  void append(Tail& tail, const char* from, std::size_t size);
  void close_row(Tail& tail);
  Result<EntryTotals> sum(AccountId account, std::uint64_t seq, Date date, bool by_date) const;
  static void copy_row(const Generation& generation, std::uint32_t chunk, std::size_t bytes,
                       std::string& out);
  /// Calls `each(first position, packed row)` with the account's rows that are not stored, oldest
  /// first; under the lock.
  template <class Each>
  void for_each_gathered_row(AccountId account, Each&& each) const;

  KeyValueStore& store_;
  std::vector<Account> accounts_;  // by id - 1, like tails_
  std::vector<Tail> tails_;
  // Held while a block is fed: totals have no sequence of their own, so whoever reads them waits
  // for its end. Taken before mutex_.
  mutable std::mutex block_mutex_;
  mutable std::mutex mutex_;  // guards everything here against readers; the feeder alone writes
  mutable RollUps roll_ups_;  // readers fold what has gathered

  mutable std::atomic<int> readers_waiting_{0};
  mutable std::atomic<std::uint64_t> rows_copied_{0}, copies_locked_{0};
  std::uint32_t generation_ = 1;  // of what is gathered
  Generation gathered_, frozen_;
  std::vector<Slab> spare_;  // slabs to use again
  std::uint64_t fed_ = 0, stamp_ = 0;
};

std::string encode(const AccountProjection::Row& row);
std::optional<AccountProjection::Row> decode_account_row(std::string_view bytes);

}  // namespace suanpan
