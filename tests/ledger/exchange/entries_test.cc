// JSON lines and CSV: a book is exported, made again of the export, and exported again; what cannot
// be believed is refused with its line.
#include <catch2/catch.hpp>
#include <sstream>

#include "ledger/exchange/journal_entry.h"
#include "tests/ledger/engine/model_run.h"
#include "tests/ledger/engine/random_book.h"
#include "tests/support/round_trip.h"

using namespace suanpan;
using test::exported;
using test::Imported;
using test::kWays;
using test::lines_of;
using test::require_same;
using test::Way;

namespace {

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line;
  return text;
}

}  // namespace

TEST_CASE("entries: a random book, made again of its export, is the same book and export") {
  for (const std::uint64_t seed : {1, 2}) {
    INFO("seed " << seed);
    // Orders, refunds, payouts, three currencies, Chinese names, holds, reversals, refusals.
    test::RandomBook random(seed);
    random.run(400);
    test::require_round_trip(random.book());
  }
  test::RandomBook sharded(5, 64, 4, true);
  sharded.run(300);
  const std::string text = exported(sharded.book(), kWays[0]);
  CHECK(text.find("\"linked\":true") != std::string::npos);
  CHECK(text.find("\"refused\":\"group_failed\"") != std::string::npos);
  CHECK(text.find("\"expects\":[") != std::string::npos);
  test::require_round_trip(sharded.book());
}

TEST_CASE("entries: batches, expired holds and every refusal come back as they were") {
  test::ModelRun run({5});
  run.go(4'000);
  run.close();
  const ManualClock clock(Timestamp{0});
  const auto source = test::open_again(run.folder(), clock);
  for (const Way& way : kWays) {
    const std::string text = exported(*source, way);
    CHECK(text.find("expire_hold") != std::string::npos);
    CHECK(text.find("below_limit") != std::string::npos);
  }
  test::require_round_trip(*source);
}

TEST_CASE("entries: a reversal that came too early for its original is refused again") {
  test::RandomBook random(3);
  random.run(20);
  Book& book = random.book();
  VoucherRequest voucher;
  voucher.key = {Id128{9, 1}, CallerId{100}};
  voucher.legs = {{AccountId{1}, AccountId{2}, 10}};
  ReversalRequest red;
  red.key = {Id128{9, 2}, CallerId{100}};
  red.original = voucher.key;
  auto early = reversal(book, red);  // looks for the voucher now
  REQUIRE(early);
  REQUIRE(book.run(voucher).accepted());
  CHECK(book.run(std::move(early.value())).refusal.code == RefusalCode::kVoucherNotFound);
  CHECK(exported(book, kWays[0]).find("\"refused\":\"voucher_not_found\"") != std::string::npos);
  test::require_round_trip(book);
}

namespace {

/// After how many lines a journal may end: not inside a voucher, nor inside a linked group.
std::vector<std::size_t> ends_of(const std::vector<std::string>& lines, const Way& way) {
  std::vector<std::size_t> ends;
  CsvEntries csv;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = std::string_view(lines[i]).substr(0, lines[i].size() - 1);
    if (way.format == EntryFormat::kJsonLines) {
      if (!from_jsonl(line).value().linked) ends.push_back(i + 1);
    } else if (const auto before = csv.take(line).value(); before && !before->linked) {
      ends.push_back(i);
    }
  }
  if (way.format == EntryFormat::kCsv) ends.push_back(lines.size());
  return ends;
}

}  // namespace

TEST_CASE("entries: an import that was stopped anywhere is finished by doing it again") {
  test::RandomBook random(7);
  random.run(120);
  for (const Way& way : kWays) {
    const std::string text = exported(random.book(), way);
    const auto lines = lines_of(text);
    for (const std::size_t stop : {std::size_t{3}, lines.size() / 3, lines.size() - 1}) {
      Imported made;
      // The whole prefix was posted when the process died.
      const auto ends = ends_of(lines, way);
      const std::size_t end = *std::lower_bound(ends.begin(), ends.end(), stop);
      const auto part = made.import(
          joined({lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(end)}), way);
      if (!part) FAIL(part.error().message);
      const auto rest = made.import(text, way);
      if (!rest) FAIL(rest.error().message);
      CHECK(rest.value().replayed == part.value().posted);
      require_same(text, made.again(way));
      const auto third = made.import(text, way);
      REQUIRE(third);
      CHECK(third.value().posted == 0);
    }
  }
}

namespace {

// Two accounts, a voucher of two legs, a hold: entries 2 to 5.
std::string small_journal(const Way& way) {
  test::TempFolder folder;
  ManualClock clock(Timestamp::of_cn(*Date::of(2026, 3, 4), 9, 0, 0));
  BookOptions options;
  options.folder = folder.path();
  options.create = true;
  options.first_date = *Date::of(2026, 3, 4);
  auto book = Book::open(options, clock);
  REQUIRE(book);
  const auto key = [](std::uint64_t n) { return ClaimKey{Id128{0, n}, CallerId{100}}; };
  OpenAccountRequest account{key(1), "1002", "银行, \"一\"", AccountType::kAsset, {}, {}, {}};
  REQUIRE(book.value()->run(open_account(account)).accepted());
  account = {key(2), "2101/商户", "", AccountType::kLiability, {}, {}, {LimitKind::kNotBelowZero}};
  REQUIRE(book.value()->run(open_account(account)).accepted());
  clock.advance_seconds(1);
  VoucherRequest voucher;
  voucher.key = key(3);
  voucher.legs = {{AccountId{1}, AccountId{2}, 1000}, {AccountId{1}, AccountId{2}, 5}};
  VoucherText text;
  text.summary = "物业费";
  voucher.text = std::make_shared<const VoucherText>(text);
  REQUIRE(book.value()->run(voucher).accepted());
  voucher.key = key(4);
  voucher.legs = {{AccountId{2}, AccountId{1}, 7}};
  voucher.hold = true;
  voucher.text = nullptr;
  REQUIRE(book.value()->run(voucher).accepted());
  return exported(*book.value(), way);
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  INFO("looking for " << from << " in " << text);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

struct BadFile {
  const char* name;
  std::size_t line;  ///< of `small_journal`, in which something is replaced
  std::string from, to;
  Errc code;
  std::string says;
};

void refuse_each(const Way& way, const std::vector<BadFile>& files) {
  const auto good = lines_of(small_journal(way));
  {
    Imported made;
    REQUIRE(made.import(joined(good), way));
  }
  for (const BadFile& bad : files) {
    INFO(bad.name);
    auto lines = good;
    lines[bad.line - 1] = replaced(lines[bad.line - 1], bad.from, bad.to);
    Imported made;
    const auto counts = made.import(joined(lines), way);
    REQUIRE(!counts);
    CHECK_THAT(counts.error().message, Catch::StartsWith(fmt::format("line {}: ", bad.line)));
    CHECK_THAT(counts.error().message, Catch::Contains(bad.says));
    CHECK(name_of(counts.error().code) == std::string(name_of(bad.code)));
    // What is malformed is seen before anything is made.
    CHECK(std::filesystem::exists(made.book) == (bad.code == Errc::kMismatch));
  }
}

}  // namespace

TEST_CASE("entries: JSON lines are written as documented") {
  const auto lines = lines_of(small_journal(kWays[0]));
  REQUIRE(lines.size() == 5);
  CHECK(lines[1] ==
        "{\"kind\":\"open_account\",\"time\":\"2026-03-04T09:00:00.000000001+08:00\","
        "\"id\":\"0000006400000000000000000000000000000001\",\"account\":\"1002\","
        "\"name\":\"银行, \\\"一\\\"\",\"account_type\":\"asset\",\"limit\":\"none\"}\n");
  CHECK(lines[3] ==
        "{\"kind\":\"voucher\",\"time\":\"2026-03-04T09:00:01+08:00\","
        "\"id\":\"0000006400000000000000000000000000000003\",\"number\":1,\"type\":\"general\","
        "\"date\":\"2026-03-04\",\"summary\":\"物业费\",\"legs\":["
        "{\"debit\":\"1002\",\"credit\":\"2101/商户\",\"amount\":1000},"
        "{\"debit\":\"1002\",\"credit\":\"2101/商户\",\"amount\":5}]}\n");
}

TEST_CASE("entries: JSON lines that are no journal are refused with their line") {
  const Errc bad = Errc::kMalformed, other = Errc::kMismatch;
  refuse_each(
      kWays[0],
      {{"no JSON", 4, "{\"kind\"", "\"kind\"", bad, ""},
       {"an unknown member", 4, "\"summary\"", "\"sumary\"", bad, "sumary"},
       {"a member twice", 4, "\"number\":1", "\"number\":1,\"number\":1", bad, "twice"},
       {"a member of another kind of entry", 4, "\"number\":1", "\"limit\":\"none\"", bad, "limit"},
       {"no id", 4, "\"id\":\"0000006400000000000000000000000000000003\",", "", bad, "id"},
       {"an id too short", 4, "\"id\":\"00", "\"id\":\"", bad, "id"},
       {"an unknown kind", 4, "\"kind\":\"voucher\"", "\"kind\":\"slip\"", bad, "kind"},
       {"no such time", 4, "09:00:01", "25:00:01", bad, "time"},
       {"a time that goes back", 4, "09:00:01", "08:00:01", bad, "goes back"},
       {"no such date", 4, "\"date\":\"2026-03-04\"", "\"date\":\"2026-02-30\"", bad, "date"},
       {"no date", 4, "\"date\":\"2026-03-04\",", "", bad, "date"},
       {"an amount with a fraction", 4, "\"amount\":5", "\"amount\":5.5", bad, ""},
       {"an amount as text", 4, "\"amount\":5", "\"amount\":\"5\"", bad, ""},
       {"a leg with something more", 4, "\"amount\":5", "\"amount\":5,\"x\":1", bad, "legs"},
       {"a leg that names no account", 4, "\"debit\":\"1002\"", "\"debit\":\"\"", bad, "legs"},
       {"no legs", 5, "[{\"debit\":\"2101/商户\",\"credit\":\"1002\",\"amount\":7}]", "[]", bad,
        "legs"},
       {"an account type that is none", 3, "\"liability\"", "\"debt\"", bad, "account_type"},
       {"an opening too late", 2, "open_account", "open_book", bad, ""},
       {"a line cut short", 5, "]}\n", "", bad, "middle of a line"},
       {"no amount", 4, "\"amount\":5", "\"amount\":0", other, "amount_not_positive"},
       {"an account that is not opened", 4, "\"debit\":\"1002\"", "\"debit\":\"1003\"", other,
        "1003"},
       {"another number", 4, "\"number\":1", "\"number\":2", other, "number 1"},
       {"another date", 4, "\"date\":\"2026-03-04\"", "\"date\":\"2026-03-05\"", other, "dated"},
       {"a refusal that is none", 4, "\"number\"", "\"refused\":\"below_limit\",\"number\"", other,
        "accepted"},
       {"more than there is", 5, "\"amount\":7", "\"amount\":7000", other, "below_limit"},
       {"an id of before", 5, "00000004\"", "00000003\"", other, "id_reused"}});
}

TEST_CASE("entries: a CSV that is no journal is refused with its line") {
  const Errc bad = Errc::kMalformed, other = Errc::kMismatch;
  refuse_each(kWays[1], {{"another header", 1, "kind,time", "time,kind", bad, "header"},
                         {"a cell too few", 5, ",general", "", bad, "cells"},
                         {"a quote that is not closed", 3, "\"\"\",", "\"\",", bad, "not closed"},
                         {"a quote in a plain cell", 5, "general", "gen\"eral", bad, "quote"},
                         {"a leg that says more", 6, "leg,", "leg,x", bad, "time"},
                         {"a leg without a voucher", 5, "voucher", "leg", bad, ""},
                         {"an amount that is none", 6, ",5,,\n", ",5x,,\n", bad, "amount"},
                         {"a leg without a credit", 6, "2101/商户", "", bad, "legs"},
                         {"another number", 5, ",1,general", ",2,general", other, "number 1"}});
}

TEST_CASE("entries: what is posted of a hold may have a type and further legs, in either form") {
  const std::string good =
      "{\"kind\":\"post_hold\",\"time\":\"2026-03-04T09:00:03+08:00\","
      "\"id\":\"0000006400000000000000000000000000000005\",\"number\":1,\"type\":\"payment\","
      "\"of\":\"0000006400000000000000000000000000000004\",\"legs\":["
      "{\"debit\":\"1002\",\"credit\":\"2101/商户\",\"amount\":3},"
      "{\"debit\":\"2101/商户\",\"credit\":\"1002\",\"amount\":1}]}";
  const auto entry = from_jsonl(good);
  REQUIRE(entry);
  CHECK(to_jsonl(entry.value()) == good + "\n");
  for (const Way& way : kWays) {
    INFO(way.name);
    const bool json = way.format == EntryFormat::kJsonLines;
    const std::string text =
        small_journal(way) + (json ? to_jsonl(entry.value()) : to_csv(entry.value()));
    Imported made;
    const auto counts = made.import(text, way);
    if (!counts) FAIL(counts.error().message);
    require_same(text, made.again(way));
    const ManualClock clock(Timestamp{0});
    // 1005 came, the hold of 7 went, then 3 came and 1 went: one voucher.
    const auto book = test::open_again(made.book, clock);
    CHECK(book->read([](const State& s, std::uint64_t) { return s.balance(AccountId{1}); }) ==
          Balance{1'008, 8, 0, 0, 0, 0});
  }
  struct Row {
    const char* what;
    std::string from, to, says;
  };
  for (const Row& row : std::initializer_list<Row>{
           {"a type that goes without saying", "payment", "general", "type"},
           {"no such type", "payment", "paid", "type"},
           {"no amount", "\"amount\":3", "\"amount\":0", "moves 0"},
           {"an account to itself", "\"debit\":\"1002\"", "\"debit\":\"2101/商户\"", "moves 3"},
           {"an account that is not there", "\"credit\":\"2101/商户\"", "\"credit\":\"2101/x\"",
            "credit_account_not_found"},
           {"more than there is", "\"amount\":1}", "\"amount\":2000}", "below_limit"},
           {"another number", "\"number\":1", "\"number\":2", "number 1"},
           {"legs of what gives back", "post_hold", "void_hold", "type"}}) {
    INFO(row.what);
    Imported made;
    const auto counts =
        made.import(small_journal(kWays[0]) + replaced(good, row.from, row.to) + "\n", kWays[0]);
    REQUIRE_FALSE(counts);
    CHECK_THAT(counts.error().message, Catch::StartsWith("line 6: "));
    CHECK_THAT(counts.error().message, Catch::Contains(row.says));
  }
  // A row without a leg has no further one.
  JournalEntry bare = entry.value();
  bare.legs.clear();
  Imported made;
  const auto counts = made.import(small_journal(kWays[1]) + to_csv(bare) + "leg" +
                                      std::string(41, ',') + "1002,2101/商户,1,,\n",
                                  kWays[1]);
  REQUIRE_FALSE(counts);
  CHECK_THAT(counts.error().message, Catch::Contains("a leg without a voucher above it"));
}

TEST_CASE("entries: an empty file, and one without its opening, are refused") {
  for (const Way& way : kWays) {
    Imported made;
    const auto counts = made.import("", way);
    REQUIRE(!counts);
    CHECK_THAT(counts.error().message, Catch::StartsWith("line 1: "));
  }
  const auto lines = lines_of(small_journal(kWays[0]));
  Imported made;
  const auto counts = made.import(joined({lines.begin() + 1, lines.end()}), kWays[0]);
  REQUIRE(!counts);
  CHECK_THAT(counts.error().message, Catch::StartsWith("line 1: "));
}

TEST_CASE("entries: a book that was opened otherwise is another's, and stays as it is") {
  for (const Way& way : kWays) {
    const std::string good = small_journal(way);
    Imported made;
    REQUIRE(made.import(good, way));
    const auto counts = made.import(replaced(good, "09:00:00+", "08:00:00+"), way);
    REQUIRE(!counts);
    CHECK_THAT(counts.error().message, Catch::Contains("opened otherwise"));
    require_same(good, made.again(way));
  }
}
