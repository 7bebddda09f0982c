#include "settlement/plan_settlement.h"

#include <algorithm>
#include <map>
#include <set>

#include "channels/chart.h"
#include "channels/merchant.h"
#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/json.h"
#include "ledger/base/limits.h"
#include "ledger/core/plan_hold.h"
#include "ledger/core/plan_order.h"
#include "ledger/core/plan_parts.h"
#include "ledger/core/plan_voucher.h"
#include "settlement/calendar.h"
#include "settlement/document_fields.h"

namespace suanpan::settlement {
namespace {

namespace chart = channels::chart;

/// Who the history names for what the bank decided.
constexpr std::string_view kBank = "bank";

void put(ChangeSet& changes, const View& view, const Order& order) {
  put_next_version(changes, view, DocumentKind::kOrder, order.order_id, is_open(order),
                   encode(order));
}

void put(ChangeSet& changes, const View& view, const Batch& batch) {
  put_next_version(changes, view, DocumentKind::kSettlementBatch, batch_no(batch),
                   !is_final(state_of(batch)), encode(batch));
}

void put_watch(ChangeSet& changes, const View& view, const Batch& batch, bool open,
               std::string_view returned_on) {
  put_next_version(changes, view, DocumentKind::kSettlementLine, watch_key(batch_no(batch)), open,
                   JsonWriter()
                       .begin_object()
                       .field("format", std::int64_t{1})
                       .field("payout_id", payout_no(batch))
                       .field("returned_on", returned_on)
                       .end_object()
                       .take());
}

void add_event(ChangeSet& changes, const Batch& batch) {
  const std::string number = batch_no(batch);
  changes.events.push_back(Event{fmt::format("settlement.{}", name_of(state_of(batch))), number,
                                 fmt::format(R"({{"id":"{}","amount":{},"currency":"{}"}})", number,
                                             totals_of(batch).net_minor, code_of(batch.currency))});
}

struct MerchantAccounts {
  const Account* pending = nullptr;
  const Account* payable = nullptr;
};

Planned<MerchantAccounts> accounts_of(const View& view, std::string_view merchant_no) {
  const std::string pending = chart::merchant_pending(merchant_no);
  const std::string payable = chart::merchant_payable(merchant_no);
  const MerchantAccounts accounts{view.account(pending), view.account(payable)};
  if (!accounts.pending) return refuse(RefusalCode::kDebitAccountNotFound, pending);
  if (!accounts.payable) return refuse(RefusalCode::kCreditAccountNotFound, payable);
  return accounts;
}

/// A calendar that does not reach has a refusal of its own; everything else is a bad request.
Refusal refusal_of(const Error& error) {
  return refuse(error.code == Errc::kNotFound ? RefusalCode::kCalendarYearUnknown
                                              : RefusalCode::kValueInvalid,
                error.message);
}

/// The balances as they are after some legs: what the second half of a change set is planned on.
class ViewAfter final : public View {
 public:
  ViewAfter(const View& before, const ChangeSet& changes) : before_(before) {
    for (const Transfer& t : changes.transfers) {
      apply(t, t.debit, Side::kDebit);
      apply(t, t.credit, Side::kCredit);
    }
  }
  const BookState& book() const override { return before_.book(); }
  const Account* account(AccountId id) const override { return before_.account(id); }
  const Account* account(std::string_view code) const override { return before_.account(code); }
  const Balance& balance(AccountId id) const override {
    const auto found = after_.find(id);
    return found == after_.end() ? before_.balance(id) : found->second;
  }
  DocumentPtr document(DocumentKind kind, std::string_view key) const override {
    return before_.document(kind, key);
  }
  void for_each_open(DocumentKind kind,
                     const std::function<void(const DocumentPtr&)>& each) const override {
    before_.for_each_open(kind, each);
  }

 private:
  void apply(const Transfer& transfer, AccountId id, Side side) {
    Balance& balance = after_.try_emplace(id, before_.balance(id)).first->second;
    CHECK_OR_DIE(apply_side(balance, transfer, side), "account {} overflows after its check",
                 id.value);
  }
  const View& before_;
  std::map<AccountId, Balance> after_;
};

// ---- computing

struct Gathered {
  std::map<std::string, Order, std::less<>> orders;
  std::vector<Candidate> candidates;
  std::vector<Order> marked;  ///< nothing of them is due; they need not be looked at again
};

Gathered gather(const View& view, const ComputeRequest& request) {
  Gathered gathered;
  std::set<std::string_view> seen;
  for (const std::string& id : request.order_ids) {
    if (!seen.insert(id).second) continue;
    std::optional<Order> order = find_order(view, id);
    if (!order || order->mch_no != request.merchant_no || !is_candidate(*order)) continue;
    if (order->owes && due_of(*order) == Due{}) {
      order->owes = false;
      gathered.marked.push_back(std::move(*order));
      continue;
    }
    if (why_waiting(*order, request.settle_on)) continue;
    if (!concerns_merchant(*order)) {
      order->batch = kNoBatch;
      gathered.marked.push_back(std::move(*order));
      continue;
    }
    Candidate candidate = candidate_of(*order);
    // Both parts of an item have one sign; a mixture waits until later refunds resolve it.
    const bool sale = candidate.kind == ItemKind::kSale;
    if (sale ? candidate.fee_minor < 0 : candidate.fee_minor > 0) continue;
    gathered.orders.emplace(id, std::move(*order));
    gathered.candidates.push_back(std::move(candidate));
  }
  return gathered;
}

/// Leaves the latest sales out until `available` covers the rest.
void cover(std::vector<Candidate>& candidates, const Batch& batch, std::int64_t available) {
  std::int64_t net = totals_of(batch).net_minor;
  std::ranges::sort(candidates, {}, [](const Candidate& item) {
    return std::tuple(item.kind == ItemKind::kSale, item.sold_on, item.item_no);
  });
  while (net > available && !candidates.empty() && candidates.back().kind == ItemKind::kSale) {
    const auto taken =
        std::ranges::lower_bound(batch.lines, candidates.back().item_no, {}, &BatchLine::item_no);
    if (taken != batch.lines.end() && taken->item_no == candidates.back().item_no)
      net -= taken->gross_minor - taken->fee_minor;
    candidates.pop_back();
  }
}

Planned<std::optional<Batch>> compute(const View& view, const ComputeRequest& request,
                                      const Account& pending, std::vector<Candidate>& candidates,
                                      const Moment& moment) {
  BatchRequest wanted{request.merchant_no, pending.currency, request.settle_on, 1, 1,
                      request.by,          moment.now};
  const auto number = [&] {
    return batch_no(
        Batch{wanted.merchant_no, wanted.currency, wanted.settle_on, wanted.run, {}, {}});
  };
  while (wanted.run < kMaxBatchRuns && view.document(DocumentKind::kSettlementBatch, number()))
    ++wanted.run;
  if (view.document(DocumentKind::kSettlementBatch, number()))
    return refuse(RefusalCode::kValueInvalid, "runs");
  auto computed = compute_batch(wanted, candidates);
  if (!computed) return refusal_of(computed.error());
  std::optional<Batch>& batch = computed.value().batch;
  const std::int64_t available = view.balance(pending.id).available(pending.normal);
  if (batch && pending.terms.limit != LimitKind::kNone && totals_of(*batch).net_minor > available) {
    cover(candidates, *batch, available);
    computed = compute_batch(wanted, candidates);
    if (!computed) return refusal_of(computed.error());
  }
  return std::move(computed.value().batch);
}

// ---- steps

struct Step {
  BatchState state;
  std::string by;
  std::string note;
};

Planned<void> take_step(Batch& batch, const Step& step, const Moment& moment) {
  if (step.state == BatchState::kApproved) {
    for (const BatchStep& earlier : batch.history)
      if (earlier.by == step.by &&
          (earlier.state == BatchState::kComputed || earlier.state == BatchState::kReviewed))
        return refuse(RefusalCode::kSamePerson, step.by);
  }
  auto after = advance(batch, BatchStep{step.state, step.by, moment.now, step.note});
  if (after) {
    batch = std::move(after.value());
    return success();
  }
  if (after.error().code == Errc::kMismatch)
    return refuse(RefusalCode::kBatchStateWrong, std::string(name_of(state_of(batch))));
  return refuse(RefusalCode::kValueInvalid, after.error().message);
}

/// Makes what a batch took due again.
void release(ChangeSet& changes, const View& view, const Batch& batch) {
  const std::string number = batch_no(batch);
  for (const BatchLine& line : batch.lines) {
    std::optional<Order> order = find_order(view, line.item_no);
    CHECK_OR_DIE(order, "batch {} took order {}, which is gone", number, line.item_no);
    order->settled_gross -= line.gross_minor;
    order->settled_fee -= line.fee_minor;
    // An order that was sold by another batch had only its refund in this one.
    order->owes = order->batch != number;
    if (order->batch == number) order->batch.clear();
    put(changes, view, *order);
  }
}

Planned<void> give_back(ChangeSet& changes, const View& view, const Batch& batch) {
  TRY(const MerchantAccounts accounts, accounts_of(view, batch.merchant_no));
  TRY(check_leg(view, accounts.payable->id, accounts.pending->id));
  changes.transfers.push_back(Transfer{accounts.payable->id, accounts.pending->id,
                                       totals_of(batch).net_minor, TransferKind::kPosted});
  TRY(check_limits(view, changes.transfers));
  changes.type = VoucherType::kTransfer;
  changes.text = voucher_text("结算付款退回", batch_no(batch));
  release(changes, view, batch);
  return success();
}

Payout payout_of(const Batch& batch, const channels::Merchant& merchant, const Moment& moment) {
  Payout payout;
  payout.payout_id = payout_no(batch);
  payout.mch_no = batch.merchant_no;
  payout.mch_order_no = batch_no(batch);
  payout.amount = Money{totals_of(batch).net_minor, batch.currency};
  payout.source_account = chart::merchant_payable(batch.merchant_no);
  payout.transit_account = std::string(chart::kPayoutTransit);
  payout.bank_account = chart::bank_deposit(merchant.bank_account);
  payout.payer_number = merchant.bank_account;
  payout.payee_sealed = merchant.payee_sealed;
  payout.remark = fmt::format("结算 {}", batch_no(batch));
  payout.entry_type = "BANK_CARD";
  payout.batch = batch_no(batch);
  // A bank executes nothing on a day that is past.
  payout.execute_on = std::max(batch.settle_on, moment.now.date_cn());
  payout.created_at = moment.now;
  return payout;
}

/// Why the bank did not pay, fit for a history: its code. What it says may name the payee, and is
/// read from the payout.
std::string reason_of(const Payout& payout, std::string_view otherwise) {
  return is_label(payout.error_code, kMaxSummaryBytes) ? payout.error_code : std::string(otherwise);
}

bool is_watched(const View& view, std::string_view number) {
  const DocumentPtr watch = view.document(DocumentKind::kSettlementLine, watch_key(number));
  return watch && watch->open;
}

}  // namespace

bool concerns_merchant(const Order& order) {
  const std::string pending = chart::merchant_pending(order.mch_no);
  return std::ranges::any_of(order.lines,
                             [&](const OrderLine& line) { return line.account == pending; });
}

Due due_of(const Order& order) {
  const std::string pending = chart::merchant_pending(order.mch_no);
  if (order.lines.empty()) return {};
  std::int64_t gross = 0;
  for (const OrderLine& line : order.lines)
    if (line.account == pending) gross += line.amount - line.taken;
  // The fee was taken from the first line's account, and goes back there.
  const bool bears_fee = order.lines.front().account == pending;
  const std::int64_t fee = bears_fee ? order.fee - order.fee_returned - order.fee_returning : 0;
  return Due{gross - order.settled_gross, fee - order.settled_fee};
}

bool is_candidate(const Order& order) {
  return (order.state == OrderState::kPaid || order.state == OrderState::kRefunded) &&
         !order.direct && order.refunding == 0 && (order.batch.empty() || order.owes);
}

Candidate candidate_of(const Order& order) {
  const Due due = due_of(order);
  Candidate candidate;
  candidate.item_no = order.order_id;
  candidate.kind = due.gross_minor < 0 || (due.gross_minor == 0 && due.fee_minor < 0)
                       ? ItemKind::kRefund
                       : ItemKind::kSale;
  candidate.merchant_no = order.mch_no;
  candidate.currency = order.amount.currency;
  candidate.sold_on = order.paid_on;
  candidate.gross_minor = due.gross_minor;
  candidate.fee_minor = due.fee_minor;
  candidate.collected = !order.direct;
  candidate.reconciled = !order.reconciled.empty();
  candidate.arrived = !order.arrived.empty();
  if (!order.owes) candidate.in_batch = order.batch;
  return candidate;
}

std::optional<LeftOut> why_waiting(const Order& order, Date settle_on) {
  // What is owed for a refund waits for nothing: neither a day nor the channel.
  if (order.owes && due_of(order).gross_minor <= 0) return {};
  if (order.paid_on >= settle_on) return LeftOut::kNotDue;
  if (order.reconciled.empty()) return LeftOut::kNotReconciled;
  if (order.arrived.empty()) return LeftOut::kNotArrived;
  return {};
}

ClaimKey hold_of(std::string_view batch_number) {
  return {id_of(fmt::format("settlement.hold|{}", batch_number)), kSystemCaller};
}

std::string watch_key(std::string_view batch_number) {
  return fmt::format("paid/{}", batch_number);
}

Planned<Batch> find_batch(const View& view, std::string_view number) {
  const DocumentPtr stored = view.document(DocumentKind::kSettlementBatch, number);
  if (!stored) return refuse(RefusalCode::kDocumentNotFound, std::string(number));
  auto batch = decode_batch(stored->bytes);
  CHECK_OR_DIE(batch, "batch {} does not decode: {}", number, batch.error().message);
  return std::move(batch.value());
}

Planned<ChangeSet> plan_compute(const View& view, const ComputeRequest& request,
                                const Moment& moment) {
  const auto merchant = channels::find_merchant(view, request.merchant_no);
  if (!merchant) return refuse(RefusalCode::kMerchantNotFound, request.merchant_no);
  if (merchant->mode != channels::MerchantMode::kCollected)
    return refuse(RefusalCode::kWayNotAllowed, request.merchant_no);
  if (request.order_ids.size() > kMaxBatchLines)
    return refuse(RefusalCode::kValueInvalid, "order_ids");
  TRY(const MerchantAccounts accounts, accounts_of(view, request.merchant_no));
  Gathered gathered = gather(view, request);
  TRY(const auto batch, compute(view, request, *accounts.pending, gathered.candidates, moment));
  if (!batch && gathered.marked.empty())
    return refuse(RefusalCode::kNothingToSettle, request.merchant_no);

  ChangeSet changes = on_open_day(view);
  if (batch) {
    const std::string number = batch_no(*batch);
    VoucherRequest hold;
    hold.key = hold_of(number);
    hold.hold = true;
    hold.legs.push_back(
        Leg{accounts.pending->id, accounts.payable->id, totals_of(*batch).net_minor});
    hold.type = VoucherType::kTransfer;
    hold.text = voucher_text("结算冻结", number);
    TRY(changes, plan_voucher(view, hold, moment));
    put(changes, view, *batch);
    for (const BatchLine& line : batch->lines) {
      Order& order = gathered.orders.at(line.item_no);
      order.settled_gross += line.gross_minor;
      order.settled_fee += line.fee_minor;
      order.owes = false;
      if (order.batch.empty()) order.batch = number;
      put(changes, view, order);
    }
    add_event(changes, *batch);
    changes.answer = number;
  }
  for (const Order& order : gathered.marked) put(changes, view, order);
  return changes;
}

Planned<ChangeSet> plan_review(const View& view, const std::string& number, const std::string& by,
                               const Moment& moment) {
  TRY(Batch batch, find_batch(view, number));
  TRY(take_step(batch, {BatchState::kReviewed, by, ""}, moment));
  ChangeSet changes = on_open_day(view);
  put(changes, view, batch);
  add_event(changes, batch);
  changes.answer = number;
  return changes;
}

Planned<ChangeSet> plan_approve(const View& view, const std::string& number, const std::string& by,
                                const Moment& moment) {
  TRY(Batch batch, find_batch(view, number));
  const std::optional<channels::Merchant> merchant =
      channels::find_merchant(view, batch.merchant_no);
  if (!merchant) return refuse(RefusalCode::kMerchantNotFound, batch.merchant_no);
  TRY(take_step(batch, {BatchState::kApproved, by, ""}, moment));
  if (merchant->payee_sealed.empty()) return refuse(RefusalCode::kValueInvalid, "payee");
  if (merchant->bank_account.empty()) return refuse(RefusalCode::kValueInvalid, "bank_account");
  PostHoldRequest post;
  post.hold = hold_of(number);
  TRY(ChangeSet changes, plan_post_hold(view, post, moment));
  // The payout spends what the hold has just brought: both are one voucher.
  TRY(ChangeSet payout,
      plan_payout(ViewAfter(view, changes), payout_of(batch, *merchant, moment), moment));
  for (Transfer& transfer : payout.transfers) changes.transfers.push_back(transfer);
  std::ranges::move(payout.documents, std::back_inserter(changes.documents));
  std::ranges::move(payout.events, std::back_inserter(changes.events));
  changes.type = VoucherType::kTransfer;
  changes.text = voucher_text("结算付款", number);
  put(changes, view, batch);
  add_event(changes, batch);
  changes.answer = std::move(payout.answer);
  return changes;
}

Planned<ChangeSet> plan_withdraw(const View& view, const std::string& number, const std::string& by,
                                 const std::string& reason, const Moment& moment) {
  TRY(Batch batch, find_batch(view, number));
  TRY(take_step(batch, {BatchState::kWithdrawn, by, reason}, moment));
  VoidHoldRequest give_up;
  give_up.hold = hold_of(number);
  TRY(ChangeSet changes, plan_void_hold(view, give_up, moment));
  changes.text = voucher_text("结算撤回", number);
  put(changes, view, batch);
  release(changes, view, batch);
  add_event(changes, batch);
  changes.answer = number;
  return changes;
}

std::optional<FollowStep> follow_step(BatchState batch, PayoutState payout, bool watched) {
  const bool under_way = batch == BatchState::kApproved || batch == BatchState::kSent;
  switch (payout) {
    case PayoutState::kCreated:
      return {};
    case PayoutState::kProcessing:
      if (batch == BatchState::kApproved) return FollowStep::kSent;
      return {};
    case PayoutState::kSucceeded:
      if (under_way) return FollowStep::kConfirmed;
      return {};
    case PayoutState::kFailed:
      if (under_way) return FollowStep::kFailed;
      return {};
    case PayoutState::kReturned:
      if (under_way) return FollowStep::kReturned;
      if (batch == BatchState::kConfirmed && watched) return FollowStep::kReturnedLate;
      return {};
  }
  CHECK_OR_DIE(false, "payout state {}", static_cast<int>(payout));
}

Planned<ChangeSet> plan_follow(const View& view, const std::string& number, const Moment& moment) {
  TRY(Batch batch, find_batch(view, number));
  const std::optional<Payout> payout = find_payout(view, payout_no(batch));
  if (!payout) return refuse(RefusalCode::kBatchStateWrong, std::string(name_of(state_of(batch))));
  const auto step = follow_step(state_of(batch), payout->state, is_watched(view, number));
  if (!step) return refuse(RefusalCode::kBatchStateWrong, std::string(name_of(state_of(batch))));

  ChangeSet changes = on_open_day(view);
  changes.answer = number;
  if (*step == FollowStep::kReturnedLate) {
    put_watch(changes, view, batch, false, moment.now.date_cn().iso());
    TRY(give_back(changes, view, batch));
    return changes;
  }
  if (state_of(batch) == BatchState::kApproved) {
    TRY(take_step(batch, {BatchState::kSent, std::string(kBank), ""}, moment));
  }
  switch (*step) {
    case FollowStep::kSent:
    case FollowStep::kReturnedLate:
      break;
    case FollowStep::kConfirmed: {
      TRY(take_step(batch, {BatchState::kConfirmed, std::string(kBank), ""}, moment));
      put_watch(changes, view, batch, true, "");
      break;
    }
    case FollowStep::kFailed: {
      const Step failed{BatchState::kFailed, std::string(kBank), reason_of(*payout, "付款失败")};
      TRY(take_step(batch, failed, moment));
      TRY(give_back(changes, view, batch));
      break;
    }
    case FollowStep::kReturned: {
      const Step returned{BatchState::kReturned, std::string(kBank), reason_of(*payout, "退汇")};
      TRY(take_step(batch, returned, moment));
      TRY(give_back(changes, view, batch));
      break;
    }
  }
  put(changes, view, batch);
  add_event(changes, batch);
  return changes;
}

Planned<ChangeSet> plan_stop_watching(const View& view, const std::string& number) {
  if (!is_watched(view, number)) return refuse(RefusalCode::kDocumentStateFinal, number);
  TRY(const Batch batch, find_batch(view, number));
  ChangeSet changes = on_open_day(view);
  put_watch(changes, view, batch, false, "");
  return changes;
}

Planned<ChangeSet> plan_put_schedule(const View& view, const FeeSchedule& schedule,
                                     const Moment& moment) {
  if (auto valid = validate(schedule); !valid)
    return refuse(RefusalCode::kValueInvalid, valid.error().message);
  if (!channels::find_merchant(view, schedule.merchant_no))
    return refuse(RefusalCode::kMerchantNotFound, schedule.merchant_no);
  const DocumentPtr stored = view.document(DocumentKind::kFeeSchedule, schedule.merchant_no);
  FeeSchedule next = schedule;
  if (stored) {
    auto before = decode_fee_schedule(stored->bytes);
    CHECK_OR_DIE(before, "fee schedule {} does not decode", schedule.merchant_no);
    // Orders take the clock's date: after midnight a rule may have begun before the day is cut.
    const Date today = std::max(view.book().accounting_date, moment.now.date_cn());
    std::erase_if(before.value().entries,
                  [&](const FeeEntry& entry) { return entry.effective_from > today; });
    const auto begun = [&](const FeeEntry& entry) {
      return std::ranges::find(before.value().entries, entry) != before.value().entries.end();
    };
    for (const FeeEntry& entry : schedule.entries) {
      if (entry.effective_from < today && !begun(entry))
        return refuse(RefusalCode::kValueInvalid,
                      fmt::format("{} {}: a rule of the past cannot be changed", entry.product,
                                  entry.effective_from.iso()));
    }
    // Where both speak of today, the new one is refused by validate() unless it is the same.
    for (FeeEntry& entry : before.value().entries)
      if (std::ranges::find(next.entries, entry) == next.entries.end())
        next.entries.push_back(std::move(entry));
    if (auto valid = validate(next); !valid)
      return refuse(RefusalCode::kValueInvalid, valid.error().message);
  }
  ChangeSet changes = on_open_day(view);
  changes.documents.push_back(Document{DocumentKind::kFeeSchedule, schedule.merchant_no,
                                       (stored ? stored->version : 0) + 1, true, encode(next)});
  changes.answer = schedule.merchant_no;
  return changes;
}

}  // namespace suanpan::settlement
