#include "ledger/base/check.h"
#include "ledger/base/json.h"
#include "ledger/core/hold.h"
#include "ledger/core/order.h"
#include "ledger/core/reversal_totals.h"
#include "ledger/store/account_projection.h"
#include "ledger/store/document_projection.h"
#include "ledger/store/id_projection.h"
#include "ledger/store/record_pack.h"
#include "ledger/store/rocks_store.h"
#include "tests/fuzz/target.h"
#include "tests/ledger/engine/random_book.h"

namespace suanpan::test {
namespace {

/// A key and its value in one input.
std::string joined(std::string_view key, std::string_view value) {
  return static_cast<char>(key.size()) + std::string(key) + std::string(value);
}
std::pair<std::string_view, std::string_view> parted(std::string_view input) {
  const std::size_t size =
      input.empty() ? 0
                    : std::min<std::size_t>(static_cast<std::uint8_t>(input[0]), input.size() - 1);
  return {input.substr(input.empty() ? 0 : 1, size),
          input.substr(std::min(input.size(), size + 1))};
}

// A checksum that does not fit is refused at once; what lies behind it is asked with one that does.
bool read_block(std::string_view input) {
  if (input.size() < 4) return false;
  std::string bytes(input.substr(0, input.size() - 4));
  const std::uint32_t crc = crc32c(bytes);
  bytes.append(reinterpret_cast<const char*>(&crc), sizeof crc);
  const auto block = Block::parse(bytes);
  if (!block) return false;
  std::uint64_t next = block.value()->first_seq();
  for_each_command(*block.value(), [&](std::span<const Record> legs, const VariablePart*) {
    const StoredCommand command = block.value()->read(legs);
    CHECK_OR_DIE(command.seq == next++, "sequence {}", command.seq);
  });
  CHECK_OR_DIE(next == block.value()->last_seq() + 1, "last sequence {}", next);
  return true;
}

bool read_records(std::string_view input) {
  if (input.empty()) return false;
  std::vector<Record> records(static_cast<std::uint8_t>(input[0]));
  if (!unpack_records(input.substr(1), records)) return false;
  std::string packed;
  pack_records(records, packed);
  CHECK_OR_DIE(packed == input.substr(1), "the packed form is not unique");
  return true;
}

bool read_entries(std::string_view input) {
  const auto [key, value] = parted(input);
  if (key.size() != 16) return false;
  EntryReader reader(first_position(key), value, Side::kDebit);
  const EntryTotals before = reader.totals();
  std::vector<Entry> entries;
  for (Entry entry; reader.next(entry);) entries.push_back(entry);
  if (reader.failed()) return false;
  // Rows are written with at least one.
  if (entries.empty()) return false;
  CHECK_OR_DIE(encode_entry_row(before, reader.latest_before(), entries) == value,
               "a row of entries has two encodings");
  return true;
}

bool read_claims(std::string_view input) {
  const auto [key, value] = parted(input);
  auto reader = ClaimReader::of(key, value);
  if (!reader) return false;
  ClaimWriter writer;
  std::size_t count = 0;
  for (Claim claim; reader->next(claim); ++count)
    if (count < kClaimsPerRow) writer.add(claim);
  if (reader->failed()) return false;
  if (count > 0 && count <= kClaimsPerRow)
    CHECK_OR_DIE(writer.value() == value, "a row of ids has two encodings");
  return true;
}

// As document_projection.h has it: version u32 | open u8 | bytes.
std::string value_of(const Document& document) {
  std::string value;
  for (int shift = 0; shift < 32; shift += 8)
    value.push_back(static_cast<char>(document.version >> shift));
  value.push_back(document.open ? '\1' : '\0');
  return value + document.bytes;
}

bool read_json(std::string_view input) {
  const auto parsed = JsonDocument::parse(input);
  if (!parsed) return false;
  const std::function<void(const JsonValue&)> walk = [&](const JsonValue& value) {
    // Every number and string says what it is or that it is not; a value's text is a value.
    const auto text = value.as_string();
    const auto integer = value.as_int64();
    if (integer) {
      const auto again = JsonDocument::parse(value.raw());
      CHECK_OR_DIE(again && again.value().root().as_int64().value() == integer.value(),
                   "a number reads otherwise the second time");
    }
    if (text) {
      JsonWriter writer;
      writer.string(text.value());
      const std::string written = writer.take();
      const auto again = JsonDocument::parse(written);
      CHECK_OR_DIE(again && again.value().root().as_string().value() == text.value(),
                   "a string is not what was written");
    }
    for (const JsonValue& element : value.elements()) walk(element);
    for (const JsonMember& member : value.members()) {
      CHECK_OR_DIE(value.find(member.key).has_value(), "a member is not found");
      walk(member.value);
    }
  };
  walk(parsed.value().root());
  return true;
}

/// What is taken is the one form of what it says.
template <class Decode>
auto one_form(Decode decode) {
  return [decode](std::string_view input) {
    const auto value = decode(input);
    if (!value) return false;
    CHECK_OR_DIE(encode(value.value()) == input, "a value has two forms");
    return true;
  };
}

/// Of JSON, which has many forms: what was decoded is encoded and decoded again to the same.
template <class Decode>
auto stable(Decode decode) {
  return [decode](std::string_view input) {
    const auto value = decode(input);
    if (!value) return false;
    const std::string encoded = encode(value.value());
    const auto again = decode(std::string_view(encoded));
    CHECK_OR_DIE(again && encode(again.value()) == encoded, "a value does not come back");
    return true;
  };
}

}  // namespace

std::vector<FuzzTarget> ledger_targets() {
  FuzzTarget block{"block", {}, read_block}, records{"records", {}, read_records};
  FuzzTarget entries{"entry rows", {}, read_entries}, ids{"id rows", {}, read_claims};
  FuzzTarget runs{"id runs", {}, [](std::string_view input) {
                    const auto [key, value] = parted(input);
                    const auto run = decode_id_run(key, value);
                    if (!run) return false;
                    CHECK_OR_DIE(id_run_key(run->number) == key && encode(*run) == value,
                                 "a run of ids has two forms");
                    return true;
                  }};
  FuzzTarget accounts{"account rows", {}, one_form([](auto in) { return decode_account_row(in); })};
  FuzzTarget documents{"document rows", {}, [](std::string_view input) {
                         const auto [key, value] = parted(input);
                         const auto document = decode_document_row(key, value);
                         if (!document) return false;
                         CHECK_OR_DIE(document_row_key(document->kind, document->key) == key &&
                                          value_of(*document) == value,
                                      "a document's row has two forms");
                         return true;
                       }};
  FuzzTarget snapshot{
      "book snapshot", {}, one_form([](auto in) { return decode_book_snapshot(in); })};
  FuzzTarget holds{"holds", {}, one_form([](auto in) { return decode_hold(in); })};
  FuzzTarget orders{"orders", {}, stable([](auto in) { return decode_order(in); })};
  FuzzTarget refunds{"refunds", {}, stable([](auto in) { return decode_refund(in); })};
  FuzzTarget payouts{"payouts", {}, stable([](auto in) { return decode_payout(in); })};
  FuzzTarget totals{"reversal totals", {}, [](std::string_view input) {
                      const auto decoded = decode_reversal_totals(input);
                      if (!decoded) return false;
                      const std::string encoded = encode_reversal_totals(*decoded);
                      CHECK_OR_DIE(encoded == input, "totals have two forms");
                      return true;
                    }};
  FuzzTarget json{
      "json",
      {R"({"a":[1,-2,0.5,1e3,"\u00e9\ud83d\ude00\n",true,null],"b":{"金额":9007199254740993}})",
       R"([{},[],"",-9223372036854775808,18446744073709551615])"},
      read_json};

  // A small book has something of everything.
  RandomBook book(7, 100);
  book.run(250);
  book.close();
  const auto store = open_rocks(book.folder() / "db", RocksOptions{false, true});
  REQUIRE(store);
  const auto each = [&](Table table, const auto& take) {
    const auto cursor = store.value()->cursor(table);
    for (cursor->seek(""); cursor->valid(); cursor->next()) take(cursor->key(), cursor->value());
  };
  each(Table::kJournal, [&](std::string_view, std::string_view value) {
    const auto parsed = Block::parse(std::string(value)).value();
    block.seeds.emplace_back(value);
    std::string packed(1, static_cast<char>(parsed->record_count()));
    pack_records(parsed->records(), packed);
    records.seeds.push_back(packed);
  });
  each(Table::kEntries, [&](auto key, auto value) { entries.seeds.push_back(joined(key, value)); });
  each(Table::kIds, [&](auto key, auto value) { ids.seeds.push_back(joined(key, value)); });
  each(Table::kIdFilter, [&](auto key, auto value) {
    if (key[0] == 'r') runs.seeds.push_back(joined(key, value));
  });
  each(Table::kAccounts, [&](auto, auto value) { accounts.seeds.emplace_back(value); });
  each(Table::kDocuments, [&](auto key, auto value) {
    if (key == kBookSnapshotKey) {
      snapshot.seeds.emplace_back(value);
      return;
    }
    const auto document = decode_document_row(key, value);
    if (!document) return;
    documents.seeds.push_back(joined(key, value));
    const auto keep = [&](FuzzTarget& target) { target.seeds.push_back(document->bytes); };
    if (document->kind == DocumentKind::kHold) keep(holds);
    if (document->kind == DocumentKind::kOrder) keep(orders);
    if (document->kind == DocumentKind::kRefund) keep(refunds);
    if (document->kind == DocumentKind::kPayout) keep(payouts);
    if (document->kind == DocumentKind::kReversalTotal) keep(totals);
  });
  return {block,    records, entries, ids,     runs,    accounts, documents,
          snapshot, holds,   orders,  refunds, payouts, totals,   json};
}

}  // namespace suanpan::test
