#include "channels/payment_commands.h"

#include "channels/chart.h"
#include "channels/registry.h"
#include "channels/sub_accounts.h"
#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/json.h"
#include "ledger/core/plan_voucher.h"

namespace suanpan::channels {
namespace {

ClaimKey derived(const std::string& text, const std::string& retry) {
  return {id_of(retry.empty() ? text : text + "|retry|" + retry), kSystemCaller};
}

std::string amount_text(Money amount) {
  return fmt::format("{}{}", amount.minor, code_of(amount.currency));
}

// What stands for the channel's debt to us: at a bank the deposit itself, which is there at once.
PlatformAccounts accounts_of(const Order& order, std::string_view channel,
                             std::string_view channel_mch) {
  PlatformAccounts accounts = accounts_for(order.mch_no, channel, channel_mch);
  if (channel == kBank) accounts.channel_receivable = chart::bank_deposit(channel_mch);
  return accounts;
}

ChangeSet alert_changes(const View& view, const std::string& topic, const std::string& id,
                        const std::string& what) {
  ChangeSet changes;
  changes.date = view.book().accounting_date;
  changes.events.push_back(
      Event{topic, id,
            JsonWriter().begin_object().field("id", id).field("what", what).end_object().take()});
  changes.answer = kAnswerAlert;
  return changes;
}

// An order that a transfer to a number of its own will pay: nobody has to be called for it.
void await_transfer(Order& order, const std::string& number) {
  order.state = OrderState::kPaying;
  order.unknown = false;
  order.pay_data_type = "none";
  order.pay_data = fmt::format("{}|{}", order.channel_mch, number);
}

Planned<std::string> give_sub_account(const View& view, ChangeSet& changes, const Order& order) {
  return plan_sub_account(
      view, changes, bank::SubAccountKind::kOrder,
      SubAccountHolder{{}, order.channel_mch, {}, order.mch_order_no, {}, order.order_id});
}

Planned<ChangeSet> plan_place(const View& view, const Order& request, const Moment& moment) {
  if (request.expires_at.ns != 0 && request.expires_at <= moment.now)
    return refuse(RefusalCode::kOrderExpired, request.mch_order_no);
  Order order = request;
  ChangeSet extra;
  Planned<std::string> number = std::string();
  if (order.channel == kBank) {
    number = give_sub_account(view, extra, order);
    if (number) await_transfer(order, number.value());
  } else if (!order.channel.empty()) {
    order.state = OrderState::kPaying;
    order.unknown = true;
  }
  TRY(ChangeSet changes, plan_place_order(view, order, moment));
  TRY(number);  // what is wrong with the order goes before
  for (Document& document : extra.documents) changes.documents.push_back(std::move(document));
  return changes;
}

std::string fact_text(const OrderFact& fact, std::uint32_t version) {
  const std::string head = "order-fact|" + fact.order_id;
  switch (fact.kind) {
    case OrderFact::Kind::kSubmitted:
      return fmt::format("{}|submitted|{}|{}|{}", head, fact.way, fact.channel, fact.channel_mch);
    case OrderFact::Kind::kAccepted:
      return fmt::format("{}|accepted|{}|{}|{}", head, fact.pay_data_type,
                         id_of(fact.pay_data).hex(), version);
    case OrderFact::Kind::kUnknown:
      return fmt::format("{}|unknown|{}|{}", head, fact.error_code, version);
    case OrderFact::Kind::kPaid:
      return fmt::format("{}|paid|{}|{}", head, fact.channel_order_no, amount_text(fact.paid));
    case OrderFact::Kind::kRejected:
      return fmt::format("{}|rejected|{}|{}", head, fact.error_code, version);
    case OrderFact::Kind::kClosed:
      return fmt::format("{}|closed|{}", head, version);
  }
  return head;
}

Planned<ChangeSet> plan_fact(const View& view, const OrderFact& fact, const ClaimKey& key,
                             const Moment& moment) {
  const std::optional<Order> order = find_order(view, fact.order_id);
  if (!order) return refuse(RefusalCode::kOrderNotFound, fact.order_id);
  const bool paid = fact.kind == OrderFact::Kind::kPaid;
  const bool settled = order->state == OrderState::kPaid || order->state == OrderState::kRefunded;
  if (paid && settled && order->direct && fact.channel_order_no != order->channel_order_no)
    return alert_changes(
        view, "order.alert", fact.order_id,
        fmt::format("paid twice at the merchant's own account: {}", amount_text(fact.paid)));
  const bool routed = !fact.channel.empty();
  const auto accounts = accounts_of(*order, routed ? fact.channel : order->channel,
                                    routed ? fact.channel_mch : order->channel_mch);
  auto planned = plan_order_fact(view, fact, accounts, key, moment);
  if (!planned) {
    const RefusalCode code = planned.error().code;
    if (paid && (code == RefusalCode::kAmountMismatch || code == RefusalCode::kCurrencyMismatch))
      return alert_changes(view, "order.alert", fact.order_id,
                           fmt::format("told as paid with {}, agreed are {}: not believed",
                                       amount_text(fact.paid), amount_text(order->amount)));
    return planned.error();
  }
  if (fact.kind != OrderFact::Kind::kSubmitted || fact.channel != kBank) return planned;
  ChangeSet changes = std::move(planned.value());
  ChangeSet extra;
  for (Document& document : changes.documents) {
    if (document.kind != DocumentKind::kOrder) continue;
    auto routed_order = decode_order(document.bytes);
    CHECK_OR_DIE(routed_order, "order {} does not decode", fact.order_id);
    TRY(const std::string number, give_sub_account(view, extra, routed_order.value()));
    await_transfer(routed_order.value(), number);
    document.bytes = encode(routed_order.value());
  }
  for (Document& document : extra.documents) changes.documents.push_back(std::move(document));
  return changes;
}

}  // namespace

Command place_order(ClaimKey key, Content content, Order order) {
  Command::About about{DocumentKind::kOrder, order.order_id,
                       order.lines.empty() ? "" : order.lines.front().account};
  return Command{key, CommandKind::kPlaceOrder, std::move(content),
                 [order = std::move(order)](const View& view, const Moment& moment) {
                   return plan_place(view, order, moment);
                 },
                 std::move(about)};
}

Command order_fact(OrderFact fact, std::uint32_t version, const std::string& retry) {
  const std::string text = fact_text(fact, version);
  const ClaimKey key = derived(text, retry);
  Command::About about{DocumentKind::kOrder, fact.order_id, {}};
  return Command{key, CommandKind::kOrderEvent, Content{{"fact", text}},
                 [fact = std::move(fact), key](const View& view, const Moment& moment) {
                   return plan_fact(view, fact, key, moment);
                 },
                 std::move(about)};
}

Planned<ChangeSet> plan_ask_refund(const View& view, const Refund& refund, const Moment& moment) {
  const std::optional<Order> order = find_order(view, refund.order_id);
  if (!order) return refuse(RefusalCode::kOrderNotFound, refund.order_id);
  return plan_refund(view, refund, accounts_of(*order, order->channel, order->channel_mch), moment);
}

Command ask_refund(ClaimKey key, Content content, Refund refund) {
  return Command{key, CommandKind::kRefund, std::move(content),
                 [refund = std::move(refund)](const View& view, const Moment& moment) {
                   return plan_ask_refund(view, refund, moment);
                 }};
}

namespace {

// One word per kind; a final state is reached once, the others once per version and code.
std::string refund_text(const RefundFact& fact, std::uint32_t version) {
  const std::string head = "refund-fact|" + fact.refund_id;
  switch (fact.kind) {
    case RefundFact::Kind::kSubmitted:
      return fmt::format("{}|submitted|{}", head, version);
    case RefundFact::Kind::kUnknown:
      return fmt::format("{}|unknown|{}|{}", head, fact.error_code, version);
    case RefundFact::Kind::kProcessing:
      return fmt::format("{}|processing|{}|{}", head, fact.error_code, version);
    case RefundFact::Kind::kSucceeded:
      return head + "|succeeded";
    case RefundFact::Kind::kFailed:
      return head + "|failed";
  }
  return head;
}

std::string payout_text(const PayoutFact& fact, std::uint32_t version) {
  const std::string head = "payout-fact|" + fact.payout_id;
  switch (fact.kind) {
    case PayoutFact::Kind::kSubmitted:
      return fmt::format("{}|submitted|{}", head, version);
    case PayoutFact::Kind::kUnknown:
      return fmt::format("{}|unknown|{}|{}", head, fact.error_code, version);
    case PayoutFact::Kind::kProcessing:
      return fmt::format("{}|processing|{}|{}", head, fact.error_code, version);
    case PayoutFact::Kind::kSucceeded:
      return head + "|succeeded";
    case PayoutFact::Kind::kFailed:
      return head + "|failed";
    case PayoutFact::Kind::kReturned:
      return fmt::format("{}|returned|{}", head, fact.channel_payout_no);
  }
  return head;
}

// What people are told when a final state is contradicted.
std::string contradiction(std::string_view stands, std::string_view told, const std::string& number,
                          const std::string& code) {
  return fmt::format("{} here, told as {} by the channel: number {}, code {}; nothing was moved",
                     stands, told, number.empty() ? "none" : number, code.empty() ? "none" : code);
}

std::optional<std::string> contradicted(const Refund& refund, const RefundFact& fact) {
  using Kind = RefundFact::Kind;
  const bool told_failed = refund.state == RefundState::kSucceeded && fact.kind == Kind::kFailed;
  const bool told_well = refund.state == RefundState::kFailed && fact.kind == Kind::kSucceeded;
  if (!told_failed && !told_well) return std::nullopt;
  return contradiction(name_of(refund.state), told_failed ? "failed" : "succeeded",
                       fact.channel_refund_no, fact.error_code);
}

std::optional<std::string> contradicted(const Payout& payout, const PayoutFact& fact) {
  using Kind = PayoutFact::Kind;
  // One that was returned had succeeded.
  const bool well =
      payout.state == PayoutState::kSucceeded || payout.state == PayoutState::kReturned;
  const bool told_failed = well && fact.kind == Kind::kFailed;
  const bool told_well = payout.state == PayoutState::kFailed && fact.kind == Kind::kSucceeded;
  if (!told_failed && !told_well) return std::nullopt;
  return contradiction(name_of(payout.state), told_failed ? "failed" : "succeeded",
                       fact.channel_payout_no, fact.error_code);
}

}  // namespace

Command refund_fact(RefundFact fact, std::uint32_t version, const std::string& retry) {
  const std::string text = refund_text(fact, version);
  return Command{
      derived(text, retry), CommandKind::kRefundEvent, Content{{"fact", text}},
      [fact = std::move(fact)](const View& view, const Moment& moment) -> Planned<ChangeSet> {
        const std::optional<Refund> refund = find_refund(view, fact.refund_id);
        if (!refund) return refuse(RefusalCode::kOrderNotFound, fact.refund_id);
        if (const auto what = contradicted(*refund, fact))
          return alert_changes(view, "refund.alert", fact.refund_id, *what);
        const std::optional<Order> order = find_order(view, refund->order_id);
        CHECK_OR_DIE(order, "refund {} has no order", fact.refund_id);
        return plan_refund_fact(view, fact, accounts_of(*order, order->channel, order->channel_mch),
                                moment);
      }};
}

Command ask_payout(ClaimKey key, Content content, Payout payout) {
  return Command{key, CommandKind::kPayout, std::move(content),
                 [payout = std::move(payout)](const View& view, const Moment& moment) {
                   return plan_payout(view, payout, moment);
                 }};
}

Command payout_fact(PayoutFact fact, std::uint32_t version, const std::string& retry) {
  const std::string text = payout_text(fact, version);
  return Command{
      derived(text, retry), CommandKind::kPayoutEvent, Content{{"fact", text}},
      [fact = std::move(fact)](const View& view, const Moment& moment) -> Planned<ChangeSet> {
        if (const auto payout = find_payout(view, fact.payout_id))
          if (const auto what = contradicted(*payout, fact))
            return alert_changes(view, "payout.alert", fact.payout_id, *what);
        return plan_payout_fact(view, fact, moment);
      }};
}

Command alert(const std::string& topic, const std::string& id, const std::string& what) {
  const std::string text = fmt::format("alert|{}|{}|{}", topic, id, what);
  return Command{derived(text, {}), CommandKind::kOrderEvent, Content{{"alert", text}},
                 [topic, id, what](const View& view, const Moment&) -> Planned<ChangeSet> {
                   return alert_changes(view, topic, id, what);
                 }};
}

namespace {

using Deposit = PaymentService::Deposit;

Planned<ChangeSet> deposit_into(const View& view, const Deposit& deposit, const std::string& code,
                                std::string summary, std::string answer) {
  const Account* bank = view.account(chart::bank_deposit(deposit.bank_account));
  if (!bank) return refuse(RefusalCode::kDebitAccountNotFound, deposit.bank_account);
  const Account* target = view.account(code);
  if (!target) return refuse(RefusalCode::kCreditAccountNotFound, code);
  if (bank->currency != deposit.amount.currency)
    return refuse(RefusalCode::kCurrencyMismatch, bank->code);
  TRY(check_leg(view, bank->id, target->id));
  ChangeSet changes;
  changes.date = view.book().accounting_date;
  changes.transfers.push_back(
      Transfer{bank->id, target->id, deposit.amount.minor, TransferKind::kPosted});
  TRY(check_limits(view, changes.transfers));
  changes.type = VoucherType::kReceipt;
  changes.text = std::make_shared<const VoucherText>(
      VoucherText{std::move(summary), deposit.reference, {}, {}, {}});
  changes.answer = std::move(answer);
  return changes;
}

// Money that is at the bank and that we cannot place: ours to keep safe until somebody says whose.
Planned<ChangeSet> deposit_into_suspense(const View& view, const Deposit& deposit,
                                         const std::string& reason, const std::string& claimed) {
  TRY(ChangeSet changes, deposit_into(view, deposit, std::string(chart::kSuspense),
                                      "挂账：银行来款", "suspense/" + reason));
  changes.documents.push_back(
      Document{DocumentKind::kChannelArrival,
               fmt::format("suspense/{}/{}", deposit.bank_account, deposit.reference), 1, true,
               JsonWriter()
                   .begin_object()
                   .field("bank_account", deposit.bank_account)
                   .field("reference", deposit.reference)
                   .field("claimed", claimed)
                   .field("amount", deposit.amount.minor)
                   .field("currency", code_of(deposit.amount.currency))
                   .field("paid_at", deposit.at.ns)
                   .field("reason", reason)
                   .end_object()
                   .take()});
  changes.events.push_back(Event{"deposit.suspense", deposit.reference,
                                 JsonWriter()
                                     .begin_object()
                                     .field("id", deposit.reference)
                                     .field("amount", deposit.amount.minor)
                                     .field("currency", code_of(deposit.amount.currency))
                                     .field("reason", reason)
                                     .end_object()
                                     .take()});
  return changes;
}

Planned<ChangeSet> deposit_for_order(const View& view, const Deposit& deposit, const Order& order,
                                     const ClaimKey& key, const Moment& moment) {
  if (order.channel != kBank || order.channel_mch != deposit.bank_account)
    return deposit_into_suspense(view, deposit, "order_is_paid_otherwise", order.order_id);
  if (deposit.amount != order.amount)
    return deposit_into_suspense(view, deposit, "amount_mismatch", order.order_id);
  OrderFact fact;
  fact.kind = OrderFact::Kind::kPaid;
  fact.order_id = order.order_id;
  fact.channel_order_no = deposit.reference;
  fact.paid = deposit.amount;
  fact.paid_at = deposit.at;
  auto planned =
      plan_order_fact(view, fact, accounts_of(order, kBank, deposit.bank_account), key, moment);
  // An account in the way must not keep the money out of the books.
  if (!planned)
    return deposit_into_suspense(view, deposit, std::string(name_of(planned.error().code)),
                                 order.order_id);
  const bool twice = order.state == OrderState::kPaid || order.state == OrderState::kRefunded;
  planned.value().answer = twice ? "suspense/duplicate_payment" : "order/" + order.order_id;
  return planned;
}

Planned<ChangeSet> plan_deposit(const View& view, const Deposit& deposit,
                                const std::string& reference, const ClaimKey& key,
                                const Moment& moment) {
  if (deposit.amount.minor <= 0) return refuse(RefusalCode::kAmountNotPositive, "amount");
  if (reference.empty()) return deposit_into_suspense(view, deposit, "unknown_payer", reference);
  std::string order_id = reference;
  if (const auto holder = find_sub_account(view, reference)) {
    if (holder->bank_account != deposit.bank_account)
      return deposit_into_suspense(view, deposit, "sub_account_of_another_account", reference);
    if (holder->order_id.empty()) {
      auto planned = deposit_into(view, deposit, holder->account, "来款 " + reference,
                                  "account/" + holder->account);
      if (planned) return planned;
      return deposit_into_suspense(view, deposit, std::string(name_of(planned.error().code)),
                                   reference);
    }
    order_id = holder->order_id;
  }
  if (const auto order = find_order(view, order_id))
    return deposit_for_order(view, deposit, *order, key, moment);
  return deposit_into_suspense(view, deposit, "unknown_sub_account", reference);
}

}  // namespace

Command post_deposit(Deposit deposit, std::string reference) {
  const ClaimKey key{id_of(fmt::format("deposit|{}|{}", deposit.bank_account, deposit.reference)),
                     kSystemCaller};
  Content content{{"bank_account", deposit.bank_account},
                  {"reference", deposit.reference},
                  {"amount", amount_text(deposit.amount)},
                  {"for", reference}};
  return Command{key, CommandKind::kDeposit, std::move(content),
                 [deposit = std::move(deposit), reference = std::move(reference), key](
                     const View& view, const Moment& moment) -> Planned<ChangeSet> {
                   TRY(ChangeSet changes, plan_deposit(view, deposit, reference, key, moment));
                   if (deposit.booked_on.days != 0 && deposit.booked_on != changes.date)
                     changes.effective = deposit.booked_on;
                   return changes;
                 }};
}

}  // namespace suanpan::channels
