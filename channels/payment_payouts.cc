// Payouts through the bank: sent, followed until the bank tells their end, returned.
#include "channels/payee.h"
#include "channels/payment_impl.h"
#include "channels/personal_texts.h"
#include "ledger/base/log.h"

namespace suanpan::channels {
namespace {

constexpr int kTurnPauseMs = 20;

bool is_final(const Payout& payout) {
  return payout.state != PayoutState::kCreated && payout.state != PayoutState::kProcessing;
}

// Under the payee's key, whom it may name. What cannot be sealed is left out: the code says enough.
std::string sealed_error(const Vault& vault, const Payout& payout, const std::string& message) {
  if (message.empty()) return {};
  const auto key = same_key(vault, payout.payee_sealed);
  if (!key) {
    log_error("payout {}: what the bank says is not kept: {}", payout.payout_id,
              key.error().message);
    return {};
  }
  return seal_texts(key.value(), payout.mch_no, {message, "", ""});
}

}  // namespace

std::optional<Versioned<Payout>> PaymentService::Impl::payout(const std::string& id) const {
  const DocumentPtr document = parts.book->document(DocumentKind::kPayout, id);
  if (!document) return std::nullopt;
  auto decoded = decode_payout(document->bytes);
  CHECK_OR_DIE(decoded, "payout {} does not decode", id);
  return Versioned<Payout>{std::move(decoded.value()), document->version};
}

Planned<void> PaymentService::check_payout(const Payout& payout) const {
  if (!impl_->bank || !impl_->bank->pays_from(payout.payer_number))
    return refuse(RefusalCode::kWayNotAllowed, "payer_number");
  const auto payee = open_payee(*impl_->parts.vault, payout.mch_no, payout.payee_sealed);
  if (!payee) return refuse(RefusalCode::kValueInvalid, "payee");
  if (payee.value().erased) return refuse(RefusalCode::kPersonalDataErased, "payee");
  return success();
}

void PaymentService::payout(ClaimKey key, Content content, Payout payout,
                            std::function<void(Outcome<Payout>)> done) {
  if (const auto checked = check_payout(payout); !checked)
    return done(refused(checked.error(), std::move(payout)));
  if (payout.execute_on.days == 0) payout.execute_on = impl_->parts.business->now().date_cn();
  Command command = ask_payout(key, std::move(content), payout);
  impl_->accept_payout(std::move(command), std::move(payout), std::move(done));
}

void PaymentService::payout(Command accept, std::function<void(Outcome<Payout>)> done) {
  impl_->accept_payout(std::move(accept), {}, std::move(done));
}

void PaymentService::Impl::accept_payout(Command command, Payout asked, Told<Payout> done) {
  const Keep kept = keep();
  auto answered = [kept, asked, done](Book::Answers answers) {
    const Answer& answer = answers.at(0);
    if (!answer.accepted())
      return done(Outcome<Payout>{answer.refusal, asked, answer.replayed, false});
    kept->workers.post([kept, id = answer.answer, replayed = answer.replayed, done] {
      const auto tell = [kept, id, replayed, done] { kept->tell_payout(id, replayed, done); };
      const auto stands = kept->payout(id);
      if (!stands || stands->value.state != PayoutState::kCreated) return tell();
      kept->poll_payout(id, tell);
    });
  };
  if (!try_submit(std::move(command), std::move(answered))) done(overloaded(asked));
}

void PaymentService::query_payout(const std::string& payout_id, bool ask,
                                  std::function<void(Outcome<Payout>)> done) {
  if (!ask) return impl_->tell_payout(payout_id, false, done);
  const Impl::Keep kept = impl_->keep();
  impl_->poll_payout(payout_id,
                     [kept, payout_id, done] { kept->tell_payout(payout_id, false, done); });
}

void PaymentService::payout_returned(const std::string& payout_id, const std::string& reference,
                                     Timestamp at, std::function<void(Answer)> done) {
  const auto refusal = [](RefusalCode code, std::string detail) {
    Answer answer;
    answer.refusal = refuse(code, std::move(detail));
    return answer;
  };
  const Impl::Keep kept = impl_->keep();
  // Whoever comes from a statement has money in hand: he waits until the payout can be judged.
  impl_->await_payout(payout_id, [kept, payout_id, reference, at, refusal, done] {
    const auto stands = kept->payout(payout_id);
    if (!stands) return done(refusal(RefusalCode::kOrderNotFound, payout_id));
    const PayoutState state = stands->value.state;
    const auto wrong = refusal(RefusalCode::kOrderStateWrong, std::string(name_of(state)));
    if (state == PayoutState::kFailed)
      return kept->raise_alert("payout.alert", payout_id,
                               fmt::format("failed here, and {} brings it back", reference),
                               [done, wrong] { done(wrong); });
    if (state != PayoutState::kSucceeded && state != PayoutState::kReturned) return done(wrong);
    PayoutFact fact;
    fact.kind = PayoutFact::Kind::kReturned;
    fact.payout_id = payout_id;
    fact.channel_payout_no = reference;
    fact.at = at;
    fact.error_code = "RETURNED";
    kept->submit_payout_fact(std::move(fact), stands->version, done);
  });
}

void PaymentService::Impl::tell_payout(const std::string& id, bool replayed,
                                       const Told<Payout>& done) {
  auto stands = payout(id);
  if (!stands) return done(refused<Payout>(refuse(RefusalCode::kOrderNotFound, id)));
  follow_payout(stands->value);
  done(told(std::move(stands->value), replayed));
}

void PaymentService::Impl::follow_payout(const Payout& payout) {
  if (is_final(payout)) return worklist.drop(Followed::kPayout, payout.payout_id);
  worklist.set(Followed::kPayout, payout.payout_id,
               next_ask(payout.created_at, parts.business->now()));
}

void PaymentService::Impl::submit_payout_fact(PayoutFact fact, std::uint32_t version,
                                              Answered then) {
  then = alerting("payout.alert", fact.payout_id, std::move(then));
  submit_fact([fact = std::move(fact),
               version](const std::string& retry) { return payout_fact(fact, version, retry); },
              std::move(then));
}

void PaymentService::Impl::send_payout(const std::string& id, Next next) {
  const auto found = payout(id);
  const Payout& stands = found->value;
  if (!bank || is_final(stands)) return next();
  const auto payee = open_payee(*parts.vault, stands.mch_no, stands.payee_sealed);
  const auto texts = open_texts(*parts.vault, stands.mch_no, stands.texts_sealed);
  if (!payee || payee.value().erased || !texts) {
    raise_alert("payout.alert", id, "the payee does not open: is it the right vault?");
    return next();
  }
  const Keep kept = keep();
  // Only what was turned away for certain counts as never sent: an RJCT of a resend may mean that
  // the bank has the transfer already, and then only a query tells its fate.
  const bool turned_away = stands.state == PayoutState::kProcessing && !stands.unknown &&
                           !stands.error_code.empty() && stands.channel_payout_no.empty();
  const bool maybe_sent_before = stands.state == PayoutState::kProcessing && !turned_away;
  const TransferRequest request{id,
                                stands.amount,
                                stands.payer_number,
                                payee.value().name,
                                payee.value().account,
                                payee.value().bank,
                                stands.remark.empty() ? texts.value().title : stands.remark,
                                stands.execute_on};
  PayoutFact fact;
  fact.kind = PayoutFact::Kind::kSubmitted;
  fact.payout_id = id;
  fact.error_code = stands.error_code;
  fact.error_sealed = stands.error_sealed;
  submit_payout_fact(
      std::move(fact), found->version,
      [kept, id, request, maybe_sent_before, next = std::move(next)](const Answer& answer) {
        if (!answer.accepted()) return next();
        // A replay: somebody else journalled this intent and may have sent.
        const bool again = maybe_sent_before || answer.replayed;
        kept->bank->transfer(request, [kept, id, again, next](const TransferOutcome& outcome) {
          kept->take_payout_sent(*kept->payout(id), outcome, again, next);
        });
      });
}

void PaymentService::Impl::take_payout_sent(const Versioned<Payout>& payout,
                                            const TransferOutcome& outcome, bool maybe_sent_before,
                                            Next next) {
  if (outcome.knowledge == Knowledge::kKnown) return take_payout(payout, outcome, std::move(next));
  if (is_final(payout.value)) return next();
  PayoutFact fact;
  fact.payout_id = payout.value.payout_id;
  fact.error_code = outcome.error_code;
  fact.error_sealed = sealed_error(*parts.vault, payout.value, outcome.error_message);
  const bool definite = outcome.knowledge != Knowledge::kUnknown && !maybe_sent_before;
  if (!definite)
    fact.kind = PayoutFact::Kind::kUnknown;
  else if (outcome.knowledge == Knowledge::kRejected)
    fact.kind = PayoutFact::Kind::kFailed;
  else
    fact.kind = PayoutFact::Kind::kProcessing;  // turned away for now: the same number goes again
  submit_payout_fact(std::move(fact), payout.version, [next](const Answer&) { next(); });
}

// What the bank says believably; kRejected only of a query, which speaks of the transfer itself.
// What is final stays; the command makes an alert of another end than the one we know.
void PaymentService::Impl::take_payout(const Versioned<Payout>& payout,
                                       const TransferOutcome& outcome, Next next) {
  const Payout& stands = payout.value;
  PayoutFact fact;
  fact.payout_id = stands.payout_id;
  fact.channel_payout_no = outcome.channel_transfer_no;
  fact.at = outcome.settled_at;
  fact.error_code = outcome.error_code;
  fact.error_sealed = sealed_error(*parts.vault, stands, outcome.error_message);
  switch (outcome.status) {
    case TransferStatus::kProcessing:
      if (is_final(stands)) return next();  // older news
      if (stands.state == PayoutState::kProcessing && !stands.unknown && stands.error_code.empty())
        return next();
      fact.kind = PayoutFact::Kind::kProcessing;
      break;
    case TransferStatus::kSucceeded:
    case TransferStatus::kReturned:  // it had succeeded; its return comes as a statement row
      fact.kind = PayoutFact::Kind::kSucceeded;
      break;
    case TransferStatus::kFailed:
      fact.kind = PayoutFact::Kind::kFailed;
      break;
  }
  submit_payout_fact(std::move(fact), payout.version, [next](const Answer&) { next(); });
}

void PaymentService::Impl::ask_payout_fate(const std::string& id, Next next) {
  const auto found = payout(id);
  if (!bank) return next();
  const Keep kept = keep();
  bank->query_transfer(id, found->value.amount,
                       [kept, id, next = std::move(next)](const TransferOutcome& outcome) {
                         switch (outcome.knowledge) {
                           case Knowledge::kNotAccepted:
                             return kept->send_payout(id, next);
                           case Knowledge::kUnknown:
                             return next();
                           case Knowledge::kKnown:
                           case Knowledge::kRejected:
                             return kept->take_payout(*kept->payout(id), outcome, next);
                         }
                       });
}

void PaymentService::Impl::poll_payout(const std::string& id, Next next) {
  poll_payout_in(payouts_in_hand.enter(id), id, std::move(next));
}

void PaymentService::Impl::await_payout(const std::string& id, Next next) {
  if (auto turn = payouts_in_hand.enter(id))
    return poll_payout_in(std::move(turn), id, std::move(next));
  workers.post_after(kTurnPauseMs,
                     [kept = keep(), id, next = std::move(next)] { kept->await_payout(id, next); });
}

void PaymentService::Impl::poll_payout_in(std::shared_ptr<InFlight::Turn> turn,
                                          const std::string& id, Next next) {
  const Keep kept = keep();
  const auto end = [kept, turn, id, next = std::move(next)] {
    if (turn) turn->end();
    if (const auto stands = kept->payout(id)) kept->follow_payout(stands->value);
    next();
  };
  // Looked at only now: whoever had the turn before may have changed it.
  const auto found = payout(id);
  if (!turn || !found || is_final(found->value)) return end();
  // Accepted here and never sent: now, or a crash came between.
  if (found->value.state == PayoutState::kCreated) return send_payout(id, end);
  ask_payout_fate(id, end);
}

}  // namespace suanpan::channels
