// Posts a plain text journal (plain_journal.h) into a book, each transaction a voucher through the
// same planner as everything else, with its own accounting date; the recorded time is ours.
//
// A transaction's postings are paired into legs, debits with credits in their order. The book is
// made if it is not there, its first day that of the first transaction; a later date in the file
// cuts the day. Accounts are opened as the file declares them, without limits.
//
// Resumable: ids are the file's own (what we exported carries them), or derived from what the
// transaction says and how often the file has said the same before it; so a file that was
// continued, or whose import was killed, is simply imported again.
#pragma once
#include "ledger/exchange/import_entries.h"

namespace suanpan {

enum class PlainFormat : std::uint8_t { kHledger, kBeancount };

/// Folder and store as of import_entries(). Errors: the reader's, before anything is opened or
/// posted; kMismatch with the line of an account that the book has otherwise or of a transaction
/// that the ledger refuses (what stood before it is posted); those of opening, kNotFound, kIo.
Result<ImportCounts> import_plain(const std::filesystem::path& file, PlainFormat format,
                                  const std::filesystem::path& folder, const Clock& clock,
                                  const OpenStore& open_store = {});

}  // namespace suanpan
