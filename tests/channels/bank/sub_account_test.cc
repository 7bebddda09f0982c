#include "channels/bank/sub_account.h"

#include <catch2/catch.hpp>

using namespace suanpan;
using namespace suanpan::channels::bank;

namespace {

StatementEntry deposit(std::string sub_account, std::string remittance) {
  StatementEntry entry;
  entry.number = 1;
  entry.amount = {10000, Currency::kCNY};
  entry.sub_account = std::move(sub_account);
  entry.remittance = std::move(remittance);
  return entry;
}

constexpr const char* kAccount = "6228000000000001";

}  // namespace

TEST_CASE("sub-account: the check digit is that of ISO 7064 MOD 11,10") {
  CHECK(check_digit_mod11_10("79462") == '3');
  // Croatian OIB 33392005961 and 94577403194, which use the same scheme.
  CHECK(check_digit_mod11_10("3339200596") == '1');
  CHECK(check_digit_mod11_10("9457740319") == '4');
}

TEST_CASE("sub-account: numbers are formatted and read") {
  CHECK(format_sub_account({SubAccountKind::kOrder, 42}).value() == "6000000426");
  CHECK(format_sub_account({SubAccountKind::kHousehold, 1}).value() == "7000000019");
  CHECK(format_sub_account({SubAccountKind::kContract, 12345678}).value() == "8123456780");
  CHECK(format_sub_account({SubAccountKind::kOrder, 100'000'000}).error().code == Errc::kTooLarge);
  const auto read = parse_sub_account("8123456780");
  REQUIRE(read);
  CHECK(read.value() == SubAccount{SubAccountKind::kContract, 12345678});
  for (const char* text : {"", "600000042", "60000004260", "5000000426", "9000000426", "600000042X",
                           " 6000000426", "-000000426"})
    CHECK(parse_sub_account(text).error().code == Errc::kMalformed);
  CHECK(parse_sub_account("6000000427").error().code == Errc::kMismatch);
}

TEST_CASE("sub-account: every single wrong digit is noticed") {
  const std::string good = "8123456780";
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (char digit = '0'; digit <= '9'; ++digit) {
      if (digit == good[at]) continue;
      std::string wrong = good;
      wrong[at] = digit;
      CHECK_FALSE(parse_sub_account(wrong));
    }
  }
}

TEST_CASE("sub-account: a deposit is recognised by field, number or label, in that order") {
  using Source = DepositReference::Source;
  struct Row {
    const char* field;
    const char* text;
    Source source;
    SubAccountKind kind;
    const char* reference;
  };
  const std::vector<Row> rows{
      {"6000000426", "", Source::kSubAccountField, SubAccountKind::kOrder, "6000000426"},
      {"62280000000000016000000426", "", Source::kSubAccountField, SubAccountKind::kOrder,
       "6000000426"},
      {"6228000000000001-7000000019", "", Source::kSubAccountField, SubAccountKind::kHousehold,
       "7000000019"},
      {"6000000426", "付 7000000019", Source::kSubAccountField, SubAccountKind::kOrder,
       "6000000426"},
      {"", "物业费7000000019张三", Source::kNumberInText, SubAccountKind::kHousehold, "7000000019"},
      {"", "6000000426", Source::kNumberInText, SubAccountKind::kOrder, "6000000426"},
      {"", "６００００００４２６", Source::kNumberInText, SubAccountKind::kOrder, "6000000426"},
      {"", "6000000426 再写一遍 6000000426", Source::kNumberInText, SubAccountKind::kOrder,
       "6000000426"},
      {"", "合同号YS2026001 8123456780", Source::kNumberInText, SubAccountKind::kContract,
       "8123456780"},
      {"6217", "合同号YS2026001", Source::kLabelInText, SubAccountKind::kContract, "YS2026001"},
      {"", "首付款 合同编号：YS-2026/001，张三", Source::kLabelInText, SubAccountKind::kContract,
       "YS-2026/001"},
      {"", "合同　ＹＳ２０２６００１", Source::kLabelInText, SubAccountKind::kContract,
       "YS2026001"},
      {"", "订单号: P202611210001", Source::kLabelInText, SubAccountKind::kOrder, "P202611210001"},
      {"", "户号0402-3", Source::kLabelInText, SubAccountKind::kHousehold, "0402-3"},
  };
  for (const Row& row : rows) {
    INFO(row.field << " | " << row.text);
    const auto found = recognise_deposit(deposit(row.field, row.text), kAccount);
    REQUIRE(found);
    CHECK(found.value().source == row.source);
    CHECK(found.value().kind == row.kind);
    CHECK(found.value().reference == row.reference);
  }
}

TEST_CASE("sub-account: a deposit that names nothing, or two things, is not guessed") {
  struct Row {
    const char* field;
    const char* text;
    Errc code;
  };
  const std::vector<Row> rows{
      {"", "", Errc::kNotFound},
      {"", "张三", Errc::kNotFound},
      {"6217", "货款", Errc::kNotFound},
      {"", "电话16000000426", Errc::kNotFound},  // eleven digits
      {"", "A6000000426", Errc::kNotFound},      // part of a longer word
      {"", "6000000427", Errc::kNotFound},       // wrong check digit in free text
      {"", "1763700000", Errc::kNotFound},       // ten digits of something else
      {"", "合同款", Errc::kNotFound},
      {"", "合同A款ABCD", Errc::kNotFound},
      {"", "合同号ABCDEF", Errc::kNotFound},  // no digit in it
      {"", "订单号12", Errc::kNotFound},      // too short to be one of ours
      {"6000000427", "合同号YS2026001", Errc::kMismatch},
      {"", "6000000426 7000000019", Errc::kMismatch},
      {"", "合同号YS2026001 合同号YS2026002", Errc::kMismatch},
      {"", "合同号YS2026001 订单号P20260001", Errc::kMismatch},
  };
  for (const Row& row : rows) {
    INFO(row.field << " | " << row.text);
    const auto found = recognise_deposit(deposit(row.field, row.text), kAccount);
    REQUIRE_FALSE(found);
    CHECK(found.error().code == row.code);
  }
}

TEST_CASE("sub-account: a debit, a reversal, a return or a pending entry is no deposit") {
  const std::vector<std::function<void(StatementEntry&)>> spoils{
      [](auto& e) { e.direction = Direction::kDebit; }, [](auto& e) { e.reversal = true; },
      [](auto& e) { e.return_reason = "AC04"; }, [](auto& e) { e.status = EntryStatus::kPending; }};
  for (const auto& spoil : spoils) {
    StatementEntry entry = deposit("6000000426", "");
    spoil(entry);
    CHECK(recognise_deposit(entry, kAccount).error().code == Errc::kUnsupported);
  }
}
