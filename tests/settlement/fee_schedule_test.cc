// Fee schedules. Every expected fee was worked out by hand; the working is in the table.
#include "settlement/fee_schedule.h"

#include <catch2/catch.hpp>

#include "ledger/base/limits.h"

namespace suanpan::settlement {
namespace {

Rate rate(const char* text) { return Rate::parse(text).value(); }
Money fen(std::int64_t minor) { return {minor, Currency::kCNY}; }
Date day(const char* iso) { return Date::parse(iso).value(); }

FeeRule plain(const char* text, Rounding rounding = Rounding::kHalfUp) {
  FeeRule rule;
  rule.rate = rate(text);
  rule.rounding = rounding;
  return rule;
}

FeeRule bounded(const char* text, std::int64_t minimum, std::optional<std::int64_t> maximum) {
  FeeRule rule = plain(text);
  rule.minimum_minor = minimum;
  rule.maximum_minor = maximum;
  return rule;
}

FeeRule tiered() {
  FeeRule rule = plain("0.01");
  rule.tiers = {{100'000, rate("0.006")}, {1'000'000, rate("0.0038")}};
  return rule;
}

TEST_CASE("fee: rate, rounding, fixed part, minimum, cap and tiers") {
  FeeRule with_fixed = plain("0.006");
  with_fixed.fixed_minor = 50;
  FeeRule fixed_only;
  fixed_only.fixed_minor = 200;

  struct Row {
    const char* what;
    FeeRule rule;
    std::int64_t amount;
    std::int64_t fee;
  };
  const Row rows[] = {
      {"0.6 % of 100.00 is 0.60", plain("0.006"), 10'000, 60},
      {"0.6 % of 1.00 is 0.006: half up takes 0.01", plain("0.006"), 100, 1},
      {"0.6 % of 0.83 is 0.498 fen", plain("0.006"), 83, 0},
      {"0.6 % of 0.84 is 0.504 fen", plain("0.006"), 84, 1},
      {"3 % of 350.00 is 10.50", plain("0.03"), 35'000, 1'050},
      {"half up: 0.5 % of 1.00 is 0.5 fen", plain("0.005"), 100, 1},
      {"half even: 0.5 fen goes to 0", plain("0.005", Rounding::kHalfEven), 100, 0},
      {"half even: 1.5 fen goes to 2", plain("0.005", Rounding::kHalfEven), 300, 2},
      {"half even: 2.5 fen goes to 2", plain("0.005", Rounding::kHalfEven), 500, 2},
      {"down: 0.99 fen is none", plain("0.0099", Rounding::kDown), 100, 0},
      {"up: 0.01 fen is one", plain("0.0001", Rounding::kUp), 100, 1},
      {"up: exactly 1 fen stays one", plain("0.01", Rounding::kUp), 100, 1},
      {"no rate, no fee", plain("0"), 10'000, 0},
      {"all of it", plain("1"), 12'345, 12'345},
      {"0.60 and 0.50 on top", with_fixed, 10'000, 110},
      {"a fixed fee of 2.00 alone", fixed_only, 1'000'000, 200},
      {"0.06 is raised to the minimum 0.10", bounded("0.006", 10, 2'000), 1'000, 10},
      {"the minimum's own amount: 0.6 % of 16.67 is 10.002 fen", bounded("0.006", 10, 2'000), 1'667,
       10},
      {"0.6 % of 18.00 is 10.8 fen, above it", bounded("0.006", 10, 2'000), 1'800, 11},
      {"30.00 is lowered to the cap 20.00", bounded("0.006", 10, 2'000), 500'000, 2'000},
      {"just at the cap: 0.6 % of 3,333.33 is 1999.998 fen", bounded("0.006", 10, 2'000), 333'333,
       2'000},
      {"just below it: 0.6 % of 3,332.00 is 1999.2 fen", bounded("0.006", 10, 2'000), 333'200,
       1'999},
      {"a cap of nothing is no fee", bounded("0.006", 0, 0), 500'000, 0},
      {"the merchant never owes more than the sale", bounded("0.006", 100, std::nullopt), 30, 30},
      {"below the first tier: 1 % of 999.99", tiered(), 99'999, 1'000},
      {"at it: 0.6 % of the whole 1,000.00", tiered(), 100'000, 600},
      {"below the second: 0.6 % of 9,999.99 is 5999.994", tiered(), 999'999, 6'000},
      {"at it: 0.38 % of 10,000.00", tiered(), 1'000'000, 3'800},
      {"the largest amount there is", plain("0.006"), kMaxAmountMinor, 6'000'000'000'000},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    CHECK(compute_fee(row.rule, fen(row.amount)).value() == fen(row.fee));
  }
}

TEST_CASE("fee: an amount that is no price is refused") {
  const FeeRule rule = plain("0.006");
  for (const std::int64_t amount :
       {std::int64_t{0}, std::int64_t{-1}, kMaxAmountMinor + 1, INT64_MIN, INT64_MAX}) {
    INFO(amount);
    CHECK(compute_fee(rule, fen(amount)).error().code == Errc::kMalformed);
  }
  CHECK(compute_fee(rule, {100, Currency::kUSD}).error().code == Errc::kMismatch);
  FeeRule huge = plain("1");
  huge.fixed_minor = kMaxAmountMinor;
  CHECK(compute_fee(huge, fen(1)).error().code == Errc::kTooLarge);
}

FeeSchedule sample() {
  FeeSchedule schedule;
  schedule.merchant_no = "M1621873433953";
  FeeRule repair = plain("0.03", Rounding::kHalfEven);
  repair.fixed_minor = 5;
  repair.minimum_minor = 10;
  repair.maximum_minor = 9'999;
  repair.on_refund = FeeReturn::kKept;
  schedule.entries = {
      {"*", day("2026-01-01"), plain("0.006")},        {"*", day("2026-07-01"), plain("0.0055")},
      {"REPAIR", day("2026-03-01"), repair},           {"WX_NATIVE", day("2026-02-01"), tiered()},
      {"WX_NATIVE", day("2026-01-15"), plain("0.02")},
  };
  return schedule;
}

TEST_CASE("fee schedule: the product's latest rule that has begun holds") {
  struct Row {
    const char* product;
    const char* on;
    const char* rate;
  };
  const Row rows[] = {
      {"WX_H5", "2026-01-01", "0.006"},    {"WX_H5", "2026-06-30", "0.006"},
      {"WX_H5", "2026-07-01", "0.0055"},   {"WX_NATIVE", "2026-01-14", "0.006"},
      {"WX_NATIVE", "2026-01-15", "0.02"}, {"WX_NATIVE", "2026-01-31", "0.02"},
      {"WX_NATIVE", "2026-02-01", "0.01"}, {"WX_NATIVE", "2026-12-31", "0.01"},
      {"REPAIR", "2026-02-28", "0.006"},   {"REPAIR", "2026-03-01", "0.03"},
  };
  for (const Row& row : rows) {
    INFO(row.product << " on " << row.on);
    CHECK(rule_for(sample(), row.product, day(row.on)).value().rate == rate(row.rate));
  }
}

TEST_CASE("fee schedule: an order without a rule is refused, not free of charge") {
  const auto early = rule_for(sample(), "WX_H5", day("2025-12-31"));
  CHECK(early.error().code == Errc::kNotFound);
  CHECK_THAT(early.error().message, Catch::Contains("WX_H5") && Catch::Contains("2025-12-31"));
  FeeSchedule only_repair = sample();
  only_repair.entries = {sample().entries[2]};
  CHECK(rule_for(only_repair, "WX_H5", day("2026-05-01")).error().code == Errc::kNotFound);
}

TEST_CASE("fee schedule: one rate for every product") {
  const FeeSchedule flat = flat_schedule("M1", rate("0.6%"), day("2026-01-01"));
  CHECK(validate(flat).has_value());
  const FeeRule rule = rule_for(flat, "ANY_WAY", day("2026-01-01")).value();
  CHECK(compute_fee(rule, fen(10'000)).value() == fen(60));
}

TEST_CASE("fee schedule: the document reads back as it was written") {
  CHECK(decode_fee_schedule(encode(sample())).value() == sample());
  // Its form, fixed by hand: these bytes are kept for ever.
  const FeeSchedule flat = flat_schedule("M1", rate("0.006"), day("2026-01-01"));
  CHECK(encode(flat) ==
        R"({"format":1,"merchant_no":"M1","rules":[{"product":"*","effective_from":"2026-01-01",)"
        R"("currency":"CNY","rate":"0.006","rounding":"half_up",)"
        R"("on_refund":"proportional"}]})");
}

TEST_CASE("fee schedule: every kind of bad document is refused") {
  const std::string good =
      R"({"format":1,"merchant_no":"M1","rules":[{"product":"*","effective_from":"2026-01-01",)"
      R"("currency":"CNY","rate":"0.006","rounding":"half_up",)"
      R"("on_refund":"kept","fixed":1,"minimum":10,"maximum":20,)"
      R"("tiers":[{"from":100,"rate":"0.5"},{"from":200,"rate":"0.4"}]}]})";
  REQUIRE(decode_fee_schedule(good).has_value());
  struct Row {
    const char* what;
    const char* from;
    const char* to;
    Errc code;
  };
  const Row rows[] = {
      {"not JSON", "{\"format\"", "{format", Errc::kMalformed},
      {"a duplicate key", "\"fixed\":1", "\"fixed\":1,\"fixed\":2", Errc::kMalformed},
      {"a misspelt key", "\"minimum\"", "\"minimun\"", Errc::kMalformed},
      {"a key nobody knows at the top", "\"format\":1", "\"format\":1,\"x\":1", Errc::kMalformed},
      {"a key nobody knows in a tier", "\"from\":100", "\"from\":100,\"x\":1", Errc::kMalformed},
      {"a newer format", "\"format\":1", "\"format\":2", Errc::kUnsupported},
      {"no format", "\"format\":1,", "", Errc::kMalformed},
      {"no merchant", "\"merchant_no\":\"M1\",", "", Errc::kMalformed},
      {"an empty merchant", "\"M1\"", "\"\"", Errc::kMalformed},
      {"a merchant with a quote", "\"M1\"", "\"M\\\"1\"", Errc::kMalformed},
      {"no product", "\"product\":\"*\",", "", Errc::kMalformed},
      {"a product with a blank", "\"*\"", "\"A B\"", Errc::kMalformed},
      {"no such day", "2026-01-01", "2026-02-30", Errc::kMalformed},
      {"an unknown currency", "CNY", "XXX", Errc::kMalformed},
      {"a rate as a number", "\"0.006\"", "0.006", Errc::kMalformed},
      {"a negative rate", "\"0.006\"", "\"-0.006\"", Errc::kMalformed},
      {"a rate above 1", "\"0.006\"", "\"1.000000001\"", Errc::kMalformed},
      {"a rate with an exponent", "\"0.006\"", "\"6e-3\"", Errc::kMalformed},
      {"an unknown rounding", "half_up", "nearest", Errc::kMalformed},
      {"an unknown return rule", "kept", "lost", Errc::kMalformed},
      {"a fractional amount", "\"fixed\":1", "\"fixed\":1.5", Errc::kMalformed},
      {"a negative fixed part", "\"fixed\":1", "\"fixed\":-1", Errc::kMalformed},
      {"a negative minimum", "\"minimum\":10", "\"minimum\":-10", Errc::kMalformed},
      {"a cap below the minimum", "\"maximum\":20", "\"maximum\":9", Errc::kMalformed},
      {"an amount above the limit", "\"maximum\":20", "\"maximum\":1000000000000001",
       Errc::kMalformed},
      {"an amount above 2^63", "\"maximum\":20", "\"maximum\":9223372036854775808",
       Errc::kMalformed},
      {"a tier from 0", "\"from\":100", "\"from\":0", Errc::kMalformed},
      {"tiers that fall", "\"from\":200", "\"from\":99", Errc::kMalformed},
      {"tiers that stand", "\"from\":200", "\"from\":100", Errc::kMalformed},
      {"a tier's rate above 1", "\"0.4\"", "\"1.4\"", Errc::kMalformed},
      {"tiers that are no array", "\"tiers\":[", "\"tiers\":7,\"rounding2\":[", Errc::kMalformed},
      {"rules that are no array", "\"rules\":[", "\"rules\":{},\"r\":[", Errc::kMalformed},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    std::string bad = good;
    const auto at = bad.find(row.from);
    REQUIRE(at != std::string::npos);
    bad.replace(at, std::string_view(row.from).size(), row.to);
    const auto result = decode_fee_schedule(bad);
    REQUIRE(result.has_error());
    CHECK(result.error().code == row.code);
  }
}

TEST_CASE(
    "fee schedule: two rules of a product from one day, and too many of a thing, are refused") {
  FeeSchedule twice = sample();
  twice.entries.push_back(twice.entries[0]);
  CHECK(validate(twice).error().code == Errc::kMalformed);
  CHECK(decode_fee_schedule(encode(twice)).error().code == Errc::kMalformed);

  FeeSchedule many;
  many.merchant_no = "M1";
  for (std::size_t i = 0; i <= kMaxFeeEntries; ++i) {
    many.entries.push_back({"*", day("2024-01-01").plus_days(static_cast<int>(i)), plain("0.1")});
  }
  CHECK(validate(many).error().code == Errc::kTooLarge);
  many.entries.pop_back();
  CHECK(validate(many).has_value());

  FeeSchedule tiers = flat_schedule("M1", rate("0.1"), day("2026-01-01"));
  for (std::size_t i = 0; i <= kMaxFeeTiers; ++i) {
    tiers.entries[0].rule.tiers.push_back({static_cast<std::int64_t>(i) + 1, rate("0.1")});
  }
  CHECK(validate(tiers).error().code == Errc::kMalformed);
}

}  // namespace
}  // namespace suanpan::settlement
