#include "ledger/base/rate.h"

#include <catch2/catch.hpp>
#include <limits>
#include <numeric>
#include <random>

#include "tests/support/dies.h"

namespace suanpan {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();

TEST_CASE("rate: decimals and percentages are read exactly") {
  struct Row {
    const char* text;
    std::int64_t nano;
    const char* shortest;
  };
  const Row rows[] = {
      {"0", 0, "0"},
      {"0.006", 6'000'000, "0.006"},
      {"0.6%", 6'000'000, "0.006"},
      {"0.60%", 6'000'000, "0.006"},
      {"3%", 30'000'000, "0.03"},
      {"1", 1'000'000'000, "1"},
      {"100%", 1'000'000'000, "1"},
      {"1.5", 1'500'000'000, "1.5"},
      {"0.000000001", 1, "0.000000001"},
      {"0.0000001%", 1, "0.000000001"},
      {"0.0060000000000", 6'000'000, "0.006"},
      {"1000", 1'000'000'000'000, "1000"},
      {"100000%", 1'000'000'000'000, "1000"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const auto rate = Rate::parse(row.text);
    REQUIRE(rate.has_value());
    CHECK(rate.value().nano == row.nano);
    CHECK(rate.value().text() == row.shortest);
  }
}

TEST_CASE("rate: a negative, too fine or broken rate is refused") {
  for (const char* text : {"", "%", "-0.006", "-0", "-1%", "0.0000000001", "0.00000001%", "1%%",
                           "0.6 %", " 0.6", "0.6‰", "1e-3", "+1", ".5", "5.", "abc"}) {
    INFO(text);
    CHECK(Rate::parse(text).error().code == Errc::kMalformed);
  }
  for (const char* text : {"1000.000000001", "100000.0000001%", "1001", "99999999999999999999"}) {
    INFO(text);
    CHECK(Rate::parse(text).error().code == Errc::kTooLarge);
  }
}

TEST_CASE("rounding: each rule decides as its name says") {
  struct Row {
    std::int64_t amount;
    const char* rate;
    std::int64_t half_up, half_even, down, up;
  };
  // Calculated by hand; the exact product stands beside each row.
  const Row rows[] = {
      {100, "0.006", 1, 1, 0, 1},                                   // 0.6
      {50, "0.006", 0, 0, 0, 1},                                    // 0.3
      {250, "0.006", 2, 2, 1, 2},                                   // 1.5
      {5, "0.5", 3, 2, 2, 3},                                       // 2.5
      {7, "0.5", 4, 4, 3, 4},                                       // 3.5
      {1, "0.5", 1, 0, 0, 1},                                       // 0.5
      {-1, "0.5", -1, 0, 0, -1},                                    // -0.5
      {-5, "0.5", -3, -2, -2, -3},                                  // -2.5
      {-7, "0.5", -4, -4, -3, -4},                                  // -3.5
      {-100, "0.006", -1, -1, 0, -1},                               // -0.6
      {5, "0.499999999", 2, 2, 2, 3},                               // 2.499999995
      {5, "0.500000001", 3, 3, 2, 3},                               // 2.500000005
      {1000, "0.003", 3, 3, 3, 3},                                  // 3 exactly
      {0, "0.5", 0, 0, 0, 0},                                       // 0
      {123'456'789, "0.0038", 469'136, 469'136, 469'135, 469'136},  // 469135.7982
      {1, "0.000000001", 0, 0, 0, 1},                               // 10^-9
      {3, "1000", 3000, 3000, 3000, 3000},
  };
  for (const Row& row : rows) {
    INFO(row.amount << " × " << row.rate);
    const Rate rate = Rate::parse(row.rate).value();
    CHECK(apply(rate, row.amount, Rounding::kHalfUp).value() == row.half_up);
    CHECK(apply(rate, row.amount, Rounding::kHalfEven).value() == row.half_even);
    CHECK(apply(rate, row.amount, Rounding::kDown).value() == row.down);
    CHECK(apply(rate, row.amount, Rounding::kUp).value() == row.up);
  }
}

TEST_CASE("rounding: rules have names that read back") {
  CHECK(name_of(Rounding::kHalfUp) == "half_up");
  CHECK(name_of(Rounding::kHalfEven) == "half_even");
  CHECK(name_of(Rounding::kDown) == "down");
  CHECK(name_of(Rounding::kUp) == "up");
  for (const Rounding rule :
       {Rounding::kHalfUp, Rounding::kHalfEven, Rounding::kDown, Rounding::kUp})
    CHECK(rounding_of(name_of(rule)) == rule);
  CHECK_FALSE(rounding_of("HALF_UP").has_value());
  CHECK_FALSE(rounding_of("").has_value());
}

TEST_CASE("rate: a product beyond 64 bits is refused, the last one inside is exact") {
  const Rate one = Rate::parse("1").value();
  CHECK(apply(one, kMax, Rounding::kHalfUp).value() == kMax);
  CHECK(apply(one, kMin, Rounding::kUp).value() == kMin);
  const Rate more = Rate::parse("1.000000001").value();
  CHECK(apply(more, kMax, Rounding::kDown).error().code == Errc::kTooLarge);
  CHECK(apply(more, kMin, Rounding::kDown).error().code == Errc::kTooLarge);
  CHECK(apply(Rate::parse("1000").value(), kMin, Rounding::kDown).error().code == Errc::kTooLarge);
  CHECK(apply(Rate{kMax}, kMin, Rounding::kUp).error().code == Errc::kTooLarge);
  CHECK(apply(Rate{0}, kMin, Rounding::kUp).value() == 0);
  CHECK(test::dies([] { (void)apply(Rate{-1}, 1, Rounding::kUp); }));
}

TEST_CASE("rate: rounding leaves less than one unit, half rules at most a half") {
  std::mt19937_64 random(3);
  for (int i = 0; i < 100'000; ++i) {
    const auto amount = static_cast<std::int64_t>(random() % 2'000'000'000'000) - 1'000'000'000'000;
    const Rate rate{static_cast<std::int64_t>(random() % 2'000'000'000)};
    const Int128 exact = Int128{amount} * rate.nano;  // in 10^-9
    for (const Rounding rule :
         {Rounding::kHalfUp, Rounding::kHalfEven, Rounding::kDown, Rounding::kUp}) {
      const Int128 off = Int128{apply(rate, amount, rule).value()} * 1'000'000'000 - exact;
      const Int128 size = off < 0 ? -off : off;
      const bool half = rule == Rounding::kHalfUp || rule == Rounding::kHalfEven;
      REQUIRE(size < 1'000'000'000);
      if (half) REQUIRE(size * 2 <= 1'000'000'000);
      if (rule == Rounding::kDown) REQUIRE((amount >= 0 ? off <= 0 : off >= 0));
      if (rule == Rounding::kUp) REQUIRE((amount >= 0 ? off >= 0 : off <= 0));
    }
  }
}

TEST_CASE("allocation: units left over go to the largest remainders, then to the front") {
  struct Row {
    std::int64_t total;
    std::vector<std::int64_t> weights, parts;
  };
  // Calculated by hand.
  const Row rows[] = {
      {100, {1, 1, 1}, {34, 33, 33}},
      {101, {1, 1, 1}, {34, 34, 33}},
      {-100, {1, 1, 1}, {-34, -33, -33}},
      {100, {50, 30, 20}, {50, 30, 20}},
      {10, {1, 2, 3}, {2, 3, 5}},  // 1.67 3.33 5.00: the unit goes to the first
      {7, {3, 3, 1}, {3, 3, 1}},
      {5, {1, 1}, {3, 2}},
      {1, {1, 1, 1}, {1, 0, 0}},
      {1, {1, 2, 3}, {0, 0, 1}},  // 0.17 0.33 0.50
      {2, {1, 2, 3}, {0, 1, 1}},  // 0.33 0.67 1.00
      {0, {1, 2}, {0, 0}},
      {9, {0, 1, 0}, {0, 9, 0}},
      {3, {0, 1, 1}, {0, 2, 1}},
      {100, {97, 3}, {97, 3}},
      {99, {97, 3}, {96, 3}},  // 96.03 2.97
      {kMax, {1}, {kMax}},
      {kMin, {1}, {kMin}},
      {kMax, {kMax, kMax}, {kMax / 2 + 1, kMax / 2}},
      {kMin, {kMax, kMax}, {kMin / 2, kMin / 2}},
  };
  for (const Row& row : rows) {
    INFO(row.total);
    const auto parts = allocate(row.total, row.weights);
    REQUIRE(parts.has_value());
    CHECK(parts.value() == row.parts);
  }
}

TEST_CASE("allocation: weights that cannot divide are refused") {
  const auto code = [](std::vector<std::int64_t> weights) {
    return allocate(100, weights).error().code;
  };
  CHECK(code({}) == Errc::kMalformed);
  CHECK(code({0, 0}) == Errc::kMalformed);
  CHECK(code({1, -1}) == Errc::kMalformed);
  CHECK(code({5, -1}) == Errc::kMalformed);
}

TEST_CASE("allocation: parts sum to the total and stay within one unit of the exact share") {
  std::mt19937_64 random(4);
  for (int i = 0; i < 20'000; ++i) {
    const auto total = static_cast<std::int64_t>(random()) >> (random() % 64);
    std::vector<std::int64_t> weights(1 + random() % 12);
    for (auto& weight : weights)
      weight = static_cast<std::int64_t>(random() >> (1 + random() % 63));
    const Int128 sum = std::accumulate(weights.begin(), weights.end(), Int128{0});
    if (sum == 0) continue;
    const auto parts = allocate(total, weights).value();
    Int128 parts_sum = 0;
    for (std::size_t k = 0; k < weights.size(); ++k) {
      parts_sum += parts[k];
      if (weights[k] == 0) REQUIRE(parts[k] == 0);
      const Int128 whole = Int128{total} * weights[k] / sum;  // toward zero
      const Int128 more = parts[k] - whole;
      REQUIRE((total >= 0 ? more == 0 || more == 1 : more == 0 || more == -1));
    }
    REQUIRE(parts_sum == total);
  }
}

}  // namespace
}  // namespace suanpan
