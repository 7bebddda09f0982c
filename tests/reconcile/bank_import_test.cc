// The 1993 statement through the ledger: exact figures, resumption without doubling, verification.
#include "reconcile/bank_import.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "ledger/base/clock.h"
#include "tests/support/shared_data.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;
using namespace suanpan::reconcile;

namespace {

std::unique_ptr<Book> open_book(const std::filesystem::path& folder, const Clock& clock) {
  auto opened = Book::open(statement_book(folder, *Date::of(1993, 1, 1)), clock);
  REQUIRE(opened);
  return std::move(opened.value());
}

// Every figure of ../shared/data/README.md; none computed here.
void check_figures(const ImportReport& r) {
  CHECK(r.rows == 28'205);
  CHECK(r.accounts == 1'139);
  CHECK(r.credits_minor == 120'442'237'40);
  CHECK(r.debits_minor == 83'866'291'30);
  CHECK(r.row_breaks.size() == 1'422);
  CHECK(r.bank_lower == 877);
  CHECK(r.bank_higher == 545);
  CHECK(r.differing_rows == 10'431);
  CHECK(r.final_differences.size() == 458);
  CHECK(r.final_difference_minor == -33'20);
  CHECK(r.overdrafts.size() == 15);
  CHECK(r.lowest_minor == -5'343'60);
}

std::filesystem::path statement() {
  return test::shared_data() / "bank-statements" / "statement-1993.csv";
}

}  // namespace

TEST_CASE("import: the 1993 statement is posted once and gives the source's figures") {
  SHARED_OR_SKIP();
  const test::TempFolder folder;
  const SystemClock clock;
  {
    const auto book = open_book(folder.path(), clock);
    const auto report = import_statement_1993(*book, statement());
    REQUIRE(report);
    check_figures(report.value());
    CHECK(report.value().posted == 28'205);
    CHECK(report.value().replayed == 0);
    CHECK(book->read([](const State& s, std::uint64_t) { return s.book().accounting_date; }) ==
          *Date::of(1993, 12, 31));
  }
  const auto book = open_book(folder.path(), clock);
  const std::uint64_t before = book->statistics().last_seq;
  const auto again = import_statement_1993(*book, statement());
  REQUIRE(again);
  check_figures(again.value());
  CHECK(again.value().posted == 0);
  CHECK(again.value().replayed == 28'205);
  CHECK(book->statistics().last_seq == before);
}

TEST_CASE("import: a book in another currency is refused and left as it was") {
  const test::TempFolder folder;
  const SystemClock clock;
  BookOptions options = statement_book(folder.path() / "book", *Date::of(1993, 1, 1));
  options.currency = Currency::kCNY;
  auto book = Book::open(options, clock);
  REQUIRE(book);
  const auto file = folder.path() / "statement.csv";
  std::ofstream(file) << "bank_reference,booking_date,account,direction,operation,amount,"
                         "balance_after,symbol,counter_bank,counter_account\n"
                         "171812,1993-01-01,576,credit,cash_deposit,900.00,900.00,,,\n";
  const std::uint64_t before = book.value()->statistics().last_seq;
  const auto report = import_statement_1993(*book.value(), file);
  REQUIRE(report.has_error());
  CHECK(report.error().code == Errc::kMismatch);
  CHECK(report.error().message.find("in CZK, the book in CNY") != std::string::npos);
  CHECK(book.value()->statistics().last_seq == before);
}

TEST_CASE("import: cut off in the middle, it goes on where it stopped") {
  SHARED_OR_SKIP();
  const test::TempFolder folder;
  const SystemClock clock;
  const auto part = folder.path() / "part.csv";
  {
    // The first 10,000 rows stand for what a killed import had posted.
    std::ifstream in(statement());
    std::ofstream out(part);
    std::string line;
    for (int i = 0; i <= 10'000 && std::getline(in, line); ++i) out << line << '\n';
  }
  {
    const auto book = open_book(folder.path() / "book", clock);
    const auto report = import_statement_1993(*book, part);
    REQUIRE(report);
    CHECK(report.value().posted == 10'000);
  }
  const auto book = open_book(folder.path() / "book", clock);
  const auto report = import_statement_1993(*book, statement());
  REQUIRE(report);
  CHECK(report.value().posted == 18'205);
  CHECK(report.value().replayed == 10'000);
  check_figures(report.value());
}

TEST_CASE("import: a book that was used for something else is refused, a bad row names its line") {
  const test::TempFolder folder;
  const SystemClock clock;
  const auto file = folder.path() / "s.csv";
  const auto write = [&](const std::string& rows) {
    std::ofstream(file) << "bank_reference,booking_date,account,direction,operation,amount,balance_"
                           "after,symbol,counter_bank,"
                           "counter_account\n"
                        << rows;
  };
  const auto book = open_book(folder.path() / "book", clock);
  write("1,1993-01-01,7,credit,cash_deposit,100.00,100.00,,,\n");
  REQUIRE(import_statement_1993(*book, file));
  // Another first row for the same account: the ledger then holds more than the file says.
  write("2,1993-01-01,7,credit,cash_deposit,5.00,5.00,,,\n");
  const auto other = import_statement_1993(*book, file);
  REQUIRE_FALSE(other);
  CHECK(other.error().code == Errc::kMismatch);
  write("3,1993-01-02,7,credit,cash_deposit,1.005,5.00,,,\n");
  const auto bad = import_statement_1993(*book, file);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().message.find("2") != std::string::npos);
}
