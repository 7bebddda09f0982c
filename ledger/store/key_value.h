// What the store asks of a key-value engine: ordered tables, atomic writes in two strengths,
// cursors. RocksStore is the one that ships; MemoryStore is the reference that tests compare it
// with.
//
// Thread-safe. Every error is final for the process that meets one on a write: it stops answering,
// exits and reopens.
#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/result.h"

namespace suanpan {

enum class Table : std::uint8_t {
  kMeta,
  kJournal,
  kAccounts,
  kEntries,
  kDocuments,
  kIds,
  kIdFilter,
  kRollUps,
  kBusinessKeys,
};
inline constexpr Table kTables[] = {Table::kMeta,     Table::kJournal,   Table::kAccounts,
                                    Table::kEntries,  Table::kDocuments, Table::kIds,
                                    Table::kIdFilter, Table::kRollUps,   Table::kBusinessKeys};
const char* name_of(Table table);

enum class Durability : std::uint8_t {
  kSynced,  ///< on stable storage before the call returns
  /// Not logged: after a crash a table holds a prefix of what was written so. What was synced later
  /// may be there without it.
  kBackground,
};

struct Write {
  Table table;
  std::string key;
  std::optional<std::string> value;  ///< nothing deletes
};
using WriteSet = std::vector<Write>;

/// Many rows on their way into the store as sorted files. Nothing is seen of them before finish(),
/// and nothing stays of them without it. One owner.
class BulkLoad {
 public:
  virtual ~BulkLoad() = default;
  /// Within a table keys must rise, and none may be in a write() that the same table got.
  virtual Result<void> add(Table table, std::string_view key, std::string_view value) = 0;
  virtual Result<void> erase(Table table, std::string_view key) = 0;
  /// Takes everything in as one, on stable storage.
  virtual Result<void> finish() = 0;
};

/// Walks one table as of the moment the cursor was made.
class Cursor {
 public:
  virtual ~Cursor() = default;
  virtual bool valid() const = 0;
  virtual void seek(std::string_view key) = 0;           ///< the first key >= `key`
  virtual void seek_for_prev(std::string_view key) = 0;  ///< the last key <= `key`
  virtual void seek_to_last() = 0;
  virtual void next() = 0;
  virtual void prev() = 0;
  virtual std::string_view key() const = 0;
  virtual std::string_view value() const = 0;
  /// An invalid cursor is at an end, or has failed: ask.
  virtual Result<void> status() const = 0;
};

class KeyValueStore {
 public:
  virtual ~KeyValueStore() = default;
  /// The value as it was last written, by this process also in the background; nothing if there is
  /// none. Errors: kCorrupt, kIo.
  virtual Result<std::optional<std::string>> get(Table table, std::string_view key) const = 0;
  /// All of it or nothing, in the order given. Errors: kCorrupt, kIo.
  virtual Result<void> write(const WriteSet& writes, Durability durability) = 0;
  /// One row, on stable storage before the call returns. Errors: as of write().
  virtual Result<void> put_synced(Table table, std::string_view key, std::string_view value) = 0;
  virtual std::unique_ptr<BulkLoad> bulk_load() = 0;
  virtual std::unique_ptr<Cursor> cursor(Table table) const = 0;
  /// Brings everything written in the background to stable storage. Errors: as of write().
  virtual Result<void> flush() = 0;
  /// Gives back the room of what a table held up to a key (empty: all) and holds no more. Errors:
  /// kUnavailable, and nothing is done, where there is no room to do it; and, with part of it done,
  /// where stop_compacting() came.
  virtual Result<void> compact(Table, const std::string& /*until*/) { return success(); }
  /// Ends a compact() that another thread is in, and refuses every later one: before closing.
  virtual void stop_compacting() {}
  /// Copies what it holds now to a folder of backups (store/backup.h) while it is being written;
  /// returns the copy's number. Errors: kUnsupported where a store has no such thing.
  virtual Result<std::uint32_t> back_up(const std::filesystem::path& folder) {
    return fail(Errc::kUnsupported, "{}: this store takes no backups", folder.string());
  }
  /// Bytes on disk, for measurements; 0 where it has no meaning.
  virtual std::uint64_t disk_bytes() const = 0;
};

/// Integers as big-endian bytes, which sort as the numbers do.
inline std::string big_endian(std::uint64_t value, int bytes = 8) {
  std::string out;
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(value >> shift));
  return out;
}
inline std::uint64_t from_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

}  // namespace suanpan
