#include "ledger/base/date.h"

#include <catch2/catch.hpp>
#include <limits>
#include <random>

#include "ledger/base/clock.h"
#include "tests/support/dies.h"

namespace suanpan {
namespace {

Date date(std::string_view text) {
  const auto parsed = Date::parse(text);
  REQUIRE(parsed.has_value());
  return *parsed;
}

TEST_CASE("date: known days have their number, weekday and text") {
  struct Row {
    const char* iso;
    std::int32_t days;
    unsigned weekday;  // ISO
  };
  // Numbers from `date -u -d … +%s` divided by 86400, weekdays from a printed calendar.
  const Row rows[] = {
      {"1970-01-01", 0, 4},      {"1969-12-31", -1, 3},     {"1970-01-05", 4, 1},
      {"2000-01-01", 10957, 6},  {"2000-02-29", 11016, 2},  {"2024-02-29", 19782, 4},
      {"2024-03-01", 19783, 5},  {"2026-01-01", 20454, 4},  {"2026-03-04", 20516, 3},
      {"1900-03-01", -25508, 4}, {"1900-02-28", -25509, 3}, {"0001-01-01", -719162, 1},
      {"2100-02-28", 47540, 7},  {"2100-03-01", 47541, 1},  {"9999-12-31", 2932896, 5},
  };
  for (const Row& row : rows) {
    INFO(row.iso);
    CHECK(date(row.iso).days == row.days);
    CHECK(Date{row.days}.iso() == row.iso);
    CHECK(Date{row.days}.weekday() == row.weekday);
  }
  CHECK(Date{19782}.compact() == "20240229");
  CHECK(Date{19782}.month_key() == 202402);
  CHECK(Date{19782}.plus_days(1) == Date{19783});
  CHECK(date("20240229") == date("2024-02-29"));
}

TEST_CASE("date: walking day by day through 9999 years agrees with counting") {
  // An odometer with the schoolbook leap rule, against the closed formulas.
  int year = 1, month = 1, day = 1, wrong = 0;
  for (std::int32_t days = -719162; days <= 2932896; ++days) {
    const Date d{days};
    if (d.year() != year || static_cast<int>(d.month()) != month ||
        static_cast<int>(d.day()) != day)
      ++wrong;
    if (Date::of(year, static_cast<unsigned>(month), static_cast<unsigned>(day)) != d) ++wrong;
    const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    const int last = month == 2                                                ? (leap ? 29 : 28)
                     : (month == 4 || month == 6 || month == 9 || month == 11) ? 30
                                                                               : 31;
    if (++day > last) day = 1, ++month;
    if (month > 12) month = 1, ++year;
  }
  CHECK(wrong == 0);
  CHECK(year == 10000);
}

TEST_CASE("date: a text that names no day is refused") {
  for (const char* text : {"",           "2024-02-30",  "2023-02-29",  "1900-02-29",
                           "2100-02-29", "2024-04-31",  "2024-13-01",  "2024-00-10",
                           "2024-01-00", "2024-01-32",  "0000-01-01",  "2024-1-01",
                           "2024/01/01", "2024-01-1",   "20240230",    "2024011",
                           "202401011",  " 2024-01-01", "2024-01-01 ", "2024-01-0x",
                           "+024-01-01", "-024-01-01",  "2024-0101",   "202401-01",
                           "２０２４",   "2024-01-01T", "20240+01",    "2024- 1-01"}) {
    INFO(text);
    CHECK_FALSE(Date::parse(text).has_value());
  }
  CHECK_FALSE(Date::of(2024, 2, 30).has_value());
  CHECK_FALSE(Date::of(0, 1, 1).has_value());
  CHECK_FALSE(Date::of(10000, 1, 1).has_value());
  CHECK_FALSE(Date::of(2024, 0, 1).has_value());
  CHECK_FALSE(Date::of(2024, 13, 1).has_value());
}

TEST_CASE("timestamp: moments are shown in UTC+8") {
  // 1700000000 s is 2023-11-14 22:13:20 UTC.
  const Timestamp t = Timestamp::from_seconds(1'700'000'000);
  CHECK(t.iso_cn() == "2023-11-15T06:13:20+08:00");
  CHECK(t.plain_cn() == "2023-11-15 06:13:20");
  CHECK(t.date_cn().iso() == "2023-11-15");
  CHECK(Timestamp{0}.iso_cn() == "1970-01-01T08:00:00+08:00");
  CHECK(Timestamp{-1}.iso_cn() == "1970-01-01T07:59:59+08:00");
  CHECK(Timestamp::from_seconds(-8 * 3600).date_cn() == Date{0});
  CHECK(Timestamp{-8LL * 3600 * 1'000'000'000 - 1}.date_cn() == Date{-1});
  CHECK(Timestamp{std::numeric_limits<std::int64_t>::max()}.iso_cn() ==
        "2262-04-12T07:47:16+08:00");
  CHECK(Timestamp{std::numeric_limits<std::int64_t>::min()}.iso_cn() ==
        "1677-09-21T08:12:43+08:00");
}

TEST_CASE("timestamp: the day changes at midnight in UTC+8") {
  const Timestamp midnight = Timestamp::of_cn(date("2026-03-05"), 0, 0, 0);
  CHECK(midnight.date_cn().iso() == "2026-03-05");
  CHECK(Timestamp{midnight.ns - 1}.date_cn().iso() == "2026-03-04");
  CHECK(midnight == *Timestamp::parse("2026-03-04T16:00:00Z"));
}

TEST_CASE("timestamp: RFC 3339 and the plain form are read exactly") {
  struct Row {
    const char* text;
    std::int64_t ns;
  };
  const Row rows[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01T08:00:00+08:00", 0},
      {"1970-01-01 08:00:00", 0},
      {"1969-12-31T23:59:59.999999999Z", -1},
      {"2023-11-14T22:13:20Z", 1'700'000'000'000'000'000},
      {"2023-11-15T06:13:20+08:00", 1'700'000'000'000'000'000},
      {"2023-11-14T17:13:20-05:00", 1'700'000'000'000'000'000},
      {"2023-11-15T03:43:20+05:30", 1'700'000'000'000'000'000},
      {"2023-11-14T22:13:20.5Z", 1'700'000'000'500'000'000},
      {"2023-11-14T22:13:20.123456789Z", 1'700'000'000'123'456'789},
      {"2023-11-14T22:13:20-00:00", 1'700'000'000'000'000'000},
      {"1985-04-12T23:20:50.52Z", 482'196'050'520'000'000},          // RFC 3339, 5.8
      {"1996-12-19T16:39:57-08:00", 851'042'397'000'000'000},        // RFC 3339, 5.8
      {"1937-01-01T12:00:27.87+00:20", -1'041'337'172'130'000'000},  // RFC 3339, 5.8
      {"2262-04-11T23:47:16.854775807Z", std::numeric_limits<std::int64_t>::max()},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const auto t = Timestamp::parse(row.text);
    REQUIRE(t.has_value());
    CHECK(t->ns == row.ns);
  }
}

TEST_CASE("timestamp: any other text is refused") {
  for (const char* text : {"",
                           "2026-03-04",
                           "2026-03-04T05:06:07",    // no zone
                           "2026-03-04 05:06:07Z",   // plain has none
                           "2026-03-04 05:06:07.5",  // nor a fraction
                           "2026-03-04 05:06:07+08:00",
                           "2026-03-04t05:06:07Z",
                           "2026-03-04T05:06:07z",
                           "2026-03-04T24:00:00Z",
                           "2026-03-04T05:60:00Z",
                           "2026-03-04T05:06:60Z",  // leap second
                           "2026-03-04T05:06:07.Z",
                           "2026-03-04T05:06:07.1234567890Z",
                           "2026-03-04T05:06:07+0800",
                           "2026-03-04T05:06:07+08",
                           "2026-03-04T05:06:07+24:00",
                           "2026-03-04T05:06:07+08:60",
                           "2026-03-04T05:06:07Z ",
                           " 2026-03-04T05:06:07Z",
                           "2026-02-30T05:06:07Z",
                           "20260304T05:06:07Z00",
                           "2026-03-04T5:06:07Z",
                           "2026-03-04T05:06Z",
                           "2026-03-04T-5:06:07Z",
                           "2026-03-04T05:06:07,5Z",
                           "2262-04-11T23:47:16.854775808Z",  // one nanosecond beyond 64 bits
                           "9999-12-31T23:59:59Z",
                           "0001-01-01T00:00:00Z"}) {
    INFO(text);
    CHECK_FALSE(Timestamp::parse(text).has_value());
  }
}

TEST_CASE("timestamp: reading what was written gives the same second") {
  std::mt19937_64 random(20260304);
  for (int i = 0; i < 20'000; ++i) {
    const auto seconds = static_cast<std::int64_t>(random() % 18'000'000'000) - 9'000'000'000;
    const Timestamp t = Timestamp::from_seconds(seconds);
    REQUIRE(Timestamp::parse(t.iso_cn()) == t);
    REQUIRE(Timestamp::parse(t.plain_cn()) == t);
  }
}

TEST_CASE("timestamp: an effective date without end is the far end, not a wrapped one") {
  CHECK(Timestamp::of_cn(date("9999-12-31"), 23, 59, 59).ns ==
        std::numeric_limits<std::int64_t>::max());
  CHECK(Timestamp::of_cn(date("0001-01-01"), 0, 0, 0).ns ==
        std::numeric_limits<std::int64_t>::min());
  CHECK(test::dies([] { Timestamp::of_cn(Date{0}, 24, 0, 0); }));
  CHECK(test::dies([] { Timestamp::of_cn(Date{0}, 0, 60, 0); }));
  CHECK(test::dies([] { Timestamp::of_cn(Date{0}, 0, 0, -1); }));
}

TEST_CASE("clock: a manual clock stands still until it is moved") {
  ManualClock clock(Timestamp::from_seconds(100));
  CHECK(clock.now().seconds() == 100);
  clock.advance_seconds(5);
  CHECK(clock.now().seconds() == 105);
  clock.set(Timestamp::from_ms(7));
  CHECK(clock.now().ms() == 7);
  CHECK(SystemClock().now() > *Timestamp::parse("2020-01-01T00:00:00Z"));
}

}  // namespace
}  // namespace suanpan
