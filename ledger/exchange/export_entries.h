// Writes a book's journal as JSON lines or CSV (journal_entry.h): what moved money, accounts, days,
// the chart or a year's end, and what the ledger refused, in the order of the journal, with its own
// id and recorded time. import_entries() makes a book of it in which are the same
//   accounts with their terms and versions, days, balances, roll-ups,
//   holds with their states, statements (amount, balance after, date of each row),
//   vouchers with their numbers, legs, texts and ids, with what they expected and swept,
//   linked groups, whether they stood or fell,
//   the chart of accounts, years' ends as far as they have come,
// and whose export is the same file, byte for byte. How a command is told: tell_entries.h.
//
// What is not carried over:
//   documents and settings (orders, refunds, payouts, batches, requests by two people, merchants,
//   keys, webhooks, cases, statements of banks), and so events: they are left to the backup;
//   that commands were one linked group, where another room's is among them that is told as
//   nothing;
//   what other commands than vouchers expected;
//   refusals that came of these: of other rooms, of groups with one of them, of other commands
//   than vouchers with expectations, of account openings that need two people, of terms of which
//   only some were named, of day cuts ahead of the clock, of what two people were to approve, of
//   reversals of what bears another id there; and those of which the journal has not what was asked
//   for: of charts to adopt and of vouchers of a year's end.
//
// Any number may run beside each other and beside a working book: a run sees one sequence.
#pragma once
#include <iosfwd>

#include "ledger/engine/book.h"

namespace suanpan {

/// The journal is told before the first byte is written, and nothing is written of a book that
/// cannot be: one with a command that no entries amount to. Errors: kUnsupported, naming that
/// command; kArchived for a purged book; kCorrupt, kIo.
Result<void> export_jsonl(const Book& book, std::ostream& out);
Result<void> export_csv(const Book& book, std::ostream& out);

}  // namespace suanpan
