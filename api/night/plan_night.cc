#include "api/night/plan_night.h"

#include <fmt/format.h>

#include <algorithm>

#include "ledger/base/check.h"
#include "settlement/calendar.h"

namespace suanpan::api::night {
namespace {

int minute_of(StepKind kind, const NightSettings& settings) {
  switch (kind) {
    case StepKind::kDayCut:
      return settings.day_cut_min;
    case StepKind::kFetchStatement:
      return settings.fetch_statements_min;
    case StepKind::kFetchBill:
      return settings.fetch_bills_min;
    case StepKind::kReconcileStatement:
    case StepKind::kReconcileBill:
      return settings.reconcile_min;
    case StepKind::kSettle:
      return settings.settle_min;
    case StepKind::kReports:
      return settings.reports_min;
  }
  CHECK_OR_DIE(false, "night step {}", static_cast<int>(kind));
}

std::string label(const StepId& id) {
  return id.subject.empty() ? std::string(name_of(id.kind))
                            : fmt::format("{} {}", name_of(id.kind), id.subject);
}

// Looks at one step after the other; remembers nothing but what is on record.
class Judge {
 public:
  Judge(Timestamp now, const NightsDone& done, const NightSettings& settings)
      : now_(now), done_(done), settings_(settings) {}

  bool is_done(const StepId& id) const {
    if (id.day < done_.first || id.day <= done_.complete_through) return true;
    // Somebody may have cut the day by hand.
    if (id.kind == StepKind::kDayCut && id.day < done_.accounting_date) return true;
    const StepRecord* record = find(id);
    return record && record->done;
  }

  StepView view(const StepId& id) const {
    StepView view{id};
    const int minute = minute_of(id.kind, settings_);
    view.due_at = Timestamp::of_cn(id.day.plus_days(1), minute / 60, minute % 60, 0);
    const StepRecord* record = find(id);
    if (record) {
      view.attempts = record->attempts;
      view.at = record->at;
      view.reason = record->note;
    }
    if (is_done(id)) {
      view.state = StepState::kDone;
      if (record && !record->exceptions.empty()) {
        view.state = StepState::kDoneWithExceptions;
        view.exceptions = record->exceptions;
      }
      return view;
    }
    if (now_ < view.due_at) return waits(std::move(view), "for its time");
    if (const auto before = blocked_by(id))
      return waits(std::move(view), fmt::format("for {} of {}", label(*before), before->day.iso()));
    if (id.kind == StepKind::kSettle) {
      if (const auto works = settlement::is_workday(id.day.plus_days(1)); !works) {
        view.state = StepState::kFailed;
        view.reason = works.error().message;
        return view;
      }
    }
    view.state = StepState::kDue;
    if (!record) return view;
    view.retry_at = record->at.plus_seconds(retry_pause_s(record->attempts, settings_));
    if (now_ >= view.retry_at) return view;
    view.state = StepState::kFailed;
    view.will_retry = true;
    return view;
  }

 private:
  const StepRecord* find(const StepId& id) const {
    const auto found = done_.records.find(id);
    return found == done_.records.end() ? nullptr : &found->second;
  }

  static StepView waits(StepView view, std::string reason) {
    view.state = StepState::kWaiting;
    view.reason = std::move(reason);
    return view;
  }

  // The first step that `id` builds on and that is not done.
  std::optional<StepId> blocked_by(const StepId& id) const {
    const Date day = id.day, before = id.day.plus_days(-1);
    std::vector<StepId> needs;
    const auto bills = [&](Date of) {
      for (const std::string& bill : settings_.bills)
        needs.push_back({of, StepKind::kReconcileBill, bill});
    };
    const auto statements = [&](Date of) {
      for (const std::string& account : settings_.statements)
        needs.push_back({of, StepKind::kReconcileStatement, account});
    };
    switch (id.kind) {
      case StepKind::kDayCut:
        needs.push_back({before, StepKind::kDayCut, ""});
        break;
      case StepKind::kFetchBill:
      case StepKind::kFetchStatement:
        break;
      case StepKind::kReconcileBill:
        needs = {{day, StepKind::kDayCut, ""},
                 {day, StepKind::kFetchBill, id.subject},
                 {before, StepKind::kReconcileBill, id.subject}};
        break;
      case StepKind::kReconcileStatement:
        needs = {{day, StepKind::kDayCut, ""},
                 {day, StepKind::kFetchStatement, id.subject},
                 {before, StepKind::kReconcileStatement, id.subject}};
        // A channel's credit is held against what the bills of the days before promise.
        bills(before);
        break;
      case StepKind::kSettle:
        needs.push_back({day, StepKind::kDayCut, ""});
        statements(day);
        bills(before);
        break;
      case StepKind::kReports:
        needs = {{day, StepKind::kDayCut, ""}, {before, StepKind::kReports, ""}};
        bills(day);
        statements(day);
        break;
    }
    for (StepId& need : needs)
      if (!is_done(need)) return std::move(need);
    return std::nullopt;
  }

  const Timestamp now_;
  const NightsDone& done_;
  const NightSettings& settings_;
};

Date first_open(const NightsDone& done) {
  return std::max(done.first, done.complete_through.plus_days(1));
}

// The last day whose night has begun, were there no limit: yesterday.
Date last_begun(Timestamp now, const NightsDone& done) {
  return std::min(now.date_cn().plus_days(-1), first_open(done).plus_days(kMaxNights - 1));
}

}  // namespace

std::string_view name_of(StepKind kind) {
  switch (kind) {
    case StepKind::kDayCut:
      return "day_cut";
    case StepKind::kFetchStatement:
      return "fetch_statement";
    case StepKind::kReconcileStatement:
      return "reconcile_statement";
    case StepKind::kFetchBill:
      return "fetch_bill";
    case StepKind::kReconcileBill:
      return "reconcile_bill";
    case StepKind::kSettle:
      return "settle";
    case StepKind::kReports:
      return "reports";
  }
  return "";
}

std::optional<StepKind> step_kind_of(std::string_view name) {
  for (const StepKind kind : kStepKinds)
    if (name_of(kind) == name) return kind;
  return std::nullopt;
}

std::string_view name_of(StepState state) {
  switch (state) {
    case StepState::kDone:
      return "done";
    case StepState::kDue:
      return "due";
    case StepState::kWaiting:
      return "waiting";
    case StepState::kFailed:
      return "failed";
    case StepState::kDoneWithExceptions:
      return "done_with_exceptions";
  }
  return "";
}

std::vector<StepId> steps_of(Date day, const NightSettings& settings) {
  std::vector<StepId> steps;
  for (const StepKind kind : kStepKinds) {
    switch (kind) {
      case StepKind::kFetchStatement:
      case StepKind::kReconcileStatement:
        for (const std::string& account : settings.statements)
          steps.push_back({day, kind, account});
        break;
      case StepKind::kFetchBill:
      case StepKind::kReconcileBill:
        for (const std::string& bill : settings.bills) steps.push_back({day, kind, bill});
        break;
      case StepKind::kSettle: {
        // A day that nobody knows whether it is a workday keeps the step, which then says why not.
        const auto works = settlement::is_workday(day.plus_days(1));
        if (!works || works.value()) steps.push_back({day, kind, ""});
        break;
      }
      case StepKind::kDayCut:
      case StepKind::kReports:
        steps.push_back({day, kind, ""});
        break;
    }
  }
  return steps;
}

std::int64_t retry_pause_s(std::uint32_t attempts, const NightSettings& settings) {
  std::int64_t pause = settings.first_retry_s;
  for (std::uint32_t i = 1; i < attempts && pause < settings.last_retry_s; ++i) pause *= 2;
  return std::min<std::int64_t>(pause, settings.last_retry_s);
}

std::vector<StepView> judge_nights(Timestamp now, const NightsDone& done,
                                   const NightSettings& settings) {
  const Judge judge(now, done, settings);
  std::vector<StepView> views;
  const Date last = last_begun(now, done);
  for (Date day = first_open(done); day <= last; day = day.plus_days(1))
    for (const StepId& id : steps_of(day, settings)) views.push_back(judge.view(id));
  return views;
}

std::vector<StepId> due_steps(Timestamp now, const NightsDone& done,
                              const NightSettings& settings) {
  std::vector<StepId> due;
  if (!settings.enabled) return due;
  for (StepView& view : judge_nights(now, done, settings))
    if (view.state == StepState::kDue) due.push_back(std::move(view.id));
  return due;
}

Date complete_through(Timestamp now, const NightsDone& done, const NightSettings& settings) {
  const Judge judge(now, done, settings);
  Date day = first_open(done);
  for (const Date last = last_begun(now, done); day <= last; day = day.plus_days(1)) {
    const auto steps = steps_of(day, settings);
    if (!std::ranges::all_of(steps, [&](const StepId& id) { return judge.is_done(id); })) break;
  }
  return day.plus_days(-1);
}

}  // namespace suanpan::api::night
