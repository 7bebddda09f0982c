// What our books say of a day, as rows to match: read from the documents of a book.
//
// Where rows come from: orders that no run has matched are open and listed; refunds, payouts and
// orders refunded in full are found in the journal since the day began; what an earlier run carried
// over is found by its open timing case; and whatever the outside names is looked up by its number.
//
// A row that has a case already is not told again, unless the outside names it now or the case is a
// timing difference: a run lists what is new, the list of open cases what is outstanding.
//
// Reads the published book; any thread.
#pragma once
#include <map>
#include <set>

#include "ledger/core/order.h"
#include "ledger/engine/book.h"
#include "reconcile/cases.h"
#include "reconcile/run_record.h"

namespace suanpan::reconcile {

struct VoucherRef {
  std::string id;      ///< ClaimKey hex
  std::string number;  ///< 凭证字号: "收-12"; empty if it posted nothing
};
VoucherRef voucher_of(const StoredCommand& command);
/// Of a posting named by its hex id; `number` stays empty if it is not found.
VoucherRef find_voucher(const Book& book, const std::string& id);

/// Which of the things that reconciliation looks at the journal touched since a day began.
struct Trace {
  std::set<std::string> orders;                ///< paid or refunded
  std::map<std::string, VoucherRef> refunds;   ///< succeeded
  std::map<std::string, VoucherRef> payouts;   ///< succeeded or returned: the confirmation
  std::map<std::string, VoucherRef> suspense;  ///< kChannelArrival "suspense/…"
};
/// Errors: the journal's.
Result<Trace> trace_since(const Book& book, Date day);

/// An open case of a channel and subject, and the run that opened it.
struct OutstandingCase {
  Case value;
  RunRecord run;
};
std::vector<OutstandingCase> outstanding_cases(const Book& book, std::string_view channel,
                                               std::string_view subject);

struct BookSide {
  std::vector<BookRow> rows;
  /// Rows of earlier bills, still without a partner then, whose partner the books have now.
  std::vector<OutsideRow> carried;
};
/// Of a WeChat merchant number on a day, against the rows of its bill. Fees are left 0.
BookSide trade_side(const Book& book, const Trace& trace, const TakenFile& bill,
                    const std::vector<OutsideRow>& outside);

/// Payouts of a bank account, confirmed by the end of the statement's day and not seen in a
/// statement, and those that the statement names.
std::vector<BookRow> payout_rows(const Book& book, const Trace& trace, const TakenFile& statement,
                                 const std::vector<OutsideRow>& outside);

/// The stored document, decoded; nothing if there is none. CHECKs that it decodes.
std::optional<Order> stored_order(const Book& book, std::string_view id);
std::optional<Refund> stored_refund(const Book& book, std::string_view id);
std::optional<Payout> stored_payout(const Book& book, std::string_view id);
std::optional<Case> stored_case(const Book& book, const Id128& id);
std::optional<RunRecord> stored_run(const Book& book, std::string_view number);
std::vector<DocumentPtr> open_documents(const Book& book, DocumentKind kind);

}  // namespace suanpan::reconcile
