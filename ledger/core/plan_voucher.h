// Posting and reserving: the heart of the ledger. Start reading here.
#pragma once
#include <span>

#include "ledger/core/view.h"

namespace suanpan {

/// Shape and limits, no state. Refusals: kIdMissing, kLegsMissing, kLegsTooMany, kAccountMissing,
/// kAccountsSame, kAmountNotPositive, kAmountTooLarge, those of check_rules(), kValueInvalid
/// (detail: the field), those of check_text().
Planned<void> check_voucher(const VoucherRequest& request);

/// A flat ladder of refusals in a fixed order, then the legs. With `request.hold` the legs are
/// reserved and a hold document is made under the request's key. Refusals, in that order: those of
/// accounting_date(), check_expectations() and, leg by leg, check_leg(); kHoldExpired (of a hold
/// whose time is over before it is made); those of fill_sweeps() and check_limits(). Takes what
/// check_voucher() has passed.
Planned<ChangeSet> plan_voucher(const View& view, const VoucherRequest& request,
                                const Moment& moment);

/// Whether a leg may touch its accounts at all: found, same currency, not closed, not frozen in the
/// direction it moves them. A red leg stands on the same sides and moves both accounts the other
/// way round. Shared by everything that posts; vouchers are judged leg by leg. Refusals:
/// kDebitAccountNotFound, kCreditAccountNotFound, kCurrencyMismatch (detail: both codes),
/// kDebitAccountClosed, kCreditAccountClosed, kDebitAccountFrozen, kCreditAccountFrozen (detail:
/// the code).
Planned<void> check_leg(const View& view, AccountId debit, AccountId credit, bool red = false);

/// Lengths and characters of what people wrote; null is fine. Refusals: kTextTooLong, kTextInvalid.
Planned<void> check_text(const VoucherText* text);

/// The accounting date of new business. Refusals: kPeriodClosed; kDateAhead of the open day;
/// kDateBehind it without being an adjustment; kSamePerson: an adjustment without two people.
Planned<Date> accounting_date(const View& view, std::optional<Date> wanted, bool adjustment,
                              const VoucherText* text);

/// Whether `transfers` as one leave no account below its limit that they draw on, and overflow
/// nothing. Holds count. Refusals: kBelowLimit (detail: the account's code), kOverflow.
Planned<void> check_limits(const View& view, std::span<const Transfer> transfers);

}  // namespace suanpan
