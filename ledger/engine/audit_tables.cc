#include "ledger/engine/audit_tables.h"

#include <algorithm>

#include "ledger/store/document_projection.h"

namespace suanpan {
namespace {

// What differs between a stored account row and the audit's; nothing if all is alike.
std::string difference(const AccountProjection::Row& row, const AuditedAccount& audited) {
  const Account& a = row.account;
  const Account& b = audited.account;
  if (a.code != b.code || a.name != b.name || a.type != b.type || a.normal != b.normal ||
      a.currency != b.currency)
    return "it is described otherwise than the journal does";
  if (a.version != b.version)
    return fmt::format("its version is {}, the journal says {}", a.version, b.version);
  if (a.terms != b.terms) return "its terms are not those of the journal";
  const struct {
    const char* name;
    std::int64_t stored;
    Int128 audited;
  } totals[] = {{"posted debits", row.balance.debits_posted, audited.debit_posted},
                {"posted credits", row.balance.credits_posted, audited.credit_posted},
                {"reserved debits", row.balance.debits_pending, audited.debit_pending},
                {"reserved credits", row.balance.credits_pending, audited.credit_pending},
                {"red debits", row.balance.debits_red, audited.debit_red},
                {"red credits", row.balance.credits_red, audited.credit_red}};
  for (const auto& total : totals)
    if (total.stored != total.audited)
      return fmt::format("its {} are {}, the journal says {}", total.name, total.stored,
                         decimal(total.audited));
  if (row.latest != audited.latest) return "its latest date is not that of the journal";
  return {};
}

std::string described(const Entry& entry) {
  return fmt::format("journal entry {} leg {} {} of {} with {} on {}, then {}", entry.seq,
                     entry.sub / 2, name_of(static_cast<Side>(entry.side)), entry.amount,
                     entry.counter, Date{entry.date_days}.iso(), entry.balance_after);
}

// Walks the stored entries of one account, after the archived part.
class StoredEntries {
 public:
  StoredEntries(const KeyValueStore& store, const Account& account, std::uint64_t after)
      : cursor_(store.cursor(Table::kEntries)),
        prefix_(big_endian(account.id.value, 4)),
        normal_(account.normal),
        after_(after) {
    cursor_->seek(prefix_);
    open();
  }
  std::optional<Entry> next() {
    while (reader_) {
      Entry entry;
      while (reader_->next(entry))
        if (entry.seq > after_) return entry;
      cursor_->next();
      open();
    }
    return std::nullopt;
  }

 private:
  void open() {
    reader_.reset();
    if (cursor_->valid() && cursor_->key().substr(0, 4) == prefix_)
      reader_.emplace(first_position(cursor_->key()), cursor_->value(), normal_);
  }
  std::unique_ptr<Cursor> cursor_;
  std::string prefix_;
  Side normal_;
  std::uint64_t after_;
  std::optional<EntryReader> reader_;
};

// The digests differ: reads the journal again for this one account and finds the first entry that
// does.
Result<Fault> first_wrong_entry(const KeyValueStore& store, const Audit& audit,
                                const AuditedAccount& wanted, const ArchivedHistories& archived) {
  const std::uint32_t id = wanted.account.id.value;
  StoredEntries stored(store, wanted.account, archived.until);
  AuditedAccount account;
  account.account = wanted.account;
  const EntryTotals before = archived.of(id - 1).totals;
  account.debit_posted = before.debits;
  account.credit_posted = before.credits;
  account.debit_red = before.debits_red;
  account.credit_red = before.credits_red;
  Fault found;
  const auto visit = [&](const Record& leg, Side side) {
    const TransferKind kind = leg.transfer().kind;
    account.move(leg.transfer(), side);
    if (kind == TransferKind::kPending || kind == TransferKind::kVoidPending || found) return;
    const Entry expected = account.entry_of(leg, side);
    const auto entry = stored.next();
    if (!entry)
      found = fault(Table::kEntries, "account {} lacks {}", described(wanted.account),
                    described(expected));
    else if (*entry != expected)
      found = fault(Table::kEntries, "account {} has {}; the journal says {}",
                    described(wanted.account), described(*entry), described(expected));
  };
  const auto cursor = store.cursor(Table::kJournal);
  for (cursor->seek(big_endian(archived.until + 1)); cursor->valid() && !found; cursor->next()) {
    TRY(auto block, Block::parse(std::string(cursor->value())));
    if (block->first_seq() > audit.last_seq()) break;
    for (const Record& leg : block->records()) {
      if (leg.refusal != 0 || !leg.moves_money()) continue;
      if (leg.debit == id) visit(leg, Side::kDebit);
      if (leg.credit == id) visit(leg, Side::kCredit);
    }
  }
  TRY(cursor->status());
  if (!found)
    if (const auto extra = stored.next())
      found = fault(Table::kEntries, "account {} has {}, which is not in the journal",
                    described(wanted.account), described(*extra));
  if (!found) found = fault(Table::kEntries, "account {} differs", described(wanted.account));
  return found;
}

}  // namespace

Result<Fault> compare_accounts(const KeyValueStore& store, const Audit& audit) {
  const auto& accounts = audit.accounts();
  const auto cursor = store.cursor(Table::kAccounts);
  std::size_t next = 0;
  for (cursor->seek(""); cursor->valid(); cursor->next(), ++next) {
    const auto row = decode_account_row(cursor->value());
    if (next == accounts.size())
      return fault(Table::kAccounts, "it has a row more than the journal's {} accounts",
                   accounts.size());
    const std::string name = described(accounts[next].account);
    if (cursor->key() != big_endian(next + 1, 4) || !row || row->account.id.value != next + 1)
      return fault(Table::kAccounts, "the row of {} is missing or does not decode", name);
    if (const std::string what = difference(*row, accounts[next]); !what.empty())
      return fault(Table::kAccounts, "{}: {}", name, what);
    if (encode(*row) != cursor->value())
      return fault(Table::kAccounts, "{}: its row is not as it is written", name);
  }
  TRY(cursor->status());
  if (next < accounts.size())
    return fault(Table::kAccounts, "the row of {} is missing", described(accounts[next].account));
  return Fault{};
}

ArchivedHistories::ArchivedHistories(const Audit& audit) : until(audit.last_seq()) {
  for (const AuditedAccount& a : audit.accounts())
    accounts.push_back(
        {a.entries,
         {static_cast<std::int64_t>(a.debit_posted), static_cast<std::int64_t>(a.credit_posted),
          static_cast<std::int64_t>(a.debit_red), static_cast<std::int64_t>(a.credit_red)},
         a.latest});
}

namespace {

/// One account's rows, one after the other.
class HistoryComparison {
 public:
  HistoryComparison(const AuditedAccount& audited, const ArchivedHistories& archived)
      : audited_(audited),
        before_(archived.of(audited.account.id.value - 1)),
        until_(archived.until),
        digest_(before_.entries),
        at_archived_(before_.entries.count == 0) {}

  Fault take_row(std::string_view key, std::string_view value) {
    const Account& account = audited_.account;
    const EntryPosition first = first_position(key);
    EntryReader reader(first, value, account.normal);
    // Where rows went, what the first one left says of before is held against the archived part at
    // that part's end.
    if (first.seq > until_ && !at_archived_)
      return fault(Table::kEntries,
                   "account {}: the row is missing that its archived history "
                   "ends in",
                   described(account));
    const bool begins = !began_ && first.seq <= until_;
    began_ = true;
    follows_ = begins || (reader.totals() == totals_ && reader.latest_before() == latest_);
    if (begins) latest_ = reader.latest_before();
    std::size_t count = 0;
    for (Entry entry; reader.next(entry); ++count) {
      const EntryPosition position{entry.seq, entry.sub};
      if (position <= last_)
        return fault(Table::kEntries, "account {} has {} out of order", described(account),
                     described(entry));
      last_ = position;
      latest_ = std::max(latest_, entry.date_days);
      if (entry.seq > until_)
        digest_.add(entry);
      else
        at_archived_ = reader.totals() == before_.totals && latest_ == before_.latest;
    }
    if (reader.failed() || count == 0)
      return fault(Table::kEntries, "a row of {} at journal entry {} does not decode",
                   described(account), first.seq);
    totals_ = reader.totals();
    if (!follows_ && digest_ == audited_.entries)
      return fault(Table::kEntries, "a row of {} at journal entry {} tells other totals before it",
                   described(account), first.seq);
    return {};
  }
  /// False: an entry is wrong, too, and the journal will tell which.
  bool follows() const { return follows_; }
  Fault finish() const {
    if (at_archived_) return {};
    return fault(Table::kEntries,
                 "account {}: its history does not go on from the archived part's totals",
                 described(audited_.account));
  }
  bool same() const { return digest_ == audited_.entries; }

 private:
  const AuditedAccount& audited_;
  const ArchivedHistories::Account before_;
  const std::uint64_t until_;
  EntryDigest digest_;
  bool at_archived_;  // what was read comes to the archived part's end
  bool began_ = false, follows_ = true;
  EntryPosition last_;
  EntryTotals totals_;
  std::int32_t latest_ = kNoDate;
};

}  // namespace

Result<Fault> compare_entries(const KeyValueStore& store, const Audit& audit,
                              const ArchivedHistories& archived) {
  const auto& accounts = audit.accounts();
  const auto cursor = store.cursor(Table::kEntries);
  cursor->seek("");
  bool follows = true;
  // Account by account, those without a row, too.
  std::vector<std::size_t> wrong;
  for (std::size_t i = 0; i < accounts.size() && follows; ++i) {
    HistoryComparison comparison(accounts[i], archived);
    const std::string prefix = big_endian(i + 1, 4);
    for (; follows && cursor->valid(); cursor->next()) {
      const std::string_view key = cursor->key();
      if (key.size() != 16) return fault(Table::kEntries, "a row of another shape");
      if (key.substr(0, 4) != prefix) break;
      if (Fault f = comparison.take_row(key, cursor->value())) return f;
      follows = comparison.follows();
    }
    if (follows) {
      if (Fault f = comparison.finish()) return f;
    }
    if (!comparison.same()) wrong.push_back(i);
  }
  TRY(cursor->status());
  if (wrong.empty() && cursor->valid())
    return fault(Table::kEntries, "a row of account {}, which does not exist",
                 from_big_endian(cursor->key().substr(0, 4)));
  if (!wrong.empty()) return first_wrong_entry(store, audit, accounts[wrong.front()], archived);
  return Fault{};
}

namespace {

Fault compare_snapshot(std::string_view bytes, const Audit& audit) {
  const auto snapshot = decode_book_snapshot(bytes);
  if (!snapshot) return "the book's own state does not decode";
  if (encode(*snapshot) != bytes) return "the book's own state is not as it is written";
  const BookState& book = snapshot->book;
  const Stamper& stamper = snapshot->stamper;
  if (audit.days() && (book.accounting_date != audit.days()->accounting_date ||
                       book.closed_through != audit.days()->closed_through))
    return fmt::format("the book is open on {} and closed through {}, the journal says {} and {}",
                       book.accounting_date.iso(), book.closed_through.iso(),
                       audit.days()->accounting_date.iso(), audit.days()->closed_through.iso());
  if (audit.currency() && book.currency != *audit.currency())
    return fmt::format("the book's own currency is number {}, the journal says {}",
                       static_cast<unsigned>(book.currency), code_of(*audit.currency()));
  if (book.account_count != audit.accounts().size())
    return fmt::format("the book counts {} accounts, the journal {}", book.account_count,
                       audit.accounts().size());
  if (stamper.next_seq != audit.last_seq() + 1 ||
      stamper.last_timestamp.ns != audit.last_timestamp_ns())
    return fmt::format("the book goes on at entry {}, the journal at {}", stamper.next_seq,
                       audit.last_seq() + 1);
  if (stamper.voucher_numbers != audit.voucher_numbers())
    return "the book's voucher counters are not those of the journal";
  return {};
}

}  // namespace

Result<Fault> compare_documents(const KeyValueStore& store, const Audit& audit) {
  const auto& documents = audit.documents();
  auto expected = documents.begin();
  auto open = documents.begin();
  const auto next_open = [&] {
    while (open != documents.end() && !open->second.open) ++open;
  };
  next_open();
  const auto name = [](const std::string& row) -> std::string {
    if (row.empty()) return "without a name";
    return fmt::format(
        "of kind {} under \"{}\"", static_cast<unsigned>(row[0]),
        hex_lower({reinterpret_cast<const std::uint8_t*>(row.data()) + 1, row.size() - 1}));
  };
  bool snapshot = false;
  const auto cursor = store.cursor(Table::kDocuments);
  for (cursor->seek(""); cursor->valid(); cursor->next()) {
    const std::string key(cursor->key());
    if (key == kBookSnapshotKey) {
      snapshot = true;
      if (Fault f = compare_snapshot(cursor->value(), audit))
        return fault(Table::kDocuments, "{}", *f);
      continue;
    }
    if (key.starts_with('\xfe')) {
      if (!cursor->value().empty())
        return fault(Table::kDocuments, "the open index says more of the document {} than its name",
                     name(key.substr(1)));
      if (open == documents.end() || key.substr(1) != open->first) {
        const auto known = documents.find(key.substr(1));
        if (known == documents.end() || !known->second.open)
          return fault(Table::kDocuments, "the open index names a document {} that is not open",
                       name(key.substr(1)));
        return fault(Table::kDocuments, "the open index lacks the document {}", name(open->first));
      }
      ++open;
      next_open();
      continue;
    }
    if (expected == documents.end() || key < expected->first)
      return fault(Table::kDocuments, "a document {} that is not in the journal", name(key));
    if (key > expected->first)
      return fault(Table::kDocuments, "the document {} is missing", name(expected->first));
    const auto stored = decode_document_row(key, cursor->value());
    if (!stored) return fault(Table::kDocuments, "the document {} does not decode", name(key));
    const AuditedDocument& audited = expected->second;
    if (stored->version != audited.version)
      return fault(Table::kDocuments, "the document {} is at version {}, the journal says {}",
                   name(key), stored->version, audited.version);
    if (cursor->value()[4] != (audited.open ? 1 : 0) || id_of(stored->bytes) != audited.digest)
      return fault(Table::kDocuments, "the document {} has other content than the journal",
                   name(key));
    ++expected;
  }
  TRY(cursor->status());
  if (expected != documents.end())
    return fault(Table::kDocuments, "the document {} is missing", name(expected->first));
  if (open != documents.end())
    return fault(Table::kDocuments, "the open index lacks the document {}", name(open->first));
  if (!snapshot) return fault(Table::kDocuments, "the book's own state is missing");
  return Fault{};
}

Result<Fault> compare_empty(const KeyValueStore& store, Table table) {
  const auto cursor = store.cursor(table);
  cursor->seek("");
  TRY(cursor->status());
  if (cursor->valid()) return fault(table, "it holds rows and has no stamp");
  return Fault{};
}

}  // namespace suanpan
