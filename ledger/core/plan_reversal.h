// Reversal (红冲): red, on the original sides with negative amounts, tied to the original, and
// capped: all reversals of one leg together never exceed it.
#pragma once
#include "ledger/core/view.h"

namespace suanpan {

struct ReversalRequest {
  ClaimKey key;
  ClaimKey original;
  std::vector<std::int64_t>
      amounts;  ///< minor units per leg of the original; empty: all that is left
  std::optional<Date> date;
  bool adjustment = false;
  std::shared_ptr<const VoucherText> text;
};

Planned<void> check_reversal(const ReversalRequest& request);

/// `original` is the stored voucher, loaded before planning (it never changes); null if there is
/// none. Refusals: kVoucherNotFound, kVoucherNotReversible, kReversalExceedsOriginal, those of the
/// date, of a leg and of limits. A closed period's reversal is dated in the open one.
Planned<ChangeSet> plan_reversal(const View& view, const ReversalRequest& request,
                                 const StoredCommand* original, const Moment& moment);

Content content_of(const ReversalRequest& request);

}  // namespace suanpan
