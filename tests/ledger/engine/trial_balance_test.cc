#include "ledger/engine/trial_balance.h"

#include <catch2/catch.hpp>

#include "tests/ledger/engine/random_book.h"

using namespace suanpan;

namespace {

struct Fixture {
  test::TempFolder folder;
  Date day = *Date::of(2026, 3, 30);
  ManualClock clock{Timestamp::of_cn(day, 9, 0, 0)};
  std::unique_ptr<Book> book;
  std::uint64_t n = 0;

  Fixture() {
    BookOptions options;
    options.folder = folder.path();
    options.create = true;
    options.first_date = day;
    auto opened = Book::open(options, clock);
    REQUIRE(opened);
    book = std::move(opened.value());
  }
  ClaimKey key() { return {Id128{5, ++n}, CallerId{100}}; }
  AccountId add(std::string code, std::string name, AccountType type,
                Currency currency = Currency::kCNY) {
    OpenAccountRequest request;
    request.key = key();
    request.code = std::move(code);
    request.name = std::move(name);
    request.type = type;
    request.currency = currency;
    const Answer answer = book->run(open_account(request));
    REQUIRE(answer.accepted());
    return AccountId{static_cast<std::uint32_t>(std::stoul(answer.answer))};
  }
  ClaimKey post(AccountId debit, AccountId credit, std::int64_t amount) {
    VoucherRequest request;
    request.key = key();
    request.legs.push_back(Leg{debit, credit, amount});
    REQUIRE(book->run(request).accepted());
    return request.key;
  }
  void cut_to(Date next) { REQUIRE(book->run(day_cut({key(), next})).accepted()); }
};

}  // namespace

TEST_CASE("trial balance: openings, turnovers and closings by hand, rolled up along the path") {
  Fixture f;
  const AccountId bank = f.add("1002/icbc", "工商银行", AccountType::kAsset);
  const AccountId cash = f.add("1002/cash", "现金", AccountType::kAsset);
  const AccountId fund = f.add("3001/小区1/3幢", "3幢", AccountType::kEquity);
  const AccountId estate = f.add("3001/小区1", "小区1", AccountType::kEquity);
  f.post(bank, fund, 1'000);  // 30 March: before the span
  f.cut_to(*Date::of(2026, 4, 1));
  const ClaimKey wrong = f.post(bank, fund, 300);
  f.post(cash, bank, 50);
  f.post(bank, estate, 7);
  ReversalRequest red;
  red.key = f.key();
  red.original = wrong;
  red.amounts = {100};
  const auto command = reversal(*f.book, red);
  REQUIRE(command);
  REQUIRE(f.book->run(command.value()).accepted());
  f.cut_to(*Date::of(2026, 5, 1));
  f.post(bank, fund, 5'000);  // after the span

  const auto made = trial_balance(*f.book, *Date::of(2026, 4, 1), *Date::of(2026, 4, 30));
  REQUIRE(made);
  const TrialBalance& t = made.value();
  struct Expected {
    const char* code;
    unsigned level;
    bool leaf, own;
    TrialBalanceAmounts amounts;
  };
  const Expected expected[] = {
      {"1002", 1, false, false, {1'000, 257, 50, 1'207}},
      {"1002/cash", 2, true, true, {0, 50, 0, 50}},
      {"1002/icbc", 2, true, true, {1'000, 207, 50, 1'157}},
      {"3001", 1, false, false, {-1'000, 0, 207, -1'207}},
      {"3001/小区1", 2, false, true, {-1'000, 0, 207, -1'207}},
      {"3001/小区1/3幢", 3, true, true, {-1'000, 0, 200, -1'200}},
  };
  REQUIRE(t.rows.size() == std::size(expected));
  for (std::size_t i = 0; i < t.rows.size(); ++i) {
    INFO(expected[i].code);
    CHECK(t.rows[i].code == expected[i].code);
    CHECK(t.rows[i].level == expected[i].level);
    CHECK(t.rows[i].leaf == expected[i].leaf);
    CHECK((t.rows[i].account.value != 0) == expected[i].own);
    CHECK(t.rows[i].amounts == expected[i].amounts);
  }
  CHECK(t.rows[4].name == "小区1");
  CHECK(t.rows[3].normal == Side::kCredit);
  REQUIRE(t.totals.size() == 1);
  CHECK(t.totals[0].second == TrialBalanceAmounts{0, 257, 257, 0});
  CHECK(t.balanced());
}

TEST_CASE("trial balance: currencies are never added up") {
  Fixture f;
  const AccountId bank = f.add("1002/a", "", AccountType::kAsset);
  const AccountId owed = f.add("2101/a", "", AccountType::kLiability);
  const AccountId dollars = f.add("1002/b", "", AccountType::kAsset, Currency::kUSD);
  const AccountId owed_dollars = f.add("2101/b", "", AccountType::kLiability, Currency::kUSD);
  f.post(bank, owed, 10);
  f.post(dollars, owed_dollars, 3);
  const auto t = trial_balance(*f.book, f.day, f.day);
  REQUIRE(t);
  REQUIRE(t.value().totals.size() == 2);
  CHECK(t.value().totals[0].first == Currency::kCNY);
  CHECK(t.value().totals[0].second == TrialBalanceAmounts{0, 10, 10, 0});
  CHECK(t.value().totals[1].second == TrialBalanceAmounts{0, 3, 3, 0});
  CHECK(t.value().rows.size() == 8);  // two roll-ups in each currency
  CHECK(t.value().balanced());
}

TEST_CASE("trial balance: a span the wrong way round is refused") {
  Fixture f;
  const auto t = trial_balance(*f.book, f.day, f.day.plus_days(-1));
  REQUIRE_FALSE(t);
  CHECK(t.error().code == Errc::kMalformed);
}

TEST_CASE("trial balance: random books balance over every span, and spans join up") {
  test::RandomBook random(21);
  random.run(300);
  const Date first = *Date::of(2026, 1, 5);
  const Date last =
      random.book().read([](const State& s, std::uint64_t) { return s.book().accounting_date; });
  const Date middle{(first.days + last.days) / 2};
  const auto whole = trial_balance(random.book(), first, last);
  const auto early = trial_balance(random.book(), first, middle);
  const auto late = trial_balance(random.book(), middle.plus_days(1), last);
  REQUIRE((whole && early && late));
  for (const auto* t : {&whole, &early, &late}) CHECK(t->value().balanced());
  const auto& rows = whole.value().rows;
  REQUIRE(rows.size() == early.value().rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    INFO(rows[i].code);
    const auto &a = early.value().rows[i].amounts, &b = late.value().rows[i].amounts;
    CHECK(a.closing == b.opening);
    CHECK(rows[i].amounts == TrialBalanceAmounts{a.opening, a.debit_turnover + b.debit_turnover,
                                                 a.credit_turnover + b.credit_turnover, b.closing});
    if (rows[i].leaf) {
      const std::int64_t posted = random.book().read([&](const State& s, std::uint64_t) {
        return s.balance(rows[i].account).posted(Side::kDebit);
      });
      CHECK(rows[i].amounts.closing == posted);
    }
  }
}
