// Notifications (回调) of payments and refunds: believed only if the signature holds, the resource
// decrypts under our APIv3 key, the merchant (and, for payments, the app) is ours and the event's
// name agrees with its content. Duplicates and reordering are normal; delivery is not promised.
#pragma once
#include "channels/channel.h"
#include "channels/wechat/credentials.h"

namespace suanpan::channels::wechat {

/// TRANSACTION.SUCCESS → kPayment (pay is kKnown/kPaid, total = paid = amount.total);
/// REFUND.{SUCCESS,CLOSED,ABNORMAL} → kRefund (refund is kKnown; total is the order's). A refund
/// names no app and no currency: app_id stays empty, amounts are CNY, all that direct merchants
/// have. That the event fits an order (number, amounts) is the caller's to check.
///
/// Errors, all to be answered with notification_failure(): kBadSignature (probes included),
/// kMalformed, kMismatch (another merchant or app; event and content disagree), kUnsupported
/// (signed, but an event or currency that we do not handle).
Result<PayEvent> verify_notification(const Credentials& credentials, const HttpRequest& request,
                                     Timestamp now);

/// 204: taken. Answer only after the event is durable.
HttpResponse notification_success();
/// The answer that makes the platform send again: 401 for kBadSignature, 500 where the fault may be
/// ours and pass (kIo, kUnavailable, kTimeout, kLocked, kCorrupt, kConfig), else 400;
/// {"code":"FAIL","message":…}.
HttpResponse notification_failure(const Error& error);

}  // namespace suanpan::channels::wechat
