// The format of a data directory: one number in its database, and the way from an older one to the
// present one.
//
//   3  totals of every path beside the accounts, a table of business keys
//   4  the book has an identity of its own, which its daily roots and its backups name
//   5  personal texts are sealed under keys of persons, which programs before it do not open. Texts
//      of before stay as they lie in the journal: core/order.h. The keys' files are not the
//      database's: whoever has the vault makes them (api/open_book.h)
//
// A newer format is refused by name. An older one is brought up when the book is opened for
// writing, a step a number: what a step changes and the new number are one synced write, so that a
// crash leaves it done or not begun. Opened for reading only, an older format is refused: nothing
// may be written there. Who copies a book (store/backup.h) leaves it as old as it is.
//
// A format is never edited once books of it exist: a change of what lies on the disk is a new
// number here, a step in format.cc, and a test that makes the older one by hand.
#pragma once
#include <span>

#include "ledger/base/ids.h"
#include "ledger/store/key_value.h"

namespace suanpan {

inline constexpr std::uint64_t kFormat = 5;

struct FormatStep {
  std::uint64_t from;  ///< leads to from + 1
  /// What to write; the number is added. Must give the same when it is done again.
  Result<WriteSet> (*run)(const KeyValueStore& store);
};

/// The steps of this program, oldest first, each number once.
std::span<const FormatStep> format_steps();

/// Gives a new store the format `present`, holds another's against it, takes the steps up to it.
/// Errors: those of known_format(), before a step is taken; kUnsupported for an older format that
/// may not be written; those of the steps.
Result<void> bring_to_format(KeyValueStore& store, bool may_write,
                             std::span<const FormatStep> steps = format_steps(),
                             std::uint64_t present = kFormat);

/// The format a store has: `present`, or one that the steps lead from. Errors: kUnsupported for any
/// other, naming both numbers; kCorrupt for a store without a number.
Result<std::uint64_t> known_format(const KeyValueStore& store,
                                   std::span<const FormatStep> steps = format_steps(),
                                   std::uint64_t present = kFormat);

/// Whether it has a format before this program's; false of a store that names none yet.
Result<bool> has_older_format(const KeyValueStore& store);

/// The identity of a book: made with its store and never changed; of a format before 4, the one
/// that its step will give it. Errors: kCorrupt; kUnsupported for a book of such a format that is
/// empty, since nothing tells it from others.
Result<Id128> book_identity(const KeyValueStore& store);
/// The rows by which a new store becomes a copy of this one's book: its identity and its format.
Result<WriteSet> rows_of_copy(const KeyValueStore& store);

}  // namespace suanpan
