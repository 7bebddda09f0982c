// Posting and reserving: the heart of the ledger. Start reading here.
#pragma once
#include <span>

#include "ledger/core/view.h"

namespace suanpan {

/// Shape and limits, no state. Refusals: all malformed ones that a voucher can have.
Planned<void> check_voucher(const VoucherRequest& request);

/// A flat ladder of refusals in a fixed order, then the legs. With `request.hold` the legs are
/// reserved and a hold document is made under the request's key.
Planned<ChangeSet> plan_voucher(const View& view, const VoucherRequest& request,
                                const Moment& moment);

/// Whether a leg may touch its accounts at all: found, same currency, not closed, not frozen in the
/// direction it moves them. A red leg stands on the same sides and moves both accounts the other
/// way round. Shared by everything that posts; vouchers are judged leg by leg.
Planned<void> check_leg(const View& view, AccountId debit, AccountId credit, bool red = false);

/// Lengths and characters of what people wrote; null is fine. Refusals: kTextTooLong, kTextInvalid.
Planned<void> check_text(const VoucherText* text);

/// The accounting date of new business, or a refusal: later than the open day, before it without
/// being an adjustment by two people, or in a closed period.
Planned<Date> accounting_date(const View& view, std::optional<Date> wanted, bool adjustment,
                              const VoucherText* text);

/// Whether `transfers` as one leave no account below its limit that they draw on, and overflow
/// nothing. Holds count. Refusals: kBelowLimit (detail: the account's code), kOverflow.
Planned<void> check_limits(const View& view, std::span<const Transfer> transfers);

}  // namespace suanpan
