#include "channels/wechat_driver.h"

#include <algorithm>

#include "channels/wechat/notification.h"
#include "ledger/base/check.h"
#include "ledger/base/digest.h"
#include "ledger/base/log.h"

namespace suanpan::channels {
namespace {

constexpr int kSendAttempts = 3;
constexpr int kFirstPauseMs = 200;  // then four times as long
// Whoever sends us nonsense under made-up serials must not make us ask the platform each time.
constexpr std::int64_t kRefreshPauseSeconds = 60;

/// What a transport's error means for an exchange that changes something.
template <class Outcome>
Outcome not_answered(const Error& error, bool changes_something) {
  const bool never_left = error.code == Errc::kUnavailable || error.code == Errc::kMalformed;
  Outcome outcome;
  outcome.knowledge =
      never_left && changes_something ? Knowledge::kNotAccepted : Knowledge::kUnknown;
  outcome.error_code = name_of(error.code);
  outcome.error_message = error.message;
  return outcome;
}

/// A request of ours that could not even be written: it has gone nowhere and never will.
template <class Outcome>
Outcome not_written(const Error& error) {
  Outcome outcome;
  outcome.knowledge = Knowledge::kRejected;
  outcome.error_code = "REQUEST_INVALID";
  outcome.error_message = error.message;
  return outcome;
}

bool names_unknown_key(const wechat::Adapter& adapter, const HttpHeaders& headers) {
  const auto serial = headers.find("Wechatpay-Serial");
  return serial && !adapter.credentials().platform_keys.contains(*serial);
}

}  // namespace

wechat::Stamp WechatDriver::stamp() const { return {real_.now(), random_id().hex()}; }

int WechatDriver::seconds_until_absence_is_final() const { return wechat::kMaxSkewSeconds; }

void WechatDriver::call(Exchange exchange) {
  auto shared = std::make_shared<Exchange>(std::move(exchange));
  workers_.post([this, shared] {
    with_keys(shared->mch, [this, shared](AdapterPtr adapter) { send(shared, adapter); });
  });
}

// On a worker.
void WechatDriver::send(std::shared_ptr<Exchange> exchange, AdapterPtr adapter) {
  auto request = exchange->encode(*adapter, stamp());
  if (!request) return exchange->answered(*adapter, request.error());
  --exchange->attempts;
  const int deadline_ms = exchange->deadline_ms;
  send_(channel_.base_url(), std::move(request.value()), deadline_ms,
        [this, exchange, adapter](Result<HttpResponse> answer) {
          const bool not_taken =
              answer ? answer.value().status == 429 : answer.error().code == Errc::kUnavailable;
          if (not_taken && exchange->attempts > 0) {
            const int pause_ms =
                exchange->attempts == kSendAttempts - 1 ? kFirstPauseMs : 4 * kFirstPauseMs;
            workers_.post_after(pause_ms, [this, exchange, adapter] { send(exchange, adapter); });
            return;
          }
          workers_.post([this, exchange, adapter, answer = std::move(answer)] {
            if (!answer || !names_unknown_key(*adapter, answer.value().headers) ||
                !may_refresh(exchange->mch))
              return exchange->answered(*adapter, answer);
            refresh(exchange->mch, [this, exchange, answer](bool) {
              exchange->answered(*channel_.adapter(exchange->mch), answer);
            });
          });
        });
}

void WechatDriver::with_keys(const std::string& mch, Done<AdapterPtr> then) {
  AdapterPtr adapter = channel_.adapter(mch);
  CHECK_OR_DIE(adapter, "merchant {} is asked for and not configured", mch);
  if (adapter->credentials().platform_keys.size() > 0) return then(adapter);
  // Without keys nothing can be believed: it is worth waiting for them, and worth asking each time.
  refresh(mch, [this, mch, then = std::move(then)](bool) { then(channel_.adapter(mch)); });
}

bool WechatDriver::may_refresh(const std::string& mch) {
  const std::int64_t now_s = real_.now().seconds();
  std::lock_guard lock(mutex_);
  const Refresh& state = refreshes_[mch];
  return state.running || now_s - state.last_s >= kRefreshPauseSeconds;
}

void WechatDriver::refresh(const std::string& mch, Done<bool> done) {
  {
    std::lock_guard lock(mutex_);
    Refresh& state = refreshes_[mch];
    state.waiting.push_back(std::move(done));
    if (state.running) return;
    state.running = true;
    state.last_s = real_.now().seconds();
  }
  const AdapterPtr adapter = channel_.adapter(mch);
  if (!adapter) return finish_refresh(mch, false);
  send_(channel_.base_url(), adapter->encode_certificates(stamp()), 8'000,
        [this, mch, adapter](Result<HttpResponse> answer) {
          workers_.post([this, mch, adapter, answer = std::move(answer)] {
            if (!answer) {
              log_warn("wechat {}: certificates: {}", mch, answer.error().message);
              return finish_refresh(mch, false);
            }
            auto keys = adapter->decode_certificates(answer.value(), real_.now());
            if (!keys) log_warn("wechat {}: certificates: {}", mch, keys.error().message);
            const bool fresh = keys.has_value();
            if (fresh) channel_.set_platform_keys(mch, std::move(keys.value()));
            finish_refresh(mch, fresh);
          });
        });
}

void WechatDriver::finish_refresh(const std::string& mch, bool fresh) {
  std::vector<Done<bool>> waiting;
  {
    std::lock_guard lock(mutex_);
    refreshes_[mch].running = false;
    waiting.swap(refreshes_[mch].waiting);
  }
  for (const auto& done : waiting) done(fresh);
}

void WechatDriver::place(const std::string& mch, PayRequest request, Done<PayOutcome> done) {
  request.notify_url = channel_.notify_url(mch);
  auto written = std::make_shared<bool>(false);
  Exchange exchange;
  exchange.mch = mch;
  exchange.attempts = kSendAttempts;
  exchange.encode = [request, written](const wechat::Adapter& adapter, const wechat::Stamp& at) {
    auto message = adapter.encode_place(request, at);
    *written = message.has_value();
    return message;
  };
  exchange.answered = [this, request, written, done = std::move(done)](
                          const wechat::Adapter& adapter, const Result<HttpResponse>& answer) {
    if (!*written) return done(not_written<PayOutcome>(answer.error()));
    done(answer ? adapter.decode_place(request, answer.value(), stamp())
                : not_answered<PayOutcome>(answer.error(), true));
  };
  call(std::move(exchange));
}

void WechatDriver::query(const std::string& mch, const std::string& order_no,
                         Done<PayOutcome> done) {
  Exchange exchange;
  exchange.mch = mch;
  exchange.encode = [order_no](const wechat::Adapter& adapter,
                               const wechat::Stamp& at) -> Result<HttpRequest> {
    return adapter.encode_query(order_no, at);
  };
  exchange.answered = [this, order_no, done = std::move(done)](const wechat::Adapter& adapter,
                                                               const Result<HttpResponse>& answer) {
    done(answer ? adapter.decode_query(order_no, answer.value(), real_.now())
                : not_answered<PayOutcome>(answer.error(), false));
  };
  call(std::move(exchange));
}

void WechatDriver::close(const std::string& mch, const std::string& order_no,
                         Done<PayOutcome> done) {
  Exchange exchange;
  exchange.mch = mch;
  exchange.attempts = kSendAttempts;
  exchange.encode = [order_no](const wechat::Adapter& adapter,
                               const wechat::Stamp& at) -> Result<HttpRequest> {
    return adapter.encode_close(order_no, at);
  };
  exchange.answered = [this, done = std::move(done)](const wechat::Adapter& adapter,
                                                     const Result<HttpResponse>& answer) {
    done(answer ? adapter.decode_close(answer.value(), real_.now())
                : not_answered<PayOutcome>(answer.error(), true));
  };
  call(std::move(exchange));
}

void WechatDriver::refund(const std::string& mch, RefundRequest request, Done<RefundOutcome> done) {
  request.notify_url = channel_.notify_url(mch);
  auto written = std::make_shared<bool>(false);
  Exchange exchange;
  exchange.mch = mch;
  exchange.attempts = kSendAttempts;
  exchange.encode = [request, written](const wechat::Adapter& adapter, const wechat::Stamp& at) {
    auto message = adapter.encode_refund(request, at);
    *written = message.has_value();
    return message;
  };
  exchange.answered = [this, request, written, done = std::move(done)](
                          const wechat::Adapter& adapter, const Result<HttpResponse>& answer) {
    if (!*written) return done(not_written<RefundOutcome>(answer.error()));
    done(answer ? adapter.decode_refund(request, answer.value(), real_.now())
                : not_answered<RefundOutcome>(answer.error(), true));
  };
  call(std::move(exchange));
}

void WechatDriver::query_refund(const std::string& mch, RefundRequest request,
                                Done<RefundOutcome> done) {
  Exchange exchange;
  exchange.mch = mch;
  exchange.encode = [request](const wechat::Adapter& adapter,
                              const wechat::Stamp& at) -> Result<HttpRequest> {
    return adapter.encode_refund_query(request.refund_no, at);
  };
  exchange.answered = [this, request, done = std::move(done)](const wechat::Adapter& adapter,
                                                              const Result<HttpResponse>& answer) {
    done(answer ? adapter.decode_refund_query(request, answer.value(), real_.now())
                : not_answered<RefundOutcome>(answer.error(), false));
  };
  call(std::move(exchange));
}

namespace {

std::string_view last_segment(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

}  // namespace

// The merchant that the notification is for: the one its path names, else whoever can open it.
std::shared_ptr<const Result<PayEvent>> WechatDriver::judge(const HttpRequest& notification,
                                                            std::string& mch) const {
  std::vector<std::string> candidates{std::string(last_segment(notification.path()))};
  if (!channel_.adapter(candidates.front())) candidates = channel_.merchants();
  Result<PayEvent> event = fail(Errc::kConfig, "no WeChat merchant is configured");
  for (const std::string& candidate : candidates) {
    mch = candidate;
    event = wechat::verify_notification(channel_.adapter(candidate)->credentials(), notification,
                                        real_.now());
    if (event) break;
  }
  return std::make_shared<const Result<PayEvent>>(std::move(event));
}

void WechatDriver::verify(HttpRequest notification, Done<Result<PayEvent>> done) {
  auto shared = std::make_shared<const HttpRequest>(std::move(notification));
  workers_.post([this, shared, done = std::move(done)] {
    std::string mch;
    const auto judged = judge(*shared, mch);
    const auto adapter = channel_.adapter(mch);
    if (*judged || !adapter || !names_unknown_key(*adapter, shared->headers) || !may_refresh(mch))
      return done(*judged);
    refresh(mch, [this, shared, done](bool) {
      std::string ignored;
      done(*judge(*shared, ignored));
    });
  });
}

}  // namespace suanpan::channels
