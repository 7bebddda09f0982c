// Refunds: asked for, sent, followed until the channel tells their end.
#include "channels/payment_impl.h"
#include "channels/personal_texts.h"
#include "channels/wechat/errors.h"
#include "ledger/base/log.h"

namespace suanpan::channels {
namespace {

bool is_final(const Refund& refund) {
  return refund.state == RefundState::kSucceeded || refund.state == RefundState::kFailed;
}

// Channels take this many; the whole reason stands in the document.
constexpr std::size_t kMaxReasonCharacters = 80;

std::string first_characters(const std::string& text, std::size_t most) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
    if (begins && count++ == most) return text.substr(0, i);
  }
  return text;
}

RefundRequest refund_request(const Refund& refund, const Order& order, const std::string& reason) {
  RefundRequest request;
  request.order_no = order.order_id;
  request.refund_no = refund.refund_id;
  request.refund = refund.amount;
  request.total = order.amount;
  request.reason = first_characters(reason, kMaxReasonCharacters);
  return request;
}

}  // namespace

std::optional<Versioned<Refund>> PaymentService::Impl::refund(const std::string& id) const {
  const DocumentPtr document = parts.book->document(DocumentKind::kRefund, id);
  if (!document) return std::nullopt;
  auto decoded = decode_refund(document->bytes);
  CHECK_OR_DIE(decoded, "refund {} does not decode", id);
  return Versioned<Refund>{std::move(decoded.value()), document->version};
}

Planned<void> PaymentService::check_refund(const std::string& order_id) const {
  const auto order = impl_->order(order_id);
  if (!order || order->value.channel.empty()) return success();
  const PayChannel* pays = impl_->pay_channel(order->value.channel);
  if (!pays || !pays->serves(order->value.channel_mch))
    return refuse(RefusalCode::kWayNotAllowed, order->value.channel);
  return success();
}

void PaymentService::refund(ClaimKey key, Content content, Refund refund,
                            std::function<void(Outcome<Refund>)> done) {
  if (const auto checked = check_refund(refund.order_id); !checked)
    return done(refused(checked.error(), std::move(refund)));
  Command command = ask_refund(key, std::move(content), refund);
  impl_->accept_refund(std::move(command), std::move(refund), std::move(done));
}

void PaymentService::refund(Command accept, std::function<void(Outcome<Refund>)> done) {
  impl_->accept_refund(std::move(accept), {}, std::move(done));
}

void PaymentService::Impl::accept_refund(Command command, Refund asked, Told<Refund> done) {
  const Keep kept = keep();
  auto answered = [kept, asked, done](Book::Answers answers) {
    const Answer& answer = answers.at(0);
    if (!answer.accepted())
      return done(Outcome<Refund>{answer.refusal, asked, answer.replayed, false});
    kept->workers.post([kept, id = answer.answer, replayed = answer.replayed, done] {
      const auto tell = [kept, id, replayed, done] { kept->tell_refund(id, replayed, done); };
      const auto stands = kept->refund(id);
      if (!stands || stands->value.state != RefundState::kCreated) return tell();
      kept->poll_refund(id, tell);
    });
  };
  if (!try_submit(std::move(command), std::move(answered))) done(overloaded(asked));
}

void PaymentService::query_refund(const std::string& refund_id, bool ask,
                                  std::function<void(Outcome<Refund>)> done) {
  if (!ask) return impl_->tell_refund(refund_id, false, done);
  const Impl::Keep kept = impl_->keep();
  impl_->poll_refund(refund_id,
                     [kept, refund_id, done] { kept->tell_refund(refund_id, false, done); });
}

void PaymentService::Impl::tell_refund(const std::string& id, bool replayed,
                                       const Told<Refund>& done) {
  auto stands = refund(id);
  if (!stands) return done(refused<Refund>(refuse(RefusalCode::kOrderNotFound, id)));
  follow_refund(stands->value);
  done(told(std::move(stands->value), replayed));
}

void PaymentService::Impl::follow_refund(const Refund& refund) {
  if (is_final(refund)) return worklist.drop(Followed::kRefund, refund.refund_id);
  worklist.set(Followed::kRefund, refund.refund_id,
               next_ask(refund.created_at, parts.business->now()));
}

void PaymentService::Impl::submit_refund_fact(RefundFact fact, std::uint32_t version,
                                              Answered then) {
  then = alerting("refund.alert", fact.refund_id, std::move(then));
  submit_fact([fact = std::move(fact),
               version](const std::string& retry) { return refund_fact(fact, version, retry); },
              std::move(then));
}

void PaymentService::Impl::send_refund(const std::string& id, Next next) {
  const auto found = refund(id);
  const auto of = order(found->value.order_id);
  PayChannel* channel = pay_channel(of->value.channel);
  if (!channel || is_final(found->value)) return next();
  const Keep kept = keep();
  // A number that was sent and not definitely turned away may be under way at the channel.
  const bool turned_away = found->value.state == RefundState::kProcessing &&
                           !found->value.unknown && !found->value.error_code.empty() &&
                           found->value.channel_refund_no.empty();
  const bool maybe_sent_before = found->value.state == RefundState::kProcessing && !turned_away;
  RefundFact fact;
  fact.kind = RefundFact::Kind::kSubmitted;
  fact.refund_id = id;
  fact.error_code = found->value.error_code;
  fact.error_message = found->value.error_message;
  const auto texts = open_texts(*parts.vault, found->value.mch_no, found->value.texts_sealed);
  if (!texts)
    return raise_alert("refund.alert", id, "its reason does not open: is it the right vault?",
                       std::move(next));
  submit_refund_fact(std::move(fact), found->version,
                     [kept, channel, id, mch = of->value.channel_mch,
                      request = refund_request(found->value, of->value, texts.value().title),
                      maybe_sent_before, next = std::move(next)](const Answer& answer) {
                       if (!answer.accepted()) return next();
                       // A replay: somebody else journalled this intent and may have sent.
                       const bool again = maybe_sent_before || answer.replayed;
                       channel->refund(
                           mch, request, [kept, id, again, next](const RefundOutcome& outcome) {
                             kept->take_refund_sent(*kept->refund(id), outcome, again, next);
                           });
                     });
}

void PaymentService::Impl::take_refund_sent(const Versioned<Refund>& refund,
                                            const RefundOutcome& outcome, bool maybe_sent_before,
                                            Next next) {
  const auto then = [next](const Answer&) { next(); };
  if (outcome.knowledge == Knowledge::kKnown) return take_refund(refund, outcome, then);
  if (is_final(refund.value)) return next();
  RefundFact fact;
  fact.refund_id = refund.value.refund_id;
  fact.error_code = outcome.error_code;
  fact.error_message = outcome.error_message;
  const bool definite = outcome.knowledge != Knowledge::kUnknown && !maybe_sent_before;
  if (!definite)
    fact.kind = RefundFact::Kind::kUnknown;
  else if (outcome.knowledge == Knowledge::kRejected)
    fact.kind = RefundFact::Kind::kFailed;
  else
    fact.kind = RefundFact::Kind::kProcessing;  // turned away for now: the same number goes again
  if (outcome.knowledge == Knowledge::kRejected && maybe_sent_before)
    raise_alert(
        "refund.alert", refund.value.refund_id,
        "refused by the channel after an attempt whose fate is unknown: " + outcome.error_code);
  submit_refund_fact(std::move(fact), refund.version, then);
}

// What the channel says believably. What is final stays; the command makes an alert of another end
// than the one we know.
void PaymentService::Impl::take_refund(const Versioned<Refund>& refund,
                                       const RefundOutcome& outcome, Answered then) {
  const Refund& stands = refund.value;
  RefundFact fact;
  fact.refund_id = stands.refund_id;
  fact.channel_refund_no = outcome.channel_refund_no;
  fact.at = outcome.refunded_at;
  switch (outcome.status) {
    case RefundStatus::kSucceeded:
      fact.kind = RefundFact::Kind::kSucceeded;
      break;
    case RefundStatus::kClosed:
      fact.kind = RefundFact::Kind::kFailed;
      fact.error_code = "REFUND_CLOSED";
      break;
    case RefundStatus::kProcessing:
      if (is_final(stands)) return then(Answer{});  // older news
      if (stands.state == RefundState::kProcessing && !stands.unknown && stands.error_code.empty())
        return then(Answer{});
      fact.kind = RefundFact::Kind::kProcessing;
      break;
    case RefundStatus::kAbnormal:
      // The payer's card does not take it: the money waits at the channel until somebody names
      // another account there. Not an end.
      raise_alert("refund.alert", stands.refund_id, "abnormal: to be handled at the channel");
      if (is_final(stands)) return then(Answer{});
      if (stands.error_code == "REFUND_ABNORMAL" && !stands.unknown) return then(Answer{});
      fact.kind = RefundFact::Kind::kProcessing;
      fact.error_code = "REFUND_ABNORMAL";
      break;
  }
  submit_refund_fact(std::move(fact), refund.version,
                     [then = std::move(then)](const Answer& answer) {
                       // An alert is journalled: there is nothing more that the channel could do.
                       then(answer.answer == kAnswerAlert ? Answer{} : answer);
                     });
}

void PaymentService::Impl::ask_refund_fate(const std::string& id, Next next) {
  const auto found = refund(id);
  const auto of = order(found->value.order_id);
  PayChannel* channel = pay_channel(of->value.channel);
  if (!channel) return next();
  const Keep kept = keep();
  channel->query_refund(of->value.channel_mch, refund_request(found->value, of->value, {}),
                        [kept, id, next = std::move(next)](const RefundOutcome& outcome) {
                          // Not there at this moment: the same number may go again, it refunds
                          // once.
                          if (outcome.knowledge == Knowledge::kNotAccepted)
                            return kept->send_refund(id, next);
                          if (outcome.knowledge != Knowledge::kKnown) return next();
                          kept->take_refund(*kept->refund(id), outcome,
                                            [next](const Answer&) { next(); });
                        });
}

void PaymentService::Impl::poll_refund(const std::string& id, Next next) {
  const Keep kept = keep();
  const auto turn = refunds_in_hand.enter(id);
  const auto end = [kept, turn, id, next = std::move(next)] {
    if (turn) turn->end();
    if (const auto stands = kept->refund(id)) kept->follow_refund(stands->value);
    next();
  };
  // Looked at only now: whoever had the turn before may have changed it.
  const auto found = refund(id);
  if (!turn || !found || is_final(found->value)) return end();
  // Accepted here and never sent: now, or a crash came between.
  if (found->value.state == RefundState::kCreated) return send_refund(id, end);
  ask_refund_fate(id, end);
}

}  // namespace suanpan::channels
