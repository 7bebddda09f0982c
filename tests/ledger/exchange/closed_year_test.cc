// A book with a chart of accounts, whose years were closed, as JSON lines and CSV: the book made of
// them has the same chart and years, keeps to them, and is exported as the same text.
#include <catch2/catch.hpp>
#include <sstream>

#include "ledger/core/chart_templates.h"
#include "ledger/exchange/journal_entry.h"
#include "tests/support/round_trip.h"
#include "tests/support/shop.h"

using namespace suanpan;
using test::exported;
using test::Imported;
using test::kWays;
using test::lines_of;
using test::require_round_trip;
using test::Way;

namespace {

using test::Shop;
const Date kFirst = Shop::first_day();

std::int64_t credit_of(const Book& book, const std::string& code, std::optional<Date> on = {}) {
  const auto id = book.read([&](const State& s, std::uint64_t) {
    REQUIRE(s.account(code));
    return s.account(code)->id;
  });
  if (on) return book.balance_on(id, *on).value().posted(Side::kCredit);
  return book.read(
      [&](const State& s, std::uint64_t) { return s.balance(id).posted(Side::kCredit); });
}

std::vector<std::string> entries_of(const Book& book, const std::string& kind) {
  std::vector<std::string> found;
  for (const std::string& line : lines_of(exported(book, kWays[0])))
    if (line.starts_with("{\"kind\":\"" + kind + "\"")) found.push_back(line);
  return found;
}

/// An imported book that goes on.
struct GoesOn {
  Imported made;
  ManualClock clock{Timestamp::of_cn(*Date::of(2026, 2, 1), 9, 0, 0)};
  std::unique_ptr<Book> book;
  std::uint64_t last = 0;
  explicit GoesOn(const Book& source) {
    const auto counts = made.import(exported(source, kWays[0]), kWays[0]);
    if (!counts) FAIL(counts.error().message);
    book = test::open_again(made.book, clock);
  }
  ClaimKey key() { return {Id128{9, ++last}, CallerId{100}}; }
  std::string told(Command command) {
    const Answer answer = book->run(std::move(command));
    return answer.accepted() ? "accepted" : std::string(name_of(answer.refusal.code));
  }
  std::string told(Date date, bool adjustment) {
    VoucherRequest voucher;
    voucher.key = key();
    voucher.legs = {{AccountId{1}, AccountId{2}, 5}};
    voucher.date = date;
    voucher.adjustment = adjustment;
    voucher.text = std::make_shared<const VoucherText>(VoucherText{"", "", "", "甲", "乙"});
    return told(post_voucher(voucher));
  }
};

}  // namespace

TEST_CASE("closed year: the book made again has what was carried, and the year is closed in it") {
  Shop shop;
  shop.refused(request_year_close({shop.key(), 2025, "制单"}), RefusalCode::kDateAhead);
  shop.year_over();
  CHECK(shop.post(1, 2, 900).accepted());  // of the new year
  shop.close();
  CHECK(shop.post(1, 2, 11, kFirst).refusal.code == RefusalCode::kPeriodClosed);
  CHECK(shop.post(1, 3, 8).accepted());
  shop.refused(request_year_close({shop.key(), 2025, "制单"}), RefusalCode::kYearClosed);
  require_round_trip(*shop.book, [](const Book& made) {
    // 500 + 70 - 130 went through this year's profit to what is undistributed.
    CHECK(credit_of(made, "41/04") == 440);
    CHECK(credit_of(made, "41/03") == 0);
    CHECK(credit_of(made, "6001/M1", kFirst) == 0);
    CHECK(credit_of(made, "6601", kFirst) == 0);
    CHECK(credit_of(made, "6001/M1") == 900);
    CHECK(credit_of(made, "6001/M2") == 8);
    CHECK(made.read([](const State& s, std::uint64_t) { return s.book().closed_through; }) ==
          kFirst);
  });
  GoesOn on(*shop.book);
  CHECK(on.told(kFirst, true) == "period_closed");
  CHECK(on.told(*Date::of(2026, 1, 1), false) == "accepted");
  CHECK(on.told(request_year_close({on.key(), 2025, "丙"})) == "year_closed");
  CHECK(on.told(begin_year_close({on.key(), 2025, "丙"})) == "year_closed");
}

TEST_CASE("closed year: its steps are written as they were taken") {
  Shop shop;
  shop.year_over();
  shop.done(request_year_close({shop.key(), 2025, "制单"}));
  shop.done(reject_year_close({shop.key(), 2025, "制单", false}));
  shop.refused(reject_year_close({shop.key(), 2025, "复核", true}),
               RefusalCode::kDocumentStateFinal);
  shop.close();
  const auto steps = entries_of(*shop.book, "year_close");
  REQUIRE(steps.size() == 8);
  const auto says = [&](std::size_t step, const std::string& what) {
    INFO(step);
    CHECK_THAT(steps[step], Catch::Contains(what));
  };
  says(0, "\"maker\":\"制单\",\"year\":2025,\"step\":\"request\"}");
  says(1, "\"checker\":\"制单\",\"year\":2025,\"step\":\"reject\"}");
  says(2, "\"refused\":\"document_state_final\",\"checker\":\"复核\",\"year\":2025,");
  says(3, "\"maker\":\"制单\",\"year\":2025,\"step\":\"request\"}");
  says(4, "\"checker\":\"复核\",\"year\":2025,\"step\":\"begin\"}");
  // The document was asked for, rejected, asked for and begun; each voucher is a version more.
  says(5,
       "\"number\":1,\"expected_version\":4,\"year\":2025,\"step\":\"carry\",\"legs\":["
       "{\"debit\":\"6001/M1\",\"credit\":\"41/03\",\"amount\":500},"
       "{\"debit\":\"6001/M2\",\"credit\":\"41/03\",\"amount\":70},"
       "{\"debit\":\"41/03\",\"credit\":\"6601\",\"amount\":130}]}");
  says(6,
       "\"number\":2,\"expected_version\":5,\"year\":2025,\"step\":\"carry\",\"legs\":["
       "{\"debit\":\"41/03\",\"credit\":\"41/04\",\"amount\":440}]}");
  says(7, "\"expected_version\":6,\"year\":2025,\"step\":\"finish\"}");
  require_round_trip(*shop.book);
}

TEST_CASE("closed year: one that is carried in part goes on where it stood") {
  Shop shop;
  shop.year_over();
  shop.done(request_year_close({shop.key(), 2025, "制单"}));
  shop.done(begin_year_close({shop.key(), 2025, "复核"}));
  shop.open("41/03", AccountType::kEquity);
  shop.done(carry_forward({shop.key(), 2025, 2, {{AccountId{2}, AccountId{5}, 500}}}));
  shop.refused(carry_forward({shop.key(), 2025, 2, {{AccountId{3}, AccountId{5}, 70}}}),
               RefusalCode::kDocumentVersionConflict);
  shop.done(day_cut({shop.key(), *Date::of(2026, 1, 2)}));
  shop.refused(period_close({shop.key(), *Date::of(2026, 1, 1)}), RefusalCode::kYearClosing);
  require_round_trip(*shop.book);
  GoesOn on(*shop.book);
  const auto closed = close_year(*on.book, 2025, "复核");
  REQUIRE(closed);
  CHECK(closed.value().carried == 3);
  CHECK(closed.value().vouchers == 3);
  CHECK(credit_of(*on.book, "41/04") == 440);
  CHECK(on.told(period_close({on.key(), *Date::of(2026, 1, 1)})) == "accepted");
}

TEST_CASE("closed year: what is no year's end is refused with its line") {
  Shop shop;
  shop.year_over();
  shop.close();
  const std::string good = exported(*shop.book, kWays[0]);
  const auto lines = lines_of(good);
  struct Row {
    const char* what;
    std::string step, from, to;
    Errc code;
    std::string says;
    /// Where it is found: 0 is the line itself.
    std::size_t later = 0;
  };
  const Errc bad = Errc::kMalformed, other = Errc::kMismatch;
  for (const Row& row : std::initializer_list<Row>{
           {"no such step", "request", "\"request\"", "\"ask\"", bad, "step"},
           {"no such year", "request", ":2025", ":3025", bad, "\"year\""},
           {"no year", "request", "\"year\":2025,", "", bad, "year"},
           {"nobody", "request", "\"maker\":\"制单\",", "", bad, "maker"},
           {"somebody where none is", "finish", "\"expected", "\"maker\":\"x\",\"expected", bad,
            "maker"},
           {"no version", "finish", "\"expected_version\":4,", "", bad, "expected_version"},
           {"a version where none is", "begin", "\"year\"", "\"expected_version\":1,\"year\"", bad,
            "expected_version"},
           {"legs of what carries nothing", "finish", "}\n",
            ",\"legs\":[{\"debit\":\"6601\",\"credit\":\"41/03\",\"amount\":1}]}\n", bad, "legs"},
           {"a carry of nothing", "carry", ",\"legs\":[", ",\"expects\":[", bad, "expects"},
           {"a leg up to a balance", "carry", "\"amount\":500",
            "\"amount\":500,\"up_to\":\"debit\"", bad, "up_to"},
           {"linked to the next", "begin", "\"year\"", "\"linked\":true,\"year\"", bad, "linked"},
           {"another year", "begin", ":2025", ":2024", other, "period_closed"},
           {"the same person", "begin", "复核", "制单", other, "same_person"},
           {"another version", "carry", "_version\":2", "_version\":3", other,
            "document_version_conflict"},
           {"another number", "carry", "\"number\":1", "\"number\":2", other, "number 1"},
           {"an account that is not there", "carry", "6001/M2", "6001/M3", other, "6001/M3"},
           {"where the subject does not close into", "carry", "6601", "1002/1", other,
            "carry_target_invalid"},
           {"less than there is", "carry", "500", "400", other, "ends while 6001/M1", 3},
           {"more than there is", "carry", "70}", "71}", other, "ends while 6001/M2", 3},
       }) {
    INFO(row.what);
    auto bent = lines;
    std::size_t at = 0;
    while (at < bent.size() && (bent[at].find("\"year_close\"") == std::string::npos ||
                                bent[at].find("\"" + row.step + "\"") == std::string::npos))
      ++at;
    REQUIRE(at < bent.size());
    const std::size_t place = bent[at].find(row.from);
    INFO(bent[at]);
    REQUIRE(place != std::string::npos);
    bent[at].replace(place, row.from.size(), row.to);
    std::string text;
    for (const std::string& line : bent) text += line;
    Imported made;
    const auto counts = made.import(text, kWays[0]);
    REQUIRE_FALSE(counts);
    CHECK_THAT(counts.error().message,
               Catch::StartsWith(fmt::format("line {}: ", at + 1 + row.later)));
    CHECK_THAT(counts.error().message, Catch::Contains(row.says));
    CHECK(name_of(counts.error().code) == std::string(name_of(row.code)));
    CHECK(std::filesystem::exists(made.book) == (row.code == other));
  }
}

TEST_CASE("closed year: an import stopped between any two of its steps is finished by another") {
  Shop shop;
  shop.year_over();
  shop.close();
  const std::string text = exported(*shop.book, kWays[0]);
  const auto lines = lines_of(text);
  for (std::size_t end = lines.size() - 8; end < lines.size(); ++end) {
    INFO(end << " lines of " << lines.size());
    std::string part;
    for (std::size_t i = 0; i < end; ++i) part += lines[i];
    Imported made;
    const auto first = made.import(part, kWays[0]);
    if (!first) FAIL(first.error().message);
    const auto rest = made.import(text, kWays[0]);
    if (!rest) FAIL(rest.error().message);
    CHECK(rest.value().posted == lines.size() - end);
    test::require_same(text, made.again(kWays[0]));
  }
}

TEST_CASE("chart: the book made again keeps to it") {
  Shop shop;
  shop.done(add_subject(
      {shop.key(), {"2241", "挂账", AccountType::kLiability, Side::kCredit, true, {}, ""}}));
  shop.refused(
      add_subject({shop.key(),
                   {"41/03", "重复", AccountType::kEquity, Side::kCredit, true, {"merchant"}, ""}}),
      RefusalCode::kSubjectExists);
  shop.refused(open_account({shop.key(), "6001", "", AccountType::kIncome, {}, {}, {}}),
               RefusalCode::kDimensionsMissing);
  shop.refused(open_account({shop.key(), "9999", "", AccountType::kIncome, {}, {}, {}}),
               RefusalCode::kSubjectNotFound);
  shop.open("2241", AccountType::kLiability);
  const auto charts = entries_of(*shop.book, "chart");
  REQUIRE(charts.size() == 3);
  CHECK_THAT(charts[0],
             Catch::Contains("\"chart\":\"shop\",\"subjects\":["
                             "{\"name\":\"银行存款\",\"account_type\":\"asset\","
                             "\"subject\":\"1002\",\"dimensions\":\"bank\"},"
                             "{\"name\":\"累计折旧\",\"account_type\":\"asset\","
                             "\"normal\":\"credit\",\"subject\":\"1602\"},"
                             "{\"name\":\"权益\",\"account_type\":\"equity\",\"subject\":\"41\","
                             "\"group\":true},"));
  CHECK_THAT(charts[1], Catch::EndsWith("\"name\":\"挂账\",\"account_type\":\"liability\","
                                        "\"subject\":\"2241\"}\n"));
  CHECK_THAT(charts[2], Catch::Contains("\"refused\":\"subject_exists\""));
  CHECK(entries_of(*shop.book, "open_account").size() == 7);
  require_round_trip(*shop.book);
  GoesOn on(*shop.book);
  const auto opened = [&](const std::string& code, AccountType type) {
    return on.told(open_account({on.key(), code, "", type, {}, {}, {}}));
  };
  CHECK(opened("7001", AccountType::kIncome) == "subject_not_found");
  CHECK(opened("41", AccountType::kEquity) == "subject_not_leaf");
  CHECK(opened("6001/M3/1", AccountType::kIncome) == "dimensions_exceeded");
  CHECK(opened("6001/M3", AccountType::kExpense) == "subject_mismatch");
  CHECK(opened("6001/M3", AccountType::kIncome) == "accepted");
  CHECK(on.told(adopt_chart(*chart_template("platform"))) == "chart_exists");
}

TEST_CASE("chart: every template, and a free one that an enforced one follows, comes back") {
  for (const std::string_view name : chart_template_names()) {
    INFO(name);
    const auto chart = chart_template(name);
    test::TempFolder folder;
    const ManualClock clock(Timestamp::of_cn(kFirst, 9, 0, 0));
    BookOptions options;
    options.folder = folder.path();
    options.create = true;
    options.first_date = kFirst;
    const auto book = Book::open(options, clock);
    REQUIRE(book);
    REQUIRE(book.value()
                ->run(adopt_chart({{Id128{0, 1}, CallerId{100}}, {"自由", false}, {}}))
                .accepted());
    REQUIRE(book.value()->run(adopt_chart(*chart)).accepted() == (name != "free"));
    require_round_trip(*book.value());
  }
}

TEST_CASE("chart: what is no chart is refused with its line") {
  Shop shop;
  shop.done(add_subject(
      {shop.key(), {"2241", "挂账", AccountType::kLiability, Side::kCredit, true, {}, ""}}));
  const auto lines = lines_of(exported(*shop.book, kWays[0]));
  struct Row {
    const char* what;
    bool whole;  ///< the chart that is adopted; else the subject that is added
    std::string from, to;
    Errc code;
    std::string says;
  };
  const Errc bad = Errc::kMalformed, other = Errc::kMismatch;
  for (const Row& row : std::initializer_list<Row>{
           {"neither a name nor a subject", true, "\"chart\":\"shop\",", "", bad, "subject"},
           {"a subject without its code", true, "\"subject\":\"1602\"", "\"group\":true", bad,
            "subject"},
           {"no such type", true, "\"equity\"", "\"capital\"", bad, "account_type"},
           {"no such side", true, "\"normal\":\"credit\"", "\"normal\":\"left\"", bad, "normal"},
           {"a blank too many", true, "\"bank\"", "\"bank \"", bad, "dimensions"},
           {"a member of no subject", true, "\"dimensions\":\"bank\"", "\"limit\":\"none\"", bad,
            "limit"},
           {"no subjects at all", true, "[{", "[],\"x\":[{", bad, ""},
           {"subjects of a subject", false, "\"subject\":\"2241\"",
            "\"subject\":\"2241\",\"subjects\":[{\"subject\":\"2\",\"account_type\":\"asset\"}]",
            bad, "subjects"},
           {"a dimension that is none", true, "\"bank\"", "\"Bank\"", other, "value_invalid"},
           {"no name", false, "\"name\":\"挂账\",", "", other, "text_invalid"},
           {"one that is there", false, "2241", "6601", other, "subject_exists"},
           {"under no group", false, "2241", "22/41", other, "parent_missing"},
       }) {
    INFO(row.what);
    auto bent = lines;
    const std::size_t at = row.whole ? 1 : lines.size() - 1;
    const std::size_t place = bent[at].find(row.from);
    INFO(bent[at]);
    REQUIRE(place != std::string::npos);
    bent[at].replace(place, row.from.size(), row.to);
    std::string text;
    for (const std::string& line : bent) text += line;
    Imported made;
    const auto counts = made.import(text, kWays[0]);
    REQUIRE_FALSE(counts);
    CHECK_THAT(counts.error().message, Catch::StartsWith(fmt::format("line {}: ", at + 1)));
    CHECK_THAT(counts.error().message, Catch::Contains(row.says));
    CHECK(name_of(counts.error().code) == std::string(name_of(row.code)));
  }
  // In CSV a subject is a row of the chart above it, and of nothing else.
  const auto rows = lines_of(exported(*shop.book, kWays[1]));
  REQUIRE(rows[3].starts_with("subject,"));
  for (const bool cut : {true, false}) {
    std::string text;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (cut && i == 2) continue;  // the chart itself
      text += rows[i];
      if (!cut && i + 1 == rows.size()) text += rows[3];
    }
    Imported made;
    const auto counts = made.import(text, kWays[1]);
    REQUIRE_FALSE(counts);
    CHECK_THAT(counts.error().message,
               Catch::StartsWith(fmt::format("line {}: ", cut ? 3 : rows.size() + 1)));
    CHECK_THAT(counts.error().message, Catch::Contains("subjects"));
  }
}
