#include "api/night/night.h"

#include "api/night/night_record.h"
#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/file.h"
#include "ledger/base/log.h"
#include "reconcile/reconcile_service.h"
#include "reconcile/report_files.h"
#include "settlement/settlement_service.h"

namespace suanpan::api::night {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxNoteBytes = 400;
constexpr std::size_t kMaxExceptions = 1000;  // as lines; a document holds them
constexpr int kLongestBreakDays = 31;         // without a workday, and then some

template <class T>
T decoded(Result<T> value, std::string_view what) {
  CHECK_OR_DIE(value, "{} does not decode: {}", what, value.error().message);
  return std::move(value.value());
}

ClaimKey key_of(const StepId& id, std::uint32_t attempts, std::string_view what) {
  return {id_of(fmt::format("night|{}|{}|{}|{}|{}", id.day.iso(), name_of(id.kind), id.subject,
                            attempts, what)),
          kSystemCaller};
}

bool is_bill(const StepId& id) {
  return id.kind == StepKind::kFetchBill || id.kind == StepKind::kReconcileBill;
}

// Cut at a character, so that what is stored stays UTF-8.
std::string note_of(std::string text) {
  if (text.size() <= kMaxNoteBytes) return text;
  std::size_t end = kMaxNoteBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  text.resize(end);
  return text;
}

}  // namespace

Night::Night(NightParts parts) : parts_(std::move(parts)) {}

fs::path Night::file_of(const StepId& id) const {
  return parts_.received / id.day.iso() /
         fmt::format("{}-{}", is_bill(id) ? "bill" : "statement", id.subject);
}

std::optional<NightsDone> Night::load() const {
  return parts_.book->read([&](const State& state, std::uint64_t) -> std::optional<NightsDone> {
    const DocumentPtr stored = state.document(DocumentKind::kNight, kHeadKey);
    if (!stored) return std::nullopt;
    const NightsHead head = decoded(decode_nights_head(stored->bytes), "the nights' head");
    NightsDone done{head.first, head.complete_through, state.book().accounting_date, {}};
    for (const DocumentPtr& open : state.open_documents(DocumentKind::kNight)) {
      const auto day = Date::parse(open->key);
      if (day) done.records.merge(decoded(decode_night_records(open->bytes, *day), open->key));
    }
    return done;
  });
}

void Night::round() {
  if (!parts_.settings.enabled) return;
  std::optional<NightsDone> done = load();
  if (!done) {
    const Answer begun = parts_.book->run(
        Command{{id_of("night|begin"), kSystemCaller},
                CommandKind::kSetting,
                {},
                [](const View& view, const Moment&) { return plan_begin_nights(view); }});
    CHECK_OR_DIE(begun.accepted(), "the night cannot begin: {}", name_of(begun.refusal.code));
    done = load();
  }
  while (!stop_) {
    end_nights(*done);
    const auto due = due_steps(parts_.business->now(), *done, parts_.settings);
    if (due.empty()) return;
    const StepId& id = due.front();
    const auto before = done->records.find(id);
    const std::uint32_t attempts = before == done->records.end() ? 1 : before->second.attempts + 1;
    const Result<Taken> outcome = take(id);
    if (!outcome)
      log_warn("night of {}: {} {}: {}", id.day.iso(), name_of(id.kind), id.subject,
               outcome.error().message);
    record(id, attempts, outcome);
    done = load();
  }
}

void Night::end_nights(NightsDone& done) {
  const Date through = complete_through(parts_.business->now(), done, parts_.settings);
  while (done.complete_through < through) {
    const Date day = done.complete_through.plus_days(1);
    const Answer ended = parts_.book->run(
        Command{{id_of("night|" + day.iso() + "|end"), kSystemCaller},
                CommandKind::kSetting,
                Content{{"day", day.iso()}},
                [day](const View& view, const Moment&) { return plan_end_night(view, day); }});
    CHECK_OR_DIE(ended.accepted(), "the night of {} cannot end: {}", day.iso(),
                 name_of(ended.refusal.code));
    done.complete_through = day;
  }
}

Result<Night::Taken> Night::take(const StepId& id) {
  switch (id.kind) {
    case StepKind::kDayCut:
      return cut(id);
    case StepKind::kFetchBill:
    case StepKind::kFetchStatement:
      return fetch(id);
    case StepKind::kReconcileBill:
    case StepKind::kReconcileStatement:
      return reconcile(id);
    case StepKind::kSettle:
      return settle(id);
    case StepKind::kReports: {
      TRY(parts_.write_reports(id.day));
      return Taken{};
    }
  }
  CHECK_OR_DIE(false, "night step {}", static_cast<int>(id.kind));
}

// The command names the date that it goes to: cutting twice is cutting once.
Result<Night::Taken> Night::cut(const StepId& id) {
  const Date next = id.day.plus_days(1);
  const auto seq = parts_.book->statistics().last_seq;
  const Answer answer = parts_.book->run(day_cut({key_of(id, 0, fmt::format("at {}", seq)), next}));
  if (answer.accepted()) return Taken{};
  const Date stands = parts_.book->read(
      [](const State& state, std::uint64_t) { return state.book().accounting_date; });
  if (stands >= next) return Taken{"cut by hand"};
  return fail(Errc::kMismatch, "the day cut is refused: {} {}", name_of(answer.refusal.code),
              answer.refusal.detail);
}

Result<Night::Taken> Night::fetch(const StepId& id) {
  TRY(const std::string bytes,
      parts_.fetch(is_bill(id) ? "bill" : "statement", id.subject, id.day));
  // A bill names payers: nobody but us reads the cache.
  std::error_code error;
  fs::create_directories(parts_.received, error);
  if (!error) fs::permissions(parts_.received, fs::perms::owner_all, error);
  if (error) return fail(Errc::kIo, "{}: {}", parts_.received.string(), error.message());
  TRY(reconcile::write_file(file_of(id), bytes));
  return Taken{fmt::format("{} bytes, sha-256 {}", bytes.size(), hex_lower(sha256(bytes)))};
}

Result<Night::Taken> Night::reconcile(const StepId& id) {
  std::error_code unreadable;
  if (!fs::exists(file_of(id), unreadable)) {
    TRY(fetch(id));
  }
  const auto bytes = read_file(file_of(id));
  if (!bytes) return fail(Errc::kIo, "a file that was fetched cannot be read");
  const auto run = is_bill(id)
                       ? parts_.reconcile->run_trade_bill(bytes.value(), id.subject, id.day)
                       : parts_.reconcile->run_bank_statement(bytes.value(), id.subject, id.day);
  if (!run) {
    // A file that cannot be believed may be mended outside: the next attempt asks for it anew.
    std::error_code ignored;
    fs::remove(file_of(id), ignored);
    return run.error();
  }
  return Taken{fmt::format("{}: {} matched, {} breaks", run.value().number, run.value().matched,
                           run.value().breaks.size())};
}

Result<Night::Taken> Night::settle(const StepId& id) {
  TRY(const auto summary,
      parts_.settlement->compute(id.day.plus_days(1), std::string(kNightCaller)));
  Taken taken{fmt::format("{} batches", summary.made.size())};
  for (const settlement::NotMade& left : summary.not_made) {
    if (taken.exceptions.size() == kMaxExceptions) {
      taken.exceptions.push_back(
          fmt::format("and {} more", summary.not_made.size() - kMaxExceptions));
      break;
    }
    taken.exceptions.push_back(fmt::format("{}: {} {}", left.merchant_no,
                                           name_of(left.refusal.code), left.refusal.detail));
    log_warn("night of {}: no batch for {}", id.day.iso(), taken.exceptions.back());
  }
  return taken;
}

void Night::record(const StepId& id, std::uint32_t attempts, const Result<Taken>& outcome) {
  StepRecord step;
  step.done = outcome.has_value();
  step.attempts = attempts;
  step.at = parts_.business->now();
  step.note = note_of(outcome ? outcome.value().note : outcome.error().message);
  if (outcome) step.exceptions = outcome.value().exceptions;
  const ClaimKey key = key_of(id, attempts, step.done ? "done" : "failed");
  const Answer answer = parts_.book->run(Command{
      key, CommandKind::kSetting,
      Content{{"day", id.day.iso()}, {"step", std::string(name_of(id.kind))}},
      [id, step](const View& view, const Moment&) { return plan_record_step(view, id, step); }});
  CHECK_OR_DIE(answer.accepted(), "a step of the night of {} cannot be recorded: {}", id.day.iso(),
               name_of(answer.refusal.code));
}

NightStatus Night::status() const {
  NightStatus status;
  status.enabled = parts_.settings.enabled;
  status.now = parts_.business->now();
  const auto done = load();
  if (!done) return status;
  status.first = done->first;
  if (done->complete_through >= done->first) status.complete_through = done->complete_through;
  status.steps = judge_nights(status.now, *done, parts_.settings);
  status.exceptions = latest_exceptions(status.now.date_cn());
  return status;
}

std::vector<std::string> Night::latest_exceptions(Date today) const {
  for (int back = 1; back <= kLongestBreakDays; ++back) {
    const auto night = night_of(today.plus_days(-back));
    if (!night) continue;
    for (const StepView& step : *night)
      if (step.id.kind == StepKind::kSettle && is_over(step.state)) return step.exceptions;
  }
  return {};
}

std::optional<std::vector<StepView>> Night::night_of(Date day) const {
  const DocumentPtr stored = parts_.book->document(DocumentKind::kNight, day.iso());
  if (!stored) return std::nullopt;
  std::vector<StepView> views;
  for (const auto& [id, record] : decoded(decode_night_records(stored->bytes, day), stored->key)) {
    StepView view{id};
    view.state = !record.done                ? StepState::kFailed
                 : record.exceptions.empty() ? StepState::kDone
                                             : StepState::kDoneWithExceptions;
    view.exceptions = record.exceptions;
    view.attempts = record.attempts;
    view.at = record.at;
    view.reason = record.note;
    views.push_back(std::move(view));
  }
  return views;
}

}  // namespace suanpan::api::night
