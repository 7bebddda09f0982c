#include "ledger/base/money.h"

#include <catch2/catch.hpp>
#include <limits>
#include <random>

#include "tests/support/dies.h"

namespace suanpan {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

/// A number whose size is spread over all magnitudes.
std::int64_t any_int64(std::mt19937_64& random) {
  return static_cast<std::int64_t>(random()) >> (random() % 64);
}

TEST_CASE("money: currencies carry their ISO 4217 facts") {
  struct Row {
    Currency currency;
    const char* code;
    unsigned exponent;
    std::uint16_t number;
  };
  const Row rows[] = {
      {Currency::kCNY, "CNY", 2, 156}, {Currency::kCZK, "CZK", 2, 203},
      {Currency::kEUR, "EUR", 2, 978}, {Currency::kGBP, "GBP", 2, 826},
      {Currency::kHKD, "HKD", 2, 344}, {Currency::kJPY, "JPY", 0, 392},
      {Currency::kUSD, "USD", 2, 840},
  };
  for (const Row& row : rows) {
    CHECK(code_of(row.currency) == row.code);
    CHECK(exponent_of(row.currency) == row.exponent);
    CHECK(static_cast<std::uint16_t>(row.currency) == row.number);
    CHECK(currency_of(row.code) == row.currency);
  }
  CHECK(currency_of("cny") == Currency::kCNY);
  CHECK(currency_of("Cny") == Currency::kCNY);
  for (const char* code : {"", "CN", "CNYX", "XXX", "156", "cn\xd9"})
    CHECK_FALSE(currency_of(code));
  CHECK(test::dies([] { code_of(static_cast<Currency>(999)); }));
}

TEST_CASE("money: amounts of one currency add and subtract") {
  CHECK(add({150, Currency::kCNY}, {-200, Currency::kCNY}).value() == Money{-50, Currency::kCNY});
  CHECK(subtract({150, Currency::kJPY}, {200, Currency::kJPY}).value() ==
        Money{-50, Currency::kJPY});
}

TEST_CASE("money: a sum that overflows is refused") {
  CHECK(add({kMax, Currency::kCNY}, {1, Currency::kCNY}).error().code == Errc::kTooLarge);
  CHECK(add({kMin, Currency::kCNY}, {-1, Currency::kCNY}).error().code == Errc::kTooLarge);
  CHECK(subtract({kMin, Currency::kCNY}, {1, Currency::kCNY}).error().code == Errc::kTooLarge);
  CHECK(subtract({0, Currency::kCNY}, {kMin, Currency::kCNY}).error().code == Errc::kTooLarge);
  CHECK(add({kMax, Currency::kCNY}, {0, Currency::kCNY}).value().minor == kMax);
}

TEST_CASE("money: two currencies do not mix") {
  CHECK(add({1, Currency::kCNY}, {1, Currency::kUSD}).error().code == Errc::kMismatch);
  CHECK(subtract({1, Currency::kCNY}, {1, Currency::kUSD}).error().code == Errc::kMismatch);
}

TEST_CASE("money: checked arithmetic agrees with 128 bits") {
  std::mt19937_64 random(1);
  for (int i = 0; i < 200'000; ++i) {
    const std::int64_t a = any_int64(random), b = any_int64(random);
    const auto expect = [](Int128 exact) {
      return exact > kMax || exact < kMin ? std::optional<std::int64_t>()
                                          : std::optional(static_cast<std::int64_t>(exact));
    };
    REQUIRE(checked_add(a, b) == expect(Int128{a} + b));
    REQUIRE(checked_sub(a, b) == expect(Int128{a} - b));
    REQUIRE(checked_mul(a, b) == expect(Int128{a} * b));
  }
}

TEST_CASE("money: decimals in major units are read exactly") {
  struct Row {
    const char* text;
    Currency currency;
    std::int64_t minor;
  };
  const Row rows[] = {
      {"0", Currency::kCNY, 0},
      {"0.01", Currency::kCNY, 1},
      {"12.3", Currency::kCNY, 1230},
      {"-12.30", Currency::kCNY, -1230},
      {"12.3000", Currency::kCNY, 1230},
      {"007.50", Currency::kCNY, 750},
      {"-0.00", Currency::kCNY, 0},
      {"1234", Currency::kJPY, 1234},
      {"1234.000", Currency::kJPY, 1234},
      {"92233720368547758.07", Currency::kCNY, kMax},
      {"-92233720368547758.08", Currency::kCNY, kMin},
      {"120442237.40", Currency::kCZK, 12'044'223'740},
      {"0000000000000000000000000000001.00", Currency::kCNY, 100},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const auto money = parse_major(row.text, row.currency);
    REQUIRE(money.has_value());
    CHECK(money.value() == Money{row.minor, row.currency});
  }
}

TEST_CASE("money: a text that is not a plain decimal is refused") {
  for (const char* text : {"",      " ",     "-",
                           ".",     ".5",    "5.",
                           "-.5",   "+1",    "1 ",
                           " 1",    "1,000", "1e3",
                           "1E3",   "0x10",  "1.2.3",
                           "--1",   "1-",    "1.-5",
                           "NaN",   "inf",   "１",
                           "0.001", "1.005", "12.3 ",
                           "¥1",    "1.00a", "1.0000000000000000000000000000001"}) {
    INFO(text);
    CHECK(parse_major(text, Currency::kCNY).error().code == Errc::kMalformed);
  }
  CHECK(parse_major("1.5", Currency::kJPY).error().code == Errc::kMalformed);
  CHECK(parse_major(std::string_view("1\0", 2), Currency::kCNY).error().code == Errc::kMalformed);
}

TEST_CASE("money: an amount beyond 64 bits is refused") {
  for (const char* text : {"92233720368547758.08", "-92233720368547758.09", "184467440737095516.16",
                           "99999999999999999999999999999999999999999999"}) {
    INFO(text);
    CHECK(parse_major(text, Currency::kCNY).error().code == Errc::kTooLarge);
  }
}

TEST_CASE("money: a decimal with a column's own scale is read") {
  CHECK(parse_decimal("0.00060", 5).value() == 60);
  CHECK(parse_decimal("-1.5", 5).value() == -150'000);
  CHECK(parse_decimal("3", 0).value() == 3);
  CHECK(parse_decimal("0.000001", 5).error().code == Errc::kMalformed);
}

TEST_CASE("money: amounts are written with all decimals, the lowest one too") {
  CHECK(format_major({-1230, Currency::kCNY}) == "-12.30");
  CHECK(format_major({0, Currency::kCNY}) == "0.00");
  CHECK(format_major({-1, Currency::kCNY}) == "-0.01");
  CHECK(format_major({5, Currency::kJPY}) == "5");
  CHECK(format_major({kMin, Currency::kCNY}) == "-92233720368547758.08");
  CHECK(format_major({kMin, Currency::kJPY}) == "-9223372036854775808");
  CHECK(format_grouped({-123'450, Currency::kCNY}) == "-1,234.50");
  CHECK(format_grouped({99'999, Currency::kCNY}) == "999.99");
  CHECK(format_grouped({100'000, Currency::kCNY}) == "1,000.00");
  CHECK(format_grouped({1'000'000, Currency::kJPY}) == "1,000,000");
  CHECK(format_grouped({kMin, Currency::kCNY}) == "-92,233,720,368,547,758.08");
}

TEST_CASE("money: reading what was written gives the same amount") {
  std::mt19937_64 random(2);
  for (int i = 0; i < 50'000; ++i) {
    for (const Currency currency : {Currency::kCNY, Currency::kJPY}) {
      const Money money{any_int64(random), currency};
      REQUIRE(parse_major(format_major(money), currency).value() == money);
    }
  }
}

}  // namespace
}  // namespace suanpan
