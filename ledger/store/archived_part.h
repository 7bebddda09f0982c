// The part of a book whose journal was purged: up to where the store has only the archived form of
// its blocks (block.h) and, of every account, the last row of entries that begins there.
//
//   meta: "archived" := until u64 | done u8 | open day i32 | time i64 | hash (32)    big-endian
//         "archived.base" | until u64 | part u32 := up to kBasePartBytes of what `verify` begins
//                                                   with (engine/purge_base.h)
//         "archived.room" | until u64 := ""         while the room of what went is still taken
//
// The row comes first and is synced; then block after block and row after row goes. A crash on the
// way leaves some whole blocks and some rows more, which is no harm; purge() goes on where it is
// called again.
#pragma once
#include <functional>

#include "ledger/base/clock.h"
#include "ledger/base/date.h"
#include "ledger/base/digest.h"
#include "ledger/store/key_value.h"

namespace suanpan {

struct ArchivedPart {
  std::uint64_t until = 0;  ///< entries up to here; 0: nothing was purged
  bool done = false;        ///< all of it is gone
  Date open_day;            ///< the book's day at that entry: no earlier one is known in full
  Timestamp time;           ///< of that entry
  Sha256 hash{};            ///< of the block that ends there
  friend bool operator==(const ArchivedPart&, const ArchivedPart&) = default;
};

inline constexpr std::size_t kBasePartBytes = 1 << 20;

/// Errors: kCorrupt for a row of another shape.
Result<ArchivedPart> read_archived_part(const KeyValueStore& store);
Result<std::string> read_archived_base(const KeyValueStore& store, std::uint64_t until);

/// Hears how far the blocks are, by sequence.
using PurgeProgress = std::function<void(std::uint64_t seq, std::uint64_t until)>;

/// Says that the part is archived, with its base; returns when that is on stable storage.
Result<void> begin_purge(KeyValueStore& store, const ArchivedPart& part, std::string_view base);
/// Takes away what is archived, and says so. Entries up to `part.until` must be stored. The book
/// may be read and written meanwhile.
Result<void> purge(KeyValueStore& store, const ArchivedPart& part,
                   const PurgeProgress& progress = nullptr);
/// Afterwards, and not needed: what was taken away leaves the disk now, not bit by bit. Errors:
/// kUnavailable where the disk has no room for that, or the store is being closed: it is owed
/// still.
Result<void> give_back_room(KeyValueStore& store, const ArchivedPart& part);
/// Whether a purge has ended and give_back_room() has not: the process was killed between the two,
/// or there was no room.
Result<bool> owes_room(const KeyValueStore& store);

}  // namespace suanpan
