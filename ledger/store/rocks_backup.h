// RocksDB's backup engine, for store/backup.cc alone: numbered copies of a database in a folder,
// files with checksums, shared between the numbers.
#pragma once
#include <filesystem>
#include <vector>

#include "ledger/base/result.h"

namespace rocksdb {
class DB;
}

namespace suanpan {

/// Returns the new backup's number. Errors: kIo, kCorrupt.
Result<std::uint32_t> rocks_back_up(rocksdb::DB& db, const std::filesystem::path& folder);
/// Forgets all backups whose number is not in `whole`, and files that belong to none.
Result<void> rocks_keep_backups(const std::filesystem::path& folder,
                                const std::vector<std::uint32_t>& whole);
/// Copies a backup to an empty folder, holding every file against its checksum. Errors: kNotFound,
/// kCorrupt, kIo.
Result<void> rocks_restore(const std::filesystem::path& folder, std::uint32_t number,
                           const std::filesystem::path& db);

}  // namespace suanpan
