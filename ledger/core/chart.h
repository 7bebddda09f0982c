// The chart of accounts (会计科目表): which subjects (科目) a book has, and which accounts may
// stand under each.
//
// A subject is a path of its own: "2201" is a group, "2201/预售" a leaf (末级科目) under it.
// Accounts are opened under leaves only, and an account's code is the leaf's path followed by one
// segment for each auxiliary dimension (辅助核算) that the leaf requires, in order: the leaf "3001"
// of dimensions community, building, household has the account "3001/小区1/3幢/0402", and no
// account of another depth. So every account is a leaf of the tree by construction, and posting,
// which knows nothing but accounts, posts to leaves only, at no cost.
//
// A subject is a document (kSubject, by its code), made once and never changed; the chart itself is
// one (kChart). A book without a chart, or with a free one, opens accounts of any code.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/core/account.h"
#include "ledger/core/plan_account.h"
#include "ledger/core/view.h"

namespace suanpan {

struct Subject {
  std::string code;  ///< a path; its segments before the last name the groups it lies in
  std::string name;
  AccountType type = AccountType::kAsset;
  Side normal = Side::kDebit;
  bool leaf = true;                     ///< takes accounts; a group takes subjects
  std::vector<std::string> dimensions;  ///< of a leaf: "merchant", "household", …
  /// Where a year's end carries the balance of its accounts (结转): a leaf of equity, without
  /// dimensions or with the same. Every leaf of income and expense has one, assets and liabilities
  /// have none.
  std::string closes_into;
  friend bool operator==(const Subject&, const Subject&) = default;
};
std::string encode(const Subject& subject);
std::optional<Subject> decode_subject(std::string_view bytes);

struct Chart {
  std::string name;       ///< of the template: "platform"
  bool enforced = false;  ///< false: a free chart, without subjects
  friend bool operator==(const Chart&, const Chart&) = default;
};
std::string encode(const Chart& chart);
std::optional<Chart> decode_chart(std::string_view bytes);
inline constexpr std::string_view kChartKey = "chart";  ///< of the one kChart document

/// Where a year's end carries an account of a subject to: the account's own dimensions go along
/// where `into` has them.
std::string carry_target(const Subject& subject, const Subject& into, std::string_view account);

struct AdoptChartRequest {
  ClaimKey key;
  Chart chart;
  std::vector<Subject> subjects;  ///< groups before what lies in them; none of a free chart
};

struct AddSubjectRequest {
  ClaimKey key;
  Subject subject;
};

/// Shape: code, texts, dimensions, where it closes. Refusals: kIdMissing, kTextTooLong,
/// kTextInvalid, kCodeInvalid, kValueInvalid.
Planned<void> check_adopt_chart(const AdoptChartRequest& request);
Planned<void> check_add_subject(const AddSubjectRequest& request);

/// A book without a chart or with a free one takes it; accounts that are there must lie in it.
/// Refusals: kChartExists, those of plan_add_subject(), subject_for() and
/// check_carried_currency().
Planned<ChangeSet> plan_adopt_chart(const View& view, const AdoptChartRequest& request,
                                    const Moment& moment);
/// Refusals: kParentMissing, kSubjectIsLeaf (its parent), kSubjectMismatch (with its parent),
/// kSubjectExists, kChartFree, kCarryTargetInvalid.
Planned<ChangeSet> plan_add_subject(const View& view, const AddSubjectRequest& request,
                                    const Moment& moment);

/// Under an enforced chart, accounts of income, expense and equity are in the book's currency: a
/// year's end carries into one account, and would find no rate. Refusals: kCurrencyMismatch.
Planned<void> check_carried_currency(const View& view, const Account& account);

/// The leaf that an account of this code stands under; the code, type and side must suit it. Null
/// where the book's chart is free. Refusals: kSubjectNotFound, kSubjectNotLeaf, kSubjectMismatch,
/// kDimensionsMissing, kDimensionsExceeded.
Planned<std::optional<Subject>> subject_for(const View& view, std::string_view code,
                                            AccountType type, Side normal);

Content content_of(const AdoptChartRequest& request);
Content content_of(const AddSubjectRequest& request);

}  // namespace suanpan
