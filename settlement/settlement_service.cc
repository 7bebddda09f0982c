#include "settlement/settlement_service.h"

#include <algorithm>
#include <map>

#include "channels/merchant.h"
#include "channels/payee.h"
#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/json.h"
#include "ledger/base/log.h"
#include "settlement/calendar.h"
#include "settlement/document_fields.h"
#include "settlement/plan_settlement.h"

namespace suanpan::settlement {
namespace {

// An approval sends its payout at once; one that is still not sent by then was cut off by a crash.
constexpr std::int64_t kSendAgainAfterSeconds = 30;

template <class T>
T decoded(const Document& document, Result<T> (*decode)(std::string_view)) {
  auto value = decode(document.bytes);
  CHECK_OR_DIE(value, "document {} does not decode: {}", document.key, value.error().message);
  return std::move(value.value());
}

std::vector<DocumentPtr> open_documents(const Book& book, DocumentKind kind) {
  return book.read([&](const State& state, std::uint64_t) { return state.open_documents(kind); });
}

std::optional<Payout> find_payout(const Book& book, std::string_view payout_id) {
  const DocumentPtr stored = book.document(DocumentKind::kPayout, payout_id);
  if (!stored) return std::nullopt;
  return decoded(*stored, decode_payout);
}

struct Watch {
  std::string payout_id;
  std::optional<Date> returned_on;
};

Watch watch_of(const Document& document) {
  const auto json = JsonDocument::parse(document.bytes);
  CHECK_OR_DIE(json, "document {} does not decode", document.key);
  const auto payout_id = json.value().root().get_string("payout_id");
  const auto returned_on = json.value().root().get_string("returned_on");
  CHECK_OR_DIE(payout_id && returned_on, "document {} does not decode", document.key);
  return Watch{std::string(payout_id.value()), Date::parse(returned_on.value())};
}

/// The batch number of a watch; nothing for any other settlement line.
std::optional<std::string> watched_batch(const Document& document) {
  const std::string prefix = watch_key("");
  if (!document.key.starts_with(prefix)) return std::nullopt;
  return document.key.substr(prefix.size());
}

BatchView view_of(const Book& book, Batch batch) {
  BatchView view;
  view.number = batch_no(batch);
  view.totals = totals_of(batch);
  const bool approved = std::ranges::any_of(
      batch.history, [](const BatchStep& step) { return step.state == BatchState::kApproved; });
  if (approved) view.payout_id = payout_no(batch);
  if (state_of(batch) == BatchState::kConfirmed) {
    const DocumentPtr watch = book.document(DocumentKind::kSettlementLine, watch_key(view.number));
    if (watch) view.returned_on = watch_of(*watch).returned_on;
  }
  view.batch = std::move(batch);
  return view;
}

/// What one look at the open orders found for a settlement day.
struct Found {
  struct Item {
    bool sale = true;
    Date paid_on;
    std::string order_id;
    auto operator<=>(const Item&) const = default;
  };
  std::map<std::string, std::vector<Item>> due;  ///< by merchant; refunds first, then the oldest
  ComputeSummary summary;
};

Found look(const std::vector<DocumentPtr>& documents, Date settle_on) {
  Found found;
  found.summary.settle_on = settle_on;
  for (const DocumentPtr& document : documents) {
    Order order = decoded(*document, decode_order);
    if (!is_candidate(order)) continue;
    if (const auto why = why_waiting(order, settle_on)) {
      if (!concerns_merchant(order)) continue;
      if (*why == LeftOut::kNotDue) ++found.summary.not_due;
      if (*why == LeftOut::kNotReconciled) ++found.summary.not_reconciled;
      if (*why == LeftOut::kNotArrived) ++found.summary.not_arrived;
      continue;
    }
    found.due[order.mch_no].push_back({!order.owes, order.paid_on, std::move(order.order_id)});
  }
  for (auto& [merchant, items] : found.due) std::ranges::sort(items);
  return found;
}

}  // namespace

SettlementService::SettlementService(Book& book, const Vault& vault, SendPayout send,
                                     const Clock& business)
    : book_(book), vault_(vault), send_(std::move(send)), business_(business) {
  CHECK_OR_DIE(send_, "settlement has no way to send payouts");
}

// An id that names the moment as well: a refusal holds for ever under its id, and the same step may
// well be possible later. What must not happen twice is refused by the planners.
Answer SettlementService::run(std::string_view what, Content content, Plan plan,
                              CallerClaim* claim) {
  if (claim) {
    content.insert(content.begin(), {"step", std::string(what)});
    Answer answer = book_.run(
        Command{claim->key, CommandKind::kSettlement, std::move(content), std::move(plan)});
    claim->replayed = answer.replayed;
    return answer;
  }
  const std::uint64_t seq = book_.last_seq();
  std::string name = fmt::format("settlement.{}|{}", what, seq);
  for (const auto& [field, value] : content) name += fmt::format("|{}={}", field, value);
  return book_.run(Command{
      {id_of(name), kSystemCaller}, CommandKind::kSettlement, std::move(content), std::move(plan)});
}

Result<ComputeSummary> SettlementService::compute(Date settle_on, const std::string& by) {
  TRY(const bool works, is_workday(settle_on));
  if (!works)
    return fail(Errc::kMismatch, "{} is no workday; nothing is settled on it", settle_on.iso());
  if (!is_label(by)) return fail(Errc::kMalformed, "a settlement run names its person");
  Found found = look(open_documents(book_, DocumentKind::kOrder), settle_on);
  ComputeSummary summary = std::move(found.summary);
  for (const auto& [merchant_no, items] : found.due) {
    for (std::size_t from = 0; from < items.size(); from += kMaxBatchLines) {
      ComputeRequest request{merchant_no, settle_on, by, {}};
      const std::size_t to = std::min(items.size(), from + kMaxBatchLines);
      for (std::size_t i = from; i < to; ++i) request.order_ids.push_back(items[i].order_id);
      Content content{{"merchant_no", merchant_no},
                      {"settle_on", settle_on.iso()},
                      {"by", by},
                      {"from", items[from].order_id}};
      const Answer answer =
          run("compute", std::move(content), [request](const View& view, const Moment& moment) {
            return plan_compute(view, request, moment);
          });
      if (!answer.accepted()) {
        // Another run has just taken the orders, or they do not sum to a payout.
        if (answer.refusal.code != RefusalCode::kNothingToSettle)
          summary.not_made.push_back({merchant_no, answer.refusal});
        break;
      }
      if (answer.replayed || answer.answer.empty()) continue;
      const std::optional<BatchView> made = find(answer.answer);
      CHECK_OR_DIE(made, "batch {} was made and is not there", answer.answer);
      summary.made.push_back(*made);
    }
  }
  return summary;
}

bool SettlementService::is_known(const CallerClaim* claim) const {
  if (!claim) return false;
  const auto first = book_.find(claim->key);
  return first && first.value();
}

Planned<BatchView> SettlementService::step(std::string_view what, const std::string& number,
                                           Content content, Plan plan, CallerClaim* claim) {
  content.insert(content.begin(), {"batch", number});
  const Answer answer = run(what, std::move(content), std::move(plan), claim);
  if (!answer.accepted()) return answer.refusal;
  if (answer.replayed) {
    // The batch may have moved on since; the journal has it as it was.
    const auto first = book_.find(claim->key);
    CHECK_OR_DIE(first && first.value(), "a replayed step is not in the journal");
    for (const Document& document : first.value()->effects.documents)
      if (document.kind == DocumentKind::kSettlementBatch)
        return view_of(book_, decoded(document, decode_batch));
  }
  const std::optional<BatchView> after = find(number);
  CHECK_OR_DIE(after, "batch {} was changed and is not there", number);
  return *after;
}

Planned<BatchView> SettlementService::review(const std::string& number, const std::string& by,
                                             CallerClaim* claim) {
  return step(
      "review", number, {{"by", by}},
      [number, by](const View& view, const Moment& moment) {
        return plan_review(view, number, by, moment);
      },
      claim);
}

// Money that is approved leaves the merchant's account: better to learn now than from the sending
// that nobody can read where it should go.
Planned<void> SettlementService::check_payee(const std::string& number) const {
  const std::optional<BatchView> batch = find(number);
  if (!batch) return refuse(RefusalCode::kDocumentNotFound, number);
  const std::string& merchant_no = batch->batch.merchant_no;
  const auto merchant = channels::find_merchant(book_, merchant_no);
  if (!merchant) return refuse(RefusalCode::kMerchantNotFound, merchant_no);
  const auto payee = channels::open_payee(vault_, merchant_no, merchant->payee_sealed);
  if (!payee) return refuse(RefusalCode::kValueInvalid, "payee");
  if (payee.value().erased) return refuse(RefusalCode::kPersonalDataErased, "payee");
  return success();
}

Planned<BatchView> SettlementService::approve(const std::string& number, const std::string& by,
                                              CallerClaim* claim) {
  if (!is_known(claim)) {
    TRY(check_payee(number));
  }
  TRY(BatchView after, step(
                           "approve", number, {{"by", by}},
                           [number, by](const View& view, const Moment& moment) {
                             return plan_approve(view, number, by, moment);
                           },
                           claim));
  // One that was approved before is sent, or will be by follow().
  if (!claim || !claim->replayed) send_(after.payout_id);
  return after;
}

Planned<BatchView> SettlementService::withdraw(const std::string& number, const std::string& by,
                                               const std::string& reason, CallerClaim* claim) {
  return step(
      "withdraw", number, {{"by", by}, {"reason", reason}},
      [number, by, reason](const View& view, const Moment& moment) {
        return plan_withdraw(view, number, by, reason, moment);
      },
      claim);
}

std::size_t SettlementService::follow() { return follow_batches() + follow_watched(); }

std::size_t SettlementService::follow_batches() {
  std::size_t changed = 0;
  for (const DocumentPtr& document : open_documents(book_, DocumentKind::kSettlementBatch)) {
    const Batch batch = decoded(*document, decode_batch);
    const auto payout = find_payout(book_, payout_no(batch));
    if (!payout) continue;
    const std::int64_t age_s = business_.now().seconds() - payout->created_at.seconds();
    if (payout->state == PayoutState::kCreated && age_s >= kSendAgainAfterSeconds)
      send_(payout->payout_id);
    if (!follow_step(state_of(batch), payout->state, false)) continue;
    const std::string number = document->key;
    const Answer answer =
        run("follow", {{"batch", number}}, [number](const View& view, const Moment& moment) {
          return plan_follow(view, number, moment);
        });
    if (answer.accepted() && !answer.replayed) ++changed;
    if (!answer.accepted())
      log_warn("settlement batch {} cannot follow its payout: {}", number,
               name_of(answer.refusal.code));
  }
  return changed;
}

std::size_t SettlementService::follow_watched() {
  std::size_t changed = 0;
  for (const DocumentPtr& document : open_documents(book_, DocumentKind::kSettlementLine)) {
    const auto number = watched_batch(*document);
    if (!number) continue;
    const auto payout = find_payout(book_, watch_of(*document).payout_id);
    CHECK_OR_DIE(payout, "batch {} was paid by a payout that is not there", *number);
    if (payout->state == PayoutState::kReturned) {
      const Answer answer = run("follow", {{"batch", *number}},
                                [n = *number](const View& view, const Moment& moment) {
                                  return plan_follow(view, n, moment);
                                });
      if (answer.accepted() && !answer.replayed) ++changed;
      if (!answer.accepted())
        log_warn("settlement batch {} cannot take its returned money: {}", *number,
                 name_of(answer.refusal.code));
    } else if (payout->settled_at.date_cn().plus_days(kWatchDays) < business_.now().date_cn()) {
      run("stop_watching", {{"batch", *number}},
          [n = *number](const View& view, const Moment&) { return plan_stop_watching(view, n); });
    }
  }
  return changed;
}

std::optional<BatchView> SettlementService::find(const std::string& number) const {
  const DocumentPtr stored = book_.document(DocumentKind::kSettlementBatch, number);
  if (!stored) return std::nullopt;
  return view_of(book_, decoded(*stored, decode_batch));
}

std::vector<BatchView> SettlementService::list(std::optional<Date> settle_on) const {
  std::vector<DocumentPtr> documents;
  const auto read =
      book_.for_each_document(DocumentKind::kSettlementBatch, [&](const DocumentPtr& document) {
        if (!settle_on || document->key.starts_with(settle_on->compact() + "-"))
          documents.push_back(document);
        return true;
      });
  CHECK_OR_DIE(read, "settlement batches cannot be read: {}", read.error().message);
  std::vector<BatchView> batches;
  for (const DocumentPtr& document : documents)
    batches.push_back(view_of(book_, decoded(*document, decode_batch)));
  return batches;
}

std::optional<FeeSchedule> SettlementService::schedule(std::string_view merchant_no) const {
  const DocumentPtr stored = book_.document(DocumentKind::kFeeSchedule, merchant_no);
  if (!stored) return std::nullopt;
  return decoded(*stored, decode_fee_schedule);
}

Result<FeeTerms> SettlementService::fee_for(std::string_view merchant_no, std::string_view product,
                                            Money amount) const {
  const std::optional<FeeSchedule> fees = schedule(merchant_no);
  if (!fees) return FeeTerms{Money{0, amount.currency}, FeeReturn::kProportional};
  TRY(const FeeRule rule, rule_for(*fees, product, business_.now().date_cn()));
  TRY(const Money fee, compute_fee(rule, amount));
  return FeeTerms{fee, rule.on_refund};
}

Command put_schedule(ClaimKey key, FeeSchedule schedule) {
  Content content{{"merchant_no", schedule.merchant_no}, {"rules", id_of(encode(schedule)).hex()}};
  return Command{key, CommandKind::kSettlement, std::move(content),
                 [schedule = std::move(schedule)](const View& view, const Moment& moment) {
                   return plan_put_schedule(view, schedule, moment);
                 }};
}

}  // namespace suanpan::settlement
