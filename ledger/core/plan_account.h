// Opening accounts, changing their terms, and moving the book's days.
#pragma once
#include "ledger/core/view.h"

namespace suanpan {

struct OpenAccountRequest {
  ClaimKey key;
  std::string code;
  std::string name;
  AccountType type = AccountType::kAsset;
  std::optional<Side> normal;  ///< the type's own side when absent (contra accounts name theirs)
  std::optional<Currency> currency;
  AccountTerms terms;
};

struct SetTermsRequest {
  ClaimKey key;
  std::string code;
  AccountTerms terms;
  std::optional<std::uint32_t> expected_version;
};

struct DayCutRequest {
  ClaimKey key;
  Date next;  ///< the new accounting date, later than the present one
};

struct PeriodCloseRequest {
  ClaimKey key;
  Date through;  ///< this day and all before it take nothing any more; before the open day
};

/// Shape, no state. Refusals: kIdMissing, kTextTooLong, kTextInvalid, kCodeInvalid, kValueInvalid
/// (detail: the field).
Planned<void> check_open_account(const OpenAccountRequest& request);
/// Likewise: kIdMissing, kCodeInvalid, kValueInvalid.
Planned<void> check_set_terms(const SetTermsRequest& request);

/// Refusals: kAccountExists, those of subject_for() and check_carried_currency() (core/chart.h).
Planned<ChangeSet> plan_open_account(const View& view, const OpenAccountRequest& request,
                                     const Moment& moment);
/// Refusals: kAccountNotFound, kVersionConflict, kAccountNotEmpty when closing.
Planned<ChangeSet> plan_set_terms(const View& view, const SetTermsRequest& request,
                                  const Moment& moment);
/// Refusals: kDayCutNotForward.
Planned<ChangeSet> plan_day_cut(const View& view, const DayCutRequest& request,
                                const Moment& moment);
/// Refusals: kDateAhead (the open day cannot be closed), kPeriodClosed (already), kYearClosing.
Planned<ChangeSet> plan_period_close(const View& view, const PeriodCloseRequest& request,
                                     const Moment& moment);

Content content_of(const OpenAccountRequest& request);
Content content_of(const SetTermsRequest& request);
Content content_of(const DayCutRequest& request);
Content content_of(const PeriodCloseRequest& request);

}  // namespace suanpan
