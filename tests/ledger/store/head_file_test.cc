// The head file: two slots in turn, the newer one believed, a torn one passed over.
#include "ledger/store/head_file.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "tests/support/temp_folder.h"

using namespace suanpan;

namespace {

Head head(std::uint64_t seq) { return Head{seq, sha256("block " + std::to_string(seq))}; }

std::string read(const std::filesystem::path& path) {
  std::ostringstream out;
  out << std::ifstream(path, std::ios::binary).rdbuf();
  return out.str();
}
void write(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace

TEST_CASE("head: a new file has none, and the last one written is found again") {
  test::TempFolder folder;
  const auto path = folder.path() / "head";
  {
    const auto none = HeadFile::read(path);
    REQUIRE(none);
    CHECK_FALSE(none.value());
  }
  for (std::uint64_t seq = 0; seq < 6; ++seq) {
    auto file = HeadFile::open(path);
    REQUIRE(file);
    CHECK(file.value().found().has_value() == (seq > 0));
    if (seq > 0) {
      CHECK(file.value().found()->seq == seq - 1);
      CHECK(file.value().found()->hash == head(seq - 1).hash);
    }
    REQUIRE(file.value().write(head(seq)));
    REQUIRE(file.value().sync());
    CHECK(HeadFile::read(path).value()->seq == seq);
  }
  CHECK(read(path).size() == 128);
}

TEST_CASE("head: no file bears the name before it is whole") {
  test::TempFolder folder;
  const auto path = folder.path() / "head";
  {
    auto file = HeadFile::open(path);
    REQUIRE(file);
    CHECK_FALSE(std::filesystem::exists(path));
    REQUIRE(file.value().sync());
    CHECK_FALSE(std::filesystem::exists(path));
  }
  // As a failed or interrupted making leaves it.
  write(path.string() + ".new", "SPHEAD01");
  CHECK_FALSE(HeadFile::read(path).value());
  auto file = HeadFile::open(path);
  REQUIRE(file);
  REQUIRE(file.value().write(head(1)));
  CHECK(HeadFile::read(path).value()->seq == 1);
  CHECK(read(path).size() == 128);
  CHECK_FALSE(std::filesystem::exists(path.string() + ".new"));
  // A reset that fails leaves the file that there was.
  std::filesystem::create_directory(path.string() + ".new");
  REQUIRE_FALSE(HeadFile::reset(path, head(2)));
  CHECK(HeadFile::read(path).value()->seq == 1);
}

TEST_CASE("head: a torn slot leaves the other one, whichever it is") {
  test::TempFolder folder;
  const auto path = folder.path() / "head";
  {
    auto file = HeadFile::open(path);
    REQUIRE(file);
    for (const std::uint64_t seq : {6, 7, 8}) REQUIRE(file.value().write(head(seq)));
  }
  const std::string good = read(path);  // 7 in the first slot, 8 in the second
  for (std::size_t i = 0; i < good.size(); ++i) {
    if (i % 64 >= 52) continue;  // padding
    std::string torn = good;
    torn[i] = static_cast<char>(torn[i] ^ 0x10);
    write(path, torn);
    const auto found = HeadFile::read(path);
    REQUIRE(found);
    CHECK(found.value()->seq == (i < 64 ? 8 : 7));
    // The next write goes over the torn slot, never over the good one.
    auto file = HeadFile::open(path);
    REQUIRE(file);
    REQUIRE(file.value().write(head(9)));
    const std::string after = read(path);
    CHECK(after.substr(i < 64 ? 64 : 0, 64) == good.substr(i < 64 ? 64 : 0, 64));
    CHECK(HeadFile::read(path).value()->seq == 9);
  }
  // A file cut anywhere keeps the first slot while it is whole.
  for (std::size_t n = 1; n < good.size(); ++n) {
    write(path, good.substr(0, n));
    const auto found = HeadFile::open(path);
    if (n < 64) {
      REQUIRE_FALSE(found);
      CHECK(found.error().code == Errc::kCorrupt);
    } else {
      REQUIRE(found);
      CHECK(found.value().found()->seq == 7);
    }
  }
}

TEST_CASE("head: damage in both slots is refused, and a reset is believed at once") {
  test::TempFolder folder;
  const auto path = folder.path() / "head";
  {
    auto file = HeadFile::open(path);
    REQUIRE(file);
    for (const std::uint64_t seq : {7, 8}) REQUIRE(file.value().write(head(seq)));
  }
  // A reset to an earlier head leaves no later one behind.
  {
    auto file = HeadFile::reset(path, head(3));
    REQUIRE(file);
    CHECK(file.value().found()->seq == 3);
    CHECK(HeadFile::read(path).value()->seq == 3);
    REQUIRE(file.value().write(head(4)));
    CHECK(HeadFile::read(path).value()->seq == 4);
  }
  std::string bad = read(path);
  bad[20] = static_cast<char>(bad[20] ^ 1);
  bad[84] = static_cast<char>(bad[84] ^ 1);
  write(path, bad);
  REQUIRE_FALSE(HeadFile::open(path));
  CHECK(HeadFile::open(path).error().code == Errc::kCorrupt);
  CHECK(HeadFile::read(path).error().code == Errc::kCorrupt);
  REQUIRE(HeadFile::reset(path, head(5)));
  CHECK(HeadFile::open(path).value().found()->seq == 5);
}

TEST_CASE("head: the slot has exactly these bytes") {
  test::TempFolder folder;
  const auto path = folder.path() / "head";
  auto file = HeadFile::open(path);
  REQUIRE(file);
  REQUIRE(file.value().write(head(0x0102)));
  std::string expected = "SPHEAD01" + std::string("\x02\x01\0\0\0\0\0\0", 8);
  expected.append(reinterpret_cast<const char*>(head(0x0102).hash.data()), 32);
  const std::uint32_t crc = crc32c(expected);
  for (int i = 0; i < 4; ++i) expected.push_back(static_cast<char>(crc >> (8 * i)));
  expected.resize(64, '\0');
  CHECK(read(path) == expected + expected);
  const auto folder_as_file = HeadFile::open(folder.path());
  REQUIRE_FALSE(folder_as_file);
  CHECK(folder_as_file.error().code == Errc::kIo);
}
