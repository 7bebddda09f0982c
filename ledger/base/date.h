// Calendar dates and UTC+8 wall time. China has one zone, so no time-zone data is needed.
#pragma once
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace suanpan {

/// A calendar date, as days since 1970-01-01; proleptic Gregorian.
struct Date {
  std::int32_t days = 0;
  friend constexpr auto operator<=>(const Date&, const Date&) = default;

  /// The date of a year (1-9999), month (1-12) and day (1-31), or nothing if there is no such day.
  static std::optional<Date> of(int year, unsigned month, unsigned day);
  /// Reads exactly YYYY-MM-DD or YYYYMMDD; nothing otherwise.
  static std::optional<Date> parse(std::string_view text);

  int year() const;
  unsigned month() const;    ///< 1-12
  unsigned day() const;      ///< 1-31
  unsigned weekday() const;  ///< ISO: Monday 1 … Sunday 7
  Date plus_days(int n) const { return Date{days + n}; }
  /// The accounting month, YYYYMM.
  std::uint32_t month_key() const { return static_cast<std::uint32_t>(year()) * 100 + month(); }
  std::string iso() const;      ///< YYYY-MM-DD
  std::string compact() const;  ///< YYYYMMDD
};

/// A moment: nanoseconds since the Unix epoch, UTC.
struct Timestamp {
  std::int64_t ns = 0;
  friend constexpr auto operator<=>(const Timestamp&, const Timestamp&) = default;

  static constexpr Timestamp from_ms(std::int64_t ms) { return {ms * 1'000'000}; }
  static constexpr Timestamp from_seconds(std::int64_t s) { return {s * 1'000'000'000}; }
  constexpr std::int64_t ms() const { return ns / 1'000'000; }
  constexpr std::int64_t seconds() const { return ns / 1'000'000'000; }
  constexpr Timestamp plus_seconds(std::int64_t s) const { return {ns + s * 1'000'000'000}; }
  constexpr Timestamp plus_ms(std::int64_t ms) const { return {ns + ms * 1'000'000}; }

  Date date_cn() const;          ///< the date in UTC+8
  std::string iso_cn() const;    ///< 2026-03-04T05:06:07+08:00
  std::string plain_cn() const;  ///< 2026-03-04 05:06:07
  /// The moment of a date and a wall time in UTC+8 (CHECKed); a date beyond the years 1678-2261
  /// gives the first or last moment that there is.
  static Timestamp of_cn(Date date, int hour, int minute, int second);
  /// Reads RFC 3339 ("2026-03-04T05:06:07+08:00", "…Z", fractions of up to nine digits allowed) or
  /// the plain form "2026-03-04 05:06:07", which is taken as UTC+8. Nothing for any other text, for
  /// leap seconds and for moments outside the years 1678-2261.
  static std::optional<Timestamp> parse(std::string_view text);
};

}  // namespace suanpan
