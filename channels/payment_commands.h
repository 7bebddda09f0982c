// The commands by which the payment service journals what it was asked and what it learned. Pure:
// what is decided here is decided from the view.
//
// Ids of facts are derived from what the fact says, so the same fact told twice (a notification and
// a poll, a duplicate, a crash in between) is a replay, and a different one is another command:
//
//   order-fact|<id>|paid|<channel number>|<amount>   once per payment and amount
//   order-fact|<id>|unknown|<code>|<version>         once per state of the order that it is told of
//
// `retry` sets the id of another attempt apart: a refusal is final under its id, but money that the
// channel has taken must be posted once what stood in the way (a frozen account) is gone.
#pragma once
#include "channels/payment_service.h"

namespace suanpan::channels {

/// Marks of a command's answer.
inline constexpr std::string_view kAnswerAlert = "alert";

/// Places an order; one with a channel is placed as paying and unknown, the intent in the same
/// change set; one by bank transfer gets its sub-account.
Command place_order(ClaimKey key, Content content, Order order);

/// Facts of an order. A payment that contradicts the order (amount, currency), and a second payment
/// of a direct merchant's order, post nothing: the command is accepted with kAnswerAlert and an
/// event. `version`: of the order document that the fact was learned about.
Command order_fact(OrderFact fact, std::uint32_t version, const std::string& retry = {});

Command ask_refund(ClaimKey key, Content content, Refund refund);
/// What ask_refund plans: plan_refund() with the accounts of the order's channel. For those who
/// accept a refund and more in one change set.
Planned<ChangeSet> plan_ask_refund(const View& view, const Refund& refund, const Moment& moment);
/// Facts of a refund, and below of a payout. One that is final and is told to have ended otherwise
/// moves nothing: the command is accepted with kAnswerAlert and an event.
Command refund_fact(RefundFact fact, std::uint32_t version, const std::string& retry = {});

Command ask_payout(ClaimKey key, Content content, Payout payout);
Command payout_fact(PayoutFact fact, std::uint32_t version, const std::string& retry = {});

/// An event for operators; once per topic, id and text.
Command alert(const std::string& topic, const std::string& id, const std::string& what);

/// `reference`: what the deposit says it is for (bank::recognise_deposit); empty: nothing.
Command post_deposit(PaymentService::Deposit deposit, std::string reference);

}  // namespace suanpan::channels
