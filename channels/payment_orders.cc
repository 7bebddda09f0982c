// Orders through a channel: placed, asked for, closed, expired.
#include "channels/payment_impl.h"
#include "channels/personal_texts.h"
#include "ledger/base/log.h"

namespace suanpan::channels {
namespace {

bool is_final(const Order& order) {
  return order.state != OrderState::kCreated && order.state != OrderState::kPaying;
}

bool is_expired(const Order& order, Timestamp now) {
  return order.expires_at.ns != 0 && order.expires_at <= now;
}

PayRequest pay_request(const Order& order, const PayerDetails& payer, std::string subject) {
  PayRequest request;
  request.order_no = order.order_id;
  request.way = way_of(order.way).value_or(Way::kQrCashier);
  request.amount = order.amount;
  request.description = std::move(subject);
  request.payer_openid = payer.openid;
  request.client_ip = payer.client_ip;
  request.expires_at = order.expires_at;
  return request;
}

// Ways whose request needs nothing of the payer that is not in the order.
bool can_resend(const Order& order) {
  return order.way == name_of(Way::kWxNative) || order.way == name_of(Way::kWxApp);
}

}  // namespace

std::optional<Versioned<Order>> PaymentService::Impl::order(const std::string& id) const {
  const DocumentPtr document = parts.book->document(DocumentKind::kOrder, id);
  if (!document) return std::nullopt;
  auto decoded = decode_order(document->bytes);
  CHECK_OR_DIE(decoded, "order {} does not decode", id);
  return Versioned<Order>{std::move(decoded.value()), document->version};
}

Planned<void> PaymentService::Impl::route(Order& order, Way way, const PayerDetails& payer) const {
  order.channel = channel_of(way);
  if (order.channel.empty()) return success();
  if (order.channel_mch.empty()) {
    const auto merchant = find_merchant(*parts.book, order.mch_no);
    if (!merchant) return refuse(RefusalCode::kMerchantNotFound, order.mch_no);
    order.channel_mch = order.channel == kBank ? merchant->bank_account : merchant->wx_mchid;
  }
  if (order.channel == kBank) {
    // A direct merchant's money must not come to an account of ours.
    if (!bank || order.direct || !bank->pays_from(order.channel_mch))
      return refuse(RefusalCode::kWayNotAllowed, std::string(name_of(way)));
    return success();
  }
  const PayChannel* channel = pay_channel(order.channel);
  if (!channel || !channel->serves(order.channel_mch))
    return refuse(RefusalCode::kWayNotAllowed, std::string(name_of(way)));
  if (order.expires_at.ns <= 0) return refuse(RefusalCode::kValueInvalid, "expires_at");
  if (way == Way::kWxJsapi && payer.openid.empty())
    return refuse(RefusalCode::kValueInvalid, "openid");
  if (way == Way::kWxH5 && payer.client_ip.empty())
    return refuse(RefusalCode::kValueInvalid, "client_ip");
  return success();
}

void PaymentService::place(ClaimKey key, Content content, Order order, PayerDetails payer,
                           std::function<void(Outcome<Order>)> done) {
  const auto way = way_of(order.way);
  if (!way) return done(refused(refuse(RefusalCode::kWayNotAllowed, order.way), std::move(order)));
  // An order that stands is owed its first answer, whatever its merchant may do by now.
  const auto routed = impl_->route(order, *way, payer);
  if (!routed && !impl_->order(order.order_id))
    return done(refused(routed.error(), std::move(order)));

  const Impl::Keep kept = impl_->keep();
  Command command = place_order(key, std::move(content), order);
  // On the committing thread: quick ways are answered at once, the others handed to a worker.
  auto answered = [kept, order, payer, done](Book::Answers answers) {
    const Answer& answer = answers.at(0);
    if (!answer.accepted())
      return done(Outcome<Order>{answer.refusal, order, answer.replayed, false});
    const bool called = kept->pay_channel(order.channel) != nullptr;
    if (!answer.replayed && order.channel.empty()) {
      kept->follow_order(order);
      return done(told(order, false));
    }
    kept->workers.post([kept, id = answer.answer, replayed = answer.replayed, called, payer, done] {
      const auto stands = kept->order(id);
      CHECK_OR_DIE(stands, "order {} was placed and is not there", id);
      const bool unsent =
          called && stands->value.state == OrderState::kPaying && stands->value.pay_data.empty();
      if (!unsent) return kept->tell_order(id, replayed, done);
      kept->send_order(stands->value, payer, !replayed,
                       [kept, id, replayed, done] { kept->tell_order(id, replayed, done); });
    });
  };
  if (!impl_->try_submit(std::move(command), std::move(answered))) done(overloaded(order));
}

void PaymentService::choose_way(const std::string& order_id, Way way, PayerDetails payer,
                                std::function<void(Outcome<Order>)> done) {
  auto found = impl_->order(order_id);
  if (!found) return done(refused<Order>(refuse(RefusalCode::kOrderNotFound, order_id)));
  const Impl::Keep kept = impl_->keep();
  Order& order = found->value;
  if (order.state == OrderState::kPaying && order.way == name_of(way)) {
    // The same choice again: the channel is asked again only if it has told nothing yet.
    if (!order.pay_data.empty() || !impl_->pay_channel(order.channel))
      return impl_->tell_order(order_id, true, done);
    return impl_->send_order(order, payer, false,
                             [kept, order_id, done] { kept->tell_order(order_id, true, done); });
  }
  if (order.state != OrderState::kCreated)
    return done(
        refused(refuse(RefusalCode::kOrderStateWrong, std::string(name_of(order.state))), order));
  if (channel_of(way).empty())
    return done(refused(refuse(RefusalCode::kWayNotAllowed, std::string(name_of(way))), order));
  if (const auto routed = impl_->route(order, way, payer); !routed)
    return done(refused(routed.error(), order));

  OrderFact fact;
  fact.kind = OrderFact::Kind::kSubmitted;
  fact.order_id = order_id;
  fact.way = name_of(way);
  fact.channel = order.channel;
  fact.channel_mch = order.channel_mch;
  impl_->submit_order_fact(
      std::move(fact), found->version, [kept, order_id, payer, done](const Answer& answer) {
        const auto stands = kept->order(order_id);
        if (!answer.accepted())
          return done(Outcome<Order>{answer.refusal, stands->value, answer.replayed, false});
        if (!kept->pay_channel(stands->value.channel) || !stands->value.pay_data.empty())
          return kept->tell_order(order_id, answer.replayed, done);
        kept->send_order(stands->value, payer, !answer.replayed,
                         [kept, order_id, done] { kept->tell_order(order_id, false, done); });
      });
}

void PaymentService::query(const std::string& order_id, bool ask,
                           std::function<void(Outcome<Order>)> done) {
  if (!ask) return impl_->tell_order(order_id, false, done);
  const Impl::Keep kept = impl_->keep();
  impl_->ask_order(order_id, [kept, order_id, done] { kept->tell_order(order_id, false, done); });
}

void PaymentService::close(const std::string& order_id, std::function<void(Outcome<Order>)> done) {
  const auto found = impl_->order(order_id);
  if (!found) return done(refused<Order>(refuse(RefusalCode::kOrderNotFound, order_id)));
  const Order& order = found->value;
  if (order.state == OrderState::kClosed) return impl_->tell_order(order_id, true, done);
  if (is_final(order))
    return done(
        refused(refuse(RefusalCode::kOrderStateFinal, std::string(name_of(order.state))), order));
  const Impl::Keep kept = impl_->keep();
  const auto tell = [kept, order_id, done] { kept->tell_order(order_id, false, done); };
  if (order.state == OrderState::kCreated || !impl_->pay_channel(order.channel))
    return impl_->close_here(*found, tell);
  impl_->close_upstream(*found, tell);
}

void PaymentService::Impl::tell_order(const std::string& id, bool replayed,
                                      const Told<Order>& done) {
  auto stands = order(id);
  if (!stands) return done(refused<Order>(refuse(RefusalCode::kOrderNotFound, id)));
  follow_order(stands->value);
  done(told(std::move(stands->value), replayed));
}

void PaymentService::Impl::follow_order(const Order& order) {
  if (is_final(order)) return worklist.drop(Followed::kOrder, order.order_id);
  const Timestamp now = parts.business->now();
  const bool expires_later = order.expires_at > now;
  // What nobody can be asked about waits for its expiry, if it has one.
  const bool asked = order.state == OrderState::kPaying && pay_channel(order.channel);
  if (!asked && order.expires_at.ns == 0) return;
  Timestamp at = next_ask(order.created_at, now);
  if (expires_later) at = asked ? std::min(at, order.expires_at) : order.expires_at;
  // Beyond its expiry an order is asked often: its payer has been told that it is over.
  if (!expires_later) at = std::min(at, now.plus_seconds(asked ? 30 : 0));
  worklist.set(Followed::kOrder, order.order_id, at);
}

void PaymentService::Impl::submit_order_fact(OrderFact fact, std::uint32_t version, Answered then) {
  then = alerting("order.alert", fact.order_id, std::move(then));
  submit_fact([fact = std::move(fact),
               version](const std::string& retry) { return order_fact(fact, version, retry); },
              std::move(then));
}

void PaymentService::Impl::send_order(const Order& order, const PayerDetails& payer, bool first,
                                      Next next) {
  auto texts = open_texts(*parts.vault, order.mch_no, order.texts_sealed);
  if (!texts) {
    return raise_alert("order.alert", order.order_id,
                       "its subject does not open: is it the right vault?", std::move(next));
  }
  const Keep kept = keep();
  pay_channel(order.channel)
      ->place(order.channel_mch, pay_request(order, payer, std::move(texts.value().title)),
              [kept, id = order.order_id, first, next = std::move(next)](PayOutcome outcome) {
                const auto stands = kept->order(id);
                kept->take_placed(*stands, outcome, first, next);
              });
}

void PaymentService::Impl::take_placed(const Versioned<Order>& order, const PayOutcome& outcome,
                                       bool first, Next next) {
  const Order& stands = order.value;
  OrderFact fact;
  fact.order_id = stands.order_id;
  fact.error_code = outcome.error_code;
  fact.error_message = outcome.error_message;
  const auto then = [next](const Answer&) { next(); };
  // A notification may have overtaken the answer.
  if (stands.state != OrderState::kPaying) return next();
  switch (outcome.knowledge) {
    case Knowledge::kKnown:
      fact.kind = OrderFact::Kind::kAccepted;
      fact.pay_data_type = outcome.pay_data_type;
      fact.pay_data = outcome.pay_data;
      fact.channel_order_no = outcome.channel_order_no;
      return submit_order_fact(std::move(fact), order.version, then);
    case Knowledge::kRejected:
      // An earlier send may have been taken: only a query tells.
      if (!first) return ask_order(stands.order_id, std::move(next));
      fact.kind = OrderFact::Kind::kRejected;
      return submit_order_fact(std::move(fact), order.version, then);
    case Knowledge::kNotAccepted:
    case Knowledge::kUnknown:
      if (stands.unknown && stands.error_code == outcome.error_code) return next();
      // What is known to be there stays known, whatever became of this send.
      if (!stands.unknown) return next();
      fact.kind = OrderFact::Kind::kUnknown;
      return submit_order_fact(std::move(fact), order.version, then);
  }
}

void PaymentService::Impl::ask_order(const std::string& id, Next next) {
  const auto found = order(id);
  if (!found || found->value.state != OrderState::kPaying) return next();
  PayChannel* channel = pay_channel(found->value.channel);
  if (!channel) return next();
  const Keep kept = keep();
  channel->query(found->value.channel_mch, id,
                 [kept, id, next = std::move(next)](const PayOutcome& outcome) {
                   kept->take_asked(*kept->order(id), outcome, next);
                 });
}

void PaymentService::Impl::take_asked(const Versioned<Order>& order, const PayOutcome& outcome,
                                      Next next) {
  const Order& stands = order.value;
  const auto then = [next](const Answer&) { next(); };
  if (outcome.knowledge == Knowledge::kNotAccepted) {
    const Timestamp now = parts.business->now();
    const int grace_s = pay_channel(stands.channel)->seconds_until_absence_is_final();
    if (is_expired(stands, now.plus_seconds(-grace_s))) return close_here(order, std::move(next));
    if (stands.unknown && can_resend(stands) && !is_expired(stands, now))
      return send_order(stands, {}, false, std::move(next));
    return next();
  }
  if (outcome.knowledge != Knowledge::kKnown) return next();
  OrderFact fact;
  fact.order_id = stands.order_id;
  switch (outcome.status) {
    case PayStatus::kPaid:
    case PayStatus::kRefunding:
      return tell_paid(stands, outcome, then);
    case PayStatus::kWaiting:
      if (stands.state != OrderState::kPaying || !stands.unknown) return next();
      fact.kind = OrderFact::Kind::kAccepted;
      fact.pay_data_type = stands.pay_data_type;
      fact.pay_data = stands.pay_data;
      return submit_order_fact(std::move(fact), order.version, then);
    case PayStatus::kClosed:
      return close_here(order, std::move(next));
    case PayStatus::kFailed:
      if (is_final(stands)) return next();
      fact.kind = OrderFact::Kind::kRejected;
      fact.error_code = outcome.error_code.empty() ? "PAYERROR" : outcome.error_code;
      fact.error_message = outcome.error_message;
      return submit_order_fact(std::move(fact), order.version, then);
  }
}

void PaymentService::Impl::tell_paid(const Order& order, const PayOutcome& outcome, Answered then) {
  OrderFact fact;
  fact.kind = OrderFact::Kind::kPaid;
  fact.order_id = order.order_id;
  fact.channel = order.channel;
  fact.channel_mch = order.channel_mch;
  fact.channel_order_no = outcome.channel_order_no;
  fact.paid = outcome.paid;
  fact.paid_at = outcome.paid_at;
  submit_order_fact(std::move(fact), 0,
                    [id = order.order_id, then = std::move(then)](const Answer& answer) {
                      if (answer.answer == kAnswerAlert && !answer.replayed)
                        log_warn("order {}: told as paid and not believed", id);
                      then(answer);
                    });
}

void PaymentService::Impl::close_here(const Versioned<Order>& order, Next next) {
  if (is_final(order.value)) return next();
  OrderFact fact;
  fact.kind = OrderFact::Kind::kClosed;
  fact.order_id = order.value.order_id;
  submit_order_fact(std::move(fact), order.version,
                    [next = std::move(next)](const Answer&) { next(); });
}

void PaymentService::Impl::close_upstream(const Versioned<Order>& order, Next next) {
  const Keep kept = keep();
  pay_channel(order.value.channel)
      ->close(order.value.channel_mch, order.value.order_id,
              [kept, id = order.value.order_id, next = std::move(next)](const PayOutcome& outcome) {
                const bool closed =
                    outcome.knowledge == Knowledge::kKnown && outcome.status == PayStatus::kClosed;
                if (closed) return kept->close_here(*kept->order(id), next);
                // Paid meanwhile, closed before, or no believable answer: the query tells.
                kept->ask_order(id, next);
              });
}

void PaymentService::Impl::expire_order(const Versioned<Order>& order, Next next) {
  const Keep kept = keep();
  pay_channel(order.value.channel)
      ->query(order.value.channel_mch, order.value.order_id,
              [kept, id = order.value.order_id, next = std::move(next)](const PayOutcome& outcome) {
                const auto stands = kept->order(id);
                const bool waiting =
                    outcome.knowledge == Knowledge::kKnown && outcome.status == PayStatus::kWaiting;
                if (waiting && stands->value.state == OrderState::kPaying)
                  return kept->close_upstream(*stands, next);
                kept->take_asked(*stands, outcome, next);
              });
}

void PaymentService::Impl::poll_order(const std::string& id, Next next) {
  const Keep kept = keep();
  const auto end = [kept, id, next = std::move(next)] {
    if (const auto stands = kept->order(id)) kept->follow_order(stands->value);
    next();
  };
  const auto found = order(id);
  if (!found || is_final(found->value)) return end();
  const bool expired = is_expired(found->value, parts.business->now());
  const bool sent = found->value.state == OrderState::kPaying && pay_channel(found->value.channel);
  if (!sent) return expired ? close_here(*found, end) : end();
  expired ? expire_order(*found, end) : ask_order(id, end);
}

}  // namespace suanpan::channels
