// Orders (支付订单), refunds (退款) and payouts (付款) as documents, and their state machines.
// Pure.
//
//   created ── the intent is journalled ──▶ paying ── the channel says paid ──▶ paid
//   created, paying ── rejected ──▶ failed
//   created, paying ── close, expiry; upstream first ──▶ closed
//   created, failed, closed ── the channel says paid ──▶ paid    marked late where it was over
//   paid ── all refunded ──▶ refunded
//
//   refund, payout: created ▶ processing ▶ succeeded | failed;  payout: succeeded ▶ returned
//
// Personal data is in them only sealed (channels/personal_texts.h, payee.h): core never looks
// inside.
//
// Unknown is no state of its own but a mark on one: the last exchange with the channel had no
// believable answer, and only a query settles it. A marked order is neither failed nor re-routed.
// State numbers are Jeepay's, which its clients read.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/base/date.h"
#include "ledger/base/money.h"
#include "ledger/core/document.h"

namespace suanpan {

enum class OrderState : std::uint8_t {
  kCreated = 0,
  kPaying = 1,
  kPaid = 2,
  kFailed = 3,
  kRefunded = 5,
  kClosed = 6,
};
enum class RefundState : std::uint8_t {
  kCreated = 0,
  kProcessing = 1,
  kSucceeded = 2,
  kFailed = 3
};
enum class PayoutState : std::uint8_t {
  kCreated = 0,
  kProcessing = 1,
  kSucceeded = 2,
  kFailed = 3,
  kReturned = 4,
};
std::string_view name_of(OrderState state);  ///< "paid"
std::string_view name_of(RefundState state);
std::string_view name_of(PayoutState state);

/// Whether a state machine has the step. Staying is no step.
bool can_move(OrderState from, OrderState to);
bool can_move(RefundState from, RefundState to);
bool can_move(PayoutState from, PayoutState to);

/// Where an order's money goes when it is paid.
struct OrderLine {
  std::string label;    ///< of one that an upstream named its place, "1"; the name is in the texts
  std::string account;  ///< code of the account that is credited
  std::int64_t amount = 0;
  std::int64_t taken = 0;  ///< by accepted refunds; what a failed one took is given back
  friend bool operator==(const OrderLine&, const OrderLine&) = default;
};

struct Order {
  std::string order_id;  ///< ours; out_trade_no at the channel
  std::string mch_no;
  std::string app_id;
  std::string mch_order_no;  ///< the upstream's number, unique per merchant
  std::string way;           ///< Jeepay's wayCode
  std::string channel;       ///< adapter name once routed: "wxpay", "bank"
  std::string channel_mch;   ///< our merchant number at the channel
  Money amount;
  std::int64_t fee = 0;          ///< merchant fee in minor units, fixed when the order is placed
  bool fee_kept = false;         ///< refunds return nothing of it: the fee rule at placement
  bool direct = false;           ///< the merchant's own channel account: only the fee is posted
  std::vector<OrderLine> lines;  ///< sum = amount; empty for direct merchants
  std::string texts_sealed;      ///< what the upstream wrote: subject, body, own parameter
  std::string notify_url;
  std::string return_url;
  Timestamp created_at;
  Timestamp expires_at;
  OrderState state = OrderState::kCreated;
  bool unknown = false;
  bool late = false;  ///< paid after it was closed or failed here
  std::string pay_data_type;
  std::string pay_data;
  std::string channel_order_no;
  Timestamp paid_at;
  Date paid_on;                    ///< accounting date of the posting
  std::int64_t refunded = 0;       ///< confirmed
  std::int64_t refunding = 0;      ///< accepted, not settled yet
  std::int64_t fee_returned = 0;   ///< by confirmed refunds
  std::int64_t fee_returning = 0;  ///< by refunds accepted and not settled yet
  std::string error_code;
  std::string error_message;
  std::string voucher;             ///< ClaimKey hex of the posting
  std::string reconciled;          ///< the run that found it matched; empty: none yet
  std::string arrived;             ///< the statement that brought the money; empty: not yet
  std::string batch;               ///< the settlement batch that took it
  std::int64_t settled_gross = 0;  ///< what batches have taken of it and not let go again
  std::int64_t settled_fee = 0;
  bool owes = false;  ///< refunded after its batch: the merchant's next batch deducts it
  friend bool operator==(const Order&, const Order&) = default;
};

struct Refund {
  std::string refund_id;  ///< ours; out_refund_no at the channel
  std::string order_id;
  std::string mch_no;
  std::string app_id;
  std::string mch_refund_no;
  Money amount;
  std::int64_t fee_return = 0;  ///< of the merchant fee, given back with it; see plan_refund()
  std::string texts_sealed;     ///< the reason, the upstream's own parameter
  std::string notify_url;
  std::string maker;
  std::string checker;
  Timestamp created_at;
  RefundState state = RefundState::kCreated;
  bool unknown = false;
  std::string channel_refund_no;
  Timestamp succeeded_at;
  std::string error_code;
  std::string error_message;
  std::vector<OrderLine> lines;  ///< what was taken from which account; given back on failure
  std::string reconciled;
  friend bool operator==(const Refund&, const Refund&) = default;
};

struct Payout {
  std::string payout_id;  ///< ours; the end-to-end id at the bank
  std::string mch_no;
  std::string app_id;
  std::string mch_order_no;
  Money amount;
  std::string
      source_account;  ///< code debited when it is accepted: merchant payable, supervised funds
  std::string transit_account;  ///< 付款在途
  std::string bank_account;     ///< code credited when it is confirmed
  std::string payer_number;     ///< the bank account that pays
  std::string payee_sealed;     ///< name, number and bank, encrypted; core never looks inside
  std::string texts_sealed;     ///< the upstream's remark and own parameter
  std::string remark;           ///< ours, of what we pay by ourselves: a settlement batch
  std::string entry_type;
  std::string notify_url;
  std::string batch;  ///< settlement batch that it pays, if any
  Date execute_on;
  Timestamp created_at;
  PayoutState state = PayoutState::kCreated;
  bool unknown = false;
  std::string channel_payout_no;
  Timestamp settled_at;
  std::string error_code;
  std::string error_sealed;  ///< what the bank says: it may name the payee
  std::string reconciled;
  friend bool operator==(const Payout&, const Payout&) = default;
};

/// Whether a document is open: of an order, work remains for a channel, a refund, reconciliation or
/// settlement; of a refund or payout, for a channel. Whoever replaces the document says so with it.
bool is_open(const Order& order);
bool is_open(const Refund& refund);
bool is_open(const Payout& payout);

/// What an older document holds of an upstream's texts, in clear, as base/sealed_text.h has it;
/// nothing where all are empty. `own_sealed`: its parameter, under the vault's key.
std::string clear_texts(std::string_view title, std::string_view detail,
                        std::string_view own_sealed);

/// JSON, one object, stable member names. Members that are empty are left out.
std::string encode(const Order& order);
std::string encode(const Refund& refund);
std::string encode(const Payout& payout);
/// Errors: kCorrupt.
Result<Order> decode_order(std::string_view bytes);
Result<Refund> decode_refund(std::string_view bytes);
Result<Payout> decode_payout(std::string_view bytes);

/// The document key of an index entry: how an upstream's number finds ours.
std::string index_key(std::string_view what, std::string_view mch_no, std::string_view number);

}  // namespace suanpan
