// What WeChat remembers and the rules by which it changes: merchants, orders, payments, refunds and
// the money it holds for each merchant. No HTTP, no JSON, no signatures, no faults here.
//
// Invariants: a merchant's balance is its opening float plus its flows; refunds of a payment,
// failed ones apart, never exceed it; a payment, once made, never goes away.
// Amounts are in fen. Times are business times and come with each call; call advance() first.
// Not thread-safe.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "channels/sandbox/api_error.h"
#include "channels/sandbox/seeded_random.h"
#include "ledger/base/date.h"
#include "ledger/base/rate.h"

namespace suanpan::sandbox {

struct MerchantSettings {
  std::string mchid;
  std::vector<std::string> appids;
  std::string name;
  std::string bank_account;      ///< where settlement goes; must be an account of the bank side
  Rate fee_rate{6'000'000};      ///< 0.60 %, rounded half up to the fen per order
  std::int64_t opening_fen = 0;  ///< money already with WeChat, available for refunds
};

enum class TradeType : std::uint8_t { kNative, kJsapi, kH5, kApp };
std::string_view code_of(TradeType type);  ///< "NATIVE", "JSAPI", "MWEB", "APP"

/// What a merchant asks for. All of it together is "the same parameters".
struct OrderTerms {
  TradeType type = TradeType::kNative;
  std::string appid, mchid, out_trade_no, description, notify_url, attach, openid;
  std::int64_t total_fen = 0;
  std::optional<Timestamp> time_expire;
  friend bool operator==(const OrderTerms&, const OrderTerms&) = default;
};

struct Payment {
  std::string transaction_id;
  std::string openid;
  std::string bank_type;
  Timestamp paid_at;
  std::int64_t total_fen = 0;
  std::int64_t fee_fen = 0;       ///< taken when it was paid
  std::int64_t fee_kept_fen = 0;  ///< after what refunds gave back
  std::int64_t refunded_fen = 0;  ///< accepted refunds, those that failed taken out again
  int refunds = 0;
};

struct Order {
  OrderTerms terms;
  Timestamp created_at;
  Timestamp expires_at;
  std::string token;           ///< in prepay_id and code_url
  Timestamp token_expires_at;  ///< two hours; an h5_url five minutes
  bool closed = false;
  std::vector<Payment> payments;  ///< more than one: the payer paid again

  /// Closed by the merchant or run out of time, and not paid.
  bool is_shut(Timestamp now) const { return payments.empty() && (closed || now >= expires_at); }
};

struct RefundTerms {
  std::string mchid, transaction_id, out_trade_no, out_refund_no, reason, notify_url;
  std::int64_t refund_fen = 0, total_fen = 0;
  friend bool operator==(const RefundTerms&, const RefundTerms&) = default;
};

enum class RefundState : std::uint8_t { kProcessing, kSuccess, kClosed, kAbnormal };
std::string_view code_of(RefundState state);

struct Refund {
  RefundTerms terms;  ///< as asked
  std::string refund_id, transaction_id, out_trade_no;
  Timestamp created_at;
  Timestamp finishes_at;
  RefundState state = RefundState::kProcessing;
  RefundState fate = RefundState::kSuccess;
  std::int64_t fee_back_fen = 0;
};

/// One movement of the money that WeChat holds for a merchant: a row of the fund-flow bill.
struct Flow {
  Timestamp at;
  std::string business_no;  ///< transaction_id, refund_id, settlement number
  std::string flow_no;
  std::string kind;         ///< 交易, 扣除交易手续费, 退款, 退款失败, 提现
  std::int64_t amount_fen;  ///< in positive, out negative
  std::int64_t balance_fen;
  std::string note;
};

struct Merchant {
  MerchantSettings settings;
  std::int64_t balance_fen = 0;
  std::vector<Flow> flows;
};

struct BookSettings {
  std::int64_t refund_delay_s = 1;  ///< from acceptance to SUCCESS
  std::vector<MerchantSettings> merchants;
};

using OrderKey = std::pair<std::string, std::string>;   ///< mchid, out_trade_no
using RefundKey = std::pair<std::string, std::string>;  ///< mchid, out_refund_no

class WechatBook {
 public:
  WechatBook(BookSettings settings, SeededRandom& random);

  /// Places an order, or finds it: the same parameters again get the same answer. Errors:
  /// MCH_NOT_EXISTS, APPID_MCHID_NOT_MATCH, OUT_TRADE_NO_USED, ORDERPAID, ORDER_CLOSED,
  /// PARAM_ERROR.
  ApiResult<const Order*> place(const OrderTerms& terms, Timestamp now);
  /// Errors: ORDER_NOT_EXIST.
  ApiResult<const Order*> find(const std::string& mchid, const std::string& out_trade_no) const;
  /// An order by one payment's number, with that payment. Errors: ORDER_NOT_EXIST.
  ApiResult<std::pair<const Order*, const Payment*>> find_transaction(
      const std::string& mchid, const std::string& transaction_id) const;
  /// Closing what is closed is no error. Errors: ORDER_NOT_EXIST, ORDERPAID.
  ApiResult<void> close(const std::string& mchid, const std::string& out_trade_no, Timestamp now);

  struct PayAction {
    std::string mchid;         ///< empty: any, if the number is unambiguous
    std::string out_trade_no;  ///< or
    std::string code;          ///< a code_url, h5_url or prepay_id
    std::string openid;        ///< empty: the order's, else one made up
    std::string bank_type;     ///< empty: OTHERS
    bool again = false;        ///< pay although it is paid
    bool late = false;         ///< pay although it is closed or expired
  };
  /// The payer pays the order's total. Errors: ORDER_NOT_EXIST, ORDERPAID, ORDER_CLOSED,
  /// INVALID_REQUEST for a code past its time.
  ApiResult<std::pair<const Order*, const Payment*>> pay(const PayAction& action, Timestamp now);

  /// Accepts a refund, or finds it. `fate` is how it will end. Errors: ORDER_NOT_EXIST,
  /// INVALID_REQUEST (other parameters, unpaid, beyond what is left, over 50, over a year),
  /// PARAM_ERROR (total), NOT_ENOUGH.
  ApiResult<const Refund*> refund(const RefundTerms& terms, RefundState fate, Timestamp now);
  /// Whether a refund of that number was accepted already.
  bool knows_refund(const std::string& mchid, const std::string& out_refund_no) const;
  /// Errors: RESOURCE_NOT_EXISTS.
  ApiResult<const Refund*> find_refund(const std::string& mchid,
                                       const std::string& out_refund_no) const;

  /// Lets time pass: refunds that finish by `now`, in order, each dated when it was due.
  std::vector<const Refund*> advance(Timestamp now);

  /// Takes a settlement out of the merchant's balance. CHECKs that the merchant exists.
  void withdraw(const std::string& mchid, std::int64_t amount_fen, std::string number,
                Timestamp now);

  const std::map<std::string, Merchant>& merchants() const { return merchants_; }
  const std::map<OrderKey, Order>& orders() const { return orders_; }
  const std::map<RefundKey, Refund>& refunds() const { return refunds_; }

 private:
  ApiResult<Order*> order_of(const PayAction& action);
  ApiResult<std::pair<Order*, Payment*>> payment_of(const RefundTerms& terms);
  void renew_token(Order& order, Timestamp now);
  void move(Merchant& merchant, Timestamp now, std::string kind, std::int64_t amount_fen,
            std::pair<std::string, std::string> number_and_note);
  void finish(Refund& refund);
  std::string next_number(std::string_view prefix, Timestamp now);

  BookSettings settings_;
  SeededRandom& random_;
  std::uint64_t counter_ = 0;
  std::map<std::string, Merchant> merchants_;
  std::map<OrderKey, Order> orders_;
  std::map<RefundKey, Refund> refunds_;
  std::map<std::string, OrderKey> tokens_;        ///< codes handed out
  std::map<std::string, OrderKey> transactions_;  ///< by transaction_id
  std::map<std::string, std::vector<std::string>> mchids_of_number_;
  std::set<std::pair<Timestamp, RefundKey>> finishing_;
};

}  // namespace suanpan::sandbox
