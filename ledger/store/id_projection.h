// Every claimed id → the sequence of its journal entry. A resident filter in front, sorted runs on
// disk behind it.
//
//   ids:       rows of claims, see id_rows.h
//   id_filter: key := 'r' | run u32             value := first seq, last seq (varints)
//                                                       | least ClaimKey (20) | greatest (20)
//              key := 's' | segment u32 | part u32     value := 64-byte lines of a full segment
//
// (Key integers are big-endian.) Every journal entry claims one id, so segment i of the filter
// answers for a range of sequences; a run lies within one segment. When a segment is full its bits
// are stored, so that opening reads them instead of every id, and its runs are merged into one
// unless their ids do not overlap anyway: a look-up reads few rows however many ids there are. Rows
// of runs that no 'r' row names are left over from a merge and are erased later.
//
// find() and prefetch() may be called by any thread.
#pragma once
#include <atomic>
#include <mutex>
#include <vector>

#include "ledger/store/id_filter.h"
#include "ledger/store/id_rows.h"
#include "ledger/store/projection.h"

namespace suanpan {

struct IdRun {
  std::uint32_t number = 0;
  std::uint64_t first_seq = 0, last_seq = 0;
  ClaimKey least, greatest;
};
std::string id_run_key(std::uint32_t number);
std::string encode(const IdRun& run);
std::optional<IdRun> decode_id_run(std::string_view key, std::string_view value);
/// The filter segment that a sequence belongs to, and the first sequence of a segment.
std::size_t id_segment_of(std::uint64_t seq);
std::uint64_t id_segment_begin(std::size_t segment);
std::string id_segment_key(std::size_t segment, std::size_t part);
inline constexpr std::size_t kIdSegmentPartBytes = 256 << 10;

class IdProjection final : public Projection {
 public:
  explicit IdProjection(KeyValueStore& store) : store_(store) {}
  Result<void> load() override;
  std::uint64_t stamp() const override { return stamp_.load(std::memory_order_acquire); }
  void feed(const BlockPtr& block) override;
  void freeze() override;
  Result<void> collect(BulkLoad& load) override;
  void collect_stamps(std::map<std::string, std::uint64_t>& stamps) const override;
  void stored() override;

  /// The sequence under which an id was claimed, for ids up to answered(); nothing if it never was.
  Result<std::optional<std::uint64_t>> find(const ClaimKey& key) const;
  /// What find() answers for: fed, stored or not.
  std::uint64_t answered() const { return fed_.load(std::memory_order_acquire); }
  /// False: find() has nothing, and says so without reading. True of a few that were never claimed.
  bool may_hold(const ClaimKey& key) const { return filter_.may_contain(key); }
  /// Fetches what find() will look at first: worth it a few ids ahead.
  void prefetch(const ClaimKey& key) const { filter_.prefetch(key); }

 private:
  // The ids fed between two freezes: entry first_seq + i claims keys[i].
  struct Generation {
    std::uint64_t first_seq = 0;
    std::vector<ClaimKey> keys;
    bool rising = true;                // keys are sorted: no table is needed to find one
    std::vector<std::uint32_t> slots;  // index + 1 by hash; 0: free
    void add(const ClaimKey& key);
    void prefetch(const ClaimKey& key) const {
      if (!rising) __builtin_prefetch(&slots[std::hash<ClaimKey>{}(key) & (slots.size() - 1)], 1);
    }
    std::optional<std::uint64_t> find(const ClaimKey& key) const;
    std::uint64_t end_seq() const { return first_seq + keys.size(); }

   private:
    void place(std::uint32_t index);
    void rebuild(std::size_t size);
  };
  Result<void> load_runs();
  Result<void> load_filter();
  Result<void> collect_claims(BulkLoad& load);
  Result<void> collect_run(BulkLoad& load, std::span<const Claim> claims);
  Result<void> collect_segments(BulkLoad& load);
  Result<void> erase_dead(BulkLoad& load);
  Result<void> merge(BulkLoad& load, std::size_t segment);
  bool runs_overlap(std::size_t segment) const;
  Result<std::optional<std::uint64_t>> find_in(Cursor& cursor, const IdRun& run,
                                               const ClaimKey& key) const;

  KeyValueStore& store_;
  IdFilter filter_;
  mutable std::mutex mutex_;  // guards the generations and runs_ against readers
  Generation gathered_, frozen_;
  std::vector<IdRun> runs_;
  std::atomic<std::uint64_t> fed_{0}, stamp_{0};

  // The storing thread's.
  std::vector<IdRun> next_runs_;             // runs_ once what is collected is stored
  std::vector<std::uint32_t> dead_, dying_;  // runs whose rows may go now, and with the next store
  std::uint32_t next_run_ = 0;
  std::size_t stored_segments_ = 0, merged_segments_ = 0;
  std::vector<std::string> meta_erased_;
};

}  // namespace suanpan
