#include "ledger/store/document_projection.h"

#include <algorithm>

#include "ledger/base/bytes.h"
#include "ledger/base/check.h"

namespace suanpan {
namespace {

constexpr char kOpenPrefix = '\xfe';

std::string open_key(DocumentKind kind, std::string_view key) {
  return std::string(1, kOpenPrefix) + document_row_key(kind, key);
}

}  // namespace

std::string document_row_key(DocumentKind kind, std::string_view key) {
  std::string row(1, static_cast<char>(kind));
  row += key;
  return row;
}

std::optional<Document> decode_document_row(std::string_view key, std::string_view value) {
  if (key.empty() || value.size() < 5) return std::nullopt;
  ByteReader r(value.substr(0, 5));
  Document document;
  document.kind = static_cast<DocumentKind>(key[0]);
  document.key = key.substr(1);
  document.version = r.u32();
  const std::uint8_t open = r.u8();
  if (open > 1) return std::nullopt;
  document.open = open == 1;
  document.bytes = value.substr(5);
  return document;
}

std::string encode(const BookSnapshot& snapshot) {
  ByteWriter w;
  w.i32(snapshot.book.accounting_date.days);
  w.i32(snapshot.book.closed_through.days);
  w.u16(static_cast<std::uint16_t>(snapshot.book.currency));
  w.u32(snapshot.book.account_count);
  w.u64(snapshot.stamper.next_seq);
  w.i64(snapshot.stamper.last_timestamp.ns);
  w.u32(static_cast<std::uint32_t>(snapshot.stamper.voucher_numbers.size()));
  for (const auto& [series, number] : snapshot.stamper.voucher_numbers) {
    w.u32(series.first);
    w.u8(series.second);
    w.u32(number);
  }
  return w.take();
}

std::optional<BookSnapshot> decode_book_snapshot(std::string_view bytes) {
  ByteReader r(bytes);
  BookSnapshot snapshot;
  snapshot.book.accounting_date.days = r.i32();
  snapshot.book.closed_through.days = r.i32();
  snapshot.book.currency = static_cast<Currency>(r.u16());
  snapshot.book.account_count = r.u32();
  snapshot.stamper.next_seq = r.u64();
  snapshot.stamper.last_timestamp.ns = r.i64();
  auto& numbers = snapshot.stamper.voucher_numbers;
  const std::uint32_t series = r.u32();
  for (std::uint32_t i = 0; i < series && !r.failed(); ++i) {
    const std::uint32_t month = r.u32();
    const std::uint8_t type = r.u8();
    const std::uint32_t number = r.u32();
    if (!numbers.empty() && numbers.rbegin()->first >= std::pair(month, type)) return std::nullopt;
    numbers.emplace_hint(numbers.end(), std::pair(month, type), number);
  }
  if (!r.done()) return std::nullopt;
  return snapshot;
}

Result<void> DocumentProjection::load() {
  TRY(auto stamp, read_stamp(store_, Table::kDocuments));
  stamp_ = fed_ = stamp;
  TRY(auto row, store_.get(Table::kDocuments, kBookSnapshotKey));
  if (!row) {
    if (stamp != 0) return fail(Errc::kCorrupt, "the book's own state is missing");
    return success();
  }
  const auto snapshot = decode_book_snapshot(*row);
  if (!snapshot) return fail(Errc::kCorrupt, "the book's own state does not decode");
  snapshot_ = *snapshot;
  return success();
}

void DocumentProjection::feed(const BlockPtr& block) {
  if (block->last_seq() <= fed_) return;
  std::lock_guard lock(mutex_);
  Stamper& stamper = snapshot_.stamper;
  if (block->parts().empty()) {
    // Nothing but plain vouchers: their series is nearly always the one before.
    std::uint32_t* number = nullptr;
    std::int32_t date = 0;
    std::uint8_t type = 0;
    for (const Record& record : block->records()) {
      if (record.voucher_no == 0) continue;
      if (!number || record.date_days != date || record.voucher_type != type) {
        date = record.date_days;
        type = record.voucher_type;
        number = &stamper.voucher_numbers[{Date{date}.month_key(), type}];
      }
      *number = record.voucher_no;
    }
  } else {
    feed_parts(*block);
  }
  stamper.next_seq = block->last_seq() + 1;
  stamper.last_timestamp = block->last_timestamp();
  fed_ = block->last_seq();
}

void DocumentProjection::feed_parts(const Block& block) {
  Stamper& stamper = snapshot_.stamper;
  for_each_command(block, [&](std::span<const Record> legs, const VariablePart* part) {
    const Record& first = legs.front();
    if (first.voucher_no != 0)
      stamper.voucher_numbers[{Date{first.date_days}.month_key(), first.voucher_type}] =
          first.voucher_no;
    if (!part) return;
    warm_parts(block.parts(), static_cast<std::size_t>(part - block.parts().data()),
               [&](DocumentKind kind, auto keys) { gathered_[kind].latest.warm(keys); });
    if (first.command_kind == static_cast<std::uint8_t>(CommandKind::kOpenBook))
      for (const auto& [name, value] : part->content)
        if (name == "currency")
          snapshot_.book.currency = currency_of(value).value_or(snapshot_.book.currency);
    for (const DocumentPtr& document : part->documents) {
      OfKind& of_kind = gathered_[document->kind];
      if (!of_kind.latest.put(document)) of_kind.made.push_back(document->version == 1);
    }
    for (const Account& account : part->accounts)
      snapshot_.book.account_count = std::max(snapshot_.book.account_count, account.id.value);
    if (part->book) {
      snapshot_.book.accounting_date = part->book->accounting_date;
      snapshot_.book.closed_through = part->book->closed_through;
    }
  });
}

// Documents whose keys rise as they are made lie in order already.
void DocumentProjection::sort_by_key(std::span<Frozen> frozen) {
  constexpr std::size_t kAhead = 8;
  bool sorted = true;
  for (std::size_t i = 0; i < frozen.size(); ++i) {
    if (i + 2 * kAhead < frozen.size()) DocumentTable::fetch(*frozen[i + 2 * kAhead].document);
    if (i + kAhead < frozen.size()) DocumentTable::fetch_texts(*frozen[i + kAhead].document);
    const std::string_view key = frozen[i].document->key;
    char lead[8] = {};
    key.copy(lead, sizeof lead);
    frozen[i].lead = from_big_endian({lead, sizeof lead});
    sorted = sorted && (i == 0 || frozen[i - 1].document->key < key);
  }
  if (sorted) return;
  std::sort(frozen.begin(), frozen.end(), [](const Frozen& a, const Frozen& b) {
    return a.lead != b.lead ? a.lead < b.lead : a.document->key < b.document->key;
  });
}

void DocumentProjection::freeze() {
  std::lock_guard lock(mutex_);
  for (auto& [kind, of_kind] : gathered_) {
    const std::size_t begin = frozen_.size();
    // A lambda captures no structured binding, says clang, which measures the coverage.
    const auto& made = of_kind.made;
    of_kind.latest.for_each([&](const DocumentPtr& document) {
      frozen_.push_back({0, made[frozen_.size() - begin], document});
    });
    sort_by_key(std::span(frozen_).subspan(begin));
  }
  gathered_.clear();
  frozen_snapshot_ = encode(snapshot_);
  frozen_seq_ = fed_;
}

Result<void> DocumentProjection::collect(BulkLoad& load) {
  finished_.clear();
  std::string row, value;
  for (const auto& [lead, made, document] : frozen_) {
    ByteWriter w(std::move(value));
    w.u32(document->version);
    w.u8(document->open ? 1 : 0);
    value = w.take();
    value += document->bytes;
    row.assign(1, static_cast<char>(document->kind));
    row += document->key;
    TRY(load.add(Table::kDocuments, row, value));
    value.clear();
    if (!document->open) finished_.push_back(document);
  }
  TRY(load.add(Table::kDocuments, kBookSnapshotKey, frozen_snapshot_));
  for (const auto& [lead, made, document] : frozen_) {
    if (!document->open && made) continue;
    const std::string key = open_key(document->kind, document->key);
    if (document->open) {
      TRY(load.add(Table::kDocuments, key, {}));
    } else {
      TRY(load.erase(Table::kDocuments, key));
    }
  }
  return success();
}

void DocumentProjection::collect_stamps(std::map<std::string, std::uint64_t>& stamps) const {
  stamps[stamp_key(Table::kDocuments)] = frozen_seq_;
}

void DocumentProjection::stored() {
  std::lock_guard lock(mutex_);
  stamp_ = frozen_seq_;
  frozen_.clear();
}

Result<DocumentPtr> DocumentProjection::find(DocumentKind kind, std::string_view key) const {
  const std::string row = document_row_key(kind, key);
  TRY(auto value, store_.get(Table::kDocuments, row));
  if (!value) return DocumentPtr{};
  auto document = decode_document_row(row, *value);
  if (!document) return fail(Errc::kCorrupt, "a stored document does not decode");
  return DocumentPtr(std::make_shared<const Document>(std::move(*document)));
}

Result<void> DocumentProjection::for_each_open(const std::function<void(DocumentPtr)>& each) const {
  const auto cursor = store_.cursor(Table::kDocuments);
  const std::string prefix(1, kOpenPrefix);
  for (cursor->seek(prefix); cursor->valid() && cursor->key().substr(0, 1) == prefix;
       cursor->next()) {
    const std::string_view row = cursor->key().substr(1);
    TRY(auto document, find(static_cast<DocumentKind>(row[0]), row.substr(1)));
    if (!document) return fail(Errc::kCorrupt, "the open index names a document that is not there");
    each(std::move(document));
  }
  return cursor->status();
}

Result<void> DocumentProjection::for_each(
    DocumentKind kind, std::string_view from,
    const std::function<bool(const DocumentPtr&)>& each) const {
  std::map<std::string, DocumentPtr, std::less<>> newer;
  std::unique_ptr<Cursor> cursor;
  {
    std::lock_guard lock(mutex_);
    const auto take = [&](const DocumentPtr& document) {
      if (document->key >= from) newer[document->key] = document;
    };
    for (const Frozen& frozen : frozen_)
      if (frozen.document->kind == kind) take(frozen.document);
    if (const auto of_kind = gathered_.find(kind); of_kind != gathered_.end())
      of_kind->second.latest.for_each(take);
    cursor = store_.cursor(Table::kDocuments);
  }
  auto next = newer.begin();
  for (cursor->seek(document_row_key(kind, from));
       cursor->valid() && cursor->key()[0] == static_cast<char>(kind); cursor->next()) {
    const std::string_view key = cursor->key().substr(1);
    for (; next != newer.end() && next->first < key; ++next)
      if (!each(next->second)) return success();
    if (next != newer.end() && next->first == key) continue;
    auto document = decode_document_row(cursor->key(), cursor->value());
    if (!document) return fail(Errc::kCorrupt, "a stored document does not decode");
    if (!each(std::make_shared<const Document>(std::move(*document)))) return success();
  }
  TRY(cursor->status());
  for (; next != newer.end(); ++next)
    if (!each(next->second)) return success();
  return success();
}

}  // namespace suanpan
