// Backups of a book: full the first time, then what is new (table files that an earlier backup has
// are shared with it). Of a running book or one that lies still; an older format stays what it is.
//
//   <folder>/store/        RocksDB's own backups, numbered
//   <folder>/backup-<n>    what makes number n whole, written last:
//
//   suanpan-backup 1 / number <n> / book <id> / head <seq> <hash> / taken <time> / root1 … (a line
//   each) / sha256 <of all before>
//
// A backup without that file was cut short; it is not offered, and goes when the next is taken. The
// head is read before the database, so the backup's journal reaches at least that far; the roots
// after it, so they reach at least as far as the journal. Private keys (vault.key, root.key) are
// not in a backup: keep them apart.
//
// The keys of personal data (base/subject_keys.h), wrapped by vault.key, lie beside the backups in
// one copy, made last and replaced each time: no backup keeps an erased key for longer than the
// next one takes. A restore puts that copy into place, unless the keys are there already, and lists
// in kErasedList what the journal erased after the point of the restore, so that opening the book
// deletes those keys again: what was erased stays erased, however far back the book goes.
//
// Not thread-safe: one at a time to one folder.
#pragma once
#include <filesystem>
#include <vector>

#include "ledger/base/date.h"
#include "ledger/store/head_file.h"
#include "ledger/store/key_value.h"
#include "ledger/store/root_file.h"

namespace suanpan {

inline constexpr const char* kSubjectKeyFiles[] = {"vault.key.persons", "vault.key.orders"};
/// Names of keys, a line each.
inline constexpr const char* kErasedList = "erased";

struct Backup {
  std::uint32_t number = 0;
  Id128 book;
  Head head;  ///< the journal in it ends there or later
  Timestamp taken;
  std::vector<DailyRoot> roots;
};

/// Takes a backup of the store, which is open for writing, and of head and roots in `book_folder`.
/// Errors: kMismatch for a folder with another book's backups; kIo, kCorrupt.
Result<Backup> take_backup(KeyValueStore& store, const std::filesystem::path& book_folder,
                           const std::filesystem::path& to, Timestamp now);

/// The whole backups in a folder, oldest first. Errors: kNotFound, kIo; kCorrupt for one that is
/// damaged, by name.
Result<std::vector<Backup>> list_backups(const std::filesystem::path& folder);

/// Up to where to restore: the journal's blocks are kept whole, up to the last one that ends at or
/// before the point. Nothing given: all of the backup.
struct RestorePoint {
  std::optional<std::uint64_t> seq;
  std::optional<Timestamp> time;
  /// Of a book that was purged (archived_part.h), the folder where its archive lies: the journal is
  /// made whole from there, and the book is as if it had not been purged. Without it such a book is
  /// restored as a whole only.
  std::filesystem::path archive;
};

struct Restored {
  Backup backup;
  Head head;          ///< the restored journal's end, and its head file
  bool cut = false;   ///< entries after the point were left out
  bool anew = false;  ///< the projections are made anew when the book is opened
};

/// Makes a book in `to` (db, head, roots, keys of personal data) from backup `number` (0: the
/// newest). Cut short, it is begun again by the same call. Errors: kMismatch, naming what is there,
/// where a book lies in `to`; kNotFound for no such backup or a point before the journal's first
/// block; kCorrupt for a backup, or an archive, that is damaged; kArchived where a purged journal
/// cannot be cut without its archive; kMismatch for an archive that is another's.
Result<Restored> restore_backup(const std::filesystem::path& from, const std::filesystem::path& to,
                                const RestorePoint& until, std::uint32_t number = 0);

}  // namespace suanpan
