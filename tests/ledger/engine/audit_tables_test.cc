// Every projection: a wrong, missing or extra row is found and placed.
#include "ledger/engine/audit_tables.h"

#include "ledger/store/id_projection.h"
#include "tests/ledger/engine/paper_book.h"

using namespace suanpan;
using test::Paper;
using test::poke;

namespace {

using Catch::Matchers::Contains;

// A paper book with everything in the tables, ready to be tampered with.
struct Projected : Paper {
  Projected() {
    hold();
    post(bank, owner, 70);
    document(DocumentKind::kMerchant, "M1", 1, true, "{\"name\":\"甲\"}");
    document(DocumentKind::kFeeSchedule, "F1", 1, false, "{}");
    seal();
    project();
    REQUIRE(fault() == "none");
  }
  void edit_account(std::uint32_t id, const std::function<void(AccountProjection::Row&)>& change) {
    auto row = decode_account_row(get(Table::kAccounts, big_endian(id, 4)));
    REQUIRE(row);
    change(*row);
    put(Table::kAccounts, big_endian(id, 4), encode(*row));
  }
  static std::string entries_key(std::uint64_t seq) {
    return big_endian(1, 4) + big_endian(seq) + big_endian(0, 4);
  }
  // The two entries of account 1, as they are stored.
  std::vector<Entry> entries() const {
    const std::string row = get(Table::kEntries, entries_key(8));
    EntryReader reader({8, 0}, row, Side::kDebit);
    std::vector<Entry> found;
    for (Entry entry; reader.next(entry);) found.push_back(entry);
    REQUIRE(found.size() == 2);
    return found;
  }
  void edit_entries(const std::function<void(std::vector<Entry>&)>& change,
                    const EntryTotals& before = {}, std::int32_t latest = kNoDate) {
    std::vector<Entry> row = entries();
    change(row);
    put(Table::kEntries, entries_key(8), encode_entry_row(before, latest, row));
  }
  void edit_ids(const std::function<void(std::vector<Claim>&)>& change) {
    const auto cursor = store.cursor(Table::kIds);
    cursor->seek("");
    const std::string key(cursor->key());
    auto reader = ClaimReader::of(key, cursor->value());
    std::vector<Claim> claims;
    for (Claim claim; reader->next(claim);) claims.push_back(claim);
    change(claims);
    ClaimWriter writer;
    for (const Claim& claim : claims) writer.add(claim);
    put(Table::kIds, claim_row_key(0, writer.first()), writer.value());
  }
  void edit_roll_up(const char* path, Currency currency,
                    const std::function<void(RollUp&)>& change) {
    const std::string key = roll_up_key(path, currency);
    auto row = decode_roll_up(key, get(Table::kRollUps, key));
    REQUIRE(row);
    change(*row);
    put(Table::kRollUps, key, encode_roll_up_value(*row));
  }
  void edit_snapshot(const std::function<void(BookSnapshot&)>& change) {
    auto snapshot = decode_book_snapshot(get(Table::kDocuments, kBookSnapshotKey));
    REQUIRE(snapshot);
    change(*snapshot);
    put(Table::kDocuments, kBookSnapshotKey, encode(*snapshot));
  }
};

}  // namespace

TEST_CASE("verify: a wrong row of a projection is found") {
  struct Row {
    const char* what;
    std::function<void(Projected&)> plant;
    const char* fault;
  };
  using Rows = AccountProjection::Row;
  const Row rows[] = {
      {"a wrong balance",
       [](Projected& p) { p.edit_account(1, [](Rows& r) { ++r.balance.debits_posted; }); },
       "table accounts: 1002 (account 1): its posted debits are 1071, the journal says 1070"},
      {"a wrong reserved total",
       [](Projected& p) { p.edit_account(2, [](Rows& r) { r.balance.debits_pending = 0; }); },
       "its reserved debits are 0, the journal says 100"},
      {"a wrong red total",
       [](Projected& p) { p.edit_account(2, [](Rows& r) { r.balance.credits_red = -1; }); },
       "its red credits are -1"},
      {"wrong terms",
       [](Projected& p) {
         p.edit_account(2, [](Rows& r) { r.account.terms.limit = LimitKind::kNone; });
       },
       "2101/a (account 2): its terms are not those of the journal"},
      {"a wrong account version",
       [](Projected& p) { p.edit_account(4, [](Rows& r) { r.account.version = 1; }); },
       "its version is 1, the journal says 2"},
      {"a missing account",
       [](Projected& p) { p.put(Table::kAccounts, big_endian(5, 4), std::nullopt); },
       "the row of 2101/usd (account 5) is missing"},
      {"an extra account",
       [](Projected& p) {
         p.put(Table::kAccounts, big_endian(6, 4), p.get(Table::kAccounts, big_endian(5, 4)));
       },
       "a row more than the journal's 5 accounts"},
      {"a wrong entry",
       [](Projected& p) { p.edit_entries([](auto& entries) { entries[1].amount = 71; }); },
       "table entries: account 1002 (account 1) has journal entry 10 leg 0 debit of 71 with 2"},
      {"a wrong counter account",
       [](Projected& p) { p.edit_entries([](auto& entries) { entries[0].counter = 3; }); },
       "debit of 1000 with 3 on 2026-03-04, then 1000; the journal says journal entry 8"},
      {"a wrong balance before the first entry",
       [](Projected& p) {
         p.edit_entries([](auto&) {}, EntryTotals{5, 0, 0, 0});
       },
       "table entries: account 1002 (account 1) has journal entry 8 leg 0 debit of 1000 with 2 on "
       "2026-03-04, then 1005; the journal says"},
      {"totals before that make the same balance",
       [](Projected& p) {
         p.edit_entries([](auto&) {}, EntryTotals{5, 5, 0, 0});
       },
       "a row of 1002 (account 1) at journal entry 8 tells other totals before it"},
      {"a latest date before that is not so",
       [](Projected& p) { p.edit_entries([](auto&) {}, {}, 7); },
       "a row of 1002 (account 1) at journal entry 8 tells other totals before it"},
      {"a missing entry",
       [](Projected& p) { p.edit_entries([](auto& entries) { entries.pop_back(); }); },
       "account 1002 (account 1) lacks journal entry 10"},
      {"a missing entry in between",
       [](Projected& p) {
         const auto row = p.entries();
         p.put(Table::kEntries, Projected::entries_key(8), std::nullopt);
         p.put(Table::kEntries, Projected::entries_key(10),
               encode_entry_row(EntryTotals{1000, 0, 0, 0}, Paper::kToday.days, {row[1]}));
       },
       "the journal says journal entry 8"},
      {"an extra entry",
       [](Projected& p) {
         p.edit_entries([](auto& entries) {
           entries.push_back(entries[1]);
           entries.back().seq = 11;
         });
       },
       "has journal entry 11 leg 0 debit of 70 with 2 on 2026-03-04, then 1140, which is not in "
       "the "
       "journal"},
      {"a wrong roll-up",
       [](Projected& p) {
         p.edit_roll_up("2101", Currency::kCNY, [](RollUp& r) { --r.totals.credits_posted; });
       },
       "table roll_ups: 2101 in CNY: credits posted are 1069, those of the accounts below are "
       "1070"},
      {"a roll-up that forgets what is reserved",
       [](Projected& p) {
         p.edit_roll_up("2101", Currency::kCNY, [](RollUp& r) { r.totals.debits_pending = 0; });
       },
       "table roll_ups: 2101 in CNY: debits pending are 0, those of the accounts below are 100"},
      {"a roll-up beyond 64 bits",
       [](Projected& p) {
         p.edit_roll_up("2101", Currency::kUSD,
                        [](RollUp& r) { r.totals.debits_red = Int128{1} << 64; });
       },
       "red debits are 18446744073709551616"},
      {"a roll-up that counts wrong",
       [](Projected& p) {
         p.edit_roll_up("1002", Currency::kUSD, [](RollUp& r) { r.accounts = 2; });
       },
       "1002 in USD: it counts 2 accounts, there are 1"},
      {"a missing roll-up",
       [](Projected& p) {
         p.put(Table::kRollUps, roll_up_key("2101", Currency::kCNY), std::nullopt);
       },
       "table roll_ups: the row of 2101 in CNY is missing"},
      {"the last roll-up is missing",
       [](Projected& p) {
         p.put(Table::kRollUps, roll_up_key("2101", Currency::kUSD), std::nullopt);
       },
       "table roll_ups: the row of 2101 in USD is missing"},
      {"an extra roll-up",
       [](Projected& p) {
         p.put(Table::kRollUps, roll_up_key("2102", Currency::kCNY),
               encode_roll_up_value(RollUp{}));
       },
       "table roll_ups: a row of 2102 in CNY, below which there is no account"},
      {"a roll-up of another shape", [](Projected& p) { p.put(Table::kRollUps, "2101", "?"); },
       "table roll_ups: a row of another shape"},
      {"stamps of accounts and roll-ups that differ",
       [](Projected& p) { p.put(Table::kMeta, stamp_key(Table::kRollUps), big_endian(3)); },
       "table accounts reflects the journal up to 12, table roll_ups up to 3"},
      {"an extra id",
       [](Projected& p) {
         p.edit_ids([](auto& claims) { claims.push_back({Paper::key(900), 3}); });
       },
       "was never claimed"},
      {"a missing id",
       [](Projected& p) { p.edit_ids([](auto& claims) { claims.erase(claims.begin() + 4); }); },
       "the id of journal entry 5 is missing"},
      {"an id that leads elsewhere",
       [](Projected& p) { p.edit_ids([](auto& claims) { claims[0].seq = 2; }); },
       "leads to entry 2, the journal says 1"},
      {"a run that nobody names",
       [](Projected& p) { p.put(Table::kIdFilter, id_run_key(0), std::nullopt); },
       "table ids: the id of journal entry 1 is missing"},
      {"a run that begins later than it says",
       [](Projected& p) {
         auto run = *decode_id_run(id_run_key(0), p.get(Table::kIdFilter, id_run_key(0)));
         run.least.id.lo ^= 1;
         p.put(Table::kIdFilter, id_run_key(0), encode(run));
       },
       "table id_filter: run 0 is not as its rows are"},
      {"a segment that is not full",
       [](Projected& p) { p.put(Table::kIdFilter, id_segment_key(0, 0), "bits"); },
       "table id_filter: a segment that is not full is stored"},
      {"a wrong document",
       [](Projected& p) {
         const std::string key = document_row_key(DocumentKind::kMerchant, "M1");
         std::string value = p.get(Table::kDocuments, key);
         value[value.size() - 3] ^= 1;
         p.put(Table::kDocuments, key, value);
       },
       "the document of kind 7 under \"4d31\" has other content"},
      {"a stale document version",
       [](Projected& p) {
         const std::string key = document_row_key(DocumentKind::kMerchant, "M1");
         std::string value = p.get(Table::kDocuments, key);
         poke(value, 0, std::uint32_t{2});
         p.put(Table::kDocuments, key, value);
       },
       "is at version 2, the journal says 1"},
      {"a missing document",
       [](Projected& p) {
         p.put(Table::kDocuments, document_row_key(DocumentKind::kFeeSchedule, "F1"), std::nullopt);
       },
       "the document of kind 11 under \"4631\" is missing"},
      {"an extra document",
       [](Projected& p) {
         p.put(Table::kDocuments, document_row_key(DocumentKind::kFeeSchedule, "F2"),
               p.get(Table::kDocuments, document_row_key(DocumentKind::kFeeSchedule, "F1")));
       },
       "a document of kind 11 under \"4632\" that is not in the journal"},
      {"a stale open index",
       [](Projected& p) {
         p.put(Table::kDocuments, "\xfe" + document_row_key(DocumentKind::kFeeSchedule, "F1"), "");
       },
       "the open index names a document of kind 11 under \"4631\" that is not open"},
      {"a hole in the open index",
       [](Projected& p) {
         p.put(Table::kDocuments, "\xfe" + document_row_key(DocumentKind::kMerchant, "M1"),
               std::nullopt);
       },
       "the open index lacks the document of kind 7 under \"4d31\""},
      {"a wrong accounting date",
       [](Projected& p) {
         p.edit_snapshot([](BookSnapshot& s) { ++s.book.accounting_date.days; });
       },
       "the book is open on 2026-03-05"},
      {"a wrong voucher counter",
       [](Projected& p) {
         p.edit_snapshot([](BookSnapshot& s) { ++s.stamper.voucher_numbers[{202603, 0}]; });
       },
       "voucher counters"},
      {"a wrong next sequence",
       [](Projected& p) { p.edit_snapshot([](BookSnapshot& s) { ++s.stamper.next_seq; }); },
       "the book goes on at entry 14, the journal at 13"},
      {"a wrong count of accounts",
       [](Projected& p) { p.edit_snapshot([](BookSnapshot& s) { ++s.book.account_count; }); },
       "the book counts 6 accounts, the journal 5"},
      {"the book's own state is gone",
       [](Projected& p) { p.put(Table::kDocuments, kBookSnapshotKey, std::nullopt); },
       "the book's own state is missing"},
      {"a stamp beyond the journal",
       [](Projected& p) { p.put(Table::kMeta, stamp_key(Table::kIds), big_endian(99)); },
       "table ids reflects the journal up to 99, which is not the end"},
      {"stamps of accounts and entries that differ",
       [](Projected& p) { p.put(Table::kMeta, stamp_key(Table::kEntries), big_endian(3)); },
       "table accounts reflects the journal up to 12, table entries up to 3"},
      {"rows without a stamp",
       [](Projected& p) { p.put(Table::kMeta, stamp_key(Table::kIds), std::nullopt); },
       "table ids: it holds rows and has no stamp"},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Projected p;
    row.plant(p);
    CHECK_THAT(p.fault(), Contains(row.fault));
  }
}

TEST_CASE("verify: any flipped bit in any row of a projection is found") {
  Projected p;
  std::size_t flipped = 0;
  for (const Table table : {Table::kAccounts, Table::kEntries, Table::kRollUps, Table::kDocuments,
                            Table::kIds, Table::kIdFilter}) {
    std::vector<std::pair<std::string, std::string>> rows;
    const auto cursor = p.store.cursor(table);
    for (cursor->seek(""); cursor->valid(); cursor->next())
      rows.emplace_back(cursor->key(), cursor->value());
    for (const auto& [key, value] : rows) {
      for (std::size_t bit = 0; bit < value.size() * 8; bit += 1 + bit % 3) {
        std::string damaged = value;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << bit % 8));
        p.put(table, key, damaged);
        if (p.fault() == "none")
          FAIL("bit " << bit << " of a row of " << name_of(table) << " with key of " << key.size()
                      << " bytes");
        ++flipped;
      }
      p.put(table, key, value);
    }
  }
  CHECK(flipped > 3'000);
  CHECK(p.fault() == "none");
}
