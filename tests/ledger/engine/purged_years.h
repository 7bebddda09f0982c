// A book whose closed years were archived and purged, and what its tests look at.
#pragma once
#include "ledger/engine/purge_book.h"
#include "ledger/store/rocks_store.h"
#include "tests/ledger/engine/closed_years.h"

namespace suanpan::test {

/// Closed years whose archived part may be purged.
struct PurgedYears : ClosedYears {
  PurgeRequest purge_request(std::int32_t year = 2025) const {
    PurgeRequest request;
    request.archive = to;
    request.year = year;
    request.roots = folder / "roots";
    return request;
  }
  /// The book's days move on by a week after the one in which a year was closed.
  void let_a_week_go() {
    const Date today =
        book->read([](const State& state, std::uint64_t) { return state.book().accounting_date; });
    cut_to(today.plus_days(7));
  }
  Purged purge(std::int32_t year = 2025) {
    auto purged = purge_book(*book, purge_request(year));
    if (!purged) FAIL(purged.error().message);
    return purged.value();
  }
  Error purge_refused(const PurgeRequest& request) {
    auto purged = purge_book(*book, request);
    REQUIRE_FALSE(purged);
    return purged.error();
  }
  /// Of the book by itself, closed.
  std::string book_fault() {
    book.reset();
    const auto report = verify(folder);
    if (!report) return "not judged: " + report.error().message;
    return report.value().first_fault;
  }
  /// Changes the closed book's tables.
  template <class Change>
  void change(Change&& change) {
    book.reset();
    auto store = open_rocks(folder / "db", RocksOptions{});
    REQUIRE(store);
    const WriteSet writes = change(*store.value());
    REQUIRE_FALSE(writes.empty());
    REQUIRE(store.value()->write(writes, Durability::kSynced));
  }
};

inline std::vector<Entry> entries_after(const Book& book, AccountId account, EntryPosition after) {
  auto entries = book.entries(account, after, 1'000);
  REQUIRE(entries);
  return entries.value();
}

inline std::vector<Write> rows_of(const KeyValueStore& store, Table table) {
  std::vector<Write> rows;
  const auto cursor = store.cursor(table);
  for (cursor->seek(""); cursor->valid(); cursor->next())
    rows.push_back({table, std::string(cursor->key()), std::string(cursor->value())});
  return rows;
}

inline void require_same(const Answer& again, const Answer& first) {
  CHECK(again.replayed);
  CHECK(again.refusal.code == first.refusal.code);
  CHECK(again.refusal.detail == first.refusal.detail);
  CHECK(again.seq == first.seq);
  CHECK(again.timestamp == first.timestamp);
  CHECK(again.voucher_no == first.voucher_no);
  CHECK(again.date == first.date);
  CHECK(again.answer == first.answer);
}

}  // namespace suanpan::test
