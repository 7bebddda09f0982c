#include "ledger/base/money.h"

#include <algorithm>
#include <array>
#include <limits>

#include "ledger/base/check.h"

namespace suanpan {
namespace {

struct CurrencyFacts {
  Currency currency;
  std::string_view code;
  unsigned exponent;
};

// ISO 4217: alphabetic code and minor unit.
constexpr std::array kCurrencies = {
    CurrencyFacts{Currency::kCHF, "CHF", 2}, CurrencyFacts{Currency::kCNY, "CNY", 2},
    CurrencyFacts{Currency::kCZK, "CZK", 2}, CurrencyFacts{Currency::kEUR, "EUR", 2},
    CurrencyFacts{Currency::kGBP, "GBP", 2}, CurrencyFacts{Currency::kHKD, "HKD", 2},
    CurrencyFacts{Currency::kJPY, "JPY", 0}, CurrencyFacts{Currency::kSEK, "SEK", 2},
    CurrencyFacts{Currency::kUSD, "USD", 2},
};

const CurrencyFacts& facts_of(Currency currency) {
  for (const CurrencyFacts& facts : kCurrencies)
    if (facts.currency == currency) return facts;
  CHECK_OR_DIE(false, "unknown currency {}", static_cast<unsigned>(currency));
  return kCurrencies.front();
}

constexpr char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

/// The largest magnitude of a negative int64, 2^63.
constexpr std::uint64_t kMaxMagnitude = std::uint64_t{1} << 63;

/// The magnitude of any int64, the lowest included.
constexpr std::uint64_t magnitude(std::int64_t value) {
  return value < 0 ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
}

/// magnitude × 10 + digit; false when it exceeds 2^63.
bool push_digit(std::uint64_t& value, unsigned digit) {
  std::uint64_t next = 0;
  if (__builtin_mul_overflow(value, std::uint64_t{10}, &next)) return false;
  if (__builtin_add_overflow(next, std::uint64_t{digit}, &next)) return false;
  if (next > kMaxMagnitude) return false;
  value = next;
  return true;
}

bool all_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Error not_a_decimal(std::string_view why) { return fail(Errc::kMalformed, "amount: {}", why); }

/// The magnitude in units of 10^-exponent, split at the point, sign in front.
std::string format_amount(Money money, bool grouped) {
  const unsigned exponent = exponent_of(money.currency);
  std::string digits = std::to_string(magnitude(money.minor));
  if (digits.size() <= exponent) digits.insert(0, exponent + 1 - digits.size(), '0');
  const std::string fraction = digits.substr(digits.size() - exponent);
  std::string whole = digits.substr(0, digits.size() - exponent);
  if (grouped) {
    for (auto at = static_cast<std::ptrdiff_t>(whole.size()) - 3; at > 0; at -= 3)
      whole.insert(static_cast<std::size_t>(at), 1, ',');
  }
  std::string text = money.minor < 0 ? "-" : "";
  text += whole;
  if (exponent > 0) text += '.' + fraction;
  return text;
}

}  // namespace

std::string_view code_of(Currency currency) { return facts_of(currency).code; }
unsigned exponent_of(Currency currency) { return facts_of(currency).exponent; }

std::optional<Currency> currency_of(std::string_view code) {
  for (const CurrencyFacts& facts : kCurrencies) {
    if (std::equal(code.begin(), code.end(), facts.code.begin(), facts.code.end(),
                   [](char a, char b) { return upper(a) == b; }))
      return facts.currency;
  }
  return std::nullopt;
}

Result<Money> add(Money a, Money b) {
  if (a.currency != b.currency)
    return fail(Errc::kMismatch, "cannot add {} to {}", code_of(b.currency), code_of(a.currency));
  const auto sum = checked_add(a.minor, b.minor);
  if (!sum) return fail(Errc::kTooLarge, "the sum of two amounts overflows");
  return Money{*sum, a.currency};
}

Result<Money> subtract(Money a, Money b) {
  if (a.currency != b.currency)
    return fail(Errc::kMismatch, "cannot subtract {} from {}", code_of(b.currency),
                code_of(a.currency));
  const auto difference = checked_sub(a.minor, b.minor);
  if (!difference) return fail(Errc::kTooLarge, "the difference of two amounts overflows");
  return Money{*difference, a.currency};
}

Result<Money> parse_major(std::string_view text, Currency currency) {
  TRY(const std::int64_t minor, parse_decimal(text, exponent_of(currency)));
  return Money{minor, currency};
}

Result<std::int64_t> parse_decimal(std::string_view text, unsigned decimals) {
  const bool negative = !text.empty() && text.front() == '-';
  if (negative) text.remove_prefix(1);
  const auto point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  std::string_view fraction;
  if (!all_digits(whole)) return not_a_decimal("not a decimal number");
  if (point != std::string_view::npos) {
    fraction = text.substr(point + 1);
    if (!all_digits(fraction)) return not_a_decimal("not a decimal number");
  }
  if (fraction.size() > decimals) {
    const std::string_view surplus = fraction.substr(decimals);
    if (surplus.find_first_not_of('0') != std::string_view::npos)
      return fail(Errc::kMalformed, "amount: more than {} decimals", decimals);
    fraction = fraction.substr(0, decimals);
  }
  std::uint64_t value = 0;
  bool fits = true;
  for (const char c : whole) fits = fits && push_digit(value, static_cast<unsigned>(c - '0'));
  for (std::size_t i = 0; i < decimals; ++i) {
    const char c = i < fraction.size() ? fraction[i] : '0';
    fits = fits && push_digit(value, static_cast<unsigned>(c - '0'));
  }
  if (!fits || (!negative && value == kMaxMagnitude))
    return fail(Errc::kTooLarge, "amount: beyond 64 bits");
  return static_cast<std::int64_t>(negative ? 0 - value : value);
}

std::string format_major(Money money) { return format_amount(money, false); }
std::string format_grouped(Money money) { return format_amount(money, true); }

}  // namespace suanpan
