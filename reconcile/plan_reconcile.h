// What a reconciliation run writes, planned: taking a file in, marking what is matched and what has
// arrived, opening and closing cases, posting a channel's credit at the bank, finishing.
//
//   credit as the bills promise   debit bank deposit (net)    credit channel receivable
//                                 debit channel cost (fee)    credit channel receivable
//   any other credit of a channel debit bank deposit          credit suspense (挂账)
//
// Every planner can be repeated: what is written already is left as it is, so that a run which was
// interrupted is done again from its start. Pure.
#pragma once
#include <variant>

#include "ledger/core/view.h"
#include "reconcile/cases.h"
#include "reconcile/run.h"
#include "reconcile/run_record.h"

namespace suanpan::reconcile {

/// Takes a file in under its run number, unfinished. Refusals: kDocumentExists (the file or the
/// number).
Planned<ChangeSet> plan_take_file(const View& view, const TakenFile& file);

/// Marks of one run, a part of them: invariants compare the documents of a change set in pairs.
inline constexpr std::size_t kMaxMarks = 500;
struct Marks {
  std::string reconciled;  ///< the run; empty: does not say
  std::string arrived;     ///< the statement, on orders only; empty: does not say
  std::vector<std::string> orders, refunds, payouts;  ///< ids
  std::size_t size() const { return orders.size() + refunds.size() + payouts.size(); }
};
/// A mark that stands is kept; what is not there or not paid gets none.
Planned<ChangeSet> plan_marks(const View& view, const Marks& marks);

/// What a run does to a case: opens it (or gives a timing difference its new class), or clears it.
inline constexpr std::size_t kMaxCaseSteps = 200;
struct Found {
  Break found;
  std::string voucher_id;      ///< where the money stands now, if `found` has no book row
  std::string voucher_number;  ///< likewise
};
using CaseStep = std::variant<Found, Cleared>;
Planned<ChangeSet> plan_cases(const View& view, const BatchNumber& batch,
                              const std::vector<CaseStep>& steps, const Moment& moment);

/// A channel's credit in a statement; `credit.bills` are what it should settle.
/// The answer is "arrived" or "suspense/<reason>". Refusals: kAccountNotFound (bank account),
/// kCurrencyMismatch, account refusals.
Planned<ChangeSet> plan_arrival(const View& view, const Arrival& credit, Date booked_on,
                                const ClaimKey& key);

/// Ends a run: its record, its file, the cursor of the bank account, what a bill promises.
struct Finish {
  RunRecord run;
  TakenFile file;
  std::optional<Expected> expected;
};
Planned<ChangeSet> plan_finish(const View& view, const Finish& finish);

std::optional<Case> find_case(const View& view, const Id128& id);
std::optional<RunRecord> find_run_record(const View& view, std::string_view number);
std::optional<Expected> find_expected(const View& view, std::string_view key);
std::optional<Arrival> find_arrival(const View& view, std::string_view key);

/// Settles `credit` against the bills it names: their receivable and fee, and their marks.
Planned<void> add_settled_bills(const View& view, ChangeSet& changes, const Arrival& credit,
                                const std::string& debit_account);

}  // namespace suanpan::reconcile
