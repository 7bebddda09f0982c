#include "ledger/store/archived_part.h"

#include "ledger/store/block.h"
#include "ledger/store/entry_rows.h"

namespace suanpan {
namespace {

constexpr std::string_view kPartKey = "archived";
constexpr std::string_view kBaseKey = "archived.base";
constexpr std::string_view kRoomKey = "archived.room";
constexpr std::size_t kWriteBytes = 4 << 20;
constexpr std::size_t kRowBytes = 64;  // of a deletion, roughly

std::string encode(const ArchivedPart& part) {
  std::string row = big_endian(part.until);
  row.push_back(part.done ? 1 : 0);
  row += big_endian(static_cast<std::uint32_t>(part.open_day.days), 4);
  row += big_endian(static_cast<std::uint64_t>(part.time.ns));
  row += bytes_of(part.hash);
  return row;
}

std::string base_prefix(std::uint64_t until) { return std::string(kBaseKey) + big_endian(until); }

// Gathers writes that may be lost: what is purged again after a crash is the same.
class Background {
 public:
  explicit Background(KeyValueStore& store) : store_(store) {}
  Result<void> add(Write write) {
    gathered_ += kRowBytes + (write.value ? write.value->size() : 0);
    writes_.push_back(std::move(write));
    if (gathered_ < kWriteBytes) return success();
    return flush();
  }
  Result<void> flush() {
    gathered_ = 0;
    return store_.write(std::exchange(writes_, {}), Durability::kBackground);
  }

 private:
  KeyValueStore& store_;
  WriteSet writes_;
  std::size_t gathered_ = 0;
};

Result<void> purge_blocks(KeyValueStore& store, const ArchivedPart& part,
                          const PurgeProgress& progress) {
  Background writes(store);
  const auto cursor = store.cursor(Table::kJournal);
  for (cursor->seek(""); cursor->valid(); cursor->next()) {
    if (from_big_endian(cursor->key()) > part.until) break;
    TRY(auto block, Block::parse(std::string(cursor->value())));
    if (block->archived()) continue;
    TRY(writes.add({Table::kJournal, std::string(cursor->key()), block->archived_form()}));
    if (progress) progress(block->last_seq(), part.until);
  }
  TRY(cursor->status());
  return writes.flush();
}

// A row that has one after it which begins in the archived part holds nothing that is asked for.
Result<void> purge_entries(KeyValueStore& store, const ArchivedPart& part) {
  Background writes(store);
  std::string before;  // the row before, of the same account
  const auto cursor = store.cursor(Table::kEntries);
  for (cursor->seek(""); cursor->valid(); cursor->next()) {
    const std::string_view key = cursor->key();
    if (key.size() != 16) return fail(Errc::kCorrupt, "table entries: a row of another shape");
    const bool follows = before.substr(0, 4) == key.substr(0, 4);
    if (follows && first_position(key).seq <= part.until) {
      TRY(writes.add({Table::kEntries, std::move(before), std::nullopt}));
    }
    before = key;
  }
  TRY(cursor->status());
  return writes.flush();
}

/// Of what `verify` begins with: all that is not of `until`, or all that is.
Result<void> erase_bases(KeyValueStore& store, std::uint64_t until, bool of_it) {
  WriteSet writes;
  const auto cursor = store.cursor(Table::kMeta);
  for (cursor->seek(kBaseKey); cursor->valid() && cursor->key().starts_with(kBaseKey);
       cursor->next())
    if (cursor->key().starts_with(base_prefix(until)) == of_it)
      writes.push_back({Table::kMeta, std::string(cursor->key()), std::nullopt});
  TRY(cursor->status());
  return store.write(writes, Durability::kSynced);
}

}  // namespace

Result<ArchivedPart> read_archived_part(const KeyValueStore& store) {
  ArchivedPart part;
  TRY(auto row, store.get(Table::kMeta, kPartKey));
  if (!row) return part;
  const std::string_view bytes = *row;
  if (bytes.size() != 21 + part.hash.size())
    return fail(Errc::kCorrupt, "the row that tells what was archived does not decode");
  part.until = from_big_endian(bytes.substr(0, 8));
  part.done = bytes[8] != 0;
  part.open_day.days = static_cast<std::int32_t>(from_big_endian(bytes.substr(9, 4)));
  part.time.ns = static_cast<std::int64_t>(from_big_endian(bytes.substr(13, 8)));
  std::copy(bytes.begin() + 21, bytes.end(), reinterpret_cast<char*>(part.hash.data()));
  if (part.until == 0 || encode(part) != bytes)
    return fail(Errc::kCorrupt, "the row that tells what was archived does not decode");
  return part;
}

Result<std::string> read_archived_base(const KeyValueStore& store, std::uint64_t until) {
  std::string base;
  const std::string prefix = base_prefix(until);
  const auto cursor = store.cursor(Table::kMeta);
  std::uint64_t number = 0;
  for (cursor->seek(prefix); cursor->valid() && cursor->key().starts_with(prefix);
       cursor->next(), ++number) {
    if (cursor->key() != prefix + big_endian(number, 4))
      return fail(Errc::kCorrupt, "a part of what was archived is missing");
    base += cursor->value();
  }
  TRY(cursor->status());
  return base;
}

Result<void> begin_purge(KeyValueStore& store, const ArchivedPart& part, std::string_view base) {
  TRY(const ArchivedPart begun_before, read_archived_part(store));
  // Its base is whole, and a state that is purged already depends on it.
  if (begun_before.until == part.until && begun_before.hash == part.hash) return success();
  TRY(erase_bases(store, part.until, true));  // of a call that was cut short
  const std::string prefix = base_prefix(part.until);
  for (std::uint64_t number = 0; !base.empty(); ++number) {
    const std::string_view piece = base.substr(0, kBasePartBytes);
    TRY(store.put_synced(Table::kMeta, prefix + big_endian(number, 4), piece));
    base.remove_prefix(piece.size());
  }
  ArchivedPart begun = part;
  begun.done = false;
  return store.put_synced(Table::kMeta, kPartKey, encode(begun));
}

Result<void> purge(KeyValueStore& store, const ArchivedPart& part, const PurgeProgress& progress) {
  TRY(purge_blocks(store, part, progress));
  TRY(purge_entries(store, part));
  TRY(store.flush());
  TRY(erase_bases(store, part.until, false));
  ArchivedPart done = part;
  done.done = true;
  return store.write({{Table::kMeta, std::string(kPartKey), encode(done)},
                      {Table::kMeta, std::string(kRoomKey) + big_endian(part.until), ""}},
                     Durability::kSynced);
}

Result<void> give_back_room(KeyValueStore& store, const ArchivedPart& part) {
  const auto entries = store.compact(Table::kEntries, {});
  TRY(store.compact(Table::kJournal, big_endian(part.until)));
  TRY(entries);
  // Of this part and of those before it. A later one may have begun to owe meanwhile.
  WriteSet writes;
  const auto cursor = store.cursor(Table::kMeta);
  for (cursor->seek(kRoomKey); cursor->valid() && cursor->key().starts_with(kRoomKey);
       cursor->next())
    if (from_big_endian(cursor->key().substr(kRoomKey.size())) <= part.until)
      writes.push_back({Table::kMeta, std::string(cursor->key()), std::nullopt});
  TRY(cursor->status());
  return store.write(writes, Durability::kSynced);
}

Result<bool> owes_room(const KeyValueStore& store) {
  const auto cursor = store.cursor(Table::kMeta);
  cursor->seek(kRoomKey);
  TRY(cursor->status());
  return cursor->valid() && cursor->key().starts_with(kRoomKey);
}

}  // namespace suanpan
