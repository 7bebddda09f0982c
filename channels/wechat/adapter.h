// WeChat Pay API v3 for direct merchants: our requests as HTTP, their answers as outcomes.
//
// Sans-IO and pure: the moment and the nonce come with each call (Stamp), nothing is sent, nothing
// throws. A 2xx answer is believed only if its signature holds and it speaks of our merchant, app,
// order number and currency; whatever cannot be believed is Knowledge::kUnknown. errors.h says what
// an error answer allows to conclude.
//
// An Adapter is immutable and may be shared by threads; new platform keys make a new Adapter.
#pragma once
#include <string>
#include <string_view>

#include "channels/channel.h"
#include "channels/wechat/credentials.h"
#include "channels/wechat/errors.h"
#include "channels/wechat/signer.h"

namespace suanpan::channels::wechat {

/// The answer to a bill request. The URL lives 30 s to 5 min: fetch at once.
struct BillTicket {
  std::string sha1_hex;  ///< of the uncompressed file
  std::string target;    ///< path and query to download from
  std::string host;      ///< "host" or "host:port", ours or the platform's
};

class Adapter {
 public:
  /// Errors: kConfig.
  static Result<Adapter> make(Credentials credentials);

  const Credentials& credentials() const { return credentials_; }
  /// The same merchant with other platform keys.
  Adapter with_platform_keys(PlatformKeys keys) const;

  /// POST /v3/pay/transactions/{native,jsapi,h5,app}. The same request gives the same body, so a
  /// resend is idempotent. Errors: kMalformed (order number, description, URL, openid or amount
  /// that the platform would refuse), kUnsupported (another way or currency).
  Result<HttpRequest> encode_place(const PayRequest& request, const Stamp& stamp) const;
  /// kKnown/kWaiting with pay_data on success. `stamp` judges the answer's age and stamps the
  /// payment parameters of JSAPI and App: take a fresh one, not that of the request.
  ///   WX_NATIVE codeUrl · WX_H5 payurl · WX_JSAPI and WX_APP wxapp (a JSON object of strings)
  PayOutcome decode_place(const PayRequest& request, const HttpResponse& response,
                          const Stamp& stamp) const;

  /// GET …/out-trade-no/{order_no}?mchid=
  HttpRequest encode_query(std::string_view order_no, const Stamp& stamp) const;
  /// `paid` is the order's total (amount.total): what the payer paid and what coupons paid. With
  /// kPaid and kRefunding (paid, and refunded at least in part) come paid, paid_at and the
  /// channel's number. That `paid` fits the order is the caller's to check.
  PayOutcome decode_query(std::string_view order_no, const HttpResponse& response,
                          Timestamp now) const;

  /// POST …/out-trade-no/{order_no}/close
  HttpRequest encode_close(std::string_view order_no, const Stamp& stamp) const;
  /// kKnown/kClosed on a signed 204.
  PayOutcome decode_close(const HttpResponse& response, Timestamp now) const;

  /// POST /v3/refund/domestic/refunds. Errors: as encode_place; refund above total is kMalformed.
  Result<HttpRequest> encode_refund(const RefundRequest& request, const Stamp& stamp) const;
  RefundOutcome decode_refund(const RefundRequest& request, const HttpResponse& response,
                              Timestamp now) const;

  /// GET /v3/refund/domestic/refunds/{refund_no}
  HttpRequest encode_refund_query(std::string_view refund_no, const Stamp& stamp) const;
  RefundOutcome decode_refund_query(const RefundRequest& request, const HttpResponse& response,
                                    Timestamp now) const;

  /// GET /v3/bill/tradebill (ALL: sales and refunds) and /v3/bill/fundflowbill (basic account);
  /// `gzip` asks for tar_type=GZIP.
  HttpRequest encode_trade_bill(Date day, bool gzip, const Stamp& stamp) const;
  HttpRequest encode_fund_flow_bill(Date day, bool gzip, const Stamp& stamp) const;
  /// Errors: kUnavailable (not made yet: after 10:00; or rate limit, or 5xx: ask again), kNotFound
  /// (NO_STATEMENT_EXIST, signed: the day had no business; unsigned it is kUnavailable, because the
  /// books would be held against an empty day), kBadSignature, kMalformed, kMismatch (a
  /// download URL that leaves the platform), kConfig (the request was refused for good).
  Result<BillTicket> decode_bill_ticket(const HttpResponse& response, Timestamp now) const;
  /// The download itself, signed. Its answer is unsigned: bill.h's open_bill holds it to the
  /// ticket's hash.
  HttpRequest encode_bill_download(const BillTicket& ticket, const Stamp& stamp) const;

  /// GET /v3/certificates; merchants in public-key mode get an error from it.
  HttpRequest encode_certificates(const Stamp& stamp) const;
  /// The adapter's keys with the downloaded certificates merged in. Errors: as decode_certificates
  /// of verifier.h, kUnavailable for an answer that is not 200.
  Result<PlatformKeys> decode_certificates(const HttpResponse& response, Timestamp now) const;

 private:
  explicit Adapter(Credentials credentials) : credentials_(std::move(credentials)) {}
  HttpRequest get(std::string target, const Stamp& stamp) const;
  HttpRequest post(std::string target, std::string body, const Stamp& stamp) const;
  RefundOutcome decode_refund_answer(Operation operation, const RefundRequest& request,
                                     const HttpResponse& response, Timestamp now) const;

  Credentials credentials_;
};

}  // namespace suanpan::channels::wechat
