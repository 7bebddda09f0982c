#include "channels/payment_service.h"

#include "channels/payment_impl.h"
#include "ledger/base/log.h"

namespace suanpan::channels {
namespace {

constexpr unsigned kWorkerThreads = 2;
constexpr int kQueueFullPauseMs = 20;
// Questions of one polling round that are under way at once.
constexpr std::size_t kMaxAsking = 32;

// Refusals that speak of an account or a date, not of the fact: they may pass.
bool may_pass(RefusalCode code) {
  const auto number = static_cast<std::uint16_t>(code);
  return (number >= 100 && number < 300) || number >= 700;
}

}  // namespace

PaymentService::Impl::Impl(PaymentParts given) : parts(std::move(given)), workers(kWorkerThreads) {
  if (parts.wechat)
    wechat = std::make_unique<WechatDriver>(*parts.wechat, parts.send, workers, *parts.real);
  if (parts.bank)
    bank = std::make_unique<BankDriver>(*parts.bank, parts.send, workers, *parts.real);
  load_worklist();
}

PaymentService::PaymentService(PaymentParts parts)
    : impl_(std::make_shared<Impl>(std::move(parts))) {}

PaymentService::~PaymentService() {
  impl_->under_way.wait_idle();
  // Joined here, because the last reference to the Impl may lie with a callback on any thread.
  impl_->workers.stop();
}

void PaymentService::Impl::load_worklist() {
  const auto open = [this](DocumentKind kind) {
    return parts.book->read(
        [&](const State& state, std::uint64_t) { return state.open_documents(kind); });
  };
  const auto each = [](const std::vector<DocumentPtr>& documents, auto decode, auto follow) {
    for (const DocumentPtr& document : documents) {
      const auto decoded = decode(document->bytes);
      CHECK_OR_DIE(decoded, "document {} does not decode", document->key);
      follow(decoded.value());
    }
  };
  each(open(DocumentKind::kOrder), decode_order, [this](const Order& o) { follow_order(o); });
  each(open(DocumentKind::kRefund), decode_refund, [this](const Refund& r) { follow_refund(r); });
  each(open(DocumentKind::kPayout), decode_payout, [this](const Payout& p) { follow_payout(p); });
}

bool PaymentService::Impl::try_submit(Command command, Book::Done done) {
  std::vector<Command> commands;
  commands.push_back(std::move(command));
  return parts.book->submit(std::move(commands), std::move(done));
}

void PaymentService::Impl::submit(Command command, Answered then) {
  const Keep kept = keep();
  const bool taken = try_submit(command, [kept, then](Book::Answers answers) {
    kept->workers.post([kept, then, answer = std::move(answers.at(0))] { then(answer); });
  });
  if (!taken)
    workers.post_after(kQueueFullPauseMs,
                       [kept, command = std::move(command), then] { kept->submit(command, then); });
}

void PaymentService::Impl::submit_fact(MakeCommand make, Answered then) {
  const Keep kept = keep();
  submit(make({}), [kept, make, then = std::move(then)](const Answer& answer) {
    if (!may_pass(answer.refusal.code)) return then(answer);
    log_error("a fact is refused: {} {}", name_of(answer.refusal.code), answer.refusal.detail);
    if (!answer.replayed) return then(answer);
    const std::int64_t hour = kept->parts.business->now().seconds() / 3600;
    kept->submit(make(std::to_string(hour)), then);
  });
}

void PaymentService::Impl::raise_alert(const std::string& topic, const std::string& id,
                                       const std::string& what, Next then) {
  log_warn("{} {}: {}", topic, id, what);
  submit(alert(topic, id, what), [then = std::move(then)](const Answer&) { then(); });
}

PaymentService::Impl::Answered PaymentService::Impl::alerting(const std::string& topic,
                                                              const std::string& id,
                                                              Answered then) {
  return [kept = keep(), topic, id, then = std::move(then)](const Answer& answer) {
    const Refusal& refusal = answer.refusal;
    if (!may_pass(refusal.code)) return then(answer);
    kept->raise_alert(topic, id,
                      fmt::format("told by the channel and not in the books: {} {}",
                                  name_of(refusal.code), refusal.detail),
                      [then, answer] { then(answer); });
  };
}

PayChannel* PaymentService::Impl::pay_channel(std::string_view name) const {
  return name == kWxpay ? wechat.get() : nullptr;
}

void PaymentService::poll_due(std::function<void(std::size_t)> done) {
  const Impl::Keep kept = impl_->keep();
  const auto each = [kept](const Worklist::Item& item, std::function<void()> ended) {
    // By way of a worker, so that a long round does not become a deep stack.
    kept->workers.post([kept, item, ended = std::move(ended)] {
      switch (item.first) {
        case Followed::kOrder:
          return kept->poll_order(item.second, ended);
        case Followed::kRefund:
          return kept->poll_refund(item.second, ended);
        case Followed::kPayout:
          return kept->poll_payout(item.second, ended);
      }
    });
  };
  auto due = impl_->worklist.take_due(impl_->parts.business->now());
  std::make_shared<BoundedRound<Worklist::Item>>(std::move(due), each, std::move(done))
      ->begin(kMaxAsking);
}

}  // namespace suanpan::channels
