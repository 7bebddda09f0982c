// Takes what lies in an archive out of a book, up to the checkpoint of a closed year. What stays:
//
//   every id, what was asked under it and what was answered (the archived form of blocks,
//   store/block.h), so that a resend finds its first answer and a different one is told the field
//   accounts, balances, documents, roll-ups, business keys
//   of each account the last row of its history, with the totals that later entries go on from
//   what `verify` begins with (purge_base.h)
//
// What goes: the histories of accounts up to there, and what commands did to documents, terms, days
// and events, but for what settlements and cases answered. Who asks for it is told kArchived.
//
// Before anything goes, the archive is read back and judged whole, and held against the book. The
// purge is a record of the journal, with the digest of the signed checkpoint. It is not undone but
// by `restore` with the archive. The book may be read and written meanwhile.
#pragma once
#include "ledger/engine/book.h"
#include "ledger/engine/verify.h"

namespace suanpan {

struct PurgeRequest {
  std::filesystem::path archive;
  std::int32_t year = 0;        ///< whose checkpoint it is
  std::filesystem::path roots;  ///< the book's daily roots
  std::string root_key;         ///< public keys in PEM that were kept elsewhere, or empty
  /// Whether the rest of the house is done with the entries up to `until`; empty: it is.
  std::function<Result<void>(std::uint64_t until)> may_go;
  VerifyProgress progress;  ///< while the archive is judged, and again while blocks go
};

struct Purged {
  std::uint64_t until = 0;  ///< entries up to here
  bool was_done = false;    ///< before; nothing changed
};

/// Errors: kMismatch for an archive of another book, one without a checkpoint of that year, a book
/// that was purged further already, and a year that was closed less than a week ago by the book's
/// days; kCorrupt for an archive that does not hold; kNotFound, kIo; those of `may_go` and of
/// Book::drop_archived().
Result<Purged> purge_book(Book& book, const PurgeRequest& request);

}  // namespace suanpan
