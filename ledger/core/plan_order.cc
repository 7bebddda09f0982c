#include "ledger/core/plan_order.h"

#include <algorithm>

#include "ledger/base/check.h"
#include "ledger/base/json.h"
#include "ledger/base/limits.h"
#include "ledger/base/rate.h"
#include "ledger/core/erasure.h"
#include "ledger/core/plan_voucher.h"

namespace suanpan {
namespace {

template <class T>
std::optional<T> find_document(const View& view, DocumentKind kind, std::string_view id,
                               Result<T> (*decode)(std::string_view)) {
  const DocumentPtr stored = view.document(kind, id);
  if (!stored) return std::nullopt;
  auto decoded = decode(stored->bytes);
  CHECK_OR_DIE(decoded, "document {} does not decode: {}", id, decoded.error().message);
  return std::move(decoded.value());
}

std::uint32_t version_of(const View& view, DocumentKind kind, std::string_view key) {
  const DocumentPtr stored = view.document(kind, key);
  return stored ? stored->version : 0;
}

bool is_open(const Refund& r) {
  return r.state == RefundState::kCreated || r.state == RefundState::kProcessing;
}
bool is_open(const Payout& p) {
  return p.state == PayoutState::kCreated || p.state == PayoutState::kProcessing;
}

template <class T>
void put(ChangeSet& changes, const View& view, DocumentKind kind, const std::string& key,
         const T& document) {
  changes.documents.push_back(
      Document{kind, key, version_of(view, kind, key) + 1, is_open(document), encode(document)});
}

void put_index(ChangeSet& changes, const std::string& key, const std::string& target) {
  changes.documents.push_back(Document{DocumentKind::kIndex, key, 1, false, target});
}

// Adds a leg between two account codes, with the refusals that a leg can have.
Planned<void> add_leg(const View& view, ChangeSet& changes, const std::string& debit_code,
                      const std::string& credit_code, std::int64_t amount) {
  if (amount == 0) return success();
  const Account* debit = view.account(debit_code);
  if (!debit) return refuse(RefusalCode::kDebitAccountNotFound, debit_code);
  const Account* credit = view.account(credit_code);
  if (!credit) return refuse(RefusalCode::kCreditAccountNotFound, credit_code);
  TRY(check_leg(view, debit->id, credit->id));
  changes.transfers.push_back(Transfer{debit->id, credit->id, amount, TransferKind::kPosted});
  return success();
}

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

ChangeSet begin(const View& view) {
  ChangeSet changes;
  changes.date = view.book().accounting_date;
  return changes;
}

std::shared_ptr<const VoucherText> text(std::string summary, std::string business_key) {
  return std::make_shared<const VoucherText>(
      VoucherText{std::move(summary), std::move(business_key), {}, {}, {}});
}

void notify(ChangeSet& changes, std::string_view topic, std::string_view id, const std::string& url,
            Timestamp now) {
  if (!url.empty()) changes.documents.push_back(notification_document(topic, id, url, now));
}

void event(ChangeSet& changes, std::string topic, const std::string& id, const Money& amount) {
  changes.events.push_back(Event{std::move(topic), id,
                                 fmt::format(R"({{"id":"{}","amount":{},"currency":"{}"}})", id,
                                             amount.minor, code_of(amount.currency))});
}

std::string suspense_key(const OrderFact& fact) {
  return fmt::format("suspense/{}/{}", fact.order_id, fact.channel_order_no);
}

// Money that the channel took and that belongs to no open order: it is ours to keep safe.
Planned<void> post_suspense(const View& view, ChangeSet& changes, const OrderFact& fact,
                            const PlatformAccounts& accounts) {
  TRY(add_leg(view, changes, accounts.channel_receivable, accounts.suspense, fact.paid.minor));
  changes.type = VoucherType::kReceipt;
  changes.text = text("挂账：重复支付", fact.order_id);
  changes.documents.push_back(Document{DocumentKind::kChannelArrival, suspense_key(fact), 1, true,
                                       JsonWriter()
                                           .begin_object()
                                           .field("order_id", fact.order_id)
                                           .field("channel_order_no", fact.channel_order_no)
                                           .field("amount", fact.paid.minor)
                                           .field("currency", code_of(fact.paid.currency))
                                           .field("paid_at", fact.paid_at.ns)
                                           .field("reason", "duplicate_payment")
                                           .end_object()
                                           .take()});
  event(changes, "order.paid_twice", fact.order_id, fact.paid);
  return check_limits(view, changes.transfers);
}

// The legs of a paid order as its document says.
Planned<void> add_payment(const View& view, ChangeSet& changes, const Order& order,
                          const PlatformAccounts& accounts) {
  changes.transfers.clear();
  if (order.direct) {
    TRY(add_leg(view, changes, accounts.fee_receivable, accounts.fee_income, order.fee));
  } else {
    CHECK_OR_DIE(!order.lines.empty(), "order {} has no lines", order.order_id);
    for (const OrderLine& line : order.lines) {
      TRY(add_leg(view, changes, accounts.channel_receivable, line.account, line.amount));
    }
    TRY(add_leg(view, changes, order.lines.front().account, accounts.fee_income, order.fee));
  }
  return check_limits(view, changes.transfers);
}

// How much of a payment leaves its agreed way, when an account on it refuses.
enum class Detour : std::uint8_t { kLines, kWhole, kWholeWithoutFee };

Order redirected(const View& view, const Order& agreed, const PlatformAccounts& accounts,
                 Detour detour) {
  Order order = agreed;
  for (OrderLine& line : order.lines) {
    ChangeSet alone;
    const bool taken =
        detour == Detour::kLines &&
        add_leg(view, alone, accounts.channel_receivable, line.account, line.amount).has_value();
    if (!taken) line.account = accounts.suspense;
  }
  if (detour == Detour::kWholeWithoutFee) order.fee = 0;
  return order;
}

// A detour is decided by whole balances, never by a slice that is short: a book with shards sees
// here what it is decided by, and plans it over all of itself.
void look_at_whole(const View& view, const Order& order, const PlatformAccounts& accounts) {
  std::vector<std::string> codes{accounts.fee_income, accounts.fee_receivable};
  for (const OrderLine& line : order.lines) codes.push_back(line.account);
  for (const std::string& code : codes)
    if (const Account* account = view.account(code)) view.balance(account->id);
}

void tell_detour(ChangeSet& changes, const Order& agreed, const Order& order,
                 const Refusal& refusal) {
  std::int64_t suspended = 0;
  for (std::size_t i = 0; i < order.lines.size(); ++i)
    if (order.lines[i].account != agreed.lines[i].account) suspended += order.lines[i].amount;
  JsonWriter out;
  out.begin_object()
      .field("id", order.order_id)
      .field("amount", suspended)
      .field("currency", code_of(order.amount.currency))
      .field("reason", name_of(refusal.code))
      .field("account", refusal.detail);
  if (order.fee != agreed.fee) out.field("fee_not_taken", agreed.fee);
  changes.events.push_back(Event{"order.suspense", order.order_id, out.end_object().take()});
  if (suspended > 0) changes.text = text("挂账：收款", order.order_id);
}

// As it was agreed; else by the shortest detour that the accounts take, and `order` then says so.
Planned<void> post_payment(const View& view, ChangeSet& changes, Order& order,
                           const PlatformAccounts& accounts) {
  changes.type = VoucherType::kReceipt;
  changes.text = text(order.direct ? "直连商户服务费" : "收款", order.order_id);
  const auto straight = add_payment(view, changes, order, accounts);
  if (straight) return success();
  look_at_whole(view, order, accounts);
  const Order agreed = order;
  for (const Detour detour : {Detour::kLines, Detour::kWhole, Detour::kWholeWithoutFee}) {
    order = redirected(view, agreed, accounts, detour);
    if (!add_payment(view, changes, order, accounts)) continue;
    tell_detour(changes, agreed, order, straight.error());
    return success();
  }
  return straight.error();
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

bool is_open(const Order& o) {
  switch (o.state) {
    case OrderState::kCreated:
    case OrderState::kPaying:
      return true;
    case OrderState::kPaid:
      return o.refunding > 0 || o.reconciled.empty() || (!o.direct && (o.batch.empty() || o.owes));
    case OrderState::kRefunded:
      // A fee that the platform kept is still to be taken off what the merchant is paid.
      return o.unknown || o.refunding > 0 ||
             (!o.direct && (o.owes || (o.batch.empty() && o.fee > o.fee_returned)));
    case OrderState::kFailed:
    case OrderState::kClosed:
      return o.unknown || o.refunding > 0;
  }
  return true;
}

std::optional<Order> find_order(const View& view, std::string_view id) {
  return find_document<Order>(view, DocumentKind::kOrder, id, decode_order);
}
std::optional<Refund> find_refund(const View& view, std::string_view id) {
  return find_document<Refund>(view, DocumentKind::kRefund, id, decode_refund);
}
std::optional<Payout> find_payout(const View& view, std::string_view id) {
  return find_document<Payout>(view, DocumentKind::kPayout, id, decode_payout);
}

Document notification_document(std::string_view topic, std::string_view id, std::string_view url,
                               Timestamp now) {
  return Document{DocumentKind::kNotification, fmt::format("{}/{}", topic, id), 1, true,
                  JsonWriter()
                      .begin_object()
                      .field("topic", topic)
                      .field("id", id)
                      .field("url", url)
                      .field("attempts", std::int64_t{0})
                      .field("next_at", now.ns)
                      .field("created_at", now.ns)
                      .end_object()
                      .take()};
}

Planned<ChangeSet> plan_place_order(const View& view, const Order& order, const Moment&) {
  if (order.amount.minor <= 0) return refuse(RefusalCode::kAmountNotPositive, "amount");
  if (order.amount.minor > kMaxAmountMinor) return refuse(RefusalCode::kAmountTooLarge, "amount");
  if (order.fee < 0 || order.fee > order.amount.minor)
    return refuse(RefusalCode::kValueInvalid, "fee");
  Int128 sum = 0;
  for (const OrderLine& line : order.lines) {
    if (line.amount <= 0) return refuse(RefusalCode::kAmountNotPositive, "lines");
    sum += line.amount;
    const Account* account = view.account(line.account);
    if (!account) return refuse(RefusalCode::kAccountNotFound, line.account);
    if (account->currency != order.amount.currency)
      return refuse(RefusalCode::kCurrencyMismatch, line.account);
  }
  const std::string index = index_key("order", order.mch_no, order.mch_order_no);
  if (view.document(DocumentKind::kIndex, index))
    return refuse(RefusalCode::kOrderExists, order.mch_order_no);
  if (view.document(DocumentKind::kOrder, order.order_id))
    return refuse(RefusalCode::kOrderExists, order.order_id);
  if (!order.direct && sum != order.amount.minor)
    return refuse(RefusalCode::kAmountMismatch, "lines");
  // From here on the order is accepted.

  ChangeSet changes = begin(view);
  put(changes, view, DocumentKind::kOrder, order.order_id, order);
  put_index(changes, index, order.order_id);
  event(changes, "order.created", order.order_id, order.amount);
  changes.answer = order.order_id;
  return changes;
}

Planned<ChangeSet> plan_order_fact(const View& view, const OrderFact& fact,
                                   const PlatformAccounts& accounts, const ClaimKey& key,
                                   const Moment& moment) {
  std::optional<Order> found = find_order(view, fact.order_id);
  if (!found) return refuse(RefusalCode::kOrderNotFound, fact.order_id);
  Order& order = *found;
  ChangeSet changes = begin(view);
  const bool settled = order.state == OrderState::kPaid || order.state == OrderState::kRefunded;
  switch (fact.kind) {
    case OrderFact::Kind::kSubmitted:
      if (order.state != OrderState::kCreated)
        return refuse(RefusalCode::kOrderStateWrong, std::string(name_of(order.state)));
      if (order.expires_at.ns != 0 && order.expires_at <= moment.now)
        return refuse(RefusalCode::kOrderExpired, order.order_id);
      order.state = OrderState::kPaying;
      if (!fact.way.empty()) order.way = fact.way;
      order.channel = fact.channel;
      order.channel_mch = fact.channel_mch;
      // Until the answer is in, the outcome is unknown: a crash from here on leads to a query.
      order.unknown = true;
      break;
    case OrderFact::Kind::kAccepted:
      if (order.state != OrderState::kPaying)
        return refuse(RefusalCode::kOrderStateWrong, std::string(name_of(order.state)));
      order.unknown = false;
      order.pay_data_type = fact.pay_data_type;
      order.pay_data = fact.pay_data;
      if (!fact.channel_order_no.empty()) order.channel_order_no = fact.channel_order_no;
      break;
    case OrderFact::Kind::kUnknown:
      if (order.state != OrderState::kPaying)
        return refuse(RefusalCode::kOrderStateWrong, std::string(name_of(order.state)));
      order.unknown = true;
      order.error_code = fact.error_code;
      order.error_message = fact.error_message;
      break;
    case OrderFact::Kind::kPaid: {
      if (fact.paid.currency != order.amount.currency)
        return refuse(RefusalCode::kCurrencyMismatch, order.order_id);
      if (settled) {
        if (fact.channel_order_no == order.channel_order_no ||
            view.document(DocumentKind::kChannelArrival, suspense_key(fact)))
          return refuse(RefusalCode::kOrderStateFinal, order.order_id);
        if (fact.paid.minor <= 0)
          return refuse(RefusalCode::kAmountMismatch, std::to_string(fact.paid.minor));
        TRY(post_suspense(view, changes, fact, accounts));
        return changes;
      }
      if (fact.paid.minor != order.amount.minor)
        return refuse(RefusalCode::kAmountMismatch,
                      fmt::format("{} of {}", fact.paid.minor, order.amount.minor));
      order.late = order.state == OrderState::kClosed || order.state == OrderState::kFailed;
      order.state = OrderState::kPaid;
      order.unknown = false;
      order.channel_order_no = fact.channel_order_no;
      if (!fact.channel.empty()) order.channel = fact.channel;
      if (!fact.channel_mch.empty()) order.channel_mch = fact.channel_mch;
      order.paid_at = fact.paid_at;
      order.paid_on = changes.date;
      order.error_code.clear();
      order.error_message.clear();
      order.voucher = key.hex();
      TRY(post_payment(view, changes, order, accounts));
      notify(changes, "order", order.order_id, order.notify_url, moment.now);
      event(changes, "order.paid", order.order_id, order.amount);
      break;
    }
    case OrderFact::Kind::kRejected:
    case OrderFact::Kind::kClosed:
      if (order.state != OrderState::kCreated && order.state != OrderState::kPaying)
        return refuse(RefusalCode::kOrderStateFinal, std::string(name_of(order.state)));
      order.state =
          fact.kind == OrderFact::Kind::kRejected ? OrderState::kFailed : OrderState::kClosed;
      order.unknown = false;
      order.error_code = fact.error_code;
      order.error_message = fact.error_message;
      event(changes, order.state == OrderState::kFailed ? "order.failed" : "order.closed",
            order.order_id, order.amount);
      break;
  }
  put(changes, view, DocumentKind::kOrder, order.order_id, order);
  changes.answer = order.order_id;
  return changes;
}

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

  ChangeSet changes = begin(view);
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
    changes.text = text("退款受理", refund.refund_id);
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
  ChangeSet changes = begin(view);
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
        changes.text = text("退款成功", refund.refund_id);
      } else {
        TRY(add_leg(view, changes, accounts.fee_income, accounts.fee_receivable,
                    refund.fee_return));
        changes.text = text("退还服务费", refund.refund_id);
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
        changes.text = text("退款失败退回", refund.refund_id);
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
  ChangeSet changes = begin(view);
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
  changes.text = text("付款受理", payout.payout_id);
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
  ChangeSet changes = begin(view);
  if (!fact.channel_payout_no.empty()) payout.channel_payout_no = fact.channel_payout_no;
  payout.error_code = fact.error_code;
  payout.error_message = fact.error_message;
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
      changes.text = text("付款成功", payout.payout_id);
      break;
    }
    case PayoutFact::Kind::kFailed: {
      payout.state = PayoutState::kFailed;
      payout.unknown = false;
      TRY(add_leg(view, changes, payout.transit_account, payout.source_account,
                  payout.amount.minor));
      changes.type = VoucherType::kTransfer;
      changes.text = text("付款失败退回", payout.payout_id);
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
      changes.text = text("付款退汇", payout.payout_id);
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
