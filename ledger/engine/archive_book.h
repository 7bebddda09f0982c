// Writes the journal of closed years to an archive (read_archive.h says what lies there), from a
// book that is open, for reading only or not. It ends with the block in which the year's end was
// finished: no later one is dated in it.
//
// On the way the auditor's model takes every block from the first, so that a checkpoint is what the
// blocks give, and not what the book's tables say; the daily roots are judged, and the histories of
// all accounts are held against it. At the end everything is read back and judged as `verify
// --archive` does.
//
// Files come into being whole, the checkpoint last: with it the archive is whole. Cut short, the
// same call goes on: what lies there and is the same stays. What a checkpoint holds is never
// written again; other bytes there are an error. A later year is added to the same folder, with a
// checkpoint of its own. Of a book that was purged (purge_book.h) the archive that lies there is
// read in place of what is gone. One run at a time to one folder.
#pragma once
#include "ledger/engine/read_archive.h"

namespace suanpan {

struct ArchiveRequest {
  std::filesystem::path to;
  std::int32_t year = 0;
  std::filesystem::path roots;        ///< the book's daily roots (store/root_file.h)
  std::filesystem::path root_key;     ///< the keys that sign them (RootKeys)
  std::size_t file_bytes = 16 << 20;  ///< of blocks, after which the next file begins
  VerifyProgress progress;            ///< while writing, and again while reading back
};

struct Archived {
  std::uint64_t seq = 0;    ///< the archive ends there
  std::uint32_t files = 0;  ///< in all
  bool was_there = false;   ///< whole already; nothing was written
  VerifyCounters counters;  ///< of what was read back
};

/// Errors: kMismatch for a year that is not closed, another book's archive or keys, and an archive
/// whose whole part has other bytes than the book; kUnsupported for a book that names no root keys;
/// kCorrupt where the journal, its roots or its histories do not hold, or what was read back;
/// those of RootKeys::open; kIo.
Result<Archived> archive_book(const Book& book, const ArchiveRequest& request);

/// The newest year that is closed and ends at or before a day. Errors: kMismatch where none does.
Result<std::int32_t> closed_year_until(const Book& book, Date day);

}  // namespace suanpan
