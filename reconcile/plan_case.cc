#include "reconcile/plan_case.h"

#include "channels/chart.h"
#include "ledger/base/check.h"
#include "ledger/core/plan_order.h"
#include "ledger/core/plan_parts.h"
#include "ledger/core/plan_voucher.h"

namespace suanpan::reconcile {
namespace {

using namespace channels::chart;

Refusal refusal_of(CaseRefusal refusal, const Id128& id) {
  switch (refusal) {
    case CaseRefusal::kFinal:
      return refuse(RefusalCode::kDocumentStateFinal, id.hex());
    case CaseRefusal::kSamePerson:
      return refuse(RefusalCode::kSamePerson, id.hex());
    case CaseRefusal::kWrongState:
      return refuse(RefusalCode::kBatchStateWrong, id.hex());
    default:
      return refuse(RefusalCode::kValueInvalid, std::string(name_of(refusal)));
  }
}

bool is_suspended_arrival(const Case& c) {
  return c.kind == RowKind::kArrival && c.break_class == BreakClass::kAmountMismatch;
}

// Whether the outside's money stands in suspense already, so that there is nothing to move there.
bool is_in_suspense(const Case& c) {
  return c.break_class == BreakClass::kDuplicatePayment ||
         (c.break_class == BreakClass::kMissingLocal && !c.voucher_id.empty());
}

bool moves_money(CaseAction action) { return action != CaseAction::kAcknowledge; }

Planned<void> check_fits(const Case& c, CaseAction action) {
  const auto no = [&] {
    return refuse(RefusalCode::kValueInvalid, fmt::format("{} does not resolve {}", name_of(action),
                                                          info_of(c.break_class).code));
  };
  switch (action) {
    case CaseAction::kAcknowledge:
      return success();
    case CaseAction::kBook:
      if (c.break_class != BreakClass::kStatusMismatchChannelPaid || c.order_id.empty())
        return no();
      return success();
    case CaseAction::kSuspend:
      if (c.break_class != BreakClass::kMissingLocal || is_in_suspense(c)) return no();
      return success();
    case CaseAction::kAdjust:
      // A currency mismatch has two amounts, a timing difference is not over yet.
      if (c.break_class == BreakClass::kCurrencyMismatch || c.break_class == BreakClass::kTiming ||
          c.break_class == BreakClass::kStatusMismatchChannelPaid || is_in_suspense(c))
        return no();
      return success();
      return no();
  }
  return no();
}

// What the runs say is at the channel or the bank.
Planned<std::string> outside_account(const View& view, const Case& c) {
  const auto run = find_run_record(view, c.batch);
  if (!run) return refuse(RefusalCode::kDocumentNotFound, c.batch);
  return run->channel == kBankChannel ? bank_deposit(run->subject)
                                      : channel_receivable(run->channel, run->subject);
}

// Outside minus books, brought into the books: more of it debits what stands for the outside.
Planned<void> post_difference(const View& view, ChangeSet& changes, const Case& c) {
  TRY(auto outside, outside_account(view, c));
  const bool fee = c.break_class == BreakClass::kFeeMismatch;
  const std::string other(fee ? kChannelCost : kSuspense);
  const std::int64_t amount = c.amount.minor;
  if (amount >= 0) return add_leg(view, changes, outside, other, amount);
  return add_leg(view, changes, other, outside, -amount);
}

Planned<void> post_suspended_arrival(const View& view, ChangeSet& changes, const Case& c) {
  const auto run = find_run_record(view, c.batch);
  if (!run) return refuse(RefusalCode::kDocumentNotFound, c.batch);
  const std::string key = arrival_key(run->subject, c.channel_number);
  auto arrival = find_arrival(view, key);
  if (!arrival || !arrival->suspended) return refuse(RefusalCode::kDocumentNotFound, key);
  TRY(add_settled_bills(view, changes, *arrival, std::string(kSuspense)));
  arrival->suspended = false;
  put_next_version(changes, view, DocumentKind::kChannelArrival, key, false, encode(*arrival));
  return success();
}

// The statement that brought the money of the run's bill, if it has come.
std::string arrived_of(const View& view, const Case& c) {
  const auto run = find_run_record(view, c.batch);
  if (!run || run->channel != kWechatChannel) return {};
  const auto expected = find_expected(view, expected_key(run->subject, run->day));
  return expected ? expected->arrived : std::string{};
}

// The case of the same pair's other difference, amount for fee and fee for amount.
bool sibling_is_open(const View& view, const Case& c) {
  BookRow row;
  row.kind = c.kind;
  // As the rows of book_rows.h carry it: only orders name their voucher themselves.
  if (c.kind == RowKind::kPayment) row.voucher_id = c.voucher_id;
  row.order_id = c.order_id;
  row.our_number = c.our_number;
  const auto run = find_run_record(view, c.batch);
  if (!run) return false;
  const bool fee = c.break_class == BreakClass::kFeeMismatch;
  const auto sibling = find_case(view, break_id(run->channel, nullptr, &row, !fee));
  return sibling && sibling->state != CaseState::kResolved && sibling->state != CaseState::kCleared;
}

void put_reconciled(const View& view, ChangeSet& changes, const Case& c, Order order) {
  if (order.reconciled.empty()) order.reconciled = c.batch;
  if (order.arrived.empty()) order.arrived = arrived_of(view, c);
  put_next_version(changes, view, DocumentKind::kOrder, order.order_id, is_open(order),
                   encode(order));
}

void release_refund(const View& view, ChangeSet& changes, const Case& c) {
  auto refund = find_refund(view, c.our_number);
  if (!refund || refund->state != RefundState::kSucceeded || !refund->reconciled.empty()) return;
  refund->reconciled = c.batch;
  const bool open = view.document(DocumentKind::kRefund, c.our_number)->open;
  put_next_version(changes, view, DocumentKind::kRefund, c.our_number, open, encode(*refund));
}

// Both sides agree about it now, by two people's word: settlement may have the order.
void release(const View& view, ChangeSet& changes, const Case& c) {
  const bool agrees =
      c.break_class == BreakClass::kAmountMismatch || c.break_class == BreakClass::kFeeMismatch;
  if (!agrees || sibling_is_open(view, c)) return;
  if (c.kind == RowKind::kRefund) return release_refund(view, changes, c);
  if (c.kind != RowKind::kPayment) return;
  auto order = find_order(view, c.order_id);
  if (!order || order->state != OrderState::kPaid || !order->reconciled.empty()) return;
  put_reconciled(view, changes, c, std::move(*order));
}

Planned<ChangeSet> book_order(const View& view, const Case& c, const ClaimKey& key,
                              const Moment& moment) {
  const auto order = find_order(view, c.order_id);
  const auto run = find_run_record(view, c.batch);
  if (!order) return refuse(RefusalCode::kOrderNotFound, c.order_id);
  if (!run) return refuse(RefusalCode::kDocumentNotFound, c.batch);
  OrderFact fact;
  fact.kind = OrderFact::Kind::kPaid;
  fact.order_id = c.order_id;
  fact.channel = run->channel;
  fact.channel_mch = run->subject;
  fact.channel_order_no = c.channel_number;
  fact.paid = c.amount;
  // The bill's row has the moment, the case only the day.
  fact.paid_at = Timestamp::of_cn(run->day, 12, 0, 0);
  TRY(auto changes,
      plan_order_fact(view, fact, channels::accounts_for(order->mch_no, run->channel, run->subject),
                      key, moment));
  for (auto& document : changes.documents) {
    if (document.kind != DocumentKind::kOrder) continue;
    auto paid = decode_order(document.bytes);
    CHECK_OR_DIE(paid, "an order that was just planned does not decode");
    paid.value().reconciled = c.batch;
    paid.value().arrived = arrived_of(view, c);
    document.bytes = encode(paid.value());
    document.open = is_open(paid.value());
  }
  return changes;
}

Planned<ChangeSet> post(const View& view, const Case& c, const ClaimKey& key,
                        const Moment& moment) {
  if (c.action == CaseAction::kBook) return book_order(view, c, key, moment);
  ChangeSet changes = on_open_day(view);
  if (moves_money(c.action)) {
    if (is_suspended_arrival(c)) {
      TRY(post_suspended_arrival(view, changes, c));
    } else {
      TRY(post_difference(view, changes, c));
    }
    TRY(check_limits(view, changes.transfers));
    changes.type = VoucherType::kTransfer;
  }
  release(view, changes, c);
  return changes;
}

void put_case(ChangeSet& changes, const View& view, const Case& c) {
  const bool open = c.state == CaseState::kOpen || c.state == CaseState::kProposed;
  put_next_version(changes, view, DocumentKind::kBreakCase, case_key(c.id), open, encode(c));
}

}  // namespace

Planned<Resolution> parse_resolution(std::string_view text) {
  const auto colon = text.find(':');
  const auto action = case_action_of(text.substr(0, colon));
  if (!action) return refuse(RefusalCode::kValueInvalid, "resolution");
  Resolution resolution{*action, {}};
  if (colon == std::string_view::npos) return resolution;
  const auto voucher = ClaimKey::from_hex(text.substr(colon + 1));
  if (*action != CaseAction::kAcknowledge || !voucher)
    return refuse(RefusalCode::kValueInvalid, "resolution");
  resolution.voucher_id = voucher->hex();
  return resolution;
}

Planned<ChangeSet> plan_propose(const View& view, const Id128& id, const std::string& by,
                                const std::string& resolution, const Moment& moment) {
  const auto c = find_case(view, id);
  if (!c) return refuse(RefusalCode::kDocumentNotFound, id.hex());
  TRY(auto parsed, parse_resolution(resolution));
  const Propose step{by, parsed.action, resolution};
  if (const auto refusal = check(*c, step); refusal != CaseRefusal::kNone)
    return refusal_of(refusal, id);
  TRY(check_fits(*c, parsed.action));
  ChangeSet changes = on_open_day(view);
  put_case(changes, view, advance(*c, step, moment.now));
  changes.answer = id.hex();
  return changes;
}

Planned<ChangeSet> plan_reject(const View& view, const Id128& id, const std::string& by,
                               const Moment& moment) {
  const auto c = find_case(view, id);
  if (!c) return refuse(RefusalCode::kDocumentNotFound, id.hex());
  const Reject step{by, {}};
  if (const auto refusal = check(*c, step); refusal != CaseRefusal::kNone)
    return refusal_of(refusal, id);
  ChangeSet changes = on_open_day(view);
  put_case(changes, view, advance(*c, step, moment.now));
  changes.answer = id.hex();
  return changes;
}

Planned<ChangeSet> plan_resolve(const View& view, const Id128& id, const std::string& by,
                                const ClaimKey& key, const Moment& moment) {
  const auto c = find_case(view, id);
  if (!c) return refuse(RefusalCode::kDocumentNotFound, id.hex());
  std::string voucher = key.hex();
  if (c->action == CaseAction::kAcknowledge && !c->history.empty()) {
    // The maker's note is the resolution as it was proposed, and so names the voucher.
    const auto proposed = parse_resolution(c->history.back().note);
    if (proposed && !proposed.value().voucher_id.empty()) voucher = proposed.value().voucher_id;
  }
  const Resolve step{by, voucher, {}};
  if (const auto refusal = check(*c, step); refusal != CaseRefusal::kNone)
    return refusal_of(refusal, id);
  TRY(auto changes, post(view, *c, key, moment));
  if (!changes.text && !changes.transfers.empty())
    changes.text = std::make_shared<const VoucherText>(
        VoucherText{fmt::format("差错处理 {}", name_zh(c->action)), id.hex(), {}, c->maker, by});
  put_case(changes, view, advance(*c, step, moment.now));
  changes.answer = id.hex();
  return changes;
}

}  // namespace suanpan::reconcile
