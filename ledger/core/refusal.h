// The closed enumeration of refusals, in groups by what they are about. Where several apply, the
// one is given that comes first on the planner's ladder: about in the order of the groups, and leg
// by leg, line by line, so that a later leg's lower number does not come before an earlier leg's.
// The ladders stand in the headers of the planners. Numbers are stable: they are journalled and
// appear on the wire.
//
// Consequence: numbers below 100 leave nothing: malformed requests, an id that has other content,
// an object of somebody else, a bug of ours. Of these only kGroupUndecided may be sent again as it
// is. All others are journalled under their id, and the same id gets the same refusal for ever; a
// new attempt needs a new id.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/result.h"

namespace suanpan {

enum class RefusalCode : std::uint16_t {
  kNone = 0,  ///< accepted; never inside a Refusal

  // Nothing is journalled.
  kIdMissing = 1,
  kLegsMissing = 2,
  kLegsTooMany = 3,
  kAccountMissing = 4,  ///< an account is named by nothing
  kAccountsSame = 5,    ///< debit and credit of one leg
  kAmountNotPositive = 6,
  kAmountTooLarge = 7,
  kTextTooLong = 8,
  kTextInvalid = 9,      ///< not UTF-8, or control characters
  kCodeInvalid = 10,     ///< an account code that breaks the path rules
  kValueInvalid = 11,    ///< an enumeration or limit out of range
  kGroupMalformed = 12,  ///< of a linked group that could not be planned: nothing was journalled
  kGroupUndecided = 13,  ///< an id of the linked group was under way elsewhere: it is asked again
  kIdReusedWithOtherContent = 20,  ///< detail names the first differing field
  kNotAuthorised = 30,             ///< the object belongs to somebody else
  kInternal = 99,                  ///< an invariant caught a bug of ours; nothing was done

  // Book and date.
  kPeriodClosed = 100,
  kDateAhead = 101,   ///< later than the open accounting date
  kDateBehind = 102,  ///< a day already cut, and not an approved adjustment
  kDayCutNotForward = 103,
  kSamePerson = 104,          ///< maker and checker must differ
  kYearClosed = 105,          ///< the year is closed: income and expense are carried forward
  kYearClosing = 106,         ///< its carry-forward is under way: later days cannot close yet
  kSecondPersonNeeded = 107,  ///< one person may not do this alone; detail says where to ask

  // What the caller expected of the book, judged before the business.
  kExpectedAccountNotFound = 120,
  kVersionNotExpected = 121,  ///< detail: the account's code
  kBalanceNotExpected = 122,  ///< likewise
  /// Another item of the linked group failed; detail: its place in the group, from 0. It never
  /// competes with another refusal.
  kGroupFailed = 130,

  // Accounts.
  kDebitAccountNotFound = 200,
  kCreditAccountNotFound = 201,
  kAccountNotFound = 202,
  kAccountExists = 203,
  kCurrencyMismatch = 204,
  kVersionConflict = 205,  ///< the expected version is not the present one
  kAccountNotEmpty = 206,  ///< closing with a balance or open holds
  kParentMissing = 207,    ///< of a subject of the chart: no group is there that it would lie in
  kDebitAccountClosed = 210,
  kCreditAccountClosed = 211,
  kDebitAccountFrozen = 212,
  kCreditAccountFrozen = 213,

  // The chart of accounts.
  kSubjectNotFound = 220,     ///< the code lies under no subject of the chart
  kSubjectNotLeaf = 221,      ///< accounts stand under leaves only
  kSubjectIsLeaf = 222,       ///< subjects stand under groups only
  kSubjectMismatch = 223,     ///< another type or normal side than the subject's
  kDimensionsMissing = 224,   ///< the code lacks an auxiliary dimension; detail: which
  kDimensionsExceeded = 225,  ///< the code goes on below the dimensions
  kSubjectExists = 226,
  kChartExists = 227,         ///< the book has a chart that is enforced
  kChartFree = 228,           ///< the book's chart is free: it has no subjects
  kCarryTargetInvalid = 229,  ///< no leaf that a year's end could carry this subject into

  // Holds and reversals.
  kHoldNotFound = 300,
  kHoldAlreadyPosted = 301,
  kHoldAlreadyVoided = 302,
  kHoldExpired = 303,
  kHoldAmountExceeded = 304,
  kVoucherNotFound = 310,
  kVoucherNotReversible = 311,  ///< refused, pending, itself a reversal, or a document's
  kReversalExceedsOriginal = 312,

  // Orders, refunds, payouts.
  kMerchantNotFound = 400,
  kMerchantDisabled = 401,
  kOrderNotFound = 402,
  kOrderExists = 403,
  kOrderStateFinal = 404,
  kOrderStateWrong = 405,
  kAmountMismatch = 406,
  kRefundExceedsPaid = 407,
  kOrderExpired = 408,
  kWayNotAllowed = 409,

  // Documents.
  kDocumentNotFound = 500,
  kDocumentExists = 501,
  kDocumentVersionConflict = 502,
  kDocumentStateFinal = 503,
  kNumbersUsedUp = 504,       ///< every number of a kind is given out; detail: the kind
  kPersonalDataInUse = 510,   ///< something open needs it; detail: what
  kPersonalDataErased = 511,  ///< its key is deleted; detail: the key's name

  // Settlement and reconciliation.
  kCalendarYearUnknown = 600,
  kBatchStateWrong = 603,
  kNothingToSettle = 604,

  // Money.
  kNothingToSweep = 690,  ///< a leg "up to the balance" finds none; detail: the account's code
  kBelowLimit = 700,      ///< an account would fall below its limit
  kOverflow = 701,
};

struct Refusal {
  RefusalCode code = RefusalCode::kNone;
  std::string detail;  ///< what exactly: a field, an account code; no secrets, no personal data
};

/// "below_limit"; stable, on the wire.
std::string_view name_of(RefusalCode code);
/// A sentence for a person, in Chinese: "账户可用余额不足".
std::string_view chinese_of(RefusalCode code);
std::optional<RefusalCode> refusal_of(std::uint16_t number);
/// Whether a refusal leaves nothing behind.
constexpr bool leaves_nothing(RefusalCode code) {
  return code != RefusalCode::kNone && static_cast<std::uint16_t>(code) < 100;
}

template <class T>
using Planned = Result<T, Refusal>;

inline Refusal refuse(RefusalCode code, std::string detail = {}) {
  return Refusal{code, std::move(detail)};
}

}  // namespace suanpan
