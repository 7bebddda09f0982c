// Plain text journals: what hledger, ledger or bean-check refuse, we refuse, with the line; each
// program is run on the same text. What only we refuse stands in the same tables and is marked.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "ledger/engine/trial_balance.h"
#include "ledger/engine/verify.h"
#include "ledger/exchange/export_journal.h"
#include "ledger/exchange/import_plain.h"
#include "ledger/exchange/plain_journal.h"
#include "tests/ledger/engine/random_book.h"

using namespace suanpan;

namespace {

/// Whether an outside program accepts a text.
bool accepts(const std::string& command, const std::string& text) {
  test::TempFolder folder;
  const auto file = (folder.path() / "book").string();
  std::ofstream(file) << text;
  const std::string whole = fmt::format(fmt::runtime(command), file) + " > " + file + ".log 2>&1";
  return std::system(whole.c_str()) == 0;
}
bool hledger_accepts(const std::string& text) {
  return accepts("LC_ALL=C.UTF-8 hledger -f {} check -s", text);
}
bool ledger_accepts(const std::string& text) {
  return accepts("LC_ALL=C.UTF-8 ledger --pedantic -f {} balance", text);
}
bool beancount_accepts(const std::string& text) {
  return accepts("LC_ALL=C.UTF-8 bean-check {}", text);
}

const std::string kHledger = R"(commodity CNY
    format 1000.00 CNY
commodity USD
    format 1000.00 USD
account assets:bank
account assets:dollars
account income:物业费
)";  // 7 lines

const std::string kBeancount = R"(option "title" "账"
2026-01-01 commodity CNY
2026-01-01 open Assets:Bank CNY
2026-01-01 open Assets:Dollars USD
2026-01-01 open Income:F物业费 CNY
)";  // 5 lines

enum Who : unsigned { kNobody = 0, kHledgerToo = 1, kLedgerToo = 2, kBoth = 3 };

struct Bad {
  const char* name;
  std::string text;  ///< after the declarations
  std::size_t line;  ///< in the whole
  unsigned refused_by = kBoth;
  Errc code = Errc::kMismatch;
};

std::string line_prefix(std::size_t line) { return fmt::format("line {}: ", line); }

}  // namespace

TEST_CASE("import: a journal that hledger or ledger refuses is refused with its line") {
  const Bad kBad[] = {
      {"out of balance by a fen",
       "2026-01-02 * 物业费\n    assets:bank    12.30 CNY\n    income:物业费  -12.31 CNY\n", 8},
      {"one posting alone", "2026-01-02 x\n    assets:bank    12.30 CNY\n", 8},
      {"two postings without an amount",
       "2026-01-02 x\n    assets:bank    1 CNY\n    income:物业费\n    assets:bank\n", 11},
      {"a day that is not", "2026-02-30 x\n    assets:bank  1 CNY\n    income:物业费\n", 8, kBoth,
       Errc::kMalformed},
      {"a month that is not", "2026-13-01 x\n    assets:bank  1 CNY\n    income:物业费\n", 8, kBoth,
       Errc::kMalformed},
      {"a second date that is not",
       "2026-01-02=2026-13-01 x\n    assets:bank  1 CNY\n    income:物业费\n", 8, kBoth,
       Errc::kMalformed},
      {"an account that is not declared",
       "2026-01-02 x\n    assets:cash  1 CNY\n    income:物业费\n", 9},
      {"one blank before the amount",
       "2026-01-02 x\n    assets:bank 1 CNY\n    income:物业费  -1 CNY\n", 9},
      {"a commodity that is not declared",
       "2026-01-02 x\n    assets:bank  1 EUR\n    income:物业费  -1 EUR\n", 9},
      {"a commodity that is none of ours",
       "2026-01-02 x\n    assets:bank  1 APPLES\n    income:物业费  -1 APPLES\n", 9, kBoth,
       Errc::kUnsupported},
      {"a wrong asserted balance",
       "2026-01-02 x\n    assets:bank  1 CNY = 1.01 CNY\n    income:物业费\n", 9},
      {"an asserted balance that later entries spoil",
       "2026-01-02 x\n    assets:bank  1 CNY = 1 CNY\n    income:物业费\n\n"
       "2026-01-03 x\n    assets:bank  1 CNY = 1 CNY\n    income:物业费\n",
       13},
      {"an amount of no number", "2026-01-02 x\n    assets:bank  1o CNY\n    income:物业费\n", 9,
       kBoth, Errc::kUnsupported},
      {"an amount with two points", "2026-01-02 x\n    assets:bank  1.2.3 CNY\n    income:物业费\n",
       9, kLedgerToo, Errc::kMalformed},
      {"a line that says nothing", "transfer 5 to the bank\n", 8, kHledgerToo, Errc::kUnsupported},
      {"a posting of no transaction", "\n    assets:bank  1 CNY\n", 9, kBoth, Errc::kMalformed},
      // What the programs accept, or one of them, and a book cannot hold or should not guess.
      {"a fen and a half", "2026-01-02 x\n    assets:bank  1.005 CNY\n    income:物业费\n", 9,
       kNobody, Errc::kMalformed},
      {"a price", "2026-01-02 x\n    assets:bank  7 CNY @ 2 USD\n    assets:dollars\n", 9, kNobody,
       Errc::kUnsupported},
      {"a virtual posting",
       "2026-01-02 x\n    assets:bank  1 CNY\n    income:物业费\n    (assets:bank)  1 CNY\n", 11,
       kNobody, Errc::kUnsupported},
      {"a balance assignment", "2026-01-02 x\n    assets:bank  = 5 CNY\n    income:物业费\n", 9,
       kNobody, Errc::kUnsupported},
      {"another file", "include other.journal\n", 8, kBoth, Errc::kUnsupported},
      {"a thousands separator", "2026-01-02 x\n    assets:bank  1,000.00 CNY\n    income:物业费\n",
       9, kNobody, Errc::kUnsupported},
  };
  for (const Bad& bad : kBad) {
    INFO(bad.name);
    const std::string text = kHledger + bad.text;
    CHECK(hledger_accepts(text) == !(bad.refused_by & kHledgerToo));
    CHECK(ledger_accepts(text) == !(bad.refused_by & kLedgerToo));
    const auto journal = read_hledger(text);
    REQUIRE(!journal);
    CHECK_THAT(journal.error().message, Catch::StartsWith(line_prefix(bad.line)));
    CHECK(name_of(journal.error().code) == std::string(name_of(bad.code)));
  }
}

TEST_CASE("import: what a book can hold of hledger's language is read as hledger reads it") {
  struct Good {
    const char* name;
    std::string text;
    std::vector<std::pair<std::string, std::int64_t>> postings;
  };
  const Good kGood[] = {
      {"plain",
       "2026-01-02 * (收-202601-1) 物业费\n    assets:bank  12.30 CNY\n    income:物业费  -12.30 "
       "CNY\n",
       {{"assets:bank", 1230}, {"income:物业费", -1230}}},
      {"an amount left out",
       "2026-01-02 x\n    assets:bank  5 CNY\n    income:物业费\n",
       {{"assets:bank", 500}, {"income:物业费", -500}}},
      {"the commodity in front",
       "2026-01-02 x\n    assets:bank  CNY 5.1\n    income:物业费  CNY -5.10\n",
       {{"assets:bank", 510}, {"income:物业费", -510}}},
      {"dates with strokes, comments, a mark",
       "; 说明\n2026/1/2 ! x ; note\n    ; more\n    assets:bank  5 CNY  ; why\n    "
       "income:物业费\n",
       {{"assets:bank", 500}, {"income:物业费", -500}}},
      {"two commodities",
       "2026-01-02 x\n    assets:bank  5 CNY\n    assets:bank  1 USD\n"
       "    income:物业费  -5 CNY\n    income:物业费  -1 USD\n",
       {{"assets:bank", 500},
        {"assets:bank", 100},
        {"income:物业费", -500},
        {"income:物业费", -100}}},
      {"entries not in the order of their days, balances by day",
       "2026-01-03 x\n    assets:bank  5 CNY\n    income:物业费\n\n"
       "2026-01-02 x\n    assets:bank  1 CNY\n    income:物业费\n",
       {{"assets:bank", 100},
        {"income:物业费", -100},
        {"assets:bank", 500},
        {"income:物业费", -500}}},
  };
  for (const Good& good : kGood) {
    INFO(good.name);
    const std::string text = kHledger + good.text;
    CHECK(hledger_accepts(text));
    CHECK(ledger_accepts(text));
    const auto journal = read_hledger(text);
    if (!journal) FAIL(journal.error().message);
    std::vector<std::pair<std::string, std::int64_t>> read;
    for (const PlainTransaction& t : journal.value().transactions)
      for (const PlainPosting& p : t.postings) read.emplace_back(p.account, p.amount.minor);
    CHECK(read == good.postings);
  }
}

TEST_CASE("import: a journal that bean-check refuses is refused with its line") {
  const std::string posted = "2026-01-02 * \"x\"\n  Assets:Bank  5 CNY\n  Income:F物业费\n";  // 6-8
  constexpr unsigned kToo = 1;
  const Bad kBad[] = {
      {"out of balance by a fen",
       "2026-01-02 * \"x\"\n  Assets:Bank  12.30 CNY\n  Income:F物业费  -12.31 CNY\n", 6, kToo},
      {"one posting alone", "2026-01-02 * \"x\"\n  Assets:Bank  12.30 CNY\n", 6, kToo},
      {"two postings without an amount",
       "2026-01-02 * \"x\"\n  Assets:Bank  1 CNY\n  Income:F物业费\n  Assets:Bank\n", 9, kToo},
      {"a day that is not", "2026-02-30 * \"x\"\n  Assets:Bank  1 CNY\n  Income:F物业费\n", 6, kToo,
       Errc::kMalformed},
      {"an account that was never opened",
       "2026-01-02 * \"x\"\n  Assets:Cash  1 CNY\n  Income:F物业费\n", 7, kToo},
      {"an account that opens later",
       posted + "2026-01-03 open Assets:Late CNY\n"
                "2026-01-02 * \"x\"\n  Assets:Late  1 CNY\n  Income:F物业费\n",
       11, kToo},
      {"an account that was closed",
       posted + "2026-01-03 close Assets:Bank\n"
                "2026-01-04 * \"x\"\n  Assets:Bank  1 CNY\n  Income:F物业费\n",
       11, kToo},
      {"an account opened twice", "2026-01-02 open Assets:Bank CNY\n", 6, kToo},
      {"a closing of what is not open", "2026-01-02 close Assets:Cash\n", 6, kToo},
      {"another currency than the account's",
       "2026-01-02 * \"x\"\n  Assets:Bank  1 USD\n  Assets:Dollars  -1 USD\n", 7, kToo},
      {"a wrong balance", posted + "2026-01-03 balance Assets:Bank  5.02 CNY\n", 9, kToo},
      {"a balance of what is not open", "2026-01-03 balance Assets:Cash  0 CNY\n", 6, kToo},
      {"a balance in another currency", "2026-01-03 balance Assets:Bank  0 USD\n", 6, kToo},
      {"a balance at the start of the day", posted + "2026-01-02 balance Assets:Bank  5 CNY\n", 9,
       kToo},
      {"a root that is none", "2026-01-01 open Bank:Cash CNY\n", 6, kToo, Errc::kMalformed},
      {"a small first letter", "2026-01-01 open Assets:cash CNY\n", 6, kToo, Errc::kMalformed},
      {"a root alone", "2026-01-01 open Assets CNY\n", 6, kToo, Errc::kMalformed},
      {"a line that says nothing", "transfer 5 to the bank\n", 6, kToo, Errc::kMalformed},
      {"a directive that is none", "2026-01-01 shut Assets:Bank\n", 6, kToo, Errc::kUnsupported},
      {"a quote that is not closed", "2026-01-02 * \"x\n  Assets:Bank  1 CNY\n", 6, kToo,
       Errc::kMalformed},
      // What bean-check accepts, and a book cannot hold or should not guess.
      {"a balance that is one fen out, within its tolerance",
       posted + "2026-01-03 balance Assets:Bank  5.01 CNY\n", 9, kNobody},
      {"half a fen", "2026-01-02 * \"x\"\n  Assets:Bank  1.005 CNY\n  Income:F物业费\n", 7, kNobody,
       Errc::kMalformed},
      {"a price", "2026-01-02 * \"x\"\n  Assets:Bank  7 CNY @ 2 USD\n  Assets:Dollars\n", 7,
       kNobody, Errc::kUnsupported},
      {"a pad", "2026-01-02 pad Assets:Bank Income:F物业费\n2026-01-03 balance Assets:Bank 5 CNY\n",
       6, kNobody, Errc::kUnsupported},
  };
  for (const Bad& bad : kBad) {
    INFO(bad.name);
    const std::string text = kBeancount + bad.text;
    CHECK(beancount_accepts(text) == (bad.refused_by == kNobody));
    const auto journal = read_beancount(text);
    REQUIRE(!journal);
    CHECK_THAT(journal.error().message, Catch::StartsWith(line_prefix(bad.line)));
    CHECK(name_of(journal.error().code) == std::string(name_of(bad.code)));
  }
}

TEST_CASE("import: what a book can hold of beancount's language is read as bean-check reads it") {
  const std::string good[] = {
      "2026-01-02 * \"商户\" \"物业费\" #tag ^link\n  id: \"x\"\n  Assets:Bank  5.00 CNY\n    "
      "note: \"y\"\n"
      "  Income:F物业费  -5.00 CNY\n",
      "2026-01-02 txn \"x\" ; comment\n  ! Assets:Bank  5 CNY\n  Income:F物业费\n; end\n",
      "2026-01-02 * \"x\"\n  Assets:Bank  5 CNY\n  Income:F物业费\n"
      "2026-01-03 balance Assets:Bank  5.00 ~ 0 CNY\n2026-01-04 close Assets:Bank\n",
  };
  for (const std::string& text : good) {
    INFO(text);
    CHECK(beancount_accepts(kBeancount + text));
    const auto journal = read_beancount(kBeancount + text);
    if (!journal) FAIL(journal.error().message);
    REQUIRE(journal.value().transactions.size() == 1);
    const auto& postings = journal.value().transactions[0].postings;
    CHECK(postings[0].amount == Money{500, Currency::kCNY});
    CHECK(postings[1].amount == Money{-500, Currency::kCNY});
  }
}

namespace {

struct Way {
  const char* name;
  PlainFormat format;
  Result<void> (*write)(const Book&, std::ostream&);
  bool (*accepts)(const std::string&);
};
const Way kWays[] = {{"hledger", PlainFormat::kHledger, export_hledger, hledger_accepts},
                     {"beancount", PlainFormat::kBeancount, export_beancount, beancount_accepts}};

std::string exported(const Book& book, const Way& way) {
  std::ostringstream out;
  REQUIRE(way.write(book, out));
  return out.str();
}

std::unique_ptr<Book> open(const std::filesystem::path& folder) {
  static const ManualClock clock(Timestamp{0});
  BookOptions options;
  options.folder = folder;
  auto book = Book::open(options, clock);
  if (!book) FAIL(book.error().message);
  return std::move(book.value());
}

ImportCounts import(const std::string& text, const Way& way, const std::filesystem::path& folder) {
  const auto file = folder.string() + ".journal";
  std::ofstream(file, std::ios::binary) << text;
  const ManualClock clock(Timestamp::of_cn(*Date::of(2027, 1, 1), 0, 0, 0));
  const auto counts = import_plain(file, way.format, folder, clock);
  if (!counts) FAIL(counts.error().message);
  return counts.value();
}

/// Balances by code; those of nothing are left out, since what was never posted need not be there.
std::map<std::string, std::int64_t> balances(const Book& book, Date through) {
  std::map<std::string, std::int64_t> found;
  const auto balance = trial_balance(book, through, through);
  REQUIRE(balance);
  for (const TrialBalanceRow& row : balance.value().rows)
    if (row.account.value != 0 && row.leaf && row.amounts.closing != 0)
      found[row.code] = row.amounts.closing;
  return found;
}

}  // namespace

TEST_CASE("import: a book exported as plain text comes back with the same balances on every day") {
  for (const Way& way : kWays) {
    test::RandomBook random(11);
    random.run(300);
    INFO(way.name);
    const std::string text = exported(random.book(), way);
    test::TempFolder folder;
    const auto first = import(text, way, folder.path() / "first");
    CHECK(first.posted == first.entries);
    const auto book = open(folder.path() / "first");
    for (int day = 0; day < 30; ++day) {
      const Date date = Date::of(2026, 1, 5)->plus_days(day);
      CHECK(balances(*book, date) == balances(random.book(), date));
    }
    // Once it has been through, nothing changes any more but the numbers of the journal.
    const std::string second = exported(*book, way);
    CHECK(way.accepts(second));
    import(second, way, folder.path() / "second");
    CHECK(exported(*open(folder.path() / "second"), way) == second);
    // Importing again posts nothing; a continued file posts what is new.
    const auto again = import(second, way, folder.path() / "second");
    CHECK(again.posted == 0);
    CHECK(again.replayed == again.entries);
    const auto report = verify(folder.path() / "second");
    REQUIRE(report);
    CHECK(report.value().first_fault == "");
  }
}

TEST_CASE("import: equal transactions without ids are each posted, and found again") {
  const std::string one = "2026-01-02 水费\n    assets:bank  5 CNY\n    income:物业费\n\n";
  test::TempFolder folder;
  const auto book = folder.path() / "book";
  CHECK(import(kHledger + one + one, kWays[0], book).posted == 2);
  const auto more = import(kHledger + one + one + one, kWays[0], book);
  CHECK(more.posted == 1);
  CHECK(more.replayed == 2);
  CHECK(balances(*open(book), *Date::of(2026, 1, 2)).at("bank") == 1500);
}
