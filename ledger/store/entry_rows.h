// Entries of one account, packed into rows of the entries table.
//
//   key   := account u32 | seq u64 | sub u32        of the first entry; big-endian
//   value := debits | credits | red debits | red credits | latest      before the first entry
//            entry*
//   entry := head u8 | rise of seq | amount | counter [leg] [date]
//   head  := credit 1 | not leg 0: 2 | another date than the entry before: 4 | red 8
//
// Totals, `latest` (the latest accounting date of any entry before) and the change of date are
// signed varints, the rest are unsigned ones; the first entry's rise is 0, its date is told from
// `latest`. The balance after an entry is not stored: it follows from the totals. A row has one
// encoding, and begins with all that is needed to read it.
#pragma once
#include <limits>

#include "ledger/base/varint.h"
#include "ledger/core/account.h"
#include "ledger/store/key_value.h"

namespace suanpan {

/// One line of an account's history.
struct Entry {
  std::uint64_t seq = 0;           ///< journal entry
  std::int64_t amount = 0;         ///< minor units, negative when red
  std::int64_t balance_after = 0;  ///< posted, on the account's normal side
  std::uint32_t counter = 0;       ///< the other account
  std::int32_t date_days = 0;      ///< accounting date
  std::uint32_t sub = 0;           ///< leg * 2 + side: with seq, the place in the account's history
  std::uint8_t side = 0;           ///< Side
  friend bool operator==(const Entry&, const Entry&) = default;
};

struct EntryPosition {
  std::uint64_t seq = 0;
  std::uint32_t sub = 0;
  friend auto operator<=>(const EntryPosition&, const EntryPosition&) = default;
};

/// Posted totals, in minor units: the sums of entries.
struct EntryTotals {
  std::int64_t debits = 0, credits = 0, debits_red = 0, credits_red = 0;
  void add(const Entry& entry) {
    const bool debit = entry.side == static_cast<std::uint8_t>(Side::kDebit);
    (debit ? debits : credits) += entry.amount;
    if (entry.amount < 0) (debit ? debits_red : credits_red) += entry.amount;
  }
  std::int64_t balance(Side normal) const {
    return normal == Side::kDebit ? debits - credits : credits - debits;
  }
  friend bool operator==(const EntryTotals&, const EntryTotals&) = default;
};

inline constexpr std::int32_t kNoDate = std::numeric_limits<std::int32_t>::min();
inline constexpr std::size_t kMaxEntryHeadBytes = 5 * kMaxVarintBytes;
inline constexpr std::size_t kMaxEntryBytes = 1 + 5 * kMaxVarintBytes;

std::string entry_row_key(AccountId account, EntryPosition first);
EntryPosition first_position(std::string_view key);

/// Both write at `to`, which has room for kMaxEntryHeadBytes or kMaxEntryBytes, and return the end.
char* put_entry_head(char* to, const EntryTotals& before, std::int32_t latest);
char* put_entry(char* to, const Entry& entry, std::uint64_t seq_before, std::int32_t date_before);

/// A whole row at once, for tools and tests.
std::string encode_entry_row(const EntryTotals& before, std::int32_t latest,
                             const std::vector<Entry>& entries);

/// Reads a row entry by entry.
class EntryReader {
 public:
  EntryReader(EntryPosition first, std::string_view value, Side normal);
  /// False at the end, and after what does not decode.
  bool next(Entry& entry);
  bool failed() const { return reader_.failed(); }
  const EntryTotals& totals() const { return totals_; }  ///< after the last entry read
  std::int32_t latest_before() const { return latest_; }

 private:
  VarintReader reader_;
  EntryTotals totals_;
  std::int32_t latest_;
  std::uint64_t seq_;
  std::int32_t date_;
  EntryPosition first_;
  Side normal_;
  bool at_first_ = true;
};

}  // namespace suanpan
