// The copies that tests take of folders in use: of one moment, or none.
#include "tests/support/live_copy.h"

#include <atomic>
#include <catch2/catch.hpp>

#include "tests/support/temp_folder.h"

using namespace suanpan;
namespace fs = std::filesystem;

TEST_CASE("live copy: a folder that is written to is had as it was at one moment") {
  test::TempFolder folder;
  const fs::path live = folder.path() / "live", db = live / "db";
  fs::create_directories(db);
  std::ofstream(live / "head") << "head";
  std::ofstream(db / "0.sst") << "table";
  // Enough beside them that a copy takes longer than a round of the writer.
  for (int n = 0; n < 200; ++n) std::ofstream(db / (std::to_string(n) + ".blob")) << "blob";
  const auto grow = [](const fs::path& file) { std::ofstream(file, std::ios::app) << 'x'; };
  for (const char* name : {"a.log", "b.log"}) grow(db / name);
  std::atomic<int> rounds = 0;
  // At every moment a is as long as b or one longer, and there are one or two tables.
  std::thread writer([&] {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
    while (std::chrono::steady_clock::now() < end) {
      grow(db / "a.log");
      grow(db / "b.log");
      const int n = rounds;
      std::ofstream(db / (std::to_string(n + 1) + ".sst")) << "table";
      fs::remove(db / (std::to_string(n) + ".sst"));
      rounds = n + 1;
    }
  });
  while (rounds == 0) std::this_thread::yield();
  const fs::path copy = folder.path() / "copy";
  test::copy_live(live, copy);
  writer.join();
  const auto a = fs::file_size(copy / "db" / "a.log"), b = fs::file_size(copy / "db" / "b.log");
  CHECK((a == b || a == b + 1));
  int tables = 0;
  for (const auto& entry : fs::directory_iterator(copy / "db"))
    tables += entry.path().extension() == ".sst" ? 1 : 0;
  CHECK((tables == 1 || tables == 2));
  CHECK(fs::file_size(copy / "head") == 4);
}

TEST_CASE("live copy: of a try that was disturbed nothing is left") {
  test::TempFolder folder;
  const fs::path live = folder.path() / "live", copy = folder.path() / "copy";
  fs::create_directories(live);
  CHECK_FALSE(test::copied_at_one_moment(folder.path() / "vanished", copy));
  CHECK_FALSE(fs::exists(copy));
  std::ofstream(live / "CURRENT") << "MANIFEST-000001\n";
  CHECK(test::copied_at_one_moment(live, copy));
  CHECK(fs::file_size(copy / "CURRENT") == 16);
}
