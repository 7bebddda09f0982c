#include "ledger/core/plan_order.h"

#include "ledger/base/check.h"
#include "ledger/base/json.h"
#include "ledger/base/limits.h"
#include "ledger/core/order_changes.h"
#include "ledger/core/plan_voucher.h"

namespace suanpan {

using namespace order_changes;

namespace {

std::string suspense_key(const OrderFact& fact) {
  return fmt::format("suspense/{}/{}", fact.order_id, fact.channel_order_no);
}

// Money that the channel took and that belongs to no open order: it is ours to keep safe.
Planned<void> post_suspense(const View& view, ChangeSet& changes, const OrderFact& fact,
                            const PlatformAccounts& accounts) {
  TRY(add_leg(view, changes, accounts.channel_receivable, accounts.suspense, fact.paid.minor));
  changes.type = VoucherType::kReceipt;
  changes.text = voucher_text("挂账：重复支付", fact.order_id);
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
  if (suspended > 0) changes.text = voucher_text("挂账：收款", order.order_id);
}

// As it was agreed; else by the shortest detour that the accounts take, and `order` then says so.
Planned<void> post_payment(const View& view, ChangeSet& changes, Order& order,
                           const PlatformAccounts& accounts) {
  changes.type = VoucherType::kReceipt;
  changes.text = voucher_text(order.direct ? "直连商户服务费" : "收款", order.order_id);
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

ChangeSet replaced(const View& view, ChangeSet changes, const Order& order) {
  put(changes, view, DocumentKind::kOrder, order.order_id, order);
  changes.answer = order.order_id;
  return changes;
}

// The channel says so again: it was this payment, or one too many.
Planned<ChangeSet> plan_paid_again(const View& view, const Order& order, const OrderFact& fact,
                                   const PlatformAccounts& accounts) {
  if (fact.channel_order_no == order.channel_order_no ||
      view.document(DocumentKind::kChannelArrival, suspense_key(fact)))
    return refuse(RefusalCode::kOrderStateFinal, order.order_id);
  if (fact.paid.minor <= 0)
    return refuse(RefusalCode::kAmountMismatch, std::to_string(fact.paid.minor));
  ChangeSet changes = on_open_day(view);
  TRY(post_suspense(view, changes, fact, accounts));
  return changes;
}

Planned<ChangeSet> plan_paid(const View& view, Order& order, const OrderFact& fact,
                             const PlatformAccounts& accounts, const ClaimKey& key,
                             const Moment& moment) {
  if (fact.paid.currency != order.amount.currency)
    return refuse(RefusalCode::kCurrencyMismatch, order.order_id);
  if (order.state == OrderState::kPaid || order.state == OrderState::kRefunded)
    return plan_paid_again(view, order, fact, accounts);
  if (fact.paid.minor != order.amount.minor)
    return refuse(RefusalCode::kAmountMismatch,
                  fmt::format("{} of {}", fact.paid.minor, order.amount.minor));
  ChangeSet changes = on_open_day(view);
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
  return replaced(view, std::move(changes), order);
}

}  // namespace

std::optional<Order> find_order(const View& view, std::string_view id) {
  return find_decoded(view, DocumentKind::kOrder, id, decode_order);
}
std::optional<Refund> find_refund(const View& view, std::string_view id) {
  return find_decoded(view, DocumentKind::kRefund, id, decode_refund);
}
std::optional<Payout> find_payout(const View& view, std::string_view id) {
  return find_decoded(view, DocumentKind::kPayout, id, decode_payout);
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
  // Its lines would say it; it has none, and its fee is posted in the book's currency.
  if (order.direct && order.amount.currency != view.book().currency)
    return refuse(RefusalCode::kCurrencyMismatch, "currency");
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

  ChangeSet changes = on_open_day(view);
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
  ChangeSet changes = on_open_day(view);
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
    case OrderFact::Kind::kPaid:
      return plan_paid(view, order, fact, accounts, key, moment);
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
  return replaced(view, std::move(changes), order);
}

}  // namespace suanpan
