// What a projection promises. A projection is a picture of the journal for quick reading: fed by
// durable blocks only, in order, each once; written in the background together with the sequence it
// reflects (its stamp), so that after a crash it is loaded and the rest of the journal fed again.
// Every projection has a checker in engine/verify.
#pragma once
#include "ledger/store/block.h"
#include "ledger/store/key_value.h"

namespace suanpan {

/// Sorts after every other key of a table.
inline const std::string kStampKey = "\xff\xff\xff\xff.stamp";

/// The sequence that a table on disk reflects; 0 when it is empty.
inline Result<std::uint64_t> read_stamp(const KeyValueStore& store, Table table) {
  TRY(auto value, store.get(table, kStampKey));
  return value ? from_big_endian(*value) : std::uint64_t{0};
}

class Projection {
 public:
  virtual ~Projection() = default;
  /// Reads what is stored. Call once, before anything is fed.
  virtual Result<void> load() = 0;
  /// What is stored reflects the journal up to here; blocks up to here are not fed again.
  virtual std::uint64_t stamp() const = 0;
  /// Takes one durable block. Blocks at or below the stamp are passed over.
  virtual void feed(const BlockPtr& block) = 0;
  /// Adds to `writes` what is gathered and not yet stored, and the new stamp.
  virtual void collect(WriteSet& writes) = 0;
  /// What was collected last is in the store now.
  virtual void stored() = 0;
};

}  // namespace suanpan
