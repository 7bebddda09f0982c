// Money: an exact amount in minor units (fen for CNY) of one ISO 4217 currency. Never floating
// point, on the wire neither. All arithmetic is checked: overflow is an answer, not a wrap.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/result.h"

namespace suanpan {

/// An ISO 4217 currency that the system knows, by its numeric code.
enum class Currency : std::uint16_t {
  kCHF = 756,
  kCNY = 156,
  kCZK = 203,
  kEUR = 978,
  kGBP = 826,
  kHKD = 344,
  kJPY = 392,
  kSEK = 752,
  kUSD = 840,
};

std::string_view code_of(Currency currency);  ///< "CNY"
unsigned exponent_of(Currency currency);      ///< digits after the point: 2 for CNY, 0 for JPY
/// By alphabetic code, either case (Jeepay clients send "cny"); nothing if it is not known here.
std::optional<Currency> currency_of(std::string_view code);

/// a + b, a - b, a * b in minor units, or nothing on overflow.
inline std::optional<std::int64_t> checked_add(std::int64_t a, std::int64_t b) {
  std::int64_t sum;
  return __builtin_add_overflow(a, b, &sum) ? std::nullopt : std::optional(sum);
}
inline std::optional<std::int64_t> checked_sub(std::int64_t a, std::int64_t b) {
  std::int64_t difference;
  return __builtin_sub_overflow(a, b, &difference) ? std::nullopt : std::optional(difference);
}
inline std::optional<std::int64_t> checked_mul(std::int64_t a, std::int64_t b) {
  std::int64_t product;
  return __builtin_mul_overflow(a, b, &product) ? std::nullopt : std::optional(product);
}

/// Sums that cannot overflow in practice: 2^64 amounts of 2^63 fit.
__extension__ typedef __int128 Int128;

struct Money {
  std::int64_t minor = 0;
  Currency currency = Currency::kCNY;
  friend constexpr auto operator<=>(const Money&, const Money&) = default;
};

/// a + b. Errors: kMismatch for two currencies, kTooLarge on overflow.
Result<Money> add(Money a, Money b);
/// a - b. Errors as add.
Result<Money> subtract(Money a, Money b);

/// Reads a decimal in major units ("-12.30" is -1230 fen): digits, at most the currency's decimals
/// unless the surplus digits are zeros; no exponent, no grouping, no plus sign, no blanks.
/// Errors: kMalformed, kTooLarge.
Result<Money> parse_major(std::string_view text, Currency currency);
/// The same for a known count of decimals, for files whose columns have more than the currency
/// (WeChat's fees have five): the value times 10^decimals. Errors: kMalformed, kTooLarge.
Result<std::int64_t> parse_decimal(std::string_view text, unsigned decimals);

/// "-12.30": major units, always with all decimals of the currency.
std::string format_major(Money money);
/// "-1,234.50": for people.
std::string format_grouped(Money money);

}  // namespace suanpan
