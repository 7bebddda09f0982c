// Settles collected merchants: computes batches from reconciled and arrived orders, holds the money
// while a batch is under way, pays it out through the bank after a second person approved.
//
//   compute   hold merchant pending → merchant payable for the net amount; orders carry the batch
//   number approve   the hold is posted; the payout is accepted (payable → in transit) and sent
//   withdraw  the hold is voided; orders are free again
//   follow    confirmed, failed or returned by the payout's own state
//
// All state is documents; running a day twice computes nothing new and pays once. Thread-safe:
// commands are serialised by the book. Functions block for their durable answers: not from a
// `done`.
#pragma once
#include "channels/payment_service.h"
#include "ledger/engine/book.h"
#include "settlement/batch.h"
#include "settlement/fee_schedule.h"

namespace suanpan::settlement {

/// A batch as it is stored, with what people want to know beside it.
struct BatchView {
  Batch batch;
  std::string number;
  BatchTotals totals;
  std::string payout_id;  ///< empty before approval
};

struct ComputeSummary {
  Date settle_on;
  std::vector<BatchView> made;
  std::size_t not_reconciled = 0;  ///< paid orders left out, by why
  std::size_t not_arrived = 0;
  std::size_t not_due = 0;
};

class SettlementService {
 public:
  SettlementService(Book& book, const Vault& vault, channels::PaymentService& payments,
                    const Clock& business);

  /// Computes the batches of one settlement day, a batch per merchant. T+1: an order paid on day T
  /// is due on the first workday after T. Errors: kNotFound, naming the year, when the calendar
  /// does not reach.
  Result<ComputeSummary> compute(Date settle_on, const std::string& by);
  /// One step by one person. The refusal says what is wrong: kSamePerson, kBatchStateWrong,
  /// kDocumentNotFound.
  Planned<BatchView> review(const std::string& number, const std::string& by);
  Planned<BatchView> approve(const std::string& number, const std::string& by);
  Planned<BatchView> withdraw(const std::string& number, const std::string& by,
                              const std::string& reason);
  /// Brings sent batches to what their payouts have become; returns how many changed.
  std::size_t follow();

  std::optional<BatchView> find(const std::string& number) const;
  /// All batches of a settlement day, or of every day; sorted by number.
  std::vector<BatchView> list(std::optional<Date> settle_on) const;

  /// Fee schedules, one document per merchant.
  Planned<void> put_schedule(const FeeSchedule& schedule, const std::string& by);
  std::optional<FeeSchedule> schedule(std::string_view merchant_no) const;
  /// The fee of an order placed now; zero where the merchant has no schedule. Errors: those of
  /// compute_fee.
  Result<Money> fee_for(std::string_view merchant_no, std::string_view product, Money amount) const;
  /// What a refund returns of an order's fee, by the rule that was in force when it was placed.
  Result<std::int64_t> fee_return_for(const Order& order, std::int64_t refund_minor) const;

 private:
  Book& book_;
  const Vault& vault_;
  channels::PaymentService& payments_;
  const Clock& business_;
};

}  // namespace suanpan::settlement
