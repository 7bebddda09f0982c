#include "ledger/store/account_projection.h"

#include <chrono>
#include <cstring>
#include <thread>

#include "ledger/base/bytes.h"
#include "ledger/base/check.h"

namespace suanpan {
namespace {

constexpr std::size_t kPage = 1024;
constexpr std::size_t kSpareSlabs = 64;
constexpr std::size_t kAtOnce = 64;  // records or accounts between two looks for readers
constexpr auto kRoom = std::chrono::microseconds(50);  // that waiting readers are given
constexpr std::size_t kRowsBackward = 8;               // copied under one lock
constexpr EntryPosition kEnd{~std::uint64_t{0}, ~std::uint32_t{0}};

EntryTotals totals_of(const Balance& b) {
  return {b.debits_posted, b.credits_posted, b.debits_red, b.credits_red};
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
  w.i32(row.latest);
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
    if (const std::uint8_t value = r.u8(); value <= 1)
      *bit = value == 1;
    else
      return std::nullopt;
  a.version = r.u32();
  Balance& b = row.balance;
  for (std::int64_t* total : {&b.debits_posted, &b.credits_posted, &b.debits_pending,
                              &b.credits_pending, &b.debits_red, &b.credits_red})
    *total = r.i64();
  row.latest = r.i32();
  if (!r.done() || a.type < AccountType::kAsset || a.type > AccountType::kExpense ||
      a.normal > Side::kCredit || a.terms.limit > LimitKind::kCreditLine)
    return std::nullopt;
  return row;
}

Result<void> AccountProjection::load() {
  TRY(auto stamp, read_stamp(store_, Table::kAccounts));
  TRY(auto entries_stamp, read_stamp(store_, Table::kEntries));
  if (stamp != entries_stamp)
    return fail(Errc::kCorrupt, "accounts reflect the journal up to {}, entries up to {}", stamp,
                entries_stamp);
  TRY(auto roll_ups_stamp, read_stamp(store_, Table::kRollUps));
  if (stamp != roll_ups_stamp)
    return fail(Errc::kCorrupt, "accounts reflect the journal up to {}, roll-ups up to {}", stamp,
                roll_ups_stamp);
  stamp_ = fed_ = stamp;
  TRY(load_roll_ups());
  const auto cursor = store_.cursor(Table::kAccounts);
  for (cursor->seek(""); cursor->valid(); cursor->next()) {
    auto row = decode_account_row(cursor->value());
    if (!row || row->account.id.value != accounts_.size() + 1)
      return fail(Errc::kCorrupt, "stored account {} does not decode", accounts_.size() + 1);
    Tail& tail = tails_.emplace_back();
    tail.balance = row->balance;
    tail.latest = row->latest;
    tail.normal = row->account.normal;
    tail.node = roll_ups_.node_of(row->account.code, row->account.currency, false);
    accounts_.push_back(std::move(row->account));
  }
  return cursor->status();
}

Result<void> AccountProjection::load_roll_ups() {
  const auto cursor = store_.cursor(Table::kRollUps);
  for (cursor->seek(""); cursor->valid(); cursor->next()) {
    const auto row = decode_roll_up(cursor->key(), cursor->value());
    if (!row) return fail(Errc::kCorrupt, "a stored roll-up does not decode");
    roll_ups_.load(*row);
  }
  return cursor->status();
}

std::vector<RollUp> AccountProjection::roll_up(std::string_view path,
                                               std::optional<AccountId> itself,
                                               std::uint64_t& seq) const {
  const std::lock_guard whole(block_mutex_);
  const ReadLock lock(*this);
  seq = fed_;
  std::vector<RollUp> found = roll_ups_.at(path);
  if (!itself || itself->value < 1 || itself->value > accounts_.size()) return found;
  const Currency currency = accounts_[itself->value - 1].currency;
  auto row = std::find_if(found.begin(), found.end(),
                          [&](const RollUp& r) { return r.currency == currency; });
  if (row == found.end())
    row = found.insert(found.end(), RollUp{std::string(path), currency, {}, 0});
  row->totals.add(tails_[itself->value - 1].balance);
  ++row->accounts;
  return found;
}

std::vector<AccountProjection::Row> AccountProjection::rows() const {
  std::vector<Row> rows;
  rows.reserve(accounts_.size());
  for (std::size_t i = 0; i < accounts_.size(); ++i)
    rows.push_back(Row{accounts_[i], tails_[i].balance, tails_[i].latest});
  return rows;
}

void AccountProjection::touch(AccountId account) {
  Tail& tail = tails_[account.value - 1];
  if (tail.generation == generation_) return;
  tail.generation = generation_;
  tail.first_row = tail.last_row = kNone;
  gathered_.touched.emplace_back(account, kNone);
}

void AccountProjection::take_account(const Account& account) {
  if (account.id.value == accounts_.size() + 1) {
    accounts_.push_back(account);
    Tail& tail = tails_.emplace_back();
    tail.normal = account.normal;
    tail.node = roll_ups_.node_of(account.code, account.currency, true);
  } else {
    accounts_[account.id.value - 1] = account;
  }
  touch(account.id);
}

void AccountProjection::append(Tail& tail, const char* from, std::size_t size) {
  while (size > 0) {
    const std::size_t used = tail.bytes % sizeof(Chunk::bytes);
    if (used == 0) {
      const std::uint32_t chunk = gathered_.chunks++;
      if (chunk % kChunksPerSlab == 0) {
        if (spare_.empty()) {
          gathered_.slabs.emplace_back(new Chunk[kChunksPerSlab]);
        } else {
          gathered_.slabs.push_back(std::move(spare_.back()));
          spare_.pop_back();
        }
      }
      if (tail.first_chunk == kNone)
        tail.first_chunk = chunk;
      else
        gathered_.slabs[tail.last_chunk / kChunksPerSlab][tail.last_chunk % kChunksPerSlab].next =
            chunk;
      tail.last_chunk = chunk;
    }
    Chunk& chunk =
        gathered_.slabs[tail.last_chunk / kChunksPerSlab][tail.last_chunk % kChunksPerSlab];
    const std::size_t part = std::min(size, sizeof chunk.bytes - used);
    std::memcpy(chunk.bytes + used, from, part);
    tail.bytes += static_cast<std::uint32_t>(part);
    from += part;
    size -= part;
  }
}

void AccountProjection::close_row(Tail& tail) {
  const auto index = static_cast<std::uint32_t>(gathered_.rows.size());
  gathered_.rows.push_back(
      PackedRow{{tail.first_seq, tail.first_sub}, tail.bytes, tail.first_chunk, kNone, index});
  if (tail.last_row != kNone) {
    gathered_.rows[tail.last_row].next = index;
    gathered_.rows[index].before = std::exchange(gathered_.rows[tail.first_row].before, index);
  } else {
    tail.first_row = index;
  }
  tail.last_row = index;
  tail.count = tail.bytes = 0;
  tail.first_chunk = tail.last_chunk = kNone;
}

void AccountProjection::add_entry(AccountId id, const Record& record, Side side) {
  CHECK_OR_DIE(id.value >= 1 && id.value <= tails_.size(), "entry {} names account {}", record.seq,
               id);
  Tail& tail = tails_[id.value - 1];
  const Transfer transfer = record.transfer();
  const EntryTotals before = totals_of(tail.balance);
  CHECK_OR_DIE(apply_side(tail.balance, transfer, side), "a balance overflows at {}", record.seq);
  touch(id);
  roll_ups_.add(tail.node, transfer, side);
  if (transfer.kind == TransferKind::kPending || transfer.kind == TransferKind::kVoidPending)
    return;
  char bytes[kMaxEntryHeadBytes + kMaxEntryBytes];
  char* end = bytes;
  Entry entry;
  entry.seq = record.seq;
  entry.amount = transfer.amount;
  entry.counter = (side == Side::kDebit ? transfer.credit : transfer.debit).value;
  entry.date_days = record.date_days;
  entry.sub = record.leg * 2 + static_cast<std::uint32_t>(side);
  entry.side = static_cast<std::uint8_t>(side);
  if (tail.count == 0) {
    end = put_entry_head(end, before, tail.latest);
    tail.first_seq = tail.last_seq = entry.seq;
    tail.first_sub = entry.sub;
    tail.last_date = tail.latest;
  }
  end = put_entry(end, entry, tail.last_seq, tail.last_date);
  append(tail, bytes, static_cast<std::size_t>(end - bytes));
  tail.last_seq = entry.seq;
  tail.last_date = entry.date_days;
  tail.latest = std::max(tail.latest, entry.date_days);
  if (++tail.count == kEntriesPerRow) close_row(tail);
}

// A mutex that is unlocked and locked again at once is rarely anybody else's meanwhile: the feeder
// waits until those who wait have it. By the clock, not by turns: on a busy machine one turn may
// take long, and readers of the next block wait for the feeder.
void AccountProjection::let_readers_in(std::unique_lock<std::mutex>& lock) const {
  if (readers_waiting_.load(std::memory_order_relaxed) == 0) return;
  lock.unlock();
  const auto until = std::chrono::steady_clock::now() + kRoom;
  while (readers_waiting_.load(std::memory_order_relaxed) > 0 &&
         std::chrono::steady_clock::now() < until)
    std::this_thread::yield();
  lock.lock();
}

void AccountProjection::feed(const BlockPtr& block) {
  if (block->last_seq() <= fed_) return;
  std::lock_guard whole(block_mutex_);
  std::unique_lock lock(mutex_);
  constexpr std::size_t kAhead = 8;
  const auto records = block->records();
  auto part = block->parts().begin();
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i % kAtOnce == kAtOnce - 1) let_readers_in(lock);
    if (i + kAhead < records.size())
      for (const std::uint32_t id : {records[i + kAhead].debit, records[i + kAhead].credit})
        if (id >= 1 && id <= tails_.size()) {
          __builtin_prefetch(&tails_[id - 1], 1);
          __builtin_prefetch(reinterpret_cast<const char*>(&tails_[id - 1]) + 64, 1);
        }
    const Record& record = records[i];
    if (record.flags & Record::kHasVariable) {
      for (const Account& account : part->accounts) take_account(account);
      ++part;
    }
    if (record.refusal != 0 || !record.moves_money()) continue;
    add_entry(AccountId{record.debit}, record, Side::kDebit);
    add_entry(AccountId{record.credit}, record, Side::kCredit);
  }
  fed_ = block->last_seq();
}

void AccountProjection::freeze() {
  // What the feeder alone knows needs no lock.
  std::sort(gathered_.touched.begin(), gathered_.touched.end());
  gathered_.account_bytes.reserve(gathered_.touched.size());
  for (const auto& touched : gathered_.touched) {
    const Tail& tail = tails_[touched.first.value - 1];
    const std::string row =
        encode(Row{accounts_[touched.first.value - 1], tail.balance, tail.latest});
    gathered_.accounts += row;
    gathered_.account_bytes.push_back(static_cast<std::uint32_t>(row.size()));
  }
  std::unique_lock lock(mutex_);
  std::size_t closed = 0;
  for (auto& [id, first_row] : gathered_.touched) {
    if (++closed % kAtOnce == 0) let_readers_in(lock);
    Tail& tail = tails_[id.value - 1];
    if (tail.count > 0) close_row(tail);
    first_row = tail.first_row;
  }
  gathered_.roll_ups = roll_ups_.take_changed();
  gathered_.seq = fed_;
  frozen_ = std::exchange(gathered_, Generation{});
  ++generation_;  // the rows that the tails name are no longer theirs
}

void AccountProjection::copy_row(const Generation& generation, std::uint32_t chunk,
                                 std::size_t bytes, std::string& out) {
  out.clear();
  while (bytes > 0) {
    const Chunk& c = generation.slabs[chunk / kChunksPerSlab][chunk % kChunksPerSlab];
    const std::size_t part = std::min(bytes, sizeof c.bytes);
    out.append(c.bytes, part);
    bytes -= part;
    if (bytes > 0) chunk = c.next;
  }
}

Result<void> AccountProjection::collect(BulkLoad& load) {
  // The feeder leaves what is frozen alone; readers only read it.
  std::size_t at = 0;
  std::string row;
  for (std::size_t i = 0; i < frozen_.touched.size(); ++i) {
    const auto& [id, first_row] = frozen_.touched[i];
    TRY(load.add(Table::kAccounts, big_endian(id.value, 4),
                 std::string_view(frozen_.accounts).substr(at, frozen_.account_bytes[i])));
    at += frozen_.account_bytes[i];
    for (std::uint32_t r = first_row; r != kNone; r = frozen_.rows[r].next) {
      const PackedRow& packed = frozen_.rows[r];
      copy_row(frozen_, packed.first_chunk, packed.bytes, row);
      TRY(load.add(Table::kEntries, entry_row_key(id, packed.first), row));
    }
  }
  for (const auto& [key, value] : frozen_.roll_ups) {
    TRY(load.add(Table::kRollUps, key, value));
  }
  return success();
}

void AccountProjection::collect_stamps(std::map<std::string, std::uint64_t>& stamps) const {
  for (const Table table : {Table::kAccounts, Table::kEntries, Table::kRollUps})
    stamps[stamp_key(table)] = frozen_.seq;
}

void AccountProjection::stored() {
  Generation gone;  // freed without the lock
  std::lock_guard lock(mutex_);
  stamp_ = frozen_.seq;
  for (Slab& slab : frozen_.slabs)
    if (spare_.size() < kSpareSlabs) spare_.push_back(std::move(slab));
  std::swap(frozen_, gone);
}

template <class Each>
void AccountProjection::for_each_gathered_row(AccountId account, Each&& each) const {
  if (account.value < 1 || account.value > tails_.size()) return;
  std::string row;
  const auto chain = [&](const Generation& generation, std::uint32_t r) {
    for (; r != kNone; r = generation.rows[r].next) {
      const PackedRow& packed = generation.rows[r];
      // A row whose successor begins early enough has nothing to tell.
      const EntryPosition next = packed.next == kNone ? kEnd : generation.rows[packed.next].first;
      if (!each(packed.first, next, [&]() -> std::string_view {
            copy_row(generation, packed.first_chunk, packed.bytes, row);
            return row;
          }))
        return false;
    }
    return true;
  };
  const auto frozen = std::lower_bound(frozen_.touched.begin(), frozen_.touched.end(),
                                       std::pair(account, std::uint32_t{0}));
  if (frozen != frozen_.touched.end() && frozen->first == account &&
      !chain(frozen_, frozen->second))
    return;
  const Tail& tail = tails_[account.value - 1];
  if (tail.generation != generation_ || !chain(gathered_, tail.first_row)) return;
  if (tail.count == 0) return;
  each({tail.first_seq, tail.first_sub}, kEnd, [&]() -> std::string_view {
    copy_row(gathered_, tail.first_chunk, tail.bytes, row);
    return row;
  });
}

Result<std::vector<Entry>> AccountProjection::entries(AccountId account, EntryPosition after,
                                                      std::uint64_t until,
                                                      std::size_t limit) const {
  std::vector<Entry> found;
  if (limit == 0) return found;
  EntryPosition last = after;
  bool over = false;  // an entry beyond `until` was seen, or the page is full
  const auto read = [&](EntryPosition first, std::string_view row, Side normal) {
    EntryReader reader(first, row, normal);
    for (Entry entry; !over && reader.next(entry);) {
      const EntryPosition position{entry.seq, entry.sub};
      if (position <= last) continue;
      last = position;
      if (entry.seq > until) {
        over = true;
        break;
      }
      found.push_back(entry);
      over = found.size() == limit;
    }
    return !reader.failed();
  };
  const std::string prefix = big_endian(account.value, 4);
  for (;;) {
    std::uint64_t stamp = 0;
    Side normal{};
    std::unique_ptr<Cursor> cursor;
    {
      const ReadLock lock(*this);
      if (account.value < 1 || account.value > tails_.size()) return found;
      stamp = stamp_;
      normal = tails_[account.value - 1].normal;
      cursor = store_.cursor(Table::kEntries);
    }
    cursor->seek_for_prev(entry_row_key(account, last));
    if (!cursor->valid() || cursor->key().substr(0, 4) != prefix) cursor->seek(prefix);
    for (; !over && cursor->valid() && cursor->key().substr(0, 4) == prefix; cursor->next())
      if (cursor->key().size() != 16 ||
          !read(first_position(cursor->key()), cursor->value(), normal))
        return fail(Errc::kCorrupt, "entries of account {} do not decode", account);
    TRY(cursor->status());
    if (over) return found;
    const ReadLock lock(*this);
    if (stamp != stamp_) continue;  // rows went from memory to the store meanwhile
    for_each_gathered_row(account, [&](EntryPosition first, EntryPosition next, auto&& row) {
      if (next <= last) return true;
      CHECK_OR_DIE(read(first, row(), normal), "gathered entries of account {} do not decode",
                   account);
      return !over;
    });
    return found;
  }
}

std::optional<AccountProjection::Place> AccountProjection::older(AccountId account,
                                                                 Place place) const {
  const auto last_frozen = [&]() -> std::optional<Place> {
    const auto frozen = std::lower_bound(frozen_.touched.begin(), frozen_.touched.end(),
                                         std::pair(account, std::uint32_t{0}));
    if (frozen == frozen_.touched.end() || frozen->first != account || frozen->second == kNone)
      return std::nullopt;
    return Place{generation_ - 1, frozen_.rows[frozen->second].before};
  };
  const Tail& tail = tails_[account.value - 1];
  const bool gathers = tail.generation == generation_ && tail.first_row != kNone;
  // What was frozen is stored by now: the walk begins anew.
  if (place.generation + 1 < generation_ ||
      (place.generation < generation_ && frozen_.rows.empty()))
    place = {};
  if (place.generation == 0)
    return gathers ? std::optional(Place{generation_, tail.last_row}) : last_frozen();
  const Generation& generation = generation_of(place);
  const std::uint32_t before = generation.rows[place.row].before;
  // The first row names the last one, which is the only one that nothing follows.
  if (generation.rows[before].next != kNone) return Place{place.generation, before};
  return place.generation == generation_ ? last_frozen() : std::nullopt;
}

std::vector<AccountProjection::GatheredRow> AccountProjection::rows_before(AccountId account,
                                                                           EntryPosition before,
                                                                           std::size_t limit,
                                                                           Place& place) const {
  std::vector<GatheredRow> rows;
  const auto take = [&](EntryPosition first, const Generation& generation, std::uint32_t chunk,
                        std::size_t bytes) {
    if (first >= before) return;
    rows.push_back({first, {}});
    copy_row(generation, chunk, bytes, rows.back().bytes);
  };
  const Tail& tail = tails_[account.value - 1];
  if (tail.generation == generation_ && tail.count > 0)
    take({tail.first_seq, tail.first_sub}, gathered_, tail.first_chunk, tail.bytes);
  while (rows.size() < limit) {
    const std::optional<Place> at = older(account, place);
    if (!at) break;
    place = *at;
    const PackedRow& row = generation_of(place).rows[place.row];
    take(row.first, generation_of(place), row.first_chunk, row.bytes);
  }
  rows_copied_.fetch_add(rows.size(), std::memory_order_relaxed);
  copies_locked_.fetch_add(1, std::memory_order_relaxed);
  return rows;
}

template <class Read>
Result<void> AccountProjection::walk_back(AccountId account, EntryPosition before, const bool& over,
                                          Read&& read) const {
  Side normal{};
  std::unique_ptr<Cursor> cursor;
  Place place;
  // Mostly the newest row says it all.
  for (std::size_t limit = 1; !over && !cursor; limit = std::min(2 * limit, kRowsBackward)) {
    std::vector<GatheredRow> rows;
    {
      const ReadLock lock(*this);
      if (account.value < 1 || account.value > tails_.size()) return success();
      normal = tails_[account.value - 1].normal;
      rows = rows_before(account, before, limit, place);
      // What is older than all that is in memory is in the store by now.
      if (rows.empty()) cursor = store_.cursor(Table::kEntries);
    }
    for (auto row = rows.begin(); row != rows.end() && !over; ++row) {
      CHECK_OR_DIE(read(row->first, row->bytes, normal),
                   "gathered entries of account {} do not decode", account);
      before = row->first;
    }
  }
  if (!cursor) return success();
  const std::string prefix = big_endian(account.value, 4);
  for (cursor->seek_for_prev(entry_row_key(account, before));
       !over && cursor->valid() && cursor->key().substr(0, 4) == prefix; cursor->prev()) {
    if (cursor->key().size() == 16 && first_position(cursor->key()) >= before) continue;
    if (cursor->key().size() != 16 || !read(first_position(cursor->key()), cursor->value(), normal))
      return fail(Errc::kCorrupt, "entries of account {} do not decode", account);
  }
  return cursor->status();
}

Result<std::vector<Entry>> AccountProjection::entries_before(AccountId account,
                                                             EntryPosition before,
                                                             std::uint64_t from,
                                                             std::size_t limit) const {
  std::vector<Entry> found, in_row;
  bool over = limit == 0;
  const auto take = [&](EntryPosition first, std::string_view row, Side normal) {
    in_row.clear();
    EntryReader reader(first, row, normal);
    for (Entry entry; reader.next(entry) && EntryPosition{entry.seq, entry.sub} < before;)
      in_row.push_back(entry);
    for (auto entry = in_row.rbegin(); entry != in_row.rend() && !over; ++entry) {
      over = entry->seq < from;
      if (!over) found.push_back(*entry);
      over = over || found.size() == limit;
    }
    before = std::min(before, first);
    return !reader.failed();
  };
  TRY(walk_back(account, before, over, take));
  return found;
}

Result<void> AccountProjection::for_each_entry(
    AccountId account, EntryPosition after, std::uint64_t until,
    const std::function<bool(const Entry&)>& each) const {
  for (;;) {
    TRY(auto page, entries(account, after, until, kPage));
    for (const Entry& entry : page)
      if (!each(entry)) return success();
    if (page.size() < kPage) return success();
    after = {page.back().seq, page.back().sub};
  }
}

// Sums entries up to a sequence and, with `by_date`, dated up to `date`. The row with nothing later
// before it says what came before; the rows from there on are read, newest first.
Result<EntryTotals> AccountProjection::sum(AccountId account, std::uint64_t seq, Date date,
                                           bool by_date) const {
  EntryTotals total;
  bool done = false;
  const auto read = [&](EntryPosition first, std::string_view row, Side normal) {
    EntryReader reader(first, row, normal);
    const EntryTotals before = reader.totals();
    done = !by_date || reader.latest_before() <= date.days;
    if (done)
      for (auto [to, from] :
           {std::pair(&total.debits, before.debits), std::pair(&total.credits, before.credits),
            std::pair(&total.debits_red, before.debits_red),
            std::pair(&total.credits_red, before.credits_red)})
        *to += from;
    for (Entry entry; reader.next(entry);) {
      if (entry.seq > seq) break;
      if (!by_date || entry.date_days <= date.days) total.add(entry);
    }
    return !reader.failed();
  };
  TRY(walk_back(account, {seq, ~std::uint32_t{0}}, done, read));
  return total;
}

Result<EntryTotals> AccountProjection::totals_at(AccountId account, std::uint64_t seq) const {
  return sum(account, seq, Date{}, false);
}
Result<EntryTotals> AccountProjection::totals_on(AccountId account, Date date,
                                                 std::uint64_t until) const {
  return sum(account, until, date, true);
}

}  // namespace suanpan
