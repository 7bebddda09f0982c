#include "ledger/store/rocks_backup.h"

#include <rocksdb/db.h>
#include <rocksdb/utilities/backup_engine.h>

#include <algorithm>
#include <memory>

namespace suanpan {
namespace {

Error translate(const rocksdb::Status& status, const std::filesystem::path& folder) {
  const std::string text = status.ToString();
  if (status.IsNotFound())
    return fail(Errc::kNotFound, "{}: no such backup: {}", folder.string(), text);
  // A file of a backup that is gone or shorter is damage, not a failing disk.
  if (status.IsCorruption() || status.IsPathNotFound() || status.IsInvalidArgument())
    return fail(Errc::kCorrupt, "backup in {}: {}", folder.string(), text);
  return fail(Errc::kIo, "backup in {}: {}", folder.string(), text);
}

rocksdb::BackupEngineOptions engine_options(const std::filesystem::path& folder) {
  rocksdb::BackupEngineOptions options(folder.string());
  options.share_table_files = true;
  options.sync = true;
  options.backup_log_files = true;
  return options;
}

using Engine = std::unique_ptr<rocksdb::BackupEngine>;

Result<Engine> open_engine(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(Errc::kIo, "{}: {}", folder.string(), error.message());
  const auto options = engine_options(folder);
  rocksdb::BackupEngine* engine = nullptr;
  const rocksdb::Status status =
      rocksdb::BackupEngine::Open(options, rocksdb::Env::Default(), &engine);
  if (!status.ok()) return translate(status, folder);
  return Engine(engine);
}

}  // namespace

Result<std::uint32_t> rocks_back_up(rocksdb::DB& db, const std::filesystem::path& folder) {
  TRY(auto engine, open_engine(folder));
  rocksdb::CreateBackupOptions options;
  // The journal's newest blocks are in the log, which is copied; the rest is in table files.
  options.flush_before_backup = false;
  rocksdb::BackupID number = 0;
  const rocksdb::Status status = engine->CreateNewBackup(options, &db, &number);
  if (!status.ok()) return translate(status, folder);
  return number;
}

Result<void> rocks_keep_backups(const std::filesystem::path& folder,
                                const std::vector<std::uint32_t>& whole) {
  TRY(auto engine, open_engine(folder));
  std::vector<rocksdb::BackupInfo> present;
  engine->GetBackupInfo(&present);
  std::vector<rocksdb::BackupID> numbers;
  engine->GetCorruptedBackups(&numbers);
  for (const auto& info : present) numbers.push_back(info.backup_id);
  for (const rocksdb::BackupID number : numbers) {
    if (std::find(whole.begin(), whole.end(), number) != whole.end()) continue;
    if (const auto status = engine->DeleteBackup(number); !status.ok() && !status.IsNotFound())
      return translate(status, folder);
  }
  if (const auto status = engine->GarbageCollect(); !status.ok()) return translate(status, folder);
  return success();
}

Result<void> rocks_restore(const std::filesystem::path& folder, std::uint32_t number,
                           const std::filesystem::path& db) {
  // Backups may lie on a medium that cannot be written.
  rocksdb::BackupEngineReadOnly* opened = nullptr;
  const rocksdb::Status open =
      rocksdb::BackupEngineReadOnly::Open(engine_options(folder), rocksdb::Env::Default(), &opened);
  if (!open.ok()) return translate(open, folder);
  const std::unique_ptr<rocksdb::BackupEngineReadOnly> engine(opened);
  if (const auto status = engine->VerifyBackup(number, true); !status.ok())
    return translate(status, folder);
  const rocksdb::Status status =
      engine->RestoreDBFromBackup(rocksdb::RestoreOptions(), number, db.string(), db.string());
  if (!status.ok()) return translate(status, folder);
  return success();
}

}  // namespace suanpan
