// Journals with bytes changed, cut and doubled at random: a reader answers or refuses with a line,
// and what it takes can be written and taken again. SUANPAN_MUTATIONS sets how many of each.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>
#include <sstream>

#include "ledger/exchange/export_entries.h"
#include "ledger/exchange/export_journal.h"
#include "ledger/exchange/journal_entry.h"
#include "ledger/exchange/plain_journal.h"
#include "tests/ledger/engine/random_book.h"

using namespace suanpan;

namespace {

std::string exported(const Book& book, Result<void> (*write)(const Book&, std::ostream&)) {
  std::ostringstream out;
  REQUIRE(write(book, out));
  return out.str();
}

std::string mutated(std::string text, std::mt19937_64& random) {
  static constexpr std::string_view kTelling = "0919-+.,:;\"'{}[]()@=~*!# \t\nlegATxé\xff";
  for (std::uint64_t n = 1 + random() % 4; n-- > 0 && !text.empty();) {
    const std::size_t at = random() % text.size();
    switch (random() % 4) {
      case 0:
        text[at] = kTelling[random() % kTelling.size()];
        break;
      case 1:
        text.erase(at, 1 + random() % 8);
        break;
      case 2:
        text.insert(at, 1, kTelling[random() % kTelling.size()]);
        break;
      default:
        text.insert(at, text.substr(random() % text.size(), random() % 40));
    }
  }
  return text;
}

int mutations() {
  const char* count = std::getenv("SUANPAN_MUTATIONS");
  return count ? std::atoi(count) : 400;
}

}  // namespace

TEST_CASE("exchange: a changed line of JSON is refused, or is an entry that is written the same") {
  test::RandomBook random_book(21);
  random_book.run(60);
  std::istringstream in(exported(random_book.book(), export_jsonl));
  std::mt19937_64 random(21);
  int taken = 0, refused = 0;
  for (std::string line; std::getline(in, line);)
    for (int i = 0; i < mutations() / 20; ++i) {
      const auto entry = from_jsonl(mutated(line, random));
      ++(entry ? taken : refused);
      if (!entry) continue;
      const std::string again = to_jsonl(entry.value());
      const auto second = from_jsonl(std::string_view(again).substr(0, again.size() - 1));
      REQUIRE(second);
      REQUIRE(to_jsonl(second.value()) == again);
    }
  CHECK(taken > 0);
  CHECK(refused > taken);
}

TEST_CASE("exchange: a changed row of CSV is refused, or is an entry that is written the same") {
  test::RandomBook random_book(22);
  random_book.run(60);
  std::istringstream in(exported(random_book.book(), export_csv));
  std::string header;
  std::getline(in, header);
  std::mt19937_64 random(22);
  int taken = 0, refused = 0;
  for (std::string line; std::getline(in, line);)
    for (int i = 0; i < mutations() / 20; ++i) {
      CsvEntries csv;
      REQUIRE(csv.take(header));
      const bool good = static_cast<bool>(csv.take(mutated(line, random)));
      ++(good ? taken : refused);
      const auto entry = csv.finish();
      if (!good || !entry) continue;
      CsvEntries again;
      REQUIRE(again.take(header));
      std::istringstream rows(to_csv(*entry));
      for (std::string row; std::getline(rows, row);) REQUIRE(again.take(row));
      const auto second = again.finish();
      REQUIRE(second);
      REQUIRE(to_csv(*second) == to_csv(*entry));
    }
  CHECK(taken > 0);
  CHECK(refused > taken);
}

TEST_CASE("exchange: a changed plain text journal is refused with a line of it, or balances") {
  test::RandomBook random_book(23);
  random_book.run(40);
  std::mt19937_64 random(23);
  for (const bool hledger : {true, false}) {
    const std::string text =
        exported(random_book.book(), hledger ? export_hledger : export_beancount);
    for (int i = 0; i < mutations(); ++i) {
      const std::string changed = mutated(text, random);
      const auto journal = hledger ? read_hledger(changed) : read_beancount(changed);
      if (!journal) {
        std::size_t line = 0;
        REQUIRE(std::sscanf(journal.error().message.c_str(), "line %zu: ", &line) == 1);
        REQUIRE(line >= 1);
        REQUIRE(line <=
                static_cast<std::size_t>(std::count(changed.begin(), changed.end(), '\n') + 1));
        continue;
      }
      for (const PlainTransaction& t : journal.value().transactions) {
        std::map<Currency, Int128> sums;
        for (const PlainPosting& p : t.postings) sums[p.amount.currency] += p.amount.minor;
        for (const auto& [currency, sum] : sums) REQUIRE(sum == 0);
      }
    }
  }
}
