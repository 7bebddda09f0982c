#include "ledger/engine/audit_tables.h"

#include <cstring>

#include "ledger/store/document_projection.h"

namespace suanpan {
namespace {

template <class... Args>
Fault fault(Table table, fmt::format_string<Args...> format, Args&&... args) {
  return fmt::format("table {}: ", name_of(table)) +
         fmt::format(format, std::forward<Args>(args)...);
}

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
  return {};
}

std::string described(const Entry& entry) {
  return fmt::format("journal entry {} leg {} {} of {} with {} on {}, then {}", entry.seq,
                     entry.sub / 2, entry.side == 0 ? "debit" : "credit", entry.amount,
                     entry.counter, Date{entry.date_days}.iso(), entry.balance_after);
}

// Walks the stored entries of one account.
class StoredEntries {
 public:
  StoredEntries(const KeyValueStore& store, AccountId account)
      : cursor_(store.cursor(Table::kEntries)), prefix_(big_endian(account.value, 4)) {
    cursor_->seek(prefix_);
  }
  std::optional<Entry> next() {
    if (!cursor_->valid() || cursor_->key().substr(0, 4) != prefix_ || cursor_->key() == kStampKey)
      return std::nullopt;
    Entry entry;
    std::memcpy(&entry, cursor_->value().data() + at_, sizeof entry);
    at_ += sizeof entry;
    if (at_ >= cursor_->value().size()) {
      at_ = 0;
      cursor_->next();
    }
    return entry;
  }

 private:
  std::unique_ptr<Cursor> cursor_;
  std::string prefix_;
  std::size_t at_ = 0;
};

// The digests differ: reads the journal again for this one account and finds the first entry that
// does.
Result<Fault> first_wrong_entry(const KeyValueStore& store, const Audit& audit,
                                const AuditedAccount& wanted) {
  const std::uint32_t id = wanted.account.id.value;
  StoredEntries stored(store, wanted.account.id);
  AuditedAccount account;
  account.account = wanted.account;
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
    else if (std::memcmp(&*entry, &expected, sizeof expected) != 0)
      found = fault(Table::kEntries, "account {} has {}; the journal says {}",
                    described(wanted.account), described(*entry), described(expected));
  };
  const auto cursor = store.cursor(Table::kJournal);
  for (cursor->seek(""); cursor->valid() && !found; cursor->next()) {
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
  for (cursor->seek(""); cursor->valid() && cursor->key() != kStampKey; cursor->next(), ++next) {
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

Result<Fault> compare_entries(const KeyValueStore& store, const Audit& audit) {
  const auto& accounts = audit.accounts();
  std::vector<EntryDigest> stored(accounts.size());
  EntryPosition last;
  std::uint64_t of = 0;
  const auto cursor = store.cursor(Table::kEntries);
  for (cursor->seek(""); cursor->valid() && cursor->key() != kStampKey; cursor->next()) {
    const std::string_view key = cursor->key(), value = cursor->value();
    const std::uint64_t account = from_big_endian(key.substr(0, 4));
    if (key.size() != 16 || value.empty() || value.size() % sizeof(Entry) != 0)
      return fault(Table::kEntries, "a row of another shape");
    if (account == 0 || account > accounts.size())
      return fault(Table::kEntries, "a row of account {}, which does not exist", account);
    if (account != of) last = {};
    of = account;
    for (std::size_t at = 0; at < value.size(); at += sizeof(Entry)) {
      Entry entry;
      std::memcpy(&entry, value.data() + at, sizeof entry);
      const EntryPosition position{entry.seq, entry.sub};
      if (at == 0 && key.substr(4) != big_endian(position.seq) + big_endian(position.sub, 4))
        return fault(Table::kEntries, "a row of {} is not kept under its first entry",
                     described(accounts[account - 1].account));
      if (position <= last)
        return fault(Table::kEntries, "account {} has {} out of order",
                     described(accounts[account - 1].account), described(entry));
      last = position;
      stored[account - 1].add(entry);
    }
  }
  TRY(cursor->status());
  for (std::size_t i = 0; i < accounts.size(); ++i)
    if (stored[i] != accounts[i].entries) return first_wrong_entry(store, audit, accounts[i]);
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
  for (cursor->seek(""); cursor->valid() && cursor->key() != kStampKey; cursor->next()) {
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

Result<Fault> compare_ids(const KeyValueStore& store, const Audit& audit) {
  std::vector<bool> seen(audit.last_seq() + 1);
  std::string last;  // run and key
  const auto cursor = store.cursor(Table::kIds);
  for (cursor->seek(""); cursor->valid() && cursor->key() != kStampKey; cursor->next()) {
    constexpr std::size_t kEntryBytes = 28;
    const std::string_view key = cursor->key(), value = cursor->value();
    if (key.size() != 24 || value.empty() || value.size() % kEntryBytes != 0)
      return fault(Table::kIds, "a row of another shape");
    for (std::size_t at = 0; at < value.size(); at += kEntryBytes) {
      const ClaimKey id = *ClaimKey::from_bytes(value.substr(at, 20));
      std::uint64_t seq;
      std::memcpy(&seq, value.data() + at + 20, 8);
      const std::string place = std::string(key.substr(0, 4)) + id.bytes();
      if ((at == 0 && place != key) || place <= last)
        return fault(Table::kIds, "id {} is out of order, and would not be found", id.hex());
      last = place;
      if (!audit.claims(id, seq)) {
        TRY(auto claimed, audit.find(id));
        if (claimed)
          return fault(Table::kIds, "id {} leads to entry {}, the journal says {}", id.hex(), seq,
                       *claimed);
        return fault(Table::kIds, "id {} leads to entry {}, but was never claimed", id.hex(), seq);
      }
      if (seen[seq]) return fault(Table::kIds, "id {} is there twice", id.hex());
      seen[seq] = true;
    }
  }
  TRY(cursor->status());
  for (std::uint64_t seq = 1; seq < seen.size(); ++seq)
    if (!seen[seq]) return fault(Table::kIds, "the id of journal entry {} is missing", seq);
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
