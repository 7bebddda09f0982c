#include "reconcile/cases.h"

#include <catch2/catch.hpp>

#include "tests/reconcile/rows.h"

using namespace suanpan;
using namespace suanpan::reconcile;
using namespace suanpan::reconcile::test;

namespace {

const Timestamp kNow = Timestamp::of_cn(kDay, 23, 0, 0);

Break amount_break() {
  return run_ok({Out("N1", "T1", 9900).row(17)}, {Book("V1", "N1", "T1", 10000)}).breaks.at(0);
}
Break timing_break() { return run_ok({}, {Book("V1", "N1", "T1", 10000)}).breaks.at(0); }
Break late_break() {
  return run_ok({}, {Book("V1", "N1", "T1", 10000)}, {}, {kDay.plus_days(1), "wechat", 1})
      .breaks.at(0);
}

Case opened(const Break& b) { return open_case(b, kBatch, kNow); }
Case proposed() {
  return advance(opened(amount_break()), Propose{"li", CaseAction::kAdjust, "查银行回单"}, kNow);
}
Case resolved() { return advance(proposed(), Resolve{"wang", "V9", ""}, kNow); }

}  // namespace

TEST_CASE("case: opens with the break's trace") {
  const Case c = opened(amount_break());
  CHECK(c.state == CaseState::kOpen);
  CHECK(c.version == 1);
  CHECK(c.id == amount_break().id);
  CHECK(c.amount == Money{-100, Currency::kCNY});
  CHECK(c.source == SourceRef{"bill.csv", 17});
  CHECK(c.voucher_id == "V1");
  CHECK(c.voucher_number == "记-V1");
  CHECK(c.merchant == "M1");
  CHECK(c.batch == "20260304-wechat-001");
  REQUIRE(c.history.size() == 1);
  CHECK(c.history[0].what == "open");
}

TEST_CASE("case: maker proposes, another person resolves by naming a voucher") {
  const Case c = resolved();
  CHECK(c.state == CaseState::kResolved);
  CHECK(c.version == 3);
  CHECK(c.maker == "li");
  CHECK(c.checker == "wang");
  CHECK(c.resolution_voucher_id == "V9");
  CHECK(c.amount == Money{-100, Currency::kCNY});
  CHECK(c.history.size() == 3);
}

TEST_CASE("case: a rejected proposal may be made again, by someone else") {
  Case c = advance(proposed(), Reject{"wang", "缺附件"}, kNow);
  CHECK(c.state == CaseState::kOpen);
  CHECK(c.maker.empty());
  c = advance(c, Propose{"wang", CaseAction::kSuspend, ""}, kNow);
  CHECK(check(c, Resolve{"wang", "V9", ""}) == CaseRefusal::kSamePerson);
  CHECK(check(c, Resolve{"li", "V9", ""}) == CaseRefusal::kNone);
}

TEST_CASE("case: a timing difference is cleared by a later run, or becomes a break") {
  const Case c = opened(timing_break());
  const Case cleared = advance(c, Clear{"20260305-wechat-001", "V1", {"bill2.csv", 8}}, kNow);
  CHECK(cleared.state == CaseState::kCleared);
  CHECK(cleared.resolution_voucher_id == "V1");
  CHECK(cleared.source == SourceRef{"bill2.csv", 8});
  const Case escalated = advance(c, Escalate{"20260305-wechat-001", late_break()}, kNow);
  CHECK(escalated.state == CaseState::kOpen);
  CHECK(escalated.break_class == BreakClass::kMissingChannel);
  CHECK(escalated.amount == Money{-10000, Currency::kCNY});
  CHECK(escalated.batch == c.batch);
}

TEST_CASE("case: every illegal transition is refused with its reason") {
  const std::string note(513, 'x');
  const Case open = opened(amount_break()), timing = opened(timing_break());
  const Case cleared = advance(timing, Clear{"b", "V1", {}}, kNow);
  Break other = late_break();
  other.id.lo ^= 1;
  Case full = proposed();
  full.history.resize(kMaxCaseEvents - 1, full.history[0]);
  Case almost_full = open;
  almost_full.history.resize(kMaxCaseEvents - 1, open.history[0]);
  struct Row {
    Case from;
    Transition transition;
    CaseRefusal expected;
  };
  const std::vector<Row> table{
      {open, Propose{"li", {}, ""}, CaseRefusal::kNone},
      {open, Propose{"", {}, ""}, CaseRefusal::kNoPerson},
      {open, Propose{"li", {}, note}, CaseRefusal::kNoteTooLong},
      {open, Reject{"li", ""}, CaseRefusal::kWrongState},
      {open, Resolve{"li", "V9", ""}, CaseRefusal::kWrongState},
      {open, Clear{"b", "V1", {}}, CaseRefusal::kNotTiming},
      {open, Escalate{"b", late_break()}, CaseRefusal::kNotTiming},
      {proposed(), Propose{"wang", {}, ""}, CaseRefusal::kWrongState},
      {proposed(), Reject{"", ""}, CaseRefusal::kNoPerson},
      {proposed(), Reject{"li", ""}, CaseRefusal::kNone},
      {proposed(), Resolve{"", "V9", ""}, CaseRefusal::kNoPerson},
      {proposed(), Resolve{"li", "V9", ""}, CaseRefusal::kSamePerson},
      {proposed(), Resolve{"wang", "", ""}, CaseRefusal::kNoVoucher},
      {proposed(), Resolve{"wang", "V1", ""}, CaseRefusal::kOwnVoucher},
      {proposed(), Resolve{"wang", "V9", note}, CaseRefusal::kNoteTooLong},
      {proposed(), Clear{"b", "V1", {}}, CaseRefusal::kWrongState},
      {timing, Escalate{"b", timing_break()}, CaseRefusal::kOtherBreak},
      {timing, Escalate{"b", other}, CaseRefusal::kOtherBreak},
      {timing, Escalate{"b", late_break()}, CaseRefusal::kNone},
      {resolved(), Propose{"li", {}, ""}, CaseRefusal::kFinal},
      {resolved(), Reject{"wang", ""}, CaseRefusal::kFinal},
      {resolved(), Resolve{"wang", "V8", ""}, CaseRefusal::kFinal},
      {resolved(), Clear{"b", "V1", {}}, CaseRefusal::kFinal},
      {cleared, Propose{"li", {}, ""}, CaseRefusal::kFinal},
      {cleared, Escalate{"b", late_break()}, CaseRefusal::kFinal},
      {full, Reject{"wang", ""}, CaseRefusal::kHistoryFull},
      {full, Resolve{"wang", "V9", ""}, CaseRefusal::kNone},
      {almost_full, Propose{"li", {}, ""}, CaseRefusal::kHistoryFull},
  };
  for (std::size_t i = 0; i < table.size(); ++i) {
    INFO("row " << i << ": " << name_of(check(table[i].from, table[i].transition)));
    CHECK(check(table[i].from, table[i].transition) == table[i].expected);
  }
}

TEST_CASE("case: its bytes give it back") {
  Case odd = resolved();
  odd.our_number = "quote\" back\\ 中文 \n";
  odd.amount = {INT64_MIN, Currency::kJPY};
  odd.source = {"bill \"1\".csv", UINT32_MAX};
  odd.fee_milli = INT64_MAX;
  for (const Case& c :
       {opened(amount_break()), proposed(), resolved(), opened(timing_break()), odd}) {
    const auto back = decode_case(encode(c));
    REQUIRE(back);
    CHECK(back.value() == c);
    CHECK(encode(back.value()) == encode(c));
  }
}

TEST_CASE("case: damaged bytes are corrupt, newer ones unsupported") {
  const std::string bytes = encode(resolved());
  for (std::size_t i = 0; i < bytes.size(); ++i) CHECK(!decode_case(bytes.substr(0, i)));
  const auto replaced = [&](std::string_view from, std::string_view to) {
    std::string text = bytes;
    const auto at = text.find(from);
    REQUIRE(at != std::string::npos);
    const auto result = decode_case(text.replace(at, from.size(), to));
    REQUIRE(!result);
    return result.error().code;
  };
  CHECK(replaced("\"format\":1", "\"format\":2") == Errc::kUnsupported);
  CHECK(replaced("\"format\":1", "\"format\":0") == Errc::kCorrupt);
  CHECK(replaced("\"state\":\"resolved\"", "\"state\":\"done\"") == Errc::kCorrupt);
  CHECK(replaced("\"class\":\"amount_mismatch\"", "\"class\":\"\"") == Errc::kCorrupt);
  CHECK(replaced("\"version\":3", "\"version\":0") == Errc::kCorrupt);
  CHECK(replaced("\"version\":3", "\"version\":4294967296") == Errc::kCorrupt);
  CHECK(replaced("\"source_row\":17", "\"source_row\":-1") == Errc::kCorrupt);
  CHECK(replaced("\"currency\":\"CNY\"", "\"currency\":\"XXX\"") == Errc::kCorrupt);
  CHECK(replaced("\"amount\":-100", "\"amount\":-1.5") == Errc::kCorrupt);
  CHECK(replaced("\"maker\":", "\"baker\":") == Errc::kCorrupt);
  CHECK(replaced("\"at_ns\":", "\"at\":") == Errc::kCorrupt);
}
