// Linked groups, expectations and legs up to a balance as JSON lines and CSV: what stood together
// comes back together, what fell falls again.
#include <catch2/catch.hpp>
#include <sstream>

#include "ledger/core/voucher_rules.h"
#include "ledger/exchange/journal_entry.h"
#include "tests/support/round_trip.h"

using namespace suanpan;
using test::exported;
using test::Imported;
using test::kWays;
using test::lines_of;
using test::require_round_trip;
using test::Way;

namespace {

/// Accounts 1 the bank, 2 and 3 two merchants that do not fall below zero.
struct Till {
  test::TempFolder folder;
  ManualClock clock{Timestamp::of_cn(*Date::of(2026, 3, 4), 9, 0, 0)};
  std::unique_ptr<Book> book;
  std::uint64_t last = 0;

  Till() {
    BookOptions options;
    options.folder = folder.path();
    options.create = true;
    options.first_date = *Date::of(2026, 3, 4);
    auto opened = Book::open(options, clock);
    REQUIRE(opened);
    book = std::move(opened.value());
    for (const char* code : {"1002", "2101/M1", "2101/M2"}) REQUIRE(go({opening(code)}) == "");
    clock.advance_seconds(1);
  }
  ClaimKey key() { return {Id128{0, ++last}, CallerId{100}}; }
  Command opening(const std::string& code) {
    const bool asset = code[0] == '1';
    return open_account({key(),
                         code,
                         "",
                         asset ? AccountType::kAsset : AccountType::kLiability,
                         {},
                         {},
                         {asset ? LimitKind::kNone : LimitKind::kNotBelowZero}});
  }
  VoucherRequest voucher(std::uint32_t debit, std::uint32_t credit, std::int64_t amount) {
    VoucherRequest v;
    v.key = key();
    v.legs = {{AccountId{debit}, AccountId{credit}, amount}};
    return v;
  }
  /// The refusals that the items are told; of a group, where there are several items.
  std::string go(std::vector<Command> commands) {
    clock.advance_seconds(1);
    const auto count = static_cast<std::uint32_t>(commands.size());
    const auto answers = book->run(std::move(commands), count > 1 ? Groups{{0, count}} : Groups{});
    std::string told;
    for (const Answer& a : answers)
      if (!a.accepted()) told += (told.empty() ? "" : " ") + std::string(name_of(a.refusal.code));
    return told;
  }
  std::vector<std::string> lines() const { return lines_of(exported(*book, kWays[0])); }
};

/// How often each line of an export is linked to the next, a letter each: "L" and ".".
std::string links_of(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines)
    text += line.find("\"linked\":true") == std::string::npos ? '.' : 'L';
  return text;
}

std::size_t count_of(const std::vector<std::string>& lines, const std::string& what) {
  std::size_t count = 0;
  for (const std::string& line : lines) count += line.find(what) != std::string::npos;
  return count;
}

/// Bends what an export says in one line, and holds what the import says of it.
void refuse(const std::vector<std::string>& lines, std::size_t line, const std::string& from,
            const std::string& to, std::size_t of_line, const std::string& says) {
  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string bent = lines[i];
    if (i + 1 == line) {
      const std::size_t at = bent.find(from);
      INFO(from << " in " << bent);
      REQUIRE(at != std::string::npos);
      bent.replace(at, from.size(), to);
    }
    text += bent;
  }
  INFO(to << " in place of " << from);
  Imported made;
  const auto counts = made.import(text, kWays[0]);
  REQUIRE_FALSE(counts);
  CHECK_THAT(counts.error().message, Catch::StartsWith(fmt::format("line {}: ", of_line)));
  CHECK_THAT(counts.error().message, Catch::Contains(says));
}

}  // namespace

TEST_CASE("groups: one that stood is told as one, of commands of any kind") {
  Till till;
  const VoucherRequest paid = till.voucher(1, 2, 100);
  VoucherRequest hold = till.voucher(2, 1, 60);
  hold.hold = true;
  REQUIRE(till.go({post_voucher(paid), post_voucher(hold),
                   post_hold({till.key(), hold.key, {25}, {}}), void_hold({till.key(), hold.key}),
                   till.opening("2101/M3"), post_voucher(till.voucher(1, 4, 7))}) == "");
  CHECK(till.go({post_voucher(till.voucher(1, 2, 1))}) == "");
  // The opening of the book, three accounts, the group, the last.
  CHECK(links_of(till.lines()) == "....LLLLL..");
  require_round_trip(*till.book, [](const Book& made) {
    const auto balance = [&](std::uint32_t id) {
      return made.read([&](const State& s, std::uint64_t) {
        return s.balance(AccountId{id}).posted(Side::kCredit);
      });
    };
    CHECK(balance(2) == 76);
    CHECK(balance(4) == 7);
  });
}

TEST_CASE("groups: one that fell falls again, each item with its own refusal") {
  Till till;
  REQUIRE(till.go({post_voucher(till.voucher(1, 2, 100))}) == "");
  const Command too_much = post_voucher(till.voucher(2, 3, 101));
  const Command first = post_voucher(till.voucher(1, 2, 5));
  // Without the first item the second would be refused all the same; with it, it lacks 1 of 106.
  const Command lacks = post_voucher(till.voucher(2, 3, 106));
  REQUIRE(till.go({first, lacks, till.opening("2101/M3")}) ==
          "group_failed below_limit group_failed");
  REQUIRE(till.go({too_much, post_voucher(till.voucher(1, 2, 5))}) == "below_limit group_failed");
  REQUIRE(till.go({set_terms({till.key(), "2101/M1", {}, 7u}),
                   post_voucher(till.voucher(1, 2, 5))}) == "version_conflict group_failed");
  const auto lines = till.lines();
  CHECK(links_of(lines) == ".....LL.L.L.");
  CHECK(count_of(lines, "\"refused\":\"group_failed\"") == 4);
  require_round_trip(*till.book);
  // Its ids are taken in the book made again, too.
  Imported made;
  REQUIRE(made.import(exported(*till.book, kWays[0]), kWays[0]));
  const ManualClock clock(till.clock.now());
  const auto book = test::open_again(made.book, clock);
  const Answer again = book->run(first);
  CHECK(again.refusal.code == RefusalCode::kGroupFailed);
  CHECK(again.replayed);
  CHECK(till.book->find(lacks.key).value()->refusal.detail ==
        book->find(lacks.key).value()->refusal.detail);
}

TEST_CASE("groups: one of which a part cannot be told stands item by item, or is not told") {
  Till till;
  const auto other_room = [&](std::vector<Document> documents) {
    Command command;
    command.key = till.key();
    command.kind = CommandKind::kSetting;
    command.plan = [documents](const View& view, const Moment&) -> Planned<ChangeSet> {
      ChangeSet changes;
      changes.date = view.book().accounting_date;
      for (const Document& d : documents) changes.documents.push_back(d);
      return changes;
    };
    return command;
  };
  const Document note{DocumentKind::kBookSetting, "note", 1, true, "x"};
  REQUIRE(till.go({post_voucher(till.voucher(1, 2, 9)), other_room({note}),
                   post_voucher(till.voucher(1, 2, 8))}) == "");
  CHECK(links_of(till.lines()) == "......");
  Document more = note;
  more.version = 2;
  REQUIRE(till.go({post_voucher(till.voucher(1, 2, 9)), other_room({more}),
                   post_voucher(till.voucher(2, 3, 800))}) ==
          "group_failed group_failed below_limit");
  CHECK(till.lines().size() == 6);
  for (const Way& way : kWays) {
    const std::string text = exported(*till.book, way);
    Imported made;
    REQUIRE(made.import(text, way));
    test::require_same(text, made.again(way));
  }
}

TEST_CASE("groups: an import stopped before one does all of it, and one after it nothing") {
  Till till;
  REQUIRE(till.go({post_voucher(till.voucher(1, 2, 100)), post_voucher(till.voucher(2, 3, 30))}) ==
          "");
  const auto lines = till.lines();
  REQUIRE(lines.size() == 6);
  std::string text;
  for (const std::string& line : lines) text += line;
  for (const std::size_t stop : {4U, 6U}) {
    std::string part;
    for (std::size_t i = 0; i < stop; ++i) part += lines[i];
    Imported made;
    REQUIRE(made.import(part, kWays[0]));
    const auto rest = made.import(text, kWays[0]);
    REQUIRE(rest);
    CHECK(rest.value().posted == 6 - stop);
    test::require_same(text, made.again(kWays[0]));
  }
}

TEST_CASE("groups: what is no group is refused with its line") {
  Till till;
  REQUIRE(till.go({post_voucher(till.voucher(1, 2, 100)), post_voucher(till.voucher(2, 3, 30))}) ==
          "");
  const auto lines = till.lines();
  refuse(lines, 5, "\"linked\":true", "\"linked\":false", 5, "linked");
  refuse(lines, 5, "\"linked\":true", "\"linked\":1", 5, "");
  refuse(lines, 1, "\"currency\"", "\"linked\":true,\"currency\"", 1, "linked");
  refuse(lines, 6, "\"legs\"", "\"linked\":true,\"legs\"", 6, "ends inside a linked group");
  refuse(lines, 6, ".000000001", ".000000002", 6, "cannot be linked");
  // All of it falls, and the first item that is told otherwise is named.
  refuse(lines, 6, "\"amount\":30", "\"amount\":101", 5, "group_failed");
  refuse(lines, 5, "\"date\"", "\"refused\":\"group_failed\",\"date\"", 5, "accepted");
}

TEST_CASE("rules: what vouchers expected and took up to comes back, and its refusals") {
  Till till;
  const auto ruled = [&](VoucherRequest v, VoucherRules rules) {
    v.rules = std::make_shared<const VoucherRules>(std::move(rules));
    return post_voucher(std::move(v));
  };
  REQUIRE(till.go({post_voucher(till.voucher(1, 2, 100))}) == "");
  const Expectation exact{AccountId{2}, 1u, BalanceOf::kPosted, 100, 100};
  const Expectation low{AccountId{1}, {}, BalanceOf::kAvailable, -500, {}};
  const Expectation nobody{AccountId{9}, 1u, BalanceOf::kAvailable, {}, {}};
  REQUIRE(till.go({ruled(till.voucher(1, 2, 11), {{exact, low}, {}})}) == "");
  REQUIRE(till.go({ruled(till.voucher(1, 2, 11), {{exact}, {}})}) == "balance_not_expected");
  REQUIRE(till.go({ruled(till.voucher(1, 2, 11), {{nobody}, {}})}) == "expected_account_not_found");
  // A hold of all there is, of at most 50; then of what is left: 61; then of nothing.
  VoucherRequest hold = till.voucher(2, 3, 0);
  hold.hold = true;
  REQUIRE(till.go({ruled(hold, {{}, {{0, Sweep::kDebit, 50}}})}) == "");
  VoucherRequest sweep = till.voucher(2, 3, 0);
  sweep.legs.push_back({AccountId{1}, AccountId{3}, 4});
  REQUIRE(till.go({ruled(sweep, {{}, {{0, Sweep::kDebit}}})}) == "");
  REQUIRE(till.go({ruled(till.voucher(2, 3, 0), {{low}, {{0, Sweep::kDebit | Sweep::kCredit}}})}) ==
          "nothing_to_sweep");
  REQUIRE(
      till.go({post_voucher(till.voucher(1, 2, 1)), ruled(till.voucher(1, 2, 1), {{exact}, {}})}) ==
      "group_failed balance_not_expected");
  const auto lines = till.lines();
  REQUIRE(lines.size() == 13);
  CHECK_THAT(lines[5],
             Catch::Contains("\"expects\":[{\"account\":\"2101/M1\",\"expected_version\":1,"
                             "\"posted\":true,\"at_least\":100,\"at_most\":100},"
                             "{\"account\":\"1002\",\"at_least\":-500}]}"));
  CHECK_THAT(lines[7],
             Catch::Contains("\"expects\":[{\"account\":\":9\",\"expected_version\":1}]}"));
  CHECK_THAT(lines[8], Catch::Contains("\"legs\":[{\"debit\":\"2101/M1\",\"credit\":\"2101/M2\","
                                       "\"amount\":50,\"up_to\":\"debit\",\"at_most\":50}]}"));
  CHECK_THAT(lines[9],
             Catch::Contains("\"amount\":61,\"up_to\":\"debit\"},"
                             "{\"debit\":\"1002\",\"credit\":\"2101/M2\",\"amount\":4}]}"));
  CHECK_THAT(lines[10], Catch::Contains("\"amount\":0,\"up_to\":\"both\"}],\"expects\":["));
  require_round_trip(*till.book);

  refuse(lines, 6, "\"at_least\":100", "\"at_least\":\"100\"", 6, "expects");
  refuse(lines, 6, "\"at_least\":100", "\"least\":100", 6, "expects");
  refuse(lines, 6, "\"account\":\"2101/M1\",", "", 6, "account");
  refuse(lines, 6, "\"account\":\"2101/M1\",", "\"account\":\"2101/M7\",", 6, "2101/M7");
  refuse(lines, 6, "\"expected_version\":1,", "\"expected_version\":2,", 6, "version_not_expected");
  refuse(lines, 6, "\"at_most\":100", "\"at_most\":99", 6, "value_invalid");
  refuse(lines, 6, "\"at_least\":100,\"at_most\":100", "\"at_most\":99", 6, "balance_not_expected");
  refuse(lines, 9, "\"up_to\":\"debit\"", "\"up_to\":\"all\"", 9, "up_to");
  refuse(lines, 9, "\"up_to\":\"debit\",", "", 9, "at_most");
  refuse(lines, 10, "\"amount\":61", "\"amount\":60", 10, "moves [61,4]");
  // In CSV an expectation is a row of the voucher above it, and of nothing else.
  const auto rows = lines_of(exported(*till.book, kWays[1]));
  std::string text;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    text += rows[i];
    if (i == 1) text += "expect" + rows[1].substr(rows[1].find(','));
  }
  Imported made;
  const auto counts = made.import(text, kWays[1]);
  REQUIRE_FALSE(counts);
  CHECK_THAT(counts.error().message, Catch::StartsWith("line 3: "));
  CHECK_THAT(counts.error().message, Catch::Contains("expects"));
}
