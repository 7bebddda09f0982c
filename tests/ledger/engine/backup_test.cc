// Backups while the book runs, restored whole or to a point, and what is not whole refused.
#include "ledger/store/backup.h"

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

#include "ledger/store/rocks_store.h"
#include "tests/support/kept_book.h"
#include "tests/support/live_copy.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

using Catch::Matchers::Contains;
using test::fault_in;

Restored restored(const fs::path& from, const fs::path& to, const RestorePoint& until = {},
                  std::uint32_t number = 0) {
  auto done = restore_backup(from, to, until, number);
  if (!done) FAIL(done.error().message);
  return done.value();
}

std::vector<fs::path> files_in(const fs::path& folder, const char* extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() == extension)
      files.push_back(entry.path());
  return files;
}

std::size_t entries_of(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator{}));
}

// The private keys are brought separately: they are in no backup.
void bring_keys(const fs::path& from, const fs::path& to) {
  fs::copy_file(from / "root.key", to / "root.key");
}

}  // namespace

TEST_CASE("backup: a running book's backup, restored, is a prefix that verifies and goes on") {
  test::TempFolder folder;
  test::KeptBook kept(folder.path() / "book", true, 50);
  kept.open();
  kept.post(100);
  kept.cut_day();
  std::atomic<bool> stop{false};
  // Commands go on while the copying is under way.
  std::thread poster([&] {
    while (!stop) kept.post(1);
  });
  const auto backup = kept.book().back_up(folder.path() / "backups");
  const std::uint64_t after = kept.last_seq();
  stop = true;
  poster.join();
  REQUIRE(backup);
  kept.cut_day();
  kept.close();
  const Restored copy = restored(folder.path() / "backups", folder.path() / "copy");
  CHECK(copy.head.seq >= backup.value().head.seq);
  CHECK(copy.head.seq <= after + 100);
  CHECK_FALSE(copy.cut);
  CHECK(fault_in(folder.path() / "copy") == "");
  bring_keys(folder.path() / "book", folder.path() / "copy");
  test::KeptBook again(folder.path() / "copy");
  again.clock().set(Timestamp::of_cn(*Date::of(2026, 3, 9), 9, 0, 0));
  again.open();
  CHECK(again.last_seq() == copy.head.seq);
  again.post(3);
  again.cut_day();
  again.close();
  CHECK(fault_in(folder.path() / "copy") == "");
}

TEST_CASE("backup: the second one copies what is new, and both can be restored") {
  test::TempFolder folder;
  const fs::path to = folder.path() / "backups";
  test::KeptBook kept(folder.path() / "book", true, 20);
  kept.open();
  kept.post(200);
  kept.book().store_projections();
  REQUIRE(kept.book().back_up(to));
  const auto shared = files_in(to / "store", ".sst").size();
  REQUIRE(shared > 0);
  kept.post(10, 5);
  REQUIRE(kept.book().back_up(to));
  const auto backups = list_backups(to);
  REQUIRE(backups);
  REQUIRE(backups.value().size() == 2);
  CHECK(backups.value()[0].number == 1);
  CHECK(backups.value()[1].head.seq > backups.value()[0].head.seq);
  CHECK(files_in(to / "store", ".sst").size() < 2 * shared);
  kept.close();
  CHECK(restored(to, folder.path() / "first", {}, 1).head.seq <
        restored(to, folder.path() / "second", {}, 2).head.seq);
  for (const auto& [name, expected] : {std::pair{"first", 20'000}, {"second", 20'050}}) {
    CHECK(fault_in(folder.path() / name) == "");
    test::KeptBook copy(folder.path() / name, false);
    const auto book = copy.try_open(true);
    REQUIRE(book);
    CHECK(book.value()->read([](const State& s, std::uint64_t) {
      return s.balance(s.account("2101/a")->id).credits_posted;
    }) == expected);
  }
}

TEST_CASE("backup: restored to a point in time the book ends there, with its roots and its head") {
  test::TempFolder folder;
  const fs::path to = folder.path() / "backups";
  test::KeptBook kept(folder.path() / "book", true, 20);
  kept.open();
  kept.post(30);
  kept.cut_day();
  kept.post(10);
  const std::uint64_t point = kept.last_seq();
  const Timestamp time = kept.clock().now();
  kept.post(60);
  kept.cut_day();
  REQUIRE(kept.book().back_up(to));
  kept.close();
  RestorePoint by_seq, by_time, early;
  by_seq.seq = point;
  by_time.time = time;
  early.seq = 0;
  for (const auto& [name, until] : {std::pair{"seq", by_seq}, {"time", by_time}}) {
    INFO(name);
    const fs::path copy = folder.path() / name;
    const Restored done = restored(to, copy, until);
    CHECK(done.cut);
    CHECK(done.head.seq == point);
    CHECK(fault_in(copy) == "");
    CHECK(RootFile::read(copy / "roots").value().size() == 1);
    bring_keys(folder.path() / "book", copy);
    test::KeptBook again(copy, true, 10);
    again.clock().set(Timestamp::of_cn(*Date::of(2026, 3, 9), 9, 0, 0));
    again.open();
    CHECK(again.owner() == 4'000);
    again.post(5);
    again.cut_day();
    again.close();
    CHECK(fault_in(copy) == "");
  }
  const auto nothing = restore_backup(to, folder.path() / "early", early);
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().code == Errc::kNotFound);
}

TEST_CASE("backup: a restore over a book is refused, one that was cut short is begun again") {
  test::TempFolder folder;
  const fs::path to = folder.path() / "backups";
  test::KeptBook kept(folder.path() / "book");
  kept.open();
  kept.post(5);
  REQUIRE(kept.book().back_up(to));
  kept.close();
  const auto over = restore_backup(to, folder.path() / "book", {});
  REQUIRE_FALSE(over);
  CHECK(over.error().code == Errc::kMismatch);
  CHECK_THAT(over.error().message, Contains("db is there already"));
  CHECK(fault_in(folder.path() / "book") == "");
  for (const char* name : {"head", "roots"}) {
    const fs::path there = folder.path() / name;
    fs::create_directories(there);
    std::ofstream(there / name) << "of another book";
    const auto beside = restore_backup(to, there, {});
    REQUIRE_FALSE(beside);
    CHECK(beside.error().code == Errc::kMismatch);
  }
  const fs::path half = folder.path() / "half";
  fs::create_directories(half / "restoring" / "whole");
  std::ofstream(half / "restoring" / "whole" / "000012.sst") << "half a file";
  std::ofstream(half / "head") << "half a head";
  restored(to, half);
  CHECK(fault_in(half) == "");
  CHECK_FALSE(fs::exists(half / "restoring"));
}

TEST_CASE("backup: bad input: a backup that is cut off or damaged is refused, and says so") {
  test::TempFolder folder;
  const fs::path to = folder.path() / "backups";
  test::KeptBook kept(folder.path() / "book", true, 20);
  kept.open();
  kept.post(100);
  kept.book().store_projections();
  kept.post(20);
  REQUIRE(kept.book().back_up(to));
  kept.close();
  const auto cut = [](const fs::path& path) { fs::resize_file(path, fs::file_size(path) / 2); };
  const auto flip = [](const fs::path& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(fs::file_size(path) / 2));
    const char c = static_cast<char>(file.peek() ^ 1);
    file.seekp(static_cast<std::streamoff>(fs::file_size(path) / 2));
    file.put(c);
  };
  const auto biggest_log = [](const fs::path& at) {
    auto logs = files_in(at / "store", ".log");
    REQUIRE_FALSE(logs.empty());
    return *std::max_element(logs.begin(), logs.end(), [](const fs::path& a, const fs::path& b) {
      return fs::file_size(a) < fs::file_size(b);
    });
  };
  struct {
    const char* what;
    std::function<void(const fs::path&)> damage;
    Errc expected;
  } const rows[] = {
      {"a table is cut off", [&](const fs::path& at) { cut(files_in(at, ".sst").at(0)); },
       Errc::kCorrupt},
      {"a table is damaged", [&](const fs::path& at) { flip(files_in(at, ".sst").at(0)); },
       Errc::kCorrupt},
      {"a table is gone", [&](const fs::path& at) { fs::remove(files_in(at, ".sst").at(0)); },
       Errc::kCorrupt},
      {"the log is cut off", [&](const fs::path& at) { cut(biggest_log(at)); }, Errc::kCorrupt},
      {"the description is cut off", [&](const fs::path& at) { cut(at / "backup-000001"); },
       Errc::kCorrupt},
      {"the description is changed", [&](const fs::path& at) { flip(at / "backup-000001"); },
       Errc::kCorrupt},
      {"the description is gone", [&](const fs::path& at) { fs::remove(at / "backup-000001"); },
       Errc::kNotFound},
      {"the store's own list is gone",
       [&](const fs::path& at) { fs::remove_all(at / "store" / "meta"); }, Errc::kNotFound},
      {"there is nothing", [&](const fs::path& at) { fs::remove_all(at); }, Errc::kNotFound},
  };
  int n = 0;
  for (const auto& row : rows) {
    INFO(row.what);
    const fs::path copy = folder.path() / ("damaged" + std::to_string(++n));
    fs::copy(to, copy, fs::copy_options::recursive);
    row.damage(copy);
    const auto done = restore_backup(copy, folder.path() / ("to" + std::to_string(n)), {});
    REQUIRE_FALSE(done);
    INFO(done.error().message);
    CHECK(done.error().code == row.expected);
    CHECK_FALSE(fs::exists(folder.path() / ("to" + std::to_string(n)) / "db"));
  }
}

TEST_CASE("backup: another book's folder is refused") {
  test::TempFolder folder;
  test::KeptBook one(folder.path() / "one"), other(folder.path() / "other");
  one.open();
  other.open();
  REQUIRE(one.book().back_up(folder.path() / "backups"));
  const auto second = other.book().back_up(folder.path() / "backups");
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::kMismatch);
}

TEST_CASE("backup: kill -9 while it is taken leaves the backups before it, and the next one works",
          "[fork]") {
  test::TempFolder folder;
  const fs::path to = folder.path() / "backups";
  test::KeptBook kept(folder.path() / "book", true, 200);
  kept.open();
  kept.post(600);
  kept.book().store_projections();
  REQUIRE(kept.book().back_up(to));
  kept.close();
  int cut_short = 0;
  for (int round = 0; round < 12 || (cut_short == 0 && round < 60); ++round) {
    INFO("round " << round);
    const pid_t child = ::fork();
    if (child == 0) {
      // Of a store alone, so that no thread of the parent is missing.
      auto store = open_rocks(folder.path() / "book" / "db", RocksOptions{});
      if (!store) ::_exit(2);
      for (;;)
        if (!take_backup(*store.value(), folder.path() / "book", to, Timestamp{1})) ::_exit(3);
    }
    REQUIRE(child > 0);
    ::usleep(static_cast<useconds_t>(20'000 + round * 7'300));
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    const auto whole = list_backups(to);
    REQUIRE(whole);
    REQUIRE(whole.value().size() >= 1);
    // One that was under way has its own files already, or its number, and is not told.
    const auto begun =
        std::max(entries_of(to / "store" / "private"), entries_of(to / "store" / "meta"));
    if (begun > whole.value().size()) ++cut_short;
    const fs::path copy = folder.path() / ("copy" + std::to_string(round));
    restored(to, copy);
    CHECK(fault_in(copy) == "");
    fs::remove_all(copy);
  }
  CHECK(cut_short > 0);  // else no kill struck while one was taken
  test::KeptBook again(folder.path() / "book", true, 200);
  again.open();
  REQUIRE(again.book().back_up(to));
  again.close();
  restored(to, folder.path() / "last");
  CHECK(fault_in(folder.path() / "last") == "");
}

TEST_CASE("read-only: a copy is read while the original is locked, and not a byte of it changes") {
  test::TempFolder folder;
  test::KeptBook kept(folder.path() / "book", true, 1'000'000);
  kept.open();
  kept.post(50);
  kept.cut_day();
  const fs::path copy = folder.path() / "copy";
  test::copy_live(kept.folder(), copy);  // what a snapshot of the disk would hold
  const auto picture = [&] {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(copy)) {
      if (!entry.is_regular_file()) continue;
      std::ifstream in(entry.path(), std::ios::binary);
      files[entry.path().string()] = std::string(std::istreambuf_iterator<char>(in), {});
    }
    return files;
  };
  const auto before = picture();
  test::KeptBook reader(copy);
  {
    const auto first = reader.try_open(true);
    const auto second = reader.try_open(true);  // no lock: as many as like
    REQUIRE(first);
    REQUIRE(second);
    const Book& book = *first.value();
    const AccountId owner =
        book.read([](const State& s, std::uint64_t) { return s.account("2101/a")->id; });
    CHECK(book.entries(owner, {}, 100).value().size() == 50);
    CHECK(book.balance_on(owner, test::KeptBook::first()).value().credits_posted == 5'000);
    REQUIRE(first.value()->back_up(folder.path() / "backups").error().code == Errc::kUnsupported);
  }
  CHECK(fault_in(copy) == "");
  CHECK(picture() == before);
  kept.post(1);
  kept.close();
}
