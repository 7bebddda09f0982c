#include "ledger/engine/query.h"

#include <algorithm>
#include <limits>

#include "ledger/base/json.h"
#include "ledger/base/limits.h"

namespace suanpan {
namespace {

constexpr std::uint32_t kLastSub = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kEntriesAtOnce = 512;
static_assert(kEntriesAtOnce > kMaxVoucherLegs, "a page of entries holds more than one command");
constexpr std::size_t kMarksAtOnce = 256;

// As measured on blocks of 16 to 8,192 records. A block is read, checked against its hash and
// parsed whole, whatever of it is asked for.
constexpr std::int64_t kFetchWork = 200;   // of any look into the store
constexpr std::int64_t kRecordWork = 4;    // of a block that is read
constexpr std::int64_t kEntryWork = 8;     // of an account
constexpr std::int64_t kCommandWork = 24;  // that is made of its records

bool is_posted(TransferKind kind) {
  return kind == TransferKind::kPosted || kind == TransferKind::kPostPending ||
         kind == TransferKind::kRed;
}

bool metadata_has(const JsonValue& object, const std::pair<std::string, std::string>& wanted) {
  const auto value = object.find(wanted.first);
  if (!value) return false;
  if (value->is_string()) return value->as_string().value() == wanted.second;
  return value->raw() == wanted.second;
}

/// The range that a query walks through, and in which direction.
struct Walk {
  std::uint64_t low = 1, high = 0;
  bool newest_first = false;
  EntryPosition at;

  EntryPosition end_of(std::uint64_t seq) const { return {seq, newest_first ? 0 : kLastSub}; }
  bool is_beyond(EntryPosition position) const {
    return newest_first ? position < at : position > at;
  }
  /// The next sequence to look at, given that everything up to `at` is dealt with.
  std::uint64_t next_seq() const {
    if (newest_first) return at.sub == 0 ? at.seq - 1 : at.seq;
    return at.sub == kLastSub ? at.seq + 1 : at.seq;
  }
  bool at_end() const { return newest_first ? next_seq() < low : next_seq() > high; }
};

/// Finds the blocks of a page; most look-ups meet the one before.
class Blocks {
 public:
  Blocks(const Book& book, std::int64_t& work) : book_(book), work_(work) {}
  Result<BlockPtr> of(std::uint64_t seq) {
    if (block_ && seq >= block_->first_seq() && seq <= block_->last_seq()) return block_;
    TRY(auto block, book_.block_of(seq));
    work_ -= kFetchWork + static_cast<std::int64_t>(block->record_count()) * kRecordWork;
    return block_ = std::move(block);
  }

 private:
  const Book& book_;
  std::int64_t& work_;
  BlockPtr block_;
};

/// Hands out commands that may match, each whole, in the order of the walk, and moves walk.at past
/// what it has handed out or dismissed. Who asks deals with what it got before it asks for more.
class Source {
 public:
  virtual ~Source() = default;
  /// Empty: nothing matched so far. Check walk.at_end().
  virtual Result<std::vector<std::uint64_t>> next(Walk& walk) = 0;
  /// The entry at a position, if it was read on the way.
  virtual const Entry* entry(AccountId, EntryPosition) const { return nullptr; }
};

class KeySource final : public Source {
 public:
  KeySource(const Book& book, const std::string& key, std::int64_t& work)
      : book_(book), key_(key), work_(work) {}
  Result<std::vector<std::uint64_t>> next(Walk& walk) override {
    work_ -= kFetchWork + static_cast<std::int64_t>(kMarksAtOnce);
    const std::uint64_t from = walk.next_seq();
    TRY(auto seqs,
        book_.may_bear_key(key_, walk.newest_first ? walk.low : from,
                           walk.newest_first ? from : walk.high, walk.newest_first, kMarksAtOnce));
    if (seqs.size() < kMarksAtOnce)
      walk.at = walk.end_of(walk.newest_first ? walk.low : walk.high);
    else
      walk.at = walk.end_of(seqs.back());
    return seqs;
  }

 private:
  const Book& book_;
  const std::string& key_;
  std::int64_t& work_;
};

class AccountSource final : public Source {
 public:
  AccountSource(const Book& book, const QueryConditions& conditions, std::int64_t& work)
      : book_(book),
        conditions_(conditions),
        account_(conditions.account ? *conditions.account
                 : conditions.debit ? *conditions.debit
                                    : *conditions.credit),
        work_(work) {
    if (conditions.account)
      side_ = conditions.side;
    else
      side_ = conditions.debit ? Side::kDebit : Side::kCredit;
  }
  Result<std::vector<std::uint64_t>> next(Walk& walk) override {
    // Commands are handed out whole: the other side of an entry dealt with may still be asked for.
    const std::uint64_t from = walk.next_seq();
    TRY(auto page, walk.newest_first
                       ? book_.entries_before(account_, {from + 1, 0}, walk.low, kEntriesAtOnce)
                       : book_.entries(account_, {from - 1, kLastSub}, kEntriesAtOnce, walk.high));
    work_ -= kFetchWork + static_cast<std::int64_t>(page.size()) * kEntryWork;
    const bool full = page.size() == kEntriesAtOnce;
    // The last command of a full page may be cut off.
    if (full)
      for (const std::uint64_t last = page.back().seq; page.back().seq == last;) page.pop_back();
    std::vector<std::uint64_t> seqs;
    for (const Entry& entry : page)
      if (may_match(entry) && (seqs.empty() || seqs.back() != entry.seq)) seqs.push_back(entry.seq);
    walk.at = walk.end_of(full ? page.back().seq : walk.newest_first ? walk.low : walk.high);
    page_ = std::move(page);
    return seqs;
  }
  const Entry* entry(AccountId account, EntryPosition position) const override {
    if (account != account_) return nullptr;
    for (const Entry& entry : page_)
      if (entry.seq == position.seq && entry.sub == position.sub) return &entry;
    return nullptr;
  }

 private:
  bool may_match(const Entry& entry) const {
    const QueryConditions& c = conditions_;
    return (!side_ || entry.side == static_cast<std::uint8_t>(*side_)) &&
           (!c.min_amount || entry.amount >= *c.min_amount) &&
           (!c.max_amount || entry.amount <= *c.max_amount) &&
           (!c.from_date || entry.date_days >= c.from_date->days) &&
           (!c.through_date || entry.date_days <= c.through_date->days);
  }
  const Book& book_;
  const QueryConditions& conditions_;
  const AccountId account_;
  std::optional<Side> side_;
  std::int64_t& work_;
  std::vector<Entry> page_;
};

class JournalSource final : public Source {
 public:
  JournalSource(QueryOf of, const QueryConditions& conditions, Blocks& blocks)
      : of_(of), conditions_(conditions), blocks_(blocks) {}
  Result<std::vector<std::uint64_t>> next(Walk& walk) override {
    const std::uint64_t from = walk.next_seq();
    TRY(auto block, blocks_.of(from));
    std::uint64_t low = from, high = std::min(walk.high, block->last_seq());
    if (walk.newest_first) {
      high = from;
      low = std::max(walk.low, block->first_seq());
    }
    std::vector<std::uint64_t> seqs;
    for (const Record& record : block->records()) {
      if (record.seq < low || record.seq > high) continue;
      if (!seqs.empty() && seqs.back() == record.seq) continue;
      if (command_matches(conditions_, record) && leg_matches(of_, conditions_, record))
        seqs.push_back(record.seq);
    }
    if (walk.newest_first) std::reverse(seqs.begin(), seqs.end());
    walk.at = walk.end_of(walk.newest_first ? low : high);
    return seqs;
  }

 private:
  const QueryOf of_;
  const QueryConditions& conditions_;
  Blocks& blocks_;
};

/// One page.
class PageRun {
 public:
  PageRun(const Book& book, const Query& query)
      : book_(book), query_(query), work_(query.work), blocks_(book, work_) {
    const QueryConditions& c = query.conditions;
    const bool posted = query.of == QueryOf::kEntries || c.stage == Stage::kPosted;
    const bool by_key = !c.business_key.empty();
    const bool by_account = !by_key && posted && (c.account || c.debit || c.credit);
    reads_histories_ = by_account || query.of == QueryOf::kEntries;
    if (by_key)
      source_ = std::make_unique<KeySource>(book, c.business_key, work_);
    else if (by_account)
      source_ = std::make_unique<AccountSource>(book, c, work_);
    else
      source_ = std::make_unique<JournalSource>(query.of, c, blocks_);
  }

  Result<QueryPage> run() {
    TRY(begin());
    EntryPosition asked = walk_.at;  // where this page begins
    bool full = false;
    while (!walk_.at_end() && !full && work_ > 0) {
      asked = walk_.at;
      TRY(auto seqs, source_->next(walk_));
      for (const std::uint64_t seq : seqs) {
        TRY(take(seq, asked));
        full = page_.hits.size() > limit();
        // Out of work on the way: what the source handed out beyond this is asked for again.
        if (full || work_ > 0) continue;
        if (seq != seqs.back()) walk_.at = walk_.end_of(seq);
        break;
      }
    }
    if (full) {
      page_.hits.resize(limit());
      positions_.resize(limit());
      walk_.at = positions_.back();
    }
    if (full || !walk_.at_end())
      page_.next = QueryCursor{page_.as_of_seq, walk_.low, walk_.high, walk_.at};
    return std::move(page_);
  }

 private:
  Result<void> begin() {
    const std::uint64_t last = book_.last_seq();
    walk_.newest_first = query_.newest_first;
    if (query_.cursor) {
      const QueryCursor& cursor = *query_.cursor;
      if (cursor.until > last || cursor.high > cursor.until || cursor.low < 1)
        return fail(Errc::kMalformed, "the cursor lies beyond the journal");
      page_.as_of_seq = cursor.until;
      walk_.low = cursor.low;
      walk_.high = cursor.high;
      walk_.at = cursor.at;
      if (walk_.newest_first ? walk_.next_seq() > walk_.high : walk_.next_seq() < walk_.low)
        return fail(Errc::kMalformed, "the cursor lies outside its own range");
      return keep_to_histories(true);
    }
    page_.as_of_seq = walk_.high = std::min(query_.as_of_seq.value_or(last), last);
    const QueryConditions& c = query_.conditions;
    if (c.from) {
      TRY(auto seq, book_.seq_at(Timestamp{c.from->ns - 1}));
      walk_.low = std::min(seq, last) + 1;
    }
    if (c.before) {
      TRY(auto seq, book_.seq_at(Timestamp{c.before->ns - 1}));
      walk_.high = std::min(seq, walk_.high);
    }
    TRY(keep_to_histories(c.from.has_value()));
    walk_.at = walk_.newest_first ? EntryPosition{walk_.high + 1, 0}
                                  : EntryPosition{walk_.low - 1, kLastSub};
    return success();
  }

  // Entries are known after what was purged; vouchers and transfers are found there, too, but not
  // by account. `from`: who asks says from when on.
  Result<void> keep_to_histories(bool from) {
    if (!reads_histories_) return success();
    page_.archived_until = book_.archived().until;
    if (walk_.low > page_.archived_until) return success();
    if (from || walk_.high < page_.archived_until)
      return fail(Errc::kArchived,
                  "journal entries up to {} were archived and purged: the histories of accounts "
                  "begin after that",
                  page_.archived_until);
    walk_.low = page_.archived_until + 1;
    return success();
  }

  // Adds what a command has to show beyond `asked`.
  Result<void> take(std::uint64_t seq, EntryPosition asked) {
    TRY(auto block, blocks_.of(seq));
    const auto legs = block->command(seq);
    const QueryConditions& c = query_.conditions;
    if (legs.empty() || !command_matches(c, legs.front())) return success();
    std::vector<const Record*> matching;
    for (const Record& leg : legs)
      if (leg_matches(query_.of, c, leg)) matching.push_back(&leg);
    if (matching.empty()) return success();
    const auto command = std::make_shared<const StoredCommand>(block->read(legs));
    work_ -= kCommandWork;
    if (!text_matches(c, command->effects.text.get())) return success();
    if (query_.of == QueryOf::kVouchers) {
      // A walk never stops inside a command that it found.
      if (asked != walk_.end_of(seq)) add({command, 0, Side::kDebit, 0}, walk_.end_of(seq));
      return success();
    }
    if (walk_.newest_first) std::reverse(matching.begin(), matching.end());
    for (const Record* leg : matching) {
      if (query_.of == QueryOf::kTransfers) {
        const EntryPosition position{seq, leg->leg * 2 + (walk_.newest_first ? 0 : 1)};
        if (walk_from(asked).is_beyond(position))
          add({command, leg->leg, Side::kDebit, 0}, position);
        continue;
      }
      TRY(take_entries(command, *leg, asked));
    }
    return success();
  }

  Result<void> take_entries(const std::shared_ptr<const StoredCommand>& command, const Record& leg,
                            EntryPosition asked) {
    Side sides[] = {Side::kDebit, Side::kCredit};
    if (walk_.newest_first) std::swap(sides[0], sides[1]);
    for (const Side side : sides) {
      if (!entry_matches(query_.conditions, leg, side)) continue;
      const EntryPosition position{leg.seq, leg.leg * 2 + static_cast<std::uint32_t>(side)};
      if (!walk_from(asked).is_beyond(position) || page_.hits.size() > limit()) continue;
      const AccountId account{side == Side::kDebit ? leg.debit : leg.credit};
      const Entry* entry = source_->entry(account, position);
      std::vector<Entry> fetched;
      if (!entry) {
        const EntryPosition before = position.sub == 0
                                         ? EntryPosition{position.seq - 1, kLastSub}
                                         : EntryPosition{position.seq, position.sub - 1};
        work_ -= kFetchWork;
        TRY(auto found, book_.entries(account, before, 1, position.seq));
        if (found.empty() || found[0].sub != position.sub)
          return fail(Errc::kCorrupt, "journal entry {} has no entry in account {}", leg.seq,
                      account);
        fetched = std::move(found);
        entry = &fetched.front();
      }
      add({command, leg.leg, side, entry->balance_after}, position);
    }
    return success();
  }

  std::size_t limit() const { return std::max<std::size_t>(query_.limit, 1); }
  Walk walk_from(EntryPosition at) const {
    Walk walk = walk_;
    walk.at = at;
    return walk;
  }
  void add(QueryHit hit, EntryPosition position) {
    page_.hits.push_back(std::move(hit));
    positions_.push_back(position);
  }

  const Book& book_;
  const Query& query_;
  std::int64_t work_;
  Blocks blocks_;
  std::unique_ptr<Source> source_;
  bool reads_histories_ = false;
  Walk walk_;
  QueryPage page_;
  std::vector<EntryPosition> positions_;  // of page_.hits
};

}  // namespace

bool command_matches(const QueryConditions& c, const Record& first) {
  const std::int32_t effective =
      (first.flags & Record::kHasEffective) != 0 ? first.effective_days : first.date_days;
  return first.refusal == 0 && first.moves_money() && (!c.code || first.code == *c.code) &&
         (!c.caller || first.caller == c.caller->value) &&
         (!c.from_date || first.date_days >= c.from_date->days) &&
         (!c.through_date || first.date_days <= c.through_date->days) &&
         (!c.effective_from || effective >= c.effective_from->days) &&
         (!c.effective_through || effective <= c.effective_through->days);
}

bool leg_matches(QueryOf of, const QueryConditions& c, const Record& leg) {
  const bool posted = is_posted(static_cast<TransferKind>(leg.transfer_kind));
  if (of == QueryOf::kEntries ? !posted
                              : c.stage != Stage::kAll && posted != (c.stage == Stage::kPosted))
    return false;
  if (c.account) {
    const bool debited = leg.debit == c.account->value, credited = leg.credit == c.account->value;
    if (!(c.side ? (*c.side == Side::kDebit ? debited : credited) : debited || credited))
      return false;
  }
  return (!c.debit || leg.debit == c.debit->value) &&
         (!c.credit || leg.credit == c.credit->value) &&
         (!c.min_amount || leg.amount >= *c.min_amount) &&
         (!c.max_amount || leg.amount <= *c.max_amount);
}

bool entry_matches(const QueryConditions& c, const Record& leg, Side side) {
  const std::uint32_t account = side == Side::kDebit ? leg.debit : leg.credit;
  return (!c.account || account == c.account->value) && (!c.side || side == *c.side);
}

bool text_matches(const QueryConditions& c, const VoucherText* text) {
  if (c.business_key.empty() && c.metadata.empty()) return true;
  if (!text) return false;
  if (!c.business_key.empty() && text->business_key != c.business_key) return false;
  if (c.metadata.empty()) return true;
  if (text->metadata.empty()) return false;
  const auto parsed = JsonDocument::parse(text->metadata);
  if (!parsed || !parsed.value().root().is_object()) return false;
  const JsonValue object = parsed.value().root();
  return std::all_of(c.metadata.begin(), c.metadata.end(),
                     [&](const auto& wanted) { return metadata_has(object, wanted); });
}

Result<QueryPage> run_query(const Book& book, const Query& query) {
  return PageRun(book, query).run();
}

}  // namespace suanpan
