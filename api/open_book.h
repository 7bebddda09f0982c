// Makes a data directory, and opens what every command and the server need of it: the book, the
// vault, the platform's own accounts, the manual clock where it stood.
//
//   <folder>/db, head     the book
//   <folder>/roots        its signed daily roots: to be carried away, day by day
//   <folder>/vault.key    the key of everything sealed in it
//   <folder>/vault.key.persons, .orders   the keys of personal data, wrapped by it
//   <folder>/root.key     the keys that sign its days; root.key.pub is for who judges them
//   <folder>/unfinished   while `suanpan init` is at work; found later: it was cut short
//
// A book is made by init_book() alone: a folder that was lost or mistyped must not become an empty
// book unseen. The book journals a check value of its vault key as a document (kBookSetting,
// "vault-check"), and opens with no other key; a vault key that is missing is never made anew.
//
// That the keys of persons were made is journalled too ("subject-keys"). A book that does not say
// so is of before format 5: it gets them when it is opened, files first, unless something in it is
// sealed under such a key already. One that says so and has lost a file is refused. The vault key
// is judged before such a book is brought up, by whatever command: with another one it keeps its
// format.
#pragma once
#include <memory>

#include "api/config.h"
#include "ledger/base/clock.h"
#include "ledger/base/vault.h"
#include "ledger/engine/book.h"

namespace suanpan::api {

struct OpenedBook {
  std::unique_ptr<Clock> business;
  ManualClock* manual = nullptr;  ///< set when the business clock is the manual one
  std::unique_ptr<Vault> vault;
  std::unique_ptr<Book> book;  ///< last: closed first
};

/// What a disk must have free before a book is opened for writing. RocksDB writes while it opens
/// (a new log, the memory it recovers), and where a write fails there its own assertions end the
/// process without a word. Above this mark an open has always room; a disk that fills up later
/// ends the process with status 70 or by such an assertion, and loses nothing acknowledged.
inline constexpr std::uint64_t kMinFreeBytes = 32 << 20;

/// Makes an empty book with a vault key of its own and the chart of accounts that is asked for.
/// Repeated after it was cut short it goes on. Errors: kMismatch, naming what lies in the folder,
/// where a book is there or was; kUnavailable for a disk that is too full; those of Book::open and
/// Vault::open.
Result<OpenedBook> init_book(const Config& config);

/// Deletes keys whose erasure is journalled and that are there still: a crash came between, or an
/// older copy of the keys was put back.
/// Errors: those of check_book_folder() and check_free_space(), of Book::open and Vault::open;
/// kMismatch for another vault key; kNotFound for keys of persons that are lost; kCorrupt for a
/// book without its check value; kConfig when an account of the platform cannot be opened. A folder
/// that fails is left as it was, but for what RocksDB itself writes when it opens.
Result<OpenedBook> open_book(const Config& config, bool reset_head = false);

/// Opens the store in "<folder>/db" for who calls Book::open() himself (BookOptions::open_store),
/// and judges the vault key before an older book is brought up, as open_book() does. A book that
/// has no vault, neither key nor check value, is brought up unasked: an import makes such books.
/// `create`: make the store if it is missing. Errors of what it returns: those of open_rocks() and
/// Vault::open_key(); kMismatch for another vault key; kCorrupt for a key without a check value.
OpenStore open_with_key(const std::filesystem::path& folder, bool create = false);

/// Whether a finished book lies in `folder`. Errors: kNotFound, naming the command that makes one,
/// and a vault key that is there without its book.
Result<void> check_book_folder(const std::filesystem::path& folder);

/// Errors: kUnavailable, naming what is free; kIo.
Result<void> check_free_space(const std::filesystem::path& folder,
                              std::uint64_t minimum_bytes = kMinFreeBytes);

/// Moves the manual business clock forward and keeps its position, so that a restart goes on from
/// there. The caller sets the clock when the command is durable. Refusals: kValueInvalid (back).
/// `now`: of that clock.
Command move_clock(ClaimKey key, Timestamp now, Timestamp to);

}  // namespace suanpan::api
