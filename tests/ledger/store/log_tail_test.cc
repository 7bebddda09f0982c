// Which log of several may be torn: one behind which only empty ones stand, and such as a recovery
// began.
#include "ledger/store/log_tail.h"

#include <rocksdb/file_system.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <utility>

#include "ledger/base/digest.h"
#include "ledger/store/rocks_store.h"
#include "tests/support/live_copy.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

// A store of ten rows as a crash leaves it.
struct Left {
  test::TempFolder folder;
  fs::path db = folder.path() / "left", log;
  std::string whole;  // its log without zeros; the last record ends in a letter

  Left() {
    auto store = open_rocks(folder.path() / "db", RocksOptions{true});
    REQUIRE(store);
    for (int i = 0; i < 10; ++i)
      REQUIRE(store.value()->put_synced(Table::kJournal, big_endian(i), std::string(1'000, 'j')));
    test::copy_live(folder.path() / "db", db);
    for (const auto& entry : fs::directory_iterator(db))
      if (entry.path().extension() == ".log") log = entry.path();
    std::ifstream in(log, std::ios::binary);
    whole.assign(std::istreambuf_iterator<char>(in), {});
    whole.resize(whole.find_last_not_of('\0') + 1);
    REQUIRE(whole.size() > 10'000);
  }
};

std::string fragment(std::uint8_t type, const std::string& bytes) {
  const std::string covered = static_cast<char>(type) + bytes;
  const std::uint32_t crc = crc32c(covered);
  const std::uint32_t masked = ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
  const auto length = static_cast<std::uint16_t>(bytes.size());
  std::string made(6, '\0');
  std::memcpy(made.data(), &masked, 4);
  std::memcpy(made.data() + 4, &length, 2);
  return made + covered;
}

// Calls back once, when a new manifest is about to be made.
class AtTheManifest final : public rocksdb::FileSystemWrapper {
 public:
  explicit AtTheManifest(std::function<void()> then)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), then_(std::move(then)) {}
  const char* Name() const override { return "AtTheManifest"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* context) override {
    if (name.find("/MANIFEST-") != std::string::npos)
      if (const auto then = std::exchange(then_, {})) then();
    return target()->NewWritableFile(name, options, file, context);
  }

 private:
  std::function<void()> then_;
};

}  // namespace

TEST_CASE("log tail: behind a torn log only empty ones, and such as a recovery began, may stand") {
  const std::string whole = Left().whole;
  std::string torn = whole, damaged = whole;
  torn.replace(torn.size() - 600, 600, std::string(600, '\0'));
  damaged[5'000] = static_cast<char>(damaged[5'000] ^ 1);
  const std::string ahead(1 << 20, '\0');
  // What RocksDB writes first after it dropped a torn record: a batch of no rows. Two rows made the
  // store, one to ten are whole but for the tenth: the next sequence is 12.
  const std::string mark = fragment(1, std::string("\x0c\0\0\0\0\0\0\0\0\0\0\0", 12));
  const std::string later = fragment(1, std::string("\x0d\0\0\0\0\0\0\0\0\0\0\0", 12));
  const std::string earlier = fragment(1, std::string("\x0b\0\0\0\0\0\0\0\0\0\0\0", 12));
  const std::string one_row = fragment(1, std::string("\x0c\0\0\0\0\0\0\0\1\0\0\0", 12));
  const std::string row = fragment(1, std::string(500, 'r'));
  // The last whole batch begins eight bytes before a block's end, within its header.
  const std::string parted = fragment(1, std::string(32'746, 'r')) +
                             fragment(2, std::string(8, 'b')) + fragment(4, std::string(92, 'b'));
  struct Row {
    const char* what;
    std::map<std::string, std::string> logs;
    bool only_tail;
  };
  const Row rows[] = {
      {"no log", {}, false},
      {"an empty one", {{"000004", ""}}, false},
      {"a whole one", {{"000004", whole}}, false},
      {"a whole one, zeros ahead", {{"000004", whole + ahead}}, false},
      {"a torn one", {{"000004", torn}}, true},
      {"a torn one, zeros ahead", {{"000004", torn + ahead}}, true},
      {"a damaged one", {{"000004", damaged}}, false},
      {"a torn one after a whole one", {{"000004", whole}, {"000009", torn}}, true},
      {"a torn one after zeros", {{"000004", whole + ahead}, {"000009", torn}}, true},
      {"a torn one after a damaged one", {{"000004", damaged}, {"000009", torn}}, false},
      {"a torn one before a whole one", {{"000004", torn}, {"000009", whole}}, false},
      {"a torn one before another", {{"000004", torn}, {"000009", torn}}, false},
      {"a torn one before an empty one", {{"000004", torn}, {"000009", ""}}, true},
      {"a torn one before zeros", {{"000004", torn + ahead}, {"000009", ahead}}, true},
      {"a torn one before a recovery's mark", {{"000004", torn}, {"000009", mark}}, true},
      {"before its mark and zeros", {{"000004", torn + ahead}, {"000009", mark + ahead}}, true},
      {"before two", {{"000004", torn}, {"000009", mark}, {"000012", mark + ahead}}, true},
      {"before its mark, and damage",
       {{"000004", torn}, {"000009", mark}, {"000012", damaged}},
       false},
      {"before its mark, a row and a torn one",
       {{"000004", torn}, {"000009", mark + row + row.substr(0, 300) + ahead}},
       true},
      {"before the mark of a longer one", {{"000004", torn}, {"000009", later}}, false},
      {"before the mark of a shorter one", {{"000004", torn}, {"000009", earlier}}, false},
      {"after a batch of no known sequence, before a mark",
       {{"000004", parted + row.substr(0, 300) + ahead}, {"000009", mark}},
       true},
      {"torn at its first record, before a mark",
       {{"000004", whole.substr(0, 40)}, {"000009", later}},
       true},
      {"before a row that is no mark", {{"000004", torn}, {"000009", row}}, false},
      {"before one whose second block begins as a mark does",
       {{"000004", torn}, {"000009", fragment(1, std::string(32'761, 'r')) + mark}},
       false},
      {"before a mark that has a row", {{"000004", torn}, {"000009", one_row}}, false},
      {"a damaged one before a mark", {{"000004", damaged}, {"000009", mark}}, false},
      {"a whole one before a mark", {{"000004", whole}, {"000009", mark}}, false},
      {"the number counts, not the name", {{"999999", whole}, {"1000000", torn}}, true},
      {"a lower number with a higher name", {{"999999", torn}, {"1000000", whole}}, false},
  };
  for (const Row& row : rows) {
    CAPTURE(row.what);
    test::TempFolder folder;
    for (const auto& [name, bytes] : row.logs)
      std::ofstream(folder.path() / (name + ".log"), std::ios::binary) << bytes;
    const auto judged = only_tail_is_torn(folder.path());
    REQUIRE(judged);
    CHECK(judged.value() == row.only_tail);
  }
}

TEST_CASE("log tail: a book whose first opening after a loss of power was cut short opens") {
  const Left left;
  std::ofstream(left.log, std::ios::binary)
      << left.whole.substr(0, left.whole.size() - 600) << std::string(1 << 20, '\0');
  // Before the manifest says that the torn log is done with, and no longer.
  const fs::path again = left.folder.path() / "again";
  RocksOptions watched;
  watched.files = std::make_shared<AtTheManifest>([&] { fs::copy(left.db, again); });
  REQUIRE(open_rocks(left.db, watched));
  REQUIRE(fs::exists(again));
  int logs = 0;
  for (const auto& entry : fs::directory_iterator(again))
    logs += entry.path().extension() == ".log";
  REQUIRE(logs == 2);
  CHECK(only_tail_is_torn(again).value());
  for (const bool read_only : {true, false}) {
    const auto store = open_rocks(again, RocksOptions{false, read_only});
    REQUIRE(store);
    std::uint64_t rows = 0;
    const auto cursor = store.value()->cursor(Table::kJournal);
    for (cursor->seek(""); cursor->valid(); cursor->next())
      CHECK(from_big_endian(cursor->key()) == rows++);
    CHECK(cursor->status());
    CHECK(rows == 9);
  }
}

TEST_CASE("log tail: a folder that is not there is told") {
  test::TempFolder folder;
  const auto judged = only_tail_is_torn(folder.path() / "none");
  REQUIRE_FALSE(judged);
  CHECK(judged.error().code == Errc::kIo);
}
