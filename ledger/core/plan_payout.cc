// Payouts, of the plans in plan_order.h.
#include "ledger/base/limits.h"
#include "ledger/core/erasure.h"
#include "ledger/core/order_changes.h"
#include "ledger/core/plan_voucher.h"

namespace suanpan {

using namespace order_changes;

Planned<ChangeSet> plan_payout(const View& view, const Payout& request, const Moment&) {
  if (request.amount.minor <= 0) return refuse(RefusalCode::kAmountNotPositive, "amount");
  if (request.amount.minor > kMaxAmountMinor) return refuse(RefusalCode::kAmountTooLarge, "amount");
  const std::string index = index_key("payout", request.mch_no, request.mch_order_no);
  if (view.document(DocumentKind::kIndex, index))
    return refuse(RefusalCode::kOrderExists, request.mch_order_no);
  if (view.document(DocumentKind::kPayout, request.payout_id))
    return refuse(RefusalCode::kOrderExists, request.payout_id);
  TRY(check_not_erased(view, request.payee_sealed));
  const Account* bank = view.account(request.bank_account);
  if (!bank) return refuse(RefusalCode::kAccountNotFound, request.bank_account);
  ChangeSet changes = on_open_day(view);
  TRY(add_leg(view, changes, request.source_account, request.transit_account,
              request.amount.minor));
  for (const Account* account : {view.account(request.source_account), bank})
    if (account->currency != request.amount.currency)
      return refuse(RefusalCode::kCurrencyMismatch, account->code);
  TRY(check_limits(view, changes.transfers));
  // From here on the payout is accepted.

  Payout payout = request;
  payout.state = PayoutState::kCreated;
  changes.type = VoucherType::kTransfer;
  changes.text = voucher_text("付款受理", payout.payout_id);
  put(changes, view, DocumentKind::kPayout, payout.payout_id, payout);
  put_index(changes, index, payout.payout_id);
  event(changes, "payout.created", payout.payout_id, payout.amount);
  changes.answer = payout.payout_id;
  return changes;
}

Planned<ChangeSet> plan_payout_fact(const View& view, const PayoutFact& fact,
                                    const Moment& moment) {
  std::optional<Payout> found = find_payout(view, fact.payout_id);
  if (!found) return refuse(RefusalCode::kOrderNotFound, fact.payout_id);
  Payout& payout = *found;
  const bool returns =
      fact.kind == PayoutFact::Kind::kReturned && payout.state == PayoutState::kSucceeded;
  if (!is_open(payout) && !returns)
    return refuse(RefusalCode::kOrderStateFinal, std::string(name_of(payout.state)));
  ChangeSet changes = on_open_day(view);
  if (!fact.channel_payout_no.empty()) payout.channel_payout_no = fact.channel_payout_no;
  payout.error_code = fact.error_code;
  payout.error_sealed = fact.error_sealed;
  switch (fact.kind) {
    case PayoutFact::Kind::kSubmitted:
    case PayoutFact::Kind::kUnknown:
      payout.state = PayoutState::kProcessing;
      payout.unknown = true;
      break;
    case PayoutFact::Kind::kProcessing:
      payout.state = PayoutState::kProcessing;
      payout.unknown = false;
      break;
    case PayoutFact::Kind::kSucceeded: {
      payout.state = PayoutState::kSucceeded;
      payout.unknown = false;
      payout.settled_at = fact.at;
      TRY(add_leg(view, changes, payout.transit_account, payout.bank_account, payout.amount.minor));
      changes.type = VoucherType::kPayment;
      changes.text = voucher_text("付款成功", payout.payout_id);
      break;
    }
    case PayoutFact::Kind::kFailed: {
      payout.state = PayoutState::kFailed;
      payout.unknown = false;
      TRY(add_leg(view, changes, payout.transit_account, payout.source_account,
                  payout.amount.minor));
      changes.type = VoucherType::kTransfer;
      changes.text = voucher_text("付款失败退回", payout.payout_id);
      break;
    }
    case PayoutFact::Kind::kReturned: {
      if (!returns)
        return refuse(RefusalCode::kOrderStateWrong, std::string(name_of(payout.state)));
      payout.state = PayoutState::kReturned;
      payout.settled_at = fact.at;
      // The money is back at the bank, and owed again.
      TRY(add_leg(view, changes, payout.bank_account, payout.source_account, payout.amount.minor));
      changes.type = VoucherType::kReceipt;
      changes.text = voucher_text("付款退汇", payout.payout_id);
      break;
    }
  }
  TRY(check_limits(view, changes.transfers));
  if (!is_open(payout)) {
    // A returned payout owes a second notification under another topic.
    notify(changes, returns ? "payout_returned" : "payout", payout.payout_id, payout.notify_url,
           moment.now);
    event(changes, std::string("payout.") + std::string(name_of(payout.state)), payout.payout_id,
          payout.amount);
  }
  put(changes, view, DocumentKind::kPayout, payout.payout_id, payout);
  changes.answer = payout.payout_id;
  return changes;
}

}  // namespace suanpan
