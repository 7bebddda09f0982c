// A year's end of a whole book: by hand, cut short, refused and gone on with, verified.
#include "ledger/engine/close_year.h"

#include <catch2/catch.hpp>

#include "ledger/base/digest.h"
#include "ledger/core/chart_templates.h"
#include "ledger/engine/trial_balance.h"
#include "ledger/engine/verify.h"
#include "tests/support/temp_folder.h"

using namespace suanpan;

namespace {

const Date kEnd = *Date::of(2025, 12, 31);

struct Fixture {
  test::TempFolder folder;
  ManualClock clock{Timestamp::of_cn(*Date::of(2025, 12, 30), 9, 0, 0)};
  std::unique_ptr<Book> book;
  std::uint64_t n = 0;

  explicit Fixture(const char* chart, unsigned shards = 1) {
    BookOptions options;
    options.folder = folder.path();
    options.create = true;
    options.first_date = *Date::of(2025, 12, 30);
    options.shards = shards;
    auto opened = Book::open(options, clock);
    REQUIRE(opened);
    book = std::move(opened.value());
    REQUIRE(book->run(adopt_chart(*chart_template(chart))).accepted());
  }
  ClaimKey key() { return {Id128{6, ++n}, CallerId{100}}; }
  AccountId add(std::string code, AccountType type, AccountTerms terms = {}) {
    OpenAccountRequest request;
    request.key = key();
    request.code = std::move(code);
    request.name = "户";
    request.type = type;
    request.terms = terms;
    const Answer answer = book->run(open_account(request));
    INFO(request.code << " " << name_of(answer.refusal.code));
    REQUIRE(answer.accepted());
    return AccountId{static_cast<std::uint32_t>(std::stoul(answer.answer))};
  }
  Answer post(AccountId debit, AccountId credit, std::int64_t amount) {
    VoucherRequest request;
    request.key = key();
    request.legs.push_back(Leg{debit, credit, amount});
    return book->run(request);
  }
  void cut_to(Date next) { REQUIRE(book->run(day_cut({key(), next})).accepted()); }
  void ask(std::int32_t year = 2025) {
    REQUIRE(book->run(request_year_close({key(), year, "制单"})).accepted());
  }
  YearCloseOutcome close(std::int32_t year = 2025) {
    const auto closed = close_year(*book, year, "复核");
    REQUIRE(closed);
    return closed.value();
  }
  std::int64_t on(const char* code, Date date = kEnd) {
    const auto id = book->read([&](const State& state, std::uint64_t) {
      const Account* account = state.account(code);
      return account ? account->id : AccountId{0};
    });
    INFO(code);
    REQUIRE(id.value != 0);
    const auto balance = book->balance_on(id, date);
    REQUIRE(balance);
    return balance.value().posted(Side::kCredit);
  }
  void check_verified() {
    book.reset();
    const auto report = verify(folder.path());
    REQUIRE(report);
    CHECK(report.value().first_fault == "");
  }
};

}  // namespace

TEST_CASE("year close: income and expense end at zero, through the year's profit, by hand") {
  Fixture f("platform", GENERATE(1u, 2u));
  const AccountId bank = f.add("1002/6228", AccountType::kAsset);
  const AccountId fees = f.add("6001", AccountType::kIncome);
  const AccountId cost = f.add("6401", AccountType::kExpense);
  const AccountId prior = f.add("6901", AccountType::kExpense);
  f.post(bank, fees, 1'000);
  f.post(cost, bank, 300);
  f.post(prior, bank, 50);  // a correction of the year before: straight to what is undistributed
  f.cut_to(*Date::of(2026, 1, 5));
  f.post(bank, fees, 77);  // of the new year: stays
  f.ask();
  const YearCloseOutcome closed = f.close();
  CHECK(closed.refusal.code == RefusalCode::kNone);
  CHECK(closed.vouchers == 2);
  CHECK(closed.carried == 4);  // 6001, 6401, 6901; then 4103
  CHECK(f.on("6001") == 0);
  CHECK(f.on("6401") == 0);
  CHECK(f.on("6901") == 0);
  CHECK(f.on("4103") == 0);
  CHECK(f.on("4104/未分配利润") == 650);
  CHECK(f.on("6001", *Date::of(2026, 1, 5)) == 77);

  const auto year = trial_balance(*f.book, *Date::of(2025, 1, 1), kEnd);
  REQUIRE(year);
  CHECK(year.value().balanced());
  const auto now = trial_balance(*f.book, *Date::of(2026, 1, 1), *Date::of(2026, 1, 5));
  REQUIRE(now);
  CHECK(now.value().balanced());
  for (const TrialBalanceRow& row : now.value().rows)
    if (row.type == AccountType::kIncome || row.type == AccountType::kExpense)
      CHECK(row.amounts.opening == 0);

  // The vouchers are the book's own, of the transfer series, made and checked by the two.
  int found = 0;
  REQUIRE(f.book->for_each_command_after(0, [&](const StoredCommand& c) {
    if (c.kind != CommandKind::kYearClose || c.effects.transfers.empty()) return true;
    ++found;
    CHECK(c.key.caller == kSystemCaller);
    CHECK(c.effects.date == kEnd);
    CHECK(c.effects.type == VoucherType::kTransfer);
    CHECK(c.voucher_no == static_cast<std::uint32_t>(found));
    REQUIRE(c.effects.text);
    CHECK(c.effects.text->maker == "制单");
    CHECK(c.effects.text->checker == "复核");
    return true;
  }));
  CHECK(found == 2);
  const std::uint64_t last = f.book->statistics().last_seq;
  CHECK(f.close().refusal.code == RefusalCode::kYearClosed);
  CHECK(f.book->statistics().last_seq == last + 1);  // the refusal alone
  f.check_verified();
}

TEST_CASE("year close: a fund's balances go to each household's own account") {
  Fixture f("maintenance");
  const AccountId bank = f.add("1001/6228", AccountType::kAsset);
  const AccountId paid = f.add("4001/商品住宅/小区1/3幢/0402", AccountType::kIncome);
  const AccountId other = f.add("4001/商品住宅/小区1/3幢/0403", AccountType::kIncome);
  const AccountId repair = f.add("5001/商品住宅/小区1/3幢/0402", AccountType::kExpense);
  const AccountId interest = f.add("4101", AccountType::kIncome);
  f.post(bank, paid, 960'000);
  f.post(bank, other, 840'000);
  f.post(repair, bank, 12'345);
  f.post(bank, interest, 99);
  f.cut_to(*Date::of(2026, 1, 1));
  f.ask();
  CHECK(f.close().refusal.code == RefusalCode::kNone);
  CHECK(f.on("3001/小区1/3幢/0402") == 947'655);
  CHECK(f.on("3001/小区1/3幢/0403") == 840'000);
  CHECK(f.on("3101") == 99);
  CHECK(f.on("4001/商品住宅/小区1/3幢/0402") == 0);
  const auto fund = f.book->roll_up("3001");
  REQUIRE(fund.size() == 1);
  CHECK(fund[0].totals.posted(Side::kCredit) == 1'787'655);
  f.check_verified();
}

TEST_CASE("year close: many accounts take several vouchers, and a refusal is gone on from") {
  Fixture f("property");
  const AccountId bank = f.add("1002/6228", AccountType::kAsset);
  std::vector<AccountId> income;
  for (int i = 0; i < 300; ++i)
    income.push_back(f.add(fmt::format("6001/物业费/小区{:03}", i), AccountType::kIncome));
  for (const AccountId id : income) REQUIRE(f.post(bank, id, 10).accepted());
  f.cut_to(*Date::of(2026, 1, 2));
  f.ask();
  const auto terms = [&](const char* code, bool frozen) {
    SetTermsRequest request{f.key(), code, {}, {}};
    request.terms.frozen_out = frozen;
    REQUIRE(f.book->run(set_terms(request)).accepted());
  };
  terms("6001/物业费/小区280", true);
  const YearCloseOutcome stuck = f.close();
  CHECK(stuck.refusal.code == RefusalCode::kDebitAccountFrozen);
  CHECK(stuck.refusal.detail == "6001/物业费/小区280");
  CHECK(stuck.carried == 256);
  CHECK(f.on("4103") == 2'560);
  CHECK(f.close().refusal.code == RefusalCode::kDebitAccountFrozen);  // still
  terms("6001/物业费/小区280", false);
  // As after a crash: another process finds what is left.
  f.book.reset();
  BookOptions options;
  options.folder = f.folder.path();
  auto opened = Book::open(options, f.clock);
  REQUIRE(opened);
  f.book = std::move(opened.value());
  const YearCloseOutcome closed = f.close();
  CHECK(closed.refusal.code == RefusalCode::kNone);
  CHECK(closed.vouchers == 3);  // 256 accounts, 44 accounts, the year's profit
  CHECK(closed.carried == 45);
  CHECK(f.on("4103") == 0);
  CHECK(f.on("4104/未分配利润") == 3'000);
  f.check_verified();
}

TEST_CASE("year close: without a request, by its maker, or with nothing to carry") {
  Fixture f("platform");
  f.cut_to(*Date::of(2026, 1, 2));
  CHECK(f.close().refusal.code == RefusalCode::kDocumentNotFound);
  CHECK(f.close(1776).refusal.code == RefusalCode::kValueInvalid);
  f.ask();
  const auto own = close_year(*f.book, 2025, "制单");
  REQUIRE(own);
  CHECK(own.value().refusal.code == RefusalCode::kSamePerson);
  const YearCloseOutcome closed = f.close();
  CHECK(closed.refusal.code == RefusalCode::kNone);
  CHECK(closed.vouchers == 0);
  f.check_verified();
}
