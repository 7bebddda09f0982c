// What the night is made of, and what of it is to be done now. The night of a business day D runs
// on the calendar day after it, step by step:
//
//   day_cut                        every day, weekends too (日切)
//   fetch_bill, fetch_statement    one a WeChat merchant, one a bank account
//   reconcile_bill, ..._statement  the file against the books
//   settle                         computes the batches of D + 1 if that is a workday; a merchant
//                                  who is due money and gets no batch is an exception, and the
//                                  settlement of the next workday takes him along
//   reports                        of D, and the settlement statements of D and D + 1
//
// Invariants: a step waits for its time of day and for the steps it builds on, so that days which
// were missed are caught up in their order and none is skipped; one that failed is due again after
// a pause that doubles; what is done is never due again. A year without a calendar settles nothing.
// Approval is no step: it stays with people.
//
// Pure; thread-safe.
#pragma once
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/date.h"

namespace suanpan::api::night {

/// Stable numbers and names: they are journalled. In the order of a night.
enum class StepKind : std::uint8_t {
  kDayCut = 1,
  kFetchStatement = 2,
  kReconcileStatement = 3,
  kFetchBill = 4,
  kReconcileBill = 5,
  kSettle = 6,
  kReports = 7,
};
inline constexpr std::array kStepKinds{
    StepKind::kDayCut,    StepKind::kFetchStatement, StepKind::kReconcileStatement,
    StepKind::kFetchBill, StepKind::kReconcileBill,  StepKind::kSettle,
    StepKind::kReports};
std::string_view name_of(StepKind kind);  ///< "day_cut"
std::optional<StepKind> step_kind_of(std::string_view name);

struct StepId {
  Date day;  ///< the business day that the night is of
  StepKind kind = StepKind::kDayCut;
  std::string subject;  ///< WeChat merchant number or bank account; else empty
  friend auto operator<=>(const StepId&, const StepId&) = default;
};

/// What is on record of a step that was tried.
struct StepRecord {
  bool done = false;
  std::uint32_t attempts = 0;
  Timestamp at;      ///< of the last attempt
  std::string note;  ///< why it failed, or what is worth saying of its success
  /// Of a step that is done: what it had to leave, a line each ("M1: debit_account_frozen …").
  std::vector<std::string> exceptions = {};
  friend bool operator==(const StepRecord&, const StepRecord&) = default;
};

struct NightSettings {
  bool enabled = false;
  // Minutes after midnight, UTC+8, of the calendar day after the business day.
  int day_cut_min = 5;
  int fetch_statements_min = 8 * 60 + 30;
  int fetch_bills_min = 10 * 60 + 5;  ///< WeChat makes them between 9:00 and 10:00
  int reconcile_min = 8 * 60 + 30;    ///< not before; a bill as soon as it is there
  int settle_min = 10 * 60 + 30;
  int reports_min = 11 * 60;
  int first_retry_s = 60;  ///< the pause after a first failure; it doubles
  int last_retry_s = 1800;
  std::vector<std::string> bills;       ///< WeChat merchant numbers
  std::vector<std::string> statements;  ///< bank account numbers
};

/// All that is known of the nights so far.
struct NightsDone {
  Date first;             ///< the first day whose night is ours
  Date complete_through;  ///< the nights of all days up to here are over; before `first` if none is
  Date accounting_date;   ///< the book's open day: days before it are cut, by whomever
  std::map<StepId, StepRecord> records;  ///< of the days after `complete_through`
};

enum class StepState : std::uint8_t {
  kDone = 1,
  kDue = 2,
  kWaiting = 3,  ///< for its time or for another step
  kFailed = 4,   ///< due again at `retry_at`, or never until the reason is gone
  /// Over, but for what its `exceptions` name: somebody has to look. What builds on it goes on.
  kDoneWithExceptions = 5,
};
inline constexpr std::array kStepStates{StepState::kDone, StepState::kDue, StepState::kWaiting,
                                        StepState::kFailed, StepState::kDoneWithExceptions};
constexpr bool is_over(StepState state) {
  return state == StepState::kDone || state == StepState::kDoneWithExceptions;
}
std::string_view name_of(StepState state);  ///< "waiting"

struct StepView {
  StepId id;
  StepState state = StepState::kWaiting;
  std::uint32_t attempts = 0;
  Timestamp due_at;                     ///< by its time of day
  Timestamp at;                         ///< of the last attempt; zero if there was none
  std::string reason;                   ///< why it waits or failed; of a done one its note
  std::vector<std::string> exceptions;  ///< of one that is done with them
  bool will_retry = false;              ///< failed: whether `retry_at` says when
  Timestamp retry_at;
};

/// At most so many nights are looked at, the oldest first; the rest follows as they are over.
inline constexpr int kMaxNights = 400;

/// Every step of the night of `day`, in order.
std::vector<StepId> steps_of(Date day, const NightSettings& settings);
/// Where every night that has begun and is not over stands: by day, then in the order of a night.
std::vector<StepView> judge_nights(Timestamp now, const NightsDone& done,
                                   const NightSettings& settings);
/// What is to be done now, in the order to do it in. Doing the first may make more due.
std::vector<StepId> due_steps(Timestamp now, const NightsDone& done, const NightSettings& settings);
/// The last day up to which every night is over.
Date complete_through(Timestamp now, const NightsDone& done, const NightSettings& settings);
/// The pause after `attempts` failures, seconds.
std::int64_t retry_pause_s(std::uint32_t attempts, const NightSettings& settings);

}  // namespace suanpan::api::night
