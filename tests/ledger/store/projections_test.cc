// Projections: fed a random journal, stored and reloaded at random points with stamps that lag
// behind each other, they equal a naive model that reads the whole journal again.
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "ledger/core/hold.h"
#include "ledger/store/account_projection.h"
#include "ledger/store/document_projection.h"
#include "ledger/store/id_projection.h"
#include "ledger/store/rocks_store.h"
#include "tests/support/journal_maker.h"
#include "tests/support/memory_store.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;

namespace {

// What a reader of all blocks in order would say, by arithmetic of its own.
struct Naive {
  struct Line {
    std::uint64_t seq;
    std::uint32_t sub;
    std::int64_t amount, after;
    std::int32_t date = 0;
    bool operator==(const Line&) const = default;
  };
  std::map<std::uint32_t, Account> accounts;
  std::map<std::uint32_t, std::array<std::int64_t, 6>> totals;  // dp cp dq cq dr cr
  std::map<std::uint32_t, std::vector<Line>> lines;
  std::map<std::pair<int, std::string>, Document> documents;
  std::map<ClaimKey, std::uint64_t> ids;
  BookChange book;

  void side(const Record& r, std::uint32_t id, bool credit) {
    auto& t = totals[id];
    const int posted = credit, pending = 2 + credit, red = 4 + credit;
    switch (static_cast<TransferKind>(r.transfer_kind)) {
      case TransferKind::kPosted:
        t[posted] += r.amount;
        break;
      case TransferKind::kPending:
        t[pending] += r.amount;
        return;
      case TransferKind::kPostPending:
        t[pending] -= r.amount;
        t[posted] += r.amount;
        break;
      case TransferKind::kVoidPending:
        t[pending] -= r.amount;
        return;
      case TransferKind::kRed:
        t[posted] += r.amount;
        t[red] += r.amount;
        break;
      case TransferKind::kNone:
        return;
    }
    const bool credit_normal = accounts.at(id).normal == Side::kCredit;
    const std::int64_t after = credit_normal ? t[1] - t[0] : t[0] - t[1];
    lines[id].push_back({r.seq, r.leg * 2 + credit, r.amount, after, r.date_days});
  }
  void feed(const Block& block) {
    for (const Record& r : block.records()) {
      if (r.leg == 0) {
        ids[r.key()] = r.seq;
        const StoredCommand c = block.read(block.command(r.seq));
        for (const Account& a : c.effects.accounts) accounts[a.id.value] = a;
        for (const Document& d : c.effects.documents)
          documents[{static_cast<int>(d.kind), d.key}] = d;
        if (c.effects.book) book = *c.effects.book;
      }
      if (r.refusal != 0) continue;
      side(r, r.debit, false);
      side(r, r.credit, true);
    }
  }
};

struct Three {
  explicit Three(KeyValueStore& s) : store(s), accounts(s), documents(s), ids(s) {
    REQUIRE(accounts.load());
    REQUIRE(documents.load());
    REQUIRE(ids.load());
  }
  void feed(const BlockPtr& block) {
    accounts.feed(block);
    documents.feed(block);
    ids.feed(block);
  }
  void put(Projection& projection) {
    projection.freeze();
    REQUIRE(store_frozen(store, {&projection}));
  }
  std::uint64_t stamp() const {
    return std::min({accounts.stamp(), documents.stamp(), ids.stamp()});
  }
  KeyValueStore& store;
  AccountProjection accounts;
  DocumentProjection documents;
  IdProjection ids;
};

std::string random_block(test::JournalMaker& maker, std::mt19937_64& random, std::uint32_t& count,
                         std::map<std::string, std::uint32_t>& versions) {
  const auto below = [&](std::uint64_t n) { return random() % n; };
  for (std::uint64_t n = 1 + below(20); n-- > 0;) {
    ChangeSet changes;
    changes.date = Date{20'516 + static_cast<int>(below(40))};
    changes.type = static_cast<VoucherType>(below(4));
    if (below(10) == 0) {
      maker.refuse(RefusalCode::kBelowLimit);
      continue;
    }
    if (count < 3 || below(15) == 0) {
      Account account;
      account.id = AccountId{++count};
      account.code = "1002/" + std::to_string(count);
      account.normal = below(2) ? Side::kCredit : Side::kDebit;
      account.version = 1;
      changes.accounts.push_back(account);
      maker.add(changes, CommandKind::kOpenAccount);
      continue;
    }
    for (std::uint64_t legs = below(4); legs-- > 0;) {
      const auto debit = 1 + below(count), credit = 1 + below(count);
      if (debit == credit) continue;
      const auto kind = static_cast<TransferKind>(below(5));
      const auto amount = static_cast<std::int64_t>(1 + below(1000));
      changes.transfers.push_back(Transfer{AccountId{static_cast<std::uint32_t>(debit)},
                                           AccountId{static_cast<std::uint32_t>(credit)},
                                           kind == TransferKind::kRed ? -amount : amount, kind});
    }
    if (below(3) == 0) {
      const std::string key = "doc" + std::to_string(below(30));
      changes.documents.push_back(Document{below(2) ? DocumentKind::kOrder : DocumentKind::kCursor,
                                           key, ++versions[key], below(2) == 0,
                                           std::string(below(50), 'b')});
    }
    if (below(20) == 0) changes.book = BookChange{changes.date, changes.date.plus_days(-1)};
    maker.add(changes);
  }
  if (maker.empty()) maker.refuse(RefusalCode::kOverflow);
  return maker.seal();
}

// As of every tenth entry, and of every tenth date.
void compare_totals(Three& is, std::uint32_t id, const std::vector<Naive::Line>& lines) {
  for (std::size_t i = 0; i < lines.size(); i += 10) {
    EntryTotals at, on;
    for (const auto& line : lines) {
      const Entry entry{line.seq,
                        line.amount,
                        0,
                        0,
                        line.date,
                        line.sub,
                        static_cast<std::uint8_t>(line.sub % 2)};
      if (line.seq <= lines[i].seq) at.add(entry);
      if (line.date <= lines[i].date) on.add(entry);
    }
    const auto totals_at = is.accounts.totals_at(AccountId{id}, lines[i].seq);
    REQUIRE(totals_at);
    CHECK(totals_at.value() == at);
    const auto totals_on =
        is.accounts.totals_on(AccountId{id}, Date{lines[i].date}, ~std::uint64_t{0} - 1);
    REQUIRE(totals_on);
    CHECK(totals_on.value() == on);
  }
}

void compare(const Naive& naive, Three& is) {
  REQUIRE(is.accounts.rows().size() == naive.accounts.size());
  for (const auto& row : is.accounts.rows()) {
    const std::uint32_t id = row.account.id.value;
    CHECK(row.account.code == naive.accounts.at(id).code);
    std::array<std::int64_t, 6> totals{};
    if (const auto it = naive.totals.find(id); it != naive.totals.end()) totals = it->second;
    CHECK(row.balance == Balance{totals[0], totals[1], totals[2], totals[3], totals[4], totals[5]});
    std::vector<Naive::Line> expected;
    if (const auto it = naive.lines.find(id); it != naive.lines.end()) expected = it->second;
    // In pages of seven, and as of the middle.
    std::vector<Naive::Line> seen;
    EntryPosition at;
    for (;;) {
      const auto page = is.accounts.entries(row.account.id, at, ~std::uint64_t{0}, 7);
      REQUIRE(page);
      if (page.value().empty()) break;
      for (const Entry& e : page.value()) {
        seen.push_back({e.seq, e.sub, e.amount, e.balance_after, e.date_days});
        at = EntryPosition{e.seq, e.sub};
      }
    }
    CHECK(seen == expected);
    if (expected.empty()) continue;
    const std::uint64_t until = expected[expected.size() / 2].seq;
    std::size_t count = 0, should = 0;
    for (const auto& line : expected) should += line.seq <= until;
    REQUIRE(is.accounts.for_each_entry(row.account.id, {}, until, [&](const Entry&) {
      ++count;
      return true;
    }));
    CHECK(count == should);
    compare_totals(is, id, expected);
  }
  // Documents: what is gathered hides what is stored, in key order.
  std::map<std::pair<int, std::string>, DocumentPtr> found;
  for (const DocumentKind kind : {DocumentKind::kOrder, DocumentKind::kCursor}) {
    std::string last;
    REQUIRE(is.documents.for_each(kind, "", [&](const DocumentPtr& d) {
      found[{static_cast<int>(d->kind), d->key}] = d;
      CHECK(last < d->key);
      last = d->key;
      return true;
    }));
  }
  REQUIRE(found.size() == naive.documents.size());
  for (const auto& [name, document] : naive.documents) {
    CHECK(found.at(name)->version == document.version);
    CHECK(found.at(name)->open == document.open);
    CHECK(found.at(name)->bytes == document.bytes);
  }
  CHECK(is.documents.snapshot().book.accounting_date == naive.book.accounting_date);
  CHECK(is.documents.snapshot().book.closed_through == naive.book.closed_through);
  CHECK(is.documents.snapshot().book.account_count == naive.accounts.size());
  for (const auto& [key, seq] : naive.ids) {
    const auto stored = is.ids.find(key);
    REQUIRE(stored);
    CHECK(stored.value() == seq);
  }
  CHECK_FALSE(is.ids.find(ClaimKey{Id128{9, 9}, CallerId{9}}).value());
}

}  // namespace

TEST_CASE("projections: equal a naive model after stores and reloads at random points") {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    CAPTURE(seed);
    const bool rocks = seed % 3 == 0;
    std::mt19937_64 random(seed);
    test::TempFolder folder;
    std::unique_ptr<KeyValueStore> store = std::make_unique<MemoryStore>();
    if (rocks)
      store = std::move(open_rocks(folder.path() / "db", RocksOptions{true, false}).value());
    test::JournalMaker maker;
    Naive naive;
    std::vector<BlockPtr> journal;
    std::uint32_t accounts = 0;
    std::map<std::string, std::uint32_t> versions;
    auto is = std::make_unique<Three>(*store);
    for (int round = 0; round < 120; ++round) {
      auto block = Block::parse(random_block(maker, random, accounts, versions));
      REQUIRE(block);
      journal.push_back(block.value());
      naive.feed(*block.value());
      is->feed(block.value());
      if (round % 10 == 0) compare(naive, *is);
      // Any subset is stored, so stamps drift apart; then perhaps a crash.
      for (Projection* p :
           std::initializer_list<Projection*>{&is->accounts, &is->documents, &is->ids})
        if (random() % 6 == 0) is->put(*p);
      if (random() % 8 != 0) continue;
      is = std::make_unique<Three>(*store);
      for (const BlockPtr& b : journal)
        if (b->last_seq() > is->stamp()) is->feed(b);
      compare(naive, *is);
      CHECK(is->documents.snapshot().stamper.next_seq == maker.stamper().next_seq);
      CHECK(is->documents.snapshot().stamper.last_timestamp == maker.stamper().last_timestamp);
      CHECK(is->documents.snapshot().stamper.voucher_numbers == maker.stamper().voucher_numbers);
    }
    compare(naive, *is);
    // Open documents, once everything is stored.
    is->put(is->documents);
    std::size_t open = 0, should = 0;
    REQUIRE(is->documents.for_each_open([&](DocumentPtr d) {
      CHECK(d->open);
      ++open;
    }));
    for (const auto& [name, document] : naive.documents) should += document.open;
    CHECK(open == should);
  }
}

TEST_CASE("projections: rows that do not decode are refused, not guessed") {
  const auto refused = [](const WriteSet& writes, auto* which) {
    MemoryStore store;
    REQUIRE(store.write(writes, Durability::kSynced));
    std::remove_pointer_t<decltype(which)> projection(store);
    const auto loaded = projection.load();
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().code == Errc::kCorrupt);
  };
  AccountProjection* accounts = nullptr;
  refused({{Table::kMeta, stamp_key(Table::kAccounts), big_endian(5)},
           {Table::kMeta, stamp_key(Table::kEntries), big_endian(4)}},
          accounts);
  refused({{Table::kMeta, stamp_key(Table::kAccounts), big_endian(5)},
           {Table::kMeta, stamp_key(Table::kEntries), big_endian(5)}},
          accounts);
  refused({{Table::kRollUps, roll_up_key("2101", Currency::kCNY), "short"}}, accounts);
  refused({{Table::kRollUps, "2101", encode_roll_up_value(RollUp{})}}, accounts);
  refused({{Table::kAccounts, big_endian(1, 4), "short"}}, accounts);
  DocumentProjection* documents = nullptr;
  refused({{Table::kMeta, stamp_key(Table::kDocuments), big_endian(5)}}, documents);
  refused({{Table::kDocuments, kBookSnapshotKey, "short"}}, documents);
  IdProjection* ids = nullptr;
  refused({{Table::kIds, "short key", std::string(28, 'x')}}, ids);
  IdRun run;
  run.first_seq = run.last_seq = 1;
  refused({{Table::kIdFilter, id_run_key(0), encode(run) + "x"}}, ids);
  refused({{Table::kIdFilter, id_run_key(0), encode(run)},
           {Table::kIds, claim_row_key(0, run.least), "\x80"}},
          ids);
  refused({{Table::kIdFilter, id_segment_key(0, 0), "short"}}, ids);

  AccountProjection::Row row;
  row.account.id = AccountId{1};
  row.account.code = "1002";
  const std::string good = encode(row);
  CHECK(decode_account_row(good));
  for (std::size_t n = 0; n < good.size(); ++n) CHECK_FALSE(decode_account_row(good.substr(0, n)));
  CHECK_FALSE(decode_account_row(good + '\0'));
  // Type, side, limit and the four bits each have values without meaning.
  for (const auto& [at, value] : {std::pair{16, 0}, {16, 6}, {17, 2}, {20, 3}, {29, 2}, {32, 2}}) {
    std::string other = good;
    other[static_cast<std::size_t>(at)] = static_cast<char>(value);
    INFO("byte " << at);
    CHECK_FALSE(decode_account_row(other));
  }
  BookSnapshot snapshot;
  snapshot.stamper.voucher_numbers[{202603, 1}] = 7;
  const std::string book = encode(snapshot);
  CHECK(decode_book_snapshot(book)->stamper.voucher_numbers.at({202603, 1}) == 7);
  for (std::size_t n = 0; n < book.size(); ++n)
    CHECK_FALSE(decode_book_snapshot(book.substr(0, n)));
  // A series twice.
  CHECK_FALSE(decode_book_snapshot(book.substr(0, book.size() - 13) + '\2' +
                                   book.substr(book.size() - 12) + book.substr(book.size() - 9)));
  CHECK_FALSE(decode_document_row("", "12345"));
  const std::string open("\1\0\0\0\1bytes", 10);
  CHECK(decode_document_row("\1key", open)->open);
  CHECK_FALSE(decode_document_row("\1key", std::string("\1\0\0\0\2bytes", 10)));
  CHECK_FALSE(decode_document_row("\x03key", "1234"));
}
