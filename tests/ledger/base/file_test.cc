#include "ledger/base/file.h"

#include <catch2/catch.hpp>

#include "tests/support/temp_folder.h"

using namespace suanpan;

TEST_CASE("file: what is written is read whole, an empty file as nothing") {
  const test::TempFolder folder;
  const auto file = folder.path() / "a";
  for (const std::string& bytes : {std::string("0\n\0\r\n\xff", 6), std::string()}) {
    REQUIRE(write_file_atomically(file, bytes));
    const auto read = read_file(file);
    REQUIRE(read);
    CHECK(read.value() == bytes);
  }
}

TEST_CASE("file: one that is not there, or is a folder, is named") {
  const test::TempFolder folder;
  for (const auto& path : {folder.path() / "none", folder.path()}) {
    const auto read = read_file(path);
    REQUIRE_FALSE(read);
    CHECK(read.error().code == Errc::kIo);
    CHECK(read.error().message == path.string() + ": cannot be read");
  }
}
