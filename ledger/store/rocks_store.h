// The key-value store on RocksDB. Beside it that engine is known to rocks_backup.h, log_ahead.h and
// guarded_files.h alone.
//
// A torn tail of the log is dropped, any other damage refuses to open: recovery mode is
// kTolerateCorruptedTailRecords, and where that refuses log_tail.h judges whether the last record
// is all that is wrong. That nothing acknowledged is dropped with the tail is the head file's to
// see.
#pragma once
#include <filesystem>
#include <functional>

#include "ledger/store/key_value.h"

namespace rocksdb {
class FileSystem;
}

namespace suanpan {

struct RocksOptions {
  bool create = false;  ///< make the database if it is missing
  bool read_only = false;
  std::shared_ptr<rocksdb::FileSystem> files;  ///< what it works on; null: the machine's
  /// Asked before an older format is brought up; an error leaves it as it is, and is returned.
  std::function<Result<void>(const KeyValueStore&)> before_steps;
  /// An older format stays as old as it is, and no row is written: for who copies the book.
  bool keep_format = false;
};

/// Opens the database in `folder`. Errors: kLocked (another process has it), kNotFound, kCorrupt,
/// kUnsupported (a newer format), kIo.
Result<std::unique_ptr<KeyValueStore>> open_rocks(const std::filesystem::path& folder,
                                                  const RocksOptions& options);

}  // namespace suanpan
