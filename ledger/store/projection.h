// What a projection promises. A projection is a picture of the journal for quick reading: fed by
// durable blocks only, in order, each once; stored in the background together with the sequence it
// reflects (its stamp), so that after a crash it is loaded and the rest of the journal fed again.
// Every projection's tables are held against the journal by engine/audit_tables.h.
//
// Two threads: one feeds and freezes, another stores what is frozen while feeding goes on. Between
// freeze() and stored() there is no other freeze().
#pragma once
#include <initializer_list>
#include <map>

#include "ledger/store/block.h"
#include "ledger/store/key_value.h"

namespace suanpan {

/// Where the stamp of a table stands, in Table::kMeta: a row of its own there keeps the loads of a
/// table apart from one another.
inline std::string stamp_key(Table table) { return std::string("stamp.") + name_of(table); }

/// The sequence that a table on disk reflects; 0 when it is empty.
inline Result<std::uint64_t> read_stamp(const KeyValueStore& store, Table table) {
  TRY(auto value, store.get(Table::kMeta, stamp_key(table)));
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
  /// Sets aside what is gathered, for collect(). By the feeding thread.
  virtual void freeze() = 0;
  /// Adds what is frozen. By the storing thread.
  virtual Result<void> collect(BulkLoad& load) = 0;
  /// The stamp that goes with it, as rows of Table::kMeta.
  virtual void collect_stamps(std::map<std::string, std::uint64_t>& stamps) const = 0;
  /// What was collected last is in the store now. By the storing thread.
  virtual void stored() = 0;
};

/// Stores what `projections` froze, together with their stamps, as one.
Result<void> store_frozen(KeyValueStore& store, std::initializer_list<Projection*> projections);

}  // namespace suanpan
