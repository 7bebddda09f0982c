#include "ledger/core/plan_reversal.h"

#include "ledger/base/check.h"
#include "ledger/core/idempotency.h"
#include "ledger/core/plan_parts.h"
#include "ledger/core/plan_voucher.h"
#include "ledger/core/reversal_totals.h"

namespace suanpan {
namespace {

// What moved with a document (an order, a refund, a payout, a settlement) is taken back by what
// changes that document: it would go on saying what its money no longer did.
bool reversible(const StoredCommand& stored) {
  if (stored.kind != CommandKind::kVoucher && stored.kind != CommandKind::kPostHold) return false;
  if (stored.refusal.code != RefusalCode::kNone || stored.effects.transfers.empty()) return false;
  for (const Transfer& t : stored.effects.transfers)
    if (t.kind != TransferKind::kPosted && t.kind != TransferKind::kPostPending) return false;
  return true;
}

}  // namespace

Planned<void> check_reversal(const ReversalRequest& request) {
  if (request.key.id.is_zero()) return refuse(RefusalCode::kIdMissing);
  TRY(check_leg_amounts(request.amounts));
  return check_text(request.text.get());
}

Planned<ChangeSet> plan_reversal(const View& view, const ReversalRequest& request,
                                 const StoredCommand* original, const Moment&) {
  TRY(auto date, accounting_date(view, request.date, request.adjustment, request.text.get()));
  if (!original) return refuse(RefusalCode::kVoucherNotFound, request.original.hex());
  if (!reversible(*original))
    return refuse(RefusalCode::kVoucherNotReversible, request.original.hex());
  const auto& legs = original->effects.transfers;
  if (!request.amounts.empty() && request.amounts.size() != legs.size())
    return refuse(RefusalCode::kReversalExceedsOriginal, "legs");

  const DocumentPtr before = view.document(DocumentKind::kReversalTotal, request.original.bytes());
  std::vector<std::int64_t> totals(legs.size(), 0);
  if (before) {
    const auto stored = decode_reversal_totals(before->bytes);
    CHECK_OR_DIE(stored && stored->size() == legs.size(), "reversal totals do not decode");
    totals = *stored;
  }
  ChangeSet changes;
  for (std::size_t i = 0; i < legs.size(); ++i) {
    const std::int64_t left = legs[i].amount - totals[i];
    const std::int64_t amount = request.amounts.empty() ? left : request.amounts[i];
    if (amount == 0) continue;
    TRY(check_leg(view, legs[i].debit, legs[i].credit, true));
    if (amount > left) return refuse(RefusalCode::kReversalExceedsOriginal, request.original.hex());
    changes.transfers.push_back(
        Transfer{legs[i].debit, legs[i].credit, -amount, TransferKind::kRed});
    totals[i] += amount;
  }
  if (changes.transfers.empty())
    return refuse(RefusalCode::kReversalExceedsOriginal, request.original.hex());
  TRY(check_limits(view, changes.transfers));
  // From here on the reversal is accepted.

  changes.date = date;
  changes.code = original->effects.code;
  changes.type = original->effects.type;
  changes.ref = request.original;
  changes.text = request.text;
  changes.documents.push_back(Document{DocumentKind::kReversalTotal, request.original.bytes(),
                                       before ? before->version + 1 : 1, false,
                                       encode_reversal_totals(totals)});
  return changes;
}

Content content_of(const ReversalRequest& request) {
  Content content{{"original", request.original.hex()}};
  std::string amounts;
  for (const std::int64_t amount : request.amounts) amounts += fmt::format("{} ", amount);
  content.emplace_back("amounts", std::move(amounts));
  content.emplace_back("date", request.date ? request.date->iso() : "");
  content.emplace_back("adjustment", request.adjustment ? "true" : "false");
  add_text(content, request.text.get());
  return content;
}

}  // namespace suanpan
