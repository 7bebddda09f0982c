// The bytes of a sealed block: its header, its records and variable part as they are stored, and a
// checksum.
//
//   block   := header(96) records variable crc32c(4)
//   header  := magic "SPBLOCK1" | version u32 | record_count u32 | variable_bytes u64
//            | first_seq u64 | last_seq u64 | last_timestamp i64 | previous hash (32)
//            | packed_bytes u64 | stored_variable_bytes u64       (both zero in version 1)
//            | version 3: the block's own hash (32)
//   records := version 1, plain: struct Record{record_count}, 128 bytes each
//            | version 2 and 3, packed: packed_bytes as record_pack.h says
//   variable:= version 1: sections (block_sections.h), variable_bytes of them
//            | version 2 and 3: stored_variable_bytes, LZ4 if fewer than variable_bytes
//
// All integers are little-endian. The journal writes version 2; version 1 is what earlier journals
// hold, and what a tool writes that wants its records in place; version 3 is the archived form
// (block.h).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "ledger/base/clock.h"
#include "ledger/base/digest.h"
#include "ledger/base/result.h"
#include "ledger/store/record.h"

namespace suanpan {

inline constexpr std::uint32_t kBlockVersion = 3;
enum class BlockForm : std::uint8_t { kPlain = 1, kPacked = 2, kArchived = 3 };  ///< by version

/// The sealed bytes of what was gathered, of one record at least. `previous` is the hash of the
/// block before; `own`, of the archived form, that of the whole block.
std::string seal_contents(const BlockContents& contents, const Sha256& previous, BlockForm form,
                          const Sha256& own = {});

struct BlockHeader {
  BlockForm form{};
  std::size_t record_count = 0;
  std::uint64_t variable_bytes = 0;
  std::uint64_t first_seq = 0, last_seq = 0;
  Timestamp last_timestamp;
  Sha256 previous{};
  Sha256 own{};                        ///< of the archived form: the whole block's
  std::string_view records, variable;  ///< as they are stored, in the bytes that were read
};

/// Errors: kCorrupt. Says nothing of bytes that are no block.
Result<void> check_block_checksum(std::string_view bytes);
/// The header, and the two parts that it measures out. Errors: kCorrupt, kUnsupported for a newer
/// version.
Result<BlockHeader> read_block_header(std::string_view bytes);
/// Fills in records and variable part, not yet looked into. Errors: kCorrupt.
Result<void> unpack_contents(const BlockHeader& header, BlockContents& contents);

}  // namespace suanpan
