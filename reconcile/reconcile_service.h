// Holds the books against the outside: takes bills and statements in, matches, marks what is
// matched and arrived, opens a case per break, writes the reports. Running a day again changes
// nothing.
//
// All state is documents (run_record.h, cases.h) and vouchers. A run that was interrupted at any
// moment is resumed by giving the same file again, under its number. Report files lie under a
// folder outside the database and are written before their run is recorded as finished.
//
// Functions block for their durable answers: not from a `done`. Runs wait for one another; all else
// may be called on any thread. Book, payments and clock must outlive the service.
#pragma once
#include <mutex>

#include "channels/payment_service.h"
#include "ledger/engine/caller_claim.h"
#include "reconcile/report_files.h"
#include "reconcile/run_desk.h"
#include "reconcile/settlement_report.h"

namespace suanpan::reconcile {

class ReconcileService {
 public:
  ReconcileService(Book& book, channels::PaymentService& payments, const Clock& business,
                   ReconcileSettings settings);

  /// A WeChat trade bill (the uncompressed file) of one merchant and day against the orders and
  /// refunds paid that day. Totals, merchant and day are checked before a row is believed.
  /// `believed` is asked when the file is believed and nothing has been changed; false ends the run
  /// there (kUnavailable). Errors: as the bill reader's.
  using Believed = std::function<bool()>;
  Result<RunSummary> run_trade_bill(std::string_view bill, const std::string& mchid, Date day,
                                    const Believed& believed = {});
  /// A bank statement (camt.053) of one account and day: deposits to sub-accounts and orders are
  /// posted, channel arrivals posted net of the channel's fee and their orders marked arrived,
  /// payouts and returned payouts matched. Errors: as the statement reader's; kMismatch also when
  /// it is of another account or day or does not continue the one before; kNotFound if the ledger
  /// has no account for it.
  Result<RunSummary> run_bank_statement(std::string_view camt, const std::string& account, Date day,
                                        const Believed& believed = {});

  /// Finished runs only.
  std::optional<RunSummary> find_run(const std::string& number) const;
  std::vector<RunSummary> runs() const;
  std::vector<Case> cases(bool open_only) const;
  /// A maker proposes how a break ends, in the words of plan_case.h: "adjust", "book", "suspend",
  /// "acknowledge" or "acknowledge:<voucher>", the last of a voucher that is in the book.
  /// `case_no` is the case's id. Refusals: as plan_propose; kVoucherNotFound.
  /// Under a claim these three answer the same step again with the case as it was after it, and
  /// refuse another step, case or resolution with kIdReusedWithOtherContent.
  Planned<Case> propose(const std::string& case_no, const std::string& by,
                        const std::string& resolution, CallerClaim* claim = nullptr);
  /// Another person lets it stand; what it posts and the end of the case are one. Refusals: as
  /// plan_resolve.
  Planned<Case> resolve(const std::string& case_no, const std::string& by,
                        CallerClaim* claim = nullptr);
  /// Sends a proposal back. Refusals: kDocumentNotFound, kDocumentStateFinal, kBatchStateWrong.
  Planned<Case> reject(const std::string& case_no, const std::string& by,
                       CallerClaim* claim = nullptr);

  /// Writes the trial balance, the daily summary and the open cases of a day; returns their paths.
  Result<std::vector<std::string>> write_day_reports(Date day);
  /// Writes the statement of an account (明细账). Errors: as account_statement; kIo.
  Result<ReportPaths> write_account_statement(const std::string& code, Date from, Date to);
  /// Writes a settlement statement (结算单), which the caller has put together. Errors: as
  /// build_settlement_report; kIo.
  Result<ReportPaths> write_settlement_statement(const SettlementStatement& statement);

 private:
  Planned<Case> change_case(
      const std::string& case_no, Content what,
      std::function<Planned<ChangeSet>(const View&, const Id128&, const ClaimKey&, const Moment&)>
          plan,
      CallerClaim* claim);

  Book& book_;
  channels::PaymentService& payments_;
  const Clock& business_;
  const ReconcileSettings settings_;
  RunDesk desk_;
  std::mutex running_;
};

}  // namespace suanpan::reconcile
