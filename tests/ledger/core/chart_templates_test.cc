// Charts to begin with: each is adopted whole, and has the subjects that its rules name.
#include "ledger/core/chart_templates.h"

#include <catch2/catch.hpp>

#include "tests/support/scenario.h"

using namespace suanpan;
using test::Scenario;

namespace {

AdoptChartRequest known(std::string_view name) {
  const auto request = chart_template(name);
  REQUIRE(request);
  return *request;
}

}  // namespace

TEST_CASE("chart templates: every one is adopted, and a name that is not one is none") {
  const std::vector<std::string_view> names{"platform", "maintenance", "provident",
                                            "property", "bank",        "free"};
  CHECK(chart_template_names() == names);
  for (const std::string_view name : names) {
    INFO(name);
    Scenario s;
    const AdoptChartRequest request = known(name);
    CHECK(check_adopt_chart(request));
    CHECK(s.take(request.key, CommandKind::kChart,
                 plan_adopt_chart(s.state(), request, s.moment())) == "ok");
    CHECK(request.chart.name == name);
    CHECK(request.chart.enforced == (name != "free"));
  }
  CHECK_FALSE(chart_template("Platform"));
  CHECK_FALSE(chart_template(""));
}

// The numbers of ../shared/facts/banks-and-funds.md, typed in again.
TEST_CASE("chart templates: the funds have the subjects of their rules") {
  const auto roots = [](std::string_view name) {
    std::vector<std::string> found;
    for (const Subject& s : known(name).subjects)
      if (s.code.find('/') == std::string::npos) found.push_back(s.code);
    return found;
  };
  CHECK(roots("maintenance") ==
        std::vector<std::string>{"1001", "1101", "1201", "2001", "3001", "3002", "3101", "4001",
                                 "4101", "4102", "4201", "4301", "4901", "5001", "5101", "5901"});
  CHECK(roots("provident") == std::vector<std::string>{"101", "102", "111", "119", "121", "122",
                                                       "124", "201", "211", "214", "219", "301",
                                                       "311", "321", "401", "411"});
}

TEST_CASE("chart templates: accounts of each book's everyday business have their place") {
  const struct {
    const char* chart;
    const char* table;
  } rows[] = {
      {"platform", R"(
        account a 1002/6228000000000001 asset  ok
        account b 1122/wxpay/1900000109 asset  ok
        account c 1131/M1 asset                ok
        account d 2101/M1 liability            ok
        account e 2102/M1 liability            ok
        account f 2103 liability               ok
        account g 2241 liability               ok
        account h 6001 income                  ok
        account i 6401 expense                 ok
        account j 2201/维修资金/阳光小区/3幢/0402 liability      ok
        account k 2201/预售资金/阳光二期/YS2026001 liability     ok
        account l 2201/维修资金/阳光小区/3幢 liability           dimensions_missing
      )"},
      {"maintenance", R"(
        account a 1001/6228 asset                       ok
        account b 3001/小区1/3幢/0402 equity            ok
        account c 4001/商品住宅/小区1/3幢/0402 income   ok
        account d 4001/小区1/3幢/0402 income            subject_not_found
        account e 5001/公有住房/小区1/3幢/0402 expense  ok
        account f 3001/小区1/3幢 equity                 dimensions_missing
      )"},
      {"provident", R"(
        account a 101/6228 asset           ok
        account b 201/单位1/个人7 liability ok
        account c 201/单位1 liability       dimensions_missing
        account d 311 equity                ok
        account e 411/利息支出 expense      ok
      )"},
      {"property", R"(
        account a 1122/小区1/3幢/0402 asset          ok
        account b 6001/物业费/小区1 income           ok
        account c 1602/电梯 asset normal=credit      ok
        account d 1602/门禁 asset                    subject_mismatch
        account e 2241/往来/平台 liability           ok
      )"},
      {"bank", R"(
        account a 1001 asset          ok
        account b 1021 asset          ok
        account c 2011/1787 liability ok
        account d 6411 expense        ok
      )"},
      {"free", R"(
        account a 2011/a/b/c asset  ok
        account b 2011/a expense    ok
      )"},
  };
  for (const auto& row : rows) {
    INFO(row.chart);
    Scenario s;
    const AdoptChartRequest request = known(row.chart);
    REQUIRE(s.take(request.key, CommandKind::kChart,
                   plan_adopt_chart(s.state(), request, s.moment())) == "ok");
    s.run(row.table);
  }
}
