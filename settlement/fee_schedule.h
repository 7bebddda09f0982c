// Fee schedules (费率表): what a merchant pays the platform for a product, from a date on.
//
// Invariants (held by validate(), and so by everything decoded): a rate is at most 1; the minimum
// is at most the maximum; tiers rise; no two rules of a product start on the same day. A schedule
// is one document of the ledger; its rules are never edited, only followed by later ones, so a fee
// can be recomputed from the order's date for ever.
//
// Pure values and functions; thread-safe; a schedule owns all that it holds.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/date.h"
#include "ledger/base/money.h"
#include "ledger/base/rate.h"
#include "ledger/base/result.h"

namespace suanpan::settlement {

/// What a refund does to the fee that was taken.
enum class FeeReturn : std::uint8_t {
  kProportional = 1,  ///< it returns the refunded share; the last refund returns the rest
  kKept = 2,          ///< the platform keeps it
};

/// From `from_minor` on, `rate` holds for the whole amount (分档费率), not for the part above.
struct FeeTier {
  std::int64_t from_minor = 0;
  Rate rate;
  friend bool operator==(const FeeTier&, const FeeTier&) = default;
};

/// The merchant bears it: it is kept back from what he is due.
/// fee = round(amount × rate of its tier) + fixed, not below minimum, not above maximum.
struct FeeRule {
  Rate rate;                           ///< for amounts below the first tier
  std::vector<FeeTier> tiers;          ///< rising; may be empty
  Currency currency = Currency::kCNY;  ///< of every amount here, and of the orders it is for
  Rounding rounding = Rounding::kHalfUp;
  std::int64_t fixed_minor = 0;
  std::int64_t minimum_minor = 0;
  std::optional<std::int64_t> maximum_minor;  ///< the cap (封顶)
  FeeReturn on_refund = FeeReturn::kProportional;
  friend bool operator==(const FeeRule&, const FeeRule&) = default;
};

/// The product that stands for every product without rules of its own.
inline constexpr std::string_view kAnyProduct = "*";

struct FeeEntry {
  std::string product;  ///< a way code ("WX_NATIVE"), a business product ("REPAIR"), or kAnyProduct
  Date effective_from;  ///< the first day, by the business clock, of orders that it holds for
  FeeRule rule;
  friend bool operator==(const FeeEntry&, const FeeEntry&) = default;
};

struct FeeSchedule {
  std::string merchant_no;
  std::vector<FeeEntry> entries;
  friend bool operator==(const FeeSchedule&, const FeeSchedule&) = default;
};

inline constexpr std::size_t kMaxFeeEntries = 1000;
inline constexpr std::size_t kMaxFeeTiers = 20;

std::string_view name_of(FeeReturn on_refund);  ///< "proportional"

/// One rate for every product: what `merchant add --fee 0.006` makes.
FeeSchedule flat_schedule(std::string merchant_no, Rate rate, Date effective_from);

/// Errors: kMalformed, naming product, date and what is wrong; kTooLarge for too many of a thing.
Result<void> validate(const FeeSchedule& schedule);

/// The rule for an order of `product` on accounting date `on`: of the product's own entries the
/// latest that has begun; if none has, the same among kAnyProduct's. Errors: kNotFound: an order
/// without a rule is never free of charge by accident.
Result<FeeRule> rule_for(const FeeSchedule& schedule, std::string_view product, Date on);

/// The fee for `amount`, the price. It never exceeds the amount, whatever the minimum says: a sale
/// cannot leave the merchant in debt. Errors: kMalformed unless 0 < amount <= kMaxAmountMinor;
/// kMismatch for an amount in another currency than the rule's; kTooLarge.
Result<Money> compute_fee(const FeeRule& rule, Money amount);

/// What an order costs, fixed when it is placed.
struct FeeTerms {
  Money fee;
  FeeReturn on_refund = FeeReturn::kProportional;
  friend bool operator==(const FeeTerms&, const FeeTerms&) = default;
};

/// The document's bytes: JSON, rates as exact decimals, amounts as integers of minor units.
std::string encode(const FeeSchedule& schedule);
/// Reads and validates; unknown keys are refused. Errors: kMalformed, kTooLarge, kUnsupported.
Result<FeeSchedule> decode_fee_schedule(std::string_view bytes);

}  // namespace suanpan::settlement
