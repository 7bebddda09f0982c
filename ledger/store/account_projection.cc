#include "ledger/store/account_projection.h"

#include <cstring>

#include "ledger/base/bytes.h"
#include "ledger/base/check.h"

namespace suanpan {
namespace {

constexpr std::size_t kEntriesPerValue = 4096;

std::string entry_key(AccountId account, EntryPosition at) {
  return big_endian(account.value, 4) + big_endian(at.seq) + big_endian(at.sub, 4);
}

}  // namespace

std::string encode(const AccountProjection::Row& row) {
  const Account& a = row.account;
  const Balance& b = row.balance;
  ByteWriter w;
  w.u32(a.id.value);
  w.text(a.code);
  w.text(a.name);
  w.u8(static_cast<std::uint8_t>(a.type));
  w.u8(static_cast<std::uint8_t>(a.normal));
  w.u16(static_cast<std::uint16_t>(a.currency));
  w.u8(static_cast<std::uint8_t>(a.terms.limit));
  w.i64(a.terms.credit_line);
  for (const bool bit : {a.terms.frozen_in, a.terms.frozen_out, a.terms.closed, a.terms.hot})
    w.u8(bit ? 1 : 0);
  w.u32(a.version);
  for (const std::int64_t total : {b.debits_posted, b.credits_posted, b.debits_pending,
                                   b.credits_pending, b.debits_red, b.credits_red})
    w.i64(total);
  return w.take();
}

std::optional<AccountProjection::Row> decode_account_row(std::string_view bytes) {
  ByteReader r(bytes);
  AccountProjection::Row row;
  Account& a = row.account;
  a.id.value = r.u32();
  a.code = r.text();
  a.name = r.text();
  a.type = static_cast<AccountType>(r.u8());
  a.normal = static_cast<Side>(r.u8());
  a.currency = static_cast<Currency>(r.u16());
  a.terms.limit = static_cast<LimitKind>(r.u8());
  a.terms.credit_line = r.i64();
  for (bool* bit : {&a.terms.frozen_in, &a.terms.frozen_out, &a.terms.closed, &a.terms.hot})
    *bit = r.u8() != 0;
  a.version = r.u32();
  Balance& b = row.balance;
  for (std::int64_t* total : {&b.debits_posted, &b.credits_posted, &b.debits_pending,
                              &b.credits_pending, &b.debits_red, &b.credits_red})
    *total = r.i64();
  if (!r.done()) return std::nullopt;
  return row;
}

Result<void> AccountProjection::load() {
  TRY(auto stamp, read_stamp(store_, Table::kAccounts));
  TRY(auto entries_stamp, read_stamp(store_, Table::kEntries));
  if (stamp != entries_stamp)
    return fail(Errc::kCorrupt, "accounts reflect the journal up to {}, entries up to {}", stamp,
                entries_stamp);
  stamp_ = fed_ = stamp;
  const auto cursor = store_.cursor(Table::kAccounts);
  for (cursor->seek(""); cursor->valid() && cursor->key() != kStampKey; cursor->next()) {
    auto row = decode_account_row(cursor->value());
    if (!row || row->account.id.value != rows_.size() + 1)
      return fail(Errc::kCorrupt, "stored account {} does not decode", rows_.size() + 1);
    rows_.push_back(std::move(*row));
  }
  gathered_.resize(rows_.size());
  touched_.resize(rows_.size());
  return cursor->status();
}

void AccountProjection::add_entry(AccountId id, const Record& record, Side side) {
  CHECK_OR_DIE(id.value >= 1 && id.value <= rows_.size(), "entry {} names account {}", record.seq,
               id);
  Row& row = rows_[id.value - 1];
  const Transfer transfer = record.transfer();
  CHECK_OR_DIE(apply_side(row.balance, transfer, side), "a balance overflows at {}", record.seq);
  if (!touched_[id.value - 1]) {
    touched_[id.value - 1] = true;
    touched_list_.push_back(id);
  }
  if (transfer.kind == TransferKind::kPending || transfer.kind == TransferKind::kVoidPending)
    return;
  const AccountId counter = side == Side::kDebit ? transfer.credit : transfer.debit;
  gathered_[id.value - 1].push_back(Entry{record.seq,
                                          transfer.amount,
                                          row.balance.posted(row.account.normal),
                                          counter.value,
                                          record.date_days,
                                          record.leg * 2 + static_cast<std::uint32_t>(side),
                                          static_cast<std::uint8_t>(side),
                                          {}});
}

void AccountProjection::feed(const BlockPtr& block) {
  if (block->last_seq() <= fed_) return;
  std::lock_guard lock(mutex_);
  for_each_command(*block, [&](std::span<const Record> legs, const VariablePart* part) {
    if (part) {
      for (const Account& account : part->accounts) {
        if (account.id.value == rows_.size() + 1) {
          rows_.push_back(Row{account, Balance{}});
          gathered_.emplace_back();
          touched_.push_back(false);
        } else {
          rows_[account.id.value - 1].account = account;
        }
        if (!touched_[account.id.value - 1]) {
          touched_[account.id.value - 1] = true;
          touched_list_.push_back(account.id);
        }
      }
    }
    if (legs.front().refusal != 0) return;
    for (const Record& leg : legs) {
      if (!leg.moves_money()) continue;
      add_entry(AccountId{leg.debit}, leg, Side::kDebit);
      add_entry(AccountId{leg.credit}, leg, Side::kCredit);
    }
  });
  fed_ = block->last_seq();
}

void AccountProjection::collect(WriteSet& writes) {
  std::sort(touched_list_.begin(), touched_list_.end());
  for (const AccountId id : touched_list_) {
    writes.push_back(Write{Table::kAccounts, big_endian(id.value, 4), encode(rows_[id.value - 1])});
    const std::vector<Entry>& entries = gathered_[id.value - 1];
    for (std::size_t begin = 0; begin < entries.size(); begin += kEntriesPerValue) {
      const std::size_t count = std::min(kEntriesPerValue, entries.size() - begin);
      writes.push_back(Write{
          Table::kEntries, entry_key(id, {entries[begin].seq, entries[begin].sub}),
          std::string(reinterpret_cast<const char*>(&entries[begin]), count * sizeof(Entry))});
    }
  }
  writes.push_back(Write{Table::kAccounts, kStampKey, big_endian(fed_)});
  writes.push_back(Write{Table::kEntries, kStampKey, big_endian(fed_)});
}

void AccountProjection::stored() {
  std::lock_guard lock(mutex_);
  for (const AccountId id : touched_list_) {
    touched_[id.value - 1] = false;
    gathered_[id.value - 1].clear();
  }
  touched_list_.clear();
  stamp_ = fed_;
}

Result<void> AccountProjection::for_each_entry(
    AccountId account, EntryPosition after, std::uint64_t until,
    const std::function<bool(const Entry&)>& each) const {
  // The lock keeps an entry from moving from memory to the store between the two readings.
  std::lock_guard lock(mutex_);
  const std::string prefix = big_endian(account.value, 4);
  // What is being stored just now is in both places: each position is shown once.
  EntryPosition last = after;
  const auto visit = [&](const Entry& entry) {
    const EntryPosition position{entry.seq, entry.sub};
    if (position <= last) return true;
    last = position;
    return entry.seq <= until && each(entry);
  };
  const auto cursor = store_.cursor(Table::kEntries);
  cursor->seek_for_prev(entry_key(account, after));
  if (!cursor->valid() || cursor->key().substr(0, 4) != prefix) cursor->seek(prefix);
  for (; cursor->valid() && cursor->key().substr(0, 4) == prefix && cursor->key() != kStampKey;
       cursor->next()) {
    const std::string_view value = cursor->value();
    if (value.size() % sizeof(Entry) != 0)
      return fail(Errc::kCorrupt, "entries of account {} do not decode", account);
    for (std::size_t at = 0; at < value.size(); at += sizeof(Entry)) {
      Entry entry;
      std::memcpy(&entry, value.data() + at, sizeof entry);
      if (!visit(entry)) return success();
    }
  }
  TRY(cursor->status());
  if (account.value < 1 || account.value > gathered_.size()) return success();
  for (const Entry& entry : gathered_[account.value - 1])
    if (!visit(entry)) return success();
  return success();
}

Result<std::vector<Entry>> AccountProjection::entries(AccountId account, EntryPosition after,
                                                      std::uint64_t until,
                                                      std::size_t limit) const {
  std::vector<Entry> found;
  if (limit == 0) return found;
  TRY(for_each_entry(account, after, until, [&](const Entry& entry) {
    found.push_back(entry);
    return found.size() < limit;
  }));
  return found;
}

}  // namespace suanpan
