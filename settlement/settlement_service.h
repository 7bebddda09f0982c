// Settles collected merchants: computes batches from reconciled and arrived orders, holds the money
// while a batch is under way, pays it out through the bank after a second person approved.
//
//   compute   hold merchant pending → merchant payable for the net amount; orders carry the batch
//             number
//   approve   the hold is posted, the payout is accepted (payable → in transit) in one change set;
//             then it is sent
//   withdraw  the hold is voided; orders are free again
//   follow    confirmed, failed or returned by the payout's own state; what was not paid is pending
//             again, and its orders are free
//
// The business lies in plan_settlement.h; here it is loaded, submitted and waited for.
//
// All state is documents; running a day twice computes nothing new and pays once. A crash after an
// approval leaves a payout that is created: follow() sends it.
// Thread-safe: commands are serialised by the book. Functions block for their durable answers: not
// from a `done`.
#pragma once
#include <functional>

#include "channels/payment_service.h"
#include "ledger/engine/book.h"
#include "ledger/engine/caller_claim.h"
#include "settlement/batch.h"
#include "settlement/fee_schedule.h"

namespace suanpan::settlement {

/// A batch as it is stored, with what people want to know beside it.
struct BatchView {
  Batch batch;
  std::string number;
  BatchTotals totals;
  std::string payout_id;            ///< empty before approval
  std::optional<Date> returned_on;  ///< the bank gave the money back after it had confirmed
};

/// A merchant who is due money and got no batch, and why: a frozen account, say.
struct NotMade {
  std::string merchant_no;
  Refusal refusal;
};

struct ComputeSummary {
  Date settle_on;
  std::vector<BatchView> made;
  std::vector<NotMade> not_made;
  std::size_t not_reconciled = 0;  ///< paid orders left out, by why
  std::size_t not_arrived = 0;
  std::size_t not_due = 0;
};

class SettlementService {
 public:
  /// Sends an accepted payout, soon and at least once; must not block. It may be called again for a
  /// payout that was sent already: the bank takes a number once.
  using SendPayout = std::function<void(const std::string& payout_id)>;

  SettlementService(Book& book, const Vault& vault, SendPayout send, const Clock& business);
  /// Sends by asking the payment service for the payout, which sends what was not sent yet. It must
  /// outlive this.
  SettlementService(Book& book, const Vault& vault, channels::PaymentService& payments,
                    const Clock& business)
      : SettlementService(
            book, vault,
            [&payments](const std::string& id) {
              payments.query_payout(id, true, [](const channels::Outcome<Payout>&) {});
            },
            business) {}

  /// Computes the batches of one settlement day, a batch per merchant (more where one is full, or
  /// where orders became due after an earlier run). T+1: an order paid on day T is due on the first
  /// workday after T. Errors: kNotFound, naming the year, when the calendar does not reach;
  /// kMismatch for a day that is no workday; kMalformed for a person without a name.
  Result<ComputeSummary> compute(Date settle_on, const std::string& by);
  /// One step by one person. The refusal says what is wrong: kSamePerson, kBatchStateWrong,
  /// kDocumentNotFound; kValueInvalid "payee" when the merchant's payee is missing or unreadable.
  /// Under a claim the same step again answers with the batch as it was after it, and another step,
  /// batch or reason is refused with kIdReusedWithOtherContent.
  Planned<BatchView> review(const std::string& number, const std::string& by,
                            CallerClaim* claim = nullptr);
  Planned<BatchView> approve(const std::string& number, const std::string& by,
                             CallerClaim* claim = nullptr);
  Planned<BatchView> withdraw(const std::string& number, const std::string& by,
                              const std::string& reason, CallerClaim* claim = nullptr);
  /// Brings sent batches to what their payouts have become; returns how many changed. Sends what a
  /// crash kept from being sent. A payout that
  /// the bank returns after it had confirmed is watched for kWatchDays: the batch stays confirmed,
  /// its orders and money are free again.
  std::size_t follow();

  std::optional<BatchView> find(const std::string& number) const;
  /// All batches of a settlement day, or of every day; sorted by number.
  std::vector<BatchView> list(std::optional<Date> settle_on) const;

  /// A merchant's fee schedule. Two people change it: api/v1/fee_schedules.cc.
  std::optional<FeeSchedule> schedule(std::string_view merchant_no) const;
  /// The fee of an order placed now, and what a refund does to it; zero, returned in proportion,
  /// where the merchant has no schedule. Whoever places the order writes both into it: a refund
  /// follows the order, whatever the schedule says by then. Errors: those of rule_for and
  /// compute_fee.
  Result<FeeTerms> fee_for(std::string_view merchant_no, std::string_view product,
                           Money amount) const;

 private:
  using Plan = std::function<Planned<ChangeSet>(const View&, const Moment&)>;
  Answer run(std::string_view what, Content content, Plan plan, CallerClaim* claim = nullptr);
  Planned<BatchView> step(std::string_view what, const std::string& number, Content content,
                          Plan plan, CallerClaim* claim);
  bool is_known(const CallerClaim* claim) const;
  Planned<void> check_payee(const std::string& number) const;
  std::size_t follow_batches();
  std::size_t follow_watched();

  Book& book_;
  const Vault& vault_;
  SendPayout send_;
  const Clock& business_;
};

/// plan_put_schedule() as a command: at the command line of a book that no server has open.
Command put_schedule(ClaimKey key, FeeSchedule schedule);

}  // namespace suanpan::settlement
