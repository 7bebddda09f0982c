// Every claimed id → the sequence of its journal entry. Sorted runs on disk, packed 256 ids a key,
// with a resident filter in front.
//
//   key   := run u32 (big-endian) | first ClaimKey of the pack (20)
//   value := {ClaimKey (20) | seq u64 (little-endian)}*   sorted by key
//
// feed/collect/stored belong to the projecting thread; find() may be called by any.
#pragma once
#include <atomic>
#include <vector>

#include "ledger/store/id_filter.h"
#include "ledger/store/projection.h"

namespace suanpan {

class IdProjection final : public Projection {
 public:
  explicit IdProjection(KeyValueStore& store) : store_(store) {}
  Result<void> load() override;
  std::uint64_t stamp() const override { return stamp_.load(std::memory_order_acquire); }
  void feed(const BlockPtr& block) override;
  void collect(WriteSet& writes) override;
  void stored() override;

  /// The sequence under which an id was claimed, for ids up to stamp(); nothing if it never was.
  Result<std::optional<std::uint64_t>> find(const ClaimKey& key) const;

 private:
  struct Claim {
    ClaimKey key;
    std::uint64_t seq;
  };
  KeyValueStore& store_;
  IdFilter filter_;
  std::vector<Claim> gathered_;
  std::uint64_t fed_ = 0;
  std::atomic<std::uint64_t> stamp_{0};
  std::atomic<std::uint32_t> runs_{0};
  bool collected_run_ = false;
};

}  // namespace suanpan
