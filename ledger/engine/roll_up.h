// A roll-up as of an accounting date. Book::roll_up() is the one of now, kept at all times; this
// one is summed over the accounts below the path, each read from its history's last rows.
#pragma once
#include "ledger/engine/book.h"

namespace suanpan {

struct RollUpOn {
  std::uint64_t seq = 0;       ///< the journal entry it reflects
  std::vector<RollUp> totals;  ///< by currency; posted and red only: holds have no date
};

/// At the end of `date`. Costs a look at every account of the book, and a read for each one below
/// the path. Errors: kCorrupt, kIo.
Result<RollUpOn> roll_up_on(const Book& book, std::string_view path, Date date);

}  // namespace suanpan
