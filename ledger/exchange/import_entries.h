// Makes a book of a journal as JSON lines or CSV (export_entries.h), by giving every command again:
// the same planners, invariants and journal as for everything else.
//
// The book is made by the import: own ids, recorded times, voucher numbers, refusals; what of the
// source is the same in it, and what is not carried over, says export_entries.h. Its clock is the
// source's: commands that were recorded together (a nanosecond after each other) go in together,
// linked groups as groups, holds expire when they did. A year ends only when nothing is left to
// carry. Where the book answers otherwise than the source says, the import stops there, naming
// the line.
//
// Resumable: killed and started again with the same file, it finds what is there by its ids and
// goes on. The whole file is read before anything is posted.
#pragma once
#include <filesystem>

#include "ledger/engine/book.h"

namespace suanpan {

enum class EntryFormat : std::uint8_t { kJsonLines, kCsv };

struct ImportCounts {
  std::uint64_t entries = 0;   ///< in the file
  std::uint64_t posted = 0;    ///< by this run
  std::uint64_t replayed = 0;  ///< by an earlier one
};

/// `folder`: of the book, made if it is not there. `open_store` (BookOptions): if given, it makes a
/// missing store. Errors: kMalformed with the line (nothing was posted), kMismatch with the line
/// (the book stands as before it), those of opening and kIo.
Result<ImportCounts> import_entries(const std::filesystem::path& file, EntryFormat format,
                                    const std::filesystem::path& folder,
                                    const OpenStore& open_store = {});

}  // namespace suanpan
