#include "reconcile/plan_reconcile.h"

#include "channels/chart.h"
#include "ledger/core/plan_order.h"
#include "ledger/core/plan_parts.h"
#include "ledger/core/plan_voucher.h"

namespace suanpan::reconcile {
namespace {

bool is_paid(const Order& order) {
  return order.state == OrderState::kPaid || order.state == OrderState::kRefunded;
}
bool is_done(const Refund& refund) { return refund.state == RefundState::kSucceeded; }
bool is_done(const Payout& payout) {
  return payout.state == PayoutState::kSucceeded || payout.state == PayoutState::kReturned;
}

void mark_order(const View& view, ChangeSet& changes, const std::string& id, const Marks& marks) {
  auto order = find_order(view, id);
  if (!order || !is_paid(*order)) return;
  const Order before = *order;
  if (order->reconciled.empty()) order->reconciled = marks.reconciled;
  if (order->arrived.empty()) order->arrived = marks.arrived;
  if (*order == before) return;
  put_next_version(changes, view, DocumentKind::kOrder, id, is_open(*order), encode(*order));
}

template <class T>
void mark(const View& view, ChangeSet& changes, DocumentKind kind, const std::string& id,
          std::optional<T> found, const std::string& run) {
  if (!found || !is_done(*found) || !found->reconciled.empty() || run.empty()) return;
  found->reconciled = run;
  put_next_version(changes, view, kind, id, view.document(kind, id)->open, encode(*found));
}

void put_case(ChangeSet& changes, const View& view, const Case& c) {
  const bool open = c.state == CaseState::kOpen || c.state == CaseState::kProposed;
  put_next_version(changes, view, DocumentKind::kBreakCase, case_key(c.id), open, encode(c));
}

void take_step(const View& view, ChangeSet& changes, const BatchNumber& batch, const Found& step,
               Timestamp now) {
  const auto stands = find_case(view, step.found.id);
  if (!stands) {
    Case c = open_case(step.found, batch, now);
    if (c.voucher_id.empty()) {
      c.voucher_id = step.voucher_id;
      c.voucher_number = step.voucher_number;
    }
    return put_case(changes, view, c);
  }
  const Escalate escalate{batch.text(), step.found};
  if (check(*stands, escalate) == CaseRefusal::kNone)
    put_case(changes, view, advance(*stands, escalate, now));
}

void take_step(const View& view, ChangeSet& changes, const BatchNumber& batch, const Cleared& step,
               Timestamp now) {
  const auto stands = find_case(view, step.break_id);
  const Clear clear{batch.text(), step.voucher_id, step.source};
  if (stands && check(*stands, clear) == CaseRefusal::kNone)
    put_case(changes, view, advance(*stands, clear, now));
}

}  // namespace

std::optional<Case> find_case(const View& view, const Id128& id) {
  return find_decoded(view, DocumentKind::kBreakCase, case_key(id), decode_case);
}
std::optional<RunRecord> find_run_record(const View& view, std::string_view number) {
  return find_decoded(view, DocumentKind::kReconcileRun, number, decode_run_record);
}
std::optional<Expected> find_expected(const View& view, std::string_view key) {
  return find_decoded(view, DocumentKind::kChannelArrival, key, decode_expected);
}
std::optional<Arrival> find_arrival(const View& view, std::string_view key) {
  return find_decoded(view, DocumentKind::kChannelArrival, key, decode_arrival);
}

Planned<ChangeSet> plan_take_file(const View& view, const TakenFile& file) {
  const std::string key = file_key(file);
  if (view.document(DocumentKind::kStatement, key))
    return refuse(RefusalCode::kDocumentExists, key);
  if (view.document(DocumentKind::kReconcileRun, file.run))
    return refuse(RefusalCode::kDocumentExists, file.run);
  ChangeSet changes = on_open_day(view);
  put_next_version(changes, view, DocumentKind::kStatement, key, true, encode(file));
  const RunRecord run{file.run, file.channel, file.subject, file.day, file.sha256};
  put_next_version(changes, view, DocumentKind::kReconcileRun, file.run, true, encode(run));
  changes.answer = file.run;
  return changes;
}

Planned<ChangeSet> plan_marks(const View& view, const Marks& marks) {
  if (marks.size() > kMaxMarks) return refuse(RefusalCode::kValueInvalid, "marks");
  ChangeSet changes = on_open_day(view);
  for (const auto& id : marks.orders) mark_order(view, changes, id, marks);
  for (const auto& id : marks.refunds)
    mark(view, changes, DocumentKind::kRefund, id, find_refund(view, id), marks.reconciled);
  for (const auto& id : marks.payouts)
    mark(view, changes, DocumentKind::kPayout, id, find_payout(view, id), marks.reconciled);
  return changes;
}

Planned<ChangeSet> plan_cases(const View& view, const BatchNumber& batch,
                              const std::vector<CaseStep>& steps, const Moment& moment) {
  if (steps.size() > kMaxCaseSteps) return refuse(RefusalCode::kValueInvalid, "steps");
  ChangeSet changes = on_open_day(view);
  for (const auto& step : steps)
    std::visit([&](const auto& s) { take_step(view, changes, batch, s, moment.now); }, step);
  return changes;
}

// The receivable is cleared of all that the bills say, fee included: the channel took that itself.
Planned<void> add_settled_bills(const View& view, ChangeSet& changes, const Arrival& credit,
                                const std::string& debit_account) {
  const std::string receivable = channels::chart::channel_receivable(kWechatChannel, credit.mchid);
  const std::string cost(channels::chart::kChannelCost);
  Int128 fee = 0;
  for (const auto& key : credit.bills) {
    auto bill = find_expected(view, key);
    if (!bill || !bill->arrived.empty()) return refuse(RefusalCode::kDocumentStateFinal, key);
    fee += bill->fee;
    bill->arrived = credit.statement;
    put_next_version(changes, view, DocumentKind::kChannelArrival, key, false, encode(*bill));
  }
  if (fee > INT64_MAX || fee < -Int128{INT64_MAX}) return refuse(RefusalCode::kOverflow, "fee");
  const auto fee_minor = static_cast<std::int64_t>(fee);
  TRY(add_leg(view, changes, debit_account, receivable, credit.amount));
  if (fee_minor > 0) {
    TRY(add_leg(view, changes, cost, receivable, fee_minor));
  } else {
    TRY(add_leg(view, changes, receivable, cost, -fee_minor));
  }
  return success();
}

Planned<ChangeSet> plan_arrival(const View& view, const Arrival& credit, Date booked_on,
                                const ClaimKey& key) {
  const std::string bank = channels::chart::bank_deposit(credit.account);
  if (!view.account(bank)) return refuse(RefusalCode::kAccountNotFound, bank);
  ChangeSet changes = on_open_day(view);
  if (booked_on != changes.date) changes.effective = booked_on;
  changes.type = VoucherType::kReceipt;
  Arrival arrival = credit;
  arrival.voucher = key.hex();
  arrival.suspended = credit.bills.empty() || credit.amount != credit.expected;
  if (arrival.suspended) {
    TRY(add_leg(view, changes, bank, std::string(channels::chart::kSuspense), credit.amount));
    changes.text = voucher_text("挂账：渠道到账与账单不符", credit.reference);
    changes.answer = credit.bills.empty() ? "suspense/no_bill" : "suspense/amount_mismatch";
  } else {
    TRY(add_settled_bills(view, changes, arrival, bank));
    changes.text = voucher_text("渠道结算款到账", credit.reference);
    changes.answer = "arrived";
  }
  TRY(check_limits(view, changes.transfers));
  put_next_version(changes, view, DocumentKind::kChannelArrival,
                   arrival_key(credit.account, credit.reference), arrival.suspended,
                   encode(arrival));
  return changes;
}

Planned<ChangeSet> plan_finish(const View& view, const Finish& finish) {
  ChangeSet changes = on_open_day(view);
  RunRecord run = finish.run;
  TakenFile file = finish.file;
  run.finished = file.finished = true;
  put_next_version(changes, view, DocumentKind::kReconcileRun, run.number, false, encode(run));
  put_next_version(changes, view, DocumentKind::kStatement, file_key(file), false, encode(file));
  if (file.channel == kBankChannel)
    put_next_version(changes, view, DocumentKind::kCursor, statement_cursor_key(file.subject),
                     false, file_key(file));
  if (finish.expected) {
    const std::string key = expected_key(finish.expected->mchid, finish.expected->day);
    const auto stands = find_expected(view, key);
    // A bill that is issued anew after its money has come changes nothing about what came.
    if (!stands || stands->arrived.empty())
      put_next_version(changes, view, DocumentKind::kChannelArrival, key, true,
                       encode(*finish.expected));
  }
  changes.answer = run.number;
  return changes;
}

}  // namespace suanpan::reconcile
