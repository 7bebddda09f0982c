// One reconciliation run (对账批次) over one day and one channel: rows in, differences out. Pure:
// no clock, no storage; running it twice, or over the rows in another order, gives the same result.
//
// The caller gives
//  - the outside rows of the day, of files whose totals and balances it has checked, and outside
//    rows of earlier days that are still missing_local (their `date` is before the period);
//  - every book row of the channel up to the day that no run has matched yet (so a carried timing
//    difference is simply given again), and as many rows of the next day as it likes: they may be
//    matched, but are no difference while they wait for their own day.
//
// Every run proves itself: per currency, outside total minus book total equals the sum of its
// breaks. A run that does not is our bug and dies.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "reconcile/breaks.h"

namespace suanpan::reconcile {

/// A count and a sum over one currency.
struct Tally {
  std::uint64_t count = 0;
  std::int64_t minor = 0;  ///< signed
  friend bool operator==(const Tally&, const Tally&) = default;
};

/// The run's differences of one class in one currency. A currency mismatch is counted under the
/// outside's currency and only its amount shows under the books' currency as well.
struct ClassTally {
  BreakClass break_class = BreakClass::kMatched;
  Currency currency = Currency::kCNY;
  Tally tally;
  friend bool operator==(const ClassTally&, const ClassTally&) = default;
};

struct CurrencySummary {
  Tally outside;                      ///< rows done outside, repeats left out
  Tally book;                         ///< rows done and recognised in the books up to the period
  Tally matched;                      ///< pairs without any break; the amount is the outside's
  std::int64_t difference_minor = 0;  ///< outside minus book
  std::int64_t outside_fee_milli = 0;
  std::int64_t book_fee_milli = 0;
  std::int64_t fee_difference_milli = 0;  ///< outside minus book, breaks and tolerated together
  std::int64_t tolerated_fee_milli = 0;   ///< within the policy's tolerance
  friend bool operator==(const CurrencySummary&, const CurrencySummary&) = default;
};

struct Summary {
  std::map<Currency, CurrencySummary> currencies;
  std::vector<ClassTally> classes;  ///< by class, then currency; matched included
  std::uint64_t outside_rows = 0;   ///< all rows given, whatever their status
  std::uint64_t book_rows = 0;
  std::uint64_t idle = 0;        ///< pairs and single rows that moved no money on either side
  std::uint64_t ahead = 0;       ///< book rows of later days that wait for their own run
  std::uint64_t carried_in = 0;  ///< rows of earlier days, both sides
  std::uint64_t repeats = 0;     ///< outside rows that say what another said
  friend bool operator==(const Summary&, const Summary&) = default;
};

/// A pair to be marked as reconciled (已对账); settlement reads the mark.
struct Matched {
  std::string voucher_id;
  std::string order_id;
  std::string our_number;
  Money amount;
  SourceRef source;
  RowKind kind = RowKind::kPayment;
  friend auto operator<=>(const Matched&, const Matched&) = default;
};

/// A row of an earlier day that met its partner now, so that the break it was is over. Only a
/// timing difference is closed by that alone; people close a missing_local, by naming the voucher.
struct Cleared {
  Id128 break_id;          ///< of the break that it was
  std::string voucher_id;  ///< the books' proof
  SourceRef source;        ///< the outside's
  friend auto operator<=>(const Cleared&, const Cleared&) = default;
};

struct RunResult {
  BatchNumber batch;
  Summary summary;
  std::vector<Break> breaks;     ///< by class, kind, our number, channel number, id
  std::vector<Matched> matched;  ///< sorted; pairs without a break
  std::vector<Cleared> cleared;  ///< sorted
  std::vector<Repeat> repeats;   ///< sorted
};

/// Feeds partitions and collects the result; see Matcher for what a partition is.
/// After an error the run is dead: every later call gives the same error.
class Run {
 public:
  /// CHECKs that the batch number is valid.
  Run(BatchNumber batch, Policy policy);
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// Errors: kMismatch for an outside row dated after the period; kTooLarge for a row count above
  /// 2^31 in a call.
  Result<void> add(std::span<const OutsideRow> outside, std::span<const BookRow> book);
  /// Once, at the end. Errors: kTooLarge if a total does not fit 64 bits.
  Result<RunResult> finish();

 private:
  void take(const Pairing& pairing);
  void count_row(const OutsideRow& row);
  void count_row(const BookRow& row);
  void take_matched(const Pairing& pairing);
  void take_pair_of_done(const Pairing& pairing, const std::vector<Break>& breaks);
  Result<void> summarise();

  struct WideTally {
    std::uint64_t count = 0;
    Int128 minor = 0;
  };
  struct WideSummary {
    WideTally outside, book, matched;
    Int128 outside_fee = 0, book_fee = 0, tolerated_fee = 0;
  };

  Policy policy_;
  RunResult result_;
  Matcher matcher_;
  std::map<Currency, WideSummary> wide_;
  std::optional<Error> error_;
};

/// A whole run at once. Errors as Run's.
Result<RunResult> run(const BatchNumber& batch, const Policy& policy,
                      std::span<const OutsideRow> outside, std::span<const BookRow> book);

}  // namespace suanpan::reconcile
