// Clearing (清分): who gets which part of one order's money, line by line.
//
//   paid = Σ gross            the merchant bears the fee: he is due gross − fee
//   paid = Σ gross + Σ fee    the payer bears it: the merchant is due gross
//
// Invariants: every split is by largest remainder, so the parts sum exactly to what is split; no
// line's fee exceeds its gross where the merchant bears it; no line refunds more than it has left.
// A clearing is one document of the ledger (a settlement line); a refund follows it by a new
// version.
//
// Pure values and functions; thread-safe.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/money.h"
#include "ledger/base/result.h"
#include "settlement/fee_schedule.h"

namespace suanpan::settlement {

/// A part of an order as the upstream system splits it: materials, labour.
struct SplitLine {
  std::string name;  ///< 1-64 bytes of UTF-8
  std::int64_t price_minor = 0;
};

/// The line of an order that upstream did not split.
inline constexpr std::string_view kWholeOrder = "order";
inline constexpr std::size_t kMaxSplitLines = 100;

struct ClearingLine {
  std::string name;
  std::int64_t gross_minor = 0;         ///< its price
  std::int64_t fee_minor = 0;           ///< its part of the platform's fee
  std::int64_t refunded_minor = 0;      ///< of gross, so far
  std::int64_t fee_returned_minor = 0;  ///< of fee, so far
  friend bool operator==(const ClearingLine&, const ClearingLine&) = default;
};

struct Clearing {
  std::string order_no;
  Currency currency = Currency::kCNY;
  FeePayer payer = FeePayer::kMerchant;
  FeeReturn on_refund = FeeReturn::kProportional;
  std::vector<ClearingLine> lines;
  friend bool operator==(const Clearing&, const Clearing&) = default;
};

/// The sums over a clearing's lines, refunds taken off.
struct ClearingTotals {
  std::int64_t gross_minor = 0;           ///< price, as sold
  std::int64_t fee_minor = 0;             ///< as taken at the sale
  std::int64_t paid_minor = 0;            ///< by the payer, as sold
  std::int64_t refunded_minor = 0;        ///< to the payer
  std::int64_t merchant_share_minor = 0;  ///< due to the merchant now; below 0 he owes a kept fee
  std::int64_t platform_fee_minor = 0;    ///< what the platform keeps now
};

/// What the merchant is due of one line now. May be below zero by a fen or so, where a refund's
/// remainders and a fee's fell on different lines; the order's share then is not.
std::int64_t merchant_share(const Clearing& clearing, const ClearingLine& line);
ClearingTotals totals_of(const Clearing& clearing);

/// An order to clear, as it was paid.
struct PaidOrder {
  std::string order_no;
  Money paid;
  std::span<const SplitLine> lines;  ///< none: the whole order is one line
};

/// Clears an order by a fee rule: one fee for the whole order, split over its lines by price.
/// Errors: kMalformed for an amount that is not positive, a negative line or a bad name or number;
/// kTooLarge for too many lines; kMismatch if price (and the payer's own fee) do not sum to what
/// was paid. An unsplit order whose payer bears the fee must name its price in one line.
Result<Clearing> clear_order(const PaidOrder& order, const FeeRule& rule);

/// What one refund moves. The two parts sum to the refund.
struct RefundClearing {
  std::int64_t from_merchant_minor = 0;  ///< the merchant's share of the refund: refund − fee part
  std::int64_t from_platform_minor = 0;  ///< the fee that goes back
  Clearing after;                        ///< the document's next version
};

/// Clears a refund of `refund` to the payer: the price part over the lines by what each has left,
/// the fee part by what each has left of its fee. A kept fee that the payer bore is not refundable.
/// Errors: kMalformed for an amount that is not positive; kMismatch beyond what is left or for
/// another currency.
Result<RefundClearing> clear_refund(const Clearing& clearing, Money refund);

/// The document's bytes.
std::string encode(const Clearing& clearing);
/// Errors: kMalformed, kUnsupported, kMismatch where the amounts contradict each other.
Result<Clearing> decode_clearing(std::string_view bytes);

}  // namespace suanpan::settlement
