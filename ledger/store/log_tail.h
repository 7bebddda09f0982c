// Tells what a loss of power does to the database's log from damage.
//
// A record that was being written when the power went may be there in part: ext4 lets a file grow
// over sectors that are not written yet. RocksDB takes it for damage unless the file ends within
// it, and would not open. Nobody was answered for such a record; it is the last, since each is
// synced before the next is written.
//
// Having dropped such a record, RocksDB begins the next log with a batch of no rows, and only then
// notes that the torn log is done with: an end in between leaves both. Such a mark behind a torn
// log is no continuation of it, if its sequence is the one after the last batch that is whole. A
// later one says that more was there once: a record that was acknowledged was damaged since.
//
// Zeros at the end of a log are none of its records (log_ahead.h).
//
// Reads only. The format is RocksDB's: blocks of 32 KiB of fragments, never over a block's end:
//   fragment := masked crc32c u32 | length u16 | type u8 (1 whole, 2 first, 3 middle, 4 last) |
//   bytes
#pragma once
#include <filesystem>

#include "ledger/base/result.h"

namespace suanpan {

/// Whether all that is wrong with the logs in `folder` is a torn record at the end of a log, with
/// nothing behind it but empty logs and such as a recovery began just there, by its mark. Errors:
/// kIo.
Result<bool> only_tail_is_torn(const std::filesystem::path& folder);

}  // namespace suanpan
