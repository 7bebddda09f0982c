// Clearing. The amounts are worked out by hand, in fen; the working stands beside each.
#include "settlement/clearing.h"

#include <catch2/catch.hpp>

#include "ledger/base/ids.h"
#include "ledger/base/limits.h"

namespace suanpan::settlement {
namespace {

using Amounts = std::vector<std::int64_t>;

Money fen(std::int64_t minor) { return {minor, Currency::kCNY}; }

FeeRule rule_of(const char* rate, std::int64_t fixed = 0, FeePayer payer = FeePayer::kMerchant,
                FeeReturn on_refund = FeeReturn::kProportional) {
  FeeRule rule;
  rule.rate = Rate::parse(rate).value();
  rule.fixed_minor = fixed;
  rule.payer = payer;
  rule.on_refund = on_refund;
  return rule;
}

std::vector<SplitLine> lines_of(const Amounts& prices) {
  std::vector<SplitLine> lines;
  for (const auto price : prices) lines.push_back({fmt::format("line{}", lines.size()), price});
  return lines;
}

Result<Clearing> clear(std::int64_t paid, const Amounts& prices, const FeeRule& rule) {
  const auto lines = lines_of(prices);
  return clear_order({"P2026030400000001", fen(paid), lines}, rule);
}

Amounts fees_of(const Clearing& clearing) {
  Amounts fees;
  for (const auto& line : clearing.lines) fees.push_back(line.fee_minor);
  return fees;
}

Amounts shares_of(const Clearing& clearing) {
  Amounts shares;
  for (const auto& line : clearing.lines) shares.push_back(merchant_share(clearing, line));
  return shares;
}

TEST_CASE("clearing: fees split over the lines by largest remainder, exactly") {
  struct Row {
    const char* what;
    std::int64_t paid;
    Amounts prices;
    FeeRule rule;
    Amounts fees;
    Amounts shares;
  };
  const auto payer = FeePayer::kPayer;
  const Row rows[] = {
      {"repair: 3 % of 350.00, materials and labour",
       35'000,
       {12'000, 23'000},
       rule_of("0.03"),
       {360, 690},
       {11'640, 22'310}},
      {"ten fen over three equal lines",
       300,
       {100, 100, 100},
       rule_of("0", 10),
       {4, 3, 3},
       {96, 97, 97}},
      {"0.03, 0.03 and 2.94 of 3 fen", 100, {1, 1, 98}, rule_of("0.03"), {0, 0, 3}, {1, 1, 95}},
      {"3.5, 2.1 and 1.4 of 7 fen", 100, {50, 30, 20}, rule_of("0.07"), {4, 2, 1}, {46, 28, 19}},
      {"a free line bears no fee", 100, {0, 100}, rule_of("0.07"), {0, 7}, {0, 93}},
      {"an unsplit order", 10'000, {}, rule_of("0.006"), {60}, {9'940}},
      {"no fee at all", 10'000, {4'000, 6'000}, rule_of("0"), {0, 0}, {4'000, 6'000}},
      {"the fee is all there is", 30, {10, 20}, rule_of("0", 100), {10, 20}, {0, 0}},
      {"the payer bears 0.60 on 100.00",
       10'060,
       {4'000, 6'000},
       rule_of("0.006", 0, payer),
       {24, 36},
       {4'000, 6'000}},
      {"the largest order there is",
       kMaxAmountMinor,
       {kMaxAmountMinor},
       rule_of("0.006"),
       {6'000'000'000'000},
       {994'000'000'000'000}},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    const Clearing clearing = clear(row.paid, row.prices, row.rule).value();
    CHECK(fees_of(clearing) == row.fees);
    CHECK(shares_of(clearing) == row.shares);
    const ClearingTotals totals = totals_of(clearing);
    CHECK(totals.paid_minor == row.paid);
    CHECK(totals.merchant_share_minor + totals.platform_fee_minor == row.paid);
    CHECK(decode_clearing(encode(clearing)).value() == clearing);
  }
  CHECK(clear(10'000, {}, rule_of("0.006")).value().lines[0].name == kWholeOrder);
}

TEST_CASE("clearing: an order that does not add up is refused") {
  const FeeRule rule = rule_of("0.03");
  const FeeRule payer = rule_of("0.03", 0, FeePayer::kPayer);
  struct Row {
    const char* what;
    Result<Clearing> result;
    Errc code;
  };
  const auto named = [&](std::string order_no, std::string line) {
    const std::vector<SplitLine> lines = {{std::move(line), 100}};
    return clear_order({std::move(order_no), fen(100), lines}, rule);
  };
  const Row rows[] = {
      {"lines below what was paid", clear(100, {50, 49}, rule), Errc::kMismatch},
      {"lines above what was paid", clear(100, {50, 51}, rule), Errc::kMismatch},
      {"a payer's fee that was not paid", clear(100, {100}, payer), Errc::kMismatch},
      {"an unsplit order whose payer bears the fee", clear(103, {}, payer), Errc::kMismatch},
      {"a negative line", clear(100, {150, -50}, rule), Errc::kMalformed},
      {"nothing paid", clear(0, {}, rule), Errc::kMalformed},
      {"a negative payment", clear(-100, {}, rule), Errc::kMalformed},
      {"more than the limit", clear(kMaxAmountMinor + 1, {}, rule), Errc::kMalformed},
      {"lines that overflow", clear(100, Amounts(50, kMaxAmountMinor), rule), Errc::kTooLarge},
      {"lines of nothing", clear(100, {0, 0}, rule), Errc::kMalformed},
      {"too many lines", clear(101, Amounts(101, 1), rule), Errc::kTooLarge},
      {"an order without a number", named("", "x"), Errc::kMalformed},
      {"a line without a name", named("P1", ""), Errc::kMalformed},
      {"a line with a line break", named("P1", "a\nb"), Errc::kMalformed},
      {"a line with a long name", named("P1", std::string(65, 'x')), Errc::kMalformed},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    REQUIRE(row.result.has_error());
    CHECK(row.result.error().code == row.code);
  }
  CHECK(clear_order({"P1", {100, Currency::kUSD}, {}}, rule).error().code == Errc::kMismatch);
}

TEST_CASE("clearing: refunds take price and fee from each line, and end at nothing") {
  struct Step {
    std::int64_t refund;
    std::int64_t from_merchant;
    std::int64_t from_platform;
    Amounts refunded;  // of each line's price, so far
    Amounts returned;  // of each line's fee, so far
  };
  struct Row {
    const char* what;
    std::int64_t paid;
    Amounts prices;
    FeeRule rule;
    std::vector<Step> steps;
    std::int64_t share_left;
    std::int64_t fee_left;
  };
  const auto payer = FeePayer::kPayer;
  const Row rows[] = {
      // 10000 over 12000:23000 is 3428.57 and 6571.43; 300 over 360:690 is 102.86 and 197.14
      {"repair, a part and then the rest",
       35'000,
       {12'000, 23'000},
       rule_of("0.03"),
       {{10'000, 9'700, 300, {3'429, 6'571}, {103, 197}},
        {25'000, 24'250, 750, {12'000, 23'000}, {360, 690}}},
       0,
       0},
      {"all at once", 10'000, {}, rule_of("0.006"), {{10'000, 9'940, 60, {10'000}, {60}}}, 0, 0},
      // 60 × 3333/10000 = 19.998
      {"a part only", 10'000, {}, rule_of("0.006"), {{3'333, 3'314, 19, {3'333}, {19}}}, 6'626, 41},
      {"a kept fee leaves the merchant owing it",
       10'000,
       {},
       rule_of("0.006", 0, FeePayer::kMerchant, FeeReturn::kKept),
       {{10'000, 10'000, 0, {10'000}, {0}}},
       -60,
       60},
      {"the payer's fee goes back with the price",
       10'060,
       {4'000, 6'000},
       rule_of("0.006", 0, payer),
       {{5'030, 5'000, 30, {2'000, 3'000}, {12, 18}}, {5'030, 5'000, 30, {4'000, 6'000}, {24, 36}}},
       0,
       0},
      {"the payer's kept fee does not",
       10'060,
       {4'000, 6'000},
       rule_of("0.006", 0, payer, FeeReturn::kKept),
       {{10'000, 10'000, 0, {4'000, 6'000}, {0, 0}}},
       0,
       60},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    Clearing clearing = clear(row.paid, row.prices, row.rule).value();
    for (const Step& step : row.steps) {
      const RefundClearing refund = clear_refund(clearing, fen(step.refund)).value();
      CHECK(refund.from_merchant_minor == step.from_merchant);
      CHECK(refund.from_platform_minor == step.from_platform);
      clearing = refund.after;
      for (std::size_t i = 0; i < clearing.lines.size(); ++i) {
        CHECK(clearing.lines[i].refunded_minor == step.refunded[i]);
        CHECK(clearing.lines[i].fee_returned_minor == step.returned[i]);
      }
      CHECK(decode_clearing(encode(clearing)).value() == clearing);
    }
    const ClearingTotals totals = totals_of(clearing);
    CHECK(totals.merchant_share_minor == row.share_left);
    CHECK(totals.platform_fee_minor == row.fee_left);
    if (row.share_left <= 0) CHECK(clear_refund(clearing, fen(1)).has_error());
  }
}

TEST_CASE("clearing: a refund that cannot be is refused") {
  const Clearing clearing = clear(10'000, {4'000, 6'000}, rule_of("0.006")).value();
  CHECK(clear_refund(clearing, fen(10'001)).error().code == Errc::kMismatch);
  CHECK(clear_refund(clearing, fen(0)).error().code == Errc::kMalformed);
  CHECK(clear_refund(clearing, fen(-1)).error().code == Errc::kMalformed);
  CHECK(clear_refund(clearing, {1, Currency::kUSD}).error().code == Errc::kMismatch);
  const Clearing half = clear_refund(clearing, fen(5'000)).value().after;
  CHECK(clear_refund(half, fen(5'001)).error().code == Errc::kMismatch);
  const FeeRule lost = rule_of("0.006", 0, FeePayer::kPayer, FeeReturn::kKept);
  const Clearing surcharge = clear(10'060, {10'000}, lost).value();
  CHECK(clear_refund(surcharge, fen(10'001)).error().code == Errc::kMismatch);
}

// Any order, refunded in any pieces: at each step the parts sum to what was paid and nothing is
// taken from a line twice; a complete refund with a proportional fee leaves nothing anywhere.
TEST_CASE("clearing: random orders refunded in random pieces always add up") {
  std::uint64_t seed = 20260304;
  const auto below = [&seed](std::int64_t n) {
    seed = mix64(seed + 0x9e3779b97f4a7c15ULL);
    return static_cast<std::int64_t>(seed % static_cast<std::uint64_t>(n));
  };
  for (int round = 0; round < 2'000; ++round) {
    INFO("round " << round);
    FeeRule rule = rule_of("0.0238", below(5), below(2) ? FeePayer::kPayer : FeePayer::kMerchant);
    Amounts prices;
    std::int64_t price = 0;
    for (auto n = below(5) + 1; n > 0; --n) {
      prices.push_back(below(500));
      price += prices.back();
    }
    if (price == 0) continue;
    const std::int64_t fee = compute_fee(rule, fen(price)).value().minor;
    const std::int64_t paid = price + (rule.payer == FeePayer::kPayer ? fee : 0);
    Clearing clearing = clear(paid, prices, rule).value();
    std::int64_t left = paid;
    while (left > 0) {
      const std::int64_t piece = std::min(left, below(200) + 1);
      const RefundClearing refund = clear_refund(clearing, fen(piece)).value();
      REQUIRE(refund.from_merchant_minor + refund.from_platform_minor == piece);
      REQUIRE(refund.from_merchant_minor >= 0);
      clearing = decode_clearing(encode(refund.after)).value();  // checks each line's bounds
      left -= piece;
      const ClearingTotals totals = totals_of(clearing);
      REQUIRE(totals.refunded_minor == paid - left);
      REQUIRE(totals.merchant_share_minor + totals.platform_fee_minor == left);
      REQUIRE(totals.merchant_share_minor >= 0);
    }
    REQUIRE(totals_of(clearing).platform_fee_minor == 0);
  }
}

TEST_CASE("clearing: a document whose amounts contradict each other is refused") {
  const std::string good =
      R"({"format":1,"order_no":"P1","currency":"CNY","payer":"merchant","on_refund":"kept",)"
      R"("lines":[{"name":"材料","gross":100,"fee":3,"refunded":40,"fee_returned":1}]})";
  REQUIRE(encode(decode_clearing(good).value()) == good);
  struct Row {
    const char* what;
    const char* from;
    const char* to;
    Errc code;
  };
  const Row rows[] = {
      {"a fee above the price", "\"fee\":3", "\"fee\":101", Errc::kMismatch},
      {"more refunded than the price", "\"refunded\":40", "\"refunded\":101", Errc::kMismatch},
      {"more fee returned than taken", "\"fee_returned\":1", "\"fee_returned\":4", Errc::kMismatch},
      {"a negative price", "\"gross\":100", "\"gross\":-100", Errc::kMismatch},
      {"a price beyond the limit", "\"gross\":100", "\"gross\":1000000000000001", Errc::kMismatch},
      {"no lines",
       "[{\"name\":\"材料\",\"gross\":100,\"fee\":3,\"refunded\":40,\"fee_returned\":1}]", "[]",
       Errc::kMalformed},
      {"an unknown key", "\"fee\":3", "\"fee\":3,\"x\":1", Errc::kMalformed},
      {"a missing key", "\"fee\":3,", "", Errc::kMalformed},
      {"a newer format", "\"format\":1", "\"format\":2", Errc::kUnsupported},
      {"an unknown payer", "merchant", "nobody", Errc::kMalformed},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    std::string bad = good;
    bad.replace(bad.find(row.from), std::string_view(row.from).size(), row.to);
    CHECK(decode_clearing(bad).error().code == row.code);
  }
}

}  // namespace
}  // namespace suanpan::settlement
