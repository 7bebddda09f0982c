// What happens to orders, refunds and payouts: the postings table of the platform book, step by
// step.
//
//   order paid, collected      debit channel receivable     credit each line's account
//   merchant fee, collected    debit merchant pending       credit fee income
//   merchant fee, direct       debit fee receivable         credit fee income
//   paid again, or wrongly     debit channel receivable     credit suspense (挂账)
//   paid, account refuses it   debit channel receivable     credit suspense, fee from there too
//   refund accepted            debit what the order credited  credit refund in transit
//   refund confirmed           debit refund in transit      credit channel receivable
//   refund failed              the acceptance the other way round
//   payout accepted / confirmed / failed or returned
//                              source → in transit → bank / in transit → source
#pragma once
#include "ledger/core/order.h"
#include "ledger/core/view.h"

namespace suanpan {

/// Codes of the platform's own accounts for one channel merchant, from configuration.
struct PlatformAccounts {
  std::string channel_receivable;  ///< 1122/wxpay/<mchid>
  std::string fee_income;          ///< 6001
  std::string fee_receivable;      ///< 1131/<mch_no>: direct merchants owe their fees
  std::string suspense;            ///< 2241/suspense
  std::string refund_transit;      ///< 2104
};

/// Places `order` (state created). Also makes the index entry of the merchant's number.
/// Refusals: kAmountNotPositive and kAmountTooLarge; kValueInvalid (a fee below 0 or above the
/// amount); kAccountNotFound and kCurrencyMismatch of a line's account, the latter also of a direct
/// order that is not in the book's currency; kOrderExists; kAmountMismatch when the lines do not
/// sum to the amount, which a direct order's need not.
Planned<ChangeSet> plan_place_order(const View& view, const Order& order, const Moment& moment);

/// What the channel, the payer or time told of an order.
struct OrderFact {
  enum class Kind : std::uint8_t {
    kSubmitted,  ///< the intent to call the channel: journalled before the call
    kAccepted,   ///< the channel took it: pay data
    kUnknown,    ///< no believable answer
    kPaid,       ///< the channel says it was paid
    kRejected,   ///< the channel definitely refused it
    kClosed,     ///< closed upstream, or never sent upstream
  } kind = Kind::kSubmitted;
  std::string order_id;
  std::string way;  ///< kSubmitted: how the payer chose to pay, where the order left it open
  std::string channel;
  std::string channel_mch;
  std::string pay_data_type, pay_data;
  std::string channel_order_no;
  Money paid;
  Timestamp paid_at;
  std::string error_code, error_message;
};

/// Refusals: kOrderNotFound, kOrderStateFinal, kOrderStateWrong, kOrderExpired (submitted after its
/// time), kCurrencyMismatch and kAmountMismatch (a paid fact that is not of the order's currency
/// and amount is never taken as its payment, and nothing is posted).
///
/// A paid fact for an order that the same channel number already paid changes nothing: the planner
/// refuses with kOrderStateFinal. With another channel number it is a second payment: suspense,
/// once per number.
///
/// Money that the channel has taken is in the books whatever has become of the accounts it was
/// meant for. A line whose account is closed, frozen or missing goes to suspense: the order is
/// paid, the line names the suspense account from then on (refunds take it from there, settlement
/// leaves it alone), and "order.suspense" says how much and why. If the fee cannot be taken then,
/// the whole order goes there; if the fee cannot be taken at all, the order goes without (`fee`
/// becomes 0, the event names it). Refused only when the channel's own account or suspense itself
/// does not take it.
Planned<ChangeSet> plan_order_fact(const View& view, const OrderFact& fact,
                                   const PlatformAccounts& accounts, const ClaimKey& key,
                                   const Moment& moment);

/// Asks for a refund. `amount` counts against what was paid, with all other refunds, before any
/// money leaves. Refusals: kAmountNotPositive, kOrderNotFound (also an order of another merchant),
/// kOrderExists (the refund's number), kOrderStateWrong, kCurrencyMismatch, kRefundExceedsPaid,
/// those of a leg, and of limits: kBelowLimit when the merchant's money is gone.
///
/// `fee_return` is decided here, from the order as it stands, whatever the request says: after the
/// refund, ⌊fee × all refunds accepted ÷ amount⌋ of the fee goes back in all, so that refunds of
/// the whole in any number of parts return exactly the fee; nothing where the order's fee is kept.
/// A refund that fails takes its own part with it; where its rounding leaves the others ahead of
/// their share, the next refund returns the less, never below nothing.
Planned<ChangeSet> plan_refund(const View& view, const Refund& refund,
                               const PlatformAccounts& accounts, const Moment& moment);

struct RefundFact {
  enum class Kind : std::uint8_t {
    kSubmitted,
    kUnknown,
    kProcessing,
    kSucceeded,
    kFailed
  } kind = Kind::kSubmitted;
  std::string refund_id;
  std::string channel_refund_no;
  Timestamp at;
  std::string error_code, error_message;
};
/// Refusals: kOrderNotFound (of the refund), kOrderStateFinal (it has succeeded or failed), those
/// of a leg and of limits: a fact that moves money is refused while an account does not take it.
Planned<ChangeSet> plan_refund_fact(const View& view, const RefundFact& fact,
                                    const PlatformAccounts& accounts, const Moment& moment);

/// Accepts a payout: its money leaves the source for transit at once, so it cannot be spent twice.
/// Refusals: kAmountNotPositive, kAmountTooLarge, kOrderExists, kPersonalDataErased (the payee's),
/// kAccountNotFound (the bank account's), those of a leg between source and transit,
/// kCurrencyMismatch, those of limits.
Planned<ChangeSet> plan_payout(const View& view, const Payout& payout, const Moment& moment);

struct PayoutFact {
  enum class Kind : std::uint8_t {
    kSubmitted,
    kUnknown,
    kProcessing,
    kSucceeded,
    kFailed,
    kReturned
  } kind = Kind::kSubmitted;
  std::string payout_id;
  std::string channel_payout_no;
  Timestamp at;
  std::string error_code, error_sealed;  ///< as in Payout
};
/// Refusals: kOrderNotFound (of the payout); kOrderStateFinal (it is over; but one that succeeded
/// may still be returned); kOrderStateWrong (returned before it succeeded); those of a leg and of
/// limits.
Planned<ChangeSet> plan_payout_fact(const View& view, const PayoutFact& fact, const Moment& moment);

/// Finds the stored document of an order, refund or payout; null if there is none.
std::optional<Order> find_order(const View& view, std::string_view order_id);
std::optional<Refund> find_refund(const View& view, std::string_view refund_id);
std::optional<Payout> find_payout(const View& view, std::string_view payout_id);

/// The notification document that a change of state owes the merchant, versioned 1.
/// Key: "<topic>/<id>"; body: JSON {topic,id,url,attempts,next_at,created_at}.
Document notification_document(std::string_view topic, std::string_view id, std::string_view url,
                               Timestamp now);

}  // namespace suanpan
