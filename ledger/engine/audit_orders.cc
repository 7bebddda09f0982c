// Orders, refunds and payouts: that their states go only where they may, that they stay what was
// agreed, that refunds add up, and that a command which takes one of them a step moves exactly the
// money that its documents say. What each step moves is read off the table in core/plan_order.h,
// over which account off channels/chart.h; the planners are not asked.
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

// Each with its length, so that none runs into the next.
Id128 digest_of(const std::vector<std::string_view>& members) {
  std::string text;
  for (const std::string_view member : members) text += fmt::format("{}:{}", member.size(), member);
  return id_of(text);
}

// Whose an order is and what it is for.
Id128 fixed_of(const Order& order) {
  std::string lines, rest;
  for (const OrderLine& line : order.lines)
    lines += fmt::format("{}:{}|{}|", line.label.size(), line.label, line.amount);
  rest = fmt::format("{}|{}|{}|{}", order.fee_kept, order.direct, order.created_at.ns,
                     order.expires_at.ns);
  return digest_of({order.order_id, order.mch_no, order.app_id, order.mch_order_no,
                    order.texts_sealed, order.notify_url, order.return_url, lines, rest});
}

// Who took the payment, when and under what number, and what became of it in the books.
Id128 paid_of(const Order& order) {
  std::string lines;
  for (const OrderLine& line : order.lines)
    lines += fmt::format("{}:{}", line.account.size(), line.account);
  const std::string rest =
      fmt::format("{}|{}|{}|{}", order.fee, order.late, order.paid_at.ns, order.paid_on.days);
  return digest_of({order.way, order.channel, order.channel_mch, order.channel_order_no,
                    order.pay_data_type, order.pay_data, order.voucher, lines, rest});
}

bool is_suspense(std::string_view code) { return code == "2241" || code.starts_with("2241/"); }

// The account that stands for what took the payment: a bank's is the deposit itself. An order that
// names no channel leaves it open.
std::optional<std::string> outside_of(const Order& order) {
  if (order.direct)
    return order.mch_no.empty() ? std::nullopt : std::optional("1131/" + order.mch_no);
  if (order.channel.empty()) return std::nullopt;
  if (order.channel == "bank") return "1002/" + order.channel_mch;
  return fmt::format("1122/{}/{}", order.channel, order.channel_mch);
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

struct ArrivalSays {
  Money amount;
  std::string bank_account;  // ours; empty: another channel's
};

Result<ArrivalSays> read_arrival(std::string_view bytes) {
  TRY(const auto json, JsonDocument::parse(bytes));
  const JsonValue root = json.root();
  ArrivalSays says;
  TRY(says.amount.minor, root.get_int64("amount"));
  TRY(const std::string code, root.get_string("currency"));
  const auto currency = currency_of(code);
  if (!currency) return fail(Errc::kMalformed, "no currency: {}", code);
  says.amount.currency = *currency;
  if (root.find("bank_account")) {
    TRY(says.bank_account, root.get_string("bank_account"));
  }
  return says;
}

// These move money for an order, a refund or a payout, or none.
bool is_of_an_order(CommandKind kind) {
  return kind == CommandKind::kPlaceOrder || kind == CommandKind::kOrderEvent ||
         kind == CommandKind::kRefund || kind == CommandKind::kRefundEvent ||
         kind == CommandKind::kPayout || kind == CommandKind::kPayoutEvent;
}

}  // namespace

// What is agreed when an order is placed stays. When it is paid, what an account refuses goes to
// suspense, and the fee is left where the whole of it goes there (core/plan_order.h). From then on
// all of this stays as well.
Fault Audit::check_kept(const std::string& by, const Order& after, OrderFacts& facts, bool fresh) {
  const Id128 fixed = fixed_of(after);
  if (fresh) facts.fixed = fixed;
  if (fixed != facts.fixed) return by + " changed whose it is, what it is for or how it is divided";
  const Id128 none;
  if (facts.paid != none)
    return facts.paid == paid_of(after) ? Fault{}
                                        : by + " changed its lines, its fee or how it was paid";
  const bool paid = was_paid(after.state);
  bool kept = true, all_suspended = true;
  std::vector<std::uint64_t> lines;
  for (const OrderLine& line : after.lines) {
    const std::size_t n = lines.size();
    lines.push_back(id_of(line.account).lo);
    const bool suspended = paid && is_suspense(line.account);
    kept = kept && (fresh || suspended || (n < facts.lines.size() && lines[n] == facts.lines[n]));
    all_suspended = all_suspended && suspended;
  }
  if (!kept) return by + " changed where its lines go";
  if (!fresh && after.fee != facts.fee && !(paid && after.fee == 0 && all_suspended))
    return fmt::format("{} changed its fee from {} to {}", by, facts.fee, after.fee);
  facts.fee = after.fee;
  facts.lines = std::move(lines);
  if (!paid) return {};
  facts.paid = paid_of(after);
  facts.lines = {};
  return {};
}

// A direct merchant's money never comes here: of its order only the fee is booked.
Fault Audit::owe_payment(const std::string& by, const Order& order, OrderFacts& facts,
                         OwedByCommand& owed) {
  const OwedPlace outside{outside_of(order), AccountType::kAsset, &facts.outside};
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
  const std::string by = "order " + document.key;
  if (Fault f = check_kept(by, after, facts, document.version == 1)) return f;
  facts.state = after.state;
  facts.refunded = after.refunded;
  facts.refunding = after.refunding;
  if (!was_paid(after.state) || paid_before) return {};
  owe_notice(owed, "order", document.key, after.notify_url);
  return owe_payment(by, after, facts, owed);
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
  const auto says = read_arrival(document.bytes);
  if (!says) return fmt::format("what came in as {} does not decode", document.key);
  const auto& [amount, bank_account] = says.value();
  owed.legs.push_back(
      {document.key,
       bank_account.empty() ? one_of(AccountType::kAsset) : at("1002/" + bank_account),
       one_of(AccountType::kLiability), amount});
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
