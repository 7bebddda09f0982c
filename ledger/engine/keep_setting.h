// A command that keeps settings of the book: documents (kBookSetting) under keys of their own, open
// for ever, written anew with the next version.
#pragma once
#include "ledger/engine/book.h"

namespace suanpan {

struct BookSetting {
  std::string key;
  std::string bytes;
};

/// A command of the platform's own that keeps `settings` with nothing asked. Its id comes from
/// `once`: the same again is a repetition, and other content under it is refused.
Command keep_settings(std::string_view once, Content content, std::vector<BookSetting> settings);

}  // namespace suanpan
