// What happens to orders, batches and fee schedules in settlement, step by step. Pure planners.
//
//   computed               hold merchant pending → merchant payable of the net amount
//   approved               the hold posted; merchant payable → payout in transit
//   withdrawn              the hold voided
//   failed, returned       merchant payable → merchant pending (the payout has given it back)
//
// An order counts with what it credited to the merchant's own pending account, whatever its lines
// are called: supervised funds (监管资金) on the same order are never paid to the merchant. What is
// due of it is that amount, less refunds, less what batches have taken already. So a refund after
// its batch is due with a negative amount, and a batch that lets go makes the amount due again.
//
// Every step of a batch and all orders that it touches change in one change set.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ledger/core/order.h"
#include "ledger/core/view.h"
#include "settlement/batch.h"
#include "settlement/fee_schedule.h"

namespace suanpan::settlement {

/// Order::batch of an order of which nothing is the merchant's: no batch will ever take it.
inline constexpr std::string_view kNoBatch = "-";

/// What the merchant is due of an order now: gross − fee. Below zero where he owes.
struct Due {
  std::int64_t gross_minor = 0;
  std::int64_t fee_minor = 0;
  friend bool operator==(const Due&, const Due&) = default;
};
Due due_of(const Order& order);
/// Whether any line of it credits the merchant's own pending account.
bool concerns_merchant(const Order& order);

/// Whether settlement looks at an order at all: paid, collected, in no batch or owing, and with no
/// refund under way.
bool is_candidate(const Order& order);
/// The order as compute_batch() judges it.
Candidate candidate_of(const Order& order);
/// Why a candidate waits on the day `settle_on` (a workday), nothing if it is due. T+1: an order of
/// day T is due from the first workday after T, which is any workday after T.
std::optional<LeftOut> why_waiting(const Order& order, Date settle_on);

/// The hold of a batch's money.
ClaimKey hold_of(std::string_view batch_number);
/// The key of the document (kSettlementLine) that watches a confirmed batch's payout: a bank may
/// give the money back days later. Open while watched; its bytes are the payout's number, and the
/// day of the return once there was one.
std::string watch_key(std::string_view batch_number);
inline constexpr int kWatchDays = 90;

struct ComputeRequest {
  std::string merchant_no;
  Date settle_on;
  std::string by;
  std::vector<std::string> order_ids;  ///< at most kMaxBatchLines; those not due are left alone
};
/// Answer: the batch's number; empty if only orders without anything for the merchant were marked.
/// Refusals: kMerchantNotFound, kWayNotAllowed (a direct merchant), kCalendarYearUnknown,
/// kValueInvalid, kNothingToSettle, those of a voucher. If the merchant's account cannot cover all
/// that is due (a refund of a settled order is under way), the latest orders wait.
Planned<ChangeSet> plan_compute(const View& view, const ComputeRequest& request,
                                const Moment& moment);

/// One step by one person. Refusals: kDocumentNotFound, kSamePerson, kBatchStateWrong,
/// kValueInvalid (a person or reason that cannot be).
Planned<ChangeSet> plan_review(const View& view, const std::string& number, const std::string& by,
                               const Moment& moment);
/// Answer: the payout's number. Refusals besides: kMerchantNotFound, kValueInvalid (the merchant
/// has no payee or bank account), those of a hold and of plan_payout.
Planned<ChangeSet> plan_approve(const View& view, const std::string& number, const std::string& by,
                                const Moment& moment);
Planned<ChangeSet> plan_withdraw(const View& view, const std::string& number, const std::string& by,
                                 const std::string& reason, const Moment& moment);

/// What a batch becomes by its payout; nothing if there is no step to take.
enum class FollowStep : std::uint8_t { kSent, kConfirmed, kFailed, kReturned, kReturnedLate };
std::optional<FollowStep> follow_step(BatchState batch, PayoutState payout, bool watched);

/// Brings a batch to what its payout has become. Refusals: kDocumentNotFound, kBatchStateWrong when
/// there is nothing to do, those of a voucher.
Planned<ChangeSet> plan_follow(const View& view, const std::string& number, const Moment& moment);
/// Stops watching a payout that was confirmed long ago.
Planned<ChangeSet> plan_stop_watching(const View& view, const std::string& number);

/// Replaces a merchant's schedule from today on (the open accounting date, or the clock's if that
/// is later). Rules that have begun stay, whether they are given again or not. Refusals:
/// kValueInvalid for one that differs from a rule that has begun, or a new one that begins in the
/// past of an existing schedule.
Planned<ChangeSet> plan_put_schedule(const View& view, const FeeSchedule& schedule,
                                     const Moment& moment);

/// The stored batch. Errors: kDocumentNotFound.
Planned<Batch> find_batch(const View& view, std::string_view number);

}  // namespace suanpan::settlement
