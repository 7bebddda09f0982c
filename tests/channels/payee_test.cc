// How a payee is shown, and whom its seal is for.
#include "channels/payee.h"

#include <catch2/catch.hpp>

#include "tests/support/temp_folder.h"

using namespace suanpan;
using channels::mask_name;
using channels::mask_payee;

TEST_CASE("payee: a name is masked by one rule") {
  const std::pair<const char*, const char*> rows[] = {
      {"", ""},
      {"王", "*"},
      {"张三", "张*"},
      {"张三丰", "张**"},
      {"欧阳静怡", "欧***"},
      {"清泉水务所", "清***"},  // five to seven
      {"清泉水务公司部", "清***"},
      {"安居维修有限公司", "安居***公司"},  // eight and more, all Chinese
      {"深圳市阳光物业管理有限公司", "深圳***公司"},
      {"买买提·吐尔逊江", "买***"},  // a person: not wholly ideographs
      {"ABC维修有限公司", "A***"},
      {"John Smith", "J***"},
      {"Ann", "A**"},
      {"\xff\xfe", "\xff*"},  // not UTF-8: no more than its first byte
  };
  for (const auto& [name, masked] : rows) {
    INFO(name);
    CHECK(mask_name(name) == masked);
  }
}

TEST_CASE("payee: a masked payee shows the end of a long account number alone") {
  CHECK(mask_payee({"张三丰", "6217000000000013", "308584000013"}) == "张** ****0013");
  CHECK(mask_payee({"安居维修有限公司", "123456789", "308584000013"}) == "安居***公司 ****6789");
  CHECK(mask_payee({"张三", "12345678", "308584000013"}) == "张* ****");
  CHECK(mask_payee({"张三", "", ""}) == "张* ****");
}

TEST_CASE("payee: sealed text opens to the payee for its own merchant alone") {
  test::TempFolder folder;
  const auto vault = Vault::open(folder.path() / "key", true);
  REQUIRE(vault);
  const channels::Payee payee{"张三丰", "6217000000000013", "308584000013"};
  const auto key = channels::payee_key(vault.value(), payee);
  REQUIRE(key);
  const std::string sealed = channels::seal_payee(key.value(), "M1", payee);
  CHECK(sealed.find("张") == std::string::npos);
  CHECK(sealed.find("6217") == std::string::npos);
  const auto opened = channels::open_payee(vault.value(), "M1", sealed);
  REQUIRE(opened);
  CHECK(opened.value().name == "张三丰");
  CHECK(opened.value().account == "6217000000000013");
  CHECK(opened.value().bank == "308584000013");
  const auto foreign = channels::open_payee(vault.value(), "M2", sealed);
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().code == Errc::kBadSignature);
  CHECK(channels::masked_payee(vault.value(), "M1", sealed) == "张** ****0013");
  CHECK(channels::masked_payee(vault.value(), "M2", sealed) == "****");
  CHECK(channels::masked_payee(vault.value(), "M1", "").empty());
}

TEST_CASE("payee: one whose key is erased reads as erased, and is nobody who can be paid") {
  test::TempFolder folder;
  const auto vault = Vault::open(folder.path() / "key", true);
  REQUIRE(vault);
  const channels::Payee payee{"张三丰", "6217000000000013", "308584000013"};
  const auto key = channels::payee_key(vault.value(), payee);
  REQUIRE(key);
  const std::string sealed = channels::seal_payee(key.value(), "M1", payee);
  REQUIRE(vault.value().subjects().erase(key.value().name));
  const auto opened = channels::open_payee(vault.value(), "M1", sealed);
  REQUIRE(opened);
  CHECK(opened.value().erased);
  CHECK(opened.value().name == "已删除");
  CHECK(opened.value().account == "已删除");
  CHECK(channels::mask_payee(opened.value()) == "已删除");
  CHECK(channels::masked_payee(vault.value(), "M1", sealed) == "已删除");
}
