// WeChat Pay as a PayChannel: encodes and signs on the workers, sends, decodes what comes back, and
// keeps the platform's keys up to date: they are fetched before the first call of a merchant
// without keys, and again when an answer or notification names a serial that we do not know.
//
// Thread-safe. Everything given to it must outlive the last callback.
#pragma once
#include <mutex>

#include "channels/payment_service.h"
#include "channels/registry.h"
#include "channels/wechat_channel.h"
#include "channels/workers.h"

namespace suanpan::channels {

class WechatDriver final : public PayChannel {
 public:
  WechatDriver(WechatChannel& channel, Send send, Workers& workers, const Clock& real)
      : channel_(channel), send_(std::move(send)), workers_(workers), real_(real) {}

  bool serves(const std::string& mch) const override { return channel_.adapter(mch) != nullptr; }
  void place(const std::string& mch, PayRequest request, Done<PayOutcome> done) override;
  void query(const std::string& mch, const std::string& order_no, Done<PayOutcome> done) override;
  void close(const std::string& mch, const std::string& order_no, Done<PayOutcome> done) override;
  void refund(const std::string& mch, RefundRequest request, Done<RefundOutcome> done) override;
  void query_refund(const std::string& mch, RefundRequest request,
                    Done<RefundOutcome> done) override;
  int seconds_until_absence_is_final() const override;

  /// Errors: those of wechat::verify_notification.
  void verify(HttpRequest notification, Done<Result<PayEvent>> done);
  /// Fetches the platform certificates now; done with whether new keys came.
  void refresh(const std::string& mch, Done<bool> done);

 private:
  using AdapterPtr = std::shared_ptr<const wechat::Adapter>;
  using Encode = std::function<Result<HttpRequest>(const wechat::Adapter&, const wechat::Stamp&)>;
  using Answered = std::function<void(const wechat::Adapter&, Result<HttpResponse>)>;
  struct Exchange {
    std::string mch;
    Encode encode;
    Answered answered;
    int attempts = 1;  ///< how often it may be sent while it is definitely not taken
    int deadline_ms = 8'000;
  };

  void call(Exchange exchange);
  void send(std::shared_ptr<Exchange> exchange, AdapterPtr adapter);
  void with_keys(const std::string& mch, Done<AdapterPtr> then);
  bool may_refresh(const std::string& mch);
  void finish_refresh(const std::string& mch, bool fresh);
  std::shared_ptr<const Result<PayEvent>> judge(const HttpRequest& notification,
                                                std::string& mch) const;
  wechat::Stamp stamp() const;

  WechatChannel& channel_;
  Send send_;
  Workers& workers_;
  const Clock& real_;

  struct Refresh {
    bool running = false;
    std::int64_t last_s = 0;  ///< real clock
    std::vector<Done<bool>> waiting;
  };
  std::mutex mutex_;
  std::map<std::string, Refresh> refreshes_;
};

}  // namespace suanpan::channels
