// Accounts, their balances, and every entry with the balance after it.
//
//   accounts: key := account u32                        value := settings and totals
//   entries:  key := account u32 | seq u64 | sub u32    value := Entry{40 bytes}*, the key's own
//   first
//
// (Key integers are big-endian.) The balance after each entry is computed here, in journal order.
// feed/collect/stored belong to the projecting thread; reads may come from any.
#pragma once
#include <mutex>
#include <vector>

#include "ledger/store/projection.h"

namespace suanpan {

/// One line of an account's history. 40 bytes, stored as it is.
struct Entry {
  std::uint64_t seq;           ///< journal entry
  std::int64_t amount;         ///< minor units, negative when red
  std::int64_t balance_after;  ///< posted, on the account's normal side
  std::uint32_t counter;       ///< the other account
  std::int32_t date_days;      ///< accounting date
  std::uint32_t sub;           ///< leg * 2 + side: with seq, the place in the account's history
  std::uint8_t side;           ///< Side
  std::uint8_t unused[3];
};
static_assert(sizeof(Entry) == 40);

struct EntryPosition {
  std::uint64_t seq = 0;
  std::uint32_t sub = 0;
  friend auto operator<=>(const EntryPosition&, const EntryPosition&) = default;
};

class AccountProjection final : public Projection {
 public:
  explicit AccountProjection(KeyValueStore& store) : store_(store) {}
  Result<void> load() override;
  std::uint64_t stamp() const override { return stamp_; }
  void feed(const BlockPtr& block) override;
  void collect(WriteSet& writes) override;
  void stored() override;

  /// Entries after `after` up to sequence `until`, oldest first, at most `limit`.
  Result<std::vector<Entry>> entries(AccountId account, EntryPosition after, std::uint64_t until,
                                     std::size_t limit) const;
  /// Calls `each` with every entry up to `until` until it returns false.
  Result<void> for_each_entry(AccountId account, EntryPosition after, std::uint64_t until,
                              const std::function<bool(const Entry&)>& each) const;

  struct Row {
    Account account;
    Balance balance;
  };
  /// As loaded and fed; only for the thread that feeds.
  const std::vector<Row>& rows() const { return rows_; }

 private:
  void add_entry(AccountId account, const Record& record, Side side);

  KeyValueStore& store_;
  std::vector<Row> rows_;      // by id - 1
  std::vector<bool> touched_;  // by id - 1: changed since the last collect()
  std::vector<AccountId> touched_list_;
  mutable std::mutex mutex_;                  // guards gathered_ and storing_ against readers
  std::vector<std::vector<Entry>> gathered_;  // by id - 1
  std::uint64_t fed_ = 0, stamp_ = 0;
};

std::string encode(const AccountProjection::Row& row);
std::optional<AccountProjection::Row> decode_account_row(std::string_view bytes);

}  // namespace suanpan
