// Drives orders, refunds and payouts through their channels: journal the intent, call the channel,
// act on the answer. It owns no state of its own: everything it must remember is in documents, so a
// crash at any moment leaves an order that resume() takes up again.
//
//   place    order document → (channel ways) intent journalled → call → fact journalled → answer
//   unknown  a timeout, a 5xx, an unbelievable answer: stays unknown until poll_due() queries it
//   expiry   closes upstream first; what the channel says is paid is paid
//
// Intent before every call: an order that goes to a channel is journalled as paying and unknown
// with its placement; refunds and payouts are marked unknown before each send. Every fact that
// follows has an id derived from what it says, so telling it again is a replay.
//
// What is told of money is believed only if signature, merchant, app, order number, amount and
// currency match; else the state stays, and an event (order.alert, refund.alert) says what was
// seen. So it is with a refund or payout that is final and of which the channel tells another end:
// no money moves, refund.alert or payout.alert says so, once per end.
//
// One sender at a time: of a refund or payout that is being asked for or sent, a second question,
// send or polling round learns only how it stands.
//
// Threads: every function may be called on any thread; callbacks run on the committing thread or on
// one of the service's own, and must be quick. The book, the clocks and the channels must outlive
// the service; its destructor waits until nothing is under way. A Refusal is the business's.
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
  /// Nothing was accepted and nothing happened: the book's queue is full, retry later. `refusal` is
  /// then kInternal, so that whoever looks no further does not take it for accepted.
  bool overloaded = false;
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
  /// finds the first order as it stands now; if that has no pay data yet, the channel is asked
  /// again under the same number. Channel and channel merchant are filled in here from way and
  /// merchant.
  ///
  /// A bank transfer gets a virtual sub-account (记账子单元) of its own: payDataType "none", and as
  /// pay data "<bank account>|<sub-account>", which the payer writes on the transfer.
  /// Refusals of its own, leaving nothing: kWayNotAllowed (channel not configured for the
  /// merchant), kValueInvalid (no openid for WX_JSAPI, no address for WX_H5, no expiry),
  /// kMerchantNotFound.
  void place(ClaimKey key, Content content, Order order, PayerDetails payer,
             std::function<void(Outcome<Order>)> done);
  /// Routes an order that a cashier page placed, once the payer has chosen `way`.
  void choose_way(const std::string& order_id, Way way, PayerDetails payer,
                  std::function<void(Outcome<Order>)> done);
  /// The order as it stands; asks the channel first if it is not final and `ask` is set.
  void query(const std::string& order_id, bool ask, std::function<void(Outcome<Order>)> done);
  /// Closes upstream, then here. An order that turns out to be paid is paid; one whose close nobody
  /// confirms stays as it is. So look at the state of what comes back. kOrderStateFinal for an
  /// order that is paid, failed or refunded already.
  void close(const std::string& order_id, std::function<void(Outcome<Order>)> done);

  /// The cap is held before any money leaves. A refund under way is never ended by time: the same
  /// refund number is asked and sent until the channel tells its end. kWayNotAllowed, leaving
  /// nothing, for an order paid by bank transfer: that money goes back by a payout.
  void refund(ClaimKey key, Content content, Refund refund,
              std::function<void(Outcome<Refund>)> done);
  /// The same with a command that does more than accept the refund (an approval, say, in one change
  /// set with it): its answer is the number of a refund that is accepted by then. What check_refund
  /// says has been asked for before.
  void refund(Command accept, std::function<void(Outcome<Refund>)> done);
  /// kWayNotAllowed where the order's channel takes no refunds. An order that is not there is the
  /// planner's business.
  Planned<void> check_refund(const std::string& order_id) const;
  void query_refund(const std::string& refund_id, bool ask,
                    std::function<void(Outcome<Refund>)> done);

  /// `payee_sealed` as payee.h seals it. kWayNotAllowed, leaving nothing, where `payer_number` is
  /// no account of ours at the bank; kValueInvalid where the payee does not open.
  void payout(ClaimKey key, Content content, Payout payout,
              std::function<void(Outcome<Payout>)> done);
  /// The same with a command of one's own; as for refunds, with check_payout.
  void payout(Command accept, std::function<void(Outcome<Payout>)> done);
  Planned<void> check_payout(const Payout& payout) const;
  void query_payout(const std::string& payout_id, bool ask,
                    std::function<void(Outcome<Payout>)> done);
  /// A payout came back (退汇), as a statement row with this reference says: its money is at the
  /// bank and owed again. One that we still think under way is asked for first. Refusals:
  /// kOrderNotFound, kOrderStateWrong (neither is journalled: try again when it has succeeded).
  void payout_returned(const std::string& payout_id, const std::string& reference, Timestamp at,
                       std::function<void(Answer)> done);

  /// A WeChat notification: verified, matched in merchant, app, order number, amount and currency,
  /// and journalled before it is answered. The answer is what WeChat expects.
  void wechat_notification(HttpRequest request, std::function<void(HttpResponse)> done);

  /// Money that came in at the bank for a virtual sub-account or order (from a statement row):
  /// posts it once, by the bank's own reference. Amounts that fit a bank-transfer order pay it (a
  /// closed one as well); others go to the sub-account's ledger account, else to suspense. Where
  /// `sub_account` is empty or no number, one in `remark` is taken; the remark itself is not kept.
  /// `answer` tells where it went: "order/<id>", "account/<code>" or "suspense/<reason>".
  /// kAccountNotFound, leaving nothing, if the ledger has no account for `bank_account`.
  struct Deposit {
    std::string bank_account, reference, sub_account, remark;
    Money amount;
    Timestamp at;
    Date booked_on;
  };
  void deposit(Deposit deposit, std::function<void(Answer)> done);

  /// One round over everything that is not final and due: unknown and paying orders older than a
  /// while are queried, expired ones closed upstream, refunds and payouts under way followed. Due
  /// is, by the business clock, 10 s after an order, refund or payout was made, then each time its
  /// age has grown by a quarter (at least 10 s), and when it expires. Calls back when every
  /// question of the round is answered, with how many were asked.
  void poll_due(std::function<void(std::size_t)> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace suanpan::channels
