// A year's end: who may ask, begin and carry, and in which order.
#include "ledger/core/plan_close.h"

#include <catch2/catch.hpp>

#include "ledger/core/chart.h"
#include "ledger/core/close_invariant.h"
#include "tests/support/scenario.h"

using namespace suanpan;
using test::day;
using test::Scenario;

namespace {

std::vector<Subject> chart() {
  const auto leaf = [](const char* code, AccountType type, const char* into) {
    return Subject{code, "科目", type, normal_side(type), true, {}, into};
  };
  return {leaf("1002", AccountType::kAsset, ""), leaf("4103", AccountType::kEquity, "4104"),
          leaf("4104", AccountType::kEquity, ""), leaf("6001", AccountType::kIncome, "4103"),
          leaf("6401", AccountType::kExpense, "4103")};
}

// A book on 4 January 2026 with a year behind it: income 1000, expense 300.
struct Year : Scenario {
  explicit Year(bool charted = true) : Scenario("2025-12-30") {
    if (charted) {
      const AdoptChartRequest adopt{key(900), Chart{"small", true}, chart()};
      REQUIRE(take(adopt.key, CommandKind::kChart, plan_adopt_chart(state(), adopt, moment())) ==
              "ok");
    }
    run(R"(
      account bank    1002 asset    ok
      account profit  4103 equity   ok
      account kept    4104 equity   ok
      account income  6001 income   ok
      account expense 6401 expense  ok
      voucher 1 bank>income:1000    ok
      voucher 2 expense>bank:300    ok
      cut 2026-01-04                ok
    )");
  }
  std::string ask(std::int32_t year = 2025, std::string maker = "甲") {
    const RequestYearClose request{key(++next), year, std::move(maker)};
    if (const auto checked = check_request_year_close(request); !checked)
      return std::string(name_of(checked.error().code));
    return take(request.key, CommandKind::kYearClose,
                plan_request_year_close(state(), request, moment()));
  }
  std::string reject(std::string person, bool checks, std::int32_t year = 2025) {
    const RejectYearClose request{key(++next), year, std::move(person), checks};
    if (const auto checked = check_reject_year_close(request); !checked)
      return std::string(name_of(checked.error().code));
    return take(request.key, CommandKind::kYearClose,
                plan_reject_year_close(state(), request, moment()));
  }
  std::string begin(std::int32_t year = 2025, std::string checker = "乙") {
    const BeginYearClose request{key(++next), year, std::move(checker)};
    if (const auto checked = check_begin_year_close(request); !checked)
      return std::string(name_of(checked.error().code));
    return take(request.key, CommandKind::kYearClose,
                plan_begin_year_close(state(), request, moment()));
  }
  std::string carry(std::uint32_t version, const char* debit, const char* credit,
                    std::int64_t amount, std::int32_t year = 2025) {
    const CarryForward request{key(++next), year, version, {{id(debit), id(credit), amount}}};
    if (const auto checked = check_carry_forward(request); !checked)
      return std::string(name_of(checked.error().code));
    return take(request.key, CommandKind::kYearClose,
                plan_carry_forward(state(), request, moment()));
  }
  std::string finish(std::uint32_t version, std::int32_t year = 2025) {
    const FinishYearClose request{key(++next), year, version};
    if (const auto checked = check_finish_year_close(request); !checked)
      return std::string(name_of(checked.error().code));
    return take(request.key, CommandKind::kYearClose,
                plan_finish_year_close(state(), request, moment()));
  }
  YearClose close(std::int32_t year = 2025) {
    const DocumentPtr stored = state().document(DocumentKind::kYearClose, year_close_key(year));
    REQUIRE(stored);
    const auto decoded = decode_year_close(stored->bytes);
    REQUIRE(decoded);
    return *decoded;
  }
  std::uint64_t next = 1000;
};

}  // namespace

TEST_CASE("year close: it is asked for, begun by another, carried and finished") {
  Year y;
  CHECK(y.ask() == "ok");
  CHECK(y.close() == YearClose{2025, YearCloseState::kRequested, "甲", "", 0});
  CHECK(y.begin() == "ok");
  CHECK(y.state().book().closed_through == day("2025-12-31"));
  CHECK(y.state().book().accounting_date == day("2026-01-04"));
  CHECK(y.carry(2, "income", "profit", 1'000) == "ok");
  CHECK(y.carry(3, "profit", "expense", 300) == "ok");
  CHECK(y.carry(4, "profit", "kept", 700) == "ok");
  CHECK(y.finish(5) == "ok");
  CHECK(y.close() == YearClose{2025, YearCloseState::kClosed, "甲", "乙", 3});
  y.run(R"(
    balance income  debits=1000 credits=1000
    balance expense debits=300 credits=300
    balance profit  debits=1000 credits=1000
    balance kept    credits=700
  )");
}

TEST_CASE("year close: what is asked too early, too late, twice or by one person is refused") {
  Year y;
  CHECK(y.ask(2026) == "date_ahead");
  CHECK(y.ask(1899) == "value_invalid");
  CHECK(y.ask(3000) == "value_invalid");
  CHECK(y.ask(2025, "") == "text_invalid");
  CHECK(y.ask(2025, std::string(65, 'x')) == "text_too_long");
  CHECK(y.begin() == "document_not_found");
  CHECK(y.carry(1, "income", "profit", 1) == "document_version_conflict");
  CHECK(y.finish(1) == "document_version_conflict");
  CHECK(y.ask() == "ok");
  CHECK(y.ask() == "document_exists");
  CHECK(y.carry(1, "income", "profit", 1) == "document_version_conflict");
  CHECK(y.finish(1) == "document_version_conflict");
  CHECK(y.begin(2025, "甲") == "same_person");
  CHECK(y.begin(2025, "") == "text_invalid");
  CHECK(y.begin() == "ok");
  CHECK(y.begin() == "document_not_found");
  CHECK(y.carry(1, "income", "profit", 1) == "document_version_conflict");
  CHECK(y.finish(2) == "ok");
  CHECK(y.ask() == "year_closed");
  CHECK(y.begin() == "year_closed");
  CHECK(y.carry(3, "income", "profit", 1) == "document_version_conflict");

  Year late;
  late.run("close 2026-01-02 ok");
  CHECK(late.ask() == "period_closed");
  Year free(false);
  CHECK(free.ask() == "chart_free");
}

TEST_CASE("year close: a request is rejected by another or taken back, and asked for anew") {
  Year y;
  CHECK(y.reject("乙", true) == "document_not_found");
  CHECK(y.reject("", true) == "text_invalid");
  CHECK(y.reject("乙", true, 1899) == "value_invalid");
  REQUIRE(y.ask() == "ok");
  CHECK(y.reject("丙", false) == "not_authorised");
  CHECK(y.reject("乙", true) == "ok");
  CHECK(y.close() == YearClose{2025, YearCloseState::kRejected, "甲", "乙", 0});
  CHECK(y.reject("乙", true) == "document_state_final");
  CHECK(y.begin() == "document_not_found");
  CHECK(y.state().book().closed_through < day("2025-12-31"));
  CHECK(y.ask(2025, "丙") == "ok");
  CHECK(y.close() == YearClose{2025, YearCloseState::kRequested, "丙", "", 0});
  CHECK(y.reject("丙", false) == "ok");
  CHECK(y.ask() == "ok");
  CHECK(y.begin() == "ok");
  CHECK(y.reject("乙", true) == "document_state_final");
  CHECK(y.finish(6) == "ok");
  CHECK(y.reject("乙", true) == "year_closed");
}

TEST_CASE("year close: after December is closed by itself, the year closes still") {
  Year y;
  y.run("close 2025-12-31 ok");
  CHECK(y.ask() == "ok");
  CHECK(y.begin() == "ok");
  CHECK(y.carry(2, "income", "profit", 1'000) == "ok");
}

TEST_CASE("year close: it carries only where the chart says") {
  Year y;
  REQUIRE(y.ask() == "ok");
  REQUIRE(y.begin() == "ok");
  CHECK(y.carry(2, "income", "kept", 10) == "carry_target_invalid");
  CHECK(y.carry(2, "income", "bank", 10) == "carry_target_invalid");
  CHECK(y.carry(2, "bank", "profit", 10) == "carry_target_invalid");
  CHECK(y.carry(2, "income", "expense", 10) == "carry_target_invalid");
  CHECK(y.carry(2, "income", "income", 10) == "accounts_same");
  CHECK(y.carry(2, "income", "profit", 0) == "amount_not_positive");
  y.run("terms income frozen=out ok");
  CHECK(y.carry(2, "income", "profit", 10) == "debit_account_frozen");
  y.run("terms income ok");
  CHECK(y.carry(2, "income", "profit", 10) == "ok");
}

TEST_CASE("year close: while it carries no later day closes, and nobody else posts into the year") {
  Year y;
  REQUIRE(y.ask() == "ok");
  REQUIRE(y.begin() == "ok");
  y.run(R"(
    close 2026-01-02 year_closing
    voucher 10 bank>income:5 date=2025-12-31 adjust maker=甲 checker=乙  period_closed
    voucher 11 bank>income:5 date=2026-01-02 adjust maker=甲 checker=乙  ok
  )");
  REQUIRE(y.finish(2) == "ok");
  y.run("close 2026-01-02 ok");
}

TEST_CASE("year close: the invariants refuse what the planners would") {
  Year y;
  REQUIRE(y.ask() == "ok");
  const auto judged = [&](CommandKind kind, YearClose close, std::uint32_t version,
                          std::optional<Transfer> transfer, const char* date = "2025-12-31") {
    ChangeSet changes;
    changes.date = day(date);
    if (transfer) changes.transfers.push_back(*transfer);
    changes.documents.push_back(Document{DocumentKind::kYearClose, year_close_key(close.year),
                                         version, true, encode(close)});
    const auto violated = violated_invariant(y.state(), Scenario::key(1), kind, changes);
    return violated.value_or("none");
  };
  const YearClose asked{2025, YearCloseState::kRequested, "甲", "", 0};
  const YearClose carrying{2025, YearCloseState::kCarrying, "甲", "乙", 0};
  const YearClose closed{2025, YearCloseState::kClosed, "甲", "乙", 0};
  const YearClose alone{2025, YearCloseState::kCarrying, "甲", "甲", 0};
  const YearClose rejected{2025, YearCloseState::kRejected, "甲", "乙", 0};
  const YearClose unnamed{2025, YearCloseState::kRejected, "甲", "", 0};
  const YearClose renamed{2025, YearCloseState::kRejected, "丙", "乙", 0};
  const auto kind = CommandKind::kYearClose;
  CHECK(judged(kind, rejected, 2, std::nullopt) == "none");
  for (const YearClose& wrong : {unnamed, renamed})
    CHECK(judged(kind, wrong, 2, std::nullopt) ==
          "years_end_in_order: a year's end is rejected by nobody, or in another's name");
  const Transfer moved{y.id("income"), y.id("profit"), 10};
  const Transfer past{y.id("bank"), y.id("income"), 10};
  CHECK(judged(kind, carrying, 2, std::nullopt) == "none");
  CHECK(judged(CommandKind::kSetting, carrying, 2, std::nullopt) ==
        "years_end_in_order: a year is closed by another command");
  CHECK(judged(kind, closed, 2, std::nullopt) ==
        "years_end_in_order: a year's end takes a step that it must not");
  CHECK(judged(kind, asked, 2, std::nullopt) ==
        "years_end_in_order: a year's end takes a step that it must not");
  CHECK(judged(kind, alone, 2, std::nullopt) ==
        "years_end_in_order: a year is closed by one person");
  CHECK(judged(kind, carrying, 2, moved) ==
        "years_end_in_order: a year's end moves money and does not carry");
  REQUIRE(y.begin() == "ok");
  CHECK(judged(kind, rejected, 3, std::nullopt) ==
        "years_end_in_order: a year's end takes a step that it must not");
  CHECK(judged(kind, carrying, 3, moved) == "none");
  CHECK(judged(kind, carrying, 3, moved, "2025-12-30") ==
        "years_end_in_order: a year's end is dated another day");
  CHECK(judged(kind, carrying, 3, past) == "years_end_in_order: a year's end carries past equity");
  ChangeSet bare;
  bare.date = day("2025-12-31");
  bare.transfers.push_back(moved);
  CHECK(violated_invariant(y.state(), Scenario::key(1), kind, bare) ==
        "years_end_in_order: a year's end without its document");
}

TEST_CASE("year close: requests without an id, with bad names, and in a free chart are refused") {
  CHECK(check_request_year_close({ClaimKey{}, 2025, "甲"}).error().code == RefusalCode::kIdMissing);
  CHECK(check_request_year_close({Scenario::key(1), 2025, "a\nb"}).error().code ==
        RefusalCode::kTextInvalid);
  Year y(false);
  const AdoptChartRequest free{Scenario::key(901), Chart{"free", false}, {}};
  REQUIRE(y.take(free.key, CommandKind::kChart, plan_adopt_chart(y.state(), free, y.moment())) ==
          "ok");
  CHECK(y.ask() == "chart_free");
}

TEST_CASE("year close: a balance is carried only where its subject says") {
  Year y;
  REQUIRE(y.ask() == "ok");
  REQUIRE(y.begin() == "ok");
  CHECK(y.carry(2, "income", "kept", 1'000) == "carry_target_invalid");
  CHECK(y.carry(2, "bank", "profit", 1'000) == "carry_target_invalid");
  CHECK(y.carry(2, "income", "expense", 1) == "carry_target_invalid");
  CHECK(Year(false).carry(1, "income", "profit", 1) == "carry_target_invalid");
  // The target's subject is not stored, as no chart would have it; nor the account's own.
  const auto forged = [&](const char* code, const char* into) {
    Account account = *y.state().account(y.id("income"));
    account.id = AccountId{y.state().book().account_count + 1};
    account.code = code;
    account.version = 1;
    y.state().load_account(account, Balance{});
    if (into)
      y.state().apply_document(std::make_shared<const Document>(Document{
          DocumentKind::kSubject, code, 1, true,
          encode(Subject{code, "科目", AccountType::kIncome, Side::kCredit, true, {}, into})}));
    const CarryForward request{Scenario::key(++y.next), 2025, 2, {{account.id, y.id("profit"), 1}}};
    const auto planned = plan_carry_forward(y.state(), request, y.moment());
    return planned ? RefusalCode::kNone : planned.error().code;
  };
  CHECK(forged("6777", "4999") == RefusalCode::kCarryTargetInvalid);
  CHECK(forged("6778", nullptr) == RefusalCode::kCarryTargetInvalid);
}

TEST_CASE("year close: its document is decoded from exactly what was encoded") {
  const YearClose close{2025, YearCloseState::kCarrying, "甲", "乙", 3};
  const std::string good = encode(close);
  REQUIRE(decode_year_close(good));
  for (std::size_t n = 0; n < good.size(); ++n) CHECK_FALSE(decode_year_close(good.substr(0, n)));
  CHECK_FALSE(decode_year_close(good + '\0'));
  for (const int state : {0, 5}) {
    std::string other = good;
    other[4] = static_cast<char>(state);
    CHECK_FALSE(decode_year_close(other));
  }
  YearClose early = close;
  early.year = 1899;
  CHECK_FALSE(decode_year_close(encode(early)));
}

TEST_CASE("year close: what a resend must repeat") {
  const ClaimKey key = Scenario::key(1);
  CHECK(content_of(RequestYearClose{key, 2025, "甲"}) ==
        Content{{"year", "2025"}, {"maker", "甲"}});
  CHECK(content_of(BeginYearClose{key, 2025, "乙"}) ==
        Content{{"year", "2025"}, {"checker", "乙"}});
  CHECK(content_of(FinishYearClose{key, 2025, 7}) == Content{{"year", "2025"}, {"version", "7"}});
  CarryForward carry{key, 2025, 7, {{AccountId{1}, AccountId{2}, 5}}};
  const Content first = content_of(carry);
  CHECK(first[1].second == "7");
  carry.legs[0].amount = 6;
  CHECK(content_of(carry)[2] != first[2]);
}

TEST_CASE("year close: only a year that is being carried stops a later close of days") {
  Year y;
  REQUIRE(y.ask() == "ok");
  CHECK_FALSE(year_being_carried(y.state(), day("2026-01-02")));
  REQUIRE(y.begin() == "ok");
  CHECK(year_being_carried(y.state(), day("2026-01-02")) == 2025);
  CHECK_FALSE(year_being_carried(y.state(), day("2025-12-31")));
}

TEST_CASE("year close: the invariant judges its document and its legs") {
  Year y;
  const auto judged = [&](CommandKind kind, std::string key, std::string bytes,
                          std::vector<Transfer> legs = {}) {
    ChangeSet changes;
    changes.date = day("2025-12-31");
    changes.transfers.assign(legs.begin(), legs.end());
    if (!key.empty())
      changes.documents.push_back(Document{DocumentKind::kYearClose, key, 1, true, bytes});
    return year_close_violated(y.state(), kind, changes).value_or("none");
  };
  const auto close = [](YearCloseState state, std::string maker, std::string checker) {
    return encode(YearClose{2025, state, std::move(maker), std::move(checker), 0});
  };
  using S = YearCloseState;
  constexpr auto kYear = CommandKind::kYearClose;
  const std::string asked = close(S::kRequested, "甲", ""),
                    carrying = close(S::kCarrying, "甲", "乙");
  CHECK(judged(kYear, "2025", asked) == "none");
  CHECK(judged(CommandKind::kVoucher, "", "") == "none");
  CHECK(judged(CommandKind::kVoucher, "2025", asked) == "a year is closed by another command");
  CHECK(judged(kYear, "", "") == "a year's end without its document");
  CHECK(judged(kYear, "2025", "?") == "a year's end does not decode");
  CHECK(judged(kYear, "2024", asked) == "a year's end does not decode");
  CHECK(judged(kYear, "2025", carrying) == "a year's end takes a step that it must not");
  CHECK(judged(kYear, "2025", close(S::kClosed, "甲", "乙")) ==
        "a year's end takes a step that it must not");
  const Transfer carried{y.id("income"), y.id("profit"), 5};
  CHECK(judged(kYear, "2025", carrying, {carried}) ==
        "a year's end moves money and does not carry");
  REQUIRE(y.ask() == "ok");
  CHECK(judged(kYear, "2025", close(S::kCarrying, "甲", "甲")) == "a year is closed by one person");
  CHECK(judged(kYear, "2025", close(S::kCarrying, "", "乙")) == "a year is closed by one person");
  REQUIRE(y.begin() == "ok");
  CHECK(judged(kYear, "2025", carrying, {carried}) == "none");
  const auto after = [&](YearCloseState before, YearCloseState then) {
    y.state().apply_document(std::make_shared<const Document>(
        Document{DocumentKind::kYearClose, "2025", 9, true, close(before, "甲", "乙")}));
    return judged(kYear, "2025", close(then, "甲", "乙"));
  };
  for (const auto& [before, then] : {std::pair{S::kClosed, S::kRejected},
                                     {S::kRejected, S::kCarrying},
                                     {S::kRejected, S::kClosed}}) {
    INFO(name_of(before) << " to " << name_of(then));
    CHECK(after(before, then) == "a year's end takes a step that it must not");
  }
  CHECK(after(S::kRejected, S::kRequested) == "none");
  CHECK(after(S::kCarrying, S::kCarrying) == "a year's end takes a step that it must not");
  CHECK(judged(kYear, "2025", close(S::kClosed, "甲", "乙"), {carried}) ==
        "a year's end moves money and does not carry");
  const std::string past = "a year's end carries past equity";
  CHECK(judged(kYear, "2025", carrying, {{y.id("income"), y.id("bank"), 5}}) == past);
  CHECK(judged(kYear, "2025", carrying, {{AccountId{99}, y.id("profit"), 5}}) == past);
  CHECK(judged(kYear, "2025", carrying, {{y.id("profit"), AccountId{99}, 5}}) == past);
}
