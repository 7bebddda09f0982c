#include "ledger/core/plan_hold.h"

#include "ledger/base/check.h"
#include "ledger/core/hold.h"
#include "ledger/core/idempotency.h"
#include "ledger/core/plan_parts.h"
#include "ledger/core/plan_voucher.h"

namespace suanpan {
namespace {

struct Found {
  DocumentPtr document;
  Hold hold;
};

Planned<Found> find_open(const View& view, const ClaimKey& key) {
  DocumentPtr document = view.document(DocumentKind::kHold, key.packed());
  if (!document) return refuse(RefusalCode::kHoldNotFound, key.hex());
  std::optional<Hold> hold = decode_hold(document->bytes);
  CHECK_OR_DIE(hold, "hold {} does not decode", key.hex());
  switch (hold->state) {
    case HoldState::kOpen:
      break;
    case HoldState::kPosted:
      return refuse(RefusalCode::kHoldAlreadyPosted, key.hex());
    case HoldState::kVoided:
      return refuse(RefusalCode::kHoldAlreadyVoided, key.hex());
    case HoldState::kExpired:
      return refuse(RefusalCode::kHoldExpired, key.hex());
  }
  return Found{std::move(document), std::move(*hold)};
}

bool due(const Hold& hold, const Moment& moment) {
  return hold.expires_at.ns != 0 && hold.expires_at <= moment.now;
}

DocumentChange next_version(const Document& before, const Hold& after) {
  return Document{DocumentKind::kHold, before.key, before.version + 1,
                  after.state == HoldState::kOpen, encode(after)};
}

ChangeSet give_back(const View& view, Found found, const ClaimKey& key, HoldState state) {
  ChangeSet changes;
  for (HoldLeg& leg : found.hold.legs) {
    if (leg.remaining > 0)
      changes.transfers.push_back(
          Transfer{leg.debit, leg.credit, leg.remaining, TransferKind::kVoidPending});
    leg.remaining = 0;
  }
  found.hold.state = state;
  changes.date = view.book().accounting_date;
  changes.ref = key;
  changes.documents.push_back(next_version(*found.document, found.hold));
  return changes;
}

}  // namespace

Planned<void> check_post_hold(const PostHoldRequest& request) {
  if (request.key.id.is_zero()) return refuse(RefusalCode::kIdMissing);
  TRY(check_leg_amounts(request.amounts));
  return check_text(request.text.get());
}

Planned<ChangeSet> plan_post_hold(const View& view, const PostHoldRequest& request,
                                  const Moment& moment) {
  TRY(auto found, find_open(view, request.hold));
  if (due(found.hold, moment)) return refuse(RefusalCode::kHoldExpired, request.hold.hex());
  if (!request.amounts.empty() && request.amounts.size() != found.hold.legs.size())
    return refuse(RefusalCode::kHoldAmountExceeded, "legs");
  ChangeSet changes;
  bool rest = false;
  for (std::size_t i = 0; i < found.hold.legs.size(); ++i) {
    HoldLeg& leg = found.hold.legs[i];
    const std::int64_t amount = request.amounts.empty() ? leg.remaining : request.amounts[i];
    if (amount > 0) {
      TRY(check_leg(view, leg.debit, leg.credit));
      if (amount > leg.remaining)
        return refuse(RefusalCode::kHoldAmountExceeded, request.hold.hex());
      changes.transfers.push_back(
          Transfer{leg.debit, leg.credit, amount, TransferKind::kPostPending});
    }
    leg.remaining -= amount;
    rest = rest || leg.remaining > 0;
  }
  TRY(check_limits(view, changes.transfers));
  // From here on the posting is accepted.

  if (!rest) found.hold.state = HoldState::kPosted;
  changes.date = view.book().accounting_date;
  changes.ref = request.hold;
  changes.text = request.text;
  changes.documents.push_back(next_version(*found.document, found.hold));
  return changes;
}

Planned<ChangeSet> plan_void_hold(const View& view, const VoidHoldRequest& request,
                                  const Moment& moment) {
  TRY(auto found, find_open(view, request.hold));
  if (due(found.hold, moment)) return refuse(RefusalCode::kHoldExpired, request.hold.hex());
  return give_back(view, std::move(found), request.hold, HoldState::kVoided);
}

Planned<ChangeSet> plan_expire_hold(const View& view, const ClaimKey& hold, const Moment& moment) {
  TRY(auto found, find_open(view, hold));
  if (!due(found.hold, moment)) return refuse(RefusalCode::kHoldNotFound, hold.hex());
  return give_back(view, std::move(found), hold, HoldState::kExpired);
}

Content content_of(const PostHoldRequest& request) {
  Content content;
  content.reserve(2);
  content.emplace_back("hold", request.hold.hex());
  std::string amounts;
  for (const std::int64_t amount : request.amounts) amounts += fmt::format("{} ", amount);
  content.emplace_back("amounts", std::move(amounts));
  add_text(content, request.text.get());
  return content;
}

Content content_of(const VoidHoldRequest& request) { return {{"hold", request.hold.hex()}}; }

}  // namespace suanpan
