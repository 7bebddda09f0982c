#include "ledger/store/rocks_store.h"

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/sst_file_writer.h>
#include <rocksdb/table.h>

#include <array>
#include <atomic>

#include "ledger/store/format.h"
#include "ledger/store/guarded_files.h"
#include "ledger/store/log_tail.h"
#include "ledger/store/rocks_backup.h"

namespace suanpan {
namespace {

constexpr std::size_t kCacheBytes = 32 << 20;
constexpr std::string_view kBulkSuffix = ".bulk";  // sorted files that are not taken in yet

Error translate(const rocksdb::Status& status, std::string_view what) {
  const std::string text = status.ToString();
  // The folder's own name may hold the word "lock": only the engine's two sentences count.
  if (status.IsIOError() && (text.find("While lock file: ") != std::string::npos ||
                             text.find("lock hold by current process") != std::string::npos))
    return fail(Errc::kLocked, "{}: another process has this data directory open", what);
  // A file that the database names and that is not there is damage, too.
  if (status.IsCorruption() || status.IsPathNotFound())
    return fail(Errc::kCorrupt, "{}: {}", what, text);
  if (status.IsInvalidArgument() && text.find("does not exist") != std::string::npos)
    return fail(Errc::kNotFound, "{}: no database there", what);
  return fail(Errc::kIo, "{}: {}", what, text);
}

rocksdb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }

class RocksCursor final : public Cursor {
 public:
  explicit RocksCursor(rocksdb::Iterator* it) : it_(it) {}
  bool valid() const override { return it_->Valid(); }
  void seek(std::string_view key) override { it_->Seek(slice(key)); }
  void seek_for_prev(std::string_view key) override { it_->SeekForPrev(slice(key)); }
  void seek_to_last() override { it_->SeekToLast(); }
  void next() override { it_->Next(); }
  void prev() override { it_->Prev(); }
  std::string_view key() const override { return {it_->key().data(), it_->key().size()}; }
  std::string_view value() const override { return {it_->value().data(), it_->value().size()}; }
  Result<void> status() const override {
    if (!it_->status().ok()) return translate(it_->status(), "reading");
    return success();
  }

 private:
  std::unique_ptr<rocksdb::Iterator> it_;
};

class RocksBulkLoad final : public BulkLoad {
 public:
  RocksBulkLoad(rocksdb::DB& db, const std::vector<rocksdb::ColumnFamilyHandle*>& handles,
                std::filesystem::path prefix)
      : db_(db), handles_(handles), prefix_(std::move(prefix)) {}
  ~RocksBulkLoad() override {
    std::error_code ignored;
    for (std::size_t i = 0; i < files_.size(); ++i)
      if (files_[i]) std::filesystem::remove(path_of(i), ignored);
  }
  Result<void> add(Table table, std::string_view key, std::string_view value) override {
    TRY(auto file, file_of(table));
    return checked(file->Put(slice(key), slice(value)), table);
  }
  Result<void> erase(Table table, std::string_view key) override {
    TRY(auto file, file_of(table));
    return checked(file->Delete(slice(key)), table);
  }
  Result<void> finish() override {
    std::vector<rocksdb::IngestExternalFileArg> args;
    for (std::size_t i = 0; i < files_.size(); ++i) {
      if (!files_[i]) continue;
      TRY(checked(files_[i]->Finish(), static_cast<Table>(i)));
      rocksdb::IngestExternalFileArg& arg = args.emplace_back();
      arg.column_family = handles_[i];
      arg.external_files = {path_of(i)};
      arg.options.move_files = true;
      arg.options.write_global_seqno = false;
    }
    if (args.empty()) return success();
    return checked(db_.IngestExternalFiles(args), Table::kMeta);
  }

 private:
  std::string path_of(std::size_t table) const {
    return fmt::format("{}-{}{}", prefix_.string(), table, kBulkSuffix);
  }
  static Result<void> checked(const rocksdb::Status& status, Table table) {
    if (!status.ok()) return translate(status, name_of(table));
    return success();
  }
  Result<rocksdb::SstFileWriter*> file_of(Table table) {
    const auto i = static_cast<std::size_t>(table);
    if (!files_[i]) {
      files_[i] = std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions(),
                                                           db_.GetOptions(handles_[i]), handles_[i],
                                                           /*invalidate_page_cache=*/false);
      TRY(checked(files_[i]->Open(path_of(i)), table));
    }
    return files_[i].get();
  }

  rocksdb::DB& db_;
  const std::vector<rocksdb::ColumnFamilyHandle*>& handles_;
  std::filesystem::path prefix_;
  std::array<std::unique_ptr<rocksdb::SstFileWriter>, std::size(kTables)> files_;  // by Table
};

class RocksStore final : public KeyValueStore {
 public:
  static Result<std::unique_ptr<KeyValueStore>> open(const std::filesystem::path& folder,
                                                     const RocksOptions& options);
  ~RocksStore() override {
    for (rocksdb::ColumnFamilyHandle* handle : handles_) db_->DestroyColumnFamilyHandle(handle);
    if (db_) db_->Close();
  }

  Result<std::optional<std::string>> get(Table table, std::string_view key) const override {
    std::string value;
    const rocksdb::Status status = db_->Get({}, handle(table), slice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>{};
    if (!status.ok()) return translate(status, name_of(table));
    return std::optional(std::move(value));
  }

  Result<void> write(const WriteSet& writes, Durability durability) override {
    rocksdb::WriteBatch batch;
    for (const Write& w : writes) {
      const rocksdb::Status status = w.value
                                         ? batch.Put(handle(w.table), slice(w.key), slice(*w.value))
                                         : batch.Delete(handle(w.table), slice(w.key));
      if (!status.ok()) return translate(status, name_of(w.table));
    }
    rocksdb::WriteOptions options;
    options.sync = durability == Durability::kSynced;
    options.disableWAL = durability == Durability::kBackground;
    const rocksdb::Status status = db_->Write(options, &batch);
    if (!status.ok()) return translate(status, "writing");
    return success();
  }

  Result<void> put_synced(Table table, std::string_view key, std::string_view value) override {
    rocksdb::WriteOptions options;
    options.sync = true;
    const rocksdb::Status status = db_->Put(options, handle(table), slice(key), slice(value));
    if (!status.ok()) return translate(status, "writing");
    return success();
  }

  std::unique_ptr<BulkLoad> bulk_load() override {
    return std::make_unique<RocksBulkLoad>(*db_, handles_,
                                           folder_ / std::to_string(next_load_.fetch_add(1)));
  }

  std::unique_ptr<Cursor> cursor(Table table) const override {
    rocksdb::ReadOptions options;
    options.total_order_seek = true;
    // Nothing deletes ranges here; and a cursor that looks for such deletions ends without an error
    // where the next file of a level is damaged (RocksDB 7.8.3, MergingIterator::SkipNextDeleted).
    options.ignore_range_deletions = true;
    return std::make_unique<RocksCursor>(db_->NewIterator(options, handle(table)));
  }

  Result<void> flush() override {
    const rocksdb::Status status = db_->Flush({}, handles_);
    if (!status.ok()) return translate(status, "flushing");
    return success();
  }

  Result<void> compact(Table table, const std::string& until) override {
    const std::uint64_t wanted = room_to_compact(table, until);
    std::uint64_t room = 0;
    const rocksdb::Status asked = env_->GetFreeSpace(folder_.string(), &room);
    if (!asked.ok()) return translate(asked, "asking for the room on the disk");
    if (room < wanted)
      return fail(Errc::kUnavailable, "{}: compacting wants {} bytes free, there are {}",
                  name_of(table), wanted, room);
    rocksdb::CompactRangeOptions options;
    options.exclusive_manual_compaction = false;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
    const rocksdb::Slice end = slice(until);
    const rocksdb::Status status =
        db_->CompactRange(options, handle(table), nullptr, until.empty() ? nullptr : &end);
    if (status.IsIncomplete())
      return fail(Errc::kUnavailable, "{}: compacting was broken off", name_of(table));
    if (!status.ok()) return translate(status, name_of(table));
    return success();
  }

  void stop_compacting() override { db_->DisableManualCompaction(); }

  Result<std::uint32_t> back_up(const std::filesystem::path& folder) override {
    return rocks_back_up(*db_, folder);
  }

  std::uint64_t disk_bytes() const override {
    std::uint64_t total = 0;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder_, ignored))
      if (entry.is_regular_file(ignored)) total += entry.file_size(ignored);
    return total;
  }

 private:
  // What is compacted is written anew before the old goes: the files with rows up to the key,
  // whole, and a quarter more for what is written meanwhile.
  std::uint64_t room_to_compact(Table table, const std::string& until) const {
    rocksdb::ColumnFamilyMetaData meta;
    db_->GetColumnFamilyMetaData(handle(table), &meta);
    // A table that is merged by size is merged whole, whatever the key.
    const bool all = until.empty() || db_->GetOptions(handle(table)).compaction_style ==
                                          rocksdb::kCompactionStyleUniversal;
    std::uint64_t bytes = 0;
    for (const rocksdb::LevelMetaData& level : meta.levels)
      for (const rocksdb::SstFileMetaData& file : level.files)
        if (all || file.smallestkey <= until) bytes += file.size;
    return bytes + bytes / 4;
  }
  rocksdb::ColumnFamilyHandle* handle(Table table) const {
    return handles_[static_cast<std::size_t>(table)];
  }

  std::filesystem::path folder_;
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;  // by Table
  std::atomic<std::uint64_t> next_load_{0};
};

rocksdb::ColumnFamilyOptions table_options(Table table,
                                           const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::ColumnFamilyOptions options;
  rocksdb::BlockBasedTableOptions format;
  format.block_cache = cache;
  format.block_size = 16 << 10;
  format.format_version = 5;
  options.write_buffer_size = 8 << 20;
  options.max_write_buffer_number = 4;
  // Writing waits for the projector, which has its own back-pressure, never for tidying up.
  options.level0_slowdown_writes_trigger = 1000;
  options.level0_stop_writes_trigger = 2000;
  switch (table) {
    case Table::kJournal:  // packed already; its files follow one another, so they are only moved
      options.compression = rocksdb::kNoCompression;
      options.write_buffer_size = 32 << 20;
      break;
    case Table::kEntries:
    case Table::kBusinessKeys:
      // Packed already. Every load covers all accounts, or buckets, so a merge copies all that it
      // takes: loads wait until 32 runs have come together, and are merged with what is not much
      // larger. An entry is copied about once in a hundred loads and twice in a thousand; merging
      // from eight runs on copied it twice as often. A page of a statement asks every run: 0.25 ms
      // in place of 0.1 ms in the middle.
      options.compression = rocksdb::kNoCompression;
      options.compaction_style = rocksdb::kCompactionStyleUniversal;
      options.level0_file_num_compaction_trigger = 32;
      options.compaction_options_universal.size_ratio = 5;
      options.compaction_options_universal.min_merge_width = 4;
      options.compaction_options_universal.max_size_amplification_percent = 1'000'000;
      break;
    case Table::kIds:  // packed already; each load has keys of its own
    case Table::kIdFilter:
      options.compression = rocksdb::kNoCompression;
      break;
    case Table::kDocuments:
      options.compression = rocksdb::kLZ4Compression;
      format.filter_policy.reset(rocksdb::NewBloomFilterPolicy(12));
      options.memtable_whole_key_filtering = true;
      options.memtable_prefix_bloom_size_ratio = 0.05;
      break;
    case Table::kAccounts:  // every load is merged with the whole level below: seldom, then
      options.level0_file_num_compaction_trigger = 8;
      options.compression = rocksdb::kLZ4Compression;
      break;
    case Table::kMeta:
    case Table::kRollUps:
      options.compression = rocksdb::kLZ4Compression;
      break;
  }
  options.table_factory.reset(rocksdb::NewBlockBasedTableFactory(format));
  return options;
}

/// For a store that is only read: it writes nothing, its own log neither.
class NoLog final : public rocksdb::Logger {
 public:
  void Logv(const char*, va_list) override {}
};

rocksdb::DBOptions database_options(bool create, bool read_only, rocksdb::Env* env) {
  rocksdb::DBOptions options;
  options.env = env;
  if (read_only) options.info_log = std::make_shared<NoLog>();
  options.create_if_missing = create;
  options.create_missing_column_families = create;
  options.paranoid_checks = true;
  // Tables that are not logged reach the disk together, so their stamps never drift apart far.
  options.atomic_flush = true;
  // A failed write or sync is final: nothing is resumed behind our back while we end.
  options.max_bgerror_resume_count = 0;
  options.max_background_jobs = 2;
  options.max_total_wal_size = 512 << 20;
  options.bytes_per_sync = 1 << 20;
  options.keep_log_file_num = 2;
  options.info_log_level = rocksdb::WARN_LEVEL;
  return options;
}

Result<std::unique_ptr<KeyValueStore>> RocksStore::open(const std::filesystem::path& folder,
                                                        const RocksOptions& options) {
  const auto cache = rocksdb::NewLRUCache(kCacheBytes);
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const Table table : kTables)
    families.emplace_back(
        table == Table::kMeta ? rocksdb::kDefaultColumnFamilyName : name_of(table),
        table_options(table, cache));
  auto store = std::make_unique<RocksStore>();
  store->folder_ = folder;
  store->env_ = rocksdb::NewCompositeEnv(guarded_files(
      options.files ? options.files : rocksdb::FileSystem::Default(), std::string(kBulkSuffix)));
  rocksdb::DB* db = nullptr;
  const auto open_with = [&](rocksdb::WALRecoveryMode mode) {
    rocksdb::DBOptions database = database_options(options.create && !options.read_only,
                                                   options.read_only, store->env_.get());
    database.wal_recovery_mode = mode;
    return options.read_only
               ? rocksdb::DB::OpenForReadOnly(database, folder.string(), families, &store->handles_,
                                              &db)
               : rocksdb::DB::Open(database, folder.string(), families, &store->handles_, &db);
  };
  rocksdb::Status status = open_with(rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords);
  // Who only reads may have come upon a record that another process was just writing.
  for (int looks = options.read_only ? 3 : 1; status.IsCorruption() && looks > 0; --looks) {
    TRY(const bool torn, only_tail_is_torn(folder));
    if (torn)
      status = open_with(rocksdb::WALRecoveryMode::kPointInTimeRecovery);
    else if (options.read_only)
      status = open_with(rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords);
  }
  if (!status.ok()) return translate(status, folder.string());
  store->db_.reset(db);
  if (!options.read_only) {
    // Loads that a crash cut short.
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored))
      if (entry.path().extension() == kBulkSuffix) std::filesystem::remove(entry.path(), ignored);
  }
  if (options.keep_format) {
    TRY(known_format(*store));
    return std::unique_ptr<KeyValueStore>(std::move(store));
  }
  if (options.before_steps && !options.read_only) {
    TRY(const bool older, has_older_format(*store));
    if (older) {
      TRY(options.before_steps(*store));
    }
  }
  TRY(bring_to_format(*store, !options.read_only));
  return std::unique_ptr<KeyValueStore>(std::move(store));
}

}  // namespace

Result<std::unique_ptr<KeyValueStore>> open_rocks(const std::filesystem::path& folder,
                                                  const RocksOptions& options) {
  std::error_code error;
  if (!options.create && !std::filesystem::exists(folder, error))
    return fail(Errc::kNotFound, "{}: no database there", folder.string());
  if (options.create) std::filesystem::create_directories(folder, error);
  if (error) return fail(Errc::kIo, "{}: {}", folder.string(), error.message());
  // Without its root file the engine would take the folder for an empty one and begin anew over
  // what is left. A manifest alone is a database whose making was cut short.
  if (!std::filesystem::exists(folder / "CURRENT", error))
    for (const auto& entry : std::filesystem::directory_iterator(folder, error))
      if (entry.path().extension() == ".sst" || entry.path().extension() == ".log")
        return fail(Errc::kCorrupt, "{}: the database has lost its file CURRENT", folder.string());
  return RocksStore::open(folder, options);
}

}  // namespace suanpan
