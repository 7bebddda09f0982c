// Drives orders, refunds and payouts through their channels: journal the intent, call the channel,
// act on the answer. It owns no state of its own: everything it must remember is in documents, so a
// crash at any moment leaves an order that resume() takes up again.
//
//   place    order document → (channel ways) intent journalled → call → fact journalled → answer
//   unknown  a timeout, a 5xx, an unbelievable answer: stays unknown until poll_due() queries it
//   expiry   closes upstream first; what the channel says is paid is paid
//
// Threads: every function may be called on any thread; callbacks run on the committing thread or on
// the client's, and must be quick. Outcomes are Results: an Error is ours (I/O, configuration), a
// Refusal the business's.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "channels/channel.h"
#include "channels/merchant.h"
#include "ledger/base/clock.h"
#include "ledger/core/plan_order.h"
#include "ledger/engine/book.h"

namespace suanpan::channels {

/// What only the call to the channel needs and the journal must not keep.
struct PayerDetails {
  std::string openid;
  std::string client_ip;
};

template <class T>
struct Outcome {
  Refusal refusal;  ///< kNone: `value` is the document as it stands now
  T value;
  bool replayed = false;  ///< the first answer again
  bool accepted() const { return refusal.code == RefusalCode::kNone; }
};

/// Sends one request to a channel's host: the HTTPS client in production, a function in tests.
using Send = std::function<void(const std::string& base_url, HttpRequest request, int deadline_ms,
                                std::function<void(Result<HttpResponse>)> done)>;

class WechatChannel;
class BankChannel;

struct PaymentParts {
  Book* book = nullptr;
  const Vault* vault = nullptr;
  const Clock* business = nullptr;
  const Clock* real = nullptr;
  Send send;
  WechatChannel* wechat = nullptr;  ///< null: not configured
  BankChannel* bank = nullptr;      ///< null: not configured
};

class PaymentService {
 public:
  explicit PaymentService(PaymentParts parts);
  ~PaymentService();

  /// Places an order under `key`. A way with a channel call answers when the channel has (or when
  /// its deadline has passed: the order is then paying and unknown). A resend with the same content
  /// finds the first order as it stands now.
  void place(ClaimKey key, Content content, Order order, PayerDetails payer,
             std::function<void(Outcome<Order>)> done);
  /// Routes an order that a cashier page placed, once the payer has chosen `way`.
  void choose_way(const std::string& order_id, Way way, PayerDetails payer,
                  std::function<void(Outcome<Order>)> done);
  /// The order as it stands; asks the channel first if it is not final and `ask` is set.
  void query(const std::string& order_id, bool ask, std::function<void(Outcome<Order>)> done);
  /// Closes upstream, then here. An order that turns out to be paid is paid.
  void close(const std::string& order_id, std::function<void(Outcome<Order>)> done);

  void refund(ClaimKey key, Content content, Refund refund,
              std::function<void(Outcome<Refund>)> done);
  void query_refund(const std::string& refund_id, bool ask,
                    std::function<void(Outcome<Refund>)> done);

  void payout(ClaimKey key, Content content, Payout payout,
              std::function<void(Outcome<Payout>)> done);
  void query_payout(const std::string& payout_id, bool ask,
                    std::function<void(Outcome<Payout>)> done);

  /// A WeChat notification: verified, matched in merchant, app, order number, amount and currency,
  /// and journalled before it is answered. The answer is what WeChat expects.
  void wechat_notification(HttpRequest request, std::function<void(HttpResponse)> done);

  /// Money that came in at the bank for a virtual sub-account or order (from a statement row):
  /// posts it once, by the bank's own reference. Amounts that fit an open bank-transfer order pay
  /// it; others go to the sub-account's ledger account, else to suspense.
  struct Deposit {
    std::string bank_account, reference, sub_account, remark;
    Money amount;
    Timestamp at;
    Date booked_on;
  };
  void deposit(Deposit deposit, std::function<void(Answer)> done);

  /// One round over everything that is not final: unknown and paying orders older than a while are
  /// queried, expired ones closed upstream, refunds and payouts under way followed. Calls back when
  /// every question of the round is answered, with how many were asked.
  void poll_due(std::function<void(std::size_t)> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace suanpan::channels
