// Documents: everything durable that is not an account or a movement (orders, holds, merchants, fee
// schedules, batches, cases, keys). A document is replaced as a whole, by compare-and-set on its
// version; its bytes are opaque to the ledger, except for the kinds whose codecs live in core.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace suanpan {

/// Stable numbers: they are journalled.
enum class DocumentKind : std::uint8_t {
  kHold = 1,           ///< core/hold.h; key: ClaimKey bytes
  kReversalTotal = 2,  ///< core/plan_reversal.h; key: ClaimKey bytes of the original
  kOrder = 3,          ///< core/order.h; key: order id
  kRefund = 4,         ///< core/order.h
  kPayout = 5,         ///< core/order.h
  kIndex = 6,          ///< a name that leads to a document: "kind/owner/number" → key
  kMerchant = 7,
  kApp = 8,
  kApiKey = 9,
  kNotification = 10,  ///< a merchant notification that is to be delivered
  kFeeSchedule = 11,
  kSettlementLine = 12,
  kSettlementBatch = 13,
  kStatement = 14,  ///< a bill or bank statement that has been taken in
  kReconcileRun = 15,
  kBreakCase = 16,
  kSubAccount = 17,  ///< a bank's virtual sub-account and what it belongs to
  kCursor = 18,      ///< how far a consumer has come
  kNight = 19,       ///< what of a business day's night is done: api/night/night_record.h
  kBookSetting = 20,
  kChannelArrival = 21,
  kRefundRequest = 22,      ///< a maker's refund that a checker has yet to approve
  kPayoutRequest = 23,      ///< likewise a payout
  kAdjustmentRequest = 26,  ///< likewise a voucher into a day already cut
  kAuthorityRequest = 30,   ///< a key, merchant or app that a checker has yet to approve
  kChart = 31,              ///< core/chart.h
  kSubject = 32,            ///< core/chart.h; key: the subject's code
  kYearClose = 33,          ///< core/plan_close.h; key: the year
  kTermsChange = 34,        ///< what an account's terms were and became: core/terms_history.h
  kWebhook = 40,            ///< an upstream's URL for events, and how far they were delivered
  kDeadLetter = 41,         ///< events that a webhook was offered in vain
};

struct Document {
  DocumentKind kind{};
  std::string key;
  std::uint32_t version = 0;  ///< 1 when made, +1 with each replacement
  bool open = true;           ///< work remains: stays resident, and is listed by open_documents()
  std::string bytes;
};
using DocumentPtr = std::shared_ptr<const Document>;

/// One replacement: `document.version` must be exactly one above the stored version.
using DocumentChange = Document;

}  // namespace suanpan
