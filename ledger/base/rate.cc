#include "ledger/base/rate.h"

#include <algorithm>
#include <limits>

#include "ledger/base/check.h"

namespace suanpan {
namespace {

constexpr std::int64_t kNano = 1'000'000'000;
constexpr std::int64_t kMaxRateNano = 1000 * kNano;

/// Whether a magnitude is rounded away from zero, given its quotient and remainder by `divisor`.
bool rounds_away(Int128 quotient, Int128 remainder, Int128 divisor, Rounding rule) {
  switch (rule) {
    case Rounding::kHalfUp:
      return remainder * 2 >= divisor;
    case Rounding::kHalfEven:
      return remainder * 2 > divisor || (remainder * 2 == divisor && quotient % 2 != 0);
    case Rounding::kDown:
      return false;
    case Rounding::kUp:
      return remainder != 0;
  }
  CHECK_OR_DIE(false, "unknown rounding rule {}", static_cast<unsigned>(rule));
  return false;
}

}  // namespace

std::string_view name_of(Rounding rule) {
  switch (rule) {
    case Rounding::kHalfUp:
      return "half_up";
    case Rounding::kHalfEven:
      return "half_even";
    case Rounding::kDown:
      return "down";
    case Rounding::kUp:
      return "up";
  }
  return "unknown";
}

std::optional<Rounding> rounding_of(std::string_view name) {
  for (const Rounding rule :
       {Rounding::kHalfUp, Rounding::kHalfEven, Rounding::kDown, Rounding::kUp})
    if (name == name_of(rule)) return rule;
  return std::nullopt;
}

Result<Rate> Rate::parse(std::string_view text) {
  const bool percent = !text.empty() && text.back() == '%';
  if (percent) text.remove_suffix(1);
  if (!text.empty() && text.front() == '-')
    return fail(Errc::kMalformed, "rate: must not be negative");
  const auto nano = parse_decimal(text, percent ? 7 : 9);
  if (!nano) {
    if (nano.error().code == Errc::kTooLarge) return fail(Errc::kTooLarge, "rate: above 1000");
    return fail(Errc::kMalformed, "rate: not a decimal of at most nine places");
  }
  if (nano.value() > kMaxRateNano) return fail(Errc::kTooLarge, "rate: above 1000");
  return Rate{nano.value()};
}

std::string Rate::text() const {
  CHECK_OR_DIE(nano >= 0, "a rate is never negative: {}", nano);
  std::string text = std::to_string(nano / kNano);
  if (nano % kNano == 0) return text;
  std::string fraction = fmt::format("{:09}", nano % kNano);
  fraction.erase(fraction.find_last_not_of('0') + 1);
  return text + '.' + fraction;
}

Result<std::int64_t> apply(Rate rate, std::int64_t amount_minor, Rounding rule) {
  CHECK_OR_DIE(rate.nano >= 0, "a rate is never negative: {}", rate.nano);
  // |amount| <= 2^63 and nano < 2^63: the product fits 127 bits.
  const Int128 product = Int128{amount_minor} * rate.nano;
  const bool negative = product < 0;
  const Int128 size = negative ? -product : product;
  Int128 quotient = size / kNano;
  if (rounds_away(quotient, size % kNano, kNano, rule)) ++quotient;
  const Int128 value = negative ? -quotient : quotient;
  if (value > std::numeric_limits<std::int64_t>::max() ||
      value < std::numeric_limits<std::int64_t>::min())
    return fail(Errc::kTooLarge, "amount × rate is beyond 64 bits");
  return static_cast<std::int64_t>(value);
}

Result<std::vector<std::int64_t>> allocate(std::int64_t total_minor,
                                           std::span<const std::int64_t> weights) {
  Int128 sum = 0;
  for (const std::int64_t weight : weights) {
    if (weight < 0) return fail(Errc::kMalformed, "allocation: a weight is negative");
    sum += weight;
  }
  if (sum == 0) return fail(Errc::kMalformed, "allocation: the weights sum to zero");

  const bool negative = total_minor < 0;
  const Int128 size = negative ? -Int128{total_minor} : Int128{total_minor};
  struct Share {
    std::size_t index;
    Int128 remainder;
  };
  std::vector<std::int64_t> parts(weights.size());
  std::vector<Share> shares(weights.size());
  Int128 left_over = size;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    // size <= 2^63 and weight < 2^63: the product fits 127 bits.
    const Int128 product = size * weights[i];
    const Int128 part = product / sum;
    shares[i] = {i, product % sum};
    left_over -= part;
    parts[i] = static_cast<std::int64_t>(negative ? -part : part);
  }
  // Fewer units are left over than there are non-zero remainders, so a weight of zero gets none.
  std::stable_sort(shares.begin(), shares.end(),
                   [](const Share& a, const Share& b) { return a.remainder > b.remainder; });
  for (std::size_t i = 0; left_over > 0; ++i, --left_over)
    parts[shares[i].index] += negative ? -1 : 1;
  return parts;
}

}  // namespace suanpan
