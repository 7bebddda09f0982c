#include "ledger/store/entry_rows.h"

namespace suanpan {
namespace {

enum Head : std::uint8_t { kCredit = 1, kLeg = 2, kDate = 4, kRed = 8, kAll = 15 };

// The first entry's date is told from the latest before it, or from 0 when there is none.
std::int32_t first_date(std::int32_t latest) { return latest == kNoDate ? 0 : latest; }

}  // namespace

std::string entry_row_key(AccountId account, EntryPosition first) {
  return big_endian(account.value, 4) + big_endian(first.seq) + big_endian(first.sub, 4);
}
EntryPosition first_position(std::string_view key) {
  return {from_big_endian(key.substr(4, 8)),
          static_cast<std::uint32_t>(from_big_endian(key.substr(12, 4)))};
}

char* put_entry_head(char* to, const EntryTotals& before, std::int32_t latest) {
  for (const std::int64_t total :
       {before.debits, before.credits, before.debits_red, before.credits_red})
    to = put_varint(to, zigzag(total));
  return put_varint(to, zigzag(latest));
}

char* put_entry(char* to, const Entry& entry, std::uint64_t seq_before, std::int32_t date_before) {
  if (date_before == kNoDate) date_before = 0;
  const std::uint32_t leg = entry.sub / 2;
  const auto amount = static_cast<std::uint64_t>(entry.amount);
  *to++ = static_cast<char>((entry.side ? kCredit : 0) | (leg ? kLeg : 0) |
                            (entry.date_days != date_before ? kDate : 0) |
                            (entry.amount < 0 ? kRed : 0));
  to = put_varint(to, entry.seq - seq_before);
  to = put_varint(to, entry.amount < 0 ? 0 - amount : amount);
  to = put_varint(to, entry.counter);
  if (leg) to = put_varint(to, leg);
  if (entry.date_days != date_before)
    to = put_varint(to, zigzag(std::int64_t{entry.date_days} - date_before));
  return to;
}

std::string encode_entry_row(const EntryTotals& before, std::int32_t latest,
                             const std::vector<Entry>& entries) {
  char bytes[kMaxEntryHeadBytes + kMaxEntryBytes];
  std::string out(bytes, put_entry_head(bytes, before, latest));
  std::int32_t date = latest;
  std::uint64_t seq = entries.empty() ? 0 : entries.front().seq;
  for (const Entry& entry : entries) {
    out.append(bytes, put_entry(bytes, entry, seq, date));
    seq = entry.seq;
    date = entry.date_days;
  }
  return out;
}

EntryReader::EntryReader(EntryPosition first, std::string_view value, Side normal)
    : reader_(value), first_(first), normal_(normal) {
  for (std::int64_t* total :
       {&totals_.debits, &totals_.credits, &totals_.debits_red, &totals_.credits_red})
    *total = reader_.svarint();
  const std::int64_t latest = reader_.svarint();
  latest_ = static_cast<std::int32_t>(latest);
  if (latest != latest_) reader_.fail();
  seq_ = first.seq;
  date_ = first_date(latest_);
}

bool EntryReader::next(Entry& entry) {
  if (reader_.at_end()) return false;
  const std::uint8_t head = reader_.u8();
  const std::uint64_t rise = reader_.varint();
  const std::uint64_t amount = reader_.varint();
  const std::uint64_t counter = reader_.varint();
  const std::uint64_t leg = head & kLeg ? reader_.varint() : 0;
  const std::int64_t turn = head & kDate ? reader_.svarint() : 0;
  const std::int64_t date = std::int64_t{date_} + turn;
  const bool credit = head & kCredit, red = head & kRed;
  const EntryPosition last{seq_, entry.sub};
  entry.seq = seq_ + rise;
  entry.amount = static_cast<std::int64_t>(red ? 0 - amount : amount);
  entry.counter = static_cast<std::uint32_t>(counter);
  entry.date_days = static_cast<std::int32_t>(date);
  entry.sub = static_cast<std::uint32_t>(leg * 2 + credit);
  entry.side = static_cast<std::uint8_t>(credit ? Side::kCredit : Side::kDebit);
  const EntryPosition here{entry.seq, entry.sub};
  if (reader_.failed() || head > kAll || entry.counter != counter || entry.date_days != date ||
      leg > (1u << 30) || (entry.amount < 0) != red || (red && entry.amount == 0) ||
      ((head & kLeg) && leg == 0) || ((head & kDate) && turn == 0) ||
      (at_first_ ? here != first_ : here <= last)) {
    reader_.fail();
    return false;
  }
  at_first_ = false;
  seq_ = entry.seq;
  date_ = entry.date_days;
  // Totals of a good row fit; those of a damaged one must not be undefined behaviour.
  std::int64_t& total = credit ? totals_.credits : totals_.debits;
  std::int64_t& red_total = credit ? totals_.credits_red : totals_.debits_red;
  if (__builtin_add_overflow(total, entry.amount, &total) ||
      (red && __builtin_add_overflow(red_total, entry.amount, &red_total)) ||
      (normal_ == Side::kDebit
           ? __builtin_sub_overflow(totals_.debits, totals_.credits, &entry.balance_after)
           : __builtin_sub_overflow(totals_.credits, totals_.debits, &entry.balance_after))) {
    reader_.fail();
    return false;
  }
  return true;
}

}  // namespace suanpan
