// The inside of the payment service, seen by the payment_*.cc files only.
//
// Every operation is a chain of callbacks that carries a Keep: it holds the Impl and counts as
// under way until its last callback is gone. Chains run on the workers; `submit` brings an answer
// of the book over from the committing thread.
#pragma once
#include "channels/bank_driver.h"
#include "channels/payment_commands.h"
#include "channels/payment_service.h"
#include "channels/registry.h"
#include "channels/wechat_driver.h"
#include "channels/workers.h"
#include "channels/worklist.h"
#include "ledger/base/check.h"

namespace suanpan::channels {

/// A document as it stood, with the version that facts about it are told of.
template <class T>
struct Versioned {
  T value;
  std::uint32_t version = 0;
};

struct PaymentService::Impl : std::enable_shared_from_this<PaymentService::Impl> {
  explicit Impl(PaymentParts given);

  /// Holds the Impl for as long as an operation is under way.
  struct Keep {
    std::shared_ptr<Impl> impl;
    std::shared_ptr<void> ticket;
    Impl* operator->() const { return impl.get(); }
  };
  Keep keep() { return {shared_from_this(), under_way.enter()}; }

  using MakeCommand = std::function<Command(const std::string& retry)>;
  using Answered = std::function<void(const Answer&)>;
  template <class T>
  using Told = std::function<void(Outcome<T>)>;
  using Next = std::function<void()>;

  // payment_service.cc: plumbing.
  void load_worklist();
  /// Submits a fact, again and again while the book's queue is full: what a channel has said must
  /// not be lost. `then` runs on a worker.
  void submit(Command command, Answered then);
  /// submit, and another attempt under another id where an earlier one was refused for a reason
  /// that may have gone by now; at most one an hour is journalled.
  void submit_fact(MakeCommand make, Answered then);
  /// One attempt, for commands of callers; false: the queue is full.
  bool try_submit(Command command, Book::Done done);
  /// Logs it and journals an event; `then` when that is durable.
  void raise_alert(
      const std::string& topic, const std::string& id, const std::string& what, Next then = [] {});
  /// `then`, after an alert where a fact is refused for an account or a date: it waits, and
  /// somebody must mend that.
  Answered alerting(const std::string& topic, const std::string& id, Answered then);
  PayChannel* pay_channel(std::string_view name) const;

  // payment_orders.cc
  std::optional<Versioned<Order>> order(const std::string& id) const;
  /// Fills channel and channel merchant for `way`. Refusals as PaymentService::place.
  Planned<void> route(Order& order, Way way, const PayerDetails& payer) const;
  /// Puts the order on the worklist, or off it, and tells how it stands.
  void tell_order(const std::string& id, bool replayed, const Told<Order>& done);
  void follow_order(const Order& order);
  /// Sends an order whose intent is journalled. `first`: no earlier send can be under way.
  void send_order(const Order& order, const PayerDetails& payer, bool first, Next next);
  void take_placed(const Versioned<Order>& order, const PayOutcome& outcome, bool first, Next next);
  void ask_order(const std::string& id, Next next);
  void expire_order(const Versioned<Order>& order, Next next);
  void close_upstream(const Versioned<Order>& order, Next next);
  /// Journals what a query said.
  void take_asked(const Versioned<Order>& order, const PayOutcome& outcome, Next next);
  void close_here(const Versioned<Order>& order, Next next);
  void tell_paid(const Order& order, const PayOutcome& outcome, Answered then);
  void submit_order_fact(OrderFact fact, std::uint32_t version, Answered then);
  void poll_order(const std::string& id, Next next);

  // payment_refunds.cc
  std::optional<Versioned<Refund>> refund(const std::string& id) const;
  void tell_refund(const std::string& id, bool replayed, const Told<Refund>& done);
  void follow_refund(const Refund& refund);
  /// Submits what accepts a refund and sends it; `asked` is told back with a refusal.
  void accept_refund(Command command, Refund asked, Told<Refund> done);
  /// Sends what was accepted and never sent, asks for what was; nothing if somebody is at it.
  void poll_refund(const std::string& id, Next next);
  /// Both only in one's turn (refunds_in_hand). Journals the intent, then sends.
  void send_refund(const std::string& id, Next next);
  void ask_refund_fate(const std::string& id, Next next);
  void take_refund(const Versioned<Refund>& refund, const RefundOutcome& outcome, Answered then);
  void take_refund_sent(const Versioned<Refund>& refund, const RefundOutcome& outcome,
                        bool maybe_sent_before, Next next);
  void submit_refund_fact(RefundFact fact, std::uint32_t version, Answered then);

  // payment_payouts.cc
  std::optional<Versioned<Payout>> payout(const std::string& id) const;
  void tell_payout(const std::string& id, bool replayed, const Told<Payout>& done);
  void follow_payout(const Payout& payout);
  void accept_payout(Command command, Payout asked, Told<Payout> done);
  /// As poll_refund; await_payout waits for its turn instead.
  void poll_payout(const std::string& id, Next next);
  void await_payout(const std::string& id, Next next);
  void poll_payout_in(std::shared_ptr<InFlight::Turn> turn, const std::string& id, Next next);
  void send_payout(const std::string& id, Next next);
  void ask_payout_fate(const std::string& id, Next next);
  void take_payout(const Versioned<Payout>& payout, const TransferOutcome& outcome, Next next);
  void take_payout_sent(const Versioned<Payout>& payout, const TransferOutcome& outcome,
                        bool maybe_sent_before, Next next);
  void submit_payout_fact(PayoutFact fact, std::uint32_t version, Answered then);

  // payment_incoming.cc
  void take_payment_event(const PayEvent& event, std::function<void(HttpResponse)> done);
  void take_refund_event(const PayEvent& event, std::function<void(HttpResponse)> done);

  const PaymentParts parts;
  UnderWay under_way;
  Worklist worklist;
  /// Refunds and payouts that somebody asks for or sends. One at a time, from the look at the
  /// document to the end of what follows from it: what a question found must not make a second
  /// sender send what a first has sent meanwhile.
  InFlight refunds_in_hand, payouts_in_hand;
  Workers workers;
  std::unique_ptr<WechatDriver> wechat;
  std::unique_ptr<BankDriver> bank;
};

/// How it stands.
template <class T>
Outcome<T> told(T value, bool replayed) {
  Outcome<T> outcome;
  outcome.value = std::move(value);
  outcome.replayed = replayed;
  return outcome;
}
/// The outcome of a refusal that nothing was journalled for, or of a full queue.
template <class T>
Outcome<T> refused(Refusal refusal, T value = {}) {
  return Outcome<T>{std::move(refusal), std::move(value), false, false};
}
template <class T>
Outcome<T> overloaded(T value = {}) {
  return Outcome<T>{refuse(RefusalCode::kInternal, "the queue is full"), std::move(value), false,
                    true};
}

}  // namespace suanpan::channels
