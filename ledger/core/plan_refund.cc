// Refunds, of the plans in plan_order.h.
#include <algorithm>

#include "ledger/base/check.h"
#include "ledger/base/rate.h"
#include "ledger/core/order_changes.h"
#include "ledger/core/plan_voucher.h"

namespace suanpan {

using namespace order_changes;

namespace {

// A failed refund took what it names from the order's lines of the same label and account.
void give_back(Order& order, const Refund& refund) {
  for (const OrderLine& taken : refund.lines) {
    std::int64_t amount = taken.amount;
    for (OrderLine& line : order.lines) {
      if (line.label != taken.label || line.account != taken.account) continue;
      const std::int64_t part = std::min(amount, line.taken);
      line.taken -= part;
      amount -= part;
    }
    CHECK_OR_DIE(amount == 0, "refund {} took what order {} does not have", refund.refund_id,
                 order.order_id);
  }
}

// What goes back of the fee with a refund: the whole share that is due by then, less what earlier
// refunds took along.
std::int64_t fee_return_of(const Order& order, std::int64_t refund) {
  if (order.fee_kept) return 0;
  const Int128 refunded = Int128{order.refunded} + order.refunding + refund;
  const auto due = static_cast<std::int64_t>(order.fee * refunded / order.amount.minor);
  return std::max<std::int64_t>(0, due - order.fee_returned - order.fee_returning);
}

}  // namespace

Planned<ChangeSet> plan_refund(const View& view, const Refund& request,
                               const PlatformAccounts& accounts, const Moment&) {
  if (request.amount.minor <= 0) return refuse(RefusalCode::kAmountNotPositive, "refund_amount");
  std::optional<Order> found = find_order(view, request.order_id);
  if (!found || found->mch_no != request.mch_no)
    return refuse(RefusalCode::kOrderNotFound, request.order_id);
  Order& order = *found;
  const std::string index = index_key("refund", request.mch_no, request.mch_refund_no);
  if (view.document(DocumentKind::kIndex, index))
    return refuse(RefusalCode::kOrderExists, request.mch_refund_no);
  if (view.document(DocumentKind::kRefund, request.refund_id))
    return refuse(RefusalCode::kOrderExists, request.refund_id);
  if (order.state != OrderState::kPaid)
    return refuse(RefusalCode::kOrderStateWrong, std::string(name_of(order.state)));
  if (request.amount.currency != order.amount.currency)
    return refuse(RefusalCode::kCurrencyMismatch, "currency");
  if (request.amount.minor > order.amount.minor - order.refunded - order.refunding)
    return refuse(RefusalCode::kRefundExceedsPaid, order.order_id);

  ChangeSet changes = on_open_day(view);
  Refund refund = request;
  refund.state = RefundState::kCreated;
  refund.fee_return = fee_return_of(order, refund.amount.minor);
  refund.lines.clear();
  if (!order.direct) {
    // Each line gives in proportion to what it has left, so that no line gives more than it got and
    // a full refund empties exactly what the order filled.
    std::vector<std::int64_t> left;
    for (const OrderLine& line : order.lines) left.push_back(line.amount - line.taken);
    const auto parts = allocate(refund.amount.minor, left);
    CHECK_OR_DIE(parts, "order {} has no lines to refund", order.order_id);
    for (std::size_t i = 0; i < order.lines.size(); ++i) {
      const std::int64_t amount = parts.value()[i];
      if (amount == 0) continue;
      order.lines[i].taken += amount;
      refund.lines.push_back(OrderLine{order.lines[i].label, order.lines[i].account, amount});
    }
    for (const OrderLine& line : refund.lines) {
      TRY(add_leg(view, changes, line.account, accounts.refund_transit, line.amount));
    }
    TRY(add_leg(view, changes, accounts.fee_income, order.lines.front().account,
                refund.fee_return));
    TRY(check_limits(view, changes.transfers));
    changes.type = VoucherType::kTransfer;
    changes.text = voucher_text("退款受理", refund.refund_id);
  }
  // From here on the refund is accepted.

  order.refunding += refund.amount.minor;
  order.fee_returning += refund.fee_return;
  put(changes, view, DocumentKind::kOrder, order.order_id, order);
  put(changes, view, DocumentKind::kRefund, refund.refund_id, refund);
  put_index(changes, index, refund.refund_id);
  event(changes, "refund.created", refund.refund_id, refund.amount);
  changes.answer = refund.refund_id;
  return changes;
}

Planned<ChangeSet> plan_refund_fact(const View& view, const RefundFact& fact,
                                    const PlatformAccounts& accounts, const Moment& moment) {
  std::optional<Refund> found = find_refund(view, fact.refund_id);
  if (!found) return refuse(RefusalCode::kOrderNotFound, fact.refund_id);
  Refund& refund = *found;
  if (!is_open(refund))
    return refuse(RefusalCode::kOrderStateFinal, std::string(name_of(refund.state)));
  std::optional<Order> of = find_order(view, refund.order_id);
  CHECK_OR_DIE(of, "refund {} has no order", refund.refund_id);
  Order& order = *of;
  ChangeSet changes = on_open_day(view);
  if (!fact.channel_refund_no.empty()) refund.channel_refund_no = fact.channel_refund_no;
  refund.error_code = fact.error_code;
  refund.error_message = fact.error_message;
  switch (fact.kind) {
    case RefundFact::Kind::kSubmitted:
    case RefundFact::Kind::kUnknown:
      refund.state = RefundState::kProcessing;
      refund.unknown = true;
      break;
    case RefundFact::Kind::kProcessing:
      refund.state = RefundState::kProcessing;
      refund.unknown = false;
      break;
    case RefundFact::Kind::kSucceeded: {
      refund.state = RefundState::kSucceeded;
      refund.unknown = false;
      refund.succeeded_at = fact.at;
      order.refunding -= refund.amount.minor;
      order.refunded += refund.amount.minor;
      order.fee_returning -= refund.fee_return;
      order.fee_returned += refund.fee_return;
      order.owes = order.owes || !order.batch.empty();
      if (order.refunded == order.amount.minor) order.state = OrderState::kRefunded;
      if (!order.direct) {
        TRY(add_leg(view, changes, accounts.refund_transit, accounts.channel_receivable,
                    refund.amount.minor));
        changes.type = VoucherType::kPayment;
        changes.text = voucher_text("退款成功", refund.refund_id);
      } else {
        TRY(add_leg(view, changes, accounts.fee_income, accounts.fee_receivable,
                    refund.fee_return));
        changes.text = voucher_text("退还服务费", refund.refund_id);
      }
      TRY(check_limits(view, changes.transfers));
      break;
    }
    case RefundFact::Kind::kFailed: {
      refund.state = RefundState::kFailed;
      refund.unknown = false;
      order.refunding -= refund.amount.minor;
      order.fee_returning -= refund.fee_return;
      if (!order.direct) {
        give_back(order, refund);
        for (const OrderLine& line : refund.lines) {
          TRY(add_leg(view, changes, accounts.refund_transit, line.account, line.amount));
        }
        TRY(add_leg(view, changes, order.lines.front().account, accounts.fee_income,
                    refund.fee_return));
        TRY(check_limits(view, changes.transfers));
        changes.type = VoucherType::kTransfer;
        changes.text = voucher_text("退款失败退回", refund.refund_id);
      }
      break;
    }
  }
  if (!is_open(refund)) {
    notify(changes, "refund", refund.refund_id, refund.notify_url, moment.now);
    event(changes, refund.state == RefundState::kSucceeded ? "refund.succeeded" : "refund.failed",
          refund.refund_id, refund.amount);
    put(changes, view, DocumentKind::kOrder, order.order_id, order);
  }
  put(changes, view, DocumentKind::kRefund, refund.refund_id, refund);
  changes.answer = refund.refund_id;
  return changes;
}

}  // namespace suanpan
