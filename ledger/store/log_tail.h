// Tells what a loss of power does to the database's log from damage.
//
// A record that was being written when the power went may be there in part: ext4 lets a file grow
// over sectors that are not written yet. RocksDB takes it for damage unless the file ends within
// it, and would not open. Nobody was answered for such a record; it is the last, since each is
// synced before the next is written.
//
// Reads only. The format is RocksDB's: blocks of 32 KiB of fragments, never over a block's end:
//   fragment := masked crc32c u32 | length u16 | type u8 (1 whole, 2 first, 3 middle, 4 last) |
//   bytes
#pragma once
#include <filesystem>

#include "ledger/base/result.h"

namespace suanpan {

/// Whether the logs in `folder` are whole but for one record at the very end, after which none
/// begins. Errors: kIo.
Result<bool> only_tail_is_torn(const std::filesystem::path& folder);

}  // namespace suanpan
