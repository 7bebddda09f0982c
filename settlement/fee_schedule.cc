#include "settlement/fee_schedule.h"

#include <algorithm>
#include <set>

#include "ledger/base/check.h"
#include "ledger/base/limits.h"
#include "settlement/document_fields.h"

namespace suanpan::settlement {
namespace {

constexpr std::int64_t kWhole = 1'000'000'000;  // the rate 1, in units of 10^-9

bool is_amount(std::int64_t minor) { return minor >= 0 && minor <= kMaxAmountMinor; }

/// What is wrong with a rule; nothing if all is well.
std::optional<std::string> fault_of(const FeeRule& rule) {
  if (rule.rate.nano < 0 || rule.rate.nano > kWhole) return "the rate is not between 0 and 1";
  if (!is_amount(rule.fixed_minor)) return "the fixed part is out of range";
  if (!is_amount(rule.minimum_minor)) return "the minimum is out of range";
  if (rule.maximum_minor && !is_amount(*rule.maximum_minor)) return "the maximum is out of range";
  if (rule.maximum_minor && *rule.maximum_minor < rule.minimum_minor) {
    return "the maximum is below the minimum";
  }
  if (rule.tiers.size() > kMaxFeeTiers) return "there are too many tiers";
  std::int64_t previous = 0;
  for (const FeeTier& tier : rule.tiers) {
    if (tier.from_minor <= previous || tier.from_minor > kMaxAmountMinor) {
      return "the tiers do not rise from above 0";
    }
    if (tier.rate.nano < 0 || tier.rate.nano > kWhole)
      return "a tier's rate is not between 0 and 1";
    previous = tier.from_minor;
  }
  return std::nullopt;
}

Rate rate_of(const FeeRule& rule, std::int64_t amount_minor) {
  Rate rate = rule.rate;
  for (const FeeTier& tier : rule.tiers) {
    if (amount_minor >= tier.from_minor) rate = tier.rate;
  }
  return rate;
}

const FeeEntry* latest_begun(const FeeSchedule& schedule, std::string_view product, Date on) {
  const FeeEntry* best = nullptr;
  for (const FeeEntry& entry : schedule.entries) {
    if (entry.product != product || entry.effective_from > on) continue;
    if (best == nullptr || entry.effective_from > best->effective_from) best = &entry;
  }
  return best;
}

void write_rule(JsonWriter& out, const FeeEntry& entry) {
  const FeeRule& rule = entry.rule;
  out.begin_object()
      .field("product", entry.product)
      .field("effective_from", entry.effective_from.iso())
      .field("currency", code_of(rule.currency))
      .field("rate", rule.rate.text())
      .field("rounding", name_of(rule.rounding))
      .field("on_refund", name_of(rule.on_refund));
  if (rule.fixed_minor != 0) out.field("fixed", rule.fixed_minor);
  if (rule.minimum_minor != 0) out.field("minimum", rule.minimum_minor);
  if (rule.maximum_minor) out.field("maximum", *rule.maximum_minor);
  if (!rule.tiers.empty()) {
    out.key("tiers").begin_array();
    for (const FeeTier& tier : rule.tiers) {
      out.begin_object()
          .field("from", tier.from_minor)
          .field("rate", tier.rate.text())
          .end_object();
    }
    out.end_array();
  }
  out.end_object();
}

Result<Rate> get_rate(JsonValue value) {
  TRY(const std::string text, value.get_string("rate"));
  return Rate::parse(text);
}

Result<std::vector<FeeTier>> read_tiers(JsonValue value) {
  std::vector<FeeTier> tiers;
  const auto array = value.find("tiers");
  if (!array) return tiers;
  if (!array->is_array()) return fail(Errc::kMalformed, "\"tiers\" is no array");
  for (const JsonValue& element : array->elements()) {
    TRY(only_keys(element, {"from", "rate"}));
    FeeTier tier;
    TRY(tier.from_minor, element.get_int64("from"));
    TRY(tier.rate, get_rate(element));
    tiers.push_back(tier);
  }
  return tiers;
}

Result<FeeEntry> read_entry(JsonValue value) {
  TRY(only_keys(value, {"product", "effective_from", "currency", "rate", "rounding", "on_refund",
                        "fixed", "minimum", "maximum", "tiers"}));
  FeeEntry entry;
  FeeRule& rule = entry.rule;
  TRY(entry.product, value.get_string("product"));
  TRY(entry.effective_from, get_date(value, "effective_from"));
  TRY(rule.currency, get_currency(value, "currency"));
  TRY(rule.rate, get_rate(value));
  TRY(const std::string rounding, value.get_string("rounding"));
  const auto rule_of_rounding = rounding_of(rounding);
  if (!rule_of_rounding) return fail(Errc::kMalformed, "\"rounding\" has no such choice");
  rule.rounding = *rule_of_rounding;
  TRY(rule.on_refund, get_name(value, "on_refund", {FeeReturn::kProportional, FeeReturn::kKept}));
  TRY(const auto fixed, find_int64(value, "fixed"));
  rule.fixed_minor = fixed.value_or(0);
  TRY(const auto minimum, find_int64(value, "minimum"));
  rule.minimum_minor = minimum.value_or(0);
  TRY(rule.maximum_minor, find_int64(value, "maximum"));
  TRY(rule.tiers, read_tiers(value));
  return entry;
}

}  // namespace

std::string_view name_of(FeeReturn on_refund) {
  switch (on_refund) {
    case FeeReturn::kProportional:
      return "proportional";
    case FeeReturn::kKept:
      return "kept";
  }
  CHECK_OR_DIE(false, "fee return {}", static_cast<int>(on_refund));
}

FeeSchedule flat_schedule(std::string merchant_no, Rate rate, Date effective_from) {
  FeeSchedule schedule;
  schedule.merchant_no = std::move(merchant_no);
  schedule.entries.push_back({std::string(kAnyProduct), effective_from, FeeRule{rate}});
  return schedule;
}

Result<void> validate(const FeeSchedule& schedule) {
  if (!is_number(schedule.merchant_no)) return fail(Errc::kMalformed, "the merchant number is bad");
  if (schedule.entries.size() > kMaxFeeEntries) {
    return fail(Errc::kTooLarge, "a schedule has at most {} rules", kMaxFeeEntries);
  }
  std::set<std::pair<std::string_view, Date>> seen;
  for (const FeeEntry& entry : schedule.entries) {
    if (!is_number(entry.product)) return fail(Errc::kMalformed, "a product's name is bad");
    std::optional<std::string> fault = fault_of(entry.rule);
    if (!fault && !seen.emplace(entry.product, entry.effective_from).second) {
      fault = "there are two rules from that day";
    }
    if (fault) {
      return fail(Errc::kMalformed, "fee of {} from {}: {}", entry.product,
                  entry.effective_from.iso(), *fault);
    }
  }
  return success();
}

Result<FeeRule> rule_for(const FeeSchedule& schedule, std::string_view product, Date on) {
  const FeeEntry* entry = latest_begun(schedule, product, on);
  if (entry == nullptr) entry = latest_begun(schedule, kAnyProduct, on);
  if (entry == nullptr) {
    return fail(Errc::kNotFound, "merchant {} has no fee for {} on {}", schedule.merchant_no,
                product, on.iso());
  }
  return entry->rule;
}

Result<Money> compute_fee(const FeeRule& rule, Money amount) {
  if (amount.minor <= 0 || amount.minor > kMaxAmountMinor) {
    return fail(Errc::kMalformed, "a fee needs an amount from 1 to {} minor units",
                kMaxAmountMinor);
  }
  if (amount.currency != rule.currency) {
    return fail(Errc::kMismatch, "a fee rule in {} for an amount in {}", code_of(rule.currency),
                code_of(amount.currency));
  }
  TRY(const std::int64_t share, apply(rate_of(rule, amount.minor), amount.minor, rule.rounding));
  TRY(std::int64_t fee, to_minor(Int128{share} + rule.fixed_minor));
  fee = std::max(fee, rule.minimum_minor);
  if (rule.maximum_minor) fee = std::min(fee, *rule.maximum_minor);
  return Money{std::min(fee, amount.minor), amount.currency};
}

std::string encode(const FeeSchedule& schedule) {
  JsonWriter out;
  out.begin_object()
      .field("format", std::int64_t{1})
      .field("merchant_no", schedule.merchant_no)
      .key("rules")
      .begin_array();
  for (const FeeEntry& entry : schedule.entries) write_rule(out, entry);
  out.end_array().end_object();
  return out.take();
}

Result<FeeSchedule> decode_fee_schedule(std::string_view bytes) {
  TRY(const JsonDocument document, JsonDocument::parse(bytes));
  const JsonValue root = document.root();
  TRY(only_keys(root, {"format", "merchant_no", "rules"}));
  TRY(expect_format(root, 1));
  FeeSchedule schedule;
  TRY(schedule.merchant_no, get_number(root, "merchant_no"));
  TRY(const JsonValue rules, root.get("rules"));
  if (!rules.is_array()) return fail(Errc::kMalformed, "\"rules\" is no array");
  for (const JsonValue& element : rules.elements()) {
    TRY(FeeEntry entry, read_entry(element));
    schedule.entries.push_back(std::move(entry));
  }
  TRY(validate(schedule));
  return schedule;
}

}  // namespace suanpan::settlement
