#include "api/night/plan_night.h"

#include <catch2/catch.hpp>

#include "api/night/night_record.h"

namespace suanpan::api::night {
namespace {

Date date(const char* iso) { return *Date::parse(iso); }
Timestamp at(const char* plain) { return *Timestamp::parse(plain); }

NightSettings settings_of_one() {
  NightSettings s;
  s.enabled = true;
  s.bills = {"W1"};
  s.statements = {"B1"};
  return s;
}

NightsDone from(const char* first) {
  return {date(first), date(first).plus_days(-1), date(first), {}};
}

/// "03-04 day_cut", "03-04 fetch_bill W1".
std::string text(const StepId& id) {
  std::string out = id.day.iso().substr(5) + " " + std::string(name_of(id.kind));
  if (!id.subject.empty()) out += " " + id.subject;
  return out;
}
std::vector<std::string> texts(const std::vector<StepId>& ids) {
  std::vector<std::string> out;
  for (const StepId& id : ids) out.push_back(text(id));
  return out;
}

void finish(NightsDone& done, const StepId& id, Timestamp when) {
  done.records[id] = {true, done.records[id].attempts + 1, when, ""};
  if (id.kind == StepKind::kDayCut) done.accounting_date = id.day.plus_days(1);
}

/// Does all that is due, one after the other, as the driver does; what it did, in order.
std::vector<std::string> do_all(NightsDone& done, Timestamp now, const NightSettings& settings) {
  std::vector<std::string> did;
  while (true) {
    const auto due = due_steps(now, done, settings);
    if (due.empty()) return did;
    did.push_back(text(due.front()));
    finish(done, due.front(), now);
    REQUIRE(did.size() < 1000);
  }
}

StepView view_of(const NightsDone& done, Timestamp now, const NightSettings& settings,
                 const std::string& wanted) {
  for (const StepView& view : judge_nights(now, done, settings))
    if (text(view.id) == wanted) return view;
  FAIL("there is no step " << wanted);
  return {};
}

using Texts = std::vector<std::string>;

TEST_CASE("night: each step becomes due at its time of the next day") {
  const NightSettings s = settings_of_one();
  NightsDone done = from("2026-03-04");  // a Wednesday
  struct Row {
    const char* now;
    Texts did;
  };
  const Row rows[] = {
      {"2026-03-04 23:59:59", {}},
      {"2026-03-05 00:04:59", {}},
      {"2026-03-05 00:05:00", {"03-04 day_cut"}},
      {"2026-03-05 08:29:59", {}},
      {"2026-03-05 08:30:00", {"03-04 fetch_statement B1", "03-04 reconcile_statement B1"}},
      {"2026-03-05 10:04:59", {}},
      {"2026-03-05 10:05:00", {"03-04 fetch_bill W1", "03-04 reconcile_bill W1"}},
      {"2026-03-05 10:30:00", {"03-04 settle"}},
      {"2026-03-05 10:59:59", {}},
      {"2026-03-05 11:00:00", {"03-04 reports"}},
      {"2026-03-05 23:59:59", {}},
      {"2026-03-06 00:05:00", {"03-05 day_cut"}},
  };
  for (const Row& row : rows) {
    INFO(row.now);
    CHECK(do_all(done, at(row.now), s) == row.did);
  }
  CHECK(complete_through(at("2026-03-06 00:05:00"), done, s) == date("2026-03-04"));
}

TEST_CASE("night: nothing is due where it is switched off") {
  NightSettings s = settings_of_one();
  s.enabled = false;
  CHECK(due_steps(at("2026-03-05 12:00:00"), from("2026-03-04"), s).empty());
}

TEST_CASE("night: batches are computed on workdays only, make-up workdays among them") {
  struct Row {
    const char* day;    ///< whose night it is
    bool settles;       ///< on the day after
    const char* about;  ///< by the State Council's announcement for 2026
  };
  const Row rows[] = {
      {"2026-03-05", true, "Friday"},
      {"2026-03-06", false, "Saturday"},
      {"2026-03-07", false, "Sunday"},
      {"2026-03-08", true, "Monday"},
      {"2026-02-12", true, "Friday before the Spring Festival"},
      {"2026-02-13", true, "Saturday 02-14, a make-up workday"},
      {"2026-02-15", false, "Monday 02-16, Spring Festival"},
      {"2026-02-27", true, "Saturday 02-28, a make-up workday"},
      {"2026-09-30", false, "Thursday 10-01, National Day"},
      {"2026-10-09", true, "Saturday 10-10, a make-up workday"},
  };
  for (const Row& row : rows) {
    INFO(row.day << " " << row.about);
    const auto steps = texts(steps_of(date(row.day), settings_of_one()));
    const bool settles = std::find(steps.begin(), steps.end(),
                                   std::string(row.day).substr(5) + " settle") != steps.end();
    CHECK(settles == row.settles);
    // Days are cut and reconciled whatever day it is.
    CHECK(steps.size() == (row.settles ? 7 : 6));
  }
}

TEST_CASE("night: a year without a calendar settles nothing, and says so; all else goes on") {
  const NightSettings s = settings_of_one();
  NightsDone done = from("2026-12-31");
  const Timestamp now = at("2027-01-01 12:00:00");
  CHECK(do_all(done, now, s) == Texts{"12-31 day_cut", "12-31 fetch_statement B1",
                                      "12-31 reconcile_statement B1", "12-31 fetch_bill W1",
                                      "12-31 reconcile_bill W1", "12-31 reports"});
  const StepView settle = view_of(done, now, s, "12-31 settle");
  CHECK(settle.state == StepState::kFailed);
  CHECK(settle.reason.find("2027") != std::string::npos);
  CHECK_FALSE(settle.will_retry);
  // The night stays open, so that a later version with that year's calendar settles it.
  CHECK(complete_through(now, done, s) == date("2026-12-30"));
}

TEST_CASE("night: a clock that is days ahead catches up every day in its order") {
  const NightSettings s = settings_of_one();
  NightsDone done = from("2026-03-05");  // Thursday; the clock goes on to Monday noon
  const Texts did = do_all(done, at("2026-03-09 12:00:00"), s);
  Texts cuts, statements, bills, settled, reports;
  for (const std::string& step : did) {
    if (step.ends_with("day_cut")) cuts.push_back(step);
    if (step.ends_with("reconcile_statement B1")) statements.push_back(step);
    if (step.ends_with("reconcile_bill W1")) bills.push_back(step);
    if (step.ends_with("settle")) settled.push_back(step);
    if (step.ends_with("reports")) reports.push_back(step);
  }
  CHECK(cuts == Texts{"03-05 day_cut", "03-06 day_cut", "03-07 day_cut", "03-08 day_cut"});
  CHECK(statements == Texts{"03-05 reconcile_statement B1", "03-06 reconcile_statement B1",
                            "03-07 reconcile_statement B1", "03-08 reconcile_statement B1"});
  CHECK(bills == Texts{"03-05 reconcile_bill W1", "03-06 reconcile_bill W1",
                       "03-07 reconcile_bill W1", "03-08 reconcile_bill W1"});
  CHECK(settled == Texts{"03-05 settle", "03-08 settle"});  // of Friday and of Monday
  CHECK(reports == Texts{"03-05 reports", "03-06 reports", "03-07 reports", "03-08 reports"});
  const auto place = [&](const std::string& step) {
    return std::find(did.begin(), did.end(), step) - did.begin();
  };
  // A statement's credits are held against the bill of the day before.
  CHECK(place("03-05 reconcile_bill W1") < place("03-06 reconcile_statement B1"));
  CHECK(complete_through(at("2026-03-09 12:00:00"), done, s) == date("2026-03-08"));
}

TEST_CASE("night: a restart midway goes on with what is not on record") {
  const NightSettings s = settings_of_one();
  const Timestamp now = at("2026-03-05 12:00:00");
  NightsDone whole = from("2026-03-04");
  const Texts all = do_all(whole, now, s);
  REQUIRE(all.size() == 7);
  for (std::size_t stop = 0; stop <= all.size(); ++stop) {
    INFO("after " << stop << " steps");
    NightsDone done = from("2026-03-04");
    for (std::size_t i = 0; i < stop; ++i) finish(done, due_steps(now, done, s).front(), now);
    // What is kept is what the documents keep.
    const auto records = decode_night_records(encode(done.records), date("2026-03-04"));
    REQUIRE(records);
    NightsDone again{done.first, done.complete_through, done.accounting_date, records.value()};
    CHECK(do_all(again, now, s) ==
          Texts(all.begin() + static_cast<std::ptrdiff_t>(stop), all.end()));
  }
}

TEST_CASE("night: a step that fails is due again after a pause that doubles up to its limit") {
  NightSettings s = settings_of_one();
  s.first_retry_s = 60;
  s.last_retry_s = 300;
  const std::int64_t pauses[] = {60, 120, 240, 300, 300};
  for (std::uint32_t i = 0; i < 5; ++i) CHECK(retry_pause_s(i + 1, s) == pauses[i]);
  CHECK(retry_pause_s(4'000'000'000U, s) == 300);

  NightsDone done = from("2026-03-04");
  const Timestamp tried = at("2026-03-05 10:05:00");
  do_all(done, at("2026-03-05 10:04:00"), s);
  const StepId bill{date("2026-03-04"), StepKind::kFetchBill, "W1"};
  done.records[bill] = {false, 2, tried, "the bill is not made yet"};
  StepView view = view_of(done, tried.plus_seconds(119), s, "03-04 fetch_bill W1");
  CHECK(view.state == StepState::kFailed);
  CHECK(view.reason == "the bill is not made yet");
  CHECK(view.will_retry);
  CHECK(view.retry_at == tried.plus_seconds(120));
  CHECK(view.attempts == 2);
  CHECK(due_steps(tried.plus_seconds(119), done, s).empty());
  CHECK(texts(due_steps(tried.plus_seconds(120), done, s)) == Texts{"03-04 fetch_bill W1"});
}

TEST_CASE("night: what builds on a failed step waits and says for what; the rest goes on") {
  NightSettings s = settings_of_one();
  s.bills = {"W1", "W2"};
  s.last_retry_s = s.first_retry_s = 86'400;
  NightsDone done = from("2026-03-04");
  const StepId bill{date("2026-03-04"), StepKind::kFetchBill, "W1"};
  done.records[bill] = {false, 1, at("2026-03-06 11:00:00"), "no answer"};
  const Timestamp now = at("2026-03-06 12:00:00");
  const Texts did = do_all(done, now, s);
  const auto did_it = [&](const char* step) {
    return std::find(did.begin(), did.end(), step) != did.end();
  };
  CHECK(did_it("03-05 day_cut"));
  CHECK(did_it("03-05 fetch_bill W1"));
  CHECK(did_it("03-05 reconcile_bill W2"));
  CHECK(did_it("03-04 settle"));  // of 03-05: over the statement of 03-04 and the bills of 03-03
  CHECK_FALSE(did_it("03-05 reconcile_bill W1"));
  CHECK_FALSE(did_it("03-04 reports"));
  CHECK(view_of(done, now, s, "03-04 reconcile_bill W1").reason ==
        "for fetch_bill W1 of 2026-03-04");
  CHECK(view_of(done, now, s, "03-05 reconcile_bill W1").reason ==
        "for reconcile_bill W1 of 2026-03-04");
  CHECK(view_of(done, now, s, "03-05 reconcile_statement B1").reason ==
        "for reconcile_bill W1 of 2026-03-04");
  CHECK(view_of(done, now, s, "03-05 settle").reason == "for reconcile_statement B1 of 2026-03-05");
  CHECK(view_of(done, now, s, "03-04 reports").reason == "for reconcile_bill W1 of 2026-03-04");
  CHECK(complete_through(now, done, s) == date("2026-03-03"));
}

TEST_CASE("night: a day that people have cut by hand is not cut again") {
  const NightSettings s = settings_of_one();
  NightsDone done = from("2026-03-04");
  done.accounting_date = date("2026-03-05");
  const Timestamp now = at("2026-03-05 00:10:00");
  CHECK(due_steps(now, done, s).empty());
  CHECK(view_of(done, now, s, "03-04 day_cut").state == StepState::kDone);
}

TEST_CASE("night: records survive their bytes, and damaged ones are refused") {
  const NightsHead head{date("2026-03-04"), date("2026-03-09")};
  CHECK(decode_nights_head(encode(head)).value() == head);
  const NightRecords records{
      {{date("2026-03-04"), StepKind::kDayCut, ""}, {true, 1, at("2026-03-05 00:05:00"), ""}},
      {{date("2026-03-04"), StepKind::kFetchBill, "W1"},
       {false, 3, at("2026-03-05 10:07:00"), "微信 \"did not\" answer"}}};
  CHECK(decode_night_records(encode(records), date("2026-03-04")).value() == records);

  struct Row {
    const char* bytes;
    Errc code;
  };
  const Row rows[] = {
      {R"({"format":2,"steps":[]})", Errc::kUnsupported},
      {R"({"format":1})", Errc::kMalformed},
      {R"({"format":1,"steps":[{"step":"nap","subject":"","done":true,"attempts":1,"at":1,"note":""}]})",
       Errc::kMalformed},
      {R"({"format":1,"steps":[{"step":"settle","subject":"","done":true,"attempts":0,"at":1,"note":""}]})",
       Errc::kMalformed},
      {R"({"format":1,"steps":[{"step":"settle","subject":"","done":1,"attempts":1,"at":1,"note":""}]})",
       Errc::kMalformed},
  };
  for (const Row& row : rows) {
    INFO(row.bytes);
    const auto read = decode_night_records(row.bytes, date("2026-03-04"));
    REQUIRE(read.has_error());
    CHECK(read.error().code == row.code);
  }
  CHECK(decode_nights_head(R"({"format":1,"first":"2026-02-30","complete_through":"2026-03-01"})")
            .error()
            .code == Errc::kMalformed);
}

}  // namespace
}  // namespace suanpan::api::night
