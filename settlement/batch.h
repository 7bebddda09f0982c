// A settlement batch (结算批次): what one merchant is paid on one workday, as a plain value with
// its state machine. One document of the ledger; whoever commits a step posts its vouchers with it.
//
//   computed ──> reviewed ──> approved ──> sent ──> confirmed
//      │            │        by a second     ├────> returned   the bank gave the money back
//      └────────────┴──> withdrawn  person   └────> failed     the bank refused for good
//
// Invariants: only reconciled and arrived money of collected orders is in a batch; no item is in it
// twice; its total is positive; whoever approves has neither computed nor reviewed it; states never
// go back, and the four on the right and below are final. A return after confirmation is a new
// document. Items of a withdrawn, returned or failed batch are free for the next run.
//
// Running a day twice pays once: batch_no() and payout_no() depend on merchant, day and run alone,
// and the bank takes a payout number once.
//
// Pure values and functions: time and persons are arguments; thread-safe.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/date.h"
#include "ledger/base/money.h"
#include "ledger/base/result.h"

namespace suanpan::settlement {

enum class BatchState : std::uint8_t {
  kComputed = 1,
  kReviewed = 2,
  kApproved = 3,
  kSent = 4,
  kConfirmed = 5,
  kReturned = 6,
  kFailed = 7,
  kWithdrawn = 8,
};

std::string_view name_of(BatchState state);  ///< "computed"
bool is_final(BatchState state);
/// Whether the items of a batch in that state may be taken by another one.
bool releases_items(BatchState state);

/// One step of a batch's history: who brought it into that state, when, and why.
struct BatchStep {
  BatchState state = BatchState::kComputed;
  std::string by;  ///< the caller's key name, 1-64 bytes
  Timestamp at;
  std::string note;  ///< required for withdrawn, returned and failed: the reason
  friend bool operator==(const BatchStep&, const BatchStep&) = default;
};

/// An order's sale, refunds until then taken off; or a refund of a sale settled earlier (negative).
/// The merchant is due gross − fee.
struct BatchLine {
  std::string item_no;
  std::int64_t gross_minor = 0;
  std::int64_t fee_minor = 0;
  friend bool operator==(const BatchLine&, const BatchLine&) = default;
};

struct Batch {
  std::string merchant_no;
  Currency currency = Currency::kCNY;
  Date settle_on;
  int run = 1;  ///< 1-99: the next one after a release, or after a batch that was full
  std::vector<BatchLine> lines;    ///< by item number
  std::vector<BatchStep> history;  ///< never empty; the last step is the state
  friend bool operator==(const Batch&, const Batch&) = default;
};

struct BatchTotals {
  std::int64_t gross_minor = 0;
  std::int64_t fee_minor = 0;
  std::int64_t net_minor = 0;  ///< the payout
};

BatchState state_of(const Batch& batch);
BatchTotals totals_of(const Batch& batch);
/// The document's key: "20260305-M1621873433953-01".
std::string batch_no(const Batch& batch);
/// The payout's number at the bank, its idempotency key: 34 characters, a digest of batch_no().
std::string payout_no(const Batch& batch);

/// A line is at most about 100 bytes, so that a full batch stays below kMaxDocumentBytes.
inline constexpr std::size_t kMaxBatchLines = 8000;
inline constexpr int kMaxBatchRuns = 99;

enum class ItemKind : std::uint8_t { kSale = 1, kRefund = 2 };

/// What settlement knows of an item when it looks for a batch to put it in.
struct Candidate {
  std::string item_no;
  ItemKind kind = ItemKind::kSale;
  std::string merchant_no;
  Currency currency = Currency::kCNY;
  Date sold_on;                  ///< the sale's accounting date: T
  std::int64_t gross_minor = 0;  ///< sale: price and fee left after refunds, both >= 0
  std::int64_t fee_minor = 0;    ///< refund: both <= 0
  bool collected = true;         ///< false: the money went to the merchant's own account (直连)
  bool reconciled = false;       ///< the channel's bill agrees
  bool arrived = false;          ///< the channel's money is at the bank
  std::string in_batch;          ///< the batch that has it; empty if none or if that one let go
};

/// Why an item is left out, by precedence.
enum class LeftOut : std::uint8_t {
  kForeignMerchant = 1,
  kForeignCurrency = 2,
  kDirect = 3,   ///< nothing of it is with us
  kInBatch = 4,  ///< another batch pays it
  kNotDue = 5,   ///< its T+N lies after the batch's day
  kNotReconciled = 6,
  kNotArrived = 7,
  kNothingDue = 8,     ///< refunded in full, no fee left
  kBatchFull = 9,      ///< the next run takes it
  kNothingToPay = 10,  ///< the merchant's items do not sum to a payout; they wait for more
};
std::string_view name_of(LeftOut reason);  ///< "not_reconciled"

struct BatchRequest {
  std::string merchant_no;
  Currency currency = Currency::kCNY;
  Date settle_on;    ///< a workday
  int workdays = 1;  ///< N of T+N
  int run = 1;
  std::string by;
  Timestamp at;
};

/// Why `item` cannot be in the batch, looking at it alone; nothing if it can. A refund of a settled
/// sale needs neither reconciliation nor arrival: the merchant owes it from the day it is accepted.
/// Errors: kNotFound if T+N needs a year whose calendar is unknown.
Result<std::optional<LeftOut>> why_left_out(const BatchRequest& request, const Candidate& item);

struct LeftOutItem {
  std::string item_no;
  LeftOut why;
  friend bool operator==(const LeftOutItem&, const LeftOutItem&) = default;
};

struct ComputedBatch {
  std::optional<Batch> batch;  ///< nothing if there is nothing to pay
  std::vector<LeftOutItem> left_out;
};

/// Computes a batch: refunds first, then sales by date and number; the same candidates in any order
/// give the same batch. Errors: kMalformed for a request or an item that cannot be; kMismatch for
/// an item given twice or a day that is no workday; kNotFound for an unknown calendar year;
/// kTooLarge.
Result<ComputedBatch> compute_batch(const BatchRequest& request, std::span<const Candidate> items);

/// The batch after `step`. Errors: kMismatch with the reason for a step that does not follow, an
/// approval by who computed or reviewed, or a step dated before the last; kMalformed for a missing
/// person or reason.
Result<Batch> advance(const Batch& batch, const BatchStep& step);

/// The document's bytes; totals are written for readers and checked on the way in.
std::string encode(const Batch& batch);
/// Reads, and judges the whole history again. Errors: kMalformed, kUnsupported, kMismatch.
Result<Batch> decode_batch(std::string_view bytes);

}  // namespace suanpan::settlement
