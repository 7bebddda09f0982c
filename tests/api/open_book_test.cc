// A data directory: made once, opened with its own vault key only, and with room on its disk.
#include "api/open_book.h"

#include <sys/mount.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "api/commands.h"
#include "ledger/base/digest.h"
#include "tests/support/skip.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;
using api::Config;

namespace {

struct Fixture {
  test::TempFolder temp;
  std::filesystem::path folder = temp.path() / "book";
  Config config;
  Fixture() {
    config.book_folder = folder;
    config.first_date = Date::of(2026, 3, 4);
  }
  void init() { REQUIRE(api::init_book(config)); }
  Error refused() {
    const auto opened = api::open_book(config);
    REQUIRE_FALSE(opened);
    return opened.error();
  }
  std::uint64_t last_seq() {
    auto opened = api::open_book(config);
    REQUIRE(opened);
    return opened.value().book->statistics().last_seq;
  }
};

void write_key(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
}

struct Mounted {
  std::filesystem::path path;
  ~Mounted() { ::umount2(path.c_str(), MNT_DETACH); }
};

}  // namespace

TEST_CASE("open_book: a folder without a book is refused, named with the command, and left alone") {
  Fixture f;
  const Error error = f.refused();
  CHECK(error.code == Errc::kNotFound);
  CHECK(error.message == f.folder.string() + ": there is no book here; `suanpan init --data " +
                             f.folder.string() + "` makes one");
  CHECK_FALSE(std::filesystem::exists(f.folder));
}

TEST_CASE("open_book: init makes a book with its first day and the platform's accounts") {
  Fixture f;
  f.init();
  auto opened = api::open_book(f.config);
  REQUIRE(opened);
  opened.value().book->read([](const State& state, std::uint64_t) {
    CHECK(state.book().accounting_date == *Date::of(2026, 3, 4));
    CHECK(state.book().currency == Currency::kCNY);
    for (const char* code : {"2103", "2104", "2241", "6001", "6401"}) CHECK(state.account(code));
  });
  CHECK_FALSE(std::filesystem::exists(f.folder / "unfinished"));
}

TEST_CASE("open_book: it is planned by as many shards as the settings say") {
  Fixture f;
  f.init();
  const auto shards = [&] {
    auto opened = api::open_book(f.config);
    REQUIRE(opened);
    return opened.value().book->statistics().shards;
  };
  CHECK(shards() >= 1);  // as many as suit the machine
  for (const unsigned wanted : {3u, 1u, 64u}) {
    f.config.shards = wanted;
    CHECK(shards() == wanted);
  }
}

TEST_CASE("open_book: a book is made once, and not where a part of one lies") {
  Fixture f;
  f.init();
  const std::uint64_t before = f.last_seq();
  const auto again = api::init_book(f.config);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Errc::kMismatch);
  CHECK(f.last_seq() == before);
  std::filesystem::rename(f.folder / "db", f.temp.path() / "db.lost");
  for (const char* part : {"head", "vault.key"}) {
    INFO(part);
    REQUIRE(std::filesystem::exists(f.folder / part));
    const auto over = api::init_book(f.config);
    REQUIRE_FALSE(over);
    CHECK(over.error().code == Errc::kMismatch);
    const Error error = f.refused();
    CHECK(error.code == Errc::kNotFound);
    CHECK_THAT(error.message, Catch::Contains("restore \"db\""));
    CHECK_FALSE(std::filesystem::exists(f.folder / "db"));
    std::filesystem::remove(f.folder / part);
  }
}

TEST_CASE("open_book: another vault key is refused before anything is written") {
  Fixture f;
  f.init();
  const std::uint64_t before = f.last_seq();
  const std::filesystem::path key = f.folder / "vault.key";
  std::filesystem::rename(key, f.temp.path() / "vault.key");
  write_key(key, std::string(32, 'x'));
  f.config.bank_accounts.push_back({"6228", "监管户", "308584000013"});  // an account to open
  CHECK(f.refused().code == Errc::kMismatch);
  CHECK_THAT(f.refused().message, Catch::Contains("not the vault key"));
  std::filesystem::remove(key);
  CHECK(f.refused().code == Errc::kNotFound);
  CHECK_THAT(f.refused().message, Catch::Contains("the vault key is missing"));
  CHECK_FALSE(std::filesystem::exists(key));  // never made anew
  std::filesystem::rename(f.temp.path() / "vault.key", key);
  f.config.bank_accounts.clear();
  CHECK(f.last_seq() == before);
}

TEST_CASE("open_book: a vault key that others may read or that is cut off is refused") {
  Fixture f;
  f.init();
  const std::filesystem::path key = f.folder / "vault.key";
  std::filesystem::permissions(key, std::filesystem::perms(0644));
  CHECK(f.refused().code == Errc::kConfig);
  std::filesystem::permissions(key, std::filesystem::perms(0600));
  std::filesystem::resize_file(key, 31);
  CHECK(f.refused().code == Errc::kCorrupt);
}

TEST_CASE("open_book: missing keys of persons are refused by name, and never made anew") {
  Fixture f;
  f.init();
  for (const char* name : {"vault.key.persons", "vault.key.orders"}) {
    INFO(name);
    std::filesystem::rename(f.folder / name, f.temp.path() / name);
    CHECK(f.refused().code == Errc::kNotFound);
    CHECK_THAT(f.refused().message, Catch::Contains(name));
    CHECK_FALSE(std::filesystem::exists(f.folder / name));
    std::filesystem::rename(f.temp.path() / name, f.folder / name);
  }
  CHECK(f.last_seq() > 0);
}

TEST_CASE("open_book: the check value tells vault keys apart and is no part of the key") {
  test::TempFolder folder;
  write_key(folder.path() / "a", std::string(32, 'a'));
  write_key(folder.path() / "b", std::string(32, 'b'));
  const auto a = Vault::open(folder.path() / "a", true);
  const auto b = Vault::open(folder.path() / "b", true);
  REQUIRE((a && b));
  CHECK(a.value().check_value() != b.value().check_value());
  // printf 'vault check\0suanpan' | openssl dgst -sha256 -mac HMAC -macopt key:aaaa…(32), first 16
  CHECK(a.value().check_value() == "7c9df30e06b1eb17969234d14cd46d2d");
}

TEST_CASE("open_book: an init that was cut short is named, and goes on where it stopped") {
  Fixture f;
  std::filesystem::create_directories(f.folder);
  std::ofstream(f.folder / "unfinished") << "";
  SECTION("before the vault key") {}
  SECTION("before the book") { REQUIRE(Vault::open(f.folder / "vault.key", true)); }
  SECTION("before the check value") {
    REQUIRE(Vault::open(f.folder / "vault.key", true));
    BookOptions options;
    options.folder = f.folder;
    options.create = true;
    options.first_date = *f.config.first_date;
    REQUIRE(Book::open(options, SystemClock()));
  }
  SECTION("at its very end") {
    std::filesystem::remove(f.folder / "unfinished");
    f.init();
    std::ofstream(f.folder / "unfinished") << "";
  }
  const Error error = f.refused();
  CHECK(error.code == Errc::kNotFound);
  CHECK_THAT(error.message, Catch::Contains("cut short; `suanpan init"));
  f.init();
  CHECK(f.last_seq() > 0);
}

TEST_CASE("open_book: a book without the check value of a vault key is refused") {
  Fixture f;
  std::filesystem::create_directories(f.folder);
  REQUIRE(Vault::open(f.folder / "vault.key", true));
  {
    BookOptions options;
    options.folder = f.folder;
    options.create = true;
    options.first_date = *f.config.first_date;
    REQUIRE(Book::open(options, SystemClock()));
  }
  CHECK(f.refused().code == Errc::kCorrupt);
}

TEST_CASE("open_book: a locked book is refused as locked") {
  Fixture f;
  f.init();
  auto opened = api::open_book(f.config);
  REQUIRE(opened);
  CHECK(f.refused().code == Errc::kLocked);
}

TEST_CASE("open_book: the manual clock goes on where it stood, and never back") {
  Fixture f;
  const auto at = [](int hour) { return Timestamp::of_cn(*Date::of(2026, 3, 4), hour, 0, 0); };
  f.config.manual_business_clock = true;
  f.config.clock_start = at(8);
  f.init();
  const auto move = [](api::OpenedBook& o, const char* id, Timestamp to) {
    return o.book->run(api::move_clock({id_of(id), kSystemCaller}, o.manual->now(), to));
  };
  {
    auto opened = api::open_book(f.config);
    REQUIRE(opened);
    api::OpenedBook& o = opened.value();
    CHECK(o.manual->now() == at(8));
    CHECK(move(o, "1", at(12)).accepted());
    o.manual->set(at(12));
    CHECK(move(o, "2", at(12)).accepted());  // where it stands is not back
    CHECK(move(o, "3", at(11)).refusal.code == RefusalCode::kValueInvalid);
    // Two moves at once: the second was asked for when the clock still stood at eight.
    CHECK(o.book->run(api::move_clock({id_of("4"), kSystemCaller}, at(8), at(9))).refusal.code ==
          RefusalCode::kValueInvalid);
  }
  {
    auto opened = api::open_book(f.config);
    REQUIRE(opened);
    CHECK(opened.value().manual->now() == at(12));
  }
  f.config.clock_start = at(15);  // settings that begin later move it on
  auto opened = api::open_book(f.config);
  REQUIRE(opened);
  CHECK(opened.value().manual->now() == at(15));
}

TEST_CASE("open_book: bad input: a full disk is refused with what is free and what is wanted") {
  Fixture f;
  f.init();
  CHECK(api::check_free_space(f.folder, 1));
  const auto full = api::check_free_space(f.folder, std::uint64_t{1} << 60);
  REQUIRE_FALSE(full);
  CHECK(full.error().code == Errc::kUnavailable);
  CHECK_THAT(full.error().message, Catch::Contains("KiB free and a book needs 1125899906842624"));
  CHECK_FALSE(api::check_free_space(f.folder / "none", 1));

  const auto disk = f.temp.path() / "disk";
  std::filesystem::create_directory(disk);
  if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, "size=100m") != 0) {
    test::skip("in part: a small file system cannot be mounted here");
    return;
  }
  const Mounted mounted{disk};
  f.config.book_folder = disk / "book";
  f.init();
  {
    std::ofstream filler(disk / "filler", std::ios::binary);
    const std::string block(1 << 20, 'x');
    while (filler.write(block.data(), block.size()).flush()) {
    }
  }
  CHECK(f.refused().code == Errc::kUnavailable);
  CHECK_THAT(f.refused().message, Catch::Contains("the disk has 0 KiB free"));
  CHECK(api::verify_command({.data = disk / "book"}) == 0);  // reading wants no room
  std::filesystem::remove(disk / "filler");
  CHECK(f.last_seq() > 0);
}
