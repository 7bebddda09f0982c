// A book with a chart of accounts of seven subjects and a year that ends: what exports of such
// books are tried with.
#pragma once
#include <catch2/catch.hpp>

#include "ledger/engine/close_year.h"
#include "tests/support/temp_folder.h"

namespace suanpan::test {

/// A shop with a chart, whose year 2025 is over. Accounts: 1 the bank, 2 and 3 income of two
/// merchants, 4 an expense; amounts in fen.
struct Shop {
  static Date first_day() { return *Date::of(2025, 12, 31); }
  test::TempFolder folder;
  ManualClock clock{Timestamp::of_cn(first_day(), 9, 0, 0)};
  std::unique_ptr<Book> book;
  std::uint64_t last = 0;

  Shop() {
    BookOptions options;
    options.folder = folder.path();
    options.create = true;
    options.first_date = first_day();
    auto opened = Book::open(options, clock);
    REQUIRE(opened);
    book = std::move(opened.value());
    done(adopt_chart({key(), {"shop", true}, subjects()}));
    open("1002/1", AccountType::kAsset);
    open("6001/M1", AccountType::kIncome);
    open("6001/M2", AccountType::kIncome);
    open("6601", AccountType::kExpense);
    post(1, 2, 500);
    post(1, 3, 70);
    post(4, 1, 130);
  }
  static std::vector<Subject> subjects() {
    const Side debit = Side::kDebit, credit = Side::kCredit;
    return {{"1002", "银行存款", AccountType::kAsset, debit, true, {"bank"}, ""},
            {"1602", "累计折旧", AccountType::kAsset, credit, true, {}, ""},
            {"41", "权益", AccountType::kEquity, credit, false, {}, ""},
            {"41/03", "本年利润", AccountType::kEquity, credit, true, {}, "41/04"},
            {"41/04", "未分配利润", AccountType::kEquity, credit, true, {}, ""},
            {"6001", "服务费收入", AccountType::kIncome, credit, true, {"merchant"}, "41/03"},
            {"6601", "手续费, \"渠道\"", AccountType::kExpense, debit, true, {}, "41/03"}};
  }
  ClaimKey key() { return {Id128{0, ++last}, CallerId{100}}; }
  Answer run(Command command) {
    clock.advance_seconds(1);
    return book->run(std::move(command));
  }
  void done(Command command) {
    const Answer answer = run(std::move(command));
    INFO(name_of(answer.refusal.code) << " " << answer.refusal.detail);
    REQUIRE(answer.accepted());
  }
  void refused(Command command, RefusalCode code) {
    CHECK(name_of(run(std::move(command)).refusal.code) == name_of(code));
  }
  void open(const std::string& code, AccountType type) {
    done(open_account({key(), code, "", type, {}, {}, {}}));
  }
  Answer post(std::uint32_t debit, std::uint32_t credit, std::int64_t amount,
              std::optional<Date> date = {}) {
    VoucherRequest voucher;
    voucher.key = key();
    voucher.legs = {{AccountId{debit}, AccountId{credit}, amount}};
    voucher.date = date;
    clock.advance_seconds(1);
    return book->run(voucher);
  }
  /// Into the year 2026.
  void year_over() { done(day_cut({key(), *Date::of(2026, 1, 1)})); }
  void close() {
    done(request_year_close({key(), 2025, "制单"}));
    clock.advance_seconds(1);
    const auto closed = close_year(*book, 2025, "复核");
    REQUIRE(closed);
    REQUIRE(closed.value().refusal.code == RefusalCode::kNone);
    // Two of income, one of expense; then what is in this year's profit.
    REQUIRE(closed.value().carried == 4);
    REQUIRE(closed.value().vouchers == 2);
  }
};

}  // namespace suanpan::test
