// Writes a book's journal as JSON lines or CSV (journal_entry.h): every command of the ledger's own
// kinds, refused ones too, in the order of the journal, with its own id, recorded time and all that
// was asked. import_entries() makes the same book of it.
//
// What other rooms posted (orders, refunds, payouts, deposits) is told as the voucher it amounts
// to, under its own id; accounts they opened as openings. Their documents are not money and are
// left to the backup. Not told either: charts of accounts, that vouchers were one linked group, and
// what a voucher expected or was to sweep, which is told as the legs that came of it; refusals that
// came of these, and of account openings, are left out. Any number may run beside each other and
// beside a working book: a run sees one sequence.
#pragma once
#include <iosfwd>

#include "ledger/engine/book.h"

namespace suanpan {

/// Nothing is written of a book in which a year's end (年结) has begun to be carried forward: its
/// vouchers stand on a day that was closed before them. Errors: kUnsupported, naming that year;
/// kCorrupt, kIo.
Result<void> export_jsonl(const Book& book, std::ostream& out);
Result<void> export_csv(const Book& book, std::ostream& out);

}  // namespace suanpan
