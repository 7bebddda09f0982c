// Queries: vouchers, transfers and entries by several conditions at once, page by page, oldest or
// newest first.
//
//   voucher    an accepted command that moves money, once
//   transfer   each of its legs
//   entry      each side of a leg that is posted, with the account's balance after it
//
// All conditions that are given must hold; those of a leg (account, debit, credit, side, amount,
// stage) for one and the same leg. A voucher is found if one of its legs is.
//
// Where the rows come from, the first that fits:
//
//   business key          the index of business keys
//   account, posted only  the account's entries
//   anything else         the journal, within the time that is asked for
//
// so conditions beyond these filter what an account or a time range holds. What is reserved and
// given back leaves no entries: a query for it reads the journal.
//
// A page does a bounded amount of work. When that is used up the page is short, even empty, and
// its cursor goes on from there: only a page without a cursor is the last one.
//
// The first page pins a sequence: the pages of one walk never show what was written later, and a
// cursor stays valid whatever is written. Thread-safe; reads what is durable.
#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "ledger/engine/book.h"

namespace suanpan {

enum class QueryOf : std::uint8_t { kVouchers = 1, kTransfers = 2, kEntries = 3 };

/// Which movements count.
enum class Stage : std::uint8_t {
  kPosted = 0,    ///< posted, posted from a hold, and red
  kReserved = 1,  ///< reserved by a hold, and given back
  kAll = 2,
};

struct QueryConditions {
  std::optional<AccountId> account;        ///< debited or credited; of an entry: its own account
  std::optional<AccountId> debit, credit;  ///< the leg's accounts
  std::optional<Side> side;                ///< on which side `account` is; of an entry: its side
  std::optional<std::uint16_t> code;       ///< business type (业务类型)
  std::optional<Timestamp> from, before;   ///< recorded in [from, before)
  std::optional<Date> from_date, through_date;  ///< accounting date, both included
  /// When the fact happened outside, both included: the effective date, or the accounting date
  /// where none was given.
  std::optional<Date> effective_from, effective_through;
  std::optional<std::int64_t> min_amount, max_amount;  ///< minor units, red ones negative; included
  std::string business_key;                            ///< exactly; empty: any
  /// Members of the voucher's metadata: a string equal to the value, or another value written like
  /// it ("true", "7").
  std::vector<std::pair<std::string, std::string>> metadata;
  Stage stage = Stage::kPosted;
  std::optional<CallerId> caller;  ///< whose command it is
};

/// Where a page ended, and what the first page fixed.
struct QueryCursor {
  std::uint64_t until = 0;          ///< the pinned sequence
  std::uint64_t low = 0, high = 0;  ///< the sequences of the times asked for
  EntryPosition at;                 ///< the last position that was dealt with
  friend bool operator==(const QueryCursor&, const QueryCursor&) = default;
};

/// What a page may cost, in units of some ten nanoseconds: a quarter of a million records.
inline constexpr std::int64_t kQueryWork = 1'000'000;

struct Query {
  QueryOf of = QueryOf::kVouchers;
  QueryConditions conditions;
  bool newest_first = false;
  std::size_t limit = 100;
  std::optional<std::uint64_t> as_of_seq;  ///< pins an earlier sequence than the present one
  std::optional<QueryCursor> cursor;       ///< of the page before, of this very query
  std::int64_t work = kQueryWork;
};

struct QueryHit {
  std::shared_ptr<const StoredCommand> command;
  std::uint32_t leg = 0;           ///< of `command->effects.transfers`; not of vouchers
  Side side = Side::kDebit;        ///< entries only
  std::int64_t balance_after = 0;  ///< entries only
};

struct QueryPage {
  std::vector<QueryHit> hits;
  std::uint64_t as_of_seq = 0;
  std::optional<QueryCursor> next;  ///< nothing: this was the last page
  /// Of what is read from accounts' histories: they begin after this entry (Book::archived()).
  std::uint64_t archived_until = 0;
};

/// Errors: those of reading; kMalformed for a cursor that lies beyond the journal.
Result<QueryPage> run_query(const Book& book, const Query& query);

/// Whether a leg meets the conditions of legs, and whether a command meets the others but those of
/// its text and its time. Pure.
bool leg_matches(QueryOf of, const QueryConditions& conditions, const Record& leg);
bool command_matches(const QueryConditions& conditions, const Record& first);
bool text_matches(const QueryConditions& conditions, const VoucherText* text);
/// Whether an entry, on a side of a leg that matches, is asked for.
bool entry_matches(const QueryConditions& conditions, const Record& leg, Side side);

}  // namespace suanpan
