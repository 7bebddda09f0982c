// Opens what every command and the server need of a data directory: the book, the vault, the
// platform's own accounts.
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

/// Makes the data directory if it is missing. Errors: those of Book::open and Vault::open; kConfig
/// when an account of the platform cannot be opened.
Result<OpenedBook> open_book(const Config& config, bool reset_head = false);

/// A whole file. Errors: kIo, naming it.
Result<std::string> read_file(const std::filesystem::path& path);

}  // namespace suanpan::api
