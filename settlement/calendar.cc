#include "settlement/calendar.h"

#include <array>

namespace suanpan::settlement {
namespace {

constexpr int kFirstYear = 2024;
constexpr int kLastYear = 2026;

enum class Kind : std::uint8_t { kHoliday, kMakeUp };

/// Consecutive days of one kind; both ends belong to it, as MMDD. No span crosses a year.
struct Span {
  int year;
  unsigned from;
  unsigned to;
  Kind kind;
};

constexpr Span kSpans[] = {
    {2024, 101, 101, Kind::kHoliday},    // 元旦
    {2024, 204, 204, Kind::kMakeUp},     // 春节
    {2024, 210, 217, Kind::kHoliday},    //
    {2024, 218, 218, Kind::kMakeUp},     //
    {2024, 404, 406, Kind::kHoliday},    // 清明节
    {2024, 407, 407, Kind::kMakeUp},     //
    {2024, 428, 428, Kind::kMakeUp},     // 劳动节
    {2024, 501, 505, Kind::kHoliday},    //
    {2024, 511, 511, Kind::kMakeUp},     //
    {2024, 610, 610, Kind::kHoliday},    // 端午节
    {2024, 914, 914, Kind::kMakeUp},     // 中秋节
    {2024, 915, 917, Kind::kHoliday},    //
    {2024, 929, 929, Kind::kMakeUp},     // 国庆节
    {2024, 1001, 1007, Kind::kHoliday},  //
    {2024, 1012, 1012, Kind::kMakeUp},   //

    {2025, 101, 101, Kind::kHoliday},    // 元旦
    {2025, 126, 126, Kind::kMakeUp},     // 春节
    {2025, 128, 204, Kind::kHoliday},    //
    {2025, 208, 208, Kind::kMakeUp},     //
    {2025, 404, 406, Kind::kHoliday},    // 清明节
    {2025, 427, 427, Kind::kMakeUp},     // 劳动节
    {2025, 501, 505, Kind::kHoliday},    //
    {2025, 531, 602, Kind::kHoliday},    // 端午节
    {2025, 928, 928, Kind::kMakeUp},     // 国庆节、中秋节
    {2025, 1001, 1008, Kind::kHoliday},  //
    {2025, 1011, 1011, Kind::kMakeUp},   //

    {2026, 101, 103, Kind::kHoliday},    // 元旦
    {2026, 104, 104, Kind::kMakeUp},     //
    {2026, 214, 214, Kind::kMakeUp},     // 春节
    {2026, 215, 223, Kind::kHoliday},    //
    {2026, 228, 228, Kind::kMakeUp},     //
    {2026, 404, 406, Kind::kHoliday},    // 清明节
    {2026, 501, 505, Kind::kHoliday},    // 劳动节
    {2026, 509, 509, Kind::kMakeUp},     //
    {2026, 619, 621, Kind::kHoliday},    // 端午节
    {2026, 920, 920, Kind::kMakeUp},     // 国庆节
    {2026, 925, 927, Kind::kHoliday},    // 中秋节
    {2026, 1001, 1007, Kind::kHoliday},  // 国庆节
    {2026, 1010, 1010, Kind::kMakeUp},   //
};

}  // namespace

Result<bool> is_workday(Date date) {
  const int year = date.year();
  if (year < kFirstYear || year > kLastYear) {
    return fail(
        Errc::kNotFound,
        "the working-day calendar of {} is not known (known: {} to {}); {} cannot be judged", year,
        kFirstYear, kLastYear, date.iso());
  }
  const unsigned key = date.month() * 100 + date.day();
  for (const Span& span : kSpans) {
    if (span.year == year && span.from <= key && key <= span.to) return span.kind == Kind::kMakeUp;
  }
  return date.weekday() <= 5;
}

Result<Date> next_workday(Date date) {
  // Ends: no known year has anything like twenty days off in a row, and an unknown one is an error.
  for (Date day = date.plus_days(1);; day = day.plus_days(1)) {
    TRY(const bool works, is_workday(day));
    if (works) return day;
  }
}

Result<Date> add_workdays(Date date, int n) {
  if (n < 0 || n > kMaxWorkdays) {
    return fail(Errc::kMalformed, "T+{} is not between T+0 and T+{}", n, kMaxWorkdays);
  }
  // T's own year is asked for even where only later days count: a date outside the table is a
  // fault.
  TRY(const bool works, is_workday(date));
  if (n == 0 && works) return date;
  Date day = date;
  for (int i = 0; i < std::max(n, 1); ++i) {
    TRY(day, next_workday(day));
  }
  return day;
}

}  // namespace suanpan::settlement
