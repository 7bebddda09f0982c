// Queries against a naive reading of the whole journal: random books (reversals, holds, expiries,
// adjustments, refusals, several shards, restarts), random conditions, orders, page sizes and
// budgets, and writes between the pages of one walk.
#include "ledger/engine/query.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "tests/support/naive_query.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;
using namespace suanpan::test;

namespace {

const Date kFirst = *Date::of(2026, 3, 4);

const char* const kKeys[] = {"",     "PO-1", "PO-2", "PO-1 ", "一份写不进十六个字节的业务单号",
                             "PO-11"};
const std::uint16_t kCodes[] = {0, 1, 2, 700};

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), clock_(Timestamp::of_cn(kFirst, 9, 0, 0)) {
    open(true);
    for (std::uint32_t i = 1; i <= 9; ++i) {
      OpenAccountRequest request;
      request.key = fresh();
      request.code = "1002/" + std::to_string(i);
      request.type = i % 2 == 0 ? AccountType::kLiability : AccountType::kAsset;
      if (i == 9) request.terms.limit = LimitKind::kNotBelowZero;
      if (i == 1) request.terms.hot = true;
      REQUIRE(book_->run(open_account(request)).accepted());
    }
  }

  std::uint64_t below(std::uint64_t n) { return random_() % n; }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  Book& book() { return *book_; }
  const std::vector<Seen>& seen() const { return seen_; }
  std::int64_t any_time_ns() {
    if (seen_.empty()) return clock_.now().ns;
    return seen_[below(seen_.size())].time_ns + static_cast<std::int64_t>(below(3)) - 1;
  }

  void write(std::size_t commands) {
    for (std::size_t i = 0; i < commands; ++i) write_one();
    read_on();
  }

 private:
  void open(bool create) {
    book_.reset();
    BookOptions options;
    options.folder = folder_.path() / "book";
    options.create = create;
    options.first_date = kFirst;
    options.shards = static_cast<unsigned>(1 + below(4));
    auto opened = Book::open(options, clock_);
    if (!opened) FAIL(opened.error().message);
    book_ = std::move(opened.value());
  }
  ClaimKey fresh() {
    return {Id128{5, ++ids_}, CallerId{100 + static_cast<std::uint32_t>(below(3))}};
  }
  AccountId account() { return AccountId{static_cast<std::uint32_t>(1 + below(9))}; }
  std::shared_ptr<const VoucherText> text(bool people) {
    if (!people && one_in(3)) return nullptr;
    VoucherText text;
    text.business_key = kKeys[below(std::size(kKeys))];
    text.metadata = kMetadata[below(std::size(kMetadata))].json;
    if (people || one_in(4)) text.summary = "物业费";
    if (people) {
      text.maker = "甲";
      text.checker = "乙";
    }
    return std::make_shared<const VoucherText>(text);
  }

  VoucherRequest voucher() {
    VoucherRequest request;
    request.key = fresh();
    const std::size_t legs = one_in(3) ? 1 + below(5) : 1;
    while (request.legs.size() < legs) {
      const Leg leg{account(), account(), static_cast<std::int64_t>(1 + below(40))};
      if (leg.debit != leg.credit) request.legs.push_back(leg);
    }
    request.code = kCodes[below(std::size(kCodes))];
    request.hold = one_in(4);
    const bool back = !request.hold && one_in(8);
    request.text = text(back);
    if (back) {
      request.adjustment = true;
      request.date = day_.plus_days(-static_cast<int>(below(3)));
    }
    if (one_in(3)) {
      request.effective = day_.plus_days(2 - static_cast<int>(below(7)));
      happened_[request.key] = *request.effective;
    }
    if (request.hold && one_in(2)) request.expires_at = clock_.now().plus_seconds(1 + below(60));
    return request;
  }

  void write_one() {
    const auto of = [&](const std::vector<ClaimKey>& keys) {
      return keys.empty() ? ClaimKey{Id128{9, 9}, CallerId{1}} : keys[below(keys.size())];
    };
    switch (below(20)) {
      case 0:
        day_ = day_.plus_days(1);
        (void)book_->run(day_cut({fresh(), day_}));
        return;
      case 1:
      case 2:
        clock_.advance_seconds(static_cast<std::int64_t>(below(40)));
        return;
      case 3:
      case 4: {
        PostHoldRequest request{fresh(), of(holds_), {}, text(false)};
        if (one_in(2)) request.amounts = {static_cast<std::int64_t>(1 + below(5))};
        (void)book_->run(post_hold(request));
        return;
      }
      case 5:
        (void)book_->run(void_hold({fresh(), of(holds_)}));
        return;
      case 6:
      case 7: {
        ReversalRequest request;
        request.key = fresh();
        request.original = of(vouchers_);
        request.text = text(false);
        auto command = reversal(*book_, request);
        if (command) (void)book_->run(command.value());
        return;
      }
      case 8:
        if (one_in(4)) book_->store_projections();
        if (one_in(12)) open(false);
        return;
      case 9: {  // a block of many
        std::vector<VoucherRequest> batch;
        for (std::size_t i = below(30); i > 0; --i) batch.push_back(voucher());
        if (!batch.empty()) (void)book_->run(batch);
        return;
      }
      default: {
        VoucherRequest request = voucher();
        if (book_->run(request).accepted())
          (request.hold ? holds_ : vouchers_).push_back(request.key);
      }
    }
  }

  void read_on() {
    std::map<std::uint32_t, std::int64_t>& balance = balances_;
    const auto post = [&](std::uint32_t account, bool debited, std::int64_t amount) {
      const bool grows = debited == (account % 2 == 1);
      return balance[account] += grows ? amount : -amount;
    };
    REQUIRE(book_->for_each_command_after(read_, [&](const StoredCommand& command) {
      read_ = command.seq;
      if (command.refusal.code != RefusalCode::kNone) return true;
      const ChangeSet& effects = command.effects;
      for (std::uint32_t leg = 0; leg < effects.transfers.size(); ++leg) {
        const Transfer& t = effects.transfers[leg];
        Seen s;
        s.seq = command.seq;
        s.time_ns = command.timestamp.ns;
        s.caller = command.key.caller.value;
        s.leg = leg;
        s.debit = t.debit.value;
        s.credit = t.credit.value;
        s.code = effects.code;
        s.day = effects.date.days;
        s.happened = happened_.contains(command.key) ? happened_[command.key].days : s.day;
        s.amount = t.amount;
        s.reserved = t.kind == TransferKind::kPending || t.kind == TransferKind::kVoidPending;
        if (effects.text) {
          s.key = effects.text->business_key;
          s.metadata = effects.text->metadata;
        }
        if (!s.reserved) {
          s.debit_after = post(s.debit, true, t.amount);
          s.credit_after = post(s.credit, false, t.amount);
        }
        seen_.push_back(std::move(s));
      }
      return true;
    }));
  }

  std::mt19937_64 random_;
  test::TempFolder folder_;
  ManualClock clock_;
  std::unique_ptr<Book> book_;
  Date day_ = kFirst;
  std::uint64_t ids_ = 0, read_ = 0;
  std::vector<ClaimKey> holds_, vouchers_;
  std::map<ClaimKey, Date> happened_;  // as it was asked for
  std::vector<Seen> seen_;
  std::map<std::uint32_t, std::int64_t> balances_;
};

Query any_query(World& world) {
  Query query;
  query.of = static_cast<QueryOf>(1 + world.below(3));
  query.newest_first = world.one_in(2);
  query.limit = world.one_in(4) ? 500 : 1 + world.below(7);
  if (world.one_in(2)) query.work = static_cast<std::int64_t>(1 + world.below(2000));
  QueryConditions& c = query.conditions;
  const auto account = [&] { return AccountId{static_cast<std::uint32_t>(1 + world.below(10))}; };
  const auto time = [&] { return Timestamp{world.any_time_ns()}; };
  const auto date = [&] { return kFirst.plus_days(static_cast<int>(world.below(12)) - 3); };
  if (world.one_in(2)) c.account = account();
  if (world.one_in(6)) c.debit = account();
  if (world.one_in(6)) c.credit = account();
  if ((c.account || query.of == QueryOf::kEntries) && world.one_in(3))
    c.side = static_cast<Side>(world.below(2));
  if (world.one_in(4)) c.code = kCodes[world.below(std::size(kCodes))];
  if (world.one_in(4)) c.from = time();
  if (world.one_in(4)) c.before = time();
  if (world.one_in(6)) c.from_date = date();
  if (world.one_in(6)) c.through_date = date();
  if (world.one_in(5)) c.effective_from = date();
  if (world.one_in(5)) c.effective_through = date();
  if (world.one_in(5)) c.min_amount = static_cast<std::int64_t>(world.below(60)) - 20;
  if (world.one_in(5)) c.max_amount = static_cast<std::int64_t>(world.below(60)) - 20;
  if (world.one_in(3)) c.business_key = kKeys[1 + world.below(std::size(kKeys) - 1)];
  if (world.one_in(4)) {
    const auto& members = kMetadata[1 + world.below(std::size(kMetadata) - 1)].members;
    c.metadata.push_back(members[world.below(members.size())]);
    if (world.one_in(3)) c.metadata.emplace_back("shop", "7");
  }
  c.stage = world.one_in(3) ? static_cast<Stage>(world.below(3)) : Stage::kPosted;
  if (world.one_in(6)) c.caller = CallerId{100 + static_cast<std::uint32_t>(world.below(3))};
  return query;
}

struct Walked {
  std::vector<Shown> rows;
  std::uint64_t as_of_seq = 0;
  std::size_t pages = 0, short_pages = 0;
};

// Walks through all pages, writing between some of them.
Walked walk(World& world, Query query, bool writing) {
  Walked walked;
  int writes = 3;
  for (;;) {
    const auto page = run_query(world.book(), query);
    if (!page) FAIL(page.error().message);
    const auto& found = page.value();
    if (walked.pages++ == 0) walked.as_of_seq = found.as_of_seq;
    if (found.as_of_seq != walked.as_of_seq) FAIL("a page of another moment");
    if (found.hits.size() > query.limit) FAIL("a page of " << found.hits.size());
    for (const QueryHit& hit : found.hits) walked.rows.push_back(shown(query.of, hit));
    if (!found.next) return walked;
    if (found.hits.size() < query.limit) ++walked.short_pages;
    if (found.next == query.cursor) FAIL("a page that does not go on");
    query.cursor = found.next;
    if (writing && writes > 0 && world.one_in(4)) {
      --writes;
      world.write(1 + world.below(3));
    }
  }
}

std::uint64_t setting(const char* name, std::uint64_t usual) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : usual;
}

}  // namespace

TEST_CASE("query: random queries of random books find what a naive reading finds") {
  const std::uint64_t first = setting("SUANPAN_QUERY_SEED", 1);
  const std::uint64_t seeds = setting("SUANPAN_QUERY_SEEDS", 4);
  std::size_t rows = 0, found = 0, several_pages = 0, short_pages = 0;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    World world(seed);
    for (int round = 0; round < 6; ++round) {
      world.write(50);
      for (int i = 0; i < 25; ++i) {
        INFO("SUANPAN_QUERY_SEED=" << seed << " round " << round << " query " << i);
        const Query query = any_query(world);
        const Walked walked = walk(world, query, true);
        const auto expected = naive(world.seen(), query, walked.as_of_seq);
        REQUIRE(walked.rows == expected);
        rows += expected.size();
        found += expected.empty() ? 0 : 1;
        several_pages += walked.pages > 1 ? 1 : 0;
        short_pages += walked.short_pages;
      }
    }
  }
  // The generator draws what it is there for.
  const std::size_t queries = seeds * 6 * 25;
  CHECK(found > queries / 4);
  CHECK(several_pages > queries / 4);
  CHECK(short_pages > queries / 4);
  CHECK(rows > queries);
}

TEST_CASE("query: one index after another gives the rows that the journal gives") {
  World world(77);
  world.write(400);
  std::size_t rows = 0;
  for (const bool newest : {false, true})
    for (const QueryOf of : {QueryOf::kVouchers, QueryOf::kTransfers, QueryOf::kEntries})
      for (const char* key : {"", "PO-1"})
        for (const std::uint32_t account : {0, 3}) {
          Query query;
          query.of = of;
          query.newest_first = newest;
          query.conditions.business_key = key;
          if (account != 0) query.conditions.account = AccountId{account};
          query.limit = 500;
          const Walked walked = walk(world, query, false);
          INFO("of " << static_cast<int>(of) << " key " << key << " account " << account);
          CHECK(walked.rows == naive(world.seen(), query, walked.as_of_seq));
          rows += walked.rows.size();
        }
  CHECK(rows > 500);
}

// A record of a block costs some 40 ns to read and parse, on whichever page: four units of work.
TEST_CASE("query: a page reads no more blocks than its work pays for") {
  test::TempFolder folder;
  ManualClock clock(Timestamp::of_cn(kFirst, 9, 0, 0));
  BookOptions options;
  options.folder = folder.path() / "book";
  options.create = true;
  options.first_date = kFirst;
  options.shards = 1;
  auto opened = Book::open(options, clock);
  REQUIRE(opened);
  const Book& book = *opened.value();
  for (std::uint32_t i = 1; i <= 2; ++i) {
    OpenAccountRequest request;
    request.key = {Id128{1, i}, CallerId{100}};
    request.code = "1002/" + std::to_string(i);
    request.type = AccountType::kAsset;
    REQUIRE(opened.value()->run(open_account(request)).accepted());
  }
  constexpr std::uint64_t kBatch = 1000, kBatches = 20;
  for (std::uint64_t n = 0; n < kBatches; ++n) {
    std::vector<VoucherRequest> batch(kBatch);
    for (std::uint64_t i = 0; i < kBatch; ++i) {
      batch[i].key = {Id128{2, n * kBatch + i}, CallerId{100}};
      batch[i].legs.push_back(Leg{AccountId{1}, AccountId{2}, 1});
    }
    for (const Answer& answer : opened.value()->run(std::move(batch))) REQUIRE(answer.accepted());
  }
  Query query;
  query.conditions.code = 65535;  // nobody's
  query.work = 20'000;            // of 5,000 records
  std::uint64_t before = 0, most = 0;
  std::size_t pages = 0;
  for (bool more = true; more; ++pages) {
    const auto page = run_query(book, query);
    REQUIRE(page);
    CHECK(page.value().hits.empty());
    query.cursor = page.value().next;
    more = query.cursor.has_value();
    const std::uint64_t until = more ? query.cursor->at.seq : book.last_seq();
    most = std::max(most, until - before);
    before = until;
  }
  // 20,002 commands of one record each; the last block of a page may lie beyond what is paid for.
  CHECK(most <= 6000);
  CHECK(pages >= 4);
}

TEST_CASE("query: a cursor that is not of this journal is refused") {
  World world(5);
  world.write(30);
  Query query;
  query.limit = 2;
  const auto page = run_query(world.book(), query);
  REQUIRE((page && page.value().next));
  const QueryCursor good = *page.value().next;
  const struct {
    const char* what;
    QueryCursor cursor;
  } rows[] = {
      {"pins a sequence to come", {good.until + 1'000, good.low, good.high, good.at}},
      {"ends beyond what it pins", {good.until, good.low, good.until + 1, good.at}},
      {"begins before the journal", {good.until, 0, good.high, {0, 0}}},
      {"stands before its range", {good.until, 5, good.high, {2, 0}}},
  };
  for (const auto& row : rows) {
    INFO(row.what);
    query.cursor = row.cursor;
    const auto refused = run_query(world.book(), query);
    REQUIRE(!refused);
    CHECK(refused.error().code == Errc::kMalformed);
  }
  query.newest_first = true;
  query.cursor = {good.until, 1, 3, {9, 1}};
  CHECK(!run_query(world.book(), query));
}
