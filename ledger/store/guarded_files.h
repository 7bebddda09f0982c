// The files below the database, with two holes of RocksDB's closed (seen in 7.8.3, each by making
// that operation fail):
//
// - When it takes a sorted file in and cannot read the file's first key, it goes on with empty
//   bounds. The file then lies in the wrong place for good, and nothing can be read in order.
// - When the manifest cannot be synced, it deletes the files that it was taking in. The manifest
//   may name them all the same, and then the database does not open any more.
//
// So: once a file that is being taken in could not be read, or the manifest not written or synced,
// the manifest stays as it is and no file is deleted. What was under way fails, and the process
// ends as after any failed write; the next opening tidies up. Thread-safe.
//
// The database's log is written as log_ahead.h says.
#pragma once
#include <rocksdb/file_system.h>

#include <memory>
#include <string>

namespace suanpan {

/// `suffix`: what the names of files on their way in end with.
std::shared_ptr<rocksdb::FileSystem> guarded_files(std::shared_ptr<rocksdb::FileSystem> files,
                                                   std::string suffix);

}  // namespace suanpan
