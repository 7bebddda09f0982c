// The call that purges: without the right archive, of who may not, twice, and beside other work.
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

#include "ledger/engine/purge_base.h"
#include "tests/ledger/engine/purged_years.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

using Catch::Matchers::Contains;
using Fixture = test::PurgedYears;
using test::entries_after;
using test::text_of;
using test::write_text;

}  // namespace

TEST_CASE("purge: without the right archive nothing goes") {
  Fixture f;
  f.year_2025();
  f.archive();
  f.let_a_week_go();
  PurgeRequest request = f.purge_request();
  Errc code = Errc::kMismatch;
  std::string what;
  SECTION("none") {
    request.archive = f.temp.path() / "nowhere";
    code = Errc::kNotFound;
    what = "there is no whole archive";
  }
  SECTION("another book's") {
    Fixture other;
    other.year_2025();
    other.archive();
    fs::remove_all(f.to);
    fs::copy(other.to, f.to);
    what = "another book's archive";
  }
  SECTION("a year that it does not end with") {
    request.year = 2026;
    what = "no checkpoint ends with year 2026";
  }
  SECTION("a damaged one") {
    std::string text = text_of(f.to / archive_file_name(2));
    text[text.size() / 2] ^= 1;
    write_text(f.to / archive_file_name(2), text);
    code = Errc::kCorrupt;
    what = "journal-000002";
  }
  SECTION("signed with other keys than those that were kept") {
    request.root_key = [] {
      test::TempFolder keys;
      auto made = RootKeys::open(keys.path() / "root.key", true);
      REQUIRE(made);
      return made.value().public_pem();
    }();
    code = Errc::kCorrupt;
    what = "checkpoint";
  }
  const Error error = f.purge_refused(request);
  INFO(error.message);
  CHECK(error.code == code);
  CHECK_THAT(error.message, Contains(what));
  CHECK(f.book->archived().until == 0);
  CHECK(entries_after(*f.book, f.bank, {}).front().seq < 10);
  CHECK(f.book_fault() == "");
}

TEST_CASE("purge: a book that is only read is not purged") {
  Fixture f;
  f.year_2025();
  f.archive();
  f.let_a_week_go();
  const ArchivedPart part{3, false, {}, {}, {}};
  f.book.reset();
  BookOptions options;
  options.folder = f.folder;
  options.read_only = true;
  auto reader = Book::open(options, f.clock);
  REQUIRE(reader);
  const auto dropped = reader.value()->drop_archived(part, "", nullptr);
  REQUIRE_FALSE(dropped);
  CHECK(dropped.error().code == Errc::kUnsupported);
}

TEST_CASE("purge: commands and reads go on meanwhile") {
  Fixture f;
  f.year_2025();
  f.archive();
  f.let_a_week_go();
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> posted{0}, odd{0};
  std::thread posting([&] {
    for (std::uint64_t i = 1; !stop; ++i) {
      VoucherRequest request;
      request.key = {Id128{7, i}, CallerId{100}};
      request.legs.push_back(Leg{f.bank, f.owner, 1});
      if (!f.book->run(request).accepted()) ++odd;
      ++posted;
      if (i % 8 == 0) f.book->store_projections();
    }
  });
  std::thread reading([&] {
    while (!stop) {
      const auto at = f.book->balance_at(f.owner, f.book->statistics().last_seq);
      if (!at || at.value().debits_red != 0) ++odd;
      const auto found = f.book->find(f.sent[0].first.key);
      if (!found || !found.value() || found.value()->seq != f.sent[0].second.seq) ++odd;
    }
  });
  while (posted < 50) std::this_thread::yield();
  f.purge();
  const std::uint64_t then = posted;
  while (posted < then + 50) std::this_thread::yield();
  stop = true;
  posting.join();
  reading.join();
  CHECK(odd == 0);
  CHECK(f.whole_fault() == "");
  CHECK(f.book_fault() == "");
}

TEST_CASE("purge: called by two at once, or again, it is done once") {
  Fixture f;
  f.year_2025();
  f.archive();
  f.let_a_week_go();
  std::atomic<int> done{0}, others{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 3; ++i)
    callers.emplace_back([&] {
      const auto purged = purge_book(*f.book, f.purge_request());
      if (purged && !purged.value().was_done)
        ++done;
      else if (purged || purged.error().code == Errc::kUnavailable ||
               purged.error().code == Errc::kMismatch)
        ++others;
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(done == 1);
  CHECK(others == 2);
  CHECK(f.purge().was_done);
  CHECK(f.book_fault() == "");
}

TEST_CASE("purge: bad input: records and rows that nobody wrote are none") {
  PurgeRecord record;
  record.until = 42;
  record.hash[0] = 1;
  const std::string line = record.line();
  REQUIRE(PurgeRecord::parse(line));
  CHECK(PurgeRecord::parse(line)->hash == record.hash);
  for (std::size_t size = 0; size < line.size(); ++size)
    CHECK_FALSE(PurgeRecord::parse(std::string_view(line).substr(0, size)));
  CHECK_FALSE(PurgeRecord::parse(line + " "));
  for (const char* bytes : {"", "SPBASE02", "SPBASE02xyz", "SPBASE03"}) {
    const auto base = PurgeBase::parse(bytes);
    REQUIRE_FALSE(base);
    CHECK(base.error().code == Errc::kUnsupported);
  }
}
