// A log that is longer than what was written to it: a stretch of zeros stands ahead of the end, and
// small records are written over it. A sync then has the bytes to bring to the disk and nothing
// else; of a file that grows with each record it has to write the inode again, through the file
// system's own journal (ext4: 210 µs a sync in place of 137 µs).
//
// Large records pay for the inode themselves and are not worth writing twice. What is ahead goes
// when the file is closed; after a crash it stays, and reads as the end: RocksDB passes zeros over,
// and log_tail.h knows them.
#pragma once
#include <rocksdb/file_system.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace suanpan {

inline constexpr std::uint64_t kLogAheadBytes = 1 << 20;
inline constexpr std::uint64_t kSmallRecordBytes = 64 << 10;

/// The logs of one database that are being written. Thread-safe; outlives none of its files.
class LogsAhead {
 public:
  /// `file`, just made by `files` under this path, written so.
  std::unique_ptr<rocksdb::FSWritableFile> write(std::unique_ptr<rocksdb::FSWritableFile> file,
                                                 std::shared_ptr<rocksdb::FileSystem> files,
                                                 const std::string& path);
  /// Where what was written to a log ends, while it is open. Whoever copies a log that is being
  /// written goes no further: beyond, records come in place of zeros while he reads.
  std::optional<std::uint64_t> end_of(const std::string& path) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::weak_ptr<std::atomic<std::uint64_t>>> ends_;  // by name in its folder
};

/// Makes `file`, a log opened for reading under `path`, end where it ends now: zeros stay zeros
/// where they were seen. Otherwise another process may write records behind the reader's back, and
/// the reader meets the middle of one where it saw zeros before: damage, to RocksDB.
rocksdb::IOStatus log_at_a_moment(rocksdb::FileSystem& files, const std::string& path,
                                  std::unique_ptr<rocksdb::FSSequentialFile>* file);

}  // namespace suanpan
