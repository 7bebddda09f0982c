// The chart of accounts: which subjects may be, and where accounts may stand.
#include "ledger/core/chart.h"

#include <catch2/catch.hpp>

#include "tests/support/scenario.h"

using namespace suanpan;
using test::Scenario;

namespace {

using Dimensions = std::vector<std::string>;

// A small chart: a bank, a fund by community and household, a group with a leaf, profit and loss.
std::vector<Subject> small_chart() {
  return {
      {"1002", "银行存款", AccountType::kAsset, Side::kDebit, true, {"bank_account"}, ""},
      {"1602", "累计折旧", AccountType::kAsset, Side::kCredit, true, {}, ""},
      {"2201", "代管资金", AccountType::kLiability, Side::kCredit, false, {}, ""},
      {"2201/维修",
       "维修资金",
       AccountType::kLiability,
       Side::kCredit,
       true,
       {"community", "household"},
       ""},
      {"4103", "本年利润", AccountType::kEquity, Side::kCredit, true, {}, "4104"},
      {"4104", "利润分配", AccountType::kEquity, Side::kCredit, true, {}, ""},
      {"6001", "收入", AccountType::kIncome, Side::kCredit, true, {}, "4103"},
  };
}

struct Charted : Scenario {
  std::uint64_t next = 1000;
  std::string adopt(std::vector<Subject> subjects, bool enforced = true) {
    AdoptChartRequest request{key(++next), Chart{"small", enforced}, std::move(subjects)};
    if (const auto checked = check_adopt_chart(request); !checked)
      return std::string(name_of(checked.error().code));
    return take(request.key, CommandKind::kChart, plan_adopt_chart(state(), request, moment()));
  }
  /// The detail of the refusal to open an account.
  std::string refused_for(std::string code, AccountType type) {
    OpenAccountRequest request;
    request.key = key(++next);
    request.code = std::move(code);
    request.type = type;
    const auto planned = plan_open_account(state(), request, moment());
    return planned ? "ok" : planned.error().detail;
  }
  std::string add(Subject subject) {
    AddSubjectRequest request{key(++next), std::move(subject)};
    if (const auto checked = check_add_subject(request); !checked)
      return std::string(name_of(checked.error().code));
    return take(request.key, CommandKind::kChart, plan_add_subject(state(), request, moment()));
  }
};

}  // namespace

TEST_CASE("chart: an account stands under a leaf, with a segment for each dimension") {
  Charted s;
  REQUIRE(s.adopt(small_chart()) == "ok");
  s.run(R"(
    account a 1002/6228 asset                     ok
    account b 1002      asset                     dimensions_missing
    account b 1002/6228/1 asset                   dimensions_exceeded
    account b 2201/维修/小区1/0402 liability      ok
    account c 2201/维修/小区1 liability           dimensions_missing
    account c 2201/维修/小区1/0402/1 liability    dimensions_exceeded
    account c 2201/维修 liability                 dimensions_missing
    account c 2201      liability                 subject_not_leaf
    account c 2201/物业 liability                 subject_not_found
    account c 9999      asset                     subject_not_found
    account c 9999/1    asset                     subject_not_found
    account c 10020/1   asset                     subject_not_found
    account c 1002/7    liability                 subject_mismatch
    account c 1002/7    asset normal=credit       subject_mismatch
    account c 1602      asset                     subject_mismatch
    account c 1602      asset normal=credit       ok
    account d 6001      income                    ok
    account e 1002/6228 liability                 account_exists
    # Posting knows nothing of the chart: every account is a leaf.
    voucher 1 a>b:100 ok
    voucher 2 a>d:7 ok
    balance b credits=100
  )");
  CHECK(s.refused_for("1002", AccountType::kAsset) == "bank_account");
  CHECK(s.refused_for("2201/维修/小区1", AccountType::kLiability) == "household");
  CHECK(s.refused_for("2201/物业/1", AccountType::kLiability) == "2201/物业");
}

TEST_CASE("chart: what a year's end carries is in the book's currency") {
  Charted s;
  REQUIRE(s.adopt(small_chart()) == "ok");
  s.run(R"(
    account a 6001      income currency=USD            currency_mismatch
    account a 4103      equity currency=USD            currency_mismatch
    account a 6001      income currency=CNY            ok
    account b 4103      equity                         ok
    account c 1002/6228 asset  currency=USD            ok
    account d 2201/维修/小区1/0402 liability currency=USD ok
  )");
  REQUIRE(s.add({"6602", "租金", AccountType::kExpense, Side::kDebit, true, {}, "4103"}) == "ok");
  s.run("account e 6602 expense currency=USD currency_mismatch");
  CHECK(s.last_refusal().detail == "6602");

  // Without a chart no year is carried, and any currency will do, until one is adopted.
  Charted free;
  free.run("account a 6001 income currency=USD ok");
  REQUIRE(free.adopt({}, false) == "ok");
  free.run("account b 4103 equity currency=USD ok");
  CHECK(free.adopt(small_chart()) == "currency_mismatch");
  CHECK(free.last_refusal().detail == "6001");
}

TEST_CASE("chart: without one, and with a free one, any code is opened") {
  Charted s;
  s.run("account a 9999/x asset ok");
  REQUIRE(s.adopt({}, false) == "ok");
  s.run("account b 2201 liability ok");
  CHECK(s.add({"1002", "银行存款", AccountType::kAsset, Side::kDebit, true, {}, ""}) ==
        "chart_free");
  CHECK(s.adopt({}, false) == "chart_exists");
}

TEST_CASE("chart: it is adopted once, over accounts that lie in it") {
  Charted s;
  s.run("account a 1002/6228 asset ok");
  REQUIRE(s.adopt({}, false) == "ok");
  CHECK(s.adopt(small_chart()) == "ok");
  CHECK(s.adopt(small_chart()) == "chart_exists");
  CHECK(s.adopt({}, false) == "chart_exists");

  Charted other;
  other.run("account a 1003/6228 asset ok");
  CHECK(other.adopt(small_chart()) == "subject_not_found");
  CHECK(other.last_refusal().detail == "1003");
}

TEST_CASE("chart: which subjects may be added, and which may not") {
  const auto asset = [](std::string code, bool leaf = true, Dimensions dimensions = {}) {
    return Subject{std::move(code),       "甲", AccountType::kAsset, Side::kDebit, leaf,
                   std::move(dimensions), ""};
  };
  const auto income = [](std::string code, std::string into, Dimensions dimensions = {}) {
    return Subject{std::move(code),       "乙",           AccountType::kIncome, Side::kCredit, true,
                   std::move(dimensions), std::move(into)};
  };
  const auto equity = [](std::string code, std::string into, Dimensions dimensions = {}) {
    return Subject{std::move(code),       "丙",           AccountType::kEquity, Side::kCredit, true,
                   std::move(dimensions), std::move(into)};
  };
  Subject unnamed = asset("1003");
  unnamed.name = "";
  Subject liability = asset("2201/甲");
  liability.type = AccountType::kLiability;
  liability.normal = Side::kCredit;
  Subject kindless = asset("1003");
  kindless.type = static_cast<AccountType>(6);
  Subject typeless = asset("1003");
  typeless.type = static_cast<AccountType>(0);
  Subject long_name = asset("1003"), two_lines = asset("1003");
  long_name.name = std::string(513, 'x');
  two_lines.name = "a\nb";
  Subject equities = equity("4200", "");
  equities.leaf = false;
  Subject asset_closing = asset("1003");
  asset_closing.closes_into = "4103";
  const struct {
    Subject subject;
    const char* answer;
  } rows[] = {
      {asset("1003"), "ok"},
      {asset("1003"), "subject_exists"},
      {asset("1004", false), "ok"},
      {asset("1004/1"), "ok"},
      {asset("1004/1/2"), "subject_is_leaf"},
      {asset("1004/2", false), "ok"},
      {asset("1004/2/3", true, {"project"}), "ok"},
      {asset("1005/1"), "parent_missing"},
      {asset("1002/x"), "subject_is_leaf"},
      {asset("2201/乙"), "subject_mismatch"},
      {liability, "ok"},
      {unnamed, "text_invalid"},
      {kindless, "value_invalid"},
      {typeless, "value_invalid"},
      {long_name, "text_too_long"},
      {two_lines, "text_invalid"},
      {asset("1006", true, {std::string(33, 'a')}), "value_invalid"},
      {asset("1006", true, {"a{"}), "value_invalid"},
      {asset("1006", true, {"a_b"}), "ok"},
      {income("6051", "41 03"), "value_invalid"},
      {equities, "ok"},
      {income("6051", "4200"), "carry_target_invalid"},
      {asset("10 03"), "code_invalid"},
      {asset("1006", false, {"project"}), "value_invalid"},
      {asset("1006", true, {"Project"}), "value_invalid"},
      {asset("1006", true, {"project", "project"}), "value_invalid"},
      {asset("1006", true, {""}), "value_invalid"},
      {asset("1008", true, {"a", "b", "c", "d", "e", "f", "g"}), "ok"},
      {asset("1007", true, {"a", "b", "c", "d", "e", "f", "g", "h"}), "value_invalid"},
      {asset_closing, "value_invalid"},
      {income("6051", ""), "value_invalid"},
      {income("6051", "4103"), "ok"},
      {income("6052", "9999"), "carry_target_invalid"},
      {income("6052", "1003"), "carry_target_invalid"},
      {equity("3001", "", {"community"}), "ok"},
      {income("6052", "3001"), "carry_target_invalid"},
      {income("6052", "3001", {"community"}), "ok"},
      {equity("4105", "4104"), "ok"},
      {equity("4106", "4103"), "carry_target_invalid"},  // a third step
  };
  Charted s;
  REQUIRE(s.adopt(small_chart()) == "ok");
  for (const auto& row : rows) {
    INFO(row.subject.code << " " << row.answer);
    CHECK(s.add(row.subject) == row.answer);
  }
}

TEST_CASE("chart: a chart of impossible shape is malformed") {
  Charted s;
  CHECK(s.add(small_chart()[0]) == "chart_free");  // there is none at all
  const auto adopted = [](ClaimKey key, std::string name) {
    const auto checked = check_adopt_chart({key, Chart{std::move(name), true}, small_chart()});
    return checked ? RefusalCode::kNone : checked.error().code;
  };
  CHECK(adopted(Scenario::key(1), "small") == RefusalCode::kNone);
  CHECK(adopted(ClaimKey{}, "small") == RefusalCode::kIdMissing);
  CHECK(adopted(Scenario::key(1), "") == RefusalCode::kTextInvalid);
  CHECK(adopted(Scenario::key(1), std::string(65, 'x')) == RefusalCode::kTextInvalid);
  CHECK(adopted(Scenario::key(1), "a\nb") == RefusalCode::kTextInvalid);
  CHECK(check_add_subject({ClaimKey{}, small_chart()[0]}).error().code == RefusalCode::kIdMissing);
  CHECK(s.adopt({}, true) == "value_invalid");
  CHECK(s.adopt(small_chart(), false) == "value_invalid");
  auto twice = small_chart();
  twice.push_back(twice.front());
  CHECK(s.adopt(twice) == "subject_exists");
  auto orphan = small_chart();
  std::swap(orphan[2], orphan[3]);
  CHECK(s.adopt(orphan) == "parent_missing");
}

TEST_CASE("chart: the invariants refuse what the planner would") {
  Charted s;
  REQUIRE(s.adopt(small_chart()) == "ok");
  const auto opened = [&](const char* code, AccountType type, Side normal,
                          Currency currency = Currency::kCNY) {
    ChangeSet changes;
    changes.date = s.state().book().accounting_date;
    Account account;
    account.id = AccountId{1};
    account.code = code;
    account.type = type;
    account.normal = normal;
    account.currency = currency;
    account.version = 1;
    changes.accounts.push_back(account);
    return violated_invariant(s.state(), Scenario::key(1), CommandKind::kOpenAccount, changes)
        .value_or("none");
  };
  CHECK(opened("1002/1", AccountType::kAsset, Side::kDebit) == "none");
  for (const auto& [code, type, normal] :
       {std::tuple{"1003", AccountType::kAsset, Side::kDebit},
        std::tuple{"1002", AccountType::kAsset, Side::kDebit},
        std::tuple{"1002/1/2", AccountType::kAsset, Side::kDebit},
        std::tuple{"2201", AccountType::kLiability, Side::kCredit},
        std::tuple{"1002/1", AccountType::kLiability, Side::kDebit},
        std::tuple{"1002/1", AccountType::kAsset, Side::kCredit}}) {
    INFO(code);
    CHECK(opened(code, type, normal).substr(0, 25) == "accounts_lie_in_the_chart");
  }
  CHECK(opened("1002/1", AccountType::kAsset, Side::kDebit, Currency::kUSD) == "none");
  for (const auto& [code, type] :
       {std::pair{"6001", AccountType::kIncome}, std::pair{"4104", AccountType::kEquity}})
    CHECK_THAT(opened(code, type, Side::kCredit, Currency::kUSD),
               Catch::Matchers::Contains("is not in the book's currency") &&
                   Catch::Matchers::StartsWith("accounts_lie_in_the_chart"));
  const auto changed = [&](DocumentKind kind, std::string key, std::uint32_t version,
                           std::string bytes) {
    ChangeSet changes;
    changes.documents.push_back(Document{kind, std::move(key), version, true, std::move(bytes)});
    return violated_invariant(s.state(), Scenario::key(1), CommandKind::kChart, changes)
        .value_or("none");
  };
  const Subject bank = small_chart()[0];
  CHECK(changed(DocumentKind::kSubject, "1002", 2, encode(bank)) ==
        "subjects_stay: subject 1002 changed");
  CHECK(changed(DocumentKind::kSubject, "1009", 1, encode(bank)) ==
        "subjects_stay: a subject does not decode");
  CHECK(changed(DocumentKind::kSubject, "1009", 1, "?") ==
        "subjects_stay: a subject does not decode");
  CHECK(changed(DocumentKind::kChart, "chart", 2, encode(Chart{"free", false})) ==
        "subjects_stay: a chart that is enforced changed");
  CHECK(changed(DocumentKind::kChart, "chart", 2, "?") == "subjects_stay: a chart does not decode");
  CHECK(changed(DocumentKind::kChart, "other", 1, encode(Chart{"free", false})) ==
        "subjects_stay: a chart does not decode");
}

TEST_CASE("chart: the dimensions go along where a year's end carries a balance") {
  const Subject deposits{"4001",        "交存收入", AccountType::kIncome,
                         Side::kCredit, true,       {"community", "household"},
                         "3001"};
  Subject fund{
      "3001", "维修资金", AccountType::kEquity, Side::kCredit, true, {"community", "household"},
      ""};
  CHECK(carry_target(deposits, fund, "4001/小区1/0402") == "3001/小区1/0402");
  fund.dimensions.clear();
  CHECK(carry_target(deposits, fund, "4001/小区1/0402") == "3001");
}

TEST_CASE("chart: a stored one that does not decode lets nothing pass") {
  Charted s;
  s.state().apply_document(std::make_shared<const Document>(
      Document{DocumentKind::kChart, std::string(kChartKey), 1, true, "?"}));
  ChangeSet opened, free;
  opened.date = free.date = s.state().book().accounting_date;
  Account account;
  account.id = AccountId{1};
  account.code = "1002";
  account.version = 1;
  opened.accounts.push_back(account);
  CHECK(violated_invariant(s.state(), Scenario::key(1), CommandKind::kOpenAccount, opened) ==
        "accounts_lie_in_the_chart: the chart does not decode");
  free.documents.push_back(Document{DocumentKind::kChart, std::string(kChartKey), 2, true,
                                    encode(Chart{"free", false})});
  CHECK(violated_invariant(s.state(), Scenario::key(1), CommandKind::kChart, free) ==
        "subjects_stay: a chart that is enforced changed");
}

TEST_CASE("chart: subjects and charts are decoded from exactly what was encoded") {
  const Subject subject = small_chart()[3];
  const std::string good = encode(subject);
  REQUIRE(decode_subject(good));
  CHECK(*decode_subject(good) == subject);
  for (std::size_t n = 0; n < good.size(); ++n) CHECK_FALSE(decode_subject(good.substr(0, n)));
  CHECK_FALSE(decode_subject(good + '\0'));
  // Type, side and leaf stand behind code and name.
  const std::size_t type = 4 + subject.code.size() + 4 + subject.name.size();
  for (const auto& [at, value] :
       {std::pair{type, 0}, {type, 6}, {type + 1, 2}, {type + 2, 2}, {type + 3, 200}}) {
    std::string other = good;
    other[at] = static_cast<char>(value);
    INFO("byte " << at << ": " << value);
    CHECK_FALSE(decode_subject(other));
  }
  const std::string chart = encode(Chart{"small", true});
  CHECK(*decode_chart(chart) == Chart{"small", true});
  CHECK_FALSE(decode_chart(chart.substr(1)));
  CHECK_FALSE(decode_chart(chart.substr(0, chart.size() - 1) + '\2'));
}

TEST_CASE("chart: what a resend must repeat") {
  AdoptChartRequest adopt{Scenario::key(1), Chart{"small", true}, small_chart()};
  const Content first = content_of(adopt);
  CHECK(first[0] == std::pair<std::string, std::string>{"chart", "small"});
  CHECK(first[1] == std::pair<std::string, std::string>{"enforced", "true"});
  adopt.subjects.pop_back();
  CHECK(content_of(adopt)[2] != first[2]);
  CHECK(content_of(AdoptChartRequest{Scenario::key(1), Chart{"free", false}, {}})[1].second ==
        "false");
  CHECK(content_of(AddSubjectRequest{Scenario::key(1), small_chart()[3]}) ==
        Content{{"subject", "2201/维修"},
                {"name", "维修资金"},
                {"type", "liability"},
                {"normal", "credit"},
                {"leaf", "true"},
                {"dimensions", "community household "},
                {"closes_into", ""}});
  Subject group{"1009", "组", AccountType::kAsset, Side::kDebit, false, {}, ""};
  const Content of_group = content_of(AddSubjectRequest{Scenario::key(1), group});
  CHECK(of_group[3].second == "debit");
  CHECK(of_group[4].second == "false");
}
