// What a merchant is told of its orders, refunds and payouts without asking: the notification that
// channels/notifier delivers, and the address that a payer is sent back to. Both are signed with
// the app's secret: by MD5 as Jeepay's clients expect, by HMAC-SHA256 where the app has switched
// MD5 off. An app that is switched off is still told what became of its money.
//
// Thread-safe; may read the disk.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "ledger/base/vault.h"
#include "ledger/core/order.h"
#include "ledger/engine/book.h"

namespace suanpan::api::jeepay {

/// The signed fields as a form body; the notifier adds what the merchant's URL carries. `topic` is
/// that of a notification document: "order", "refund", "payout" or "payout_returned"; `now` the
/// real clock's. The payee's number is covered but for its end: notifications travel to addresses
/// that a merchant chose. Errors: kNotFound (no such document or app), kUnsupported (topic),
/// kCorrupt.
Result<std::string> notification_body(const Book& book, const Vault& vault, std::string_view topic,
                                      std::string_view id, Timestamp now);

/// returnUrl with the signed fields of the order; nothing if the order has none. Errors: as above.
Result<std::optional<std::string>> signed_return_url(const Book& book, const Vault& vault,
                                                     const Order& order, Timestamp now);

}  // namespace suanpan::api::jeepay
