// The log is longer than what was written to it while records are small, and never afterwards.
#include "ledger/store/log_ahead.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <functional>

#include "ledger/store/guarded_files.h"
#include "ledger/store/log_tail.h"
#include "ledger/store/rocks_store.h"
#include "tests/support/live_copy.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

// A disk that fails when told to: a write then leaves half of its bytes, a cut nothing.
class Disk final : public rocksdb::FileSystemWrapper {
 public:
  Disk() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "Disk"; }
  bool no_room_for_records = false, no_room_for_zeros = false, no_cuts = false;
  int zeros_tried = 0;

  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    auto status = target()->NewWritableFile(name, options, file, context);
    if (status.ok()) *file = std::make_unique<Records>(std::move(*file), *this);
    return status;
  }
  rocksdb::IOStatus NewRandomRWFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSRandomRWFile>* file,
                                    rocksdb::IODebugContext* context) override {
    auto status = target()->NewRandomRWFile(name, options, file, context);
    if (status.ok()) *file = std::make_unique<Zeros>(std::move(*file), *this);
    return status;
  }

 private:
  struct Records final : rocksdb::FSWritableFileOwnerWrapper {
    Disk& disk;
    Records(std::unique_ptr<rocksdb::FSWritableFile>&& file, Disk& d)
        : FSWritableFileOwnerWrapper(std::move(file)), disk(d) {}
    using FSWritableFileOwnerWrapper::Append;
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* context) override {
      if (!disk.no_room_for_records) return target()->Append(data, options, context);
      REQUIRE(target()->Append({data.data(), data.size() / 2}, options, context).ok());
      return rocksdb::IOStatus::NoSpace();
    }
    rocksdb::IOStatus Truncate(std::uint64_t size, const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* context) override {
      return disk.no_cuts ? rocksdb::IOStatus::IOError()
                          : target()->Truncate(size, options, context);
    }
  };
  struct Zeros final : rocksdb::FSRandomRWFileOwnerWrapper {
    Disk& disk;
    Zeros(std::unique_ptr<rocksdb::FSRandomRWFile>&& file, Disk& d)
        : FSRandomRWFileOwnerWrapper(std::move(file)), disk(d) {}
    rocksdb::IOStatus Write(std::uint64_t at, const rocksdb::Slice& data,
                            const rocksdb::IOOptions& options,
                            rocksdb::IODebugContext* context) override {
      ++disk.zeros_tried;
      if (!disk.no_room_for_zeros) return target()->Write(at, data, options, context);
      REQUIRE(target()->Write(at, {data.data(), data.size() / 2}, options, context).ok());
      return rocksdb::IOStatus::NoSpace();
    }
  };
};

struct Log {
  std::shared_ptr<Disk> disk = std::make_shared<Disk>();
  LogsAhead logs;
  test::TempFolder folder;
  fs::path path = folder.path() / "000004.log";
  std::unique_ptr<rocksdb::FSWritableFile> file;
  std::string written;

  Log() {
    std::unique_ptr<rocksdb::FSWritableFile> made;
    REQUIRE(disk->NewWritableFile(path.string(), {}, &made, nullptr).ok());
    file = logs.write(std::move(made), disk, path.string());
  }
  void append(std::size_t bytes, char of) {
    const std::string record(bytes, of);
    REQUIRE(file->Append(record, {}, nullptr).ok());
    REQUIRE(file->Sync({}, nullptr).ok());
    written += record;
  }
  std::string on_disk() const {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
};

fs::path only_log(const fs::path& db) {
  fs::path found;
  for (const auto& entry : fs::directory_iterator(db))
    if (entry.path().extension() == ".log") found = entry.path();
  return found;
}

}  // namespace

TEST_CASE("log ahead: small records are written over a megabyte of zeros, renewed when used up") {
  Log log;
  log.append(100, 'a');
  CHECK(log.on_disk() == log.written + std::string(1'048'576, '\0'));
  log.append(60'000, 'b');
  CHECK(fs::file_size(log.path) == 100 + 1'048'576);  // the file did not grow
  CHECK(log.on_disk().substr(0, 60'100) == log.written);
  CHECK(log.on_disk().find_first_not_of('\0', 60'100) == std::string::npos);
  for (int i = 0; i < 17; ++i) log.append(60'000, static_cast<char>('c' + i));
  // 1,080,100 bytes: the eighteenth record ended beyond the first stretch.
  CHECK(log.on_disk() == log.written + std::string(1'048'576, '\0'));
  log.append(60'000, 'z');
  CHECK(fs::file_size(log.path) == 1'080'100 + 1'048'576);
  CHECK(log.disk->zeros_tried == 2);
}

TEST_CASE("log ahead: large records are written once") {
  Log log;
  log.append(65'537, 'a');
  CHECK(log.on_disk() == log.written);
  log.append(65'536, 'b');
  CHECK(log.on_disk() == log.written + std::string(1'048'576, '\0'));
  log.append(3'000'000, 'c');
  CHECK(log.on_disk() == log.written);
}

TEST_CASE("log ahead: a closed log ends with its last record") {
  Log log;
  log.append(5'000, 'a');
  REQUIRE(log.file->Close({}, nullptr).ok());
  CHECK(log.on_disk() == log.written);
}

TEST_CASE(
    "log ahead: zeros that find no room are tried again a megabyte later, and go at the end") {
  Log log;
  log.disk->no_room_for_zeros = true;
  for (int i = 0; i < 10; ++i) log.append(60'000, 'a');
  CHECK(log.disk->zeros_tried == 1);
  CHECK(fs::file_size(log.path) == 600'000);  // the half of them that stood there is used up
  log.disk->no_room_for_zeros = false;
  for (int i = 0; i < 8; ++i) log.append(60'000, 'b');
  CHECK(log.disk->zeros_tried == 1);
  log.append(60'000, 'c');  // 1,140,000 bytes: beyond 60,000 + 1,048,576
  CHECK(log.disk->zeros_tried == 2);
  CHECK(log.on_disk() == log.written + std::string(1'048'576, '\0'));

  Log other;
  other.disk->no_room_for_zeros = true;
  other.append(5'000, 'a');
  CHECK(fs::file_size(other.path) == 5'000 + 524'288);
  REQUIRE(other.file->Close({}, nullptr).ok());
  CHECK(other.on_disk() == other.written);
}

TEST_CASE("log ahead: a record that is written in part is not counted, and goes at the end") {
  Log log;
  log.append(5'000, 'a');
  log.disk->no_room_for_records = true;
  CHECK_FALSE(log.file->Append(std::string(300, 'b'), {}, nullptr).ok());
  CHECK(log.logs.end_of(log.path.string()) == 5'000u);
  CHECK(log.on_disk().substr(5'000, 151) == std::string(150, 'b') + '\0');
  REQUIRE(log.file->Close({}, nullptr).ok());
  CHECK(log.on_disk() == log.written);
}

TEST_CASE("log ahead: a log whose zeros cannot be cut off says so when it is closed") {
  Log log;
  log.append(5'000, 'a');
  log.disk->no_cuts = true;
  CHECK(log.file->Close({}, nullptr).IsIOError());
  CHECK(log.on_disk().substr(0, 5'000) == log.written);
}

TEST_CASE("log ahead: records that come with a checksum count as the others, and a cut log") {
  Log log;
  const std::string record(400, 'a');
  REQUIRE(log.file->Append(record, {}, rocksdb::DataVerificationInfo(), nullptr).ok());
  CHECK(log.on_disk() == record + std::string(1'048'576, '\0'));
  REQUIRE(log.file->Truncate(0, {}, nullptr).ok());
  CHECK(log.logs.end_of(log.path.string()) == 0u);
  CHECK(log.on_disk().empty());
  log.append(1, 'a');
  CHECK(log.disk->zeros_tried == 2);
}

TEST_CASE("log ahead: an open log is told to be as long as what was written to it") {
  Log log;
  log.append(5'000, 'a');
  CHECK(log.logs.end_of(log.path.string()) == 5'000u);
  log.append(70'000, 'b');
  CHECK(log.logs.end_of(log.path.string()) == 75'000u);
  CHECK(log.logs.end_of((log.folder.path() / "." / "000004.log").string()) == 75'000u);
  CHECK_FALSE(log.logs.end_of((log.folder.path() / "000005.log").string()));
  log.file.reset();
  CHECK_FALSE(log.logs.end_of(log.path.string()));
}

TEST_CASE("log ahead: the database hears that length of its log, and a backup ends there") {
  test::TempFolder folder;
  const auto files = guarded_files(rocksdb::FileSystem::Default(), ".bulk");
  const std::string path = (folder.path() / "000007.log").string();
  std::unique_ptr<rocksdb::FSWritableFile> file;
  REQUIRE(files->NewWritableFile(path, {}, &file, nullptr).ok());
  REQUIRE(file->Append(std::string(300, 'a'), {}, nullptr).ok());
  std::uint64_t size = 0;
  REQUIRE(files->GetFileSize(path, {}, &size, nullptr).ok());
  CHECK(size == 300);
  CHECK(fs::file_size(path) == 300 + 1'048'576);
  REQUIRE(file->Close({}, nullptr).ok());
  file.reset();
  REQUIRE(files->GetFileSize(path, {}, &size, nullptr).ok());
  CHECK(size == 300);

  auto store = open_rocks(folder.path() / "db", RocksOptions{true});
  REQUIRE(store);
  for (int i = 0; i < 10; ++i)
    REQUIRE(store.value()->put_synced(Table::kJournal, big_endian(i), std::string(1'000, 'j')));
  REQUIRE(store.value()->back_up(folder.path() / "backup"));
  int logs = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path() / "backup"))
    if (entry.path().filename().string().find(".log") != std::string::npos) {
      ++logs;
      CHECK(fs::file_size(entry.path()) < 20'000);
    }
  CHECK(logs == 1);
}

TEST_CASE("log ahead: zeros at the end are no torn record; with a byte among them they are") {
  Log log;
  log.append(1, '\0');  // an empty log of zeros
  CHECK_FALSE(only_tail_is_torn(log.folder.path()).value());
  std::fstream file(log.path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(70'000);
  file.put('x');
  file.close();
  CHECK(only_tail_is_torn(log.folder.path()).value());
}

TEST_CASE("log ahead: a store that was killed opens with all its records, however often") {
  test::TempFolder folder;
  fs::path db = folder.path() / "0";
  for (int life = 0; life < 4; ++life) {
    INFO("life " << life);
    const fs::path left = folder.path() / std::to_string(life + 1);
    {
      auto store = open_rocks(db, RocksOptions{life == 0});
      REQUIRE(store);
      for (int i = 0; i < 30; ++i)
        REQUIRE(store.value()->put_synced(Table::kJournal, big_endian(life * 30 + i),
                                          std::string(2'000, 'j')));
      CHECK(fs::file_size(only_log(db)) > 1'000'000);
      test::copy_live(db, left);
    }
    db = left;
    const auto store = open_rocks(left, RocksOptions{false, true});
    REQUIRE(store);
    std::uint64_t rows = 0;
    const auto cursor = store.value()->cursor(Table::kJournal);
    for (cursor->seek(""); cursor->valid(); cursor->next())
      CHECK(from_big_endian(cursor->key()) == rows++);
    CHECK(cursor->status());
    CHECK(rows == static_cast<std::uint64_t>((life + 1) * 30));
  }
}

namespace {

using OnRead = std::function<void(char*, std::size_t)>;

// Calls back, with its bytes, after a block of a log was read: to find its end, or to replay it.
class Watched final : public rocksdb::FileSystemWrapper {
 public:
  Watched(OnRead to_find, OnRead to_replay)
      : FileSystemWrapper(rocksdb::FileSystem::Default()),
        to_find_(std::move(to_find)),
        to_replay_(std::move(to_replay)) {}
  const char* Name() const override { return "Watched"; }
  rocksdb::IOStatus NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* context) override {
    auto status = target()->NewSequentialFile(name, options, file, context);
    if (status.ok() && name.ends_with(".log") && to_replay_)
      *file = std::make_unique<Replayed>(std::move(*file), to_replay_);
    return status;
  }
  rocksdb::IOStatus NewRandomAccessFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSRandomAccessFile>* file,
                                        rocksdb::IODebugContext* context) override {
    auto status = target()->NewRandomAccessFile(name, options, file, context);
    if (status.ok() && name.ends_with(".log") && to_find_)
      *file = std::make_unique<Looked>(std::move(*file), to_find_);
    return status;
  }

 private:
  struct Replayed final : rocksdb::FSSequentialFileOwnerWrapper {
    OnRead after;
    Replayed(std::unique_ptr<rocksdb::FSSequentialFile>&& file, OnRead f)
        : FSSequentialFileOwnerWrapper(std::move(file)), after(std::move(f)) {}
    rocksdb::IOStatus Read(std::size_t n, const rocksdb::IOOptions& options, rocksdb::Slice* result,
                           char* scratch, rocksdb::IODebugContext* context) override {
      auto status = target()->Read(n, options, result, scratch, context);
      if (result->size() > 0) after(const_cast<char*>(result->data()), result->size());
      return status;
    }
  };
  struct Looked final : rocksdb::FSRandomAccessFileOwnerWrapper {
    OnRead after;
    Looked(std::unique_ptr<rocksdb::FSRandomAccessFile>&& file, OnRead f)
        : FSRandomAccessFileOwnerWrapper(std::move(file)), after(std::move(f)) {}
    rocksdb::IOStatus Read(std::uint64_t from, std::size_t n, const rocksdb::IOOptions& options,
                           rocksdb::Slice* result, char* scratch,
                           rocksdb::IODebugContext* context) const override {
      auto status = target()->Read(from, n, options, result, scratch, context);
      if (result->size() > 0) after(const_cast<char*>(result->data()), result->size());
      return status;
    }
  };
  const OnRead to_find_, to_replay_;
};

}  // namespace

TEST_CASE("log ahead: who only reads beside the writer sees all until he came, and no hole") {
  const std::size_t bytes = GENERATE(100, 2'000, 20'000, 50'000);  // of a record
  CAPTURE(bytes);
  test::TempFolder folder;
  const auto writer = open_rocks(folder.path() / "db", RocksOptions{true});
  REQUIRE(writer);
  std::uint64_t written = 0;
  const auto write = [&](std::size_t at_least) {
    for (std::size_t sum = 0; sum < at_least; sum += bytes)
      REQUIRE(writer.value()->put_synced(Table::kJournal, big_endian(written++),
                                         std::string(bytes, 'j')));
  };
  write(70'000);
  const std::uint64_t before = written;
  RocksOptions reading{false, true};
  // More than a block and less than two: a hole begins and ends within a block.
  const OnRead go_on = [&](char*, std::size_t) {
    if (written < before + 1'000) write(40'000);
  };
  const bool while_looking = GENERATE(true, false);
  reading.files =
      std::make_shared<Watched>(while_looking ? go_on : OnRead{}, while_looking ? OnRead{} : go_on);
  const auto reader = open_rocks(folder.path() / "db", reading);
  REQUIRE(reader);
  CHECK(written > before);
  std::uint64_t rows = 0;
  const auto cursor = reader.value()->cursor(Table::kJournal);
  for (cursor->seek(""); cursor->valid(); cursor->next())
    CHECK(from_big_endian(cursor->key()) == rows++);
  CHECK(cursor->status());
  CHECK(rows >= before);
}

TEST_CASE("log ahead: who only reads while a record is being written looks again") {
  test::TempFolder folder;
  const auto writer = open_rocks(folder.path() / "db", RocksOptions{true});
  REQUIRE(writer);
  for (int i = 0; i < 10; ++i)
    REQUIRE(writer.value()->put_synced(Table::kJournal, big_endian(i), std::string(1'000, 'j')));
  int looks = 0;
  const bool once = GENERATE(true, false);
  RocksOptions reading{false, true};
  reading.files = std::make_shared<Watched>(
      [&](char* bytes, std::size_t size) {
        std::size_t end = size;
        while (end > 0 && bytes[end - 1] == '\0') --end;
        if (end == 0 || (++looks > 1 && once)) return;
        // Of the last record its end is not there yet.
        std::fill_n(bytes + end - 500, 500, '\0');
      },
      OnRead{});
  const auto reader = open_rocks(folder.path() / "db", reading);
  REQUIRE(reader.has_value() == once);
  if (!once) {
    CHECK(reader.error().code == Errc::kCorrupt);  // what stays so is damage
    CHECK(looks == 4);
    return;
  }
  CHECK(looks == 2);
  std::uint64_t rows = 0;
  const auto cursor = reader.value()->cursor(Table::kJournal);
  for (cursor->seek(""); cursor->valid(); cursor->next()) ++rows;
  CHECK(rows == 10);
}

TEST_CASE("log ahead: a log that is not being written reads as it is, zeros and all") {
  struct Row {
    std::size_t records, zeros;
  };
  for (const Row row : {Row{0, 0}, Row{0, 100'000}, Row{5, 0}, Row{5, 3}, Row{32'768, 0},
                        Row{32'768, 32'768}, Row{40'000, 0}, Row{40'000, 1'048'576}}) {
    CAPTURE(row.records, row.zeros);
    test::TempFolder folder;
    const std::string path = (folder.path() / "000004.log").string();
    const std::string bytes = std::string(row.records, 'a') + std::string(row.zeros, '\0');
    std::ofstream(path, std::ios::binary) << bytes;
    for (const std::size_t skipped : {0, 3, 32'770}) {
      if (skipped > bytes.size()) continue;
      const auto files = guarded_files(rocksdb::FileSystem::Default(), ".bulk");
      std::unique_ptr<rocksdb::FSSequentialFile> file;
      REQUIRE(files->NewSequentialFile(path, {}, &file, nullptr).ok());
      REQUIRE(file->Skip(skipped).ok());
      std::string all, block(32'768, '\0');
      for (rocksdb::Slice got("-"); !got.empty(); all.append(got.data(), got.size()))
        REQUIRE(file->Read(block.size(), {}, &got, block.data(), nullptr).ok());
      CHECK((all == bytes.substr(skipped)));
    }
  }
}
