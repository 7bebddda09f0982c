// Idempotency: each field of each command, changed alone, is named.
#include "ledger/core/idempotency.h"

#include <catch2/catch.hpp>

#include "tests/support/scenario.h"

using namespace suanpan;
using test::Scenario;

namespace {

VoucherRequest full_voucher(bool hold) {
  VoucherRequest request;
  request.key = Scenario::key(1);
  request.legs.push_back(Leg{AccountId{1}, AccountId{2}, 100});
  request.legs.push_back(Leg{AccountId{1}, AccountId{3}, 200});
  request.code = 7;
  request.type = VoucherType::kReceipt;
  request.hold = hold;
  request.date = test::day("2026-03-04");
  request.effective = test::day("2026-03-01");
  if (hold) request.expires_at = Timestamp::from_seconds(4'000'000'000);
  request.text =
      std::make_shared<VoucherText>(VoucherText{"摘要", "BK-1", R"({"a":1})", "张三", "李四"});
  return request;
}

// As it is found again after being journalled, accepted or refused.
StoredCommand journalled(const VoucherRequest& request, RefusalCode refusal) {
  Stamper stamper;
  BlockBuilder block;
  const CommandEnvelope command{request.key, CommandKind::kVoucher, nullptr, &request,
                                Timestamp::from_seconds(1)};
  if (refusal != RefusalCode::kNone) {
    block.refuse(command, refuse(refusal, "2101/a"), test::day("2026-03-09"), stamper);
  } else {
    State state(BookState{test::day("2026-03-04"), test::day("2026-03-03")});
    for (std::uint32_t i = 1; i <= 3; ++i) {
      Account account;
      account.id = AccountId{i};
      account.code = std::to_string(i);
      state.load_account(account, Balance{});
    }
    block.accept(command, plan_voucher(state, request, Moment{}).value(), stamper);
  }
  return read_command(block.peek(), block.variable());
}

VoucherText with(const VoucherRequest& request, std::string VoucherText::*field) {
  VoucherText text = *request.text;
  text.*field += "x";
  return text;
}

}  // namespace

TEST_CASE("idempotency: every field of a voucher, changed alone, is named") {
  struct Change {
    const char* field;
    std::function<void(VoucherRequest&)> apply;
  };
  const auto text = [](std::string VoucherText::*field) {
    return [field](VoucherRequest& v) { v.text = std::make_shared<VoucherText>(with(v, field)); };
  };
  const Change changes[] = {
      {"legs", [](VoucherRequest& v) { v.legs.pop_back(); }},
      {"legs", [](VoucherRequest& v) { v.legs.push_back(v.legs[0]); }},
      {"debit_account", [](VoucherRequest& v) { v.legs[1].debit = AccountId{2}; }},
      {"credit_account", [](VoucherRequest& v) { v.legs[0].credit = AccountId{3}; }},
      {"amount", [](VoucherRequest& v) { v.legs[1].amount = 201; }},
      {"code", [](VoucherRequest& v) { v.code = 8; }},
      {"type", [](VoucherRequest& v) { v.type = VoucherType::kGeneral; }},
      {"hold", [](VoucherRequest& v) { v.hold = !v.hold; }},
      {"adjustment", [](VoucherRequest& v) { v.adjustment = true; }},
      {"date", [](VoucherRequest& v) { v.date = test::day("2026-03-05"); }},
      {"date", [](VoucherRequest& v) { v.date.reset(); }},
      {"effective_date", [](VoucherRequest& v) { v.effective = test::day("2026-03-02"); }},
      {"effective_date", [](VoucherRequest& v) { v.effective.reset(); }},
      {"expires_at", [](VoucherRequest& v) { v.expires_at.ns += 1; }},
      {"summary", text(&VoucherText::summary)},
      {"business_key", text(&VoucherText::business_key)},
      {"metadata", text(&VoucherText::metadata)},
      {"maker", text(&VoucherText::maker)},
      {"checker", text(&VoucherText::checker)},
      {"summary", [](VoucherRequest& v) { v.text = nullptr; }},
  };
  for (const RefusalCode refusal : {RefusalCode::kNone, RefusalCode::kBelowLimit}) {
    for (const bool hold : {false, true}) {
      const VoucherRequest request = full_voucher(hold);
      const StoredCommand stored = journalled(request, refusal);
      CHECK_FALSE(first_difference(request, stored));
      for (const Change& change : changes) {
        CAPTURE(change.field, hold, name_of(refusal));
        VoucherRequest other = request;
        change.apply(other);
        CHECK(first_difference(other, stored) == std::string(change.field));
      }
    }
  }
}

TEST_CASE("idempotency: a long business key and one of exactly 16 bytes come back as they were") {
  for (const std::string& key : {std::string("1234567890123456"), std::string("12345678901234567"),
                                 std::string(64, 'k'), std::string()}) {
    VoucherRequest request = full_voucher(false);
    request.text = std::make_shared<VoucherText>(VoucherText{"", key, "", "", ""});
    const StoredCommand stored = journalled(request, RefusalCode::kNone);
    CHECK_FALSE(first_difference(request, stored));
    CHECK((stored.effects.text ? stored.effects.text->business_key : "") == key);
    request.text = std::make_shared<VoucherText>(VoucherText{"", key + "x", "", "", ""});
    CHECK(first_difference(request, stored) == std::string("business_key"));
  }
}

TEST_CASE("idempotency: no text and an empty text are the same") {
  VoucherRequest request = full_voucher(false);
  request.text = nullptr;
  const StoredCommand stored = journalled(request, RefusalCode::kNone);
  request.text = std::make_shared<VoucherText>();
  CHECK_FALSE(first_difference(request, stored));
  PostHoldRequest post{Scenario::key(1), Scenario::key(2), {}, nullptr};
  const Content without = content_of(post);
  post.text = std::make_shared<VoucherText>();
  CHECK(content_of(post) == without);
}

TEST_CASE("idempotency: every field of every other command, changed alone, is named") {
  const auto differs = [](const auto& request, const auto& change) {
    StoredCommand stored;
    stored.kind = CommandKind::kSetTerms;
    stored.content = content_of(request);
    CHECK_FALSE(first_difference(stored.kind, content_of(request), stored));
    CHECK(first_difference(CommandKind::kDayCut, content_of(request), stored) ==
          std::string("kind"));
    auto other = request;
    change(other);
    return first_difference(stored.kind, content_of(other), stored).value_or("nothing");
  };
  const auto text = std::make_shared<VoucherText>(VoucherText{"a", "b", "{}", "c", "d"});

  PostHoldRequest post{Scenario::key(1), Scenario::key(2), {1, 2}, text};
  const auto set = [&](auto& r, std::string VoucherText::*field, const char* value) {
    VoucherText copy = *text;
    copy.*field = value;
    r.text = std::make_shared<VoucherText>(copy);
  };
  CHECK(differs(post, [](auto& r) { r.hold = Scenario::key(3); }) == "hold");
  CHECK(differs(post, [](auto& r) { r.amounts = {1, 3}; }) == "amounts");
  CHECK(differs(post, [](auto& r) { r.amounts.clear(); }) == "amounts");
  CHECK(differs(post, [](auto& r) { r.text = nullptr; }) == "summary");
  for (const char* value : {"", "other"}) {
    CHECK(differs(post, [&](auto& r) { set(r, &VoucherText::summary, value); }) == "summary");
    CHECK(differs(post, [&](auto& r) { set(r, &VoucherText::business_key, value); }) ==
          "business_key");
    CHECK(differs(post, [&](auto& r) { set(r, &VoucherText::metadata, value); }) == "metadata");
    CHECK(differs(post, [&](auto& r) { set(r, &VoucherText::maker, value); }) == "maker");
    CHECK(differs(post, [&](auto& r) { set(r, &VoucherText::checker, value); }) == "checker");
  }

  VoidHoldRequest give_back{Scenario::key(1), Scenario::key(2)};
  CHECK(differs(give_back, [](auto& r) { r.hold = Scenario::key(3); }) == "hold");

  ReversalRequest reversal;
  reversal.original = Scenario::key(2);
  reversal.amounts = {5};
  reversal.date = test::day("2026-03-04");
  reversal.text = text;
  CHECK(differs(reversal, [](auto& r) { r.original = Scenario::key(3); }) == "original");
  CHECK(differs(reversal, [](auto& r) { r.amounts = {}; }) == "amounts");
  CHECK(differs(reversal, [](auto& r) { r.date.reset(); }) == "date");
  CHECK(differs(reversal, [](auto& r) { r.adjustment = true; }) == "adjustment");
  CHECK(differs(reversal, [&](auto& r) { set(r, &VoucherText::summary, "x"); }) == "summary");
  CHECK(differs(reversal, [&](auto& r) { set(r, &VoucherText::maker, "x"); }) == "maker");

  OpenAccountRequest open;
  open.code = "1002";
  open.name = "工行";
  CHECK(differs(open, [](auto& r) { r.code = "1003"; }) == "code");
  CHECK(differs(open, [](auto& r) { r.name = "农行"; }) == "name");
  CHECK(differs(open, [](auto& r) { r.type = AccountType::kExpense; }) == "type");
  CHECK(differs(open, [](auto& r) { r.normal = Side::kCredit; }) == "normal");
  CHECK(differs(open, [](auto& r) { r.currency = Currency::kUSD; }) == "currency");
  CHECK(differs(open, [](auto& r) { r.terms.hot = true; }) == "hot");
  // Naming the side that the type has anyway is no other content.
  CHECK(differs(open, [](auto& r) { r.normal = Side::kDebit; }) == "nothing");

  SetTermsRequest terms;
  terms.code = "1002";
  CHECK(differs(terms, [](auto& r) { r.code = "1003"; }) == "code");
  CHECK(differs(terms, [](auto& r) { r.terms.limit = LimitKind::kNotBelowZero; }) == "limit");
  CHECK(differs(terms, [](auto& r) { r.terms.credit_line = 1; }) == "credit_line");
  CHECK(differs(terms, [](auto& r) { r.terms.frozen_in = true; }) == "frozen");
  CHECK(differs(terms, [](auto& r) { r.terms.frozen_out = true; }) == "frozen");
  CHECK(differs(terms, [](auto& r) { r.terms.closed = true; }) == "closed");
  CHECK(differs(terms, [](auto& r) { r.terms.hot = true; }) == "hot");
  CHECK(differs(terms, [](auto& r) { r.expected_version = 1; }) == "expected_version");

  CHECK(differs(DayCutRequest{{}, test::day("2026-03-05")},
                [](auto& r) { r.next = r.next.plus_days(1); }) == "next");
  CHECK(differs(PeriodCloseRequest{{}, test::day("2026-03-05")},
                [](auto& r) { r.through = r.through.plus_days(1); }) == "through");
}

TEST_CASE("idempotency: a field that only the first or only the second command has is named") {
  StoredCommand stored;
  stored.kind = CommandKind::kSetting;
  stored.content = {{"a", "1"}, {"b", "2"}, {"c", "3"}};
  const auto difference = [&](Content content) {
    return first_difference(CommandKind::kSetting, content, stored).value_or("nothing");
  };
  CHECK(difference({{"a", "1"}, {"b", "2"}, {"c", "3"}}) == "nothing");
  CHECK(difference({{"a", "1"}, {"c", "3"}}) == "b");
  CHECK(difference({{"a", "1"}, {"b", "2"}}) == "c");
  CHECK(difference({{"a", "1"}, {"b", "2"}, {"c", "3"}, {"d", "4"}}) == "d");
  CHECK(difference({{"a", "1"}, {"x", "9"}, {"b", "2"}, {"c", "3"}}) == "x");
  CHECK(difference({}) == "a");
  // A voucher under the id of another command.
  CHECK(first_difference(full_voucher(false), stored) == "kind");
}
