#include "reconcile/run.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "ledger/base/json.h"
#include "tests/reconcile/rows.h"
#include "tests/reconcile/run_text.h"

using namespace suanpan;
using namespace suanpan::reconcile;
using namespace suanpan::reconcile::test;

namespace {

constexpr auto kOpen = RowStatus::kOpen;
constexpr auto kFailed = RowStatus::kFailed;
constexpr auto kRefund = RowKind::kRefund;
constexpr auto kPayout = RowKind::kPayout;
constexpr auto kDeposit = RowKind::kDeposit;
constexpr auto kArrival = RowKind::kArrival;
constexpr auto kUSD = Currency::kUSD;

struct Scenario {
  std::string name;
  std::vector<OutsideRow> outside;
  std::vector<BookRow> book;
  std::vector<std::string> breaks;
  std::size_t matched;
  Policy policy = {};
};

const Date kYesterday = kDay.plus_days(-1);
const Date kTomorrow = kDay.plus_days(1);

std::vector<Scenario> scenarios() {
  return {
      {"nothing on either side", {}, {}, {}, 0},
      {"equal on both sides",
       {Out("N1", "T1", 10000).fee(60000)},
       {Book("V1", "N1", "T1", 10000).fee(60000)},
       {},
       1},
      {"the books do not know the channel's number yet",
       {Out("N1", "T1", 10000)},
       {Book("V1", "N1", "", 10000)},
       {},
       1},
      {"the outside has lost our number: joined by its own",
       {Out("", "T1", 10000)},
       {Book("V1", "N1", "T1", 10000)},
       {},
       1},
      {"missing in the books", {Out("N1", "T1", 10000)}, {}, {"missing_local N1 10000 CNY"}, 0},
      {"missing in the books, not paid outside: nothing moved",
       {Out("N1", "T1", 10000).is(kFailed), Out("N2", "T2", 500).is(kOpen)},
       {},
       {},
       0},
      {"missing outside, on its first day: in doubt",
       {},
       {Book("V1", "N1", "T1", 10000)},
       {"timing N1 -10000 CNY"},
       0},
      {"missing outside, carried from yesterday: a break",
       {},
       {Book("V1", "N1", "T1", 10000).on(kYesterday)},
       {"missing_channel N1 -10000 CNY"},
       0},
      {"missing outside, carried for two days by policy",
       {},
       {Book("V1", "N1", "T1", 10000).on(kYesterday)},
       {"timing N1 -10000 CNY"},
       0,
       {86'400, 2, 0}},
      {"missing outside, before the cut-off window: a break at once",
       {},
       {Book("V1", "N1", "T1", 700).at_time(22, 59, 59),
        Book("V2", "N2", "T2", 800).at_time(23, 0, 0)},
       {"missing_channel N1 -700 CNY", "timing N2 -800 CNY"},
       0,
       {3'600, 1, 0}},
      {"no carrying by policy: a break at once",
       {},
       {Book("V1", "N1", "T1", 700)},
       {"missing_channel N1 -700 CNY"},
       0,
       {86'400, 0, 0}},
      {"carried from yesterday, found today",
       {Out("N1", "T1", 10000)},
       {Book("V1", "N1", "T1", 10000).on(kYesterday)},
       {},
       1},
      {"booked tomorrow by our own cut-off: matched today",
       {Out("N1", "T1", 10000)},
       {Book("V1", "N1", "T1", 10000).on(kTomorrow)},
       {},
       1},
      {"tomorrow's rows wait for tomorrow", {}, {Book("V1", "N1", "T1", 9).on(kTomorrow)}, {}, 0},
      {"paid outside, unknown here",
       {Out("N1", "T1", 10000)},
       {Book("", "N1", "", 10000).is(kOpen)},
       {"status_mismatch_channel_paid N1 10000 CNY"},
       0},
      {"paid outside, closed here",
       {Out("N1", "T1", 10000)},
       {Book("", "N1", "", 10000).is(kFailed)},
       {"status_mismatch_channel_paid N1 10000 CNY"},
       0},
      {"paid outside with another amount than an open order's: success is not forced",
       {Out("N1", "T1", 9000)},
       {Book("", "N1", "", 10000).is(kOpen)},
       {"amount_mismatch N1 9000 CNY"},
       0},
      {"paid here, closed outside",
       {Out("N1", "T1", 10000).is(kFailed)},
       {Book("V1", "N1", "T1", 10000)},
       {"status_mismatch_local_paid N1 -10000 CNY"},
       0},
      {"paid here, still open outside",
       {Out("N1", "T1", 10000).is(kOpen)},
       {Book("V1", "N1", "T1", 10000)},
       {"status_mismatch_local_paid N1 -10000 CNY"},
       0},
      {"open here, failed outside: nothing moved",
       {Out("N1", "T1", 10000).is(kFailed)},
       {Book("", "N1", "", 10000).is(kOpen)},
       {},
       0},
      {"more outside",
       {Out("N1", "T1", 10001)},
       {Book("V1", "N1", "T1", 10000)},
       {"amount_mismatch N1 1 CNY"},
       0},
      {"less outside",
       {Out("N1", "T1", 9900)},
       {Book("V1", "N1", "T1", 10000)},
       {"amount_mismatch N1 -100 CNY"},
       0},
      {"the channel took more fee",
       {Out("N1", "T1", 10000).fee(70000)},
       {Book("V1", "N1", "T1", 10000).fee(60000)},
       {"fee_mismatch N1 10 CNY"},
       0},
      {"half a fen of fee is a break, rounded away from zero to show",
       {Out("N1", "T1", 10000).fee(59500)},
       {Book("V1", "N1", "T1", 10000).fee(60000)},
       {"fee_mismatch N1 -1 CNY"},
       0},
      {"half a fen of fee within the tolerance",
       {Out("N1", "T1", 10000).fee(59500)},
       {Book("V1", "N1", "T1", 10000).fee(60000)},
       {},
       1,
       {86'400, 1, 500}},
      {"amount and fee differ: two breaks",
       {Out("N1", "T1", 9000).fee(54000)},
       {Book("V1", "N1", "T1", 10000).fee(60000)},
       {"amount_mismatch N1 -1000 CNY", "fee_mismatch N1 -6 CNY"},
       0},
      {"another currency",
       {Out("N1", "T1", 10000).in(kUSD).fee(60000)},
       {Book("V1", "N1", "T1", 10000).fee(50000)},
       {"currency_mismatch N1 10000 USD"},
       0},
      {"another currency comes before another status",
       {Out("N1", "T1", 10000).in(kUSD)},
       {Book("", "N1", "", 10000).is(kOpen)},
       {"currency_mismatch N1 10000 USD"},
       0},
      {"another currency, not paid outside: our payment is what is wrong",
       {Out("N1", "T1", 10000).in(kUSD).is(kFailed)},
       {Book("V1", "N1", "T1", 10000)},
       {"status_mismatch_local_paid N1 -10000 CNY"},
       0},
      {"paid twice under one number",
       {Out("N1", "T1", 10000), Out("N1", "T2", 10000)},
       {Book("V1", "N1", "T1", 10000)},
       {"duplicate_payment N1 10000 CNY"},
       1},
      {"paid twice, the books know only the second",
       {Out("N1", "T1", 10000), Out("N1", "T2", 10000)},
       {Book("V1", "N1", "T2", 10000)},
       {"duplicate_payment N1 10000 CNY"},
       1},
      {"paid twice, the second is in suspense",
       {Out("N1", "T1", 10000), Out("N2", "T2", 10000)},
       {Book("V1", "N1", "T1", 10000), Book("V2", "N2", "T2", 10000).suspense()},
       {"duplicate_payment N2 10000 CNY"},
       1},
      {"paid twice, and the books know neither",
       {Out("N1", "T1", 10000), Out("N1", "T2", 10000)},
       {},
       {"missing_local N1 10000 CNY", "duplicate_payment N1 10000 CNY"},
       0},
      {"a second attempt that failed is no second payment",
       {Out("N1", "T1", 10000), Out("N1", "T2", 10000).is(kFailed)},
       {Book("V1", "N1", "T1", 10000)},
       {},
       1},
      {"in suspense, and the channel knows nothing of it",
       {},
       {Book("V1", "N1", "T1", 10000).suspense().on(kYesterday)},
       {"missing_channel N1 0 CNY"},
       0},
      {"two on both sides, in other order and equal in amount",
       {Out("N1", "T1", 500), Out("N1", "T2", 500)},
       {Book("V2", "N1", "T2", 500), Book("V1", "N1", "T1", 500)},
       {},
       2},
      {"two on both sides without channel numbers: by amount",
       {Out("N1", "", 500).as(kDeposit), Out("N1", "", 700).as(kDeposit)},
       {Book("V1", "N1", "", 700).as(kDeposit), Book("V2", "N1", "", 500).as(kDeposit)},
       {},
       2},
      {"two on both sides, one amount wrong: the right ones find each other first",
       {Out("N1", "", 500).as(kDeposit), Out("N1", "", 701).as(kDeposit)},
       {Book("V1", "N1", "", 500).as(kDeposit), Book("V2", "N1", "", 700).as(kDeposit)},
       {"amount_mismatch N1 1 CNY"},
       1},
      {"three outside, two here: the rest is missing, a deposit is never a duplicate",
       {Out("S1", "B1", 500).as(kDeposit), Out("S1", "B2", 500).as(kDeposit),
        Out("S1", "B3", 500).as(kDeposit)},
       {Book("V1", "S1", "B1", 500).as(kDeposit), Book("V2", "S1", "B3", 500).as(kDeposit)},
       {"missing_local S1 500 CNY"},
       2},
      {"one outside, two here",
       {Out("N1", "T1", 500)},
       {Book("V1", "N1", "T1", 500).on(kYesterday), Book("V2", "N1", "T1", 500).on(kYesterday)},
       {"missing_channel N1 -500 CNY"},
       1},
      {"refunds are negative: the channel gave back more",
       {Out("R1", "T9", -600).as(kRefund)},
       {Book("V1", "R1", "T9", -500).as(kRefund)},
       {"amount_mismatch R1 -100 CNY"},
       0},
      {"a refund that only the channel knows",
       {Out("R1", "T9", -600).as(kRefund)},
       {},
       {"missing_local R1 -600 CNY"},
       0},
      {"a refund that only we know, one day later",
       {},
       {Book("V1", "R1", "T9", -600).as(kRefund).on(kYesterday)},
       {"missing_channel R1 600 CNY"},
       0},
      {"two refunds of one order have numbers of their own; fees come back",
       {Out("R1", "T8", -600).as(kRefund).fee(-4000), Out("R2", "T9", -400).as(kRefund).fee(-2000)},
       {Book("V1", "R1", "", -600).as(kRefund).fee(-4000),
        Book("V2", "R2", "", -400).as(kRefund).fee(-3000)},
       {"fee_mismatch R2 1 CNY"},
       1},
      {"a payment and a refund under one number are two movements",
       {Out("N1", "T1", 500), Out("N1", "T1", -500).as(kRefund)},
       {Book("V1", "N1", "T1", 500)},
       {"missing_local N1 -500 CNY"},
       1},
      {"a payout that the bank shows and one that it returned",
       {Out("P1", "B1", -9000).as(kPayout), Out("P2", "B2", -100).as(kPayout),
        Out("P2", "B3", 100).as(RowKind::kPayoutReturn)},
       {Book("V1", "P1", "", -9000).as(kPayout), Book("V2", "P2", "", -100).as(kPayout),
        Book("V3", "P2", "", 100).as(RowKind::kPayoutReturn)},
       {},
       3},
      {"a channel arrival less the channel's fee",
       {Out("", "ARR1", 99400).as(kArrival)},
       {Book("V1", "", "ARR1", 99400).as(kArrival)},
       {},
       1},
      {"two equal bank charges without any number are two charges",
       {Out("", "", -10).as(RowKind::kOther).row(5), Out("", "", -10).as(RowKind::kOther).row(9)},
       {},
       {"missing_local  -10 CNY", "missing_local  -10 CNY"},
       0},
      {"a row that two downloads share is one fact",
       {Out("N1", "T1", 500).row(7), Out("N1", "T1", 500).row(3)},
       {Book("V1", "N1", "T1", 500)},
       {},
       1},
      {"one transaction told twice with two amounts: a break, and not paid twice",
       {Out("N1", "T1", 500), Out("N1", "T1", 600)},
       {Book("V1", "N1", "T1", 500)},
       {"missing_local N1 600 CNY"},
       1},
      {"a bill with a missing row, an extra row and a wrong amount",
       {Out("N1", "T1", 1000), Out("N3", "T3", 3001), Out("N4", "T4", 400)},
       {Book("V1", "N1", "T1", 1000), Book("V2", "N2", "T2", 2000), Book("V3", "N3", "T3", 3000)},
       {"missing_local N4 400 CNY", "amount_mismatch N3 1 CNY", "timing N2 -2000 CNY"},
       1},
  };
}

}  // namespace

TEST_CASE("run: every kind of difference gets its class and its signed amount") {
  for (const auto& s : scenarios()) {
    INFO(s.name);
    const auto result = run(kBatch, s.policy, s.outside, s.book);
    REQUIRE(result);
    // Sorted by the run; by content here, so that a table row may list them freely.
    auto expected = s.breaks, found = lines_of(result.value());
    std::sort(expected.begin(), expected.end());
    std::sort(found.begin(), found.end());
    CHECK(found == expected);
    CHECK(result.value().matched.size() == s.matched);
  }
}

TEST_CASE("run: the order of the rows changes nothing, nor does a second run") {
  for (const auto& s : scenarios()) {
    INFO(s.name);
    const auto first = run(kBatch, s.policy, s.outside, s.book);
    REQUIRE(first);
    const std::string code = test::text_of(first.value());
    for (std::uint64_t seed = 1; seed <= 12; ++seed) {
      INFO("seed " << seed);
      std::mt19937_64 random(seed);
      auto outside = s.outside;
      auto book = s.book;
      std::shuffle(outside.begin(), outside.end(), random);
      std::shuffle(book.begin(), book.end(), random);
      const auto again = run(kBatch, s.policy, outside, book);
      REQUIRE(again);
      CHECK(test::text_of(again.value()) == code);
      CHECK(again.value().matched == first.value().matched);
      CHECK(again.value().repeats == first.value().repeats);
      CHECK(again.value().cleared == first.value().cleared);
    }
  }
}

// Rows that could meet by our number are in one part.
std::size_t part_of(const std::string& our_number, std::size_t parts) {
  return std::hash<std::string>{}(our_number) % parts;
}

TEST_CASE("run: all scenarios at once, partitioned, give what one pass gives") {
  // Numbers get a prefix per scenario, so that scenarios do not meet.
  std::vector<OutsideRow> outside;
  std::vector<BookRow> book;
  std::size_t n = 0;
  for (const auto& s : scenarios()) {
    ++n;
    const auto prefix = [&](std::string& number) {
      if (!number.empty()) number = fmt::format("{}-{}", n, number);
    };
    for (auto row : s.outside) {
      prefix(row.our_number), prefix(row.channel_number);
      row.source.row += static_cast<std::uint32_t>(100 * n);
      outside.push_back(row);
    }
    for (auto row : s.book) {
      prefix(row.our_number), prefix(row.channel_number), prefix(row.voucher_id);
      book.push_back(row);
    }
  }
  const auto whole = run(kBatch, {}, outside, book);
  REQUIRE(whole);
  for (std::uint32_t parts : {2u, 3u, 16u}) {
    Run partitioned(kBatch, {});
    for (std::uint32_t p = 0; p < parts; ++p) {
      std::vector<OutsideRow> o;
      std::vector<BookRow> b;
      for (const auto& row : outside) {
        if (part_of(row.our_number, parts) == p) o.push_back(row);
      }
      for (const auto& row : book) {
        if (part_of(row.our_number, parts) == p) b.push_back(row);
      }
      REQUIRE(partitioned.add(o, b));
    }
    const auto result = partitioned.finish();
    REQUIRE(result);
    CHECK(test::text_of(result.value()) == test::text_of(whole.value()));
    CHECK(result.value().matched == whole.value().matched);
  }
}

TEST_CASE("run: a timing difference is carried, then resolved by its late row") {
  const std::vector<BookRow> book{Book("V1", "N1", "T1", 10000)};
  const auto day1 = run_ok({}, book);
  REQUIRE(lines_of(day1) == std::vector<std::string>{"timing N1 -10000 CNY"});
  const BatchNumber next{kTomorrow, "wechat", 1};

  SECTION("resolved") {
    const auto day2 = run_ok({Out("N1", "T1", 10000).on(kTomorrow).row(42)}, book, {}, next);
    CHECK(day2.breaks.empty());
    CHECK(day2.matched.size() == 1);
    CHECK(day2.summary.carried_in == 1);
    REQUIRE(day2.cleared.size() == 1);
    CHECK(day2.cleared[0].break_id == day1.breaks[0].id);
    CHECK(day2.cleared[0].voucher_id == "V1");
    CHECK(day2.cleared[0].source.row == 42);
  }
  SECTION("turned into a break of the same id") {
    const auto day2 = run_ok({}, book, {}, next);
    REQUIRE(lines_of(day2) == std::vector<std::string>{"missing_channel N1 -10000 CNY"});
    CHECK(day2.breaks[0].id == day1.breaks[0].id);
    CHECK(day2.cleared.empty());
  }
  SECTION("found with another amount: the same id, not cleared") {
    const auto day2 = run_ok({Out("N1", "T1", 9000).on(kTomorrow)}, book, {}, next);
    REQUIRE(lines_of(day2) == std::vector<std::string>{"amount_mismatch N1 -1000 CNY"});
    CHECK(day2.breaks[0].id == day1.breaks[0].id);
    CHECK(day2.cleared.empty());
  }
}

TEST_CASE("run: an outside row that was missing here meets its late voucher") {
  const std::vector<OutsideRow> outside{Out("N1", "T1", 10000)};
  const auto day1 = run_ok(outside, {});
  REQUIRE(lines_of(day1) == std::vector<std::string>{"missing_local N1 10000 CNY"});
  const auto day2 =
      run_ok(outside, {Book("V7", "N1", "T1", 10000).on(kTomorrow)}, {}, {kTomorrow, "wechat", 1});
  CHECK(day2.breaks.empty());
  REQUIRE(day2.cleared.size() == 1);
  CHECK(day2.cleared[0].break_id == day1.breaks[0].id);
  CHECK(day2.cleared[0].voucher_id == "V7");
}

TEST_CASE("run: a break is traced to its source row and its voucher") {
  const auto result = run_ok({Out("N1", "T1", 9900).row(17)}, {Book("V1", "N1", "T1", 10000)});
  REQUIRE(result.breaks.size() == 1);
  const Break& b = result.breaks[0];
  REQUIRE(b.outside);
  CHECK(b.outside->source == SourceRef{"bill.csv", 17});
  REQUIRE(b.book);
  CHECK(b.book->voucher_id == "V1");
  CHECK(b.book->voucher_number == "记-V1");
}

TEST_CASE("run: the id of a break does not depend on file, run or class") {
  const auto id = [](Out row, const BatchNumber& batch) {
    return run_ok({row}, {}, {}, batch).breaks.at(0).id;
  };
  auto other_file = Out("N1", "T1", 100).row(9);
  other_file.source.file = "bill (1).csv";
  const Id128 first = id(Out("N1", "T1", 100), kBatch);
  CHECK(id(other_file, {kDay, "wechat", 2}) == first);
  CHECK(id(Out("N1", "T1", 100), {kDay, "bank", 1}) != first);
  CHECK(id(Out("N2", "T1", 100), kBatch) != first);
  // Fields are kept apart: "N1"+"T1" is not "N"+"1T1".
  CHECK(id(Out("N", "1T1", 100), kBatch) != first);
}

TEST_CASE("run: breaks about equal things have ids of their own") {
  auto line = Book("V1", "N1", "T1", 500).on(kYesterday);
  const auto result = run_ok({}, {line, line});
  REQUIRE(result.breaks.size() == 2);
  CHECK(result.breaks[0].id != result.breaks[1].id);
}

TEST_CASE("run: the summary counts and adds up per class and currency") {
  const auto result =
      run_ok({Out("N1", "T1", 10000).fee(60000), Out("N3", "T3", 3001).fee(18000),
              Out("N4", "T4", 400), Out("N5", "T5", 700).in(kUSD), Out("N6", "T6", 1).is(kFailed),
              Out("N1", "T1", 10000).fee(60000).row(9)},
             {Book("V1", "N1", "T1", 10000).fee(60000), Book("V2", "N2", "T2", 2000),
              Book("V3", "N3", "T3", 3000).fee(18000), Book("V5", "N5", "T5", 700),
              Book("V8", "N8", "T8", 1).on(kTomorrow), Book("", "N9", "", 5).is(kOpen)});
  const Summary& s = result.summary;
  CHECK(s.outside_rows == 6);
  CHECK(s.book_rows == 6);
  CHECK(s.repeats == 1);
  CHECK(s.idle == 2);  // N6 and N9
  CHECK(s.ahead == 1);
  CHECK(s.carried_in == 0);
  const auto& cny = s.currencies.at(Currency::kCNY);
  CHECK(cny.outside == Tally{3, 13401});
  CHECK(cny.book == Tally{4, 15700});
  CHECK(cny.matched == Tally{1, 10000});
  CHECK(cny.difference_minor == -2299);  // 400 - 2000 + 1 - 700
  CHECK(cny.outside_fee_milli == 78000);
  CHECK(cny.fee_difference_milli == 0);
  CHECK(s.currencies.at(kUSD).difference_minor == 700);
  const std::vector<ClassTally> expected{
      {BreakClass::kMatched, Currency::kCNY, {1, 10000}},
      {BreakClass::kMissingLocal, Currency::kCNY, {1, 400}},
      {BreakClass::kAmountMismatch, Currency::kCNY, {1, 1}},
      {BreakClass::kCurrencyMismatch, Currency::kCNY, {0, -700}},
      {BreakClass::kCurrencyMismatch, kUSD, {1, 700}},
      {BreakClass::kTiming, Currency::kCNY, {1, -2000}},
  };
  CHECK(s.classes == expected);
}

TEST_CASE("run: seeded worlds add up however they are damaged") {
  // The run CHECKs that breaks explain the difference; here thousands of odd mixtures try it.
  int counted = 0;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    const bool later_days = seed % 3 == 0;
    std::mt19937_64 random(seed);
    const auto pick = [&](std::uint64_t n) { return random() % n; };
    std::vector<OutsideRow> outside;
    std::vector<BookRow> book;
    for (int i = 0; i < 60; ++i) {
      const auto number = [&](std::string_view p) {
        return pick(8) == 0 ? std::string{} : fmt::format("{}{}", p, pick(12));
      };
      const std::int64_t fen = static_cast<std::int64_t>(pick(4)) * 100 - 100;
      const auto kind = static_cast<RowKind>(1 + pick(7));
      const auto status = static_cast<RowStatus>(1 + pick(3));
      const auto currency = pick(9) == 0 ? kUSD : Currency::kCNY;
      const Date date = kDay.plus_days(static_cast<int>(pick(later_days ? 3 : 2)) - 1);
      if (pick(2) == 0) {
        outside.push_back(Out(number("N"), number("T"), fen)
                              .as(kind)
                              .is(status)
                              .in(currency)
                              .fee(static_cast<int>(pick(3)) * 400)
                              .on(std::min(date, kDay))
                              .row(static_cast<std::uint32_t>(i)));
      } else {
        auto row = Book(number("V"), number("N"), number("T"), fen)
                       .as(kind)
                       .is(status)
                       .in(currency)
                       .fee(static_cast<int>(pick(3)) * 400)
                       .on(date);
        row.in_suspense = pick(6) == 0;
        book.push_back(row);
      }
    }
    const auto first = run(kBatch, {}, outside, book);
    REQUIRE(first);
    std::shuffle(outside.begin(), outside.end(), random);
    std::shuffle(book.begin(), book.end(), random);
    const auto second = run(kBatch, {}, outside, book);
    REQUIRE(second);
    CHECK(test::text_of(first.value()) == test::text_of(second.value()));
    // An independent count, straight from the rows, where neither repeats nor later days blur it.
    if (later_days || !first.value().repeats.empty()) continue;
    std::int64_t difference = 0;
    for (const auto& row : outside) {
      const bool counts = row.status == RowStatus::kDone && row.amount.currency == Currency::kCNY;
      difference += counts ? row.amount.minor : 0;
    }
    for (const auto& row : book) {
      const bool counts = row.status == RowStatus::kDone && !row.in_suspense &&
                          row.amount.currency == Currency::kCNY;
      difference -= counts ? row.amount.minor : 0;
    }
    CHECK(first.value().summary.currencies.at(Currency::kCNY).difference_minor == difference);
    ++counted;
  }
  CHECK(counted > 30);
}

TEST_CASE("run: amounts at the ends of 64 bits are answered, not wrapped") {
  constexpr auto kMax = INT64_MAX;
  CHECK(run(kBatch, {}, std::vector<OutsideRow>{Out("N1", "T1", kMax), Out("N2", "T2", kMax)},
            std::vector<BookRow>{})
            .error()
            .code == Errc::kTooLarge);
  CHECK(run(kBatch, {}, std::vector<OutsideRow>{Out("N1", "T1", kMax)},
            std::vector<BookRow>{Book("V1", "N1", "T1", -1)})
            .error()
            .code == Errc::kTooLarge);
  CHECK(run(kBatch, {}, std::vector<OutsideRow>{},
            std::vector<BookRow>{Book("V1", "N1", "T1", INT64_MIN)})
            .error()
            .code == Errc::kTooLarge);
}

TEST_CASE("run: a row dated after the period is refused, with its place") {
  const auto result =
      run(kBatch, {}, std::vector<OutsideRow>{Out("N1", "T1", 5).on(kTomorrow).row(12)},
          std::vector<BookRow>{});
  REQUIRE(!result);
  CHECK(result.error().code == Errc::kMismatch);
  CHECK(result.error().message ==
        "bill.csv row 12 is dated 2026-03-05, after the period 2026-03-04");
}

TEST_CASE("batch number: reads what it writes, and nothing else") {
  CHECK(BatchNumber{kDay, "wechat", 1}.text() == "20260304-wechat-001");
  for (const std::string text : {"20260304-wechat-001", "20260304-bank_2-999"}) {
    REQUIRE(BatchNumber::parse(text));
    CHECK(BatchNumber::parse(text).value().text() == text);
  }
  for (const std::string text :
       {"", "20260304", "20260304-wechat", "20260304-wechat-1", "20260304-wechat-0001",
        "20260304-wechat-000", "20260230-wechat-001", "20260304--001", "20260304-We-001",
        "20260304-a-b-001", "20260304-wechat-00x", "20260304-aaaaaaaaaaaaaaaaa-001",
        "2026-03-04-wechat-001"}) {
    INFO(text);
    CHECK(!BatchNumber::parse(text));
  }
}

TEST_CASE("fees: thousandths of a fen are rounded half away from zero") {
  const std::pair<std::int64_t, std::int64_t> table[] = {
      {0, 0},    {499, 0},  {500, 1},   {999, 1},    {1000, 1},  {1499, 1},
      {1500, 2}, {-499, 0}, {-500, -1}, {-1499, -1}, {-1500, -2}};
  for (const auto& [milli, minor] : table) CHECK(round_milli(milli) == minor);
}

TEST_CASE("vocabulary: every class has a code of its own, a Chinese name and a next step") {
  std::vector<std::string> codes;
  for (const auto& info : break_classes()) {
    CHECK(break_class_of(info.code) == info.value);
    CHECK(&info_of(info.value) == &info);
    CHECK(!info.name_zh.empty());
    CHECK(!info.next_zh.empty());
    codes.emplace_back(info.code);
  }
  CHECK(codes.size() == 10);
  std::sort(codes.begin(), codes.end());
  CHECK(std::adjacent_find(codes.begin(), codes.end()) == codes.end());
  CHECK(!break_class_of("nothing"));
}
