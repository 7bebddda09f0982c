// Outside programs read our books: they accept what is right and refuse what is one fen out. The
// programs are packages of the project; a missing one fails the test.
#include "ledger/exchange/export_journal.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

#include "tests/ledger/engine/random_book.h"

using namespace suanpan;

namespace {

using Export = Result<void> (*)(const Book&, std::ostream&);

struct Program {
  const char* name;
  const char* command;  ///< {} is the file
  Export write;
};
const Program kPrograms[] = {
    {"hledger", "LC_ALL=C.UTF-8 hledger -f {} check -s ordereddates", export_hledger},
    {"ledger", "LC_ALL=C.UTF-8 ledger --pedantic -f {} balance", export_hledger},
    {"beancount", "LC_ALL=C.UTF-8 bean-check {}", export_beancount},
};

/// Exit status; what the program said is shown if a check fails.
int run(const Program& program, const std::string& text) {
  test::TempFolder folder;
  const auto file = folder.path() / "book";
  const auto log = folder.path() / "log";
  std::ofstream(file) << text;
  const std::string command =
      fmt::format(fmt::runtime(program.command), file.string()) + " > " + log.string() + " 2>&1";
  const int status = std::system(command.c_str());
  std::stringstream said;
  said << std::ifstream(log).rdbuf();
  UNSCOPED_INFO(program.name << ": " << said.str().substr(0, 2'000));
  return status;
}

std::string exported(const Book& book, Export write) {
  std::ostringstream out;
  const auto written = write(book, out);
  if (!written) FAIL(written.error().message);
  return out.str();
}

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t n = 0;
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

}  // namespace

TEST_CASE("export: hledger, ledger and beancount accept random books") {
  for (const std::uint64_t seed : {1, 2, 3}) {
    test::RandomBook random(seed);
    random.run(400);
    for (const Program& program : kPrograms) {
      INFO("seed " << seed);
      const std::string text = exported(random.book(), program.write);
      CHECK(run(program, text) == 0);
    }
  }
}

TEST_CASE("export: each program refuses a posting and a balance that are one fen out") {
  test::RandomBook random(9);
  random.run(150);
  for (const Program& program : kPrograms) {
    const std::string text = exported(random.book(), program.write);
    REQUIRE(run(program, text) == 0);
    const bool beancount = program.write == export_beancount;
    // One fen more on the last digit of both sides of one leg, so that the voucher still balances.
    std::string leg = text;
    const std::regex amounts(R"(  (-?)(\d+)\.(\d)([0-8]) CNY)");
    std::size_t changed = 0;
    std::string rewritten;
    auto from = leg.cbegin();
    for (std::smatch m; changed < 2 && std::regex_search(from, leg.cend(), m, amounts);) {
      rewritten.append(from, m[4].first);
      rewritten += static_cast<char>(*m[4].first + 1);
      from = m[4].second;
      ++changed;
    }
    rewritten.append(from, leg.cend());
    REQUIRE(changed == 2);
    CHECK(run(program, rewritten) != 0);
    // One fen in one asserted balance.
    const std::regex balance(beancount ? R"((balance \S+  -?\d+\.\d)(\d)( ~ 0 CNY))"
                                       : R"(( = -?\d+\.\d)(\d)( CNY))");
    std::smatch m;
    REQUIRE(std::regex_search(text, m, balance));
    std::string wrong = text;
    char& digit = wrong[static_cast<std::size_t>(m[2].first - text.begin())];
    digit = digit == '0' ? '1' : static_cast<char>(digit - 1);
    CHECK(run(program, wrong) != 0);
    // A voucher of one leg that does not balance.
    std::string lopsided = text;
    std::smatch first;
    REQUIRE(std::regex_search(lopsided, first, amounts));
    ++lopsided[static_cast<std::size_t>(first[4].first - lopsided.cbegin())];
    CHECK(run(program, lopsided) != 0);
  }
}

namespace {

struct SmallBook {
  test::TempFolder folder;
  ManualClock clock{Timestamp::of_cn(*Date::of(2026, 3, 4), 9, 0, 0)};
  std::unique_ptr<Book> book;
  std::uint64_t n = 0;

  SmallBook() {
    BookOptions options;
    options.folder = folder.path();
    options.create = true;
    options.first_date = *Date::of(2026, 3, 4);
    auto opened = Book::open(options, clock);
    REQUIRE(opened);
    book = std::move(opened.value());
  }
  ClaimKey key() { return {Id128{3, ++n}, CallerId{100}}; }
  AccountId add(std::string code, AccountType type, Currency currency = Currency::kCNY) {
    OpenAccountRequest request;
    request.key = key();
    request.code = std::move(code);
    request.type = type;
    request.currency = currency;
    const Answer answer = book->run(open_account(request));
    REQUIRE(answer.accepted());
    return AccountId{static_cast<std::uint32_t>(std::stoul(answer.answer))};
  }
  ClaimKey post(AccountId debit, AccountId credit, std::int64_t amount, std::string summary = {},
                std::optional<Date> adjusted = {}) {
    VoucherRequest request;
    request.key = key();
    request.legs.push_back(Leg{debit, credit, amount});
    request.date = adjusted;
    request.adjustment = adjusted.has_value();
    request.text = std::make_shared<const VoucherText>(
        VoucherText{std::move(summary), {}, {}, adjusted ? "甲" : "", adjusted ? "乙" : ""});
    REQUIRE(book->run(request).accepted());
    return request.key;
  }
};

}  // namespace

TEST_CASE("export: the text is what an accountant expects") {
  SmallBook b;
  const AccountId bank = b.add("1002/工商银行", AccountType::kAsset);
  const AccountId fund = b.add("3001/小区1", AccountType::kEquity);
  const ClaimKey first = b.post(bank, fund, 12'345, "交存; \"首期\"");
  ReversalRequest red;
  red.key = b.key();
  red.original = first;
  red.amounts = {45};
  const auto command = reversal(*b.book, red);
  REQUIRE(command);
  REQUIRE(b.book->run(command.value()).accepted());
  CHECK(exported(*b.book, export_hledger) ==
        "commodity CNY\n    format 1000.00 CNY\n"
        "account assets:1002:工商银行\naccount equity:3001:小区1\n\n"
        "2026-03-04 * (记-202603-1) 交存； \"首期\"  ; seq:4, "
        "id:0000006400000000000000030000000000000003\n"
        "    assets:1002:工商银行  123.45 CNY = 123.45 CNY\n"
        "    equity:3001:小区1  -123.45 CNY = -123.45 CNY\n\n"
        "2026-03-04 * (记-202603-2)   ; seq:5, id:0000006400000000000000030000000000000004\n"
        "    assets:1002:工商银行  -0.45 CNY = 123.00 CNY\n"
        "    equity:3001:小区1  0.45 CNY = -123.00 CNY\n\n"
        "2026-03-04 * 余额核对\n"
        "    assets:1002:工商银行  0.00 CNY = 123.00 CNY\n"
        "    equity:3001:小区1  0.00 CNY = -123.00 CNY\n");
  CHECK(exported(*b.book, export_beancount) ==
        "2026-03-04 commodity CNY\n"
        "2026-03-04 open Assets:1002:工商银行 CNY\n  code: \"1002/工商银行\"\n"
        "2026-03-04 open Equity:3001:小区1 CNY\n  code: \"3001/小区1\"\n\n"
        "2026-03-04 * \"交存; \\\"首期\\\"\"\n  voucher: \"记-202603-1\"\n  seq: 4\n"
        "  id: \"0000006400000000000000030000000000000003\"\n"
        "  Assets:1002:工商银行  123.45 CNY\n  Equity:3001:小区1  -123.45 CNY\n\n"
        "2026-03-04 * \"\"\n  voucher: \"记-202603-2\"\n  seq: 5\n"
        "  id: \"0000006400000000000000030000000000000004\"\n"
        "  Assets:1002:工商银行  -0.45 CNY\n  Equity:3001:小区1  0.45 CNY\n\n"
        "2026-03-05 balance Assets:1002:工商银行  123.00 ~ 0 CNY\n"
        "2026-03-05 balance Equity:3001:小区1  -123.00 ~ 0 CNY\n");
}

TEST_CASE("export: an adjustment into an earlier day keeps every program content") {
  SmallBook b;
  const Date first = *Date::of(2026, 3, 4);
  const AccountId bank = b.add("1002", AccountType::kAsset);
  const AccountId fund = b.add("3001", AccountType::kEquity);
  const AccountId other = b.add("3002", AccountType::kEquity);
  b.post(bank, fund, 100);
  REQUIRE(b.book->run(day_cut({b.key(), first.plus_days(1)})).accepted());
  b.post(bank, fund, 200);
  b.post(bank, other, 5);
  b.post(bank, fund, 30, "补记", first);
  b.post(bank, fund, 400);
  const std::string text = exported(*b.book, export_hledger);
  // On the bank, nothing is asserted from the adjustment's place by date up to its own sequence.
  CHECK(text.find("assets:1002  0.30 CNY\n") != std::string::npos);
  CHECK(text.find("assets:1002  2.00 CNY\n") != std::string::npos);
  CHECK(text.find("assets:1002  0.05 CNY\n") != std::string::npos);
  CHECK(text.find("equity:3002  -0.05 CNY = -0.05 CNY\n") != std::string::npos);
  CHECK(text.find("assets:1002  4.00 CNY = 7.35 CNY\n") != std::string::npos);
  const std::string beans = exported(*b.book, export_beancount);
  CHECK(beans.find("2026-03-05 balance Assets:1002  1.30 ~ 0 CNY\n") != std::string::npos);
  CHECK(beans.find("2026-03-06 balance Assets:1002  7.35 ~ 0 CNY\n") != std::string::npos);
  for (const Program& program : kPrograms)
    CHECK(run(program, exported(*b.book, program.write)) == 0);
}

TEST_CASE("export: reserved money is left out, posted holds are in") {
  SmallBook b;
  const AccountId bank = b.add("1002", AccountType::kAsset);
  const AccountId fund = b.add("3001", AccountType::kEquity);
  VoucherRequest hold;
  hold.key = b.key();
  hold.legs.push_back(Leg{bank, fund, 100});
  hold.hold = true;
  REQUIRE(b.book->run(hold).accepted());
  CHECK(count(exported(*b.book, export_hledger), "seq:") == 0);
  REQUIRE(b.book->run(post_hold({b.key(), hold.key, {60}, nullptr})).accepted());
  const std::string text = exported(*b.book, export_hledger);
  CHECK(count(text, "seq:") == 1);
  CHECK(text.find("assets:1002  0.60 CNY = 0.60 CNY") != std::string::npos);
  for (const Program& program : kPrograms)
    CHECK(run(program, exported(*b.book, program.write)) == 0);
}

TEST_CASE("export: an empty book and a book without vouchers are accepted") {
  SmallBook b;
  for (int round = 0; round < 2; ++round) {
    for (const Program& program : kPrograms)
      CHECK(run(program, exported(*b.book, program.write)) == 0);
    if (round == 0) b.add("1002/工商银行", AccountType::kAsset);
  }
}

TEST_CASE("export: hard account codes, accounts above accounts, currencies without decimals") {
  SmallBook b;
  const char* const codes[] = {"1002",
                               "1002/a",
                               "1002/A",
                               "1002/a_b",
                               "1002/a-b",
                               "1002/-x",
                               "1002/工商银行（监管）",
                               "1002/(x)/[y]",
                               "1002/@#$%&*!?\"'\\|=~",
                               "小区一/三幢/四〇二",
                               "1002/é",
                               "1002/a/0"};
  std::vector<AccountId> accounts;
  for (const char* code : codes) accounts.push_back(b.add(code, AccountType::kAsset));
  const AccountId other = b.add("2101", AccountType::kLiability);
  for (const AccountId id : accounts) b.post(id, other, 7 + id.value, "摘要 * ! (x) | \\ \"");
  const AccountId yen = b.add("1002/a/jpy", AccountType::kAsset, Currency::kJPY);
  b.post(yen, b.add("2101/jpy", AccountType::kLiability, Currency::kJPY), 1'234);
  for (const Program& program : kPrograms)
    CHECK(run(program, exported(*b.book, program.write)) == 0);
}

TEST_CASE("export: beancount names are bent to its letters and kept apart") {
  const auto named = [](std::uint32_t id, const char* code) {
    Account account;
    account.id = AccountId{id};
    account.code = code;
    return account;
  };
  CHECK(beancount_names({named(1, "1002/工商银行"), named(2, "2101/a_b"), named(3, "2101/A-b"),
                         named(4, "x/-y"), named(5, "2101/a.b"), named(6, "小区/a")}) ==
        std::vector<std::string>{"Assets:1002:工商银行", "Assets:2101:A-b", "Assets:2101:A-b-3",
                                 "Assets:X:X-y", "Assets:2101:A-b-5", "Assets:X小区:A"});
}
