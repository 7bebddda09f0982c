// The format of a data directory: one number in its database, and the way from an older one to the
// present one.
//
//   3  totals of every path beside the accounts, a table of business keys
//   4  the book has an identity of its own, which its daily roots and its backups name
//
// A newer format is refused by name. An older one is brought up when the book is opened for
// writing, a step a number: what a step changes and the new number are one synced write, so that a
// crash leaves it done or not begun. Opened for reading only, an older format is refused: nothing
// may be written there.
//
// A format is never edited once books of it exist: a change of what lies on the disk is a new
// number here, a step in format.cc, and a test that makes the older one by hand.
#pragma once
#include <span>

#include "ledger/base/ids.h"
#include "ledger/store/key_value.h"

namespace suanpan {

inline constexpr std::uint64_t kFormat = 4;

struct FormatStep {
  std::uint64_t from;  ///< leads to from + 1
  /// What to write; the number is added. Must give the same when it is done again.
  Result<WriteSet> (*run)(const KeyValueStore& store);
};

/// The steps of this program, oldest first, each number once.
std::span<const FormatStep> format_steps();

/// Gives a new store the format `present`, holds another's against it, takes the steps up to it.
/// Errors: kUnsupported for a newer format, for one that no step leads from, for an older one that
/// may not be written; kCorrupt for a store without a number that may not be written; those of the
/// steps.
Result<void> bring_to_format(KeyValueStore& store, bool may_write,
                             std::span<const FormatStep> steps = format_steps(),
                             std::uint64_t present = kFormat);

/// The identity of a book: made with its store and never changed. Errors: kCorrupt.
Result<Id128> book_identity(const KeyValueStore& store);
/// The row that says it, for a store that becomes a copy of the book.
Write identity_row(const Id128& book);

}  // namespace suanpan
