// What happens to a hold after it was made.
#pragma once
#include "ledger/core/view.h"

namespace suanpan {

struct PostHoldRequest {
  ClaimKey key;
  ClaimKey hold;
  /// Minor units per leg of the hold, 0 leaves a leg as it is; empty posts all that remains.
  std::vector<std::int64_t> amounts;
  std::shared_ptr<const VoucherText> text;
};
struct VoidHoldRequest {
  ClaimKey key;
  ClaimKey hold;
};

/// Shape, no state. Refusals: kIdMissing, those of check_leg_amounts() and check_text().
Planned<void> check_post_hold(const PostHoldRequest& request);

/// Refusals: kHoldNotFound, kHoldAlreadyPosted, kHoldAlreadyVoided, kHoldExpired (also when its
/// time has come and the expiry itself is not journalled yet), kHoldAmountExceeded, those of a leg
/// and of limits.
Planned<ChangeSet> plan_post_hold(const View& view, const PostHoldRequest& request,
                                  const Moment& moment);
/// Gives back what remains. A frozen account does not hinder it. Refusals: as above, but none of
/// the amount, a leg or limits.
Planned<ChangeSet> plan_void_hold(const View& view, const VoidHoldRequest& request,
                                  const Moment& moment);
/// The book's own command when a hold's time has come: a void under another name. Refusals:
/// likewise; kHoldNotFound also before its time.
Planned<ChangeSet> plan_expire_hold(const View& view, const ClaimKey& hold, const Moment& moment);

Content content_of(const PostHoldRequest& request);
Content content_of(const VoidHoldRequest& request);

}  // namespace suanpan
