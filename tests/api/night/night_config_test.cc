#include <catch2/catch.hpp>
#include <fstream>

#include "api/config.h"
#include "tests/support/temp_folder.h"

namespace suanpan::api {
namespace {

Result<Config> read(const std::string& text) {
  static const test::TempFolder folder;
  const auto file = folder.path() / "engine.toml";
  std::ofstream(file) << text;
  return load_config(file);
}

const std::string kManual =
    "[clock]\nbusiness = \"manual\"\nstart = \"2026-03-04T08:00:00+08:00\"\n";

TEST_CASE("night settings: on with the system's clock, off with a manual one, unless said") {
  CHECK(read("").value().night.enabled);
  CHECK_FALSE(read(kManual).value().night.enabled);
  CHECK(read(kManual + "[night]\nenabled = true\n").value().night.enabled);
  CHECK_FALSE(read("[night]\nenabled = false\n").value().night.enabled);
}

TEST_CASE(
    "night settings: times of day and pauses, and the merchants and accounts that there are") {
  const auto config = read(
      "[night]\nday_cut = \"01:00\"\nfetch_bills = \"09:30\"\nfetch_statements = \"07:05\"\n"
      "reconcile = \"07:10\"\nsettle = \"23:59\"\nreports = \"00:00\"\nfirst_retry_s = 5\n"
      "last_retry_s = 50\n"
      "[[wechat.merchant]]\nmchid = \"W1\"\nappid = \"a\"\nserial = \"s\"\nkey_file = \"k\"\n"
      "api_v3_key_file = \"v\"\nfee_rate = \"0.0038\"\n"
      "[[bank.account]]\nnumber = \"B1\"\nagent = \"308584000013\"\n");
  REQUIRE(config);
  const night::NightSettings& night = config.value().night;
  CHECK(night.day_cut_min == 60);
  CHECK(night.fetch_bills_min == 570);
  CHECK(night.fetch_statements_min == 425);
  CHECK(night.reconcile_min == 430);
  CHECK(night.settle_min == 1439);
  CHECK(night.reports_min == 0);
  CHECK(night.first_retry_s == 5);
  CHECK(night.last_retry_s == 50);
  CHECK(night.bills == std::vector<std::string>{"W1"});
  CHECK(night.statements == std::vector<std::string>{"B1"});
  CHECK(config.value().wechat_merchants[0].fee_rate == Rate::parse("0.0038").value());
}

TEST_CASE("night settings: what cannot be meant is refused by name") {
  const std::string merchant =
      "[[wechat.merchant]]\nmchid = \"W1\"\nappid = \"a\"\nserial = \"s\"\nkey_file = \"k\"\n"
      "api_v3_key_file = \"v\"\nfee_rate = ";
  const std::pair<std::string, std::string> rows[] = {
      {"[night]\nday_cut = \"24:00\"\n", "night.day_cut must be a time of day like 10:05"},
      {"[night]\nday_cut = \"00:60\"\n", "night.day_cut must be a time of day like 10:05"},
      {"[night]\nsettle = \"9:30\"\n", "night.settle must be a time of day like 10:05"},
      {"[night]\nsettle = \"+9:30\"\n", "night.settle must be a time of day like 10:05"},
      {"[night]\nsettle = \"-1:30\"\n", "night.settle must be a time of day like 10:05"},
      {"[night]\nreports = 11\n", "night.reports has the wrong type"},
      {"[night]\nenabled = \"yes\"\n", "night.enabled has the wrong type"},
      {"[night]\nfirst_retry_s = 0\n", "night.first_retry_s must lie in 1..3600"},
      {"[night]\nfirst_retry_s = 60\nlast_retry_s = 59\n",
       "night.last_retry_s must not be below night.first_retry_s"},
      {"[night]\nnap = \"10:00\"\n", "night.nap is not a setting"},
      {merchant + "\"1.01\"\n", "wechat.merchant.fee_rate must be a rate like 0.006"},
      {merchant + "\"much\"\n", "wechat.merchant.fee_rate must be a rate like 0.006"},
      {merchant + "\"-0.006\"\n", "wechat.merchant.fee_rate must be a rate like 0.006"},
      {merchant + "0.006\n", "wechat.merchant.fee_rate has the wrong type"},
  };
  for (const auto& [text, message] : rows) {
    INFO(text);
    const auto config = read(text);
    REQUIRE(config.has_error());
    CHECK(config.error().code == Errc::kConfig);
    // "<file>:<line>: <message>"
    const std::string told = config.error().message;
    CHECK(told.substr(told.rfind(": ") + 2) == message);
    CHECK(told.find("engine.toml:") != std::string::npos);
  }
}

}  // namespace
}  // namespace suanpan::api
