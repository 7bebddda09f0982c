// The working-day calendar. Expected days are read off the State Council's notices by hand; the
// whole table is also held against the published data where it is present.
#include "settlement/calendar.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "ledger/base/json.h"
#include "tests/support/shared_data.h"

namespace suanpan::settlement {
namespace {

Date day(const char* iso) { return Date::parse(iso).value(); }

int workdays_of_year(int year) {
  int count = 0;
  for (Date d = *Date::of(year, 1, 1); d.year() == year; d = d.plus_days(1))
    count += is_workday(d).value();
  return count;
}

TEST_CASE("calendar: the workdays of each year are those announced") {
  CHECK(workdays_of_year(2024) == 251);
  CHECK(workdays_of_year(2025) == 248);
  CHECK(workdays_of_year(2026) == 248);
}

TEST_CASE("calendar: weekends, holidays and make-up workdays are told apart") {
  struct Row {
    const char* date;
    bool works;
    const char* why;
  };
  const Row rows[] = {
      {"2024-02-09", true, "New Year's Eve of 2024 was not a public holiday"},
      {"2024-02-18", true, "a Sunday made up for the Spring Festival"},
      {"2024-10-12", true, "a Saturday made up for the National Day"},
      {"2025-01-28", false, "New Year's Eve of 2025 is one"},
      {"2025-01-31", false, "a span that runs over the end of a month"},
      {"2025-02-04", false, "its last day"},
      {"2025-02-05", true, "the day after"},
      {"2025-06-02", false, "Dragon Boat Festival, a Monday"},
      {"2026-01-01", false, "New Year"},
      {"2026-01-04", true, "make-up Sunday"},
      {"2026-02-14", true, "make-up Saturday"},
      {"2026-02-28", true, "make-up Saturday"},
      {"2026-05-09", true, "make-up Saturday"},
      {"2026-09-20", true, "make-up Sunday"},
      {"2026-10-10", true, "make-up Saturday"},
      {"2026-03-04", true, "an ordinary Wednesday"},
      {"2026-03-07", false, "an ordinary Saturday"},
      {"2026-03-08", false, "an ordinary Sunday"},
      {"2026-09-25", false, "Mid-Autumn, a Friday"},
      {"2026-12-31", true, "the last day of the table, a Thursday"},
  };
  for (const Row& row : rows) {
    INFO(row.date << ": " << row.why);
    CHECK(is_workday(day(row.date)).value() == row.works);
  }
}

TEST_CASE("calendar: T+N counts workdays only") {
  struct Row {
    const char* from;
    int n;
    const char* to;
  };
  const Row rows[] = {
      {"2026-03-04", 0, "2026-03-04"},  // a workday is its own T+0
      {"2026-03-04", 1, "2026-03-05"},
      {"2026-03-06", 1, "2026-03-09"},  // Friday → Monday
      {"2026-03-07", 0, "2026-03-09"},  // Saturday has no T+0 of its own
      {"2026-03-07", 1, "2026-03-09"},  // Saturday's T+1 is Monday's money too
      {"2026-03-08", 1, "2026-03-09"},
      {"2026-02-13", 1, "2026-02-14"},  // Friday → make-up Saturday
      {"2026-02-14", 1, "2026-02-24"},  // over the Spring Festival, nine days
      {"2026-02-14", 5, "2026-02-28"},  // 24 25 26 27, then make-up Saturday 28
      {"2026-09-30", 1, "2026-10-08"},  // over the National Day
      {"2026-09-30", 3, "2026-10-10"},  // 8, 9, make-up Saturday 10
      {"2026-09-30", 4, "2026-10-12"},
      {"2025-12-31", 1, "2026-01-04"},  // over the year's end, onto a make-up Sunday
      {"2024-12-31", 2, "2025-01-03"},
      {"2026-12-30", 1, "2026-12-31"},
  };
  for (const Row& row : rows) {
    INFO(row.from << " T+" << row.n);
    CHECK(add_workdays(day(row.from), row.n).value().iso() == row.to);
  }
  CHECK(next_workday(day("2026-03-06")).value().iso() == "2026-03-09");
  CHECK(next_workday(day("2026-03-05")).value().iso() == "2026-03-06");
}

TEST_CASE("calendar: an unknown year fails closed and is named") {
  struct Row {
    const char* from;
    int n;
    const char* year;
  };
  const Row rows[] = {
      {"2027-01-04", 0, "2027"},                             // asked directly
      {"2027-01-04", 1, "2027"}, {"2026-12-31", 1, "2027"},  // T+1 crosses into it
      {"2026-12-30", 2, "2027"}, {"2026-12-28", 366, "2027"},
      {"2023-12-31", 1, "2023"},  // T itself is outside, though T+1 would be inside
  };
  for (const Row& row : rows) {
    INFO(row.from << " T+" << row.n);
    const auto result = add_workdays(day(row.from), row.n);
    REQUIRE(result.has_error());
    CHECK(result.error().code == Errc::kNotFound);
    CHECK_THAT(result.error().message, Catch::Contains(row.year));
  }
  CHECK(is_workday(day("2027-01-04")).error().code == Errc::kNotFound);
  CHECK(is_workday(day("2023-12-29")).error().code == Errc::kNotFound);
  CHECK(next_workday(day("2026-12-31")).error().code == Errc::kNotFound);
}

TEST_CASE("calendar: a negative or absurd N is refused") {
  CHECK(add_workdays(day("2026-03-04"), -1).error().code == Errc::kMalformed);
  CHECK(add_workdays(day("2024-01-02"), kMaxWorkdays + 1).error().code == Errc::kMalformed);
  CHECK(add_workdays(day("2024-01-02"), kMaxWorkdays).has_value());
}

TEST_CASE("calendar: the whole table agrees with the published data") {
  SHARED_OR_SKIP();
  for (int year = 2024; year <= 2026; ++year) {
    std::ifstream file(test::shared_data() / "holidays" / (std::to_string(year) + ".json"));
    std::stringstream text;
    text << file.rdbuf();
    const auto document = JsonDocument::parse(text.str());
    REQUIRE(document.has_value());
    std::map<std::string, bool> off;
    for (const JsonValue& entry : document.value().root().get("days").value().elements()) {
      off[entry.get_string("date").value()] = entry.get("isOffDay").value().as_bool().value();
    }
    REQUIRE(off.size() > 20);
    for (Date d = Date::of(year, 1, 1).value(); d.year() == year; d = d.plus_days(1)) {
      const auto announced = off.find(d.iso());
      const bool works = announced == off.end() ? d.weekday() <= 5 : !announced->second;
      INFO(d.iso());
      CHECK(is_workday(d).value() == works);
    }
  }
}

}  // namespace
}  // namespace suanpan::settlement
