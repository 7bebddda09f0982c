// What a purge leaves of archived years: what stays is as it was, what is gone is said to be, and
// an archive brings it back.
#include <catch2/catch.hpp>

#include "ledger/engine/query.h"
#include "ledger/store/entry_rows.h"
#include "tests/ledger/engine/purged_years.h"

using namespace suanpan;
namespace fs = std::filesystem;

namespace {

using Catch::Matchers::Contains;
using Fixture = test::PurgedYears;
using test::entries_after;
using test::require_same;
using test::rows_of;
using test::text_of;

}  // namespace

TEST_CASE("purge: every id keeps its first answer, and a different content is told the field") {
  Fixture f;
  f.year_2025();
  f.archive();
  f.let_a_week_go();
  const Purged purged = f.purge();
  CHECK_FALSE(purged.was_done);
  CHECK(purged.until == f.book->archived().until);
  CHECK(f.book->archived().done);
  for (const bool reopened : {false, true}) {
    if (reopened) {
      f.book.reset();
      f.open();
    }
    REQUIRE(f.sent.size() == 12);
    for (const auto& [request, first] : f.sent) {
      INFO(first.seq);
      require_same(f.book->run(request), first);
      VoucherRequest other = request;
      other.legs[0].amount += 1;
      const Answer conflict = f.book->run(other);
      CHECK(conflict.refusal.code == RefusalCode::kIdReusedWithOtherContent);
      CHECK(conflict.refusal.detail == "amount");
      other = request;
      other.code = 7;
      CHECK(f.book->run(other).refusal.detail == "code");
    }
  }
  CHECK(f.purge().was_done);
  CHECK(f.book_fault() == "");
  CHECK(f.whole_fault() == "");
}

TEST_CASE("purge: what a book says of later days is what it said before") {
  Fixture f;
  f.year_2025();
  f.archive();
  f.let_a_week_go();
  const std::uint64_t before = f.book->statistics().last_seq;
  const auto all = [&](EntryPosition begin, std::uint64_t from) {
    std::string text;
    for (const AccountId account : {f.bank, f.fees, f.owner, f.fund}) {
      for (const Entry& e : entries_after(*f.book, account, begin))
        text +=
            fmt::format("{} {} {} {} {};", e.seq, e.amount, e.balance_after, e.date_days, e.sub);
      for (std::uint64_t seq = from; seq <= before; ++seq) {
        const auto at = f.book->balance_at(account, seq);
        REQUIRE(at);
        text += fmt::format("{} {} {};", seq, at.value().debits_posted, at.value().credits_posted);
      }
      for (const Date day : {*Date::of(2026, 1, 5), *Date::of(2026, 1, 6)}) {
        const auto on = f.book->balance_on(account, day, before);
        REQUIRE(on);
        text +=
            fmt::format("{} {} {};", day.iso(), on.value().debits_posted, on.value().credits_red);
      }
    }
    return text;
  };
  const auto queried = [&](QueryOf of) {
    Query query;
    query.of = of;
    query.as_of_seq = before;
    const auto page = run_query(*f.book, query);
    REQUIRE(page);
    std::string text;
    for (const QueryHit& hit : page.value().hits)
      text += fmt::format("{}/{} ", hit.command->seq, hit.leg);
    return text;
  };
  auto there = ArchiveReader::open(f.to);
  REQUIRE(there);
  const std::uint64_t until = there.value().last_seq();
  const EntryPosition begin{until, ~std::uint32_t{0}};
  const std::string said = all(begin, until);
  const std::string vouchers = queried(QueryOf::kVouchers), legs = queried(QueryOf::kTransfers);
  CHECK_THAT(said, Contains("2026-01-05"));
  f.purge();
  for (const bool reopened : {false, true}) {
    if (reopened) {
      f.book.reset();
      f.open();
    }
    CHECK(all(begin, until) == said);
    // By time, key or code the vouchers of before are still found.
    CHECK(queried(QueryOf::kVouchers) == vouchers);
    CHECK(queried(QueryOf::kTransfers) == legs);
  }
  Query query;
  query.of = QueryOf::kEntries;
  query.conditions.account = f.bank;
  query.as_of_seq = before;
  const auto page = run_query(*f.book, query);
  REQUIRE(page);
  CHECK(page.value().archived_until == until);
  // By hand: 1,000 + 300 - 400 + 20 + 3 were there before, then five times 7.
  REQUIRE(page.value().hits.size() == 5);
  CHECK(page.value().hits.front().balance_after == 930);
}

TEST_CASE("purge: what is gone is said to lie in the archive") {
  Fixture f;
  f.year_2025();
  f.archive();
  f.let_a_week_go();
  const std::uint64_t until = f.purge().until;
  const auto archived = [&](const auto& result) {
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::kArchived);
    CHECK_THAT(result.error().message, Contains("archived and purged"));
  };
  archived(f.book->entries(f.bank, {}, 10));
  archived(f.book->entries(f.bank, {until - 1, 0}, 10));
  archived(f.book->entries_before(f.bank, {until + 5, 0}, until, 10));
  archived(f.book->for_each_entry(f.bank, [](const Entry&) { return true; }));
  archived(f.book->balance_at(f.bank, until - 1));
  archived(f.book->balance_on(f.bank, *Date::of(2026, 1, 4)));
  archived(f.book->for_each_command_after(until - 1, [](const StoredCommand&) { return true; }));
  Query query;
  query.of = QueryOf::kEntries;
  query.conditions.account = f.bank;
  query.conditions.from = Timestamp::of_cn(*Date::of(2025, 12, 30), 0, 0, 0);
  archived(run_query(*f.book, query));
  query.of = QueryOf::kVouchers;
  archived(run_query(*f.book, query));
  query.conditions.from.reset();
  query.as_of_seq = until - 1;
  archived(run_query(*f.book, query));
}

TEST_CASE("purge: the book goes on, and takes back in red what was archived") {
  Fixture f;
  f.year_2025();
  f.archive();
  f.let_a_week_go();
  const std::uint64_t until = f.purge().until;
  ReversalRequest red;
  red.key = f.key();
  red.original = f.sent[0].first.key;  // 1,000, of which 400 went back before
  red.amounts = {600};
  auto command = reversal(*f.book, red);
  REQUIRE(command);
  CHECK(f.book->run(std::move(command.value())).accepted());
  red.key = f.key();
  red.amounts = {1};
  command = reversal(*f.book, red);
  REQUIRE(command);
  CHECK(f.book->run(std::move(command.value())).refusal.code ==
        RefusalCode::kReversalExceedsOriginal);
  // The hold of 2025.
  CHECK(f.book->run(post_hold({f.key(), f.sent[2].first.key, {250}, nullptr})).accepted());
  CHECK(f.whole_fault() == "");
  CHECK(f.book_fault() == "");
  f.open();

  // The next year is added to the archive that holds the first.
  f.year_2026();
  const std::string first_file = text_of(f.to / archive_file_name(1));
  const auto elsewhere = [&] {
    ArchiveRequest request = f.request(2026);
    request.to = f.temp.path() / "another";
    return f.refused(request);
  }();
  CHECK(elsewhere.code == Errc::kMismatch);
  CHECK_THAT(elsewhere.message, Contains("later years are added to the archive that holds it"));
  const Archived later = f.archive(2026);
  CHECK(later.seq > until);
  CHECK(text_of(f.to / archive_file_name(1)) == first_file);
  CHECK(f.fault() == "");
  CHECK(f.archive(2026).was_there);
  CHECK(f.refused(f.request(2025)).code == Errc::kMismatch);
  CHECK_THAT(f.purge_refused(f.purge_request(2026)).message, Contains("may still be reconciled"));
  f.let_a_week_go();
  CHECK(f.purge(2026).until == later.seq);
  CHECK_THAT(f.purge_refused(f.purge_request(2025)).message, Contains("already"));
  for (const auto& [request, first] : f.sent) require_same(f.book->run(request), first);
  CHECK(f.book_fault() == "");
  CHECK(f.whole_fault() == "");
}

TEST_CASE("purge: an earlier year of an archive that holds a later one") {
  Fixture f;
  f.year_2025();
  const std::uint64_t first = f.archive(2025).seq;
  f.year_2026();
  f.archive(2026);
  CHECK(f.purge(2025).until == first);
  CHECK(f.book_fault() == "");
  CHECK(f.whole_fault() == "");
}

TEST_CASE("purge: rows go, and what is kept is less") {
  Fixture f;
  const auto sized = [&](const KeyValueStore& store) {
    std::size_t bytes = 0;
    for (const Write& row : rows_of(store, Table::kJournal)) bytes += row.value->size();
    return std::pair(bytes, rows_of(store, Table::kEntries).size());
  };
  f.year_2025();
  for (int i = 0; i < 4; ++i) {  // a row each
    f.book->store_projections();
    f.post(f.bank, f.owner, 1);
  }
  f.year_2026();
  f.cut_to(*Date::of(2027, 1, 12));
  f.archive(2026);
  std::pair<std::size_t, std::size_t> before, after;
  f.change([&](KeyValueStore& store) {
    before = sized(store);
    return WriteSet{{Table::kMeta, "nothing", std::nullopt}};
  });
  f.open();
  const std::uint64_t until = f.purge(2026).until;
  f.change([&](KeyValueStore& store) {
    after = sized(store);
    std::string account;
    for (const Write& row : rows_of(store, Table::kEntries)) {
      const bool archived = first_position(row.key).seq <= until;
      CHECK_FALSE((archived && row.key.substr(0, 4) == account));  // one at most
      account = archived ? row.key.substr(0, 4) : std::string();
    }
    for (const Write& row : rows_of(store, Table::kJournal)) {
      const auto block = Block::parse(*row.value);
      REQUIRE(block);
      CHECK(block.value()->archived() == (block.value()->last_seq() <= until));
    }
    return WriteSet{{Table::kMeta, "nothing", std::nullopt}};
  });
  CHECK(after.first < before.first);
  CHECK(after.second < before.second);
}

TEST_CASE("purge: restored with the archive, a purged book is whole again, up to any point") {
  Fixture f;
  f.year_2025();
  const std::uint64_t middle = f.sent[7].second.seq;
  const std::string before = [&] {
    std::string text;
    for (const Entry& e : entries_after(*f.book, f.owner, {}))
      text += fmt::format("{} {};", e.seq, e.balance_after);
    return text;
  }();
  f.archive();
  f.let_a_week_go();
  const std::uint64_t until = f.purge().until;
  const std::uint64_t end = f.book->statistics().last_seq;
  const fs::path backups = f.temp.path() / "backups", to = f.temp.path() / "restored";
  REQUIRE(f.book->back_up(backups));
  f.book.reset();
  RestorePoint point;
  const auto opened = [&] {
    fs::copy_file(f.folder / "root.key", to / "root.key");
    f.folder = to;
    f.open();
  };
  SECTION("whole, without the archive: it stays purged") {
    REQUIRE(restore_backup(backups, to, point));
    opened();
    CHECK(f.book->archived().until == until);
    CHECK(f.book_fault() == "");
  }
  SECTION("to a point, without the archive: refused") {
    point.seq = end - 1;
    const auto restored = restore_backup(backups, to, point);
    REQUIRE_FALSE(restored);
    CHECK(restored.error().code == Errc::kArchived);
    CHECK_THAT(restored.error().message, Contains("--archive"));
  }
  SECTION("whole, with the archive: nothing was purged") {
    point.archive = f.to;
    const auto restored = restore_backup(backups, to, point);
    REQUIRE(restored);
    CHECK_FALSE(restored.value().cut);
    opened();
    CHECK(f.book->archived().until == 0);
    CHECK(f.book->statistics().last_seq == end);
    std::string text;
    for (const Entry& e : entries_after(*f.book, f.owner, {}))
      text += fmt::format("{} {};", e.seq, e.balance_after);
    CHECK(text == before);
    CHECK(f.book_fault() == "");
    f.open();
    CHECK_FALSE(f.purge().was_done);  // and again
    CHECK(f.book_fault() == "");
  }
  SECTION("to a point in the archived part") {
    point.archive = f.to;
    point.seq = middle;
    const auto restored = restore_backup(backups, to, point);
    REQUIRE(restored);
    CHECK(restored.value().head.seq == middle);
    CHECK(restored.value().cut);
    opened();
    CHECK(f.book->statistics().last_seq == middle);
    CHECK(f.book_fault() == "");
  }
  SECTION("with another book's archive") {
    Fixture other;
    other.post(other.bank, other.fund, 5);
    other.year_2025();
    other.archive();
    point.archive = other.to;
    const auto restored = restore_backup(backups, to, point);
    REQUIRE_FALSE(restored);
    CHECK(restored.error().code == Errc::kMismatch);
  }
}

TEST_CASE("purge: a book whose roots are gone says which file it wants") {
  Fixture f;
  f.year_2025();
  f.archive();
  f.let_a_week_go();
  f.purge();
  f.book.reset();
  fs::remove(f.folder / "roots");
  BookOptions options;
  options.folder = f.folder;
  const auto opened = Book::open(options, f.clock);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Errc::kCorrupt);
  CHECK_THAT(opened.error().message, Contains("restore the file roots"));
}
