#include "ledger/base/date.h"

#include <fmt/format.h>

#include <limits>

#include "ledger/base/check.h"

namespace suanpan {
namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
constexpr std::int64_t kSecondsPerDay = 86'400;
constexpr std::int64_t kCnOffsetSeconds = 8 * 3'600;

/// Year, month and day of the proleptic Gregorian calendar.
struct Civil {
  int year;
  unsigned month;
  unsigned day;
};

// Both directions count from 0000-03-01, so that the leap day is the last of its year and an era
// of 400 years has always 146,097 days.
constexpr std::int32_t days_from_civil(int year, unsigned month, unsigned day) {
  const int y = month <= 2 ? year - 1 : year;
  const int era = (y >= 0 ? y : y - 399) / 400;
  const unsigned year_of_era = static_cast<unsigned>(y - era * 400);
  const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146'097 + static_cast<std::int32_t>(day_of_era) - 719'468;
}

constexpr Civil civil_from_days(std::int32_t days) {
  const std::int64_t z = std::int64_t{days} + 719'468;
  const std::int64_t era = (z >= 0 ? z : z - 146'096) / 146'097;
  const unsigned day_of_era = static_cast<unsigned>(z - era * 146'097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1'460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted_month = (5 * day_of_year + 2) / 153;
  const unsigned day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  const auto year = static_cast<int>(era * 400 + year_of_era) + (month <= 2 ? 1 : 0);
  return {year, month, day};
}

constexpr bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

constexpr unsigned days_in_month(int year, unsigned month) {
  constexpr unsigned kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[month - 1];
}

/// Reads exactly `count` decimal digits from the front of `text`, and takes them away.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return value;
}

bool take(std::string_view& text, char expected) {
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

/// HH:MM:SS as seconds of the day. A leap second (60) is refused: our time has none.
std::optional<std::int64_t> take_wall_time(std::string_view& text) {
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59 || !take(text, ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second || *second > 59) return std::nullopt;
  return *hour * 3'600 + *minute * 60 + *second;
}

/// ".123" as nanoseconds, one to nine digits; 0 if there is no point.
std::optional<std::int64_t> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return 0;
  std::int64_t ns = 0;
  int digits = 0;
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    if (++digits > 9) return std::nullopt;
    ns = ns * 10 + (text.front() - '0');
    text.remove_prefix(1);
  }
  if (digits == 0) return std::nullopt;
  for (; digits < 9; ++digits) ns *= 10;
  return ns;
}

/// "Z" or ±HH:MM as seconds east of UTC.
std::optional<std::int64_t> take_offset(std::string_view& text) {
  if (take(text, 'Z')) return 0;
  const bool east = take(text, '+');
  if (!east && !take(text, '-')) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || *hour > 23 || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  const std::int64_t seconds = *hour * 3'600 + *minute * 60;
  return east ? seconds : -seconds;
}

/// Seconds and nanoseconds of a UTC moment in one number; nothing if it does not fit.
std::optional<std::int64_t> to_ns(std::int64_t seconds, std::int64_t ns) {
  std::int64_t total = 0;
  if (__builtin_mul_overflow(seconds, kNsPerSecond, &total)) return std::nullopt;
  if (__builtin_add_overflow(total, ns, &total)) return std::nullopt;
  return total;
}

/// Seconds of UTC+8 wall time since 1970-01-01 00:00 there, rounded down.
std::int64_t wall_seconds_cn(std::int64_t ns) {
  const std::int64_t seconds = ns / kNsPerSecond - (ns % kNsPerSecond < 0 ? 1 : 0);
  return seconds + kCnOffsetSeconds;
}

struct WallTime {
  Date date;
  int hour, minute, second;
};

WallTime wall_time_cn(std::int64_t ns) {
  const std::int64_t wall = wall_seconds_cn(ns);
  const std::int64_t day = wall / kSecondsPerDay - (wall % kSecondsPerDay < 0 ? 1 : 0);
  const auto of_day = static_cast<int>(wall - day * kSecondsPerDay);
  return {Date{static_cast<std::int32_t>(day)}, of_day / 3'600, of_day / 60 % 60, of_day % 60};
}

}  // namespace

std::optional<Date> Date::of(int year, unsigned month, unsigned day) {
  if (year < 1 || year > 9999 || month < 1 || month > 12) return std::nullopt;
  if (day < 1 || day > days_in_month(year, month)) return std::nullopt;
  return Date{days_from_civil(year, month, day)};
}

std::optional<Date> Date::parse(std::string_view text) {
  const bool dashed = text.size() == 10;
  if (!dashed && text.size() != 8) return std::nullopt;
  const auto year = take_digits(text, 4);
  if (!year || (dashed && !take(text, '-'))) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || (dashed && !take(text, '-'))) return std::nullopt;
  const auto day = take_digits(text, 2);
  if (!day) return std::nullopt;
  return of(*year, static_cast<unsigned>(*month), static_cast<unsigned>(*day));
}

int Date::year() const { return civil_from_days(days).year; }
unsigned Date::month() const { return civil_from_days(days).month; }
unsigned Date::day() const { return civil_from_days(days).day; }

unsigned Date::weekday() const {
  // 1970-01-01 was a Thursday (4).
  const std::int64_t shifted = (std::int64_t{days} + 3) % 7;
  return static_cast<unsigned>(shifted < 0 ? shifted + 7 : shifted) + 1;
}

std::string Date::iso() const {
  const Civil c = civil_from_days(days);
  return fmt::format("{:04}-{:02}-{:02}", c.year, c.month, c.day);
}

std::string Date::compact() const {
  const Civil c = civil_from_days(days);
  return fmt::format("{:04}{:02}{:02}", c.year, c.month, c.day);
}

Date Timestamp::date_cn() const { return wall_time_cn(ns).date; }

std::string Timestamp::iso_cn() const {
  const WallTime t = wall_time_cn(ns);
  return fmt::format("{}T{:02}:{:02}:{:02}+08:00", t.date.iso(), t.hour, t.minute, t.second);
}

std::string Timestamp::plain_cn() const {
  const WallTime t = wall_time_cn(ns);
  return fmt::format("{} {:02}:{:02}:{:02}", t.date.iso(), t.hour, t.minute, t.second);
}

Timestamp Timestamp::of_cn(Date date, int hour, int minute, int second) {
  CHECK_OR_DIE(
      hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59 && second >= 0 && second <= 59,
      "no such wall time: {}:{}:{}", hour, minute, second);
  const std::int64_t seconds = std::int64_t{date.days} * kSecondsPerDay + hour * 3'600 +
                               minute * 60 + second - kCnOffsetSeconds;
  if (const auto ns = to_ns(seconds, 0)) return {*ns};
  // 9999-12-31 stands for "no end" in effective dates: beyond what 64 bits hold is the far end.
  return {seconds < 0 ? std::numeric_limits<std::int64_t>::min()
                      : std::numeric_limits<std::int64_t>::max()};
}

std::optional<Timestamp> Timestamp::parse(std::string_view text) {
  if (text.size() < 19) return std::nullopt;
  const auto date = Date::parse(text.substr(0, 10));
  if (!date) return std::nullopt;
  text.remove_prefix(10);
  const bool plain = take(text, ' ');
  if (!plain && !take(text, 'T')) return std::nullopt;
  const auto of_day = take_wall_time(text);
  if (!of_day) return std::nullopt;
  std::int64_t fraction = 0;
  std::int64_t offset = kCnOffsetSeconds;
  if (!plain) {
    const auto ns = take_fraction(text);
    if (!ns) return std::nullopt;
    const auto east = take_offset(text);
    if (!east) return std::nullopt;
    fraction = *ns;
    offset = *east;
  }
  if (!text.empty()) return std::nullopt;
  const auto ns = to_ns(std::int64_t{date->days} * kSecondsPerDay + *of_day - offset, fraction);
  if (!ns) return std::nullopt;
  return Timestamp{*ns};
}

}  // namespace suanpan
