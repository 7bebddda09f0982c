// Holds the books against the outside: takes bills and statements in, matches, marks what is
// matched and arrived, opens a case per break, writes the reports. Running a day again changes
// nothing.
//
// All state is documents (kStatement, kReconcileRun, kBreakCase) and vouchers. Functions block for
// their durable answers: not from a `done`. Report files lie under a folder outside the database;
// they can be made again at any time.
#pragma once
#include <filesystem>

#include "channels/payment_service.h"
#include "ledger/engine/book.h"
#include "reconcile/cases.h"

namespace suanpan::reconcile {

/// One run over one outside file.
struct RunSummary {
  std::string number;   ///< period + channel + sequence
  std::string channel;  ///< "wxpay", "bank"
  std::string subject;  ///< WeChat merchant number or bank account
  Date day;
  std::size_t outside_rows = 0, book_rows = 0, matched = 0;
  std::vector<Case> breaks;  ///< those of this run, traced to source row and voucher
  bool repeated = false;     ///< this file had been taken in before: nothing changed
  std::string report_html, report_csv, report_xlsx;  ///< paths
};

class ReconcileService {
 public:
  ReconcileService(Book& book, channels::PaymentService& payments, const Clock& business,
                   std::filesystem::path reports);

  /// A WeChat trade bill (the uncompressed file) of one merchant and day against the orders and
  /// refunds paid that day. Totals, merchant and day are checked before a row is believed. Errors:
  /// as the bill reader's.
  Result<RunSummary> run_trade_bill(std::string_view bill, const std::string& mchid, Date day);
  /// A bank statement (camt.053) of one account and day: deposits to sub-accounts and orders are
  /// posted, channel arrivals posted net of the channel's fee and their orders marked arrived,
  /// payouts and returned payouts matched. Errors: as the statement reader's; kMismatch also when
  /// it does not continue the one before.
  Result<RunSummary> run_bank_statement(std::string_view camt, const std::string& account,
                                        Date day);

  std::optional<RunSummary> find_run(const std::string& number) const;
  std::vector<RunSummary> runs() const;
  std::vector<Case> cases(bool open_only) const;
  /// A maker proposes a resolution: a kind and, where money moves, a voucher that a checker will
  /// post.
  Planned<Case> propose(const std::string& case_no, const std::string& by,
                        const std::string& resolution);
  Planned<Case> resolve(const std::string& case_no, const std::string& by);

  /// Writes the trial balance, settlement and daily reports of a day; returns their paths.
  Result<std::vector<std::string>> write_day_reports(Date day);

 private:
  Book& book_;
  channels::PaymentService& payments_;
  const Clock& business_;
  std::filesystem::path reports_;
};

}  // namespace suanpan::reconcile
