// Exact decimal rates, named rounding rules, and allocation by largest remainder.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/money.h"
#include "ledger/base/result.h"

namespace suanpan {

/// How a fraction of a minor unit is decided. Half rules look at the exact remainder.
enum class Rounding : std::uint8_t {
  kHalfUp = 0,    ///< 四舍五入: a half goes away from zero
  kHalfEven = 1,  ///< a half goes to the even neighbour (银行家舍入)
  kDown = 2,      ///< toward zero
  kUp = 3,        ///< away from zero
};

std::string_view name_of(Rounding rule);  ///< "half_up"
std::optional<Rounding> rounding_of(std::string_view name);

/// A non-negative exact rate in units of 10^-9: 0.6 % is 6'000'000.
struct Rate {
  std::int64_t nano = 0;
  friend constexpr auto operator<=>(const Rate&, const Rate&) = default;

  /// Reads "0.006" or "0.6%"; at most nine decimals after conversion, 0 <= rate <= 1000.
  /// Errors: kMalformed, kTooLarge.
  static Result<Rate> parse(std::string_view text);
  /// The shortest exact decimal: "0.006".
  std::string text() const;
};

/// amount × rate, rounded to a minor unit by `rule`. Errors: kTooLarge.
Result<std::int64_t> apply(Rate rate, std::int64_t amount_minor, Rounding rule);

/// Splits `total_minor` in proportion to `weights` so that the parts sum exactly to the total:
/// each part is rounded toward zero, then the units left over go to the largest remainders, ties
/// to the lower index. Errors: kMalformed for no weights, a negative weight, or weights that sum
/// to zero; the total may be negative.
Result<std::vector<std::int64_t>> allocate(std::int64_t total_minor,
                                           std::span<const std::int64_t> weights);

}  // namespace suanpan
