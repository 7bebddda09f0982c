// What comes in unasked: WeChat's notifications, and deposits that a statement shows.
#include "channels/bank/sub_account.h"
#include "channels/chart.h"
#include "channels/payment_impl.h"
#include "channels/wechat/notification.h"
#include "ledger/base/log.h"

namespace suanpan::channels {

void PaymentService::wechat_notification(HttpRequest request,
                                         std::function<void(HttpResponse)> done) {
  if (!impl_->wechat)
    return done(wechat::notification_failure(fail(Errc::kConfig, "WeChat Pay is not configured")));
  const Impl::Keep kept = impl_->keep();
  impl_->wechat->verify(std::move(request), [kept, done](const Result<PayEvent>& event) {
    if (!event) {
      log_warn("a WeChat notification is not believed: {}", event.error().message);
      return done(wechat::notification_failure(event.error()));
    }
    if (event.value().kind == PayEvent::Kind::kPayment)
      return kept->take_payment_event(event.value(), done);
    kept->take_refund_event(event.value(), done);
  });
}

namespace {

/// Answered only now that the event is durable; a refusal that may pass makes WeChat tell again.
HttpResponse answer_to(const Answer& answer) {
  if (answer.answer == kAnswerAlert)
    return wechat::notification_failure(fail(Errc::kMismatch, "the amounts do not agree"));
  const RefusalCode code = answer.refusal.code;
  if (code == RefusalCode::kNone || code == RefusalCode::kOrderStateFinal)
    return wechat::notification_success();
  return wechat::notification_failure(fail(Errc::kUnavailable, "not taken: {}", name_of(code)));
}

}  // namespace

void PaymentService::Impl::take_payment_event(const PayEvent& event,
                                              std::function<void(HttpResponse)> done) {
  const auto found = order(event.order_no);
  if (!found)
    return done(wechat::notification_failure(fail(Errc::kNotFound, "no such order here")));
  // Signed for one merchant, naming an order of another: a valid signature is not enough.
  if (found->value.channel != kWxpay || found->value.channel_mch != event.merchant_id) {
    return raise_alert(
        "order.alert", event.order_no, "told as paid at another merchant: not believed",
        [done = std::move(done)] {
          done(wechat::notification_failure(fail(Errc::kMismatch, "another merchant's order")));
        });
  }
  const Keep kept = keep();
  tell_paid(found->value, event.pay,
            [kept, id = event.order_no, done = std::move(done)](const Answer& answer) {
              kept->follow_order(kept->order(id)->value);
              done(answer_to(answer));
            });
}

void PaymentService::Impl::take_refund_event(const PayEvent& event,
                                             std::function<void(HttpResponse)> done) {
  const auto found = refund(event.refund_no);
  if (!found)
    return done(wechat::notification_failure(fail(Errc::kNotFound, "no such refund here")));
  const auto of = order(found->value.order_id);
  const bool fits = of && of->value.order_id == event.order_no && of->value.channel == kWxpay &&
                    of->value.channel_mch == event.merchant_id &&
                    event.refund.refunded == found->value.amount && event.total == of->value.amount;
  if (!fits) {
    return raise_alert(
        "refund.alert", event.refund_no,
        "told with another merchant, order or amount: not believed", [done = std::move(done)] {
          done(wechat::notification_failure(fail(Errc::kMismatch, "it does not fit the refund")));
        });
  }
  const Keep kept = keep();
  take_refund(*found, event.refund,
              [kept, id = event.refund_no, done = std::move(done)](const Answer& answer) {
                kept->follow_refund(kept->refund(id)->value);
                done(answer_to(answer));
              });
}

void PaymentService::deposit(Deposit deposit, std::function<void(Answer)> done) {
  const std::string code = chart::bank_deposit(deposit.bank_account);
  const bool known = impl_->parts.book->read(
      [&](const State& state, std::uint64_t) { return state.account(code) != nullptr; });
  if (!known) {
    Answer answer;
    answer.refusal = refuse(RefusalCode::kAccountNotFound, code);
    return done(answer);
  }
  bank::StatementEntry entry;
  entry.amount = deposit.amount;
  entry.sub_account = deposit.sub_account;
  entry.remittance = std::move(deposit.remark);
  deposit.remark.clear();
  const auto recognised = bank::recognise_deposit(entry, deposit.bank_account);
  const std::string reference = recognised ? recognised.value().reference : deposit.sub_account;
  const Impl::Keep kept = impl_->keep();
  impl_->submit(post_deposit(std::move(deposit), reference), [kept, done](const Answer& answer) {
    constexpr std::string_view kOrderMark = "order/";
    if (answer.accepted() && answer.answer.starts_with(kOrderMark))
      if (const auto stands = kept->order(answer.answer.substr(kOrderMark.size())))
        kept->follow_order(stands->value);
    done(answer);
  });
}

}  // namespace suanpan::channels
