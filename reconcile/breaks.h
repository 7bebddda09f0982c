// Classes of difference (差错) and how a pair of rows falls into one of them. Pure.
//
// The signed amount of a break is OUTSIDE MINUS BOOKS, in minor units. Positive: the outside has
// more of our money, or has paid out less of it, than the books say. 长款 and 短款 are not used:
// the trade uses them in opposite senses. Only rows that are done count on either side; a row that
// the books hold in suspense counts as not booked, because nobody owns that money yet.
//
//   class                         amount of the break
//   missing_local                 + outside amount
//   duplicate_payment             + outside amount
//   status_mismatch_channel_paid  + outside amount
//   amount_mismatch               outside - books (books 0 if not done there)
//   timing, missing_channel       - book amount
//   status_mismatch_local_paid    - book amount
//   fee_mismatch                  outside fee - book fee (positive: the channel took more)
//   currency_mismatch             + outside amount in its currency, and - book amount in its own
//
// So, per currency, the amounts of all breaks but the fee mismatches add up to exactly outside
// total minus book total: run.h holds every run to that.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/ids.h"
#include "reconcile/match.h"
#include "reconcile/statement.h"

namespace suanpan::reconcile {

/// Stable numbers: they are stored in cases.
enum class BreakClass : std::uint8_t {
  kMatched = 0,                    ///< 平账: no break
  kMissingLocal = 1,               ///< 渠道有本端无
  kMissingChannel = 2,             ///< 本端有渠道无
  kStatusMismatchChannelPaid = 3,  ///< 状态不符, 渠道已付
  kStatusMismatchLocalPaid = 4,    ///< 状态不符, 本端已付
  kAmountMismatch = 5,             ///< 金额不符
  kFeeMismatch = 6,                ///< 手续费不符
  kCurrencyMismatch = 7,           ///< 币种不符
  kDuplicatePayment = 8,           ///< 重复支付
  kTiming = 9,                     ///< 存疑 (日切)
};

/// One line of the vocabulary, for reports and for people.
struct BreakClassInfo {
  BreakClass value;
  std::string_view code;     ///< "missing_local"
  std::string_view name_zh;  ///< "渠道有本端无"
  std::string_view next_en;  ///< what happens next
  std::string_view next_zh;
};

/// In the order of the enumeration.
std::span<const BreakClassInfo> break_classes();
const BreakClassInfo& info_of(BreakClass value);
std::optional<BreakClass> break_class_of(std::string_view code);

/// What a run may decide for itself; the defaults are the house's rule.
struct Policy {
  /// A movement of our books that the outside does not show is a timing difference if it happened
  /// within this many seconds before the day's end, 0 for none. The default is the whole day: no
  /// outside cut-off is known exactly.
  std::int64_t cut_off_window_s = 86'400;
  /// For how many further days a timing difference is carried before it is a break.
  int carry_days = 1;
  /// A fee may differ by this much, either way, without being a break.
  std::int64_t fee_tolerance_milli = 0;
};

/// A difference between the outside and the books, traced to both.
struct Break {
  Id128 id;  ///< by what it is about, not by run, file or class: the same break found again has it
             ///< again
  BreakClass break_class = BreakClass::kMatched;
  RowKind kind = RowKind::kPayment;
  Money amount;  ///< signed, see the head of this file
  /// currency_mismatch only: minus the book amount, in the books' currency.
  std::optional<Money> counter_amount;
  /// Exact fee difference that this break explains, in thousandths of a minor unit: outside minus
  /// books; of the outside alone for a currency mismatch.
  std::int64_t fee_milli = 0;
  std::optional<OutsideRow> outside;
  std::optional<BookRow> book;

  const std::string& our_number() const;
  const std::string& channel_number() const;
};

/// The breaks of one pairing: none if it is matched, nothing moved, or the book row belongs to a
/// later day; two if both amount and fee differ. The batch gives the channel and the day that is
/// reconciled. Errors: kTooLarge if a difference does not fit 64 bits.
Result<std::vector<Break>> classify(const Pairing& pairing, const BatchNumber& batch,
                                    const Policy& policy);

/// The id of a break. It follows the book row where there is one, so that a timing difference keeps
/// its id when its partner turns up or when it becomes missing_channel. `fee` asks for the fee
/// break of a pair.
Id128 break_id(std::string_view channel, const OutsideRow* outside, const BookRow* book, bool fee);

/// Signed amounts that count as money on each side: 0 unless done (and not in suspense).
Money recognised(const OutsideRow& row);
Money recognised(const BookRow& row);
std::int64_t recognised_fee(const OutsideRow& row);
std::int64_t recognised_fee(const BookRow& row);

}  // namespace suanpan::reconcile
