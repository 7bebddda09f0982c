// Whole data directories: sound ones pass, closed, copied or killed; damaged ones do not. The rules
// one by one are in audit_test.cc and audit_tables_test.cc.
#include "ledger/engine/verify.h"

#include <catch2/catch.hpp>

#include "ledger/store/account_projection.h"
#include "ledger/store/rocks_store.h"
#include "tests/ledger/engine/random_book.h"
#include "tests/support/live_copy.h"

using namespace suanpan;

namespace {

using Catch::Matchers::Contains;

VerifyReport judged(const std::filesystem::path& folder) {
  auto report = verify(folder);
  if (!report) FAIL(report.error().message);
  return report.value();
}

void require_sound(const std::filesystem::path& folder) {
  const VerifyReport report = judged(folder);
  INFO(report.first_fault);
  REQUIRE(report.ok);
}

}  // namespace

TEST_CASE("verify: random books pass, across restarts") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    INFO("seed " << seed);
    test::RandomBook random(seed);
    for (int round = 0; round < 3; ++round) {
      random.run(200);
      random.close();
      require_sound(random.folder());
      random.open();
    }
    int expired = 0;
    REQUIRE(random.book().for_each_command_after(0, [&](const StoredCommand& command) {
      expired += command.kind == CommandKind::kExpireHold ? 1 : 0;
      return true;
    }));
    CHECK(expired > 0);
    random.close();
    const VerifyReport report = judged(random.folder());
    CHECK(report.counters.commands > 400);
    CHECK(report.counters.reversals > 5);
    CHECK(report.counters.refusals > 5);
    CHECK(report.counters.documents > 50);
  }
}

TEST_CASE("verify: a book copied while it runs passes, its projections behind the journal") {
  test::RandomBook random(7, 150);
  test::TempFolder copies;
  int taken = 0;
  for (int round = 0; round < 5; ++round) {
    random.run(60);
    const auto copy = copies.path() / std::to_string(++taken);
    test::copy_live(random.folder(), copy);
    require_sound(copy);
  }
}

TEST_CASE("verify: a book that was never closed passes before and after recovery") {
  test::RandomBook random(11, 1'000'000);  // nothing is ever stored but the journal
  random.run(80);
  test::TempFolder copies;
  const auto copy = copies.path() / "copy";
  test::copy_live(random.folder(), copy);
  require_sound(copy);
  ManualClock clock(Timestamp::of_cn(*Date::of(2026, 1, 5), 9, 0, 0));
  {
    BookOptions options;
    options.folder = copy;
    REQUIRE(Book::open(options, clock));
  }
  require_sound(copy);
}

TEST_CASE("verify: a folder without a book is an error, not a fault") {
  test::TempFolder empty;
  const auto report = verify(empty.path());
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Errc::kNotFound);
}

TEST_CASE("verify: tampering with a real data directory is found") {
  test::RandomBook random(5);
  random.run(120);
  random.close();
  require_sound(random.folder());
  const auto tamper = [&](const std::function<void(KeyValueStore&)>& change) {
    test::TempFolder copy;
    std::filesystem::copy(random.folder(), copy.path(), std::filesystem::copy_options::recursive);
    {
      auto store = open_rocks(copy.path() / "db", {});
      REQUIRE(store);
      change(*store.value());
      REQUIRE(store.value()->flush());
    }
    return judged(copy.path()).first_fault;
  };
  CHECK_THAT(tamper([](KeyValueStore& store) {
               auto row =
                   decode_account_row(*store.get(Table::kAccounts, big_endian(2, 4)).value());
               row->balance.debits_posted += 1;
               REQUIRE(store.write({{Table::kAccounts, big_endian(2, 4), encode(*row)}},
                                   Durability::kSynced));
             }),
             Contains("table accounts: 1002 (account 2): its posted debits"));
  CHECK_THAT(tamper([](KeyValueStore& store) {
               const auto cursor = store.cursor(Table::kJournal);
               cursor->seek_to_last();
               REQUIRE(store.write({{Table::kJournal, std::string(cursor->key()), std::nullopt}},
                                   Durability::kSynced));
             }),
             Contains("before the head"));
  // A byte on the disk itself.
  test::TempFolder copy;
  std::filesystem::copy(random.folder(), copy.path(), std::filesystem::copy_options::recursive);
  std::filesystem::path largest;
  for (const auto& entry : std::filesystem::directory_iterator(copy.path() / "db"))
    if (entry.path().extension() == ".sst" &&
        (largest.empty() || entry.file_size() > std::filesystem::file_size(largest)))
      largest = entry.path();
  REQUIRE_FALSE(largest.empty());
  std::FILE* file = std::fopen(largest.c_str(), "r+b");
  REQUIRE(file);
  std::fseek(file, 100, SEEK_SET);
  const int byte = std::fgetc(file);
  std::fseek(file, 100, SEEK_SET);
  std::fputc(byte ^ 0x40, file);
  std::fclose(file);
  CHECK_FALSE(judged(copy.path()).ok);
}
