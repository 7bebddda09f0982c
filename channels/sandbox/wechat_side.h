// WeChat Pay API v3 as a merchant sees it: authenticates, routes, answers signed, notifies.
//
// Order within a call: time passes → authentication → scripted faults that forbid the work → the
// work → scripted faults of the answer → signature. A dropped connection is an empty optional.
// Not thread-safe; the Sandbox owns it.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "channels/sandbox/bill_desk.h"
#include "channels/sandbox/faults.h"
#include "channels/sandbox/keys.h"
#include "channels/sandbox/moment.h"
#include "channels/sandbox/notifications.h"
#include "channels/sandbox/wechat_book.h"
#include "ledger/base/http_message.h"
#include "ledger/base/json.h"

namespace suanpan::sandbox {

/// Who signs what WeChat sends. While a merchant switches to public-key mode, an answer is signed
/// as the request's Wechatpay-Serial asks, and notifications by either in turn.
enum class SigningMode : std::uint8_t { kCertificate, kPublicKey, kSwitching };

struct WechatSettings {
  BookSettings book;
  BillSettings bills;
  SigningMode signing = SigningMode::kCertificate;
  std::int64_t probe_every = 0;  ///< each so-many-th notification attempt is probed first; 0: none
};

/// A notification to send now. The host POSTs `request` to `url` and reports the status.
struct OutgoingNotification {
  std::string id;  ///< of this attempt's delivery
  std::string url;
  HttpRequest request;
  Timestamp due;
};

class WechatSide {
 public:
  WechatSide(const Keys& keys, WechatSettings settings, FaultScript& faults, SeededRandom& random);

  /// Answers a request below /v3/; nothing if the connection is to be closed without an answer.
  std::optional<HttpResponse> handle(const HttpRequest& request, Moment now);
  /// Finishes refunds that are due and queues their notifications.
  void advance(Timestamp now);

  /// What a payer does; the notification is queued. Errors: those of WechatBook::pay.
  ApiResult<std::pair<const Order*, const Payment*>> pay(const WechatBook::PayAction& action,
                                                         Timestamp now);
  /// See BillDesk::settle.
  std::vector<Settlement> settle(Date date, SettlementBasis basis, Timestamp now) {
    return bills_.settle(date, basis, now);
  }

  std::vector<OutgoingNotification> take_due(Moment now);
  void answered(std::string_view id, int status) { queue_.answered(id, status); }

  const WechatBook& book() const { return book_; }
  const NotificationQueue& queue() const { return queue_; }

 private:
  struct Call;
  struct Answer {
    int status = 200;
    std::string body;
  };
  ApiResult<Call> route(const HttpRequest& request) const;
  ApiResult<Answer> perform(const Call& call, const std::string& mchid, Timestamp now);
  ApiResult<Answer> place(const Call& call, const std::string& mchid, Timestamp now);
  ApiResult<Answer> refund(const Call& call, const std::string& mchid, Timestamp now);
  ApiResult<Answer> certificates(const Call& call, const std::string& mchid);
  std::optional<Answer> refuse_by_fault(const Call& call, const std::string& mchid, bool& dropped);
  std::optional<HttpResponse> download(const HttpRequest& request, Moment now);
  HttpResponse sign(const HttpRequest& request, Answer answer, Timestamp wire, SignatureKind kind);
  void notify(const std::string& mchid, const std::string& number, const std::string& url,
              std::string_view event_type, const std::string& plaintext, Timestamp now);
  Signer signer(bool public_key) const;

  const Keys& keys_;
  SigningMode signing_;
  FaultScript& faults_;
  SeededRandom& random_;
  WechatBook book_;
  BillDesk bills_;
  NotificationQueue queue_;
  std::uint64_t notifications_signed_ = 0;
};

}  // namespace suanpan::sandbox
