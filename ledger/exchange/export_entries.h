// Writes a book's journal as JSON lines or CSV (journal_entry.h): what moved money, accounts or
// days, and what the ledger refused, in the order of the journal, with its own id and recorded
// time. import_entries() makes a book of it in which are the same
//   accounts with their terms and versions, days, balances, roll-ups,
//   holds with their states, statements (amount, balance after, date of each row),
//   vouchers with their numbers, legs, texts and ids,
// and whose export is the same file, byte for byte. How a command is told: tell_entries.h.
//
// What is not carried over:
//   documents and settings (orders, refunds, payouts, batches, requests by two people, merchants,
//   keys, webhooks, cases, statements of banks), and so events: they are left to the backup;
//   charts of accounts, and steps of a year's end before it moves money;
//   that commands were one linked group, and what a voucher expected or was to sweep, which is told
//   as the legs that came of it;
//   refusals that came of any of these: of other rooms, of groups, of vouchers with expectations,
//   of account openings, of terms of which only some were named, of day cuts ahead of the clock, of
//   what two people were to approve, of reversals of what bears another id there.
//
// Any number may run beside each other and beside a working book: a run sees one sequence.
#pragma once
#include <iosfwd>

#include "ledger/engine/book.h"

namespace suanpan {

/// The journal is told before the first byte is written, and nothing is written of a book that
/// cannot be: one in which a year's end (年结) has begun to be carried forward, whose vouchers
/// stand on a day that was closed before them, or a command that no entries amount to. Errors:
/// kUnsupported, naming that year or command; kArchived for a purged book; kCorrupt, kIo.
Result<void> export_jsonl(const Book& book, std::ostream& out);
Result<void> export_csv(const Book& book, std::ostream& out);

}  // namespace suanpan
