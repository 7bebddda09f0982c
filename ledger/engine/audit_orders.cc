// Orders, refunds and payouts: that their states go only where they may, that refunds add up, and
// that a command which takes one of them a step moves exactly the money that its documents say.
// What each step moves is read off the table in core/plan_order.h; the planners are not asked.
#include <algorithm>

#include "ledger/base/digest.h"
#include "ledger/base/json.h"
#include "ledger/engine/audit.h"
#include "ledger/engine/audit_owed.h"

namespace suanpan {
namespace {

constexpr unsigned bit(unsigned state) { return 1U << state; }

// The steps of each machine, read off the diagrams of core/order.h: state → states it may go to.
constexpr unsigned kOrderSteps[] = {
    bit(1) | bit(2) | bit(3) | bit(6),  // created → paying, paid, failed, closed
    bit(2) | bit(3) | bit(6),           // paying → paid, failed, closed
    bit(5),                             // paid → refunded
    bit(2),                             // failed → paid: a success that arrives late wins
    0,                                  // no such state
    0,                                  // refunded is final
    bit(2),                             // closed → paid, late as well
};
constexpr unsigned kRefundSteps[] = {bit(1) | bit(2) | bit(3), bit(2) | bit(3), 0, 0};
constexpr unsigned kPayoutSteps[] = {bit(1) | bit(2) | bit(3), bit(2) | bit(3), bit(4), 0, 0};

template <std::size_t N, class State>
bool may_step(const unsigned (&steps)[N], State from, State to) {
  const auto a = static_cast<unsigned>(from), b = static_cast<unsigned>(to);
  return a < N && b < N && (a == b || (steps[a] & bit(b)));
}

bool was_paid(OrderState state) {
  return state == OrderState::kPaid || state == OrderState::kRefunded;
}

OwedPlace at(const std::string& code) { return {code, {}, nullptr}; }
OwedPlace one_of(AccountType type, AccountId* account = nullptr) {
  return {std::nullopt, type, account};
}

// Where there is a URL to tell.
void owe_notice(OwedByCommand& owed, const char* topic, const std::string& id,
                const std::string& url) {
  if (!url.empty()) owed.notices.push_back({topic, id, url});
}

bool adds_up(const std::vector<OrderLine>& lines, std::int64_t amount) {
  Int128 sum = 0;
  for (const OrderLine& line : lines) sum += line.amount;
  return !lines.empty() && sum == amount;
}

// What goes out by one version comes back by a later one: from where and by how much stays.
Id128 fixed_of(const Refund& refund) {
  std::string text = fmt::format("{}", refund.fee_return);
  for (const OrderLine& line : refund.lines)
    text += fmt::format("|{}|{}", line.account, line.amount);
  return id_of(text);
}
Id128 fixed_of(const Payout& payout) {
  return id_of(
      fmt::format("{}|{}|{}", payout.source_account, payout.transit_account, payout.bank_account));
}

// The order as this command leaves it.
std::optional<Order> order_beside(const VariablePart& part, std::string_view id) {
  for (const DocumentPtr& document : part.documents)
    if (document->kind == DocumentKind::kOrder && document->key == id)
      if (auto order = decode_order(document->bytes)) return std::move(order.value());
  return std::nullopt;
}

Result<Money> amount_in(std::string_view bytes) {
  TRY(const auto json, JsonDocument::parse(bytes));
  TRY(const std::int64_t minor, json.root().get_int64("amount"));
  TRY(const std::string code, json.root().get_string("currency"));
  const auto currency = currency_of(code);
  if (!currency) return fail(Errc::kMalformed, "no currency: {}", code);
  return Money{minor, *currency};
}

// These move money for an order, a refund or a payout, or none.
bool is_of_an_order(CommandKind kind) {
  return kind == CommandKind::kPlaceOrder || kind == CommandKind::kOrderEvent ||
         kind == CommandKind::kRefund || kind == CommandKind::kRefundEvent ||
         kind == CommandKind::kPayout || kind == CommandKind::kPayoutEvent;
}

}  // namespace

// A direct merchant's money never comes here: of its order only the fee is booked.
Fault Audit::owe_payment(const std::string& by, const Order& order, OrderFacts& facts,
                         OwedByCommand& owed) {
  const OwedPlace outside = one_of(AccountType::kAsset, &facts.outside);
  const OwedPlace income = one_of(AccountType::kIncome, &facts.income);
  const auto owe = [&](const OwedPlace& debit, const OwedPlace& credit, std::int64_t amount) {
    owed.legs.push_back({by, debit, credit, {amount, order.amount.currency}});
  };
  if (order.direct) {
    owe(outside, income, order.fee);
    return {};
  }
  if (!adds_up(order.lines, order.amount.minor))
    return fmt::format("{} was paid {}, and its lines do not add up to it", by, order.amount.minor);
  for (const OrderLine& line : order.lines) owe(outside, at(line.account), line.amount);
  owe(at(order.lines.front().account), income, order.fee);
  return {};
}

Fault Audit::take_order(const Document& document, OwedByCommand& owed) {
  const auto order = decode_order(document.bytes);
  if (!order) return fmt::format("order {} does not decode", document.key);
  const Order& after = order.value();
  OrderFacts& facts = orders_[document.key];
  bool paid_before = was_paid(facts.state);
  if (document.version == 1) {
    facts.amount = after.amount;
    facts.state = after.state;
    paid_before = false;
  }
  if (!may_step(kOrderSteps, facts.state, after.state))
    return fmt::format("order {} goes from state {} to {}", document.key,
                       static_cast<unsigned>(facts.state), static_cast<unsigned>(after.state));
  if (after.amount != facts.amount)
    return fmt::format("order {} changed its amount from {} to {}", document.key,
                       facts.amount.minor, after.amount.minor);
  if (after.refunded < 0 || after.refunding < 0 ||
      Int128{after.refunded} + after.refunding > after.amount.minor)
    return fmt::format("order {} has more refunds than was paid", document.key);
  facts.state = after.state;
  facts.refunded = after.refunded;
  facts.refunding = after.refunding;
  if (!was_paid(after.state) || paid_before) return {};
  owe_notice(owed, "order", document.key, after.notify_url);
  return owe_payment("order " + document.key, after, facts, owed);
}

// What was taken from the order's accounts stands in transit until the channel has answered.
Fault Audit::owe_refund(const std::string& by, const Refund& refund, bool fresh, const Order& order,
                        RefundFacts& facts, OwedByCommand& owed) {
  OrderFacts& of = orders_.at(refund.order_id);
  const OwedPlace outside = one_of(AccountType::kAsset, &of.outside);
  const OwedPlace income = one_of(AccountType::kIncome, &of.income);
  const auto owe = [&](const OwedPlace& debit, const OwedPlace& credit, std::int64_t amount) {
    owed.legs.push_back({by, debit, credit, {amount, refund.amount.currency}});
  };
  if (fresh && order.state != OrderState::kPaid) return by + " is of an order that is not paid";
  const bool done = refund.state == RefundState::kSucceeded;
  if (order.direct) {
    if (done) owe(income, outside, refund.fee_return);
    return {};
  }
  if (order.lines.empty() || !adds_up(refund.lines, refund.amount.minor))
    return fmt::format("{} is of {}, and its lines do not add up to it", by, refund.amount.minor);
  for (const OrderLine& taken : refund.lines)
    if (std::none_of(order.lines.begin(), order.lines.end(), [&](const OrderLine& line) {
          return line.label == taken.label && line.account == taken.account;
        }))
      return fmt::format("{} takes from {}, where its order has no line of that name", by,
                         taken.account);
  const OwedPlace transit = one_of(AccountType::kLiability, &facts.transit);
  const OwedPlace bears_fee = at(order.lines.front().account);
  if (fresh) {
    for (const OrderLine& line : refund.lines) owe(at(line.account), transit, line.amount);
    owe(income, bears_fee, refund.fee_return);
  }
  if (done) owe(transit, outside, refund.amount.minor);
  if (refund.state == RefundState::kFailed) {
    for (const OrderLine& line : refund.lines) owe(transit, at(line.account), line.amount);
    owe(bears_fee, income, refund.fee_return);
  }
  return {};
}

Fault Audit::take_refund(const Command& command, const Document& document,
                         std::set<std::string>& orders, OwedByCommand& owed) {
  const auto refund = decode_refund(document.bytes);
  if (!refund) return fmt::format("refund {} does not decode", document.key);
  const Refund& after = refund.value();
  RefundFacts& facts = refunds_[document.key];
  const bool fresh = document.version == 1;
  const Id128 fixed = fixed_of(after);
  if (fresh) facts = RefundFacts{after.order_id, after.amount, after.state, {}, fixed};
  if (!may_step(kRefundSteps, facts.state, after.state))
    return fmt::format("refund {} goes from state {} to {}", document.key,
                       static_cast<unsigned>(facts.state), static_cast<unsigned>(after.state));
  if (after.amount != facts.amount || after.order_id != facts.order_id)
    return fmt::format("refund {} changed its amount or order", document.key);
  if (fixed != facts.fixed)
    return fmt::format("refund {} changed its lines or the fee that goes back", document.key);
  const auto order = orders_.find(after.order_id);
  // The order's own change may stand later in the same command, but never its first version.
  if (order == orders_.end())
    return fmt::format("refund {} is of order {}, which does not exist", document.key,
                       after.order_id);
  const auto count = [&](RefundState state, Int128 amount) {
    if (state == RefundState::kSucceeded) order->second.refunds_done += amount;
    if (state == RefundState::kCreated || state == RefundState::kProcessing)
      order->second.refunds_under_way += amount;
  };
  if (!fresh) count(facts.state, -Int128{after.amount.minor});
  count(after.state, after.amount.minor);
  const bool ends = after.state == RefundState::kSucceeded || after.state == RefundState::kFailed;
  const bool moves = fresh || (ends && facts.state != after.state);
  if (moves && ends) owe_notice(owed, "refund", document.key, after.notify_url);
  facts.state = after.state;
  orders.insert(after.order_id);
  if (!moves) return {};
  const auto beside = order_beside(*command.part, after.order_id);
  if (!beside) return fmt::format("refund {} takes a step without its order", document.key);
  return owe_refund("refund " + document.key, after, fresh, *beside, facts, owed);
}

Fault Audit::take_payout(const Document& document, OwedByCommand& owed) {
  const auto payout = decode_payout(document.bytes);
  if (!payout) return fmt::format("payout {} does not decode", document.key);
  const Payout& after = payout.value();
  PayoutFacts& facts = payouts_[document.key];
  const bool fresh = document.version == 1;
  const Id128 fixed = fixed_of(after);
  if (fresh) facts = PayoutFacts{after.amount, after.state, fixed};
  if (!may_step(kPayoutSteps, facts.state, after.state))
    return fmt::format("payout {} goes from state {} to {}", document.key,
                       static_cast<unsigned>(facts.state), static_cast<unsigned>(after.state));
  if (after.amount != facts.amount)
    return fmt::format("payout {} changed its amount", document.key);
  if (fixed != facts.fixed) return fmt::format("payout {} changed its accounts", document.key);
  const bool steps = fresh || facts.state != after.state;
  facts.state = after.state;
  const auto owe = [&](const std::string& debit, const std::string& credit) {
    owed.legs.push_back({"payout " + document.key, at(debit), at(credit), after.amount});
  };
  if (fresh) owe(after.source_account, after.transit_account);
  if (!steps) return {};
  // One that comes back was told as paid before.
  if (after.state == PayoutState::kReturned)
    owe_notice(owed, "payout_returned", document.key, after.notify_url);
  if (after.state == PayoutState::kSucceeded || after.state == PayoutState::kFailed)
    owe_notice(owed, "payout", document.key, after.notify_url);
  if (after.state == PayoutState::kSucceeded) owe(after.transit_account, after.bank_account);
  if (after.state == PayoutState::kFailed) owe(after.transit_account, after.source_account);
  if (after.state == PayoutState::kReturned) owe(after.bank_account, after.source_account);
  return {};
}

// Money that came in and belongs to nobody yet. The reconciler's own arrivals have other names.
Fault Audit::take_arrival(const Document& document, OwedByCommand& owed) const {
  if (document.version != 1 || !document.key.starts_with("suspense/")) return {};
  const auto amount = amount_in(document.bytes);
  if (!amount) return fmt::format("what came in as {} does not decode", document.key);
  owed.legs.push_back(
      {document.key, one_of(AccountType::kAsset), one_of(AccountType::kLiability), amount.value()});
  return {};
}

bool Audit::is_at(const OwedPlace& place, AccountId id) const {
  const Account& account = accounts_[id.value - 1].account;
  if (place.code) return account.code == *place.code;
  if (!place.account || place.account->value == 0) return account.type == place.type;
  return *place.account == id;
}

std::string Audit::told(const OwedPlace& place) const {
  if (place.code) return *place.code;
  if (place.account && place.account->value != 0)
    return accounts_[place.account->value - 1].account.code;
  switch (place.type) {
    case AccountType::kAsset:
      return "an account of assets";
    case AccountType::kIncome:
      return "an account of income";
    default:
      return "an account of liabilities";
  }
}

// Legs of holds are judged by the holds: what is posted of one may pay what a document says.
Fault Audit::check_owed_legs(const Command& command, const OwedByCommand& owed) const {
  if (owed.legs.empty() && !is_of_an_order(command.kind)) return {};
  auto leg = command.moves_money() ? command.legs.begin() : command.legs.end();
  const auto next = [&] {
    while (leg != command.legs.end() && leg->transfer().kind != TransferKind::kPosted) ++leg;
    return leg != command.legs.end();
  };
  for (const OwedLeg& due : owed.legs) {
    if (due.amount.minor == 0) continue;
    const auto says = [&] {
      return fmt::format("{} says {} {}, debit {}, credit {}", due.by, due.amount.minor,
                         code_of(due.amount.currency), told(due.debit), told(due.credit));
    };
    if (!next()) return says() + ", and no leg does that";
    const Transfer t = leg->transfer();
    const Account& debit = accounts_[t.debit.value - 1].account;
    const Account& credit = accounts_[t.credit.value - 1].account;
    if (Money{t.amount, debit.currency} != due.amount || !is_at(due.debit, t.debit) ||
        !is_at(due.credit, t.credit))
      return fmt::format("{}; leg {} is {} {}, debit {}, credit {}", says(), leg->leg, t.amount,
                         code_of(debit.currency), debit.code, credit.code);
    if (due.debit.account) *due.debit.account = t.debit;
    if (due.credit.account) *due.credit.account = t.credit;
    ++leg;
  }
  if (next())
    return fmt::format("leg {} moves {} that no order, refund or payout says", leg->leg,
                       leg->amount);
  return {};
}

}  // namespace suanpan
